"""What became of a broadcast is counted whole, from the index, and never anybody else's."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.domain.broadcasts import DeliveryState
from bot.domain.events import EventKind, SignUpState
from bot.domain.ids import BroadcastId, ClientId, StaffId
from bot.domain.languages import DARI, DUTCH, FARSI, TIGRINYA
from bot.storage import broadcast_figures, people
from bot.storage.broadcast_figures import Received, Tally
from bot.storage.database import Database, Transaction
from tests.cast import BRAM, KHALED, LAILA, MARYAM, SELAM
from tests.storage.rows import MINUTE, NOW, insert_cast
from tests.support.desk import Desk

SENT, FAILED, PENDING = DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.PENDING


async def bring_in(tx: Transaction, coach: StaffId, number: int) -> list[ClientId]:
    return [
        await people.insert_client(
            tx,
            code=f"V-{place:04d}",
            name="Iemand",
            language=TIGRINYA,
            coach_id=coach,
            today=NOW.date(),
            now=NOW,
        )
        for place in range(number)
    ]


async def test_states_are_counted_of_this_broadcast_alone(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        desk = Desk(tx, cast.joke)
        mine, other = await desk.text(), await desk.text()
        for code, state in ((SELAM, SENT), (KHALED, SENT), (LAILA, FAILED)):
            await desk.goes(mine, cast.clients[code.code], state)
        await desk.goes(other, cast.selam, DeliveryState.OPTED_OUT)
    async with database.reading() as tx:
        assert await broadcast_figures.count_states(tx, mine) == {SENT: 2, FAILED: 1}
        assert await broadcast_figures.count_states(tx, BroadcastId(404)) == {}


async def test_states_come_from_the_index_and_no_table_is_read_from_end_to_end(
    tmp_path: Path, sqlite_template: Path
) -> None:
    file = tmp_path / "taalbrug.db"
    shutil.copyfile(sqlite_template, file)
    database = await Database.open(f"sqlite+aiosqlite:///{file}")
    asked: list[str] = []
    async with database.reading() as tx:
        assert tx.here is not None
        tx.here.set_trace_callback(asked.append)
        await broadcast_figures.count_states(tx, BroadcastId(1))
        await broadcast_figures.count_by_language(tx, BroadcastId(1))
        await broadcast_figures.list_recipients(tx, BroadcastId(1), after=0, limit=9)
        await broadcast_figures.list_received(tx, ClientId(1), limit=3)
        tx.here.set_trace_callback(None)
    await database.close()

    with closing(sqlite3.connect(file)) as connection:
        plans = [
            [str(step[3]) for step in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
            for statement in asked
        ]
    assert len(plans) == 4
    assert "COVERING INDEX ix_deliveries_state" in plans[0][0]
    scans = [step for plan in plans for step in plan if step.startswith("SCAN")]
    assert scans == ["SCAN piece"], "what one piece gave is looked through, and no table"


@pytest.mark.parametrize("piece", [1, 2, 3, 4_000])
async def test_languages_are_counted_whole_however_small_the_pieces(
    database: Database, piece: int
) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        desk = Desk(tx, cast.joke)
        mine, other = await desk.text(), await desk.text()
        many = await bring_in(tx, cast.joke, 3)
        for client_id, pressed in zip(many, (True, False, True), strict=True):
            await desk.goes(mine, client_id, shown=TIGRINYA, pressed=pressed)
            await desk.goes(other, client_id, FAILED)
        await desk.goes(mine, cast.selam, shown=DUTCH)
        await desk.goes(mine, cast.clients[MARYAM.code], language=FARSI, shown=FARSI)
        no_version = DeliveryState.NO_VERSION
        await desk.goes(mine, cast.clients[LAILA.code], no_version, language=DARI, shown=None)
    async with database.reading() as tx:
        found = await broadcast_figures.count_by_language(tx, mine, piece=piece)
        states = await broadcast_figures.count_states(tx, mine)
    assert found == [
        Tally(FARSI, FARSI, SENT, 1, 0),
        Tally(DARI, None, no_version, 1, 0),
        Tally(TIGRINYA, DUTCH, SENT, 1, 0),
        Tally(TIGRINYA, TIGRINYA, SENT, 3, 2),
    ]
    assert sum(each.number for each in found) == sum(states.values()) == 6


async def test_a_broadcast_to_nobody_has_no_languages(database: Database) -> None:
    async with database.reading() as tx:
        assert await broadcast_figures.count_by_language(tx, BroadcastId(1)) == []


async def test_others_have_their_turn_while_many_are_counted(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        desk = Desk(tx, cast.joke)
        mine = await desk.text()
        for client_id in await bring_in(tx, cast.joke, 5):
            await desk.goes(mine, client_id)
    turns = 0

    async def beside() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with database.reading() as tx, asyncio.TaskGroup() as group:
        other = group.create_task(beside())
        await asyncio.sleep(0)
        before = turns
        await broadcast_figures.count_by_language(tx, mine, piece=1)
        assert turns - before >= 5
        other.cancel()


async def test_readers_come_in_pages_with_the_code_of_their_present_coach(
    database: Database,
) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        desk = Desk(tx, cast.joke)
        mine, other = await desk.text(), await desk.text()
        for person in (KHALED, SELAM, LAILA):
            await desk.goes(
                mine, cast.clients[person.code], at=NOW + 3 * MINUTE, pressed=person is SELAM
            )
        await desk.goes(other, cast.clients[MARYAM.code])
        await people.set_coach(tx, cast.selam, cast.staff[BRAM.code], now=NOW)
    async with database.reading() as tx:
        first = await broadcast_figures.list_recipients(tx, mine, after=0, limit=2)
        rest = await broadcast_figures.list_recipients(
            tx, mine, after=first[-1].client_id, limit=2
        )
        over = await broadcast_figures.list_recipients(tx, mine, after=rest[-1].client_id, limit=2)
    assert [(each.code, each.coach) for each in (*first, *rest)] == [
        ("K-0001", "s-bram"),
        ("K-0002", "s-joke"),
        ("K-0004", "s-bram"),
    ]
    assert over == []
    selam = first[0]
    assert (selam.state, selam.language, selam.shown) == (SENT, TIGRINYA, DUTCH)
    assert (selam.changed_at, selam.pressed_at) == (NOW + 3 * MINUTE, NOW + 4 * MINUTE)


async def test_what_a_client_was_sent_lately_stands_newest_first(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        desk = Desk(tx, cast.joke)
        texts = [await desk.text(f"Bericht {number}") for number in range(5)]
        for number, broadcast_id in enumerate(texts):
            await desk.goes(broadcast_id, cast.selam, at=NOW + number * MINUTE)
            await desk.goes(broadcast_id, cast.clients[KHALED.code], FAILED)
        await desk.goes(await desk.text("Nog onderweg"), cast.selam, PENDING)
        await desk.goes(await desk.text("In de rij"), cast.selam, DeliveryState.QUEUED)
    async with database.reading() as tx:
        found = await broadcast_figures.list_received(tx, cast.selam, limit=3)
    assert [each.text for each in found] == ["Bericht 4", "Bericht 3", "Bericht 2"]
    assert {each.state for each in found} == {SENT}


async def test_a_film_is_called_as_the_version_she_was_shown(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        desk = Desk(tx, cast.joke)
        mine, _ = await desk.film(nl="Werken in de zorg", ti="ስራሕ")
        await desk.goes(mine, cast.selam, shown=TIGRINYA, pressed=True)
        await desk.goes(mine, cast.clients[MARYAM.code], language=FARSI, shown=DUTCH)
        no_version = DeliveryState.NO_VERSION
        await desk.goes(mine, cast.clients[LAILA.code], no_version, language=DARI, shown=None)
    titles = {}
    async with database.reading() as tx:
        for person in (SELAM, MARYAM, LAILA):
            (received,) = await broadcast_figures.list_received(
                tx, cast.clients[person.code], limit=3
            )
            titles[person.name] = (received.title, received.state, received.pressed_at)
    assert titles == {
        "Selam": ("ስራሕ", SENT, NOW + MINUTE),
        "Maryam": ("Werken in de zorg", SENT, None),
        "Laila": ("zorg", no_version, None),
    }


async def test_an_event_comes_with_her_own_answer(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        desk = Desk(tx, cast.joke)
        mine, event_id = await desk.event("Buurthuis")
        for client_id, answer in (
            (cast.selam, SignUpState.COMING),
            (cast.clients[KHALED.code], None),
            (cast.clients[MARYAM.code], SignUpState.DECLINED),
        ):
            await desk.goes(mine, client_id)
            if answer is not None:
                await desk.answers(event_id, client_id, answer)
    found: list[Received] = []
    async with database.reading() as tx:
        for person in (SELAM, KHALED):
            found += await broadcast_figures.list_received(tx, cast.clients[person.code], limit=3)
    assert [(each.event_kind, each.event_name, each.answer) for each in found] == [
        (EventKind.LANGUAGE_CAFE, "Buurthuis", SignUpState.COMING),
        (EventKind.LANGUAGE_CAFE, "Buurthuis", None),
    ]
