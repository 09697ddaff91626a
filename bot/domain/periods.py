"""The monthly contact: what each client-month is, by the calendar and by the interval.

A month is worked out from what happened, as often as needed, until it is frozen; then it stays.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain.ids import ClientId
from bot.domain.localtime import to_utc
from bot.domain.months import Month, add_months, days_within
from bot.domain.people import ClientStatus
from bot.domain.workdays import add_working_days, on_or_after, on_or_before

_DAY = timedelta(days=1)


class Rule(StrEnum):
    """How the day on which the talk is due is found."""

    CALENDAR = "calendar"
    """On the same day of every month."""
    ROLLING = "rolling"
    """A month after the last conversation."""


class PeriodState(StrEnum):
    """Where a client-month stands; the last three remain when it is frozen."""

    OPEN = "open"
    PLANNED = "planned"
    ALMOST_LATE = "almost_late"
    MET = "met"
    MISSED = "missed"
    EXCLUDED = "excluded"


class Exclusion(StrEnum):
    """Why no conversation is due in a month."""

    NOT_IN_CARE = "not_in_care"
    AZC = "azc"
    ON_HOLD = "on_hold"
    AFTERCARE = "aftercare"
    TOO_FEW_DAYS = "too_few_days"
    """She came, left or paused within the month, and too few days are left."""


class MissedReason(StrEnum):
    """Why a month was missed; asked of the coach when it has ended."""

    NOT_REACHED = "not_reached"
    NO_SHOW = "no_show"
    COACH_AWAY = "coach_away"
    CAPACITY = "capacity"
    FORGOTTEN = "forgotten"
    OTHER = "other"


class Light(StrEnum):
    """A traffic light for a list, never a verdict about a person."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    GREY = "grey"
    """Nothing is due."""


@dataclass(frozen=True, slots=True)
class ContactRules:
    """What the organisation decided; the defaults are those of the council's promise."""

    rule: Rule = Rule.CALENDAR
    min_active_days: int = 15
    first_working_days: int = 10
    min_gap_days: int = 14
    amber_days: int = 31
    red_days: int = 45
    freeze_working_day: int = 5


@dataclass(frozen=True, slots=True)
class StatusSpan:
    """A client's status from one day up to, not including, another; None is still so."""

    status: ClientStatus
    first_day: date
    end_day: date | None


@dataclass(frozen=True, slots=True)
class Meeting:
    """An appointment that stands; `missed` when the client did not come."""

    day: date
    missed: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """What happened to one client, as far as the monthly contact goes.

    `first_contact` is her first conversation ever; `contacts` are the days of those that count,
    in order, at least all since the last one before the month that is asked about.
    """

    spans: Sequence[StatusSpan]
    first_contact: date | None = None
    contacts: Sequence[date] = ()
    meetings: Sequence[Meeting] = ()


@dataclass(frozen=True, slots=True)
class Period:
    """One client-month. `target` is the day by which the talk should be, where one is due."""

    month: Month
    state: PeriodState
    active_days: int
    target: date | None = None
    satisfied_on: date | None = None
    exclusion: Exclusion | None = None

    @property
    def is_waiting(self) -> bool:
        """Tell whether somebody still has to speak with the client, and nothing is planned."""
        return self.state in {PeriodState.OPEN, PeriodState.ALMOST_LATE}


@dataclass(frozen=True, slots=True)
class ContactPeriod:
    """A client-month as it is kept."""

    client_id: ClientId
    period: Period
    missed_reason: MissedReason | None
    frozen_at: datetime | None


_IN_CARE = frozenset({ClientStatus.INVITED, ClientStatus.ACTIVE})
"""Who has a coach is owed the talk, whether or not she has opened the chat."""

_EXCLUSIONS = {
    ClientStatus.AZC: Exclusion.AZC,
    ClientStatus.ON_HOLD: Exclusion.ON_HOLD,
    ClientStatus.AFTERCARE: Exclusion.AFTERCARE,
    ClientStatus.CLOSED: Exclusion.NOT_IN_CARE,
}


def assess(
    history: History, month: Month, *, today: date, rules: ContactRules, closed: Container[date]
) -> Period:
    """Return what a client-month is on a day. What lasts today is taken to last on."""
    active = sum(
        days_within(span.first_day, span.end_day, month)
        for span in history.spans
        if span.status in _IN_CARE
    )
    if active < rules.min_active_days:
        why = _exclusion(history.spans, month, active)
        return Period(month, PeriodState.EXCLUDED, active, exclusion=why)
    if history.contacts and history.contacts[-1] > today:
        past = [day for day in history.contacts if day <= today]
        first = history.first_contact if past else None
        history = replace(history, contacts=past, first_contact=first)
    target = target_of(history, month, rules=rules, closed=closed)
    held = next((day for day in history.contacts if day in month), None)
    if held is not None:
        return Period(month, PeriodState.MET, active, target, satisfied_on=held)
    # An appointment on the last day may still be put on record on the working day after it.
    if any(
        meeting.day in month
        and not meeting.missed
        and today <= add_working_days(meeting.day, 1, closed)
        for meeting in history.meetings
    ):
        return Period(month, PeriodState.PLANNED, active, target)
    if today > month.last:
        return Period(month, PeriodState.MISSED, active, target)
    late = today > target
    return Period(month, PeriodState.ALMOST_LATE if late else PeriodState.OPEN, active, target)


