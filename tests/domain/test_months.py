"""Calendar months: their length, counting in them without drift, days within them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.months import Month, add_months, days_within

DAYS = st.dates(date(2000, 1, 1), date(2060, 12, 31))
MONTHS = st.builds(Month, st.integers(2000, 2060), st.integers(1, 12))
DAY = timedelta(days=1)


def day(text: str) -> date:
    return date.fromisoformat(text)


def test_a_month_is_written_and_read_as_year_and_number() -> None:
    assert str(Month(2026, 11)) == "2026-11"
    assert str(Month(2027, 3)) == "2027-03"
    assert Month.parse("2027-03") == Month(2027, 3)


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "2026-1", "202611", "", "november", "2026-11-01"]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"month|Invalid|day"):
        Month.parse(text)


def test_months_stand_in_the_order_of_time() -> None:
    assert Month(2026, 12) < Month(2027, 1) < Month(2027, 2)


@pytest.mark.parametrize(
    ("month", "length"),
    [
        ("2027-01", 31),
        ("2027-02", 28),
        ("2028-02", 29),
        ("2000-02", 29),
        ("2100-02", 28),
        ("2027-04", 30),
        ("2027-12", 31),
    ],
)
def test_a_month_has_its_own_length(month: str, length: int) -> None:
    asked = Month.parse(month)
    assert asked.length == length
    assert asked.first == day(f"{month}-01")
    assert asked.last == day(f"{month}-{length}")
    assert asked.last + DAY == asked.plus(1).first


@pytest.mark.parametrize(
    ("month", "number", "found"),
    [
        ("2027-02", 31, "2027-02-28"),
        ("2028-02", 30, "2028-02-29"),
        ("2027-04", 31, "2027-04-30"),
        ("2027-04", 30, "2027-04-30"),
        ("2027-05", 31, "2027-05-31"),
        ("2027-05", 1, "2027-05-01"),
    ],
)
def test_a_day_that_the_month_lacks_becomes_its_last(month: str, number: int, found: str) -> None:
    assert Month.parse(month).day(number) == day(found)


@pytest.mark.parametrize(
    ("start", "count", "found"),
    [
        ("2026-12-31", 1, "2027-01-31"),
        ("2027-01-31", 1, "2027-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2027-01-31", 2, "2027-03-31"),
        ("2026-11-30", 3, "2027-02-28"),
        ("2026-11-30", 6, "2027-05-30"),
        ("2026-11-30", 9, "2027-08-30"),
        ("2026-11-30", 12, "2027-11-30"),
        ("2027-03-31", -1, "2027-02-28"),
        ("2027-01-15", -1, "2026-12-15"),
        ("2027-01-15", -13, "2025-12-15"),
        ("2027-01-15", 0, "2027-01-15"),
    ],
)
def test_so_many_months_later_is_clipped_and_counted_from_the_original_start(
    start: str, count: int, found: str
) -> None:
    assert add_months(day(start), count) == day(found)


@given(start=DAYS, count=st.integers(-30, 30))
def test_counting_in_months_keeps_the_day_or_takes_the_months_last(
    start: date, count: int
) -> None:
    found = add_months(start, count)
    assert Month.of(found) == Month.of(start).plus(count)
    assert found.day == start.day or (found.day < start.day and found == Month.of(found).last)


@given(month=MONTHS, one=st.integers(-40, 40), two=st.integers(-40, 40))
def test_months_are_counted_as_numbers_are(month: Month, one: int, two: int) -> None:
    assert month.plus(one).plus(two) == month.plus(one + two)
    assert month.plus(one).plus(-one) == month
    assert (month.plus(one) > month) is (one > 0)


@given(month=MONTHS, when=DAYS)
def test_a_day_lies_in_its_own_month_only(month: Month, when: date) -> None:
    assert when in Month.of(when)
    assert (when in month) is (month.first <= when <= month.last)


@pytest.mark.parametrize(
    ("first", "end", "count"),
    [
        pytest.param("2027-01-01", None, 28, id="all of it"),
        pytest.param("2027-02-01", "2027-03-01", 28, id="exactly it"),
        pytest.param("2027-02-14", None, 15, id="the last fifteen days"),
        pytest.param("2027-02-15", None, 14, id="the last fourteen days"),
        pytest.param("2026-12-01", "2027-02-16", 15, id="the first fifteen days"),
        pytest.param("2027-02-10", "2027-02-10", 0, id="no day at all"),
        pytest.param("2027-02-10", "2027-02-11", 1, id="a day"),
        pytest.param("2027-03-01", None, 0, id="after it"),
        pytest.param("2026-12-01", "2027-02-01", 0, id="before it"),
        pytest.param("2027-02-28", None, 1, id="the last day"),
    ],
)
def test_the_end_of_a_span_is_the_first_day_that_is_not_in_it(
    first: str, end: str | None, count: int
) -> None:
    stop = None if end is None else day(end)
    assert days_within(day(first), stop, Month(2027, 2)) == count


@given(first=DAYS, length=st.integers(0, 90), month=MONTHS)
def test_days_within_a_month_are_counted_one_by_one(
    first: date, length: int, month: Month
) -> None:
    days = [first + timedelta(days=n) for n in range(length)]
    end = first + timedelta(days=length)
    for asked in (month, Month.of(first), Month.of(end)):
        assert days_within(first, end, asked) == sum(one in asked for one in days)
