"""What must leave: in order within a lane, found again once it is sent."""

import asyncio

import pytest

from bot.domain.delivery import OutboxKind, OutboxState
from bot.domain.ids import ChatId, OutboxId, TelegramMessageId
from bot.domain.messages import TranslationState
from bot.storage import messages, outbox
from bot.storage.database import Database, Topic, Transaction
from tests.cast import JOKE, KHALED, SELAM
from tests.storage.rows import MINUTE, NOW, insert_appointment, insert_cast, insert_text, say


async def ready(tx: Transaction, *, later: int = 0, limit: int = 30) -> list[object]:
    """Return the texts that may go out after so many minutes."""
    calls = await outbox.list_ready(tx, NOW + later * MINUTE, limit=limit)
    return [call.payload["text"] for call in calls]


async def finish(tx: Transaction, call: OutboxId, state: OutboxState = OutboxState.SENT) -> None:
    await outbox.update_call(tx, call, state=state, now=NOW)


async def test_only_the_first_unfinished_call_of_each_lane_is_ready(database: Database) -> None:
    async with database.transaction() as tx:
        first = await say(tx, "a", "a1")
        await say(tx, "a", "a2")
        await say(tx, "b", "b1")
        await say(tx, "a", "a3")
        assert await ready(tx) == ["a1", "b1"]
        await finish(tx, first)
        assert await ready(tx) == ["a2", "b1"]


@pytest.mark.parametrize(
    ("state", "holds_up"),
    [
        (OutboxState.WAITING, True),
        (OutboxState.QUEUED, True),
        (OutboxState.SENDING, True),
        (OutboxState.SENT, False),
        (OutboxState.UNCERTAIN, False),
        (OutboxState.FAILED, False),
        (OutboxState.RETIRED, False),
    ],
)
async def test_what_comes_later_waits_only_for_what_is_unfinished(
    database: Database, state: OutboxState, holds_up: bool
) -> None:
    async with database.transaction() as tx:
        first = await say(tx, "a", "a1")
        await say(tx, "a", "a2")
        await finish(tx, first, state)
        assert ("a2" in await ready(tx)) is not holds_up


