"""The second person: who is asked, what they may do, and that nobody approves what they made."""

import asyncio
from collections.abc import AsyncIterator
from datetime import time, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.broadcasts import BroadcastState
from bot.domain.errors import NotFoundError
from bot.domain.ids import BroadcastId, ChatId
from bot.domain.languages import DUTCH, TIGRINYA
from bot.domain.people import LinkState
from bot.services import broadcast_approval
from bot.storage import broadcasts, films, links
from bot.storage.schema import staff
from tests.cast import BRAM, JOKE, SANNE, Person
from tests.services.office import NOOR
from tests.services.studio import Studio, open_studio
from tests.support.crowd import TUESDAY

LINA = Person("s-lina", "Lina Peters", "coordinator", DUTCH, ChatId(5011))
CHANGED = "Er is iets veranderd. Kijk nog eens: zo is het nu."
HAS_GONE = "Dit kan niet meer. Zo staat het er nu voor."
APPROVED = "✅ U heeft dit goedgekeurd."
IS_DRAFT = "Dit is weer een concept."


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    """Give a studio with a client, and with three coordinators."""
    async with open_studio(tmp_path, staff=(JOKE, BRAM, NOOR, LINA, SANNE)) as opened:
        await opened.comes(TIGRINYA)
        yield opened


async def asks(studio: Studio, by: Person = JOKE) -> BroadcastId:
    """Make a draft and ask for approval."""
    number = await studio.drafts(by=by)
    await studio.taps("✅ Vraag goedkeuring", by=by)
    return number


async def asked(studio: Studio, person: Person) -> list[str]:
    """Return the requests that somebody has got."""
    return [text for text in await studio.care.told(person) if "vraagt u" in text]


async def is_unreachable(studio: Studio, person: Person) -> None:
    who = await studio.staff(person)
    async with studio.core.database.transaction() as tx:
        link = await links.find_link(tx, staff_id=who.id)
        assert link is not None
        await links.update_link(tx, link.id, state=LinkState.UNREACHABLE)


async def leaves(studio: Studio, person: Person) -> None:
    """Close somebody's account."""
    async with studio.core.database.transaction() as tx:
        await tx.run(sa.update(staff).where(staff.c.code == person.code).values(active=False))


# --- who is asked ----------------------------------------------------------------------------


async def test_every_other_coordinator_is_asked_once(studio: Studio) -> None:
    await asks(studio)
    shown = await studio.screen()
    assert shown.lines[0] == "👀 Wacht op goedkeuring"
    assert shown.labels == [
        "🔍 Voorbeeld",
        "↩ Terug naar concept",
        "✖ Weggooien",
        "← Overzicht",
    ]
    for person in (NOOR, LINA):
        assert len(await asked(studio, person)) == 1
        request = await studio.screen(person)
        assert request.lines[0] == (
            "👀 Joke de Boer vraagt u om dit na te kijken en goed te keuren."
        )
        assert "📬 Krijgen het: 1 van 1" in request.lines
        assert request.lines[-1] == "Gemaakt door Joke de Boer."
        assert request.labels == [
            "🔍 Voorbeeld",
            "✅ Goedkeuren",
            "↩ Terug naar de maker",
            "← Overzicht",
        ]
    for person in (JOKE, BRAM, SANNE):
        assert await asked(studio, person) == []


async def test_a_coach_asks_all_coordinators(studio: Studio) -> None:
    await studio.comes(TIGRINYA, coach=BRAM)
    await asks(studio, BRAM)
    assert [len(await asked(studio, each)) for each in (JOKE, NOOR, LINA, BRAM)] == [1, 1, 1, 0]


async def test_a_double_tap_asks_once(studio: Studio) -> None:
    number = await asks(studio)
    toast = await studio.sends_back(f"bd:{number}:ask:1")
    assert toast == "Dit is geen concept meer. Zo staat het er nu voor."
    assert len(await asked(studio, NOOR)) == 1
    assert [deed for _, deed, _ in await studio.trail()] == [
        "broadcast_draft",
        "broadcast_submit",
    ]


