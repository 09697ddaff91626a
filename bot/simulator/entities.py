"""Formatted text: explicit entities, entities found in plain text, and the limits on both."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.simulator import utf16
from bot.simulator.errors import bad_request
from bot.simulator.values import JsonObject, as_int, as_object, as_text

EXPLICIT_TYPES = frozenset(
    {
        "bold", "italic", "underline", "strikethrough", "spoiler", "blockquote",
        "expandable_blockquote", "code", "pre", "text_link", "text_mention", "custom_emoji",
    }
)  # fmt: skip
FOUND_TYPES = frozenset(
    {"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number"}
)

_URL = re.compile(
    r"(?:https?|ftp)://[^\s<>\"«»]+|(?<![\w@.-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+"
    r"(?:nl|com|org|net|eu|info|be|de|me|io|gov|edu|int)\b(?![\w@])(?:[/?#][^\s<>\"«»]*)?",
    re.IGNORECASE,
)
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("email", re.compile(r"(?<![\w.+-])[\w.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")),
    ("url", _URL),
    (
        "bot_command",
        re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])"),
    ),
    ("mention", re.compile(r"(?<![\w@])@[A-Za-z][A-Za-z0-9_]{3,31}\b")),
    ("hashtag", re.compile(r"(?<!\w)#(?=\w*[^\W\d])\w{1,256}")),
    ("phone_number", re.compile(r"(?<![\w+/.:-])\+?\d(?:[ -]?\(?\d\)?){8,14}(?![\w/:-])")),
)
_TRAILING = ".,;:!?'\")]}…»”’،؛؟።፣"


@dataclass(frozen=True, slots=True)
class Formatted:
    """A text and the entities in it, offsets in UTF-16 units."""

    text: str
    entities: tuple[JsonObject, ...] = ()


def find_entities(text: str) -> list[JsonObject]:
    """Find links, addresses, commands, mentions, hashtags and telephone numbers in a text."""
    marks = utf16.offsets(text)
    taken: list[tuple[int, int]] = []
    found: list[JsonObject] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span()
            while end > start and kind == "url" and text[end - 1] in _TRAILING:
                end -= 1
            if end == start or any(start < b and a < end for a, b in taken):
                continue
            taken.append((start, end))
            found.append(
                {"type": kind, "offset": marks[start], "length": marks[end] - marks[start]}
            )
    return sorted(found, key=lambda entity: as_int(entity["offset"]))


def check_explicit(text: str, given: Sequence[object]) -> list[JsonObject]:
    """Check entities that came with a text; ApiError 400 when one of them cannot be."""
    marks = set(utf16.offsets(text))
    size = utf16.units(text)
    result: list[JsonObject] = []
    for item in given:
        entity = as_object(item)
        kind = as_text(entity.get("type"))
        offset, length = as_int(entity.get("offset"), -1), as_int(entity.get("length"), -1)
        if kind not in EXPLICIT_TYPES | FOUND_TYPES:
            raise bad_request(f'can\'t parse MessageEntity: unsupported type "{kind}"')
        if offset < 0 or length < 0:
            raise bad_request("can't parse MessageEntity: offset and length must be numbers")
        if offset + length > size:
            raise bad_request(
                f"entity beginning at UTF-16 offset {offset} ends after the end of the text"
                f" at UTF-16 offset {size}"
            )
        if offset not in marks or offset + length not in marks:
            side = "begins" if offset not in marks else "ends"
            raise bad_request(f"entity {side} in a middle of a UTF-16 symbol at {offset}")
        needed = {"text_link": "url", "text_mention": "user", "custom_emoji": "custom_emoji_id"}
        if kind in needed and needed[kind] not in entity:
            raise bad_request(f"can't parse MessageEntity: {kind} needs {needed[kind]}")
        # What Telegram finds by itself is found again below; saying so changes nothing.
        if length and kind in EXPLICIT_TYPES:
            result.append(entity)
    return result


def finish(text: str, explicit: Sequence[JsonObject]) -> Formatted:
    """Trim a text as Telegram does, move its entities along and add what is found in it."""
    left = utf16.units(text[: len(text) - len(text.lstrip())])
    trimmed = text.strip()
    size = utf16.units(trimmed)
    if size > utf16.MAX_TEXT:
        return Formatted(trimmed)  # too long for any message, so nobody will see its links
    kept: list[JsonObject] = []
    for entity in explicit:
        start = max(as_int(entity["offset"]) - left, 0)
        end = min(as_int(entity["offset"]) + as_int(entity["length"]) - left, size)
        if end > start:
            kept.append({**entity, "offset": start, "length": end - start})
    closed = [e for e in kept if e["type"] in {"code", "pre", "text_link", "text_mention"}]
    kept.extend(e for e in find_entities(trimmed) if not any(_meet(e, other) for other in closed))
    kept.sort(key=lambda e: (as_int(e["offset"]), -as_int(e["length"])))
    return Formatted(trimmed, tuple(kept))


def _meet(one: JsonObject, other: JsonObject) -> bool:
    a, b = as_int(one["offset"]), as_int(other["offset"])
    return a < b + as_int(other["length"]) and b < a + as_int(one["length"])
