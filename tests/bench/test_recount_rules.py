"""The product's rules and the naive recount agree, month by month, in random lives."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bench import recount_client, recount_days
from bench.recount_client import Known
from bench.recount_days import Office
from bot.domain.ladder import check_in_is_due, reached
from bot.domain.localtime import is_working_day
from bot.domain.months import Month
from bot.domain.people import ClientStatus
from bot.domain.periods import (
    ContactRules,
    History,
    Meeting,
    PeriodState,
    Rule,
    StatusSpan,
    assess,
    freezes_on,
)
from bot.domain.workdays import ClosedDays

BEGIN = date(2026, 9, 1)
DAY = timedelta(days=1)
DAYS = st.integers(0, 500).map(lambda n: BEGIN + n * DAY)
STATES = {
    PeriodState.OPEN: "open",
    PeriodState.ALMOST_LATE: "open",
    PeriodState.PLANNED: "planned",
    PeriodState.MET: "met",
    PeriodState.MISSED: "missed",
    PeriodState.EXCLUDED: "excluded",
}


@st.composite
def lives(draw: st.DrawFn) -> tuple[History, Known]:
    """Draw what happened to somebody, as the product and as the recount know it."""
    first = draw(DAYS)
    changes: list[tuple[date, ClientStatus]] = []
    lengths = st.lists(st.integers(1, 150), min_size=1, max_size=6)
    for length in draw(lengths):
        others = [each for each in ClientStatus if not changes or each != changes[-1][1]]
        changes.append((first, draw(st.sampled_from(others))))
        first += length * DAY
    ends = [day for day, _ in changes[1:]] + [None]
    spans = [
        StatusSpan(status, day, end) for (day, status), end in zip(changes, ends, strict=True)
    ]
    talks = sorted(draw(st.sets(DAYS, max_size=20)))
    meetings = draw(st.lists(st.tuples(DAYS, st.booleans()), max_size=8))
    history = History(
        spans,
        talks[0] if talks else None,
        talks,
        [Meeting(day, missed=missed) for day, missed in meetings],
    )
    statuses = tuple((day, str(status)) for day, status in changes)
    return history, Known(statuses, tuple(talks), tuple(sorted(meetings)))


@st.composite
def offices(draw: st.DrawFn) -> tuple[Office, ContactRules, ClosedDays]:
    """Draw how an organisation works, in the words of both."""
    own = draw(st.frozensets(DAYS, max_size=8))
    rolling = draw(st.booleans())
    least, first_days = draw(st.sampled_from([1, 10, 15, 28])), draw(st.sampled_from([1, 10, 20]))
    freeze = draw(st.sampled_from([1, 5, 15]))
    office = Office(
        rolling=rolling,
        min_active_days=least,
        first_working_days=first_days,
        freeze_working_day=freeze,
        closed=own,
    )
    rules = ContactRules(
        rule=Rule.ROLLING if rolling else Rule.CALENDAR,
        min_active_days=least,
        first_working_days=first_days,
        freeze_working_day=freeze,
    )
    return office, rules, ClosedDays(own)


@settings(max_examples=150, deadline=None)
@given(life=lives(), both=offices(), today=DAYS, step=st.integers(-2, 1))
def test_both_find_the_same_month_on_every_day(
    life: tuple[History, Known],
    both: tuple[Office, ContactRules, ClosedDays],
    today: date,
    step: int,
) -> None:
    (history, known), (office, rules, closed) = life, both
    month = Month.of(today).plus(step)
    known = replace(known, talks=tuple(talk for talk in known.talks if talk <= today))
    theirs = (month.year, month.number)
    period = assess(history, month, today=today, rules=rules, closed=closed)
    state, held = recount_client.state(known, theirs, today, office)
    assert (STATES[period.state], period.satisfied_on) == (state, held)
    assert period.active_days == recount_client.active_days(known, theirs)
    assert period.exclusion == recount_client.exclusion(known, theirs, office)
    assert str(month) == recount_days.written(theirs)
    assert office.freeze_of(theirs).date() == freezes_on(month, rules=rules, closed=closed)
    assert office.works(today) is is_working_day(today, closed)
    if period.target is not None:
        assert period.target == recount_client.target(known, theirs, office)
        if office.works(today):
            found = {str(rung) for rung in reached(period, today, closed)}
            assert found == set(recount_client.rungs(known, theirs, today, office))
            asked = recount_client.is_asked(known, theirs, today, office)
            assert check_in_is_due(period, today, closed) is asked
