"""Typing the words of a broadcast: the Dutch ones, or those of another language by a person.

Each is the answer to a prompt, and what answers a prompt never goes to a client.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.domain.broadcasts import Broadcast
from bot.domain.delivery import JsonValue, OutboxKind
from bot.domain.errors import NotFoundError
from bot.domain.ids import BroadcastId, DraftId, OutboxId, TelegramMessageId
from bot.domain.languages import DUTCH, DUTCH_NAMES, Language
from bot.domain.messages import TEXT_LIMIT
from bot.domain.people import Staff
from bot.services import broadcast_text_screens as screens
from bot.services import broadcast_texts as words
from bot.services.broadcast_making import draft_screen
from bot.services.broadcast_text_screens import get_text_broadcast
from bot.services.broadcasts import get_maker
from bot.services.core import Core, Turn, taking
from bot.services.frames import visible_length
from bot.services.outgoing import chat_lane, rewrite, say, text_payload
from bot.services.relay import Said
from bot.storage import broadcasts, outbox, people, tasks
from bot.storage.broadcast_texts import BroadcastText
from bot.storage.database import Transaction

_DRAFT = "broadcast_text"
_PROMPT = "broadcast_text_prompt"
"""The frame of a prompt for words, so that no answer to it ever reaches a client."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What somebody was asked for: new Dutch words, other ones, or those in a language."""

    draft_id: DraftId
    broadcast_id: BroadcastId | None = None
    language: Language | None = None
    ground: str = ""
    """A mark of what stood there when it was asked, so that nobody's words are overwritten."""
    prompts: tuple[OutboxId, ...] = ()

    @classmethod
    def read(cls, draft_id: DraftId, data: Mapping[str, JsonValue]) -> "_Asked":
        number, language, prompts = data["broadcast"], data["language"], data["prompts"]
        return cls(
            draft_id,
            BroadcastId(number) if isinstance(number, int) else None,
            Language(language) if isinstance(language, str) else None,
            str(data["ground"]),
            tuple(OutboxId(each) for each in prompts if isinstance(each, int))
            if isinstance(prompts, list)
            else (),
        )

    def data(self, *more: OutboxId) -> dict[str, JsonValue]:
        prompts: list[JsonValue] = [*self.prompts, *more]
        return {
            "broadcast": self.broadcast_id,
            "language": self.language,
            "ground": self.ground,
            "prompts": prompts,
        }


def _ground(broadcast: Broadcast, text: BroadcastText | None) -> str:
    """Return a mark of what people wrote or approved; an engine's answer is overwritten gladly."""
    said = text is not None and (text.written_by or text.approved_by)
    seen = (broadcast.text, text.text if text and said else None)
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:8]


# -- asking ---------------------------------------------------------------------------------------


async def ask_new(core: Core, turn: Turn) -> None:
    """Ask for the Dutch words of a new broadcast; errors: NotFoundError."""
    async with taking(core, turn) as tx:
        person = await get_maker(core, tx, turn)
        await _begin(core, tx, turn, person, None, None)


async def ask_edit(
    core: Core, turn: Turn, broadcast_id: BroadcastId, message: TelegramMessageId
) -> None:
    """Ask whoever made a draft for other Dutch words; errors: NotFoundError."""
    async with taking(core, turn) as tx:
        person, broadcast = await get_text_broadcast(core, tx, turn, broadcast_id)
        if person.id == broadcast.author_id and words.may_change(broadcast):
            await _begin(core, tx, turn, person, broadcast, None)
            return
        turn.toast = core.texts.staff("st.bx_closed")
        if words.may_change(broadcast):
            author = await people.get_staff(tx, broadcast.author_id)
            turn.toast = core.texts.staff("st.bx_not_yours", naam=author.name)
        shown = await screens.screen(core, tx, broadcast)
        await rewrite(tx, turn, message, *shown, kind=OutboxKind.STAFF)


async def ask_own(
    core: Core,
    turn: Turn,
    broadcast_id: BroadcastId,
    language: Language,
    message: TelegramMessageId,
) -> None:
    """Ask for the words in a language, from a person who speaks it; errors: NotFoundError."""
    async with taking(core, turn) as tx:
        person, broadcast = await get_text_broadcast(core, tx, turn, broadcast_id)
        if words.may_change(broadcast):
            await _begin(core, tx, turn, person, broadcast, language)
            return
        turn.toast = core.texts.staff("st.bx_closed")
        await screens.put_language(core, tx, turn, broadcast, language, message)


async def _begin(
    core: Core,
    tx: Transaction,
    turn: Turn,
    person: Staff,
    broadcast: Broadcast | None,
    language: Language | None,
) -> None:
    text = await words.find_text(tx, broadcast, language) if broadcast and language else None
    asked = _Asked(
        DraftId(0),
        broadcast.id if broadcast else None,
        language,
        _ground(broadcast, text) if broadcast else "",
    )
    draft_id = await tasks.insert_draft(
        tx, staff_id=person.id, kind=_DRAFT, data=asked.data(), now=turn.now
    )
    await _prompt(core, tx, turn, draft_id, asked, broadcast)


