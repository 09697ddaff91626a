"""Events, who comes and who was reminded, on both engines; and places when all tap at once."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from bot.config import Config
from bot.domain.delivery import OutboxKind, OutboxState
from bot.domain.errors import NotFoundError
from bot.domain.events import (
    EventKind,
    EventMode,
    EventState,
    Session,
    SignUpState,
    single,
    slots,
    weekly,
)
from bot.domain.ids import ChatId, ClientId, EventId, TelegramMessageId
from bot.domain.languages import ARABIC
from bot.domain.people import ClientStatus, LinkState, Step
from bot.services import event_reminders
from bot.services import events as service
from bot.services.core import Core, Turn
from bot.storage import events, links, outbox, people, statuses
from bot.storage.database import Database, Transaction
from bot.storage.schema import outbox as outbox_table
from bot.texts import Texts
from tests.cast import CLIENTS, KHALED, LAILA, MARYAM, SELAM
from tests.storage.rows import MINUTE, NOW, OFFICE, Cast, insert_cast

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DAY = date(2026, 12, 1)
COMING, WAITING, LATER = SignUpState.COMING, SignUpState.WAITING, SignUpState.LATER
CAFE = single(DAY, time(14), AMSTERDAM, 90)


async def insert(
    tx: Transaction,
    cast: Cast,
    sessions: Sequence[Session] = CAFE,
    *,
    kind: EventKind = EventKind.LANGUAGE_CAFE,
    mode: EventMode = EventMode.ALL,
    capacity: int | None = None,
    name: str | None = None,
) -> EventId:
    return await events.insert_event(
        tx,
        kind=kind,
        name=name,
        mode=mode,
        place=OFFICE,
        capacity=capacity,
        author_id=cast.joke,
        sessions=sessions,
        now=NOW,
    )


async def speed_date(tx: Transaction, cast: Cast, count: int, per_slot: int) -> EventId:
    times = slots(DAY, time(14), AMSTERDAM, count, per_slot)
    return await insert(tx, cast, times, kind=EventKind.SPEED_DATE, mode=EventMode.ONE)


async def link(
    tx: Transaction, client_id: ClientId, chat_id: ChatId, state: LinkState = LinkState.ACTIVE
) -> None:
    link_id = await links.insert_link(
        tx,
        chat_id=chat_id,
        client_id=client_id,
        staff_id=None,
        state=state,
        step=Step.DONE,
        now=NOW,
    )
    await links.update_link(tx, link_id, notice_acknowledged_at=NOW)


@pytest.fixture
async def cast(database: Database) -> Cast:
    """Give the cast, of whom every client has a live chat."""
    stored = await insert_cast(database)
    async with database.transaction() as tx:
        for person in CLIENTS:
            await link(tx, stored.clients[person.code], person.chat_id)
    return stored


# --- events ----------------------------------------------------------------------------------


async def test_an_event_comes_back_as_it_was_kept(database: Database, cast: Cast) -> None:
    lessons = weekly(date(2027, 3, 22), time(9, 30), AMSTERDAM, 90, 3)
    async with database.transaction() as tx:
        event_id = await insert(
            tx, cast, lessons, kind=EventKind.LESSONS, capacity=12, name="Groep <A>"
        )
    async with database.reading() as tx:
        event = await events.get_event(tx, event_id)
    assert event.sessions == lessons
    assert (event.kind, event.mode, event.state) == (
        EventKind.LESSONS,
        EventMode.ALL,
        EventState.OPEN,
    )
    assert (event.name, event.capacity, event.place) == ("Groep <A>", 12, OFFICE)
    assert event.author_id == cast.joke


async def test_an_event_that_does_not_exist_is_refused_by_name(
    database: Database, cast: Cast
) -> None:
    async with database.transaction() as tx:
        with pytest.raises(NotFoundError, match="There is no event 77"):
            await events.get_event(tx, EventId(77))
        with pytest.raises(NotFoundError, match="There is no event 77"):
            await events.lock_event(tx, EventId(77))


async def test_the_list_has_what_is_to_come_the_first_first(
    database: Database, cast: Cast
) -> None:
    later = single(date(2026, 12, 8), time(14), AMSTERDAM, 90)
    under_way = weekly(date(2026, 11, 17), time(9), AMSTERDAM, 90, 3)
    async with database.transaction() as tx:
        third = await insert(tx, cast, later)
        second = await insert(tx, cast, kind=EventKind.SPEED_DATE)
        first = await insert(tx, cast, under_way, kind=EventKind.LESSONS)
        off = await insert(tx, cast)
        await insert(tx, cast, single(date(2026, 11, 23), time(9), AMSTERDAM, 90))
        assert await events.cancel_event(tx, off, now=NOW)
        assert not await events.cancel_event(tx, off, now=NOW), "somebody else was first"
    async with database.reading() as tx:
        assert [each.id for each in await events.list_events(tx, now=NOW)] == [
            first,
            second,
            third,
        ]
        dates = await events.list_events(tx, now=NOW, kinds=[EventKind.SPEED_DATE])
        assert [each.id for each in dates] == [second]
        assert (await events.get_event(tx, off)).state is EventState.CANCELLED


async def test_what_begins_soon_is_found(database: Database, cast: Cast) -> None:
    async with database.transaction() as tx:
        lessons = await insert(tx, cast, weekly(DAY, time(14), AMSTERDAM, 90, 2))
        off = await insert(tx, cast)
        await events.cancel_event(tx, off, now=NOW)
    starts = CAFE[0].starts_at
    async with database.reading() as tx:

        async def soon(after: datetime, until: datetime) -> list[EventId]:
            return [each.id for each in await events.list_soon(tx, after, until)]

        assert await soon(NOW, starts) == [lessons]
        assert await soon(NOW, starts - MINUTE) == []
        assert await soon(starts, starts + timedelta(days=6)) == []
        assert await soon(starts, starts + timedelta(days=7)) == [lessons]


# --- who comes -------------------------------------------------------------------------------


async def test_the_last_thing_somebody_says_counts(database: Database, cast: Cast) -> None:
    async with database.transaction() as tx:
        event_id = await insert(tx, cast)
        for number, (code, state) in enumerate(
            [(SELAM.code, WAITING), (KHALED.code, COMING), (SELAM.code, COMING)]
        ):
            await events.put_sign_up(
                tx, event_id, cast.clients[code], state, now=NOW + number * MINUTE
            )
    async with database.reading() as tx:
        everybody = await events.list_sign_ups(tx, event_id)
        assert [(each.client_id, each.state) for each in everybody] == [
            (cast.clients[KHALED.code], COMING),
            (cast.selam, COMING),
        ]
        hers = await events.find_sign_up(tx, event_id, cast.selam)
        assert hers == everybody[1]
        assert hers.asked_at == hers.changed_at == NOW + 2 * MINUTE
        assert await events.find_sign_up(tx, event_id, cast.clients[LAILA.code]) is None
        assert await events.count_sign_ups(tx, [event_id, EventId(99)]) == {
            event_id: Counter({COMING: 2}),
            99: Counter(),
        }


async def test_since_when_somebody_waits_can_outlive_a_change(
    database: Database, cast: Cast
) -> None:
    async with database.transaction() as tx:
        event_id = await speed_date(tx, cast, 3, 1)
        await events.put_sign_up(
            tx, event_id, cast.selam, COMING, session=2, asked_at=NOW, now=NOW + MINUTE
        )
        hers = await events.find_sign_up(tx, event_id, cast.selam)
    assert hers is not None
    assert (hers.session, hers.asked_at, hers.changed_at) == (2, NOW, NOW + MINUTE)


# --- reminders -------------------------------------------------------------------------------

EVENING = datetime.fromisoformat("2026-11-30T16:00+00:00")


async def unreminded(
    database: Database,
    event_id: EventId,
    state: SignUpState,
    numbers: Sequence[int] = (1,),
    *,
    before: datetime = EVENING,
    since: datetime | None = None,
    limit: int = 50,
) -> list[tuple[ClientId, int]]:
    async with database.reading() as tx:
        event = await events.get_event(tx, event_id)
        return await events.list_unreminded(
            tx, event, numbers, state, before=before, since=since, limit=limit
        )


async def test_who_comes_is_listed_until_she_was_reminded(database: Database, cast: Cast) -> None:
    async with database.transaction() as tx:
        event_id = await insert(tx, cast, weekly(DAY, time(14), AMSTERDAM, 90, 2))
        await events.put_sign_up(tx, event_id, cast.selam, COMING, now=NOW)
        await events.put_sign_up(tx, event_id, cast.clients[KHALED.code], WAITING, now=NOW)
    assert await unreminded(database, event_id, COMING) == [(cast.selam, 1)]
    both = [(cast.selam, 1), (cast.selam, 2)]
    assert await unreminded(database, event_id, COMING, (1, 2)) == both
    assert await unreminded(database, event_id, COMING, (1, 2), limit=1) == both[:1]
    async with database.transaction() as tx:
        assert await events.note_reminder(tx, event_id, 1, cast.selam, now=EVENING)
        assert not await events.note_reminder(tx, event_id, 1, cast.selam, now=EVENING)
        assert await events.list_reminded(tx, event_id, cast.selam) == {1: EVENING}
        call = await outbox.insert_call(
            tx,
            lane="client",
            chat_id=SELAM.chat_id,
            kind=OutboxKind.REMINDER,
            method="sendMessage",
            payload={},
            now=NOW,
        )
        await events.set_reminder_call(tx, event_id, 1, cast.selam, call)
    assert await unreminded(database, event_id, COMING, (1, 2)) == [(cast.selam, 2)]


async def test_only_who_said_so_between_two_moments_is_listed(
    database: Database, cast: Cast
) -> None:
    async with database.transaction() as tx:
        event_id = await insert(tx, cast)
        for minutes, person in enumerate((SELAM, KHALED, MARYAM)):
            client_id = cast.clients[person.code]
            at = NOW + minutes * MINUTE
            await events.put_sign_up(tx, event_id, client_id, LATER, now=at)
    found = await unreminded(
        database, event_id, LATER, since=NOW + MINUTE, before=NOW + 2 * MINUTE
    )
    assert found == [(cast.clients[KHALED.code], 1)]


async def test_at_a_speed_date_only_who_chose_the_time_is_listed(
    database: Database, cast: Cast
) -> None:
    async with database.transaction() as tx:
        event_id = await speed_date(tx, cast, 3, 2)
        for person, number in ((SELAM, 1), (KHALED, 3)):
            client_id = cast.clients[person.code]
            await events.put_sign_up(tx, event_id, client_id, COMING, session=number, now=NOW)
    assert await unreminded(database, event_id, COMING, (1, 2, 3)) == [
        (cast.selam, 1),
        (cast.clients[KHALED.code], 3),
    ]


async def test_who_was_asked_again_is_not_listed_before_the_next_lesson_unless_she_wants_it(
    database: Database, cast: Cast
) -> None:
    async with database.transaction() as tx:
        event_id = await insert(tx, cast, weekly(DAY, time(14), AMSTERDAM, 90, 2))
        await events.put_sign_up(tx, event_id, cast.selam, LATER, now=NOW)
    assert await unreminded(database, event_id, LATER) == [(cast.selam, 1)]
    async with database.transaction() as tx:
        await events.note_reminder(tx, event_id, 1, cast.selam, now=EVENING)
    next_evening = EVENING + timedelta(days=7)
    assert await unreminded(database, event_id, LATER, (1, 2), before=next_evening) == []
    async with database.transaction() as tx:
        await events.put_sign_up(tx, event_id, cast.selam, LATER, now=EVENING + MINUTE)
    assert await unreminded(database, event_id, LATER, (1, 2), before=next_evening) == [
        (cast.selam, 2)
    ]


async def test_who_cannot_be_written_to_or_is_not_in_care_is_not_listed(
    database: Database, cast: Cast
) -> None:
    async with database.transaction() as tx:
        event_id = await insert(tx, cast)
        for person in CLIENTS:
            client_id = cast.clients[person.code]
            await events.put_sign_up(tx, event_id, client_id, COMING, now=NOW)
        for person, values in (
            (SELAM, {"state": LinkState.UNREACHABLE}),
            (KHALED, {"ended_at": NOW}),
        ):
            hers = await links.find_link(tx, client_id=cast.clients[person.code])
            assert hers is not None
            await links.update_link(tx, hers.id, **values)
        maryam = cast.clients[MARYAM.code]
        await statuses.change_status(tx, maryam, ClientStatus.CLOSED, today=NOW.date(), now=NOW)
    assert await unreminded(database, event_id, COMING) == [(cast.clients[LAILA.code], 1)]


# --- taking back -----------------------------------------------------------------------------


async def test_what_was_about_to_be_told_of_an_event_is_taken_back(
    database: Database, cast: Cast
) -> None:
    async with database.transaction() as tx:
        calls = {}
        for person, frame, state in (
            (SELAM, "event:1", OutboxState.QUEUED),
            (KHALED, "event:1", OutboxState.HELD),
            (MARYAM, "event:1", OutboxState.SENT),
            (LAILA, "event:11", OutboxState.QUEUED),
        ):
            calls[person.code] = await outbox.insert_call(
                tx,
                lane=person.code,
                chat_id=person.chat_id,
                client_id=cast.clients[person.code],
                kind=OutboxKind.REMINDER,
                method="sendMessage",
                payload={},
                frame=frame,
                state=state,
                now=NOW,
            )
    retired = OutboxState.RETIRED

    async def states() -> list[OutboxState]:
        async with database.reading() as tx:
            now = {
                each.id: state
                for state in OutboxState
                for each in await outbox.list_in_state(tx, state)
            }
        return [now[calls[person.code]] for person in CLIENTS]

    async with database.transaction() as tx:
        gone = await outbox.retire_frame(tx, "event:1", client_id=cast.selam, why="-", now=NOW)
    assert gone == 1
    assert await states() == [retired, OutboxState.HELD, OutboxState.SENT, OutboxState.QUEUED]
    async with database.transaction() as tx:
        assert await outbox.retire_frame(tx, "event:1", why="-", now=NOW) == 1
    assert await states() == [retired, retired, OutboxState.SENT, OutboxState.QUEUED]


# --- all at once -----------------------------------------------------------------------------


async def crowd(database: Database, cast: Cast, count: int) -> list[ChatId]:
    """Bring in so many clients more, each with a chat."""
    chats = []
    async with database.transaction() as tx:
        for number in range(count):
            client_id = await people.insert_client(
                tx,
                code=f"K-1{number:03}",
                name=f"Gast {number}",
                language=ARABIC,
                coach_id=cast.joke,
                today=NOW.date(),
                now=NOW,
            )
            chats.append(ChatId(7000 + number))
            await link(tx, client_id, chats[-1])
    return chats


@pytest.mark.parametrize("leave", [0, 6])
async def test_there_are_never_more_guests_than_places_however_many_tap_at_once(
    database: Database, database_url: str, cast: Cast, leave: int
) -> None:
    chats = await crowd(database, cast, 24)
    other = await Database.open(database_url)  # as when one program takes over from another
    cores = [Core(each, Texts.load(), Config(), "") for each in (database, other)]
    async with database.transaction() as tx:
        event_id = await insert(tx, cast, capacity=8)

    async def taps(chat: ChatId, action: str) -> None:
        turn = Turn(now=NOW, chat_id=chat)
        await service.answer(cores[chat % 2], turn, event_id, action, TelegramMessageId(1))

    async with asyncio.TaskGroup() as all_at_once:
        for chat in chats:
            all_at_once.create_task(taps(chat, "yes"))
            all_at_once.create_task(taps(chat, "yes"))
    async with asyncio.TaskGroup() as all_at_once:
        for chat in chats[:leave] * 2:
            all_at_once.create_task(taps(chat, "no"))
    await other.close()
    async with database.reading() as tx:
        counts = (await events.count_sign_ups(tx, [event_id]))[event_id]
    assert counts[COMING] == 8
    assert counts[WAITING] == 24 - 8 - leave
    assert counts[SignUpState.DECLINED] == leave


async def test_no_time_of_a_speed_date_is_given_to_too_many(
    database: Database, cast: Cast
) -> None:
    core = Core(database, Texts.load(), Config(), "")
    chats = await crowd(database, cast, 12)
    async with database.transaction() as tx:
        event_id = await speed_date(tx, cast, 3, 2)

    async def chooses(chat: ChatId, number: int) -> None:
        turn = Turn(now=NOW, chat_id=chat)
        await service.answer(core, turn, event_id, "at", TelegramMessageId(1), number)

    async with asyncio.TaskGroup() as all_at_once:
        for place, chat in enumerate(chats):
            all_at_once.create_task(chooses(chat, 2))
            all_at_once.create_task(chooses(chat, 1 + place % 3))
    async with database.reading() as tx:
        sign_ups = await events.list_sign_ups(tx, event_id)
    taken = Counter(each.session for each in sign_ups if each.state is COMING)
    assert taken == {1: 2, 2: 2, 3: 2}


async def test_however_many_clocks_look_at_once_everybody_is_reminded_once(
    database: Database, database_url: str, cast: Cast
) -> None:
    chats = await crowd(database, cast, 12)
    other = await Database.open(database_url)
    cores = [Core(each, Texts.load(), Config(), "") for each in (database, other)]
    async with database.transaction() as tx:
        event_id = await insert(tx, cast)
    for chat in chats:
        turn = Turn(now=NOW, chat_id=chat)
        await service.answer(cores[0], turn, event_id, "yes", TelegramMessageId(1))
    async with asyncio.TaskGroup() as all_at_once:
        for core in cores * 3:
            all_at_once.create_task(event_reminders.queue_due(core, EVENING))
    await other.close()
    async with database.reading() as tx:
        rows = await tx.rows(
            sa.select(outbox_table.c.chat_id).where(outbox_table.c.kind == OutboxKind.REMINDER)
        )
    assert sorted(row["chat_id"] for row in rows) == chats
