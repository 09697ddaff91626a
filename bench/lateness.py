"""How late reminders are when many are due in the same minute."""

import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from bench import figures, people
from bench.figures import Figure, median, percentile
from bench.processes import server, under_test, workspace

PER_SECOND = 30
_LEAD_SECONDS = 8.0
"""From the start of the house's clock to the minute: the process must be up by then."""

_MARGIN_SECONDS = 1.0


def over_ideal(arrivals: Sequence[float], due: float, per_second: float) -> list[float]:
    """Return how much later each came than the limiter allows for its place in the queue."""
    return [at - due - place / per_second for place, at in enumerate(sorted(arrivals))]


async def measure(quick: bool) -> list[Figure]:
    """Measure a minute with many reminders, at the shipped limit."""
    count, repeats = (200, 1) if quick else (1000, 3)
    late: list[float] = []
    over: list[float] = []
    with workspace() as folder:
        template = await people.make_template(folder, count)
        for _ in range(repeats):
            arrivals, due = await _run(folder / "lateness.db", template, count)
            late.append(percentile([at - due for at in arrivals], 0.99))
            over.append(percentile(over_ideal(arrivals, due, PER_SECOND), 0.99))
    ideal = percentile([place / PER_SECOND for place in range(count)], 0.99)
    return [
        figures.no_worse_than_baseline(
            f"{count:,} reminders due at once, lateness p99, beside the limiter's ideal",
            median(late),
            "s",
            baseline=ideal,
            margin=_MARGIN_SECONDS,
        ),
        figures.plain(
            f"{count:,} reminders due at once, later than the ideal of their place, p99",
            median(over),
            "s",
        ),
    ]


async def _run(file: Path, template: Path, count: int) -> tuple[list[float], float]:
    """Return when each reminder arrived, and when all were due, in monotonic seconds."""
    people.copy(template, file)
    people.plan_reminders(file, count, people.START + timedelta(seconds=_LEAD_SECONDS))
    begun = time.monotonic()
    async with (
        server() as answering,
        under_test(
            answering,
            "product",
            "bench.product",
            *("--database", str(file)),
            *("--begun", str(begun)),
        ),
    ):
        sends = await answering.until_sent(count, marked=False)
    return [at for at, _, _, _ in sends], begun + _LEAD_SECONDS
