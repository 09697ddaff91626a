"""The month as a picture: readable without colours, whole, and the same for the same month."""

import io
import random
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import combinations

import pytest
from PIL import Image, ImageChops

from bot.pictures import MAX_ROWS, Mark, StripRow, heat_strip

OCTOBER = [date(2026, 10, 1) + timedelta(days=n) for n in range(31)]
FEBRUARY = [date(2027, 2, 1) + timedelta(days=n) for n in range(28)]
LEGEND = {
    Mark.SPOKEN: "gesproken",
    Mark.PLANNED: "gepland",
    Mark.MISSED: "gemist",
    Mark.EXCLUDED: "telt niet mee",
    Mark.CLOSED: "weekend of vrije dag",
    Mark.NONE: "nog niets",
}
Box = tuple[int, int, int, int]


def row(code: str, *marks: Mark, month: Mark = Mark.NONE, days: int = 31) -> StripRow:
    """Make a row that begins with these marks, and is quiet after that."""
    return StripRow(code, month, (*marks, *[Mark.NONE] * (days - len(marks))))


def draw(
    rows: Sequence[StripRow],
    *,
    title: str = "oktober 2026",
    days: Sequence[date] = OCTOBER,
    legend: Mapping[Mark, str] = LEGEND,
    today: date | None = None,
) -> Image.Image:
    png = heat_strip(title, rows, days, legend, "mdwdvzz", today=today)
    return Image.open(io.BytesIO(png)).convert("RGB")


def busy_month(count: int) -> list[StripRow]:
    chance = random.Random(4)  # noqa: S311 - any fixed month will do
    marks = list(Mark)
    return [
        StripRow(f"K-{n:04d}", chance.choice(marks), tuple(chance.choices(marks, k=31)))
        for n in range(count)
    ]


def difference(one: Image.Image, other: Image.Image) -> Box | None:
    """Give the box outside which two pictures look the same."""
    apart = ImageChops.difference(one, other).convert("L").point(lambda step: 255 * (step > 12))
    return apart.getbbox()


def cell_of(number: int, day: int, rows: int = 3) -> Box:
    """Find the cell of a day by what changes when its mark does."""
    codes = [f"K-{n}" for n in range(rows)]
    quiet = [row(code) for code in codes]
    marked = [*quiet]
    marked[number] = row(codes[number], *[Mark.NONE] * day, Mark.EXCLUDED)
    box = difference(draw(quiet), draw(marked))
    assert box is not None
    return box


def shape_in(picture: Image.Image, box: Box) -> Image.Image:
    """Give what stands in the middle of a cell, black on white: its colours are lost."""
    left, top, right, bottom = box
    inside = picture.crop((left + 4, top + 4, right - 4, bottom - 4)).convert("L")
    ground = max(inside.getcolors(10_000) or [], default=(0, 0))[1]
    assert isinstance(ground, int)
    return inside.point(lambda shade: 255 * (abs(shade - ground) < 14))


def test_the_same_month_gives_the_same_bytes() -> None:
    rows = busy_month(12)
    first, second = (
        heat_strip("oktober", rows, OCTOBER, LEGEND, "mdwdvzz", today=OCTOBER[13])
        for _ in range(2)
    )
    assert first == second


def test_forty_clients_fit_on_a_phone_and_in_a_small_file() -> None:
    png = heat_strip("oktober", busy_month(MAX_ROWS), OCTOBER, LEGEND, "mdwdvzz")

    picture = Image.open(io.BytesIO(png))

    assert picture.format == "PNG"
    assert picture.width == 1080
    assert picture.height <= 1280, "Telegram would shrink it"
    assert len(png) < 100_000


def test_one_client_is_a_low_picture_and_not_an_empty_page() -> None:
    assert draw([row("K-0001")]).height < 300


@pytest.mark.parametrize(("one", "other"), list(combinations(Mark, 2)))
def test_two_marks_differ_in_shape_and_not_in_colour_alone(one: Mark, other: Mark) -> None:
    box = cell_of(0, 2)
    shapes = [
        shape_in(draw([row("K-0", Mark.NONE, Mark.NONE, mark), row("K-1"), row("K-2")]), box)
        for mark in (one, other)
    ]
    apart = ImageChops.difference(*shapes).histogram()[255]
    assert apart > 24, f"{apart} points tell {one} from {other}"


@pytest.mark.parametrize(("one", "other"), list(combinations(Mark, 2)))
def test_the_month_itself_is_marked_so_too(one: Mark, other: Mark) -> None:
    pictures = [draw([row("K-0", month=mark)]) for mark in (one, other)]
    box = difference(*pictures)
    assert box is not None
    assert box[2] < cell_of(0, 0)[0], "the month's mark stands before the first day"


def test_the_legend_shows_each_mark_as_the_cells_do() -> None:
    for mark, words in LEGEND.items():
        without = {each: text for each, text in LEGEND.items() if each is not mark}
        assert difference(draw([row("K-0")]), draw([row("K-0")], legend=without)), words


