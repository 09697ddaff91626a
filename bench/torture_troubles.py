"""The trials: kills by the hundred, a full disk, a locked database, Telegram away."""

import asyncio
import resource
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing

import psycopg
import sqlalchemy as sa

from bench.torture_killer import WHEN_ALL_WAIT, Death, end
from bench.torture_trial import NEVER, Trial
from bot.steps import Step

_ROUNDS = 4
_PAGE_BYTES = 4096
_FULL_SECONDS = 4.0
_WAVE = 14
_MORE_TURNS = 6
_ENDS_BORNE = 3
_TIME_WORK_EVERY = 4
"""At how many starts once appointments and broadcasts are put down; at the others nobody but the
bot opens its database between a kill and the next start."""

_SHARE_OF_APPOINTMENTS, _SHARE_OF_BROADCASTS = 0.03, 0.2


async def kills(
    trial: Trial, deaths: Sequence[Death], messages: int, progress: Callable[[int, int], None]
) -> None:
    """Kill at every planned place, with people writing and the weather changing all the time."""
    appointments = int(messages * _SHARE_OF_APPOINTMENTS)
    broadcasts = int(messages * _SHARE_OF_BROADCASTS)
    # An appointment is an invitation and a reminder.
    conversation = messages - 2 * appointments - broadcasts
    turns = len(deaths)
    for number, death in enumerate(deaths):
        if number % _TIME_WORK_EVERY == 0:
            upto = min(number + _TIME_WORK_EVERY, turns)
            await trial.time_and_broadcast(
                appointments * upto // turns - appointments * number // turns,
                broadcasts * upto // turns - broadcasts * number // turns,
            )
        after = deaths[number + 1] if number + 1 < turns else None
        wave = conversation * (number + 1) // turns - conversation * number // turns
        await _one_kill(trial, death, after, wave)
        progress(number + 1, turns)
        if len(trial.killer.toll.ended) > _ENDS_BORNE:
            return  # it does not run at all; the end of the trial says so
    # A step that was not reached when its turn came gets another one, with more to do.
    for _ in range(_MORE_TURNS):
        if turns < len(Step) or not (unhit := trial.killer.toll.unhit):
            break
        await _one_kill(trial, Death(unhit[0], nth=1), None, _WAVE)


async def _one_kill(trial: Trial, death: Death, after: Death | None, wave: int) -> None:
    """Let one bot live and die; half of the wave waits for it, half comes while it works."""
    trial.let_write(wave // 2)
    if death == Death(Step.MARKED, WHEN_ALL_WAIT):
        trial.weather.clears()
        trial.weather.keeps_all_waiting()
    else:
        trial.weather.changes()
    victim = await trial.killer.next(death, after)
    async with asyncio.TaskGroup() as group:
        group.create_task(trial.weather.may_cut_the_line())
        await trial.killer.kill(victim, lambda: trial.let_write(wave - wave // 2))
    if death.nth == WHEN_ALL_WAIT:
        trial.weather.clears()
    trial.doubtful.append(await asyncio.to_thread(trial.books.count_sending))
    trial.weather.notice()


async def full_disk(trial: Trial) -> None:
    """Let the disk fill up in the midst of work, a little later each time."""
    file = trial.books.file
    if file is None:
        return
    for number in range(_ROUNDS):
        if number == 1:
            await trial.time_and_broadcast(2, 4)
        trial.let_write(_WAVE)
        victim = await trial.killer.next(NEVER, NEVER)
        await trial.until_called(victim, number + 1)
        log = file.with_name(file.name + "-wal")
        size = log.stat().st_size if log.exists() else 0
        limit = size + number * _PAGE_BYTES
        if victim.alive:
            resource.prlimit(victim.process.pid, resource.RLIMIT_FSIZE, (limit, limit))
        trial.let_write(_WAVE)
        ended = await victim.gone(_FULL_SECONDS)
        trial.notes.append("it ended" if ended else "it went on")
        # There is room again: the limit was that of this process alone.
        await end(victim)


async def locked_database(trial: Trial, seconds: float) -> None:
    """Let another program hold the database, and start the bot anew whenever it gives up."""
    await trial.time_and_broadcast(2, 4)
    trial.let_write(_WAVE)
    victim = await trial.killer.next(NEVER, NEVER)
    await trial.until_called(victim, 1)
    gave_up = 0
    async with _locked(trial):
        trial.let_write(_WAVE)
        over = asyncio.get_running_loop().time() + seconds
        while (left := over - asyncio.get_running_loop().time()) > 0:
            if await victim.gone(left):
                gave_up += 1
                victim = await trial.killer.next(NEVER, NEVER)
    trial.let_write(_WAVE)
    await trial.all_is_written(_FULL_SECONDS)
    await end(victim)
    trial.notes.append(f"it gave up {gave_up} times")


@asynccontextmanager
async def _locked(trial: Trial) -> AsyncIterator[None]:
    if trial.books.file is not None:
        with closing(sqlite3.connect(trial.books.file, isolation_level=None)) as connection:
            connection.execute("PRAGMA busy_timeout=20000")
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")
        return
    url = sa.make_url(trial.books.url).set(drivername="postgresql")
    uri = url.render_as_string(hide_password=False)
    async with await psycopg.AsyncConnection.connect(uri) as connection:
        await connection.execute("lock table inbox, outbox in access exclusive mode")
        yield
        await connection.rollback()


async def telegram_away(trial: Trial, seconds: float) -> None:
    """Let nobody answer for a long while, with work on hand and work coming due."""
    await trial.time_and_broadcast(4, 8)
    trial.let_write(_WAVE)
    victim = await trial.killer.next(NEVER, NEVER)
    await trial.until_called(victim, 1)
    await trial.town.vanishes()
    trial.let_write(_WAVE)
    ended = await victim.gone(seconds)
    if ended:
        trial.killer.toll.ended.append("it ended while Telegram was away")
    await trial.town.returns()
    await trial.all_is_written(_FULL_SECONDS)
    await end(victim)
