"""Updates as Telegram gives them: their number, their chat, and what is wrong with them."""

import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from telegram import Bot, Update

from bot.domain.delivery import Incoming, JsonValue

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
Result = TypeVar("Result")

ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")

_LARGEST_ID = 1 << 62  # what both engines can keep


def entry_of(raw: JsonValue) -> tuple[int, int, str] | None:
    """Return an update's id, its lane and its text as it came; None when it has no number."""
    update_id = number(raw.get("update_id")) if isinstance(raw, Mapping) else None
    if not isinstance(raw, Mapping) or update_id is None or update_id < 0:
        return None
    # Escaped, so that half an emoji or a zero byte cannot make the whole batch unstorable.
    return update_id, lane_of(raw), json.dumps(raw)


def lane_of(raw: Mapping[str, JsonValue]) -> int:
    """Return the chat an update belongs to, however it is built; 0 when it names none."""
    for value in raw.values():
        if not isinstance(value, Mapping):
            continue
        message = value.get("message")
        holders = (value, message) if isinstance(message, Mapping) else (value,)
        for holder in holders:
            chat = holder.get("chat")
            chat_id = number(chat.get("id")) if isinstance(chat, Mapping) else None
            if chat_id is not None:
                return chat_id
    return 0


def number(value: JsonValue) -> int | None:
    """Return a whole number that the database can keep, or None."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if abs(value) < _LARGEST_ID else None


def parse(incoming: Incoming, bot: Bot) -> Update:
    """Return a kept update as the library knows it.

    Errors: whatever a malformed update does to the parser; ValueError when it is not certain
    whose chat it is from.
    """
    update = Update.de_json(_with_named_tap(json.loads(incoming.raw)), bot)
    chat = update.effective_chat
    nowhere = incoming.lane == 0 and update.effective_message is not None
    if nowhere or (chat is not None and chat.id != incoming.lane):
        msg = f"Update {incoming.update_id} names its chat in a way that cannot be read."
        raise ValueError(msg)
    return update


def _with_named_tap(raw: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return an update in which a tap has an id; the library gives one without to any handler."""
    tap = raw.get("callback_query")
    if not isinstance(tap, Mapping) or tap.get("data") or tap.get("game_short_name"):
        return raw
    return raw | {"callback_query": {**tap, "data": "?"}}
