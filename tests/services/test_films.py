"""Films: what a client finds in her list, what counts as watched, and the library of staff."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.broadcasts import BroadcastKind, DeliveryState
from bot.domain.delivery import OutboxState
from bot.domain.errors import NotFoundError
from bot.domain.films import Film, LinkHealth, Theme
from bot.domain.ids import DeliveryId, FilmId
from bot.domain.languages import ARABIC, DARI, DUTCH, ENGLISH, FARSI, TIGRINYA, Language
from bot.domain.people import LinkState
from bot.services import film_screens, film_writing, films
from bot.storage import broadcasts, deliveries, links
from bot.storage import films as storage
from bot.storage.broadcast_schema import deliveries as deliveries_table
from bot.storage.broadcast_schema import film_versions
from bot.storage.deliveries import Call, Listed
from bot.storage.schema import clients, outbox
from bot.texts import language_name
from tests.cast import BRAM, JOKE, KHALED, LAILA, MARYAM, SANNE, SELAM, Person
from tests.services.office import MESSAGE, NOOR, Office, Screen, leads_somewhere, open_office
from tests.storage.rows import NOW

TODAY = NOW.date()
DAY = timedelta(days=1)
LINK = "https://films.example.org/"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Give an office with a coordinator who coaches nobody, and an account manager."""
    async with open_office(tmp_path, (NOOR, SANNE)) as opened:
        yield opened


async def add(
    office: Office,
    code: str,
    *languages: Language,
    theme: Theme = Theme.DAILY_LIFE,
    valid_until: date | None = None,
) -> FilmId:
    """Put a film into the library with a version in each language."""
    async with office.core.database.transaction() as tx:
        film_id = await storage.insert_film(
            tx, code=code, theme=theme, minutes=3, valid_until=valid_until, now=office.now
        )
        assert film_id is not None
        for each in languages:
            await storage.put_version(
                tx, film_id, language=each, title=f"{code} {each}", link=f"{LINK}{code}/{each}"
            )
    return film_id


async def film(office: Office, film_id: FilmId) -> Film:
    async with office.core.database.reading() as tx:
        return await storage.get_film(tx, film_id)


async def withdraws(office: Office, film_id: FilmId) -> None:
    async with office.core.database.transaction() as tx:
        await storage.set_withdrawn(tx, film_id, office.now)


async def reads(office: Office, person: Person, *others: Language) -> None:
    """Note what a client reads besides her own language."""
    client_id = await office.client(person)
    async with office.core.database.transaction() as tx:
        await tx.run(
            sa.update(clients).where(clients.c.id == client_id).values(other_languages=[*others])
        )


async def opted_out(office: Office, person: Person) -> bool:
    client_id = await office.client(person)
    async with office.core.database.reading() as tx:
        return await storage.films_opted_out(tx, client_id)


async def lists(office: Office, person: Person) -> Screen:
    await films.show_films(office.core, office.turn(person))
    return await office.screen(person)


@dataclass(frozen=True, slots=True)
class Queued:
    """A call that was queued for a chat."""

    method: str
    payload: dict[str, object]

    @property
    def unfolds(self) -> object:
        return self.payload.get("link_preview_options")


async def last_call(office: Office, person: Person) -> Queued:
    async with office.core.database.reading() as tx:
        row = await tx.row(
            sa.select(outbox.c.method, outbox.c.payload)
            .where(
                outbox.c.chat_id == person.chat_id,
                outbox.c.method.in_(("sendMessage", "editMessageText")),
            )
            .order_by(outbox.c.id.desc())
        )
    assert row is not None
    return Queued(row["method"], row["payload"])


