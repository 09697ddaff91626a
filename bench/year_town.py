"""The organisation of the simulated year: a real database, the real services, a clock to set."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from pathlib import Path

from bench.recount_events import Absence, CheckIn, Coach, Meeting, Status, Talk
from bench.year_story import Action, Story
from bot.config import Config
from bot.domain.appointments import AppointmentKind
from bot.domain.contacts import AttemptKind, Channel, ContactError
from bot.domain.ids import AppointmentId, ChatId, ContactId, TelegramMessageId
from bot.domain.languages import KNOWN
from bot.domain.people import Client, ClientStatus, HoldReason, LinkState, Role, Staff, Step
from bot.services import appointments, contacts, digests, periods, statuses
from bot.services.core import Core, Turn
from bot.storage import links, people
from bot.storage import statuses as status_storage
from bot.storage.database import Database, Transaction
from bot.texts import Texts

_MEETS_AT = time(13)
_MINUTES = 45
_STAFF_CHAT, _CLIENT_CHAT = 9_000_001, 1_000_001
_QUESTION = TelegramMessageId(1)
"""The message under which a coach taps; nobody reads it here."""


@dataclass(slots=True)
class Town:
    """Puts to the services what people tell; remembers only which row became of which event."""

    core: Core
    chats: Mapping[str, ChatId]
    first_coaches: Mapping[str, str]
    trainer: str
    talks: dict[Talk, ContactId] = field(default_factory=dict)
    meetings: dict[Meeting, AppointmentId] = field(default_factory=dict)

    async def tick(self, at: datetime) -> None:
        """Do what the clock does: the months, then the morning."""
        now = at.astimezone(UTC)
        await periods.refresh_due(self.core, now)
        await digests.send_due(self.core, now)

    async def tell(self, action: Action) -> None:
        """Tell the product one thing; it may refuse a conversation, and nothing else."""
        now = action.at.astimezone(UTC)
        if action.verb == "cancel" and isinstance(action.event, Meeting):
            await self._cancel(action.event, now)
            return
        try:
            async with self.core.database.transaction() as tx:
                await self._take(tx, action, now)
        except ContactError:
            pass  # that it is refused is for the recount to find as well

    async def _take(self, tx: Transaction, action: Action, now: datetime) -> None:
        match action.event:
            case Status() as event:
                await self._status(tx, event, now)
            case Coach() as event:
                client, coach = (
                    await self._client(tx, event.client),
                    await self._staff(tx, event.coach),
                )
                await statuses.assign(tx, client, coach, staff=None, now=now)
            case Absence() as event:
                stand_in = await self._staff(tx, event.backup) if event.backup else None
                await statuses.set_absence(
                    tx,
                    await self._staff(tx, event.staff),
                    first_day=event.first,
                    last_day=event.last,
                    backup=stand_in.id if stand_in else None,
                    now=now,
                )
            case CheckIn() as event:
                client = await self._client(tx, event.client)
                await people.update_client(tx, client.id, check_in=event.wanted)
            case Talk() as event if action.verb == "withdraw":
                if event in self.talks:
                    person = await people.get_coach(tx, (await self._client(tx, event.client)).id)
                    await contacts.withdraw(self.core, tx, self.talks[event], person, now=now)
            case Talk() as event:
                await self._talk(tx, event, now)
            case Meeting() as event if action.verb == "miss":
                client = await self._client(tx, event.client)
                await contacts.record_attempt(
                    self.core,
                    tx,
                    client,
                    await people.get_coach(tx, client.id),
                    AttemptKind.NO_SHOW,
                    day=event.day,
                    appointment_id=self.meetings[event],
                    now=now,
                )
            case Meeting() as event:
                await self._meet(tx, event, now)

    async def _client(self, tx: Transaction, code: str) -> Client:
        client = await people.find_client(tx, code)
        assert client is not None, code  # noqa: S101 - the story brings her first
        return client

    async def _staff(self, tx: Transaction, code: str) -> Staff:
        person = await people.find_staff(tx, code)
        assert person is not None, code  # noqa: S101 - all were there at the start
        return person

    async def _status(self, tx: Transaction, event: Status, now: datetime) -> None:
        client = await people.find_client(tx, event.client)
        status = ClientStatus(event.status)
        if client is not None:
            reason = HoldReason.OTHER_PROBLEMS if status is ClientStatus.ON_HOLD else None
            staff = await people.get_coach(tx, client.id)
            await statuses.change(
                self.core, tx, client, status, staff=staff, reason=reason, now=now
            )
            return
        number = int(event.client.removeprefix("K-"))
        coach = await self._staff(tx, self.first_coaches[event.client])
        client_id = await people.insert_client(
            tx,
            code=event.client,
            name=f"Client {number}",
            language=sorted(KNOWN)[number % len(KNOWN)],
            coach_id=coach.id,
            today=event.day,
            now=now,
            status=status,
        )
        link = await links.insert_link(
            tx,
            chat_id=ChatId(_CLIENT_CHAT + number),
            client_id=client_id,
            staff_id=None,
            state=LinkState.ACTIVE,
            step=Step.DONE,
            now=now,
        )
        await links.update_link(tx, link, notice_acknowledged_at=now)

    async def _talk(self, tx: Transaction, event: Talk, now: datetime) -> None:
        client = await self._client(tx, event.client)
        coach = await people.get_coach(tx, client.id)
        made = await contacts.record(
            self.core,
            tx,
            client,
            await self._staff(tx, self.trainer) if event.trainer else coach,
            Role.WORKPLACE_TRAINER if event.trainer else Role.COACH,
            day=event.day,
            channel=Channel.PHONE if event.counts else Channel.OTHER,
            counts=event.counts,
            now=now,
        )
        if made.new:
            self.talks[event] = made.contact.id

    async def _meet(self, tx: Transaction, event: Meeting, now: datetime) -> None:
        client = await self._client(tx, event.client)
        made, _ = await appointments.invite(
            self.core,
            tx,
            client,
            await people.get_coach(tx, client.id),
            kind=AppointmentKind.MONTHLY,
            local_date=event.day,
            local_time=_MEETS_AT,
            place=self.core.config.places[0],
            duration_minutes=_MINUTES,
            now=now,
        )
        self.meetings[event] = made.id

    async def _cancel(self, event: Meeting, now: datetime) -> None:
        async with self.core.database.reading() as tx:
            coach = await people.get_coach(tx, (await self._client(tx, event.client)).id)
        turn = Turn(now, self.chats[coach.code])
        await appointments.cancel(
            self.core, turn, self.meetings[event], 1, _QUESTION, confirmed=True
        )


@asynccontextmanager
async def open_town(file: Path, config: Config, story: Story) -> AsyncIterator[Town]:
    """Open the organisation on the eve of its story, with its staff and their deputies."""
    database = await Database.open(f"sqlite+aiosqlite:///{file}")
    try:
        core = Core(database, Texts.load(), config, "")
        roles = {
            **dict.fromkeys(story.coaches, (Role.COACH,)),
            **dict.fromkeys(story.coordinators, (Role.COORDINATOR,)),
            **dict.fromkeys(story.managers, (Role.ACCOUNT_MANAGER, Role.WORKPLACE_TRAINER)),
        }
        eve = datetime.combine(story.first_day, time(), config.organisation.zone).astimezone(UTC)
        async with database.transaction() as tx:
            chats = await _take_on(tx, roles, eve)
            for code, backup in story.backups.items():
                own, other = await people.find_staff(tx, code), await people.find_staff(tx, backup)
                assert own is not None  # noqa: S101 - taken on just now
                assert other is not None  # noqa: S101
                await status_storage.set_backup(tx, own.id, other.id)
        first = {e.client: e.coach for e in reversed(story.events) if isinstance(e, Coach)}
        yield Town(core, chats, first, story.managers[0])
    finally:
        await database.close()


async def _take_on(
    tx: Transaction, roles: Mapping[str, tuple[Role, ...]], now: datetime
) -> dict[str, ChatId]:
    """Take on the staff, each with a chat."""
    chats: dict[str, ChatId] = {}
    for number, (code, own) in enumerate(roles.items()):
        staff_id = await people.insert_staff(tx, code=code, name=code, roles=own, now=now)
        chats[code] = ChatId(_STAFF_CHAT + number)
        await links.insert_link(
            tx,
            chat_id=chats[code],
            client_id=None,
            staff_id=staff_id,
            state=LinkState.ACTIVE,
            step=Step.DONE,
            now=now,
        )
    return chats
