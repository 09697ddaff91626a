"""/werkbak: whose tasks, in which words and order, what they offer, and what ends them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.errors import NotFoundError
from bot.domain.ids import EmployerId, MessageId, TaskId
from bot.domain.worklist import TaskKind
from bot.services import statuses as status_service
from bot.services import worklist
from bot.storage import employers, people
from tests.cast import BRAM, DAAN, JOKE, KHALED, LAILA, MARYAM, SANNE, SELAM, Person
from tests.services.office import MESSAGE, NOOR, Office, Screen, leads_somewhere, open_office
from tests.storage.rows import NOW

HOUR = timedelta(hours=1)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Give an office on a Tuesday at half past ten, in which nothing waits."""
    async with open_office(tmp_path) as opened:
        yield opened


async def opens(office: Office, person: Person) -> Screen:
    """Have somebody type /werkbak."""
    await worklist.open_worklist(office.core, office.turn(person))
    return await office.screen(person)


async def opens_task(office: Office, person: Person, task_id: TaskId) -> Screen:
    """Have somebody tap a line."""
    await worklist.open_task(office.core, office.turn(person), task_id, 0, MESSAGE)
    return await office.screen(person)


async def ends(office: Office, person: Person, task_id: TaskId) -> str | None:
    """Have somebody tap "Afgehandeld"; returns what the bubble says."""
    turn = office.turn(person)
    await worklist.finish_task(office.core, turn, task_id, 0, MESSAGE)
    return turn.toast


def task_of(screen: Screen, label: str) -> TaskId:
    """Return the task behind the line's button that begins so."""
    return TaskId(int(screen.button(label).split(":")[1]))


# --- the list --------------------------------------------------------------------------------


async def test_an_empty_werkbak_says_so(office: Office) -> None:
    screen = await opens(office, BRAM)
    assert (screen.text, screen.labels) == ("🗂 Uw werkbak is leeg.", ())


async def test_a_line_says_who_what_how_many_and_how_old(office: Office) -> None:
    for hours in (2, 1, 0):
        await office.hears(SELAM, JOKE, at=NOW - hours * HOUR)
    await office.hears(KHALED, JOKE)
    await office.gives(JOKE, "call:9:2026-11", MARYAM, at=NOW - timedelta(days=4))
    await office.gives(JOKE, "quarantined:7:1", at=NOW - 24 * HOUR)

    screen = await opens(office, JOKE)

    assert screen.lines == [
        "🗂 Uw werkbak (4)",
        "Maryam K-0003 · bellen · 2 werkdagen",
        "Taalbrug · bericht niet verwerkt · 1 werkdag",
        "Selam K-0001 · 3 berichten · 2 werkuren",
        "Khaled K-0002 · bericht · minder dan 1 werkuur",
    ]
    assert screen.labels == (
        "Maryam · bellen",
        "Taalbrug · bericht niet verwerkt",
        "Selam · 3 berichten",
        "Khaled · bericht",
        "👥 Per collega",
    )


async def test_what_was_escalated_comes_first_and_says_so_in_words(office: Office) -> None:
    await office.hears(SELAM, JOKE, at=NOW - 50 * HOUR)
    await office.gives(JOKE, "contact:2:2026-11", KHALED, level=1)
    await office.gives(JOKE, "reason:3:2026-10", MARYAM, level=3)

    screen = await opens(office, JOKE)

    assert [line.rpartition(" · ")[0] for line in screen.lines[1:]] == [
        "⚠ te laat, gemeld aan de coördinator · "
        "Maryam K-0003 · reden van de gemiste maand oktober",
        "⚠ te laat · Khaled K-0002 · maandgesprek november",
        "Selam K-0001 · bericht",
    ]


async def test_eight_lines_fill_a_page_and_one_turns_them_in_the_same_message(
    office: Office,
) -> None:
    for number in range(17):
        await office.gives(JOKE, f"call:{number}:2026-11", SELAM, at=NOW - number * HOUR)

    first = await opens(office, JOKE)
    assert len(first.lines) == 1 + 8
    assert first.data[8:] == ("wb:0", "wb:1", "wb:team:0")
    assert first.labels[8:10] == ("1/3", "▶")

    seen = list(first.data[:8])
    for page, row in ((1, ("◀", "2/3", "▶")), (2, ("◀", "3/3"))):
        await worklist.show_page(office.core, office.turn(JOKE), page, MESSAGE)
        shown = await office.screen(JOKE)
        assert shown.method == "editMessageText"
        assert shown.labels[-1 - len(row) : -1] == row
        seen += [data for data in shown.data if data.startswith("wt:")]
    tasks = [data.split(":")[1] for data in seen]
    assert len(tasks) == len(set(tasks)) == 17

    await worklist.show_page(office.core, office.turn(JOKE), 9, MESSAGE)
    assert (await office.screen(JOKE)).labels[-2] == "3/3", "a page that is gone is the last one"