async def delivered(
    office: Office, film_id: FilmId, person: Person, shown: Language, *, waits: bool = False
) -> DeliveryId:
    """Have somebody been sent a film in a broadcast; or have it wait for her in the outbox."""
    client_id, author = await office.client(person), await office.staff(NOOR)
    async with office.core.database.transaction() as tx:
        broadcast_id = await broadcasts.insert_broadcast(
            tx, kind=BroadcastKind.FILM, author_id=author, film_id=film_id, now=office.now
        )
        state = DeliveryState.PENDING if waits else DeliveryState.SENT
        listed = Listed(client_id, person.language, shown, state)
        await deliveries.insert_deliveries(tx, broadcast_id, film_id, [listed], now=office.now)
        rows = await tx.rows(sa.select(sa.func.max(deliveries_table.c.id).label("id")))
        delivery_id: DeliveryId = rows[0]["id"]
        if waits:
            call = Call(
                delivery_id,
                1,
                client_id,
                person.chat_id,
                {"chat_id": person.chat_id, "text": "film"},
                person.language,
                shown,
            )
            await deliveries.queue(tx, [call], now=office.now, valid_until=None)
    return delivery_id


# --- her list --------------------------------------------------------------------------------


async def test_without_films_a_client_reads_that_there_are_none(office: Office) -> None:
    await add(office, "bus", FARSI)
    screen = await lists(office, SELAM)
    assert screen.text == office.core.texts.say("menu.no_films", TIGRINYA)
    assert screen.labels == ()


async def test_a_client_is_offered_the_films_that_she_can_read_the_newest_first(
    office: Office,
) -> None:
    first = await add(office, "bus", TIGRINYA, DUTCH)
    await add(office, "trein", DUTCH)
    newest = await add(office, "fiets", TIGRINYA, theme=Theme.INTEGRATION)
    screen = await lists(office, SELAM)
    assert screen.text == office.core.texts.say("menu.films", TIGRINYA)
    assert screen.labels == ("fiets ti", "bus ti")
    assert screen.data == (f"fi:{newest}", f"fi:{first}")
    assert all(leads_somewhere(office, data) for data in screen.data)


async def test_each_title_is_in_the_first_language_that_she_reads(office: Office) -> None:
    await reads(office, SELAM, ENGLISH, DUTCH)
    await add(office, "a", DUTCH, ENGLISH)
    await add(office, "b", DUTCH)
    await add(office, "c", DUTCH, ENGLISH, TIGRINYA)
    assert (await lists(office, SELAM)).labels == ("c ti", "b nl", "a en")


@pytest.mark.parametrize(
    ("others", "expected"),
    [([], ("bus en",)), ([FARSI], ()), ([TIGRINYA], ()), ([FARSI, ENGLISH], ("bus en",))],
)
async def test_who_has_named_no_other_language_finds_what_anybody_is_sent_in_her_list(
    office: Office, others: list[Language], expected: tuple[str, ...]
) -> None:
    config = office.core.config
    rules = replace(config.broadcast, fallback_languages=(ENGLISH,))
    office.core = replace(office.core, config=replace(config, broadcast=rules))
    await reads(office, SELAM, *others)
    film_id = await add(office, "bus", ENGLISH, DUTCH)
    assert (await lists(office, SELAM)).labels == expected
    await films.show_film(office.core, office.turn(SELAM), film_id, MESSAGE)
    assert (f"{LINK}bus/en" in (await office.screen(SELAM)).text) == bool(expected)


async def test_arabic_with_other_names_of_months_is_the_same_film(office: Office) -> None:
    await add(office, "bus", ARABIC)
    assert (await lists(office, KHALED)).labels == ("bus ar",)


async def test_what_is_over_or_withdrawn_is_not_offered(office: Office) -> None:
    await add(office, "over", TIGRINYA, valid_until=TODAY - DAY)
    await add(office, "today", TIGRINYA, valid_until=TODAY)
    await withdraws(office, await add(office, "gone", TIGRINYA))
    assert (await lists(office, SELAM)).labels == ("today ti",)


async def test_a_list_offers_the_twenty_newest_films(office: Office) -> None:
    for number in range(21):
        await add(office, f"f{number}", TIGRINYA)
    labels = (await lists(office, SELAM)).labels
    assert (len(labels), labels[0], labels[-1]) == (20, "f20 ti", "f1 ti")


