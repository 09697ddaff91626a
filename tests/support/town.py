"""A small town for tests of whole conversations: phones, the real bot, and a clock that waits.

The simulator and the bot run in this process and talk over real HTTP on loopback; the bot keeps
its database in a real SQLite file. Time stands still unless a test lets it pass.
"""

import asyncio
import html
import re
import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Literal, TypeVar

import sqlalchemy as sa

from bot.application import House
from bot.config import Config, DatabaseSettings, Telegram, Translation, Web
from bot.demo import PLACES, World
from bot.domain.delivery import InboxState, OutboxState
from bot.domain.ids import ChatId
from bot.domain.languages import is_rtl
from bot.domain.limits import UNLIMITED
from bot.domain.localtime import to_utc
from bot.services import onboarding, people
from bot.services.core import Core, Turn
from bot.simulator import Clock, Phone, Simulator
from bot.simulator.values import JsonObject, as_int, as_list, as_object, as_text
from bot.storage import tasks
from bot.storage.schema import inbox, outbox
from bot.translation.model import Engine
from scheduler import ticks
from tests.cast import CLIENTS, CSV, STAFF, STRANGER, Person
from tests.simulator import oracle

TOKEN = "100000009:token-of-the-town"
TUESDAY = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
"""When every town wakes up: Tuesday half past nine, in the Dutch winter."""

OTHER_PHONE = ChatId(5998)
"""A second phone, for whoever in a test gets a new one."""

_PATIENCE_SECONDS = 30.0
_USUAL = frozenset({"message", "contact", "reason", "plan", "goal_talk", "milestone", "employer"})
_MORNING = ("Goedemorgen ", "📅 De afspraak met ")
_DATABASE, _PHONES = "taalbrug.db", "phones.db"
_TAG = re.compile(r"<[^>]+>")
_ISOLATES = re.compile("[\u2066-\u2069\u200e\u200f]")

Who = Person | ChatId
Kind = Literal["photo", "voice", "document", "audio", "video"]
Result = TypeVar("Result")

STEPS = (
    "on:person:yes",
    "on:welcome:next",
    "on:robot:next",
    "on:privacy1:next",
    "on:privacy2:next",
    "on:choice:chat",
    "on:shared_phone:alone",
)
"""What somebody taps who accepts everything, after choosing a language."""


