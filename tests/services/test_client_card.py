"""A client's card: what her coach sees, who works with her, and a coordinator."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.domain.broadcasts import ClientGroup, DeliveryState
from bot.domain.errors import NotFoundError
from bot.domain.events import SignUpState
from bot.domain.ids import ClientId
from bot.domain.languages import DUTCH, ENGLISH, TIGRINYA
from bot.domain.people import ClientStatus, HoldReason
from bot.domain.periods import PeriodState
from bot.domain.plans import GoalCategory, PlanKind
from bot.services import client_card
from bot.storage import people, plans, statuses
from tests.cast import BRAM, DAAN, JOKE, KHALED, LAILA, SELAM
from tests.services.office import (
    MESSAGE,
    MONTH,
    NOOR,
    TODAY,
    Office,
    leads_somewhere,
    open_office,
)
from tests.storage.rows import NOW
from tests.support.desk import Desk

DAY = timedelta(days=1)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Give an office on Tuesday 24 November 2026; Selam, Khaled and Maryam are Joke's."""
    async with open_office(tmp_path) as opened:
        yield opened


async def test_her_coach_sees_both_clocks_status_plan_tasks_and_what_can_be_done(
    office: Office,
) -> None:
    selam = await office.client(SELAM)
    await office.stands(SELAM, PeriodState.MET, 20, spoken=12)
    await office.stands(SELAM, PeriodState.MISSED, 20, month=MONTH.plus(-1))
    await office.speaks(SELAM, JOKE, MONTH.day(12))
    await office.meets(SELAM, JOKE, MONTH.day(26))
    await office.hears(SELAM, JOKE)
    message_id = await office.hears(SELAM, JOKE)
    await office.gives(JOKE, f"goal_talk:{selam}:1", SELAM)
    async with office.core.database.transaction() as tx:
        plan = await plans.insert_plan(
            tx,
            client_id=selam,
            kind=PlanKind.DEVELOPMENT,
            route="deeltijd",
            starts_on=date(2026, 8, 30),
            months=12,
            staff_id=await office.staff(JOKE),
            now=NOW,
        )
        for _ in range(2):
            await plans.insert_goal(
                tx,
                plan_id=plan.id,
                block=1,
                text="Elke dag een half uur Nederlands lezen.",
                message_id=message_id,
                category=GoalCategory.LANGUAGE,
                instrument=None,
                now=NOW,
            )

    card = await office.opens_card(JOKE, SELAM)

    assert card.lines == [
        "K-0001 Selam",
        "🟢 groen",
        "🗓 november: gesproken 12 nov (streefdatum 20 nov)",
        "⏱ Laatste gesprek: 12 dagen geleden",
        "🗓 oktober: gemist",
        "Stand: uitgenodigd",
        "🎯 Blok 1 van 4, tot 30 nov: 2 doelen",
        "🗂 Open: doelgesprek, 2 berichten",
        "Taal: Tigrinya",
        "Chat: verbonden",
        "📅 donderdag 26 november (26-11-2026) om 10:30, Stadskantoor "
        "(uitgenodigd, nog geen antwoord)",
    ]
    (meeting,) = {data.split(":")[1] for data in card.data if data.startswith("sa:")}
    assert list(zip(card.labels, card.data, strict=True)) == [
        ("✉ Bericht", f"wr:{selam}"),
        ("📅 Afspraak maken", f"bn:{selam}"),
        ("💬 Gesprek vastleggen", f"ct:{selam}"),
        ("🎯 Doelen", f"pl:{selam}"),
        ("⏸ Pauze", f"hd:{selam}"),
        (card.labels[5], f"cs:{selam}:on"),
        ("🔁 Verzetten", f"sa:{meeting}:1:move"),
        ("❌ Annuleren", f"sa:{meeting}:1:cancel"),
        ("📊 Maandoverzicht", f"ov:c{selam}:2026-11:0"),
        ("← Terug", "kl:0"),
    ]
    assert card.about == selam, "who answers this message writes to her"
    assert [data for data in card.data if not leads_somewhere(office, data)] == []


