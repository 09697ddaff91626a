"""Broadcasts written down by hand, with what became of each for whom."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from bot.domain.broadcasts import BroadcastKind, BroadcastState, DeliveryState
from bot.domain.events import EventKind, EventMode, Session, SignUpState
from bot.domain.films import Theme
from bot.domain.ids import BroadcastId, ClientId, EventId, FilmId, StaffId
from bot.domain.languages import DUTCH, TIGRINYA, Language
from bot.storage import broadcast_schema, broadcasts, events, films
from bot.storage.database import Transaction
from tests.storage.rows import MINUTE, NOW, OFFICE


@dataclass
class Desk:
    """Writes in one transaction what one author sent."""

    tx: Transaction
    author: StaffId

    async def text(self, words: str = "Hallo") -> BroadcastId:
        return await broadcasts.insert_broadcast(
            self.tx, kind=BroadcastKind.TEXT, author_id=self.author, text=words, now=NOW
        )

    async def film(self, **titles: str) -> tuple[BroadcastId, FilmId]:
        film_id = await films.insert_film(
            self.tx, code="zorg", theme=Theme.WORK, minutes=4, now=NOW
        )
        assert film_id is not None
        for language, title in titles.items():
            link = f"https://films.example/{language}"
            await films.put_version(
                self.tx, film_id, language=Language(language), title=title, link=link
            )
        broadcast_id = await broadcasts.insert_broadcast(
            self.tx,
            kind=BroadcastKind.FILM,
            author_id=self.author,
            film_id=film_id,
            now=NOW,
        )
        return broadcast_id, film_id

    async def event(self, name: str | None = None) -> tuple[BroadcastId, EventId]:
        session = Session.at(1, date(2026, 12, 1), time(10), ZoneInfo("Europe/Amsterdam"), 60)
        event_id = await events.insert_event(
            self.tx,
            kind=EventKind.LANGUAGE_CAFE,
            name=name,
            mode=EventMode.ALL,
            place=OFFICE,
            capacity=None,
            author_id=self.author,
            sessions=[session],
            now=NOW,
        )
        broadcast_id = await broadcasts.insert_broadcast(
            self.tx,
            kind=BroadcastKind.EVENT,
            author_id=self.author,
            event_id=event_id,
            now=NOW,
        )
        return broadcast_id, event_id

    async def stands(
        self,
        broadcast_id: BroadcastId,
        state: BroadcastState,
        *,
        begun_at: datetime | None = None,
        finished_at: datetime | None = None,
    ) -> None:
        """Put a broadcast where it stands, whatever came before."""
        await self.tx.run(
            sa.update(broadcast_schema.broadcasts)
            .where(broadcast_schema.broadcasts.c.id == broadcast_id)
            .values(state=state, begun_at=begun_at, finished_at=finished_at)
        )

    async def answers(self, event_id: EventId, client_id: ClientId, state: SignUpState) -> None:
        await self.tx.insert(
            broadcast_schema.sign_ups,
            event_id=event_id,
            client_id=client_id,
            state=state,
            asked_at=NOW,
            changed_at=NOW,
        )

    async def goes(
        self,
        broadcast_id: BroadcastId,
        client_id: ClientId,
        state: DeliveryState = DeliveryState.SENT,
        *,
        language: Language = TIGRINYA,
        shown: Language | None = DUTCH,
        pressed: bool = False,
        at: datetime = NOW,
    ) -> None:
        await self.tx.insert(
            broadcast_schema.deliveries,
            broadcast_id=broadcast_id,
            client_id=client_id,
            language=language,
            shown=shown,
            state=state,
            attempt=1,
            pressed_at=at + MINUTE if pressed else None,
            changed_at=at,
        )
