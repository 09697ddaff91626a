"""Reminders of events: once, on the evening before, and never of what changed or is too near."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.delivery import OutboxKind, OutboxState
from bot.domain.events import EventKind, Session, single, weekly
from bot.domain.ids import EventId
from bot.domain.people import ClientStatus, LinkState
from bot.services import event_reminders, event_screens
from bot.services.core import Turn
from bot.storage import links, people
from bot.storage.broadcast_schema import event_reminders as reminders_table
from bot.storage.schema import clients, outbox
from tests.cast import CLIENTS, JOKE, KHALED, LAILA, MARYAM, SELAM, Person
from tests.support.care import Care, open_care
from tests.support.gatherings import (
    AMSTERDAM,
    MESSAGE,
    MONDAY,
    TUESDAY,
    TWO,
    Said,
    answers,
    arrives,
    joins,
    label,
    makes,
    makes_speed_date,
    said,
    ticks,
    told,
    words,
)

FIVE = time(17)
START = date(2026, 11, 24)


@pytest.fixture
async def care(tmp_path: Path) -> AsyncIterator[Care]:
    """Give an organisation with four clients who have chats."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}"
    async with open_care(url, START) as opened:
        await joins(opened, *CLIENTS)
        await opened.links(JOKE)
        yield opened


def about(care: Care, text_id: str, person: Person, day: date = TUESDAY, clock: time = TWO) -> str:
    return words(
        care,
        text_id,
        person,
        activiteit=care.core.texts.label("event.language_cafe", person.language),
        plaats="Stadskantoor",
        **care.core.texts.moment(day, clock, person.language),
    )


async def notes(care: Care) -> int:
    async with care.core.database.reading() as tx:
        return await tx.number(sa.select(sa.func.count()).select_from(reminders_table))


async def test_the_evening_before_each_who_comes_is_reminded_once(care: Care) -> None:
    event_id = await makes(care, capacity=2)
    for person, action in ((SELAM, "yes"), (KHALED, "yes"), (MARYAM, "yes"), (LAILA, "no")):
        await answers(care, person, event_id, action)
    care.at(MONDAY, time(16, 59))
    assert await ticks(care) == 0
    care.at(MONDAY, FIVE)
    assert await ticks(care) == 2
    for person in (SELAM, KHALED):
        (reminder,) = await told(care, person)
        assert reminder.text == about(care, "bc.event_reminder", person)
        assert reminder.labels == (label(care, "btn.cannot", person),)
        assert reminder.data == (f"ev:{event_id}:no",)
        assert reminder.kind is OutboxKind.REMINDER
    assert await told(care, MARYAM) == await told(care, LAILA) == []
    for minutes in (0, 1, 60):
        care.now += timedelta(minutes=minutes)
        assert await ticks(care) == 0
    care.at(TUESDAY, time(12))
    assert await ticks(care) == 0
    assert len(await told(care, SELAM)) == 1


async def test_the_call_and_the_note_of_it_stand_together(care: Care) -> None:
    event_id = await makes(care)
    await answers(care, SELAM, event_id, "yes")
    care.at(MONDAY, FIVE)
    await ticks(care)
    async with care.core.database.reading() as tx:
        row = await tx.row(
            sa.select(outbox.c.kind, outbox.c.client_id).join(
                reminders_table, reminders_table.c.outbox_id == outbox.c.id
            )
        )
    assert row is not None
    assert row["kind"] is OutboxKind.REMINDER
    assert row["client_id"] == (await care.client(SELAM)).id


async def test_two_clocks_at_once_remind_her_once(care: Care) -> None:
    event_id = await makes(care)
    for person in CLIENTS:
        await answers(care, person, event_id, "yes")
    care.at(MONDAY, FIVE)
    async with asyncio.TaskGroup() as both:
        for _ in range(4):
            both.create_task(ticks(care))
    assert [len(await told(care, person)) for person in CLIENTS] == [1, 1, 1, 1]


