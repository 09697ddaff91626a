"""Sending a broadcast: recipients written down, fed to the outbox as it has room, and settled.

Everything is rows, in steps that each are one short transaction: a program that stops anywhere
goes on there, and nobody else waits for long.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from bot.domain.broadcasts import (
    UNDER_WAY,
    Audience,
    Broadcast,
    BroadcastState,
    DeliveryState,
    language_now,
    outcome,
)
from bot.domain.delivery import OutboxKind, OutboxState
from bot.domain.errors import NotFoundError, StorageError
from bot.domain.ids import BroadcastId, DeliveryId, TelegramMessageId
from bot.domain.languages import Language
from bot.domain.people import LinkState
from bot.services import broadcasts, menu, progress
from bot.services.broadcast_words import Content, load_content, payload_of
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import hold_until, rewrite
from bot.storage import audience, films, people
from bot.storage import broadcasts as storage
from bot.storage import deliveries as rows
from bot.storage.audience import Facts, Film, Invited
from bot.storage.database import Transaction
from bot.storage.deliveries import Call, Finished, Listed, Pending

Step = Callable[[Core, BroadcastId, datetime], Awaitable[int]]

log = logging.getLogger(__name__)

_LISTED = 500
"""So many client numbers are looked at in one transaction of the list."""

_FED = 200
"""So many messages are put into the outbox in one transaction."""

_AHEAD_SECONDS = 4
"""So much more than a tick's worth waits in the outbox, so that the sender is never without."""

_LEAST_AHEAD = 60
_PAID_PER_SECOND = 1000
_SETTLED = 1000
_ENDS_A_SERIES = frozenset({"film_over", "author_left"})
"""What will be no better next time."""

_BROUGHT_BACK = 500


async def run_due(core: Core, now: datetime) -> int:
    """Take every broadcast as far as it can go now; returns how much was done."""
    async with core.database.reading() as tx:
        due = [each.id for each in await storage.list_due(tx, now)]
        going = [each.id for each in await storage.list_under_way(tx, UNDER_WAY)]
        open_ended = await rows.list_with_open(tx)
    count = 0
    for broadcast_id in due:
        count += await _guarded(core, broadcast_id, now, _begin)
    for broadcast_id in dict.fromkeys((*due, *going, *open_ended)):
        count += await _guarded(core, broadcast_id, now, _advance)
    return count


async def _guarded(core: Core, broadcast_id: BroadcastId, now: datetime, step: Step) -> int:
    """Take a step with one broadcast; what is wrong with it keeps no other from going on."""
    try:
        return await step(core, broadcast_id, now)
    except StorageError:
        raise
    except Exception as error:  # noqa: BLE001 - the others go on, and the next tick tries again
        log.error("broadcast.failed broadcast=%s error=%s", broadcast_id, type(error).__name__)
        return 0


# --- its beginning ---------------------------------------------------------------------------


async def _begin(core: Core, broadcast_id: BroadcastId, now: datetime) -> int:
    """Let a planned broadcast begin; if it is too late or cannot be sent, its maker hears so."""
    async with core.database.transaction() as tx:
        broadcast = await storage.get_broadcast(tx, broadcast_id)
        if broadcast.state is not BroadcastState.SCHEDULED or broadcast.starts_at is None:
            return 0
        content = await load_content(core, tx, broadcast)
        author = await people.get_staff(tx, broadcast.author_id)
        hours = timedelta(hours=core.config.broadcast.cut_off_hours)
        may_go_at = hold_until(core, OutboxKind.BROADCAST, broadcast.starts_at)
        fault = content.fault(core.today(now), now)
        if not author.active:
            fault = "author_left"
        elif now >= may_go_at + hours:
            fault = "late"
        if fault is None:
            cut_off_at = broadcasts.cut_off_of(core, content, max(broadcast.starts_at, now))
            if await broadcasts.begin(core, tx, broadcast, cut_off_at=cut_off_at, now=now):
                await progress.announce(core, tx, broadcast.id, now=now)
            return 1
        to = BroadcastState.EXPIRED if fault == "late" else BroadcastState.CANCELLED
        if await storage.set_state(tx, broadcast, to, finished_at=now):
            if fault not in _ENDS_A_SERIES:
                await broadcasts.plan_next(core, tx, broadcast, now=now)
            await progress.tell_not_begun(core, tx, broadcast, fault, now=now)
    return 1


