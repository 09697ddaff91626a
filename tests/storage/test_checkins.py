"""The monthly question: asked once for a month, silent or not, and when a coach is occupied."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
import sqlalchemy as sa

from bot.domain.appointments import AppointmentState
from bot.domain.checkins import OTHER_TIME, CheckIn, Mood
from bot.domain.contacts import Channel
from bot.domain.errors import NotFoundError
from bot.domain.ids import CheckInId
from bot.domain.messages import Direction
from bot.domain.months import Month
from bot.domain.slots import Slot
from bot.storage import appointments, checkins, people, statuses
from bot.storage.care_schema import check_ins
from bot.storage.database import Database, Transaction
from bot.storage.schema import messages
from tests.cast import BRAM, KHALED, SELAM
from tests.storage.rows import MINUTE, NOW, Cast, insert_appointment, insert_cast, insert_text

NOVEMBER, DECEMBER = Month(2026, 11), Month(2026, 12)
THURSDAY = date(2026, 11, 26)
SLOTS = (Slot(date(2026, 12, 3), time(10)), Slot(date(2026, 12, 4), time(14, 30)))
DAY = timedelta(days=1)


async def insert(
    tx: Transaction, cast: Cast, code: str = SELAM.code, month: Month = NOVEMBER
) -> CheckIn:
    made = await checkins.insert_check_in(
        tx, cast.clients[code], month, silent_from=THURSDAY, now=NOW
    )
    assert made is not None
    return made


async def test_a_client_is_asked_once_for_each_month(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        first = await insert(tx, cast)
    async with database.transaction() as tx:
        again = await checkins.insert_check_in(
            tx, cast.selam, NOVEMBER, silent_from=THURSDAY + DAY, now=NOW + DAY
        )
        assert again is None
        other = await insert(tx, cast, KHALED.code)
        later = await insert(tx, cast, month=DECEMBER)
        assert len({first.id, other.id, later.id}) == 3
        assert await checkins.find_check_in(tx, cast.selam, NOVEMBER) == first
        assert await checkins.find_check_in(tx, cast.selam, Month(2027, 1)) is None
    assert first == CheckIn(
        id=first.id,
        client_id=cast.selam,
        month=NOVEMBER,
        asked_at=NOW,
        silent_from=THURSDAY,
        slots=(),
        answer=None,
        slot=None,
        how=None,
        answered_at=None,
        closed_at=None,
    )


async def test_what_she_answers_is_kept_with_the_times_that_were_proposed(
    database: Database,
) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        asked, other = await insert(tx, cast), await insert(tx, cast, KHALED.code)
        await checkins.set_answer(tx, asked.id, Mood.OKAY, now=NOW + MINUTE)
        await checkins.set_slots(tx, asked.id, SLOTS)
        await checkins.choose_slot(tx, asked.id, 1)
        await checkins.set_how(tx, asked.id, Channel.WORKPLACE)
    async with database.reading() as tx:
        kept = await checkins.get_check_in(tx, asked.id)
        assert await checkins.get_check_in(tx, other.id) == other
        with pytest.raises(NotFoundError, match="check-in 404"):
            await checkins.get_check_in(tx, CheckInId(404))
    assert (kept.answer, kept.answered_at) == (Mood.OKAY, NOW + MINUTE)
    assert (kept.slots, kept.slot, kept.chosen) == (SLOTS, 1, SLOTS[1])
    assert kept.how is Channel.WORKPLACE

    async with database.transaction() as tx:
        await checkins.choose_slot(tx, asked.id, OTHER_TIME)
        assert (await checkins.get_check_in(tx, asked.id)).chosen is None
        await checkins.set_slots(tx, asked.id, SLOTS[:1])
        kept = await checkins.get_check_in(tx, asked.id)
    assert (kept.slots, kept.slot, kept.how) == (SLOTS[:1], None, None)


async def test_who_let_nothing_be_heard_is_silent_from_the_day_that_was_set(
    database: Database,
) -> None:
    cast = await insert_cast(database)
    both = [cast.selam, cast.clients[KHALED.code]]
    async with database.transaction() as tx:
        asked, other = await insert(tx, cast), await insert(tx, cast, KHALED.code)

        async def silent(day: date = THURSDAY) -> list[int]:
            return [each.id for each in await checkins.list_silent(tx, both, day)]

        assert await silent(THURSDAY - DAY) == []
        assert await silent() == [asked.id, other.id]
        assert await checkins.list_silent(tx, [], THURSDAY) == []
        await checkins.set_answer(tx, other.id, Mood.GOOD, now=NOW)
        assert await silent() == [asked.id]
        assert await silent(THURSDAY + 9 * DAY) == [asked.id]
        await checkins.close_check_ins(tx, cast.selam, now=NOW)
        assert await silent() == []


@pytest.mark.parametrize(
    ("at", "direction", "silent"),
    [
        (NOW - MINUTE, Direction.IN, True),
        (NOW, Direction.IN, False),
        (NOW + DAY, Direction.IN, False),
        (NOW + DAY, Direction.OUT, True),
    ],
)
async def test_a_message_of_hers_breaks_the_silence_and_one_to_her_does_not(
    database: Database, at: datetime, direction: Direction, *, silent: bool
) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        asked, other = await insert(tx, cast), await insert(tx, cast, KHALED.code)
        message = await insert_text(tx, cast, direction=direction)
        await tx.run(sa.update(messages).where(messages.c.id == message.id).values(created_at=at))
        found = await checkins.list_silent(tx, [cast.selam], THURSDAY)
        assert [each.id for each in found] == ([asked.id] if silent else [])
        assert await checkins.is_silent(tx, asked.id) is silent
        assert await checkins.is_silent(tx, other.id), "a message of another client is not hers"


async def test_a_coach_is_busy_with_what_stands_and_is_not_over(database: Database) -> None:
    cast = await insert_cast(database)
    begins = datetime(2026, 11, 25, 13, tzinfo=UTC)
    ends = begins + timedelta(minutes=30)
    async with database.transaction() as tx:
        made = await insert_appointment(tx, cast)
        assert await checkins.list_busy(tx, cast.joke, now=NOW) == [(begins, ends)]
        assert await checkins.list_busy(tx, cast.joke, now=begins + MINUTE) == [(begins, ends)]
        assert await checkins.list_busy(tx, cast.joke, now=begins + DAY) == []
        assert await checkins.list_busy(tx, cast.staff[BRAM.code], now=NOW) == []
        await appointments.set_state(tx, made, AppointmentState.CANNOT, NOW)
        assert len(await checkins.list_busy(tx, cast.joke, now=NOW)) == 1, "until it is cancelled"
        await appointments.set_state(tx, made, AppointmentState.CANCELLED, NOW)
        assert await checkins.list_busy(tx, cast.joke, now=NOW) == []


async def test_the_days_on_which_a_coach_is_away_are_known(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        await statuses.insert_absence(
            tx,
            cast.joke,
            first_day=THURSDAY,
            last_day=THURSDAY + DAY,
            backup_id=None,
            now=NOW,
        )
        for today, expected in (
            (THURSDAY - DAY, [(THURSDAY, THURSDAY + DAY)]),
            (THURSDAY + DAY, [(THURSDAY, THURSDAY + DAY)]),
            (THURSDAY + 2 * DAY, []),
        ):
            assert await checkins.list_away(tx, cast.joke, today=today) == expected
        assert await checkins.list_away(tx, cast.staff[BRAM.code], today=THURSDAY) == []


async def test_a_time_that_a_client_chose_is_kept_for_her_until_the_appointment_is_made(
    database: Database,
) -> None:
    cast = await insert_cast(database)
    khaled, before = cast.clients[KHALED.code], NOW - DAY
    async with database.transaction() as tx:
        asked, other = await insert(tx, cast), await insert(tx, cast, KHALED.code)
        for each in (asked, other):
            await checkins.set_slots(tx, each.id, SLOTS)
        assert await checkins.list_chosen(tx, cast.joke, since=before) == []
        await checkins.choose_slot(tx, asked.id, 1)
        await checkins.choose_slot(tx, other.id, OTHER_TIME)
        assert await checkins.list_chosen(tx, cast.joke, since=before) == [SLOTS[1]]
        assert await checkins.list_chosen(tx, cast.joke, since=NOW) == []
        assert await checkins.list_chosen(tx, cast.staff[BRAM.code], since=before) == []
        mine = await checkins.list_chosen(tx, cast.joke, since=before, besides=cast.selam)
        theirs = await checkins.list_chosen(tx, cast.joke, since=before, besides=khaled)
        assert (mine, theirs) == ([], [SLOTS[1]])

        await people.set_coach(tx, cast.selam, cast.staff[BRAM.code], now=NOW)
        assert await checkins.list_chosen(tx, cast.joke, since=before) == []
        assert await checkins.list_chosen(tx, cast.staff[BRAM.code], since=before) == [SLOTS[1]]

        await checkins.close_check_ins(tx, cast.selam, now=NOW)
        assert await checkins.list_chosen(tx, cast.staff[BRAM.code], since=before) == []
        closed = await tx.rows(sa.select(check_ins.c.id).where(check_ins.c.closed_at.is_not(None)))
        assert [row["id"] for row in closed] == [asked.id]
