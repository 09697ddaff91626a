"""The state of a client-month: every sentence of the monthly rule, told day by day.

The quoted sentences are those of the domain report; "reading" marks a choice of ours.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.months import Month
from bot.domain.people import ClientStatus
from bot.domain.periods import (
    ContactRules,
    Exclusion,
    History,
    Light,
    Meeting,
    Period,
    PeriodState,
    StatusSpan,
    assess,
    duty_falls_to_backup,
    freezes_at,
    freezes_on,
    light_of,
    open_from,
)
from bot.domain.workdays import ClosedDays

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DUTCH = ClosedDays()
RULES = ContactRules()
ALWAYS = "active 2026-06-01.."
OPEN, PLANNED, LATE = PeriodState.OPEN, PeriodState.PLANNED, PeriodState.ALMOST_LATE
MET, MISSED, EXCLUDED = PeriodState.MET, PeriodState.MISSED, PeriodState.EXCLUDED


def day(text: str) -> date:
    return date.fromisoformat(text)


def span(text: str) -> StatusSpan:
    """Read "active 2026-06-01..2027-02-01"; the last day is the first on which it is over."""
    status, _, days = text.partition(" ")
    first, _, end = days.partition("..")
    return StatusSpan(ClientStatus(status), day(first), day(end) if end else None)


def meeting(text: str) -> Meeting:
    """Read "2027-02-10" or "2027-02-10 missed"."""
    when, _, word = text.partition(" ")
    return Meeting(day(when), missed=word == "missed")


def lived(*spans: str, talks: str = "", meetings: tuple[str, ...] = ()) -> History:
    """Return what happened to somebody; `talks` are the days of the conversations that count."""
    days = [day(text) for text in talks.split()]
    return History(
        [span(text) for text in spans],
        days[0] if days else None,
        days,
        [meeting(text) for text in meetings],
    )


def on(history: History, month: str, today: str, rules: ContactRules = RULES) -> Period:
    return assess(history, Month.parse(month), today=day(today), rules=rules, closed=DUTCH)


# It says: "≥1 counting contact in each calendar month in which the client was actief ≥ 15 calendar
# days"


@pytest.mark.parametrize(
    ("spans", "month", "active", "state"),
    [
        pytest.param([ALWAYS], "2027-02", 28, OPEN, id="a whole month"),
        pytest.param(["active 2027-02-14.."], "2027-02", 15, OPEN, id="fifteen at the end"),
        pytest.param(["active 2027-02-15.."], "2027-02", 14, EXCLUDED, id="fourteen at the end"),
        pytest.param(["active 2028-02-15.."], "2028-02", 15, OPEN, id="fifteen in a leap month"),
        pytest.param(["active 2027-03-17.."], "2027-03", 15, OPEN, id="the spring change counted"),
        pytest.param(["active 2027-03-18.."], "2027-03", 14, EXCLUDED, id="spring, one short"),
        pytest.param(["active 2026-10-17.."], "2026-10", 15, OPEN, id="autumn 2026"),
        pytest.param(["active 2027-10-17.."], "2027-10", 15, OPEN, id="autumn 2027"),
        pytest.param(
            ["active 2026-06-01..2027-02-16", "closed 2027-02-16.."],
            "2027-02",
            15,
            OPEN,
            id="fifteen at the beginning",
        ),
        pytest.param(
            ["active 2026-06-01..2027-02-15", "closed 2027-02-15.."],
            "2027-02",
            14,
            EXCLUDED,
            id="fourteen at the beginning",
        ),
        pytest.param(
            [
                "active 2026-06-01..2027-02-08",
                "on_hold 2027-02-08..2027-02-21",
                "active 2027-02-21..",
            ],
            "2027-02",
            15,
            OPEN,
            id="fifteen in two pieces",
        ),
        pytest.param(
            ["invited 2027-02-10..2027-02-20", "active 2027-02-20.."],
            "2027-02",
            19,
            OPEN,
            id="reading: the invited count as in care",
        ),
    ],
)
def test_a_talk_is_due_in_each_month_with_at_least_fifteen_active_days(
    spans: list[str], month: str, active: int, state: PeriodState
) -> None:
    period = on(lived(*spans), month, f"{month}-01")
    assert (period.state, period.active_days) == (state, active)


@pytest.mark.parametrize(("least", "state"), [(14, OPEN), (15, EXCLUDED)])
def test_how_many_active_days_make_a_month_is_configured(least: int, state: PeriodState) -> None:
    late = lived("active 2027-02-15..")
    assert on(late, "2027-02", "2027-02-20", ContactRules(min_active_days=least)).state is state


# It says: "`uitgesloten(reason)`"; "azc: none"; "On hold: monthly clock paused"; "Nazorg: month 1,
# 3, 6"; "partial first month excluded if < 15 days"


@pytest.mark.parametrize(
    ("spans", "reason"),
    [
        pytest.param(["azc 2026-06-01.."], Exclusion.AZC, id="azc: none"),
        pytest.param(
            ["active 2026-06-01..2026-12-10", "on_hold 2026-12-10.."],
            Exclusion.ON_HOLD,
            id="on hold: monthly clock paused",
        ),
        pytest.param(
            ["active 2026-06-01..2027-02-10", "on_hold 2027-02-10.."],
            Exclusion.ON_HOLD,
            id="on hold starts mid-month with nine active days",
        ),
        pytest.param(
            ["on_hold 2026-12-01..2027-02-17", "active 2027-02-17.."],
            Exclusion.ON_HOLD,
            id="on hold ends too late in the month",
        ),
        pytest.param(
            ["active 2026-06-01..2027-01-20", "aftercare 2027-01-20.."],
            Exclusion.AFTERCARE,
            id="nazorg has its own talks",
        ),
        pytest.param(
            ["active 2027-02-20.."], Exclusion.TOO_FEW_DAYS, id="new client: partial first month"
        ),
        pytest.param(
            ["active 2026-06-01..2027-02-06", "closed 2027-02-06.."],
            Exclusion.TOO_FEW_DAYS,
            id="closed early in the month",
        ),
        pytest.param(
            ["active 2026-06-01..2027-01-06", "closed 2027-01-06.."],
            Exclusion.NOT_IN_CARE,
            id="closed before the month",
        ),
        pytest.param(["active 2027-03-01.."], Exclusion.NOT_IN_CARE, id="not yet here"),
        pytest.param(
            ["azc 2026-06-01..2027-02-20", "active 2027-02-20.."],
            Exclusion.AZC,
            id="out of the azc too late in the month",
        ),
    ],
)
def test_a_month_in_which_no_talk_is_due_says_why(spans: list[str], reason: Exclusion) -> None:
    for today in ("2027-02-01", "2027-02-28", "2027-03-20"):
        period = on(lived(*spans), "2027-02", today)
        assert (period.state, period.exclusion) == (EXCLUDED, reason)
        assert period.target is None


def test_reading_a_talk_in_a_month_with_too_few_days_leaves_it_excluded() -> None:
    new = lived("active 2027-02-20..", talks="2027-02-24")
    assert on(new, "2027-02", "2027-02-28").state is EXCLUDED
    assert on(new, "2027-02", "2027-02-28").satisfied_on is None


@pytest.mark.parametrize(
    ("starts", "state"),
    [("2027-01-15", EXCLUDED), ("2027-01-16", LATE), ("2027-01-28", LATE)],
)
def test_when_on_hold_starts_mid_month_the_month_counts_only_if_active_15_days(
    starts: str, state: PeriodState
) -> None:
    held = lived(f"active 2026-06-01..{starts}", f"on_hold {starts}..", talks="2026-11-12")
    assert on(held, "2027-01", "2027-01-29").state is state


# It says: "on a real date ≤ today"; "Early contact in M satisfies M"; "Contact in the last days of
# M-1 does not satisfy M"; "A late contact (after target, before month end) satisfies M"; "Contact
# after month end never back-fills M"


@pytest.mark.parametrize(
    ("talk", "today", "state"),
    [
        pytest.param("2027-02-10", "2027-02-09", OPEN, id="a date after today does not count"),
        pytest.param("2027-02-10", "2027-02-10", MET, id="a date of today counts"),
        pytest.param("2027-02-01", "2027-02-01", MET, id="early contact satisfies"),
        pytest.param(
            "2027-02-28", "2027-02-28", MET, id="late contact before month end satisfies"
        ),
        pytest.param("2027-01-31", "2027-02-01", OPEN, id="the last day of M-1 does not satisfy"),
        pytest.param("2027-01-29", "2027-02-28", LATE, id="nor do its last days, later on"),
        pytest.param("2027-03-01", "2027-03-01", MISSED, id="after month end never back-fills"),
        pytest.param("2027-03-01", "2027-02-28", LATE, id="nor from the month itself"),
    ],
)
def test_only_a_conversation_within_the_month_satisfies_it(
    talk: str, today: str, state: PeriodState
) -> None:
    talks = " ".join(sorted(["2026-11-12", talk]))
    period = on(lived(ALWAYS, talks=talks), "2027-02", today)
    assert period.state is state
    assert period.satisfied_on == (day(talk) if state is MET else None)


def test_of_several_talks_the_first_of_the_month_satisfies_it() -> None:
    talks = "2027-01-28 2027-02-09 2027-02-23 2027-03-02"
    assert on(lived(ALWAYS, talks=talks), "2027-02", "2027-03-03").satisfied_on == day(
        "2027-02-09"
    )


# Scenario 1


def test_scenario_1_a_talk_on_28_january_and_none_in_february_misses_february() -> None:
    her = lived(ALWAYS, talks="2026-11-28 2026-12-28 2027-01-28 2027-03-01")
    assert on(her, "2027-01", "2027-03-01").state is MET
    assert on(her, "2027-02", "2027-03-01").state is MISSED
    assert (day("2027-02-25") - day("2027-01-28")).days == 28


def test_scenario_1_talks_on_1_march_and_30_april_meet_both_while_the_interval_is_red() -> None:
    before = lived(ALWAYS, talks="2027-01-28 2027-03-01")
    after = lived(ALWAYS, talks="2027-01-28 2027-03-01 2027-04-30")
    assert on(after, "2027-03", "2027-04-30").state is MET
    assert on(after, "2027-04", "2027-04-30").state is MET
    planned = on(
        lived(ALWAYS, talks="2027-03-01", meetings=("2027-04-30",)), "2027-04", "2027-04-29"
    )
    march, since = on(before, "2027-03", "2027-04-29"), day("2026-06-01")
    for period in (march, planned):
        assert period.state in {MET, PLANNED}
        light = light_of(period, day("2027-03-01"), since, today=day("2027-04-29"), rules=RULES)
        assert light is Light.RED


# It says: "Planned appointment in M after target: state gepland, escalation waits until
# appointment end + 1 working day; if no-show → attempt, state back to open"


@pytest.mark.parametrize(
    ("meetings", "today", "state"),
    [
        pytest.param(["2027-02-19"], "2027-02-11", PLANNED, id="planned after the target"),
        pytest.param(["2027-02-19"], "2027-02-16", PLANNED, id="the target passes quietly"),
        pytest.param(["2027-02-19"], "2027-02-19", PLANNED, id="on the day itself"),
        pytest.param(["2027-02-19"], "2027-02-22", PLANNED, id="a working day after a Friday"),
        pytest.param(["2027-02-19"], "2027-02-23", LATE, id="and then it no longer waits"),
        pytest.param(["2027-02-08"], "2027-02-04", PLANNED, id="planned before the target too"),
        pytest.param(["2027-02-08"], "2027-02-10", OPEN, id="passed before the target"),
        pytest.param(["2027-02-19 missed"], "2027-02-19", LATE, id="no-show after the target"),
        pytest.param(["2027-02-08 missed"], "2027-02-08", OPEN, id="no-show: back to open"),
        pytest.param(
            ["2027-02-08 missed", "2027-02-17"], "2027-02-15", PLANNED, id="no-show, planned anew"
        ),
        pytest.param(["2027-03-01"], "2027-02-16", LATE, id="in another month"),
        pytest.param(["2027-01-29"], "2027-02-01", OPEN, id="in the month before"),
    ],
)
def test_a_planned_appointment_waits_until_a_working_day_after_it(
    meetings: list[str], today: str, state: PeriodState
) -> None:
    her = lived(ALWAYS, talks="2026-11-12 2027-01-12", meetings=tuple(meetings))
    assert on(her, "2027-02", today).state is state


@pytest.mark.parametrize(
    ("when", "last_day"),
    [
        pytest.param("2027-03-25", "2027-03-30", id="across Easter and the spring change"),
        pytest.param("2026-10-23", "2026-10-26", id="across the autumn change of 2026"),
        pytest.param("2027-10-28", "2027-10-29", id="before the autumn change of 2027"),
        pytest.param("2027-04-26", "2027-04-28", id="across King's Day"),
    ],
)
def test_the_working_day_after_an_appointment_skips_closed_days(when: str, last_day: str) -> None:
    her = lived(ALWAYS, talks="2026-06-03", meetings=(when,))
    assert on(her, when[:7], last_day).state is PLANNED
    after = day(last_day) + timedelta(days=1)
    assert on(her, when[:7], str(after)).state is LATE


def test_a_no_show_never_satisfies_the_month() -> None:
    her = lived(ALWAYS, talks="2027-01-12", meetings=("2027-02-10 missed",))
    assert on(her, "2027-02", "2027-03-01").state is MISSED


def test_a_meeting_that_took_place_satisfies_nothing_until_it_is_recorded() -> None:
    her = lived(ALWAYS, talks="2027-01-12", meetings=("2027-02-10",))
    assert on(her, "2027-02", "2027-02-25").state is LATE
    assert on(her, "2027-02", "2027-03-02").state is MISSED


@pytest.mark.parametrize(
    ("when", "today"), [("2027-03-31", "2027-04-01"), ("2027-04-30", "2027-05-03")]
)
def test_an_appointment_on_the_last_working_day_waits_across_the_end_of_the_month(
    when: str, today: str
) -> None:
    her = lived(ALWAYS, talks="2027-01-12 2027-02-11", meetings=(when,))
    assert on(her, when[:7], today).state is PLANNED
    assert on(her, when[:7], str(day(today) + timedelta(days=1))).state is MISSED


# It says: "States per client-month: open → gepland → voldaan; open → bijna_te_laat (target passed)
# → gemist (month closed)"


@pytest.mark.parametrize(
    ("talks", "meetings", "states"),
    [
        pytest.param(
            "2027-02-19",
            ["2027-02-19"],
            {"02-01": PLANNED, "02-18": PLANNED, "02-19": MET, "02-28": MET, "03-01": MET},
            id="open, gepland, voldaan",
        ),
        pytest.param(
            "",
            [],
            {"02-01": OPEN, "02-11": OPEN, "02-12": OPEN, "02-13": LATE, "02-28": LATE}
            | {"03-01": MISSED, "03-05": MISSED},
            id="open, bijna te laat after the target, gemist",
        ),
        pytest.param(
            "2027-02-24",
            [],
            {"02-12": OPEN, "02-23": LATE, "02-24": MET, "03-01": MET},
            id="bijna te laat, yet voldaan",
        ),
    ],
)
def test_a_month_goes_through_its_states_in_order(
    talks: str, meetings: list[str], states: dict[str, PeriodState]
) -> None:
    her = lived(ALWAYS, talks=f"2027-01-12 {talks}", meetings=tuple(meetings))
    found = {today: on(her, "2027-02", f"2027-{today}").state for today in states}
    assert found == states


# It says: "days since last counting contact; amber > 31, red > 45"; "Two clocks, both shown"


@pytest.mark.parametrize(
    ("days", "light"),
    [(0, Light.GREEN), (31, Light.GREEN), (32, Light.AMBER), (45, Light.AMBER), (46, Light.RED)],
)
@pytest.mark.parametrize("state", [OPEN, PLANNED, MET])
def test_the_interval_is_amber_after_31_days_and_red_after_45(
    state: PeriodState, days: int, light: Light
) -> None:
    today = day("2027-04-29")
    period, last = Period(Month(2027, 4), state, 30), today - timedelta(days=days)
    assert light_of(period, last, day("2026-06-01"), today=today, rules=RULES) is light
    # Somebody who was never spoken with is counted from the day on which she came.
    assert light_of(period, None, last, today=today, rules=RULES) is light


@pytest.mark.parametrize("state", [LATE, MISSED])
def test_the_calendar_makes_the_light_red_whatever_the_interval_says(state: PeriodState) -> None:
    today = day("2027-02-26")
    period = Period(Month(2027, 2), state, 28, day("2027-02-19"))
    assert light_of(period, today, day("2026-06-01"), today=today, rules=RULES) is Light.RED


def test_where_nothing_is_due_the_light_is_grey() -> None:
    today, long_ago = day("2027-02-26"), day("2026-06-01")
    excluded = Period(Month(2027, 2), EXCLUDED, 0, exclusion=Exclusion.ON_HOLD)
    assert light_of(excluded, long_ago, long_ago, today=today, rules=RULES) is Light.GREY
    assert light_of(None, long_ago, long_ago, today=today, rules=RULES) is Light.GREY


# It says: "Close on the 5th working day of M+1 (freeze)"; "corrections within 5 working days of
# month close are allowed"; reading: at the hour at which the office closes


@pytest.mark.parametrize(
    ("month", "freezes", "utc"),
    [
        pytest.param("2027-01", "2027-02-05", "16:00", id="a plain month"),
        pytest.param("2026-12", "2027-01-08", "16:00", id="after new year"),
        pytest.param("2027-02", "2027-03-05", "16:00", id="before the spring change"),
        pytest.param("2027-03", "2027-04-07", "15:00", id="after the spring change"),
        pytest.param("2026-03", "2026-04-09", "15:00", id="across Good Friday and Easter Monday"),
        pytest.param("2027-04", "2027-05-10", "15:00", id="across Ascension Day"),
        pytest.param("2026-09", "2026-10-07", "15:00", id="before the autumn change of 2026"),
        pytest.param("2026-10", "2026-11-06", "16:00", id="after the autumn change of 2026"),
        pytest.param("2027-10", "2027-11-05", "16:00", id="after the autumn change of 2027"),
        pytest.param("2027-07", "2027-08-06", "15:00", id="a month that begins on a Sunday"),
    ],
)
def test_a_month_is_frozen_when_the_office_closes_on_the_fifth_working_day_of_the_next(
    month: str, freezes: str, utc: str
) -> None:
    asked = Month.parse(month)
    assert freezes_on(asked, rules=RULES, closed=DUTCH) == day(freezes)
    instant = datetime.combine(day(freezes), time.fromisoformat(utc), UTC)
    assert freezes_at(asked, time(17), AMSTERDAM, rules=RULES, closed=DUTCH) == instant
    second = timedelta(seconds=1)
    first_open = [
        open_from(now, time(17), AMSTERDAM, rules=RULES, closed=DUTCH)
        for now in (instant - second, instant)
    ]
    assert first_open == [asked, asked.plus(1)]


@pytest.mark.parametrize(
    ("now", "month"),
    [
        pytest.param("2026-12-31T22:59", "2026-12", id="23:59 in the Netherlands"),
        pytest.param("2026-12-31T23:00", "2026-12", id="midnight: December is still open"),
        pytest.param("2027-01-20T12:00", "2027-01", id="later in the month"),
        pytest.param("2027-03-31T21:59", "2027-03", id="23:59 in summer time"),
        pytest.param("2027-03-31T22:00", "2027-03", id="the first of April, local time"),
    ],
)
def test_which_month_is_open_follows_the_wall_clock(now: str, month: str) -> None:
    instant = datetime.fromisoformat(now).replace(tzinfo=UTC)
    found = open_from(instant, time(17), AMSTERDAM, rules=RULES, closed=DUTCH)
    assert str(found) == month


# It says: "Coach absent: backup gets the task after 2 working days"


@pytest.mark.parametrize(
    ("away_since", "last_own", "first_of_backup"),
    [
        pytest.param("2027-01-11", "2027-01-12", "2027-01-13", id="from Monday"),
        pytest.param("2027-01-15", "2027-01-18", "2027-01-19", id="across a weekend"),
        pytest.param("2027-01-16", "2027-01-19", "2027-01-20", id="from Saturday"),
        pytest.param("2027-03-25", "2027-03-30", "2027-03-31", id="across Easter and the change"),
        pytest.param("2026-10-23", "2026-10-26", "2026-10-27", id="the autumn change of 2026"),
        pytest.param("2026-12-24", "2026-12-28", "2026-12-29", id="across Christmas"),
    ],
)
def test_the_backup_takes_over_after_two_working_days_of_absence(
    away_since: str, last_own: str, first_of_backup: str
) -> None:
    assert not duty_falls_to_backup(day(away_since), day(away_since), DUTCH)
    assert not duty_falls_to_backup(day(away_since), day(last_own), DUTCH)
    assert duty_falls_to_backup(day(away_since), day(first_of_backup), DUTCH)
