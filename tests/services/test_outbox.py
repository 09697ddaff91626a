"""Claims: taken in hand once, looked at again before they go, and given back."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.config import Config, Sending
from bot.domain.delivery import (
    Failure,
    FailureKind,
    OutboxKind,
    OutboxState,
    Outgoing,
    Priority,
)
from bot.domain.ids import ChatId, OutboxId, StaffId, TelegramMessageId
from bot.domain.people import LinkState, Step
from bot.services import outbox, results
from bot.services.core import AlreadyHandledError, Core, Turn, taking
from bot.storage import inbox, links
from bot.storage import outbox as rows
from bot.storage.database import Database
from bot.storage.schema import assignments
from bot.storage.schema import outbox as outbox_table
from bot.texts import Texts
from tests.cast import SELAM
from tests.storage.rows import MINUTE, NOW, Cast, insert_cast, insert_text, say

ROOM = dict.fromkeys(Priority, 10)
SLOW = Failure(FailureKind.SLOW_DOWN, "RetryAfter", 30)
DOUBT = Failure(FailureKind.DOUBT, "TimedOut")


@pytest.fixture
async def core(tmp_path: Path) -> AsyncIterator[Core]:
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}")
    yield Core(database, Texts.load(), Config(), "a_bot")
    await database.close()


@pytest.fixture
async def cast(core: Core) -> Cast:
    """Everybody, with Selam in her chat."""
    people = await insert_cast(core.database)
    async with core.database.transaction() as tx:
        link = await links.insert_link(
            tx,
            chat_id=SELAM.chat_id,
            client_id=people.selam,
            staff_id=None,
            state=LinkState.ACTIVE,
            step=Step.DONE,
            now=NOW,
        )
        await links.update_link(tx, link, notice_acknowledged_at=NOW)
    return people


async def queue(core: Core, cast: Cast, kind: OutboxKind, lane: str = "a") -> OutboxId:
    async with core.database.transaction() as tx:
        return await rows.insert_call(
            tx,
            lane=lane,
            chat_id=SELAM.chat_id,
            kind=kind,
            method="sendMessage",
            payload={"chat_id": SELAM.chat_id, "text": kind},
            client_id=cast.selam,
            now=NOW,
        )


async def state_of(core: Core, call: OutboxId) -> OutboxState:
    async with core.database.reading() as tx:
        return (await rows.get_call(tx, call)).state


async def claim_one(core: Core) -> Outgoing:
    [call] = await outbox.claim(core, NOW, ROOM)
    return call


async def begin(core: Core, cast: Cast, kind: OutboxKind) -> Outgoing:
    await queue(core, cast, kind)
    call = await outbox.start(core, (await claim_one(core)).id, NOW)
    assert call is not None
    return call


async def test_what_is_claimed_is_not_claimed_again_and_holds_up_its_lane(
    core: Core, cast: Cast
) -> None:
    first = await queue(core, cast, OutboxKind.ANSWER)
    await queue(core, cast, OutboxKind.ANSWER)
    other = await queue(core, cast, OutboxKind.ANSWER, lane="b")
    assert [call.id for call in await outbox.claim(core, NOW, ROOM)] == [first, other]
    assert await outbox.claim(core, NOW, ROOM) == []


async def test_no_more_is_claimed_of_a_priority_than_there_is_room(core: Core, cast: Cast) -> None:
    for number in range(5):
        await queue(core, cast, OutboxKind.BROADCAST, lane=f"b{number}")
        await queue(core, cast, OutboxKind.ANSWER, lane=f"a{number}")
    room = {Priority.ANSWER: 3, Priority.BROADCAST: 2, Priority.REMINDER: 0}
    kinds = [call.kind for call in await outbox.claim(core, NOW, room)]
    assert kinds == [OutboxKind.ANSWER] * 3 + [OutboxKind.BROADCAST] * 2


async def test_a_call_is_begun_once(core: Core, cast: Cast) -> None:
    call = await begin(core, cast, OutboxKind.ANSWER)
    assert await state_of(core, call.id) is OutboxState.SENDING
    assert call.attempts == 1
    assert await outbox.start(core, call.id, NOW) is None


async def test_a_claimed_message_that_its_writer_corrects_is_not_begun(
    core: Core, cast: Cast
) -> None:
    async with core.database.transaction() as tx:
        message = await insert_text(tx, cast)
        await say(tx, "a", "oud", message_id=message.id, frame="relay")
    call = await claim_one(core)
    async with core.database.transaction() as tx:
        await rows.retire_message(tx, message.id, now=NOW)
    assert await outbox.start(core, call.id, NOW) is None
    assert await state_of(core, call.id) is OutboxState.RETIRED


@pytest.mark.parametrize(
    ("kind", "becomes"),
    [
        (OutboxKind.CONVERSATION, OutboxState.HELD),
        (OutboxKind.APPOINTMENT, OutboxState.HELD),
        (OutboxKind.BROADCAST, OutboxState.RETIRED),
        (OutboxKind.ANSWER, OutboxState.RETIRED),
    ],
)
async def test_what_is_claimed_for_somebody_who_blocks_us_meanwhile_is_not_begun(
    core: Core, cast: Cast, kind: OutboxKind, becomes: OutboxState
) -> None:
    await queue(core, cast, kind)
    call = await claim_one(core)
    async with core.database.transaction() as tx:
        link = await links.find_link(tx, client_id=cast.selam)
        assert link is not None
        await links.update_link(tx, link.id, state=LinkState.UNREACHABLE)
    assert await outbox.start(core, call.id, NOW) is None
    assert await state_of(core, call.id) is becomes


async def test_what_was_held_goes_on_in_its_order(core: Core, cast: Cast) -> None:
    held = [await queue(core, cast, OutboxKind.CONVERSATION) for _ in range(3)]
    async with core.database.transaction() as tx:
        assert await rows.hold_client(tx, cast.selam) == 3
    assert await outbox.claim(core, NOW, ROOM) == []
    async with core.database.transaction() as tx:
        assert await rows.release_client(tx, cast.selam, since=NOW) == 3
    went = []
    while calls := await outbox.claim(core, NOW, ROOM):
        for call in calls:
            begun = await outbox.start(core, call.id, NOW)
            assert begun is not None
            await results.record_sent(core, begun, TelegramMessageId(1), NOW)
            went.append(begun.id)
    assert went == held


async def test_what_was_claimed_and_never_begun_is_given_back_without_doubt(
    core: Core, cast: Cast
) -> None:
    waiting = await queue(core, cast, OutboxKind.CONVERSATION, lane="b")
    begun = await begin_in(core, cast)
    assert await state_of(core, waiting) is OutboxState.CLAIMED
    assert await results.recover(core, NOW) == 1, "only the call that was begun is in doubt"
    assert await state_of(core, waiting) is OutboxState.QUEUED
    async with core.database.reading() as tx:
        assert (await rows.get_call(tx, waiting)).doubts == 0
        assert (await rows.get_call(tx, begun)).doubts == 1


async def begin_in(core: Core, cast: Cast) -> OutboxId:
    """Begin a call of which there are two claimed."""
    call = await queue(core, cast, OutboxKind.CONVERSATION)
    await outbox.claim(core, NOW, ROOM)
    assert await outbox.start(core, call, NOW) is not None
    return call


@pytest.mark.parametrize(
    ("kind", "states"),
    [
        (OutboxKind.REMINDER, [OutboxState.QUEUED, OutboxState.UNCERTAIN]),
        (OutboxKind.CONVERSATION, [OutboxState.QUEUED, OutboxState.UNCERTAIN]),
        (OutboxKind.BROADCAST, [OutboxState.UNCERTAIN]),
    ],
)
async def test_doubt_is_resolved_by_the_rule_of_its_kind(
    core: Core, cast: Cast, kind: OutboxKind, states: list[OutboxState]
) -> None:
    call = await begin(core, cast, kind)
    for state in states:
        await results.record_failure(core, call, DOUBT, NOW)
        assert await state_of(core, call.id) is state
        if state is OutboxState.QUEUED:
            [again] = await outbox.claim(core, NOW + MINUTE, ROOM)
            begun = await outbox.start(core, again.id, NOW + MINUTE)
            assert begun is not None
            assert str(begun.payload["text"]).count("\n") == 1, "one mark, however often"
            call = begun


async def test_slow_down_is_no_doubt_and_waits_as_long_as_was_asked(
    core: Core, cast: Cast
) -> None:
    call = await begin(core, cast, OutboxKind.CONVERSATION)
    await results.record_failure(core, call, SLOW, NOW, chance=0.0)
    assert await outbox.claim(core, NOW + MINUTE / 3, ROOM) == []
    [again] = await outbox.claim(core, NOW + MINUTE / 2, ROOM)
    assert (again.doubts, again.payload) == (0, call.payload)


async def test_a_paid_broadcast_says_so_and_nothing_else_does(core: Core, cast: Cast) -> None:
    rich = replace(core, config=Config(sending=Sending(paid_broadcast=True)))
    film = await begin(rich, cast, OutboxKind.BROADCAST)
    assert film.payload["allow_paid_broadcast"] is True
    await results.record_sent(rich, film, None, NOW)
    assert "allow_paid_broadcast" not in (await begin(rich, cast, OutboxKind.ANSWER)).payload


async def test_a_call_to_a_chat_that_is_nobodys_any_more_is_not_begun(
    core: Core, cast: Cast
) -> None:
    async with core.database.transaction() as tx:
        call = await rows.insert_call(
            tx,
            lane="x",
            chat_id=ChatId(77),
            kind=OutboxKind.STAFF,
            method="sendMessage",
            payload={},
            now=NOW,
        )
    assert await outbox.start(core, (await claim_one(core)).id, NOW) is None
    assert await state_of(core, call) is OutboxState.RETIRED


# -- what stands in the way of what ------------------------------------------------------------


async def test_what_waits_for_the_morning_keeps_nothing_back_that_may_go_at_night(
    core: Core, cast: Cast
) -> None:
    """An answer that came too late to be one must not stand before the emergency numbers."""
    evening = datetime(2026, 11, 24, 19, 10, tzinfo=UTC)  # ten past eight in the Netherlands
    stale = await queue(core, cast, OutboxKind.ANSWER, lane="chat:5002")
    [call] = await outbox.claim(core, evening, ROOM)
    assert await outbox.start(core, call.id, evening) is None
    async with core.database.transaction() as tx:
        help_numbers = await rows.insert_call(
            tx,
            lane="chat:5002",
            chat_id=SELAM.chat_id,
            kind=OutboxKind.ANSWER,
            method="sendMessage",
            payload={},
            client_id=cast.selam,
            now=evening,
        )
    assert [call.id for call in await outbox.claim(core, evening, ROOM)] == [help_numbers]
    morning = evening + timedelta(hours=12)
    assert stale in {call.id for call in await outbox.claim(core, morning, ROOM)}


async def test_what_waits_for_its_translation_is_not_held_without_words(
    core: Core, cast: Cast
) -> None:
    async with core.database.transaction() as tx:
        waiting = await rows.insert_call(
            tx,
            lane="a",
            chat_id=SELAM.chat_id,
            kind=OutboxKind.CONVERSATION,
            method="sendMessage",
            payload={},
            client_id=cast.selam,
            now=NOW,
            state=OutboxState.WAITING,
        )
        assert await rows.hold_client(tx, cast.selam) == 0
        assert await rows.release_client(tx, cast.selam, since=NOW) == 0
    assert await state_of(core, waiting) is OutboxState.WAITING


async def test_what_is_released_goes_before_what_was_in_hand_already(
    core: Core, cast: Cast
) -> None:
    older = await queue(core, cast, OutboxKind.CONVERSATION)
    async with core.database.transaction() as tx:
        await rows.hold_client(tx, cast.selam)
    newer = await queue(core, cast, OutboxKind.CONVERSATION)
    assert [call.id for call in await outbox.claim(core, NOW, ROOM)] == [newer]
    async with core.database.transaction() as tx:
        await rows.release_client(tx, cast.selam, since=NOW)
    assert await outbox.start(core, newer, NOW) is None
    assert [call.id for call in await outbox.claim(core, NOW, ROOM)] == [older]


async def test_of_one_chat_no_more_is_in_hand_than_it_may_get(core: Core, cast: Cast) -> None:
    for number in range(9):
        await queue(core, cast, OutboxKind.ANSWER, lane=f"a{number}")
    claimed = await outbox.claim(core, NOW, ROOM, in_hand={SELAM.chat_id: 1}, most=4)
    assert len(claimed) == 3
    full = {SELAM.chat_id: 4}
    assert await outbox.claim(core, NOW, ROOM, in_hand=full, most=4) == []


async def relay_to(core: Core, cast: Cast, chat_id: ChatId) -> OutboxId:
    """Queue what Selam said for a chat of Joke's."""
    async with core.database.transaction() as tx:
        message = await insert_text(tx, cast)
        return await rows.insert_call(
            tx,
            lane="joke",
            chat_id=chat_id,
            kind=OutboxKind.STAFF,
            method="sendMessage",
            payload={"chat_id": chat_id, "text": "K-0001"},
            client_id=cast.selam,
            message_id=message.id,
            frame="relay",
            now=NOW,
        )


