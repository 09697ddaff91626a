"""The naive recount: small cases whose answer was worked out by hand, with a calendar beside it.

Unless a case says otherwise Selam (K-0001) is with Joke since Monday 4 January 2027, was spoken
with for the first time on 12 January, and so is due on Friday 12 February.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from bench.recount import Final, Prompt, Recount
from bench.recount_days import Office
from bench.recount_events import (
    Absence,
    CheckIn,
    Coach,
    Event,
    Meeting,
    Status,
    Talk,
    from_lines,
    to_line,
)

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
SELAM, JOKE, BRAM, LEAD = "K-0001", "s-joke", "s-bram", "s-lead"
FEBRUARY, MARCH = "2027-02", "2027-03"


def at(text: str) -> datetime:
    """Read "02-10 15:00" as a moment of 2027 on the wall clock of the Netherlands."""
    local = datetime.fromisoformat(f"2027-{text}").replace(tzinfo=AMSTERDAM)
    return local.astimezone(UTC)


def on(text: str) -> date:
    """Read "02-10" as a day of 2027."""
    return date.fromisoformat(f"2027-{text}")


def came(day: str = "01-04") -> list[Event]:
    """Return how Selam came into Joke's care."""
    moment = at(f"{day} 08:00")
    return [Status(moment, SELAM, on(day), "active"), Coach(moment, SELAM, JOKE)]


def talk(day: str, told: str | None = None) -> Talk:
    """Return a conversation, put on record on the same day at three unless told otherwise."""
    return Talk(at(told or f"{day} 15:00"), SELAM, on(day))


USUAL = [*came(), talk("01-12")]


def recount(
    *more: Event, base: Sequence[Event] = (), office: Office | None = None, deputy: str = ""
) -> Recount:
    return Recount(
        [*(base or USUAL), *more],
        office=office or Office(),
        coordinators=[LEAD],
        backups={JOKE: deputy} if deputy else {},
    )


def said(counted: Recount, month: str, first: str = "01-04", last: str = "04-30") -> list[str]:
    """Return what is said of a month, as "02-03 plan s-joke"."""
    found = counted.prompts(on(first), on(last))
    return sorted(f"{p.day:%m-%d} {p.rung} {p.hearer}" for p in found if p.month == month)


def final(counted: Recount, month: str, until: str = "05-01 00:00") -> str:
    """Return how a month was frozen, as "met 2027-02-09"."""
    found = next(each for each in counted.finals(at(until)) if each.month == month)
    return " ".join(
        str(part) for part in (found.state, found.satisfied_on or found.exclusion) if part
    )


# -- the ladder -------------------------------------------------------------------------------


def test_of_a_silent_client_everybody_hears_in_turn() -> None:
    assert said(recount(deputy=BRAM), FEBRUARY) == [
        "02-03 plan s-joke",
        "02-12 due s-joke",
        "02-17 overdue s-bram",
        "02-17 overdue s-joke",
        "02-19 escalated s-lead",
        "02-24 month_end s-joke",
        "02-24 month_end s-lead",
        "03-01 reason s-joke",
    ]
    assert final(recount(), FEBRUARY) == "missed"


def test_nothing_is_said_twice_or_outside_the_days_that_are_asked() -> None:
    assert said(recount(), FEBRUARY, "02-04", "02-16") == ["02-04 plan s-joke", "02-12 due s-joke"]


def test_a_prompt_names_client_month_rung_hearer_and_day() -> None:
    found = recount().prompts(on("02-01"), on("02-03"))
    assert found == [Prompt(SELAM, FEBRUARY, "plan", JOKE, on("02-03"))]


def test_what_is_recorded_after_the_digest_is_known_from_the_next_morning() -> None:
    assert said(recount(talk("02-12")), FEBRUARY) == ["02-03 plan s-joke", "02-12 due s-joke"]
    early = recount(talk("02-12", "02-12 08:29"))
    assert said(early, FEBRUARY) == ["02-03 plan s-joke"]
    assert final(early, FEBRUARY) == "met 2027-02-12"


