"""How a message looks on the other side: who it is from, the translation, the original.

A frame gives one or more parts, each one call of the Bot API. Everything fits in one part
unless the text is too long for Telegram; then the rest follows in its place in the lane.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.delivery import JsonValue
from bot.domain.ids import ChatId
from bot.domain.languages import DUTCH_NAMES, Language
from bot.domain.messages import (
    CAPTION_LIMIT,
    TEXT_LIMIT,
    Direction,
    Message,
    MessageKind,
    split_text,
    utf16_length,
)
from bot.domain.people import Client, Staff
from bot.services.outgoing import Button, Rows, in_pairs, inline
from bot.texts import Html, Texts

_TAG = re.compile(r"<[^>]+>")
_ROOM = 200  # what a heading and a mark may take of a part

_METHODS: dict[MessageKind, tuple[str, str]] = {
    MessageKind.PHOTO: ("sendPhoto", "photo"),
    MessageKind.VOICE: ("sendVoice", "voice"),
    MessageKind.DOCUMENT: ("sendDocument", "document"),
    MessageKind.AUDIO: ("sendAudio", "audio"),
    MessageKind.VIDEO: ("sendVideo", "video"),
}

_REASONS: dict[str, str] = {
    "no_engine": "st.reason_no_engine",
    "not_supported": "st.reason_no_engine",
    "unknown_language": "st.reason_unknown_language",
    "too_long": "st.reason_too_long",
    "too_many_requests": "st.reason_busy",
    "refused": "st.reason_busy",
    "unreachable": "st.reason_busy",
    "timeout": "st.reason_busy",
}


class Outcome(StrEnum):
    """How far the translation of a message has come when it is shown."""

    NOT_NEEDED = "not_needed"
    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Rendering:
    """A translation as it is to be shown."""

    outcome: Outcome
    text: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One call of the Bot API."""

    method: str
    payload: dict[str, JsonValue]


def reason_in_dutch(texts: Texts, reason: str) -> str:
    """Return why a text was not translated, in words for staff."""
    return texts.staff(_REASONS.get(reason, "st.reason_unsure"))


def visible_length(text: str) -> int:
    """Return how long Telegram counts a text in HTML."""
    return utf16_length(html.unescape(_TAG.sub("", text)))


def with_note(payload: Mapping[str, JsonValue], note: str) -> dict[str, JsonValue] | None:
    """Return the parameters of a call with a line at the end of its words, once.

    None when it has no words, or no room for more of them.
    """
    for field, limit in (("text", TEXT_LIMIT), ("caption", CAPTION_LIMIT)):
        words = payload.get(field)
        if not isinstance(words, str):
            continue
        if words.endswith(note):
            return dict(payload)
        if visible_length(f"{words}\n{note}") <= limit:
            return {**payload, field: f"{words}\n{note}"}
    return None


def for_staff(
    texts: Texts, chat_id: ChatId, message: Message, client: Client, shown: Rendering
) -> list[Part]:
    """Show a client's message to her coach: in Dutch, the original beneath, and who it is from."""
    values = {
        "code": client.code,
        "voornaam": client.name,
        "taal": DUTCH_NAMES.get(message.language or client.language, client.language),
    }
    if message.kind is MessageKind.TEXT:
        head = texts.staff("st.msg_head", **values)
    else:
        sort = texts.staff(f"st.kind_{message.kind}")
        head = texts.staff("st.msg_head_media", soort=sort, **values)
    if message.edits_message_id is not None:
        head += "\n" + texts.staff("st.msg_edited")
    blocks = [head]
    quote = message.text
    if shown.outcome is Outcome.DONE:
        blocks += [html.escape(shown.text, quote=False), texts.staff("st.msg_auto")]
    elif shown.outcome is Outcome.PENDING:
        blocks.append(texts.staff("st.msg_pending"))
    elif shown.outcome is Outcome.FAILED:
        reason = reason_in_dutch(texts, shown.reason)
        blocks.append(texts.staff("st.msg_failed", reden=reason))
    elif quote:
        blocks.append(html.escape(quote, quote=False))
        quote = ""
    if quote:
        blocks.append(texts.staff("st.msg_quote", origineel=quote))
    buttons = in_pairs(
        Button(texts.staff("st.btn_answer"), f"wr:{client.id}:{message.id}"),
        Button(texts.staff("st.wb_btn_done"), f"wt:m{message.id}:done"),
    )
    return _parts(chat_id, message, "\n".join(blocks), head, blocks[1:], buttons)


