"""A file in a call with the words beside it, as a send and an edit write it."""

from typing import cast

from bot.simulator import compose
from bot.simulator.errors import bad_request
from bot.simulator.exchange import Exchange
from bot.simulator.media import Media, MediaKind
from bot.simulator.params import Call
from bot.simulator.values import JsonObject, as_int, as_text

INPUT_KINDS = frozenset({"photo", "video", "document", "audio"})
"""What InputMedia may be here; the simulator knows no animations."""

_FIELDS = frozenset(
    {"type", "media", "caption", "parse_mode", "caption_entities", "thumbnail", "duration",
     "width", "height", "performer", "title", "has_spoiler", "show_caption_above_media",
     "supports_streaming", "disable_content_type_detection"}
)  # fmt: skip


def in_message(x: Exchange, call: Call, item: Media, words: JsonObject) -> JsonObject:
    """Give the fields of a Message that hold a file, without its caption."""
    thumbnail = as_text(words.get("thumbnail"))
    content = x.files.with_duration(item, as_int(words.get("duration"))).in_message(
        title=as_text(words.get("title")),
        performer=as_text(words.get("performer")),
        thumbnail=x.files.from_call(call, thumbnail, "photo") if thumbnail else None,
    )
    if words.get("has_spoiler") is True:
        content["has_media_spoiler"] = True
    return content


def kind_of(item: JsonObject) -> MediaKind:
    """Give the kind of an InputMedia; ApiError 400 when it is none that is known."""
    kind = as_text(item.get("type"))
    if kind not in INPUT_KINDS:
        raise bad_request("can't parse InputMedia: unsupported type specified")
    return cast("MediaKind", kind)


def of_input(x: Exchange, call: Call, item: JsonObject) -> JsonObject:
    """Give the fields of a Message for an InputMedia, its caption included; ApiError 400."""
    kind = kind_of(item)
    for name in item:
        if name not in _FIELDS:
            raise bad_request(f'unknown field "{name}" in InputMedia')
    given = as_text(item.get("media"))
    if not given:
        raise bad_request("can't parse InputMedia: media not found")
    caption = compose.caption_of(item)
    kept = x.files.from_call(call, given, kind)
    return {**in_message(x, call, kept, item), **caption}