async def _prompt(
    core: Core,
    tx: Transaction,
    turn: Turn,
    draft_id: DraftId,
    asked: _Asked,
    broadcast: Broadcast | None,
    wrong: Iterable[str] = (),
) -> None:
    """Ask for words; only what is answered to this very prompt is taken."""
    st = core.texts.staff
    if asked.language is not None:
        question = st("st.bx_ask_own", taal=DUTCH_NAMES[asked.language])
    else:
        question = st("st.bx_ask_edit" if broadcast else "st.bx_ask_new")
    text = "\n".join((*wrong, question))
    if broadcast is not None and broadcast.text:
        # In a form that one tap copies: for the interpreter, or to change a word of it.
        whole = text + "\n" + st("st.bx_copy", tekst=broadcast.text)
        text = whole if visible_length(whole) <= TEXT_LIMIT else text
    placeholder = core.texts.label("st.bx_placeholder", DUTCH)
    markup: JsonValue = {"force_reply": True, "input_field_placeholder": placeholder}
    prompt = await outbox.insert_call(
        tx,
        lane=chat_lane(turn.chat_id),
        chat_id=turn.chat_id,
        kind=OutboxKind.STAFF,
        method="sendMessage",
        payload=text_payload(turn.chat_id, text, markup),
        frame=_PROMPT,
        now=turn.now,
    )
    await tasks.update_draft(tx, draft_id, data=asked.data(prompt))


# -- taking the answer ----------------------------------------------------------------------------


async def take_reply(core: Core, tx: Transaction, turn: Turn, person: Staff, said: Said) -> bool:
    """Take the words that somebody answered to a prompt; False when it was no such prompt.

    What answers one never goes to a client, also when it is late, a second answer, or no text.
    """
    sent = await outbox.find_sent(tx, turn.chat_id, said.reply_to) if said.reply_to else None
    if sent is None or sent.frame != _PROMPT:
        return False
    asked = await _asked_by(tx, person, sent.id)
    if asked is None or not await _may_answer(core, tx, turn, asked):
        await say(tx, turn, core.texts.staff("st.bx_answered"), kind=OutboxKind.STAFF)
        return True
    broadcast = None
    if asked.broadcast_id is not None:
        broadcast = await broadcasts.get_broadcast(tx, asked.broadcast_id)
    typed = "" if said.media or not said.takeable else words.clean(said.text)
    wrong = await _refused(core, tx, broadcast, asked, typed)
    if wrong:
        text = await _text_now(tx, broadcast, asked)
        ground = _ground(broadcast, text) if broadcast else ""
        again = _Asked(asked.draft_id, asked.broadcast_id, asked.language, ground, asked.prompts)
        await _prompt(core, tx, turn, asked.draft_id, again, broadcast, wrong)
        return True
    await tasks.update_draft(tx, asked.draft_id, closed_at=turn.now)
    await _keep(core, tx, turn, person, broadcast, asked.language, typed)
    return True


async def _asked_by(tx: Transaction, person: Staff, prompt: OutboxId) -> _Asked | None:
    for draft_id, data in await tasks.list_drafts(tx, person.id, _DRAFT):
        asked = _Asked.read(draft_id, data)
        if prompt in asked.prompts:
            return asked
    return None


async def _may_answer(core: Core, tx: Transaction, turn: Turn, asked: _Asked) -> bool:
    """Tell whether what was asked for can still be changed, and by whoever answers."""
    try:
        if asked.broadcast_id is None:
            await get_maker(core, tx, turn)
            return True
        _, broadcast = await get_text_broadcast(core, tx, turn, asked.broadcast_id)
    except NotFoundError:
        return False
    return words.may_change(broadcast)


async def _text_now(
    tx: Transaction, broadcast: Broadcast | None, asked: _Asked
) -> BroadcastText | None:
    if broadcast is None or asked.language is None:
        return None
    return await words.find_text(tx, broadcast, asked.language)


async def _refused(
    core: Core, tx: Transaction, broadcast: Broadcast | None, asked: _Asked, typed: str
) -> list[str]:
    """Return in Dutch why words are not taken; nothing when they are."""
    found = words.find_refusals(core, typed, asked.language)
    if found:
        language = asked.language or DUTCH
        return [core.texts.staff("st.bx_refused"), *screens.fault_lines(core, found, language)]
    text = await _text_now(tx, broadcast, asked)
    if broadcast is None or _ground(broadcast, text) == asked.ground:
        return []
    moved_on = [core.texts.staff("st.bx_moved_on")]
    if text is not None and text.text and (text.written_by or text.approved_by):
        quote = core.texts.staff("st.bx_quote", tekst=text.text)
        moved_on += [quote] if visible_length(quote) <= TEXT_LIMIT // 2 else []
    return moved_on


async def _keep(
    core: Core,
    tx: Transaction,
    turn: Turn,
    person: Staff,
    broadcast: Broadcast | None,
    language: Language | None,
    typed: str,
) -> None:
    """Put the words in their place, and show where that is."""
    if broadcast is None:
        broadcast_id = await words.begin(tx, typed, person, now=turn.now)
        broadcast = await broadcasts.get_broadcast(tx, broadcast_id)
        shown = await draft_screen(core, tx, broadcast, person, turn.now)
        await say(tx, turn, *shown, kind=OutboxKind.STAFF)
    elif language is not None:
        changed = await words.write_own(core, tx, broadcast, language, typed, person, now=turn.now)
        await screens.put_language(core, tx, turn, changed, language, None)
    else:
        if typed != broadcast.text:
            broadcast = await words.change_words(tx, broadcast, typed, person, now=turn.now)
        shown = await screens.screen(core, tx, broadcast)
        await say(tx, turn, *shown, kind=OutboxKind.STAFF)
