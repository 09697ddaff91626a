"""The figures of a text - numbers, times, dates, amounts, telephone numbers - in any script."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import product

from bot.domain.languages import Language
from bot.translation.days import Day, days_beside_months, short, wrong_days

_MONTHS = (
    ("januari", "jan"), ("februari", "feb"), ("maart", "mrt"), ("april", "apr"), ("mei", "mei"),
    ("juni", "jun"), ("juli", "jul"), ("augustus", "aug"), ("september", "sept", "sep"),
    ("oktober", "okt"), ("november", "nov"), ("december", "dec"),
)  # fmt: skip
_MONTH_OF = {name: number for number, names in enumerate(_MONTHS, 1) for name in names}

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—−"), "-")
_MONEY = "€$£¥₺﷼؋"
_LAST_DAY, _LAST_MONTH, _LAST_HOUR, _LAST_MINUTE = 31, 12, 24, 59
_NOON = 12
_EARLY_HOURS = range(1, 7)
"""Hours at which nobody has an appointment by night: at 2 o'clock is in the afternoon."""
_LONG_NUMBER = 7  # digits from which a number can be one to call
_LONG_ROW = 4
_SHORT = 2  # digits in which a zero in front does not count
_OWN_CENTURY = "20"
_SIGN_ROOM = 8

_DATE = r"(?P<day>\d{1,2})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<year>\d{4}|\d{2})"
_GAP = r"[ ()\xa0\u202f-]{0,3}"
# Told apart by how many digits they have, or the time after a number would be part of it.
_PHONE = (
    rf"0[89]0\d{_GAP}(?:\d{{3}}{_GAP})?\d{{4}}(?!\d)|0(?:{_GAP}\d){{9}}(?!\d)"
    rf"|(?:\+|00){_GAP}31{_GAP}(?:0{_GAP})?(?:{_GAP}\d){{9}}(?!\d)"
    rf"|\+(?:{_GAP}\d){{8,14}}(?!\d)"
)
_FIGURE = re.compile(
    rf"(?<!\d){_DATE}(?!\d|[-/.]\d)"
    r"|(?<!\d)(?P<first_year>\d{4})[-/](?P<then_month>\d{1,2})[-/](?P<last_day>\d{1,2})(?!\d)"
    rf"|(?P<phone>(?<!\d)(?:{_PHONE}))"
    r"|(?P<whole>\d{1,3}(?:[.,'’\u066c\xa0\u202f]\d{3})+|\d+)"
    r"(?:(?P<point>[.,:\u066b])(?P<rest>\d{1,2}))?(?!\d)"
)
_BETWEEN = re.compile(r"\s*(?:uur\s*)?(?:-|/|tot en met|t/m|tot)\s*(?:€\s*)?", re.IGNORECASE)
_ANY_MONTH = "|".join(sorted(_MONTH_OF, key=len, reverse=True))
_MONTH_AFTER = re.compile(
    rf"\s+(?P<month>{_ANY_MONTH})\b\.?(?:\s+(?P<year>\d{{4}})\b)?", re.IGNORECASE
)
_EURO_BEFORE = re.compile(r"(?:€|\beuro)\s*$", re.IGNORECASE)
_EURO_AFTER = re.compile(r"(?:,-)?\s*(?:€|euro\b|eur\b)", re.IGNORECASE)
_EURO = re.compile(r"\beuros?\b|\beur\b", re.IGNORECASE)
_DAY_AND_MONTH = re.compile(r"(?<!\d)(\d{1,2})[-/](\d{1,2})(?!\d)", re.ASCII)
_HOUR_AFTER = re.compile(r"\s*uur\b", re.IGNORECASE)
_PART_BEFORE = re.compile(r"\b(half|kwart\s+over|kwart\s+voor)\s+$", re.IGNORECASE)
_PART_ROOM = 16
_LATE = re.compile(r"middag|avond|nacht", re.IGNORECASE)
_HOUR_IN_WORDS = re.compile(
    r"\b(?:twee|drie|vier|vijf|zes|zeven|acht|negen|tien|elf|twaalf|(?:een|één)\s+uur)\b"
    r"|half|kwart|middernacht",
    re.IGNORECASE,
)
_LISTED = re.compile(
    r"\s*(?:,|-|/|&|\+|,?\s*(?:en|of|tot|t/m|tot\s+en\s+met)\b)\s*"
    r"(?:op\s+)?(?:(?:maan|dins|woens|donder|vrij|zater|zon)dag\s+)?",
    re.IGNORECASE,
)

