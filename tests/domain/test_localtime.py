"""The wall clock: both clock changes, parts of the day, quiet hours and opening days."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.localtime import (
    Hours,
    after_quiet_hours,
    clock_face,
    day_part,
    exists,
    is_open,
    is_working_day,
    next_opening_day,
    next_working_day,
    to_utc,
)

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
QUIET = Hours(time(20), time(7, 30))
OFFICE = Hours(time(8, 30), time(17))
NONE_CLOSED: frozenset[date] = frozenset()

SPRING = date(2027, 3, 28)
AUTUMN_2026 = date(2026, 10, 25)
AUTUMN_2027 = date(2027, 10, 31)


def local(text: str) -> datetime:
    """Read "YYYY-MM-DD HH:MM" as the first such moment in the Netherlands."""
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM).astimezone(UTC)


@pytest.mark.parametrize(
    ("day", "clock", "utc"),
    [
        (date(2026, 11, 25), time(9), "2026-11-25T08:00"),
        (date(2027, 3, 27), time(17), "2027-03-27T16:00"),
        (SPRING, time(1, 59), "2027-03-28T00:59"),
        (SPRING, time(3), "2027-03-28T01:00"),
        (SPRING, time(17), "2027-03-28T15:00"),
        (AUTUMN_2026, time(1, 59), "2026-10-24T23:59"),
        (AUTUMN_2026, time(3), "2026-10-25T02:00"),
        (AUTUMN_2026, time(17), "2026-10-25T16:00"),
        (AUTUMN_2027, time(17), "2027-10-31T16:00"),
    ],
)
def test_a_wall_clock_time_is_one_instant(day: date, clock: time, utc: str) -> None:
    assert to_utc(day, clock, AMSTERDAM) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_a_time_that_spring_skips_is_read_as_long_after_the_jump() -> None:
    assert to_utc(SPRING, time(2, 30), AMSTERDAM) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert to_utc(SPRING, time(2, 30), AMSTERDAM) == to_utc(SPRING, time(3, 30), AMSTERDAM)


@pytest.mark.parametrize("day", [AUTUMN_2026, AUTUMN_2027])
def test_of_a_time_that_autumn_repeats_the_first_is_taken(day: date) -> None:
    instant = to_utc(day, time(2, 30), AMSTERDAM)
    assert instant == datetime.combine(day, time(0, 30), tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "clock", "shown"),
    [
        (SPRING, time(1, 59), True),
        (SPRING, time(2), False),
        (SPRING, time(2, 59), False),
        (SPRING, time(3), True),
        (AUTUMN_2026, time(2, 30), True),
        (AUTUMN_2027, time(2, 30), True),
        (date(2027, 6, 1), time(2, 30), True),
    ],
)
def test_only_the_hour_that_spring_skips_does_not_exist(
    day: date, clock: time, shown: bool
) -> None:
    assert exists(day, clock, AMSTERDAM) is shown


@pytest.mark.parametrize(
    ("clock", "part"),
    [
        (time(0), "night"),
        (time(5, 59), "night"),
        (time(6), "morning"),
        (time(11, 59), "morning"),
        (time(12), "afternoon"),
        (time(17, 59), "afternoon"),
        (time(18), "evening"),
        (time(23, 59), "evening"),
    ],
)
def test_the_day_has_four_parts(clock: time, part: str) -> None:
    assert day_part(clock) == part


@pytest.mark.parametrize(
    ("clock", "face"),
    [
        (time(9), "🕘"),
        (time(9, 29), "🕘"),
        (time(9, 30), "🕤"),
        (time(9, 59), "🕤"),
        (time(21), "🕘"),
        (time(12), "🕛"),
        (time(12, 30), "🕧"),
        (time(0), "🕛"),
        (time(0, 45), "🕧"),
        (time(1), "🕐"),
        (time(13, 30), "🕜"),
    ],
)
def test_a_clock_face_shows_the_half_hour_below(clock: time, face: str) -> None:
    assert clock_face(clock) == face


@pytest.mark.parametrize(
    ("hours", "clock", "inside"),
    [
        (QUIET, time(19, 59), False),
        (QUIET, time(20), True),
        (QUIET, time(0), True),
        (QUIET, time(7, 29), True),
        (QUIET, time(7, 30), False),
        (OFFICE, time(8, 29), False),
        (OFFICE, time(8, 30), True),
        (OFFICE, time(16, 59), True),
        (OFFICE, time(17), False),
        (Hours(time(9), time(9)), time(9), False),
    ],
)
def test_a_span_may_pass_midnight_and_leaves_out_its_end(
    hours: Hours, clock: time, inside: bool
) -> None:
    assert hours.contains(clock) is inside


@pytest.mark.parametrize(
    ("now", "quiet", "first"),
    [
        ("2026-11-25 12:00", QUIET, "2026-11-25 12:00"),
        ("2026-11-25 19:59", QUIET, "2026-11-25 19:59"),
        ("2026-11-25 20:00", QUIET, "2026-11-26 07:30"),
        ("2026-11-26 00:10", QUIET, "2026-11-26 07:30"),
        ("2026-11-26 07:29", QUIET, "2026-11-26 07:30"),
        ("2026-11-26 07:30", QUIET, "2026-11-26 07:30"),
        ("2026-12-31 23:00", QUIET, "2027-01-01 07:30"),
        ("2027-03-27 21:00", QUIET, "2027-03-28 07:30"),
        ("2026-10-24 21:00", QUIET, "2026-10-25 07:30"),
        ("2026-11-25 13:10", Hours(time(13), time(14)), "2026-11-25 14:00"),
    ],
)
def test_what_falls_in_quiet_hours_waits_for_their_end(now: str, quiet: Hours, first: str) -> None:
    assert after_quiet_hours(local(now), quiet, AMSTERDAM) == local(first)


BEGIN = datetime(2026, 10, 20, tzinfo=UTC)
SECOND_0215 = (datetime(2026, 10, 25, 1, 15, tzinfo=UTC) - BEGIN) // timedelta(minutes=1)
BEFORE_THE_JUMP = (datetime(2027, 3, 28, 0, 50, tzinfo=UTC) - BEGIN) // timedelta(minutes=1)


@given(
    minutes=st.integers(0, 60 * 24 * 380),
    start=st.integers(0, 47),
    end=st.integers(0, 47),
)
@example(minutes=SECOND_0215, start=40, end=5)
@example(minutes=BEFORE_THE_JUMP, start=40, end=5)
def test_the_moment_after_quiet_hours_is_not_past_and_not_quiet(
    minutes: int, start: int, end: int
) -> None:
    now = BEGIN + timedelta(minutes=minutes)
    quiet = Hours(time(start // 2, start % 2 * 30), time(end // 2, end % 2 * 30))
    free = after_quiet_hours(now, quiet, AMSTERDAM)
    assert free >= now
    assert not quiet.contains(free.astimezone(AMSTERDAM).time())
    assert free - now <= timedelta(hours=25)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 11, 27), True),
        (date(2026, 11, 28), False),
        (date(2026, 11, 29), False),
        (date(2026, 11, 30), True),
        (date(2026, 12, 25), False),
    ],
)
def test_the_office_works_from_monday_to_friday_unless_closed(day: date, works: bool) -> None:
    assert is_working_day(day, frozenset({date(2026, 12, 25)})) is works


def test_the_next_working_day_passes_weekends_and_closed_days() -> None:
    christmas = frozenset({date(2026, 12, 25), date(2026, 12, 28)})
    assert next_working_day(date(2026, 11, 25), NONE_CLOSED) == date(2026, 11, 26)
    assert next_working_day(date(2026, 11, 27), NONE_CLOSED) == date(2026, 11, 30)
    assert next_working_day(date(2026, 12, 24), christmas) == date(2026, 12, 29)


@pytest.mark.parametrize(
    ("now", "open_now"),
    [
        ("2026-11-25 08:29", False),
        ("2026-11-25 08:30", True),
        ("2026-11-25 17:00", False),
        ("2026-11-28 12:00", False),
        ("2026-12-25 12:00", False),
        ("2027-03-29 08:30", True),
        ("2027-03-29 17:00", False),
    ],
)
def test_the_office_is_open_by_the_wall_clock(now: str, open_now: bool) -> None:
    closed = frozenset({date(2026, 12, 25)})
    assert is_open(local(now), OFFICE, closed, AMSTERDAM) is open_now


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-11-25 07:00", date(2026, 11, 25)),
        ("2026-11-25 08:30", date(2026, 11, 26)),
        ("2026-11-25 22:00", date(2026, 11, 26)),
        ("2026-11-27 18:00", date(2026, 11, 30)),
        ("2026-11-28 07:00", date(2026, 11, 30)),
        ("2026-12-24 18:00", date(2026, 12, 28)),
        ("2026-12-25 07:00", date(2026, 12, 28)),
    ],
)
def test_the_office_opens_today_only_when_it_still_has_to(now: str, day: date) -> None:
    closed = frozenset({date(2026, 12, 25)})
    assert next_opening_day(local(now), OFFICE, closed, AMSTERDAM) == day