async def test_a_pause_says_since_when_and_by_when_somebody_decides(office: Office) -> None:
    async with office.core.database.transaction() as tx:
        client_id = await office.client(SELAM)
        await statuses.change_status(
            tx,
            client_id,
            ClientStatus.ON_HOLD,
            today=date(2026, 11, 3),
            now=NOW,
            reason=HoldReason.VOLUNTEERING,
            review_on=date(2027, 2, 3),
        )
        await people.update_client(tx, client_id, check_in=True)

    card = await office.opens_card(JOKE, SELAM)

    assert "Stand: on hold sinds 3 nov, beslissen vóór 3 feb" in card.lines
    assert card.button("▶ Weer actief") == f"hd:{client_id}"
    assert f"cs:{client_id}:off" in card.data


@pytest.mark.parametrize(
    ("starts", "months", "words"),
    [
        (None, 0, "🎯 Nog geen plan."),
        (date(2026, 12, 1), 12, "🎯 Het plan begint op 1 dec."),
        (date(2026, 5, 24), 6, "🎯 Het plan van 24 mei is afgelopen."),
        (date(2026, 11, 24), 12, "🎯 Blok 1 van 4, tot 24 feb: 0 doelen"),
    ],
)
async def test_the_card_says_where_the_plan_is(
    office: Office, starts: date | None, months: int, words: str
) -> None:
    if starts is not None:
        async with office.core.database.transaction() as tx:
            await plans.insert_plan(
                tx,
                client_id=await office.client(SELAM),
                kind=PlanKind.DEVELOPMENT,
                route="deeltijd",
                starts_on=starts,
                months=months,
                staff_id=await office.staff(JOKE),
                now=NOW,
            )
    assert words in (await office.opens_card(JOKE, SELAM)).lines


async def test_who_works_with_her_sees_dates_and_no_chat_goals_or_tasks(office: Office) -> None:
    await office.involves(DAAN, SELAM)
    await office.stands(SELAM, PeriodState.OPEN, 27)
    await office.meets(SELAM, JOKE, MONTH.day(26))
    await office.hears(SELAM, JOKE)

    card = await office.opens_card(DAAN, SELAM)

    assert card.lines == [
        "K-0001 Selam",
        "🟢 groen",
        "🗓 november: nog niet, streefdatum 27 nov",
        "⏱ Laatste gesprek: nog geen gesprek, hier sinds 24 nov",
        "📅 donderdag 26 november (26-11-2026) om 10:30, Stadskantoor "
        "(uitgenodigd, nog geen antwoord)",
        "Coach: Joke de Boer",
    ]
    assert card.labels == ("💬 Gesprek vastleggen", "← Terug")
    assert card.about is None


async def test_a_stand_in_sees_the_card_while_the_coach_is_away(office: Office) -> None:
    with pytest.raises(NotFoundError):
        await office.opens_card(BRAM, SELAM)
    await office.leaves(JOKE, days_ago=7, backup=BRAM)
    assert (await office.opens_card(BRAM, SELAM)).labels == ("💬 Gesprek vastleggen", "← Terug")


async def test_a_coordinator_sees_code_lights_dates_and_coach_and_nothing_else(
    office: Office,
) -> None:
    await office.hires(NOOR)
    await office.stands(SELAM, PeriodState.ALMOST_LATE, 20)
    await office.speaks(SELAM, JOKE, TODAY - 40 * DAY)
    await office.meets(SELAM, JOKE, MONTH.day(30))

    card = await office.opens_card(NOOR, SELAM, "late:1")

    assert card.lines == [
        "K-0001",
        "🔴 rood",
        "🗓 november: te laat sinds 20 nov",
        "⏱ Laatste gesprek: 40 dagen geleden",
        "📅 Volgende afspraak: 30 nov",
        "Coach: Joke de Boer",
    ]
    assert (card.labels, card.data) == (("← Terug",), ("kl:late:1",))
    assert card.about is None


