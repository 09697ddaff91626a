"""What a text to many may not hold, and what a translation of it must keep.

Pure: nothing here knows who wrote the words, or whether an engine or a person translated them.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import chain

from babel import Locale

from bot.domain.films import fault_of_link
from bot.domain.languages import Language, base, script_of, script_of_language
from bot.translation import figures
from bot.translation.figures import FigureKind
from bot.translation.sentences import has_words, pieces

FORBIDDEN = frozenset(
    {
        # Threats: if something is mandatory, the official letter says so, never the bot.
        *("verplicht", "verplichte", "maatregel", "maatregelen", "boete", "boetes", "boeten"),
        *("korting", "kortingen", "sanctie", "sancties", "controle", "controles"),
        # Why somebody is a client: a phone is shared, and a lock screen is read by others.
        *("uitkering", "uitkeringen", "zorg", "trauma", "trauma's", "schulden"),
    }
)
"""The words that the bot's messages never use to clients (domain.md 3.0)."""

LONG_TEXT = 350
"""Characters; above this many a text is hard to read for who is learning to."""
LONG_SENTENCE = 12
"""Words; the same for a sentence."""

_ECHO_WORDS = 4
_SHORT_TEXT = 30
_QUOTED = 60
_LENGTHS = 3

_ENDS = "nl|com|org|net|eu|be|de|info|amsterdam|frl|io|me|app"
# Each alternative begins only where its run begins, which keeps the search linear. Before it may
# stand letters of another script: in Tigrinya and Arabic a short word is one with the next.
_LINK = re.compile(
    r"(?<![a-z0-9])[a-z][a-z0-9+]{0,11}://[^\s<>]+"
    r"|(?<![a-z0-9_@.-])(?:www\."
    rf"|(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:{_ENDS})(?![\w.-]*[\w@]))[^\s<>]*",
    re.IGNORECASE,
)
_LINK_ENDS = ".,;:!?…)]}»”’'\"،؛؟۔።፣፤፥፧"
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
# The dots decide: what ends in a letter pair or a known ending is an address.
_HOST = re.compile(
    r"(?<![a-z0-9_@.-])(?:[a-z0-9-]*[a-z][a-z0-9-]*\.)+(?P<end>[a-z]{2,12})(?![a-z0-9_@-])",
    re.IGNORECASE | re.ASCII,
)
_MORE_ENDS = frozenset(
    f"{_ENDS}|uk|eu|su|biz|xyz|top|site|online|club|shop|dev|page|link|live|store|click|website|"
    "space|icu|vip|pro|mobi|gov|edu|work|fun|today|news|cc|tk|ly".split("|")
)
_WORDS_TOO = (
    "in it is my no so at be do to am as by me us top site online club shop page link live store "
    "click website space pro work fun today news app info"
)
_ENDS_OR_WORDS = frozenset(_WORDS_TOO.split())
"""Ends that may also begin the next sentence, where somebody forgot the space: "office.It"."""
_HANDLE = re.compile(r"(?<![a-z0-9_.@/])@[a-z]\w{3,31}", re.IGNORECASE | re.ASCII)
_TURNS = re.compile("[\u202a-\u202e]")
# As people write it; any nine digits would take a date and a number after it for one.
_NINE_DIGITS = re.compile(
    r"(?<!\d)(?:\d{9}|\d{3}([ .-])\d{3}\1\d{3}|\d{4}([ .-])\d{2}\2\d{3})(?!\d)", re.ASCII
)
# Grouped in another way, with one sign between all; among more groups it is something else.
_NINE_IN_GROUPS = re.compile(
    r"(?<!\d)(?<!\d[ .-])(?=(?:\d[ .-]?){8}\d(?![ .-]?\d))\d{2,5}([ .-])\d{2,5}(?:\1\d{2,5}){1,2}"
    r"(?!\d)",
    re.ASCII,
)
_NINE_BY_NAME = re.compile(
    r"(?:\bbsn|burgerservicenummer|sofinummer)\D{0,15}((?:\d[ ./-]{0,2}){8}\d)(?!\d)",
    re.IGNORECASE | re.ASCII,
)
_COUNTRY = re.compile(r"(?:\+|00)\d{1,3}[ .-]?$", re.ASCII)
_COUNTRY_ROOM = 6
_IBAN = re.compile(
    r"(?<!\w)[A-Z]{2}[ .-]?\d{2}(?:[ .-]?[A-Z0-9]){11,30}(?!\w)", re.IGNORECASE | re.ASCII
)
_IBAN_LENGTH = range(15, 35)
_IBAN_GAP = re.compile(r"[ .-]")
_NARROW_SPACES = dict.fromkeys(map(ord, "\xa0\u2007\u2009\u202f"), " ")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_BSN_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)

