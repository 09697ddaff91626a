"""The Bot API's HTML: a small set of tags, turned into entities with Telegram's own errors."""

import html
import re

from bot.simulator import utf16
from bot.simulator.errors import ApiError, bad_request
from bot.simulator.values import JsonObject, as_int

TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
_START = re.compile(r"<([A-Za-z][A-Za-z0-9-]*)((?:\s[^<>]*)?)>")
_END = re.compile(r"</([A-Za-z][A-Za-z0-9-]*)?\s*>")
_ATTRIBUTE = re.compile(r"""([A-Za-z][\w-]*)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?""")
_REFERENCE = re.compile(r"&(?:lt|gt|amp|quot|#\d{1,7}|#x[0-9A-Fa-f]{1,6});")
_LINK = re.compile(r"(?:https?|tg|mailto|tel|ftp)://?[^\s]+|mailto:\S+|tel:\S+", re.IGNORECASE)


class _Open:
    """A start tag that still waits for its end tag."""

    __slots__ = ("at", "attributes", "name", "start")

    def __init__(self, name: str, attributes: dict[str, str], start: int, at: int) -> None:
        self.name = name
        self.attributes = attributes
        self.start = start
        self.at = at


def parse(source: str) -> tuple[str, list[JsonObject]]:
    """Turn HTML into a text and its entities; ApiError 400 "can't parse entities" otherwise."""
    out: list[str] = []
    size = 0
    stack: list[_Open] = []
    entities: list[JsonObject] = []
    at = 0
    while at < len(source):
        character = source[at]
        if character == "&" and (reference := _REFERENCE.match(source, at)):
            plain = html.unescape(reference.group())
            out.append(plain)
            size += utf16.units(plain)
            at = reference.end()
        elif character != "<":
            out.append(character)
            size += utf16.units(character)
            at += 1
        elif source.startswith("</", at):
            end = _END.match(source, at)
            if end is None:
                raise _fault(f"Unclosed end tag at byte offset {_byte(source, at)}")
            _close(stack, (end.group(1) or "").lower(), source, at, size, "".join(out), entities)
            at = end.end()
        else:
            at = _open(stack, source, at, size)
    if stack:
        raise _fault(f'Can\'t find end tag corresponding to start tag "{stack[-1].name}"')
    return "".join(out), _tidy(entities)


def _open(stack: list[_Open], source: str, at: int, size: int) -> int:
    start = _START.match(source, at)
    if start is None:
        name = re.match(r"[^\s>]*", source[at + 1 :])
        if source.find(">", at) < 0 or name is None:
            raise _fault(f"Unclosed start tag at byte offset {_byte(source, at)}")
        raise _fault(
            f'Unsupported start tag "{name.group().lower()}" at byte offset {_byte(source, at)}'
        )
    name_text = start.group(1).lower()
    if name_text not in TAGS:
        raise _fault(f'Unsupported start tag "{name_text}" at byte offset {_byte(source, at)}')
    attributes = {
        match.group(1).lower(): html.unescape((match.group(2) or "").strip("\"'"))
        for match in _ATTRIBUTE.finditer(start.group(2))
    }
    if name_text == "span" and attributes.get("class") != "tg-spoiler":
        raise _fault(f'Tag "span" must have class "tg-spoiler" at byte offset {_byte(source, at)}')
    stack.append(_Open(name_text, attributes, size, at))
    return start.end()


def _close(
    stack: list[_Open],
    name: str,
    source: str,
    at: int,
    size: int,
    text: str,
    entities: list[JsonObject],
) -> None:
    if not stack:
        raise _fault(f"Unexpected end tag at byte offset {_byte(source, at)}")
    tag = stack.pop()
    if name and name != tag.name:
        raise _fault(
            f'Unmatched end tag at byte offset {_byte(source, at)}, expected "</{tag.name}>", '
            f'found "</{name}>"'
        )
    length = size - tag.start
    if length == 0:
        return
    entity: JsonObject = {"type": TAGS[tag.name], "offset": tag.start, "length": length}
    if tag.name == "a":
        link = tag.attributes.get("href") or utf16.cut(text, tag.start, length)
        if not _LINK.fullmatch(link):
            # Telegram keeps the words and silently drops a link it cannot follow.
            if "." not in link or " " in link:
                return
            link = f"http://{link}"
        entity["url"] = link
    elif tag.name == "blockquote" and "expandable" in tag.attributes:
        entity["type"] = "expandable_blockquote"
    elif tag.name == "tg-emoji":
        entity["custom_emoji_id"] = tag.attributes.get("emoji-id", "")
    elif tag.name == "code":
        language = tag.attributes.get("class", "")
        if language.startswith("language-") and stack and stack[-1].name == "pre":
            entity["language"] = language.removeprefix("language-")
    entities.append(entity)


def _tidy(entities: list[JsonObject]) -> list[JsonObject]:
    """Let `<pre><code class=…>` be one entity with a language, and sort."""
    blocks = {(e["offset"], e["length"]): e for e in entities if e["type"] == "pre"}
    result = []
    for entity in entities:
        block = blocks.get((entity["offset"], entity["length"]))
        if entity["type"] == "code" and block is not None:
            if "language" in entity:
                block["language"] = entity["language"]
            continue
        entity_without_language = entity
        if entity["type"] == "code":
            entity_without_language = {k: v for k, v in entity.items() if k != "language"}
        result.append(entity_without_language)
    return sorted(result, key=lambda e: (as_int(e["offset"]), -as_int(e["length"])))


def _byte(source: str, at: int) -> int:
    return len(source[:at].encode("utf-8", "surrogatepass"))


def _fault(why: str) -> ApiError:
    return bad_request(f"can't parse entities: {why}")
