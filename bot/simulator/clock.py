"""The simulator's clock: real time plus an offset, and never backwards."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def real_time() -> datetime:
    """Read the machine's clock, aware and in UTC."""
    return datetime.now(UTC)


class Clock:
    """Real time plus an offset that only grows, so that a day can pass at a tap.

    `real` is where real time comes from; a test gives a function that stands still.
    """

    def __init__(self, real: Callable[[], datetime] = real_time) -> None:
        self._real = real
        self._offset = timedelta(0)

    @property
    def offset(self) -> timedelta:
        """How far this clock runs ahead of real time."""
        return self._offset

    def now(self) -> datetime:
        """Read the clock, aware and in UTC."""
        return self._real() + self._offset

    def advance(self, step: timedelta) -> None:
        """Let `step` pass at once; ValueError when it is negative."""
        if step < timedelta(0):
            raise ValueError(f"The clock cannot go back by {-step}; give a step forward.")
        self._offset += step

    def set(self, moment: datetime) -> None:
        """Put the clock at `moment`; ValueError when it is naive or in the clock's past."""
        if moment.tzinfo is None:
            raise ValueError(f"The moment {moment.isoformat()} has no time zone; add one.")
        now = self.now()
        if moment < now:
            raise ValueError(
                f"The clock stands at {now.isoformat()} and cannot go back to "
                f"{moment.isoformat()}; give a later moment."
            )
        self._offset += moment - now