async def test_a_long_title_fits_its_button(office: Office) -> None:
    film_id = await add(office, "bus")
    async with office.core.database.transaction() as tx:
        await storage.put_version(tx, film_id, language=TIGRINYA, title="ብኣውቶቡስ " * 14, link=LINK)
    (label,) = (await lists(office, SELAM)).labels
    assert len(label) <= 60
    assert label.endswith("ብኣው…")


async def test_nobody_but_a_client_has_a_list(office: Office) -> None:
    with pytest.raises(NotFoundError):
        await films.show_films(office.core, office.turn(JOKE))


# --- a film of the list ----------------------------------------------------------------------


async def test_a_film_shows_all_of_itself_in_place_of_the_list(office: Office) -> None:
    film_id = await add(office, "bus", TIGRINYA, theme=Theme.WORK)
    await films.show_film(office.core, office.turn(SELAM), film_id, MESSAGE)
    screen, call = await office.screen(SELAM), await last_call(office, SELAM)
    assert screen.text == office.core.texts.say(
        "bc.film",
        TIGRINYA,
        thema=office.core.texts.label("theme.work", TIGRINYA),
        titel="bus ti",
        minuten=3,
        taal=language_name(TIGRINYA),
        link=f"{LINK}bus/ti",
    )
    assert (call.method, call.payload["message_id"]) == ("editMessageText", MESSAGE)
    assert call.unfolds == {"url": f"{LINK}bus/ti", "prefer_large_media": True}
    assert screen.data == ("fi:list",)


async def test_a_film_in_another_language_says_so_in_her_own(office: Office) -> None:
    await reads(office, LAILA, ENGLISH)
    film_id = await add(office, "bus", FARSI, ENGLISH)
    await films.show_film(office.core, office.turn(LAILA), film_id, MESSAGE)
    screen = await office.screen(LAILA)
    assert "bus fa" in screen.text
    other = office.core.texts.say("bc.film_otherlang", DARI, taal=language_name(FARSI))
    assert screen.text.endswith("\n" + other)


async def test_on_a_shared_phone_a_film_shows_in_full_to_who_asks_for_it(office: Office) -> None:
    film_id = await add(office, "bus", TIGRINYA)
    client_id = await office.client(SELAM)
    async with office.core.database.transaction() as tx:
        await tx.run(sa.update(clients).where(clients.c.id == client_id).values(discreet=True))
    await films.show_film(office.core, office.turn(SELAM), film_id, MESSAGE)
    assert f"{LINK}bus/ti" in (await office.screen(SELAM)).text


@pytest.mark.parametrize("how", ["withdrawn", "over", "unreadable"])
async def test_a_film_that_she_cannot_be_given_any_more_makes_way_for_the_list(
    office: Office, how: str
) -> None:
    await add(office, "trein", TIGRINYA)
    film_id = await add(
        office,
        "bus",
        FARSI if how == "unreadable" else TIGRINYA,
        valid_until=TODAY - DAY if how == "over" else None,
    )
    if how == "withdrawn":
        await withdraws(office, film_id)
    turn = office.turn(SELAM)
    await films.show_film(office.core, turn, film_id, MESSAGE)
    screen = await office.screen(SELAM)
    assert turn.toast == office.core.texts.label("bc.film_gone", TIGRINYA)
    assert (screen.method, screen.labels) == ("editMessageText", ("trein ti",))


async def test_a_film_that_never_was_is_refused(office: Office) -> None:
    with pytest.raises(NotFoundError):
        await films.show_film(office.core, office.turn(SELAM), FilmId(99), MESSAGE)


# --- a film that she was sent ----------------------------------------------------------------


async def pressed(office: Office, delivery_id: DeliveryId) -> object:
    async with office.core.database.reading() as tx:
        return (await deliveries.get_delivery(tx, delivery_id)).pressed_at