async def link_staff(core: Core, staff_id: StaffId, chat_id: ChatId, at: datetime) -> None:
    async with core.database.transaction() as tx:
        old = await links.find_link(tx, staff_id=staff_id)
        if old is not None:
            await links.update_link(tx, old.id, ended_at=at)
        await links.insert_link(
            tx,
            chat_id=chat_id,
            client_id=None,
            staff_id=staff_id,
            state=LinkState.ACTIVE,
            step=Step.DONE,
            now=at,
        )


OLD, NEW = ChatId(5001), ChatId(5998)


async def test_what_a_client_said_follows_her_coach_to_a_new_phone(core: Core, cast: Cast) -> None:
    await link_staff(core, cast.joke, OLD, NOW)
    call = await relay_to(core, cast, OLD)
    await claim_one(core)
    await link_staff(core, cast.joke, NEW, NOW + MINUTE)
    assert await outbox.start(core, call, NOW + MINUTE) is None
    [again] = await outbox.claim(core, NOW + MINUTE, ROOM)
    assert (again.id, again.chat_id, again.payload["chat_id"]) == (call, NEW, NEW)
    assert await outbox.start(core, call, NOW + MINUTE) is not None


async def test_a_phone_that_became_a_colleagues_does_not_get_another_coachs_clients(
    core: Core, cast: Cast
) -> None:
    await link_staff(core, cast.joke, OLD, NOW)
    call = await relay_to(core, cast, OLD)
    await claim_one(core)
    await link_staff(core, cast.joke, NEW, NOW + MINUTE)
    await link_staff(core, cast.staff["s-bram"], OLD, NOW + MINUTE)
    assert await outbox.start(core, call, NOW + MINUTE) is None
    async with core.database.reading() as tx:
        assert (await rows.get_call(tx, call)).chat_id == NEW