# --- one round -------------------------------------------------------------------------------


async def _advance(core: Core, broadcast_id: BroadcastId, now: datetime) -> int:
    """Write down, settle, feed, and finish, as far as each is its turn."""
    async with core.database.reading() as tx:
        broadcast = await storage.get_broadcast(tx, broadcast_id)
    count = await _settle(core, broadcast, now)
    if broadcast.state not in UNDER_WAY:
        return count
    if broadcast.cut_off_at is not None and now >= broadcast.cut_off_at:
        return count + await _expire(core, broadcast, now)
    if broadcast.state is BroadcastState.LISTING:
        count += await _list(core, broadcast, now)
    if broadcast.state is not BroadcastState.PAUSED:
        count += await _feed(core, broadcast, now)
        count += await _finish(core, broadcast, now)
    await progress.update(core, broadcast_id, now)
    return count


async def _list(core: Core, broadcast: Broadcast, now: datetime) -> int:
    """Write down who gets it, a piece of all clients at a time; returns how many those are."""
    async with core.database.reading() as tx:
        content = await load_content(core, tx, broadcast)
        meant = await _meant(tx, broadcast)
    looked_at = 0
    while True:
        async with core.database.transaction() as tx:
            present = await storage.get_broadcast(tx, broadcast.id)
            if present.state is not BroadcastState.LISTING:
                return looked_at
            more = False
            if not present.is_closed:
                more, found = await _list_piece(core, tx, present, content, meant, now=now)
                looked_at += found
            if not more:
                await storage.set_state(tx, present, BroadcastState.RUNNING)
                return looked_at + 1
        await asyncio.sleep(0)


async def _list_rest(core: Core, broadcast: Broadcast, now: datetime) -> None:
    """Write down whoever is not on the list yet, of a broadcast that sends nothing more."""
    async with core.database.reading() as tx:
        content = await load_content(core, tx, broadcast)
        meant = await _meant(tx, broadcast)
    more = True
    while more:
        async with core.database.transaction() as tx:
            present = await storage.get_broadcast(tx, broadcast.id)
            more = present.state in UNDER_WAY
            if more:
                more, _ = await _list_piece(core, tx, present, content, meant, now=now)
        await asyncio.sleep(0)


async def _meant(tx: Transaction, broadcast: Broadcast) -> Audience:
    """Return who is meant, as far as the maker's present role reaches."""
    author = await people.get_staff(tx, broadcast.author_id)
    return broadcasts.reach_of(author, broadcast.audience)


async def _list_piece(
    core: Core,
    tx: Transaction,
    broadcast: Broadcast,
    content: Content,
    meant: Audience,
    *,
    now: datetime,
) -> tuple[bool, int]:
    """Write the next piece down; returns whether there is more, and how many were added."""
    last = await audience.last_client(tx)
    upto = min(broadcast.listed_to + _LISTED, last)
    found = await audience.list_candidates(
        tx, meant, _had(core, broadcast, now), after=broadcast.listed_to, upto=upto
    )
    decided: dict[Facts, tuple[DeliveryState, Language | None]] = {}
    listed: list[Listed] = []
    for client_id, facts in found:
        known = decided.get(facts)
        if known is None:
            known = decided[facts] = outcome(audience.reader_of(facts), content.offer)
        listed.append(Listed(client_id, Language(facts[0]), known[1], known[0]))
    await rows.insert_deliveries(tx, broadcast.id, broadcast.film_id, listed, now=now)
    if upto > broadcast.listed_to:
        await storage.set_listed_to(tx, broadcast.id, upto)
    return upto < last, len(listed)


def _had(core: Core, broadcast: Broadcast, now: datetime) -> Film | Invited | None:
    """Return what nobody is to be sent who has had it; None when nothing is to be looked at."""
    if broadcast.event_id is not None:
        return Invited(broadcast.event_id)
    days = core.config.broadcast.repeat_film_days
    if broadcast.film_id is None or not days:
        return None
    return Film(broadcast.film_id, now - timedelta(days=days), broadcast.id)


# --- into the outbox, and out of it ----------------------------------------------------------


def _per_second(core: Core) -> int:
    sending = core.config.sending
    return _PAID_PER_SECOND if sending.paid_broadcast else sending.per_second


