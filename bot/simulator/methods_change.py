"""The methods that change, delete, pin or mark a message, and that answer a tap."""

from bot.simulator import attachments, compose, markup, utf16
from bot.simulator.errors import bad_request
from bot.simulator.exchange import Exchange
from bot.simulator.media import CAPTIONED, MEDIA_KINDS
from bot.simulator.model import Chat, Record
from bot.simulator.params import Call
from bot.simulator.people import CALLBACK_SECONDS
from bot.simulator.values import JsonObject, as_object, as_text

DELETABLE_SECONDS = 48 * 3600
MAX_ANSWER = 200
MAX_BATCH = 100
_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the "
    "same as a current content and reply markup of the message"
)
_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
_EMOJI = (
    "👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 "
    "🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 "
    "🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡"
)
REACTIONS = frozenset(_EMOJI.split())
_TEXT = ("text", "entities", "link_preview_options")
_CAPTION = ("caption", "caption_entities", "show_caption_above_media")
_MEDIA = (*_TEXT, *_CAPTION, *MEDIA_KINDS, "has_media_spoiler")


def edit_text(x: Exchange, call: Call) -> object:
    """Change the text of a message of the bot."""
    record = _editable(x, call)
    new = compose.text_of(call)
    if "text" not in record.body:
        raise bad_request("there is no text in the message to edit")
    return _edit(x, call, record, _TEXT, new)


def edit_caption(x: Exchange, call: Call) -> object:
    """Change the caption of a message of the bot."""
    record = _editable(x, call)
    new = compose.caption_of(call.params)
    if not CAPTIONED & record.body.keys():
        raise bad_request("there is no caption in the message to edit")
    return _edit(x, call, record, _CAPTION, new)


def edit_media(x: Exchange, call: Call) -> object:
    """Put another file, and its caption, in place of what a message of the bot holds."""
    record = _editable(x, call)
    item = call.fields("media")
    kind = attachments.kind_of(item)
    old = next((name for name in MEDIA_KINDS if name in record.body), "text")
    if old not in record.body or old not in {"text", *attachments.INPUT_KINDS}:
        raise bad_request("there is no media in the message to edit")
    film = {"photo", "video"}
    if "media_group_id" in record.body and kind != old and not {kind, old} <= film:
        raise bad_request("message content type can't be used in an album")
    markup.check(call.fields("reply_markup"), inline_only=True)
    return _edit(x, call, record, _MEDIA, attachments.of_input(x, call, item))


def edit_markup(x: Exchange, call: Call) -> object:
    """Change or take away the buttons of a message of the bot."""
    return _edit(x, call, _editable(x, call), (), {})


def _editable(x: Exchange, call: Call) -> Record:
    chat = x.destination(call.params.get("chat_id"))
    record = x.record(chat.chat_id, call.number("message_id"))
    if record is None:
        raise bad_request("message to edit not found")
    if record.outgoing:
        raise bad_request("message can't be edited")
    return record


def _edit(
    x: Exchange, call: Call, record: Record, fields: tuple[str, ...], new: JsonObject
) -> object:
    keyboard = markup.check(call.fields("reply_markup"), inline_only=True)
    old = record.body
    before = {name: old[name] for name in fields if name in old}
    if before == new and old.get("reply_markup") == keyboard:
        raise bad_request(_NOT_MODIFIED)
    body = {k: v for k, v in old.items() if k not in fields and k != "reply_markup"} | new
    if keyboard is not None:
        body["reply_markup"] = keyboard
    if fields:
        # A change of buttons alone leaves no "edited" mark on the phone.
        body["edit_date"] = x.now()
        record.edited = True
    record.body = body
    record.tapped = None
    x.changed(record)
    return x.message(record)


def delete_message(x: Exchange, call: Call) -> object:
    """Take a message away from both sides."""
    chat = x.destination(call.params.get("chat_id"))
    record = x.record(chat.chat_id, call.number("message_id"))
    if record is None:
        raise bad_request("message to delete not found")
    if not _deletable(x, record):
        raise bad_request("message can't be deleted for everyone")
    x.delete(record)
    return True


