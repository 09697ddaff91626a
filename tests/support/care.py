"""The rhythm of the work without Telegram: real services, a real database, a clock to set."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa

from bot.config import Config
from bot.domain.contacts import AttemptKind, Channel, Theme, contact_role
from bot.domain.ids import ChatId, ClientId, StaffId
from bot.domain.localtime import to_utc
from bot.domain.months import Month
from bot.domain.people import Client, ClientStatus, HoldReason, LinkState, Role, Staff, Step
from bot.domain.periods import ContactPeriod
from bot.services import contacts, digests, periods, statuses
from bot.services.contacts import Recorded
from bot.services.core import Core
from bot.storage import links, people
from bot.storage import periods as period_storage
from bot.storage.care_schema import prompts
from bot.storage.database import Database
from bot.storage.schema import outbox, tasks
from bot.texts import Texts
from tests.cast import BRAM, DAAN, JOKE, SANNE, SELAM, Person

MORNING = time(8, 30)


@dataclass(slots=True)
class Care:
    """An organisation whose clock stands where a test puts it."""

    core: Core
    now: datetime

    @property
    def today(self) -> date:
        return self.core.today(self.now)

    def at(self, day: date, clock: time = time(10)) -> None:
        """Put the clock at a wall-clock moment."""
        self.now = to_utc(day, clock, self.core.config.organisation.zone)

    async def comes(
        self,
        person: Person,
        *,
        coach: Person = JOKE,
        status: ClientStatus = ClientStatus.ACTIVE,
    ) -> Client:
        """Bring a client into care today."""
        async with self.core.database.transaction() as tx:
            owner = await people.find_staff(tx, coach.code)
            assert owner is not None
            client_id = await people.insert_client(
                tx,
                code=person.code,
                name=person.name,
                language=person.language,
                coach_id=owner.id,
                today=self.today,
                now=self.now,
                status=status,
            )
            await periods.refresh(self.core, tx, [client_id], now=self.now)
            return await people.get_client(tx, client_id)

    async def client(self, person: Person) -> Client:
        async with self.core.database.reading() as tx:
            found = await people.find_client(tx, person.code)
        assert found is not None
        return found

    async def staff(self, person: Person) -> Staff:
        async with self.core.database.reading() as tx:
            found = await people.find_staff(tx, person.code)
        assert found is not None
        return found

    async def speaks(
        self,
        client: Person = SELAM,
        *,
        by: Person = JOKE,
        on: date | None = None,
        channel: Channel = Channel.PHONE,
        theme: Theme | None = None,
        counts: bool = True,
    ) -> Recorded:
        """Put a conversation on record."""
        staff, who = await self.staff(by), await self.client(client)
        role = contact_role(staff.roles)
        assert role is not None
        async with self.core.database.transaction() as tx:
            return await contacts.record(
                self.core,
                tx,
                who,
                staff,
                role,
                day=on or self.today,
                channel=channel,
                theme=theme,
                counts=counts,
                now=self.now,
            )

    async def withdraws(self, recorded: Recorded, by: Person = JOKE) -> bool:
        staff = await self.staff(by)
        async with self.core.database.transaction() as tx:
            return await contacts.withdraw(self.core, tx, recorded.contact.id, staff, now=self.now)

    async def tries(self, client: Person = SELAM, by: Person = JOKE) -> bool:
        staff, who = await self.staff(by), await self.client(client)
        async with self.core.database.transaction() as tx:
            return await contacts.record_attempt(
                self.core, tx, who, staff, AttemptKind.NO_ANSWER, day=self.today, now=self.now
            )

    async def becomes(
        self,
        status: ClientStatus,
        client: Person = SELAM,
        *,
        reason: HoldReason | None = None,
        review_on: date | None = None,
    ) -> None:
        """Give a client another status."""
        who, staff = await self.client(client), await self.staff(JOKE)
        async with self.core.database.transaction() as tx:
            await statuses.change(
                self.core,
                tx,
                who,
                status,
                staff=staff,
                reason=reason,
                review_on=review_on,
                now=self.now,
            )

    async def moves_to(self, coach: Person, client: Person = SELAM) -> None:
        who, to = await self.client(client), await self.staff(coach)
        async with self.core.database.transaction() as tx:
            await statuses.assign(tx, who, to, staff=None, now=self.now)

    async def is_away(
        self, person: Person, first: date, last: date, backup: Person | None
    ) -> None:
        staff = await self.staff(person)
        stand_in = (await self.staff(backup)).id if backup else None
        async with self.core.database.transaction() as tx:
            await statuses.set_absence(
                tx, staff, first_day=first, last_day=last, backup=stand_in, now=self.now
            )

    async def passes(self, until: date) -> None:
        """Let the mornings come, each once, up to and including a day; the clock stays there."""
        day = max(self.today, date(2020, 1, 1))
        while day <= until:
            self.at(day, MORNING)
            await periods.refresh_due(self.core, self.now)
            await digests.send_due(self.core, self.now)
            day += timedelta(days=1)
        self.at(until)

    async def period(self, month: str, client: Person = SELAM) -> ContactPeriod | None:
        who = await self.client(client)
        wanted = Month.parse(month)
        async with self.core.database.reading() as tx:
            kept = await period_storage.list_periods(tx, [who.id], [wanted])
        return kept.get((who.id, wanted))

    async def state(self, month: str, client: Person = SELAM) -> str | None:
        kept = await self.period(month, client)
        return kept.period.state.value if kept else None

    async def prompted(self, kind: str = "contact") -> list[tuple[str, str, date]]:
        """Return who was told of which rung on which day, in order."""
        async with self.core.database.reading() as tx:
            rows = await tx.rows(
                sa.select(prompts.c.rung, prompts.c.hearer, prompts.c.day)
                .where(prompts.c.kind == kind)
                .order_by(prompts.c.day, prompts.c.id)
            )
        return [(row["rung"], row["hearer"], row["day"]) for row in rows]

    async def open_tasks(self) -> list[str]:
        """Return the kinds of the tasks that are open."""
        async with self.core.database.reading() as tx:
            rows = await tx.rows(
                sa.select(tasks.c.kind).where(tasks.c.done_at.is_(None)).order_by(tasks.c.id)
            )
        return [row["kind"] for row in rows]

    async def told(self, person: Person) -> list[str]:
        """Return what was queued for somebody's chat."""
        async with self.core.database.reading() as tx:
            rows = await tx.rows(
                sa.select(outbox.c.payload)
                .where(outbox.c.chat_id == person.chat_id, outbox.c.method == "sendMessage")
                .order_by(outbox.c.id)
            )
        return [str(row["payload"]["text"]) for row in rows]

    async def links(self, person: Person) -> None:
        """Give somebody a live chat."""
        async with self.core.database.transaction() as tx:
            client = await people.find_client(tx, person.code)
            staff = await people.find_staff(tx, person.code)
            link_id = await links.insert_link(
                tx,
                chat_id=ChatId(person.chat_id),
                client_id=ClientId(client.id) if client else None,
                staff_id=StaffId(staff.id) if staff else None,
                state=LinkState.ACTIVE,
                step=Step.DONE,
                now=self.now,
            )
            await links.update_link(tx, link_id, notice_acknowledged_at=self.now)


@asynccontextmanager
async def open_care(
    url: str, start: date, *staff: Person, config: Config | None = None
) -> AsyncIterator[Care]:
    """Open an organisation with Joke, Bram, Sanne and Daan, or with the given staff."""
    database = await Database.open(url)
    core = Core(database, Texts.load(), config or Config(), "")
    care = Care(core, to_utc(start, time(9), core.config.organisation.zone))
    try:
        async with database.transaction() as tx:
            for person in staff or (JOKE, BRAM, SANNE, DAAN):
                await people.insert_staff(
                    tx,
                    code=person.code,
                    name=person.name,
                    roles=tuple(Role(role) for role in person.role.split("+")),
                    now=care.now,
                )
        yield care
    finally:
        await database.close()


def with_contact(config: Config, **values: object) -> Config:
    """Return a configuration with other rules for the monthly contact."""
    return replace(config, contact=replace(config.contact, **values))  # type: ignore[arg-type]
