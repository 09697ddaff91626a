"""A full diary: the cast with live chats, many appointments, and what became of reminders."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa

from bot.config import Config
from bot.domain.appointments import AppointmentKind, ReminderKind, ReminderState
from bot.domain.delivery import OutboxKind
from bot.domain.ids import AppointmentId
from bot.domain.localtime import Hours, to_utc
from bot.domain.people import LinkState, Step
from bot.services import appointments as service
from bot.services import reminders
from bot.services.core import Core
from bot.storage import appointments, links, people, tasks
from bot.storage.database import Database
from bot.storage.schema import outbox
from bot.storage.schema import reminders as table
from bot.texts import Texts
from tests.cast import CLIENTS, SELAM, STAFF, Person
from tests.storage.rows import OFFICE, Cast, insert_cast

ZONE = "Europe/Amsterdam"
WEDNESDAY, TWO = date(2026, 11, 25), time(14)
FIVE = datetime(2026, 11, 24, 16, tzinfo=UTC)
"""Tuesday 17:00 in the Dutch winter: when people are reminded of Wednesday."""

NEVER = Hours(time(0), time(0))
"""Quiet hours of somebody who may be written to at any hour."""


def config(*, quiet: Hours | None = None, not_before: time | None = None) -> Config:
    """Return the usual settings, with other hours when they are given."""
    usual = Config()
    if quiet is not None:
        hours = replace(usual.hours, quiet_start=quiet.start, quiet_end=quiet.end)
        usual = replace(usual, hours=hours)
    if not_before is not None:
        usual = replace(usual, reminders=replace(usual.reminders, not_before=not_before))
    return usual


async def open_core(url: str, settings: Config | None = None) -> Core:
    """Open a house without Telegram."""
    return Core(await Database.open(url), Texts.load(), settings or Config(), "taalbrug_town_bot")


@dataclass(frozen=True, slots=True)
class Call:
    """A reminder in the outbox."""

    appointment_id: AppointmentId
    revision: int
    lane: str
    seq: int
    text: str
    chat_id: int


@dataclass(frozen=True, slots=True)
class Diary:
    """Everybody linked, and short ways to fill a diary and to read what came of it."""

    core: Core
    cast: Cast

    @classmethod
    async def begin(cls, core: Core, now: datetime) -> "Diary":
        """Bring the cast in, each with a chat of their own."""
        cast = await insert_cast(core.database)
        async with core.database.transaction() as tx:
            for person in (*STAFF, *CLIENTS):
                link_id = await links.insert_link(
                    tx,
                    chat_id=person.chat_id,
                    client_id=cast.clients.get(person.code),
                    staff_id=cast.staff.get(person.code),
                    state=LinkState.ACTIVE,
                    step=Step.DONE,
                    now=now,
                )
                await links.update_link(tx, link_id, notice_acknowledged_at=now)
        return cls(core, cast)

    async def invite(self, who: Person, day: date, clock: time, now: datetime) -> AppointmentId:
        """Make an appointment as a coach does, with all that follows from it."""
        client_id = self.cast.clients[who.code]
        async with self.core.database.transaction() as tx:
            made, _ = await service.invite(
                self.core,
                tx,
                await people.get_client(tx, client_id),
                await people.get_coach(tx, client_id),
                kind=AppointmentKind.PROGRESS,
                local_date=day,
                local_time=clock,
                place=OFFICE,
                duration_minutes=45,
                now=now,
            )
        return made.id

    async def fill(
        self,
        count: int,
        due_at: datetime,
        *,
        kind: ReminderKind = ReminderKind.DAY_BEFORE,
        day: date = WEDNESDAY,
        zone: str = ZONE,
        who: Sequence[Person] = CLIENTS,
    ) -> list[AppointmentId]:
        """Make so many appointments at two o'clock, each with one reminder."""
        async with self.core.database.transaction() as tx:
            made = [
                await appointments.insert_appointment(
                    tx,
                    client_id=self.cast.clients[who[number % len(who)].code],
                    staff_id=self.cast.joke,
                    kind=AppointmentKind.PROGRESS,
                    local_date=day,
                    local_time=TWO,
                    zone=zone,
                    starts_at=to_utc(day, TWO, self.core.config.organisation.zone),
                    duration_minutes=45,
                    place=OFFICE,
                    now=due_at - timedelta(days=1),
                )
                for number in range(count)
            ]
        await self.plan(made, due_at, kind=kind)
        return made

    async def plan(
        self,
        appointment_ids: Sequence[AppointmentId],
        due_at: datetime,
        *,
        kind: ReminderKind = ReminderKind.DAY_BEFORE,
    ) -> int:
        """Plan a reminder of each of these appointments; returns how many are new."""
        async with self.core.database.transaction() as tx:
            new = [
                await appointments.plan_reminder(
                    tx, appointment_id, revision=1, kind=kind, due_at=due_at
                )
                for appointment_id in appointment_ids
            ]
        return sum(new)

    async def all_due(self, now: datetime) -> list[int]:
        """Let ticks find what is due until nothing is left; returns how much each found."""
        found = []
        while count := await reminders.queue_due(self.core, now):
            found.append(count)
        return found

    async def states(self) -> Counter[ReminderState]:
        """Return how many reminders stand in each state."""
        async with self.core.database.reading() as tx:
            return Counter(row["state"] for row in await tx.rows(sa.select(table.c.state)))

    async def kept(self) -> set[tuple[AppointmentId, int, ReminderKind]]:
        """Return every reminder there is, in whatever state; fails when one is there twice."""
        async with self.core.database.reading() as tx:
            rows = await tx.rows(sa.select(table))
        keys = [(row["appointment_id"], row["revision"], row["kind"]) for row in rows]
        assert len(set(keys)) == len(keys)
        return set(keys)

    async def calls(self) -> list[Call]:
        """Return the reminders in the outbox, in the order in which they were put there."""
        async with self.core.database.reading() as tx:
            rows = await tx.rows(
                sa.select(outbox).where(outbox.c.kind == OutboxKind.REMINDER).order_by(outbox.c.id)
            )
        return [
            Call(
                row["appointment_id"],
                row["appointment_revision"],
                row["lane"],
                row["seq"],
                row["payload"]["text"],
                row["chat_id"],
            )
            for row in rows
        ]

    async def tasks(self) -> list[tuple[str, str]]:
        """Return the kind and key of each open task."""
        async with self.core.database.reading() as tx:
            return await tasks.list_open_tasks(tx)

    def lane(self, who: Person = SELAM) -> str:
        """Return the lane in which a client's reminders stand."""
        return f"client:{self.cast.clients[who.code]}:reminder"