async def test_a_client_is_named_as_she_is_and_her_name_is_no_markup(office: Office) -> None:
    async with office.core.database.transaction() as tx:
        client_id = await people.insert_client(
            tx,
            code="K-0099",
            name="<b>Ann & Co",
            language=SELAM.language,
            coach_id=await office.staff(JOKE),
            today=NOW.date(),
            now=NOW,
        )
    ann = Person("K-0099", "", "client", SELAM.language, SELAM.chat_id)
    await office.gives(JOKE, f"call:{client_id}:2026-11", ann)

    screen = await opens(office, JOKE)

    assert screen.lines[1].startswith("<b>Ann & Co K-0099 · bellen")
    assert screen.labels[0] == "<b>Ann & Co · bellen"


# --- one task --------------------------------------------------------------------------------


async def test_her_coach_reads_what_she_wrote_last_and_what_can_be_done(office: Office) -> None:
    for number in range(1, 4):
        await office.hears(SELAM, JOKE, f"bericht {number} {'x' * 300}")
    last = await office.hears(SELAM, JOKE, f"bericht 4 {'x' * 300}")
    selam = await office.client(SELAM)
    task_id = task_of(await opens(office, JOKE), "Selam")

    screen = await opens_task(office, JOKE, task_id)

    assert (screen.method, screen.about) == ("editMessageText", selam)
    assert screen.lines[0] == "Selam K-0001 · 4 berichten · minder dan 1 werkuur"
    assert [line[:9] for line in screen.lines[1:]] == ["bericht 2", "bericht 3", "bericht 4"]
    assert all(len(line) <= 200 and line.endswith("…") for line in screen.lines[1:])
    assert dict(zip(screen.labels, screen.data, strict=True)) == {
        "✉ Antwoord": f"wr:{selam}:{last}",
        "📞 Bel": f"wt:{task_id}:call:0",
        "📅 Afspraak maken": f"bn:{selam}",
        "👤 Klant": f"cl:{selam}:wb:0",
        "✔ Afgehandeld": f"wt:{task_id}:done:0",
        "← Terug": "wb:0",
    }


async def test_who_wants_to_phone_reads_what_is_known_and_that_no_number_is_kept(
    office: Office,
) -> None:
    await office.hears(SELAM, JOKE)
    selam = await office.client(SELAM)
    task_id = task_of(await opens(office, JOKE), "Selam")

    await worklist.open_task(office.core, office.turn(JOKE), task_id, 2, MESSAGE, calls=True)

    screen = await office.screen(JOKE)
    assert "Taalbrug bewaart geen telefoonnummers." in screen.text
    assert "Taal: Tigrinya\nChat: verbonden" in screen.text
    assert screen.button("💬") == f"ct:{selam}", "what follows a call is put on record"
    assert screen.button("← Terug") == "wb:2"
    assert "📞 Bel" not in screen.labels


@pytest.mark.parametrize("kind", TaskKind)
async def test_every_kind_of_task_can_be_opened_and_its_buttons_fit_and_lead_somewhere(
    office: Office, kind: TaskKind
) -> None:
    async with office.core.database.transaction() as tx:
        company = await employers.insert_employer(
            tx,
            code="B-1",
            name="Bakkerij Zon",
            sector="voeding",
            manager_id=await office.staff(SANNE),
            now=NOW,
        )
    named = SELAM if kind is not TaskKind.EMPLOYER else None
    task_id = await office.gives(JOKE, f"{kind}:123456789:2026-11", named, about=int(company))

    screen = await opens_task(office, JOKE, task_id)

    assert [data for data in screen.data if not leads_somewhere(office, data)] == []
    assert max(len(data.encode()) for data in screen.data) <= 64
    ends_by_fact = "Deze taak verdwijnt vanzelf" in screen.text
    assert ("✔ Afgehandeld" in screen.labels) is not ends_by_fact