async def test_a_call_that_is_held_back_holds_up_its_lane_but_no_other(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        await say(tx, "a", "a1", not_before=NOW + MINUTE)
        await say(tx, "a", "a2")
        await say(tx, "b", "b1")
        assert await ready(tx) == ["b1"]
        assert await ready(tx, later=1) == ["b1", "a1"]
        assert await outbox.next_held_at(tx, NOW) == NOW + MINUTE
        assert await outbox.next_held_at(tx, NOW + MINUTE) is None


async def test_the_parts_of_one_message_go_in_order_before_the_next(database: Database) -> None:
    async with database.transaction() as tx:
        first = await say(tx, "a", "a1 part 0")
        call = await outbox.get_call(tx, first)
        await say(tx, "a", "a2")
        # The parts come last into the table, when the translation turned out to be long.
        await say(tx, "a", "a1 part 2", seq=call.seq, part=2)
        await say(tx, "a", "a1 part 1", seq=call.seq, part=1)
        order = []
        while texts := await ready(tx):
            assert len(texts) == 1
            order += texts
            [head] = await outbox.list_ready(tx, NOW, limit=30)
            await finish(tx, head.id)
    assert order == ["a1 part 0", "a1 part 1", "a1 part 2", "a2"]


async def test_numbers_in_a_lane_have_no_gap_and_no_double_under_many_writers(
    database: Database,
) -> None:
    async def write(number: int) -> None:
        async with database.transaction() as tx:
            await say(tx, f"lane {number % 2}", f"{number}")

    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(write(number))
    async with database.reading() as tx:
        calls = await outbox.list_in_state(tx, OutboxState.QUEUED)
    for lane in ("lane 0", "lane 1"):
        assert sorted(call.seq for call in calls if call.lane == lane) == list(range(1, 11))


async def test_a_number_that_was_taken_back_is_given_again(database: Database) -> None:
    async def take_and_fail() -> None:
        async with database.transaction() as tx:
            assert await outbox.next_seq(tx, "a") == 1
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await take_and_fail()
    async with database.transaction() as tx:
        assert await outbox.next_seq(tx, "a") == 1
        assert await outbox.next_seq(tx, "a") == 2
        assert await outbox.next_seq(tx, "b") == 1


async def test_no_more_than_the_limit_is_ready_and_the_oldest_first(database: Database) -> None:
    async with database.transaction() as tx:
        for number in range(5):
            await say(tx, f"lane {4 - number}", f"{number}")
        assert await ready(tx, limit=3) == ["0", "1", "2"]


async def test_a_call_comes_back_as_it_was_put_in(database: Database) -> None:
    cast = await insert_cast(database)
    before = database.pulses[Topic.OUTBOX].count
    async with database.transaction() as tx:
        appointment_id = await insert_appointment(tx, cast)
        call_id = await outbox.insert_call(
            tx,
            lane="chat:5002",
            chat_id=SELAM.chat_id,
            kind=OutboxKind.REMINDER,
            method="sendMessage",
            payload={"text": "ጽባሕ", "reply_markup": {"inline_keyboard": [[{"text": "እወ"}]]}},
            now=NOW,
            frame="client",
            client_id=cast.selam,
            appointment_id=appointment_id,
            appointment_revision=3,
            valid_until=NOW + MINUTE,
        )
    async with database.reading() as tx:
        call = await outbox.get_call(tx, call_id)
        with pytest.raises(LookupError, match="outgoing call 404"):
            await outbox.get_call(tx, OutboxId(404))
    assert call.payload == {
        "text": "ጽባሕ",
        "reply_markup": {"inline_keyboard": [[{"text": "እወ"}]]},
    }
    assert (call.lane, call.seq, call.part, call.kind) == ("chat:5002", 1, 0, OutboxKind.REMINDER)
    assert (call.state, call.attempts, call.doubts) == (OutboxState.QUEUED, 0, 0)
    assert (call.not_before, call.valid_until) == (NOW, NOW + MINUTE)
    assert (call.appointment_id, call.appointment_revision) == (appointment_id, 3)
    assert (call.client_id, call.frame, call.telegram_message_id) == (cast.selam, "client", None)
    assert database.pulses[Topic.OUTBOX].count == before + 1


async def test_a_call_counts_its_attempts_and_its_doubts(database: Database) -> None:
    async with database.transaction() as tx:
        call_id = await say(tx, "a", "a1")
        for state, attempted, doubted in (
            (OutboxState.SENDING, True, False),
            (OutboxState.QUEUED, False, True),
            (OutboxState.SENDING, True, False),
        ):
            assert not await outbox.is_sending(tx) or state is OutboxState.QUEUED
            await outbox.update_call(
                tx, call_id, state=state, now=NOW, attempted=attempted, doubted=doubted
            )
        assert await outbox.is_sending(tx)
        await outbox.update_call(
            tx,
            call_id,
            state=OutboxState.FAILED,
            now=NOW,
            error="x" * 1000,
            not_before=NOW + MINUTE,
            payload={"text": "a2"},
            method="editMessageText",
        )
        call = await outbox.get_call(tx, call_id)
    assert (call.attempts, call.doubts, call.state) == (2, 1, OutboxState.FAILED)
    assert (call.method, call.payload, call.not_before) == (
        "editMessageText",
        {"text": "a2"},
        NOW + MINUTE,
    )


async def test_a_message_is_traced_back_to_the_call_that_sent_it(database: Database) -> None:
    cast = await insert_cast(database)
    number = TelegramMessageId(77)
    async with database.transaction() as tx:
        said = await insert_text(tx, cast)
        call_id = await say(tx, "a", "a1", message_id=said.id)
        assert await outbox.find_sent(tx, SELAM.chat_id, number) is None
        assert await outbox.find_copy(tx, said.id, SELAM.chat_id) is None
        await outbox.update_call(
            tx, call_id, state=OutboxState.SENT, now=NOW, telegram_message_id=number
        )
        # The edit that brought the translation has the same Telegram message.
        edit = await outbox.insert_call(
            tx,
            lane="a",
            chat_id=SELAM.chat_id,
            kind=OutboxKind.CONVERSATION,
            method="editMessageText",
            payload={},
            now=NOW,
            message_id=said.id,
            edits_outbox_id=call_id,
        )
        await outbox.update_call(
            tx, edit, state=OutboxState.SENT, now=NOW, telegram_message_id=number
        )
        sent = await outbox.find_sent(tx, SELAM.chat_id, number)
        assert sent is not None
        assert sent.id == call_id
        assert await outbox.find_sent(tx, JOKE.chat_id, number) is None
        assert await outbox.find_copy(tx, said.id, SELAM.chat_id) == number
        assert await outbox.find_copy(tx, said.id, JOKE.chat_id) is None


async def test_of_a_long_message_the_first_part_is_the_copy(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        said = await insert_text(tx, cast)
        for part in range(3):
            call_id = await say(tx, "a", "…", seq=1, part=part, message_id=said.id)
            await outbox.update_call(
                tx,
                call_id,
                state=OutboxState.SENT,
                now=NOW,
                telegram_message_id=TelegramMessageId(70 + part),
            )
        assert await outbox.find_copy(tx, said.id, SELAM.chat_id) == TelegramMessageId(70)


async def put(tx: Transaction, kind: OutboxKind, state: OutboxState, **of: object) -> OutboxId:
    return await outbox.insert_call(
        tx,
        lane=f"{kind}:{state}",
        chat_id=ChatId(1),
        kind=kind,
        method="sendMessage",
        payload={},
        now=NOW,
        state=state,
        **of,  # type: ignore[arg-type]
    )


async def states(tx: Transaction, calls: list[OutboxId]) -> list[OutboxState]:
    return [(await outbox.get_call(tx, call)).state for call in calls]


async def test_what_waits_for_a_client_without_a_chat_is_retired(database: Database) -> None:
    cast = await insert_cast(database)
    kind = OutboxKind.CONVERSATION
    async with database.transaction() as tx:
        calls = [
            await put(tx, kind, OutboxState.QUEUED, client_id=cast.selam),
            await put(tx, kind, OutboxState.WAITING, client_id=cast.selam),
            await put(tx, kind, OutboxState.SENDING, client_id=cast.selam),
            await put(tx, kind, OutboxState.SENT, client_id=cast.selam),
            await put(tx, OutboxKind.STAFF, OutboxState.QUEUED, client_id=cast.selam),
            await put(
                tx,
                OutboxKind.ANSWER,
                OutboxState.QUEUED,
                client_id=cast.clients[KHALED.code],
            ),
        ]
        assert await outbox.retire_client(tx, cast.selam, now=NOW) == 2
        assert await states(tx, calls) == [
            OutboxState.RETIRED,
            OutboxState.RETIRED,
            OutboxState.SENDING,
            OutboxState.SENT,
            OutboxState.QUEUED,
            OutboxState.QUEUED,
        ]


async def test_what_was_about_to_be_said_of_a_moved_appointment_is_retired(
    database: Database,
) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        moved = await insert_appointment(tx, cast)
        other = await insert_appointment(tx, cast)
        calls = [
            await put(tx, OutboxKind.REMINDER, OutboxState.QUEUED, appointment_id=moved),
            await put(tx, OutboxKind.APPOINTMENT, OutboxState.QUEUED, appointment_id=moved),
            await put(tx, OutboxKind.REMINDER, OutboxState.SENT, appointment_id=moved),
            await put(tx, OutboxKind.URGENT, OutboxState.QUEUED, appointment_id=moved),
            await put(tx, OutboxKind.STAFF, OutboxState.QUEUED, appointment_id=other),
        ]
        await outbox.retire_appointment(tx, moved, now=NOW)
        assert await states(tx, calls) == [
            OutboxState.RETIRED,
            OutboxState.RETIRED,
            OutboxState.SENT,
            OutboxState.QUEUED,
            OutboxState.QUEUED,
        ]


async def test_a_message_waits_for_its_translation_no_longer_than_it_may(
    database: Database,
) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        said = await insert_text(tx, cast)
        translation_id = await messages.insert_translation(
            tx, message_id=said.id, target=JOKE.language, now=NOW, deadline=NOW + MINUTE
        )
        call = await put(
            tx,
            OutboxKind.CONVERSATION,
            OutboxState.WAITING,
            message_id=said.id,
            translation_id=translation_id,
        )
        assert await outbox.list_overdue(tx, NOW) == []
        assert await outbox.next_held_at(tx, NOW) == NOW + MINUTE
        [overdue] = await outbox.list_overdue(tx, NOW + MINUTE)
        [carrying] = await outbox.list_of_translation(tx, translation_id)
        assert overdue.id == carrying.id == call
        # Nor for one that has ended without setting the row free.
        await messages.finish_translation(
            tx, translation_id, state=TranslationState.FAILED, now=NOW, reason="unsupported"
        )
        [left] = await outbox.list_overdue(tx, NOW)
        assert left.id == call
        await finish(tx, call, OutboxState.QUEUED)
        assert await outbox.list_overdue(tx, NOW + MINUTE) == []


async def test_what_was_being_sent_at_a_crash_is_found_again(database: Database) -> None:
    async with database.transaction() as tx:
        first = await say(tx, "a", "a1")
        await say(tx, "b", "b1")
        await finish(tx, first, OutboxState.SENDING)
    async with database.reading() as tx:
        found = await outbox.list_in_state(tx, OutboxState.SENDING)
    assert [call.id for call in found] == [first]
