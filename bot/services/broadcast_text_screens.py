"""The words of a broadcast as its maker sees them: by language, with what is wrong.

Nothing goes out in a language before somebody approved the words that stand here.
"""

from collections.abc import Iterable, Mapping

from bot.domain.broadcasts import Broadcast, BroadcastKind
from bot.domain.delivery import OutboxKind
from bot.domain.errors import NotFoundError
from bot.domain.ids import BroadcastId, TelegramMessageId
from bot.domain.languages import DUTCH, DUTCH_NAMES, Language
from bot.domain.messages import TEXT_LIMIT, split_text
from bot.domain.people import Staff
from bot.services import broadcast_texts as words
from bot.services.broadcast_making import cut_short
from bot.services.broadcast_words import texts_of
from bot.services.broadcasts import get_broadcast_for, get_maker
from bot.services.core import Core, Turn, taking
from bot.services.frames import reason_in_dutch, visible_length
from bot.services.outgoing import Button, Rows, in_pairs, rewrite, say
from bot.storage import broadcast_texts as storage
from bot.storage import people
from bot.storage.broadcast_texts import BroadcastText, TextState
from bot.storage.database import Transaction
from bot.translation import guard
from bot.translation.guard import Fault
from bot.translation.model import Reason

_NO_ENGINE = frozenset({Reason.NO_ENGINE, Reason.NOT_SUPPORTED})
_SHOWN = 600
_FAULTS_SHOWN = 8
_SENTENCES_SHOWN = 3

Screen = tuple[str, Rows]


# -- who and what ---------------------------------------------------------------------------------


async def get_text_broadcast(
    core: Core, tx: Transaction, turn: Turn, broadcast_id: BroadcastId
) -> tuple[Staff, Broadcast]:
    """Return who is here and a broadcast of a text that they may see; errors: NotFoundError."""
    person = await get_maker(core, tx, turn)
    broadcast = await get_broadcast_for(core, tx, person, broadcast_id)
    if broadcast.kind is not BroadcastKind.TEXT:
        msg = f"Broadcast {broadcast_id} is no text; its words are not written here."
        raise NotFoundError(msg)
    return person, broadcast


async def _get_text(tx: Transaction, broadcast: Broadcast, language: Language) -> BroadcastText:
    text = await words.find_text(tx, broadcast, language)
    if text is None:
        msg = f"Broadcast {broadcast.id} is not translated into {language}; look at it anew."
        raise NotFoundError(msg)
    return text


# -- all languages --------------------------------------------------------------------------------


async def show_texts(
    core: Core, turn: Turn, broadcast_id: BroadcastId, message: TelegramMessageId
) -> None:
    """Show in the message how far the words are in each language; errors: NotFoundError."""
    async with taking(core, turn) as tx:
        _, broadcast = await get_text_broadcast(core, tx, turn, broadcast_id)
        await _put(tx, turn, message, await screen(core, tx, broadcast))


async def _put(tx: Transaction, turn: Turn, message: TelegramMessageId, shown: Screen) -> None:
    await rewrite(tx, turn, message, *shown, kind=OutboxKind.STAFF)


async def screen(core: Core, tx: Transaction, broadcast: Broadcast, note: str = "") -> Screen:
    """Return the Dutch words and the languages, each with its mark; `note` stands above."""
    st, data = core.texts.staff, f"bx:{broadcast.id}"
    there = await storage.list_texts(tx, texts_of(broadcast))
    names = await _names(tx, there)
    source = broadcast.text or ""
    lines = [
        *([note] if note else []),
        st("st.bx_head"),
        st("st.bx_quote", tekst=cut_short(source, _SHOWN)),
        *_advice(core, source),
        *(_line(core, text, names) for text in there.values()),
    ]
    if not words.may_change(broadcast):
        lines.append(st("st.bx_closed"))
    elif any(text.reason in _NO_ENGINE for text in there.values()):
        lines.append(st("st.bx_no_engine"))
    else:
        lines.append(st("st.bx_choose"))
    buttons = [
        Button(f"{_mark(text)} {DUTCH_NAMES[language]}", f"{data}:lang:{language}")
        for language, text in there.items()
    ]
    below = []
    if words.may_change(broadcast):
        below.append(Button(st("st.bx_btn_edit"), f"{data}:edit"))
    if any(text.state is TextState.PENDING for text in there.values()):
        below.append(Button(st("st.bx_btn_refresh"), data))
    back = (Button(st("st.bx_btn_broadcast"), f"bd:{broadcast.id}"),)
    return "\n".join(lines), (*in_pairs(*buttons), *in_pairs(*below), back)


