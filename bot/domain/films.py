"""Info films: a theme, and for each language a title and a link."""

import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NewType
from urllib.parse import urlsplit

from bot.domain.ids import FilmId
from bot.domain.languages import (
    ARABIC,
    DARI,
    DUTCH,
    DUTCH_NAMES,
    ENGLISH,
    FARSI,
    KNOWN,
    TIGRINYA,
    Language,
    base,
)

FilmVersionId = NewType("FilmVersionId", int)

FILM_LANGUAGES: tuple[Language, ...] = (DUTCH, ENGLISH, ARABIC, FARSI, DARI, TIGRINYA)
"""In which languages a version may be: each as it is spoken, whatever it calls the months."""

CODE_LIMIT = 40
TITLE_LIMIT = 120
LINK_LIMIT = 500
MINUTES_LIMIT = 240

_LOCAL_ENDS = (
    ".local",
    ".localhost",
    ".localdomain",
    ".internal",
    ".intranet",
    ".lan",
    ".home",
    ".corp",
    ".arpa",
)
_WEB_PORTS = frozenset({None, 80, 443})
_HOST = re.compile(r"[\w-]+(\.[\w-]+)*")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
"""Addresses that stand for an IPv4 address where a network has only IPv6."""


class Theme(StrEnum):
    """What a film is about; nothing that tells why somebody is a client."""

    INTEGRATION = "integration"
    WORK = "work"
    PARTICIPATION = "participation"
    LANGUAGE = "language"
    EDUCATION = "education"
    DAILY_LIFE = "daily_life"


class LinkHealth(StrEnum):
    """What was seen when a link was last tried."""

    UNCHECKED = "unchecked"
    WORKS = "works"
    GONE = "gone"
    """The site answered that there is nothing (any more)."""
    UNSURE = "unsure"
    """No answer that says anything: no network, a refusal, a server in trouble."""


class LinkFault(StrEnum):
    """Why a link cannot be sent to anybody."""

    NO_LINK = "no_link"
    """Not an address that begins with https:// or http:// and names a site."""
    PRIVATE = "private"
    """An address inside somebody's own network, which no phone outside can open."""
    PORT = "port"
    """It names a port other than those of the web, which many networks do not let through."""
    TOO_LONG = "too_long"
    CREDENTIALS = "credentials"
    """It carries a user name or password."""


class TitleFault(StrEnum):
    """Why a title cannot be shown."""

    NO_TITLE = "no_title"
    TITLE_TOO_LONG = "title_too_long"


@dataclass(frozen=True, slots=True)
class FilmVersion:
    """A film in one language."""

    language: Language
    title: str
    link: str
    health: LinkHealth = LinkHealth.UNCHECKED


@dataclass(frozen=True, slots=True)
class Film:
    """An info film with its versions; `code` is its short name in lists and files."""

    id: FilmId
    code: str
    theme: Theme
    minutes: int
    valid_until: date | None
    """The last day on which it may still be sent; None for as long as it stands there."""
    versions: tuple[FilmVersion, ...]

    def is_valid(self, today: date) -> bool:
        """Tell whether it may still be sent."""
        return self.valid_until is None or today <= self.valid_until

    @property
    def title(self) -> str:
        """What staff call it: the Dutch title, or else that of another version."""
        titles = [each.title for lang in FILM_LANGUAGES if (each := self.version(lang))]
        return titles[0] if titles else self.code

    @property
    def languages(self) -> frozenset[Language]:
        """In which languages there is a version."""
        return frozenset(version.language for version in self.versions)

    def version(self, language: Language) -> FilmVersion | None:
        """Return the version in exactly this language."""
        return next((each for each in self.versions if each.language == language), None)


def fault_of_title(text: str) -> TitleFault | None:
    """Return what is wrong with a title; None when it may be shown."""
    if not any(sign.isalnum() for sign in text):
        return TitleFault.NO_TITLE
    return TitleFault.TITLE_TOO_LONG if len(text) > TITLE_LIMIT else None


def fault_of_link(text: str) -> LinkFault | None:
    """Return what is wrong with a link, by its form alone; None when it may be sent."""
    if len(text) > LINK_LIMIT:
        return LinkFault.TOO_LONG
    if set(text) & set('<>"\\') or any(_is_unseen(sign) for sign in text):
        return LinkFault.NO_LINK
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return LinkFault.NO_LINK
    host = _spelt_out(parts.hostname or "")
    if parts.scheme not in {"https", "http"} or not host:
        return LinkFault.NO_LINK
    if parts.username is not None or parts.password is not None:
        return LinkFault.CREDENTIALS
    if is_private_host(host):
        return LinkFault.PRIVATE
    if "[" in parts.netloc:
        # Between brackets stands an address, whatever it looks like without them.
        return LinkFault.NO_LINK
    if not _HOST.fullmatch(host) or "." not in host:
        return LinkFault.NO_LINK
    return None if port in _WEB_PORTS else LinkFault.PORT


def is_private_host(host: str) -> bool:
    """Tell whether a host name or address leads into somebody's own network or machine."""
    name = _spelt_out(host.strip("[]"))
    if name == "localhost" or name.endswith(_LOCAL_ENDS):
        return True
    return is_private_address(name) if _looks_numeric(name) else False


def is_private_address(address: str) -> bool:
    """Tell whether an IP address is not one of the public internet; so is what is no address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return True
    if isinstance(found, ipaddress.IPv6Address):
        inner = _inner(found)
        if inner is None:
            return found not in _GLOBAL_UNICAST or not found.is_global
        found = inner
    return found.is_multicast or not found.is_global


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address for which one of IPv6 only stands."""
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _spelt_out(host: str) -> str:
    """Return a host as a browser reads it: other ways to write a letter, digit or dot count."""
    return unicodedata.normalize("NFKC", host).replace("。", ".").rstrip(".").lower()


def _is_unseen(sign: str) -> bool:
    """Tell whether a character shows nothing, so that nobody sees what a link really says."""
    return sign.isspace() or unicodedata.category(sign) in {"Cc", "Cf", "Co", "Cs", "Cn"}


def _looks_numeric(host: str) -> bool:
    """Tell whether a host is written as a number; browsers read 0x7f.1 as an address too."""
    last = host.rsplit(".", 1)[-1]
    return ":" in host or last.isdigit() or last.startswith("0x")


def film_language(code: str) -> Language | None:
    """Return the language of a version that somebody names by its code; None when unknown."""
    wanted = code.replace("-", "_").lower()
    known = next((each for each in KNOWN if each.lower() == wanted), None)
    return known if known is None or known in FILM_LANGUAGES else base(known)


def language_for(offered: Iterable[Language], reads: Sequence[Language]) -> Language | None:
    """Return which of the offered languages somebody is given, by the order in which she reads.

    A variant serves for its language and the other way round: somebody who reads `ar_SY` is given
    `ar`, and Dari is given where Farsi is wanted and there is no better.
    """
    there = tuple(offered)
    for wanted in reads:
        if wanted in there:
            return wanted
        if base(wanted) in there:
            return base(wanted)
        for each in there:
            if base(each) == base(wanted):
                return each
    return None


def is_other_language(shown: Language, own: Language) -> bool:
    """Tell whether a reader is to be told that something is not in her own language.

    Arabic with other month names is the same language; Farsi is not Dari.
    """
    return DUTCH_NAMES[shown] != DUTCH_NAMES[own]
