"""Films in the chat: a client's list, wanting none and wanting them again, and the library."""

import pytest
import sqlalchemy as sa

from bot.domain.broadcasts import BroadcastKind, DeliveryState
from bot.domain.films import Film
from bot.domain.ids import ChatId, DeliveryId
from bot.domain.languages import DUTCH, FARSI, TIGRINYA, Language
from bot.domain.people import Role
from bot.services.film_import import COLUMNS, import_films
from bot.simulator import Phone
from bot.simulator.values import as_object
from bot.storage import broadcasts, deliveries, films, people
from bot.storage.broadcast_schema import deliveries as deliveries_table
from bot.storage.deliveries import Listed
from bot.storage.schema import staff
from bot.texts import language_name
from tests.cast import BRAM, JOKE, KHALED, MARYAM, SELAM, Person
from tests.support.town import Shown, Town

NOOR = Person("s-noor", "Noor Jansen", "coordinator", DUTCH, ChatId(5010))
BUS = "https://films.example.org/bus"
CV = "https://films.example.org/cv"
FILE = (
    f"bus,leven in Nederland,4,,nl,Met de bus,{BUS}/nl",
    f"bus,,,,fa,با اتوبوس,{BUS}/fa",
    f"bus,,,,ti,ብኣውቶቡስ,{BUS}/ti",
    f"cv,werk,6,,nl,Een cv maken,{CV}/nl",
    f"cv,,,,fa,نوشتن رزومه,{CV}/fa",
)


async def joins(town: Town, person: Person) -> None:
    """Bring in a colleague with a phone."""
    async with town.core.database.transaction() as tx:
        await people.insert_staff(
            tx, code=person.code, name=person.name, roles=(Role(person.role),), now=town.now
        )
    town.phones.put_phone(
        Phone(user_id=person.chat_id, first_name=person.name, subtitle="nl", language_code="nl")
    )
    await town.links(person)


async def imports(town: Town, *rows: str) -> None:
    report = await import_films(town.core, "\n".join((",".join(COLUMNS), *rows)), town.now)
    assert report.problems == []


async def library(town: Town) -> list[Film]:
    async with town.core.database.reading() as tx:
        return await films.list_films(tx)


async def opted_out(town: Town, person: Person) -> bool:
    async with town.core.database.reading() as tx:
        client = await people.find_client(tx, person.code)
        assert client is not None
        return await films.films_opted_out(tx, client.id)


def unfolded(message: Shown) -> object:
    """Return the address that a message shows large."""
    return as_object(message.body.get("link_preview_options")).get("url")


@pytest.fixture
async def cinema(town: Town) -> Town:
    """Give a town with a coordinator, and two films."""
    await joins(town, NOOR)
    await imports(town, *FILE)
    town.nothing_new()
    return town


# --- a client --------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [MARYAM, SELAM], ids=["from right to left", "Tigrinya"])
async def test_a_client_watches_wants_no_films_and_wants_them_again(
    cinema: Town, who: Person
) -> None:
    town, right_to_left = cinema, who is MARYAM
    shown: Language = FARSI if right_to_left else TIGRINYA
    bus = "با اتوبوس" if right_to_left else "ብኣውቶቡስ"

    await town.says(who, "/menu")
    await town.taps(who, town.label("btn.my_films", who))
    listed = town.last(who)
    assert listed.text == town.words("menu.films", who)
    assert listed.labels == (["نوشتن رزومه"] if right_to_left else []) + [bus]

    await town.taps(who, bus, listed)
    film = town.message(who, listed.id)
    assert film.text == town.words(
        "bc.film",
        who,
        thema=town.label("theme.daily_life", who),
        titel=bus,
        minuten=4,
        taal=language_name(shown),
        link=f"{BUS}/{shown}",
    )
    assert unfolded(film) == f"{BUS}/{shown}"
    assert film.labels == [town.label("btn.my_films", who)]
    await town.taps(who, "fi:list", film)
    assert town.message(who, listed.id).text == listed.text
    assert len(town.news(who)) == 2  # the menu and the list

    await town.says(who, "/stop")
    asked = town.last(who)
    assert len(asked.labels) == 3
    await town.taps(who, town.label("btn.only_no_films", who), asked)
    assert town.last(who).text == town.words("bc.optout", who)
    assert await opted_out(town, who)

    await town.says(who, "/filmpjes")
    again = town.last(who)
    assert again.labels[-1] == town.label("btn.films_again", who)
    await town.taps(who, "fi:again", again)
    assert town.message(who, again.id).text == town.words("bc.optin", who)
    assert not await opted_out(town, who)
    await town.taps(who, "fi:list", town.message(who, again.id))
    assert town.message(who, again.id).labels == listed.labels
    assert await town.tasks() == []


