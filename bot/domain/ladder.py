"""Who hears on which working day that somebody must still be spoken with; never the client."""

from collections.abc import Container, Mapping
from datetime import date, timedelta
from enum import StrEnum

from bot.domain.months import Month, add_months
from bot.domain.periods import Period, PeriodState
from bot.domain.workdays import add_working_days, on_or_before


class Rung(StrEnum):
    """A step of the ladder; each is said at most once of one duty."""

    PLAN = "plan"
    CHECK_IN = "check_in"
    """A short, friendly question to the client herself, where her coach wants it."""
    DUE = "due"
    OVERDUE = "overdue"
    ESCALATED = "escalated"
    MONTH_END = "month_end"
    REASON = "reason"
    """The month was missed: the coach says why."""


class Hears(StrEnum):
    """Who is told of a rung."""

    OWNER = "owner"
    BACKUP = "backup"
    COORDINATORS = "coordinators"


HEARS: Mapping[Rung, tuple[Hears, ...]] = {
    Rung.PLAN: (Hears.OWNER,),
    Rung.CHECK_IN: (),
    Rung.DUE: (Hears.OWNER,),
    Rung.OVERDUE: (Hears.OWNER, Hears.BACKUP),
    Rung.ESCALATED: (Hears.COORDINATORS,),
    Rung.MONTH_END: (Hears.OWNER, Hears.COORDINATORS),
    Rung.REASON: (Hears.OWNER,),
}
"""Who is told of each rung."""

_CLIENT_STEPS = {Rung.PLAN: -7, Rung.DUE: 0, Rung.OVERDUE: 3, Rung.ESCALATED: 5}
_EMPLOYER_STEPS = {Rung.PLAN: -5, Rung.DUE: 0, Rung.OVERDUE: 3, Rung.ESCALATED: 5}
_CHECK_IN_STEP = -5
_LAST_WORKING_DAYS = 3


def reached(period: Period, today: date, closed: Container[date]) -> tuple[Rung, ...]:
    """Return which rungs a client-month has reached on a day, one of each track.

    Of the steps around the target only the highest counts: after a silence nobody is told in one
    breath that it is to be planned, is due and is late. Nothing is reached while a talk is
    planned, held or not due.
    """
    return _reached(period, today, closed, _CLIENT_STEPS)


def reached_with_employer(
    period: Period, today: date, closed: Container[date]
) -> tuple[Rung, ...]:
    """Return the same for the month of a company; its ladder begins later."""
    return _reached(period, today, closed, _EMPLOYER_STEPS)


def _reached(
    period: Period, today: date, closed: Container[date], steps: Mapping[Rung, int]
) -> tuple[Rung, ...]:
    if period.state is PeriodState.MISSED:
        return (Rung.REASON,)
    if not period.is_waiting or period.target is None:
        return ()
    target = on_or_before(period.target, closed)
    passed = [
        rung for rung, step in steps.items() if today >= add_working_days(target, step, closed)
    ]
    found = passed[-1:]
    if today >= last_working_days(period.month, closed):
        found.append(Rung.MONTH_END)
    return tuple(found)


def check_in_is_due(period: Period, today: date, closed: Container[date]) -> bool:
    """Tell whether the client may be asked how she is: from five working days before the target.

    Only within the month, as she is asked how it goes this month. From the target on her coach
    is to phone; then she is not asked any more.
    """
    if period.state is not PeriodState.OPEN or period.target is None:
        return False
    target = on_or_before(period.target, closed)
    first = max(add_working_days(target, _CHECK_IN_STEP, closed), period.month.first)
    return first <= today < target


def prompts_begin(period: Period, closed: Container[date]) -> date | None:
    """Return the first day on which a client-month may prompt anybody; None when it never does."""
    if period.target is None:
        return None
    return add_working_days(on_or_before(period.target, closed), _CLIENT_STEPS[Rung.PLAN], closed)


def last_working_days(month: Month, closed: Container[date]) -> date:
    """Return the first of the last three working days of a month."""
    return add_working_days(month.plus(1).first, -_LAST_WORKING_DAYS, closed)


AFTERCARE_MONTHS = (1, 3, 6)
"""So long after somebody began to work or learn she is asked how it goes."""

_AFTERCARE_EARLY_DAYS = 14


def aftercare_days(began: date) -> tuple[date, ...]:
    """Return the days on which somebody at work or school is spoken with again."""
    return tuple(add_months(began, count) for count in AFTERCARE_MONTHS)


def aftercare_due(began: date, last_contact: date | None, today: date) -> date | None:
    """Return the aftercare talk that is open on a day: the latest one due, if nobody held it.

    A talk up to two weeks early counts for it.
    """
    due = [day for day in aftercare_days(began) if day <= today]
    if not due:
        return None
    held = last_contact is not None and last_contact >= due[-1] - timedelta(
        days=_AFTERCARE_EARLY_DAYS
    )
    return None if held else due[-1]