def test_who_comes_in_the_month_is_due_after_ten_working_days_with_the_plan_seven_before() -> None:
    silent = recount(base=came())
    assert said(silent, "2027-01", last="01-22") == [
        "01-07 plan s-joke",
        "01-18 due s-joke",
        "01-21 overdue s-joke",
    ]


def test_who_comes_late_in_the_month_is_prompted_of_the_next_one_at_once() -> None:
    late = recount(base=came("01-20"))
    assert final(late, "2027-01") == "excluded too_few_days"
    assert said(late, "2027-01") == []
    assert said(late, FEBRUARY, last="02-03") == ["01-25 plan s-joke", "02-03 due s-joke"]
    # As long as nobody has spoken with her it stays the third of the month.
    assert said(late, MARCH, last="03-03") == ["02-22 plan s-joke", "03-03 due s-joke"]


def test_easter_and_the_clock_change_are_no_working_days() -> None:
    due_on_25 = recount(base=[*came(), talk("01-25"), talk("02-25")])
    assert said(due_on_25, MARCH) == [
        "03-16 plan s-joke",
        "03-25 due s-joke",
        "03-25 month_end s-joke",
        "03-25 month_end s-lead",
        "04-01 reason s-joke",
    ]


def test_the_offices_own_closed_days_count_as_well() -> None:
    closed = recount(office=Office(closed=frozenset({on("02-11")})))
    assert said(closed, FEBRUARY, last="02-12") == ["02-02 plan s-joke", "02-12 due s-joke"]


def test_a_late_talk_pushes_only_the_next_target_fourteen_days_away() -> None:
    # 29 January + 14 days is 12 February; a day later it is Saturday the 13th, so the 15th.
    assert "02-12 due s-joke" in said(recount(talk("01-29")), FEBRUARY)
    assert "02-15 due s-joke" in said(recount(talk("01-30")), FEBRUARY)
    assert "03-12 due s-joke" in said(recount(talk("01-30")), MARCH)


def test_under_the_rolling_rule_31_january_is_due_on_28_february_a_sunday() -> None:
    rolling = recount(talk("01-31"), office=Office(rolling=True))
    assert said(rolling, FEBRUARY) == [
        "02-17 plan s-joke",
        "02-24 month_end s-joke",
        "02-24 month_end s-lead",
        "02-26 due s-joke",
        "03-01 reason s-joke",
    ]


# -- appointments -----------------------------------------------------------------------------


def meeting(day: str, missed: str | None = None, cancelled: str | None = None) -> Meeting:
    return Meeting(
        at("02-10 10:00"),
        SELAM,
        on(day),
        missed_at=at(missed) if missed else None,
        cancelled_at=at(cancelled) if cancelled else None,
    )


@pytest.mark.parametrize(
    ("planned", "next_word"),
    [
        pytest.param(meeting("02-19"), "02-23 escalated s-lead", id="held, but not recorded"),
        pytest.param(
            meeting("02-19", missed="02-22 09:00"),
            "02-23 escalated s-lead",
            id="no-show, told late",
        ),
        pytest.param(
            meeting("02-19", missed="02-19 15:00"), "02-22 escalated s-lead", id="no-show, at once"
        ),
        pytest.param(
            meeting("02-19", cancelled="02-16 12:00"), "02-17 overdue s-joke", id="cancelled"
        ),
        pytest.param(meeting("03-02"), "02-12 due s-joke", id="in the next month"),
    ],
)
def test_the_ladder_waits_for_an_appointment_until_a_working_day_after_it(
    planned: Meeting, next_word: str
) -> None:
    assert said(recount(planned), FEBRUARY)[:2] == ["02-03 plan s-joke", next_word]


def test_it_waits_for_an_appointment_on_the_last_working_day_into_the_next_month() -> None:
    assert said(recount(meeting("02-26")), FEBRUARY) == [
        "02-03 plan s-joke",
        "03-02 reason s-joke",
    ]


# -- who hears --------------------------------------------------------------------------------


