"""`make bench`: measure the product beside its baselines; a table, and bench/results.json.

    python -m bench.run [--quick] [--only relay,broadcast,lateness,reminders] [--output FILE]

QUICK=1 in the environment is the same as --quick.
"""

import argparse
import asyncio
import importlib
import importlib.util
import os
import sys
import time
from pathlib import Path

from bench import figures
from bench.figures import Figure
from bench.processes import BenchError, usable_cores, workspace

PARTS = ("relay", "broadcast", "lateness", "reminders", "caseload")
RESULTS = Path(__file__).with_name("results.json")
_QUIET_LOAD = 0.5
_WRITES = 25


def machine() -> list[Figure]:
    """Return what must be known of the machine to believe the rest."""
    found = [figures.plain("machine: cores in use", min(2, len(usable_cores()) or 1), "cores")]
    found.append(figures.plain("machine: a write forced to the disk", _disk_ms(), "ms"))
    if hasattr(os, "getloadavg"):
        load = os.getloadavg()[0]
        found.append(figures.at_most("machine: load at the start", load, "", _QUIET_LOAD))
        if load > _QUIET_LOAD:
            _say(f"The machine is busy (load {load:.2f}): figures will be worse than they are.")
    return found


def _disk_ms() -> float:
    """Return how long the disk takes to keep a page: every commit waits for it."""
    times = []
    with workspace() as folder, (folder / "page").open("wb", buffering=0) as file:
        for _ in range(_WRITES):
            begun = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            times.append((time.perf_counter() - begun) * 1000)
    return figures.median(times)


async def measure(parts: list[str], *, quick: bool) -> tuple[list[Figure], int]:
    """Return the figures of each part, and how many parts could not be measured."""
    found, failures = machine(), 0
    for part in parts:
        if importlib.util.find_spec(f"bench.{part}") is None:
            _say(f"There is no measurement of {part} here; it is left out.")
            continue
        begun = time.monotonic()
        _say(f"Measuring: {part} …")
        try:
            found += await importlib.import_module(f"bench.{part}").measure(quick)
        except BenchError as error:
            failures += 1
            _say(f"{part} could not be measured. {error}")
        _say(f"{part}: {time.monotonic() - begun:.0f} s")
    return found, failures


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def main() -> int:
    """Measure what is asked for; 1 when something could not be measured."""
    parser = argparse.ArgumentParser(description="Measure the product beside its baselines.")
    parser.add_argument("--quick", action="store_true", help="under three minutes, once each")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the list goes")
    given = parser.parse_args()
    parts = [part for part in given.only.split(",") if part]
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}; choose from {', '.join(PARTS)}")
    quick = given.quick or os.environ.get("QUICK", "") not in {"", "0", "no", "false"}
    found, failures = asyncio.run(measure(parts, quick=quick))
    print(figures.table(found))
    figures.write_json(given.output, found)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