async def test_wanting_no_films_changes_nothing_about_the_conversation(cinema: Town) -> None:
    await cinema.says(SELAM, "/stop")
    await cinema.taps(SELAM, "st:films")
    cinema.nothing_new()
    await cinema.says(SELAM, "ሰላም")
    assert any("ሰላም" in text for text in cinema.texts(JOKE))


async def sent(town: Town, person: Person, code: str) -> DeliveryId:
    """Note that somebody was sent a film in her language by a broadcast."""
    async with town.core.database.transaction() as tx:
        film, client = await films.find_film(tx, code), await people.find_client(tx, person.code)
        author = await people.find_staff(tx, NOOR.code)
        assert film is not None
        assert client is not None
        assert author is not None
        broadcast_id = await broadcasts.insert_broadcast(
            tx, kind=BroadcastKind.FILM, author_id=author.id, film_id=film.id, now=town.now
        )
        listed = Listed(client.id, person.language, person.language, DeliveryState.SENT)
        await deliveries.insert_deliveries(tx, broadcast_id, film.id, [listed], now=town.now)
        return DeliveryId(await tx.number(sa.select(sa.func.max(deliveries_table.c.id))))


async def test_the_buttons_below_a_film_give_its_link_and_stop_further_ones(cinema: Town) -> None:
    delivery_id = await sent(cinema, MARYAM, "bus")
    for _ in range(2):
        await cinema.forges(MARYAM, f"bc:{delivery_id}:watch")
    shown = cinema.news(MARYAM)
    link = cinema.words("bc.film_link", MARYAM, titel="با اتوبوس", link=f"{BUS}/fa")
    assert [message.text for message in shown] == [link, link]
    assert {unfolded(message) for message in shown} == {f"{BUS}/fa"}
    async with cinema.core.database.reading() as tx:
        assert (await deliveries.get_delivery(tx, delivery_id)).pressed_at == cinema.now
    await cinema.forges(MARYAM, f"bc:{delivery_id}:stop")
    assert cinema.texts(MARYAM) == [cinema.words("bc.optout", MARYAM)]
    assert await opted_out(cinema, MARYAM)
    await cinema.taps(MARYAM, cinema.label("btn.films_again", MARYAM))
    assert cinema.last(MARYAM).text == cinema.words("bc.optin", MARYAM)
    assert not await opted_out(cinema, MARYAM)


async def test_a_client_without_films_in_her_language_reads_so(cinema: Town) -> None:
    await cinema.says(KHALED, "/filmpjes")
    assert cinema.last(KHALED).text == cinema.words("menu.no_films", KHALED)
    assert cinema.last(KHALED).labels == []


async def test_a_button_of_somebody_else_leads_nowhere(cinema: Town) -> None:
    for data in ("bc:1:watch", "bc:1:stop", "fl:1", "fl:1:withdraw:yes", "fl:new"):
        await cinema.forges(SELAM, data)
    for data in ("fi:1", "fi:list", "fi:again", "st:films"):
        await cinema.forges(BRAM, data)
    assert len(await library(cinema)) == 2
    assert not await opted_out(cinema, SELAM)
    assert await cinema.tasks() == []


# --- the library -----------------------------------------------------------------------------


async def until_prompted(town: Town, *buttons: str) -> Shown:
    """Open the library and tap down to a prompt; returns the prompt."""
    await town.says(NOOR, "/filmpjes")
    listed = town.last(NOOR)
    for button in buttons:
        await town.taps(NOOR, button, listed)
    return town.last(NOOR)