def test_rows_stand_in_the_order_given() -> None:
    rows = [row("K-9", Mark.MISSED), row("K-5"), row("K-1", Mark.SPOKEN)]
    upright, turned = draw(rows), draw(rows[::-1])
    strips = [(0, cell_of(number, 0)[1], 1080, cell_of(number, 0)[3]) for number in (0, 2)]
    assert difference(upright.crop(strips[0]), turned.crop(strips[1])) is None
    assert difference(upright.crop(strips[0]), turned.crop(strips[0])) is not None


def test_above_each_column_stand_its_weekday_and_its_number() -> None:
    def head(day: date, letters: str) -> Image.Image:
        png = heat_strip("", [row("K-0", days=1)], [day], LEGEND, letters)
        return Image.open(io.BytesIO(png)).convert("RGB")

    sunday = head(date(2026, 10, 4), "mmmmmmz")
    assert difference(sunday, head(date(2026, 10, 4), "mmmmmmm")) is not None
    assert difference(sunday, head(date(2026, 10, 4), "dwdvzzz")) is None
    assert difference(sunday, head(date(2026, 10, 11), "mmmmmmz")) is not None
    assert difference(sunday, head(date(2026, 9, 4), "mmmmzmm")) is None, "also a 4, a Friday"


@pytest.mark.parametrize("day", [0, 13, 30])
def test_today_stands_out_in_its_own_column_and_nowhere_else(day: int) -> None:
    rows = [row("K-0"), row("K-1"), row("K-2")]

    box = difference(draw(rows), draw(rows, today=OCTOBER[day]))

    cell = cell_of(0, day)
    assert box is not None
    assert (cell[0] - box[0] <= 3, box[2] - cell[2] <= 3) == (True, True)
    assert box[1] < cell[1]
    assert box[3] > cell_of(2, day)[3] - 3


def test_a_day_of_another_month_is_nobodys_today() -> None:
    rows = [row("K-0")]
    assert difference(draw(rows), draw(rows, today=date(2026, 11, 1))) is None


@pytest.mark.parametrize("days", [OCTOBER, FEBRUARY, FEBRUARY[:7]], ids=len)
def test_nothing_touches_the_edge(days: Sequence[date]) -> None:
    long = {mark: f"{words} en nog veel meer woorden daarover" for mark, words in LEGEND.items()}
    rows = [row(f"KLANT-UIT-HET-NOORDEN-{n:09d}", days=len(days)) for n in range(40)]

    picture = draw(rows, title="Één heel lange titel " * 9, days=days, legend=long)

    paper = Image.new("RGB", picture.size, "white")
    box = difference(picture, paper)
    assert box is not None
    assert min(box[0], box[1]) >= 8
    assert (picture.width - box[2] >= 8, picture.height - box[3] >= 8) == (True, True)


def test_codes_that_begin_the_same_can_still_be_told_apart() -> None:
    long = "KLANT-UIT-HET-NOORDEN-0000000"
    one, other = (draw([row(long + end)]) for end in "12")
    box = difference(one, other)
    assert box is not None
    assert box[2] < cell_of(0, 0)[0] + 200


@pytest.mark.parametrize("letter", ["é", "ö", "ç", "ñ", "É", "ï", "š", "å", "à", "ê", "ő", "ą"])
def test_a_letter_has_its_accent_and_stays_what_it_is(letter: str) -> None:
    plain = unicodedata.normalize("NFD", letter)[0]

    box = difference(
        draw([row("K-0")], title=f"x{plain}x"), draw([row("K-0")], title=f"x{letter}x")
    )

    assert box is not None, "the accent is missing"
    base = difference(draw([row("K-0")], title="x"), draw([row("K-0")], title=f"x{plain}"))
    assert base is not None
    below = letter in "çą"
    if below:
        assert box[1] >= base[3] - 2, "the accent hangs below"
    elif plain == "i":
        assert box[3] < base[3] - 8, "the accent stands above"
        assert box[1] >= base[1] - 4, "and where the dot was"
    else:
        assert box[3] <= base[1] + 2, "the accent stands above"
    assert 2 <= box[3] - box[1] <= 14


def test_a_sign_that_the_font_lacks_leaves_a_question_mark_and_no_box() -> None:
    assert difference(draw([row("K")], title="?"), draw([row("K")], title="ض")) is None
    assert difference(draw([row("K")], title="a-b"), draw([row("K")], title="a–b")) is None


@pytest.mark.parametrize(
    ("rows", "days", "letters", "why"),
    [
        ([], OCTOBER, "mdwdvzz", "1 to 40 rows, not 0"),
        ([row("K-1")] * 41, OCTOBER, "mdwdvzz", "1 to 40 rows, not 41"),
        ([row("K-1")], [], "mdwdvzz", "1 to 31 days, not 0"),
        ([row("K-1")], [*OCTOBER, date(2026, 11, 1)], "mdwdvzz", "1 to 31 days, not 32"),
        ([row("K-1")], OCTOBER, "mdwdvz", "seven letters"),
        ([row("K-1"), row("K-7", days=30)], OCTOBER, "mdwdvzz", "Row K-7 has 30 marks for 31"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    rows: list[StripRow], days: list[date], letters: str, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        heat_strip("oktober", rows, days, LEGEND, letters)
