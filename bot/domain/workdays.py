"""Working days: which days the office works, and counting in them."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

from bot.domain.localtime import Hours, is_working_day, next_working_day, to_utc

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ClosedDays(Container[date]):
    """The days on which the office is closed: its own, and the Dutch public holidays."""

    own: frozenset[date] = frozenset()
    public: bool = True

    def __contains__(self, day: object) -> bool:
        """Tell whether the office is closed on this day, weekends aside."""
        if not isinstance(day, date):
            return False
        return day in self.own or (self.public and day in _public(day.year))


@cache
def _public(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("NL", years=year))


def on_or_before(day: date, closed: Container[date]) -> date:
    """Return the day itself if it is a working day, else the last working day before it."""
    while not is_working_day(day, closed):
        day -= _DAY
    return day


def on_or_after(day: date, closed: Container[date]) -> date:
    """Return the day itself if it is a working day, else the first working day after it."""
    while not is_working_day(day, closed):
        day += _DAY
    return day


def add_working_days(day: date, count: int, closed: Container[date]) -> date:
    """Return the day so many working days later, or earlier when `count` is negative."""
    step = _DAY if count > 0 else -_DAY
    for _ in range(abs(count)):
        day += step
        while not is_working_day(day, closed):
            day += step
    return day


def working_days_after(start: date, end: date, closed: Container[date]) -> int:
    """Return how many working days lie after `start` up to and including `end`."""
    days = (end - start).days
    return sum(is_working_day(start + timedelta(days=n), closed) for n in range(1, days + 1))


def working_time(
    start: datetime, end: datetime, office: Hours, closed: Container[date], zone: ZoneInfo
) -> timedelta:
    """Return how long the office was open between two instants; the wall clock counts."""
    total = timedelta()
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    if not is_working_day(day, closed):
        day = next_working_day(day, closed)
    while day <= last:
        opens, closes = to_utc(day, office.start, zone), to_utc(day, office.end, zone)
        total += max(min(end, closes) - max(start, opens), timedelta())
        day = next_working_day(day, closed)
    return total
