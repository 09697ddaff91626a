"""The methods about the bot itself, its chats and its files."""

import asyncio

from bot.simulator.errors import bad_request
from bot.simulator.exchange import TYPING_SECONDS, Exchange
from bot.simulator.model import ChatId
from bot.simulator.params import Call
from bot.simulator.values import JsonObject, as_text

ACTIONS = frozenset(
    {"typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice",
     "upload_document", "choose_sticker", "find_location", "record_video_note",
     "upload_video_note"}
)  # fmt: skip


def get_me(x: Exchange, _: Call) -> object:
    """Say who the bot is."""
    return {
        **x.bot_user(),
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": True,
        "allows_users_to_create_topics": False,
    }


def get_file(x: Exchange, call: Call) -> object:
    """Say where a file can be fetched."""
    return x.files.described(call.text("file_id"))


def get_chat(x: Exchange, call: Call) -> object:
    """Say what is known about a chat."""
    chat = x.known_chat(call.params.get("chat_id"))
    full: JsonObject = {
        **x.phones[chat.chat_id].as_chat(),
        "accent_color_id": chat.chat_id % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": {
            "unlimited_gifts": False,
            "limited_gifts": False,
            "unique_gifts": False,
            "premium_subscription": False,
            "gifts_from_channels": False,
        },
    }
    pinned = [r for r in x.records[chat.chat_id].values() if r.pinned and not r.deleted]
    if pinned:
        full["pinned_message"] = x.message(pinned[-1])
    return full


def send_chat_action(x: Exchange, call: Call) -> object:
    """Show for five seconds that the bot is busy."""
    chat = x.destination(call.params.get("chat_id"))
    if call.text("action") not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    loop = asyncio.get_running_loop()
    until = loop.time() + TYPING_SECONDS
    x.set_typing(chat.chat_id, on=True, until=until)
    loop.call_at(until, x.stop_typing, chat.chat_id, until)
    return True


def set_commands(x: Exchange, call: Call) -> object:
    """Change the list of commands of a scope and language."""
    x.profile.set_commands(call.array("commands"), _scope(x, call), call.text("language_code"))
    x.tell_phones()
    return True


def delete_commands(x: Exchange, call: Call) -> object:
    """Take away the list of commands of a scope and language."""
    x.profile.set_commands([], _scope(x, call), call.text("language_code"))
    x.tell_phones()
    return True


def get_commands(x: Exchange, call: Call) -> object:
    """Give the list of commands of exactly this scope and language."""
    return x.profile.commands(_scope(x, call), call.text("language_code"))


def _scope(x: Exchange, call: Call) -> JsonObject:
    scope = call.fields("scope")
    if scope.get("type") == "chat":
        x.known_chat(scope.get("chat_id"))
    return scope


def set_text(x: Exchange, call: Call) -> object:
    """Change the bot's name or one of its descriptions, as the method's name says."""
    what = _what(call)
    x.profile.set_text(what, call.text(what), call.text("language_code"))
    return True


def get_text(x: Exchange, call: Call) -> object:
    """Give the bot's name or one of its descriptions, as the method's name says."""
    what, language = _what(call), call.text("language_code")
    return {what: x.profile.name(language) if what == "name" else x.profile.text(what, language)}


def _what(call: Call) -> str:
    return {"Name": "name", "Description": "description"}.get(
        call.method[len("setMy") :], "short_description"
    )


def set_menu_button(x: Exchange, call: Call) -> object:
    """Change the menu button of one chat or of all."""
    button = call.fields("menu_button") or {"type": "default"}
    if as_text(button.get("type")) not in {"default", "commands"}:
        raise bad_request("the simulator has the menu buttons default and commands only")
    if "chat_id" in call.params:
        chat = x.known_chat(call.params["chat_id"])
        chat.menu_button = button
        x.keep_chat(chat)
        x.tell_phone(ChatId(chat.chat_id))
    else:
        x.profile.set_menu_button(button)
    return True


def get_menu_button(x: Exchange, call: Call) -> object:
    """Give the menu button of one chat or of all."""
    if "chat_id" in call.params:
        return x.known_chat(call.params["chat_id"]).menu_button or x.profile.menu_button
    return x.profile.menu_button