# Words that one language has and its rival has not, or has far less often.
_SIGNS: Mapping[str, re.Pattern[str]] = {
    "nl": re.compile(
        "de|het|een|en|van|naar|om|te|niet|wij|u|uw|je|jij|ik|op|voor|met|aan|bij|zijn|dat|ook"
        "|maar|als|er|nog|wordt|kunt|heeft|hebben|geen|deze|moet|komt|ons|onze|uit|tot"
    ),
    "en": re.compile(
        "the|an|and|to|you|your|are|for|with|at|on|be|not|this|that|please|our|it|will|can|from"
        "|by|or|if|have|has|do|they|there|of"
    ),
    "ar": re.compile(
        r"[وبفك]?ال\w{3,}|و?لل\w{3,}|\w{2,}ة|في|إلى|الى|هذا|هذه|التي|الذي|لكم|يرجى|على|عن|مع"
    ),
    "fa": re.compile(
        r"\w*[پچژگ]\w*|از|در|را|که|است|با|برای|می\w*|نمی\w*|شما|های|هستید|کنید|تان|این|آن|به"
    ),
    "am": re.compile("ነው|ወደ|እና|ውስጥ|ናቸው|እባክዎ|እባክዎን|ላይ|ይህ|አይደለም|ይምጡ|ሁሉም"),
    "ti": re.compile(r"እዩ|እያ|እዮም|ኢና|ኢኹም|ናብ\w*|ካብ\w*|ኣብ\w*|ናይ|እቲ|እታ|እዚ|\w*[ቐ-ቝ]\w*|ን\w+"),
}
_RIVALS: Mapping[str, tuple[str, ...]] = {
    "nl": ("en",), "en": ("nl",), "ar": ("fa",), "fa": ("ar",), "ti": ("am",),
}  # fmt: skip
_SURE, _FAR_MORE = 3, 5
_PAIR = 2


class FaultKind(StrEnum):
    """What can be wrong with words."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    """More than fits in one message."""
    WORD = "word"
    """A word that is never said to clients."""
    BSN = "bsn"
    IBAN = "iban"
    BAD_LINK = "bad_link"
    NUMBER = "number"
    TIME = "time"
    DATE = "date"
    AMOUNT = "amount"
    PHONE = "phone"
    """These five: it stands in the source, and not in the translation."""
    CURRENCY = "currency"
    """The translation speaks of other money."""
    DIGITS = "digits"
    """Figures of several scripts through one another."""
    LINK = "link"
    EMAIL = "email"
    STRANGE_LINK = "strange_link"
    """A link, address, time or telephone number, or a hidden sign that turns the line around,
    that the source does not have."""
    SCRIPT = "script"
    """Most letters or words are not those of the language."""
    ECHO = "echo"
    """It, or a sentence of it, was not translated."""
    SHORT = "short"
    LONG = "long"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Something wrong with a text, and the words it is about, if any."""

    kind: FaultKind
    what: str = ""

    def __str__(self) -> str:
        """Return it as it is kept."""
        return f"{self.kind}:{self.what}"

    @classmethod
    def read(cls, kept: str) -> "Fault":
        """Return what `str` wrote down."""
        kind, _, what = kept.partition(":")
        return cls(FaultKind(kind), what)


_KINDS = {
    FigureKind.NUMBER: FaultKind.NUMBER,
    FigureKind.TIME: FaultKind.TIME,
    FigureKind.DATE: FaultKind.DATE,
    FigureKind.AMOUNT: FaultKind.AMOUNT,
    FigureKind.PHONE: FaultKind.PHONE,
}


def faults(source: str, translation: str, target: Language) -> frozenset[Fault]:
    """Return what is wrong with a translation; nobody may approve one that has any fault."""
    if not translation.strip():
        return frozenset({Fault(FaultKind.EMPTY)})
    found = {*_changed_links(source, translation), *_changed_figures(source, translation, target)}
    turns = set(_TURNS.findall(translation))
    found.update(Fault(FaultKind.STRANGE_LINK, f"U+{ord(sign):X}") for sign in turns)
    if has_words(source):
        found.update(_wrong_words(source, translation, target))
    found.update(_wrong_length(source, translation))
    found.update(_repeated(source, translation))
    return frozenset(found)


