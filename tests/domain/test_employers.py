"""The month of a company: when a contact is due, by which day, and who hears that it is not held.

Each sentence of the rule has its table: what is due, what counts, placements that begin late,
and the ladder.
"""

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.employers import EMPLOYER_ROLES, assess_employer
from bot.domain.ladder import HEARS, Hears, Rung, reached_with_employer
from bot.domain.months import Month
from bot.domain.people import Role
from bot.domain.periods import Exclusion, Period, PeriodState
from bot.domain.workdays import ClosedDays

DUTCH = ClosedDays()
NOVEMBER = Month(2026, 11)
MID_NOVEMBER = date(2026, 11, 12)

Span = tuple[date, date | None]


def day(text: str) -> date:
    return date.fromisoformat(text)


def span(text: str) -> Span:
    """Read "2026-11-01..2026-11-30"; an empty end goes on."""
    first, _, last = text.partition("..")
    return day(first), day(last) if last else None


def assess(
    spans: str, *contacts: str, month: Month = NOVEMBER, today: date = MID_NOVEMBER
) -> Period:
    return assess_employer(
        [span(each) for each in spans.split()],
        [day(each) for each in contacts],
        month,
        today=today,
        closed=DUTCH,
    )


# --- "per company with an active placement on any day of month M" ----------------------------


@pytest.mark.parametrize(
    ("spans", "is_due"),
    [
        pytest.param("", False, id="nobody was ever placed"),
        pytest.param("2026-09-01..", True, id="goes on"),
        pytest.param("2026-09-01..2027-03-31", True, id="the whole month"),
        pytest.param("2026-09-01..2026-10-31", False, id="ended the day before the month"),
        pytest.param("2026-09-01..2026-11-01", True, id="ended on the first of the month"),
        pytest.param("2026-11-05..2026-11-06", True, id="two days"),
        pytest.param("2026-11-05..2026-11-05", True, id="one day"),
        pytest.param("2026-12-01..", False, id="begins the day after the month"),
        pytest.param("2026-09-01..2026-10-31 2026-12-01..", False, id="one before, one after"),
        pytest.param("2026-09-01..2026-10-31 2026-11-03..", True, id="one of two"),
    ],
)
def test_a_contact_is_due_when_somebody_is_placed_on_any_day_of_the_month(
    spans: str, *, is_due: bool
) -> None:
    period = assess(spans)
    assert (period.state is not PeriodState.EXCLUDED) is is_due
    assert (period.target is not None) is is_due
    assert (period.exclusion is Exclusion.NOT_IN_CARE) is not is_due


# --- "placement started after the 15th: from M+1" --------------------------------------------


@pytest.mark.parametrize(
    ("spans", "month", "is_due"),
    [
        pytest.param("2026-11-15..", "2026-11", True, id="on the fifteenth"),
        pytest.param("2026-11-16..", "2026-11", False, id="on the sixteenth"),
        pytest.param("2026-11-16..", "2026-12", True, id="and the month after"),
        pytest.param("2026-11-30..", "2026-11", False, id="on the last day"),
        pytest.param("2026-11-30..", "2026-12", True, id="and the month after that"),
        pytest.param("2025-11-16..", "2026-11", True, id="on the sixteenth a year ago"),
        pytest.param("2026-10-31..", "2026-11", True, id="late in the month before"),
        pytest.param("2026-11-16..2026-11-27", "2026-11", False, id="began and ended after it"),
        pytest.param("2026-11-16..2026-11-27", "2026-12", False, id="and was never due"),
        pytest.param("2026-11-16.. 2026-09-01..", "2026-11", True, id="beside an older one"),
        pytest.param("2026-11-16.. 2026-11-20..", "2026-11", False, id="both late"),
    ],
)
def test_a_placement_that_began_after_the_fifteenth_counts_from_the_next_month(
    spans: str, month: str, *, is_due: bool
) -> None:
    period = assess(spans, month=Month.parse(month))
    assert (period.state is not PeriodState.EXCLUDED) is is_due


# --- "at least one contact in M" -------------------------------------------------------------


@pytest.mark.parametrize(
    ("contacts", "satisfied_on"),
    [
        pytest.param([], None, id="none"),
        pytest.param(["2026-11-01"], "2026-11-01", id="the first day"),
        pytest.param(["2026-11-30"], "2026-11-30", id="the last day, late"),
        pytest.param(["2026-10-31"], None, id="the last day of the month before"),
        pytest.param(["2026-12-01"], None, id="the first day of the month after"),
        pytest.param(["2026-11-20", "2026-11-10"], "2026-11-10", id="two; the first one counts"),
        pytest.param(["2025-11-10"], None, id="a year ago"),
    ],
)
def test_one_contact_in_the_month_is_enough(contacts: list[str], satisfied_on: str | None) -> None:
    period = assess("2026-09-01.. 2026-10-01..", *contacts, today=date(2026, 12, 2))
    if satisfied_on is None:
        assert (period.state, period.satisfied_on) == (PeriodState.MISSED, None)
    else:
        assert (period.state, period.satisfied_on) == (PeriodState.MET, day(satisfied_on))


def test_a_contact_that_is_still_to_come_does_not_count() -> None:
    period = assess("2026-09-01..", "2026-11-13", today=date(2026, 11, 12))
    assert period.state is PeriodState.OPEN


