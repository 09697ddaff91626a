"""A broadcast as bars: readable without colours, in proportion, and the same for the same."""

import io
from collections.abc import Mapping, Sequence
from itertools import combinations

import pytest
from PIL import Image, ImageChops, ImageStat

from bot.bars import MAX_BARS, Bar, Part, language_bars

LEGEND = {
    Part.OWN: "in de eigen taal",
    Part.OTHER: "in een andere taal",
    Part.PERHAPS: "misschien aangekomen",
    Part.FAILED: "mislukt",
    Part.UNREACHED: "geen chat",
    Part.DECLINED: "wil geen filmpjes",
    Part.NO_VERSION: "geen versie",
    Part.REST: "niet gestuurd",
    Part.WAITING: "nog onderweg",
}
SEVEN = [
    Bar("Tigrinya", {Part.OWN: 812, Part.PERHAPS: 3, Part.FAILED: 12, Part.UNREACHED: 40}),
    Bar("Arabisch", {Part.OWN: 640, Part.OTHER: 12, Part.DECLINED: 31, Part.WAITING: 2}),
    Bar("Farsi", {Part.OWN: 300, Part.FAILED: 1, Part.UNREACHED: 2}),
    Bar("Dari", {Part.OTHER: 150, Part.NO_VERSION: 20, Part.REST: 1}),
    Bar("Engels", {Part.OWN: 40, Part.UNREACHED: 1}),
    Bar("Nederlands", {Part.OWN: 12}),
    Bar("Koerdisch", {Part.NO_VERSION: 1}),
]
FIRST = 92
"""Where the first bar's row begins; a row is 76 pixels high when there are few."""
Box = tuple[int, int, int, int]


def draw(
    bars: Sequence[Bar], *, title: str = "Uitzending 7", legend: Mapping[Part, str] = LEGEND
) -> Image.Image:
    return Image.open(io.BytesIO(language_bars(title, bars, legend))).convert("RGB")


def difference(one: Image.Image, other: Image.Image) -> Box | None:
    """Give the box outside which two pictures look the same."""
    width, height = max(one.width, other.width), max(one.height, other.height)
    sheets = []
    for picture in (one, other):
        sheet = Image.new("RGB", (width, height), "white")
        sheet.paste(picture)
        sheets.append(sheet)
    apart = ImageChops.difference(*sheets).convert("L").point(lambda step: 255 * (step > 12))
    return apart.getbbox()


def texture(part: Part) -> Image.Image:
    """Give a piece of a bar that is all one part, as somebody who sees no colours sees it."""
    picture = draw([Bar("Dari", {part: 9})], legend={})
    return picture.crop((120, FIRST + 12, 420, FIRST + 64)).convert("L")


def ends_at(picture: Image.Image, place: int) -> int:
    """Find where the solid part of a bar ends, on a line above its number."""
    y = FIRST + place * 76 + 16
    greens = [x for x in range(picture.width) if is_green(picture, x, y)]
    assert greens
    return greens[-1]


def begins_at(picture: Image.Image, place: int) -> int:
    y = FIRST + place * 76 + 16
    return next(x for x in range(picture.width) if is_green(picture, x, y))


def is_green(picture: Image.Image, x: int, y: int) -> bool:
    red, green, _ = picture.getpixel((x, y))  # type: ignore[misc]
    return green > red + 60