async def test_without_another_coordinator_it_says_so_at_once_with_the_remedy(
    studio: Studio,
) -> None:
    await leaves(studio, NOOR)
    await is_unreachable(studio, LINA)
    number = await asks(studio)
    shown = await studio.screen()
    assert shown.lines[-1] == (
        "⚠ Er is geen andere coördinator met een chat die dit kan goedkeuren: geef een collega "
        "die rol, of laat de beheerder approval = false zetten onder [broadcast]."
    )
    assert await studio.state(number) is BroadcastState.DRAFT
    assert await asked(studio, LINA) == []


async def test_a_draft_that_changed_is_not_handed_in_by_an_old_button(studio: Studio) -> None:
    number = await studio.drafts()
    await studio.taps("🔁", "elke week")
    assert await studio.sends_back(f"bd:{number}:ask:1") == CHANGED
    assert await studio.state(number) is BroadcastState.DRAFT
    assert "🔁 Hoe vaak: elke week" in (await studio.screen()).lines


# --- the verdict -----------------------------------------------------------------------------


async def test_the_maker_hears_that_it_is_approved_and_when_it_goes(studio: Studio) -> None:
    number = await studio.drafts()
    await studio.taps("🗓", "woensdag 25-11", "14:00", "✅ Vraag")
    shown = await studio.taps("✅ Goedkeuren", by=NOOR)
    assert shown.lines[0] == "🗓 Gepland"
    assert shown.lines[-2:] == ["Gemaakt door Joke de Boer.", "Goedgekeurd door Noor Jansen."]
    told = await studio.screen(JOKE)
    assert told.lines == [
        "✅ Noor Jansen heeft goedgekeurd: 🎬 Film [nl]",
        "Het gaat uit: woensdag 25 november (25-11-2026), 🕑 14:00.",
    ]
    assert (await studio.taps("📄 Openen")).lines[0] == "🗓 Gepland"
    planned = await studio.broadcast(number)
    assert planned.state is BroadcastState.SCHEDULED
    assert planned.approver_id == (await studio.staff(NOOR)).id
    assert await studio.trail() == [
        ("s-joke", "broadcast_draft", "broadcast:1"),
        ("s-joke", "broadcast_submit", "broadcast:1"),
        ("s-noor", "broadcast_approve", "broadcast:1"),
    ]


async def test_approved_in_the_evening_the_maker_hears_that_it_goes_in_the_morning(
    studio: Studio,
) -> None:
    await asks(studio)
    studio.care.at(TUESDAY, time(21))
    await studio.taps("✅ Goedkeuren", by=NOOR)
    told = await studio.screen(JOKE)
    assert told.lines[1] == "Het gaat uit: woensdag 25 november (25-11-2026), 🕢 07:30."


async def test_whoever_approves_may_look_first_and_change_nothing(studio: Studio) -> None:
    number = await asks(studio)
    sample = await studio.taps("🔍", "Tigrinya", by=NOOR)
    assert "Film [ti]" in sample.text
    before = await studio.broadcast(number)
    for what in ("who", "now", "rep:weekly", "days:0"):
        await studio.sends_back(f"bd:{number}:{what}", NOOR)
    assert await studio.broadcast(number) == before
    await studio.taps("✅ Goedkeuren", by=NOOR)
    assert await studio.state(number) is BroadcastState.SCHEDULED


@pytest.mark.parametrize("person", [JOKE, BRAM])
async def test_the_maker_never_approves_not_even_by_an_old_button(
    studio: Studio, person: Person
) -> None:
    await studio.comes(TIGRINYA, coach=BRAM)
    number = await studio.drafts(by=person)
    await studio.taps("✅ Vraag goedkeuring", by=person)
    for what in ("ok", "return"):
        toast = await studio.sends_back(f"bd:{number}:{what}:1", person)
        assert toast == "Wie het maakt, keurt het niet zelf goed. Een andere coördinator doet dat."
        assert await studio.state(number) is BroadcastState.REVIEW


@pytest.mark.parametrize("person", [BRAM, SANNE])
async def test_nobody_but_a_coordinator_approves(studio: Studio, person: Person) -> None:
    number = await asks(studio)
    for what in ("ok:1", "return:1", "pv"):
        with pytest.raises(NotFoundError):
            await studio.sends_back(f"bd:{number}:{what}", person)
    assert await studio.state(number) is BroadcastState.REVIEW


