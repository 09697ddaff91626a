"""What is shown as a picture: the month of a coach or a team, one strip a client.

No meaning stands in a colour alone: each mark has a shape of its own, in colours that people
who see few colours can tell apart as well (the set of Okabe and Ito). Nothing is sorted here, and
nothing is counted: a strip says how each client's month went, not who does best.
"""

import io
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache

from PIL import Image, ImageDraw, ImageFont

MAX_ROWS = 40
"""As many clients stand in one picture."""
MAX_DAYS = 31
_SHORT_MONTH = 28


class Mark(StrEnum):
    """How a day, or a client's whole month, stands."""

    NONE = "none"
    """An ordinary day on which nothing was to happen or did."""
    SPOKEN = "spoken"
    PLANNED = "planned"
    MISSED = "missed"
    EXCLUDED = "excluded"
    """The month does not count for this client, for example on hold."""
    CLOSED = "closed"
    """A weekend, a holiday or another day on which nobody works."""


@dataclass(frozen=True, slots=True)
class StripRow:
    """One client: her code, how her month stands, and one mark a day."""

    code: str
    month: Mark
    days: tuple[Mark, ...]


Colour = tuple[int, int, int]
Point = tuple[float, float]

_WIDTH = 1080
_MAX_HEIGHT = 1280
"""Telegram shrinks a photo whose longer side passes this, and small letters with it."""
_MARGIN = 20
_ROW = 36
_MAX_CODE = 160
_LEAST_CODE = 16
_MONTH = 44
_GAP = 12
_LEGEND = 38
_BOLD = 0.6
_FINE = 4
"""The marks are drawn so much larger first, for smooth edges."""

_PAPER: Colour = (255, 255, 255)
_INK: Colour = (32, 36, 40)
_SOFT_INK: Colour = (92, 98, 104)
_BAND: Colour = (244, 246, 248)
_GREEN: Colour = (0, 134, 98)
_BLUE: Colour = (0, 104, 168)
_PALE_BLUE: Colour = (222, 238, 250)
_ORANGE: Colour = (205, 84, 0)
_GREY: Colour = (204, 209, 215)
_PALE_GREY: Colour = (232, 234, 237)
_LINE: Colour = (205, 209, 214)

# Fill and edge of each mark; its shape is drawn by _shape.
_COLOURS: Mapping[Mark, tuple[Colour, Colour]] = {
    Mark.NONE: (_PAPER, _LINE),
    Mark.SPOKEN: (_GREEN, _GREEN),
    Mark.PLANNED: (_PALE_BLUE, _BLUE),
    Mark.MISSED: (_ORANGE, _ORANGE),
    Mark.EXCLUDED: (_GREY, _GREY),
    Mark.CLOSED: (_PALE_GREY, _PALE_GREY),
}

# Where two colours meet there are shades between them; no other pair meets.
_MEETINGS = (
    *((colour, ground) for colour in (_INK, _GREEN, _ORANGE, _BLUE, _GREY, _LINE, _PALE_GREY)
      for ground in (_PAPER, _BAND)),
    (_SOFT_INK, _PAPER), (_SOFT_INK, _GREY), (_BLUE, _PALE_BLUE), (_LINE, _PALE_GREY),
)  # fmt: skip
_SHADES = 12


