"""The escalation ladder: who hears on which working day, and who never does.

The quoted sentences are those of the domain report; "reading" marks a choice of ours.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.ladder import (
    HEARS,
    Hears,
    Rung,
    aftercare_days,
    aftercare_due,
    check_in_is_due,
    last_working_days,
    prompts_begin,
    reached,
    reached_with_employer,
)
from bot.domain.localtime import is_working_day
from bot.domain.months import Month
from bot.domain.periods import Exclusion, Period, PeriodState
from bot.domain.workdays import ClosedDays

DUTCH = ClosedDays()
DAY = timedelta(days=1)
OPEN, PLANNED, LATE = PeriodState.OPEN, PeriodState.PLANNED, PeriodState.ALMOST_LATE
MET, MISSED, EXCLUDED = PeriodState.MET, PeriodState.MISSED, PeriodState.EXCLUDED
PLAN, DUE, OVERDUE = Rung.PLAN, Rung.DUE, Rung.OVERDUE
ESCALATED, MONTH_END, REASON = Rung.ESCALATED, Rung.MONTH_END, Rung.REASON


def day(text: str) -> date:
    return date.fromisoformat(text)


def waiting(target: date, today: date, month: Month | None = None) -> Period:
    """Return a client-month without a talk, as it stands on a day."""
    state = LATE if today > target else OPEN
    return Period(month or Month.of(target), state, 28, target)


def climbed(target: str, days: Sequence[str], month: str | None = None) -> list[tuple[Rung, ...]]:
    """Return what is reached on each of these days, as long as nobody speaks with the client."""
    asked = None if month is None else Month.parse(month)
    return [reached(waiting(day(target), day(today), asked), day(today), DUTCH) for today in days]


# It says: "target − 7 coach; target coach; target + 3 coach + backup; target + 5 coordinator", all
# in working days; "last 3 working days of month: coach + coordinator"


@pytest.mark.parametrize(
    ("target", "steps"),
    [
        pytest.param(
            "2027-02-15",
            [
                ("2027-02-03", ()),
                ("2027-02-04", (PLAN,)),
                ("2027-02-12", (PLAN,)),
                ("2027-02-15", (DUE,)),
                ("2027-02-17", (DUE,)),
                ("2027-02-18", (OVERDUE,)),
                ("2027-02-19", (OVERDUE,)),
                ("2027-02-22", (ESCALATED,)),
                ("2027-02-23", (ESCALATED,)),
                ("2027-02-24", (ESCALATED, MONTH_END)),
                ("2027-02-26", (ESCALATED, MONTH_END)),
            ],
            id="a month without holidays",
        ),
        pytest.param(
            "2027-03-25",
            [
                ("2027-03-15", ()),
                ("2027-03-16", (PLAN,)),
                ("2027-03-24", (PLAN,)),
                ("2027-03-25", (DUE, MONTH_END)),
                ("2027-03-31", (DUE, MONTH_END)),
            ],
            id="Good Friday, the spring change and Easter Monday are skipped",
        ),
        pytest.param(
            "2027-04-23",
            [
                ("2027-04-13", ()),
                ("2027-04-14", (PLAN,)),
                ("2027-04-26", (DUE,)),
                ("2027-04-28", (DUE, MONTH_END)),
                ("2027-04-29", (OVERDUE, MONTH_END)),
                ("2027-04-30", (OVERDUE, MONTH_END)),
            ],
            id="King's Day is skipped",
        ),
        pytest.param(
            "2026-12-23",
            [
                ("2026-12-22", (PLAN,)),
                ("2026-12-28", (DUE,)),
                ("2026-12-29", (OVERDUE, MONTH_END)),
                ("2026-12-31", (ESCALATED, MONTH_END)),
            ],
            id="Christmas is skipped",
        ),
        pytest.param(
            "2026-10-22",
            [
                ("2026-10-12", ()),
                ("2026-10-13", (PLAN,)),
                ("2026-10-26", (DUE,)),
                ("2026-10-27", (OVERDUE,)),
                ("2026-10-29", (ESCALATED, MONTH_END)),
            ],
            id="the autumn change of 2026 is an ordinary weekend",
        ),
        pytest.param(
            "2027-10-29",
            [("2027-10-19", ()), ("2027-10-20", (PLAN,)), ("2027-10-29", (DUE, MONTH_END))],
            id="the autumn change of 2027 is an ordinary weekend",
        ),
    ],
)
def test_the_ladder_is_climbed_in_working_days(
    target: str, steps: list[tuple[str, tuple[Rung, ...]]]
) -> None:
    assert climbed(target, [today for today, _ in steps]) == [rungs for _, rungs in steps]


def test_the_offices_own_closed_day_moves_the_rungs_too() -> None:
    bridge = ClosedDays(own=frozenset({day("2027-02-17")}))
    period = waiting(day("2027-02-15"), day("2027-02-18"))
    assert reached(period, day("2027-02-18"), bridge) == (DUE,)
    assert reached(period, day("2027-02-19"), bridge) == (OVERDUE,)


def test_of_an_early_target_the_first_rung_lies_in_the_month_before() -> None:
    assert climbed("2027-03-03", ["2027-02-19", "2027-02-22", "2027-03-02"], "2027-03") == [
        (),
        (PLAN,),
        (PLAN,),
    ]


def test_reading_a_rolling_target_in_a_weekend_is_due_on_the_friday() -> None:
    assert climbed("2027-02-13", ["2027-02-11", "2027-02-12", "2027-02-17"]) == [
        (PLAN,),
        (DUE,),
        (OVERDUE,),
    ]


def test_after_a_silence_only_the_highest_rung_is_reached() -> None:
    assert climbed("2027-02-05", ["2027-02-19"]) == [(ESCALATED,)]


@pytest.mark.parametrize(
    ("month", "first"),
    [
        ("2027-01", "2027-01-27"),
        ("2027-02", "2027-02-24"),
        ("2026-12", "2026-12-29"),
        ("2027-03", "2027-03-25"),
        ("2027-04", "2027-04-28"),
        ("2026-10", "2026-10-28"),
        ("2027-10", "2027-10-27"),
    ],
)
def test_the_last_three_working_days_of_a_month(month: str, first: str) -> None:
    assert last_working_days(Month.parse(month), DUTCH) == day(first)
    days = [day(first) + n * DAY for n in range(31) if day(first) + n * DAY in Month.parse(month)]
    assert sum(is_working_day(one, DUTCH) for one in days) == 3


# It says: "escalation waits" while a talk is planned; nothing is due when it is held or excluded;
# and at month close "missed + mandatory reason code"

DATES = st.dates(date(2026, 6, 1), date(2028, 6, 30))


@given(
    state=st.sampled_from([PLANNED, MET, EXCLUDED]),
    target=DATES,
    today=DATES,
)
def test_nothing_is_reached_while_a_talk_is_planned_held_or_not_due(
    state: PeriodState, target: date, today: date
) -> None:
    period = Period(
        Month.of(target),
        state,
        28,
        None if state is EXCLUDED else target,
        target if state is MET else None,
        Exclusion.ON_HOLD if state is EXCLUDED else None,
    )
    assert reached(period, today, DUTCH) == ()
    assert reached_with_employer(period, today, DUTCH) == ()
    assert not check_in_is_due(period, today, DUTCH)


@given(target=DATES, today=DATES)
def test_of_a_missed_month_only_the_reason_is_asked(target: date, today: date) -> None:
    period = Period(Month.of(target), MISSED, 28, target)
    assert reached(period, today, DUTCH) == (REASON,)


@given(target=DATES, start=st.integers(-20, 20))
def test_the_ladder_is_only_climbed_upwards_and_one_rung_at_a_time(
    target: date, start: int
) -> None:
    order = [PLAN, DUE, OVERDUE, ESCALATED]
    before = -1
    for n in range(start, start + 40):
        today = target + n * DAY
        rungs = reached(waiting(target, today), today, DUTCH)
        steps = [order.index(rung) for rung in rungs if rung in order]
        assert len(steps) <= 1
        assert set(rungs) <= {*order, MONTH_END}
        height = steps[0] if steps else -1
        assert height >= before
        before = height


# Who hears: "coach", "coach + backup", "coordinator/teamleider", "coach + coordinator"


@pytest.mark.parametrize(
    ("rung", "who"),
    [
        pytest.param(PLAN, (Hears.OWNER,), id="target - 7: coach"),
        pytest.param(DUE, (Hears.OWNER,), id="target: coach"),
        pytest.param(OVERDUE, (Hears.OWNER, Hears.BACKUP), id="target + 3: coach and backup"),
        pytest.param(ESCALATED, (Hears.COORDINATORS,), id="target + 5: coordinator"),
        pytest.param(MONTH_END, (Hears.OWNER, Hears.COORDINATORS), id="the last three days"),
        pytest.param(REASON, (Hears.OWNER,), id="month close: the reason"),
    ],
)
def test_each_rung_is_heard_by_those_named(rung: Rung, who: tuple[Hears, ...]) -> None:
    assert HEARS[rung] == who


def test_the_client_never_hears_of_a_rung() -> None:
    assert set(HEARS) == set(Rung)
    assert HEARS[Rung.CHECK_IN] == ()
    assert {str(who) for who in Hears} == {"owner", "backup", "coordinators"}


# It says: "target − 5 (if coach enabled): client, short check-in"


@pytest.mark.parametrize(
    ("target", "today", "due"),
    [
        pytest.param("2027-02-15", "2027-02-05", False, id="six working days before"),
        pytest.param("2027-02-15", "2027-02-08", True, id="five working days before"),
        pytest.param("2027-02-15", "2027-02-12", True, id="the working day before"),
        pytest.param("2027-02-15", "2027-02-15", False, id="reading: from the target her coach"),
        pytest.param("2027-02-15", "2027-02-16", False, id="and later neither"),
        pytest.param("2027-03-30", "2027-03-18", False, id="Easter: six before"),
        pytest.param("2027-03-30", "2027-03-19", True, id="Easter: five before"),
        pytest.param("2027-02-13", "2027-02-05", True, id="a rolling target on a Saturday"),
        pytest.param("2027-02-13", "2027-02-12", False, id="is due on the Friday"),
        pytest.param("2027-03-04", "2027-02-26", False, id="reading: not in the month before"),
        pytest.param("2027-03-04", "2027-03-01", True, id="but from the first of the month"),
    ],
)
def test_the_client_is_asked_from_five_working_days_before_the_target(
    target: str, today: str, *, due: bool
) -> None:
    assert check_in_is_due(waiting(day(target), day(today)), day(today), DUTCH) is due


@pytest.mark.parametrize("state", [PLANNED, MET, MISSED, EXCLUDED, LATE])
def test_the_client_is_asked_only_while_the_month_is_open(state: PeriodState) -> None:
    period = Period(Month(2027, 2), state, 28, day("2027-02-15"))
    assert not check_in_is_due(period, day("2027-02-10"), DUTCH)


@given(target=DATES)
def test_no_prompt_comes_before_the_day_on_which_prompts_begin(target: date) -> None:
    begin = prompts_begin(waiting(target, target), DUTCH)
    assert begin is not None
    if begin >= Month.of(target).first:
        assert MONTH_END not in reached(waiting(target, begin - DAY), begin - DAY, DUTCH)
    for n in range(1, 20):
        today = begin - n * DAY
        assert set(reached(waiting(target, today), today, DUTCH)) <= {MONTH_END}
    assert PLAN in reached(waiting(target, begin), begin, DUTCH)


def test_what_is_not_due_never_prompts() -> None:
    assert prompts_begin(Period(Month(2027, 2), EXCLUDED, 3), DUTCH) is None


# Of companies it says: "Same ladder (−5, 0, +3, +5)"


def test_the_ladder_of_a_company_begins_five_working_days_before() -> None:
    days = ["2027-02-05", "2027-02-08", "2027-02-15", "2027-02-18", "2027-02-22"]
    target = day("2027-02-15")
    found = [
        reached_with_employer(waiting(target, day(today)), day(today), DUTCH) for today in days
    ]
    assert found == [(), (PLAN,), (DUE,), (OVERDUE,), (ESCALATED,)]


# It says: "Nazorg: month 1, 3, 6 after start of work/school"


@pytest.mark.parametrize(
    ("began", "days"),
    [
        ("2027-01-15", ["2027-02-15", "2027-04-15", "2027-07-15"]),
        ("2026-12-31", ["2027-01-31", "2027-03-31", "2027-06-30"]),
        ("2027-01-31", ["2027-02-28", "2027-04-30", "2027-07-31"]),
        ("2026-08-30", ["2026-09-30", "2026-11-30", "2027-02-28"]),
    ],
)
def test_aftercare_comes_in_month_1_3_and_6_after_the_start_of_work(
    began: str, days: list[str]
) -> None:
    assert [str(one) for one in aftercare_days(day(began))] == days


@pytest.mark.parametrize(
    ("last_talk", "today", "due"),
    [
        pytest.param(None, "2027-02-14", None, id="before the first month is over"),
        pytest.param(None, "2027-02-15", "2027-02-15", id="month 1"),
        pytest.param("2027-01-31", "2027-02-15", "2027-02-15", id="spoken with too early"),
        pytest.param("2027-02-01", "2027-02-15", None, id="two weeks early counts"),
        pytest.param("2027-02-20", "2027-03-20", None, id="held late"),
        pytest.param("2027-02-15", "2027-04-15", "2027-04-15", id="month 3"),
        pytest.param("2027-04-01", "2027-07-15", "2027-07-15", id="month 6"),
        pytest.param(None, "2027-07-16", "2027-07-15", id="only the latest, after a silence"),
        pytest.param("2027-07-10", "2028-01-01", None, id="and then no more"),
    ],
)
def test_an_aftercare_talk_is_due_until_it_is_held(
    last_talk: str | None, today: str, due: str | None
) -> None:
    spoken = None if last_talk is None else day(last_talk)
    found = aftercare_due(day("2027-01-15"), spoken, day(today))
    assert (None if found is None else str(found)) == due