async def test_of_two_who_approve_at_once_one_wins_and_the_other_sees_who(
    studio: Studio,
) -> None:
    number = await asks(studio)
    toasts = await asyncio.gather(
        *(studio.sends_back(f"bd:{number}:ok:1", person) for person in (NOOR, LINA))
    )
    planned = await studio.broadcast(number)
    approver = "Noor Jansen" if toasts[0] == APPROVED else "Lina Peters"
    assert set(toasts) == {APPROVED, f"{approver} heeft dit al goedgekeurd."}
    assert planned.state is BroadcastState.SCHEDULED
    told = [text for text in await studio.care.told(JOKE) if "heeft goedgekeurd" in text]
    assert len(told) == 1
    for person in (NOOR, LINA):
        assert (await studio.screen(person)).lines[-1] == f"Goedgekeurd door {approver}."


async def test_what_changed_meanwhile_is_not_approved_by_an_old_button(studio: Studio) -> None:
    number = await asks(studio)
    old = await studio.screen(NOOR)
    await studio.taps("↩ Terug naar concept")
    assert await studio.sends_back(old.data("✅"), NOOR) == IS_DRAFT
    await studio.sends_back(f"bd:{number}")
    await studio.taps("🔁", "elke week", "←", "✅ Vraag")
    for what in ("✅", "↩"):
        assert await studio.sends_back(old.data(what), NOOR) == CHANGED
        assert await studio.state(number) is BroadcastState.REVIEW
    assert "🔁 Hoe vaak: elke week" in (await studio.screen(NOOR)).lines
    await studio.taps("✅ Goedkeuren", by=NOOR)
    assert await studio.state(number) is BroadcastState.SCHEDULED


async def test_asking_again_for_the_same_still_makes_old_buttons_old(studio: Studio) -> None:
    number = await asks(studio)
    old = await studio.screen(NOOR)
    await studio.taps("↩ Terug naar concept", "✅ Vraag")
    assert await studio.sends_back(old.data("✅"), NOOR) == CHANGED
    assert await studio.state(number) is BroadcastState.REVIEW


async def test_given_back_it_is_a_draft_again_and_the_maker_hears_it(studio: Studio) -> None:
    number = await asks(studio)
    shown = await studio.taps("↩ Terug naar de maker", by=NOOR)
    assert shown.lines[0] == "📝 Concept"
    told = await studio.screen(JOKE)
    assert told.lines[0] == "↩ Noor Jansen geeft terug: 🎬 Film [nl]"
    assert await studio.state(number) is BroadcastState.DRAFT
    toast = await studio.sends_back(f"bd:{number}:ok:1", LINA)
    assert toast == IS_DRAFT
    assert "👥 Wie" in (await studio.taps("📄")).labels
    assert (await studio.trail())[-1][:2] == ("s-noor", "broadcast_withdraw")


async def test_the_world_is_looked_at_again_before_the_approval(studio: Studio) -> None:
    film = await studio.film()
    number = await studio.drafts(film)
    await studio.taps("✅ Vraag")
    async with studio.core.database.transaction() as tx:
        await films.set_withdrawn(tx, film, studio.now)
    toast = await studio.sends_back(f"bd:{number}:ok:1", NOOR)
    assert toast == "Dit kan zo niet uit. De reden staat in het bericht."
    assert (
        "⚠ Dit filmpje is uit de lijst gehaald; kies een ander filmpje."
        in (await studio.screen(NOOR)).lines
    )
    assert await studio.state(number) is BroadcastState.REVIEW


async def test_a_moment_that_passed_while_it_waited_is_not_approved(studio: Studio) -> None:
    number = await studio.drafts()
    await studio.taps("🗓", "dinsdag 24-11", "14:00", "✅ Vraag")
    studio.care.at(TUESDAY, time(15))
    shown = await studio.taps("✅ Goedkeuren", by=NOOR)
    assert "⚠ Het gekozen moment is voorbij; kies een ander moment." in shown.lines
    assert await studio.state(number) is BroadcastState.REVIEW
    await studio.taps("↩ Terug naar de maker", by=NOOR)
    assert await studio.state(number) is BroadcastState.DRAFT


# --- taking it back --------------------------------------------------------------------------


