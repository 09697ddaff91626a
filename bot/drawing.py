"""What all pictures are drawn with: a pen that writes Dutch, a few colours, one legend.

The colours are such as people who see few colours can tell apart as well (the set of Okabe and
Ito); no meaning stands in a colour alone.
"""

import io
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TypeVar

from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Point = tuple[float, float]
Meetings = tuple[tuple[Colour, Colour], ...]
"""The pairs of colours that meet in a picture, and so have shades between them."""

WIDTH = 1080
MAX_HEIGHT = 1280
"""Telegram shrinks a photo whose longer side passes this, and small letters with it."""
MARGIN = 20
LEGEND = 38
"""How high a line of the legend is."""
BOLD = 0.6
FINE = 4
"""What is not a letter is drawn so much larger first, for smooth edges."""

PAPER: Colour = (255, 255, 255)
INK: Colour = (32, 36, 40)
SOFT_INK: Colour = (92, 98, 104)
BAND: Colour = (244, 246, 248)
GREEN: Colour = (0, 134, 98)
BLUE: Colour = (0, 104, 168)
PALE_BLUE: Colour = (222, 238, 250)
ORANGE: Colour = (205, 84, 0)
GREY: Colour = (204, 209, 215)
PALE_GREY: Colour = (232, 234, 237)
LINE: Colour = (205, 209, 214)

_SHADES = 12
_LEGEND_SIZE = 22

K = TypeVar("K")


def lay_out_legend(
    pen: "Pen", legend: Mapping[K, str], sign: int = 40
) -> list[tuple[int, int, K, str]]:
    """Return line, place in it, sign and words of each entry, as many a line as fit.

    `sign` is how wide the sign before the words is, with the gap after it.
    """
    entries: list[tuple[int, int, K, str]] = []
    line, x = 0, MARGIN
    for mark, text in legend.items():
        words = pen.fit(text, _LEGEND_SIZE, WIDTH - 2 * MARGIN - sign)
        width = sign + round(pen.length(words, _LEGEND_SIZE)) + 28
        if x > MARGIN and x + width - 28 > WIDTH - MARGIN:
            line, x = line + 1, MARGIN
        entries.append((line, x, mark, words))
        x += width
    return entries


def write_legend(pen: "Pen", at: Point, words: str) -> None:
    """Write the words of an entry, whose sign begins at this point."""
    pen.write((at[0], at[1] + 23), words, _LEGEND_SIZE)


def stroke(draw: ImageDraw.ImageDraw, points: Sequence[Point], thick: int, colour: Colour) -> None:
    """Draw a line with round ends through these points."""
    draw.line(points, fill=colour, width=thick, joint="curve")
    half = thick / 2
    for x, y in (points[0], points[-1]):
        draw.ellipse((x - half, y - half, x + half, y + half), fill=colour)


# The font inside Pillow has no accents: they are set from signs that it does have. For each
# combining mark: the sign, its size against the letter's, and whether it stands above.
_ACCENTS: Mapping[str, tuple[str, float, bool]] = {
    "\u0300": ("`", 1.0, True), "\u0301": ("\u00b4", 1.0, True), "\u0302": ("^", 0.6, True),
    "\u0303": ("~", 0.7, True), "\u0304": ("-", 0.9, True), "\u0306": ("v", 0.5, True),
    "\u0307": (".", 1.0, True), "\u0308": ("..", 0.9, True), "\u030a": ("\u00b0", 0.8, True),
    "\u030b": ('"', 0.6, True), "\u030c": ("v", 0.5, True), "\u0323": (".", 1.0, False),
    "\u0326": (",", 0.8, False), "\u0327": (",", 0.8, False), "\u0328": (",", 0.8, False),
}  # fmt: skip
_NEAREST = str.maketrans(
    {
        "–": "-", "—": "-", "−": "-", "‑": "-", "×": "x", "•": "·", "€": "EUR", "„": "“",
        "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "ı": "i",
        "ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "þ": "th", "Þ": "Th",
    }
)  # fmt: skip
_SIGNS = frozenset("´·°«»“”‘’…©™±‹›")


def _clusters(text: str) -> Iterator[tuple[str, str]]:
    """Split a text in runs that the font has, each with the accents on its last letter."""
    run = accents = ""
    for sign in unicodedata.normalize("NFKD", text.translate(_NEAREST).replace("…", "\0")):
        if sign in _ACCENTS:
            accents += sign if run else ""
            continue
        if unicodedata.combining(sign) or unicodedata.category(sign) == "Cf":
            continue
        if accents:
            yield run, accents
            run = accents = ""
        plain = "…" if sign == "\0" else sign
        run += plain if (plain.isascii() and plain.isprintable()) or plain in _SIGNS else "?"
    if run:
        yield run, accents


