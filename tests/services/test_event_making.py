"""Staff and events: making one by tapping, who sees whom, the list as a file, calling it off."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from bot.config import Config
from bot.domain.appointments import Place
from bot.domain.broadcasts import BroadcastKind, BroadcastState
from bot.domain.errors import NotFoundError
from bot.domain.events import Event, EventKind, EventMode, EventState, single
from bot.domain.ids import ChatId, DraftId, EventId, TelegramMessageId
from bot.services import event_making, event_screens, menu, replies
from bot.services.core import Turn
from bot.services.event_drafts import mark_of
from bot.services.relay import Said
from bot.storage import broadcasts, outbox, pictures
from bot.storage import events as storage
from bot.storage.broadcast_schema import events as events_table
from bot.storage.schema import outbox as outbox_table
from tests.cast import BRAM, DAAN, JOKE, KHALED, LAILA, MARYAM, SANNE, SELAM, Person
from tests.services.office import NOOR
from tests.support.care import Care, open_care
from tests.support.gatherings import (
    AMSTERDAM,
    MESSAGE,
    TUESDAY,
    TWO,
    answers,
    joins,
    makes,
    makes_speed_date,
    said,
    told,
    trail,
    words,
)
from tests.support.gatherings import Said as Shown

START = date(2026, 11, 24)


@pytest.fixture
async def care(tmp_path: Path) -> AsyncIterator[Care]:
    """Give an office at nine on Tuesday: Joke, Bram, Sanne, Daan, Noor, and clients of both."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}"
    async with open_care(url, START, JOKE, BRAM, SANNE, DAAN, NOOR) as opened:
        for person in (JOKE, BRAM, SANNE, DAAN, NOOR):
            await opened.links(person)
        await joins(opened, SELAM, KHALED, MARYAM)
        await joins(opened, LAILA, coach=BRAM)
        yield opened


def turn(care: Care, person: Person) -> Turn:
    return Turn(now=care.now, chat_id=person.chat_id, callback_id="1")


async def last(care: Care, person: Person) -> Shown:
    return (await said(care, person))[-1]


async def taps(care: Care, person: Person, data: str, on: Shown | None = None) -> Shown:
    """Tap a button of the making of an event; with `on`, one that is really there."""
    assert on is None or data in on.data, on
    _, _, draft, what, *rest = data.split(":")
    await event_making.choose(
        care.core, turn(care, person), DraftId(int(draft)), what, ":".join(rest), MESSAGE
    )
    return await last(care, person)


async def begins(care: Care, person: Person) -> Shown:
    await event_making.begin(care.core, turn(care, person), MESSAGE)
    return await last(care, person)


async def chooses(care: Care, person: Person, *steps: str) -> Shown:
    """Begin, and tap one button after the other; `days:N` turns the pages of the days."""
    shown = await begins(care, person)
    reference = shown.data[-1].removesuffix(":drop:")
    for step in steps:
        shown = await taps(care, person, f"{reference}:{step}", shown)
    return shown


async def events_made(care: Care) -> list[Event]:
    async with care.core.database.reading() as tx:
        rows = await tx.rows(events_table.select().order_by(events_table.c.id))
        return [await storage.get_event(tx, row["id"]) for row in rows]


async def opens(care: Care, person: Person, event_id: EventId, page: int = 0) -> Shown:
    await event_screens.show_event(care.core, turn(care, person), event_id, page, MESSAGE)
    return await last(care, person)


async def lists(care: Care, person: Person, page: int = 0) -> Shown:
    await event_screens.show_events(care.core, turn(care, person), page, MESSAGE)
    return await last(care, person)


def st(care: Care, text_id: str, **values: str | int) -> str:
    return words(care, text_id, JOKE, **values)


OFFICE = f"place:{mark_of(Config().places[0])}"
CAFE = ("kind:language_cafe", OFFICE, "day:2026-12-01", "time:14:00", "minutes:90")


# --- making ----------------------------------------------------------------------------------


