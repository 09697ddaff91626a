"""An office for tests of what staff see: the cast with chats, a clock, and what a phone shows."""

import html
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path

import sqlalchemy as sa
from telegram.ext import CallbackQueryHandler

from bot.adapters.telegram import make_bot
from bot.config import Config
from bot.domain.appointments import AppointmentKind
from bot.domain.contacts import Channel
from bot.domain.ids import (
    ChatId,
    ClientId,
    MessageId,
    StaffId,
    TaskId,
    TelegramMessageId,
)
from bot.domain.languages import DUTCH
from bot.domain.localtime import to_utc
from bot.domain.messages import Direction
from bot.domain.months import Month
from bot.domain.people import LinkState, Role, Step
from bot.domain.periods import Exclusion, Period, PeriodState
from bot.services import client_card
from bot.services.core import Core, Turn
from bot.services.people import import_csv
from bot.storage import (
    appointments,
    contacts,
    links,
    messages,
    people,
    periods,
    statuses,
    tasks,
    worklist,
)
from bot.storage.database import Database, Transaction
from bot.storage.schema import audit_events, outbox
from bot.texts import Texts
from handlers import registry
from tests.cast import CLIENTS, CSV, MORE_STAFF, STAFF, Person
from tests.storage.rows import NOW, OFFICE, insert_staff

TODAY = NOW.date()
MONTH = Month.of(TODAY)
MESSAGE = TelegramMessageId(77)
"""The message whose button is tapped."""

NOOR = Person("s-noor", "Noor Jansen", "coordinator", DUTCH, ChatId(5010))
"""A coordinator who coaches nobody herself."""

_TAG = re.compile(r"<[^>]+>")


def _patterns(core: Core) -> list[re.Pattern[str]]:
    """Return what the handlers of all buttons look for."""
    bot = make_bot("1:token", core.config.telegram.api_url, 20)
    return [
        handler.pattern
        for handler in registry.build(core, bot).handlers[0]
        if isinstance(handler, CallbackQueryHandler) and isinstance(handler.pattern, re.Pattern)
    ]


@dataclass(frozen=True, slots=True)
class Screen:
    """What a member of staff has before them."""

    method: str
    text: str
    labels: tuple[str, ...]
    data: tuple[str, ...]
    about: ClientId | None
    """Whom a reply to this message would reach."""

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    def button(self, label: str) -> str:
        """Return what the button that begins so sends back."""
        found = [
            data
            for name, data in zip(self.labels, self.data, strict=True)
            if name.startswith(label)
        ]
        assert found, f"There is no button {label}; there are {self.labels}."
        return found[0]