async def test_an_account_manager_sees_the_company_and_nothing_of_a_client(office: Office) -> None:
    async with office.core.database.transaction() as tx:
        company = await employers.insert_employer(
            tx,
            code="B-1",
            name="Bakkerij Zon",
            sector="voeding",
            manager_id=await office.staff(SANNE),
            now=NOW,
        )
    await office.gives(SANNE, f"employer:{company}:2026-11", about=int(EmployerId(company)))

    screen = await opens(office, SANNE)
    assert screen.lines[1] == "Bakkerij Zon · contact met het bedrijf · minder dan 1 werkuur"

    opened = await opens_task(office, SANNE, task_of(screen, "Bakkerij"))
    assert opened.data == (f"em:{company}:open", "wb:0")


# --- what ends it ----------------------------------------------------------------------------


async def test_what_is_dealt_with_leaves_the_list_and_a_trace(office: Office) -> None:
    await office.hears(SELAM, JOKE)
    await office.hears(SELAM, JOKE)
    await office.gives(JOKE, "call:1:2026-11", SELAM)
    screen = await opens(office, JOKE)

    assert await ends(office, JOKE, task_of(screen, "Selam · 2 berichten")) == "Afgehandeld."

    shown = await office.screen(JOKE)
    assert (shown.method, shown.labels[0], len(shown.lines)) == (
        "editMessageText",
        "Selam · bellen",
        2,
    )
    assert await office.open_keys() == ["call:1:2026-11"]
    assert await office.traces("task_done") == 1


async def test_a_message_that_came_meanwhile_stays_open(office: Office) -> None:
    await office.hears(SELAM, JOKE)
    task_id = task_of(await opens(office, JOKE), "Selam")
    last = await office.hears(SELAM, JOKE)

    await ends(office, JOKE, task_id)

    assert await office.open_keys() == [f"message:{last}"]


async def test_of_two_who_end_it_at_once_the_second_reads_that_it_was_done(
    office: Office,
) -> None:
    await office.leaves(JOKE, days_ago=7, backup=BRAM)
    await office.hears(SELAM, JOKE)
    task_id = task_of(await opens(office, BRAM), "Selam")

    async with asyncio.TaskGroup() as group:
        taps = [group.create_task(ends(office, person, task_id)) for person in (BRAM, JOKE)]

    assert sorted(str(tap.result()) for tap in taps) == ["Afgehandeld.", "Dit was al afgehandeld."]
    assert await office.traces("task_done") == 1
    for person in (BRAM, JOKE):
        assert (await office.screen(person)).text == "🗂 Uw werkbak is leeg."

    turn = office.turn(JOKE)
    await worklist.open_task(office.core, turn, task_id, 0, MESSAGE)
    assert turn.toast == "Dit was al afgehandeld."


async def test_a_duty_cannot_be_said_to_be_done(office: Office) -> None:
    task_id = await office.gives(JOKE, "contact:1:2026-11", SELAM)

    with pytest.raises(NotFoundError, match="on record"):
        await ends(office, JOKE, task_id)

    assert await office.open_keys() == ["contact:1:2026-11"]


async def test_somebody_elses_task_cannot_be_opened_or_ended_with_a_forged_id(
    office: Office,
) -> None:
    message_id = await office.hears(LAILA, BRAM)
    task_id = task_of(await opens(office, BRAM), "Laila")
    kept = await office.gives(JOKE, "notice:1", SELAM)

    for person, number in ((JOKE, task_id), (DAAN, task_id), (JOKE, TaskId(404)), (JOKE, kept)):
        for calls in (False, True):
            with pytest.raises(NotFoundError):
                await worklist.open_task(
                    office.core, office.turn(person), number, 0, MESSAGE, calls=calls
                )
        with pytest.raises(NotFoundError):
            await ends(office, person, number)
    for person, message in ((JOKE, message_id), (BRAM, MessageId(404))):
        with pytest.raises(NotFoundError):
            await worklist.finish_message(office.core, office.turn(person), message)

    assert await office.open_keys() == [f"message:{message_id}", "notice:1"]


async def test_the_button_under_a_message_ends_that_message_once(office: Office) -> None:
    first = await office.hears(SELAM, JOKE)
    second = await office.hears(SELAM, JOKE)
    said = []
    for _ in range(2):
        turn = office.turn(JOKE)
        await worklist.finish_message(office.core, turn, second)
        said.append(turn.toast)
    assert said == ["Afgehandeld.", "Dit was al afgehandeld."]
    assert await office.open_keys() == [f"message:{first}"]


# --- for a colleague, and of all -------------------------------------------------------------


