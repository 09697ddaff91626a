"""/klanten and the list of who is late: who sees what, in which order and words."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.domain.errors import NotFoundError
from bot.domain.people import ClientStatus
from bot.domain.periods import Exclusion, PeriodState
from bot.services import caseload
from bot.storage import people, statuses
from tests.cast import BRAM, DAAN, JOKE, KHALED, LAILA, MARYAM, SANNE, SELAM, Person
from tests.services.office import (
    MESSAGE,
    MONTH,
    NOOR,
    TODAY,
    Office,
    Screen,
    leads_somewhere,
    open_office,
)
from tests.storage.rows import NOW

DAY = timedelta(days=1)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Give an office on Tuesday 24 November 2026; Selam, Khaled and Maryam are Joke's."""
    async with open_office(tmp_path) as opened:
        yield opened


async def lists(office: Office, person: Person, begins: str = "") -> Screen:
    """Have somebody type /klanten."""
    await caseload.open_list(office.core, office.turn(person), begins)
    return await office.screen(person)


async def came(office: Office, client: Person, day: date) -> None:
    """Let a client have come into care on an earlier day."""
    client_id = await office.client(client)
    async with office.core.database.transaction() as tx:
        for status in (ClientStatus.AZC, ClientStatus.ACTIVE):
            await statuses.change_status(tx, client_id, status, today=day, now=NOW)


# --- the list --------------------------------------------------------------------------------


async def test_every_line_says_by_both_clocks_how_a_client_stands(office: Office) -> None:
    await office.stands(SELAM, PeriodState.ALMOST_LATE, 20)
    await office.speaks(SELAM, JOKE, TODAY - 40 * DAY)
    await office.stands(KHALED, PeriodState.MET, 10, spoken=12)
    await office.speaks(KHALED, JOKE, MONTH.day(12))
    await office.stands(MARYAM, PeriodState.PLANNED, 23)
    await office.meets(MARYAM, JOKE, MONTH.day(25))

    screen = await lists(office, JOKE)

    assert screen.method == "sendMessage"
    assert screen.lines == [
        "👥 Uw klanten (3). Kies een klant.",
        "🔴 rood · K-0001 Selam",
        "     te laat sinds 20 nov · 40 dagen geleden",
        "🟢 groen · K-0003 Maryam",
        "     gepland 25 nov · nog geen gesprek, hier sinds 24 nov",
        "🟢 groen · K-0002 Khaled",
        "     gesproken 12 nov · 12 dagen geleden",
    ]
    assert screen.labels == (
        "Selam · K-0001",
        "Maryam · K-0003",
        "Khaled · K-0002",
        "Alle klanten te laat",
    )
    assert screen.about is None, "a reply to a list is for nobody"


@pytest.mark.parametrize(
    ("state", "target", "spoken_days_ago", "light", "words"),
    [
        (PeriodState.OPEN, 27, 30, "🟢 groen", "nog niet, streefdatum 27 nov · 30 dagen geleden"),
        (PeriodState.OPEN, 27, 31, "🟢 groen", "nog niet, streefdatum 27 nov · 31 dagen geleden"),
        (PeriodState.OPEN, 27, 32, "🟡 geel", "nog niet, streefdatum 27 nov · 32 dagen geleden"),
        (PeriodState.OPEN, 27, 46, "🔴 rood", "nog niet, streefdatum 27 nov · 46 dagen geleden"),
        (PeriodState.PLANNED, 20, 46, "🔴 rood", "gepland – · 46 dagen geleden"),
        (PeriodState.ALMOST_LATE, 23, 24, "🔴 rood", "te laat sinds 23 nov · 24 dagen geleden"),
        (PeriodState.MET, 23, 1, "🟢 groen", "gesproken 23 nov · 1 dag geleden"),
        (PeriodState.MET, 23, 0, "🟢 groen", "gesproken 24 nov · vandaag gesproken"),
        (PeriodState.MISSED, 20, 60, "🔴 rood", "gemist · 60 dagen geleden"),
    ],
)
async def test_the_worse_of_both_clocks_gives_the_light(
    office: Office,
    state: PeriodState,
    target: int,
    spoken_days_ago: int,
    light: str,
    words: str,
) -> None:
    day = TODAY - spoken_days_ago * DAY
    await office.stands(LAILA, state, target, spoken=day.day if day in MONTH else None)
    await office.speaks(LAILA, BRAM, day)

    assert (await lists(office, BRAM)).lines[1:] == [f"{light} · K-0004 Laila", f"     {words}"]


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (Exclusion.ON_HOLD, "on hold"),
        (Exclusion.AZC, "in het azc"),
        (Exclusion.AFTERCARE, "nazorg"),
        (Exclusion.NOT_IN_CARE, "niet in begeleiding"),
        (Exclusion.TOO_FEW_DAYS, "te weinig dagen in deze maand"),
    ],
)
async def test_where_no_talk_is_due_the_line_says_why(
    office: Office, why: Exclusion, words: str
) -> None:
    await office.stands(LAILA, PeriodState.EXCLUDED, why=why)

    screen = await lists(office, BRAM)

    assert screen.lines[1] == "⚪ grijs · K-0004 Laila"
    assert screen.lines[2].startswith(f"     niet nodig: {words} · ")