def for_client(
    texts: Texts,
    chat_id: ChatId,
    message: Message,
    coach: Staff,
    locale: Language,
    shown: Rendering,
) -> list[Part]:
    """Show a coach's message to a client in her language, with the coach's name."""
    text_id = {
        Outcome.NOT_NEEDED: "ch.from_coach_plain",
        Outcome.DONE: "ch.from_coach",
        Outcome.PENDING: "ch.from_coach_pending",
        Outcome.FAILED: "ch.from_coach_failed",
    }[shown.outcome]
    body = shown.text if shown.outcome is Outcome.DONE else message.text
    changed = "✏ " if message.edits_message_id is not None else ""
    if not body:
        whole = changed + texts.say("ch.media_from_coach", locale, coach=coach.name)
    else:
        whole = changed + texts.say(text_id, locale, coach=coach.name, tekst=body)
    blank = texts.say(text_id, locale, coach=coach.name, tekst=Html("\0"))
    head, _, tail = (piece.strip("\n\u2068\u2069") for piece in blank.partition("\0"))
    blocks = [html.escape(body, quote=False), *([tail] if tail else [])]
    buttons = in_pairs(
        Button(texts.label("btn.reply", locale), f"m:{message.id}:reply"),
        Button(texts.label("btn.not_clear", locale), f"m:{message.id}:unclear"),
    )
    return _parts(chat_id, message, whole, changed + head, blocks, buttons)


def _parts(
    chat_id: ChatId, message: Message, whole: str, head: str, blocks: list[str], buttons: Rows
) -> list[Part]:
    """Lay the text out: as the message itself, as a caption, or in several parts."""
    limit = TEXT_LIMIT if message.kind is MessageKind.TEXT else CAPTION_LIMIT
    fits = visible_length(whole) <= limit
    parts: list[Part] = []
    if message.media is None or message.kind is MessageKind.LOCATION:
        if fits and visible_length(whole) <= TEXT_LIMIT:
            parts.append(_text_part(chat_id, whole))
        else:
            parts += [_text_part(chat_id, piece) for piece in _pieces(head, blocks)]
        if message.media is not None:
            parts.append(
                Part(
                    "sendLocation",
                    {
                        "chat_id": chat_id,
                        "latitude": message.media.latitude,
                        "longitude": message.media.longitude,
                    },
                )
            )
    else:
        method, parameter = _METHODS[message.kind]
        payload: dict[str, JsonValue] = {
            "chat_id": chat_id,
            parameter: message.media.file_id,
            "caption": whole if fits else head,
            "parse_mode": "HTML",
        }
        parts.append(Part(method, payload))
        if not fits:
            parts += [_text_part(chat_id, piece) for piece in _pieces(head, blocks)]
    last = parts[-1]
    parts[-1] = Part(last.method, {**last.payload, "reply_markup": inline(buttons)})
    return parts


def _text_part(chat_id: ChatId, text: str) -> Part:
    return Part("sendMessage", {"chat_id": chat_id, "text": text, "parse_mode": "HTML"})


def _pieces(head: str, blocks: list[str]) -> list[str]:
    """Cut a text that is too long, block by block; the heading stands above each piece."""
    pieces: list[str] = []
    for block in blocks:
        quoted = block.startswith("<blockquote>")
        plain = html.unescape(_TAG.sub("", block))
        for piece in split_text(plain, TEXT_LIMIT - _ROOM - visible_length(head)):
            safe = html.escape(piece, quote=False)
            safe = f"<blockquote>{safe}</blockquote>" if quoted else safe
            joined = f"{pieces[-1]}\n{safe}" if pieces else f"{head}\n{safe}"
            if pieces and visible_length(joined) <= TEXT_LIMIT:
                pieces[-1] = joined
            else:
                pieces.append(f"{head}\n{safe}")
    return pieces or [head]


def is_for_staff(message: Message) -> bool:
    """Tell whether the message goes to staff."""
    return message.direction is Direction.IN