async def _feed(core: Core, broadcast: Broadcast, now: datetime) -> int:
    """Put as many messages into the outbox as the next seconds need; none in quiet hours."""
    if hold_until(core, OutboxKind.BROADCAST, now) > now:
        return 0
    seconds = core.config.scheduler.tick_seconds + _AHEAD_SECONDS
    ahead = max(_per_second(core) * seconds, _LEAST_AHEAD)
    async with core.database.reading() as tx:
        content = await load_content(core, tx, broadcast)
        waiting = await rows.count_in_state(tx, broadcast.id, DeliveryState.QUEUED, most=ahead)
        if not await rows.count_in_state(tx, broadcast.id, DeliveryState.PENDING, most=1):
            return 0
    if (fault := content.fault(core.today(now), now)) is not None:
        return await _stop(core, broadcast.id, fault, now)
    had = _had(core, broadcast, now)
    count = 0
    room = ahead - waiting
    while room > 0:
        async with core.database.transaction() as tx:
            present = await storage.get_broadcast(tx, broadcast.id)
            if present.state is not BroadcastState.RUNNING:
                return count
            turn = await rows.list_pending(tx, broadcast.id, had, limit=min(room, _FED))
            if not turn:
                return count
            room -= await _queue(tx, present, content, turn, now=now)
            count += len(turn)
        await asyncio.sleep(0)
    return count


async def _stop(core: Core, broadcast_id: BroadcastId, fault: str, now: datetime) -> int:
    """Stop a broadcast that is not to be sent any more, and tell its maker why."""
    async with core.database.transaction() as tx:
        present = await storage.get_broadcast(tx, broadcast_id)
        if present.state not in UNDER_WAY:
            return 0
        if await storage.set_state(tx, present, BroadcastState.CANCELLED, finished_at=now):
            await rows.end(tx, present.id, DeliveryState.CANCELLED, now=now)
            await progress.tell_end(core, tx, present.id, fault=fault, now=now)
    return 1


async def _queue(
    tx: Transaction,
    broadcast: Broadcast,
    content: Content,
    turn: Sequence[Pending],
    *,
    now: datetime,
) -> int:
    """Queue those whose turn it is, each as she is now; returns how many will be sent."""
    calls: list[Call] = []
    others: list[tuple[DeliveryId, DeliveryState]] = []
    for each in turn:
        state, shown = outcome(audience.reader_of(each.facts), content.offer)
        if each.closed:
            state = DeliveryState.CANCELLED
        if state is not DeliveryState.PENDING or shown is None or each.chat_id is None:
            others.append((each.id, state))
            continue
        language = Language(each.facts[0])
        words = content.words(language, shown, discreet=each.discreet, ref=f"bc:{each.id}")
        calls.append(
            Call(
                delivery_id=each.id,
                attempt=each.attempt + 1,
                client_id=each.client_id,
                chat_id=each.chat_id,
                payload=payload_of(words, each.chat_id),
                language=language,
                shown=shown,
            )
        )
    await rows.queue(tx, calls, now=now, valid_until=broadcast.cut_off_at)
    await rows.set_states(tx, others, now=now)
    return len(calls)


async def _settle(core: Core, broadcast: Broadcast, now: datetime) -> int:
    """Write down what became of the messages that are through; returns how many."""
    count = 0
    while True:
        async with core.database.reading() as tx:
            if not await rows.list_finished(tx, broadcast.id, limit=1):
                return count
        async with core.database.transaction() as tx:
            finished = await rows.list_finished(tx, broadcast.id, limit=_SETTLED)
            states = [(each.delivery_id, _became(each)) for each in finished]
            await rows.set_states(tx, states, now=now)
            count += len(finished)
        await asyncio.sleep(0)


_LINKS = {
    LinkState.STOPPED: DeliveryState.STOPPED,
    LinkState.DECLINED: DeliveryState.STOPPED,
    LinkState.UNREACHABLE: DeliveryState.UNREACHABLE,
}


def _became(finished: Finished) -> DeliveryState:
    """Return what the end of a message means for its recipient."""
    link = finished.link_state
    if finished.state is OutboxState.SENT:
        return DeliveryState.SENT
    if finished.state is OutboxState.UNCERTAIN:
        return DeliveryState.UNCERTAIN
    if finished.state is OutboxState.FAILED:
        gone = link is LinkState.UNREACHABLE
        return DeliveryState.UNREACHABLE if gone else DeliveryState.FAILED
    if finished.error == "too late":
        return DeliveryState.EXPIRED
    return _LINKS.get(link, DeliveryState.NO_LINK) if link else DeliveryState.NO_LINK