async def test_an_event_is_made_by_tapping_and_can_be_broadcast(care: Care) -> None:
    shown = await chooses(care, JOKE, *CAFE, "capacity:12")
    assert shown.text.split("\n") == [
        "📅 Taalcafé",
        "📍 Stadskantoor",
        "dinsdag 1 december (01-12-2026), 14:00 tot 15:30",
        "Plaatsen: 12",
        "",
        st(care, "st.es_check"),
    ]
    made = next(data for data in shown.data if data.endswith(":ok:"))
    shown = await taps(care, JOKE, made, shown)
    (event,) = await events_made(care)
    assert event.kind is EventKind.LANGUAGE_CAFE
    assert (event.mode, event.capacity, event.name) == (EventMode.ALL, 12, None)
    assert event.sessions == single(TUESDAY, TWO, AMSTERDAM, 90)
    assert event.place == care.core.config.places[0]
    assert event.author_id == (await care.staff(JOKE)).id
    assert shown.data == (f"bd:new:event:{event.id}", f"es:{event.id}:off", "es:list:0")
    assert await trail(care) == [("s-joke", "event_made", f"event:{event.id}")]
    await taps(care, JOKE, made)
    assert len(await events_made(care)) == 1, "a second tap makes nothing"


async def test_a_speed_date_has_a_time_after_each_other_for_some_at_once(care: Care) -> None:
    shown = await chooses(
        care,
        SANNE,
        *("kind:speed_date", OFFICE, "day:2026-12-01", "time:14:00", "count:3", "capacity:2"),
    )
    assert shown.text.split("\n")[2:4] == [
        "dinsdag 1 december (01-12-2026), 14:00 tot 14:30",
        "3 tijden van 10 minuten, 2 per tijd",
    ]
    shown = await taps(care, SANNE, next(each for each in shown.data if ":ok" in each))
    (event,) = await events_made(care)
    assert event.mode is EventMode.ONE
    assert event.capacity is None
    assert [(f"{each.local_time:%H:%M}", each.capacity) for each in event.sessions] == [
        ("14:00", 2),
        ("14:10", 2),
        ("14:20", 2),
    ]
    assert not any("bd:new" in each for each in shown.data), "who sends no broadcasts"


async def test_a_late_speed_date_has_no_more_times_than_the_evening(care: Care) -> None:
    shown = await chooses(care, JOKE, "kind:speed_date", OFFICE, "day:2026-12-01", "time:21:30")
    assert shown.labels[:-2] == ("3", "6")


async def test_lessons_come_every_week_also_over_a_clock_change(care: Care) -> None:
    care.at(date(2027, 3, 15))
    shown = await chooses(
        care,
        JOKE,
        *("kind:lessons", OFFICE, "day:2027-03-22", "time:09:30", "minutes:120"),
        *("count:3", "capacity:0"),
    )
    assert shown.text.split("\n")[2:] == [
        "maandag 22 maart (22-03-2027), 09:30 tot 11:30",
        "maandag 29 maart (29-03-2027), 09:30 tot 11:30",
        "maandag 5 april (05-04-2027), 09:30 tot 11:30",
        "Plaatsen: geen maximum",
        "",
        st(care, "st.es_closed", dagen="29-03-2027"),
        st(care, "st.es_check"),
    ]
    await taps(care, JOKE, next(each for each in shown.data if ":ok" in each))
    (event,) = await events_made(care)
    assert [f"{each.starts_at:%H:%M}" for each in event.sessions] == ["08:30", "07:30", "07:30"]
    assert event.capacity is None


async def test_days_are_offered_from_today_until_twelve_weeks_ahead(care: Care) -> None:
    shown = await chooses(care, JOKE, "kind:workshop", OFFICE)
    seen = []
    for page in range(11):
        if page:
            shown = await taps(care, JOKE, f"es:make:1:days:{page}", shown)
        seen += [each.rpartition(":")[2] for each in shown.data if ":day:" in each]
    assert seen == [str(START + timedelta(days=number)) for number in range(85)]
    assert not any(each.startswith("▶") for each in shown.labels)


async def test_only_half_hours_that_are_still_to_come_are_offered(care: Care) -> None:
    shown = await chooses(care, JOKE, "kind:workshop", OFFICE, "day:2026-11-24")
    assert shown.labels[0] == "09:30"
    assert shown.labels[-3] == "21:30"
    care.at(START, time(21, 30))
    shown = await chooses(care, JOKE, "kind:workshop", OFFICE)
    assert shown.data[0].endswith(":day:2026-11-25")


async def test_a_time_that_passes_meanwhile_is_asked_again(care: Care) -> None:
    shown = await chooses(
        care,
        JOKE,
        *("kind:workshop", OFFICE, "day:2026-11-24", "time:09:30"),
        *("minutes:60", "capacity:8"),
    )
    care.at(START, time(9, 30))
    here = turn(care, JOKE)
    await event_making.choose(care.core, here, DraftId(1), "ok", "", MESSAGE)
    assert here.toast == st(care, "st.es_past")
    assert (await last(care, JOKE)).labels[0] == "10:00"
    assert await events_made(care) == []
    assert any(each.endswith(":ok:") for each in shown.data)