async def test_every_press_gives_the_link_and_the_first_one_counts(office: Office) -> None:
    film_id = await add(office, "bus", TIGRINYA, DUTCH)
    delivery_id = await delivered(office, film_id, SELAM, TIGRINYA)
    assert await pressed(office, delivery_id) is None
    for _ in range(2):
        await films.watch(office.core, office.turn(SELAM), delivery_id)
        call = await last_call(office, SELAM)
        assert call.method == "sendMessage"
        assert call.payload["text"] == office.core.texts.say(
            "bc.film_link", TIGRINYA, titel="bus ti", link=f"{LINK}bus/ti"
        )
        assert call.unfolds == {"url": f"{LINK}bus/ti", "prefer_large_media": True}
        assert await pressed(office, delivery_id) == NOW
        office.now += DAY


async def test_the_link_is_that_of_the_version_that_she_was_sent(office: Office) -> None:
    film_id = await add(office, "bus", FARSI, DUTCH)
    delivery_id = await delivered(office, film_id, LAILA, DUTCH)
    await films.watch(office.core, office.turn(LAILA), delivery_id)
    assert f"{LINK}bus/nl" in (await office.screen(LAILA)).text


@pytest.mark.parametrize("how", ["withdrawn", "over"])
async def test_who_presses_too_late_reads_that_the_film_is_gone(office: Office, how: str) -> None:
    over = TODAY - DAY if how == "over" else None
    film_id = await add(office, "bus", TIGRINYA, valid_until=over)
    delivery_id = await delivered(office, film_id, SELAM, TIGRINYA)
    if how == "withdrawn":
        await withdraws(office, film_id)
    await films.watch(office.core, office.turn(SELAM), delivery_id)
    screen = await office.screen(SELAM)
    assert screen.text == office.core.texts.say("bc.film_gone", TIGRINYA)
    assert await pressed(office, delivery_id) == NOW


async def test_nobody_presses_the_button_of_somebody_else(office: Office) -> None:
    film_id = await add(office, "bus", TIGRINYA, FARSI)
    delivery_id = await delivered(office, film_id, SELAM, TIGRINYA)
    for service in (films.watch, films.stop_films_of):
        with pytest.raises(NotFoundError):
            await service(office.core, office.turn(MARYAM), delivery_id)
        with pytest.raises(NotFoundError):
            await service(office.core, office.turn(JOKE), delivery_id)
        with pytest.raises(NotFoundError):
            await service(office.core, office.turn(SELAM), DeliveryId(999))
    assert await pressed(office, delivery_id) is None
    assert not await opted_out(office, MARYAM)


# --- what she wants --------------------------------------------------------------------------


async def test_who_wants_no_films_is_told_so_once_and_for_all(office: Office) -> None:
    film_id = await add(office, "bus", TIGRINYA)
    delivery_id = await delivered(office, film_id, SELAM, TIGRINYA)
    for _ in range(2):
        await films.stop_films_of(office.core, office.turn(SELAM), delivery_id)
        screen = await office.screen(SELAM)
        assert screen.text == office.core.texts.say("bc.optout", TIGRINYA)
        assert screen.data == ("fi:again",)
    assert await opted_out(office, SELAM)
    assert not await opted_out(office, KHALED)
    assert await office.traces("films_opted_out") == 1


async def test_the_answer_to_the_question_about_stopping_keeps_the_chat(office: Office) -> None:
    await films.stop_films(office.core, office.turn(SELAM))
    client_id = await office.client(SELAM)
    async with office.core.database.reading() as tx:
        link = await links.find_link(tx, client_id=client_id)
    assert link is not None
    assert link.state is LinkState.ACTIVE
    assert await opted_out(office, SELAM)


