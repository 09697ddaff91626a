"""The calendar of the recount: its own working days and months, found day by day."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

YearMonth = tuple[int, int]
"""A month as the recount writes it: (2027, 3)."""

DAY = timedelta(days=1)
_SATURDAY = 5
_AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True)
class Office:
    """What the organisation configured."""

    rolling: bool = False
    min_active_days: int = 15
    first_working_days: int = 10
    gap_days: int = 14
    freeze_working_day: int = 5
    digest_at: time = time(8, 30)
    closes_at: time = time(17)
    zone: ZoneInfo = _AMSTERDAM
    closed: frozenset[date] = frozenset()

    def works(self, day: date) -> bool:
        """Tell whether the office works on a day."""
        return day.weekday() < _SATURDAY and day not in self.closed and not _is_holiday(day)

    def nth_after(self, day: date, count: int) -> date:
        """Return the working day so many working days after a day."""
        while count:
            day += DAY
            count -= self.works(day)
        return day

    def on_or_after(self, day: date) -> date:
        """Return the first working day from a day on."""
        return next(one for one in days_from(day) if self.works(one))

    def on_or_before(self, day: date) -> date:
        """Return the last working day up to a day."""
        while not self.works(day):
            day -= DAY
        return day

    def steps_from(self, start: date, today: date) -> int:
        """Return how many working days today lies past a working day; negative before it."""
        early, late = sorted((start, today))
        steps = sum(self.works(early + n * DAY) for n in range(1, (late - early).days + 1))
        return steps if today >= start else -steps

    def working_days_of(self, month: YearMonth) -> list[date]:
        """Return the working days of a month."""
        return [day for day in days_of(month) if self.works(day)]

    def digest_on(self, day: date) -> datetime:
        """Return the instant of a morning's digest."""
        return datetime.combine(day, self.digest_at, self.zone)

    def freeze_of(self, month: YearMonth) -> datetime:
        """Return the instant from which a month no longer changes."""
        day = self.nth_after(days_of(month)[-1], self.freeze_working_day)
        return datetime.combine(day, self.closes_at, self.zone)


@cache
def _is_holiday(day: date) -> bool:
    return day in holidays.country_holidays("NL", years=day.year)


def days_from(day: date) -> Iterator[date]:
    """Yield a day and every day after it."""
    while True:
        yield day
        day += DAY


@cache
def days_of(month: YearMonth) -> tuple[date, ...]:
    """Return every day of a month."""
    year, number = month
    return tuple(date(year, number, n + 1) for n in range(monthrange(year, number)[1]))


def month_of(day: date) -> YearMonth:
    """Return the month in which a day lies."""
    return day.year, day.month


def month_after(month: YearMonth) -> YearMonth:
    """Return the month that follows."""
    return month_of(days_of(month)[-1] + DAY)


def month_before(month: YearMonth) -> YearMonth:
    """Return the month that went before."""
    return month_of(days_of(month)[0] - DAY)


def written(month: YearMonth) -> str:
    """Return a month as the product writes it."""
    return f"{days_of(month)[0]:%Y-%m}"
