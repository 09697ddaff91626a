"""How long the werkbak, the list of clients, a card and the list of who is late take to open.

    python -m bench.caseload [--quick]

Each is opened through the services as from a tap, so that a write and its commit are in it.
"""

import argparse
import asyncio
import gc
import itertools
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from bench import figures
from bench.figures import Figure
from bench.people import START, database_url
from bench.processes import workspace
from bot.application import open_core
from bot.config import Config, DatabaseSettings
from bot.domain.appointments import AppointmentKind, AppointmentState
from bot.domain.contacts import Channel
from bot.domain.ids import ChatId, ClientId, StaffId, TelegramMessageId
from bot.domain.messages import Direction, MessageKind
from bot.domain.months import Month
from bot.domain.people import ClientStatus, LinkState, Role, Step
from bot.domain.periods import PeriodState
from bot.domain.plans import PlanKind
from bot.domain.worklist import TaskKind
from bot.services import caseload, client_card, worklist
from bot.services.core import Core, Turn
from bot.services.worklist import PAGE
from bot.storage import care_schema, schema
from bot.storage.database import Database

SIZES = (25, 300, 5000)
"""An organisation just begun, the usual one, and a large one."""

_CLIENTS_A_COACH = 50
_MONTHS = 12
_ANSWERED = 10
"""How many messages of each client were answered before; of a third of them one was not."""

_AIM_MS = 100.0
_SECOND = timedelta(seconds=1)
_MESSAGE = TelegramMessageId(1)

Rows = Iterable[Mapping[str, object]]
Opening = Callable[[int], Awaitable[None]]