async def test_more_than_a_batch_are_all_reminded(
    care: Care, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_reminders, "_BATCH", 1)
    event_id = await makes(care)
    for person in CLIENTS:
        await answers(care, person, event_id, "yes")
    care.at(MONDAY, FIVE)
    assert await ticks(care) == 4
    assert [len(await told(care, person)) for person in CLIENTS] == [1, 1, 1, 1]


async def test_before_each_lesson_there_is_one_reminder(care: Care) -> None:
    event_id = await makes(care, weekly(TUESDAY, TWO, AMSTERDAM, 90, 3), kind=EventKind.LESSONS)
    await answers(care, SELAM, event_id, "yes")
    for week in range(4):
        care.at(MONDAY + timedelta(days=7 * week), FIVE)
        await ticks(care)
        await ticks(care)
    days = [each.text.split("(")[1][:10] for each in await told(care, SELAM)]
    assert days == ["01-12-2026", "08-12-2026", "15-12-2026"]


async def test_at_a_speed_date_she_is_reminded_of_the_time_she_chose(care: Care) -> None:
    event_id = await makes_speed_date(care)
    await answers(care, SELAM, event_id, "at", 2)
    await answers(care, KHALED, event_id, "at", 3)
    care.at(MONDAY, FIVE)
    assert await ticks(care) == 2
    assert ["14:10" in each.text for each in await told(care, SELAM)] == [True]
    assert ["14:20" in each.text for each in await told(care, KHALED)] == [True]


# --- asked again -----------------------------------------------------------------------------


async def test_who_wants_to_be_asked_again_gets_the_invitation_once_more(care: Care) -> None:
    event_id = await makes(care)
    await answers(care, MARYAM, event_id, "remind")
    care.at(MONDAY, FIVE)
    assert await ticks(care) == 1
    (again,) = await told(care, MARYAM)
    assert again.text == about(care, "bc.event", MARYAM)
    # After this there is no later moment at which she could be asked.
    assert again.data == (f"ev:{event_id}:yes", f"ev:{event_id}:no")
    assert await ticks(care) == 0
    shown = await answers(care, MARYAM, event_id, "remind")
    assert shown.data == (f"ev:{event_id}:yes", f"ev:{event_id}:no")
    care.at(TUESDAY, time(12))
    assert await ticks(care) == 0


async def test_who_asks_for_it_after_that_evening_is_asked_some_hours_before(care: Care) -> None:
    event_id = await makes(care)
    care.at(MONDAY, time(18))
    await answers(care, MARYAM, event_id, "remind")
    assert await ticks(care) == 0
    care.at(TUESDAY, time(11, 59))
    assert await ticks(care) == 0
    care.at(TUESDAY, time(12))
    assert await ticks(care) == 1
    (again,) = await told(care, MARYAM)
    assert again.text == about(care, "bc.event", MARYAM)


async def test_who_wants_to_be_asked_about_lessons_is_asked_before_the_first_only(
    care: Care,
) -> None:
    event_id = await makes(care, weekly(TUESDAY, TWO, AMSTERDAM, 90, 3), kind=EventKind.LESSONS)
    await answers(care, MARYAM, event_id, "remind")
    for week in range(2):
        care.at(MONDAY + timedelta(days=7 * week), FIVE)
        await ticks(care)
        if not week:
            (again,) = await told(care, MARYAM)
            assert [each.rpartition(":")[2] for each in again.data] == ["yes", "no", "remind"]
    assert len(await told(care, MARYAM)) == 1
    await arrives(care)
    care.at(TUESDAY + timedelta(days=7), time(18))
    await answers(care, MARYAM, event_id, "remind")
    care.at(MONDAY + timedelta(days=14), FIVE)
    await ticks(care)
    assert len(await told(care, MARYAM)) == 2, "she asked for it anew"