def test_from_the_third_working_day_of_an_absence_the_stand_in_hears() -> None:
    ill = Absence(at("02-10 07:30"), JOKE, on("02-10"), on("02-26"), BRAM)
    assert said(recount(ill), FEBRUARY) == [
        "02-03 plan s-joke",
        "02-12 due s-bram",
        "02-17 overdue s-bram",
        "02-19 escalated s-lead",
        "02-24 month_end s-bram",
        "02-24 month_end s-lead",
        "03-01 reason s-joke",
    ]
    a_day_later = replace(ill, first=on("02-11"))
    assert "02-12 due s-joke" in said(recount(a_day_later), FEBRUARY)
    # On the third day the stand-in hears of what was said to her absent colleague.
    assert "02-15 due s-bram" in said(recount(a_day_later), FEBRUARY)


def test_an_absence_without_a_stand_in_or_with_one_who_is_away_falls_to_the_coordinators() -> None:
    ill = Absence(at("02-08 07:30"), JOKE, on("02-08"), on("02-26"))
    assert "02-12 due s-lead" in said(recount(ill), FEBRUARY)
    both = [replace(ill, backup=BRAM), Absence(at("02-08 07:30"), BRAM, on("02-09"), on("02-20"))]
    assert "02-12 due s-lead" in said(recount(*both), FEBRUARY)
    assert "02-24 month_end s-bram" in said(recount(*both), FEBRUARY)


def test_an_absence_that_was_told_after_the_digest_changes_nothing_that_morning() -> None:
    ill = Absence(at("02-12 09:00"), JOKE, on("02-08"), on("02-26"), BRAM)
    assert "02-12 due s-joke" in said(recount(ill), FEBRUARY)


def test_a_transfer_moves_the_duty_and_leaves_the_day_alone() -> None:
    moved = recount(Coach(at("02-15 12:00"), SELAM, BRAM))
    assert said(moved, FEBRUARY, last="02-17") == [
        "02-03 plan s-joke",
        "02-12 due s-joke",
        # The new coach had not heard yet that it is due.
        "02-16 due s-bram",
        "02-17 overdue s-bram",
    ]
    assert "03-12 due s-bram" in said(moved, MARCH)


# -- in care and out of it --------------------------------------------------------------------


def test_on_hold_is_quiet_and_who_comes_back_has_ten_working_days() -> None:
    paused = recount(
        Status(at("02-01 09:00"), SELAM, on("02-01"), "on_hold"),
        Status(at("03-01 09:00"), SELAM, on("03-01"), "active"),
    )
    assert said(paused, FEBRUARY) == []
    assert final(paused, FEBRUARY) == "excluded on_hold"
    assert said(paused, MARCH, last="03-15") == ["03-04 plan s-joke", "03-15 due s-joke"]


@pytest.mark.parametrize(
    ("from_day", "how"),
    [("02-15", "excluded too_few_days"), ("02-16", "missed"), ("02-14", "excluded on_hold")],
)
def test_a_month_counts_with_fifteen_active_days(from_day: str, how: str) -> None:
    status = "on_hold" if from_day == "02-14" else "closed"
    paused = recount(Status(at(f"{from_day} 09:00"), SELAM, on(from_day), status))
    assert final(paused, FEBRUARY) == how


def test_the_reason_of_a_missed_month_is_asked_also_of_who_has_gone_on_hold_since() -> None:
    paused = recount(Status(at("02-20 09:00"), SELAM, on("02-20"), "on_hold"))
    assert said(paused, FEBRUARY)[-1] == "03-01 reason s-joke"
    assert [
        line for line in said(paused, FEBRUARY) if line > "02-20" and "reason" not in line
    ] == []


def test_each_month_from_her_coming_is_frozen_at_five_on_the_fifth_working_day() -> None:
    selam = recount(talk("02-09"), talk("03-01"))
    assert selam.finals(at("03-05 16:59")) == [
        Final(SELAM, "2027-01", "met", on("01-12"), None, 28),
    ]
    assert selam.finals(at("03-05 17:00"))[1:] == [
        Final(SELAM, FEBRUARY, "met", on("02-09"), None, 28),
    ]