async def test_a_new_film_is_made_by_tapping_and_two_typed_lines(cinema: Town) -> None:
    prompt = await until_prompted(
        cinema, "fl:new", "fl:new:work", "fl:new:work:5", "fl:new:work:5:ar"
    )
    assert "de titel in het Arabisch" in prompt.text
    await cinema.says(NOOR, f"  مقابلة عمل\u200f \n\n {CV}/ar ", to=prompt)
    made = cinema.last(NOOR)
    assert made.text.startswith("✅ Het filmpje staat in de lijst.")
    assert "Korte naam: werk-1" in made.text
    assert "📣 Uitzenden" in made.labels
    [film] = [film for film in await library(cinema) if film.code == "werk-1"]
    assert (film.minutes, film.valid_until) == (5, None)
    [version] = film.versions
    assert (version.language, version.title, version.link) == ("ar", "مقابلة عمل", f"{CV}/ar")
    await cinema.says(KHALED, "/filmpjes")
    assert cinema.last(KHALED).labels == ["مقابلة عمل"]


async def test_a_second_film_of_a_theme_has_the_next_number(cinema: Town) -> None:
    steps = ("fl:new", "fl:new:work", "fl:new:work:5", "fl:new:work:5:nl")
    for number in (1, 2):
        prompt = await until_prompted(cinema, *steps)
        await cinema.says(NOOR, f"Solliciteren {number}\n{CV}/{number}", to=prompt)
    assert {film.code for film in await library(cinema)} == {"bus", "cv", "werk-1", "werk-2"}


async def test_a_language_is_added_and_replaced(cinema: Town) -> None:
    film = (await library(cinema))[0]
    steps = (f"fl:{film.id}", f"fl:{film.id}:lang")
    prompt = await until_prompted(cinema, *steps, f"fl:{film.id}:lang:ar")
    await cinema.says(NOOR, f"سيرة\n{CV}/ar", to=prompt)
    assert cinema.last(NOOR).text.startswith("✅ Het filmpje is er nu ook in het Arabisch.")
    prompt = await until_prompted(cinema, *steps, f"fl:{film.id}:lang:nl")
    await cinema.says(NOOR, f"Een goed cv\n{CV}/beter", to=prompt)
    assert cinema.last(NOOR).text.startswith("✅ Titel en link in het Nederlands zijn vervangen.")
    changed = (await library(cinema))[0]
    assert {each.language: each.link for each in changed.versions} == {
        "nl": f"{CV}/beter",
        "fa": f"{CV}/fa",
        "ar": f"{CV}/ar",
    }


async def test_a_link_replaced_by_hand_is_not_approved_unseen(cinema: Town) -> None:
    film = (await library(cinema))[0]
    await cinema.says(JOKE, "/filmpjes")
    draft = cinema.last(JOKE)
    for button in (f"fl:{film.id}", "📣 Uitzenden", "✅ Vraag"):
        await cinema.taps(JOKE, button, draft)
    asked = cinema.last(NOOR)
    prompt = await until_prompted(
        cinema, f"fl:{film.id}", f"fl:{film.id}:lang", f"fl:{film.id}:lang:nl"
    )
    await cinema.says(NOOR, f"Een ander cv\n{CV}/anders", to=prompt)
    toast = await cinema.taps(NOOR, "✅ Goedkeuren", asked)
    assert toast == cinema.words("st.bd_changed", NOOR)
    assert "Een ander cv" in cinema.message(NOOR, asked.id).text
    await cinema.taps(NOOR, "✅ Goedkeuren", asked)
    assert "Goedgekeurd door" in cinema.message(NOOR, asked.id).text


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("Een cv maken", "Dat zijn geen twee regels"),
        (f"Een cv maken {CV}", "Dat zijn geen twee regels"),
        (f"Een\ncv\n{CV}", "Dat zijn geen twee regels"),
        (f"{CV}\nEen cv maken", "geen link van een pagina op het web"),
        ("Een cv\nwww.example.org", "geen link van een pagina op het web"),
        ("Een cv\nhttp://192.168.1.10/cv", "werkt alleen binnen een eigen netwerk"),
        ("Een cv\nhttps://example.org:8080/cv", "poortnummer"),
        ("Een cv\nhttps://jan:geheim@example.org/", "gebruikersnaam of wachtwoord"),
        (f"Een cv\n{CV}/{'x' * 500}", "langer dan 500 tekens"),
        (f"{'t' * 121}\n{CV}", "langer dan 120 tekens"),
        (f"…\n{CV}", "geen woorden"),
    ],
)
async def test_what_cannot_be_used_is_told_in_a_sentence_and_asked_again(
    cinema: Town, answer: str, words: str
) -> None:
    film = (await library(cinema))[0]
    prompt = await until_prompted(
        cinema, f"fl:{film.id}", f"fl:{film.id}:lang", f"fl:{film.id}:lang:ar"
    )
    await cinema.says(NOOR, answer, to=prompt)
    again = cinema.last(NOOR)
    assert again.text.startswith("⚠ ")
    assert words in again.text
    assert again.text.endswith(prompt.text)
    assert (await library(cinema))[0].versions == film.versions
    await cinema.says(NOOR, f"سيرة\n{CV}/ar", to=again)
    assert (await library(cinema))[0].languages == {"nl", "fa", "ar"}