def _advice(core: Core, source: str) -> Iterable[str]:
    """Yield what makes Dutch words hard to read; they may go out all the same."""
    if guard.is_long(source):
        yield core.texts.staff("st.bx_long_text", lengte=len(source), advies=guard.LONG_TEXT)
    for sentence in guard.long_sentences(source)[:_SENTENCES_SHOWN]:
        yield core.texts.staff(
            "st.bx_long_sentence",
            zin=guard.shortened(sentence),
            aantal=len(sentence.split()),
            advies=guard.LONG_SENTENCE,
        )


def _mark(text: BroadcastText) -> str:
    if text.state is TextState.PENDING:
        return "⏳"
    if text.state is TextState.FAILED:
        return "✖"
    if text.faults:
        return "⚠"
    return "❓" if text.approved_by is None else "✅"


async def _names(tx: Transaction, there: Mapping[Language, BroadcastText]) -> dict[int, str]:
    ids = {each for text in there.values() for each in (text.approved_by, text.written_by) if each}
    return {each: (await people.get_staff(tx, each)).name for each in ids}


def _line(core: Core, text: BroadcastText, names: Mapping[int, str]) -> str:
    """Return how far the words in one language are, as a line."""
    stands = _stand(core, text, names)
    language = DUTCH_NAMES[text.language]
    return core.texts.staff("st.bx_line", teken=_mark(text), taal=language, stand=stands)


def _stand(core: Core, text: BroadcastText, names: Mapping[int, str]) -> str:
    st = core.texts.label
    nl = DUTCH
    reason = reason_in_dutch(core.texts, text.reason) if text.reason else ""
    if text.state is TextState.PENDING:
        return st("st.bx_again_later", nl, reden=reason) if reason else st("st.bx_pending", nl)
    if text.state is TextState.FAILED:
        return st("st.bx_failed", nl, reden=reason)
    if text.faults:
        return st("st.bx_has_faults", nl)
    if text.approved_by is None:
        return st("st.bx_unseen", nl)
    return st("st.bx_approved", nl, naam=names[text.approved_by])


# -- one language ---------------------------------------------------------------------------------


async def show_language(
    core: Core,
    turn: Turn,
    broadcast_id: BroadcastId,
    language: Language,
    message: TelegramMessageId,
) -> None:
    """Show the words in one language in full; errors: NotFoundError."""
    async with taking(core, turn) as tx:
        _, broadcast = await get_text_broadcast(core, tx, turn, broadcast_id)
        await put_language(core, tx, turn, broadcast, language, message)


async def put_language(
    core: Core,
    tx: Transaction,
    turn: Turn,
    broadcast: Broadcast,
    language: Language,
    message: TelegramMessageId | None,
) -> None:
    """Show the words in one language in the message, or (None) in a new one.

    Words that are too long to stand under their heading come first, in messages of their own.
    """
    text = await _get_text(tx, broadcast, language)
    names = await _names(tx, {language: text})
    rows = _buttons(core, broadcast, text)
    quote = core.texts.staff("st.bx_quote", tekst=text.text) if text.text else ""
    panel = _panel(core, text, names, quote)
    if visible_length(panel) > TEXT_LIMIT:
        for piece in split_text(text.text or "", TEXT_LIMIT):
            whole = core.texts.staff("st.bx_quote", tekst=piece)
            await say(tx, turn, whole, kind=OutboxKind.STAFF)
        panel, message = _panel(core, text, names, ""), None
    if message is None:
        await say(tx, turn, panel, rows, kind=OutboxKind.STAFF)
    else:
        await _put(tx, turn, message, (panel, rows))


def _panel(core: Core, text: BroadcastText, names: Mapping[int, str], quote: str) -> str:
    st = core.texts.staff
    lines = [_line(core, text, names)]
    if text.written_by is not None:
        lines.append(st("st.bx_written_by", naam=names[text.written_by]))
    elif text.engine is not None:
        lines.append(st("st.bx_made_by", vertaler=text.engine))
    if quote:
        lines.append(quote)
    found = [Fault.read(each) for each in text.faults]
    if found:
        lines += fault_lines(core, found[:_FAULTS_SHOWN], text.language)
        lines.append(st("st.bx_mend"))
    if text.state is TextState.FAILED:
        lines.append(st("st.bx_write_it"))
    return "\n".join(lines)