def refusals(text: str) -> tuple[Fault, ...]:
    """Return why a Dutch text cannot be sent to many, each once, in the order of the text."""
    if not text.strip():
        return (Fault(FaultKind.EMPTY),)
    words = (
        Fault(FaultKind.WORD, word)
        for word in _WORD.findall(unicodedata.normalize("NFKC", figures.with_plain_digits(text)))
        if word.casefold().replace("’", "'") in FORBIDDEN
    )
    return (*dict.fromkeys(words), *private_faults(text))


def private_faults(text: str) -> tuple[Fault, ...]:
    """Return what may stand in no text to many, in whatever language: numbers and bad links."""
    links = [match[0].rstrip(_LINK_ENDS) for match in _LINK.finditer(text)]
    plain = _LINK.sub(" ", figures.with_plain_digits(text).translate(_NARROW_SPACES))
    numbers = (
        *(Fault(FaultKind.BSN, found) for found in _bsns(plain)),
        *(Fault(FaultKind.IBAN, found) for found in _ibans(plain)),
    )
    bad = (Fault(FaultKind.BAD_LINK, link) for link in links if fault_of_link(_whole(link)))
    return tuple(dict.fromkeys((*numbers, *bad)))


def is_long(text: str) -> bool:
    """Tell whether a text is longer than people read easily."""
    return len(text) > LONG_TEXT


def long_sentences(text: str) -> tuple[str, ...]:
    """Return the sentences that have more words than people read easily."""
    found = (piece.text for piece in pieces(text) if piece.is_sentence)
    return tuple(each for each in found if len(each.split()) > LONG_SENTENCE)


