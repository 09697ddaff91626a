"""`make year`: a year of an organisation through the real services, counted again from its events.

    python -m bench.year [--clients N] [--seed S] [--days N] [--output FILE]

Every client-month that was frozen, every prompt, every question to a client and every talk on
record must be what the naive recount finds. Prints the differences; exit 1 when there are any.
"""

import argparse
import asyncio
import json
import time as stopwatch
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from multiprocessing import get_context
from pathlib import Path

from bench import year_ledger
from bench.processes import workspace
from bench.recount import Recount
from bench.recount_days import DAY, Office
from bench.recount_events import from_lines, to_line
from bench.year_story import FIRST_DAY, Action, Story, actions, tell
from bench.year_town import Town, open_town
from bot.config import Config

RESULTS = Path(__file__).with_name("year.json")
_SHOWN = 12
_DAYS = 377  # until the last month of 2027 is frozen


@dataclass(frozen=True)
class Outcome:
    """What a year came to."""

    clients: int
    months: int
    contacts: int
    prompts: int
    missed: int
    recount_differences: int
    seconds: float


def office_of(config: Config) -> Office:
    """Return the configuration in the recount's own words."""
    contact, hours = config.contact, config.hours
    return Office(
        rolling=contact.rule == "rolling",
        min_active_days=contact.min_active_days,
        first_working_days=contact.first_working_days,
        gap_days=contact.rules.min_gap_days,
        freeze_working_day=contact.freeze_working_day,
        digest_at=contact.digest_at,
        closes_at=hours.office_end,
        zone=config.organisation.zone,
        closed=hours.closed.own,
    )


def ticks(story: Story, office: Office) -> Iterator[datetime]:
    """Yield when the clock finds something to do: at midnight, in the morning, at closing time."""
    day = story.first_day
    while day <= story.last_day:
        for clock in (time(0, 0, 1), office.digest_at, office.closes_at):
            yield datetime.combine(day, clock, office.zone)
        day += DAY


async def live(town: Town, story: Story, office: Office) -> None:
    """Let the year pass: what people tell the product, and what its clock asks, in order."""
    told: list[tuple[datetime, Action | None]] = [
        (each.at, each) for each in actions(story.events)
    ]
    told += [(at, None) for at in ticks(story, office)]
    end = datetime.combine(story.last_day + DAY, time(0), office.zone)
    for at, action in sorted(told, key=lambda each: each[0]):
        if at >= end:
            break
        if action is None:
            await town.tick(at)
        else:
            await town.tell(action)


def count_again(raw: Path, office: Office, setting: Story) -> year_ledger.Ledger:
    """Count a year from its raw events; of the setting only the staff and the days are used."""
    recount = Recount(
        from_lines(raw.read_text(encoding="utf-8").splitlines()),
        office=office,
        coordinators=setting.coordinators,
        backups=setting.backups,
    )
    return year_ledger.of_recount(recount, setting.first_day, setting.last_day)


async def year(folder: Path, clients: int, seed: int, days: int) -> tuple[Outcome, list[str]]:
    """Simulate and recount; returns what it came to, and each difference in words."""
    begun = stopwatch.monotonic()
    config = Config()
    office = office_of(config)
    story = tell(seed, clients, days, office)
    raw = folder / "events.jsonl"
    raw.write_text("\n".join(map(to_line, story.events)), encoding="utf-8")
    # In a process of its own, on the other core: it knows nothing but the raw events.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as other:
        again = other.submit(count_again, raw, office, replace(story, events=()))
        async with open_town(folder / "year.db", config, story) as town:
            await live(town, story, office)
            product = await year_ledger.of_product(town.core)
        counted = again.result()
    different = year_ledger.differences(product, counted)
    outcome = Outcome(
        clients=len(story.clients),
        months=len(product.months),
        contacts=len(product.talks),
        prompts=len(product.prompts),
        missed=sum(month.state == "missed" for month in product.months),
        recount_differences=len(different),
        seconds=round(stopwatch.monotonic() - begun, 1),
    )
    return outcome, different


def report(outcome: Outcome, different: Sequence[str], until: date) -> None:
    """Print what the year came to."""
    for line in different[:_SHOWN]:
        print(line)
    if len(different) > _SHOWN:
        print(f"… and {len(different) - _SHOWN} more differences")
    print(
        f"{outcome.clients} clients until {until}: {outcome.months} client-months, "
        f"{outcome.contacts} talks, {outcome.prompts} prompts, {outcome.missed} months missed; "
        f"{outcome.recount_differences} differences from the recount; {outcome.seconds} s"
    )


def main() -> int:
    """Simulate a year; 1 when the recount found something else."""
    parser = argparse.ArgumentParser(description="Simulate a year and count it again.")
    parser.add_argument("--clients", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=_DAYS)
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    with workspace() as folder:
        outcome, different = asyncio.run(year(folder, given.clients, given.seed, given.days))
    report(outcome, different, FIRST_DAY + (given.days - 1) * DAY)
    fields = {name: getattr(outcome, name) for name in Outcome.__dataclass_fields__}
    given.output.write_text(json.dumps(fields, indent=1) + "\n", encoding="utf-8")
    return 1 if different else 0


if __name__ == "__main__":
    raise SystemExit(main())