@cache
def _palette(meetings: Meetings) -> Image.Image:
    """Return the few colours of a picture: a fixed set, so that a shade is always the same."""
    shades: dict[tuple[int, ...], tuple[int, ...]] = {}
    for step in (0, _SHADES, *range(1, _SHADES)):
        for pair in meetings:
            shade = tuple(a + (b - a) * step // _SHADES for a, b in zip(*pair, strict=True))
            # Of those that the eye cannot tell apart the first is kept, which is the pure one.
            shades.setdefault(tuple(part // 8 for part in shade), shade)
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for shade in shades.values() for part in shade])
    return palette


class Pen:
    """Writes Latin letters and puts stamps on an empty sheet."""

    def __init__(self, meetings: Meetings) -> None:
        """`meetings` are the colours that the picture will have."""
        self._meetings = meetings
        self._image = image = Image.new("RGB", (WIDTH, MAX_HEIGHT), PAPER)
        self.draw = ImageDraw.Draw(image)
        self._fonts: dict[float, ImageFont.FreeTypeFont] = {}

    def _font(self, size: float) -> ImageFont.FreeTypeFont:
        if size not in self._fonts:
            font = ImageFont.load_default(size)
            if not isinstance(font, ImageFont.FreeTypeFont):
                msg = "This Pillow was built without FreeType; install the wheel from the lock."
                raise TypeError(msg)
            self._fonts[size] = font
        return self._fonts[size]

    def length(self, text: str, size: float) -> float:
        """Return how wide a text is, in pixels."""
        return sum(self._font(size).getlength(run) for run, _ in _clusters(text))

    def fit(self, text: str, size: float, width: float, *, keep_end: bool = False) -> str:
        """Return a text, cut short with three dots when it is wider than this."""
        if self.length(text, size) <= width:
            return text
        while text and self.length(f"{text}…", size) > width:
            text = text[1:] if keep_end else text[:-1]
        return f"…{text.lstrip()}" if keep_end else f"{text.rstrip()}…"

    def write(
        self, at: Point, text: str, size: float, *, colour: Colour = INK, stroke: float = 0
    ) -> None:
        """Write a text from this point of its base line on."""
        x, y = at
        font = self._font(size)
        for run, accents in _clusters(text):
            head = run[:-1] if accents else run
            self.draw.text((x, y), head, colour, font, "ls", stroke_width=stroke)
            x += font.getlength(head)
            if accents:
                self._letter((x, y), run[-1], accents, size, colour, stroke)
                x += font.getlength(run) - font.getlength(head)

    def _letter(
        self, at: Point, letter: str, accents: str, size: float, colour: Colour, stroke: float
    ) -> None:
        """Write one letter with its accents, those above on top of each other."""
        x, y = at
        font = self._font(size)
        left, top, right, bottom = self._ink(letter, size)
        if letter in "ij" and any(_ACCENTS[accent][2] for accent in accents):
            # The dot gives way to the accent: only what is as high as an x is kept.
            top = self._ink("x", size)[1]
            mask = Image.new("L", self._image.size, 0)
            pen = ImageDraw.Draw(mask)
            pen.text(at, letter, 255, font, "ls", stroke_width=stroke)
            pen.rectangle((0, 0, mask.width, y + top - 1 - stroke), fill=0)
            self._image.paste(colour, (0, 0), mask)
        else:
            self.draw.text(at, letter, colour, font, "ls", stroke_width=stroke)
        room = max(round(size * 0.08), 1)
        for accent in accents:
            sign, share, above = _ACCENTS[accent]
            box = self._ink(sign, size * share)
            across = x + (left + right - box[0] - box[2]) / 2
            down = top - room - box[3] if above else bottom + room - box[1]
            small = self._font(size * share)
            self.draw.text((across, y + down), sign, colour, small, "ls", stroke_width=stroke)
            if above:
                top -= room + box[3] - box[1]

    def _ink(self, sign: str, size: float) -> tuple[int, int, int, int]:
        """Return where a sign is black, from its point on the base line: left, top, right, below.

        Pillow's own box reaches down to the base line, also for an accent that floats above it.
        """
        side = round(size * 2) + 2
        sheet = Image.new("L", (2 * side, 2 * side), 0)
        ImageDraw.Draw(sheet).text((side, side), sign, 255, self._font(size), "ls")
        left, top, right, below = sheet.getbbox() or (side, side, side, side)
        return left - side, top - side, right - side, below - side

    def stamp(self, at: tuple[int, int], stamp: Image.Image) -> None:
        """Put a drawn cell on the picture, its upper left corner at this point."""
        self._image.paste(stamp, at, stamp)

    def as_png(self, height: int) -> bytes:
        """Return the upper part of the picture, so many pixels high."""
        out = io.BytesIO()
        shown = self._image.crop((0, 0, self._image.width, height))
        shown.quantize(palette=_palette(self._meetings), dither=Image.Dither.NONE).save(out, "PNG")
        return out.getvalue()
