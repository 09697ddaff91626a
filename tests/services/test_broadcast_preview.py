"""The preview of a broadcast: exactly what each will see, who is left out, and what is wrong."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.config import Sending
from bot.domain.broadcasts import Audience, AudiencePart, BroadcastKind, BroadcastState
from bot.domain.films import LinkHealth
from bot.domain.ids import BroadcastId
from bot.domain.languages import (
    ARABIC,
    DARI,
    DUTCH,
    ENGLISH,
    FARSI,
    LEVANTINE_ARABIC,
    TIGRINYA,
    Language,
)
from bot.domain.people import Client, LinkState
from bot.services.broadcast_preview import fresh_look, look_ahead, problems_of
from bot.storage import broadcast_texts, events, films
from bot.storage import broadcasts as storage
from bot.storage.broadcast_schema import broadcasts, film_versions
from bot.storage.schema import outbox
from tests.cast import JOKE
from tests.services.studio import Screen, Studio, open_studio
from tests.support.crowd import LANGUAGES, TUESDAY, chat_of

NAMES = {
    TIGRINYA: "Tigrinya",
    LEVANTINE_ARABIC: "Arabisch",
    FARSI: "Farsi",
    DARI: "Dari",
    DUTCH: "Nederlands",
}


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    async with open_studio(tmp_path) as opened:
        yield opened


@pytest.fixture
async def alone(tmp_path: Path) -> AsyncIterator[Studio]:
    """Give a studio in which nobody need approve."""
    async with open_studio(tmp_path, approval=False) as opened:
        yield opened


async def problems(studio: Studio, broadcast_id: BroadcastId) -> list[str]:
    broadcast = await studio.broadcast(broadcast_id)
    async with studio.core.database.reading() as tx:
        return await problems_of(studio.core, tx, broadcast, now=studio.now)


async def text_draft(studio: Studio, text: str) -> BroadcastId:
    author = await studio.staff()
    async with studio.core.database.transaction() as tx:
        return await storage.insert_broadcast(
            tx, kind=BroadcastKind.TEXT, author_id=author.id, text=text, now=studio.now
        )


async def translates(
    studio: Studio,
    broadcast_id: BroadcastId,
    language: Language,
    text: str,
    *,
    approved: bool = True,
) -> None:
    """Have the words of a text stand ready in a language."""
    author = await studio.staff()
    async with studio.core.database.transaction() as tx:
        await broadcast_texts.ask_for(tx, broadcast_id, [language], now=studio.now)
        made = (await broadcast_texts.list_texts(tx, broadcast_id))[language]
        await broadcast_texts.put_text(
            tx, made.id, text, engine="phrasebook", faults=(), written_by=None, now=studio.now
        )
        if approved:
            await broadcast_texts.set_approved(tx, made.id, author.id, now=studio.now)


async def shifts(studio: Studio, broadcast_id: BroadcastId, day: date, clock: time) -> None:
    async with studio.core.database.transaction() as tx:
        draft = await storage.get_broadcast(tx, broadcast_id)
        await storage.change_broadcast(tx, draft, first_day=day, clock=clock)


async def came(studio: Studio, client: Client) -> Screen:
    """Return what was sent to a client."""
    async with studio.core.database.reading() as tx:
        row = await tx.row(
            sa.select(outbox.c.method, outbox.c.payload).where(
                outbox.c.chat_id == chat_of(client.id)
            )
        )
    assert row is not None
    payload = row["payload"]
    rows = payload.get("reply_markup", {"inline_keyboard": []})["inline_keyboard"]
    keys = tuple((key["text"], key["callback_data"]) for line in rows for key in line)
    link = payload.get("link_preview_options", {}).get("url")
    return Screen(row["method"], payload["text"], keys, link)


# --- the same words --------------------------------------------------------------------------


async def make(studio: Studio, what: str) -> BroadcastId:
    if what == "film":
        return await studio.drafts()
    if what == "event":
        event = await studio.event(TUESDAY + timedelta(days=2), name="<Zon> & Zn")
        await studio.sends_back(f"bd:new:event:{event}")
        return (await studio.listed())[0].id
    number = await text_draft(studio, "Het spreekuur is om 10:00 <niet> & nooit.")
    for language, text in (
        (TIGRINYA, "ሰላም 10:00 <ኣይ>"),
        (ARABIC, "مرحبا 10:00"),
        (FARSI, "سلام 10:00"),
        (DARI, "سلام دری 10:00"),
    ):
        await translates(studio, number, language, text)
    return number


@pytest.mark.parametrize("what", ["film", "event", "text"])
async def test_each_language_sees_exactly_what_the_preview_showed(
    alone: Studio, what: str
) -> None:
    readers = {language: await alone.comes(language) for language in LANGUAGES}
    number = await make(alone, what)
    await alone.sends_back(f"bd:{number}:pv")
    assert set((await alone.screen()).labels) == {*NAMES.values(), "← Terug"}
    samples = {}
    for name in NAMES.values():
        samples[name] = await alone.taps(name)
        assert samples[name].method == "editMessageText"
        below = {*NAMES.values(), "← Terug"} - {name}
        count = len(below)
        assert set(samples[name].labels[-count:]) == below
        await alone.taps("← Terug")
    await alone.taps("← Terug", "✅ Versturen", "✅ Ja")
    await alone.runs()
    for language, client in readers.items():
        sent, sample = await came(alone, client), samples[NAMES[language]]
        assert sample.markup == sent.markup
        assert sample.labels[: len(sent.keys)] == sent.labels
        assert sample.link == sent.link
        assert {data for _, data in sample.keys[: len(sent.keys)]} <= {f"bd:{number}:sample"}


async def test_a_button_of_a_sample_only_says_that_it_is_one(studio: Studio) -> None:
    client = await studio.comes(TIGRINYA)
    number = await studio.drafts()
    await studio.taps("🔍", "Tigrinya")
    before = await studio.screen()
    toast = await studio.sends_back(before.keys[0][1])
    assert toast == "Dit is een voorbeeld. Deze knop doet niets."
    assert await studio.screen() == before
    async with studio.core.database.reading() as tx:
        assert not await films.films_opted_out(tx, client.id)
    assert await studio.state(number) is BroadcastState.DRAFT


async def test_who_shares_a_phone_can_be_looked_over_the_shoulder_of(studio: Studio) -> None:
    await studio.comes(TIGRINYA)
    await studio.comes(FARSI, discreet=True)
    await studio.drafts()
    shown = await studio.taps("🔍", "Tigrinya", "🔒 Gedeelde telefoon")
    assert "Film" not in shown.text
    assert shown.link is None
    shown = await studio.taps("Farsi")
    assert shown.labels[-2:] == ["🔓 Eigen telefoon", "← Terug"], "it stays as on a shared phone"
    assert "Film [fa]" in (await studio.taps("🔓")).text


async def test_where_nobody_shares_a_phone_that_is_not_offered(studio: Studio) -> None:
    await studio.comes(TIGRINYA)
    await studio.drafts()
    assert not any("🔒" in each for each in (await studio.taps("🔍", "Tigrinya")).labels)


async def test_who_reads_another_language_sees_it_with_that_said(alone: Studio) -> None:
    client = await alone.comes(TIGRINYA, other_languages=["en"])
    await alone.drafts(await alone.film((ENGLISH, DUTCH)))
    assert (await alone.taps("🔍")).labels == ["Tigrinya → Engels", "Nederlands", "← Terug"]
    sample = await alone.taps("Tigrinya")
    await alone.taps("←", "←", "✅", "✅ Ja")
    await alone.runs()
    assert (await came(alone, client)).markup == sample.markup


async def test_arabic_with_two_calendars_can_be_seen_apart(studio: Studio) -> None:
    await studio.comes(ARABIC)
    await studio.comes(LEVANTINE_ARABIC)
    event = await studio.event(TUESDAY + timedelta(days=2))
    await studio.sends_back(f"bd:new:event:{event}")
    assert (await studio.taps("🔍")).labels[:2] == ["Arabisch (ar)", "Arabisch (ar_SY)"]
    first = await studio.taps("Arabisch (ar)")
    second = await studio.taps("Arabisch (ar_SY)")
    assert first.text != second.text


async def test_a_translation_that_nobody_approved_is_not_in_it(studio: Studio) -> None:
    await studio.comes(TIGRINYA)
    await studio.comes(DUTCH)
    number = await text_draft(studio, "Dag")
    await translates(studio, number, TIGRINYA, "ሰላም", approved=False)
    await studio.sends_back(f"bd:{number}:pv")
    shown = await studio.screen()
    assert shown.lines[1] == "Ontvangers: 1 van 2."
    assert "Geen versie voor: Tigrinya (1)." in shown.lines
    assert shown.labels == ["Nederlands", "← Terug"]


async def test_a_sample_of_what_nobody_gets_any_more_shows_the_preview(studio: Studio) -> None:
    client = await studio.comes(TIGRINYA)
    await studio.comes(FARSI)
    await studio.drafts()
    old = await studio.taps("🔍")
    await studio.links(client, LinkState.STOPPED)
    toast = await studio.sends_back(old.data("Tigrinya"))
    assert toast == "Er is iets veranderd. Kijk nog eens: zo is het nu."
    shown = await studio.screen()
    assert shown.lines[1] == "Ontvangers: 1 van 2."
    assert shown.labels == ["Farsi", "Nederlands", "← Terug"]


async def test_when_nobody_gets_it_every_language_there_is_can_be_seen(studio: Studio) -> None:
    await studio.drafts(await studio.film((FARSI, DUTCH)))
    assert (await studio.taps("🔍")).labels == ["Nederlands", "Farsi", "← Terug"]


@pytest.mark.parametrize("state", [BroadcastState.RUNNING, BroadcastState.CANCELLED])
async def test_of_what_has_gone_there_is_no_preview(studio: Studio, state: BroadcastState) -> None:
    await studio.comes(TIGRINYA)
    number = await studio.drafts()
    async with studio.core.database.transaction() as tx:
        await tx.run(sa.update(broadcasts).values(state=state))
    for what in ("pv", "pv:ti:ti", "pv:ti:ti:d"):
        toast = await studio.sends_back(f"bd:{number}:{what}")
        assert toast == "Dit kan niet meer. Zo staat het er nu voor."
        assert "Voorbeeld" not in (await studio.screen()).text


# --- the counts ------------------------------------------------------------------------------


async def test_it_says_how_many_of_each_language_and_how_many_read_another(
    studio: Studio,
) -> None:
    await studio.many(3, [TIGRINYA])
    await studio.comes(TIGRINYA, other_languages=["fr", "nl"])
    await studio.comes(ARABIC)
    await studio.comes(LEVANTINE_ARABIC)
    await studio.comes(DARI)
    await studio.drafts(await studio.film((ARABIC, FARSI, DUTCH)))
    shown = await studio.taps("🔍")
    assert shown.lines[:8] == [
        "🔍 Voorbeeld",
        "Ontvangers: 4 van 7.",
        "• Arabisch: 2",
        "• Tigrinya: 1, van wie 1 in het Nederlands",
        "• Dari: 1, van wie 1 in het Farsi",
        "Krijgen het niet: 3.",
        "• geen versie in een taal die zij lezen: 3",
        "Geen versie voor: Tigrinya (3).",
    ]


async def test_it_says_who_is_left_out_and_why(studio: Studio) -> None:
    film = await studio.film()
    await studio.comes(TIGRINYA)
    await studio.comes(FARSI, films_opted_out_at=studio.now)
    for link in (None, LinkState.ONBOARDING, LinkState.STOPPED, LinkState.UNREACHABLE):
        await studio.comes(FARSI, link=link)
    await studio.drafts(film)
    lines = (await studio.taps("🔍")).lines
    assert lines[1] == "Ontvangers: 1 van 6."
    assert lines[3] == "Krijgen het niet: 5."
    assert set(lines[4:8]) == {
        "• wil geen filmpjes: 1",
        "• heeft de chat niet geopend: 2",
        "• wil de chat niet meer: 1",
        "• niet bereikbaar in de chat: 1",
    }


async def test_who_got_the_film_not_long_ago_is_left_out(alone: Studio) -> None:
    film = await alone.film()
    await alone.many(2, [TIGRINYA])
    await alone.drafts(film)
    await alone.taps("✅", "✅ Ja")
    await alone.runs()
    await alone.comes(TIGRINYA)
    alone.passes(days=80)
    again = await alone.drafts(film)
    assert "• had het al of heeft al geantwoord: 2" in (await alone.taps("🔍")).lines
    await shifts(alone, again, alone.care.today + timedelta(days=14), time(10))
    await alone.sends_back(f"bd:{again}:pv")
    shown = await alone.screen()
    assert shown.lines[1] == "Ontvangers: 3 van 3.", "by then ninety days have passed"


async def test_wishes_about_films_do_not_count_for_an_event(studio: Studio) -> None:
    await studio.comes(FARSI, films_opted_out_at=studio.now)
    event = await studio.event(TUESDAY + timedelta(days=2))
    await studio.sends_back(f"bd:new:event:{event}")
    assert (await studio.taps("🔍")).lines[1] == "Ontvangers: 1 van 1."


# --- how long, and when ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sending", "words"),
    [
        (Sending(), "minder dan een minuut"),
        (Sending(per_second=1), "2 minuten"),
        (Sending(per_second=1, paid_broadcast=True), "minder dan een minuut"),
    ],
)
async def test_it_says_how_long_it_takes_at_the_present_limit(
    tmp_path: Path, sending: Sending, words: str
) -> None:
    async with open_studio(tmp_path) as studio:
        studio.care.core = replace(
            studio.core, config=replace(studio.core.config, sending=sending)
        )
        studio.reopens()
        await studio.many(61)
        await studio.drafts()
        assert f"⏱ Duurt: {words}." in (await studio.taps("🔍")).lines


async def test_in_quiet_hours_it_waits_for_the_morning(studio: Studio) -> None:
    studio.care.at(TUESDAY, time(21))
    await studio.comes(TIGRINYA)
    await studio.drafts()
    shown = await studio.taps("🔍")
    assert "🗓 Begint: woensdag 25 november (25-11-2026), 🕢 07:30." in shown.lines
    assert "In de stille uren gaat niets uit; dit wacht tot 07:30." in shown.lines


async def test_what_does_not_fit_before_the_night_waits_for_the_morning(
    tmp_path: Path,
) -> None:
    async with open_studio(tmp_path, clock=time(19, 59)) as studio:
        slow = Sending(per_second=1)
        studio.care.core = replace(studio.core, config=replace(studio.core.config, sending=slow))
        studio.reopens()
        await studio.many(59)
        await studio.drafts()
        rest = "Wat om 20:00 nog niet weg is, wacht tot 07:30."
        assert rest not in (await studio.taps("🔍")).lines
        await studio.comes(TIGRINYA)
        await studio.taps("← Terug")
        assert rest in (await studio.taps("🔍")).lines


async def test_it_says_when_it_begins(studio: Studio) -> None:
    await studio.comes(TIGRINYA)
    number = await studio.drafts()
    assert "🗓 Begint meteen na de goedkeuring." in (await studio.taps("🔍")).lines
    await shifts(studio, number, TUESDAY + timedelta(days=1), time(9))
    await studio.sends_back(f"bd:{number}:pv")
    shown = await studio.screen()
    assert "🗓 Begint: woensdag 25 november (25-11-2026), 🕘 09:00." in shown.lines


async def test_without_approval_it_begins_at_once(alone: Studio) -> None:
    await alone.comes(TIGRINYA)
    await alone.drafts()
    assert "🗓 Begint meteen." in (await alone.taps("🔍")).lines


# --- a second thought ------------------------------------------------------------------------


async def tried(studio: Studio, **healths: LinkHealth) -> None:
    async with studio.core.database.transaction() as tx:
        for language, health in healths.items():
            await tx.run(
                sa.update(film_versions)
                .where(film_versions.c.language == language)
                .values(health=health)
            )


async def test_links_that_are_gone_or_unsure_are_named_for_whom_they_matter(
    studio: Studio,
) -> None:
    for language in (TIGRINYA, FARSI, DARI, DUTCH):
        await studio.comes(language)
    number = await studio.drafts()
    works, gone = LinkHealth.WORKS, LinkHealth.GONE
    await tried(studio, ti=gone, fa=LinkHealth.UNSURE, nl=works, ar_SY=gone)
    await studio.sends_back(f"bd:{number}:pv")
    warnings = [line for line in (await studio.screen()).lines if line.startswith("⚠")]
    assert warnings == [
        "⚠ De link in deze taal werkt niet meer: Tigrinya.",
        "⚠ Van de link in deze taal is niet zeker of hij werkt: Farsi, Dari.",
    ]
    await tried(studio, ti=works, fa=works, fa_AF=works)
    await studio.sends_back(f"bd:{number}:pv")
    assert not [line for line in (await studio.screen()).lines if line.startswith("⚠")]


async def test_where_links_are_never_tried_that_is_not_said_each_time(tmp_path: Path) -> None:
    async with open_studio(tmp_path, check_links=False) as studio:
        await studio.comes(TIGRINYA)
        await studio.drafts()
        assert "⚠" not in (await studio.taps("🔍")).text


async def test_a_film_that_is_over_at_the_planned_moment_is_refused(studio: Studio) -> None:
    await studio.comes(TIGRINYA)
    number = await studio.drafts(await studio.film(valid_until=TUESDAY + timedelta(days=1)))
    assert await problems(studio, number) == []
    await shifts(studio, number, TUESDAY + timedelta(days=2), time(9))
    words = (
        "Dit filmpje mag verstuurd worden tot en met woensdag 25 november (25-11-2026); "
        "kies een eerdere dag of een ander filmpje."
    )
    assert await problems(studio, number) == [words]
    await studio.sends_back(f"bd:{number}:pv")
    assert f"⚠ {words}" in (await studio.screen()).lines


async def test_a_film_over_tonight_is_refused_when_it_would_wait_for_the_morning(
    studio: Studio,
) -> None:
    await studio.comes(TIGRINYA)
    number = await studio.drafts(await studio.film(valid_until=TUESDAY))
    assert await problems(studio, number) == []
    studio.care.at(TUESDAY, time(21))
    assert len(await problems(studio, number)) == 1


# --- what keeps it from going ----------------------------------------------------------------


async def test_a_film_withdrawn_or_without_a_version_is_refused(studio: Studio) -> None:
    await studio.comes(TIGRINYA)
    film = await studio.film(code="weg")
    number = await studio.drafts(film)
    assert await problems(studio, number) == []
    async with studio.core.database.transaction() as tx:
        await films.set_withdrawn(tx, film, studio.now)
    gone = ["Dit filmpje is uit de lijst gehaald; kies een ander filmpje."]
    assert await problems(studio, number) == gone
    async with studio.core.database.transaction() as tx:
        await films.set_withdrawn(tx, film, None)
        await tx.run(sa.delete(film_versions))
    empty = (
        "Dit filmpje heeft geen versie in welke taal ook; voeg eerst een link toe met /filmpjes."
    )
    assert await problems(studio, number) == [empty]


async def test_an_event_that_is_cancelled_or_has_begun_is_refused(studio: Studio) -> None:
    await studio.comes(TIGRINYA)
    event = await studio.event(TUESDAY + timedelta(days=2))
    await studio.sends_back(f"bd:new:event:{event}")
    number = (await studio.listed())[0].id
    assert await problems(studio, number) == []
    await shifts(studio, number, TUESDAY + timedelta(days=2), time(14))
    over = "Deze activiteit is dan al begonnen; kies een eerder moment of een andere activiteit."
    assert await problems(studio, number) == [over]
    await shifts(studio, number, TUESDAY + timedelta(days=2), time(13, 30))
    assert await problems(studio, number) == []
    async with studio.core.database.transaction() as tx:
        await events.cancel_event(tx, event, now=studio.now)
    off = "Deze activiteit gaat niet door; een uitnodiging kan niet meer uit."
    assert await problems(studio, number) == [off]


async def test_an_audience_of_nobody_is_refused_with_the_reason(studio: Studio) -> None:
    number = await studio.drafts(await studio.film((DUTCH,)))
    assert await problems(studio, number) == ["Niemand past bij deze keuze; kies ruimer bij Wie."]
    await studio.comes(TIGRINYA)
    await studio.comes(TIGRINYA)
    await studio.comes(DUTCH, link=None)
    assert await problems(studio, number) == [
        "Niemand krijgt dit. Gekozen: 3. Waarom niet: "
        "geen versie in een taal die zij lezen: 2; heeft de chat niet geopend: 1."
    ]
    await studio.comes(DUTCH)
    assert await problems(studio, number) == []


async def test_a_text_without_words_or_that_nobody_can_read_is_refused(studio: Studio) -> None:
    await studio.comes(TIGRINYA)
    empty = await text_draft(studio, " \n")
    words = "Er staat geen tekst in dit bericht; schrijf eerst een tekst."
    assert await problems(studio, empty) == [words]
    number = await text_draft(studio, "Dag")
    await translates(studio, number, TIGRINYA, "ሰላም", approved=False)
    [reason] = await problems(studio, number)
    assert "geen versie in een taal die zij lezen: 1" in reason
    await translates(studio, number, TIGRINYA, "ሰላም")
    assert await problems(studio, number) == []


async def test_a_moment_that_passed_is_refused_until_it_is_planned(studio: Studio) -> None:
    await studio.comes(TIGRINYA)
    number = await studio.drafts()
    await shifts(studio, number, TUESDAY, time(11))
    assert await problems(studio, number) == []
    studio.care.at(TUESDAY, time(11))
    past = ["Het gekozen moment is voorbij; kies een ander moment."]
    assert await problems(studio, number) == past
    async with studio.core.database.transaction() as tx:
        await tx.run(
            sa.update(broadcasts).values(state=BroadcastState.SCHEDULED, starts_at=studio.now)
        )
    assert await problems(studio, number) == [], "then its moment is what sets it off"


async def test_all_that_is_wrong_stands_on_the_draft(studio: Studio) -> None:
    number = await studio.drafts()
    shown = await studio.screen()
    assert shown.lines[-1] == "⚠ Niemand past bij deze keuze; kies ruimer bij Wie."
    toast = await studio.sends_back(shown.data("✅"))
    assert toast == "Dit kan zo niet uit. De reden staat in het bericht."
    assert (await studio.screen()).text == shown.text
    assert await studio.state(number) is BroadcastState.DRAFT
    assert len(await studio.care.told(JOKE)) == 1


# --- a look taken before ---------------------------------------------------------------------


async def test_a_look_ahead_waits_for_nobody_who_writes(studio: Studio) -> None:
    await studio.comes(TIGRINYA)
    number = await studio.drafts()
    async with studio.core.database.transaction():
        look = await look_ahead(studio.core, number, now=studio.now)
    assert look is not None
    assert look.estimate.count == 1


async def test_a_look_counts_only_for_the_broadcast_as_it_was_then(studio: Studio) -> None:
    await studio.comes(TIGRINYA)
    number = await studio.drafts()
    look = await look_ahead(studio.core, number, now=studio.now)
    draft = await studio.broadcast(number)
    nobody = Audience({AudiencePart.MUNICIPALITY: frozenset({"Delft"})})
    async with studio.core.database.transaction() as tx:
        assert await fresh_look(studio.core, tx, draft, look, now=studio.now) is look
        changed = await storage.change_broadcast(tx, draft, audience=nobody)
        fresh = await fresh_look(studio.core, tx, changed, look, now=studio.now)
    assert (fresh.broadcast, fresh.estimate.count) == (changed, 0)


async def test_of_what_has_gone_no_look_is_taken(studio: Studio) -> None:
    await studio.comes(TIGRINYA)
    number = await studio.drafts()
    await studio.taps("✖", "✖ Ja")
    assert await look_ahead(studio.core, number, now=studio.now) is None


async def test_one_day_reads_right(tmp_path: Path) -> None:
    async with open_studio(tmp_path, repeat_film_days=1) as opened:
        await opened.drafts()
        shown = await opened.taps("🔁")
    assert "(dagen: 1)" in shown.text
    assert "1 dagen" not in shown.text


async def test_what_ran_out_of_time_says_so(studio: Studio) -> None:
    text = studio.core.texts.label("st.bd_state_expired", DUTCH)
    assert "De tijd was om: niet alles is verstuurd" in text
