"""Slots of a phrase: the number, time, date or name that differs each time it is said."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.domain.languages import script_of
from bot.translation.normalise import aligned_key, key

_WORD = r"[^\W\d_](?:[^\W\d_]|['-](?=[^\W\d_])){0,39}"
_DAY, _MONTH, _YEAR = r"(?:3[01]|[12]\d|0?[1-9])", r"(?:1[0-2]|0?[1-9])", r"\d{2}(?:\d{2})?"

# Matched against keys, whose digits are ASCII and whose dashes are hyphens.
SHAPES: Mapping[str, str] = {
    "number": r"\d{1,9}",
    "time": r"(?:2[0-3]|[01]?\d)[:.][0-5]\d",
    "date": rf"{_DAY}(?:-{_MONTH}(?:-{_YEAR})?|/{_MONTH}(?:/{_YEAR})?)",
    "name": rf"{_WORD}(?: {_WORD}){{0,2}}",
}
SHOWN = ", ".join(f"{{{name}}}" for name in SHAPES)

_SLOT = re.compile(r"\{([^{}]*)\}")
_STANDS_FOR = {name: chr(0xE000 + i) for i, name in enumerate(SHAPES)}  # private use: never typed
_HIDDEN_SLOT = re.compile(f"[{''.join(_STANDS_FOR.values())}]")


@dataclass(frozen=True, slots=True)
class Pattern:
    """The ways a text with slots can be typed: matched against a whole key, in linear time."""

    before: str
    after: str
    shape: re.Pattern[str]

    def values(self, text: str, text_key: str) -> Mapping[str, str] | None:
        """Return what the slots hold in the text, ready to be shown, or None if it differs."""
        if not (text_key.startswith(self.before) and text_key.endswith(self.after)):
            return None
        found = self.shape.fullmatch(text_key)
        if found is None:
            return None
        values: dict[str, str] = {}
        for name, value in found.groupdict().items():
            shown = _as_typed(text, found.span(name)) if name == "name" else _READ[name](value)
            if shown is None:
                return None
            values[name] = shown
        return values


def names_in(text: str) -> tuple[str, ...]:
    """Return the names between braces, in order; they may be unknown or repeated."""
    return tuple(_SLOT.findall(text))


def fault_in(text: str) -> str | None:
    """Return what is wrong with the slots of a text, with the remedy; None if they are right."""
    names = names_in(text)
    unknown = [name for name in names if name not in SHAPES]
    if unknown:
        return f"has the unknown slot {{{unknown[0]}}}. Use one of {SHOWN}"
    if len(set(names)) < len(names):
        return "has the same slot twice. Use each slot once"
    if re.search(r"[{}]", _SLOT.sub("", text)):
        return f"has a loose brace. Write slots as {SHOWN}"
    if re.search(r"\}\s*\{", text):
        return "has two slots with nothing between. Put a word between them"
    if re.search(r"\d\{|\}\d", text):
        return "has a digit against a slot. Put a space between them"
    return None


def pattern(text: str) -> Pattern:
    """Compile a text with slots, whose slots have no fault."""
    hidden = key(_SLOT.sub(lambda slot: _STANDS_FOR[slot[1]], text))
    literals = _HIDDEN_SLOT.split(hidden)
    names = names_in(text)
    shape = re.escape(literals[0]) + "".join(
        f"(?P<{name}>{SHAPES[name]}){re.escape(literal)}"
        for name, literal in zip(names, literals[1:], strict=True)
    )
    return Pattern(literals[0], literals[-1], re.compile(shape))


def fill(text: str, values: Mapping[str, str], *, isolated: bool) -> str:
    """Put the values in their slots.

    `isolated` wraps each value in U+2068 and U+2069, so that in a right-to-left sentence
    12-06-2025 does not turn into 2025-06-12; otherwise only a right-to-left value is wrapped.
    """

    def put(slot: re.Match[str]) -> str:
        value = values[slot[1]]
        if isolated or script_of(value) == "arab":
            return f"\u2068{value}\u2069"
        return value

    return _SLOT.sub(put, text)


def read_value(name: str, text: str) -> str | None:
    """Return a slot's value as it is shown, or None if the text is no such value."""
    if re.fullmatch(SHAPES[name], key(text)) is None:
        return None
    return text if name == "name" else _READ[name](key(text))


def _as_typed(text: str, span: tuple[int, int]) -> str | None:
    aligned = aligned_key(text)
    return None if aligned is None else aligned.original(*span)


def _time(value: str) -> str:
    hour, minute = re.split("[:.]", value)
    return f"{hour:0>2}:{minute}"


def _same(value: str) -> str:
    return value


_READ: Mapping[str, Callable[[str], str]] = {"number": _same, "time": _time, "date": _same}
