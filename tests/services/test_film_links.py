"""Links that are tried: which are due, and what follows when one is gone or works again."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.films import Film, FilmVersionId, LinkHealth, Theme
from bot.domain.ids import FilmId, TaskId
from bot.domain.languages import ARABIC, DUTCH, Language
from bot.services import film_links, film_screens, worklist
from bot.storage import films, tasks
from bot.storage.database import Transaction
from tests.cast import BRAM, JOKE, SELAM
from tests.services.office import MESSAGE, NOOR, Office, open_office
from tests.storage.rows import NOW

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
LINK = "https://films.example.org/bus"
WORKS, GONE, UNSURE = LinkHealth.WORKS, LinkHealth.GONE, LinkHealth.UNSURE
TOLD = (
    "❌ De link van het filmpje Met de bus in het Arabisch werkt niet meer: de site zegt dat er "
    "niets is. Open /filmpjes en zet er een andere link bij, of trek het filmpje in."
)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Give an office with two coordinators, and a film in two languages."""
    async with open_office(tmp_path, (NOOR,)) as opened:
        async with opened.core.database.transaction() as tx:
            film_id = await films.insert_film(tx, code="bus", theme=Theme.WORK, minutes=3, now=NOW)
            assert film_id is not None
            await put(opened, film_id, DUTCH, "/nl", tx=tx)
            await put(opened, film_id, ARABIC, "/ar", tx=tx)
        yield opened


async def put(
    office: Office,
    film_id: FilmId,
    language: Language,
    path: str,
    *,
    tx: Transaction | None = None,
) -> None:
    if tx is None:
        async with office.core.database.transaction() as mine:
            await put(office, film_id, language, path, tx=mine)
        return
    await films.put_version(tx, film_id, language=language, title="Met de bus", link=LINK + path)


async def film(office: Office) -> Film:
    async with office.core.database.reading() as tx:
        found = await films.find_film(tx, "bus")
    assert found is not None
    return found


async def due(office: Office) -> dict[str, FilmVersionId]:
    found = await film_links.list_due(office.core, office.now, 10)
    return {each.link.removeprefix(LINK): each.version_id for each in found}


async def seen(office: Office, path: str, *healths: LinkHealth) -> None:
    """Keep what was seen of the version that had this link at first, a day after each other."""
    version_id = FilmVersionId(1 if path.startswith("/nl") else 2)
    for health in healths:
        await film_links.record(office.core, version_id, LINK + path, health, office.now)
        office.now += DAY


async def told(office: Office) -> list[str]:
    """Return the keys of the open tasks about links."""
    return [key for key in await office.open_keys() if key.startswith("link_gone")]


async def test_every_link_is_due_at_first_and_again_after_a_week(office: Office) -> None:
    assert (await due(office)).keys() == {"/nl", "/ar"}
    for path, version_id in (await due(office)).items():
        await film_links.record(office.core, version_id, LINK + path, WORKS, office.now)
    assert await due(office) == {}
    office.now += 7 * DAY - SECOND
    assert await due(office) == {}
    office.now += SECOND
    assert (await due(office)).keys() == {"/nl", "/ar"}


async def test_what_said_nothing_is_due_again_after_a_day(office: Office) -> None:
    for (path, version_id), health in zip(
        sorted((await due(office)).items()), (UNSURE, GONE), strict=True
    ):
        await film_links.record(office.core, version_id, LINK + path, health, office.now)
    office.now += DAY - SECOND
    assert await due(office) == {}
    office.now += SECOND
    assert (await due(office)).keys() == {"/ar"}


async def test_no_more_are_given_than_asked_for(office: Office) -> None:
    assert len(await film_links.list_due(office.core, NOW, 1)) == 1


async def test_the_coordinators_hear_of_a_link_that_is_gone_and_nobody_else(
    office: Office,
) -> None:
    await seen(office, "/ar", GONE)
    version = (await film(office)).version(ARABIC)
    assert version is not None
    assert version.health is GONE
    assert len(await told(office)) == 2
    for person in (NOOR, JOKE):
        assert (await office.screen(person)).text == TOLD
    for person in (BRAM, SELAM):
        with pytest.raises(AssertionError, match="Nothing was ever put"):
            await office.screen(person)


@pytest.mark.parametrize(
    ("healths", "open_tasks"),
    [
        ((GONE, GONE), 2),
        ((WORKS, GONE), 2),
        ((UNSURE, GONE), 2),
        ((WORKS,), 0),
        ((UNSURE,), 0),
        ((GONE, WORKS), 0),
        ((GONE, UNSURE), 2),
        ((GONE, WORKS, GONE), 2),
        ((GONE, UNSURE, GONE, GONE), 2),
    ],
)
async def test_a_link_is_a_task_as_long_as_it_is_gone(
    office: Office, healths: tuple[LinkHealth, ...], open_tasks: int
) -> None:
    await seen(office, "/ar", *healths)
    assert len(await told(office)) == open_tasks


async def test_who_is_told_is_told_once_each_time(office: Office) -> None:
    await seen(office, "/ar", GONE, GONE, UNSURE, GONE, WORKS, GONE)
    async with office.core.database.reading() as tx:
        rows = await tx.rows(
            sa.text("SELECT count(*) AS n FROM outbox WHERE method = 'sendMessage'")
        )
    assert rows[0]["n"] == 4  # two coordinators, twice


async def test_what_was_seen_of_a_link_that_was_changed_meanwhile_is_ignored(
    office: Office,
) -> None:
    await put(office, (await film(office)).id, ARABIC, "/nieuw")
    await seen(office, "/ar", GONE)
    version = (await film(office)).version(ARABIC)
    assert version is not None
    assert version.health is LinkHealth.UNCHECKED
    assert await told(office) == []


async def test_what_was_seen_of_a_film_that_was_withdrawn_meanwhile_is_ignored(
    office: Office,
) -> None:
    film_id = (await film(office)).id
    async with office.core.database.transaction() as tx:
        await films.set_withdrawn(tx, film_id, NOW)
    await seen(office, "/ar", GONE)
    assert await told(office) == []


async def test_the_task_is_done_when_the_film_is_withdrawn(office: Office) -> None:
    await seen(office, "/ar", GONE)
    await seen(office, "/nl", GONE)
    assert len(await told(office)) == 4
    await film_screens.set_withdrawn(
        office.core, office.turn(NOOR), (await film(office)).id, MESSAGE, withdrawn=True
    )
    assert await told(office) == []


async def test_the_werkbak_names_the_task_and_lets_it_be_ended(office: Office) -> None:
    await seen(office, "/ar", GONE)
    await worklist.open_worklist(office.core, office.turn(NOOR))
    listed = await office.screen(NOOR)
    assert "link van een filmpje werkt niet meer" in listed.text
    task = listed.data[0].split(":")[1]
    await worklist.open_task(office.core, office.turn(NOOR), TaskId(int(task)), 0, MESSAGE)
    assert f"wt:{task}:done:0" in (await office.screen(NOOR)).data


async def test_a_task_that_a_coordinator_ended_does_not_come_back_while_the_link_is_gone(
    office: Office,
) -> None:
    await seen(office, "/ar", GONE)
    async with office.core.database.transaction() as tx:
        for key in await told(office):
            await tasks.close_task(tx, key, now=office.now)
    await seen(office, "/ar", GONE)
    assert await told(office) == []
