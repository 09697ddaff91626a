"""Films with their versions, how their links do, and who wants no films, on both engines."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from bot.domain.errors import NotFoundError
from bot.domain.films import Film, FilmVersion, FilmVersionId, LinkHealth, Theme
from bot.domain.ids import ClientId, FilmId
from bot.domain.languages import ARABIC, DUTCH, ENGLISH, FARSI, TIGRINYA, Language
from bot.domain.worklist import TaskKind
from bot.storage import films, tasks
from bot.storage.broadcast_schema import film_versions
from bot.storage.database import Database, Transaction
from bot.storage.films import LinkToTry
from bot.storage.schema import clients
from tests.cast import KHALED, SELAM
from tests.storage.rows import NOW, insert_cast

TODAY = NOW.date()
DAY = timedelta(days=1)
LINK = "https://example.org/"


async def add(
    tx: Transaction,
    code: str,
    *languages: Language,
    theme: Theme = Theme.WORK,
    valid_until: date | None = None,
) -> FilmId:
    """Store a film with a version in each language."""
    film_id = await films.insert_film(
        tx, code=code, theme=theme, minutes=4, valid_until=valid_until, now=NOW
    )
    assert film_id is not None
    for language in languages:
        await films.put_version(
            tx, film_id, language=language, title=f"{code} {language}", link=LINK + code + language
        )
    return film_id


async def version_ids(tx: Transaction) -> dict[str, FilmVersionId]:
    """Return the versions by their links."""
    rows = await tx.rows(sa.select(film_versions.c.id, film_versions.c.link))
    return {row["link"].removeprefix(LINK): row["id"] for row in rows}


async def due(tx: Transaction, *, limit: int = 10, days: int = 0) -> list[str]:
    """Return the links to be tried so many days from now, by their ends."""
    at = NOW + days * DAY
    found = await films.list_due_links(
        tx, tried_before=at - 7 * DAY, unsure_before=at - DAY, limit=limit
    )
    return [each.link.removeprefix(LINK) for each in found]


# --- films -----------------------------------------------------------------------------------


async def test_a_film_comes_back_with_its_versions(database: Database) -> None:
    async with database.transaction() as tx:
        film_id = await add(tx, "bus", DUTCH, ARABIC, valid_until=date(2026, 12, 31))
        film = await films.get_film(tx, film_id)
        found = await films.find_film(tx, "bus")
    assert film == found
    assert film == Film(
        film_id,
        "bus",
        Theme.WORK,
        4,
        date(2026, 12, 31),
        (
            FilmVersion(ARABIC, "bus ar", "https://example.org/busar"),
            FilmVersion(DUTCH, "bus nl", "https://example.org/busnl"),
        ),
    )


async def test_a_film_that_is_not_there_is_told_so(database: Database) -> None:
    async with database.transaction() as tx:
        assert await films.find_film(tx, "bus") is None
        with pytest.raises(NotFoundError, match="no film 7"):
            await films.get_film(tx, FilmId(7))


async def test_two_films_never_have_one_code(database: Database) -> None:
    async with database.transaction() as tx:
        film_id = await add(tx, "bus", DUTCH)
        await films.set_withdrawn(tx, film_id, NOW)
        again = await films.insert_film(tx, code="bus", theme=Theme.LANGUAGE, minutes=9, now=NOW)
        kept = await films.get_film(tx, film_id)
    assert again is None
    assert (kept.theme, kept.minutes) == (Theme.WORK, 4)


async def test_films_are_listed_by_theme_and_code(database: Database) -> None:
    async with database.transaction() as tx:
        await add(tx, "b", DUTCH, theme=Theme.DAILY_LIFE)
        await add(tx, "c", DUTCH, theme=Theme.INTEGRATION)
        await add(tx, "a", DUTCH, theme=Theme.DAILY_LIFE)
        found = await films.list_films(tx)
    assert [film.code for film in found] == ["c", "a", "b"]


async def test_a_film_without_versions_or_withdrawn_is_not_listed(database: Database) -> None:
    async with database.transaction() as tx:
        await add(tx, "empty")
        await add(tx, "there", DUTCH)
        gone = await add(tx, "gone", DUTCH)
        await films.set_withdrawn(tx, gone, NOW)
        listed = await films.list_films(tx)
        taken_out = await films.list_films(tx, withdrawn=True)
    assert [film.code for film in listed] == ["there"]
    assert [film.code for film in taken_out] == ["gone"]


async def test_a_film_is_listed_up_to_and_including_its_last_day(database: Database) -> None:
    async with database.transaction() as tx:
        await add(tx, "today", DUTCH, valid_until=TODAY)
        await add(tx, "ever", DUTCH)
        on_the_day = await films.list_films(tx, valid_on=TODAY)
        after = await films.list_films(tx, valid_on=TODAY + DAY)
        all_of_them = await films.list_films(tx)
    assert [film.code for film in on_the_day] == ["ever", "today"]
    assert [film.code for film in after] == ["ever"]
    assert len(all_of_them) == 2


async def test_a_film_is_withdrawn_once_and_put_back_once(database: Database) -> None:
    async with database.transaction() as tx:
        film_id = await add(tx, "bus", DUTCH)
        assert not await films.is_withdrawn(tx, film_id)
        assert not await films.set_withdrawn(tx, film_id, None)
        assert await films.set_withdrawn(tx, film_id, NOW)
        assert not await films.set_withdrawn(tx, film_id, NOW + DAY)
        assert await films.is_withdrawn(tx, film_id)
        assert (await films.get_film(tx, film_id)).code == "bus"
        assert await films.set_withdrawn(tx, film_id, None)
        assert not await films.is_withdrawn(tx, film_id)


async def test_what_is_known_of_a_film_can_change(database: Database) -> None:
    async with database.transaction() as tx:
        film_id = await add(tx, "bus", DUTCH)
        other = await add(tx, "trein", DUTCH)
        await films.update_film(
            tx, film_id, theme=Theme.LANGUAGE, minutes=9, valid_until=date(2027, 1, 1)
        )
        film, kept = await films.get_film(tx, film_id), await films.get_film(tx, other)
    assert (film.theme, film.minutes, film.valid_until) == (
        Theme.LANGUAGE,
        9,
        date(2027, 1, 1),
    )
    assert (kept.theme, kept.minutes, kept.valid_until) == (Theme.WORK, 4, None)


# --- versions --------------------------------------------------------------------------------


async def test_a_version_is_put_once_and_replaced_when_it_differs(database: Database) -> None:
    async with database.transaction() as tx:
        film_id = await add(tx, "bus")
        put = films.put_version
        assert await put(tx, film_id, language=DUTCH, title="Bus", link=LINK)
        assert not await put(tx, film_id, language=DUTCH, title="Bus", link=LINK)
        assert await put(tx, film_id, language=DUTCH, title="De bus", link=LINK)
        assert await put(tx, film_id, language=DUTCH, title="De bus", link=LINK + "2")
        film = await films.get_film(tx, film_id)
    assert film.versions == (FilmVersion(DUTCH, "De bus", LINK + "2"),)


async def test_only_a_link_that_changes_is_to_be_tried_anew(database: Database) -> None:
    async with database.transaction() as tx:
        film_id = await add(tx, "bus", DUTCH)
        version_id, link = (await version_ids(tx))["busnl"], LINK + "busnl"
        await films.set_health(tx, version_id, link, LinkHealth.WORKS, NOW)
        await films.put_version(tx, film_id, language=DUTCH, title="Anders", link=link)
        [kept] = (await films.get_film(tx, film_id)).versions
        kept_tried = await films.list_tried(tx, film_id)
        await films.put_version(tx, film_id, language=DUTCH, title="Anders", link=LINK)
        [changed] = (await films.get_film(tx, film_id)).versions
        changed_tried = await films.list_tried(tx, film_id)
    assert (kept.title, kept.health, kept_tried) == ("Anders", LinkHealth.WORKS, {DUTCH: NOW})
    assert (changed.link, changed.health, changed_tried) == (LINK, LinkHealth.UNCHECKED, {})


# --- links -----------------------------------------------------------------------------------


async def test_links_never_tried_come_first_then_the_longest_ago(database: Database) -> None:
    async with database.transaction() as tx:
        await add(tx, "a", DUTCH, ARABIC, ENGLISH)
        ids = await version_ids(tx)
        for name, days in (("anl", 8), ("aar", 9)):
            link = LINK + name
            await films.set_health(tx, ids[name], link, LinkHealth.WORKS, NOW - days * DAY)
        assert await due(tx) == ["aen", "aar", "anl"]
        assert await due(tx, limit=2) == ["aen", "aar"]


@pytest.mark.parametrize(
    ("health", "days"),
    [(LinkHealth.WORKS, 7), (LinkHealth.GONE, 7), (LinkHealth.UNSURE, 1)],
)
async def test_a_link_is_tried_again_when_its_time_has_come(
    database: Database, health: LinkHealth, days: int
) -> None:
    async with database.transaction() as tx:
        await add(tx, "a", DUTCH)
        [(_, version_id)] = (await version_ids(tx)).items()
        await films.set_health(tx, version_id, LINK + "anl", health, NOW + timedelta(seconds=1))
        assert await due(tx, days=days) == []
        await films.set_health(tx, version_id, LINK + "anl", health, NOW)
        assert await due(tx, days=days) == ["anl"]


async def test_links_of_withdrawn_films_are_left_alone(database: Database) -> None:
    async with database.transaction() as tx:
        film_id = await add(tx, "a", DUTCH)
        [(_, version_id)] = (await version_ids(tx)).items()
        assert await films.find_tried(tx, version_id, LINK + "anl") is not None
        await films.set_withdrawn(tx, film_id, NOW)
        assert await due(tx) == []
        assert await films.find_tried(tx, version_id, LINK + "anl") is None


async def test_what_was_seen_of_an_old_link_says_nothing_of_the_new(database: Database) -> None:
    async with database.transaction() as tx:
        film_id = await add(tx, "a", DUTCH)
        [(_, version_id)] = (await version_ids(tx)).items()
        await films.put_version(tx, film_id, language=DUTCH, title="a", link=LINK + "new")
        assert await films.find_tried(tx, version_id, LINK + "anl") is None
        health = LinkHealth.GONE
        assert not await films.set_health(tx, version_id, LINK + "anl", health, NOW)
        assert await films.set_health(tx, version_id, LINK + "new", health, NOW)


async def test_a_link_to_try_names_its_version(database: Database) -> None:
    async with database.transaction() as tx:
        await add(tx, "a", DUTCH)
        [(_, version_id)] = (await version_ids(tx)).items()
        found = await films.list_due_links(tx, tried_before=NOW, unsure_before=NOW, limit=1)
    assert found == [LinkToTry(version_id, LINK + "anl")]


async def test_the_tasks_of_links_that_lead_somewhere_again_are_done(database: Database) -> None:
    cast = await insert_cast(database)

    async def give(tx: Transaction, version_id: FilmVersionId) -> str:
        key = f"{TaskKind.LINK_GONE}:{version_id}:then:{cast.joke}"
        await tasks.insert_task(
            tx,
            kind=TaskKind.LINK_GONE,
            key=key,
            client_id=None,
            staff_id=cast.joke,
            now=NOW,
        )
        return key

    async def open_keys(tx: Transaction) -> list[str]:
        return [key for _, key in await tasks.list_open_tasks(tx)]

    async with database.transaction() as tx:
        film_id = await add(tx, "a", DUTCH, ARABIC)
        other_id = await add(tx, "b", DUTCH)
        ids = await version_ids(tx)
        keys = {}
        for name, version_id in ids.items():
            await films.set_health(tx, version_id, LINK + name, LinkHealth.GONE, NOW)
            keys[name] = await give(tx, version_id)
        assert await films.close_link_tasks(tx, film_id, now=NOW) == 0
        await films.set_health(tx, ids["anl"], LINK + "anl", LinkHealth.WORKS, NOW)
        assert await films.close_link_tasks(tx, other_id, now=NOW) == 0
        assert await films.close_link_tasks(tx, film_id, now=NOW) == 1
        assert sorted(await open_keys(tx)) == sorted([keys["aar"], keys["bnl"]])
        await films.set_withdrawn(tx, film_id, NOW)
        assert await films.close_link_tasks(tx, film_id, now=NOW) == 1
        assert await open_keys(tx) == [keys["bnl"]]


# --- who wants them --------------------------------------------------------------------------


async def test_a_client_wants_films_until_she_says_otherwise(database: Database) -> None:
    cast = await insert_cast(database)
    khaled = cast.clients[KHALED.code]
    async with database.transaction() as tx:
        assert not await films.films_opted_out(tx, cast.selam)
        await films.set_films_opted_out(tx, cast.selam, NOW)
        assert await films.films_opted_out(tx, cast.selam)
        assert not await films.films_opted_out(tx, khaled)
        await films.set_films_opted_out(tx, cast.selam, None)
        assert not await films.films_opted_out(tx, cast.selam)


async def test_a_client_reads_her_own_language_first(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        assert await films.get_reading(tx, cast.selam) == (SELAM.language,)
        await tx.run(
            sa.update(clients)
            .where(clients.c.id == cast.selam)
            .values(other_languages=[ENGLISH, TIGRINYA, FARSI])
        )
        assert await films.get_reading(tx, cast.selam) == (TIGRINYA, ENGLISH, FARSI)
        with pytest.raises(NotFoundError, match="no client 999"):
            await films.get_reading(tx, ClientId(999))
