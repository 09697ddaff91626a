"""Due reminders: in batches, each once, whoever else looks at the clock, dies or sets it."""

import asyncio
import logging
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.appointments import AppointmentState, ReminderKind, ReminderState
from bot.domain.localtime import Hours
from bot.services import appointments as service
from bot.services import reminders
from bot.storage import appointments, outbox, people, schema
from tests.cast import KHALED, MARYAM, SELAM
from tests.scheduler.diary import FIVE, NEVER, WEDNESDAY, Diary, config, open_core
from tests.storage.rows import NOW, say

_ROOT = Path(__file__).parents[2]
_PATIENCE_SECONDS = 60.0
DAY, HOURS = ReminderKind.DAY_BEFORE, ReminderKind.HOURS_BEFORE
PLANNED, QUEUED = ReminderState.PLANNED, ReminderState.QUEUED
RETIRED, MISSED = ReminderState.RETIRED, ReminderState.MISSED
MINUTE = timedelta(minutes=1)
MANY = 130
"""More than two batches."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}"
    address: str = request.getfixturevalue("postgres_ready_url")
    return address


@pytest.fixture
async def diary(url: str) -> AsyncIterator[Diary]:
    """Give an empty diary of people who can be reached."""
    core = await open_core(url)
    yield await Diary.begin(core, NOW)
    await core.database.close()


# --- what is due ------------------------------------------------------------------------------


async def test_a_tick_finds_what_is_due_and_nothing_else(diary: Diary) -> None:
    due = await diary.fill(2, FIVE - MINUTE) + await diary.fill(1, FIVE)
    await diary.fill(3, FIVE + MINUTE)

    assert await diary.all_due(FIVE - 2 * MINUTE) == []
    assert await diary.all_due(FIVE) == [3]

    assert [call.appointment_id for call in await diary.calls()] == due
    assert await diary.states() == {QUEUED: 3, PLANNED: 3}


async def test_all_that_is_due_at_one_minute_is_queued_by_one_tick_in_order(
    diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    async with diary.core.database.transaction() as tx:
        for words in ("een", "twee"):
            await say(tx, diary.lane(SELAM), words)

    due = await diary.fill(MANY, FIVE)

    assert await diary.all_due(FIVE) == [MANY]
    assert caplog.records == [], "all together, not one by one"
    calls = await diary.calls()
    assert [call.appointment_id for call in calls] == due
    for person, first in ((SELAM, 3), (KHALED, 1)):
        mine = [call for call in calls if call.lane == diary.lane(person)]
        assert [call.seq for call in mine] == list(range(first, first + len(mine)))
        assert {call.chat_id for call in mine} == {person.chat_id}
    async with diary.core.database.transaction() as tx:
        taken = sum(call.lane == diary.lane(SELAM) for call in calls) + 2
        assert await outbox.next_seq(tx, diary.lane(SELAM)) == taken + 1
    assert await diary.states() == {QUEUED: MANY}


async def test_of_two_reminders_far_apart_in_a_long_queue_only_the_last_is_sent(
    diary: Diary,
) -> None:
    noon = datetime(2026, 11, 25, 11, tzinfo=UTC)
    (meeting,) = await diary.fill(1, FIVE)
    await diary.fill(MANY, FIVE + MINUTE, who=(KHALED,))
    await diary.plan([meeting], noon, kind=HOURS)

    await diary.all_due(noon + 30 * MINUTE)

    calls = [call for call in await diary.calls() if call.appointment_id == meeting]
    assert len(calls) == 1
    assert await diary.states() == {QUEUED: MANY + 1, RETIRED: 1}


async def test_what_changed_is_not_queued_and_keeps_nothing_else_back(diary: Diary) -> None:
    kept, moved, cancelled, cannot = await diary.fill(4, FIVE)
    core = diary.core
    async with core.database.transaction() as tx:
        was = await appointments.get_appointment(tx, moved)
        for state, which in (
            (AppointmentState.CANCELLED, cancelled),
            (AppointmentState.CANNOT, cannot),
        ):
            await appointments.set_state(tx, which, state, NOW)
        await appointments.move_appointment(
            tx,
            moved,
            local_date=was.local_date,
            local_time=time(15),
            starts_at=was.starts_at + timedelta(hours=1),
            place=was.place,
            now=NOW,
        )

    await diary.all_due(FIVE)

    assert [call.appointment_id for call in await diary.calls()] == [kept]
    assert await diary.states() == {QUEUED: 1, RETIRED: 3}
    assert await diary.tasks() == []


async def test_what_is_too_late_is_a_task_and_what_is_not_is_sent_in_the_same_tick(
    diary: Diary,
) -> None:
    early = await diary.fill(3, FIVE, day=date(2026, 11, 24))
    due = await diary.fill(3, FIVE)

    await diary.all_due(FIVE)
    await diary.all_due(FIVE)

    assert [call.appointment_id for call in await diary.calls()] == due
    assert await diary.states() == {QUEUED: 3, MISSED: 3}
    told = [key for kind, key in await diary.tasks() if kind == "missed_reminder"]
    assert sorted(int(key.split(":")[1]) for key in told) == early


async def test_one_that_cannot_be_made_keeps_no_other_back(
    diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    due = await diary.fill(5, FIVE)
    (nowhere,) = await diary.fill(1, FIVE, zone="Europe/Nergenshuizen")
    (unreadable,) = await diary.fill(1, FIVE)
    due += await diary.fill(5, FIVE)
    async with diary.core.database.transaction() as tx:
        await tx.run(
            sa.update(schema.appointments)
            .where(schema.appointments.c.id == unreadable)
            .values(place={"unknown": "Stadskantoor"})
        )

    with caplog.at_level(logging.ERROR):
        await diary.all_due(FIVE)

    assert [call.appointment_id for call in await diary.calls()] == due
    assert await diary.states() == {QUEUED: 10, MISSED: 2}
    logged = [record.getMessage() for record in caplog.records]
    assert logged == [
        f"reminder.failed appointment={nowhere} error=ZoneInfoNotFoundError",
        f"reminder.failed appointment={unreadable} error=TypeError",
    ]


# --- planning ---------------------------------------------------------------------------------


async def test_an_appointment_planned_again_and_again_has_one_reminder_of_each_kind(
    diary: Diary,
) -> None:
    meeting = await diary.invite(SELAM, WEDNESDAY, time(14), NOW)
    for _ in range(3):
        assert await diary.plan([meeting], FIVE) == 0
        await diary.all_due(FIVE)

    assert await diary.kept() == {(meeting, 1, DAY), (meeting, 1, HOURS)}
    assert len(await diary.calls()) == 1


async def test_two_programs_plan_the_same_reminders_once(diary: Diary, url: str) -> None:
    made = await diary.fill(60, FIVE)
    async with diary.core.database.transaction() as tx:
        await tx.run(sa.delete(schema.reminders))

    done = await _together(*(await _other_clocks("plan", url, FIVE, count=2)))

    assert sum(done) == 60
    assert await diary.kept() == {(meeting, 1, DAY) for meeting in made}


async def test_planning_that_is_cut_off_is_done_once_when_it_is_done_again(
    diary: Diary, url: str
) -> None:
    made = await diary.fill(30, FIVE)
    async with diary.core.database.transaction() as tx:
        await tx.run(sa.delete(schema.reminders))

    await _dies(*(await _other_clocks("plan", url, FIVE, count=1, dies=("planned", 15))))
    assert await diary.kept() == {(meeting, 1, DAY) for meeting in made[:10]}

    assert await _together(*(await _other_clocks("plan", url, FIVE, count=1))) == [20]
    assert await diary.kept() == {(meeting, 1, DAY) for meeting in made}


# --- more than one program, and one that dies -------------------------------------------------


async def test_two_programs_on_one_database_queue_each_reminder_once(
    diary: Diary, url: str
) -> None:
    noon = datetime(2026, 11, 25, 11, tzinfo=UTC)
    made = await diary.fill(300, FIVE)
    assert await diary.plan(made[::3], noon, kind=HOURS) == 100

    done = await _together(*(await _other_clocks("queue", url, noon, count=2)))

    assert sum(done) == 400
    assert Counter(call.appointment_id for call in await diary.calls()) == Counter(made)
    assert await diary.states() == {QUEUED: 300, RETIRED: 100}


@pytest.mark.parametrize(
    ("dies", "most"),
    [(("worded", 60), 60), (("worded", MANY - 1), MANY - 1), (("committed", 0), MANY - 1)],
)
async def test_a_tick_that_is_cut_off_is_finished_by_the_next_and_repeats_nothing(
    diary: Diary, url: str, dies: tuple[str, int], most: int
) -> None:
    made = await diary.fill(MANY, FIVE)

    await _dies(*(await _other_clocks("queue", url, FIVE, count=1, dies=dies)))
    assert 0 < (await diary.states())[QUEUED] == len(await diary.calls()) <= most
    await diary.all_due(FIVE)

    assert Counter(call.appointment_id for call in await diary.calls()) == Counter(made)
    assert await diary.states() == {QUEUED: MANY}


async def _other_clocks(
    job: str, url: str, now: datetime, *, count: int, dies: tuple[str, int] | None = None
) -> list[asyncio.subprocess.Process]:
    """Start other programs, and return when each waits for the word to begin."""
    started = []
    for _ in range(count):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.scheduler.other_clock",
            job,
            url,
            now.isoformat(),
            *(str(word) for word in dies or ()),
            cwd=_ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        started.append(process)
    for process in started:
        assert process.stdout is not None
        async with asyncio.timeout(_PATIENCE_SECONDS):
            assert await process.stdout.readline() == b"ready\n"
    return started


async def _ends(process: asyncio.subprocess.Process) -> bytes:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        written, _ = await process.communicate(b"go\n")
    return written


async def _together(*processes: asyncio.subprocess.Process) -> list[int]:
    """Let programs begin at once; return how much each did."""
    written = await asyncio.gather(*(_ends(process) for process in processes))
    assert [process.returncode for process in processes] == [0] * len(processes)
    return [int(words) for words in written]


async def _dies(process: asyncio.subprocess.Process) -> None:
    assert await _ends(process) == b""
    assert process.returncode == -signal.SIGKILL


# --- the host's clock, and the wall clock -----------------------------------------------------


async def test_a_clock_that_is_set_back_sends_nothing_again_and_loses_nothing(
    diary: Diary,
) -> None:
    first = await diary.invite(SELAM, WEDNESDAY, time(14), NOW)
    second = await diary.invite(KHALED, WEDNESDAY, time(16), NOW)
    assert await diary.all_due(FIVE) == [2]

    yesterday = FIVE - timedelta(days=1)
    assert await diary.all_due(yesterday) == []
    third = await diary.invite(MARYAM, WEDNESDAY, time(16), yesterday)
    assert await diary.all_due(FIVE - MINUTE) == []
    assert await diary.all_due(FIVE) == [1]
    assert await diary.all_due(datetime(2026, 11, 25, 14, tzinfo=UTC)) == [3]

    sent = Counter(call.appointment_id for call in await diary.calls())
    assert sent == {first: 1, second: 2, third: 2}
    assert await diary.states() == {QUEUED: 5, MISSED: 1}, "two o'clock was over, four was not"


async def test_a_clock_that_leaps_ahead_and_is_put_right_sends_nothing_again(
    diary: Diary,
) -> None:
    meeting = await diary.invite(SELAM, WEDNESDAY, time(14), NOW)

    assert await diary.all_due(datetime(2026, 11, 25, 11, 30, tzinfo=UTC)) == [2]
    assert await diary.all_due(FIVE) == []
    assert await diary.all_due(datetime(2026, 11, 25, 12, tzinfo=UTC)) == []

    assert [call.appointment_id for call in await diary.calls()] == [meeting]
    assert await diary.tasks() == []


async def _times(diary: Diary, since: datetime, until: datetime) -> list[str]:
    """Let time pass from one due reminder to the next; return when each was queued."""
    core, now, times = diary.core, since, []
    while (due := await reminders.next_due(core, now)) is not None and due < until:
        assert await reminders.queue_due(core, due - MINUTE) == 0, "not a minute too soon"
        now = due
        found = await reminders.queue_due(core, now)
        times += [now.astimezone(core.config.organisation.zone).isoformat()] * found
    return times


LATE = Hours(time(22), time(2, 30))
"""Quiet hours that end when the clock changes."""


@pytest.mark.parametrize(
    ("meeting", "quiet", "expected"),
    [
        # The day before at 17:00 by the wall clock, and two hours before by the stopwatch.
        ("2027-03-28 10:00", None, ("2027-03-27T17:00:00+01:00", "2027-03-28T08:00:00+02:00")),
        ("2026-10-25 10:00", None, ("2026-10-24T17:00:00+02:00", "2026-10-25T08:00:00+01:00")),
        ("2027-03-29 09:00", None, ("2027-03-26T17:00:00+01:00", "2027-03-29T07:30:00+02:00")),
        ("2026-10-26 09:00", None, ("2026-10-23T17:00:00+02:00", "2026-10-26T07:30:00+01:00")),
        ("2027-03-28 04:00", NEVER, ("2027-03-27T17:00:00+01:00", "2027-03-28T01:00:00+01:00")),
        ("2026-10-25 04:00", NEVER, ("2026-10-24T17:00:00+02:00", "2026-10-25T02:00:00+01:00")),
        # Half past two does not exist in spring, and exists twice in autumn: the first counts.
        ("2027-03-28 02:30", NEVER, ("2027-03-27T17:00:00+01:00", "2027-03-28T00:30:00+01:00")),
        ("2026-10-25 02:30", NEVER, ("2026-10-24T17:00:00+02:00", "2026-10-25T00:30:00+02:00")),
        # It is quiet until half past two, which comes a second time.
        ("2026-10-25 04:00", LATE, ("2026-10-24T17:00:00+02:00", "2026-10-25T02:30:00+01:00")),
    ],
)
async def test_reminders_come_at_the_right_moment_around_both_clock_changes(
    tmp_path: Path, meeting: str, quiet: Hours | None, expected: tuple[str, ...]
) -> None:
    settings = config(quiet=quiet, not_before=time(0) if quiet else None)
    core = await open_core(f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}", settings)
    try:
        starts = datetime.fromisoformat(meeting)
        booked = starts.replace(tzinfo=UTC) - timedelta(days=6)
        diary = await Diary.begin(core, booked)
        made = await diary.invite(SELAM, starts.date(), starts.time(), booked)

        assert tuple(await _times(diary, booked, booked + timedelta(days=8))) == expected

        assert await diary.kept() == {(made, 1, DAY), (made, 1, HOURS)}
        assert await diary.states() == {QUEUED: 2}
        assert [call.appointment_id for call in await diary.calls()] == [made] * 2
        assert await diary.tasks() == []
    finally:
        await core.database.close()


async def test_quiet_hours_whose_end_spring_skips_are_over_when_the_clock_has_leapt(
    tmp_path: Path,
) -> None:
    settings = config(quiet=LATE, not_before=time(0))
    core = await open_core(f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}", settings)
    try:
        booked = datetime(2027, 3, 27, 18, tzinfo=UTC)
        diary = await Diary.begin(core, booked)
        await diary.invite(SELAM, date(2027, 3, 28), time(4), booked)
        night = [datetime(2027, 3, 27, 23, 30, tzinfo=UTC) + n * MINUTE for n in range(180)]
        found = [now for now in night if await reminders.queue_due(core, now)]

        zone = core.config.organisation.zone
        assert [now.astimezone(zone).isoformat() for now in found] == ["2027-03-28T03:00:00+02:00"]
        assert len(await diary.calls()) == 1
    finally:
        await core.database.close()


async def test_moving_across_the_clock_change_plans_anew_once(diary: Diary) -> None:
    booked = datetime(2027, 3, 22, 12, tzinfo=UTC)
    meeting = await diary.invite(SELAM, date(2027, 3, 26), time(10), booked)
    core = diary.core
    async with core.database.transaction() as tx:
        appointment = await appointments.get_appointment(tx, meeting)
        client = await people.get_client(tx, appointment.client_id)
        await service.move(
            core,
            tx,
            client,
            appointment,
            local_date=date(2027, 3, 30),
            local_time=time(10),
            place=appointment.place,
            now=booked,
        )

    assert await _times(diary, booked, datetime(2027, 4, 1, tzinfo=UTC)) == [
        "2027-03-29T17:00:00+02:00",
        "2027-03-30T08:00:00+02:00",
    ]
    assert await diary.states() == {RETIRED: 2, QUEUED: 2}