async def test_who_is_asked_again_about_lessons_reads_of_those_still_to_come(
    care: Care,
) -> None:
    event_id = await makes(care, weekly(TUESDAY, TWO, AMSTERDAM, 90, 3), kind=EventKind.LESSONS)
    care.at(TUESDAY, time(18))
    await answers(care, MARYAM, event_id, "remind")
    care.at(MONDAY + timedelta(days=7), FIVE)
    await ticks(care)
    (again,) = await told(care, MARYAM)
    assert "01-12-2026" not in again.text
    assert [day in again.text for day in ("08-12-2026", "15-12-2026")] == [True, True]


# --- what changed meanwhile ------------------------------------------------------------------


async def test_who_signs_up_after_that_evening_is_not_reminded_of_what_she_just_heard(
    care: Care,
) -> None:
    event_id = await makes(care)
    care.at(MONDAY, FIVE)
    await answers(care, SELAM, event_id, "yes")
    care.now += timedelta(minutes=1)
    await answers(care, KHALED, event_id, "yes")
    assert await ticks(care) == 0


async def test_who_said_no_meanwhile_is_not_reminded(care: Care) -> None:
    event_id = await makes(care)
    await answers(care, SELAM, event_id, "yes")
    await answers(care, MARYAM, event_id, "remind")
    care.at(MONDAY, time(16))
    for person in (SELAM, MARYAM):
        await answers(care, person, event_id, "no")
    care.at(MONDAY, FIVE)
    assert await ticks(care) == 0


async def test_a_reminder_that_has_not_gone_is_taken_back_when_she_cancels(care: Care) -> None:
    event_id = await makes(care)
    for person in (SELAM, KHALED, LAILA):
        await answers(care, person, event_id, "yes")
    care.at(MONDAY, FIVE)
    await ticks(care)
    await answers(care, SELAM, event_id, "no")
    assert await told(care, SELAM) == []
    assert len(await told(care, KHALED)) == 1
    await cancels(care, event_id)
    (off,) = await told(care, KHALED)
    assert off.text == about(care, "bc.event_cancelled", KHALED)


async def cancels(care: Care, event_id: EventId) -> None:
    turn = Turn(now=care.now, chat_id=JOKE.chat_id)
    await event_screens.cancel(care.core, turn, event_id, MESSAGE)


async def test_of_an_event_that_was_called_off_nobody_is_reminded(care: Care) -> None:
    event_id = await makes(care)
    await answers(care, SELAM, event_id, "yes")
    await cancels(care, event_id)
    heard = await told(care, SELAM)
    care.at(MONDAY, FIVE)
    assert await ticks(care) == 0
    assert await told(care, SELAM) == heard


async def test_who_cannot_be_written_to_is_reminded_when_she_can_again(care: Care) -> None:
    event_id = await makes(care)
    await answers(care, SELAM, event_id, "yes")
    await link_becomes(care, LinkState.UNREACHABLE)
    care.at(MONDAY, FIVE)
    assert await ticks(care) == 0
    assert await notes(care) == 0
    await link_becomes(care, LinkState.ACTIVE)
    care.at(MONDAY, time(19))
    assert await ticks(care) == 1


async def link_becomes(care: Care, state: LinkState) -> None:
    client = await care.client(SELAM)
    async with care.core.database.transaction() as tx:
        link = await links.find_link(tx, client_id=client.id)
        assert link is not None
        await links.update_link(tx, link.id, state=state)


async def test_who_is_not_in_care_any_more_is_not_reminded(care: Care) -> None:
    event_id = await makes(care)
    await answers(care, SELAM, event_id, "yes")
    await care.becomes(ClientStatus.CLOSED, SELAM)
    care.at(MONDAY, FIVE)
    assert await ticks(care) == 0


