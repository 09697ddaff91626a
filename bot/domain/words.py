"""Words that people type where they could have tapped a button."""

import unicodedata
from enum import StrEnum


class Word(StrEnum):
    """What a typed word stands for."""

    YES = "yes"
    NO = "no"
    STOP = "stop"
    START = "start"
    MENU = "menu"


_WORDS: dict[Word, frozenset[str]] = {
    Word.YES: frozenset({"ja", "yes", "نعم", "بله", "بلی", "እወ"}),
    Word.NO: frozenset({"nee", "no", "لا", "نه", "نخیر", "ኣይፋልን", "ኣይኮነን"}),
    Word.STOP: frozenset(
        {"stop", "stoppen", "/stop", "توقف", "إيقاف", "ایست", "توقف کنید", "ጠጠው", "ጠጠው ኣብል"}
    ),
    Word.START: frozenset({"start", "ابدأ", "شروع", "جمر", "ጀምር"}),
    Word.MENU: frozenset({"menu", "/menu", "/help"}),
}


def typed_word(text: str) -> Word | None:
    """Return what a message of a single known word stands for, else None."""
    # Phones add invisible direction marks to what is typed or pasted.
    seen = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
    plain = unicodedata.normalize("NFKC", seen).casefold().strip(" .!።،,")
    for word, spellings in _WORDS.items():
        if plain in spellings:
            return word
    return None