async def test_a_day_that_has_passed_meanwhile_is_asked_again(care: Care) -> None:
    shown = await chooses(care, JOKE, "kind:workshop", OFFICE)
    assert "es:make:1:day:2026-11-25" in shown.data
    care.at(date(2026, 11, 27))
    here = turn(care, JOKE)
    await event_making.choose(care.core, here, DraftId(1), "day", "2026-11-25", MESSAGE)
    assert here.toast == st(care, "st.es_past")
    shown = await last(care, JOKE)
    assert shown.text == st(care, "st.es_ask_day", soort="Workshop")
    assert shown.data[0] == "es:make:1:day:2026-11-27"


def with_places(care: Care, *places: Place) -> None:
    care.core = replace(care.core, config=replace(care.core.config, places=places))


async def test_a_button_always_stands_for_the_same_place(care: Care) -> None:
    office, library = Place("kantoor " * 20, "Stadskantoor"), Place("bieb", "Bibliotheek")
    with_places(care, office, library)
    shown = await chooses(care, JOKE, "kind:workshop")
    first, second, *_ = shown.data
    assert max(len(data.encode()) for data in shown.data) <= 64
    with_places(care, library)
    with pytest.raises(NotFoundError, match="no step place"):
        await taps(care, JOKE, first)
    await taps(care, JOKE, second)
    shown = await chooses(
        care, JOKE, "kind:workshop", f"place:{mark_of(library)}", *CAFE[2:], "capacity:8"
    )
    assert "📍 Bibliotheek" in shown.text


@pytest.mark.parametrize("what", ["ok", "name", "back:minutes"])
async def test_a_place_that_is_gone_is_asked_again_and_the_rest_is_kept(
    care: Care, what: str
) -> None:
    await chooses(care, JOKE, *CAFE, "capacity:8")
    library = Place("bieb", "Bibliotheek")
    with_places(care, library)
    here = turn(care, JOKE)
    action, _, value = what.partition(":")
    await event_making.choose(care.core, here, DraftId(1), action, value, MESSAGE)
    assert here.toast == st(care, "st.es_place_gone")
    shown = await last(care, JOKE)
    assert shown.text == st(care, "st.es_ask_place", soort="Taalcafé")
    assert await events_made(care) == []
    shown = await taps(care, JOKE, f"es:make:1:place:{mark_of(library)}", shown)
    if action != "back":
        assert shown.text.split("\n")[1:3] == [
            "📍 Bibliotheek",
            "dinsdag 1 december (01-12-2026), 14:00 tot 15:30",
        ]


async def test_one_can_go_back_and_choose_anew(care: Care) -> None:
    shown = await chooses(care, JOKE, *CAFE, "capacity:8")
    shown = await taps(care, JOKE, "es:make:1:back:capacity", shown)
    assert st(care, "st.es_ask_capacity", soort="Taalcafé") == shown.text
    shown = await taps(care, JOKE, "es:make:1:back:minutes", shown)
    shown = await taps(care, JOKE, "es:make:1:back:time", shown)
    shown = await taps(care, JOKE, "es:make:1:time:16:00", shown)
    assert shown.text == st(care, "st.es_ask_minutes", soort="Taalcafé")
    shown = await taps(care, JOKE, "es:make:1:drop:", shown)
    assert shown.text == st(care, "st.es_none")
    here = turn(care, JOKE)
    await event_making.choose(care.core, here, DraftId(1), "minutes", "60", MESSAGE)
    assert here.toast == st(care, "st.es_expired")


@pytest.mark.parametrize(
    "step",
    [
        *("kind:party", "place:0", "place:kantoor", "day:2027-06-01", "day:morgen"),
        *("time:14:15", "time:07:30", "minutes:45", "count:3", "capacity:9", "party:1"),
        *("back:party", "days:x"),
    ],
)
async def test_what_was_never_offered_is_no_step(care: Care, step: str) -> None:
    await chooses(care, JOKE, "kind:workshop", OFFICE)
    with pytest.raises(NotFoundError, match="no step"):
        await taps(care, JOKE, f"es:make:1:{step}")