class Office:
    """Everybody of the cast, linked; time stands still."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.now = NOW
        self._numbers = count(1)
        self.patterns = _patterns(core)

    def turn(self, person: Person) -> Turn:
        """Return a tap of somebody in their own chat."""
        return Turn(now=self.now, chat_id=person.chat_id, callback_id="1")

    async def screen(self, person: Person) -> Screen:
        """Return what was put in somebody's chat last."""
        async with self.core.database.reading() as tx:
            row = await tx.row(
                sa.select(outbox.c.method, outbox.c.payload, outbox.c.client_id)
                .where(
                    outbox.c.chat_id == person.chat_id,
                    outbox.c.method.in_(("sendMessage", "editMessageText")),
                )
                .order_by(outbox.c.id.desc())
            )
        assert row is not None, f"Nothing was ever put in the chat of {person.code}."
        markup = row["payload"].get("reply_markup", {"inline_keyboard": []})
        keys = [key for line in markup["inline_keyboard"] for key in line]
        return Screen(
            row["method"],
            html.unescape(_TAG.sub("", row["payload"]["text"])),
            tuple(key["text"] for key in keys),
            tuple(key["callback_data"] for key in keys),
            row["client_id"],
        )

    async def open_keys(self) -> list[str]:
        """Return the keys of all tasks that are not done."""
        async with self.core.database.reading() as tx:
            return [key for _, key in await tasks.list_open_tasks(tx)]

    async def traces(self, action: str) -> int:
        """Return how often the trail says that somebody did this."""
        async with self.core.database.reading() as tx:
            return await tx.number(
                sa.select(sa.func.count())
                .select_from(audit_events)
                .where(audit_events.c.action == action)
            )

    # -- who there is -------------------------------------------------------------------------

    async def client(self, person: Person) -> ClientId:
        async with self.core.database.reading() as tx:
            found = await people.find_client(tx, person.code)
        assert found is not None
        return found.id

    async def staff(self, person: Person) -> StaffId:
        async with self.core.database.reading() as tx:
            found = await people.find_staff(tx, person.code)
        assert found is not None
        return found.id

    async def hires(self, person: Person) -> StaffId:
        """Bring in a colleague, with a chat."""
        async with self.core.database.transaction() as tx:
            staff_id = await insert_staff(tx, person)
            await _link(tx, person.chat_id, staff_id=staff_id)
        return staff_id

    async def involves(self, person: Person, client: Person) -> None:
        """Have a colleague work with a client besides her coach."""
        async with self.core.database.transaction() as tx:
            await people.insert_involvement(
                tx, await self.client(client), await self.staff(person), now=self.now
            )

    async def leaves(
        self, person: Person, *, days_ago: int, backup: Person | None, days: int = 30
    ) -> None:
        """Have a colleague be away since some days."""
        first = TODAY - timedelta(days=days_ago)
        async with self.core.database.transaction() as tx:
            await statuses.insert_absence(
                tx,
                await self.staff(person),
                first_day=first,
                last_day=first + timedelta(days=days),
                backup_id=await self.staff(backup) if backup else None,
                now=self.now,
            )

    async def meets(self, client: Person, owner: Person, day: date) -> None:
        """Make an appointment at this time of another day."""
        zone = self.core.config.organisation.zone
        clock = self.now.astimezone(zone).time()
        async with self.core.database.transaction() as tx:
            await appointments.insert_appointment(
                tx,
                client_id=await self.client(client),
                staff_id=await self.staff(owner),
                kind=AppointmentKind.PROGRESS,
                local_date=day,
                local_time=clock,
                zone=zone.key,
                starts_at=to_utc(day, clock, zone),
                duration_minutes=45,
                place=OFFICE,
                now=self.now,
            )

    # -- what people tap ----------------------------------------------------------------------

    async def opens_card(self, person: Person, client: Person, origin: str = "") -> Screen:
        """Have somebody tap a client in a list."""
        await client_card.show_client(
            self.core, self.turn(person), await self.client(client), origin, MESSAGE
        )
        return await self.screen(person)

    # -- what waits ---------------------------------------------------------------------------

    async def gives(
        self,
        owner: Person,
        key: str,
        client: Person | None = None,
        *,
        at: datetime | None = None,
        level: int = 0,
        about: int | None = None,
    ) -> TaskId:
        """Give somebody a task; the word before the colon of its key is its kind."""
        client_id = await self.client(client) if client else None
        staff_id = await self.staff(owner)
        async with self.core.database.transaction() as tx:
            await tasks.insert_task(
                tx,
                kind=key.partition(":")[0],
                key=key,
                client_id=client_id,
                staff_id=staff_id,
                now=at or self.now,
                level=level,
                about_id=about,
            )
            found = await worklist.find_task(tx, key)
        assert found is not None
        return found

    async def hears(
        self, client: Person, owner: Person, text: str = "ሰላም", *, at: datetime | None = None
    ) -> MessageId:
        """Have a client write, without the trip of the message."""
        client_id, staff_id = await self.client(client), await self.staff(owner)
        async with self.core.database.transaction() as tx:
            message = await messages.insert_message(
                tx,
                client_id=client_id,
                staff_id=staff_id,
                direction=Direction.IN,
                text=text,
                language=client.language,
                media=None,
                chat_id=client.chat_id,
                telegram_message_id=TelegramMessageId(next(self._numbers)),
                edits_message_id=None,
                now=at or self.now,
            )
            await worklist.insert_message_task(
                tx, message.id, client_id=client_id, staff_id=staff_id, now=at or self.now
            )
        return message.id

    async def stands(
        self,
        client: Person,
        state: PeriodState,
        target: int | None = None,
        *,
        spoken: int | None = None,
        why: Exclusion | None = None,
        month: Month = MONTH,
    ) -> None:
        """Keep how a client's month stands, by days of the month."""
        period = Period(
            month,
            state,
            active_days=30,
            target=None if target is None else month.day(target),
            satisfied_on=None if spoken is None else month.day(spoken),
            exclusion=why,
        )
        async with self.core.database.transaction() as tx:
            await periods.save_periods(tx, [(await self.client(client), period)], now=self.now)

    async def speaks(self, client: Person, owner: Person, day: date) -> None:
        """Put a conversation on record."""
        async with self.core.database.transaction() as tx:
            await contacts.insert_contact(
                tx,
                client_id=await self.client(client),
                day=day,
                channel=Channel.PHONE,
                role=Role.COACH,
                staff_id=await self.staff(owner),
                theme=None,
                counts=True,
                now=self.now,
            )


def leads_somewhere(office: Office, data: str) -> bool:
    """Tell whether a handler takes a button's data."""
    patterns = office.patterns
    assert patterns
    return any(pattern.match(data) for pattern in patterns)


async def _link(
    tx: Transaction,
    chat_id: ChatId,
    *,
    client_id: ClientId | None = None,
    staff_id: StaffId | None = None,
) -> None:
    await links.insert_link(
        tx,
        chat_id=chat_id,
        client_id=client_id,
        staff_id=staff_id,
        state=LinkState.ACTIVE,
        step=Step.DONE,
        now=NOW,
    )


@asynccontextmanager
async def open_office(folder: Path, hired: Sequence[Person] = MORE_STAFF) -> AsyncIterator[Office]:
    """Give an office in which everybody of the cast has a chat, and some colleagues more."""
    database = await Database.open(f"sqlite+aiosqlite:///{folder / 'taalbrug.db'}")
    try:
        office = Office(Core(database, Texts.load(), Config(), ""))
        await import_csv(office.core, CSV, NOW)
        for person in STAFF:
            staff_id = await office.staff(person)
            async with database.transaction() as tx:
                await _link(tx, person.chat_id, staff_id=staff_id)
        for person in CLIENTS:
            client_id = await office.client(person)
            async with database.transaction() as tx:
                await _link(tx, person.chat_id, client_id=client_id)
        for person in hired:
            await office.hires(person)
        yield office
    finally:
        await database.close()
