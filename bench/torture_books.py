"""The database side of the torture run: who is linked, what comes due, and what is written down.

It is opened only while the bot does not run, or when all is over: what the bot finds after a
kill is what it left, with nobody's help.
"""

import asyncio
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import psycopg
import sqlalchemy as sa

from bench.torture_judge import Call, Evidence, Planned, Sort
from bench.torture_town import TOKEN, Client, Town, anchor_text, soon, zone_of_morning
from bench.torture_words import invitation_word, reminder_word, visible, words_in
from bot.application import open_core
from bot.config import Config, load
from bot.domain.appointments import AppointmentKind, ReminderState
from bot.domain.delivery import InboxState, OutboxKind, OutboxState
from bot.domain.ids import TelegramMessageId
from bot.domain.languages import DUTCH, Language
from bot.domain.people import ClientStatus, LinkState, Step
from bot.services import appointments as service
from bot.services import people as people_service
from bot.services.core import Core
from bot.services.outgoing import staff_lane, text_payload
from bot.storage import links, outbox, people, schema, statuses
from bot.storage.database import Database, Transaction

ROOT = Path(__file__).resolve().parent.parent
UNDER_WAY = (
    OutboxState.WAITING,
    OutboxState.QUEUED,
    OutboxState.CLAIMED,
    OutboxState.SENDING,
)
PER_SECOND = 50
"""More than Telegram's usual 30, so that ten thousand messages go out in minutes."""

_opening = asyncio.Lock()
"""The migrations know one database at a time in a process."""

_EXTENSIONS = ("", "-wal")
_SENDING = "select count(*) from outbox where state = 'sending'"


@dataclass(frozen=True, slots=True)
class Books:
    """Where the town's database is, and the settings under which the bot runs on it."""

    url: str
    environment: Mapping[str, str]
    config: Config
    folder: Path

    @classmethod
    def of(cls, town: Town, folder: Path, url: str) -> "Books":
        """Return the books of a town that is open."""
        environment = {
            "TAALBRUG_TELEGRAM_API_URL": town.url,
            "TAALBRUG_TELEGRAM_TOKEN": TOKEN,
            "TAALBRUG_TELEGRAM_POLL_SECONDS": "2",
            "TAALBRUG_DATABASE_URL": url,
            "TAALBRUG_ORGANISATION_ZONE": zone_of_morning(datetime.now(UTC)),
            "TAALBRUG_SCHEDULER_TICK_SECONDS": "1",
            "TAALBRUG_SENDING_PER_SECOND": str(PER_SECOND),
            "TAALBRUG_TRANSLATION_ENGINES": "phrasebook,none",
            "TAALBRUG_TRANSLATION_TIME_LIMIT_SECONDS": "1",
            "TAALBRUG_WEB_PORT": "0",
        }
        return cls(url, environment, load(ROOT / "config.toml", environment), folder)

    @property
    def file(self) -> Path | None:
        """Return the file of an SQLite database."""
        parsed = sa.make_url(self.url)
        return Path(parsed.database or "") if parsed.drivername.startswith("sqlite") else None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Core]:
        """Open the database, and close it again so that the bot finds it as it was left."""
        async with _opening:
            core = await open_core(self.config)
        try:
            yield core
        finally:
            await core.database.close()

    def count_sending(self) -> int:
        """Return how many calls are under way, now that the bot is dead.

        Of SQLite a copy is read, so that the bot itself has to put its file in order.
        """
        if self.file is None:
            uri = sa.make_url(self.url).set(drivername="postgresql")
            with psycopg.connect(uri.render_as_string(hide_password=False)) as connection:
                row = connection.execute(_SENDING).fetchone()
            return int(row[0]) if row else 0
        copy = self.folder / "copy.db"
        for extension in _EXTENSIONS:
            source = self.file.with_name(self.file.name + extension)
            target = copy.with_name(copy.name + extension)
            target.unlink(missing_ok=True)
            if source.exists():
                shutil.copyfile(source, target)
        with closing(sqlite3.connect(copy)) as connection:
            try:
                return int(connection.execute(_SENDING).fetchone()[0])
            except sqlite3.OperationalError:  # killed before there were any tables
                return 0


# -- before --------------------------------------------------------------------------------------


