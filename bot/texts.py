"""What is said: the catalogues in locales/, and dates and times as each reader reads them.

Every text is HTML for Telegram: values are escaped, and isolated where the reader's script runs
from right to left, so that a time or a Dutch name cannot turn around the words beside it.
"""

import html
import unicodedata
from collections.abc import Mapping
from datetime import date, time
from functools import cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date
from babel.messages.pofile import PoFileError, read_po

from bot.domain.errors import ConfigError
from bot.domain.languages import DUTCH, LEVANTINE_ARABIC, OFFERED, Language, base, is_rtl
from bot.domain.localtime import clock_face, day_part

FOLDER = Path(__file__).parent.parent / "locales"
LOCALES = tuple(Language(code) for code in ("nl", "en", "ar", "ar_SY", "fa", "fa_AF", "ti"))

_FSI, _PDI, _RLM = "\u2068", "\u2069", "\u200f"
_ISOLATES = "\u2066\u2067\u2068"
_ISOLATION = dict.fromkeys(map(ord, _ISOLATES + _PDI))
_OVERRIDES = dict.fromkeys(range(0x202A, 0x202F))
_EUROPEAN_COUNT = "ኣቆጻጽራ ኤውሮጳ"
_MAY = 5
_UNCHECKED = "checked: nobody"


class Html(str):
    """A piece of text that is already safe to show: it is not escaped again."""

    __slots__ = ()

    def __add__(self, more: str) -> "Html":
        """Add what the program itself says, such as a new line; never a person's words."""
        return Html(str(self) + more)


Value = str | int


class Texts:
    """All catalogues. A locale falls back to its language, and that to Dutch."""

    def __init__(
        self,
        catalogues: Mapping[Language, Mapping[str, str]],
        unchecked: Mapping[Language, int] | None = None,
    ) -> None:
        self._catalogues = catalogues
        self.unchecked = dict(unchecked or {})
        """How many texts of each locale no native speaker has checked."""

    @classmethod
    def load(cls, folder: Path = FOLDER) -> "Texts":
        """Read every catalogue; errors: ConfigError when one is missing or unreadable."""
        catalogues: dict[Language, dict[str, str]] = {}
        unchecked: dict[Language, int] = {}
        for locale in LOCALES:
            catalogue, count = _read(folder / locale / "LC_MESSAGES" / "taalbrug.po")
            if locale == DUTCH:
                catalogue |= _read(folder / locale / "LC_MESSAGES" / "staff.po")[0]
            catalogues[locale] = catalogue
            unchecked[locale] = count
        return cls(catalogues, unchecked)

    def say(self, text_id: str, locale: Language, **values: Value) -> str:
        """Return a text as Telegram HTML, with its values put in."""
        rtl = is_rtl(locale)
        safe = {name: _safe(value, isolate=rtl) for name, value in values.items()}
        text = html.escape(self._find(text_id, locale), quote=False).format(**safe)
        return Html(_start_right(text) if rtl else text)

    def label(self, text_id: str, locale: Language, **values: Value) -> str:
        """Return the words of a button, which know no markup."""
        text = self._find(text_id, locale).format(**values)
        return _start_right(text) if is_rtl(locale) else text

    def staff(self, text_id: str, **values: Value) -> str:
        """Return a Dutch text for staff as Telegram HTML; these texts may hold markup."""
        safe = {name: _safe(value, isolate=False) for name, value in values.items()}
        return Html(self._find(text_id, DUTCH).format(**safe))

    def moment(self, day: date, clock: time, locale: Language) -> dict[str, Value]:
        """Return the values dag, datum, klok, tijd and dagdeel for a reader."""
        return {
            **day_words(day, locale),
            "klok": clock_face(clock),
            "tijd": clock.strftime("%H:%M"),
            "dagdeel": self.label(f"time.{day_part(clock)}", locale),
        }

    def _find(self, text_id: str, locale: Language) -> str:
        for candidate in (locale, base(locale), DUTCH):
            text = self._catalogues.get(candidate, {}).get(text_id)
            if text:
                return text
        msg = f"locales/nl has no text {text_id}; add it there."
        raise KeyError(msg)


def weekday(day: date, locale: Language) -> str:
    """Return the name of the day of the week."""
    return format_date(day, "EEEE", locale=_babel(locale))


def day_words(day: date, locale: Language) -> dict[str, Value]:
    """Return the values dag and datum for a reader."""
    return {"dag": weekday(day, locale), "datum": calendar_day(day, locale)}


def month_name(day: date, locale: Language) -> str:
    """Return the name of the month in which a day lies."""
    return format_date(day, "LLLL", locale=_babel(locale))


def calendar_day(day: date, locale: Language) -> str:
    """Return day and month, and the same in figures: `25 november (25-11-2026)`.

    In Tigrinya the names of the months are those of the Ge'ez calendar, which runs a week or
    more apart from the European one; so it is said which calendar counts.
    """
    # Persian months stand alone; with the genitive ending they would need a following word.
    pattern = "LLLL" if base(locale) == "fa" else "MMMM"
    month = format_date(day, pattern, locale=_babel(locale))
    figures = day.strftime("%d-%m-%Y")
    if base(locale) == "ti":
        if day.month == _MAY:
            month = "ግንቦት"  # Babel spells it in a way that readers do not know
        return f"{day.day} {month} ({figures}, {_EUROPEAN_COUNT})"
    if is_rtl(locale):
        figures = f"{_FSI}{figures}{_PDI}"  # or it would read 2026-11-25 after Arabic letters
    return f"{day.day} {month} ({figures})"


def language_name(language: Language) -> str:
    """Return the language's own name for itself, as on the buttons."""
    own = dict(OFFERED)
    return own.get(language) or own.get(base(language)) or own[LEVANTINE_ARABIC]


@cache
def _babel(locale: Language) -> Locale:
    return Locale.parse(locale)


def _safe(value: Value, *, isolate: bool) -> str:
    text = _turned_back(str(value))
    safe = text if isinstance(value, Html) else html.escape(text, quote=False)
    return f"{_FSI}{safe}{_PDI}" if isolate else safe


def _turned_back(text: str) -> str:
    """Return a value without the hidden marks by which it could turn around the words after it."""
    text = text.translate(_OVERRIDES)
    depth = 0
    for sign in text:
        depth += (sign in _ISOLATES) - (sign == _PDI)
        if depth < 0:
            break
    return text.translate(_ISOLATION) if depth else text


def _start_right(text: str) -> str:
    """Make every line run from the right, also one that begins with an emoji or a Dutch name."""
    return "\n".join(
        line if not line or line[0] == _RLM or _is_arabic(line[0]) else _RLM + line
        for line in text.split("\n")
    )


def _is_arabic(character: str) -> bool:
    return unicodedata.bidirectional(character) == "AL"


def _read(path: Path) -> tuple[dict[str, str], int]:
    """Return the texts of a catalogue by id, and how many of them nobody has checked."""
    try:
        with path.open("rb") as file:
            catalogue = read_po(file, abort_invalid=True)
    except (OSError, ValueError, PoFileError) as error:
        msg = f"{path}: this catalogue cannot be read: {error}. Restore it from the repository."
        raise ConfigError(msg) from error
    entries = [message for message in catalogue if message.id and message.string]
    texts = {str(entry.context): str(entry.string) for entry in entries if entry.context}
    return texts, sum(_UNCHECKED in entry.user_comments for entry in entries)
