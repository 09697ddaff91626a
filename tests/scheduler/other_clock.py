"""A clock in a process of its own: `python -m tests.scheduler.other_clock JOB URL NOW [WHAT N]`.

`queue` queues what is due at NOW, `plan` plans a reminder for each appointment. It says that it
is ready, waits for a line, works, and says how much it did. With WHAT and N it kills itself once
it has `worded` or `planned` N reminders, in the middle of a transaction, or `committed` N times.
"""

import asyncio
import os
import signal
import sys
from datetime import datetime

import sqlalchemy as sa

from bot.config import Config
from bot.domain.appointments import ReminderKind
from bot.domain.languages import Language
from bot.services import reminders
from bot.services.core import Core
from bot.storage import appointments, schema
from bot.storage.database import Database, Pulse
from bot.texts import Texts, Value

_lives: dict[str, int] = {}


def _spend(what: str) -> None:
    """Go on, or die when there have been enough of these."""
    if what in _lives:
        if _lives[what] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        _lives[what] -= 1


class MortalPulse(Pulse):
    """A pulse that may be the last."""

    def beat(self) -> None:
        super().beat()
        _spend("committed")


class MortalTexts(Texts):
    """Catalogues whose reader may die while reading."""

    def say(self, text_id: str, locale: Language, **values: Value) -> str:
        _spend("worded")
        return super().say(text_id, locale, **values)


async def _queue(core: Core, now: datetime) -> int:
    total = 0
    while count := await reminders.queue_due(core, now):
        total += count
    return total


async def _plan(core: Core, now: datetime) -> int:
    async with core.database.reading() as tx:
        ids = [row["id"] for row in await tx.rows(sa.select(schema.appointments.c.id))]
    total = 0
    for start in range(0, len(ids), 10):
        async with core.database.transaction() as tx:
            for appointment_id in ids[start : start + 10]:
                _spend("planned")
                total += await appointments.plan_reminder(
                    tx, appointment_id, revision=1, kind=ReminderKind.DAY_BEFORE, due_at=now
                )
    return total


async def _main(job: str, url: str, now: datetime) -> None:
    database = await Database.open(url)
    database.commits = MortalPulse()
    core = Core(database, MortalTexts.load(), Config(), "taalbrug_town_bot")
    print("ready", flush=True)  # noqa: T201 - the other end of the pipe waits for it
    await asyncio.to_thread(sys.stdin.readline)
    done = await (_queue if job == "queue" else _plan)(core, now)
    await database.close()
    print(done, flush=True)  # noqa: T201


if __name__ == "__main__":
    if sys.argv[4:]:
        _lives[sys.argv[4]] = int(sys.argv[5])
    asyncio.run(_main(sys.argv[1], sys.argv[2], datetime.fromisoformat(sys.argv[3])))