async def test_the_maker_takes_a_planned_one_back(studio: Studio) -> None:
    number = await studio.drafts()
    await studio.taps("🗓", "woensdag 25-11", "14:00", "✅ Vraag")
    await studio.taps("✅ Goedkeuren", by=NOOR)
    shown = await studio.taps("📄", "↩ Terug naar concept")
    assert shown.lines[0] == "📝 Concept"
    assert "🗓 Wanneer: woensdag 25 november (25-11-2026), 🕑 14:00" in shown.lines
    draft = await studio.broadcast(number)
    assert (draft.state, draft.approver_id, draft.starts_at) == (BroadcastState.DRAFT, None, None)
    studio.care.at(TUESDAY + timedelta(days=1), time(14))
    await studio.runs()
    assert studio.sent == [], "it waits for a new approval"


async def test_taken_back_before_it_began_it_goes_at_once_when_approved_again(
    studio: Studio,
) -> None:
    number = await asks(studio)
    await studio.taps("✅ Goedkeuren", by=NOOR)
    shown = await studio.taps("📄", "↩ Terug naar concept")
    assert "🗓 Wanneer: meteen na de goedkeuring" in shown.lines
    assert not [line for line in shown.lines if line.startswith("⚠")]
    assert (await studio.broadcast(number)).first_day is None


async def test_only_the_maker_takes_it_back(studio: Studio) -> None:
    number = await asks(studio)
    await studio.taps("✅ Goedkeuren", by=NOOR)
    assert await studio.sends_back(f"bd:{number}:back", NOOR) == CHANGED
    assert await studio.state(number) is BroadcastState.SCHEDULED


async def test_what_has_begun_cannot_be_taken_back_or_thrown_away(studio: Studio) -> None:
    number = await asks(studio)
    await studio.taps("✅ Goedkeuren", by=NOOR)
    await studio.ticks()
    for what in ("back", "drop:1", "gone:1", "ok:1", "return:1", "pv", "ask:1"):
        await studio.sends_back(f"bd:{number}:{what}")
        assert "📊 Bekijken" in (await studio.screen()).labels, what
    await studio.runs()
    assert await studio.state(number) is BroadcastState.DONE
    assert len(studio.sent) == 1


async def test_a_coordinator_may_throw_away_what_a_colleague_planned_and_she_hears_it(
    studio: Studio,
) -> None:
    number = await asks(studio)
    await studio.taps("✅ Goedkeuren", by=NOOR)
    await studio.sends_back(f"bd:{number}", LINA)
    await studio.taps("✖", "✖ Ja", by=LINA)
    assert await studio.state(number) is BroadcastState.CANCELLED
    told = await studio.screen(JOKE)
    assert told.lines == ["✖ Lina Peters heeft weggegooid: 🎬 Film [nl]"]


async def test_a_later_one_of_a_series_goes_with_the_series(studio: Studio) -> None:
    await studio.drafts()
    await studio.taps("🔁", "elke week", "←", "✅ Vraag")
    await studio.taps("✅ Goedkeuren", by=NOOR)
    await studio.runs()
    following, first = await studio.listed()
    assert (following.occurrence, following.series_id) == (1, first.id)
    await studio.sends_back(f"bd:{following.id}")
    shown = await studio.screen()
    assert "↩ Terug naar concept" not in shown.labels
    assert await studio.sends_back(f"bd:{following.id}:back") == CHANGED
    assert await studio.state(following.id) is BroadcastState.SCHEDULED
    asked_first = await studio.taps("✖")
    assert "Ook alle volgende keren" in asked_first.text
    await studio.taps("✖ Ja")
    studio.passes(days=30)
    await studio.runs()
    assert len(await studio.listed()) == 2


# --- where nobody need approve ---------------------------------------------------------------


async def test_without_approval_one_question_stands_before_many_messages(
    tmp_path: Path,
) -> None:
    async with open_studio(tmp_path, approval=False) as studio:
        await studio.comes(TIGRINYA)
        number = await studio.drafts()
        sure = await studio.taps("✅ Versturen")
        assert sure.lines[-1] == "Nu versturen? Dit gaat naar al deze mensen."
        assert sure.labels == ["✅ Ja, versturen", "← Terug"]
        assert await studio.state(number) is BroadcastState.DRAFT
        assert (await studio.taps("✅ Ja")).lines[0] == "🗓 Gepland"
        toast = await studio.sends_back(f"bd:{number}:go:1")
        assert toast == "Dit is geen concept meer. Zo staat het er nu voor."
        await studio.runs()
        assert len(studio.sent) == 1
        assert await studio.care.told(NOOR) == []


