"""The monthly question: whom it is put to and when, the times proposed, and what silence asks."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.appointments import AppointmentKind
from bot.domain.checkins import CheckIn
from bot.domain.delivery import OutboxKind
from bot.domain.errors import NotFoundError
from bot.domain.ids import TelegramMessageId
from bot.domain.languages import is_rtl
from bot.domain.messages import Direction
from bot.domain.months import Month
from bot.domain.people import Client, ClientStatus, HoldReason, LinkState
from bot.domain.periods import Period, PeriodState
from bot.domain.slots import Slot
from bot.services import appointments as meetings
from bot.services import booking, checkin_answers, checkins, periods
from bot.services.core import Turn
from bot.storage import appointments, links, messages, people, schema
from bot.storage import checkins as storage
from bot.storage import tasks as drafts
from bot.storage.care_schema import check_ins, contact_moments
from bot.storage.schema import outbox, tasks
from bot.texts import LOCALES
from tests.cast import BRAM, JOKE, KHALED, SELAM, Person
from tests.storage.rows import OFFICE
from tests.support.care import Care, open_care

START = date(2026, 11, 2)
"""Monday. The first talk is due ten working days later: Monday 16 November."""

MONDAY, FRIDAY, TARGET = date(2026, 11, 9), date(2026, 11, 13), date(2026, 11, 16)
"""The first and the last day on which she may be asked, and the day of the talk."""

NOVEMBER = Month(2026, 11)
MESSAGE = TelegramMessageId(7)


@pytest.fixture
async def care(tmp_path: Path) -> AsyncIterator[Care]:
    """Give an organisation in which Selam and Khaled came to Joke; their clock stands at 10:00.

    Both have a live chat, and Joke wants Selam asked.
    """
    url = f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}"
    async with open_care(url, START) as running:
        for person in (SELAM, KHALED):
            await running.comes(person)
            await running.links(person)
        await running.links(JOKE)
        await wants(running, SELAM)
        running.at(MONDAY)
        yield running


async def wants(care: Care, person: Person, *, wanted: bool = True) -> None:
    who = await care.client(person)
    async with care.core.database.transaction() as tx:
        await people.update_client(tx, who.id, check_in=wanted)


async def asks(care: Care, person: Person = SELAM, month: Month = NOVEMBER) -> bool:
    who = await care.client(person)
    async with care.core.database.transaction() as tx:
        found = await periods.refresh(care.core, tx, [who.id], now=care.now)
        return await checkins.ask(care.core, tx, who, found[who.id][month], now=care.now)


async def silent(care: Care, *who: Person) -> int:
    clients = [await care.client(person) for person in who or (SELAM, KHALED)]
    async with care.core.database.transaction() as tx:
        return await checkins.find_silent(care.core, tx, clients, today=care.today, now=care.now)


async def asked(care: Care, person: Person = SELAM, month: Month = NOVEMBER) -> CheckIn:
    who = await care.client(person)
    async with care.core.database.reading() as tx:
        found = await storage.find_check_in(tx, who.id, month)
    assert found is not None
    return found


async def answers(care: Care, action: str, person: Person = SELAM) -> None:
    turn = Turn(now=care.now, chat_id=person.chat_id)
    check_in = await asked(care, person)
    await checkin_answers.answer(care.core, turn, check_in.id, action, MESSAGE)


async def writes(care: Care, person: Person = SELAM) -> None:
    who, coach = await care.client(person), await care.staff(JOKE)
    async with care.core.database.transaction() as tx:
        await messages.insert_message(
            tx,
            client_id=who.id,
            staff_id=coach.id,
            direction=Direction.IN,
            text="ሰላም",
            language=person.language,
            media=None,
            chat_id=person.chat_id,
            telegram_message_id=MESSAGE,
            edits_message_id=None,
            now=care.now,
        )


async def meets(care: Care, day: date, clock: time, person: Person = SELAM) -> None:
    who, coach = await care.client(person), await care.staff(JOKE)
    async with care.core.database.transaction() as tx:
        await meetings.invite(
            care.core,
            tx,
            who,
            coach,
            kind=AppointmentKind.MONTHLY,
            local_date=day,
            local_time=clock,
            place=OFFICE,
            duration_minutes=45,
            now=care.now,
        )


async def proposed(care: Care, until: date = TARGET) -> list[str]:
    coach = await care.staff(JOKE)
    async with care.core.database.reading() as tx:
        found = await checkins.propose_for(care.core, tx, coach, until=until, now=care.now)
    return [f"{slot.day:%a %d-%m} {slot.clock:%H:%M}" for slot in found]


async def count(care: Care, table: sa.Table) -> int:
    async with care.core.database.reading() as tx:
        return await tx.number(sa.select(sa.func.count()).select_from(table))


# --- asked -----------------------------------------------------------------------------------


async def test_she_is_asked_once_for_a_month_in_a_conversation_that_ends_with_it(
    care: Care,
) -> None:
    assert await asks(care)
    assert not await asks(care)
    care.at(FRIDAY)
    assert not await asks(care)

    check_in = await asked(care)
    async with care.core.database.reading() as tx:
        rows = await tx.rows(sa.select(outbox).where(outbox.c.chat_id == SELAM.chat_id))
    (call,) = rows
    assert call["kind"] is OutboxKind.CONVERSATION
    assert call["payload"]["text"] == care.core.texts.say(
        "mc.ask", SELAM.language, voornaam="Selam"
    )
    keys = [key for row in call["payload"]["reply_markup"]["inline_keyboard"] for key in row]
    words = {key["callback_data"]: key["text"] for key in keys}
    assert words == {
        f"mc:{check_in.id}:{answer}": care.core.texts.label(f"btn.{label}", SELAM.language)
        for answer, label in (
            ("good", "good"),
            ("okay", "okay"),
            ("bad", "not_good"),
            ("tell", "tell"),
        )
    }
    assert call["valid_until"] == datetime(2026, 11, 30, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "due"),
    [
        (date(2026, 11, 6), False),
        (MONDAY, True),
        (FRIDAY, True),
        (date(2026, 11, 14), True),  # a weekend does not make it too late
        (TARGET, False),
        (date(2026, 11, 17), False),
    ],
)
async def test_she_is_asked_from_five_working_days_before_the_target_and_never_from_it_on(
    care: Care, day: date, *, due: bool
) -> None:
    care.at(day)
    assert await asks(care) is due


async def test_she_is_not_asked_where_her_coach_does_not_want_it(care: Care) -> None:
    assert not await asks(care, KHALED)
    await wants(care, SELAM, wanted=False)
    assert not await asks(care)
    assert await count(care, check_ins) == 0


@pytest.mark.parametrize(
    "state", [LinkState.STOPPED, LinkState.DECLINED, LinkState.UNREACHABLE, LinkState.ONBOARDING]
)
async def test_she_is_not_asked_without_a_live_chat_but_later_when_it_lives(
    care: Care, state: LinkState
) -> None:
    async with care.core.database.transaction() as tx:
        link = await links.find_link(tx, chat_id=SELAM.chat_id)
        assert link is not None
        await links.update_link(tx, link.id, state=state)
    assert not await asks(care)
    assert await care.told(SELAM) == []
    async with care.core.database.transaction() as tx:
        await links.update_link(tx, link.id, state=LinkState.ACTIVE)
    assert await asks(care)


async def test_she_is_not_asked_while_she_is_on_hold(care: Care) -> None:
    # Fifteen days of the month count already, so that a talk is still due.
    care.at(date(2026, 11, 20))
    await care.becomes(ClientStatus.ON_HOLD, reason=HoldReason.VOLUNTEERING)
    on_hold = await care.client(SELAM)
    waits = Period(NOVEMBER, PeriodState.OPEN, active_days=18, target=date(2026, 11, 24))
    async with care.core.database.transaction() as tx:
        assert not await checkins.ask(care.core, tx, on_hold, waits, now=care.now)
        active = replace(on_hold, status=ClientStatus.ACTIVE)
        assert await checkins.ask(care.core, tx, active, waits, now=care.now)


async def test_a_talk_that_is_planned_or_held_asks_nothing(care: Care) -> None:
    await meets(care, TARGET, time(10))
    before = len(await care.told(SELAM))
    assert not await asks(care)
    await care.speaks()
    assert not await asks(care)
    assert len(await care.told(SELAM)) == before


async def test_what_is_asked_in_the_quiet_hours_is_read_in_the_morning_and_silence_counts_then(
    care: Care,
) -> None:
    care.at(MONDAY, time(21))
    assert await asks(care)
    async with care.core.database.reading() as tx:
        row = await tx.row(sa.select(outbox.c.not_before).where(outbox.c.chat_id == SELAM.chat_id))
    assert row is not None
    assert row["not_before"] == datetime(2026, 11, 10, 6, 30, tzinfo=UTC)
    assert (await asked(care)).silent_from == date(2026, 11, 12)


@pytest.mark.parametrize(
    ("day", "silent_from"),
    [
        (MONDAY, date(2026, 11, 11)),
        (date(2026, 11, 12), TARGET),
        (FRIDAY, date(2026, 11, 17)),
        (date(2026, 11, 14), date(2026, 11, 18)),  # asked on a Saturday: Monday counts as the day
    ],
)
async def test_silence_begins_after_two_working_days(
    care: Care, day: date, silent_from: date
) -> None:
    care.at(day)
    assert await asks(care)
    assert (await asked(care)).silent_from == silent_from
    care.at(silent_from - timedelta(days=1))
    assert await silent(care) == 0
    care.at(silent_from, time(8, 30))
    assert await silent(care) == 1


# --- silence ---------------------------------------------------------------------------------


async def test_silence_gives_her_coach_one_task_to_phone_and_tells_her_nothing(care: Care) -> None:
    await asks(care)
    told = [await care.told(SELAM), await care.told(JOKE)]
    care.at(date(2026, 11, 12))

    assert await silent(care) == 1
    assert await silent(care) == 0
    care.at(TARGET)
    assert await silent(care) == 0

    who, coach, check_in = await care.client(SELAM), await care.staff(JOKE), await asked(care)
    async with care.core.database.reading() as tx:
        rows = await tx.rows(sa.select(tasks).where(tasks.c.kind == "call"))
    (task,) = rows
    assert task["key"] == f"call:{who.id}:2026-11"
    assert (task["client_id"], task["staff_id"], task["about_id"]) == (
        who.id,
        coach.id,
        check_in.id,
    )
    assert [await care.told(SELAM), await care.told(JOKE)] == told


async def test_a_client_who_is_not_given_is_not_looked_at(care: Care) -> None:
    await asks(care)
    care.at(date(2026, 11, 12))
    assert await silent(care, KHALED) == 0
    assert await silent(care, SELAM) == 1


@pytest.mark.parametrize("action", ["good", "okay", "bad", "tell"])
async def test_any_answer_breaks_the_silence_and_ends_the_task_to_phone(
    care: Care, action: str
) -> None:
    await asks(care)
    await answers(care, action)
    care.at(date(2026, 11, 12))
    assert await silent(care) == 0

    await wants(care, KHALED)
    assert await asks(care, KHALED)
    care.at(TARGET)
    assert await silent(care) == 1
    assert "call" in await care.open_tasks()
    await answers(care, action, KHALED)
    assert "call" not in await care.open_tasks()


async def test_a_message_a_talk_or_an_appointment_breaks_the_silence(care: Care) -> None:
    await asks(care)
    care.at(date(2026, 11, 12))
    await writes(care)
    assert await silent(care) == 0

    await wants(care, KHALED)
    await asks(care, KHALED)
    care.at(TARGET)
    await meets(care, date(2026, 11, 18), time(10), KHALED)
    assert await silent(care) == 0
    care.at(date(2026, 11, 20))
    assert await silent(care) == 1, "the day after the appointment has passed, and no talk"


async def test_a_month_that_is_over_asks_why_and_for_no_call(care: Care) -> None:
    await asks(care)
    care.at(date(2026, 12, 1))
    assert await silent(care) == 0


# --- never a conversation --------------------------------------------------------------------


@pytest.mark.parametrize(
    "taps",
    [
        ("good", "slot=0", "how=office"),
        ("okay", "slot=1", "how=phone"),
        ("good", "other"),
        ("bad", "call"),
        ("tell",),
    ],
)
async def test_an_answer_is_a_check_in_and_never_satisfies_the_month(
    care: Care, taps: tuple[str, ...]
) -> None:
    await asks(care)
    for tap in taps:
        await answers(care, tap)
    await writes(care)

    who = await care.client(SELAM)
    async with care.core.database.transaction() as tx:
        found = await periods.refresh(care.core, tx, [who.id], now=care.now)
    assert found[who.id][NOVEMBER].state is PeriodState.OPEN
    assert await count(care, contact_moments) == 0
    care.at(date(2026, 12, 1))
    await periods.refresh_due(care.core, care.now)
    assert await care.state("2026-11") == "missed"


async def test_nothing_but_the_word_she_tapped_is_kept_of_how_she_is(care: Care) -> None:
    await asks(care)
    await answers(care, "bad")
    assert (await asked(care)).answer == "bad"
    assert await count(care, schema.messages) == 0
    async with care.core.database.reading() as tx:
        row = await tx.row(sa.select(tasks).where(tasks.c.kind == "checkin_bad"))
    assert row is not None
    assert (row["words"], row["key"]) == (None, f"checkin_bad:{(await asked(care)).id}")


# --- times to propose ------------------------------------------------------------------------


async def test_the_times_of_a_coach_avoid_appointments_absence_and_what_clients_chose(
    care: Care,
) -> None:
    assert await proposed(care) == ["Wed 11-11 10:00", "Thu 12-11 14:00", "Fri 13-11 10:00"]

    await meets(care, date(2026, 11, 11), time(10), KHALED)
    assert (await proposed(care))[0] == "Wed 11-11 09:00"

    await asks(care)
    await answers(care, "good")
    await answers(care, "slot=1")
    chosen = (await asked(care)).chosen
    assert chosen == Slot(date(2026, 11, 12), time(14))
    assert (await proposed(care))[1] == "Thu 12-11 13:00"

    await care.is_away(JOKE, date(2026, 11, 12), date(2026, 11, 13), None)
    assert await proposed(care) == ["Wed 11-11 09:00", "Mon 16-11 14:00"]


async def test_a_time_is_free_for_the_client_who_chose_it_and_for_nobody_else(
    care: Care,
) -> None:
    await asks(care)
    await answers(care, "good")
    await answers(care, "slot=0")
    slot, coach = (await asked(care)).chosen, await care.staff(JOKE)
    assert slot is not None

    async def free(who: Client) -> bool:
        async with care.core.database.reading() as tx:
            return await checkins.is_open(care.core, tx, coach, who, slot, now=care.now)

    selam, khaled = await care.client(SELAM), await care.client(KHALED)
    assert (await free(selam), await free(khaled)) == (True, False)
    care.at(slot.day, slot.clock)
    assert not await free(selam), "it has begun"


async def test_a_month_is_not_asked_about_before_it_begins(care: Care) -> None:
    # Her first talk was on the fifth, and so December asks for it by the fourth.
    care.at(date(2026, 11, 5))
    await care.speaks()
    december = Month(2026, 12)
    care.at(date(2026, 11, 30))
    assert not await asks(care, month=december)
    care.at(date(2026, 12, 1))
    assert await asks(care, month=december)


# --- who may do what -------------------------------------------------------------------------


async def test_only_who_answers_for_a_client_switches_the_question_on_or_off(care: Care) -> None:
    await care.links(BRAM)
    who = await care.client(SELAM)
    turn = Turn(now=care.now, chat_id=BRAM.chat_id)
    with pytest.raises(NotFoundError, match="does not answer for client K-0001"):
        await checkins.set_wanted(care.core, turn, who.id, wanted=False)
    assert (await care.client(SELAM)).check_in

    # Joke is away since Monday: from Wednesday on Bram stands in for her.
    await care.is_away(JOKE, MONDAY, FRIDAY, BRAM)
    care.at(date(2026, 11, 11))
    turn = Turn(now=care.now, chat_id=BRAM.chat_id)
    await checkins.set_wanted(care.core, turn, who.id, wanted=False)
    assert not (await care.client(SELAM)).check_in


async def test_who_stands_in_hears_at_once_that_a_client_is_not_well(care: Care) -> None:
    await care.links(BRAM)
    await asks(care)
    await care.is_away(JOKE, MONDAY, FRIDAY, BRAM)
    care.at(date(2026, 11, 11))
    before = len(await care.told(JOKE))
    await answers(care, "bad")
    (word,) = await care.told(BRAM)
    assert word == care.core.texts.staff("st.checkin_bad", code="K-0001", voornaam="Selam")
    assert len(await care.told(JOKE)) == before


async def test_who_stands_in_makes_the_appointment_in_an_agenda_of_her_own(care: Care) -> None:
    await care.links(BRAM)
    await care.is_away(JOKE, MONDAY, FRIDAY, BRAM)
    care.at(date(2026, 11, 11))
    who, bram = await care.client(SELAM), await care.staff(BRAM)
    turn = Turn(now=care.now, chat_id=BRAM.chat_id)
    await checkins.plan(care.core, turn, who.id, Slot(FRIDAY, time(10)))
    async with care.core.database.reading() as tx:
        ((draft_id, _),) = await drafts.list_drafts(tx, bram.id, "booking")
    for what, value in (("place", "0"), ("ok", "")):
        await booking.choose(care.core, turn, draft_id, what, value, MESSAGE)

    async with care.core.database.reading() as tx:
        (made,) = await appointments.list_coming(tx, client_id=who.id, now=care.now)
    assert (made.staff_id, made.kind) == (bram.id, AppointmentKind.MONTHLY)
    assert (made.local_date, made.local_time) == (FRIDAY, time(10))


# --- words -----------------------------------------------------------------------------------


async def test_a_time_fits_its_button_and_is_isolated_from_right_to_left(care: Care) -> None:
    for locale in LOCALES:
        for number in range(366):
            day = date(2027, 1, 1) + timedelta(days=number)
            label = checkins.slot_label(care.core, Slot(day, time(14, 30)), locale)
            shown = label.replace("\u2068", "").replace("\u2069", "")
            assert len(shown) <= 20, label
            assert shown.endswith(f" {day.day}-{day.month} 14:30")
            isolated = f"\u2068{day.day}-{day.month}\u2069 \u206814:30\u2069" in label
            assert isolated is is_rtl(locale)
