"""Wall-clock time in the Netherlands: working days, office and quiet hours, parts of the day."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

DayPart = Literal["night", "morning", "afternoon", "evening"]

SATURDAY = 5
_CLOCK_FACE_FULL = 0x1F550  # 🕐, one o'clock; the eleven after it follow in order
_CLOCK_FACE_HALF = 0x1F55C  # 🕜, half past one
_HALF_HOUR = 30


@dataclass(frozen=True, slots=True)
class Hours:
    """A span of wall-clock time; `start` after `end` means that it passes midnight."""

    start: time
    end: time

    def contains(self, moment: time) -> bool:
        """Tell whether the wall-clock time lies in the span; the end itself does not."""
        if self.start <= self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


def to_utc(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return the instant of a wall-clock time.

    A time that the spring change skips is read as the same distance after the jump (02:30
    becomes 03:30); of a time that the autumn change repeats the first is taken.
    """
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


def exists(day: date, clock: time, zone: ZoneInfo) -> bool:
    """Tell whether the wall clock ever shows this time on this day."""
    local = datetime.combine(day, clock, tzinfo=zone)
    return local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local.replace(
        tzinfo=None
    )


def day_part(clock: time) -> DayPart:
    """Return the part of the day a clock time falls in: night until 6, morning until 12."""
    if clock.hour < 6:  # noqa: PLR2004 - the hours of the parts of the day are the rule itself
        return "night"
    if clock.hour < 12:  # noqa: PLR2004
        return "morning"
    if clock.hour < 18:  # noqa: PLR2004
        return "afternoon"
    return "evening"


def clock_face(clock: time) -> str:
    """Return the clock-face emoji nearest below the time: 09:00 gives 🕘, 09:45 gives 🕤."""
    hour = (clock.hour - 1) % 12
    start = _CLOCK_FACE_HALF if clock.minute >= _HALF_HOUR else _CLOCK_FACE_FULL
    return chr(start + hour)


def is_working_day(day: date, closed_days: Container[date]) -> bool:
    """Tell whether the office works on this day: Monday to Friday, unless it is closed."""
    return day.weekday() < SATURDAY and day not in closed_days


def next_working_day(day: date, closed_days: Container[date]) -> date:
    """Return the first working day after the given day."""
    following = day + timedelta(days=1)
    while not is_working_day(following, closed_days):
        following += timedelta(days=1)
    return following


def after_quiet_hours(now: datetime, quiet: Hours, zone: ZoneInfo) -> datetime:
    """Return the first instant, at or after `now`, that lies outside the quiet hours."""
    local = now.astimezone(zone)
    if not quiet.contains(local.time()):
        return now
    day = local.date()
    if local.time() >= quiet.end:
        day += timedelta(days=1)
    # In the hour that autumn repeats, the end meant is the one that is still to come.
    end = quiet.end.replace(fold=local.fold)
    return to_utc(day, end, zone)


def is_open(now: datetime, office: Hours, closed_days: Container[date], zone: ZoneInfo) -> bool:
    """Tell whether somebody is in the office at this instant."""
    local = now.astimezone(zone)
    return is_working_day(local.date(), closed_days) and office.contains(local.time())


def next_opening_day(
    now: datetime, office: Hours, closed_days: Container[date], zone: ZoneInfo
) -> date:
    """Return the day on which the office opens next, today included when it opens later."""
    local = now.astimezone(zone)
    if is_working_day(local.date(), closed_days) and local.time() < office.start:
        return local.date()
    return next_working_day(local.date(), closed_days)