async def move_in(books: Books, town: Town) -> None:
    """Have everybody known and linked, without the tapping that this takes."""
    now = datetime.now(UTC)
    async with books.opened() as core, aiohttp.ClientSession() as session:
        await people_service.import_csv(core, _csv(town), now)
        async with core.database.transaction() as tx:
            for coach in town.coaches:
                person = await people.find_staff(tx, coach.code)
                await links.insert_link(
                    tx,
                    chat_id=coach.chat_id,
                    client_id=None,
                    staff_id=person.id if person else None,
                    state=LinkState.ACTIVE,
                    step=Step.DONE,
                    now=now,
                )
            for client in town.clients:
                await town.introduce(session, client)
                await _link(tx, client, now)


def _csv(town: Town) -> str:
    lines = ["role,code,name,language,coach"]
    lines += [f"coach+coordinator,{coach.code},{coach.name},," for coach in town.coaches]
    lines += [
        f"client,{client.code},{client.name},{client.language},{client.coach.code}"
        for client in town.clients
    ]
    return "\n".join(lines) + "\n"


async def _link(tx: Transaction, client: Client, now: datetime) -> None:
    person = await people.find_client(tx, client.code)
    if person is None:
        msg = f"The client {client.code} was not imported; see the file that was made for it."
        raise LookupError(msg)
    link_id = await links.insert_link(
        tx,
        chat_id=client.chat_id,
        client_id=person.id,
        staff_id=None,
        state=LinkState.ACTIVE,
        step=Step.DONE,
        now=now,
    )
    await links.update_link(tx, link_id, notice_acknowledged_at=now)
    await statuses.change_status(tx, person.id, ClientStatus.ACTIVE, today=now.date(), now=now)
    call = await outbox.insert_call(
        tx,
        lane=staff_lane(client.coach.chat_id, person),
        chat_id=client.coach.chat_id,
        kind=OutboxKind.STAFF,
        method="sendMessage",
        payload={"chat_id": client.coach.chat_id, "text": anchor_text(client)},
        client_id=person.id,
        now=now,
    )
    await outbox.update_call(
        tx,
        call,
        state=OutboxState.SENT,
        telegram_message_id=TelegramMessageId(client.anchor),
        now=now,
    )


# -- meanwhile -----------------------------------------------------------------------------------


async def make_appointments(core: Core, town: Town, count: int) -> None:
    """Make appointments whose reminders are due within seconds."""
    now = datetime.now(UTC)
    config = core.config
    hours = timedelta(hours=config.reminders.hours_before)
    for client in town.rng.choices(town.clients, k=count):
        begins = (soon(town.rng, now) + hours).astimezone(config.organisation.zone)
        async with core.database.transaction() as tx:
            person = await people.find_client(tx, client.code)
            if person is None:
                continue
            made, _ = await service.invite(
                core,
                tx,
                person,
                await people.get_coach(tx, person.id),
                kind=AppointmentKind.PROGRESS,
                local_date=begins.date(),
                local_time=begins.time().replace(microsecond=0),
                place=config.places[0],
                duration_minutes=45,
                now=now,
            )
        for sort, word in (
            (Sort.INVITATION, invitation_word(made.id, made.revision)),
            (Sort.REMINDER, reminder_word(made.id, made.revision)),
        ):
            # A reminder has a lane of its own, and its time says when it comes.
            town.plan(Planned(word, client.chat_id, f"{sort} {made.id}", sort))


async def make_broadcast(core: Core, town: Town, count: int) -> None:
    """Queue a message for so many clients, as a broadcast does."""
    now = datetime.now(UTC)
    async with core.database.transaction() as tx:
        for client in town.rng.choices(town.clients, k=count):
            person = await people.find_client(tx, client.code)
            if person is None:
                continue
            word = town.number()
            await outbox.insert_call(
                tx,
                lane=f"broadcast:{client.chat_id}",
                chat_id=client.chat_id,
                kind=OutboxKind.BROADCAST,
                method="sendMessage",
                payload=text_payload(client.chat_id, f"🎬 {word}"),
                client_id=person.id,
                now=now,
            )
            lane = f"broadcast to {client.code}"
            town.plan(Planned(word, client.chat_id, lane, Sort.BROADCAST))


# -- afterwards ----------------------------------------------------------------------------------