async def test_nobody_continues_what_somebody_else_began(care: Care) -> None:
    await chooses(care, JOKE, *CAFE, "capacity:8")
    here = turn(care, BRAM)
    await event_making.choose(care.core, here, DraftId(1), "name", "", MESSAGE)
    assert here.toast == st(care, "st.es_expired")
    await event_making.choose(care.core, here, DraftId(1), "ok", "", MESSAGE)
    assert await events_made(care) == []


# --- a name of its own -----------------------------------------------------------------------


async def asks_name(care: Care, person: Person) -> TelegramMessageId:
    """Tap "own name"; returns the number of the prompt, which has now been sent."""
    await taps(care, person, "es:make:1:name:")
    return await prompted(care, person, 501)


async def prompted(care: Care, person: Person, number: int) -> TelegramMessageId:
    async with care.core.database.transaction() as tx:
        row = await tx.row(
            outbox_table.select()
            .where(outbox_table.c.frame == "event_prompt")
            .order_by(outbox_table.c.id.desc())
        )
        assert row is not None
        assert row["payload"]["reply_markup"]["force_reply"] is True
        await outbox.mark_sent(tx, row["id"], TelegramMessageId(number), care.now)
    return TelegramMessageId(number)


async def replies_with(
    care: Care, person: Person, text: str, to: TelegramMessageId, number: int = 601
) -> Shown:
    typed = Said(telegram_message_id=TelegramMessageId(number), text=text, media=None, reply_to=to)
    async with care.core.database.transaction() as tx:
        await replies.receive(care.core, tx, turn(care, person), typed)
    return await last(care, person)


async def test_a_typed_name_stands_beside_the_kind_as_it_is(care: Care) -> None:
    await chooses(care, JOKE, *CAFE, "capacity:8")
    prompt = await asks_name(care, JOKE)
    shown = await replies_with(care, JOKE, "  De <b>Brug</b>\n& meer  ", prompt)
    assert shown.text.startswith("📅 Taalcafé · De <b>Brug</b> & meer\n")
    assert next(each for each in shown.data if ":ok" in each) == "es:make:1:ok:"
    await taps(care, JOKE, "es:make:1:ok:", shown)
    (event,) = await events_made(care)
    assert event.name == "De <b>Brug</b> & meer"
    invited = await answers(care, KHALED, event.id, "yes")
    kind = care.core.texts.label("event.language_cafe", KHALED.language)
    assert f"{kind} · De <b>Brug</b> & meer" in invited.text


@pytest.mark.parametrize("typed", ["x" * 81, " \n ", "\u200f\u202e", "\u200d", "🎉!", "&"])
async def test_what_is_no_name_is_asked_again(care: Care, typed: str) -> None:
    await chooses(care, JOKE, *CAFE, "capacity:8")
    prompt = await asks_name(care, JOKE)
    shown = await replies_with(care, JOKE, typed, prompt)
    text_id = "st.es_name_too_long" if typed.strip("x") == "" else "st.es_name_none"
    assert shown.text == st(care, text_id, aantal=80, lengte=81)
    second = await prompted(care, JOKE, 502)
    assert "Brug" in (await replies_with(care, JOKE, "Brug" * 20, second, 602)).text


async def test_a_late_answer_about_a_name_reaches_nobody(care: Care) -> None:
    await chooses(care, JOKE, *CAFE, "capacity:8")
    prompt = await asks_name(care, JOKE)
    await taps(care, JOKE, "es:make:1:ok:")
    shown = await replies_with(care, JOKE, "De Brug", prompt)
    assert shown.text == st(care, "st.es_answered")
    (event,) = await events_made(care)
    assert event.name is None
    assert await told(care, SELAM) == []


# --- who sees what ---------------------------------------------------------------------------


async def test_others_have_nothing_to_do_with_events(care: Care) -> None:
    event_id = await makes(care)
    for deed in (
        event_screens.show_events(care.core, turn(care, DAAN)),
        event_screens.show_event(care.core, turn(care, DAAN), event_id, 0, MESSAGE),
        event_making.begin(care.core, turn(care, DAAN), MESSAGE),
        event_screens.send_list(care.core, turn(care, DAAN), event_id),
        event_screens.show_events(care.core, turn(care, SELAM)),
    ):
        with pytest.raises(NotFoundError):
            await deed