async def test_another_coachs_client_cannot_be_opened_with_a_forged_id(office: Office) -> None:
    before = await office.opens_card(BRAM, LAILA)
    for client_id in (await office.client(SELAM), ClientId(404)):
        with pytest.raises(NotFoundError):
            await client_card.show_client(office.core, office.turn(BRAM), client_id, "", MESSAGE)
    assert await office.screen(BRAM) == before


# --- by what broadcasts find her, and what they were to her ---------------------------------


async def test_the_card_says_in_one_line_by_what_broadcasts_find_her(office: Office) -> None:
    async with office.core.database.transaction() as tx:
        await people.set_facts(
            tx,
            await office.client(SELAM),
            municipality="Delft",
            step=2,
            group=ClientGroup.REINTEGRATION,
            programme="Werkse <& meer>",
            other_languages=(ENGLISH, DUTCH),
        )
        await people.set_facts(tx, await office.client(KHALED), step=1)
    card = await office.opens_card(JOKE, SELAM)
    place = card.lines.index("Stand: uitgenodigd")
    assert card.lines[place + 1] == (
        "👤 Delft · trede 2 · re-integratie · Werkse <& meer> · leest ook Engels, Nederlands"
    )
    assert "👤 trede 1" in (await office.opens_card(JOKE, KHALED)).lines


async def test_of_whom_nothing_is_known_the_card_says_nothing(office: Office) -> None:
    card = await office.opens_card(JOKE, SELAM)
    assert [line for line in card.lines if line.startswith(("👤", "📣"))] == []


async def test_her_coach_sees_the_last_three_broadcasts_to_her(office: Office) -> None:
    selam = await office.client(SELAM)
    async with office.core.database.transaction() as tx:
        desk = Desk(tx, await office.staff(JOKE))
        await desk.goes(await desk.text("Lang geleden"), selam, at=NOW - 9 * DAY)
        text = await desk.text("Morgen is het kantoor\nde hele dag <dicht>.")
        await desk.goes(text, selam, DeliveryState.UNREACHABLE, at=NOW - 3 * DAY)
        event, event_id = await desk.event("Buurthuis")
        await desk.goes(event, selam, at=NOW - 2 * DAY)
        await desk.answers(event_id, selam, SignUpState.WAITING)
        film, _ = await desk.film(nl="Werken in de zorg", ti="ስራሕ")
        await desk.goes(film, selam, shown=TIGRINYA, pressed=True, at=NOW - DAY)
        await desk.goes(film, await office.client(KHALED), shown=DUTCH)
        await desk.goes(await desk.text("Nog niet weg"), selam, DeliveryState.QUEUED)

    card = await office.opens_card(JOKE, SELAM)

    assert card.lines[-3:] == [
        "📣 23 nov 🎬 ስራሕ: verstuurd ▶",
        "📣 22 nov 📅 Taalcafé Buurthuis: verstuurd, wachtlijst",
        "📣 21 nov ✉ Morgen is het kantoor de hele…: niet bereikbaar",
    ]
    assert len([line for line in card.lines if line.startswith("📣")]) == 3


async def test_a_coordinator_sees_broadcasts_too_and_who_works_with_her_does_not(
    office: Office,
) -> None:
    await office.hires(NOOR)
    await office.involves(DAAN, SELAM)
    async with office.core.database.transaction() as tx:
        desk = Desk(tx, await office.staff(JOKE))
        await desk.goes(await desk.text("Hallo"), await office.client(SELAM))
        await people.set_facts(tx, await office.client(SELAM), municipality="Delft")
    told = "📣 24 nov ✉ Hallo: verstuurd"
    assert (await office.opens_card(NOOR, SELAM)).lines[-1] == told
    linked = await office.opens_card(DAAN, SELAM)
    assert [line for line in linked.lines if line.startswith(("👤", "📣"))] == []
