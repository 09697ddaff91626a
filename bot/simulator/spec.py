"""The methods the simulator knows: one table that checks requests and makes the docs."""

from dataclasses import dataclass
from typing import Literal

Type = Literal["Integer", "Float", "Boolean", "String", "Chat", "File", "Object", "Array"]


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of a method: its name, its JSON type and whether a call must have it."""

    name: str
    type: Type
    required: bool = False


def _table(text: str) -> tuple[Param, ...]:
    """Read "name:Type name*:Type", the star standing for required."""
    result = []
    for word in text.split():
        name, kind = word.split(":")
        result.append(Param(name.removesuffix("*"), _TYPES[kind], name.endswith("*")))
    return tuple(result)


_TYPES: dict[str, Type] = {
    "int": "Integer",
    "float": "Float",
    "bool": "Boolean",
    "str": "String",
    "chat": "Chat",
    "file": "File",
    "object": "Object",
    "array": "Array",
}
_SEND = """
message_thread_id:int disable_notification:bool protect_content:bool allow_paid_broadcast:bool
message_effect_id:str reply_parameters:object reply_markup:object reply_to_message_id:int
allow_sending_without_reply:bool
"""
_CAPTION = "caption:str parse_mode:str caption_entities:array"
_EDIT = "chat_id*:chat message_id*:int reply_markup:object"

METHODS: dict[str, tuple[Param, ...]] = {
    "getMe": (),
    "getUpdates": _table("offset:int limit:int timeout:int allowed_updates:array"),
    "setWebhook": _table(
        "url*:str max_connections:int allowed_updates:array drop_pending_updates:bool"
        " secret_token:str"
    ),
    "deleteWebhook": _table("drop_pending_updates:bool"),
    "getWebhookInfo": (),
    "sendMessage": _table(
        "chat_id*:chat text*:str parse_mode:str entities:array link_preview_options:object"
        " disable_web_page_preview:bool" + _SEND
    ),
    "sendPhoto": _table(
        f"chat_id*:chat photo*:file {_CAPTION} show_caption_above_media:bool has_spoiler:bool"
        + _SEND
    ),
    "sendVoice": _table(f"chat_id*:chat voice*:file duration:int {_CAPTION}" + _SEND),
    "sendDocument": _table(
        f"chat_id*:chat document*:file thumbnail:file disable_content_type_detection:bool"
        f" {_CAPTION}" + _SEND
    ),
    "sendAudio": _table(
        f"chat_id*:chat audio*:file duration:int performer:str title:str thumbnail:file"
        f" {_CAPTION}" + _SEND
    ),
    "sendVideo": _table(
        f"chat_id*:chat video*:file duration:int width:int height:int thumbnail:file"
        f" show_caption_above_media:bool has_spoiler:bool supports_streaming:bool {_CAPTION}"
        + _SEND
    ),
    "sendLocation": _table(
        "chat_id*:chat latitude*:float longitude*:float horizontal_accuracy:float" + _SEND
    ),
    "sendVenue": _table(
        "chat_id*:chat latitude*:float longitude*:float title*:str address*:str"
        " foursquare_id:str foursquare_type:str google_place_id:str google_place_type:str" + _SEND
    ),
    "sendMediaGroup": _table(
        "chat_id*:chat media*:array message_thread_id:int disable_notification:bool"
        " protect_content:bool allow_paid_broadcast:bool message_effect_id:str"
        " reply_parameters:object reply_to_message_id:int allow_sending_without_reply:bool"
    ),
    "copyMessage": _table(
        f"chat_id*:chat from_chat_id*:chat message_id*:int {_CAPTION}"
        " show_caption_above_media:bool" + _SEND
    ),
    "forwardMessage": _table(
        "chat_id*:chat from_chat_id*:chat message_id*:int message_thread_id:int"
        " disable_notification:bool protect_content:bool message_effect_id:str"
    ),
    "editMessageText": _table(
        f"{_EDIT} text*:str parse_mode:str entities:array link_preview_options:object"
        " disable_web_page_preview:bool"
    ),
    "editMessageCaption": _table(f"{_EDIT} {_CAPTION} show_caption_above_media:bool"),
    "editMessageMedia": _table(f"{_EDIT} media*:object"),
    "editMessageReplyMarkup": _table(_EDIT),
    "deleteMessage": _table("chat_id*:chat message_id*:int"),
    "deleteMessages": _table("chat_id*:chat message_ids*:array"),
    "answerCallbackQuery": _table(
        "callback_query_id*:str text:str show_alert:bool url:str cache_time:int"
    ),
    "sendChatAction": _table("chat_id*:chat action*:str message_thread_id:int"),
    "setMyCommands": _table("commands*:array scope:object language_code:str"),
    "getMyCommands": _table("scope:object language_code:str"),
    "deleteMyCommands": _table("scope:object language_code:str"),
    "setMyName": _table("name:str language_code:str"),
    "getMyName": _table("language_code:str"),
    "setMyDescription": _table("description:str language_code:str"),
    "getMyDescription": _table("language_code:str"),
    "setMyShortDescription": _table("short_description:str language_code:str"),
    "getMyShortDescription": _table("language_code:str"),
    "setChatMenuButton": _table("chat_id:chat menu_button:object"),
    "getChatMenuButton": _table("chat_id:chat"),
    "getFile": _table("file_id*:str"),
    "getChat": _table("chat_id*:chat"),
    "setMessageReaction": _table("chat_id*:chat message_id*:int reaction:array is_big:bool"),
    "createForumTopic": _table("chat_id*:chat name*:str icon_color:int icon_custom_emoji_id:str"),
    "pinChatMessage": _table("chat_id*:chat message_id*:int disable_notification:bool"),
    "unpinChatMessage": _table("chat_id*:chat message_id:int"),
}

BY_LOWER_NAME = {name.lower(): name for name in METHODS}
"""Telegram does not mind capitals in a method's name."""