async def test_an_account_manager_sees_and_makes_speed_dates_only(care: Care) -> None:
    cafe, speed_date = await makes(care), await makes_speed_date(care)
    shown = await lists(care, SANNE)
    assert shown.data == (f"es:{speed_date}:0", "es:new")
    for deed in (
        event_screens.show_event(care.core, turn(care, SANNE), cafe, 0, MESSAGE),
        event_screens.send_list(care.core, turn(care, SANNE), cafe),
        event_screens.cancel(care.core, turn(care, SANNE), cafe, MESSAGE),
    ):
        with pytest.raises(NotFoundError, match="no speed date"):
            await deed
    shown = await begins(care, SANNE)
    assert shown.labels[:-1] == ("Kort gesprek over werk",)
    with pytest.raises(NotFoundError, match="no step kind"):
        await taps(care, SANNE, shown.data[0].replace("speed_date", "workshop"))


async def test_everybody_reads_of_guests_what_is_theirs_to_know(care: Care) -> None:
    event_id = await makes_speed_date(care, 4)
    for person, number in ((LAILA, 1), (SELAM, 3)):
        await answers(care, person, event_id, "at", number)

    async def guests(person: Person) -> list[str]:
        shown = await opens(care, person, event_id)
        return [line for line in shown.text.split("\n") if line.startswith(("✅", "⏳"))]

    assert await guests(NOOR) == [
        "✅ 14:00 K-0004 · Bram Visser",
        "✅ 14:20 K-0001 · Joke de Boer",
    ]
    assert await guests(BRAM) == ["✅ 14:00 Laila · K-0004", "✅ 14:20 K-0001"]
    assert await guests(JOKE) == ["✅ 14:00 K-0004 · Bram Visser", "✅ 14:20 Selam · K-0001"]
    assert await guests(SANNE) == ["✅ 14:00 Laila", "✅ 14:20 Selam"]


async def test_the_screen_counts_and_names_in_pages(care: Care) -> None:
    event_id = await makes(care, capacity=9)
    everybody = [SELAM, KHALED, MARYAM, LAILA]
    more = [
        Person(f"K-2{n:03}", f"Gast {n}", "client", KHALED.language, ChatId(8000 + n))
        for n in range(8)
    ]
    await joins(care, *more)
    for person in (*everybody, *more[:6]):
        care.now += timedelta(minutes=1)
        await answers(care, person, event_id, "yes")
    await answers(care, more[6], event_id, "no")
    await answers(care, more[7], event_id, "remind")
    shown = await opens(care, NOOR, event_id)
    assert st(care, "st.es_counts", komt=9, wacht=1, niet=1, later=1) in shown.text
    assert shown.text.count("✅") == 8
    assert shown.data[:2] == (f"es:{event_id}:0", f"es:{event_id}:1")
    shown = await opens(care, NOOR, event_id, 1)
    assert shown.text.split("\n")[-2:] == [
        "✅ K-2004 · Joke de Boer",
        "⏳ K-2005 · Joke de Boer",
    ]
    assert (await opens(care, NOOR, event_id, 99)).text == shown.text


async def test_the_list_shows_when_what_and_how_many_come(care: Care) -> None:
    cafe = await makes(care, capacity=8, name="De Brug")
    date_id = await makes_speed_date(care, 3, 2)
    await answers(care, SELAM, cafe, "yes")
    shown = await lists(care, JOKE)
    assert shown.labels == (
        "di 01-12 14:00 · 1/8 · Taalcafé · De Brug",
        "di 01-12 14:00 · 0/6 · Kort gesprek over werk",
        care.core.texts.staff("st.es_btn_new"),
    )
    assert shown.data[:2] == (f"es:{cafe}:0", f"es:{date_id}:0")
    care.at(TUESDAY, time(20))
    assert len((await lists(care, JOKE)).labels) == 3, "what was today can still be looked up"
    care.at(TUESDAY + timedelta(days=1), time(0))
    assert (await lists(care, JOKE)).text == st(care, "st.es_none")


async def test_many_events_are_shown_in_pages(care: Care) -> None:
    made = [
        await makes(care, single(TUESDAY + timedelta(days=n), TWO, AMSTERDAM, 60))
        for n in range(10)
    ]
    assert (await lists(care, JOKE)).data[:8] == tuple(f"es:{each}:0" for each in made[:8])
    assert (await lists(care, JOKE, 1)).data[:3] == (
        f"es:{made[8]}:0",
        f"es:{made[9]}:0",
        "es:list:0",
    )


