"""Calendar months, and counting in months without drift."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

_LENGTH = len("2026-11")
_DECEMBER = 12


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month; written as `2026-11`."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> "Month":
        """Return the month in which a day lies."""
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Return the month of a text such as `2026-11`; errors: ValueError when it is none."""
        if len(text) != _LENGTH:
            msg = f"{text!r} is no month. Write it as 2026-11."
            raise ValueError(msg)
        return cls.of(date.fromisoformat(f"{text}-01"))

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def first(self) -> date:
        """The first day."""
        return date(self.year, self.number, 1)

    @property
    def last(self) -> date:
        """The last day."""
        return date(self.year, self.number, self.length)

    @property
    def length(self) -> int:
        """How many days it has."""
        return monthrange(self.year, self.number)[1]

    def plus(self, count: int) -> "Month":
        """Return the month so many months later, or earlier."""
        index = self.year * _DECEMBER + self.number - 1 + count
        return Month(index // _DECEMBER, index % _DECEMBER + 1)

    def day(self, number: int) -> date:
        """Return the day with this number, or the last day when the month is shorter."""
        return date(self.year, self.number, min(number, self.length))

    def __contains__(self, day: date) -> bool:
        return day.year == self.year and day.month == self.number


def add_months(start: date, count: int) -> date:
    """Return the day so many months after `start`, clipped to the month: 31 Jan + 1 = 28 Feb.

    Count every time from the original start: counting on from a clipped day would drift.
    """
    return Month.of(start).plus(count).day(start.day)


def days_within(first: date, end: date | None, month: Month) -> int:
    """Return how many days of a month lie from `first` up to, not including, `end`."""
    after = month.last + timedelta(days=1)
    stop = after if end is None else min(end, after)
    return max((stop - max(first, month.first)).days, 0)