def fault_lines(core: Core, found: Iterable[Fault], language: Language) -> list[str]:
    """Return what is wrong with words, a line for each fault."""
    taal = DUTCH_NAMES[language]
    return [
        "• "
        + core.texts.staff(f"st.bx_fault_{each.kind}", wat=guard.shortened(each.what), taal=taal)
        for each in found
    ]


def _buttons(core: Core, broadcast: Broadcast, text: BroadcastText) -> Rows:
    st, data = core.texts.staff, f"bx:{broadcast.id}"
    back = (Button(st("st.btn_back"), data),)
    if not words.may_change(broadcast):
        return (back,)
    stamp = words.stamp_of(broadcast, text)
    change = []
    if text.state is TextState.READY and not text.faults and text.approved_by is None:
        change.append(Button(st("st.bx_btn_approve"), f"{data}:ok:{text.language}:{stamp}"))
    change.append(Button(st("st.bx_btn_write"), f"{data}:write:{text.language}"))
    if text.state is TextState.PENDING:
        change.append(Button(st("st.bx_btn_refresh"), f"{data}:lang:{text.language}"))
    else:
        change.append(Button(st("st.bx_btn_again"), f"{data}:again:{text.language}:{stamp}"))
    return (*in_pairs(*change), back)


# -- what is tapped -------------------------------------------------------------------------------


async def _seen(
    core: Core,
    tx: Transaction,
    turn: Turn,
    broadcast: Broadcast,
    language: Language,
    stamp: str,
    message: TelegramMessageId,
) -> BroadcastText | None:
    """Return the words that somebody saw when they tapped; None, and how it is now, if changed."""
    text = await _get_text(tx, broadcast, language)
    if not words.may_change(broadcast):
        turn.toast = core.texts.staff("st.bx_closed")
    elif words.stamp_of(broadcast, text) != stamp:
        turn.toast = core.texts.staff("st.bx_changed")
    else:
        return text
    await put_language(core, tx, turn, broadcast, language, message)
    return None


async def approve(
    core: Core,
    turn: Turn,
    broadcast_id: BroadcastId,
    language: Language,
    stamp: str,
    message: TelegramMessageId,
) -> None:
    """Approve the words that were shown, if they still stand there; errors: NotFoundError."""
    async with taking(core, turn) as tx:
        person, broadcast = await get_text_broadcast(core, tx, turn, broadcast_id)
        text = await _seen(core, tx, turn, broadcast, language, stamp, message)
        if text is None:
            return
        if await words.approve(core, tx, broadcast, text, person, now=turn.now):
            await _put(tx, turn, message, await screen(core, tx, broadcast))
        else:
            turn.toast = core.texts.staff("st.bx_not_approved")
            await put_language(core, tx, turn, broadcast, language, message)


async def translate_again(
    core: Core,
    turn: Turn,
    broadcast_id: BroadcastId,
    language: Language,
    stamp: str,
    message: TelegramMessageId,
    *,
    sure: bool = False,
) -> None:
    """Have the words made anew; what a person wrote or approved is only thrown away if sure.

    Errors: NotFoundError.
    """
    async with taking(core, turn) as tx:
        person, broadcast = await get_text_broadcast(core, tx, turn, broadcast_id)
        text = await _seen(core, tx, turn, broadcast, language, stamp, message)
        if text is None:
            return
        if not sure and (text.written_by or text.approved_by):
            await _put(tx, turn, message, _ask_whether(core, broadcast, text, stamp))
            return
        changed = await words.translate_again(tx, broadcast, language, person, now=turn.now)
        await _put(tx, turn, message, await screen(core, tx, changed))


def _ask_whether(core: Core, broadcast: Broadcast, text: BroadcastText, stamp: str) -> Screen:
    st, data = core.texts.staff, f"bx:{broadcast.id}"
    yes = Button(st("st.bx_btn_throw_away"), f"{data}:anew:{text.language}:{stamp}")
    no = Button(st("st.btn_back"), f"{data}:lang:{text.language}")
    return st("st.bx_ask_again", taal=DUTCH_NAMES[text.language]), ((yes,), (no,))
