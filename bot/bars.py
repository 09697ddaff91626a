"""What is shown as a picture: what became of a broadcast, one bar a language.

Each part of a bar has a texture of its own beside its colour, and its number where there is room.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from PIL import Image, ImageDraw

from bot.drawing import (
    BLUE,
    BOLD,
    FINE,
    GREEN,
    GREY,
    INK,
    LEGEND,
    LINE,
    MARGIN,
    MAX_HEIGHT,
    ORANGE,
    PALE_BLUE,
    PALE_GREY,
    PAPER,
    SOFT_INK,
    WIDTH,
    Colour,
    Pen,
    lay_out_legend,
    stroke,
    write_legend,
)

MAX_BARS = 12
"""As many languages stand in one picture."""


class Part(StrEnum):
    """What became of it for some of the readers of a language, in the order of a bar."""

    OWN = "own"
    """Sent, in their own language."""
    OTHER = "other"
    """Sent, in another language than their own."""
    PERHAPS = "perhaps"
    FAILED = "failed"
    UNREACHED = "unreached"
    """There is no chat with them."""
    DECLINED = "declined"
    """They do not want it."""
    NO_VERSION = "no_version"
    REST = "rest"
    """Not sent: they had it already, or it ended before their turn came."""
    WAITING = "waiting"
    """Their turn is still to come."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One language with how many stand in each part; what is not named is nobody."""

    name: str
    numbers: Mapping[Part, int]

    @property
    def total(self) -> int:
        """Everybody of this language."""
        return sum(self.numbers.values())


_TOP = 92
_ROW = 76
_LEAST_ROW = 48
_NAME_SIZE = 26
_NUMBER_SIZE = 22
_MAX_NAME = 240
_GAP = 14
_LEAST = 14
"""How wide a part is at least, so that one person among thousands is seen as well."""
_SIGN = (44, 28)

# Ground and ink of each part; its texture is drawn by _TEXTURES.
_COLOURS: Mapping[Part, tuple[Colour, Colour]] = {
    Part.OWN: (GREEN, GREEN),
    Part.OTHER: (GREEN, PAPER),
    Part.PERHAPS: (PALE_BLUE, BLUE),
    Part.FAILED: (ORANGE, PAPER),
    Part.UNREACHED: (GREY, SOFT_INK),
    Part.DECLINED: (PAPER, SOFT_INK),
    Part.NO_VERSION: (PAPER, BLUE),
    Part.REST: (PALE_GREY, SOFT_INK),
    Part.WAITING: (PAPER, PAPER),
}

# Where two colours meet there are shades between them; no other pair meets.
_MEETINGS = (
    *((colour, PAPER) for colour in (INK, GREEN, ORANGE, BLUE, GREY, LINE, PALE_GREY, SOFT_INK)),
    (PALE_BLUE, BLUE), (GREY, SOFT_INK), (PALE_GREY, SOFT_INK), (SOFT_INK, GREEN),
    (SOFT_INK, ORANGE), (SOFT_INK, PALE_BLUE),
)  # fmt: skip

_Draw = ImageDraw.ImageDraw