@dataclass(frozen=True, slots=True)
class Key:
    """A button under a message."""

    label: str
    data: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as a phone shows it; direction marks are left out of the text."""

    id: int
    text: str
    own: bool
    keys: tuple[Key, ...]
    reply_to: int | None
    reactions: tuple[str, ...]
    edited: bool
    body: JsonObject

    @property
    def labels(self) -> list[str]:
        return [key.label for key in self.keys]

    def shows(self, kind: str) -> bool:
        return kind in self.body


def plain(text: str) -> str:
    """Return a text without the marks that only steer its direction."""
    return _ISOLATES.sub("", text)


def _shown(message: JsonObject) -> Shown:
    markup = as_object(message.get("reply_markup"))
    rows = [as_list(row) for row in as_list(markup.get("inline_keyboard"))]
    sim = as_object(message["sim"])
    answered = as_object(message.get("reply_to_message"))
    return Shown(
        id=as_int(message["message_id"]),
        text=plain(as_text(message.get("text")) or as_text(message.get("caption"))),
        own=sim["outgoing"] is True,
        keys=tuple(
            Key(plain(as_text(as_object(key)["text"])), as_text(as_object(key)["callback_data"]))
            for row in rows
            for key in row
        ),
        reply_to=as_int(answered["message_id"]) if answered else None,
        reactions=tuple(as_text(each) for each in as_list(sim["reactions"])),
        edited=sim["edited"] is True,
        body=message,
    )


def town_config(folder: Path, url: str) -> Config:
    """Return the settings of the town: phrasebook only, and a scheduler that never lags."""
    config = Config(
        translation=Translation(engines=("phrasebook",), time_limit_seconds=20),
        telegram=Telegram(api_url=url, poll_seconds=20),
        database=DatabaseSettings(url=f"sqlite+aiosqlite:///{folder / _DATABASE}"),
        web=Web(port=0),
        places=PLACES,
        token=TOKEN,
    )
    return replace(
        config,
        scheduler=replace(config.scheduler, tick_seconds=1),
        broadcast=replace(config.broadcast, check_links=False),
    )


class Town:
    """Everybody's phones and the bot behind them, in verbs."""

    def __init__(self, folder: Path, engines: Sequence[Engine] = ()) -> None:
        self.clock = Clock(real=lambda: TUESDAY)
        self.phones = Simulator(
            token=TOKEN,
            bot_username="taalbrug_town_bot",
            bot_name="Taalbrug",
            clock=self.clock,
            store=folder / _PHONES,
        )
        self.config = town_config(folder, "http://127.0.0.1")
        self._folder = folder
        self._engines = tuple(engines)
        self._house: House | None = None
        self._running: asyncio.Task[None] | None = None
        self._read: dict[int, int] = {}
        self._expected: list[str] = []
        self.mornings = False
        """Whether the news tells what staff read each morning and after each appointment."""

    # -- the bot ------------------------------------------------------------------------------

    @property
    def house(self) -> House:
        assert self._house is not None, "The bot is not running; call starts() first."
        return self._house

    @property
    def core(self) -> Core:
        return self.house.core

    async def opens(self) -> None:
        """Switch the phones and the bot on."""
        url = await self.phones.start()
        self.config = replace(self.config, telegram=Telegram(api_url=url, poll_seconds=20))
        for number, person in enumerate((*STAFF, *CLIENTS)):
            self._put_phone(person.chat_id, person.name, person, number)
        self._put_phone(STRANGER, "Onbekend", None, 8)
        self._put_phone(OTHER_PHONE, "Andere telefoon", None, 9)
        await self.starts()

    def _put_phone(self, chat_id: int, name: str, person: Person | None, number: int) -> None:
        language = person.language if person else "en"
        self.phones.put_phone(
            Phone(
                user_id=chat_id,
                first_name=name,
                subtitle=language,
                language_code=language.split("_")[0],
                dir="rtl" if person and is_rtl(person.language) else "ltr",
                colour=f"#20406{number}",
            )
        )

    async def starts(self) -> None:
        """Start the bot."""
        self._house = await House.open(
            self.config, self.clock.now, engines=self._engines, limits=UNLIMITED, stepping=True
        )
        ready = asyncio.Event()
        self._running = asyncio.ensure_future(self._house.run(ready.set))
        self.phones.set_world(World(self._house, self.phones))
        await self._while_running(ready.wait())

    async def stops(self) -> None:
        """Stop the bot politely; the phones stay on."""
        assert self._running is not None
        self.house.stop()
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await self._running
        await self.house.close()
        self._house, self._running = None, None

    async def closes(self) -> None:
        """Switch everything off."""
        if self._running is not None:
            with suppress(BaseExceptionGroup):  # shown where it happened, by whoever waited
                await self.stops()
        if self._house is not None:
            await self._house.close()
        await self.phones.stop()

    async def _while_running(self, work: Awaitable[Result]) -> Result:
        """Wait for something, but not longer than the bot lives, and not for ever."""
        assert self._running is not None, "The bot is not running; call starts() first."
        task = asyncio.ensure_future(work)
        await asyncio.wait(
            {task, self._running},
            timeout=_PATIENCE_SECONDS,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if task.done():
            return task.result()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        if self._running.done():
            self._running.result()
        raise AssertionError(f"The town did not come to rest: {await self.unfinished()}")

    async def unfinished(self) -> list[str]:
        """Return what the bot still has to do, for the message of a test that failed."""
        async with self.core.database.reading() as tx:
            calls = await tx.rows(
                sa.select(outbox.c.id, outbox.c.state, outbox.c.method, outbox.c.error).where(
                    outbox.c.state.in_(
                        (
                            OutboxState.WAITING,
                            OutboxState.QUEUED,
                            OutboxState.CLAIMED,
                            OutboxState.SENDING,
                        )
                    )
                )
            )
            updates = await tx.rows(
                sa.select(inbox.c.id, inbox.c.error).where(inbox.c.state == InboxState.NEW)
            )
        return [
            *(f"call {row['id']} {row['state']} {row['method']} {row['error']}" for row in calls),
            *(f"update {row['id']} {row['error']}" for row in updates),
            f"{self.phones.pending_updates} updates not fetched",
        ]

    async def settled(self) -> None:
        """Wait until everything that is due now has been done."""
        await self._while_running(World(self.house, self.phones).settle())

    async def until_true(self, condition: Callable[[], object]) -> None:
        """Wait until something shows on a phone, without waiting for the rest."""

        async def look() -> None:
            while not condition():
                await self.house.core.database.commits.after(
                    self.house.core.database.commits.count, 0.05
                )

        await self._while_running(look())

    # -- time ---------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @property
    def local(self) -> datetime:
        """The wall clock in the Netherlands."""
        return self.now.astimezone(self.config.organisation.zone)

    async def passes(self, **span: float) -> None:
        """Let time pass event by event: `passes(hours=3)`."""
        await self._while_running(self.phones.advance(timedelta(**span)))

    async def until(self, day: date, clock: time) -> None:
        """Let time pass event by event until a wall-clock moment."""
        moment = to_utc(day, clock, self.config.organisation.zone)
        await self._while_running(self.phones.advance_to(moment))

    def leaps(self, day: date, clock: time) -> None:
        """Put the clock at a wall-clock moment at once, as when nothing was running."""
        self.clock.set(to_utc(day, clock, self.config.organisation.zone))

    async def ticks(self) -> None:
        """Let the scheduler look at the clock now, without waiting for anything."""
        await ticks.run_once(self.core, self.now)

    # -- what people do -----------------------------------------------------------------------

    def writes(self, who: Who, text: str, to: Shown | None = None) -> int:
        """Let somebody write; the bot has not yet seen it. Returns the message's id."""
        sent = self.phones.say(_chat(who), text, reply_to_message_id=to.id if to else None)
        message = sent.get("message") or as_list(sent["messages"])[0]
        return as_int(as_object(message)["message_id"])

    async def says(self, who: Who, text: str, to: Shown | None = None) -> Shown:
        """Let somebody write, swiping `to` aside to answer it, and wait until it has arrived."""
        message_id = self.writes(who, text, to)
        await self.settled()
        return self.message(who, message_id)

    async def edits(self, who: Who, message: Shown, text: str) -> None:
        """Let somebody change what they wrote."""
        self.phones.edit(_chat(who), message.id, text)
        await self.settled()

    async def sends(
        self,
        who: Who,
        kind: Kind,
        caption: str = "",
        *,
        to: Shown | None = None,
        content: bytes = b"\x89PNG\r\n\x1a\n" + b"0" * 64,
    ) -> Shown:
        """Let somebody send a file."""
        sent = self.phones.upload(
            _chat(who),
            kind,
            content,
            file_name=f"bestand.{'png' if kind == 'photo' else 'bin'}",
            mime="image/png" if kind == "photo" else "application/octet-stream",
            caption=caption,
            duration=3 if kind in {"voice", "audio", "video"} else 0,
            reply_to_message_id=to.id if to else None,
        )
        await self.settled()
        return self.message(who, as_int(as_object(sent["message"])["message_id"]))

    async def sends_other(self, who: Who, **given: object) -> None:
        """Let somebody send a location, contact, sticker or poll."""
        self.phones.send(_chat(who), given)
        await self.settled()

    async def taps(self, who: Who, button: str, on: Shown | None = None) -> str | None:
        """Tap the last button whose words or id begin so; returns what the bubble said."""
        message, key = self.find_key(who, button, on)
        return await self._tapped(
            self.phones.tap(_chat(who), message_id=message.id, data=key.data)
        )

    async def forges(self, who: Who, data: str) -> str | None:
        """Tap a button that was never there."""
        return await self._tapped(self.phones.tap(_chat(who), raw_data=data))

    async def presses(self, who: Who, label: str) -> None:
        """Press a key of the keyboard under the chat."""
        keyboard = as_object(self.phones.phone(_chat(who))["reply_keyboard"])
        keys = [as_object(key) for row in as_list(keyboard["keyboard"]) for key in as_list(row)]
        written = next(text for text in (as_text(key["text"]) for key in keys) if label in text)
        self.phones.tap(_chat(who), label=written)
        await self.settled()

    async def _tapped(self, tapped: JsonObject) -> str | None:
        await self.settled()
        answer = self.phones.callback(as_text(tapped["callback_query_id"]))
        assert answer["answered"] is True, "The tap was never answered; the button keeps turning."
        return plain(as_text(answer.get("text"))) or None

    def find_key(self, who: Who, button: str, on: Shown | None = None) -> tuple[Shown, Key]:
        """Return the last button whose words or id begin so, and its message."""
        messages = [self.message(who, on.id)] if on else self.chat(who)[::-1]
        for message in messages:
            for key in message.keys:
                if key.data.startswith(button) or key.label.startswith(button):
                    return message, key
        labels = [label for message in messages for label in message.labels]
        raise AssertionError(f"Nowhere is there a button {button}; there are {labels}.")

    async def blocks(self, who: Who, *, blocked: bool = True) -> None:
        """Block the bot, or let it in again."""
        self.phones.block(_chat(who), blocked=blocked)
        await self.settled()

    async def update(self, **body: object) -> None:
        """Have Telegram deliver an update exactly as it is given."""
        self.phones.put_update(dict(body))
        await self.settled()

    # -- coming in ----------------------------------------------------------------------------

    async def link_for(self, person: Person) -> str:
        """Have the operator make an invitation, and return what its link makes a phone say."""
        client_id, staff_id, _ = await people.find_person(self.core, person.code)
        link = await onboarding.invite(
            self.core,
            client_id=client_id,
            staff_id=staff_id,
            token=secrets.token_urlsafe(24),
            turn=Turn(now=self.now, chat_id=ChatId(0)),
        )
        return "/start " + link.rpartition("=")[2]

    async def invites(self, person: Person, phone: Who | None = None) -> str:
        """Have somebody open the link of a new invitation; returns the link's words."""
        start = await self.link_for(person)
        await self.says(phone or person, start)
        return start

    async def links(self, person: Person, phone: Who | None = None, /, **choices: str) -> None:
        """Bring somebody in, to the end; `choices` are answers other than the usual."""
        await self.invites(person, phone)
        if person.role != "client":
            return
        await self.taps(phone or person, f"on:language:{choices.get('language', person.language)}")
        for step in STEPS:
            _, name, answer = step.split(":")
            chosen = choices.get(name, answer)
            await self.taps(phone or person, f"on:{name}:{chosen}")
            if chosen in {"no", "phone", "letter"}:
                return

    def words(self, text_id: str, person: Person, **values: str | int) -> str:
        """Return what a text of the catalogues looks like on somebody's phone."""
        if text_id.startswith("st."):
            markup = self.core.texts.staff(text_id, **values)
        else:
            markup = self.core.texts.say(text_id, person.language, **values)
        return plain(html.unescape(_TAG.sub("", markup)))

    def label(self, text_id: str, person: Person) -> str:
        """Return the words of a button on somebody's phone."""
        return plain(self.core.texts.label(text_id, person.language))

    # -- what phones show ---------------------------------------------------------------------

    def chat(self, who: Who) -> list[Shown]:
        """Return everything in a chat, oldest first."""
        return [_shown(message) for message in self.phones.messages(_chat(who))]

    def message(self, who: Who, message_id: int) -> Shown:
        """Return a message as it stands now."""
        return next(message for message in self.chat(who) if message.id == message_id)

    def shown(self, who: Who) -> list[str]:
        """Return the texts the bot has put in a chat, oldest first."""
        return [message.text for message in self.chat(who) if not message.own]

    def last(self, who: Who) -> Shown:
        """Return the last thing the bot put in a chat."""
        return [message for message in self.chat(who) if not message.own][-1]

    def news(self, who: Who) -> list[Shown]:
        """Return what the bot put in a chat since this was last asked."""
        chat = self.chat(who)
        seen = self._read.get(_chat(who), 0)
        if chat:
            self._read[_chat(who)] = chat[-1].id
        return [
            message
            for message in chat
            if message.id > seen
            and not message.own
            and (self.mornings or not message.text.startswith(_MORNING))
        ]

    def texts(self, who: Who) -> list[str]:
        """Return the texts of the news."""
        return [message.text for message in self.news(who)]

    def nothing_new(self) -> None:
        """Take everything that stands in all chats as read."""
        for phone in self.phones.phones:
            self.news(ChatId(phone.user_id))

    def find(self, who: Who, words: str) -> Shown:
        """Return the last message of the bot with these words."""
        found = [each for each in self.chat(who) if words in each.text and not each.own]
        assert found, f"No message says {words!r}; there are {self.shown(who)}."
        return found[-1]

    async def tasks(self) -> list[str]:
        """Return the kinds of the open tasks that say something went wrong.

        What every conversation and every month asks is left out; `duties` returns that.
        """
        async with self.core.database.reading() as tx:
            kinds = [kind for kind, _ in await tasks.list_open_tasks(tx)]
        return [kind for kind in kinds if kind not in _USUAL]

    async def duties(self) -> list[str]:
        """Return the kinds of the open tasks that belong to the work itself."""
        async with self.core.database.reading() as tx:
            kinds = [kind for kind, _ in await tasks.list_open_tasks(tx)]
        return [kind for kind in kinds if kind in _USUAL]

    # -- afterwards ---------------------------------------------------------------------------

    def expects(self, words: str) -> None:
        """Say that Telegram will refuse a call with these words in this test."""
        self._expected.append(words)

    def check_requests(self) -> None:
        """Check every call the bot made: known, well-formed, and not refused unexpectedly."""
        for entry in self.phones.requests():
            if entry["fault"] == "refuse":
                continue
            method = as_text(entry["method"])
            error = as_text(entry["error"])
            if "Unauthorized" not in error:  # then nobody looked at what was asked
                oracle.check_request(method, as_object(entry["params"]))
            expected = not error or entry["fault"] or any(w in error for w in self._expected)
            assert expected, f"Telegram refused {method}: {error}"


def _chat(who: Who) -> int:
    return who.chat_id if isinstance(who, Person) else who


@asynccontextmanager
async def open_town(
    folder: Path, *, snapshot: Path | None = None, engines: Sequence[Engine] = ()
) -> AsyncIterator[Town]:
    """Give a town that is running; with a snapshot everybody in it is linked already."""
    for name in (_DATABASE, _PHONES) if snapshot else ():
        shutil.copy(Path(snapshot or "") / name, folder / name)
    town = Town(folder, engines)
    try:
        await town.opens()
        if snapshot is None:
            await people.import_csv(town.core, CSV, town.now)
        town.nothing_new()
        await town.settled()
        yield town
    finally:
        await town.closes()
    town.check_requests()


async def make_snapshot(folder: Path) -> None:
    """Make the files of a town in which everybody is linked."""
    async with open_town(folder) as town:
        for person in (*STAFF, *CLIENTS):
            await town.links(person)
