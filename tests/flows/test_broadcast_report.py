"""After a broadcast: its maker reads how it went, takes the file along, and tries again."""

import csv
import io
from dataclasses import replace
from itertools import pairwise

import aiohttp
from PIL import Image

from bot.domain.broadcasts import BroadcastKind
from bot.domain.films import Theme
from bot.domain.ids import BroadcastId
from bot.domain.languages import DUTCH, FARSI, TIGRINYA
from bot.services import broadcasts
from bot.simulator.values import as_object, as_text
from bot.storage import broadcasts as storage
from bot.storage import films, people
from tests.cast import BRAM, JOKE, KHALED, LAILA, MARYAM, SELAM, Person
from tests.support.town import Shown, Town


async def goes_out(town: Town, author: Person = JOKE) -> BroadcastId:
    """Have somebody send a film in Dutch, Farsi and Tigrinya, which needs nobody's approval."""
    core = town.core
    free = replace(
        core,
        config=replace(core.config, broadcast=replace(core.config.broadcast, approval=False)),
    )
    async with core.database.transaction() as tx:
        film_id = await films.insert_film(
            tx, code="werken", theme=Theme.WORK, minutes=3, now=town.now
        )
        assert film_id is not None
        for language, title in (
            (DUTCH, "Werken in Nederland"),
            (FARSI, "کار در هلند"),
            (TIGRINYA, "ስራሕ ኣብ ሆላንድ"),
        ):
            link = f"https://films.example.org/werken/{language}"
            await films.put_version(tx, film_id, language=language, title=title, link=link)
        person = await people.find_staff(tx, author.code)
        khaled = await people.find_client(tx, KHALED.code)
        assert person is not None
        assert khaled is not None
        await people.set_facts(tx, khaled.id, other_languages=(DUTCH,))
        number = await storage.insert_broadcast(
            tx,
            kind=BroadcastKind.FILM,
            author_id=person.id,
            film_id=film_id,
            now=town.now,
        )
        draft = await storage.get_broadcast(tx, number)
        assert await broadcasts.submit(free, tx, draft, person, now=town.now)
    await town.settled()
    return number


async def content(town: Town, message: Shown) -> bytes:
    """Fetch the file of a message as a phone does."""
    address = town.config.telegram.api_url + as_text(as_object(message.body["sim"])["file_url"])
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        return await answer.read()


async def test_the_maker_opens_the_report_and_takes_the_file_and_the_picture_along(
    town: Town,
) -> None:
    await goes_out(town)
    await town.taps(SELAM, town.label("btn.watch", SELAM))
    town.nothing_new()

    opened, _ = town.find_key(JOKE, "📊 Rapport")
    await town.taps(JOKE, "📊 Rapport")

    report = town.message(JOKE, opened.id)
    lines = report.text.split("\n")
    assert lines[:3] == [
        "📊 Uitzending 1: 🎬 Werken in Nederland",
        "✅ Klaar.",
        "Gemaakt door Joke de Boer",
    ]
    told = dict(pairwise(lines))
    assert told["Tigrinya: 1"] == "verstuurd 1 · knop ingedrukt 1"
    assert told["Arabisch: 1"] == "verstuurd 1, waarvan 1 in een andere taal · knop ingedrukt 0"
    assert report.labels == ["📄 CSV", "📊 Plaatje", "← Terug"]

    await town.taps(JOKE, "📄 CSV", on=report)
    (file,) = town.news(JOKE)
    assert as_object(file.body["document"])["file_name"] == "uitzending-1.csv"
    sheet = (await content(town, file)).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(sheet), delimiter=";"))
    assert [row["code"] for row in rows] == ["K-0001", "K-0002", "K-0003", "K-0004"]
    assert [bool(row["knop ingedrukt"]) for row in rows] == [True, False, False, False]

    await town.taps(JOKE, "📊 Plaatje", on=report)
    (picture,) = town.news(JOKE)
    assert "Arabisch 1: in een andere taal 1" in picture.text
    assert Image.open(io.BytesIO(await content(town, picture))).width == 1080

    await town.taps(JOKE, "← Terug", on=report)
    listed = town.message(JOKE, report.id)
    assert any("Werken in Nederland" in label for label in listed.labels)


async def test_whom_it_failed_with_is_tried_again_and_stands_in_the_report(town: Town) -> None:
    await town.blocks(MARYAM)
    await goes_out(town)
    opened, _ = town.find_key(JOKE, "📊 Rapport")
    await town.taps(JOKE, "📊 Rapport")
    report = town.message(JOKE, opened.id)
    assert "niet bereikbaar 1" in report.text

    await town.blocks(MARYAM, blocked=False)
    town.nothing_new()
    await town.taps(JOKE, "↻ Opnieuw naar mislukte (1)", on=report)

    assert "films.example.org/werken/fa" in town.news(MARYAM)[-1].text
    assert [town.news(person) for person in (SELAM, KHALED, LAILA)] == [[], [], []]
    ends = [each for each in town.news(JOKE) if "Lezers: 4" in each.text]
    assert ends, "the report comes anew"
    assert "niet bereikbaar" not in ends[-1].text


async def test_a_colleague_cannot_open_the_report_of_another(town: Town) -> None:
    number = await goes_out(town)
    town.nothing_new()
    for way in ("", ":csv", ":pic"):
        await town.forges(BRAM, f"br:{number}{way}")
    assert [each for each in town.news(BRAM) if "Uitzending" in each.text] == []


async def test_her_card_shows_what_she_was_sent(town: Town) -> None:
    await goes_out(town)
    await town.taps(SELAM, town.label("btn.watch", SELAM))
    await town.says(JOKE, "/klanten")
    await town.taps(JOKE, "Selam")
    day = town.local.strftime("%-d nov")
    assert f"📣 {day} 🎬 ስራሕ ኣብ ሆላንድ: verstuurd ▶" in town.chat(JOKE)[-1].text
