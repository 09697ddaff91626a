"""Updates: kept before they are confirmed, handled in order, put apart when they cannot be."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from bot.domain.delivery import HANDLING_ATTEMPTS, InboxState, Incoming, backoff_seconds
from bot.domain.errors import StorageError
from bot.domain.ids import ChatId, InboxId
from bot.services.core import Core
from bot.services.outgoing import give_task
from bot.storage import inbox, links, people
from bot.storage.database import Transaction

log = logging.getLogger(__name__)

_Tell = Callable[[Core, Transaction, Incoming, datetime], Awaitable[None]]


async def accept(
    core: Core,
    bot_id: int,
    updates: Sequence[tuple[int, int, str]],
    *,
    next_update_id: int,
    now: datetime,
) -> int:
    """Keep a batch of updates (id, lane, raw text); only then may Telegram be told."""
    async with core.database.transaction() as tx:
        return await inbox.insert_updates(
            tx, bot_id, updates, next_update_id=next_update_id, now=now
        )


async def next_update_id(core: Core, bot_id: int) -> int | None:
    """Return from which update on Telegram is to be asked."""
    async with core.database.reading() as tx:
        return await inbox.next_update_id(tx, bot_id)


async def list_ready(core: Core, now: datetime) -> list[Incoming]:
    """Return the next update of each lane."""
    async with core.database.reading() as tx:
        return await inbox.list_lane_heads(tx, now)


async def ignore(core: Core, inbox_id: InboxId, now: datetime) -> None:
    """Mark an update done that is of no interest to anybody."""
    async with core.database.transaction() as tx:
        await inbox.finish(tx, inbox_id, state=InboxState.DONE, now=now)


async def fail(core: Core, update: Incoming, error: str, now: datetime, *, final: bool) -> None:
    """Try an update again later, or put it apart with a task for a person; its lane goes on.

    `error` names what went wrong without any of the message's words.
    """
    if not final and update.attempts + 1 < HANDLING_ATTEMPTS:
        async with core.database.transaction() as tx:
            wait = timedelta(seconds=backoff_seconds(update.attempts + 1))
            await inbox.postpone(tx, update.id, not_before=now + wait, error=error)
        return
    for tell in (_tell_coach, _tell_coordinators):
        try:
            await _put_apart(core, update, error, now, tell)
        except StorageError:
            raise  # nothing can be kept at all
        except Exception as problem:  # noqa: BLE001 - what broke the update may break this too
            log.error("inbox.untold inbox=%s error=%s", update.id, type(problem).__name__)
        else:
            return
    await _put_apart(core, update, error, now, None)


async def _put_apart(
    core: Core, update: Incoming, error: str, now: datetime, tell: _Tell | None
) -> None:
    async with core.database.transaction() as tx:
        await inbox.finish(tx, update.id, state=InboxState.QUARANTINED, error=error[:300], now=now)
        if tell is not None:
            await tell(core, tx, update, now)


async def _tell_coach(core: Core, tx: Transaction, update: Incoming, now: datetime) -> None:
    """Give the task to the coach of the client who wrote; to the coordinators if it was none."""
    link = await links.find_link(tx, chat_id=ChatId(update.lane)) if update.lane else None
    if link is None or link.client_id is None:
        await _tell_coordinators(core, tx, update, now)
        return
    client = await people.get_client(tx, link.client_id)
    key, number = str(update.id), update.id
    await give_task(core, tx, "quarantined_client", key, client, now=now, nummer=number)


async def _tell_coordinators(core: Core, tx: Transaction, update: Incoming, now: datetime) -> None:
    await give_task(core, tx, "quarantined", str(update.id), None, now=now, nummer=update.id)
