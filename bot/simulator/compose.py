"""What all sends share: formatted text, reply, topic, keyboard and link preview."""

from dataclasses import dataclass

from bot.simulator import entities, html, markup, utf16
from bot.simulator.entities import Formatted
from bot.simulator.errors import bad_request
from bot.simulator.exchange import Exchange
from bot.simulator.model import Chat, Record
from bot.simulator.params import Call
from bot.simulator.values import JsonObject, as_int, as_list, as_object, as_text

_PREVIEW_FIELDS = frozenset(
    {"is_disabled", "url", "prefer_small_media", "prefer_large_media", "show_above_text"}
)
_REPLY_FIELDS = frozenset(
    {"message_id", "chat_id", "allow_sending_without_reply", "quote", "quote_parse_mode",
     "quote_entities", "quote_position"}
)  # fmt: skip


def formatted(text: str, parse_mode: str, explicit: list[object]) -> Formatted:
    """Parse a text as its parse_mode says; ApiError 400 when it cannot be parsed."""
    mode = parse_mode.lower()
    if mode == "html":
        plain, found = html.parse(text)
        return entities.finish(plain, found)
    if mode in {"markdown", "markdownv2"}:
        raise bad_request(
            f"can't parse entities: the simulator does not read {parse_mode}; "
            "send HTML or entities"
        )
    if mode:
        raise bad_request("unsupported parse_mode")
    return entities.finish(text, entities.check_explicit(text, explicit))


def text_of(call: Call) -> JsonObject:
    """Give the `text` and `entities` of a Message; ApiError 400 when empty or too long."""
    done = formatted(call.text("text"), call.text("parse_mode"), call.array("entities"))
    if not done.text:
        raise bad_request("message text is empty")
    if utf16.units(done.text) > utf16.MAX_TEXT:
        raise bad_request("message is too long")
    content: JsonObject = {"text": done.text}
    if done.entities:
        content["entities"] = list(done.entities)
    preview = call.fields("link_preview_options")
    for name in preview:
        if name not in _PREVIEW_FIELDS:
            raise bad_request(f'unknown field "{name}" in LinkPreviewOptions')
    if call.flag("disable_web_page_preview") and not preview:
        preview = {"is_disabled": True}
    if preview:
        content["link_preview_options"] = preview
    return content


def caption_of(source: JsonObject) -> JsonObject:
    """Give the `caption` and `caption_entities` of a Message; ApiError 400 when too long."""
    done = formatted(
        as_text(source.get("caption")),
        as_text(source.get("parse_mode")),
        as_list(source.get("caption_entities")),
    )
    if utf16.units(done.text) > utf16.MAX_CAPTION:
        raise bad_request("message caption is too long")
    if not done.text:
        return {}
    content: JsonObject = {"caption": done.text}
    if done.entities:
        content["caption_entities"] = list(done.entities)
    if source.get("show_caption_above_media") is True:
        content["show_caption_above_media"] = True
    return content


@dataclass(frozen=True, slots=True)
class Sending:
    """A checked send: where to, in answer to what, and with which keyboard."""

    chat: Chat
    reply_to: int | None
    extra: JsonObject
    keyboard: JsonObject | None


def begin(x: Exchange, call: Call) -> Sending:
    """Check everything a send says beside its content, before anything is changed."""
    chat = x.destination(call.params.get("chat_id"))
    reply_to, extra = _reply(x, chat, call)
    keyboard = markup.check(call.fields("reply_markup"))
    thread = call.number("message_thread_id")
    if thread:
        if str(thread) not in chat.topics:
            raise bad_request("message thread not found")
        extra |= {"message_thread_id": thread, "is_topic_message": True}
    if call.flag("protect_content"):
        extra["has_protected_content"] = True
    effect = call.text("message_effect_id")
    if effect:
        extra["effect_id"] = effect
    return Sending(chat, reply_to, extra, keyboard)


def finish(x: Exchange, sending: Sending, content: JsonObject) -> Record:
    """Put the message in the chat and its keyboard on the phone."""
    chat, keyboard = sending.chat, sending.keyboard
    body = {**content}
    inline = keyboard is not None and "inline_keyboard" in keyboard
    if inline:
        body["reply_markup"] = keyboard
    record = x.post(chat, body, outgoing=False, reply_to=sending.reply_to, extra=sending.extra)
    if keyboard is not None and not inline:
        if "keyboard" in keyboard:
            chat.reply_keyboard = keyboard
        elif "remove_keyboard" in keyboard:
            chat.reply_keyboard = None
        else:
            chat.force_reply = {
                "message_id": record.message_id,
                "placeholder": keyboard.get("input_field_placeholder"),
            }
        x.keep_chat(chat)
        x.tell_phone(chat.chat_id)
    return record


def _reply(x: Exchange, chat: Chat, call: Call) -> tuple[int | None, JsonObject]:
    asked = call.fields("reply_parameters")
    for name in asked:
        if name not in _REPLY_FIELDS:
            raise bad_request(f'unknown field "{name}" in ReplyParameters')
    message_id = as_int(asked.get("message_id")) or call.number("reply_to_message_id")
    if not message_id:
        if asked:
            raise bad_request("message identifier is not specified")
        return None, {}
    elsewhere = asked.get("chat_id")
    if elsewhere is not None and as_int(elsewhere) != chat.chat_id:
        raise bad_request("the simulator answers messages of the same chat only")
    record = x.record(chat.chat_id, message_id)
    if record is None:
        optional = asked.get("allow_sending_without_reply") is True
        if optional or call.flag("allow_sending_without_reply"):
            return None, {}
        raise bad_request("message to be replied not found")
    quote = as_text(asked.get("quote"))
    if not quote:
        return message_id, {}
    part = formatted(
        quote, as_text(asked.get("quote_parse_mode")), as_list(asked.get("quote_entities"))
    )
    whole = as_text(record.body.get("text")) or as_text(record.body.get("caption"))
    at = whole.find(part.text)
    if at < 0 or not part.text:
        raise bad_request("QUOTE_TEXT_INVALID")
    told: JsonObject = {"text": part.text, "position": utf16.units(whole[:at]), "is_manual": True}
    kept = [e for e in part.entities if as_object(e)["type"] not in entities.FOUND_TYPES]
    if kept:
        told["entities"] = kept
    return message_id, {"quote": told}