async def left_to_do(database: Database, town: Town, now: datetime) -> list[str]:
    """Return what the bot has not finished; nothing when it is at rest."""
    calls, updates, reminders = schema.outbox.c, schema.inbox.c, schema.reminders.c
    async with database.reading() as tx:
        outgoing = await tx.rows(
            sa.select(calls.id, calls.kind, calls.state, calls.method, calls.error)
            .where(calls.state.in_(UNDER_WAY))
            .order_by(calls.id)
        )
        incoming = await tx.rows(
            sa.select(updates.id, updates.error).where(updates.state == InboxState.NEW)
        )
        due = await tx.rows(
            sa.select(reminders.id).where(
                reminders.state == ReminderState.PLANNED, reminders.due_at <= now
            )
        )
        coming = await tx.number(
            sa.select(sa.func.count()).where(
                reminders.state == ReminderState.PLANNED,
                reminders.due_at > now,
                reminders.due_at < now + timedelta(minutes=1),
            )
        )
    unfetched = town.phones.pending_updates if town.up else 0
    return [
        *(
            f"call {row['id']} {row['kind']} {row['method']} is {row['state']}: {row['error']}"
            for row in outgoing
        ),
        *(f"update {row['id']} is new: {row['error']}" for row in incoming),
        *(f"reminder {row['id']} is due" for row in due),
        *([f"{coming} reminders come due within a minute"] if coming else []),
        *([f"{unfetched} updates were not fetched"] if unfetched else []),
    ]


async def evidence(core: Core, town: Town, doubtful: tuple[int, ...], senders: int) -> Evidence:
    """Gather what the judge looks at."""
    async with core.database.reading() as tx:
        calls = await _calls(tx)
        told = await _told(tx) | await _asked_after(core, tx)
    marks: dict[int, str] = {
        person.chat_id: _mark(core, person.language if isinstance(person, Client) else DUTCH)
        for person in town.people
    }
    return Evidence(
        planned=tuple(town.planned),
        chats=town.chats(),
        calls=calls,
        marks=marks,
        told=told,
        doubtful=doubtful,
        senders=senders,
    )


def _mark(core: Core, language: Language) -> str:
    return visible(core.texts.say("ch.maybe_twice", language))


async def _calls(tx: Transaction) -> tuple[Call, ...]:
    c = schema.outbox.c
    rows = await tx.rows(
        sa.select(
            c.id,
            c.chat_id,
            c.state,
            c.method,
            c.payload,
            c.telegram_message_id,
            c.edits_outbox_id,
        ).order_by(c.id)
    )
    return tuple(
        Call(
            id=row["id"],
            chat_id=row["chat_id"],
            state=str(row["state"]),
            makes=row["method"].startswith("send") and row["edits_outbox_id"] is None,
            text=visible(str(row["payload"].get("text") or row["payload"].get("caption") or "")),
            words=words_in(json.dumps(row["payload"])),
            message_id=row["telegram_message_id"],
        )
        for row in rows
    )


async def _told(tx: Transaction) -> frozenset[str]:
    """Return the words of what was not delivered, but given to a person as a task."""
    keys = [row["key"] for row in await tx.rows(sa.select(schema.tasks.c.key))]
    told: set[str] = set()
    for key in keys:
        kind, number, *rest = key.split(":")
        if kind == "missed_reminder" and rest:
            told.add(reminder_word(int(number), int(rest[0])))
        elif kind.startswith("quarantined"):
            told |= await _words_of(tx, number)
    return frozenset(told)


async def _asked_after(core: Core, tx: Transaction) -> frozenset[str]:
    """Return the words of what stayed in doubt, and about which a coach was told to ask."""
    c = schema.outbox.c
    rows = await tx.rows(sa.select(c.client_id, c.kind, c.state, c.payload))
    notices: Counter[int] = Counter()
    doubtful: dict[int, list[frozenset[str]]] = {}
    said: dict[int, str] = {}
    for row in rows:
        client_id = row["client_id"]
        if client_id is None:
            continue
        if row["kind"] is OutboxKind.STAFF:
            if client_id not in said:
                client = await people.get_client(tx, client_id)
                said[client_id] = core.texts.staff(
                    "st.perhaps_not_delivered", code=client.code, voornaam=client.name
                )
            notices[client_id] += str(row["payload"].get("text", "")).startswith(said[client_id])
        elif row["state"] is OutboxState.UNCERTAIN:
            doubtful.setdefault(client_id, []).append(words_in(json.dumps(row["payload"])))
    # The notice does not say which message it is about, so there must be one for each.
    return frozenset(
        word
        for client_id, found in doubtful.items()
        if len(found) <= notices[client_id]
        for words in found
        for word in words
    )


async def _words_of(tx: Transaction, name: str) -> frozenset[str]:
    """Return the words of a quarantined update, or of a message that stayed in doubt."""
    what, _, number = name.rpartition(" ")
    table, column = (
        (schema.messages, schema.messages.c.text)
        if what == "message"
        else (schema.inbox, schema.inbox.c.raw)
    )
    row = await tx.row(sa.select(column.label("said")).where(table.c.id == int(number)))
    return words_in(str(row["said"])) if row else frozenset()