async def test_with_approval_no_button_goes_around_it(studio: Studio) -> None:
    number = await studio.drafts()
    await studio.sends_back(f"bd:{number}:go:1")
    assert await studio.state(number) is BroadcastState.REVIEW
    await studio.runs()
    assert studio.sent == []


# --- what nobody looked at -------------------------------------------------------------------

MISSED = "het gekozen moment is voorbij"


async def waits_until_ten(studio: Studio) -> BroadcastId:
    """Ask for approval of what is to go tomorrow at ten."""
    number = await studio.drafts()
    await studio.taps("🗓", "woensdag", "10:00", "✅ Vraag")
    return number


async def missed(studio: Studio, person: Person) -> list[str]:
    return [text for text in await studio.care.told(person) if MISSED in text.lower()]


async def test_that_nobody_approved_in_time_is_told_once_to_maker_and_coordinators(
    studio: Studio,
) -> None:
    number = await waits_until_ten(studio)
    studio.care.at(TUESDAY + timedelta(days=1), time(9, 59))
    assert await broadcast_approval.tell_forgotten(studio.core, studio.now) == 0
    studio.care.at(TUESDAY + timedelta(days=1), time(10))
    assert await broadcast_approval.tell_forgotten(studio.core, studio.now) == 1
    film = (await studio.broadcast(number)).film_id
    assert film is not None
    async with studio.core.database.transaction() as tx:
        await broadcasts.touch_reviews(tx, film)
    studio.passes(hours=1)
    assert await broadcast_approval.tell_forgotten(studio.core, studio.now) == 0
    (own,) = await missed(studio, JOKE)
    assert "niemand heeft dit goedgekeurd: 🎬 Film [nl]" in own
    for person in (NOOR, LINA):
        (asked_for,) = await missed(studio, person)
        assert "Joke de Boer vroeg om goedkeuring" in asked_for
        assert (await studio.screen(person)).data("📄") == f"bd:{number}"
    assert [await missed(studio, each) for each in (BRAM, SANNE)] == [[], []]
    assert await studio.state(number) is BroadcastState.REVIEW


async def test_of_another_moment_that_passes_too_is_told_again(studio: Studio) -> None:
    number = await waits_until_ten(studio)
    studio.care.at(TUESDAY + timedelta(days=1), time(11))
    await broadcast_approval.tell_forgotten(studio.core, studio.now)
    await studio.sends_back(f"bd:{number}")
    await studio.taps("↩ Terug naar concept", "🗓", "donderdag", "10:00", "✅ Vraag")
    assert await broadcast_approval.tell_forgotten(studio.core, studio.now) == 0
    studio.care.at(TUESDAY + timedelta(days=2), time(10))
    assert await broadcast_approval.tell_forgotten(studio.core, studio.now) == 1
    assert len(await missed(studio, NOOR)) == 2


@pytest.mark.parametrize("how", ["approved", "given back", "dropped", "no moment"])
async def test_nothing_is_missed_of_what_waits_for_no_moment(studio: Studio, how: str) -> None:
    number = await (asks if how == "no moment" else waits_until_ten)(studio)
    if how == "dropped":
        await studio.taps("✖ Weggooien", "✖ Ja")
    elif how != "no moment":
        await studio.taps("✅" if how == "approved" else "↩ Terug naar de maker", by=NOOR)
    studio.care.at(TUESDAY + timedelta(days=2))
    assert await broadcast_approval.tell_forgotten(studio.core, studio.now) == 0
    assert await broadcast_approval.next_due(studio.core, studio.now) is None
    assert number


async def test_the_next_moment_that_may_pass_is_known(studio: Studio) -> None:
    assert await broadcast_approval.next_due(studio.core, studio.now) is None
    await waits_until_ten(studio)
    due = await broadcast_approval.next_due(studio.core, studio.now)
    studio.care.at(TUESDAY + timedelta(days=1), time(10))
    assert due == studio.now
    assert await broadcast_approval.next_due(studio.core, studio.now) is None
