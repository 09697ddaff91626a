"""A plain text to many: its Dutch words, and the words in each other language.

What is here happens inside the transaction of whoever did it; only a draft can be changed.
"""

import hashlib
import unicodedata
from collections.abc import Collection
from datetime import datetime

from bot.domain.broadcasts import Broadcast, BroadcastKind, BroadcastState
from bot.domain.errors import TransitionError
from bot.domain.ids import BroadcastId, BroadcastTextId
from bot.domain.languages import ARABIC, DARI, ENGLISH, FARSI, TIGRINYA, Language
from bot.domain.messages import TEXT_LIMIT
from bot.domain.people import Staff
from bot.services.broadcast_words import texts_of
from bot.services.core import Core
from bot.services.frames import visible_length
from bot.storage import broadcast_texts as storage
from bot.storage import broadcasts, tasks
from bot.storage.broadcast_texts import BroadcastText, TextState
from bot.storage.database import Transaction
from bot.texts import LOCALES
from bot.translation import guard
from bot.translation.guard import Fault, FaultKind
from bot.translation.model import Reason, Result, Translated

TARGETS: tuple[Language, ...] = (ARABIC, FARSI, DARI, TIGRINYA, ENGLISH)
"""Into what a text is translated; who reads Levantine Arabic is sent the Arabic."""

_FRAMES = ("bc.text", "bc.text_machine")


# -- what is wrong with words ---------------------------------------------------------------------


def clean(typed: str) -> str:
    """Return what somebody typed without what no message can hold, such as control characters."""
    lines = typed.replace("\r\n", "\n").replace("\r", "\n")
    kept = (sign for sign in lines if sign == "\n" or unicodedata.category(sign) != "Cc")
    return "".join(kept).strip()


def find_refusals(core: Core, text: str, language: Language | None = None) -> tuple[Fault, ...]:
    """Return why typed words cannot be taken: Dutch ones, or those of a translation."""
    found = guard.refusals(text) if language is None else guard.private_faults(text)
    if language is not None and not text:
        found = (Fault(FaultKind.EMPTY),)
    return (*found, *_too_long(core, text))


def find_faults(core: Core, source: str, text: str, language: Language) -> frozenset[Fault]:
    """Return why nobody may approve a translation."""
    return guard.faults(source, text, language) | {*_too_long(core, text)}


def _too_long(core: Core, text: str) -> tuple[Fault, ...]:
    """Return by how much a text is too long in the longest of the frames that it may get."""
    organisation = core.config.organisation.name
    longest = max(
        visible_length(core.texts.say(frame, locale, organisatie=organisation, tekst=text))
        for frame in _FRAMES
        for locale in LOCALES
    )
    return (Fault(FaultKind.TOO_LONG, str(longest - TEXT_LIMIT)),) if longest > TEXT_LIMIT else ()


# -- what can be done -----------------------------------------------------------------------------


def may_change(broadcast: Broadcast) -> bool:
    """Tell whether its words can be changed; a later one of a series has those of the first."""
    is_draft = broadcast.state is BroadcastState.DRAFT
    is_text = broadcast.kind is BroadcastKind.TEXT
    return is_draft and is_text and texts_of(broadcast) == broadcast.id


def _check_draft(broadcast: Broadcast) -> None:
    if not may_change(broadcast):
        msg = f"Broadcast {broadcast.id} is no draft of a text; take it back first."
        raise TransitionError(msg)


def stamp_of(broadcast: Broadcast, text: BroadcastText | None) -> str:
    """Return a mark of the words as they stand, to tell whether they are those somebody saw."""
    seen = (broadcast.text, text.state, text.text) if text else (broadcast.text,)
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:8]


async def find_text(
    tx: Transaction, broadcast: Broadcast, language: Language
) -> BroadcastText | None:
    """Return the words of a broadcast in a language, if it has any row for them."""
    return (await storage.list_texts(tx, texts_of(broadcast))).get(language)


async def begin(tx: Transaction, text: str, person: Staff, *, now: datetime) -> BroadcastId:
    """Begin a broadcast of a text, and have it translated."""
    broadcast_id = await broadcasts.insert_broadcast(
        tx, kind=BroadcastKind.TEXT, author_id=person.id, text=text, now=now
    )
    await storage.ask_for(tx, broadcast_id, TARGETS, now=now)
    await _note(tx, person, "draft", broadcast_id, now)
    return broadcast_id