async def test_one_broken_call_keeps_neither_the_start_nor_the_others_from_going(
    core: Core, cast: Cast
) -> None:
    """A client without a coach cannot be told about; her call is in doubt all the same."""
    broken = await relay_to(core, cast, OLD)
    await link_staff(core, cast.joke, OLD, NOW)
    sound = await queue(core, cast, OutboxKind.CONVERSATION)
    await outbox.claim(core, NOW, ROOM)
    for call in (broken, sound):
        assert await outbox.start(core, call, NOW) is not None
    async with core.database.transaction() as tx:
        await tx.run(sa.update(outbox_table).values(doubts=1))
        await tx.run(sa.delete(assignments))
    assert await results.recover(core, NOW) == 2
    assert {await state_of(core, call) for call in (broken, sound)} == {OutboxState.UNCERTAIN}


async def test_an_edit_that_became_a_message_stays_one_when_it_is_refused_for_now(
    core: Core, cast: Cast
) -> None:
    original = await begin(core, cast, OutboxKind.CONVERSATION)
    for _ in range(2):
        await results.record_failure(core, original, DOUBT, NOW)
        for again in await outbox.claim(core, NOW + MINUTE, ROOM):
            original = await outbox.start(core, again.id, NOW + MINUTE) or original
    async with core.database.transaction() as tx:
        edit = await rows.insert_call(
            tx,
            lane="a",
            chat_id=SELAM.chat_id,
            kind=OutboxKind.CONVERSATION,
            method="editMessageText",
            payload={"chat_id": SELAM.chat_id, "text": "nieuw"},
            client_id=cast.selam,
            edits_outbox_id=original.id,
            now=NOW,
        )
    for _ in range(2):
        await outbox.claim(core, NOW + 2 * MINUTE, ROOM)
        begun = await outbox.start(core, edit, NOW + 2 * MINUTE)
        assert begun is not None
        assert begun.method == "sendMessage"
        await results.record_failure(core, begun, SLOW, NOW)