# What stands after a number in a translation: the part of the day, thousands, other money.
_O_CLOCK = re.compile(
    r"[\s(]{0,3}(?:o['’]clock)?[\s(]{0,3}(?:in\s+the\s+|في\s+ال|في\s+|ናይ\s+)?(?:"
    r"(?P<am>a\.?m\b|morning|صباح|صبح|(?:قبل|پیش)\s?از\s?ظهر|ንግሆ|ቅድሚ.?ቀትሪ)"
    r"|(?P<pm>p\.?m\b|afternoon|evening|مساء|عصر|بعد\s?(?:ال|از\s?)ظهر|ድሕሪ.?ቀትሪ|ምሸት)"
    r"|(?P<either>at\s+night|ظهر|ليل|شب|لیل|ለይቲ))[اً]{0,2}(?!\w)",
    re.IGNORECASE,
)
_CLOCK_BEFORE = re.compile(r"(?:الساعة|ساعت|ሰዓት)\s*$")
_CLOCK_AFTER = re.compile(r"\s*o['’]clock\b", re.IGNORECASE)
_RUNS_ON = re.compile(r"[^.!?؟።\n]{1,20}")
_SCALES: Mapping[int, str] = {
    100: "hundred|honderd|مئة|مائة|صد|ሚእቲ",
    1000: "thousand|duizend|k|ألف[اً]*|آلاف|الف|الاف|هزار|ሽሕ",
    1_000_000: "millions?|miljoen|mln|مليون|ملايين|میلیون|ሚልዮን",
}
_SCALE = re.compile(
    r"\s*(?:" + "|".join(rf"(?P<x{by}>{words})" for by, words in _SCALES.items()) + r")(?!\w)",
    re.IGNORECASE,
)
_OTHER_MONEY: Mapping[str, str] = {
    "dollar": "dollars?|usd|دولار[اً]*|دولارات|دلار|ዶላር",
    "pond": "pounds?|gbp|جنيه[اً]*|جنيهات|پوند|ፓውንድ",
    "lira": "liras?|ليرة|ليرات|لیره?",
    "ria": "ri[ay]+ls?|ريال[اً]*|ريالات|ریال",
    "dinar": "dinars?|دينار[اً]*|دنانير|دینار",
    "toman": "tomans?|تومان",
    "afghani": "afghanis?|أفغاني|افغانی",
    "nakfa": "nakfas?|ناكفا|ናቕፋ|ናቅፋ",
    "birr": "birr|بر|ብር",
}
_MONEY_AFTER = re.compile(
    r"\s*(?:" + "|".join(rf"(?P<{nl}>{each})" for nl, each in _OTHER_MONEY.items()) + r")(?!\w)",
    re.IGNORECASE,
)

_Way = tuple[str, ...]


