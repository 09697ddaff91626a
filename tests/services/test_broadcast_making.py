"""Making a broadcast by tapping: what, for whom, when, how often; and who may."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.config import OpeningHours
from bot.domain.broadcasts import (
    EVERYBODY,
    Audience,
    AudiencePart,
    BroadcastKind,
    BroadcastState,
    Repeat,
)
from bot.domain.errors import NotFoundError
from bot.domain.ids import BroadcastId
from bot.domain.languages import ARABIC, DARI, DUTCH, FARSI, LEVANTINE_ARABIC, TIGRINYA
from bot.domain.localtime import to_utc
from bot.domain.people import Role
from bot.services import broadcast_timing
from bot.services.broadcast_audience import digest_of, with_choice
from bot.storage import broadcasts as storage
from bot.storage import events, films, people
from bot.storage.broadcast_schema import broadcasts
from bot.storage.schema import clients
from tests.cast import BRAM, JOKE, SANNE, Person
from tests.services.office import NOOR
from tests.services.studio import Studio, open_studio
from tests.support.crowd import TUESDAY

OTHER_BRAM = Person("s-bram2", "Bram Visser", "coach", DUTCH, BRAM.chat_id)
NO_DRAFT = "Dit is geen concept meer. Zo staat het er nu voor."
CHANGED = "Er is iets veranderd. Kijk nog eens: zo is het nu."
PAST = "Dat moment is voorbij of kan niet. Kies een ander."


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    async with open_studio(tmp_path) as opened:
        yield opened


async def put_state(studio: Studio, broadcast_id: BroadcastId, **values: object) -> None:
    """Have a broadcast be elsewhere than its message says."""
    async with studio.core.database.transaction() as tx:
        await tx.run(sa.update(broadcasts).where(broadcasts.c.id == broadcast_id).values(**values))


async def moves(studio: Studio, old: str, new: str | None) -> None:
    """Have everybody of one municipality live in another."""
    async with studio.core.database.transaction() as tx:
        await tx.run(
            sa.update(clients).where(clients.c.municipality == old).values(municipality=new)
        )


# --- the list --------------------------------------------------------------------------------


async def test_who_may_send_to_many_is_offered_three_ways(studio: Studio) -> None:
    for person in (JOKE, BRAM, NOOR):
        home = await studio.opens(person)
        assert home.lines[0] == "📢 Uitzenden"
        assert home.labels == ["🎬 Filmpje", "📅 Uitnodiging", "✉ Tekst"]
        assert home.data("✉ Tekst") == "bx:new"


async def test_nobody_else_may(studio: Studio) -> None:
    film = await studio.film()
    with pytest.raises(NotFoundError):
        await studio.opens(SANNE)
    for data in ("bd:home:0", "bd:new:films", f"bd:new:film:{film}"):
        with pytest.raises(NotFoundError):
            await studio.sends_back(data, SANNE)
    assert await studio.listed() == []


async def test_a_coordinator_lists_all_and_a_coach_the_own(studio: Studio) -> None:
    film = await studio.film()
    hers = await studio.drafts(film)
    his = await studio.drafts(film, BRAM)
    home = await studio.opens(JOKE)
    assert home.labels[3:] == ["📝 🎬 Film [nl] · Bram Visser", "📝 🎬 Film [nl]"]
    assert home.keys[4][1] == f"bd:{hers}"
    assert (await studio.opens(BRAM)).labels[3:] == ["📝 🎬 Film [nl]"]
    assert (await studio.opens(BRAM)).keys[3][1] == f"bd:{his}"
    with pytest.raises(NotFoundError):
        await studio.sends_back(f"bd:{hers}", BRAM)


async def test_each_state_opens_where_it_can_be_seen(studio: Studio) -> None:
    film = await studio.film()
    begun: dict[str, object] = {"begun_at": studio.now}
    states: list[tuple[BroadcastState, dict[str, object], str]] = [
        (BroadcastState.REVIEW, {}, "bd:1"),
        (BroadcastState.SCHEDULED, {"starts_at": studio.now}, "bd:1"),
        (BroadcastState.LISTING, begun, "bp:1:progress"),
        (BroadcastState.RUNNING, begun, "bp:1:progress"),
        (BroadcastState.PAUSED, begun, "bp:1:progress"),
    ]
    await studio.drafts(film)
    for state, values, data in states:
        await put_state(studio, BroadcastId(1), state=state, **values)
        assert (await studio.opens()).keys[3][1] == data, state
    for state in (BroadcastState.DONE, BroadcastState.CANCELLED, BroadcastState.EXPIRED):
        await put_state(studio, BroadcastId(1), state=state, **begun)
        assert (await studio.opens()).labels[3:] == ["🗄 Geweest (1)"]
        assert (await studio.taps("🗄")).keys[0][1] == "br:1"
    await put_state(studio, BroadcastId(1), state=BroadcastState.CANCELLED, begun_at=None)
    assert (await studio.taps("←", "🗄")).keys[0][1] == "bd:1", "what never began has no report"


async def test_many_broadcasts_come_in_pages_of_eight_in_one_message(studio: Studio) -> None:
    for number in range(19):
        await studio.drafts(await studio.film(code=f"f{number}"))
    home = await studio.opens()
    assert home.labels[11:] == ["1/3", "▶"]
    last = await studio.taps("▶", "▶")
    assert len(last.labels) == 3 + 3 + 2
    assert last.keys[5][1] == "bd:1"
    assert last.method == "editMessageText"
    await studio.sends_back("bd:home:900")
    assert (await studio.screen()).labels == last.labels


# --- what ------------------------------------------------------------------------------------


async def test_a_film_is_chosen_by_theme_from_those_that_may_be_sent(studio: Studio) -> None:
    wanted = await studio.film((TIGRINYA, DUTCH), code="werk")
    await studio.film(code="oud", valid_until=TUESDAY - timedelta(days=1))
    await studio.film((), code="leeg")
    await studio.opens()
    assert (await studio.taps("🎬")).labels == ["Werk (1)", "← Overzicht"]
    listed = await studio.taps("Werk")
    assert listed.text == "🎬 Filmpjes over werk. Welk filmpje wilt u versturen?"
    assert listed.labels == ["Film [nl] · 3 min · talen: 2", "← Terug"]
    shown = await studio.taps("Film")
    assert shown.method == "editMessageText"
    assert shown.lines == [
        "📝 Concept",
        "🎬 Filmpje over werk: Film [nl] (3 min)",
        "Talen: Nederlands, Tigrinya",
        "👥 Voor: iedereen",
        "🗓 Wanneer: meteen na de goedkeuring",
        "🔁 Hoe vaak: één keer",
        "📬 Krijgen het: 0 van 0",
        "⚠ Niemand past bij deze keuze; kies ruimer bij Wie.",
    ]
    [draft] = await studio.listed()
    assert (draft.kind, draft.film_id, draft.state) == (
        BroadcastKind.FILM,
        wanted,
        BroadcastState.DRAFT,
    )
    assert await studio.trail() == [("s-joke", "broadcast_draft", "broadcast:1")]


async def test_without_a_film_it_says_how_to_add_one(studio: Studio) -> None:
    await studio.opens()
    assert "/filmpjes" in (await studio.taps("🎬")).text
    await studio.taps("←")
    assert "/activiteiten" in (await studio.taps("📅")).text


async def test_many_films_come_in_pages(studio: Studio) -> None:
    for number in range(9):
        await studio.film(code=f"f{number}")
    await studio.opens()
    await studio.taps("🎬", "Werk", "▶", "Film")
    [draft] = await studio.listed()
    async with studio.core.database.reading() as tx:
        last = await films.find_film(tx, "f8")
    assert last is not None
    assert draft.film_id == last.id


async def test_a_double_tap_makes_one_draft(studio: Studio) -> None:
    film = await studio.film()
    for _ in range(2):
        await studio.sends_back(f"bd:new:film:{film}")
    assert len(await studio.listed()) == 1
    await studio.taps("🔁", "elke week")
    await studio.sends_back(f"bd:new:film:{film}")
    assert len(await studio.listed()) == 2, "that one was worked on, and is another"


async def test_a_film_that_is_gone_meanwhile_makes_no_draft(studio: Studio) -> None:
    gone = await studio.film(code="weg")
    async with studio.core.database.transaction() as tx:
        await films.set_withdrawn(tx, gone, studio.now)
    old = await studio.film(code="oud", valid_until=TUESDAY - timedelta(days=1))
    for film in (gone, old):
        toast = await studio.sends_back(f"bd:new:film:{film}")
        assert toast == "Dit filmpje kan niet meer verstuurd worden."
    assert await studio.listed() == []


async def test_an_event_is_chosen_from_those_still_to_begin(studio: Studio) -> None:
    wanted = await studio.event(TUESDAY + timedelta(days=2))
    begun = await studio.event(TUESDAY, time(9), "Begonnen", also=TUESDAY + timedelta(days=7))
    off = await studio.event(TUESDAY + timedelta(days=3), name="Afgelast")
    async with studio.core.database.transaction() as tx:
        await events.cancel_event(tx, off, now=studio.now)
    await studio.opens()
    assert (await studio.taps("📅")).labels == ["26-11 Taalcafé · Zon", "← Overzicht"]
    shown = await studio.taps("26-11")
    assert shown.lines[1:3] == [
        "📅 Taalcafé · Zon, Buurthuis",
        "donderdag 26 november (26-11-2026), 🕑 14:00",
    ]
    assert [each.event_id for each in await studio.listed()] == [wanted]
    for event in (begun, off):
        toast = await studio.sends_back(f"bd:new:event:{event}")
        assert toast == "Deze activiteit is begonnen of gaat niet door."
    assert len(await studio.listed()) == 1


async def test_a_text_leads_to_its_translations(studio: Studio) -> None:
    author = await studio.staff()
    async with studio.core.database.transaction() as tx:
        number = await storage.insert_broadcast(
            tx,
            kind=BroadcastKind.TEXT,
            author_id=author.id,
            text="Morgen <dicht> & overmorgen open.",
            now=studio.now,
        )
    await studio.sends_back(f"bd:{number}")
    shown = await studio.screen()
    assert shown.lines[1] == "✉ Morgen <dicht> & overmorgen open."
    assert shown.data("🌐 Vertalingen") == f"bx:{number}"


async def test_a_draft_says_for_whom_there_are_no_words(studio: Studio) -> None:
    await studio.comes(TIGRINYA)
    await studio.comes(DUTCH)
    await studio.drafts(await studio.film((DUTCH,)))
    shown = await studio.screen()
    assert shown.lines[6:] == ["📬 Krijgen het: 1 van 2", "Geen versie voor: Tigrinya (1)."]


# --- who -------------------------------------------------------------------------------------


async def test_values_are_ticked_in_place_and_an_empty_part_means_everybody(
    studio: Studio,
) -> None:
    for language in (TIGRINYA, TIGRINYA, FARSI, DARI):
        await studio.comes(language)
    number = await studio.drafts()
    assert (await studio.taps("👥")).lines[2:] == [
        "👥 Voor: iedereen",
        "📬 Krijgen het: 4 van 4",
    ]
    assert (await studio.taps("Taal")).labels == ["Dari", "Farsi", "Tigrinya", "← Terug"]
    ticked = await studio.taps("Tigrinya", "Dari")
    assert ticked.labels == ["✅ Dari", "Farsi", "✅ Tigrinya", "Iedereen", "← Terug"]
    assert ticked.lines[1:] == ["👥 Voor: taal: Dari, Tigrinya", "📬 Krijgen het: 3 van 3"]
    assert (await studio.taps("✅ Tigrinya")).labels[2] == "Tigrinya"
    assert (await studio.taps("← Terug")).labels[0] == "Taal (1)"
    await studio.taps("Taal", "Iedereen")
    assert (await studio.broadcast(number)).audience == EVERYBODY
    assert len(await studio.care.told(JOKE)) == 1, "all of it in one message"


async def test_each_part_has_its_dutch_words(studio: Studio) -> None:
    await studio.comes(TIGRINYA, municipality="Delft & Zn", step=2, programme="<Start>")
    number = await studio.drafts()
    await studio.taps("👥")
    words = {
        "Gemeente": ["Delft & Zn"],
        "Stap": ["stap 1", "stap 2", "stap 3"],
        "Groep": ["participatie", "re-integratie", "scholing"],
        "Traject": ["<Start>"],
        "Coach": ["Joke de Boer"],
    }
    for part, names in words.items():
        assert (await studio.taps(part)).labels == [*names, "← Terug"], part
        await studio.taps(names[0], "← Terug")
    routes = (await studio.taps("Route")).labels
    assert "Drie stappen" in routes
    assert "Voltijd (2 × 20 weken)" in routes
    chosen = await studio.taps("Drie stappen", "← Terug", "← Terug")
    assert chosen.lines[3] == (
        "👥 Voor: gemeente: Delft & Zn; stap 1; groep: participatie; route: Drie stappen; "
        "traject: <Start>; coach: Joke de Boer"
    )
    assert (await studio.broadcast(number)).audience.values(AudiencePart.STEP) == {"1"}


async def test_arabic_is_one_language_to_choose(studio: Studio) -> None:
    for language in (ARABIC, LEVANTINE_ARABIC, FARSI):
        await studio.comes(language)
    await studio.drafts()
    await studio.taps("👥")
    assert (await studio.taps("Taal")).labels == ["Arabisch", "Farsi", "← Terug"]
    assert (await studio.taps("Arabisch")).lines[2] == "📬 Krijgen het: 2 van 2"
    assert (await studio.taps("✅ Arabisch")).lines[2] == "📬 Krijgen het: 3 van 3"


async def test_a_coach_reaches_the_own_clients_and_chooses_no_coach(studio: Studio) -> None:
    await studio.comes(TIGRINYA, coach=BRAM, municipality="Delft")
    await studio.comes(FARSI, coach=JOKE, municipality="Geheim")
    number = await studio.drafts(by=BRAM)
    shown = await studio.screen(BRAM)
    assert shown.lines[3] == "👥 Voor: klanten van Bram Visser"
    assert shown.lines[6] == "📬 Krijgen het: 1 van 1"
    assert "Coach" not in (await studio.taps("👥", by=BRAM)).labels
    assert (await studio.taps("Gemeente", by=BRAM)).labels == ["Delft", "← Terug"]
    joke = await studio.staff()
    digest = digest_of(AudiencePart.COACH, "Joke de Boer")
    for data in ("who:coach:0", f"set:coach:{digest}:1:0"):
        await studio.sends_back(f"bd:{number}:{data}", BRAM)
        assert "Geheim" not in (await studio.screen(BRAM)).text
    assert (await studio.broadcast(number)).audience == EVERYBODY
    only_hers = Audience({AudiencePart.COACH: frozenset({str(joke.id)})})
    await put_state(studio, number, audience=only_hers.to_json())
    await studio.sends_back(f"bd:{number}", BRAM)
    assert (await studio.screen(BRAM)).lines[6] == "📬 Krijgen het: 1 van 1"


async def test_a_list_that_changed_never_toggles_another_value(studio: Studio) -> None:
    await studio.comes(TIGRINYA, municipality="Breda")
    await studio.comes(TIGRINYA, municipality="Delft")
    number = await studio.drafts()
    old = await studio.taps("👥", "Gemeente")
    await moves(studio, "Breda", "Assen")
    toast = await studio.sends_back(old.data("Breda"))
    assert toast == CHANGED
    assert (await studio.broadcast(number)).audience == EVERYBODY
    assert (await studio.screen()).labels == ["Assen", "Delft", "← Terug"]
    await moves(studio, "Assen", None)
    await studio.sends_back(old.data("Delft"))
    assert (await studio.screen()).labels[0] == "✅ Delft", "it stood second before"


async def test_what_is_chosen_can_be_unchosen_when_nobody_has_it_any_more(
    studio: Studio,
) -> None:
    await studio.comes(TIGRINYA, municipality="Breda")
    number = await studio.drafts()
    await studio.taps("👥", "Gemeente", "Breda")
    await moves(studio, "Breda", None)
    assert (await studio.taps("← Terug", "Gemeente")).labels[0] == "✅ Breda"
    await studio.taps("✅ Breda")
    assert (await studio.broadcast(number)).audience == EVERYBODY


async def test_a_double_tap_on_a_value_does_not_undo_itself(studio: Studio) -> None:
    await studio.comes(TIGRINYA, municipality="Breda")
    number = await studio.drafts()
    data = (await studio.taps("👥", "Gemeente")).data("Breda")
    for _ in range(2):
        await studio.sends_back(data)
    chosen = await studio.broadcast(number)
    assert chosen.audience.values(AudiencePart.MUNICIPALITY) == {"Breda"}


async def test_long_and_many_values_fit_by_pages(studio: Studio) -> None:
    names = [
        f"Gemeente Heel-Lange-Naam-aan-het-Water-{number:02} ééé" + "x" * 20
        for number in range(10)
    ]
    for name in names:
        await studio.comes(TIGRINYA, municipality=name)
    number = await studio.drafts()
    first = await studio.taps("👥", "Gemeente")
    assert first.labels[8:] == ["1/2", "▶", "← Terug"]
    assert all(len(label) <= 64 for label in first.labels)
    second = await studio.taps("▶")
    assert len(second.labels) == 2 + 2 + 1
    ticked = await studio.taps(second.labels[1])
    assert ticked.labels[1].startswith("✅ ")
    assert ticked.labels[2:4] == ["◀", "2/2"], "still on that page"
    chosen = await studio.broadcast(number)
    assert chosen.audience.values(AudiencePart.MUNICIPALITY) == {names[9]}


async def test_two_coaches_of_one_name_are_told_apart(tmp_path: Path) -> None:
    async with open_studio(tmp_path, staff=(JOKE, NOOR, BRAM)) as studio:
        async with studio.core.database.transaction() as tx:
            await people.insert_staff(
                tx, code=OTHER_BRAM.code, name=OTHER_BRAM.name, roles=(Role.COACH,), now=studio.now
            )
        await studio.comes(TIGRINYA, coach=BRAM)
        await studio.comes(FARSI, coach=OTHER_BRAM)
        await studio.comes(FARSI, coach=OTHER_BRAM)
        await studio.drafts()
        shown = await studio.taps("👥", "Coach")
        assert shown.labels == ["Bram Visser (s-bram)", "Bram Visser (s-bram2)", "← Terug"]
        assert (await studio.taps("Bram Visser (s-bram2)")).lines[2] == "📬 Krijgen het: 2 van 2"


def test_choosing_or_not_is_no_toggle() -> None:
    two = frozenset({"ar", "ar_SY"})
    chosen = with_choice(EVERYBODY, AudiencePart.LANGUAGE, two, wanted=True)
    assert chosen.values(AudiencePart.LANGUAGE) == two
    assert with_choice(chosen, AudiencePart.LANGUAGE, two, wanted=True) == chosen
    assert with_choice(chosen, AudiencePart.LANGUAGE, two, wanted=False) == EVERYBODY
    assert with_choice(EVERYBODY, AudiencePart.LANGUAGE, two, wanted=False) == EVERYBODY


# --- when ------------------------------------------------------------------------------------


async def test_a_day_and_a_half_hour_are_chosen_and_shown_by_the_wall_clock(
    studio: Studio,
) -> None:
    number = await studio.drafts()
    days = await studio.taps("🗓")
    assert days.labels[:3] == ["⚡ Meteen", "dinsdag 24-11", "woensdag 25-11"]
    assert days.labels[9:] == ["1/4", "▶", "← Terug"]
    assert (await studio.taps("▶", "▶", "▶")).labels[1:4] == [
        "vrijdag 18-12",
        "zaterdag 19-12",
        "zondag 20-12",
    ]
    today = await studio.taps("◀", "◀", "◀", "dinsdag 24-11")
    assert today.text == "🗓 dinsdag 24 november (24-11-2026). Hoe laat?"
    assert today.labels[0] == "10:30", "ten o'clock is now"
    assert today.labels[-2] == "19:30", "from eight on it is quiet"
    shown = await studio.taps("14:00")
    assert shown.lines[4] == "🗓 Wanneer: dinsdag 24 november (24-11-2026), 🕑 14:00"
    draft = await studio.broadcast(number)
    assert (draft.first_day, draft.clock) == (TUESDAY, time(14))
    again = await studio.taps("🗓", "⚡ Meteen")
    assert again.lines[4] == "🗓 Wanneer: meteen na de goedkeuring"
    draft = await studio.broadcast(number)
    assert (draft.first_day, draft.clock) == (None, None)


async def test_days_are_offered_up_to_four_weeks_ahead(studio: Studio) -> None:
    number = await studio.drafts()
    seen: list[str] = []
    for page in range(4):
        await studio.sends_back(f"bd:{number}:days:{page}")
        seen += [data for _, data in (await studio.screen()).keys if ":day:" in data]
    assert len(set(seen)) == 29
    assert seen[0] == f"bd:{number}:day:20261124"
    assert seen[-1] == f"bd:{number}:day:20261222"


@pytest.mark.parametrize(
    "data",
    [
        "at:20261124:1000",
        "at:20261123:1400",
        "at:20261223:1400",
        "at:20261125:2200",
        "at:20261125:0230",
        "at:20261125:1015",
        "day:20261123",
        "day:20270101",
    ],
)
async def test_a_moment_that_is_past_or_was_never_offered_is_refused(
    studio: Studio, data: str
) -> None:
    number = await studio.drafts()
    assert await studio.sends_back(f"bd:{number}:{data}") == PAST
    assert (await studio.broadcast(number)).first_day is None
    assert (await studio.broadcast(number)).revision == 1


async def test_late_in_the_evening_today_is_not_offered(studio: Studio) -> None:
    studio.care.at(TUESDAY, time(19, 30))
    await studio.drafts()
    assert (await studio.taps("🗓")).labels[1] == "woensdag 25-11"


def test_no_time_is_offered_between_two_and_three(studio: Studio) -> None:
    hours = OpeningHours(quiet_start=time(22), quiet_end=time(1))
    core = replace(studio.core, config=replace(studio.core.config, hours=hours))
    times = broadcast_timing.offered_times(core)
    assert times[:4] == (time(1), time(1, 30), time(3), time(3, 30))
    assert times[-1] == time(21, 30)


# --- how often -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "after"),
    [(date(2026, 10, 21), date(2026, 10, 28)), (date(2027, 3, 24), date(2027, 3, 31))],
)
async def test_a_weekly_repeat_stays_at_its_local_time_over_a_clock_change(
    tmp_path: Path, first: date, after: date
) -> None:
    async with open_studio(tmp_path, day=first, approval=False) as studio:
        await studio.comes(TIGRINYA)
        number = await studio.drafts(await studio.film())
        await studio.taps("🗓", studio_day(first), "14:00")
        shown = await studio.taps("🔁", "elke week")
        moments = [line for line in shown.lines if line.startswith("•")]
        assert [moment[-5:] for moment in moments] == ["14:00"] * 3
        assert f"({after:%d-%m-%Y})" in moments[1]
        await studio.taps("←", "✅", "✅ Ja")
        studio.care.at(first, time(14))
        await studio.runs()
        following, begun = await studio.listed()
        zone = studio.core.config.organisation.zone
        assert begun.id == number
        assert following.starts_at == to_utc(after, time(14), zone)
        assert following.starts_at is not None
        assert begun.starts_at is not None
        hours = (following.starts_at - begun.starts_at).total_seconds() / 3600
        assert hours in {167, 169}, "a week by the wall clock is not a week of hours here"
        await studio.sends_back(f"bd:{following.id}")
        assert "14:00" in (await studio.screen()).lines[4]


def studio_day(day: date) -> str:
    names = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
    return f"{names[day.weekday()]} {day.day}-{day.month}"


async def test_a_repeat_says_what_it_means_for_a_film_and_for_an_event(studio: Studio) -> None:
    await studio.drafts(await studio.film(valid_until=date(2026, 12, 31)))
    shown = await studio.taps("🔁")
    assert "tot en met donderdag 31 december (31-12-2026)" in shown.text
    assert "kort geleden kreeg (dagen: 90)" in shown.text
    event = await studio.event(TUESDAY + timedelta(days=2))
    await studio.sends_back(f"bd:new:event:{event}")
    shown = await studio.taps("🔁")
    assert "elke keer komt er dezelfde activiteit bij" in shown.text
    assert (await studio.taps("elke maand")).labels[3] == "✅ elke maand"
    assert (await studio.listed())[0].repeat is Repeat.MONTHLY


async def test_an_event_that_repeats_is_made_again_so_many_days_later(tmp_path: Path) -> None:
    async with open_studio(tmp_path, approval=False) as studio:
        await studio.comes(TIGRINYA)
        event = await studio.event(TUESDAY + timedelta(days=2))
        await studio.opens()
        await studio.sends_back(f"bd:new:event:{event}")
        await studio.taps("🔁", "elke twee weken", "←", "✅", "✅ Ja")
        await studio.ticks()
        following, _ = await studio.listed()
        assert following.event_id not in {None, event}
        async with studio.core.database.reading() as tx:
            assert following.event_id is not None
            copied = await events.get_event(tx, following.event_id)
        assert copied.sessions[0].local_date == TUESDAY + timedelta(days=16)


# --- what is stale ---------------------------------------------------------------------------


CHANGES = (
    "who",
    "who:language:0",
    "all:language",
    "set:step:0123456789ab:1:0",
    "days:0",
    "day:20261125",
    "at:20261125:1000",
    "now",
    "rep",
    "rep:weekly",
    "ask:1",
    "go:1",
)


@pytest.mark.parametrize("state", [each for each in BroadcastState if each != "draft"])
async def test_what_is_no_draft_any_more_is_shown_and_not_changed(
    studio: Studio, state: BroadcastState
) -> None:
    await studio.comes(TIGRINYA)
    number = await studio.drafts()
    await put_state(studio, number, state=state)
    before = await studio.broadcast(number)
    await studio.sends_back(f"bd:{number}")
    present = await studio.screen()
    for what in CHANGES:
        assert await studio.sends_back(f"bd:{number}:{what}") == NO_DRAFT, what
        assert (await studio.screen()).text == present.text, what
    assert await studio.broadcast(number) == before
    if state in {BroadcastState.LISTING, BroadcastState.RUNNING, BroadcastState.PAUSED}:
        assert present.data("📊") == f"bp:{number}:progress"


async def test_a_colleague_looks_at_a_draft_and_changes_nothing(studio: Studio) -> None:
    await studio.comes(TIGRINYA)
    number = await studio.drafts(by=BRAM)
    await studio.opens(NOOR)
    shown = await studio.taps("📝", by=NOOR)
    assert shown.lines[-1] == "Gemaakt door Bram Visser."
    assert shown.labels == ["🔍 Voorbeeld", "✖ Weggooien", "← Overzicht"]
    before = await studio.broadcast(number)
    for what in CHANGES:
        toast = await studio.sends_back(f"bd:{number}:{what}", NOOR)
        assert toast == "Alleen Bram Visser kan dit veranderen.", what
    assert await studio.broadcast(number) == before


async def test_a_draft_is_thrown_away_after_one_question(studio: Studio) -> None:
    number = await studio.drafts()
    asked = await studio.taps("✖")
    assert asked.lines[-1] == "Weggooien? Dit kan niet terug."
    assert (await studio.taps("← Terug")).lines[0] == "📝 Concept"
    assert await studio.state(number) is BroadcastState.DRAFT
    gone = await studio.taps("✖", "✖ Ja")
    assert gone.lines[0] == "✖ Dit gaat niet (verder) uit"
    assert await studio.state(number) is BroadcastState.CANCELLED
    assert (
        await studio.sends_back(f"bd:{number}:gone:1")
        == "Dit kan niet meer. Zo staat het er nu voor."
    )
    assert [deed for _, deed, _ in await studio.trail()] == ["broadcast_draft", "broadcast_cancel"]


async def test_a_draft_that_changed_is_not_thrown_away_by_an_old_button(studio: Studio) -> None:
    number = await studio.drafts()
    await studio.taps("🔁", "elke week")
    for step in ("drop", "gone"):
        assert await studio.sends_back(f"bd:{number}:{step}:1") == CHANGED
    assert await studio.state(number) is BroadcastState.DRAFT


async def test_a_broadcast_that_never_was_is_nobodys(studio: Studio) -> None:
    for what in ("", ":pv", ":who", ":ask:1", ":ok:1", ":drop:1"):
        with pytest.raises(NotFoundError):
            await studio.sends_back(f"bd:99{what}")
