"""The methods that put a message in a chat."""

import secrets
from typing import cast

from bot.simulator import attachments, compose, utf16
from bot.simulator.errors import bad_request
from bot.simulator.exchange import Exchange
from bot.simulator.media import MEDIA_KINDS, MediaKind
from bot.simulator.model import Record
from bot.simulator.params import Call
from bot.simulator.values import JsonObject, as_object

ALBUM = range(2, 11)
_NOT_CONTENT = frozenset(
    {"message_id", "from", "chat", "date", "edit_date", "reply_markup", "quote", "effect_id",
     "message_thread_id", "is_topic_message", "has_protected_content", "forward_origin",
     "media_group_id"}
)  # fmt: skip
_UNCOPYABLE = frozenset({"poll", "pinned_message", "forum_topic_created"})
_LATITUDE, _LONGITUDE = 90.0, 180.0


def send_message(x: Exchange, call: Call) -> object:
    """Send a text."""
    sending = compose.begin(x, call)
    return x.message(compose.finish(x, sending, compose.text_of(call)))


def send_file(x: Exchange, call: Call) -> object:
    """Send a photo, voice note, document, audio or video, as the method's name says."""
    kind = cast("MediaKind", call.method.removeprefix("send").lower())
    sending = compose.begin(x, call)
    caption = compose.caption_of(call.params)
    item = x.files.from_call(call, call.text(kind), kind)
    content = attachments.in_message(x, call, item, call.params)
    return x.message(compose.finish(x, sending, {**content, **caption}))


def send_location(x: Exchange, call: Call) -> object:
    """Send a point on the map."""
    sending = compose.begin(x, call)
    return x.message(compose.finish(x, sending, {"location": _point(call)}))


def send_venue(x: Exchange, call: Call) -> object:
    """Send a place with a name and an address."""
    sending = compose.begin(x, call)
    venue: JsonObject = {
        "location": _point(call),
        "title": call.text("title"),
        "address": call.text("address"),
    }
    if not venue["title"] or not venue["address"]:
        raise bad_request("venue title and address must be non-empty")
    for name in ("foursquare_id", "foursquare_type", "google_place_id", "google_place_type"):
        if call.text(name):
            venue[name] = call.text(name)
    content = {"venue": venue, "location": venue["location"]}
    return x.message(compose.finish(x, sending, content))


def _point(call: Call) -> JsonObject:
    latitude, longitude = call.real("latitude"), call.real("longitude")
    if abs(latitude) > _LATITUDE or abs(longitude) > _LONGITUDE:
        raise bad_request("invalid location specified")
    point: JsonObject = {"latitude": latitude, "longitude": longitude}
    if call.real("horizontal_accuracy"):
        point["horizontal_accuracy"] = call.real("horizontal_accuracy")
    return point


def send_media_group(x: Exchange, call: Call) -> object:
    """Send 2 to 10 files as one album."""
    sending = compose.begin(x, call)
    items = [as_object(item) for item in call.array("media")]
    if len(items) not in ALBUM:
        raise bad_request("an album must have from 2 to 10 files")
    kinds = {attachments.kind_of(item) for item in items}
    if len(kinds) > 1 and kinds & {"document", "audio"}:
        raise bad_request("documents and audio files can't be mixed with other types in an album")
    contents = [attachments.of_input(x, call, item) for item in items]
    group = str(secrets.randbelow(9 * 10**16) + 10**16)
    return [
        x.message(compose.finish(x, sending, {"media_group_id": group, **content}))
        for content in contents
    ]


def copy_message(x: Exchange, call: Call) -> object:
    """Send the content of another message again, without saying where it came from."""
    sending = compose.begin(x, call)
    source = _source(x, call, "copy")
    if _UNCOPYABLE & source.body.keys():
        raise bad_request("message can't be copied")
    content = {k: v for k, v in source.body.items() if k not in _NOT_CONTENT}
    if "caption" in call.params and any(kind in content for kind in MEDIA_KINDS):
        content = {k: v for k, v in content.items() if not k.startswith("caption")}
        content |= compose.caption_of(call.params)
    return {"message_id": compose.finish(x, sending, content).message_id}


def forward_message(x: Exchange, call: Call) -> object:
    """Pass a message on, saying who wrote it."""
    sending = compose.begin(x, call)
    source = _source(x, call, "forward")
    if {"pinned_message", "forum_topic_created"} & source.body.keys():
        raise bad_request("the message can't be forwarded")
    content = {k: v for k, v in source.body.items() if k not in _NOT_CONTENT}
    content["forward_origin"] = source.body.get(
        "forward_origin",
        {"type": "user", "sender_user": source.body["from"], "date": source.body["date"]},
    )
    return x.message(compose.finish(x, sending, content))


def _source(x: Exchange, call: Call, verb: str) -> Record:
    chat = x.known_chat(call.params.get("from_chat_id"))
    record = x.record(chat.chat_id, call.number("message_id"))
    if record is None:
        raise bad_request(f"message to {verb} not found")
    return record


def create_forum_topic(x: Exchange, call: Call) -> object:
    """Make a topic in a chat; its id is that of the service message that opens it."""
    chat = x.destination(call.params.get("chat_id"))
    name = call.text("name")
    if not 1 <= utf16.units(name) <= 128:  # noqa: PLR2004  # the documented limit
        raise bad_request("TOPIC_TITLE_EMPTY" if not name else "TOPIC_TITLE_TOO_LONG")
    colour = call.number("icon_color", 0x6FB9F0)
    opened = x.post(
        chat,
        {"forum_topic_created": {"name": name, "icon_color": colour}},
        outgoing=False,
    )
    opened.body |= {"message_thread_id": opened.message_id, "is_topic_message": True}
    x.changed(opened)
    chat.topics[str(opened.message_id)] = name
    x.keep_chat(chat)
    return {"message_thread_id": opened.message_id, "name": name, "icon_color": colour}
