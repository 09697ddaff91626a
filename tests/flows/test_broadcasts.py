"""A film goes out to everybody: what each phone shows, and what can be done on the way."""

from dataclasses import replace

from bot.config import Config
from bot.domain.broadcasts import Audience, BroadcastKind, BroadcastState, DeliveryState, Repeat
from bot.domain.films import Theme
from bot.domain.ids import BroadcastId, FilmId
from bot.domain.languages import ARABIC, DARI, DUTCH, FARSI, TIGRINYA, Language
from bot.services import broadcasts
from bot.storage import broadcast_figures, films, people
from bot.storage import broadcasts as storage
from tests.cast import BRAM, CLIENTS, JOKE, KHALED, LAILA, MARYAM, SELAM, Person
from tests.support.town import Town

IN_ALL = {
    TIGRINYA: "ስራሕ ኣብ ሆላንድ",
    ARABIC: "العمل في هولندا",
    FARSI: "کار در هلند",
    DARI: "کار در هالند",
    DUTCH: "Werken in Nederland",
}
TITLES = {SELAM: TIGRINYA, KHALED: ARABIC, MARYAM: FARSI, LAILA: DARI}


def without_approval(config: Config) -> Config:
    return replace(config, broadcast=replace(config.broadcast, approval=False))


async def film(town: Town, titles: dict[Language, str] | None = None) -> FilmId:
    async with town.core.database.transaction() as tx:
        film_id = await films.insert_film(
            tx, code="werken", theme=Theme.WORK, minutes=3, now=town.now
        )
        assert film_id is not None
        for language, title in (titles or IN_ALL).items():
            await films.put_version(
                tx,
                film_id,
                language=language,
                title=title,
                link=f"https://films.example.org/werken/{language}",
            )
    return film_id


async def begins(town: Town, film_id: FilmId, author: Person = JOKE) -> BroadcastId:
    """Have somebody's broadcast of a film approved, so that it begins with the next tick."""
    core = town.core
    async with core.database.transaction() as tx:
        person = await people.find_staff(tx, author.code)
        assert person is not None
        number = await storage.insert_broadcast(
            tx,
            kind=BroadcastKind.FILM,
            author_id=person.id,
            film_id=film_id,
            audience=Audience({}),
            now=town.now,
        )
        draft = await storage.get_broadcast(tx, number)
        draft = await storage.change_broadcast(tx, draft, repeat=Repeat.NEVER)
        free = replace(core, config=without_approval(core.config))
        assert await broadcasts.submit(free, tx, draft, person, now=town.now)
    return number


async def became(town: Town, number: BroadcastId) -> dict[DeliveryState, int]:
    async with town.core.database.reading() as tx:
        return await broadcast_figures.count_states(tx, number)


async def test_a_film_comes_to_each_in_her_own_language_and_the_maker_sees_it_done(
    town: Town,
) -> None:
    number = await begins(town, await film(town))
    await town.settled()
    for person, language in TITLES.items():
        (message,) = town.news(person)
        assert IN_ALL[language] in message.text
        assert f"https://films.example.org/werken/{language}" in message.text
        assert message.labels == [
            town.label("btn.watch", person),
            town.label("btn.no_films", person),
        ]
    progress, report = town.news(JOKE)
    assert progress.edited
    assert "Verstuurd: 4" in progress.text
    assert progress.labels == ["📊 Rapport"]
    assert "4" in report.text
    assert await became(town, number) == {DeliveryState.SENT: 4}
    assert town.news(BRAM) == []


async def test_a_coachs_film_comes_to_the_own_client_only(town: Town) -> None:
    await begins(town, await film(town), author=BRAM)
    await town.settled()
    assert len(town.news(LAILA)) == 1
    assert [town.news(person) for person in (SELAM, KHALED, MARYAM)] == [[], [], []]


async def test_watching_shows_the_link_and_no_more_films_is_not_no_more_appointments(
    town: Town,
) -> None:
    number = await begins(town, await film(town))
    await town.settled()
    town.nothing_new()
    await town.taps(MARYAM, town.label("btn.watch", MARYAM))
    assert IN_ALL[FARSI] in town.news(MARYAM)[-1].text
    await town.taps(SELAM, town.label("btn.no_films", SELAM))
    assert town.news(SELAM)[-1].text == town.words("bc.optout", SELAM)
    async with town.core.database.reading() as tx:
        client = await people.find_client(tx, SELAM.code)
        assert client is not None
        assert await films.films_opted_out(tx, client.id)
        rows = await broadcast_figures.count_states(tx, number)
    assert rows == {DeliveryState.SENT: 4}


async def test_on_a_shared_phone_it_shows_when_she_asks_for_it(town: Town) -> None:
    async with town.core.database.transaction() as tx:
        client = await people.find_client(tx, KHALED.code)
        assert client is not None
        await people.update_client(tx, client.id, discreet=True)
    await begins(town, await film(town))
    await town.settled()
    (message,) = town.news(KHALED)
    assert IN_ALL[ARABIC] not in message.text
    await town.taps(KHALED, town.label("btn.read", KHALED))
    opened = town.message(KHALED, message.id)
    assert IN_ALL[ARABIC] in opened.text
    assert opened.labels[0] == town.label("btn.watch", KHALED)


async def test_one_who_chooses_another_language_in_the_night_gets_it_in_that_one(
    town: Town,
) -> None:
    await town.until(town.local.date(), town.config.hours.quiet_start)
    number = await begins(town, await film(town))
    await town.settled()
    assert town.news(MARYAM) == []
    await town.says(MARYAM, "/taal")
    await town.taps(MARYAM, "lg:ti")
    town.nothing_new()
    await town.passes(hours=12)
    (message,) = [each for each in town.news(MARYAM) if "films.example.org" in each.text]
    assert IN_ALL[TIGRINYA] in message.text
    assert await became(town, number) == {DeliveryState.SENT: 4}


async def test_one_who_blocks_the_bot_is_unreachable_and_nobody_else_is_held_up(
    town: Town,
) -> None:
    town.expects("blocked")
    await town.blocks(KHALED)
    number = await begins(town, await film(town))
    await town.settled()
    assert await became(town, number) == {DeliveryState.SENT: 3, DeliveryState.UNREACHABLE: 1}


async def test_a_forged_tap_opens_nobody_elses_message(town: Town) -> None:
    await begins(town, await film(town))
    await town.settled()
    town.nothing_new()
    for person in CLIENTS:
        for number in range(1, 5):
            for word in ("open", "watch", "stop"):
                await town.forges(person, f"bc:{number}:{word}")
    for person in CLIENTS:
        own = IN_ALL[TITLES[person]]
        texts = " ".join(town.shown(person))
        others = [title for title in IN_ALL.values() if title != own and title not in own]
        assert not any(title in texts for title in others)


async def test_a_restart_in_the_middle_sends_nothing_twice(town: Town) -> None:
    town.expects("Conflict")  # the question for news of the one that stops is still open
    number = await begins(town, await film(town))
    await town.stops()
    await town.starts()
    await town.settled()
    await town.stops()
    await town.starts()
    await town.settled()
    assert [len(town.news(person)) for person in CLIENTS] == [1, 1, 1, 1]
    async with town.core.database.reading() as tx:
        assert (await storage.get_broadcast(tx, number)).state is BroadcastState.DONE
