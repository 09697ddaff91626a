"""A database of invented people who all have a chat, and what waits to be sent to them."""

import shutil
from dataclasses import asdict
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import sqlalchemy as sa

from bot.domain.appointments import (
    AppointmentKind,
    AppointmentState,
    Place,
    ReminderKind,
    ReminderState,
)
from bot.domain.ids import ChatId, ClientId
from bot.domain.messages import Direction, MessageKind
from bot.domain.people import ClientStatus, LinkState, Role, Step
from bot.storage import schema
from bot.storage.database import Database

START = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
"""When every measurement begins: Tuesday half past nine, so that no quiet hour falls in it."""

COACHES = 20
_FIRST_CLIENT_CHAT, _FIRST_COACH_CHAT = 1_000_001, 9_000_001
_PLACE = Place("kantoor", "Stadskantoor", "Raadhuisplein 1, Voorbeeldstad", "Bus 4.", "balie 2")
_HOURS_BEFORE = timedelta(hours=2)


def client_chat(number: int) -> ChatId:
    """Return the chat of a client; clients are numbered from 0."""
    return ChatId(_FIRST_CLIENT_CHAT + number)


def client_id(number: int) -> ClientId:
    """Return the id of a client."""
    return ClientId(number + 1)


def coach_chat(number: int) -> ChatId:
    """Return the chat of a client's coach."""
    return ChatId(_FIRST_COACH_CHAT + number % COACHES)


def coach_of(chat_id: int) -> ChatId:
    """Return the chat of the coach of the client in this chat."""
    return coach_chat(chat_id - _FIRST_CLIENT_CHAT)


def database_url(file: Path) -> str:
    """Return the address of a database file."""
    return f"sqlite+aiosqlite:///{file}"


async def make_template(folder: Path, clients: int) -> Path:
    """Make a database with so many clients, spread over the coaches; returns the file."""
    file = folder / f"people-{clients}.db"
    if file.exists():
        return file
    database = await Database.open(database_url(file))
    await database.close()
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        for table, rows in _rows(clients):
            connection.execute(sa.insert(table), rows)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return file


def copy(template: Path, file: Path) -> None:
    """Take a fresh copy of a database that nobody has open."""
    for end in ("-wal", "-shm"):
        file.with_name(file.name + end).unlink(missing_ok=True)
    shutil.copy(template, file)


def _rows(clients: int) -> list[tuple[sa.Table, list[dict[str, object]]]]:
    long_ago = START - timedelta(days=30)
    staff = [
        {
            "code": f"coach{n:02}",
            "name": f"Coach {n:02}",
            "roles": [Role.COACH],
            "active": True,
            "created_at": long_ago,
        }
        for n in range(COACHES)
    ]
    people = [
        {
            "code": f"K-{n:05}",
            "name": f"Cliënt {n:05}",
            "language": "fa",
            "status": ClientStatus.ACTIVE,
            "discreet": False,
            "created_at": long_ago,
        }
        for n in range(clients)
    ]
    assignments = [
        {"client_id": client_id(n), "coach_id": 1 + n % COACHES, "starts_at": long_ago}
        for n in range(clients)
    ]
    links = [
        *({"client_id": client_id(n), "chat_id": client_chat(n)} for n in range(clients)),
        *({"staff_id": 1 + n, "chat_id": coach_chat(n)} for n in range(COACHES)),
    ]
    return [
        (schema.staff, staff),
        (schema.clients, people),
        (schema.assignments, assignments),
        (
            schema.channel_links,
            [
                {"client_id": None, "staff_id": None}
                | link
                | {
                    "state": LinkState.ACTIVE,
                    "step": Step.DONE,
                    "notice_acknowledged_at": long_ago,
                    "created_at": long_ago,
                }
                for link in links
            ],
        ),
        (schema.messages, [_earlier(n) for n in range(clients)]),
    ]


def _earlier(number: int) -> dict[str, object]:
    """Return what a client wrote an hour ago: after a silence she would get an answer as well."""
    return {
        "client_id": client_id(number),
        "staff_id": 1 + number % COACHES,
        "direction": Direction.IN,
        "kind": MessageKind.TEXT,
        "text": "…",
        "language": "fa",
        "chat_id": client_chat(number),
        "telegram_message_id": 0,
        "created_at": START - timedelta(hours=1),
    }


def plan_reminders(file: Path, count: int, due_at: datetime) -> None:
    """Give the first `count` clients an appointment with a reminder at this minute."""
    starts_at = due_at + _HOURS_BEFORE
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        appointments = [
            {
                "client_id": client_id(n),
                "staff_id": 1 + n % COACHES,
                "kind": next(iter(AppointmentKind)),
                "local_date": starts_at.date(),
                "local_time": time(starts_at.hour + 1, starts_at.minute),  # winter
                "zone": "Europe/Amsterdam",
                "starts_at": starts_at,
                "duration_minutes": 30,
                "place": asdict(_PLACE),
                "state": AppointmentState.CONFIRMED,
                "revision": 1,
                "created_at": START,
                "changed_at": START,
            }
            for n in range(count)
        ]
        connection.execute(sa.insert(schema.appointments), appointments)
        reminders = [
            {
                "appointment_id": n + 1,
                "revision": 1,
                "kind": ReminderKind.HOURS_BEFORE,
                "due_at": due_at,
                "state": ReminderState.PLANNED,
            }
            for n in range(count)
        ]
        connection.execute(sa.insert(schema.reminders), reminders)
    engine.dispose()
