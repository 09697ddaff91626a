"""The cast as rows, and short ways to write what most storage tests need."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot.domain.appointments import AppointmentKind, Place
from bot.domain.delivery import OutboxKind
from bot.domain.ids import (
    AppointmentId,
    ClientId,
    MessageId,
    OutboxId,
    StaffId,
    TelegramMessageId,
)
from bot.domain.messages import Direction, Message
from bot.domain.people import Role
from bot.storage import appointments, messages, outbox, people
from bot.storage.database import Database, Transaction
from tests.cast import CLIENTS, JOKE, SELAM, STAFF, Person

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OFFICE = Place(key="kantoor", name="Stadskantoor", latitude=52.09, longitude=5.12)


@dataclass(frozen=True, slots=True)
class Cast:
    """The ids under which the cast is stored."""

    staff: dict[str, StaffId]
    clients: dict[str, ClientId]

    @property
    def joke(self) -> StaffId:
        return self.staff[JOKE.code]

    @property
    def selam(self) -> ClientId:
        return self.clients[SELAM.code]


async def insert_cast(database: Database) -> Cast:
    """Store everybody of the cast."""
    cast = Cast({}, {})
    async with database.transaction() as tx:
        for person in STAFF:
            cast.staff[person.code] = await insert_staff(tx, person)
        for person in CLIENTS:
            cast.clients[person.code] = await people.insert_client(
                tx,
                code=person.code,
                name=person.name,
                language=person.language,
                coach_id=cast.staff[person.coach],
                today=NOW.date(),
                now=NOW,
            )
    return cast


async def insert_staff(tx: Transaction, person: Person) -> StaffId:
    roles = tuple(Role(role) for role in person.role.split("+"))
    return await people.insert_staff(tx, code=person.code, name=person.name, roles=roles, now=NOW)


async def insert_text(
    tx: Transaction,
    cast: Cast,
    *,
    text: str = "ሰላም",
    number: int = 1,
    direction: Direction = Direction.IN,
    edits: MessageId | None = None,
) -> Message:
    """Store something Selam wrote."""
    return await messages.insert_message(
        tx,
        client_id=cast.selam,
        staff_id=cast.joke,
        direction=direction,
        text=text,
        language=SELAM.language,
        media=None,
        chat_id=SELAM.chat_id,
        telegram_message_id=TelegramMessageId(number),
        edits_message_id=edits,
        now=NOW,
    )


async def insert_appointment(tx: Transaction, cast: Cast) -> AppointmentId:
    """Store an appointment of Selam with Joke, tomorrow at 14:00."""
    return await appointments.insert_appointment(
        tx,
        client_id=cast.selam,
        staff_id=cast.joke,
        kind=AppointmentKind.PROGRESS,
        local_date=date(2026, 11, 25),
        local_time=time(14),
        zone="Europe/Amsterdam",
        starts_at=datetime(2026, 11, 25, 13, tzinfo=UTC),
        duration_minutes=30,
        place=OFFICE,
        now=NOW,
    )


async def say(
    tx: Transaction,
    lane: str,
    text: str,
    *,
    seq: int | None = None,
    part: int = 0,
    not_before: datetime | None = None,
    message_id: MessageId | None = None,
    frame: str | None = None,
) -> OutboxId:
    """Put a text to Selam in a lane."""
    return await outbox.insert_call(
        tx,
        lane=lane,
        chat_id=SELAM.chat_id,
        kind=OutboxKind.CONVERSATION,
        method="sendMessage",
        payload={"chat_id": SELAM.chat_id, "text": text},
        now=NOW,
        seq=seq,
        part=part,
        not_before=not_before,
        frame=frame,
        message_id=message_id,
    )
