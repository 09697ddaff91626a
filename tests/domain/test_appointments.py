"""Appointments: when reminders go out, which words are true, and what an answer changes."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.appointments import (
    Answer,
    AppointmentState,
    ReminderKind,
    ReminderRules,
    answered,
    expects_client,
    last_moment,
    plan_reminders,
    reminder_text,
)
from bot.domain.errors import TransitionError

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
RULES = ReminderRules()
DAY, HOURS = ReminderKind.DAY_BEFORE, ReminderKind.HOURS_BEFORE


def wall(instant: datetime) -> str:
    """Return what the clock on the wall shows."""
    return instant.astimezone(AMSTERDAM).strftime("%a %d-%m-%Y %H:%M")


@pytest.mark.parametrize(
    ("day", "clock", "day_before", "hours_before"),
    [
        ("2026-11-25", "14:00", "Tue 24-11-2026 17:00", "Wed 25-11-2026 12:00"),
        ("2026-11-25", "09:00", "Tue 24-11-2026 17:00", "Wed 25-11-2026 07:30"),
        ("2026-11-25", "09:30", "Tue 24-11-2026 17:00", "Wed 25-11-2026 07:30"),
        ("2026-11-25", "09:31", "Tue 24-11-2026 17:00", "Wed 25-11-2026 07:31"),
        ("2026-11-25", "07:31", "Tue 24-11-2026 17:00", "Wed 25-11-2026 07:30"),
        ("2026-11-25", "07:30", "Tue 24-11-2026 17:00", None),
        ("2026-11-25", "06:00", "Tue 24-11-2026 17:00", None),
        ("2026-11-30", "10:00", "Fri 27-11-2026 17:00", "Mon 30-11-2026 08:00"),
        ("2026-11-29", "10:00", "Sat 28-11-2026 17:00", "Sun 29-11-2026 08:00"),
        # The clock goes forward in the night before, and on the Sunday before the Monday.
        ("2027-03-28", "13:00", "Sat 27-03-2027 17:00", "Sun 28-03-2027 11:00"),
        ("2027-03-29", "09:00", "Fri 26-03-2027 17:00", "Mon 29-03-2027 07:30"),
        # And back, in both years.
        ("2026-10-25", "13:00", "Sat 24-10-2026 17:00", "Sun 25-10-2026 11:00"),
        ("2026-10-26", "11:00", "Fri 23-10-2026 17:00", "Mon 26-10-2026 09:00"),
        ("2027-10-31", "13:00", "Sat 30-10-2027 17:00", "Sun 31-10-2027 11:00"),
        ("2027-11-01", "11:00", "Fri 29-10-2027 17:00", "Mon 01-11-2027 09:00"),
    ],
)
def test_reminders_follow_the_clock_on_the_wall(
    day: str, clock: str, day_before: str, hours_before: str | None
) -> None:
    plan = plan_reminders(date.fromisoformat(day), time.fromisoformat(clock), AMSTERDAM, RULES)
    assert {kind: wall(due) for kind, due in plan.items()} == {
        DAY: day_before,
        **({HOURS: hours_before} if hours_before else {}),
    }


def test_seventeen_hundred_is_another_instant_on_each_side_of_the_clock_change() -> None:
    monday = plan_reminders(date(2027, 3, 29), time(9), AMSTERDAM, RULES)
    tuesday = plan_reminders(date(2027, 3, 30), time(9), AMSTERDAM, RULES)
    assert monday[DAY] == datetime(2027, 3, 26, 16, tzinfo=UTC)
    assert tuesday[DAY] == datetime(2027, 3, 29, 15, tzinfo=UTC)


def test_the_rules_can_be_set() -> None:
    rules = ReminderRules(day_before_at=time(16), hours_before=3, not_before=time(8))
    plan = plan_reminders(date(2026, 11, 25), time(10, 30), AMSTERDAM, rules)
    assert wall(plan[DAY]) == "Tue 24-11-2026 16:00"
    assert wall(plan[HOURS]) == "Wed 25-11-2026 08:00"


@given(
    day=st.dates(date(2026, 10, 1), date(2027, 11, 30)),
    minutes=st.integers(6 * 60, 22 * 60),
)
def test_every_reminder_comes_before_the_start_in_waking_hours_and_true_words(
    day: date, minutes: int
) -> None:
    clock = time(minutes // 60, minutes % 60)
    start = datetime.combine(day, clock, tzinfo=AMSTERDAM)
    for kind, due in plan_reminders(day, clock, AMSTERDAM, RULES).items():
        assert due < start.astimezone(UTC)
        seen = due.astimezone(AMSTERDAM)
        assert seen.time() >= RULES.not_before
        assert reminder_text(seen.date(), day, kind, discreet=False).startswith("ap.rem_")


MONDAY = date(2026, 11, 30)
WEDNESDAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("today", "appointment", "kind", "text_id"),
    [
        (date(2026, 11, 24), WEDNESDAY, DAY, "ap.rem_1d"),
        (WEDNESDAY, WEDNESDAY, HOURS, "ap.rem_2h"),
        # The reminder of the day before goes out late, on the day itself.
        (WEDNESDAY, WEDNESDAY, DAY, "ap.rem_2h"),
        (date(2026, 11, 27), MONDAY, DAY, "ap.rem_weekend"),
        (date(2026, 11, 28), MONDAY, DAY, "ap.rem_weekend"),
        (date(2026, 11, 29), MONDAY, DAY, "ap.rem_1d"),
        (MONDAY, MONDAY, DAY, "ap.rem_2h"),
    ],
)
def test_the_words_of_a_reminder_are_true_on_the_day_it_is_sent(
    today: date, appointment: date, kind: ReminderKind, text_id: str
) -> None:
    assert reminder_text(today, appointment, kind, discreet=False) == text_id


@pytest.mark.parametrize("days", [-1, 2, 3, 7])
def test_no_words_are_invented_for_a_day_for_which_there_are_none(days: int) -> None:
    with pytest.raises(TransitionError, match=f"{days} days before"):
        reminder_text(WEDNESDAY - timedelta(days=days), WEDNESDAY, DAY, discreet=False)


@pytest.mark.parametrize("days", [0, 1, 3])
def test_a_shared_phone_gets_words_without_details(days: int) -> None:
    assert (
        reminder_text(MONDAY - timedelta(days=days), MONDAY, DAY, discreet=True) == "ap.discreet"
    )


@pytest.mark.parametrize(
    ("due", "start", "last"),
    [
        ("11:00", "13:00", "12:30"),
        ("07:30", "09:00", "08:30"),
        ("07:30", "08:30", "08:00"),
        ("07:30", "08:00", "07:45"),
        ("07:30", "07:45", "07:37"),
    ],
)
def test_a_reminder_is_of_use_until_half_an_hour_before_the_start_or_half_way(
    due: str, start: str, last: str
) -> None:
    day = datetime(2026, 11, 25, tzinfo=UTC)

    def at(clock: str) -> datetime:
        hours, minutes = clock.split(":")
        return day + timedelta(hours=int(hours), minutes=int(minutes))

    assert last_moment(at(due), at(start), RULES).replace(second=0) == at(last)


@pytest.mark.parametrize(
    "before", [state for state in AppointmentState if state is not AppointmentState.CANCELLED]
)
@pytest.mark.parametrize(
    ("answer", "after"),
    [
        (Answer.COME, AppointmentState.CONFIRMED),
        (Answer.CANNOT, AppointmentState.CANNOT),
        (Answer.OTHER_TIME, AppointmentState.OTHER_TIME),
    ],
)
def test_she_may_change_her_mind_as_long_as_it_is_not_cancelled(
    before: AppointmentState, answer: Answer, after: AppointmentState
) -> None:
    assert answered(before, answer) is after


@pytest.mark.parametrize("answer", list(Answer))
def test_a_cancelled_appointment_takes_no_answer(answer: Answer) -> None:
    with pytest.raises(TransitionError, match="cancelled"):
        answered(AppointmentState.CANCELLED, answer)


def test_only_an_appointment_that_stands_is_reminded_of() -> None:
    assert {state for state in AppointmentState if expects_client(state)} == {
        AppointmentState.INVITED,
        AppointmentState.CONFIRMED,
        AppointmentState.OTHER_TIME,
    }
