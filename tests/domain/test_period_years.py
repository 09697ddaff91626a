"""What holds of every client-month in random years of statuses, talks, holds and no-shows."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.ladder import check_in_is_due, prompts_begin, reached
from bot.domain.localtime import is_working_day
from bot.domain.months import Month
from bot.domain.people import ClientStatus
from bot.domain.periods import (
    ContactRules,
    History,
    Meeting,
    Period,
    PeriodState,
    Rule,
    StatusSpan,
    assess,
    target_of,
)
from bot.domain.workdays import ClosedDays, on_or_after

OPEN, PLANNED, LATE = PeriodState.OPEN, PeriodState.PLANNED, PeriodState.ALMOST_LATE
MET, MISSED, EXCLUDED = PeriodState.MET, PeriodState.MISSED, PeriodState.EXCLUDED
WAITING = {OPEN, PLANNED, LATE}
IN_CARE = {ClientStatus.INVITED, ClientStatus.ACTIVE}
DAY = timedelta(days=1)
BEGIN = date(2026, 9, 1)
LENGTH = 550  # both clock changes of two years, and a February

DAYS = st.integers(0, LENGTH).map(lambda n: BEGIN + n * DAY)
MONTHS = st.integers(0, 18).map(Month.of(BEGIN).plus)
CLOSED = st.builds(ClosedDays, own=st.frozensets(DAYS, max_size=8))
RULES = st.builds(
    ContactRules,
    rule=st.sampled_from(Rule),
    min_active_days=st.sampled_from([1, 10, 15, 28]),
    first_working_days=st.sampled_from([1, 5, 10, 20]),
)


@st.composite
def spans(draw: st.DrawFn) -> list[StatusSpan]:
    """Draw one status after another without a gap; the last one may last on."""
    first = draw(DAYS)
    found: list[StatusSpan] = []
    lengths = st.lists(st.integers(1, 150), min_size=1, max_size=6)
    for length in draw(lengths):
        status = draw(
            st.sampled_from([s for s in ClientStatus if not found or s != found[-1].status])
        )
        found.append(StatusSpan(status, first, first + length * DAY))
        first += length * DAY
    if draw(st.booleans()):
        found[-1] = replace(found[-1], end_day=None)
    return found


@st.composite
def histories(draw: st.DrawFn) -> History:
    talks = sorted(draw(st.sets(DAYS, max_size=20)))
    meetings = draw(st.lists(st.builds(Meeting, DAYS, st.booleans()), max_size=8))
    return History(draw(spans()), talks[0] if talks else None, talks, meetings)


@given(history=histories(), month=MONTHS, rules=RULES, closed=CLOSED)
def test_each_client_month_has_one_state_on_each_day_and_what_belongs_to_it(
    history: History, month: Month, rules: ContactRules, closed: ClosedDays
) -> None:
    before: Period | None = None
    for n in range(-20, month.length + 20):
        today = month.first + n * DAY
        period = assess(history, month, today=today, rules=rules, closed=closed)
        assert period == assess(history, month, today=today, rules=rules, closed=closed)
        assert (period.state is EXCLUDED) is (period.exclusion is not None)
        assert (period.state is EXCLUDED) is (period.target is None)
        assert (period.state is MET) is (period.satisfied_on is not None)
        if period.satisfied_on is not None:
            assert period.satisfied_on in month
            assert period.satisfied_on in history.contacts
            assert period.satisfied_on <= today
        if today > month.last:
            assert period.state in {MET, MISSED, EXCLUDED}
        elif period.state is LATE:
            assert period.target is not None
            assert today > period.target
        else:
            assert period.state is not MISSED
        if before is not None and before.state in {MET, MISSED, EXCLUDED}:
            assert period == before, "a month that ended would begin again"
        before = period


@given(history=histories(), month=MONTHS, today=DAYS, rules=RULES, closed=CLOSED)
def test_a_month_is_excluded_exactly_when_its_active_days_are_too_few(
    history: History, month: Month, today: date, rules: ContactRules, closed: ClosedDays
) -> None:
    active = sum(
        any(
            span.first_day <= month.first + n * DAY < (span.end_day or date.max)
            for span in history.spans
            if span.status in IN_CARE
        )
        for n in range(month.length)
    )
    period = assess(history, month, today=today, rules=rules, closed=closed)
    assert period.active_days == active
    assert (period.state is EXCLUDED) is (active < rules.min_active_days)


@given(history=histories(), month=MONTHS, rules=RULES, closed=CLOSED)
def test_the_target_is_a_day_of_its_month_and_under_the_calendar_rule_a_working_day(
    history: History, month: Month, rules: ContactRules, closed: ClosedDays
) -> None:
    target = target_of(history, month, rules=rules, closed=closed)
    assert target in month
    if rules.rule is Rule.CALENDAR:
        assert is_working_day(target, closed)


@given(history=histories(), month=MONTHS, rules=RULES, closed=CLOSED)
def test_after_a_first_talk_no_target_comes_within_14_days_of_the_last(
    history: History, month: Month, rules: ContactRules, closed: ClosedDays
) -> None:
    earlier = [talk for talk in history.contacts if talk < month.first]
    target = target_of(history, month, rules=rules, closed=closed)
    if earlier:
        assert (target - earlier[-1]).days >= rules.min_gap_days


@given(
    first=DAYS,
    more=st.sets(DAYS, max_size=25),
    month=MONTHS,
    came=st.integers(0, 60),
    closed=CLOSED,
)
def test_the_anchor_does_not_drift(
    first: date, more: set[date], month: Month, came: int, closed: ClosedDays
) -> None:
    """Early and late talks in other months never move a target that is far enough after them."""
    care = [StatusSpan(ClientStatus.ACTIVE, first - came * DAY, None)]
    talks = sorted({first} | {talk for talk in more if talk > first and talk not in month})
    alone = History(care, first, [first])
    plain = target_of(alone, month, rules=ContactRules(), closed=closed)
    found = target_of(History(care, first, talks), month, rules=ContactRules(), closed=closed)
    latest = max((talk for talk in talks if talk < month.first), default=None)
    if latest is None or on_or_after(latest + 14 * DAY, closed) <= plain:
        assert found == plain
    else:
        assert found == on_or_after(latest + 14 * DAY, closed)


@given(history=histories(), today=DAYS, back=st.integers(0, 18), rules=RULES, closed=CLOSED)
def test_what_is_known_today_does_not_depend_on_talks_after_today(
    history: History, today: date, back: int, rules: ContactRules, closed: ClosedDays
) -> None:
    month = Month.of(today).plus(-back)
    known = [talk for talk in history.contacts if talk <= today]
    until_now = replace(history, first_contact=known[0] if known else None, contacts=known)
    found = [
        assess(asked, month, today=today, rules=rules, closed=closed)
        for asked in (history, until_now)
    ]
    assert found[0] == found[1]


def test_nor_does_the_target_of_the_next_month() -> None:
    care = [StatusSpan(ClientStatus.ACTIVE, date(2026, 6, 1), None)]
    talks = [date(2026, 11, 5), date(2027, 1, 29)]
    known = History(care, talks[0], talks[:1])
    found = [
        assess(asked, Month(2027, 2), today=date(2027, 1, 20), rules=ContactRules(), closed=())
        for asked in (History(care, talks[0], talks), known)
    ]
    assert found[0] == found[1]


@given(history=histories(), today=DAYS, step=st.integers(-2, 1), rules=RULES, closed=CLOSED)
def test_nobody_is_prompted_of_a_month_that_is_met_planned_or_not_due(
    history: History, today: date, step: int, rules: ContactRules, closed: ClosedDays
) -> None:
    period = assess(history, Month.of(today).plus(step), today=today, rules=rules, closed=closed)
    rungs = reached(period, today, closed)
    if period.state in {MET, PLANNED, EXCLUDED}:
        assert rungs == ()
        assert not check_in_is_due(period, today, closed)
    if rungs and period.state in WAITING:
        begin = prompts_begin(period, closed)
        assert begin is not None
        assert begin <= today or today > period.month.last - 15 * DAY


@given(history=histories(), today=DAYS, rules=RULES, closed=CLOSED)
def test_who_holds_a_talk_today_meets_a_month_that_is_due_whatever_stood_in_the_way(
    history: History, today: date, rules: ContactRules, closed: ClosedDays
) -> None:
    month = Month.of(today)
    talks = sorted({*history.contacts, today})
    spoken = replace(history, first_contact=talks[0], contacts=talks)
    state = assess(spoken, month, today=today, rules=rules, closed=closed).state
    assert state in {MET, EXCLUDED}