async def test_what_waits_for_her_is_taken_back_when_she_wants_no_films(office: Office) -> None:
    film_id = await add(office, "bus", TIGRINYA, ARABIC)
    hers = await delivered(office, film_id, SELAM, TIGRINYA, waits=True)
    his = await delivered(office, film_id, KHALED, ARABIC, waits=True)
    await films.stop_films(office.core, office.turn(SELAM))
    async with office.core.database.reading() as tx:
        rows = await tx.rows(
            sa.select(outbox.c.delivery_id, outbox.c.state).where(
                outbox.c.delivery_id.is_not(None)
            )
        )
        back = await deliveries.get_delivery(tx, hers)
        kept = await deliveries.get_delivery(tx, his)
    assert {row["delivery_id"]: row["state"] for row in rows} == {
        hers: OutboxState.RETIRED,
        his: OutboxState.QUEUED,
    }
    assert (back.state, kept.state) == (DeliveryState.PENDING, DeliveryState.QUEUED)


async def test_who_wants_no_films_keeps_her_list_and_can_want_them_again(office: Office) -> None:
    await add(office, "bus", TIGRINYA)
    await films.stop_films(office.core, office.turn(SELAM))
    screen = await lists(office, SELAM)
    again = office.core.texts.label("btn.films_again", TIGRINYA)
    assert screen.labels == ("bus ti", again)
    assert screen.data[-1] == "fi:again"
    await films.want_again(office.core, office.turn(SELAM), MESSAGE)
    said = await office.screen(SELAM)
    assert (said.method, said.text) == (
        "editMessageText",
        office.core.texts.say("bc.optin", TIGRINYA),
    )
    assert said.data == ("fi:list",)
    assert not await opted_out(office, SELAM)
    assert (await lists(office, SELAM)).labels == ("bus ti",)
    assert await office.traces("films_opted_in") == 1


async def test_wanting_films_that_were_never_stopped_changes_nothing(office: Office) -> None:
    await films.want_again(office.core, office.turn(SELAM), MESSAGE)
    assert not await opted_out(office, SELAM)
    assert await office.traces("films_opted_in") == 0


# --- the library -----------------------------------------------------------------------------


async def library(office: Office, person: Person = NOOR, page: int = 0) -> Screen:
    await film_screens.show_list(office.core, office.turn(person), page, MESSAGE)
    return await office.screen(person)


async def opens(office: Office, film_id: FilmId, person: Person = NOOR) -> Screen:
    await film_screens.show_film(office.core, office.turn(person), film_id, MESSAGE)
    return await office.screen(person)


async def test_the_command_shows_staff_the_library_and_a_client_her_list(office: Office) -> None:
    await add(office, "bus", TIGRINYA, DUTCH)
    for person, title in ((NOOR, "bus nl"), (BRAM, "bus nl"), (SELAM, "bus ti")):
        await film_screens.open_films(office.core, office.turn(person))
        screen = await office.screen(person)
        assert (screen.method, screen.labels[0]) == ("sendMessage", title)
    with pytest.raises(NotFoundError):
        await film_screens.open_films(office.core, office.turn(SANNE))


async def test_the_library_stands_by_theme(office: Office) -> None:
    await add(office, "bus", TIGRINYA, DUTCH, theme=Theme.DAILY_LIFE)
    await add(office, "cv", ARABIC, theme=Theme.WORK, valid_until=TODAY - DAY)
    screen = await library(office)
    assert screen.lines == [
        "🎬 Filmpjes (2). Tik op een filmpje om het te zien, te veranderen of uit te zenden.",
        "",
        "Werk",
        "• cv ar · 3 min · Arabisch ⌛ verlopen",
        "",
        "Leven in Nederland",
        "• bus nl · 3 min · Nederlands, Tigrinya",
    ]
    assert screen.labels == ("cv ar", "bus nl", "➕ Nieuw filmpje")
    assert all(leads_somewhere(office, data) for data in screen.data)


async def test_an_empty_library_says_how_it_is_filled(office: Office) -> None:
    screen = await library(office)
    assert "nog geen filmpjes" in screen.text
    assert screen.labels == ("➕ Nieuw filmpje",)