async def test_a_month_that_was_not_counted_yet_is_grey_and_says_so(office: Office) -> None:
    screen = await lists(office, BRAM)
    assert screen.lines[1:] == [
        "⚪ grijs · K-0004 Laila",
        "     nog niet geteld · nog geen gesprek, hier sinds 24 nov",
    ]


async def test_who_never_spoke_with_anybody_is_measured_from_the_day_she_came(
    office: Office,
) -> None:
    await came(office, LAILA, TODAY - 46 * DAY)
    await office.stands(LAILA, PeriodState.OPEN, 27)
    assert (await lists(office, BRAM)).lines[1].startswith("🔴 rood")


async def test_pages_are_turned_in_the_same_message_and_a_card_leads_back(office: Office) -> None:
    async with office.core.database.transaction() as tx:
        for number in range(10, 20):
            await people.insert_client(
                tx,
                code=f"K-{number:04}",
                name=f"Amina {number}",
                language=SELAM.language,
                coach_id=await office.staff(JOKE),
                today=TODAY,
                now=NOW,
            )
    first = await lists(office, JOKE)
    assert (len(first.lines), first.labels[8:]) == (1 + 16, ("1/2", "▶", "Alle klanten te laat"))
    assert first.button("▶") == "kl:1"

    await caseload.show_page(office.core, office.turn(JOKE), 1, "", MESSAGE)
    second = await office.screen(JOKE)
    assert (second.method, second.labels[5:]) == (
        "editMessageText",
        ("◀", "2/2", "Alle klanten te laat"),
    )
    cards = [data for data in (*first.data, *second.data) if data.startswith("cl:")]
    assert len({data.split(":")[1] for data in cards}) == 13
    selam = second.button("Selam")
    assert selam == f"cl:{await office.client(SELAM)}:1"

    card = await office.opens_card(JOKE, SELAM, "1")
    assert (card.method, card.button("← Terug")) == ("editMessageText", "kl:1")
    assert (await office.opens_card(JOKE, SELAM)).button("← Terug") == "kl:0"
    assert (await office.opens_card(JOKE, SELAM, "wb:2")).button("← Terug") == "wb:2"


async def test_typing_how_a_name_or_code_begins_narrows_the_list(office: Office) -> None:
    screen = await lists(office, JOKE, "sel")
    assert screen.lines[1] == "Begint met “sel”:"
    assert screen.labels[0] == "Selam · K-0001"
    assert screen.button("Selam").endswith(":0:sel")
    assert (await office.opens_card(JOKE, SELAM, "0:sel")).button("← Terug") == "kl:0:sel"
    assert (await lists(office, JOKE, "K-0002")).labels[0] == "Khaled · K-0002"

    nobody = await lists(office, JOKE, "laila")
    assert nobody.text == "Geen van uw klanten begint met “laila”."


