"""A film that changes in the library while broadcasts of it wait: seen anew, or told."""

from collections.abc import AsyncIterator
from datetime import time, timedelta
from pathlib import Path

import pytest

from bot.domain.broadcasts import BroadcastState
from bot.domain.ids import BroadcastId, ChatId, FilmId
from bot.domain.languages import DUTCH, TIGRINYA
from bot.services.film_import import COLUMNS, import_films
from bot.storage import broadcasts
from tests.cast import BRAM, JOKE, SANNE, Person
from tests.services.office import NOOR
from tests.services.studio import Studio, open_studio
from tests.support.crowd import TUESDAY, title_in

LINA = Person("s-lina", "Lina Peters", "coordinator", DUTCH, ChatId(5011))
CHANGED = "Er is iets veranderd. Kijk nog eens: zo is het nu."
APPROVED = "✅ U heeft dit goedgekeurd."
DAY = timedelta(days=1)


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    """Give a studio with a client, and with three coordinators."""
    async with open_studio(tmp_path, staff=(JOKE, BRAM, NOOR, LINA, SANNE)) as opened:
        await opened.comes(TIGRINYA)
        yield opened


async def imports(studio: Studio, *rows: str) -> None:
    report = await import_films(studio.core, "\n".join((",".join(COLUMNS), *rows)), studio.now)
    assert report.problems == []


def row(title: str, language: str = "nl", *, code: str = "film", own: str = "werk,3,") -> str:
    return f"{code},{own},{language},{title},https://films.example.org/{code}/{language}"


async def makes(studio: Studio, film: FilmId | None = None) -> BroadcastId:
    """Make a broadcast of a film for tomorrow at ten, and ask for approval."""
    number = await studio.drafts(film)
    await studio.taps("🗓", "woensdag", "10:00", "✅ Vraag")
    return number


async def notices(studio: Studio, person: Person) -> list[str]:
    """Return what somebody was told of films that changed."""
    return [text for text in await studio.care.told(person) if "is veranderd" in text]


# --- what waits for approval -----------------------------------------------------------------


@pytest.mark.parametrize(
    "changed",
    [
        row("Iets anders"),
        row("Iets anders", "ti"),
        row("Nieuw", "en"),
        row(title_in(DUTCH), own="taal,3,"),
        row(title_in(DUTCH), own="werk,12,"),
    ],
)
async def test_what_was_changed_in_a_film_is_not_approved_unseen(
    studio: Studio, changed: str
) -> None:
    number = await makes(studio)
    old = await studio.screen(NOOR)
    await imports(studio, changed)
    assert await studio.sends_back(old.data("✅"), NOOR) == CHANGED
    assert await studio.state(number) is BroadcastState.REVIEW
    await studio.taps("✅", by=NOOR)
    assert await studio.state(number) is BroadcastState.SCHEDULED


async def test_who_approves_sees_the_film_as_it_is_now(studio: Studio) -> None:
    number = await makes(studio)
    old = await studio.screen(NOOR)
    await imports(studio, row("Iets anders"))
    await studio.sends_back(old.data("✅"), NOOR)
    assert "Iets anders" in (await studio.screen(NOOR)).text
    assert await notices(studio, JOKE) == []
    assert (await studio.broadcast(number)).revision == int(old.data("✅").split(":")[-1]) + 1


@pytest.mark.parametrize(
    "same",
    [
        row(title_in(DUTCH)),
        row(title_in(DUTCH), own="werk,3,2027-01-01"),
        row("Een ander filmpje", code="cv"),
    ],
)
async def test_what_changes_nothing_that_is_sent_keeps_the_request_as_it_is(
    studio: Studio, same: str
) -> None:
    await makes(studio)
    old = await studio.screen(NOOR)
    await imports(studio, same)
    assert await studio.sends_back(old.data("✅"), NOOR) == APPROVED


async def test_a_draft_and_what_is_planned_keep_their_revision(studio: Studio) -> None:
    planned = await makes(studio)
    await studio.taps("✅", by=NOOR)
    before = await studio.broadcast(planned)
    assert before.film_id is not None
    async with studio.core.database.transaction() as tx:
        assert await broadcasts.touch_reviews(tx, before.film_id) == []
    waiting = await makes(studio, before.film_id)
    draft = await studio.drafts(before.film_id)
    first = (await studio.broadcast(draft)).revision
    async with studio.core.database.transaction() as tx:
        assert await broadcasts.touch_reviews(tx, before.film_id) == [waiting]
    assert await studio.broadcast(planned) == before
    assert (await studio.broadcast(draft)).revision == first


# --- what is planned -------------------------------------------------------------------------


async def test_who_made_and_who_approved_hear_once_a_day_that_a_planned_film_changed(
    studio: Studio,
) -> None:
    number = await makes(studio)
    await studio.taps("✅", by=NOOR)
    for title in ("Iets anders", "Nog iets"):
        await imports(studio, row(title), row(f"{title} ti", "ti"))
    for person in (JOKE, NOOR):
        (text,) = await notices(studio, person)
        assert "Iets anders" in text
        assert (await studio.screen(person)).data("📄") == f"bd:{number}"
    assert [await notices(studio, each) for each in (LINA, BRAM, SANNE)] == [[], [], []]
    assert await studio.state(number) is BroadcastState.SCHEDULED
    studio.care.at(TUESDAY + DAY, time(9))
    await imports(studio, row("Weer iets"))
    assert len(await notices(studio, JOKE)) == 2


async def test_of_two_planned_broadcasts_of_a_film_somebody_hears_in_one_message(
    studio: Studio,
) -> None:
    first = await makes(studio)
    await studio.taps("✅", by=NOOR)
    await makes(studio, (await studio.broadcast(first)).film_id)
    await studio.taps("✅", by=LINA)
    await imports(studio, row("Iets anders"))
    assert [len(await notices(studio, each)) for each in (JOKE, NOOR, LINA)] == [1, 1, 1]


async def test_nobody_is_told_of_another_film_or_of_how_long_it_may_be_sent(
    studio: Studio,
) -> None:
    await makes(studio)
    await studio.taps("✅", by=NOOR)
    await imports(
        studio,
        row("Een ander filmpje", code="cv"),
        row(title_in(DUTCH), own="werk,3,2027-01-01"),
    )
    assert [await notices(studio, each) for each in (JOKE, NOOR)] == [[], []]