async def test_the_library_has_pages_of_eight(office: Office) -> None:
    for number in range(9):
        await add(office, f"f{number}", DUTCH)
    first, second = await library(office), await library(office, page=1)
    assert [label for label in first.labels if label.startswith("f")] == [
        f"f{number} nl" for number in range(8)
    ]
    assert first.button("▶") == "fl:list:1"
    assert second.labels[0] == "f8 nl"
    assert (await library(office, page=77)).labels == second.labels
    back = (await opens(office, FilmId(9))).button("← Terug")
    assert back == "fl:list:1"


async def test_who_coaches_looks_and_may_send_but_changes_nothing(office: Office) -> None:
    film_id = await add(office, "bus", DUTCH)
    assert (await library(office, BRAM)).labels == ("bus nl",)
    screen = await opens(office, film_id, BRAM)
    assert screen.labels == ("📣 Uitzenden", "← Terug")
    assert screen.button("📣") == f"bd:new:film:{film_id}"
    core, turn = office.core, office.turn(BRAM)
    for forbidden in (
        film_screens.ask_until(core, turn, film_id, MESSAGE),
        film_screens.set_until(core, turn, film_id, "year", MESSAGE),
        film_screens.ask_withdraw(core, turn, film_id, MESSAGE),
        film_screens.set_withdrawn(core, turn, film_id, MESSAGE, withdrawn=True),
        film_screens.show_withdrawn(core, turn, 0, MESSAGE),
        film_writing.ask_theme(core, turn, MESSAGE),
        film_writing.ask_minutes(core, turn, Theme.WORK, MESSAGE),
        film_writing.ask_first_language(core, turn, Theme.WORK, 3, MESSAGE),
        film_writing.ask_language(core, turn, film_id, MESSAGE),
        film_writing.ask_version(core, turn, film_id, ARABIC),
        film_writing.ask_first_version(core, turn, Theme.WORK, 3, ARABIC),
    ):
        with pytest.raises(NotFoundError):
            await forbidden
    assert (await film(office, film_id)).valid_until is None


@pytest.mark.parametrize("person", [SANNE, SELAM])
async def test_nobody_else_sees_the_library(office: Office, person: Person) -> None:
    film_id = await add(office, "bus", DUTCH)
    with pytest.raises(NotFoundError):
        await library(office, person)
    with pytest.raises(NotFoundError):
        await opens(office, film_id, person)


async def test_a_film_shows_what_was_seen_of_each_link(office: Office) -> None:
    film_id = await add(office, "bus", DUTCH, ARABIC, FARSI, TIGRINYA, valid_until=TODAY)
    seen = {DUTCH: LinkHealth.WORKS, ARABIC: LinkHealth.GONE, FARSI: LinkHealth.UNSURE}
    async with office.core.database.transaction() as tx:
        for language, health in seen.items():
            await tx.run(
                sa.update(film_versions)
                .where(film_versions.c.language == language)
                .values(health=health, checked_at=NOW)
            )
    screen = await opens(office, film_id)
    assert screen.lines == [
        "🎬 bus nl",
        "Korte naam: bus",
        "Thema: leven in Nederland · 3 min",
        "Geldig tot en met 24 november (24-11-2026).",
        "",
        "Nederlands: bus nl",
        f"{LINK}bus/nl",
        "✅ De link werkte op 24 november (24-11-2026).",
        "",
        "Arabisch: bus ar",
        f"{LINK}bus/ar",
        "❌ De link werkt niet meer (gezien op 24 november (24-11-2026)).",
        "",
        "Farsi: bus fa",
        f"{LINK}bus/fa",
        "❔ Niet te zeggen of de link werkt (geprobeerd op 24 november (24-11-2026)).",
        "",
        "Tigrinya: bus ti",
        f"{LINK}bus/ti",
        "De link is nog niet geprobeerd.",
    ]
    call = await last_call(office, NOOR)
    assert call.unfolds == {"is_disabled": True}
    assert f'<a href="{LINK}bus/nl">{LINK}bus/nl</a>' in str(call.payload["text"])
    assert "❌ link werkt niet" in (await library(office)).text
    assert all(leads_somewhere(office, data) for data in screen.data if not data.startswith("bd:"))