class FigureKind(StrEnum):
    """What a figure stands for."""

    NUMBER = "number"
    TIME = "time"
    DATE = "date"
    AMOUNT = "amount"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a text: its words, and the ways in which another text may write it.

    A way is a row of numbers that must follow one another; `day` and `month` are those of a date.
    """

    kind: FigureKind
    words: str
    ways: tuple[_Way, ...]
    day: str = ""
    month: int = 0


@dataclass(frozen=True, slots=True)
class _Token:
    """A number of a translation: what it may stand for, and whether it is a time or to call."""

    numbers: tuple[str, ...]
    words: str
    is_time: bool = False
    is_phone: bool = False
    money: str = ""
    """The name of other money that stands after it."""


def with_plain_digits(text: str) -> str:
    """Return a text with the digits of all scripts as ASCII, and without hidden marks."""
    return "".join(
        str(unicodedata.decimal(sign)) if sign.isdecimal() else sign
        for sign in text.translate(_DASHES)
        if unicodedata.category(sign) != "Cf"
    )


def mixes_digits(text: str) -> bool:
    """Tell whether a text has digits of more than one script."""
    return len({ord(sign) - unicodedata.decimal(sign) for sign in text if sign.isdecimal()}) > 1


def strange_money(source: str, translation: str) -> list[str]:
    """Return the money of a translation, sign or word, of which its source does not speak."""
    said = set(source) | ({"€"} if _EURO.search(source) else set())
    figures = _figures(with_plain_digits(source))
    amounts = {way[0] for f in figures if f.kind is FigureKind.AMOUNT for way in f.ways}
    words = {
        token.money
        for token in _tokens(with_plain_digits(translation))
        if token.money and not amounts.isdisjoint(token.numbers)
    }
    return sorted((set(translation) & set(_MONEY) - said) | words)


def missing(source: str, translation: str, target: Language) -> Iterator[Figure]:
    """Yield the figures of a Dutch text that its translation does not have, each as often."""
    plain, text = with_plain_digits(source), with_plain_digits(translation)
    there = _Numbers([token.numbers for token in _tokens(text)])
    figures = _figures(plain)
    wrong = _wrong_dates(figures, plain, text, target)
    # Rows first: a single number could take one away from them.
    for figure in sorted(figures, key=_length, reverse=True):
        if not there.take(figure.ways) or (figure.day, figure.month) in wrong:
            yield figure


def added(source: str, translation: str) -> Iterator[tuple[FigureKind, str]]:
    """Yield the times and telephone numbers of a translation that its Dutch text has not."""
    plain = with_plain_digits(source)
    known = {number for token in _tokens(plain) for number in token.numbers}
    known |= {number for figure in _figures(plain) for way in figure.ways for number in way}
    digits = "".join(filter(str.isdigit, plain))
    in_words = _HOUR_IN_WORDS.search(plain) is not None
    for token in _tokens(with_plain_digits(translation)):
        if not known.isdisjoint(token.numbers):
            continue
        if token.is_phone and "".join(filter(str.isdigit, token.words)) not in digits:
            yield FigureKind.PHONE, token.words
        if token.is_time and not in_words:
            yield FigureKind.TIME, token.words


def _length(figure: Figure) -> int:
    return max(map(len, figure.ways))


class _Numbers:
    """The numbers of a translation, of which each answers for one number of the source."""

    def __init__(self, row: Sequence[tuple[str, ...]]) -> None:
        self._row = row
        self._free: dict[str, dict[int, None]] = defaultdict(dict)
        for place, numbers in enumerate(row):
            for number in numbers:
                self._free[number][place] = None

    def take(self, ways: Sequence[_Way]) -> bool:
        """Take the first of these ways that is there; False when none is."""
        for way in ways:
            for place in self._free[way[0]]:
                if self._is_free(way, place):
                    for taken in range(place, place + len(way)):
                        for number in self._row[taken]:
                            del self._free[number][taken]
                    return True
        return False

    def _is_free(self, way: _Way, place: int) -> bool:
        return all(place + offset in self._free[number] for offset, number in enumerate(way))


# -- reading --------------------------------------------------------------------------------------


def _number(match: re.Match[str]) -> str:
    """Return a number with what follows its point: `14:30` for 14.30, 14:30 and 14,30."""
    rest = match["rest"] or ""
    if len(rest) == 1 and match["point"] != ":":
        rest += "0"
    return short(match["whole"]) + (f":{rest}" if rest.strip("0") else "")


def _loose(number: str) -> str:
    """Return a number as one that is not a time, so that 12,5 is 12,50 but 9.3 not 9.30."""
    return f"~{number}"


def _phone(words: str) -> str:
    digits = "".join(sign for sign in words if sign.isdigit())
    abroad = words.startswith("+") or digits.startswith("00")
    digits = digits.removeprefix("00") if abroad else digits
    own = abroad and digits.startswith("31")
    return f"tel:{'0' + digits[2:].removeprefix('0') if own else digits}"


def _tokens(text: str) -> list[_Token]:
    """Return all numbers of a text in their order, a date in figures as one."""
    found: list[_Token] = []
    plain_before, end = "", -1
    for match in _FIGURE.finditer(text):
        between, plain = text[end : match.start()] if found else "", ""
        if match["day"] or match["first_year"]:
            day, month, year = _date(match)
            token = _Token((f"{day}/{month}/{year}", f"{day}/{month}"), match[0])
        elif match["phone"]:
            token = _Token((_phone(match[0]),), match[0], is_phone=True)
        else:
            token, is_late = _token(text, match)
            plain = _number(match) if token.numbers == (_number(match),) else ""
            # In "2 to 4 pm" the last word counts for both.
            if is_late and plain_before and _RUNS_ON.fullmatch(between):
                earlier = found[-1]
                found[-1] = _Token(tuple({plain_before, _later(plain_before)}), earlier.words,
                                   earlier.is_time, money=earlier.money)  # fmt: skip
        found.append(token)
        plain_before, end = plain, match.end()
    return found


def _token(text: str, match: re.Match[str]) -> tuple[_Token, bool]:
    """Return a number of a translation, and whether it is said to be after noon."""
    number, words, end = _number(match), match[0], match.end()
    rest, whole = match["rest"] or "", match["whole"]
    if scale := _SCALE.match(text, end):
        return _Token((_scaled(match, scale),), words, money=_money(text, scale.end())), False
    numbers: tuple[str, ...] = (number,)
    part = _O_CLOCK.match(text, end) if len(whole) <= _SHORT and len(rest) != 1 else None
    if part is not None and int(whole) <= _NOON:
        loose = _loose(number)
        if part["either"]:
            numbers = number, _later(number), _midnight(number)
        elif part["pm"]:
            numbers = _later(number), loose
        else:
            numbers = _midnight(number) if part["am"][-1] in "mM" else number, loose
    elif len(rest) == 1 and match["point"] != ":":
        numbers = (_loose(number),)
    said = part or _CLOCK_AFTER.match(text, end)
    said = said or _CLOCK_BEFORE.search(text[max(0, match.start() - _SIGN_ROOM) : match.start()])
    is_time = len(whole) <= _SHORT and (said is not None or _is_clock(match))
    digits = sum(map(str.isdigit, words))
    is_phone = digits >= _LONG_NUMBER and not rest and words.isdigit()
    is_late = part is not None and part["pm"] is not None
    return _Token(
        tuple(dict.fromkeys(numbers)), words, is_time, is_phone, _money(text, end)
    ), is_late


def _later(number: str) -> str:
    """Return an hour as it is called after noon: 14:30 for 2:30."""
    hour, mark, rest = number.partition(":")
    return f"{int(hour) + _NOON}{mark}{rest}" if int(hour) < _NOON else number


def _midnight(number: str) -> str:
    """Return the hour after midnight as 0, and any other as it is."""
    hour, mark, rest = number.partition(":")
    return f"0{mark}{rest}" if int(hour) == _NOON else number


def _scaled(match: re.Match[str], scale: re.Match[str]) -> str:
    by = next(each for each in _SCALES if scale[f"x{each}"])
    whole, rest = "".join(filter(str.isdigit, match["whole"])), match["rest"] or "0"
    return str(int(Decimal(f"{whole}.{rest}") * by))


def _money(text: str, end: int) -> str:
    found = _MONEY_AFTER.match(text, end)
    return found[0].strip() if found else ""


def _is_clock(match: re.Match[str]) -> bool:
    rest, hour = match["rest"] or "", match["whole"]
    is_clock = len(rest) == _SHORT and len(hour) <= _SHORT and match["point"] in ".:"
    return is_clock and int(hour) <= _LAST_HOUR and int(rest) <= _LAST_MINUTE


def _date(match: re.Match[str]) -> tuple[str, str, str]:
    """Return day, month and whole year of a date in figures."""
    year = match["year"] or match["first_year"]
    day, month = match["day"] or match["last_day"], match["month"] or match["then_month"]
    return short(day), short(month), year if len(year) > _SHORT else _OWN_CENTURY + year


def _figures(text: str) -> list[Figure]:
    """Return the figures of a Dutch text; what runs from one to another is one figure."""
    found: list[Figure] = []
    exact: dict[int, bool] = {}
    end, last = -1, None
    for match in _FIGURE.finditer(text):
        if match.start() < end:
            continue  # the year of a date whose month is written out
        figure, end_now = _figure(text, match)
        is_plain = match["whole"] is not None and not figure.day and len(figure.ways) == 1
        if last is not None and is_plain and _is_range(text, last, match):
            row = found[-1].ways[0] + figure.ways[0]
            words = found[-1].words + text[last.end() : end_now]
            found[-1] = Figure(figure.kind, words, (row,))
        else:
            found.append(figure)
        if is_plain:
            is_whole = len(match["rest"] or "00") == _SHORT
            exact[len(found) - 1] = figure.kind is FigureKind.TIME and is_whole
        last = match if is_plain else None
        end = end_now
    is_late = _LATE.search(text) is not None
    for place, is_time in exact.items():
        figure, row = found[place], found[place].ways[0]
        ways = _ways_of_time(row, is_late=is_late) if is_time else (row, _loosely(row))
        found[place] = Figure(figure.kind, figure.words, ways)
    return found


def _loosely(row: _Way) -> _Way:
    return tuple(map(_loose, row))


def _ways_of_time(row: _Way, *, is_late: bool) -> tuple[_Way, ...]:
    """Return how times may be written: 2 o'clock also as 14:00, 10 only of an evening."""

    def hours(number: str) -> tuple[str, ...]:
        hour, mark, rest = number.partition(":")
        if int(hour) == _LAST_HOUR:
            return number, f"0{mark}{rest}"
        if int(hour) in _EARLY_HOURS or (is_late and int(hour) < _NOON):
            return number, _later(number)
        return (number,)

    return tuple(product(*map(hours, row))) if len(row) < _LONG_ROW else (row,)