def coaches(clients: int) -> int:
    """Return how many coaches so many clients have."""
    return max(1, clients // _CLIENTS_A_COACH)


def _chat(staff_id: int) -> ChatId:
    return ChatId(9_000_000 + staff_id)


async def make(file: Path, clients: int) -> None:
    """Make a database of so many clients with a year behind them."""
    database = await Database.open(database_url(file))
    await database.close()
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        for table, rows in _tables(clients):
            found = [dict(row) for row in rows]
            if found:
                connection.execute(sa.insert(table), found)
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()


def _tables(clients: int) -> list[tuple[sa.Table, Rows]]:
    """Return all rows; after the coaches come a coordinator, and who works with everybody."""
    count = coaches(clients)
    long_ago, today = START - timedelta(days=365), START.date()
    numbers = range(1, clients + 1)
    months = [Month.of(today).plus(-back) for back in range(_MONTHS)]

    def coach(client: int) -> int:
        return 1 + client % count

    return [
        (schema.staff, _staff(count, long_ago)),
        (schema.channel_links, [_link(staff_id, long_ago) for staff_id in range(1, count + 3)]),
        (schema.clients, [_client(number, long_ago) for number in numbers]),
        (
            schema.assignments,
            [{"client_id": n, "coach_id": coach(n), "starts_at": long_ago} for n in numbers],
        ),
        (
            care_schema.involvements,
            [{"client_id": n, "staff_id": count + 2, "created_at": long_ago} for n in numbers],
        ),
        (
            care_schema.status_spans,
            [
                {
                    "client_id": n,
                    "status": ClientStatus.ACTIVE,
                    "first_day": long_ago.date(),
                    "created_at": long_ago,
                }
                for n in numbers
            ],
        ),
        (
            care_schema.contact_moments,
            (_talk(n, coach(n), month) for n in numbers for month in months[1:]),
        ),
        (
            care_schema.contact_periods,
            (_period(n, month, today) for n in numbers for month in months),
        ),
        (schema.appointments, [_meeting(n, coach(n), today) for n in numbers if n % 2]),
        (care_schema.plans, [_plan(n, coach(n), long_ago) for n in numbers if n % 2]),
        (
            schema.messages,
            (_message(n, coach(n), number) for n in numbers for number in range(_ANSWERED + 1)),
        ),
        (schema.tasks, (row for n in numbers for row in _tasks(n, coach(n), today))),
    ]


def _staff(count: int, at: datetime) -> Rows:
    roles = [[Role.COACH]] * count + [[Role.COORDINATOR], [Role.INCOME_ADVISER]]
    return [
        {
            "code": f"s-{number:03}",
            "name": f"Collega {number:03}",
            "roles": own,
            "active": True,
            "created_at": at,
        }
        for number, own in enumerate(roles, start=1)
    ]


def _link(staff_id: int, at: datetime) -> dict[str, object]:
    return {
        "staff_id": staff_id,
        "chat_id": _chat(staff_id),
        "state": LinkState.ACTIVE,
        "step": Step.DONE,
        "notice_acknowledged_at": at,
        "created_at": at,
    }


def _client(number: int, at: datetime) -> dict[str, object]:
    return {
        "code": f"K-{number:05}",
        "name": f"Cliënt {number:05}",
        "language": "fa",
        "status": ClientStatus.ACTIVE,
        "discreet": False,
        "check_in": False,
        "created_at": at,
    }


def _talk(client: int, coach: int, month: Month) -> dict[str, object]:
    return {
        "client_id": client,
        "day": month.day(1 + client % 28),
        "channel": Channel.PHONE,
        "role": Role.COACH,
        "staff_id": coach,
        "counts": True,
        "recorded_at": START,
    }


_STATES = (PeriodState.ALMOST_LATE, PeriodState.OPEN, PeriodState.PLANNED, PeriodState.MET)


def _period(client: int, month: Month, today: date) -> dict[str, object]:
    now = today in month
    return {
        "client_id": client,
        "month": str(month),
        "state": _STATES[client % len(_STATES)] if now else PeriodState.MET,
        "active_days": month.length,
        "target": month.day(1 + client % 28),
        "satisfied_on": None if now else month.day(1 + client % 28),
        "changed_at": START,
        "frozen_at": None if now else START,
    }


def _meeting(client: int, coach: int, today: date) -> dict[str, object]:
    day = today + timedelta(days=1 + client % 5)
    return {
        "client_id": client,
        "staff_id": coach,
        "kind": next(iter(AppointmentKind)),
        "local_date": day,
        "local_time": START.time(),
        "zone": "Europe/Amsterdam",
        "starts_at": START + (day - today),
        "duration_minutes": 30,
        "place": {"key": "kantoor", "name": "Stadskantoor"},
        "state": AppointmentState.CONFIRMED,
        "revision": 1,
        "created_at": START,
        "changed_at": START,
    }


def _plan(client: int, coach: int, at: datetime) -> dict[str, object]:
    return {
        "client_id": client,
        "kind": PlanKind.DEVELOPMENT,
        "route": "deeltijd",
        "starts_on": at.date(),
        "lengths": [36],
        "shifts": [],
        "staff_id": coach,
        "created_at": at,
    }


def _message(client: int, coach: int, number: int) -> dict[str, object]:
    return {
        "client_id": client,
        "staff_id": coach,
        "direction": Direction.IN,
        "kind": MessageKind.TEXT,
        "text": "…",
        "language": "fa",
        "chat_id": 1_000_000 + client,
        "telegram_message_id": number,
        "created_at": START - timedelta(days=number),
    }


def _tasks(client: int, coach: int, today: date) -> Rows:
    first = 1 + (client - 1) * (_ANSWERED + 1)
    for number in range(_ANSWERED + 1):
        waits = not number and client % 3 == 0
        yield {
            "kind": TaskKind.MESSAGE,
            "key": f"message:{first + number}",
            "client_id": client,
            "staff_id": coach,
            "about_id": first + number,
            "level": 0,
            "created_at": START - timedelta(days=number),
            "done_at": None if waits else START,
        }
    if _STATES[client % len(_STATES)] is PeriodState.ALMOST_LATE:
        yield {
            "kind": TaskKind.CONTACT,
            "key": f"contact:{client}:{Month.of(today)}",
            "client_id": client,
            "staff_id": coach,
            "about_id": None,
            "level": 1,
            "created_at": START - timedelta(days=2),
            "done_at": None,
        }


def _openings(core: Core, clients: int) -> dict[str, Opening]:
    """Return what is measured, by name; each is told how often it was opened before."""
    count = coaches(clients)
    leader, everybodys = StaffId(count + 1), StaffId(count + 2)
    of_a_coach = -(-clients // count)
    late = sum(not n % len(_STATES) for n in range(1, clients + 1))
    moments = itertools.count(1)

    def turn(staff_id: int) -> Turn:
        return Turn(now=START + next(moments) * _SECOND, chat_id=_chat(staff_id))

    def coach(n: int) -> int:
        return 1 + n % count

    def last_page(lines: int) -> int:
        return max(lines - 1, 0) // PAGE

    async def card(n: int) -> None:
        number = 1 + n % clients
        await client_card.show_client(core, turn(coach(number)), ClientId(number), "", _MESSAGE)

    return {
        "werkbak": lambda n: worklist.show_page(core, turn(coach(n)), 0, _MESSAGE),
        "list of clients": lambda n: caseload.show_page(core, turn(coach(n)), 0, "", _MESSAGE),
        "list of clients, last page": lambda n: caseload.show_page(
            core, turn(coach(n)), last_page(of_a_coach), "", _MESSAGE
        ),
        "list of who works with everybody, last page": lambda _: caseload.show_page(
            core, turn(everybodys), last_page(clients), "", _MESSAGE
        ),
        "card": card,
        "who is late": lambda _: caseload.show_late(core, turn(leader), 0, _MESSAGE),
        "who is late, last page": lambda _: caseload.show_late(
            core, turn(leader), last_page(late), _MESSAGE
        ),
        "open with each colleague": lambda _: worklist.show_team(core, turn(leader), 0, _MESSAGE),
    }


async def _times(opening: Opening, count: int) -> list[float]:
    """Return how long each opening took, in milliseconds; the first of all is not counted."""
    await opening(0)
    found = []
    for number in range(1, count + 1):
        begun = time.perf_counter()
        await opening(number)
        found.append((time.perf_counter() - begun) * 1000)
    return found


async def measure(quick: bool) -> list[Figure]:
    """Measure every list at every size, beside a transaction that does nothing."""
    count = 40 if quick else 200
    found: list[Figure] = []
    for clients in SIZES:
        with workspace() as folder:
            file = folder / "caseload.db"
            await make(file, clients)
            gc.collect()  # what the rows left behind is no part of opening a list
            database = DatabaseSettings(url=database_url(file))
            core = await open_core(replace(Config(), database=database))
            try:

                async def nothing(_: int, core: Core = core) -> None:
                    async with core.database.transaction() as tx:
                        await tx.number(sa.text("SELECT 1"))

                idle = await _times(nothing, count)
                for name, opening in _openings(core, clients).items():
                    found += _figures(clients, name, await _times(opening, count), idle)
            finally:
                await core.database.close()
    return found


def _figures(
    clients: int, name: str, times: Sequence[float], idle: Sequence[float]
) -> list[Figure]:
    title = f"{clients:,} clients: {name}"
    return [
        figures.plain(
            f"{title}, beside an empty transaction",
            figures.median(times),
            "ms",
            baseline=figures.median(idle),
        ),
        figures.at_most(
            f"{title}, 99 in 100",
            figures.percentile(times, 0.99),
            "ms",
            _AIM_MS,
            baseline=figures.percentile(idle, 0.99),
        ),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure how long the lists take to open.")
    parser.add_argument("--quick", action="store_true", help="fewer openings of each")
    print(figures.table(asyncio.run(measure(parser.parse_args().quick))))


if __name__ == "__main__":
    main()