def delete_messages(x: Exchange, call: Call) -> object:
    """Take several messages away; those that are not there are passed over."""
    chat = x.destination(call.params.get("chat_id"))
    wanted = call.array("message_ids")
    if not 1 <= len(wanted) <= MAX_BATCH:
        raise bad_request("there must be from 1 to 100 message identifiers")
    for message_id in wanted:
        if not isinstance(message_id, int):
            raise bad_request("message identifiers must be of type Number")
        record = x.record(chat.chat_id, message_id)
        if record is not None and _deletable(x, record):
            x.delete(record)
    return True


def _deletable(x: Exchange, record: Record) -> bool:
    date = record.body["date"]
    return isinstance(date, int) and x.now() - date < DELETABLE_SECONDS


def answer_callback(x: Exchange, call: Call) -> object:
    """Answer a tap: once, and within 150 seconds of the simulator's clock."""
    query_id = call.text("callback_query_id")
    text = call.text("text")
    if utf16.units(text) > MAX_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    callback = x.callbacks.get(query_id)
    if callback is None or callback["answered"] is True or _age(x, callback) > CALLBACK_SECONDS:
        raise bad_request(_TOO_OLD)
    if call.text("url"):
        raise bad_request("URL_INVALID")
    answer: JsonObject = {"text": text or None, "show_alert": call.flag("show_alert")}
    callback |= {"answered": True, **answer}
    x.store.put("callback", query_id, callback)
    chat = x.known_chat(callback["chat_id"])
    message_id = callback["message_id"]
    record = x.record(chat.chat_id, message_id if isinstance(message_id, int) else 0)
    tapped = None if record is None else record.tapped
    if record is not None and tapped and tapped.get("callback_query_id") == query_id:
        tapped["answered"] = True
        x.keep(record)
    x.hub.publish(
        {
            "type": "callback",
            "chat_id": chat.chat_id,
            "callback_query_id": query_id,
            "message_id": message_id,
            **answer,
        }
    )
    return True


def _age(x: Exchange, callback: JsonObject) -> float:
    date = callback["date"]
    return x.clock.now().timestamp() - (date if isinstance(date, int | float) else 0)


def set_reaction(x: Exchange, call: Call) -> object:
    """Put an emoji on a message, or take the bot's own away."""
    chat, record = _found(x, call, "message to react not found")
    wanted = [as_object(item) for item in call.array("reaction")]
    if len(wanted) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    emoji = [as_text(item.get("emoji")) for item in wanted]
    if any(item.get("type") != "emoji" for item in wanted):
        raise bad_request("REACTION_INVALID")
    # The red heart is often sent with the sign that asks for colour; Telegram overlooks it.
    if any(one.replace("\ufe0f", "") not in REACTIONS for one in emoji):
        raise bad_request("REACTION_INVALID")
    record.bot_reactions = emoji
    x.changed(record)
    x.keep_chat(chat)
    return True


def pin(x: Exchange, call: Call) -> object:
    """Pin a message at the top of the chat."""
    _, record = _found(x, call, "message to pin not found")
    record.pinned = True
    x.changed(record)
    return True


def unpin(x: Exchange, call: Call) -> object:
    """Unpin a message, the newest pinned one when none is named."""
    chat = x.destination(call.params.get("chat_id"))
    pinned = [r for r in x.records[chat.chat_id].values() if r.pinned and not r.deleted]
    if "message_id" in call.params:
        pinned = [r for r in pinned if r.message_id == call.number("message_id")]
    if not pinned:
        raise bad_request("message to unpin not found")
    pinned[-1].pinned = False
    x.changed(pinned[-1])
    return True


def _found(x: Exchange, call: Call, otherwise: str) -> tuple[Chat, Record]:
    chat = x.destination(call.params.get("chat_id"))
    record = x.record(chat.chat_id, call.number("message_id"))
    if record is None:
        raise bad_request(otherwise)
    return chat, record
