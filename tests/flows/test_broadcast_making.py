"""A coordinator makes a broadcast by tapping, a second one approves, and each reads her own."""

from datetime import date, time

import pytest

from bot.domain.films import Theme
from bot.domain.languages import DARI, DUTCH, FARSI, LEVANTINE_ARABIC, TIGRINYA, Language
from bot.domain.people import Role
from bot.simulator import Phone
from bot.simulator.values import as_text
from bot.storage import films, people
from tests.cast import CLIENTS, JOKE, KHALED, LAILA, MARYAM, SELAM, Person
from tests.services.office import NOOR
from tests.support.town import Shown, Town

TITLES = {
    TIGRINYA: "ስራሕ ኣብ ሆላንድ",
    LEVANTINE_ARABIC: "العمل في هولندا",
    FARSI: "کار در هلند",
    DARI: "کار در هالند",
    DUTCH: "Werken in Nederland",
}
NAMES: dict[Language, str] = {
    TIGRINYA: "Tigrinya",
    LEVANTINE_ARABIC: "Arabisch",
    FARSI: "Farsi",
    DARI: "Dari",
    DUTCH: "Nederlands",
}
READERS = {SELAM: TIGRINYA, KHALED: LEVANTINE_ARABIC, MARYAM: FARSI, LAILA: DARI}


@pytest.fixture
async def place(town: Town) -> Town:
    """Give a town with a second coordinator, and a film in five languages."""
    async with town.core.database.transaction() as tx:
        await people.insert_staff(
            tx, code=NOOR.code, name=NOOR.name, roles=(Role.COORDINATOR,), now=town.now
        )
        film_id = await films.insert_film(
            tx, code="werken", theme=Theme.WORK, minutes=3, now=town.now
        )
        assert film_id is not None
        for language, title in TITLES.items():
            link = f"https://films.example.org/werken/{language}"
            await films.put_version(tx, film_id, language=language, title=title, link=link)
    town.phones.put_phone(
        Phone(user_id=NOOR.chat_id, first_name=NOOR.name, subtitle="nl", language_code="nl")
    )
    await town.links(NOOR)
    town.nothing_new()
    return town


async def taps(town: Town, who: Person, on: Shown, *labels: str) -> Shown:
    """Tap buttons in one message, each of what the one before has made of it."""
    for label in labels:
        await town.taps(who, label, on)
    return town.message(who, on.id)


async def makes(town: Town) -> Shown:
    """Have Joke choose the film; returns the one message in which all of it happens."""
    await town.says(JOKE, "/uitzenden")
    return await taps(town, JOKE, town.last(JOKE), "🎬", "Werk", "Werken in Nederland")


async def test_a_film_is_made_looked_at_approved_and_read_as_it_was_shown(place: Town) -> None:
    draft = await makes(place)
    assert draft.text.splitlines()[-1] == "📬 Krijgen het: 4 van 4"
    preview = await taps(place, JOKE, draft, "🔍 Voorbeeld")
    assert preview.text.splitlines()[1] == "Ontvangers: 4 van 4."
    samples: dict[Language, Shown] = {}
    for language, name in NAMES.items():
        samples[language] = await taps(place, JOKE, draft, name)
        assert TITLES[language] in samples[language].text
        bubble = await place.taps(JOKE, "bd:1:sample", draft)
        assert bubble == place.words("st.bd_sample", JOKE)
        await taps(place, JOKE, draft, "← Terug")
    assert [place.news(client) for client in CLIENTS] == [[]] * 4, "nobody has seen a thing"

    waits = await taps(place, JOKE, draft, "← Terug", "✅ Vraag goedkeuring")
    assert waits.text.splitlines()[0] == "👀 Wacht op goedkeuring"
    (request,) = place.news(NOOR)
    assert "Joke de Boer vraagt u" in request.text
    looked = await taps(place, NOOR, request, "🔍 Voorbeeld", "Tigrinya")
    assert looked.text == samples[TIGRINYA].text
    await taps(place, NOOR, request, "← Terug", "← Terug", "✅ Goedkeuren")

    assert any("Noor Jansen heeft goedgekeurd" in text for text in place.texts(JOKE))
    for client, language in READERS.items():
        (message,) = place.news(client)
        assert message.text == samples[language].text
        assert message.labels == samples[language].labels[: len(message.labels)]
        assert message.labels == [
            place.label("btn.watch", client),
            place.label("btn.no_films", client),
        ]
    assert place.news(NOOR) == [], "all of it happens in one message"


async def test_a_plan_for_tomorrow_goes_tomorrow(place: Town) -> None:
    draft = await makes(place)
    planned = await taps(place, JOKE, draft, "🗓 Wanneer", "woensdag 25-11", "10:00")
    assert "woensdag 25 november (25-11-2026), 🕙 10:00" in planned.text
    await taps(place, JOKE, draft, "✅ Vraag goedkeuring")
    await taps(place, NOOR, place.last(NOOR), "✅ Goedkeuren")
    await place.until(date(2026, 11, 25), time(9, 59))
    assert place.news(SELAM) == []
    await place.until(date(2026, 11, 25), time(10, 1))
    await place.settled()
    assert [len(place.news(client)) for client in CLIENTS] == [1, 1, 1, 1]


async def test_an_old_message_of_what_was_sent_shows_where_it_is_and_does_nothing(
    place: Town,
) -> None:
    draft = await makes(place)
    await taps(place, JOKE, draft, "✅ Vraag goedkeuring")
    request = place.last(NOOR)
    await taps(place, NOOR, request, "✅ Goedkeuren")
    place.nothing_new()
    for who, message, data in (
        (JOKE, draft, "bd:1:ask:1"),
        (JOKE, draft, "bd:1:set:step:0123456789ab:1:0"),
        (JOKE, draft, "bd:1:back"),
        (NOOR, request, "bd:1:ok:1"),
        (NOOR, request, "bd:1:return:1"),
        (NOOR, request, "bd:1:gone:1"),
    ):
        place.expects("message is not modified")
        tapped = place.phones.tap(who.chat_id, message_id=message.id, raw_data=data)
        await place.settled()
        bubble = place.phones.callback(as_text(tapped["callback_query_id"]))
        assert as_text(bubble.get("text")), data
        assert "📊 Bekijken" in place.message(who, message.id).labels, data
    assert [place.news(client) for client in CLIENTS] == [[]] * 4


async def test_a_client_and_who_may_not_send_to_many_learn_nothing(place: Town) -> None:
    await makes(place)
    place.nothing_new()
    await place.says(SELAM, "/uitzenden")
    bubble = await place.forges(SELAM, "bd:1")
    assert bubble == place.label("ch.old_button", SELAM)
    assert not any("Uitzenden" in text or "Werken" in text for text in place.texts(SELAM))