def test_a_contact_without_a_placement_leaves_the_month_out() -> None:
    assert assess("", "2026-11-10").state is PeriodState.EXCLUDED


def test_account_managers_and_the_two_kinds_of_job_coach_may_hold_it() -> None:
    assert set(EMPLOYER_ROLES) == {
        Role.ACCOUNT_MANAGER,
        Role.JOB_COACH,
        Role.JOB_LANGUAGE_COACH,
    }


@pytest.mark.parametrize(
    ("today", "state"),
    [
        ("2026-11-01", PeriodState.OPEN),
        ("2026-11-13", PeriodState.OPEN),
        ("2026-11-14", PeriodState.ALMOST_LATE),
        ("2026-11-30", PeriodState.ALMOST_LATE),
        ("2026-12-01", PeriodState.MISSED),
    ],
)
def test_a_month_is_late_after_its_target_and_missed_after_its_end(
    today: str, state: PeriodState
) -> None:
    assert assess("2026-09-01..", today=day(today)).state is state


@pytest.mark.parametrize(
    ("month", "target"),
    [
        pytest.param("2026-09", "2026-09-15", id="a Tuesday"),
        pytest.param("2026-11", "2026-11-13", id="the Friday before a Sunday"),
        pytest.param("2027-05", "2027-05-14", id="the Friday before a Saturday"),
        pytest.param("2033-04", "2033-04-14", id="the Thursday before Good Friday"),
    ],
)
def test_it_is_due_halfway_the_month_on_a_working_day(month: str, target: str) -> None:
    period = assess("2026-01-01..", month=Month.parse(month))
    assert period.target == day(target)


# --- "the same ladder: -5, 0, +3, +5" --------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "rungs"),
    [
        pytest.param("2026-11-05", (), id="six working days before"),
        pytest.param("2026-11-06", (Rung.PLAN,), id="five working days before"),
        pytest.param("2026-11-12", (Rung.PLAN,), id="the day before"),
        pytest.param("2026-11-13", (Rung.DUE,), id="the target"),
        pytest.param("2026-11-17", (Rung.DUE,), id="two working days after"),
        pytest.param("2026-11-18", (Rung.OVERDUE,), id="three"),
        pytest.param("2026-11-19", (Rung.OVERDUE,), id="four"),
        pytest.param("2026-11-20", (Rung.ESCALATED,), id="five"),
        pytest.param("2026-11-25", (Rung.ESCALATED,), id="the fourth last working day"),
        pytest.param("2026-11-26", (Rung.ESCALATED, Rung.MONTH_END), id="the third last"),
        pytest.param("2027-05-07", (Rung.PLAN,), id="five before, with Ascension Day earlier"),
        pytest.param("2027-05-19", (Rung.DUE,), id="two after, with Whit Monday between"),
        pytest.param("2027-05-20", (Rung.OVERDUE,), id="three after, with Whit Monday between"),
        pytest.param("2027-05-24", (Rung.ESCALATED,), id="five after, with Whit Monday between"),
    ],
)
def test_each_rung_comes_on_its_working_day(today: str, rungs: tuple[Rung, ...]) -> None:
    period = assess("2026-01-01..", month=Month.of(day(today)), today=day(today))
    assert reached_with_employer(period, day(today), DUTCH) == rungs


def test_nobody_hears_of_a_month_that_is_met_or_not_due() -> None:
    for period in (assess("2026-01-01..", "2026-11-02"), assess("")):
        assert reached_with_employer(period, date(2026, 11, 27), DUTCH) == ()


def test_a_late_company_is_told_to_the_deputy_then_to_the_coordinators() -> None:
    assert HEARS[Rung.OVERDUE] == (Hears.OWNER, Hears.BACKUP)
    assert HEARS[Rung.ESCALATED] == (Hears.COORDINATORS,)


# --- any history -----------------------------------------------------------------------------

DAYS = st.dates(date(2026, 9, 1), date(2027, 2, 28))
SPANS = st.lists(
    st.tuples(DAYS, st.one_of(st.none(), st.integers(0, 120))).map(
        lambda drawn: (
            drawn[0],
            None if drawn[1] is None else drawn[0] + timedelta(days=drawn[1]),
        )
    ),
    max_size=4,
)


@given(spans=SPANS, contacts=st.lists(DAYS, max_size=6), month_of=DAYS, today=DAYS)
@example(
    spans=[(date(2026, 11, 16), None)], contacts=[], month_of=MID_NOVEMBER, today=MID_NOVEMBER
)
def test_a_recount_day_by_day_comes_to_the_same(
    spans: list[Span], contacts: list[date], month_of: date, today: date
) -> None:
    month = Month.of(month_of)
    days = [month.first + timedelta(days=number) for number in range(month.length)]
    due = False
    for first, last in spans:
        late_start = (first.year, first.month) == (month.year, month.number) and first.day >= 16
        there = [each for each in days if first <= each and (last is None or each <= last)]
        due = due or (bool(there) and not late_start)
    held = sorted(each for each in days if each in contacts and each <= today)

    period = assess_employer(spans, contacts, month, today=today, closed=DUTCH)

    if not due:
        assert period.state is PeriodState.EXCLUDED
    elif held:
        assert (period.state, period.satisfied_on) == (PeriodState.MET, held[0])
    elif today > days[-1]:
        assert period.state is PeriodState.MISSED
    else:
        assert period.is_waiting
        assert period.target is not None
        assert period.target in days
