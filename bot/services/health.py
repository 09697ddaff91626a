"""Whether all is well: what waits too long, who is silent, and what a person must mend."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.appointments import ReminderKind
from bot.domain.delivery import InboxState, OutboxKind, OutboxState
from bot.domain.errors import StorageError
from bot.services.core import Core
from bot.storage import figures
from bot.storage.figures import Figures
from bot.telemetry import Queue, Telemetry

log = logging.getLogger(__name__)

LATE_CALL = timedelta(minutes=5)
"""How long a call may be due before somebody should look."""

LATE_UPDATE = timedelta(seconds=60)
"""How long an update may wait to be handled before somebody should look."""

_PATIENCE_SECONDS = 5.0
_DUE, _LATER, _OVERDUE = "due", "later", "overdue"
_Name = tuple[str, str, str]
_TRANSLATIONS: _Name = ("translations", "message", "pending")
_CALL_STATES = (
    _DUE,
    _LATER,
    *(state for state in figures.UNFINISHED if state is not OutboxState.QUEUED),
)
_NAMES: tuple[_Name, ...] = (
    ("inbox", "update", InboxState.NEW),
    ("inbox", "update", InboxState.QUARANTINED),
    *(("outbox", kind, state) for kind in OutboxKind for state in _CALL_STATES),
    _TRANSLATIONS,
    *(("reminders", kind, _OVERDUE) for kind in ReminderKind),
)
"""Every queue by name, kind and state."""


@dataclass(frozen=True, slots=True)
class Health:
    """How the bot is doing; `reasons` say in a sentence each why it is not ready.

    `queues` names every queue, also the empty ones; nothing when the database is away.
    """

    ready: bool
    live: bool
    reasons: tuple[str, ...]
    queues: tuple[Queue, ...]


async def look(core: Core, telemetry: Telemetry, now: datetime) -> Health:
    """Look at everything once. Never fails: that the database is away is an answer as well."""
    told = [*telemetry.stalls(), *telemetry.troubles()]
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS), core.database.reading() as tx:
            found = await figures.read(tx, now)
    except StorageError as error:
        return Health(ready=False, live=False, reasons=(str(error), *told), queues=())
    except TimeoutError:
        reason = (
            f"The database gave no answer within {_PATIENCE_SECONDS:.0f} s. "
            "Look at its server or disk."
        )
        return Health(ready=False, live=False, reasons=(reason, *told), queues=())
    except Exception as error:  # noqa: BLE001 - whatever an engine says, the question is answered
        log.error("health.unread error=%s", type(error).__name__)
        reason = (
            f"The database cannot be read ({type(error).__name__}). "
            "Look at its server or file; restore a backup if it is damaged."
        )
        return Health(ready=False, live=False, reasons=(reason, *told), queues=())
    reasons = (*told, *_late(found, now))
    return Health(ready=not reasons, live=True, reasons=reasons, queues=_queues(found, now))


def _late(found: Figures, now: datetime) -> list[str]:
    """Return a sentence for each queue that waits for too long."""
    reasons = []
    for updates in found.updates:
        age = now - updates.oldest_at
        if updates.state is InboxState.NEW and age > LATE_UPDATE:
            reasons.append(
                f"handle: an update waits for {_words(age)} to be handled, normally at most "
                f"{_words(LATE_UPDATE)}. Look in the log for what fails; if nothing does, "
                "restart the bot."
            )
    for kind, since in found.oldest_due:
        age = now - since
        # A broadcast to many lasts for hours, and its last call waits for as long: that is no
        # trouble. That nothing goes out any more shows in the other kinds and in the silence.
        if kind is not OutboxKind.BROADCAST and age > LATE_CALL:
            reasons.append(
                f"send: a call of kind {kind} is due for {_words(age)}, normally at most "
                f"{_words(LATE_CALL)}. Look at the network and in the log for what fails."
            )
    return reasons


def _words(age: timedelta) -> str:
    seconds = int(age.total_seconds())
    limit = 120
    return f"{seconds} s" if seconds < limit else f"{seconds // 60} min"


def _queues(found: Figures, now: datetime) -> tuple[Queue, ...]:
    """Return every queue, with 0 where nothing waits: a gauge must not keep its last value."""
    lengths = dict.fromkeys(_NAMES, 0)
    since = dict.fromkeys(_NAMES, now)

    def add(name: _Name, length: int, oldest_at: datetime) -> None:
        lengths[name] += length
        since[name] = min(since[name], oldest_at)

    for updates in found.updates:
        add(("inbox", "update", updates.state), updates.length, updates.oldest_at)
    for calls in found.calls:
        state: str = calls.state
        if calls.state is OutboxState.QUEUED:
            state = _DUE if calls.due else _LATER
        add(("outbox", calls.kind, state), calls.length, calls.oldest_at)
    for overdue in found.reminders:
        add(("reminders", overdue.kind, _OVERDUE), overdue.length, overdue.oldest_at)
    add(_TRANSLATIONS, found.translations, found.oldest_translation_at or now)
    return tuple(
        Queue(*name, lengths[name], (now - since[name]).total_seconds()) for name in _NAMES
    )
