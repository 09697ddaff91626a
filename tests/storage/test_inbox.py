"""Updates: kept once, handled in order, one lane a chat."""

from datetime import timedelta

import pytest

from bot.domain.delivery import InboxState
from bot.storage import inbox
from bot.storage.database import Database, Topic, Transaction
from tests.storage.rows import MINUTE, NOW

BOT, OTHER_BOT = 100000001, 100000002
SELAM, KHALED = 5002, 5003


async def keep(
    tx: Transaction, *updates: tuple[int, int], bot_id: int = BOT, following: int | None = None
) -> int:
    """Keep updates given as (id, lane)."""
    return await inbox.insert_updates(
        tx,
        bot_id,
        [(update_id, lane, f'{{"update_id": {update_id}}}') for update_id, lane in updates],
        next_update_id=following or max(update_id for update_id, _ in updates) + 1,
        now=NOW,
    )


async def heads(database: Database) -> list[int]:
    async with database.reading() as tx:
        return [update.update_id for update in await inbox.list_lane_heads(tx, NOW)]


async def test_an_update_is_kept_once_however_often_it_comes(database: Database) -> None:
    async with database.transaction() as tx:
        assert await keep(tx, (10, SELAM), (11, KHALED)) == 2
    async with database.transaction() as tx:
        assert await keep(tx, (11, KHALED), (12, KHALED), (12, KHALED)) == 1
    async with database.reading() as tx:
        assert await inbox.count_new(tx) == 3


async def test_two_bots_count_their_updates_apart(database: Database) -> None:
    async with database.transaction() as tx:
        assert await keep(tx, (10, SELAM)) == 1
        assert await keep(tx, (10, SELAM), bot_id=OTHER_BOT, following=99) == 1
        assert await inbox.next_update_id(tx, BOT) == 11
        assert await inbox.next_update_id(tx, OTHER_BOT) == 99


async def test_the_offset_moves_in_the_same_commit_as_the_updates(database: Database) -> None:
    async def keep_and_fail() -> None:
        async with database.transaction() as tx:
            await keep(tx, (10, SELAM), (11, SELAM))
            assert await inbox.next_update_id(tx, BOT) == 12
            raise InterruptedError

    async with database.transaction() as tx:
        assert await inbox.next_update_id(tx, BOT) is None
        await keep(tx, (9, SELAM))
    with pytest.raises(InterruptedError):
        await keep_and_fail()
    async with database.reading() as tx:
        assert await inbox.next_update_id(tx, BOT) == 10
        assert await inbox.count_new(tx) == 1


async def test_an_empty_answer_may_still_move_the_offset(database: Database) -> None:
    async with database.transaction() as tx:
        assert await inbox.insert_updates(tx, BOT, [], next_update_id=20, now=NOW) == 0
        assert await inbox.next_update_id(tx, BOT) == 20


async def test_what_came_in_is_told_to_the_loop_that_handles_it(database: Database) -> None:
    before = database.pulses[Topic.INBOX].count
    async with database.transaction() as tx:
        await keep(tx, (10, SELAM))
    assert database.pulses[Topic.INBOX].count == before + 1


async def test_each_chat_shows_only_its_first_unhandled_update(database: Database) -> None:
    async with database.transaction() as tx:
        await keep(tx, (10, SELAM), (11, KHALED), (12, SELAM), (13, KHALED))
    assert await heads(database) == [10, 11]
    async with database.transaction() as tx:
        [first, _] = await inbox.list_lane_heads(tx, NOW)
        assert (first.lane, first.raw, first.attempts) == (SELAM, '{"update_id": 10}', 0)
        assert await inbox.finish(tx, first.id, state=InboxState.DONE, now=NOW)
    assert await heads(database) == [11, 12]


async def test_an_update_that_waits_to_be_tried_again_holds_up_its_own_chat_only(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        await keep(tx, (10, SELAM), (11, KHALED), (12, SELAM))
        [first, _] = await inbox.list_lane_heads(tx, NOW)
        await inbox.postpone(tx, first.id, not_before=NOW + MINUTE, error="OSError")
    assert await heads(database) == [11]
    async with database.reading() as tx:
        [again, _] = await inbox.list_lane_heads(tx, NOW + MINUTE)
        assert (again.update_id, again.attempts) == (10, 1)


async def test_an_update_that_is_put_apart_lets_its_chat_go_on(database: Database) -> None:
    async with database.transaction() as tx:
        await keep(tx, (10, SELAM), (12, SELAM))
        [first] = await inbox.list_lane_heads(tx, NOW)
        await inbox.finish(tx, first.id, state=InboxState.QUARANTINED, now=NOW, error="ValueError")
    assert await heads(database) == [12]


async def test_an_update_is_finished_once(database: Database) -> None:
    async with database.transaction() as tx:
        await keep(tx, (10, SELAM))
        [first] = await inbox.list_lane_heads(tx, NOW)
        assert await inbox.finish(tx, first.id, state=InboxState.DONE, now=NOW)
        assert not await inbox.finish(tx, first.id, state=InboxState.DONE, now=NOW)
        assert not await inbox.finish(tx, first.id, state=InboxState.QUARANTINED, now=NOW)
        assert await inbox.count_new(tx) == 0


async def test_a_large_identifier_of_telegram_fits(database: Database) -> None:
    large = 2**52
    async with database.transaction() as tx:
        await keep(tx, (large, -large))
        [update] = await inbox.list_lane_heads(tx, NOW)
    assert (update.update_id, update.lane) == (large, -large)


async def test_numbers_that_begin_anew_after_a_quiet_week_are_new_updates(
    database: Database,
) -> None:
    week = timedelta(days=7)
    async with database.transaction() as tx:
        for number in (500, 501):
            await inbox.insert_updates(
                tx, BOT, [(number, 5, "oud")], next_update_id=number + 1, now=NOW
            )
        for incoming in await inbox.list_lane_heads(tx, NOW):
            await inbox.finish(tx, incoming.id, state=InboxState.DONE, now=NOW)
        for incoming in await inbox.list_lane_heads(tx, NOW):
            await inbox.finish(tx, incoming.id, state=InboxState.DONE, now=NOW)
        assert await inbox.last_received_at(tx, BOT) == NOW
        assert await inbox.delete_handled(tx, NOW + timedelta(days=1)) == 1
        new = await inbox.insert_updates(
            tx, BOT, [(500, 5, "nieuw")], next_update_id=501, now=NOW + week
        )
        assert new == 1
        assert await inbox.last_received_at(tx, BOT) == NOW + week


async def test_what_waits_or_was_put_apart_is_not_forgotten(database: Database) -> None:
    async with database.transaction() as tx:
        for number in range(3):
            await inbox.insert_updates(
                tx, BOT, [(number, number, "x")], next_update_id=number + 1, now=NOW
            )
        first, *_ = await inbox.list_lane_heads(tx, NOW)
        await inbox.finish(tx, first.id, state=InboxState.QUARANTINED, now=NOW)
        assert await inbox.delete_handled(tx, NOW + timedelta(days=9)) == 0
