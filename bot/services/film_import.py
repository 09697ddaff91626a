"""Films from a file: each good row in, each bad one named with its remedy."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from bot.domain.errors import ImportRowError
from bot.domain.films import (
    CODE_LIMIT,
    FILM_LANGUAGES,
    LINK_LIMIT,
    MINUTES_LIMIT,
    TITLE_LIMIT,
    Film,
    FilmVersion,
    LinkFault,
    Theme,
    TitleFault,
    fault_of_link,
    fault_of_title,
    film_language,
)
from bot.domain.languages import DUTCH, Language
from bot.services import film_changes
from bot.services.core import Core
from bot.services.tables import TableRow, read_table
from bot.storage import films as storage
from bot.storage import tasks
from bot.storage.database import Transaction

COLUMNS = ("film", "theme", "minutes", "valid_until", "language", "title", "link")
_PIECE = 200
"""So many rows a transaction takes, about."""

_PAUSE_SECONDS = 0.15
"""Longer than SQLite lets somebody who waits for its lock sleep between two looks at it."""

_DAY_FORMATS = ("%Y-%m-%d", "%d-%m-%Y")

_FAULTS: dict[LinkFault | TitleFault, str] = {
    LinkFault.NO_LINK: (
        "the link is no address of a web page. "
        "Write it whole, as it stands in the browser: https://www.example.org/film."
    ),
    LinkFault.PRIVATE: (
        "the link leads into a private network, which no client's phone can open. "
        "Put the film on the internet, and write that link."
    ),
    LinkFault.PORT: (
        "the link names a port (:8080 or the like), which many networks do not let through. "
        "Write a link without one."
    ),
    LinkFault.TOO_LONG: (
        f"the link has more than {LINK_LIMIT} characters. Use the short one of the share button."
    ),
    LinkFault.CREDENTIALS: (
        "the link carries a user name or password (what stands before @). Write it without."
    ),
    TitleFault.NO_TITLE: "the title has no words. Write the title in the language of the film.",
    TitleFault.TITLE_TOO_LONG: f"the title has more than {TITLE_LIMIT} characters. Shorten it.",
}


@dataclass(slots=True)
class FilmReport:
    """What became of a file: how many are new, changed or known already, and what is wrong."""

    films: int = 0
    versions: int = 0
    changed: int = 0
    known: int = 0
    problems: list[str] = field(default_factory=list)


_Own = Theme | int | date
"""What a column says of a film itself: its theme, its minutes, its last day."""


@dataclass(frozen=True, slots=True)
class _Row:
    """What a row says, and on which line what it leaves to another row of its film stands."""

    line: int
    code: str
    own: Mapping[str, tuple[int, _Own]]
    language: Language
    title: str
    link: str

    @property
    def facts(self) -> dict[tuple[str, str], tuple[int, _Own | str]]:
        """What no other row may contradict: of what, in which column, on which line and how."""
        film = f"film {self.code}"
        version = f"{film} in {self.language}"
        return {
            **{(film, name): found for name, found in self.own.items()},
            (version, "title"): (self.line, self.title),
            (version, "link"): (self.line, self.link),
        }


_Facts = dict[tuple[str, str], tuple[int, _Own | str]]


async def import_films(
    core: Core,
    content: str,
    now: datetime,
    *,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> FilmReport:
    """Take films from CSV text with the columns of COLUMNS, a row a version.

    What one row says of a film itself, its others need not repeat. What is known is changed where
    the file says otherwise, so that the same file twice changes nothing. A long file is taken in
    pieces, with a pause between them for whoever else must write; broken off, it is taken to its
    end by being taken again. Errors: ImportRowError when the heading is not as it must be.
    """
    report = FilmReport()
    rows, problems = read_table(content, COLUMNS)
    own = _own_of_films(core, rows)
    for number, piece in enumerate(_pieces(rows)):
        if number:
            await sleep(_PAUSE_SECONDS)
        async with core.database.transaction() as tx:
            for of_film in piece:
                await _take_film(core, tx, of_film, own, report, problems, now)
    async with core.database.transaction() as tx:
        await tasks.insert_audit(
            tx,
            actor="operator",
            action="films_import",
            about=f"films:{report.films} versions:{report.versions}",
            now=now,
        )
    report.problems = [f"Line {line}: {problem}" for line, problem in sorted(problems.items())]
    return report


def _pieces(rows: Sequence[TableRow]) -> Iterator[list[list[TableRow]]]:
    """Give the rows by film, in pieces that keep nobody else waiting; no film is cut in two."""
    by_film: dict[str, list[TableRow]] = {}
    for row in rows:
        by_film.setdefault(row.values["film"], []).append(row)
    piece: list[list[TableRow]] = []
    count = 0
    for of_film in by_film.values():
        piece.append(of_film)
        count += len(of_film)
        if count >= _PIECE:
            yield piece
            piece, count = [], 0
    if piece:
        yield piece


# --- what a row says -------------------------------------------------------------------------


def _own_of_films(core: Core, rows: Sequence[TableRow]) -> dict[tuple[str, str], tuple[int, _Own]]:
    """Return what is first said of each film itself, also on a row that cannot be taken."""
    found: dict[tuple[str, str], tuple[int, _Own]] = {}
    for row in rows:
        for name in _OF_FILM:
            if row.values[name]:
                with suppress(ImportRowError):
                    value = _OWN[name](core, row.values[name])
                    found.setdefault((row.values["film"], name), (row.line, value))
    return found


def _read(
    core: Core,
    row: TableRow,
    own: Mapping[tuple[str, str], tuple[int, _Own]],
    said: _Facts,
) -> _Row:
    """Return what a row says; errors: ImportRowError."""
    values = row.values
    code = values["film"]
    if not 1 <= len(code) <= CODE_LIMIT:
        msg = f"the film must have a short name of 1 to {CODE_LIMIT} characters. Mend it."
        raise ImportRowError(msg)
    language = film_language(values["language"])
    if language is None:
        msg = (
            f"language {values['language']!r} is not known. "
            f"Write one of {', '.join(FILM_LANGUAGES)}."
        )
        raise ImportRowError(msg)
    fault = fault_of_title(values["title"]) or fault_of_link(values["link"])
    if fault is not None:
        raise ImportRowError(_FAULTS[fault])
    meant: dict[str, tuple[int, _Own]] = {}
    for name in _OF_FILM:
        if values[name]:
            meant[name] = (row.line, _OWN[name](core, values[name]))
        elif (f"film {code}", name) not in said and (code, name) in own:
            meant[name] = own[code, name]
    return _Row(row.line, code, meant, language, values["title"], values["link"])


def _check_agrees(row: _Row, said: _Facts) -> None:
    for key, (_, value) in row.facts.items():
        line, earlier = said.get(key, (row.line, value))
        if earlier != value:
            about, name = key
            msg = (
                f"the {name.replace('_', ' ')} of {about} stands on line {line} as "
                f"{str(earlier)!r}, and here as {str(value)!r}. "
                "Write the same on both, or remove one."
            )
            raise ImportRowError(msg)


def _theme(core: Core, written: str) -> Theme:
    wanted = " ".join(written.replace("_", " ").split()).casefold()
    words = {theme: core.texts.label(f"theme.{theme}", DUTCH) for theme in Theme}
    for theme, dutch in words.items():
        if wanted in {theme.replace("_", " "), dutch.casefold()}:
            return theme
    known = ", ".join(f"{theme} ({dutch})" for theme, dutch in words.items())
    msg = f"theme {written!r} is not known. Write one of {known}."
    raise ImportRowError(msg)


def _minutes(_core: Core, written: str) -> int:
    digits = written.isascii() and written.isdigit() and len(written) <= len(str(MINUTES_LIMIT))
    if not digits or not 1 <= int(written) <= MINUTES_LIMIT:
        msg = f"minutes {written!r} must be a whole number from 1 to {MINUTES_LIMIT}."
        raise ImportRowError(msg)
    return int(written)


def _day(_core: Core, written: str) -> date:
    for form in _DAY_FORMATS:
        with suppress(ValueError):
            return datetime.strptime(written, form).replace(tzinfo=UTC).date()
    msg = (
        f"valid until {written!r} is no day. "
        "Write it as 2026-11-24 or 24-11-2026, or leave it empty."
    )
    raise ImportRowError(msg)


_OWN: Mapping[str, Callable[[Core, str], _Own]] = {
    "theme": _theme,
    "minutes": _minutes,
    "valid_until": _day,
}
_OF_FILM = tuple(_OWN)


# --- what is kept ----------------------------------------------------------------------------


async def _take_film(
    core: Core,
    tx: Transaction,
    rows: Sequence[TableRow],
    own: Mapping[tuple[str, str], tuple[int, _Own]],
    report: FilmReport,
    problems: dict[int, str],
    now: datetime,
) -> None:
    """Take the rows of one film; what is wrong with one of them is noted by its line."""
    said: _Facts = {}
    film = before = await storage.find_film(tx, rows[0].values["film"])
    withdrawn = film is not None and await storage.is_withdrawn(tx, film.id)
    for each in rows:
        try:
            row = _read(core, each, own, said)
            _check_agrees(row, said)
            _check_there(row, withdrawn=withdrawn)
            film = await _take(core, tx, row, film, report, now)
        except ImportRowError as error:
            problems[each.line] = str(error)
        else:
            said = row.facts | said
    if before is None or film is None:
        return
    if film.versions != before.versions:
        await storage.close_link_tasks(tx, film.id, now=now)
    # How long it may be sent is not what anybody reads in it.
    if replace(film, valid_until=before.valid_until) != before:
        await film_changes.follow(core, tx, film.id, now=now)


def _check_there(row: _Row, *, withdrawn: bool) -> None:
    if withdrawn:
        msg = (
            f"film {row.code} was withdrawn. Give this one another short name, or put that "
            "one back with /filmpjes in the chat first."
        )
        raise ImportRowError(msg)


async def _take(
    core: Core, tx: Transaction, row: _Row, film: Film | None, report: FilmReport, now: datetime
) -> Film:
    """Take a whole row and return its film, or raise ImportRowError before any of it is taken."""
    if film is None:
        present, changed = await _insert(core, tx, row, now), False
        report.films += 1
    else:
        present = await _update(tx, film, row)
        changed = present != film
    was = present.version(row.language)
    put = was is None or (was.title, was.link) != (row.title, row.link)
    if put:
        await storage.put_version(
            tx, present.id, language=row.language, title=row.title, link=row.link
        )
        others = (each for each in present.versions if each.language != row.language)
        version = FilmVersion(row.language, row.title, row.link)
        present = replace(present, versions=(*others, version))
    report.versions += was is None
    report.changed += changed or (put and was is not None)
    report.known += not put and not changed
    return present


def _film_values(row: _Row, film: Film | None) -> tuple[Theme, int, date | None]:
    """Return what a film is to be; errors: ImportRowError when a new one lacks something."""
    theme = film.theme if film else None
    minutes = film.minutes if film else None
    until = film.valid_until if film else None
    for _, value in row.own.values():
        if isinstance(value, Theme):
            theme = value
        elif isinstance(value, int):
            minutes = value
        else:
            until = value
    if theme is None or minutes is None:
        msg = (
            f"film {row.code} is new, so it needs a theme and minutes. "
            "Write both on its first row."
        )
        raise ImportRowError(msg)
    return theme, minutes, until


async def _insert(core: Core, tx: Transaction, row: _Row, now: datetime) -> Film:
    theme, minutes, until = _film_values(row, None)
    if until is not None and until < core.today(now):
        msg = (
            f"film {row.code} is new, and may be sent until {until}, which is past: nobody would "
            "ever see it. Write a later day, or leave it empty."
        )
        raise ImportRowError(msg)
    film_id = await storage.insert_film(
        tx, code=row.code, theme=theme, minutes=minutes, valid_until=until, now=now
    )
    assert film_id is not None  # noqa: S101 - it was not there a moment ago
    return Film(film_id, row.code, theme, minutes, until, ())


async def _update(tx: Transaction, film: Film, row: _Row) -> Film:
    """Change what is known of a film; the same is returned when it was known so."""
    theme, minutes, until = _film_values(row, film)
    changed = replace(film, theme=theme, minutes=minutes, valid_until=until)
    if changed != film:
        await storage.update_film(tx, film.id, theme=theme, minutes=minutes, valid_until=until)
    return changed
