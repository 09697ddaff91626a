"""Times to propose for a talk: free, in office hours, spread over days and parts of the day."""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from bot.domain.localtime import Hours, exists, is_working_day, to_utc
from bot.domain.workdays import add_working_days

Busy = Sequence[tuple[datetime, datetime]]
"""When somebody is occupied: instants, from the first up to the second."""

FRIDAY = 4
PRAYER = Hours(time(12), time(14, 30))
"""On Friday nothing is proposed in these hours."""

_DAY = timedelta(days=1)
_NOON = time(12)
_HOUR_MINUTES = 60
_GRID_MINUTES = 30
_FIRST_DAY = 2
_LATE_DAYS = 5
_USUAL = {True: time(10), False: time(14)}
"""Nearest to which a time is sought in the morning, and in the afternoon."""


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A day and a time of the wall clock."""

    day: date
    clock: time

    def starts_at(self, zone: ZoneInfo) -> datetime:
        """Return the instant at which it begins."""
        return to_utc(self.day, self.clock, zone)


def propose(
    busy: Busy,
    *,
    now: datetime,
    until: date,
    closed: Container[date],
    office: Hours,
    zone: ZoneInfo,
    count: int = 3,
    minutes: int = 45,
    not_before: date | None = None,
) -> tuple[Slot, ...]:
    """Return up to `count` free times of `minutes`, each on a working day of its own, in order.

    From the second working day after today, or `not_before` if that is later, up to and
    including `until`; when nothing is free there, up to five working days later. Morning and
    afternoon take turns, as long as that leaves no fewer times.
    """
    today = now.astimezone(zone).date()
    first = max(add_working_days(today, _FIRST_DAY, closed), not_before or today)
    late = add_working_days(max(until, today, not_before or today), _LATE_DAYS, closed)

    def free(slot: Slot) -> bool:
        return is_free(slot, busy, office=office, zone=zone, minutes=minutes)

    return _choose(first, until, closed, office, count, free) or _choose(
        max(first, until + _DAY), late, closed, office, count, free
    )


def is_free(slot: Slot, busy: Busy, *, office: Hours, zone: ZoneInfo, minutes: int = 45) -> bool:
    """Tell whether a talk of so many minutes may be proposed at this time, and meets no other."""
    end = datetime.combine(slot.day, slot.clock) + timedelta(minutes=minutes)
    if slot.clock < office.start or end > datetime.combine(slot.day, office.end):
        return False
    if slot.day.weekday() == FRIDAY and slot.clock < PRAYER.end and end.time() > PRAYER.start:
        return False
    if not exists(slot.day, slot.clock, zone):
        return False
    starts_at = slot.starts_at(zone)
    ends_at = starts_at + timedelta(minutes=minutes)
    return not any(begin < ends_at and starts_at < until for begin, until in busy)


def _choose(
    first: date,
    last: date,
    closed: Container[date],
    office: Hours,
    count: int,
    free: Callable[[Slot], bool],
) -> tuple[Slot, ...]:
    turns: list[Slot] = []
    anyhow: list[Slot] = []
    day = first
    while day <= last and len(turns) < count:
        if is_working_day(day, closed):
            halves = {
                morning: next(
                    filter(free, (Slot(day, clock) for clock in _clocks(office, morning=morning))),
                    None,
                )
                for morning in (True, False)
            }
            if slot := halves[len(turns) % 2 == 0]:
                turns.append(slot)
            wanted = len(anyhow) % 2 == 0
            if len(anyhow) < count and (slot := halves[wanted] or halves[not wanted]):
                anyhow.append(slot)
        day += _DAY
    return tuple(turns if len(turns) >= len(anyhow) else anyhow)


@cache
def _clocks(office: Hours, *, morning: bool) -> tuple[time, ...]:
    """Return the half hours of the office in one half of the day, the usual time first."""
    grid = (
        time(hour, minute)
        for hour in range(24)
        for minute in range(0, _HOUR_MINUTES, _GRID_MINUTES)
    )
    usual = _minutes(_USUAL[morning])
    return tuple(
        sorted(
            (each for each in grid if (each < _NOON) is morning and office.contains(each)),
            key=lambda each: abs(_minutes(each) - usual),
        )
    )


def _minutes(clock: time) -> int:
    return clock.hour * _HOUR_MINUTES + clock.minute