def heat_strip(
    title: str,
    rows: Sequence[StripRow],
    days: Sequence[date],
    legend: Mapping[Mark, str],
    weekday_letters: str,
    *,
    today: date | None = None,
) -> bytes:
    """Return the month as a PNG of 1080 pixels wide; the same input gives the same bytes.

    The rows stand in the order given; `weekday_letters` are seven, from Monday on. `legend` says
    in words what the marks mean, in its own order.
    Errors: ValueError when there is nothing to draw or more than fits.
    """
    _check(rows, days, weekday_letters)
    pen = _Pen(Image.new("RGB", (_WIDTH, _MAX_HEIGHT), _PAPER))
    pen.write((_MARGIN, 54), pen.fit(title, 34, _WIDTH - 2 * _MARGIN), 34, stroke=_BOLD)
    entries = _lay_out_legend(pen, legend)
    legend_lines = 1 + max((line for line, _, _, _ in entries), default=-1)
    top = 132
    below = _MARGIN + legend_lines * _LEGEND
    height = min(_ROW, (_MAX_HEIGHT - top - below) // len(rows))
    code_size = min(24, height - 4)
    while code_size > _LEAST_CODE and _longest(pen, rows, code_size) > _MAX_CODE:
        code_size -= 1
    code_width = min(_longest(pen, rows, code_size), _MAX_CODE)
    month_at = _MARGIN + round(code_width) + _GAP
    width = (_WIDTH - _MARGIN - month_at - _MONTH - _GAP) // max(len(days), _SHORT_MONTH)
    # What is left over of the width goes before the days, as far as that looks well.
    left = min(_WIDTH - _MARGIN - width * len(days), month_at + _MONTH + 2 * _GAP)
    grid = _Grid(left, top, width, height)

    for number in range(1, len(rows), 2):
        y = top + number * height
        pen.draw.rectangle((_MARGIN // 2, y, _WIDTH - _MARGIN // 2, y + height - 1), fill=_BAND)
    _draw_days(pen, grid, days, weekday_letters, today)
    small = {mark: _stamp(mark, width - 2, height - 2, 4) for mark in Mark}
    large = {mark: _stamp(mark, _MONTH, height - 2, height / 2) for mark in Mark}
    for number, row in enumerate(rows):
        y = top + number * height
        # What tells one code from another stands at its end.
        code = pen.fit(row.code, code_size, _MAX_CODE, keep_end=True)
        pen.write((_MARGIN, y + height / 2 + code_size * 0.36), code, code_size)
        pen.stamp((month_at, y + 1), large[row.month])
        for place, mark in enumerate(row.days):
            pen.stamp((left + place * width + 1, y + 1), small[mark])
    bottom = top + len(rows) * height
    if today in days:
        x = left + days.index(today) * width
        for edge in (x - 1, x + width - 1):
            pen.draw.line((edge, top - 4, edge, bottom + 3), fill=_INK, width=2)

    for line, x, mark, words in entries:
        y = bottom + 14 + line * _LEGEND
        pen.stamp((x, y), _stamp(mark, 30, 30, 4))
        pen.write((x + 40, y + 23), words, 22)
    return pen.as_png(bottom + below)


def _check(rows: Sequence[StripRow], days: Sequence[date], weekday_letters: str) -> None:
    if not 1 <= len(rows) <= MAX_ROWS:
        msg = f"A picture has 1 to {MAX_ROWS} rows, not {len(rows)}; give the rest a next page."
        raise ValueError(msg)
    if not 1 <= len(days) <= MAX_DAYS:
        msg = f"A picture has 1 to {MAX_DAYS} days, not {len(days)}; give one month at a time."
        raise ValueError(msg)
    if len(weekday_letters) != 7:  # noqa: PLR2004 - a week
        msg = f"A week has seven letters, from Monday on, not {len(weekday_letters)}."
        raise ValueError(msg)
    for row in rows:
        if len(row.days) != len(days):
            msg = f"Row {row.code} has {len(row.days)} marks for {len(days)} days; give one a day."
            raise ValueError(msg)


def _longest(pen: "_Pen", rows: Sequence[StripRow], size: int) -> float:
    return max(pen.length(row.code, size) for row in rows)


@dataclass(frozen=True, slots=True)
class _Grid:
    left: int
    top: int
    width: int
    height: int


def _draw_days(
    pen: "_Pen", grid: _Grid, days: Sequence[date], letters: str, today: date | None
) -> None:
    """Write the letter of the weekday and the number above each column; today's stands out."""
    number = next(size for size in range(21, 0, -1) if pen.length("30", size) <= grid.width - 5)
    for place, day in enumerate(days):
        middle = grid.left + (place + 0.5) * grid.width
        colour = _SOFT_INK
        if day == today:
            box = (middle - grid.width / 2, grid.top - 54, middle + grid.width / 2 - 1, grid.top)
            pen.draw.rounded_rectangle(box, 5, fill=_INK)
            colour = _PAPER
        for words, size, up in ((letters[day.weekday()], 19, 32), (str(day.day), number, 9)):
            x = middle - pen.length(words, size) / 2
            pen.write((x, grid.top - up), words, size, colour=colour)


def _lay_out_legend(pen: "_Pen", legend: Mapping[Mark, str]) -> list[tuple[int, int, Mark, str]]:
    """Return line, place in it, mark and words of each entry, as many a line as fit."""
    entries: list[tuple[int, int, Mark, str]] = []
    line, x = 0, _MARGIN
    for mark, text in legend.items():
        words = pen.fit(text, 22, _WIDTH - 2 * _MARGIN - 40)
        width = 40 + round(pen.length(words, 22)) + 28
        if x > _MARGIN and x + width - 28 > _WIDTH - _MARGIN:
            line, x = line + 1, _MARGIN
        entries.append((line, x, mark, words))
        x += width
    return entries


def _stamp(mark: Mark, width: int, height: int, radius: float) -> Image.Image:
    """Return a cell with its mark, see-through outside its round corners."""
    big = Image.new("RGBA", (width * _FINE, height * _FINE), (*_PAPER, 0))
    draw = ImageDraw.Draw(big)
    fill, edge = _COLOURS[mark]
    box = (0, 0, big.width - 1, big.height - 1)
    if mark is Mark.CLOSED:
        _hatch(big, radius * _FINE)
    else:
        thick = (1 if mark is Mark.NONE else 2) * _FINE
        draw.rounded_rectangle(box, radius * _FINE, fill=fill, outline=edge, width=thick)
    _shape(draw, mark, big.width / 2, big.height / 2, min(width, height) * _FINE * 0.27)
    return big.reduce(_FINE)


def _hatch(cell: Image.Image, radius: float) -> None:
    """Fill a cell with slanting lines: closed, and told from grey by more than its shade."""
    lines = Image.new("RGBA", cell.size, (*_PALE_GREY, 255))
    draw = ImageDraw.Draw(lines)
    for start in range(-cell.height, cell.width, 6 * _FINE):
        ends = (start, cell.height, start + cell.height, 0)
        draw.line(ends, fill=(*_LINE, 255), width=_FINE + 1)
    mask = Image.new("L", cell.size, 0)
    box = (0, 0, cell.width - 1, cell.height - 1)
    ImageDraw.Draw(mask).rounded_rectangle(box, radius, fill=255)
    cell.paste(lines, (0, 0), mask)


def _shape(draw: ImageDraw.ImageDraw, mark: Mark, x: float, y: float, r: float) -> None:
    """Draw a tick, a ring, a cross or a dash around a point; nothing for a quiet day."""
    thick = round(r * 0.46)
    if mark is Mark.SPOKEN:
        _stroke(draw, [(x - r, y + r * 0.05), (x - r * 0.25, y + r * 0.8), (x + r, y - r * 0.8)],
                thick, _PAPER)  # fmt: skip
    elif mark is Mark.PLANNED:
        draw.ellipse((x - r, y - r, x + r, y + r), outline=_BLUE, width=thick)
    elif mark is Mark.MISSED:
        r *= 0.85
        _stroke(draw, [(x - r, y - r), (x + r, y + r)], thick, _PAPER)
        _stroke(draw, [(x - r, y + r), (x + r, y - r)], thick, _PAPER)
    elif mark is Mark.EXCLUDED:
        _stroke(draw, [(x - r, y), (x + r, y)], thick, _SOFT_INK)


def _stroke(
    draw: ImageDraw.ImageDraw, points: Sequence[Point], thick: int, colour: Colour
) -> None:
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
def _palette() -> Image.Image:
    """Return the few colours of a picture: a fixed set, so that a shade is always the same."""
    shades: dict[tuple[int, ...], tuple[int, ...]] = {}
    for step in (0, _SHADES, *range(1, _SHADES)):
        for pair in _MEETINGS:
            shade = tuple(a + (b - a) * step // _SHADES for a, b in zip(*pair, strict=True))
            # Of those that the eye cannot tell apart the first is kept, which is the pure one.
            shades.setdefault(tuple(part // 8 for part in shade), shade)
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for shade in shades.values() for part in shade])
    return palette


class _Pen:
    """Writes Latin letters and puts stamps on a picture."""

    def __init__(self, image: Image.Image) -> None:
        self._image = image
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
        self, at: Point, text: str, size: float, *, colour: Colour = _INK, stroke: float = 0
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
        shown.quantize(palette=_palette(), dither=Image.Dither.NONE).save(out, "PNG")
        return out.getvalue()