async def test_who_comes_is_sent_as_a_file(care: Care) -> None:
    event_id = await makes(care, capacity=1)
    for person in (SELAM, LAILA):
        care.now += timedelta(minutes=1)
        await answers(care, person, event_id, "yes")
    await answers(care, KHALED, event_id, "no")
    await event_screens.send_list(care.core, turn(care, BRAM), event_id)
    sent = await last(care, BRAM)
    assert sent.method == "sendDocument"
    kept = pictures.named_by(sent.document)
    assert kept is not None
    assert kept.file_name == f"wie-komt-{event_id}.csv"
    async with care.core.database.reading() as tx:
        content = await pictures.get_picture(tx, kept.picture_id)
    assert content.decode("utf-8-sig").splitlines() == [
        "stand;tijd;naam;code;coach;bericht",
        "komt;;;K-0001;;",
        "wachtlijst;;Laila;K-0004;;",
    ]
    assert ("s-bram", "event_list", f"event:{event_id}") in await trail(care)


# --- calling it off --------------------------------------------------------------------------


async def asks_off(care: Care, person: Person, event_id: EventId) -> Shown:
    await event_screens.ask_cancel(care.core, turn(care, person), event_id, MESSAGE)
    return await last(care, person)


async def cancels(care: Care, person: Person, event_id: EventId) -> Shown:
    await event_screens.cancel(care.core, turn(care, person), event_id, MESSAGE)
    return await last(care, person)


async def test_calling_off_asks_first_and_says_who_must_be_phoned(care: Care) -> None:
    event_id = await makes(care)
    for person in (SELAM, KHALED, LAILA):
        await answers(care, person, event_id, "yes")
    shown = await asks_off(care, JOKE, event_id)
    assert shown.text.split("\n")[-1] == st(care, "st.es_off_ask", aantal=3)
    assert shown.data == (f"es:{event_id}:yes", f"es:{event_id}:0")
    assert await told(care, SELAM) == []
    await stops(care, LAILA)
    shown = await cancels(care, JOKE, event_id)
    assert shown.text.split("\n")[-2:] == [
        st(care, "st.es_off_told", aantal=2),
        st(care, "st.es_off_untold", wie="K-0004 · Bram Visser"),
    ]
    assert st(care, "st.es_off") in shown.text
    assert shown.data == (f"es:{event_id}:csv", "es:list:0")
    assert len(await told(care, SELAM)) == 1
    again = await cancels(care, JOKE, event_id)
    assert st(care, "st.es_off_told", aantal=2) not in again.text
    assert len(await told(care, SELAM)) == 1
    assert [each[1] for each in await trail(care)].count("event_cancelled") == 1
    assert st(care, "st.es_off") in (await asks_off(care, JOKE, event_id)).text


async def stops(care: Care, person: Person) -> None:
    await menu.stop(care.core, Turn(now=care.now, chat_id=person.chat_id), confirmed=True)


async def test_only_its_maker_and_coordinators_call_an_event_off(care: Care) -> None:
    event_id = await makes(care, author=BRAM)
    speed_date = await makes_speed_date(care)
    for person, which in ((SANNE, speed_date), (BRAM, speed_date)):
        assert f"es:{which}:off" not in (await opens(care, person, which)).data
        await asks_off(care, person, which)
        await cancels(care, person, which)
    assert {each.state for each in await events_made(care)} == {EventState.OPEN}
    await cancels(care, NOOR, speed_date)
    await cancels(care, BRAM, event_id)
    assert {each.state for each in await events_made(care)} == {EventState.CANCELLED}


async def test_what_has_been_cannot_be_called_off(care: Care) -> None:
    event_id = await makes(care)
    await answers(care, SELAM, event_id, "yes")
    care.at(TUESDAY, TWO)
    assert f"es:{event_id}:off" not in (await opens(care, JOKE, event_id)).data
    await cancels(care, JOKE, event_id)
    assert [each.state for each in await events_made(care)] == [EventState.OPEN]
    assert await told(care, SELAM) == []


async def test_with_an_event_its_invitations_are_called_off(care: Care) -> None:
    event_id = await makes(care)
    joke = await care.staff(JOKE)
    async with care.core.database.transaction() as tx:
        draft = await broadcasts.insert_broadcast(
            tx, kind=BroadcastKind.EVENT, author_id=joke.id, event_id=event_id, now=care.now
        )
    await cancels(care, JOKE, event_id)
    async with care.core.database.reading() as tx:
        broadcast = await broadcasts.get_broadcast(tx, draft)
    assert broadcast.state is BroadcastState.CANCELLED
