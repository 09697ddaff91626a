"""Tasks in lines: what is one line, in which order, whose, and what ends it."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.domain.ids import ClientId, MessageId, StaffId, TaskId
from bot.domain.messages import TranslationState
from bot.storage import messages, people, tasks, worklist
from bot.storage.database import Database, Transaction
from bot.storage.schema import tasks as table
from tests.cast import BRAM, KHALED, LAILA
from tests.storage.rows import MINUTE, NOW, Cast, insert_cast, insert_text

HOUR = timedelta(hours=1)


async def give(
    tx: Transaction,
    staff_id: StaffId,
    key: str,
    *,
    client_id: ClientId | None = None,
    hours_ago: int = 0,
    level: int = 0,
    about: int | None = None,
) -> TaskId:
    """Give somebody a task; the word before the colon of its key is its kind."""
    new = await tasks.insert_task(
        tx,
        kind=key.partition(":")[0],
        key=key,
        client_id=client_id,
        staff_id=staff_id,
        now=NOW - hours_ago * HOUR,
        level=level,
        about_id=about,
    )
    assert new
    found = await worklist.find_task(tx, key)
    assert found is not None
    return found


async def writes(tx: Transaction, cast: Cast, number: int, *, hours_ago: int = 0) -> MessageId:
    """Have Selam write, which gives Joke a task."""
    message = await insert_text(tx, cast, text=f"ሰላም {number}", number=number)
    await worklist.insert_message_task(
        tx,
        message.id,
        client_id=cast.selam,
        staff_id=cast.joke,
        now=NOW - hours_ago * HOUR,
    )
    return message.id


async def kinds(tx: Transaction, *staff_ids: StaffId) -> list[str]:
    lines = await worklist.list_lines(tx, staff_ids, limit=50, offset=0)
    assert await worklist.count_lines(tx, staff_ids) == len(lines)
    return [line.kind for line in lines]


async def test_all_open_messages_of_a_client_are_one_line(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        await writes(tx, cast, 1, hours_ago=5)
        await writes(tx, cast, 2, hours_ago=3)
        last = await writes(tx, cast, 3, hours_ago=1)
        await give(tx, cast.joke, "call:1:2026-11", client_id=cast.selam, hours_ago=2)
        [said, call] = await worklist.list_lines(tx, [cast.joke], limit=9, offset=0)
    assert (said.count, said.since, said.about_id) == (3, NOW - 5 * HOUR, last)
    assert (said.client_id, said.staff_id, said.key) == (cast.selam, cast.joke, f"message:{last}")
    assert (call.kind, call.count) == ("call", 1)


async def test_messages_of_different_clients_are_lines_of_their_own(database: Database) -> None:
    cast = await insert_cast(database)
    khaled = cast.clients[KHALED.code]
    async with database.transaction() as tx:
        await writes(tx, cast, 1)
        await give(tx, cast.joke, "message:900", client_id=khaled)
        lines = await worklist.list_lines(tx, [cast.joke], limit=9, offset=0)
    assert {line.client_id for line in lines} == {cast.selam, khaled}


async def test_the_most_escalated_come_first_and_then_the_oldest(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        for kind, hours, level in (
            ("slot", 1, 0),
            ("call", 9, 0),
            ("contact", 2, 1),
            ("employer", 3, 1),
            ("reason", 0, 2),
        ):
            await give(tx, cast.joke, f"{kind}:1", hours_ago=hours, level=level)
        assert await kinds(tx, cast.joke) == ["reason", "employer", "contact", "call", "slot"]
        second = await worklist.list_lines(tx, [cast.joke], limit=2, offset=2)
        assert [line.kind for line in second] == ["contact", "call"]


async def test_pages_hold_every_line_once(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        for number in range(7):
            # The same age everywhere: then the order must come from something else.
            await give(tx, cast.joke, f"call:{number}")
        seen = [
            line.task_id
            for offset in (0, 3, 6, 9)
            for line in await worklist.list_lines(tx, [cast.joke], limit=3, offset=offset)
        ]
    assert len(seen) == len(set(seen)) == 7


async def test_of_others_of_what_is_done_and_of_kept_words_nothing_is_listed(
    database: Database,
) -> None:
    cast = await insert_cast(database)
    bram = cast.staff[BRAM.code]
    async with database.transaction() as tx:
        await give(tx, bram, "call:1")
        await give(tx, cast.joke, "slot:1")
        await give(tx, cast.joke, "notice:1")
        assert await tasks.close_task(tx, "slot:1", now=NOW)
        assert await kinds(tx, cast.joke) == []
        assert await kinds(tx, cast.joke, bram) == ["call"]
        assert await worklist.list_kinds(tx, cast.selam) == {}


async def test_a_line_is_ended_only_as_far_as_it_was_seen(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        await writes(tx, cast, 1)
        second = await writes(tx, cast, 2)
        [seen] = await worklist.list_lines(tx, [cast.joke], limit=9, offset=0)
        third = await writes(tx, cast, 3)
        now_line = await worklist.find_line(tx, seen.task_id)
        assert now_line is not None
        assert (now_line.count, now_line.about_id) == (3, third)
        assert seen.about_id == second

        assert await worklist.close_line(tx, now_line, seen.task_id, now=NOW)
        assert not await worklist.close_line(tx, now_line, seen.task_id, now=NOW), "once"

        [left] = await worklist.list_lines(tx, [cast.joke], limit=9, offset=0)
        assert (left.count, left.about_id) == (1, third)
        assert await worklist.find_line(tx, seen.task_id) is None
        assert await worklist.find_owner(tx, seen.task_id) == cast.joke


async def test_an_answer_ends_the_messages_of_that_client_and_nothing_else(
    database: Database,
) -> None:
    cast = await insert_cast(database)
    khaled = cast.clients[KHALED.code]
    async with database.transaction() as tx:
        await writes(tx, cast, 1)
        await writes(tx, cast, 2)
        await give(tx, cast.joke, "call:1:2026-11", client_id=cast.selam)
        await give(tx, cast.joke, "message:900", client_id=khaled)
        assert await worklist.close_message_tasks(tx, cast.selam, now=NOW + MINUTE) == 2
        assert await worklist.close_message_tasks(tx, cast.selam, now=NOW + HOUR) == 0
        assert await worklist.list_kinds(tx, cast.selam) == {"call": 1}
        assert await worklist.list_kinds(tx, khaled) == {"message": 1}
        rows = await tx.rows(sa.select(table.c.done_at).where(table.c.client_id == cast.selam))
        assert sorted(str(row["done_at"]) for row in rows) == sorted(
            [str(NOW + MINUTE)] * 2 + ["None"]
        )


async def test_a_task_that_never_was_has_no_line_and_no_owner(database: Database) -> None:
    await insert_cast(database)
    async with database.reading() as tx:
        assert await worklist.find_line(tx, TaskId(404)) is None
        assert await worklist.find_owner(tx, TaskId(404)) is None
        assert await worklist.find_task(tx, "message:404") is None


async def test_a_line_says_who_coaches_the_client_now(database: Database) -> None:
    cast = await insert_cast(database)
    laila, bram = cast.clients[LAILA.code], cast.staff[BRAM.code]
    async with database.transaction() as tx:
        await people.set_coach(tx, cast.selam, bram, now=NOW)
        found = await worklist.list_subjects(tx, {cast.selam, laila})
    assert {each.client_id: each.coach for each in found.values()} == {
        cast.selam: BRAM.name,
        laila: BRAM.name,
    }
    assert (found[cast.selam].code, found[cast.selam].coach_id) == ("K-0001", bram)


async def test_what_was_said_is_shown_in_dutch_where_it_was_translated(
    database: Database,
) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        for number in (1, 2, 3, 4):
            message_id = await writes(tx, cast, number)
            if number == 3:
                made = await messages.insert_translation(
                    tx, message_id=message_id, target=BRAM.language, now=NOW, deadline=NOW
                )
                await messages.finish_translation(
                    tx, made, state=TranslationState.DONE, now=NOW, text="Hallo 3"
                )
        [line] = await worklist.list_lines(tx, [cast.joke], limit=9, offset=0)
        said = await worklist.list_said(tx, line, limit=2)
    assert [(each.text, each.dutch) for each in said] == [("ሰላም 3", "Hallo 3"), ("ሰላም 4", None)]


async def test_what_is_open_with_each_colleague_is_counted_by_name(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        for number in range(3):
            await give(tx, cast.joke, f"call:{number}", hours_ago=number)
        await give(tx, cast.staff[BRAM.code], "slot:1", hours_ago=7)
        await give(tx, cast.staff[BRAM.code], "notice:1", hours_ago=9)
        assert await worklist.count_loads(tx) == 2
        loads = await worklist.list_loads(tx, limit=8, offset=0)
        assert await worklist.list_loads(tx, limit=1, offset=1) == loads[1:]
    assert [(load.name, load.count, load.since) for load in loads] == [
        (BRAM.name, 1, NOW - 7 * HOUR),
        ("Joke de Boer", 3, NOW - 2 * HOUR),
    ]


async def test_nothing_here_reads_the_tasks_of_everybody(database: Database) -> None:
    """Relaying is measured, and a list is opened all day: each finds its rows by an index."""
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        if tx.here is None:
            pytest.skip("PostgreSQL plans by the figures of a filled table")
        await writes(tx, cast, 1)
        said: list[str] = []
        tx.here.set_trace_callback(said.append)
        [line] = await worklist.list_lines(tx, [cast.joke], limit=8, offset=0)
        await worklist.count_lines(tx, [cast.joke])
        await worklist.find_line(tx, line.task_id)
        await worklist.list_said(tx, line, limit=3)
        await worklist.list_kinds(tx, cast.selam)
        await worklist.close_message_tasks(tx, cast.selam, now=NOW)
        tx.here.set_trace_callback(None)
        plans = [await tx.rows(sa.text(f"EXPLAIN QUERY PLAN {each}")) for each in said]
    steps = [str(row["detail"]) for plan in plans for row in plan]
    assert any("ix_tasks_open_staff" in step for step in steps), "or nothing was looked at"
    assert [step for step in steps if step.startswith("SCAN tasks")] == []