async def change_words(
    tx: Transaction, broadcast: Broadcast, text: str, person: Staff, *, now: datetime
) -> Broadcast:
    """Give a draft other Dutch words: all translations begin anew, and approvals fall.

    Errors: TransitionError.
    """
    _check_draft(broadcast)
    changed = await broadcasts.change_broadcast(tx, broadcast, text=text)
    await storage.ask_for(tx, broadcast.id, TARGETS, now=now)
    await _note(tx, person, "text", broadcast.id, now)
    return changed


async def write_own(
    core: Core,
    tx: Transaction,
    broadcast: Broadcast,
    language: Language,
    words: str,
    person: Staff,
    *,
    now: datetime,
) -> Broadcast:
    """Put in place what a person wrote in a language; errors: TransitionError."""
    _check_draft(broadcast)
    changed = await _take_approval_back(tx, broadcast, [language])
    text = await find_text(tx, broadcast, language)
    if text is None:
        await storage.ask_for(tx, broadcast.id, [language], now=now)
        text = (await storage.list_texts(tx, broadcast.id))[language]
    found = find_faults(core, broadcast.text or "", words, language)
    await storage.put_text(
        tx,
        text.id,
        words,
        engine=None,
        faults=[str(fault) for fault in found],
        written_by=person.id,
        now=now,
    )
    await _note(tx, person, f"text_{language}", broadcast.id, now)
    return changed


async def translate_again(
    tx: Transaction, broadcast: Broadcast, language: Language, person: Staff, *, now: datetime
) -> Broadcast:
    """Have a text translated once more; what stood there is gone. Errors: TransitionError."""
    _check_draft(broadcast)
    changed = await _take_approval_back(tx, broadcast, [language])
    await storage.ask_for(tx, broadcast.id, [language], now=now)
    await _note(tx, person, f"again_{language}", broadcast.id, now)
    return changed


async def approve(
    core: Core,
    tx: Transaction,
    broadcast: Broadcast,
    text: BroadcastText,
    person: Staff,
    *,
    now: datetime,
) -> bool:
    """Approve the words in a language; False when they have faults, or are not there.

    Errors: TransitionError when the broadcast is no draft any more.
    """
    _check_draft(broadcast)
    if text.state is not TextState.READY or text.text is None:
        return False
    # Looked at anew: what is kept may be of before this organisation had a longer name.
    if text.faults or find_faults(core, broadcast.text or "", text.text, text.language):
        return False
    if text.approved_by is None:
        await storage.set_approved(tx, text.id, person.id, now=now)
        await _note(tx, person, f"approve_{text.language}", broadcast.id, now)
    return True


async def _take_approval_back(
    tx: Transaction, broadcast: Broadcast, languages: Collection[Language]
) -> Broadcast:
    """Have nobody's approval of the whole count, when one of the words is about to change."""
    there = await storage.list_texts(tx, broadcast.id)
    if any(there[each].approved_by is not None for each in languages if each in there):
        return await broadcasts.change_broadcast(tx, broadcast)
    return broadcast


async def _note(
    tx: Transaction, person: Staff, deed: str, broadcast_id: BroadcastId, now: datetime
) -> None:
    await tasks.insert_audit(
        tx,
        actor=person.code,
        action=f"broadcast_{deed}",
        about=f"broadcast:{broadcast_id}",
        now=now,
    )


# -- what the engines answer ----------------------------------------------------------------------


async def find_wanted(
    tx: Transaction, text_id: BroadcastTextId, source: str
) -> BroadcastText | None:
    """Return the words that an answer is for; None when they are not waited for any more.

    An answer to words that were changed meanwhile is no answer.
    """
    text = await storage.get_text(tx, text_id)
    broadcast = await broadcasts.get_broadcast(tx, text.broadcast_id)
    waits = text.state is TextState.PENDING and broadcast.text == source
    return text if waits else None


async def record(
    core: Core,
    tx: Transaction,
    text: BroadcastText,
    source: str,
    result: Result,
    *,
    now: datetime,
) -> None:
    """Put a translation, or why there is none, where whoever approves it sees it."""
    if isinstance(result, Translated):
        words, engine = clean(result.text), result.engine
    elif result.reason is Reason.NOT_NEEDED:
        words, engine = source, None  # figures or a link alone: the same for everybody
    else:
        await storage.put_failure(
            tx, text.id, engine=result.engine, reason=str(result.reason), now=now
        )
        return
    found = find_faults(core, source, words, text.language)
    await storage.put_text(
        tx,
        text.id,
        words,
        engine=engine,
        faults=[str(fault) for fault in found],
        written_by=None,
        now=now,
    )
