"""Updates: kept before they are confirmed, handled in order, put apart when they cannot be."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.delivery import (
    HANDLING_ATTEMPTS,
    InboxState,
    Incoming,
    JsonValue,
    backoff_seconds,
)
from bot.domain.errors import NotFoundError, StorageError, TransitionError
from bot.domain.ids import ChatId, InboxId
from bot.services.core import Core
from bot.services.outgoing import give_task
from bot.storage import inbox, links, people, tasks
from bot.storage.database import Transaction

log = logging.getLogger(__name__)

_Tell = Callable[[Core, Transaction, Incoming, datetime], Awaitable[None]]


async def accept(
    core: Core,
    bot_id: int,
    updates: Sequence[tuple[int, int, str]],
    *,
    next_update_id: int | None,
    now: datetime,
) -> int:
    """Keep a batch of updates (id, lane, raw text); only then may Telegram be told.

    `next_update_id` is None when they did not come in order. Returns how many were new.
    """
    async with core.database.transaction() as tx:
        return await inbox.insert_updates(
            tx, bot_id, updates, next_update_id=next_update_id, now=now
        )


QUIET = timedelta(days=6)
"""After a week without updates Telegram may begin anew with lower numbers; it keeps none longer
than a day."""


async def next_update_id(core: Core, bot_id: int, now: datetime) -> int | None:
    """Return from which update on Telegram is to be asked; None: from the first it has.

    So it is after a long silence, when the numbers may have begun anew: asking from the old one
    on would throw the new ones away.
    """
    async with core.database.reading() as tx:
        last = await inbox.last_received_at(tx, bot_id)
        if last is None or now - last > QUIET:
            return None
        return await inbox.next_update_id(tx, bot_id)


async def forget_old(core: Core, now: datetime) -> int:
    """Forget updates that were handled so long ago that they cannot come again.

    Their numbers can. Returns how many were forgotten.
    """
    async with core.database.transaction() as tx:
        return await inbox.delete_handled(tx, now - QUIET)


async def forget_cursor(core: Core, bot_id: int) -> None:
    """Have the next poller ask for everything that Telegram still keeps.

    Numbers may start anew, and lower, while a webhook gets them: an old cursor would then confirm
    updates that nobody has. What comes again is recognised.
    """
    async with core.database.transaction() as tx:
        await inbox.forget_cursor(tx, bot_id)


async def list_ready(core: Core, now: datetime, *, limit: int) -> list[Incoming]:
    """Return the next update of each lane, oldest first."""
    async with core.database.reading() as tx:
        return await inbox.list_lane_heads(tx, now, limit=limit)


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
        put = await inbox.finish(
            tx, update.id, state=InboxState.QUARANTINED, error=error[:300], now=now
        )
        if put and tell is not None:
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


@dataclass(frozen=True, slots=True)
class Apart:
    """An update as whoever runs the bot looks at it: whose, of what kind, and how it went."""

    id: InboxId
    owner: str
    """The code of the person whose chat it came from, or `unknown`."""
    kind: str
    """As Telegram names it: message, callback_query …"""
    state: InboxState
    received_at: datetime
    tries: int
    reason: str
    """What went wrong the last time, without any of the message's words; may be empty."""


async def list_apart(core: Core, *, limit: int) -> list[Apart]:
    """Return the updates that were put apart, and then those that wait, oldest first."""
    async with core.database.reading() as tx:
        return [_apart(row) for row in await inbox.list_unhandled(tx, limit=limit)]


async def show_one(
    core: Core, inbox_id: InboxId, *, words: bool, now: datetime
) -> tuple[Apart, str]:
    """Return an update and how it is built; `words` shows what people wrote, and is recorded.

    Errors: NotFoundError when there is no such update.
    """
    async with core.database.transaction() as tx:
        row = await _find(tx, inbox_id)
        if words:
            await tasks.insert_audit(
                tx, actor="operator", action="inbox_words", about=f"inbox:{inbox_id}", now=now
            )
    raw = _parsed(row.raw)
    if raw is None:
        if not row.raw:
            return _apart(row), "(wiped)"
        unread = row.raw if words else f"({len(row.raw)} characters that cannot be read)"
        return _apart(row), "".join(map(_visible, unread))
    try:
        shown = json.dumps(raw if words else _without_words(raw), indent=2, ensure_ascii=False)
    except RecursionError:
        return _apart(row), "(too deep to show)"
    return _apart(row), "".join(map(_visible, shown))


async def retry(core: Core, inbox_id: InboxId | None, now: datetime) -> list[InboxId]:
    """Have an update handled anew, in its own chat's order; all that were put apart for None.

    Its tasks are done with that. A running bot takes it up by itself. Errors: NotFoundError
    when there is no such update, TransitionError when it was handled already.
    """
    async with core.database.transaction() as tx:
        chosen = [inbox_id] if inbox_id is not None else await inbox.list_put_apart(tx)
        for each in chosen:
            row = await _find(tx, each)
            # Past for the bot's clock too, which is not ours in a demo.
            if not await inbox.renew_update(tx, each, not_before=min(row.received_at, now)):
                msg = (
                    f"Update {each} was handled already ({row.received_at:%Y-%m-%d}); it is not "
                    "handled twice. See `taalbrug inbox list` for those that wait."
                )
                raise TransitionError(msg)
            await inbox.close_tasks_of(tx, each, now)
            await tasks.insert_audit(
                tx, actor="operator", action="inbox_retry", about=f"inbox:{each}", now=now
            )
    return chosen


async def _find(tx: Transaction, inbox_id: InboxId) -> inbox.InboxRow:
    row = await inbox.find_update(tx, inbox_id)
    if row is None:
        msg = f"There is no update {inbox_id}. See the numbers with `taalbrug inbox list`."
        raise NotFoundError(msg)
    return row


def _apart(row: inbox.InboxRow) -> Apart:
    raw = _parsed(row.raw) or {}
    kind = next((name for name in raw if name != "update_id"), "?")
    return Apart(
        id=row.id,
        owner=row.code or "unknown",
        kind="".join(map(_visible, kind[:40])),
        state=row.state,
        received_at=row.received_at,
        # The try that put it apart was not followed by a wait, and so not counted.
        tries=row.attempts + (row.state is not InboxState.NEW),
        reason=row.error or "",
    )


def _parsed(raw: str) -> dict[str, JsonValue] | None:
    try:
        value: JsonValue = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return dict(value) if isinstance(value, Mapping) else None


def _without_words(value: JsonValue) -> JsonValue:
    """Return the same structure with the length of each text in its place, and no coordinates."""
    if isinstance(value, Mapping):
        return {name: _without_words(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_without_words(part) for part in value]
    if isinstance(value, str):
        return f"({len(value)} characters)"
    return "(number)" if isinstance(value, float) else value


def _visible(sign: str) -> str:
    """Return a character as a terminal may show it: none that controls or turns the line."""
    harmless = sign.isprintable() or sign in "\n\u200c\u200d"
    return sign if harmless else f"\\u{ord(sign):04x}"