# --- its end ---------------------------------------------------------------------------------


async def _finish(core: Core, broadcast: Broadcast, now: datetime) -> int:
    """End a broadcast of which nothing is left, once nobody has come in meanwhile either."""
    async with core.database.reading() as tx:
        if await rows.has_open(tx, broadcast.id):
            return 0
    async with core.database.transaction() as tx:
        present = await storage.get_broadcast(tx, broadcast.id)
        if present.state is not BroadcastState.RUNNING or await rows.has_open(tx, present.id):
            return 0
        if not present.is_closed and await _came_in_meanwhile(core, tx, present, now=now):
            return 1
        if await storage.set_state(tx, present, BroadcastState.DONE, finished_at=now):
            await progress.tell_end(core, tx, present.id, now=now)
    return 1


async def _came_in_meanwhile(
    core: Core, tx: Transaction, broadcast: Broadcast, *, now: datetime
) -> bool:
    """Give those a turn who joined, or could be reached again, while it ran."""
    if await rows.bring_back_reachable(tx, broadcast.id, now=now, limit=_BROUGHT_BACK):
        return True
    if await audience.last_client(tx) <= broadcast.listed_to:
        return False
    content = await load_content(core, tx, broadcast)
    meant = await _meant(tx, broadcast)
    more, found = await _list_piece(core, tx, broadcast, content, meant, now=now)
    return more or found > 0


async def _expire(core: Core, broadcast: Broadcast, now: datetime) -> int:
    """Stop a broadcast whose time is over; who was not on the list yet stands there now."""
    if not broadcast.is_closed:
        await _list_rest(core, broadcast, now)
    async with core.database.transaction() as tx:
        present = await storage.get_broadcast(tx, broadcast.id)
        if present.state not in UNDER_WAY:
            return 0
        if await storage.set_state(tx, present, BroadcastState.EXPIRED, finished_at=now):
            await rows.end(tx, present.id, DeliveryState.EXPIRED, now=now)
            await progress.tell_end(core, tx, present.id, now=now)
    return 1


async def next_due(core: Core, after: datetime) -> datetime | None:
    """Return when something is next to be done for a broadcast."""
    async with core.database.reading() as tx:
        times = [await storage.next_start(tx, after)]
        going = await storage.list_under_way(tx, UNDER_WAY)
    times += [each.cut_off_at for each in going]
    if any(each.state is BroadcastState.RUNNING for each in going):
        times.append(hold_until(core, OutboxKind.BROADCAST, after))
    return min((at for at in times if at is not None and at > after), default=None)


# --- what a client does with one -------------------------------------------------------------


_TOO_LATE = {
    "film_over": "bc.film_gone",
    "event_off": "bc.event_off",
    "event_over": "bc.event_over",
}


async def open_delivery(
    core: Core, turn: Turn, delivery_id: DeliveryId, message: TelegramMessageId
) -> None:
    """Show a client on a shared phone what she was sent, in its place.

    Errors: NotFoundError when it is not hers.
    """
    async with taking(core, turn) as tx:
        client = await menu.get_client_here(tx, turn)
        delivery = await rows.get_delivery(tx, delivery_id)
        if delivery.client_id != client.id:
            msg = f"Delivery {delivery_id} is not for client {client.code}."
            raise NotFoundError(msg)
        broadcast = await storage.get_broadcast(tx, delivery.broadcast_id)
        content = await load_content(core, tx, broadcast)
        reading = await films.get_reading(tx, client.id)
        shown = language_now(delivery, reading, content.offer.languages)
        kind = OutboxKind.ANSWER
        fault = content.fault(core.today(turn.now), turn.now)
        if fault == "event_over" and content.event and not content.event.is_over(turn.now):
            fault = None  # she may still come to what is left of it
        if shown is None or fault is not None:
            text = core.texts.say(_TOO_LATE[fault or "film_over"], client.language)
            await rewrite(tx, turn, message, text, kind=kind, client=client)
            return
        words = content.words(client.language, shown, discreet=False, ref=f"bc:{delivery_id}")
        await rewrite(tx, turn, message, words.text, words.rows, kind=kind, client=client)