async def test_a_stand_in_sees_the_tasks_of_who_is_away_and_for_whom_they_are(
    office: Office,
) -> None:
    await office.hears(SELAM, JOKE, "geheim")
    await office.gives(BRAM, "call:4:2026-11", LAILA)
    assert [line[:5] for line in (await opens(office, BRAM)).lines[1:]] == ["Laila"]

    await office.leaves(JOKE, days_ago=7, backup=BRAM)

    screen = await opens(office, BRAM)
    assert sorted(screen.lines[1:]) == [
        "Laila K-0004 · bellen · minder dan 1 werkuur",
        "Selam K-0001 · bericht · minder dan 1 werkuur (voor Joke de Boer)",
    ]
    opened = await opens_task(office, BRAM, task_of(screen, "Selam"))
    assert opened.labels == ("📞 Bel", "👤 Klant", "✔ Afgehandeld", "← Terug")
    assert "geheim" not in opened.text
    assert opened.about is None, "a reply of a stand-in must not go to her"
    assert [line[:5] for line in (await opens(office, JOKE)).lines[1:]] == ["Selam"]


async def test_a_task_that_the_stand_in_was_given_says_for_whom_it_is(office: Office) -> None:
    await office.gives(BRAM, "contact:1:2026-11", SELAM)

    screen = await opens(office, BRAM)

    assert screen.lines[1].endswith("(voor Joke de Boer)")
    opened = await opens_task(office, BRAM, task_of(screen, "Selam"))
    assert [data[:2] for data in opened.data] == ["ct", "wt", "cl", "wb"]


async def test_without_a_stand_in_the_coordinators_see_codes_and_no_words(office: Office) -> None:
    await office.hires(NOOR)
    await office.hears(LAILA, BRAM, "geheim")
    await office.leaves(BRAM, days_ago=7, backup=None)

    screen = await opens(office, NOOR)

    assert screen.lines[1] == "K-0004 · bericht · minder dan 1 werkuur (voor Bram Visser)"
    opened = await opens_task(office, NOOR, task_of(screen, "K-0004"))
    assert opened.labels == ("📞 Bel", "👤 Klant", "✔ Afgehandeld", "← Terug")
    assert not any(word in opened.text for word in ("geheim", "Laila"))

    talk = await office.gives(BRAM, "contact:4:2026-11", LAILA)
    opened = await opens_task(office, NOOR, talk)
    assert opened.labels == ("📞 Bel", "👤 Klant", "← Terug"), "she holds no such talks"


async def test_a_coordinator_sees_how_much_is_open_with_whom_by_name_and_no_more(
    office: Office,
) -> None:
    await office.hires(NOOR)
    await office.hears(LAILA, BRAM, at=NOW - 2 * HOUR)
    for number in range(3):
        await office.gives(JOKE, f"call:{number}:2026-11", SELAM)
    assert (await opens(office, NOOR)).data == ("wb:team:0",)

    await worklist.show_team(office.core, office.turn(NOOR), 0, MESSAGE)

    screen = await office.screen(NOOR)
    assert screen.lines == [
        "👥 Open taken per collega, op naam",
        "Bram Visser: 1 open, de oudste 2 werkuren",
        "Joke de Boer: 3 open, de oudste minder dan 1 werkuur",
    ]
    assert screen.data == ("wb:0",)


@pytest.mark.parametrize("person", [BRAM, DAAN, SANNE])
async def test_nobody_else_sees_what_is_open_with_whom(office: Office, person: Person) -> None:
    assert "👥 Per collega" not in (await opens(office, person)).labels
    with pytest.raises(NotFoundError):
        await worklist.show_team(office.core, office.turn(person), 0, MESSAGE)


async def test_the_tasks_of_a_client_move_with_her_to_another_coach(office: Office) -> None:
    await office.hears(SELAM, JOKE)
    task_id = task_of(await opens(office, JOKE), "Selam")
    async with office.core.database.transaction() as tx:
        client = await people.get_client(tx, await office.client(SELAM))
        bram = await people.get_staff(tx, await office.staff(BRAM))
        await status_service.assign(tx, client, bram, staff=None, now=NOW)

    with pytest.raises(NotFoundError):
        await opens_task(office, JOKE, task_id)
    assert "✉ Antwoord" in (await opens_task(office, BRAM, task_id)).labels


async def test_a_client_has_no_werkbak(office: Office) -> None:
    with pytest.raises(NotFoundError):
        await worklist.open_worklist(office.core, office.turn(SELAM))