@pytest.mark.parametrize("name", ["ሰላም" * 20, "سلام" * 20, "K" * 100, "Ann: van der Berg"])
async def test_a_long_name_in_any_script_is_found_and_its_buttons_fit(
    office: Office, name: str
) -> None:
    async with office.core.database.transaction() as tx:
        for number in range(10, 20):
            await people.insert_client(
                tx,
                code=f"K-{number:04}",
                name=f"{name}{number}",
                language=SELAM.language,
                coach_id=await office.staff(JOKE),
                today=TODAY,
                now=NOW,
            )

    screen = await lists(office, JOKE, name.partition(":")[0])

    assert len([data for data in screen.data if data.startswith("cl:")]) == 8
    assert max(len(data.encode()) for data in screen.data) <= 64
    assert [data for data in screen.data if not leads_somewhere(office, data)] == []


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(begins=st.text(max_size=80))
@example(begins="K" * 200)
@example(begins="سلام " * 30)
@example(begins="ሰላም" * 30)
@example(begins="a:b:c\nd")
@example(begins="<b>&")
async def test_whatever_is_typed_after_the_command_the_buttons_fit(
    office: Office, begins: str
) -> None:
    screen = await lists(office, JOKE, begins)
    data = [each for each in screen.data if not each.startswith("kl:late")]
    assert all(len(each.encode()) <= 64 and "\n" not in each for each in data)
    assert [each for each in data if not leads_somewhere(office, each)] == []


async def test_colleagues_of_other_roles_see_with_whom_they_work(office: Office) -> None:
    assert "nu geen klanten" in (await lists(office, DAAN)).text
    await office.involves(DAAN, LAILA)
    assert (await lists(office, DAAN)).labels == ("Laila · K-0004",)
    await office.involves(BRAM, SELAM)
    assert (await lists(office, BRAM)).labels == ("Laila · K-0004", "Selam · K-0001")


async def test_an_account_manager_has_no_list_of_clients_even_when_linked(office: Office) -> None:
    await office.involves(SANNE, SELAM)

    screen = await lists(office, SANNE)

    assert (screen.text, screen.labels) == (
        "In uw rol ziet u geen klanten. Uw bedrijven vindt u met /bedrijven.",
        (),
    )
    with pytest.raises(NotFoundError):
        await office.opens_card(SANNE, SELAM)


# --- who is late -----------------------------------------------------------------------------


async def test_coordinators_see_who_is_late_by_code_coach_and_days(office: Office) -> None:
    await office.hires(NOOR)
    for person, target in ((SELAM, 20), (LAILA, 23), (KHALED, 18)):
        await office.stands(person, PeriodState.ALMOST_LATE, target)
    await office.stands(MARYAM, PeriodState.OPEN, 26)
    listed = await lists(office, NOOR)
    assert (listed.text, listed.data) == ("U heeft zelf geen klanten.", ("kl:late:0",))

    await caseload.show_late(office.core, office.turn(NOOR), 0, MESSAGE)

    screen = await office.screen(NOOR)
    assert screen.method == "editMessageText"
    assert screen.lines == [
        "🔴 Te laat in november: 3",
        "K-0002 · Joke de Boer · 6 dagen over de streefdatum",
        "K-0001 · Joke de Boer · 4 dagen over de streefdatum",
        "K-0004 · Bram Visser · 1 dag over de streefdatum",
    ]
    assert screen.labels == ("K-0002", "K-0001", "K-0004", "← Terug", "📊 Maand (team)")
    assert screen.data[0] == f"cl:{await office.client(KHALED)}:late:0"
    assert [data for data in screen.data if not leads_somewhere(office, data)] == []


async def test_when_nobody_is_late_the_coordinators_read_so(office: Office) -> None:
    await caseload.show_late(office.core, office.turn(JOKE), 3, MESSAGE)
    assert (await office.screen(JOKE)).lines == ["In november is nu geen klant te laat."]


@pytest.mark.parametrize("person", [BRAM, DAAN, SANNE])
async def test_nobody_else_sees_who_is_late_everywhere(office: Office, person: Person) -> None:
    assert "Alle klanten te laat" not in (await lists(office, person)).labels
    with pytest.raises(NotFoundError):
        await caseload.show_late(office.core, office.turn(person), 0, MESSAGE)
