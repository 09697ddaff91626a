"""Tasks that are given once, drafts of staff, and the trail."""

import sqlalchemy as sa

from bot.domain.ids import DraftId
from bot.storage import tasks
from bot.storage.database import Database
from bot.storage.schema import audit_events
from tests.cast import BRAM
from tests.storage.rows import NOW, insert_cast


async def test_a_task_is_given_once_for_each_key(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        given = [
            await tasks.insert_task(
                tx,
                kind="unreachable",
                key=key,
                client_id=cast.selam,
                staff_id=cast.joke,
                now=NOW,
            )
            for key in ("unreachable:1", "unreachable:1", "unreachable:2")
        ]
        assert given == [True, False, True]
        assert await tasks.list_open_tasks(tx) == [
            ("unreachable", "unreachable:1"),
            ("unreachable", "unreachable:2"),
        ]


async def test_a_draft_belongs_to_one_person_and_one_purpose_until_it_is_closed(
    database: Database,
) -> None:
    cast = await insert_cast(database)
    bram = cast.staff[BRAM.code]
    async with database.transaction() as tx:
        draft = await tasks.insert_draft(
            tx, staff_id=cast.joke, kind="appointment", data={"day": "2026-11-25"}, now=NOW
        )
        await tasks.update_draft(tx, draft, data={"day": "2026-11-26", "place": None})
        kept = await tasks.find_draft(tx, draft, cast.joke, "appointment")
        assert kept == {"day": "2026-11-26", "place": None}
        assert await tasks.find_draft(tx, draft, bram, "appointment") is None
        assert await tasks.find_draft(tx, draft, cast.joke, "broadcast") is None
        assert await tasks.find_draft(tx, DraftId(404), cast.joke, "appointment") is None
        await tasks.update_draft(tx, draft, closed_at=NOW)
        assert await tasks.find_draft(tx, draft, cast.joke, "appointment") is None


async def test_the_trail_says_who_did_what_to_which_object(database: Database) -> None:
    async with database.transaction() as tx:
        await tasks.insert_audit(
            tx, actor="staff:1", action="appointment_moved", about="appointment:7", now=NOW
        )
    async with database.reading() as tx:
        [row] = await tx.rows(sa.select(audit_events))
    assert (row["actor"], row["action"], row["object"], row["at"]) == (
        "staff:1",
        "appointment_moved",
        "appointment:7",
        NOW,
    )