def language_bars(title: str, bars: Sequence[Bar], legend: Mapping[Part, str]) -> bytes:
    """Return the bars as a PNG of 1080 pixels wide; the same input gives the same bytes.

    The bars stand in the order given, the longest as wide as there is room; `legend` says in
    words what the parts mean, in its own order, and only those that occur are explained.
    Errors: ValueError when there is nothing to draw or more than fits.
    """
    _check(bars)
    pen = Pen(_MEETINGS)
    pen.write((MARGIN, 54), pen.fit(title, 34, WIDTH - 2 * MARGIN), 34, stroke=BOLD)
    used = {part for bar in bars for part, number in bar.numbers.items() if number}
    words = {part: text for part, text in legend.items() if part in used}
    entries = lay_out_legend(pen, words, _SIGN[0] + 10)
    below = MARGIN + (1 + max((line for line, _, _, _ in entries), default=-1)) * LEGEND
    row = max(min(_ROW, (MAX_HEIGHT - _TOP - below) // len(bars)), _LEAST_ROW)
    name_width = min(max(pen.length(bar.name, _NAME_SIZE) for bar in bars), _MAX_NAME)
    left = MARGIN + round(name_width) + _GAP
    numbers_width = max(pen.length(str(bar.total), _NAME_SIZE) for bar in bars)
    room = WIDTH - MARGIN - left - _GAP - round(numbers_width)
    longest = max(bar.total for bar in bars)
    for place, bar in enumerate(bars):
        y = _TOP + place * row
        line = y + row / 2 + _NAME_SIZE * 0.36
        pen.write((MARGIN, line), pen.fit(bar.name, _NAME_SIZE, _MAX_NAME), _NAME_SIZE)
        end = _draw_bar(pen, bar, (left, y + 8), (room, row - 16), longest)
        pen.write((end + _GAP, line), str(bar.total), _NAME_SIZE, stroke=BOLD)
    bottom = _TOP + len(bars) * row + 10
    for line_number, x, part, text in entries:
        y = bottom + line_number * LEGEND
        pen.stamp((x, y + 1), _stamp(part, *_SIGN))
        write_legend(pen, (x + _SIGN[0] + 10, y), text)
    return pen.as_png(bottom + below)


def _check(bars: Sequence[Bar]) -> None:
    if not 1 <= len(bars) <= MAX_BARS:
        msg = f"A picture has 1 to {MAX_BARS} bars, not {len(bars)}; put the rest together."
        raise ValueError(msg)
    for bar in bars:
        if bar.total < 1 or min(bar.numbers.values()) < 0:
            msg = f"Bar {bar.name} stands for {bar.total} people; leave out who is nobody."
            raise ValueError(msg)


def _draw_bar(pen: Pen, bar: Bar, at: tuple[int, int], room: tuple[int, int], longest: int) -> int:
    """Draw a bar and the numbers that fit in it; returns where it ends."""
    x, y = at
    parts = {part: number for part in Part if (number := bar.numbers.get(part, 0))}
    for part, width in _widths(parts, room[0], longest).items():
        pen.stamp((x, y), _stamp(part, width, room[1]))
        text = str(parts[part])
        needed = pen.length(text, _NUMBER_SIZE) + 12
        if needed + 6 <= width:
            middle, half = x + width / 2, room[1] / 2
            box = (middle - needed / 2, y + half - 15, middle + needed / 2, y + half + 15)
            pen.draw.rounded_rectangle(box, 8, fill=PAPER)
            pen.write((middle - needed / 2 + 6, y + half + 8), text, _NUMBER_SIZE)
        x += width
    return x


def _widths(parts: Mapping[Part, int], room: int, longest: int) -> dict[Part, int]:
    """Return how wide each part is, so that none is too small to be seen and all fit."""
    total = sum(parts.values())
    whole = max(round(room * total / longest), _LEAST * len(parts))
    widths = {part: max(round(whole * number / total), _LEAST) for part, number in parts.items()}
    # What the smallest take too much, and what rounding gave, is the widest one's.
    widest = max(widths, key=lambda part: widths[part])
    widths[widest] += whole - sum(widths.values())
    return widths


# --- textures ------------------------------------------------------------------------------------


def _stamp(part: Part, width: int, height: int) -> Image.Image:
    """Return a piece of a bar with its texture and an edge."""
    ground, ink = _COLOURS[part]
    big = Image.new("RGBA", (width * FINE, height * FINE), (*ground, 255))
    draw = ImageDraw.Draw(big)
    if part in _TEXTURES:
        _TEXTURES[part](draw, big.width, big.height, ink)
    box = (0, 0, big.width - 1, big.height - 1)
    draw.rectangle(box, outline=SOFT_INK, width=FINE * 3 // 2)
    return big.reduce(FINE)


def _across(length: int, step: int) -> range:
    """Return where a texture repeats: from the middle on, so that a narrow part shows it too."""
    return range(length // 2 % step - step, length + step, step)


def _slanting(draw: _Draw, width: int, height: int, ink: Colour) -> None:
    for start in range(-height, width, 12 * FINE):
        draw.line((start, height, start + height, 0), fill=ink, width=3 * FINE)


def _dots(draw: _Draw, width: int, height: int, ink: Colour) -> None:
    step, r = 12 * FINE, 3 * FINE
    for number, y in enumerate(_across(height, step)):
        for place in _across(width, step):
            x = place + step // 2 * (number % 2) * (width > 2 * step)
            draw.ellipse((x - r, y - r, x + r, y + r), fill=ink)


def _crosses(draw: _Draw, width: int, height: int, ink: Colour) -> None:
    step, r = 18 * FINE, 4 * FINE
    for y in _across(height, step):
        for x in _across(width, step):
            stroke(draw, [(x - r, y - r), (x + r, y + r)], 2 * FINE, ink)
            stroke(draw, [(x - r, y + r), (x + r, y - r)], 2 * FINE, ink)


def _dashes(draw: _Draw, width: int, height: int, ink: Colour) -> None:
    for y in _across(height, 16 * FINE):
        for x in _across(width, 16 * FINE):
            draw.line((x - 4 * FINE, y, x + 4 * FINE, y), fill=ink, width=3 * FINE)


def _upright(draw: _Draw, width: int, height: int, ink: Colour) -> None:
    for x in _across(width, 8 * FINE):
        draw.line((x, 0, x, height), fill=ink, width=2 * FINE)


def _level(draw: _Draw, width: int, height: int, ink: Colour) -> None:
    for y in _across(height, 8 * FINE):
        draw.line((0, y, width, y), fill=ink, width=2 * FINE)


def _grid(draw: _Draw, width: int, height: int, ink: Colour) -> None:
    for x in _across(width, 12 * FINE):
        draw.line((x, 0, x, height), fill=ink, width=FINE)
    for y in _across(height, 12 * FINE):
        draw.line((0, y, width, y), fill=ink, width=FINE)


_TEXTURES: Mapping[Part, Callable[[_Draw, int, int, Colour], None]] = {
    Part.OTHER: _slanting,
    Part.PERHAPS: _dots,
    Part.FAILED: _crosses,
    Part.UNREACHED: _dashes,
    Part.DECLINED: _upright,
    Part.NO_VERSION: _level,
    Part.REST: _grid,
}