async def test_the_longest_film_there_can_be_fits_one_message(office: Office) -> None:
    film_id = await add(office, "c" * 40)
    link = f"https://films.example.org/?a=1&b={'x' * 470}"[:500]
    async with office.core.database.transaction() as tx:
        for language in (DUTCH, ENGLISH, ARABIC, FARSI, DARI, TIGRINYA):
            await storage.put_version(
                tx, film_id, language=language, title="&" * 119 + "t", link=link
            )
    screen = await opens(office, film_id)
    assert len(screen.text.encode("utf-16-le")) // 2 <= 4096
    assert str((await last_call(office, NOOR)).payload["text"]).count("a=1&amp;b=xxx") == 12


async def test_a_title_that_looks_like_markup_is_shown_as_it_is(office: Office) -> None:
    film_id = await add(office, "bus")
    async with office.core.database.transaction() as tx:
        await storage.put_version(
            tx, film_id, language=DUTCH, title="<b>Bus & trein", link=f"{LINK}?a=1&b='2'"
        )
    await opens(office, film_id)
    text = str((await last_call(office, NOOR)).payload["text"])
    assert "&lt;b&gt;Bus &amp; trein" in text
    assert f'<a href="{LINK}?a=1&amp;b=&#x27;2&#x27;">' in text


# --- changing a film -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "until"),
    [
        ("month", date(2026, 11, 30)),
        ("quarter", date(2027, 2, 24)),
        ("year", date(2027, 11, 24)),
        ("none", None),
    ],
)
async def test_a_coordinator_says_how_long_a_film_counts(
    office: Office, choice: str, until: date | None
) -> None:
    film_id = await add(office, "bus", DUTCH, valid_until=TODAY)
    await film_screens.ask_until(office.core, office.turn(NOOR), film_id, MESSAGE)
    asked = await office.screen(NOOR)
    assert f"fl:{film_id}:until:{choice}" in asked.data
    assert all(leads_somewhere(office, data) for data in asked.data)
    if until:
        label = asked.labels[asked.data.index(f"fl:{film_id}:until:{choice}")]
        assert f"{until:%d-%m-%Y}" in label
    turn = office.turn(NOOR)
    await film_screens.set_until(office.core, turn, film_id, choice, MESSAGE)
    assert (await film(office, film_id)).valid_until == until
    assert await office.traces("film_until") == 1
    await film_screens.set_until(office.core, turn, film_id, choice, MESSAGE)
    assert await office.traces("film_until") == 1


async def test_what_is_over_cannot_be_sent(office: Office) -> None:
    film_id = await add(office, "bus", DUTCH, valid_until=TODAY - DAY)
    screen = await opens(office, film_id)
    over = "⌛ Verlopen: het was geldig tot en met 23 november (23-11-2026)."
    assert f"{over} Klanten zien het niet meer." in screen.lines
    assert "📣 Uitzenden" not in screen.labels