def _exclusion(spans: Sequence[StatusSpan], month: Month, active: int) -> Exclusion:
    """Return why so few days count: what filled the month, or that it was only a part of it."""
    days = dict.fromkeys(_EXCLUSIONS.values(), 0)
    for span in spans:
        if span.status in _EXCLUSIONS:
            why = _EXCLUSIONS[span.status]
            days[why] += days_within(span.first_day, span.end_day, month)
    days[Exclusion.NOT_IN_CARE] += month.length - active - sum(days.values())
    most = max(days, key=lambda why: days[why])
    return Exclusion.TOO_FEW_DAYS if active and most is Exclusion.NOT_IN_CARE else most


def target_of(
    history: History, month: Month, *, rules: ContactRules, closed: Container[date]
) -> date:
    """Return the day by which the talk of a month should be: always a day of that month.

    Whoever comes into care, or comes back, has some working days for the first talk. After that
    the day of the first talk ever is the anchor. It never drifts: only the month at hand gives
    way, so that two talks do not follow each other too soon.
    """
    first, last = on_or_after(month.first, closed), on_or_before(month.last, closed)
    begin = _care_began(history.spans, month)
    first_due = add_working_days(begin, rules.first_working_days, closed)
    earlier = [day for day in history.contacts if day < month.first]
    latest = earlier[-1] if earlier else None
    if history.first_contact is None or history.first_contact >= month.first:
        day = first_due if first_due >= month.first else month.day(first_due.day)
    elif rules.rule is Rule.ROLLING and latest is not None:
        day = add_months(latest, 1)
        if begin > latest:
            day = max(day, first_due)
        return min(max(day, month.first), month.last)
    else:
        day = on_or_before(month.day(history.first_contact.day), closed)
        if latest is not None:
            soonest = on_or_after(latest + timedelta(days=rules.min_gap_days), closed)
            day = max(day, soonest)
    if latest is None or begin > latest:
        day = max(day, first_due)
    return min(max(on_or_before(day, closed), first), last)


def _care_began(spans: Sequence[StatusSpan], month: Month) -> date:
    """Return when the unbroken time in care began that reaches into a month, or the last one."""
    begin = month.first
    until: date | None = None
    for span in sorted(spans, key=lambda span: (span.first_day, span.end_day or date.max)):
        if span.status not in _IN_CARE or span.first_day > month.last:
            continue
        if until is None or span.first_day > until:
            begin = span.first_day
        until = span.end_day or date.max
    return begin


def light_of(
    period: Period | None,
    last_contact: date | None,
    in_care_since: date,
    *,
    today: date,
    rules: ContactRules,
) -> Light:
    """Return the light of a client by both clocks: the worse of the month and the interval."""
    if period is None or period.state is PeriodState.EXCLUDED:
        return Light.GREY
    gap = (today - (last_contact or in_care_since)).days
    if period.state in {PeriodState.ALMOST_LATE, PeriodState.MISSED} or gap > rules.red_days:
        return Light.RED
    return Light.AMBER if gap > rules.amber_days else Light.GREEN


def freezes_on(month: Month, *, rules: ContactRules, closed: Container[date]) -> date:
    """Return the working day of the following month at whose end a month is frozen."""
    return add_working_days(month.last, rules.freeze_working_day, closed)


def freezes_at(
    month: Month, closing: time, zone: ZoneInfo, *, rules: ContactRules, closed: Container[date]
) -> datetime:
    """Return the instant from which a month can no longer change: when the office closes."""
    return to_utc(freezes_on(month, rules=rules, closed=closed), closing, zone)


def open_from(
    now: datetime, closing: time, zone: ZoneInfo, *, rules: ContactRules, closed: Container[date]
) -> Month:
    """Return the first month that is not frozen at an instant."""
    month = Month.of(now.astimezone(zone).date())
    while True:
        before = month.plus(-1)
        if now >= freezes_at(before, closing, zone, rules=rules, closed=closed):
            return month
        month = before


def unbroken_since(
    days: Sequence[tuple[date, date]], today: date, closed: Container[date]
) -> date:
    """Return since when somebody is away without a working day in between.

    `days` are the first and last days of the absences; one of them holds today.
    """
    since = today
    for first, last in sorted(days, reverse=True):
        if first <= since and last >= add_working_days(since, -1, closed):
            since = min(since, first)
    return since


def duty_falls_to_backup(away_since: date, today: date, closed: Container[date]) -> bool:
    """Tell whether a coach is away so long that the backup takes over: after two working days."""
    return today >= add_working_days(away_since - _DAY, 3, closed)