def shortened(words: str, most: int = _QUOTED) -> str:
    """Return the beginning of what somebody wrote, to recognise it by."""
    line = " ".join(words.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


# -- links ----------------------------------------------------------------------------------------


def _links(text: str) -> list[str]:
    """Return the links of a text; scheme and host do not depend on capitals."""
    found = []
    for match in _LINK.finditer(text):
        scheme, mark, rest = match[0].rstrip(_LINK_ENDS).rpartition("://")
        host, slash, path = rest.partition("/")
        found.append(f"{scheme.lower()}{mark}{host.lower()}{slash}{path}")
    return found


def _whole(link: str) -> str:
    return link if "://" in link else f"https://{link}"


def _without_addresses(text: str) -> str:
    return _LINK.sub(" ", _EMAIL.sub(" ", text))


def _changed_links(source: str, translation: str) -> Iterator[Fault]:
    there, kept = Counter(_links(source)), Counter(_links(translation))
    yield from (Fault(FaultKind.LINK, link) for link in there - kept)
    mails = Counter(map(str.lower, _EMAIL.findall(source)))
    kept_mails = Counter(map(str.lower, _EMAIL.findall(translation)))
    yield from (Fault(FaultKind.EMAIL, mail) for mail in mails - kept_mails)
    strange = (kept.keys() - there.keys()) | (kept_mails.keys() - mails.keys())
    strange |= _names(_without_addresses(translation)) - _names(source)
    yield from (Fault(FaultKind.STRANGE_LINK, link) for link in strange)


@cache
def _ends_of_hosts() -> frozenset[str]:
    countries = (str(code).lower() for code in Locale("en").territories)
    return _MORE_ENDS | {code for code in countries if len(code) == _PAIR and code.isalpha()}


def _names(text: str) -> set[str]:
    """Return the bare hosts and the @names of a text, in small letters."""
    ends = _ends_of_hosts()
    hosts = {
        match[0].lower()
        for match in _HOST.finditer(text)
        if match["end"].lower() in ends
        and not (match["end"].istitle() and match["end"].lower() in _ENDS_OR_WORDS)
    }
    return hosts | {match[0].lower() for match in _HANDLE.finditer(text)}


# -- figures --------------------------------------------------------------------------------------


def _changed_figures(source: str, translation: str, target: Language) -> Iterator[Fault]:
    source, translation = _without_addresses(source), _without_addresses(translation)
    missing = tuple(figures.missing(source, translation, target))
    for figure in missing:
        yield Fault(_KINDS[figure.kind], figure.words)
    if figures.mixes_digits(translation):
        yield Fault(FaultKind.DIGITS)
    changed = {figure.kind for figure in missing}
    for kind, words in figures.added(source, translation):
        # Where one is missing, this is what became of it.
        if kind not in changed:
            yield Fault(FaultKind.STRANGE_LINK, words)
    for sign in figures.strange_money(source, translation):
        yield Fault(FaultKind.CURRENCY, sign)


def _bsns(text: str) -> Iterator[str]:
    for match in chain(_NINE_DIGITS.finditer(text), _NINE_IN_GROUPS.finditer(text)):
        before = text[max(0, match.start() - _COUNTRY_ROOM) : match.start()]
        if _is_bsn(match[0]) and not _COUNTRY.search(before):
            yield match[0]
    yield from (found for found in _NINE_BY_NAME.findall(text) if _is_bsn(found))


def _is_bsn(words: str) -> bool:
    """Tell whether nine digits pass the check of a burgerservicenummer."""
    digits = [int(each) for each in words if each.isdigit()]
    if len(digits) != len(_BSN_WEIGHTS):
        return False
    total = sum(digit * weight for digit, weight in zip(digits, _BSN_WEIGHTS, strict=True))
    return any(digits) and total % 11 == 0


def _ibans(text: str) -> Iterator[str]:
    place = 0
    while match := _IBAN.search(text, place):
        found = _iban(match[0])
        if found:
            yield found
        place = match.start() + max(len(found), 1)


def _iban(words: str) -> str:
    """Return the account number with which these words begin; what follows may look like it."""
    ends = [gap.start() for gap in _IBAN_GAP.finditer(words)]
    for end in (len(words), *reversed(ends)):
        number = _IBAN_GAP.sub("", words[:end]).upper()
        moved = number[4:] + number[:4]
        if len(number) not in _IBAN_LENGTH:
            continue
        if int("".join(str(int(sign, 36)) for sign in moved)) % 97 == 1:
            return words[:end]
    return ""


# -- words ----------------------------------------------------------------------------------------


def _sentences(text: str) -> list[str]:
    return [piece.text for piece in pieces(text) if piece.is_sentence]


def _key(text: str) -> str:
    """Return a sentence as it is compared: what surrounds the words does not count."""
    plain = figures.with_plain_digits(text).casefold()
    return " ".join("".join(s if s.isalnum() else " " for s in plain).split())


def _wrong_words(source: str, translation: str, target: Language) -> Iterator[Fault]:
    script = script_of_language(target)
    kept = frozenset[str]() if script == "latn" else frozenset(source.split())
    # A name or street stays as it is, and may have more letters than the rest.
    own = [w for w in _without_addresses(translation).split() if w not in kept or w[0].islower()]
    if script_of(" ".join(own)) != script:
        yield Fault(FaultKind.SCRIPT)
    elif rival := _rival(own, target):
        yield Fault(FaultKind.ECHO if rival == "nl" else FaultKind.SCRIPT)
    if _key(source) == _key(translation):
        yield Fault(FaultKind.ECHO)
        return
    there = {_key(sentence) for sentence in _sentences(source) if _is_prose(sentence)}
    for sentence in _sentences(translation):
        if _key(sentence) in there:
            yield Fault(FaultKind.ECHO, shortened(sentence))


def _rival(words: list[str], target: Language) -> str | None:
    """Return the language in which a text surely is, instead of its own of the same script."""

    def count(code: str) -> int:
        return sum(_SIGNS[code].fullmatch(word) is not None for word in plain)

    plain = _WORD.findall(_with_own_letters(" ".join(words)))
    for rival in _RIVALS.get(base(target), ()):
        if (sure := count(rival)) >= _SURE and sure > _FAR_MORE * count(base(target)):
            return rival
    return None


def _with_own_letters(text: str) -> str:
    """Return a text in small letters, without hidden marks and vowel signs."""
    signs = unicodedata.normalize("NFC", figures.with_plain_digits(text).casefold())
    return "".join(sign for sign in signs if unicodedata.category(sign) != "Mn")


def _is_prose(sentence: str) -> bool:
    """Tell whether a sentence must change in another language; an address need not."""
    small = [word for word in _without_addresses(sentence).split() if word[0].islower()]
    return len(small) >= _ECHO_WORDS


def _wrong_length(source: str, translation: str) -> Iterator[Fault]:
    before = len(" ".join(_without_addresses(source).split()))
    after = len(" ".join(_without_addresses(translation).split()))
    if before > _SHORT_TEXT and after * _LENGTHS < before:
        yield Fault(FaultKind.SHORT)
    if after > max(before, _SHORT_TEXT) * _LENGTHS:
        yield Fault(FaultKind.LONG)


def _repeated(source: str, translation: str) -> Iterator[Fault]:
    before = Counter(filter(None, map(_key, _sentences(source))))
    after = Counter(filter(None, map(_key, _sentences(translation))))
    most = max(before.values(), default=1)
    for sentence, count in after.items():
        if count > most:
            yield Fault(FaultKind.REPEATED, shortened(sentence))