# --- quiet hours, and too late ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("clock", "at", "reminded"),
    [
        (TWO, time(7, 29), False),  # still quiet
        (TWO, time(7, 30), True),
        (TWO, time(13, 30), True),
        (TWO, time(13, 31), False),  # closer than half an hour
        (TWO, time(14), False),
        (time(8), time(7, 30), True),
        (time(7, 45), time(7, 30), False),
    ],
)
async def test_after_a_standstill_a_reminder_goes_in_the_morning_unless_it_is_too_late(
    care: Care, clock: time, at: time, *, reminded: bool
) -> None:
    event_id = await makes(care, single(TUESDAY, clock, AMSTERDAM, 60))
    await answers(care, SELAM, event_id, "yes")
    care.at(MONDAY, time(20))  # the quiet hours begin
    assert await ticks(care) == 0
    care.at(TUESDAY, at)
    assert await ticks(care) == int(reminded)
    reminders = await told(care, SELAM)
    assert len(reminders) == int(reminded)
    if reminded:
        until = single(TUESDAY, clock, AMSTERDAM, 60)[0].starts_at - timedelta(minutes=30)
        assert reminders[0].valid_until == until
        assert reminders[0].not_before == care.now


@pytest.mark.parametrize(
    ("day", "evening"),
    [
        (date(2027, 3, 28), "2027-03-27T16:00"),
        (date(2027, 3, 29), "2027-03-28T15:00"),
        (date(2027, 10, 31), "2027-10-30T15:00"),
        (date(2027, 11, 1), "2027-10-31T16:00"),
    ],
)
async def test_the_evening_is_that_of_the_wall_clock_over_both_clock_changes(
    care: Care, day: date, evening: str
) -> None:
    event_id = await makes(care, single(day, TWO, AMSTERDAM, 60))
    await answers(care, SELAM, event_id, "yes")
    due = datetime.fromisoformat(evening).replace(tzinfo=UTC)
    care.now = due - timedelta(seconds=1)
    assert await ticks(care) == 0
    assert await event_reminders.next_due(care.core, care.now) == due
    care.now = due
    assert await ticks(care) == 1


async def test_the_clock_knows_when_it_must_look_next(care: Care) -> None:
    async def next_at() -> str | None:
        due = await event_reminders.next_due(care.core, care.now)
        assert due is None or due > care.now
        return f"{due.astimezone(AMSTERDAM):%a %H:%M}" if due else None

    assert await next_at() is None
    event_id = await makes(care)
    await answers(care, SELAM, event_id, "yes")
    assert await next_at() == "Mon 17:00"
    care.at(MONDAY, time(20))
    assert await next_at() == "Tue 07:30", "what is due waits for the end of the quiet hours"
    care.at(TUESDAY, time(8))
    assert await next_at() == "Tue 12:00"
    care.at(TUESDAY, time(12))
    assert await next_at() is None
    await cancels(care, event_id)
    assert await next_at() is None


# --- one that cannot be queued ---------------------------------------------------------------


async def test_one_that_cannot_be_queued_keeps_no_other_back(
    care: Care, caplog: pytest.LogCaptureFixture
) -> None:
    event_id = await makes(care)
    for person in (SELAM, KHALED, MARYAM):
        await answers(care, person, event_id, "yes")
    async with care.core.database.transaction() as tx:
        # A language that no catalogue and no calendar knows.
        await tx.run(
            sa.update(clients).where(clients.c.code == KHALED.code).values(language="xx-?")
        )
    care.at(MONDAY, FIVE)
    assert await ticks(care) == 3
    assert [len(await told(care, each)) for each in (SELAM, KHALED, MARYAM)] == [1, 0, 1]
    assert await ticks(care) == 0, "what is wrong with it stays wrong; it is not tried for ever"
    assert f"event_reminder.failed event={event_id}" in caplog.text
    assert "Khaled" not in caplog.text


# --- a shared phone --------------------------------------------------------------------------


