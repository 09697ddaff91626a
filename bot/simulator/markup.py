"""Keyboards under a message: checked as strictly as Telegram checks them."""

import re

from bot.simulator import utf16
from bot.simulator.errors import bad_request
from bot.simulator.values import JsonObject, as_list, as_object

MAX_CALLBACK_BYTES = 64
MAX_BUTTONS = 100
MAX_ROW = 8
MAX_COPY = 256
MAX_PLACEHOLDER = 64

_ACTIONS = (
    "url", "callback_data", "web_app", "login_url", "switch_inline_query",
    "switch_inline_query_current_chat", "switch_inline_query_chosen_chat", "copy_text",
    "callback_game", "pay",
)  # fmt: skip
_SUPPORTED_ACTIONS = frozenset({"url", "callback_data", "copy_text"})
_LOOKS = frozenset({"text", "icon_custom_emoji_id", "style"})
_KEY_FIELDS = _LOOKS | {
    "request_users", "request_chat", "request_contact", "request_location", "request_poll",
    "web_app",
}  # fmt: skip
_KEYBOARD_FIELDS = frozenset(
    {"keyboard", "is_persistent", "resize_keyboard", "one_time_keyboard",
     "input_field_placeholder", "selective"}
)  # fmt: skip
_URL = re.compile(r"(?:https?|tg|mailto|tel):\S+", re.IGNORECASE)


def check(markup: JsonObject, *, inline_only: bool = False) -> JsonObject | None:
    """Give the markup as it will stand, None when it is empty; ApiError 400 when it cannot be."""
    if not markup:
        return None
    if "inline_keyboard" in markup:
        return _inline(markup)
    if inline_only:
        raise bad_request("inline keyboard expected")
    if "keyboard" in markup:
        return _reply_keyboard(markup)
    if markup.get("remove_keyboard") is True:
        _only(markup, {"remove_keyboard", "selective"}, "ReplyKeyboardRemove")
        return markup
    if markup.get("force_reply") is True:
        _only(markup, {"force_reply", "input_field_placeholder", "selective"}, "ForceReply")
        _placeholder(markup)
        return markup
    raise bad_request("object expected as reply markup")


def _inline(markup: JsonObject) -> JsonObject | None:
    _only(markup, {"inline_keyboard"}, "InlineKeyboardMarkup")
    rows = []
    total = 0
    for row in _rows(markup["inline_keyboard"], "inline keyboard"):
        buttons = [_inline_button(as_object(button)) for button in row]
        total += len(buttons)
        if len(buttons) > MAX_ROW or total > MAX_BUTTONS:
            raise bad_request("reply markup is too long")
        if buttons:
            rows.append(buttons)
    return {"inline_keyboard": rows} if rows else None


def _inline_button(button: JsonObject) -> JsonObject:
    where = "can't parse inline keyboard button"
    text = button.get("text")
    if not isinstance(text, str):
        raise bad_request(f'{where}: Field "text" must be of type String')
    if not text.strip():
        raise bad_request(f"{where}: the text of a button must be non-empty")
    _only(button, _LOOKS | set(_ACTIONS), "InlineKeyboardButton")
    actions = [name for name in _ACTIONS if name in button]
    if not actions:
        raise bad_request(f"{where}: Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise bad_request(f"{where}: exactly one of {' and '.join(actions)} must be used")
    action = actions[0]
    if action not in _SUPPORTED_ACTIONS:
        raise bad_request(f"{where}: the simulator has no {action} buttons")
    value = button[action]
    if action == "callback_data":
        if not isinstance(value, str):
            raise bad_request(f'{where}: Field "callback_data" must be of type String')
        if not 1 <= len(value.encode()) <= MAX_CALLBACK_BYTES:
            raise bad_request("BUTTON_DATA_INVALID")
    elif action == "url":
        if not isinstance(value, str) or not _URL.fullmatch(value):
            raise bad_request(f"inline keyboard button URL '{value}' is invalid")
    else:
        copied = as_object(value).get("text")
        if not isinstance(copied, str) or not 1 <= utf16.units(copied) <= MAX_COPY:
            raise bad_request("BUTTON_COPY_TEXT_INVALID")
    return button


def _reply_keyboard(markup: JsonObject) -> JsonObject:
    _only(markup, _KEYBOARD_FIELDS, "ReplyKeyboardMarkup")
    _placeholder(markup)
    rows = []
    for row in _rows(markup["keyboard"], "reply keyboard"):
        keys = []
        for key in row:
            made: JsonObject = {"text": key} if isinstance(key, str) else as_object(key)
            text = made.get("text")
            if not isinstance(text, str) or not text.strip():
                raise bad_request("can't parse keyboard button: text must be non-empty")
            _only(made, _KEY_FIELDS, "KeyboardButton")
            keys.append(made)
        if keys:
            rows.append(keys)
    if not rows:
        raise bad_request("reply keyboard is empty")
    return {**markup, "keyboard": rows}


def _rows(value: object, what: str) -> list[list[object]]:
    if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
        raise bad_request(f"can't parse {what}: an Array of Array of buttons expected")
    return [as_list(row) for row in value]


def _placeholder(markup: JsonObject) -> None:
    text = markup.get("input_field_placeholder")
    if text is not None and not (
        isinstance(text, str) and 1 <= utf16.units(text) <= MAX_PLACEHOLDER
    ):
        raise bad_request("the input field placeholder must have 1-64 characters")


def _only(value: JsonObject, known: frozenset[str] | set[str], what: str) -> None:
    for name in value:
        if name not in known:
            raise bad_request(f'unknown field "{name}" in {what}')
