"""Events without Telegram: making one, answering its invitation, and what was put in a chat."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from bot.domain.delivery import OutboxKind, OutboxState
from bot.domain.events import EventKind, EventMode, Session, SignUp, single, slots
from bot.domain.ids import EventId, TelegramMessageId
from bot.services import event_reminders, events
from bot.services.core import Turn
from bot.storage import events as storage
from bot.storage.schema import audit_events, outbox
from tests.cast import JOKE, Person
from tests.storage.rows import OFFICE
from tests.support.care import Care

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MONDAY, TUESDAY = date(2026, 11, 30), date(2026, 12, 1)
TWO = time(14)
MESSAGE = TelegramMessageId(77)
"""The message whose button is tapped."""

_TAG = re.compile(r"<[^>]+>")
_MARKS = re.compile("[\u2066-\u2069\u200e\u200f]")


@dataclass(frozen=True, slots=True)
class Said:
    """Something that was put in a chat."""

    method: str
    text: str
    labels: tuple[str, ...]
    data: tuple[str, ...]
    kind: OutboxKind
    state: OutboxState
    not_before: datetime
    valid_until: datetime | None
    document: str


async def makes(
    care: Care,
    sessions: Sequence[Session] = single(TUESDAY, TWO, AMSTERDAM, 90),
    *,
    kind: EventKind = EventKind.LANGUAGE_CAFE,
    capacity: int | None = None,
    name: str | None = None,
    author: Person = JOKE,
) -> EventId:
    """Make an event, without the tapping."""
    staff = await care.staff(author)
    async with care.core.database.transaction() as tx:
        return await storage.insert_event(
            tx,
            kind=kind,
            name=name,
            mode=EventMode.ONE if kind is EventKind.SPEED_DATE else EventMode.ALL,
            place=OFFICE,
            capacity=capacity,
            author_id=staff.id,
            sessions=sessions,
            now=care.now,
        )


async def makes_speed_date(care: Care, count: int = 3, per_slot: int = 1) -> EventId:
    """Make a speed date on Tuesday from two o'clock."""
    times = slots(TUESDAY, TWO, AMSTERDAM, count, per_slot)
    return await makes(care, times, kind=EventKind.SPEED_DATE)


async def joins(care: Care, *people: Person, coach: Person = JOKE) -> None:
    """Bring clients into care, each with a live chat."""
    for person in people:
        await care.comes(person, coach=coach)
        await care.links(person)


async def answers(
    care: Care, person: Person, event_id: EventId, action: str, number: int | None = None
) -> Said:
    """Have a client tap a button under an invitation; returns what the message then says."""
    turn = Turn(now=care.now, chat_id=person.chat_id)
    await events.answer(care.core, turn, event_id, action, MESSAGE, number)
    return next(
        each for each in reversed(await said(care, person)) if each.method == "editMessageText"
    )


async def said(care: Care, person: Person) -> list[Said]:
    """Return all that was put in somebody's chat, in order."""
    async with care.core.database.reading() as tx:
        rows = await tx.rows(
            sa.select(outbox)
            .where(outbox.c.chat_id == person.chat_id, outbox.c.method != "answerCallbackQuery")
            .order_by(outbox.c.id)
        )
    return [_said(dict(row)) for row in rows]


def _said(row: dict[str, object]) -> Said:
    payload = row["payload"]
    assert isinstance(payload, dict)
    markup = payload.get("reply_markup", {}).get("inline_keyboard", [])
    keys = [key for line in markup for key in line]
    text = str(payload.get("text", payload.get("caption", "")))
    return Said(
        method=str(row["method"]),
        text=_MARKS.sub("", html.unescape(_TAG.sub("", text))),
        labels=tuple(_MARKS.sub("", key["text"]) for key in keys),
        data=tuple(key["callback_data"] for key in keys),
        kind=OutboxKind(str(row["kind"])),
        state=OutboxState(str(row["state"])),
        not_before=_instant(row["not_before"]),
        valid_until=_instant(row["valid_until"]) if row["valid_until"] else None,
        document=payload.get("document", ""),
    )


def _instant(value: object) -> datetime:
    assert isinstance(value, datetime)
    return value


async def told(care: Care, person: Person) -> list[Said]:
    """Return what somebody was told unasked, and was not taken back."""
    return [
        each
        for each in await said(care, person)
        if each.method == "sendMessage" and each.state is not OutboxState.RETIRED
    ]


async def arrives(care: Care) -> None:
    """Have all that is queued go out."""
    async with care.core.database.transaction() as tx:
        await tx.run(
            sa.update(outbox)
            .where(outbox.c.state == OutboxState.QUEUED)
            .values(state=OutboxState.SENT)
        )


async def stands(care: Care, event_id: EventId, person: Person) -> SignUp | None:
    """Return what a client said about an event."""
    client = await care.client(person)
    async with care.core.database.reading() as tx:
        return await storage.find_sign_up(tx, event_id, client.id)


async def ticks(care: Care) -> int:
    """Let the clock look at what is due."""
    return await event_reminders.queue_due(care.core, care.now)


async def trail(care: Care) -> list[tuple[str, str, str]]:
    """Return who did what to which event."""
    async with care.core.database.reading() as tx:
        rows = await tx.rows(
            sa.select(audit_events.c.actor, audit_events.c.action, audit_events.c.object)
            .where(audit_events.c.object.startswith("event:"))
            .order_by(audit_events.c.id)
        )
    return [(row["actor"], row["action"], row["object"]) for row in rows]


def words(care: Care, text_id: str, person: Person, **values: str | int) -> str:
    """Return what a text looks like on somebody's phone."""
    if text_id.startswith("st."):
        text = care.core.texts.staff(text_id, **values)
    else:
        text = care.core.texts.say(text_id, person.language, **values)
    return _MARKS.sub("", html.unescape(_TAG.sub("", text)))


def label(care: Care, text_id: str, person: Person) -> str:
    """Return the words of a button on somebody's phone."""
    return _MARKS.sub("", care.core.texts.label(text_id, person.language))