async def test_on_a_shared_phone_a_reminder_shows_nothing_but_that_there_is_one(
    care: Care,
) -> None:
    event_id = await makes(care)
    client = await care.client(SELAM)
    await answers(care, SELAM, event_id, "yes")
    async with care.core.database.transaction() as tx:
        await people.update_client(tx, client.id, discreet=True)
    care.at(MONDAY, FIVE)
    await ticks(care)
    (reminder,) = await told(care, SELAM)
    name = care.core.config.organisation.name
    assert reminder.text == words(care, "bc.discreet", SELAM, organisatie=name)
    assert reminder.data == (f"ev:{event_id}:show",)
    shown = await answers(care, SELAM, event_id, "show")
    assert shown.text == about(care, "bc.coming", SELAM)


# --- calling it off --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "clock", "kind", "heard"),
    [
        (MONDAY, time(12), OutboxKind.CONVERSATION, "Mon 12:00"),
        (MONDAY, time(22), OutboxKind.CONVERSATION, "Tue 07:30"),
        (TUESDAY, time(6), OutboxKind.URGENT, "Tue 06:00"),
        (TUESDAY, time(13, 59), OutboxKind.URGENT, "Tue 13:59"),
    ],
)
async def test_who_counts_on_it_hears_that_it_is_off_on_the_day_itself_at_any_hour(
    care: Care, day: date, clock: time, kind: OutboxKind, heard: str
) -> None:
    event_id = await makes(care, capacity=1)
    for person, action in ((SELAM, "yes"), (KHALED, "yes"), (MARYAM, "remind"), (LAILA, "no")):
        await answers(care, person, event_id, action)
    await arrives(care)
    care.at(day, clock)
    for _ in range(2):
        await cancels(care, event_id)
    for person in (SELAM, KHALED, MARYAM):
        (off,) = await told(care, person)
        assert off.text == about(care, "bc.event_cancelled", person)
        later = f"{off.not_before.astimezone(AMSTERDAM):%a %H:%M}"
        if person is SELAM or kind is OutboxKind.CONVERSATION:
            assert (off.kind, later) == (kind, heard)
        else:  # whoever has no place is not woken for it
            morning = "Tue 07:30" if clock < time(7, 30) else heard
            assert (off.kind, later) == (OutboxKind.CONVERSATION, morning)
    assert await told(care, LAILA) == []


async def test_news_of_a_place_that_has_not_gone_is_taken_back_with_the_event(
    care: Care,
) -> None:
    event_id = await makes(care, capacity=1)
    await answers(care, SELAM, event_id, "yes")
    await answers(care, KHALED, event_id, "yes")
    care.at(TUESDAY, time(6))
    await answers(care, SELAM, event_id, "no")
    await cancels(care, event_id)
    (off,) = await told(care, KHALED)
    assert off.text == about(care, "bc.event_cancelled", KHALED)
    assert OutboxState.RETIRED in [each.state for each in await said(care, KHALED)]


async def test_of_lessons_under_way_she_hears_of_those_still_to_come(care: Care) -> None:
    lessons: Sequence[Session] = weekly(TUESDAY, TWO, AMSTERDAM, 90, 3)
    event_id = await makes(care, lessons, kind=EventKind.LESSONS)
    await answers(care, SELAM, event_id, "yes")
    care.at(date(2026, 12, 3), time(10))
    await cancels(care, event_id)
    off: Said = (await told(care, SELAM))[-1]
    assert "01-12-2026" not in off.text
    assert "08-12-2026" in off.text
    assert "15-12-2026" in off.text


async def test_on_a_shared_phone_the_news_shows_when_she_asks(care: Care) -> None:
    event_id = await makes(care)
    client = await care.client(SELAM)
    await answers(care, SELAM, event_id, "yes")
    async with care.core.database.transaction() as tx:
        await people.update_client(tx, client.id, discreet=True)
    await cancels(care, event_id)
    (off,) = await told(care, SELAM)
    assert replace(off, data=()).data == ()
    assert off.data == (f"ev:{event_id}:show",)
    shown = await answers(care, SELAM, event_id, "show")
    assert shown.text == about(care, "bc.event_cancelled", SELAM)