def _is_range(text: str, last: re.Match[str], match: re.Match[str]) -> bool:
    """Tell whether one number runs to the other, as in 10.00 - 12.00."""
    alike = bool(last["rest"]) == bool(match["rest"])
    return alike and _BETWEEN.fullmatch(text[last.end() : match.start()]) is not None


def _figure(text: str, match: re.Match[str]) -> tuple[Figure, int]:
    """Return a figure and where it ends."""
    words, end = match[0], match.end()
    if match["phone"]:
        return Figure(FigureKind.PHONE, words, ((_phone(words),),)), end
    if match["day"] or match["first_year"]:
        day, month, year = _date(match)
        ways = _ways_of_date(day, month, year)
        return Figure(FigureKind.DATE, words, ways, day, int(month)), end
    number = _number(match)
    named = None if match["rest"] else _MONTH_AFTER.match(text, end)
    if named is not None and int(short(match["whole"])) <= _LAST_DAY:
        which = _MONTH_OF[named["month"].lower()]
        whole = _ways_of_date(number, str(which), named["year"]) if named["year"] else None
        words = text[match.start() : named.end()].rstrip(" .")
        ways = whole or ((number,), (f"{number}/{which}",))
        return Figure(FigureKind.DATE, words, ways, number, which), named.end()
    if part := _part_before(text, match):
        return Figure(FigureKind.TIME, f"{part[0]}{words}", _ways_of_part(part[1], number)), end
    before, kind = _euro_before(text, match), _kind(text, match)
    if scale := _SCALE.match(text, end):
        kind = FigureKind.AMOUNT if _EURO_AFTER.match(text, scale.end()) else kind
        return Figure(kind, before + words + scale[0], ((_scaled(match, scale),),)), scale.end()
    return Figure(kind, before + words, ((number,),)), end


