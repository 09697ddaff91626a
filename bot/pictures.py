"""What is shown as a picture: the month of a coach or a team, one strip a client.

No meaning stands in a colour alone: each mark has a shape of its own. Nothing is sorted here, and
nothing is counted: a strip says how each client's month went, not who does best.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from PIL import Image, ImageDraw

from bot.drawing import (
    BAND,
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


_ROW = 36
_MAX_CODE = 160
_LEAST_CODE = 16
_MONTH = 44
_GAP = 12

# Fill and edge of each mark; its shape is drawn by _shape.
_COLOURS: Mapping[Mark, tuple[Colour, Colour]] = {
    Mark.NONE: (PAPER, LINE),
    Mark.SPOKEN: (GREEN, GREEN),
    Mark.PLANNED: (PALE_BLUE, BLUE),
    Mark.MISSED: (ORANGE, ORANGE),
    Mark.EXCLUDED: (GREY, GREY),
    Mark.CLOSED: (PALE_GREY, PALE_GREY),
}

# Where two colours meet there are shades between them; no other pair meets.
_MEETINGS = (
    *((colour, ground) for colour in (INK, GREEN, ORANGE, BLUE, GREY, LINE, PALE_GREY)
      for ground in (PAPER, BAND)),
    (SOFT_INK, PAPER), (SOFT_INK, GREY), (BLUE, PALE_BLUE), (LINE, PALE_GREY),
)  # fmt: skip


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
    pen = Pen(_MEETINGS)
    pen.write((MARGIN, 54), pen.fit(title, 34, WIDTH - 2 * MARGIN), 34, stroke=BOLD)
    entries = lay_out_legend(pen, legend)
    legend_lines = 1 + max((line for line, _, _, _ in entries), default=-1)
    top = 132
    below = MARGIN + legend_lines * LEGEND
    height = min(_ROW, (MAX_HEIGHT - top - below) // len(rows))
    code_size = min(24, height - 4)
    while code_size > _LEAST_CODE and _longest(pen, rows, code_size) > _MAX_CODE:
        code_size -= 1
    code_width = min(_longest(pen, rows, code_size), _MAX_CODE)
    month_at = MARGIN + round(code_width) + _GAP
    width = (WIDTH - MARGIN - month_at - _MONTH - _GAP) // max(len(days), _SHORT_MONTH)
    # What is left over of the width goes before the days, as far as that looks well.
    left = min(WIDTH - MARGIN - width * len(days), month_at + _MONTH + 2 * _GAP)
    grid = _Grid(left, top, width, height)

    for number in range(1, len(rows), 2):
        y = top + number * height
        pen.draw.rectangle((MARGIN // 2, y, WIDTH - MARGIN // 2, y + height - 1), fill=BAND)
    _draw_days(pen, grid, days, weekday_letters, today)
    small = {mark: _stamp(mark, width - 2, height - 2, 4) for mark in Mark}
    large = {mark: _stamp(mark, _MONTH, height - 2, height / 2) for mark in Mark}
    for number, row in enumerate(rows):
        y = top + number * height
        # What tells one code from another stands at its end.
        code = pen.fit(row.code, code_size, _MAX_CODE, keep_end=True)
        pen.write((MARGIN, y + height / 2 + code_size * 0.36), code, code_size)
        pen.stamp((month_at, y + 1), large[row.month])
        for place, mark in enumerate(row.days):
            pen.stamp((left + place * width + 1, y + 1), small[mark])
    bottom = top + len(rows) * height
    if today in days:
        x = left + days.index(today) * width
        for edge in (x - 1, x + width - 1):
            pen.draw.line((edge, top - 4, edge, bottom + 3), fill=INK, width=2)

    for line, x, mark, words in entries:
        y = bottom + 14 + line * LEGEND
        pen.stamp((x, y), _stamp(mark, 30, 30, 4))
        write_legend(pen, (x + 40, y), words)
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


def _longest(pen: Pen, rows: Sequence[StripRow], size: int) -> float:
    return max(pen.length(row.code, size) for row in rows)


@dataclass(frozen=True, slots=True)
class _Grid:
    left: int
    top: int
    width: int
    height: int


def _draw_days(
    pen: Pen, grid: _Grid, days: Sequence[date], letters: str, today: date | None
) -> None:
    """Write the letter of the weekday and the number above each column; today's stands out."""
    number = next(size for size in range(21, 0, -1) if pen.length("30", size) <= grid.width - 5)
    for place, day in enumerate(days):
        middle = grid.left + (place + 0.5) * grid.width
        colour = SOFT_INK
        if day == today:
            box = (middle - grid.width / 2, grid.top - 54, middle + grid.width / 2 - 1, grid.top)
            pen.draw.rounded_rectangle(box, 5, fill=INK)
            colour = PAPER
        for words, size, up in ((letters[day.weekday()], 19, 32), (str(day.day), number, 9)):
            x = middle - pen.length(words, size) / 2
            pen.write((x, grid.top - up), words, size, colour=colour)


def _stamp(mark: Mark, width: int, height: int, radius: float) -> Image.Image:
    """Return a cell with its mark, see-through outside its round corners."""
    big = Image.new("RGBA", (width * FINE, height * FINE), (*PAPER, 0))
    draw = ImageDraw.Draw(big)
    fill, edge = _COLOURS[mark]
    box = (0, 0, big.width - 1, big.height - 1)
    if mark is Mark.CLOSED:
        _hatch(big, radius * FINE)
    else:
        thick = (1 if mark is Mark.NONE else 2) * FINE
        draw.rounded_rectangle(box, radius * FINE, fill=fill, outline=edge, width=thick)
    _shape(draw, mark, big.width / 2, big.height / 2, min(width, height) * FINE * 0.27)
    return big.reduce(FINE)


def _hatch(cell: Image.Image, radius: float) -> None:
    """Fill a cell with slanting lines: closed, and told from grey by more than its shade."""
    lines = Image.new("RGBA", cell.size, (*PALE_GREY, 255))
    draw = ImageDraw.Draw(lines)
    for start in range(-cell.height, cell.width, 6 * FINE):
        ends = (start, cell.height, start + cell.height, 0)
        draw.line(ends, fill=(*LINE, 255), width=FINE + 1)
    mask = Image.new("L", cell.size, 0)
    box = (0, 0, cell.width - 1, cell.height - 1)
    ImageDraw.Draw(mask).rounded_rectangle(box, radius, fill=255)
    cell.paste(lines, (0, 0), mask)


def _shape(draw: ImageDraw.ImageDraw, mark: Mark, x: float, y: float, r: float) -> None:
    """Draw a tick, a ring, a cross or a dash around a point; nothing for a quiet day."""
    thick = round(r * 0.46)
    if mark is Mark.SPOKEN:
        stroke(draw, [(x - r, y + r * 0.05), (x - r * 0.25, y + r * 0.8), (x + r, y - r * 0.8)],
                thick, PAPER)  # fmt: skip
    elif mark is Mark.PLANNED:
        draw.ellipse((x - r, y - r, x + r, y + r), outline=BLUE, width=thick)
    elif mark is Mark.MISSED:
        r *= 0.85
        stroke(draw, [(x - r, y - r), (x + r, y + r)], thick, PAPER)
        stroke(draw, [(x - r, y + r), (x + r, y - r)], thick, PAPER)
    elif mark is Mark.EXCLUDED:
        stroke(draw, [(x - r, y), (x + r, y)], thick, SOFT_INK)
