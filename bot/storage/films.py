"""Info films with their versions, how their links do, and who wants no films."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from bot.domain.errors import NotFoundError
from bot.domain.films import Film, FilmVersion, FilmVersionId, LinkHealth, Theme
from bot.domain.ids import ClientId, FilmId
from bot.domain.languages import Language
from bot.domain.worklist import TaskKind
from bot.storage.broadcast_schema import film_versions, films
from bot.storage.database import Transaction, dialect_insert
from bot.storage.schema import clients, tasks

_FILM = (films.c.id, films.c.code, films.c.theme, films.c.minutes, films.c.valid_until)
_VERSION = (
    film_versions.c.film_id,
    film_versions.c.language,
    film_versions.c.title,
    film_versions.c.link,
    film_versions.c.health,
)


@dataclass(frozen=True, slots=True)
class LinkToTry:
    """A link that may be tried, as it is now."""

    version_id: FilmVersionId
    link: str


@dataclass(frozen=True, slots=True)
class TriedVersion:
    """A version of a film whose link was tried, and what was seen the time before."""

    film_id: FilmId
    code: str
    language: Language
    health: LinkHealth


# --- films -----------------------------------------------------------------------------------


async def _with_versions(tx: Transaction, rows: Collection[RowMapping]) -> list[Film]:
    """Return films with their versions, those in the order of their languages."""
    found: dict[FilmId, list[FilmVersion]] = defaultdict(list)
    if rows:
        ids = [row["id"] for row in rows]
        query = sa.select(*_VERSION).where(film_versions.c.film_id.in_(ids))
        for row in await tx.rows(query.order_by(film_versions.c.language)):
            values = dict(row)
            found[values.pop("film_id")].append(FilmVersion(**values))
    return [Film(**row, versions=tuple(found[row["id"]])) for row in rows]


async def get_film(tx: Transaction, film_id: FilmId) -> Film:
    """Return a film that must exist, withdrawn or not; errors: NotFoundError."""
    rows = await tx.rows(sa.select(*_FILM).where(films.c.id == film_id))
    if not rows:
        msg = f"There is no film {film_id}."
        raise NotFoundError(msg)
    return (await _with_versions(tx, rows))[0]


async def find_film(tx: Transaction, code: str) -> Film | None:
    """Return the film with this code, withdrawn or not, if there is one."""
    rows = await tx.rows(sa.select(*_FILM).where(films.c.code == code))
    return (await _with_versions(tx, rows))[0] if rows else None


async def list_films(
    tx: Transaction, *, valid_on: date | None = None, withdrawn: bool = False
) -> list[Film]:
    """Return the films that have a version and are not withdrawn, by theme and code.

    Only those that may still be sent on the day `valid_on`, when given; `withdrawn` asks for
    those that were taken out instead.
    """
    query = sa.select(*_FILM).where(
        films.c.withdrawn_at.is_not(None) if withdrawn else films.c.withdrawn_at.is_(None),
        sa.exists().where(film_versions.c.film_id == films.c.id),
    )
    if valid_on is not None:
        query = query.where(sa.or_(films.c.valid_until.is_(None), films.c.valid_until >= valid_on))
    found = await _with_versions(tx, await tx.rows(query))
    order = list(Theme)
    return sorted(found, key=lambda film: (order.index(film.theme), film.code))


async def insert_film(
    tx: Transaction,
    *,
    code: str,
    theme: Theme,
    minutes: int,
    valid_until: date | None = None,
    now: datetime,
) -> FilmId | None:
    """Add a film without versions; None when there is, or was, one with this code."""
    new = await tx.insert_if_new(
        films,
        ("code",),
        code=code,
        theme=theme,
        minutes=minutes,
        valid_until=valid_until,
        created_at=now,
    )
    if not new:
        return None
    return FilmId(await tx.number(sa.select(films.c.id).where(films.c.code == code)))


async def update_film(
    tx: Transaction, film_id: FilmId, *, theme: Theme, minutes: int, valid_until: date | None
) -> None:
    """Change what is known of a film."""
    await tx.run(
        sa.update(films)
        .where(films.c.id == film_id)
        .values(theme=theme, minutes=minutes, valid_until=valid_until)
    )


async def is_withdrawn(tx: Transaction, film_id: FilmId) -> bool:
    """Tell whether a film was taken out of the library."""
    query = sa.select(sa.func.count()).where(
        films.c.id == film_id, films.c.withdrawn_at.is_not(None)
    )
    return await tx.number(query) > 0


async def set_withdrawn(tx: Transaction, film_id: FilmId, at: datetime | None) -> bool:
    """Take a film out of the library, or put it back (None); False when it was so already."""
    was = films.c.withdrawn_at.is_(None) if at else films.c.withdrawn_at.is_not(None)
    changed = await tx.run(
        sa.update(films).where(films.c.id == film_id, was).values(withdrawn_at=at)
    )
    return changed.rowcount > 0


async def put_version(
    tx: Transaction, film_id: FilmId, *, language: Language, title: str, link: str
) -> bool:
    """Add or replace a film's version in a language; False when it was exactly so already.

    A link that changes has not been tried yet.
    """
    insert = dialect_insert(tx.dialect, film_versions).values(
        film_id=film_id,
        language=language,
        title=title,
        link=link,
        health=LinkHealth.UNCHECKED,
    )
    same = film_versions.c.link == insert.excluded.link
    put = insert.on_conflict_do_update(
        index_elements=["film_id", "language"],
        set_={
            "title": insert.excluded.title,
            "link": insert.excluded.link,
            "health": sa.case((same, film_versions.c.health), else_=insert.excluded.health),
            "checked_at": sa.case((same, film_versions.c.checked_at), else_=sa.null()),
        },
        where=sa.not_(sa.and_(same, film_versions.c.title == insert.excluded.title)),
    )
    return await tx.row(put.returning(film_versions.c.id)) is not None


# --- links -----------------------------------------------------------------------------------


async def list_due_links(
    tx: Transaction, *, tried_before: datetime, unsure_before: datetime, limit: int
) -> list[LinkToTry]:
    """Return which links are to be tried, those never tried first, then the longest ago.

    That is every link not tried since `tried_before`, or since `unsure_before` when that time
    said nothing; of films that are not withdrawn.
    """
    last = film_versions.c.checked_at
    rows = await tx.rows(
        sa.select(film_versions.c.id.label("version_id"), film_versions.c.link)
        .join(films, films.c.id == film_versions.c.film_id)
        .where(
            films.c.withdrawn_at.is_(None),
            sa.or_(
                last.is_(None),
                last <= tried_before,
                sa.and_(film_versions.c.health == LinkHealth.UNSURE, last <= unsure_before),
            ),
        )
        .order_by(last.is_not(None), last, film_versions.c.id)
        .limit(limit)
    )
    return [LinkToTry(**row) for row in rows]


async def find_tried(tx: Transaction, version_id: FilmVersionId, link: str) -> TriedVersion | None:
    """Return the version whose link was tried; None when it has another link by now."""
    row = await tx.row(
        sa.select(
            film_versions.c.film_id,
            films.c.code,
            film_versions.c.language,
            film_versions.c.health,
        )
        .join(films, films.c.id == film_versions.c.film_id)
        .where(
            film_versions.c.id == version_id,
            film_versions.c.link == link,
            films.c.withdrawn_at.is_(None),
        )
    )
    return TriedVersion(**row) if row else None


async def set_health(
    tx: Transaction, version_id: FilmVersionId, link: str, health: LinkHealth, at: datetime
) -> bool:
    """Note what was seen when a link was tried; False when the version has another by now."""
    changed = await tx.run(
        sa.update(film_versions)
        .where(film_versions.c.id == version_id, film_versions.c.link == link)
        .values(health=health, checked_at=at)
    )
    return changed.rowcount > 0


_IS_ABOUT = tasks.c.key.like(
    sa.literal(f"{TaskKind.LINK_GONE}:") + sa.cast(film_versions.c.id, sa.String) + ":%"
)
"""Asks whether a task's key names a version: the key begins `link_gone:<version>:`."""

