"""Days of the month and the months beside them, as every language writes them."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from functools import cache

from babel import Locale

from bot.domain.languages import Language, base

_MONTHS = 12
_TWO = 2  # digits in which a zero in front does not count

Day = tuple[str, int]
"""A day of the month and the number of the month; month 0 is none of ours."""

_MONTH_LOCALES: Mapping[str, tuple[str, ...]] = {
    "en": ("en",),
    "ar": ("ar", "ar_SY", "en"),
    "fa": ("fa", "fa_AF", "en"),
    "ti": ("ti", "en"),
}
"""Whose names of the months are looked for; between other letters stand English ones too."""
_SUN_MONTHS = (
    "فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند "
    "حمل ثور جوزا سرطان اسد سنبله میزان عقرب قوس جدی دلو حوت"
)
_MORE_MONTHS: Mapping[str, Mapping[str, int]] = {
    "en": {"sept": 9},
    "fa": {"آگوست": 8, **dict.fromkeys(_SUN_MONTHS.split(), 0)},
    "ti": {"ግንቦት": 5, "ሚያዚያ": 4},
}  # fmt: skip
"""Names that Babel does not have; 0 is a month of the sun calendar, whose days are others."""

_FOLDED = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ـ": None})
_SMALL = r"(?:of|the|day|من|شهر|روز|ماه|ናይ|ወርሒ)\s+"
_NTH = r"(?:st|nd|rd|th|م|ام|መን|ይ)?"


def _folded(text: str) -> str:
    """Return a text without what writers of a script leave out or exchange."""
    signs = unicodedata.normalize("NFKD", text.casefold())
    return "".join(s for s in signs if unicodedata.category(s) != "Mn").translate(_FOLDED)


@cache
def _names_of_months(target: Language) -> Mapping[str, int]:
    """Return the names of the months as they may stand in a language, each with its number."""
    names: dict[str, int] = {}
    for code in _MONTH_LOCALES.get(base(target), ()):
        months = Locale.parse(code).months
        for form in ("format", "stand-alone"):
            for width in ("wide", "abbreviated") if code == "en" else ("wide",):
                names |= {_folded(name): number for number, name in months[form][width].items()}
        names |= {_folded(name): number for name, number in _MORE_MONTHS.get(code, {}).items()}
    return names


@cache
def _beside(target: Language) -> re.Pattern[str] | None:
    """Return what finds a day with its month in a text in that language."""
    names = _names_of_months(target)
    if not names:
        return None
    anyone = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.compile(
        rf"(?<!\d)(?<!\d[.:,])(?P<day>\d{{1,2}})(?!\d){_NTH}[\s/-]{{0,3}}(?:{_SMALL}){{0,3}}"
        rf"(?P<name>{anyone})(?!\w)"
        rf"|(?<!\w)[^\W\d_a-z]{{0,2}}(?P<first>{anyone})\.?\s{{0,3}}(?:the\s+)?"
        rf"(?P<then>\d{{1,2}})(?!\d|[.:]\d)"
        rf"|(?<![\d./:-])(?P<one>\d{{1,2}})/(?P<two>\d{{1,2}})(?!\d|[/:-]|\.\d)(?!\s*(?:{anyone}))"
    )


def short(number: str) -> str:
    """Return a number without what is only a way of writing it."""
    plain = "".join(sign for sign in number if sign.isdigit())
    return str(int(plain)) if len(plain) <= _TWO else plain


def days_beside_months(text: str, target: Language) -> Iterator[Day]:
    """Yield the days of a translation beside which the name of a month stands, or its number."""
    pattern = _beside(target)
    if pattern is None:
        return
    names = _names_of_months(target)
    for match in pattern.finditer(_folded(text)):
        if match["one"]:
            if 0 < int(match["two"]) <= _MONTHS:
                yield short(match["one"]), int(match["two"])
        else:
            name = names[match["name"] or match["first"]]
            yield short(match["day"] or match["then"]), name


def wrong_days(
    said: Counter[Day], there: Counter[Day], more: Set[Day], target: Language
) -> set[Day]:
    """Return the dates whose day stands beside another month, or whose month beside another day.

    `more` are days of the Dutch text whose month stands further on. A date of which neither is
    seen is not among them: its month may have a name unknown here.
    """
    strange = there - said
    days, all_days = {day for day, _ in strange}, {day for day, _ in there}
    others = {month for day, month in strange if (day, month) not in more}
    # A day of the Ge'ez calendar may stand before ours, under the same names of months.
    every = set(range(1, _MONTHS + 1)) if any(others) else set[int]()
    months = others if base(target) == "ti" else every
    turned = {(str(month), int(day)) for day, month in strange}
    return {
        (day, month)
        for day, month in said - there
        if day in days or (day, month) in turned or (day not in all_days and month in months)
    }