async def test_a_photo_is_no_title_and_no_link(cinema: Town) -> None:
    film = (await library(cinema))[0]
    prompt = await until_prompted(
        cinema, f"fl:{film.id}", f"fl:{film.id}:lang", f"fl:{film.id}:lang:ar"
    )
    await cinema.sends(NOOR, "photo", f"سيرة\n{CV}/ar", to=prompt)
    assert "Dat zijn geen twee regels" in cinema.last(NOOR).text
    assert (await library(cinema))[0].versions == film.versions


async def test_a_late_second_or_corrected_answer_reaches_nobody(cinema: Town) -> None:
    await cinema.says(JOKE, "/filmpjes")
    listed = cinema.last(JOKE)
    film = (await library(cinema))[0]
    for data in (f"fl:{film.id}", f"fl:{film.id}:lang", f"fl:{film.id}:lang:ar"):
        await cinema.taps(JOKE, data, listed)
    prompt = cinema.last(JOKE)
    cinema.nothing_new()
    answer = await cinema.says(JOKE, f"سيرة\n{CV}/ar", to=prompt)
    await cinema.says(JOKE, f"سيرة\n{CV}/anders", to=prompt)
    await cinema.edits(JOKE, answer, f"سيرة\n{CV}/nog-anders")
    assert cinema.texts(JOKE)[-2:] == [cinema.words("st.fl_answered", JOKE)] * 2
    version = (await library(cinema))[0].version(Language("ar"))
    assert version is not None
    assert version.link == f"{CV}/ar"
    for client in (SELAM, KHALED, MARYAM):
        assert cinema.texts(client) == []


async def test_who_coordinates_no_more_changes_nothing_by_a_late_answer(cinema: Town) -> None:
    film = (await library(cinema))[0]
    prompt = await until_prompted(
        cinema, f"fl:{film.id}", f"fl:{film.id}:lang", f"fl:{film.id}:lang:ar"
    )
    async with cinema.core.database.transaction() as tx:
        await tx.run(sa.update(staff).where(staff.c.code == NOOR.code).values(roles=["coach"]))
    await cinema.says(NOOR, f"سيرة\n{CV}/ar", to=prompt)
    assert cinema.last(NOOR).text == cinema.words("st.fl_answered", NOOR)
    assert (await library(cinema))[0].versions == film.versions


async def test_a_coordinator_withdraws_a_film_in_one_message(cinema: Town) -> None:
    film = (await library(cinema))[1]
    await cinema.says(NOOR, "/filmpjes")
    listed = cinema.last(NOOR)
    cinema.nothing_new()
    for data in (f"fl:{film.id}", f"fl:{film.id}:withdraw", f"fl:{film.id}:withdraw:yes"):
        await cinema.taps(NOOR, data, listed)
    assert "🗄 Ingetrokken" in cinema.message(NOOR, listed.id).text
    assert cinema.news(NOOR) == []
    assert [each.code for each in await library(cinema)] == ["cv"]
    await cinema.says(SELAM, "/filmpjes")
    assert cinema.last(SELAM).text == cinema.words("menu.no_films", SELAM)