async def test_an_update_is_handled_once_and_the_second_time_leaves_nothing(
    core: Core, cast: Cast
) -> None:
    async with core.database.transaction() as tx:
        await inbox.insert_updates(tx, 7, [(1, SELAM.chat_id, "{}")], next_update_id=2, now=NOW)
        [update] = await inbox.list_lane_heads(tx, NOW)

    async def handle() -> None:
        turn = Turn(now=NOW, chat_id=SELAM.chat_id, inbox_id=update.id)
        async with taking(core, turn) as tx:
            await say(tx, "a", "eenmaal")

    await handle()
    with pytest.raises(AlreadyHandledError):
        await handle()
    assert len(await outbox.claim(core, NOW, ROOM)) == 1
    async with core.database.reading() as tx:
        assert await tx.number(sa.select(sa.func.count()).select_from(outbox_table)) == 1


@pytest.mark.parametrize(
    ("kind", "goes"),
    [
        (OutboxKind.BROADCAST, False),
        (OutboxKind.REMINDER, False),
        (OutboxKind.CONVERSATION, False),
        (OutboxKind.URGENT, True),
    ],
)
async def test_at_night_only_what_cannot_wait_goes(
    core: Core, cast: Cast, kind: OutboxKind, goes: bool
) -> None:
    night = datetime(2026, 11, 24, 22, tzinfo=UTC)
    call = await queue(core, cast, kind)
    await outbox.claim(core, night, ROOM)
    assert (await outbox.start(core, call, night) is not None) is goes
    if not goes:
        assert await outbox.claim(core, night, ROOM) == []
        assert [
            each.id for each in await outbox.claim(core, night + timedelta(hours=9), ROOM)
        ] == [call]