def _part_before(text: str, match: re.Match[str]) -> re.Match[str] | None:
    if match["rest"] or len(match["whole"]) > _SHORT or not 0 < int(match["whole"]) <= _NOON:
        return None
    return _PART_BEFORE.search(text[max(0, match.start() - _PART_ROOM) : match.start()])


def _ways_of_part(part: str, number: str) -> tuple[_Way, ...]:
    """Return how `half 3` may be written: 2:30, 14:30, or half past 2."""
    hour, before = int(number), (int(number) - 2) % _NOON + 1
    if part.lower() == "half":
        return ((f"{before}:30",), (f"{before % _NOON + _NOON}:30",), (str(before),))
    if part.lower().endswith("voor"):
        return (f"{before}:45",), (f"{before % _NOON + _NOON}:45",), (number,)
    return (f"{hour}:15",), (f"{hour % _NOON + _NOON}:15",), (number,)


def _ways_of_date(day: str, month: str, year: str) -> tuple[_Way, ...]:
    """Return how a date may be written: in figures only with the day before the month."""
    in_figures = f"{day}/{month}/{year}"
    return (in_figures,), (day, month, year), (year, month, day), (day, year)


def _kind(text: str, match: re.Match[str]) -> FigureKind:
    if _euro_before(text, match) or _EURO_AFTER.match(text, match.end()):
        return FigureKind.AMOUNT
    if _HOUR_AFTER.match(text, match.end()) or _is_clock(match):
        return FigureKind.TIME
    return FigureKind.NUMBER


def _euro_before(text: str, match: re.Match[str]) -> str:
    found = _EURO_BEFORE.search(text[max(0, match.start() - _SIGN_ROOM) : match.start()])
    return found[0] if found else ""


# -- days and their months ------------------------------------------------------------------------


def _wrong_dates(figures: Iterable[Figure], source: str, text: str, target: Language) -> set[Day]:
    said = Counter((figure.day, figure.month) for figure in figures if figure.day)
    there = Counter(days_beside_months(text, target))
    for match in _FIGURE.finditer(text):
        if match["day"] or match["first_year"]:
            day, month, _ = _date(match)
            there[day, int(month)] += 1
    return wrong_days(said, there, _days_in_lists(source), target)


def _days_in_lists(text: str) -> set[Day]:
    """Return the days of a Dutch text whose month stands later: the 3 of `3 en 4 maart`."""
    found: set[Day] = set()
    days: list[str] = []
    end = 0
    for match in _FIGURE.finditer(text):
        if days and _LISTED.fullmatch(text[end : match.start()]) is None:
            days.clear()
        end = match.end()
        if match["whole"] is None or match["rest"] or len(match["whole"]) > _SHORT:
            days.clear()
            continue
        days.append(short(match["whole"]))
        if named := _MONTH_AFTER.match(text, end):
            found.update((day, _MONTH_OF[named["month"].lower()]) for day in days)
            days.clear()
    return found | {(short(a), int(b)) for a, b in _DAY_AND_MONTH.findall(text)}
