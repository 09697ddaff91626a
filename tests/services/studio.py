"""A place to make broadcasts in: real handlers and services, a real database, taps by label."""

import html
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, time
from itertools import count
from pathlib import Path
from typing import cast

import sqlalchemy as sa
from telegram import Update
from telegram.ext import CallbackQueryHandler

from bot.config import Config
from bot.domain.appointments import Place
from bot.domain.broadcasts import Broadcast, BroadcastState
from bot.domain.events import EventKind, EventMode, Session
from bot.domain.ids import BroadcastId, EventId, FilmId
from bot.services import broadcast_home
from bot.services.core import CURRENT_TURN, Turn
from bot.storage import broadcasts as storage
from bot.storage import events
from bot.storage.schema import audit_events, outbox
from handlers import broadcasts
from handlers.broadcasts import Context
from tests.cast import BRAM, JOKE, SANNE, Person
from tests.services.office import NOOR
from tests.support.care import Care, open_care
from tests.support.crowd import TUESDAY, Crowd

_TAG = re.compile(r"<[^>]+>")
_MESSAGE = 77
_DATA_LIMIT = 64


@dataclass(frozen=True, slots=True)
class Screen:
    """What a member of staff has before them; `markup` is the text as it was sent."""

    method: str
    markup: str
    keys: tuple[tuple[str, str], ...]
    link: str | None

    @property
    def text(self) -> str:
        return html.unescape(_TAG.sub("", self.markup))

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @property
    def labels(self) -> list[str]:
        return [label for label, _ in self.keys]

    def data(self, label: str) -> str:
        """Return what the button that begins so sends back."""
        found = [data for name, data in self.keys if name.startswith(label)]
        assert found, f"There is no button {label}; there are {self.labels}."
        return found[0]


class Studio(Crowd):
    """The organisation with two coordinators, Joke and Noor, and a coach, Bram; all have chats."""

    def __init__(self, care: Care) -> None:
        super().__init__(care)
        self._taps = count(1)
        self._handlers = broadcasts.build(self.core)

    def reopens(self) -> None:
        """Let the handlers know of another configuration."""
        self._handlers = broadcasts.build(self.core)

    async def opens(self, person: Person = JOKE) -> Screen:
        """Send the command."""
        await broadcast_home.open_home(self.core, Turn(self.now, person.chat_id))
        return await self.screen(person)

    async def taps(self, *labels: str, by: Person = JOKE) -> Screen:
        """Tap buttons, each of the screen that the one before gave, by how the labels begin."""
        for label in labels:
            await self.sends_back((await self.screen(by)).data(label), by)
        return await self.screen(by)

    async def sends_back(self, data: str, person: Person = JOKE) -> str | None:
        """Tap a button with this data, there or not; returns what the bubble says."""
        update = Update.de_json(
            {
                "update_id": 1,
                "callback_query": {
                    "id": str(next(self._taps)),
                    "from": {"id": person.chat_id, "is_bot": False, "first_name": person.name},
                    "chat_instance": "1",
                    "data": data,
                    "message": {
                        "message_id": _MESSAGE,
                        "date": 1,
                        "chat": {"id": person.chat_id, "type": "private"},
                    },
                },
            },
            None,
        )
        turn = Turn(self.now, person.chat_id)
        token = CURRENT_TURN.set(turn)
        try:
            for handler in self._handlers:
                if handler.check_update(update):
                    await handler.callback(update, cast("Context", None))
                    assert turn.taken
                    return turn.toast
        finally:
            CURRENT_TURN.reset(token)
        raise AssertionError(f"No handler takes {data}.")

    async def screen(self, person: Person = JOKE) -> Screen:
        """Return what was put in somebody's chat last."""
        async with self.core.database.reading() as tx:
            row = await tx.row(
                sa.select(outbox.c.method, outbox.c.payload)
                .where(
                    outbox.c.chat_id == person.chat_id,
                    outbox.c.method.in_(("sendMessage", "editMessageText")),
                )
                .order_by(outbox.c.id.desc())
            )
        assert row is not None, f"Nothing was ever put in the chat of {person.code}."
        payload = row["payload"]
        rows = payload.get("reply_markup", {"inline_keyboard": []})["inline_keyboard"]
        keys = tuple((key["text"], key["callback_data"]) for line in rows for key in line)
        for label, data in keys:
            assert len(data.encode()) <= _DATA_LIMIT, data
            assert self._leads_somewhere(data), f"{label} leads nowhere: {data}"
        link = payload.get("link_preview_options", {}).get("url")
        return Screen(row["method"], payload["text"], keys, link)

    def _leads_somewhere(self, data: str) -> bool:
        """Tell whether a button of ours is taken by a handler; those of others have their own."""
        return not data.startswith("bd:") or any(
            handler.pattern.match(data)
            for handler in self._handlers
            if isinstance(handler, CallbackQueryHandler)
            and isinstance(handler.pattern, re.Pattern)
        )

    async def drafts(self, film_id: FilmId | None = None, by: Person = JOKE) -> BroadcastId:
        """Make a draft of a film, and have it on the screen."""
        film_id = film_id or await self.film()
        await self.opens(by)
        await self.sends_back(f"bd:new:film:{film_id}", by)
        return (await self.listed())[0].id

    async def listed(self) -> list[Broadcast]:
        """Return all broadcasts, the newest first."""
        async with self.core.database.reading() as tx:
            return await storage.list_broadcasts(tx, states=list(BroadcastState), limit=100)

    async def trail(self) -> list[tuple[str, str, str]]:
        """Return who did what to which broadcast."""
        async with self.core.database.reading() as tx:
            rows = await tx.rows(
                sa.select(audit_events.c.actor, audit_events.c.action, audit_events.c.object)
                .where(audit_events.c.action.startswith("broadcast_"))
                .order_by(audit_events.c.id)
            )
        return [(row["actor"], row["action"], row["object"]) for row in rows]

    async def event(
        self, day: date, clock: time = time(14), name: str = "Zon", *, also: date | None = None
    ) -> EventId:
        """Put an event on the calendar; `also` for a second day that belongs to it."""
        zone = self.core.config.organisation.zone
        author = await self.staff(JOKE)
        async with self.core.database.transaction() as tx:
            return await events.insert_event(
                tx,
                kind=EventKind.LANGUAGE_CAFE,
                name=name,
                mode=EventMode.ALL,
                place=Place("buurthuis", "Buurthuis"),
                capacity=20,
                author_id=author.id,
                sessions=[
                    Session.at(number, each, clock, zone, 90)
                    for number, each in enumerate((day, also), 1)
                    if each is not None
                ],
                now=self.now,
            )


@asynccontextmanager
async def open_studio(
    folder: Path,
    *,
    clock: time = time(10),
    day: date = TUESDAY,
    approval: bool = True,
    staff: Sequence[Person] = (JOKE, BRAM, NOOR, SANNE),
    **broadcast: object,
) -> AsyncIterator[Studio]:
    """Give an organisation without clients in which broadcasts can be made."""
    config = Config()
    rules = replace(config.broadcast, approval=approval, **broadcast)  # type: ignore[arg-type]
    url = f"sqlite+aiosqlite:///{folder / 'taalbrug.db'}"
    async with open_care(url, day, *staff, config=replace(config, broadcast=rules)) as care:
        care.at(day, clock)
        for person in staff:
            await care.links(person)
        yield Studio(care)