_WELL = (LinkHealth.WORKS, LinkHealth.UNCHECKED)


async def has_link_task(tx: Transaction, version_id: FilmVersionId) -> bool:
    """Tell whether somebody still has the task to mend a version's link."""
    row = await tx.row(
        sa.select(tasks.c.id)
        .join(film_versions, _IS_ABOUT)
        .where(film_versions.c.id == version_id, tasks.c.done_at.is_(None))
        .limit(1)
    )
    return row is not None


async def close_link_tasks(tx: Transaction, film_id: FilmId, *, now: datetime) -> int:
    """Mark the tasks done about links of a film that work, are new, or that nobody is sent.

    What could not be told of a link mends nothing. Returns how many.
    """
    mended = (
        sa.exists()
        .where(
            film_versions.c.film_id == film_id,
            films.c.id == film_versions.c.film_id,
            _IS_ABOUT,
            sa.or_(film_versions.c.health.in_(_WELL), films.c.withdrawn_at.is_not(None)),
        )
        .correlate(tasks)
    )
    changed = await tx.run(
        sa.update(tasks)
        .where(tasks.c.kind == TaskKind.LINK_GONE, tasks.c.done_at.is_(None), mended)
        .values(done_at=now)
    )
    return changed.rowcount


async def list_tried(tx: Transaction, film_id: FilmId) -> dict[Language, datetime]:
    """Return when each link of a film was last tried, by language; those that were."""
    rows = await tx.rows(
        sa.select(film_versions.c.language, film_versions.c.checked_at).where(
            film_versions.c.film_id == film_id, film_versions.c.checked_at.is_not(None)
        )
    )
    return {row["language"]: row["checked_at"] for row in rows}


# --- who wants them --------------------------------------------------------------------------


async def set_films_opted_out(tx: Transaction, client_id: ClientId, at: datetime | None) -> None:
    """Note since when a client wants no films; None when she wants them (again)."""
    await tx.run(sa.update(clients).where(clients.c.id == client_id).values(films_opted_out_at=at))


async def films_opted_out(tx: Transaction, client_id: ClientId) -> bool:
    """Tell whether a client wants no films."""
    query = sa.select(sa.func.count()).where(
        clients.c.id == client_id, clients.c.films_opted_out_at.is_not(None)
    )
    return await tx.number(query) > 0


async def get_reading(tx: Transaction, client_id: ClientId) -> tuple[Language, ...]:
    """Return what a client reads: her own language, then her others, the best first."""
    row = await _languages_of(tx, client_id)
    return tuple(dict.fromkeys((row["language"], *(row["other_languages"] or ()))))


async def get_other_languages(tx: Transaction, client_id: ClientId) -> tuple[Language, ...]:
    """Return what a client has said she reads besides her own language; none when nothing."""
    return tuple((await _languages_of(tx, client_id))["other_languages"] or ())


async def _languages_of(tx: Transaction, client_id: ClientId) -> RowMapping:
    row = await tx.row(
        sa.select(clients.c.language, clients.c.other_languages).where(clients.c.id == client_id)
    )
    if row is None:
        msg = f"There is no client {client_id}."
        raise NotFoundError(msg)
    return row