@pytest.mark.parametrize(
    ("told", "how"), [("03-05 16:59", "met 2027-02-24"), ("03-05 17:00", "missed")]
)
def test_a_talk_may_be_put_on_record_until_its_month_is_frozen(told: str, how: str) -> None:
    assert final(recount(talk("02-24", told)), FEBRUARY) == how


@pytest.mark.parametrize(
    ("taken_back", "how"), [("03-05 16:59", "missed"), ("03-05 17:00", "met 2027-02-24")]
)
def test_a_talk_may_be_taken_back_until_its_month_is_frozen(taken_back: str, how: str) -> None:
    withdrawn = replace(talk("02-24"), withdrawn_at=at(taken_back))
    assert final(recount(withdrawn), FEBRUARY) == how


def test_a_talk_of_tomorrow_of_before_her_coming_or_that_does_not_count_is_no_talk() -> None:
    assert final(recount(talk("02-24", "02-23 12:00")), FEBRUARY) == "missed"
    assert final(recount(replace(talk("02-24"), counts=False)), FEBRUARY) == "missed"
    early = recount(talk("02-04", "02-11 12:00"), base=came("02-10"))
    assert final(early, FEBRUARY) == "missed"
    assert final(recount(talk("02-10", "02-11 12:00"), base=came("02-10")), FEBRUARY) == (
        "met 2027-02-10"
    )


def test_the_same_talk_logged_twice_is_one_and_taking_it_back_leaves_none() -> None:
    first = replace(talk("02-09"), withdrawn_at=at("02-11 12:00"))
    second = talk("02-09", "02-10 09:00")
    assert final(recount(first, second), FEBRUARY) == "missed"
    again = talk("02-09", "02-11 13:00")
    assert final(recount(first, second, again), FEBRUARY) == "met 2027-02-09"


def test_a_workplace_trainers_daily_talks_are_one_a_month() -> None:
    daily = [replace(talk(day), trainer=True) for day in ("02-01", "02-17", "02-26")]
    # Selam is due on 4 March; were 26 February on record, it would be 12 March.
    base = [*came(), talk("01-04")]
    assert final(recount(*daily, base=base), FEBRUARY) == "met 2027-02-01"
    assert "03-04 due s-joke" in said(recount(*daily, base=base), MARCH)
    by_coach = [replace(each, trainer=False) for each in daily]
    assert "03-12 due s-joke" in said(recount(*by_coach, base=base), MARCH)


# -- the client herself, and the file -----------------------------------------------------------


def test_the_client_is_asked_once_from_five_working_days_before_where_her_coach_wants_it() -> None:
    wanted = recount(CheckIn(at("02-01 12:00"), SELAM, wanted=True))
    assert wanted.questions(on("02-01"), on("02-28")) == [(SELAM, FEBRUARY, on("02-05"))]
    assert wanted.questions(on("02-08"), on("02-28")) == [(SELAM, FEBRUARY, on("02-08"))]
    assert wanted.questions(on("02-12"), on("02-28")) == []
    assert recount().questions(on("02-01"), on("02-28")) == []
    early = recount(
        CheckIn(at("02-01 12:00"), SELAM, wanted=True),
        base=[*came(), talk("01-04"), talk("02-01")],
    )
    # Five working days before 4 March is 25 February, when she is asked nothing of March yet.
    assert early.questions(on("02-02"), on("03-31")) == [(SELAM, MARCH, on("03-01"))]
    no_longer = recount(
        CheckIn(at("02-01 12:00"), SELAM, wanted=True),
        CheckIn(at("02-04 12:00"), SELAM, wanted=False),
    )
    assert no_longer.questions(on("02-01"), on("02-28")) == []


def test_events_survive_being_written_and_read() -> None:
    events: list[Event] = [
        *USUAL,
        replace(talk("02-09"), trainer=True, withdrawn_at=at("02-11 12:00")),
        meeting("02-19", missed="02-22 09:00"),
        meeting("02-19", cancelled="02-16 09:00"),
        CheckIn(at("02-01 12:00"), SELAM, wanted=True),
        Absence(at("02-10 07:30"), JOKE, on("02-10"), on("02-26"), BRAM),
    ]
    assert from_lines(to_line(event) for event in events) == events
