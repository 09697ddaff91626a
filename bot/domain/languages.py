"""Languages, their scripts, and which one a text is most likely written in."""

import unicodedata
from typing import Literal, NewType

Language = NewType("Language", str)
"""A locale code as in locales/: a language, or a language with a region (`fa_AF` is Dari)."""

Script = Literal["arab", "ethi", "latn", "none"]

DUTCH = Language("nl")
ENGLISH = Language("en")
ARABIC = Language("ar")
LEVANTINE_ARABIC = Language("ar_SY")
"""Arabic with the month names of Syria and Iraq, where most Arabic-speaking clients come from."""
FARSI = Language("fa")
DARI = Language("fa_AF")
TIGRINYA = Language("ti")

OFFERED: tuple[tuple[Language, str], ...] = (
    (LEVANTINE_ARABIC, "العربية"),
    (FARSI, "فارسی"),
    (DARI, "دری"),
    (TIGRINYA, "ትግርኛ"),
    (ENGLISH, "English"),
    (DUTCH, "Nederlands"),
)
"""The languages a client may choose, each in its own script and name; never a flag."""

DUTCH_NAMES: dict[Language, str] = {
    ARABIC: "Arabisch",
    LEVANTINE_ARABIC: "Arabisch",
    FARSI: "Farsi",
    DARI: "Dari",
    TIGRINYA: "Tigrinya",
    ENGLISH: "Engels",
    DUTCH: "Nederlands",
}
"""What staff call each language."""

ENGLISH_NAMES: dict[Language, str] = {
    ARABIC: "Arabic",
    LEVANTINE_ARABIC: "Arabic",
    FARSI: "Farsi",
    DARI: "Dari",
    TIGRINYA: "Tigrinya",
    ENGLISH: "English",
    DUTCH: "Dutch",
}
"""What a client tells the emergency operator."""

KNOWN: frozenset[Language] = frozenset(DUTCH_NAMES)

_SCRIPT_OF_LANGUAGE: dict[str, Script] = {"ar": "arab", "fa": "arab", "ti": "ethi"}


def base(language: Language) -> Language:
    """Return the language without its region: `fa_AF` gives `fa`."""
    return Language(language.split("_", 1)[0])


def is_rtl(language: Language) -> bool:
    """Tell whether the language is written from right to left."""
    return script_of_language(language) == "arab"


def script_of_language(language: Language) -> Script:
    """Return the script in which the language is normally written."""
    return _SCRIPT_OF_LANGUAGE.get(base(language), "latn")


def script_of(text: str) -> Script:
    """Return the script most letters of the text are written in; `none` without letters."""
    counts: dict[Script, int] = {"arab": 0, "ethi": 0, "latn": 0}
    for character in text:
        if not character.isalpha():
            continue
        name = unicodedata.name(character, "")
        if name.startswith("ARABIC"):
            counts["arab"] += 1
        elif name.startswith("ETHIOPIC"):
            counts["ethi"] += 1
        else:
            counts["latn"] += 1
    script = max(counts, key=lambda key: counts[key])
    return script if counts[script] else "none"


def guess_source(text: str, prior: Language) -> Language | None:
    """Return the language a person's text is most likely in, or None when it cannot be told.

    The person's own language is believed as long as the script agrees. Arabic letters from
    somebody who chose Tigrinya are taken for Arabic; Latin letters from somebody who writes
    another script may be Dutch, English or her own language spelt in Latin letters, which no
    detector tells apart, so they are left unknown.
    """
    script = script_of(text)
    if script in {"none", script_of_language(prior)}:
        return prior
    if script == "arab":
        return ARABIC
    if script == "ethi":
        return TIGRINYA
    return None
