"""Many clients and a sender that takes what the outbox lets go: for tests of broadcasts."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa

from bot.config import Config
from bot.domain.broadcasts import (
    EVERYBODY,
    Audience,
    Broadcast,
    BroadcastKind,
    BroadcastState,
    DeliveryState,
    Repeat,
)
from bot.domain.delivery import Failure, OutboxKind, Outgoing, Priority
from bot.domain.films import Theme
from bot.domain.ids import BroadcastId, ChatId, ClientId, EventId, FilmId, TelegramMessageId
from bot.domain.languages import DARI, DUTCH, FARSI, LEVANTINE_ARABIC, TIGRINYA, Language
from bot.domain.people import Client, ClientStatus, LinkState, Staff, Step
from bot.services import broadcasts, deliveries, outbox, results
from bot.services.core import Core
from bot.storage import broadcasts as storage
from bot.storage import films, links, people
from bot.storage.broadcast_schema import deliveries as table
from bot.storage.schema import clients as clients_table
from tests.cast import BRAM, JOKE, Person
from tests.support.care import Care, open_care

LANGUAGES = (TIGRINYA, LEVANTINE_ARABIC, FARSI, DARI, DUTCH)
TUESDAY = date(2026, 11, 24)
_FIRST_CHAT = 700_000
_ROOM = 10_000


def title_in(language: Language) -> str:
    """Return the title of the film in a language, by which a test sees which one was sent."""
    return f"Film [{language}]"


@dataclass(slots=True)
class Sent:
    """What came into a chat."""

    chat_id: ChatId
    text: str


@dataclass(slots=True)
class Crowd:
    """An organisation with many clients, whose clock and sender a test works by hand."""

    care: Care
    sent: list[Sent] = field(default_factory=list)
    told: list[tuple[datetime, str, str]] = field(default_factory=list)
    """What staff were told: when, by which method, and what."""
    _number: int = 0

    @property
    def core(self) -> Core:
        return self.care.core

    @property
    def now(self) -> datetime:
        return self.care.now

    def passes(self, **by: float) -> None:
        """Let time pass."""
        self.care.now += timedelta(**by)

    async def staff(self, person: Person = JOKE) -> Staff:
        return await self.care.staff(person)

    async def comes(
        self,
        language: Language,
        *,
        coach: Person = JOKE,
        link: LinkState | None = LinkState.ACTIVE,
        facts: Mapping[str, object] | None = None,
        **more: object,
    ) -> Client:
        """Bring a client in, with a chat unless `link` is None."""
        self._number += 1
        owner = await self.staff(coach)
        async with self.core.database.transaction() as tx:
            client_id = await people.insert_client(
                tx,
                code=f"C-{self._number:05}",
                name=f"Cliënt {self._number}",
                language=language,
                coach_id=owner.id,
                today=self.care.today,
                now=self.now,
                status=ClientStatus.ACTIVE,
            )
            known = {**(facts or {}), **more}
            if known:
                await tx.run(
                    sa.update(clients_table).where(clients_table.c.id == client_id).values(**known)
                )
            client = await people.get_client(tx, client_id)
        if link is not None:
            await self.links(client, link)
        return client

    async def links(self, client: Client, state: LinkState = LinkState.ACTIVE) -> None:
        """Give a client a chat, or put her chat in another state."""
        async with self.core.database.transaction() as tx:
            link = await links.find_link(tx, client_id=client.id)
            if link is None:
                link_id = await links.insert_link(
                    tx,
                    chat_id=chat_of(client.id),
                    client_id=client.id,
                    staff_id=None,
                    state=state,
                    step=Step.DONE,
                    now=self.now,
                )
                await links.update_link(tx, link_id, notice_acknowledged_at=self.now)
            else:
                await links.update_link(tx, link.id, state=state)

    async def many(self, count: int, languages: Sequence[Language] = LANGUAGES) -> list[Client]:
        """Bring so many clients in, in each language in turn."""
        return [await self.comes(languages[n % len(languages)]) for n in range(count)]

    async def film(
        self,
        languages: Sequence[Language] = LANGUAGES,
        *,
        code: str = "film",
        valid_until: date | None = None,
    ) -> FilmId:
        """Put a film into the library."""
        async with self.core.database.transaction() as tx:
            film_id = await films.insert_film(
                tx, code=code, theme=Theme.WORK, minutes=3, valid_until=valid_until, now=self.now
            )
            assert film_id is not None
            for language in languages:
                await films.put_version(
                    tx,
                    film_id,
                    language=language,
                    title=title_in(language),
                    link=f"https://films.example.org/{code}/{language}",
                )
        return film_id

    async def plans(
        self,
        film_id: FilmId | None,
        *,
        by: Person = JOKE,
        audience: Audience = EVERYBODY,
        day: date | None = None,
        clock: time | None = None,
        repeat: Repeat = Repeat.NEVER,
        event_id: EventId | None = None,
    ) -> BroadcastId:
        """Make a broadcast and hand it in."""
        author = await self.staff(by)
        kind = BroadcastKind.FILM if film_id is not None else BroadcastKind.EVENT
        async with self.core.database.transaction() as tx:
            number = await storage.insert_broadcast(
                tx,
                kind=kind,
                author_id=author.id,
                film_id=film_id,
                event_id=event_id,
                audience=audience,
                now=self.now,
            )
            draft = await storage.get_broadcast(tx, number)
            draft = await storage.change_broadcast(
                tx, draft, first_day=day, clock=clock, repeat=repeat
            )
            assert await broadcasts.submit(self.core, tx, draft, author, now=self.now)
        return number

    async def broadcast(self, broadcast_id: BroadcastId) -> Broadcast:
        async with self.core.database.reading() as tx:
            return await storage.get_broadcast(tx, broadcast_id)

    async def state(self, broadcast_id: BroadcastId) -> BroadcastState:
        return (await self.broadcast(broadcast_id)).state

    async def ticks(self) -> int:
        """Let the clock do what is due for broadcasts, once."""
        return await deliveries.run_due(self.core, self.now)

    async def claims(self, most: int = _ROOM) -> list[Outgoing]:
        """Take in hand what may go."""
        return await outbox.claim(self.core, self.now, dict.fromkeys(Priority, most))

    async def sends(
        self, most: int = _ROOM, *, failing: Mapping[ChatId, Failure] | None = None
    ) -> int:
        """Send what waits in the outbox; chats in `failing` fail so. Returns how many calls."""
        count = 0
        while count < most:
            claimed = await self.claims(min(most - count, _ROOM))
            if not claimed:
                break
            for call in claimed[: most - count]:
                begun = await outbox.start(self.core, call.id, self.now)
                if begun is None:
                    continue
                count += 1
                await self.takes(begun, (failing or {}).get(begun.chat_id))
            await outbox.give_back(self.core)
        return count

    async def takes(self, call: Outgoing, failure: Failure | None = None) -> None:
        """Let Telegram take a call that was begun, or not."""
        if failure is not None:
            await results.record_failure(self.core, call, failure, self.now)
            return
        text = str(call.payload.get("text", ""))
        if call.kind is OutboxKind.BROADCAST:
            self.sent.append(Sent(call.chat_id, text))
        else:
            self.told.append((self.now, call.method, text))
        await results.record_sent(self.core, call, TelegramMessageId(call.id), self.now)

    async def runs(self, *, seconds: int = 60) -> None:
        """Tick and send, a second at a time, until nothing more happens."""
        for _ in range(seconds):
            done = await self.ticks()
            if not await self.sends() and not done:
                return
            self.passes(seconds=1)

    async def became(self, broadcast_id: BroadcastId) -> dict[ClientId, DeliveryState]:
        """Return how the delivery to each client stands."""
        async with self.core.database.reading() as tx:
            rows = await tx.rows(
                sa.select(table.c.client_id, table.c.state).where(
                    table.c.broadcast_id == broadcast_id
                )
            )
        return {row["client_id"]: row["state"] for row in rows}

    def chats(self) -> list[int]:
        """Return the chats to which a broadcast came, in order."""
        return [each.chat_id for each in self.sent]


def chat_of(client_id: ClientId) -> ChatId:
    """Return the chat of a client of the crowd."""
    return ChatId(_FIRST_CHAT + client_id)


@asynccontextmanager
async def open_crowd(
    url: str, *, clock: time = time(10), day: date = TUESDAY, config: Config | None = None
) -> AsyncIterator[Crowd]:
    """Open an organisation without clients; no approval is asked, unless the configuration does.

    Joke, a coach and coordinator, and Bram, a coach, have their chats.
    """
    config = config or Config()
    if config.broadcast.approval:
        config = replace(config, broadcast=replace(config.broadcast, approval=False))
    async with open_care(url, day, config=config) as care:
        care.at(day, clock)
        for person in (JOKE, BRAM):
            await care.links(person)
        yield Crowd(care)