async def test_a_film_is_withdrawn_after_a_question_and_can_be_put_back(office: Office) -> None:
    film_id = await add(office, "bus", DUTCH, TIGRINYA)
    await film_screens.ask_withdraw(office.core, office.turn(NOOR), film_id, MESSAGE)
    asked = await office.screen(NOOR)
    assert asked.data == (f"fl:{film_id}:withdraw:yes", f"fl:{film_id}")
    assert (await lists(office, SELAM)).labels == ("bus ti",)
    for _ in range(2):
        await film_screens.set_withdrawn(
            office.core, office.turn(NOOR), film_id, MESSAGE, withdrawn=True
        )
    gone = await office.screen(NOOR)
    assert "🗄 Ingetrokken" in gone.text
    assert gone.labels == ("↩ Zet terug", "← Terug")
    assert await office.traces("film_withdrawn") == 1
    assert (await lists(office, SELAM)).labels == ()
    assert (await library(office)).labels == ("➕ Nieuw filmpje", "🗄 Ingetrokken (1)")
    assert (await library(office, BRAM)).labels == ()
    await film_screens.show_withdrawn(office.core, office.turn(NOOR), 0, MESSAGE)
    kept = await office.screen(NOOR)
    assert kept.data == (f"fl:{film_id}", "fl:list:0")
    await film_screens.set_withdrawn(
        office.core, office.turn(NOOR), film_id, MESSAGE, withdrawn=False
    )
    assert (await lists(office, SELAM)).labels == ("bus ti",)
    assert await office.traces("film_put_back") == 1
    for screen in (asked, gone, kept, await library(office)):
        assert all(leads_somewhere(office, data) for data in screen.data)


async def test_who_looks_at_a_withdrawn_film_without_being_coordinator_only_looks(
    office: Office,
) -> None:
    film_id = await add(office, "bus", DUTCH)
    await withdraws(office, film_id)
    assert (await opens(office, film_id, BRAM)).labels == ("← Terug",)


# --- choosing what is added ------------------------------------------------------------------


async def test_a_new_film_is_asked_for_step_by_step(office: Office) -> None:
    core, turn = office.core, office.turn(NOOR)
    await film_writing.ask_theme(core, turn, MESSAGE)
    themes = await office.screen(NOOR)
    assert themes.labels[:2] == ("Inburgering", "Werk")
    assert themes.data[1] == "fl:new:work"
    await film_writing.ask_minutes(core, turn, Theme.WORK, MESSAGE)
    minutes = await office.screen(NOOR)
    assert minutes.data[2] == "fl:new:work:3"
    await film_writing.ask_first_language(core, turn, Theme.WORK, 3, MESSAGE)
    languages = await office.screen(NOOR)
    assert languages.button("Dari") == "fl:new:work:3:fa_AF"
    assert len(languages.labels) == len({*languages.labels}) == 7
    for screen in (themes, minutes, languages):
        assert screen.method == "editMessageText"
        assert all(leads_somewhere(office, data) for data in screen.data)
        assert all(len(data.encode()) <= 64 for data in screen.data)


@pytest.mark.parametrize("minutes", [0, 241, 999])
async def test_a_film_of_no_length_is_refused(office: Office, minutes: int) -> None:
    with pytest.raises(NotFoundError):
        await film_writing.ask_first_language(
            office.core, office.turn(NOOR), Theme.WORK, minutes, MESSAGE
        )
    with pytest.raises(NotFoundError):
        await film_writing.ask_first_version(
            office.core, office.turn(NOOR), Theme.WORK, minutes, DUTCH
        )


async def test_what_is_asked_for_can_be_copied_without_copying_a_number(office: Office) -> None:
    film_id = await add(office, "bus", DUTCH)
    await film_writing.ask_version(office.core, office.turn(NOOR), film_id, ARABIC)
    asked = str((await last_call(office, NOOR)).payload["text"])
    assert "eerst de titel in het Arabisch" in asked
    assert [line for line in asked.splitlines() if line[:1].isdigit()] == []


async def test_the_languages_that_are_there_are_marked(office: Office) -> None:
    film_id = await add(office, "bus", ARABIC, DUTCH)
    await film_writing.ask_language(office.core, office.turn(NOOR), film_id, MESSAGE)
    screen = await office.screen(NOOR)
    marked = [label for label in screen.labels if label.startswith("✔")]
    assert marked == ["✔ Nederlands", "✔ Arabisch"]
    assert screen.button("✔ Arabisch") == f"fl:{film_id}:lang:ar"
    assert all(leads_somewhere(office, data) for data in screen.data)
