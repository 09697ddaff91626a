"""Working days: weekends, the Dutch public holidays, the office's own closed days."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.localtime import Hours, is_working_day
from bot.domain.workdays import (
    ClosedDays,
    add_working_days,
    on_or_after,
    on_or_before,
    working_days_after,
    working_time,
)

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
OFFICE = Hours(time(8, 30), time(17))
DUTCH = ClosedDays()
DAY = timedelta(days=1)


def day(text: str) -> date:
    return date.fromisoformat(text)


def local(text: str) -> datetime:
    """Read "YYYY-MM-DD HH:MM" as the clock on the wall in the Netherlands."""
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM).astimezone(UTC)


@pytest.mark.parametrize(
    "when",
    [
        pytest.param("2027-01-01", id="new year"),
        pytest.param("2026-04-03", id="Good Friday 2026"),
        pytest.param("2027-03-26", id="Good Friday 2027"),
        pytest.param("2027-03-29", id="Easter Monday, the day after the clock change"),
        pytest.param("2027-04-27", id="King's Day"),
        pytest.param("2026-04-27", id="King's Day 2026"),
        pytest.param("2025-04-26", id="King's Day a day early, on a Saturday, when 27 is Sunday"),
        pytest.param("2027-05-06", id="Ascension Day"),
        pytest.param("2027-05-17", id="Whit Monday"),
        pytest.param("2026-12-25", id="Christmas"),
        pytest.param("2026-12-26", id="second day of Christmas"),
    ],
)
def test_the_office_is_closed_on_the_dutch_public_holidays(when: str) -> None:
    assert day(when) in DUTCH
    assert day(when) not in ClosedDays(public=False)


@pytest.mark.parametrize(
    "when",
    [
        pytest.param("2026-12-24", id="the day before Christmas"),
        pytest.param("2027-05-05", id="Liberation Day outside its lustrum"),
        pytest.param("2025-04-28", id="the Monday after a Sunday 27 April"),
        pytest.param("2027-12-27", id="the Monday after a weekend of Christmas"),
        pytest.param("2027-03-25", id="the Thursday before Easter"),
        pytest.param("2026-10-26", id="the Monday after the autumn change"),
    ],
)
def test_days_that_only_look_like_holidays_are_worked(when: str) -> None:
    assert is_working_day(day(when), DUTCH)


def test_the_offices_own_closed_days_are_added_to_the_holidays() -> None:
    bridge = ClosedDays(own=frozenset({day("2027-05-07")}))
    assert day("2027-05-07") in bridge
    assert day("2027-05-06") in bridge
    assert day("2027-05-07") not in DUTCH
    only_own = ClosedDays(own=frozenset({day("2027-05-07")}), public=False)
    assert day("2027-05-07") in only_own
    assert day("2027-05-06") not in only_own


def test_what_is_no_day_is_never_a_closed_day() -> None:
    assert "2026-12-25" not in DUTCH


@pytest.mark.parametrize(
    ("start", "before", "after"),
    [
        pytest.param("2027-03-24", "2027-03-24", "2027-03-24", id="a working day is itself"),
        pytest.param("2027-01-16", "2027-01-15", "2027-01-18", id="a Saturday"),
        pytest.param("2027-01-17", "2027-01-15", "2027-01-18", id="a Sunday"),
        pytest.param("2027-03-26", "2027-03-25", "2027-03-30", id="Good Friday to Easter Monday"),
        pytest.param("2027-03-28", "2027-03-25", "2027-03-30", id="the spring change, Easter"),
        pytest.param("2026-10-25", "2026-10-23", "2026-10-26", id="the autumn change of 2026"),
        pytest.param("2027-10-31", "2027-10-29", "2027-11-01", id="the autumn change of 2027"),
        pytest.param("2026-12-25", "2026-12-24", "2026-12-28", id="Christmas before a weekend"),
        pytest.param("2027-01-01", "2026-12-31", "2027-01-04", id="new year on a Friday"),
    ],
)
def test_a_closed_day_gives_way_to_the_working_day_beside_it(
    start: str, before: str, after: str
) -> None:
    assert on_or_before(day(start), DUTCH) == day(before)
    assert on_or_after(day(start), DUTCH) == day(after)


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        pytest.param("2027-01-11", 0, "2027-01-11", id="none from a working day"),
        pytest.param("2027-01-16", 0, "2027-01-16", id="none from a Saturday stays there"),
        pytest.param("2027-01-11", 5, "2027-01-18", id="a week"),
        pytest.param("2027-01-16", 1, "2027-01-18", id="one from a Saturday is Monday"),
        pytest.param("2027-01-18", -1, "2027-01-15", id="one back from a Monday is Friday"),
        pytest.param("2027-01-17", -1, "2027-01-15", id="one back from a Sunday is Friday"),
        pytest.param("2027-03-25", 1, "2027-03-30", id="across Easter and the spring change"),
        pytest.param("2027-03-30", -1, "2027-03-25", id="and back"),
        pytest.param("2026-10-23", 1, "2026-10-26", id="across the autumn change of 2026"),
        pytest.param("2027-11-01", -1, "2027-10-29", id="back across the autumn change of 2027"),
        pytest.param("2026-12-23", 5, "2026-12-31", id="across Christmas"),
        pytest.param("2026-12-31", 5, "2027-01-08", id="across new year"),
        pytest.param("2027-04-26", 7, "2027-05-07", id="King's Day and Ascension Day"),
        pytest.param("2027-04-26", 10, "2027-05-12", id="ten for somebody new in spring"),
    ],
)
def test_working_days_are_counted_without_weekends_and_holidays(
    start: str, count: int, end: str
) -> None:
    assert add_working_days(day(start), count, DUTCH) == day(end)


@pytest.mark.parametrize(
    ("start", "end", "count"),
    [
        ("2027-01-11", "2027-01-11", 0),
        ("2027-01-11", "2027-01-12", 1),
        ("2027-01-15", "2027-01-17", 0),
        ("2027-01-15", "2027-01-18", 1),
        ("2027-03-25", "2027-03-30", 1),
        ("2026-12-24", "2027-01-04", 5),
        ("2027-01-12", "2027-01-11", 0),
    ],
)
def test_working_days_between_leave_out_the_first_and_take_in_the_last(
    start: str, end: str, count: int
) -> None:
    assert working_days_after(day(start), day(end), DUTCH) == count


DAYS = st.dates(date(2026, 1, 1), date(2029, 12, 31))
CLOSED = st.builds(ClosedDays, own=st.frozensets(DAYS, max_size=30), public=st.booleans())


@given(start=DAYS, count=st.integers(-40, 40), closed=CLOSED)
def test_counting_ends_on_a_working_day_and_counts_each_day_on_the_way(
    start: date, count: int, closed: ClosedDays
) -> None:
    end = add_working_days(start, count, closed)
    if count == 0:
        assert end == start
        return
    assert is_working_day(end, closed)
    if count > 0:
        assert working_days_after(start, end, closed) == count
    else:
        assert working_days_after(end - DAY, start - DAY, closed) == -count


@given(start=DAYS, closed=CLOSED)
def test_no_working_day_is_passed_over_on_the_way_to_the_nearest(
    start: date, closed: ClosedDays
) -> None:
    before, after = on_or_before(start, closed), on_or_after(start, closed)
    assert before <= start <= after
    assert is_working_day(before, closed)
    assert is_working_day(after, closed)
    assert working_days_after(before, after - DAY, closed) == 0


@pytest.mark.parametrize(
    ("start", "end", "open_for"),
    [
        pytest.param("2027-01-11 09:00", "2027-01-11 10:30", 1.5, id="within a day"),
        pytest.param("2027-01-11 16:00", "2027-01-12 09:30", 2, id="overnight"),
        pytest.param("2027-01-11 18:00", "2027-01-12 08:00", 0, id="a night"),
        pytest.param("2027-01-11 00:00", "2027-01-12 00:00", 8.5, id="a whole day"),
        pytest.param("2027-01-15 16:00", "2027-01-18 09:30", 2, id="a weekend"),
        pytest.param("2027-01-16 10:00", "2027-01-17 16:00", 0, id="inside a weekend"),
        pytest.param("2027-01-16 10:00", "2027-01-18 09:00", 0.5, id="from within a weekend"),
        pytest.param("2027-03-25 16:00", "2027-03-30 09:30", 2, id="Easter, the spring change"),
        pytest.param("2026-10-23 16:00", "2026-10-26 09:30", 2, id="the autumn change of 2026"),
        pytest.param("2027-10-29 16:00", "2027-11-01 09:30", 2, id="the autumn change of 2027"),
        pytest.param("2027-04-26 16:00", "2027-04-28 09:30", 2, id="King's Day"),
        pytest.param("2026-12-24 16:00", "2026-12-28 09:30", 2, id="Christmas"),
        pytest.param("2027-01-11 12:00", "2027-01-11 11:00", 0, id="backwards"),
    ],
)
def test_an_age_is_counted_in_the_hours_that_the_office_was_open(
    start: str, end: str, open_for: float
) -> None:
    age = working_time(local(start), local(end), OFFICE, DUTCH, AMSTERDAM)
    assert age == timedelta(hours=open_for)
