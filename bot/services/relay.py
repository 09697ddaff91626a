"""A message on its way to the other side: queued in its lane, shown when its words are there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.delivery import JsonValue, OutboxKind, OutboxState, Outgoing
from bot.domain.ids import ChatId, MessageId, StaffId, TelegramMessageId, TranslationId
from bot.domain.languages import DUTCH, Language, base, script_of
from bot.domain.messages import Media, Message, Translation, TranslationState
from bot.domain.people import Client, Link
from bot.services import frames
from bot.services.core import Core
from bot.services.frames import Outcome, Part, Rendering
from bot.services.outgoing import client_lane, hold_until, staff_lane, to_staff
from bot.storage import messages, outbox, people, tasks
from bot.storage.database import Transaction
from bot.storage.outbox import NOT_YET_SENT
from bot.translation.chain import UNCHANGED

RELAY = "relay"
"""The frame of outbox rows that carry what a person said."""

_CAN_CHANGE = (*NOT_YET_SENT, OutboxState.HELD)


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody just wrote or sent; a kind of message we cannot take has no media."""

    telegram_message_id: TelegramMessageId
    text: str
    media: Media | None = None
    reply_to: TelegramMessageId | None = None
    edited: bool = False
    takeable: bool = True


def changes_nothing(earlier: Message | None, said: Said) -> bool:
    """Tell whether an edit brings the same words and file, as Telegram's apps at times send."""
    return (
        said.edited
        and earlier is not None
        and earlier.text == said.text
        and earlier.media == said.media
    )


def needs_translation(message: Message, target: Language) -> bool:
    """Tell whether the reader needs other words than were written.

    Emoji and figures alone mean the same to everybody; an unknown language is tried, so that
    the reader is told when nobody could translate it.
    """
    if script_of(message.text) == "none":
        return False
    return message.language is None or base(message.language) != base(target)


async def queue(
    core: Core,
    tx: Transaction,
    message: Message,
    client: Client,
    link: Link,
    *,
    kind: OutboxKind,
    now: datetime,
    answers: MessageId | None = None,
    fresh: bool = False,
) -> None:
    """Queue a message for the chat of `link`, translated for its reader.

    `answers` is the message it replies to: its copy in the reader's chat is pointed at. One that
    is `fresh` was written in this transaction, so that nothing can be known of it yet.
    """
    inward = frames.is_for_staff(message)
    target = DUTCH if inward else client.language
    lane = staff_lane(link.chat_id, client) if inward else client_lane(core, client, kind, now)
    row_kind = OutboxKind.STAFF if inward else kind
    not_before = now if inward else hold_until(core, kind, now)
    reply = await _reply_to(tx, answers, link.chat_id)
    translation_id: TranslationId | None = None
    known = None if fresh else await messages.find_translation(tx, message.id, target)
    if known is not None and known.state is not TranslationState.PENDING:
        parts = await render(core, tx, message, client, link.chat_id, rendering_of(known))
    elif known is not None:
        translation_id = known.id
        parts = [Part("sendMessage", {})]
    elif needs_translation(message, target):
        limit = timedelta(seconds=core.config.translation.time_limit_seconds)
        translation_id = await messages.insert_translation(
            tx, message_id=message.id, target=target, now=now, deadline=now + limit
        )
        parts = [Part("sendMessage", {})]
    else:
        parts = await render(
            core, tx, message, client, link.chat_id, Rendering(Outcome.NOT_NEEDED)
        )
    seq = await outbox.next_seq(tx, lane)
    for number, part in enumerate(parts):
        await outbox.insert_call(
            tx,
            lane=lane,
            seq=seq,
            part=number,
            chat_id=link.chat_id,
            kind=row_kind,
            method=part.method,
            payload={**part.payload, **(reply if number == 0 else {})},
            state=OutboxState.WAITING if translation_id else OutboxState.QUEUED,
            frame=RELAY,
            client_id=client.id,
            message_id=message.id,
            translation_id=translation_id,
            now=now,
            not_before=not_before,
        )


async def bring_kept(
    core: Core, tx: Transaction, link: Link, staff_id: StaffId, *, now: datetime
) -> None:
    """Bring a member of staff what was said while there was no chat to bring it to."""
    for task_id, client_id, words in await tasks.list_untold(tx, staff_id):
        about = await people.get_client(tx, client_id) if client_id else None
        await to_staff(tx, staff_id, words, now=now, client=about)
        await tasks.mark_told(tx, task_id, now)
    for message in await messages.list_unrelayed(tx, staff_id):
        client = await people.get_client(tx, message.client_id)
        await queue(core, tx, message, client, link, kind=OutboxKind.STAFF, now=now)