def test_the_same_numbers_give_the_same_bytes() -> None:
    first, second = (language_bars("Uitzending 7", SEVEN, LEGEND) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("count", [1, 7, MAX_BARS])
def test_it_fits_on_a_phone_and_in_a_small_file(count: int) -> None:
    png = language_bars("Uitzending 7", (SEVEN * 2)[:count], LEGEND)

    picture = Image.open(io.BytesIO(png))

    assert picture.format == "PNG"
    assert picture.width == 1080
    assert picture.height <= 1280, "Telegram would shrink it"
    assert len(png) < 60_000


def test_one_language_is_a_low_picture_and_not_an_empty_page() -> None:
    assert draw(SEVEN[:1]).height < 300


@pytest.mark.parametrize(("one", "other"), list(combinations(Part, 2)))
def test_two_parts_can_be_told_apart_without_colours(one: Part, other: Part) -> None:
    apart = ImageChops.difference(texture(one), texture(other))
    points = sum(apart.histogram()[40:])
    assert points > 600, f"{points} of {apart.width * apart.height} points tell {one} from {other}"


@pytest.mark.parametrize("part", [part for part in Part if part not in {Part.OWN, Part.WAITING}])
def test_a_part_shows_its_texture_also_when_it_is_one_person_of_many(part: Part) -> None:
    picture = draw([Bar("Dari", {Part.OWN: 30_000, part: 1})], legend={})
    x = ends_at(picture, 0) if part is not Part.OTHER else ends_at(picture, 0) - 14
    piece = picture.crop((x + 4, FIRST + 14, x + 14, FIRST + 62)).convert("L")
    assert ImageStat.Stat(piece).stddev[0] > 12, f"{part} is flat"


def test_bars_are_as_long_as_they_have_readers() -> None:
    picture = draw([Bar(f"Taal {n}", {Part.OWN: n}) for n in (400, 200, 100)])
    left = begins_at(picture, 0)
    lengths = [ends_at(picture, place) - left for place in range(3)]
    assert {begins_at(picture, place) for place in range(3)} == {left}
    assert lengths[0] > 800
    assert abs(lengths[0] - 2 * lengths[1]) <= 6
    assert abs(lengths[0] - 4 * lengths[2]) <= 12


def test_within_a_bar_the_parts_are_in_proportion() -> None:
    whole = draw([Bar("Dari", {Part.OWN: 100})])
    half = draw([Bar("Dari", {Part.OWN: 50, Part.WAITING: 50})])
    left = begins_at(whole, 0)
    assert abs(2 * (ends_at(half, 0) - left) - (ends_at(whole, 0) - left)) <= 8


def test_bars_stand_in_the_order_given() -> None:
    upright, turned = draw(SEVEN[:2]), draw(SEVEN[1::-1])
    assert ends_at(upright, 0) > ends_at(upright, 1)
    assert ends_at(turned, 0) < ends_at(turned, 1)


def test_the_numbers_stand_in_the_bar_and_behind_it() -> None:
    one, other = (draw([Bar("Dari", {Part.OWN: number})]) for number in (8, 9))
    box = difference(one, other)
    assert box is not None
    assert box[0] < 600, "one in the middle of the bar"
    assert box[2] > 1000, "one at its end"


def test_only_what_occurs_is_explained() -> None:
    bars = [Bar("Dari", {Part.OWN: 5, Part.FAILED: 0})]
    less: dict[Part, str] = {part: words for part, words in LEGEND.items() if part is Part.OWN}
    assert difference(draw(bars), draw(bars, legend=less)) is None
    assert difference(draw(bars), draw(bars, legend={})) is not None


def test_what_is_nobody_takes_no_room() -> None:
    without = draw([Bar("Dari", {Part.OWN: 5})])
    assert difference(draw([Bar("Dari", {Part.OWN: 5, Part.REST: 0})]), without) is None


def test_nothing_touches_the_edge() -> None:
    long = {part: f"{words} en nog veel meer woorden daarover" for part, words in LEGEND.items()}
    bars = [
        Bar(f"Een taal met een heel lange naam {n}", dict.fromkeys(Part, 10**n))
        for n in range(MAX_BARS)
    ]

    picture = draw(bars, title="Één heel lange titel " * 9, legend=long)

    box = difference(picture, Image.new("RGB", picture.size, "white"))
    assert box is not None
    assert min(box[0], box[1]) >= 8
    assert (picture.width - box[2] >= 8, picture.height - box[3] >= 8) == (True, True)


@pytest.mark.parametrize(
    ("bars", "why"),
    [
        ([], "1 to 12 bars, not 0"),
        ([Bar("Dari", {Part.OWN: 1})] * 13, "1 to 12 bars, not 13"),
        ([Bar("Dari", {})], "Bar Dari stands for 0 people"),
        ([Bar("Dari", {Part.OWN: 0})], "Bar Dari stands for 0 people"),
        ([Bar("Dari", {Part.OWN: 3, Part.REST: -1})], "Bar Dari stands for 2 people"),
    ],
)
def test_what_cannot_be_drawn_is_refused(bars: list[Bar], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        language_bars("Uitzending 7", bars, LEGEND)