async def render(
    core: Core,
    tx: Transaction,
    message: Message,
    client: Client,
    chat_id: ChatId,
    shown: Rendering,
) -> list[Part]:
    """Return how a message looks on the other side."""
    if frames.is_for_staff(message):
        return frames.for_staff(core.texts, chat_id, message, client, shown)
    coach = await people.get_staff(tx, message.staff_id)
    return frames.for_client(core.texts, chat_id, message, coach, client.language, shown)


def rendering_of(translation: Translation) -> Rendering:
    """Return how a translation is to be shown in its present state."""
    if translation.state is TranslationState.DONE and translation.engine == UNCHANGED:
        return Rendering(Outcome.NOT_NEEDED)
    if translation.state is TranslationState.DONE:
        return Rendering(Outcome.DONE, text=translation.text or "")
    if translation.state is TranslationState.FAILED:
        if translation.reason == "not_needed":
            return Rendering(Outcome.NOT_NEEDED)
        return Rendering(Outcome.FAILED, reason=translation.reason or "")
    return Rendering(Outcome.PENDING)


async def show(core: Core, tx: Transaction, translation: Translation, *, now: datetime) -> None:
    """Put the translation's present state into the calls that carry it.

    What has not been sent is written anew in its place; what has been sent gets an edit.
    """
    rows = await outbox.list_of_translation(tx, translation.id)
    over = {OutboxState.FAILED, OutboxState.RETIRED}
    shown = [row for row in rows if row.edits_outbox_id is None and row.state not in over]
    if not shown:
        return
    message = await messages.get_message(tx, translation.message_id)
    client = await people.get_client(tx, message.client_id)
    first = shown[0]
    parts = await render(core, tx, message, client, first.chat_id, rendering_of(translation))
    # The n-th part takes the place of the n-th call: a text of a text, a caption of a caption.
    for number, part in enumerate(parts):
        row = shown[number] if number < len(shown) else None
        if row is None:
            await _add_part(tx, first, shown[-1].part + 1 + number - len(shown), part, now=now)
        elif row.state in _CAN_CHANGE:
            reply = {k: v for k, v in row.payload.items() if k == "reply_parameters"}
            held = row.state is OutboxState.HELD
            await outbox.update_call(
                tx,
                row.id,
                state=OutboxState.HELD if held else OutboxState.QUEUED,
                method=part.method,
                payload={**part.payload, **reply},
                now=now,
            )
        else:
            await _edit(tx, row, *_as_edit(part), now=now)
    for row in shown[len(parts) :]:
        if row.state in _CAN_CHANGE:
            await outbox.update_call(tx, row.id, state=OutboxState.RETIRED, now=now)
        else:
            await _edit(tx, row, "deleteMessage", {"chat_id": row.chat_id}, now=now)


async def _add_part(
    tx: Transaction, first: Outgoing, number: int, part: Part, *, now: datetime
) -> None:
    await outbox.insert_call(
        tx,
        lane=first.lane,
        seq=first.seq,
        part=number,
        chat_id=first.chat_id,
        kind=first.kind,
        method=part.method,
        payload=part.payload,
        frame=RELAY,
        client_id=first.client_id,
        message_id=first.message_id,
        translation_id=first.translation_id,
        now=now,
        not_before=first.not_before,
    )


async def _edit(
    tx: Transaction,
    row: Outgoing,
    method: str,
    payload: Mapping[str, JsonValue],
    *,
    now: datetime,
) -> None:
    """Queue a change of a message that stands in the reader's chat, or is on its way to it."""
    await outbox.insert_call(
        tx,
        lane=row.lane,
        chat_id=row.chat_id,
        kind=row.kind,
        method=method,
        payload=payload,
        frame=RELAY,
        client_id=row.client_id,
        message_id=row.message_id,
        translation_id=row.translation_id,
        edits_outbox_id=row.id,
        now=now,
    )


def _as_edit(part: Part) -> tuple[str, dict[str, JsonValue]]:
    payload = dict(part.payload)
    if part.method == "sendMessage":
        return "editMessageText", payload
    return "editMessageCaption", {
        key: payload[key]
        for key in ("chat_id", "caption", "parse_mode", "reply_markup")
        if key in payload
    }


async def _reply_to(
    tx: Transaction, answers: MessageId | None, chat_id: ChatId
) -> dict[str, JsonValue]:
    if answers is None:
        return {}
    answered = await messages.get_message(tx, answers)
    there = (
        answered.telegram_message_id
        if answered.chat_id == chat_id
        else await outbox.find_copy(tx, answers, chat_id)
    )
    if there is None:
        return {}
    return {"reply_parameters": {"message_id": there, "allow_sending_without_reply": True}}


async def message_answered(tx: Transaction, chat_id: ChatId, said: Said) -> MessageId | None:
    """Return the message that was replied to, whichever side wrote it."""
    if said.reply_to is None:
        return None
    sent = await outbox.find_sent(tx, chat_id, said.reply_to)
    if sent is not None:
        return sent.message_id
    own = await messages.find_message_in_chat(tx, chat_id, said.reply_to)
    return own.id if own else None
