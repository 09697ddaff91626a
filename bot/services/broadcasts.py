"""The steps of a broadcast: who may take which, and what each leaves behind.

These are called inside the transaction of whoever took the step.
"""

from datetime import datetime, timedelta

from bot.domain.broadcasts import (
    FINAL,
    Audience,
    AudiencePart,
    Broadcast,
    BroadcastState,
    DeliveryState,
    Repeat,
    occurrence_at,
    occurrence_day,
)
from bot.domain.delivery import OutboxKind
from bot.domain.errors import NotFoundError, TransitionError
from bot.domain.ids import BroadcastId, ClientId, EventId
from bot.domain.people import Role, Staff
from bot.services import event_words, menu
from bot.services.broadcast_words import Content, load_content
from bot.services.core import Core, Turn
from bot.services.outgoing import hold_until
from bot.storage import broadcasts as storage
from bot.storage import deliveries, events, tasks
from bot.storage.database import Transaction


async def get_maker(core: Core, tx: Transaction, turn: Turn) -> Staff:
    """Return who is here, if they may send to many; errors: NotFoundError when they may not."""
    person = await menu.get_staff_here(core, tx, turn)
    if not {Role.COORDINATOR, Role.COACH} & set(person.roles):
        msg = f"{person.code} sends no broadcasts; coaches and coordinators do."
        raise NotFoundError(msg)
    return person


def reach_of(person: Staff, audience: Audience) -> Audience:
    """Return whom of an audience somebody reaches: a coach the own clients, come what may."""
    if Role.COORDINATOR in person.roles:
        return audience
    return Audience({**audience.parts, AudiencePart.COACH: frozenset({str(person.id)})})


async def get_broadcast_for(
    core: Core,  # noqa: ARG001 - like all that services offer each other
    tx: Transaction,
    person: Staff,
    broadcast_id: BroadcastId,
) -> Broadcast:
    """Return a broadcast that somebody may see: a coordinator all, a coach the own.

    Errors: NotFoundError.
    """
    broadcast = await storage.get_broadcast(tx, broadcast_id)
    if broadcast.author_id != person.id and Role.COORDINATOR not in person.roles:
        msg = f"Broadcast {broadcast_id} is not {person.code}'s; look at the own ones."
        raise NotFoundError(msg)
    return broadcast


async def _audit(
    tx: Transaction, person: Staff, action: str, broadcast: Broadcast, now: datetime
) -> None:
    await tasks.insert_audit(
        tx,
        actor=person.code,
        action=f"broadcast_{action}",
        about=f"broadcast:{broadcast.id}",
        now=now,
    )


async def submit(
    core: Core, tx: Transaction, broadcast: Broadcast, person: Staff, *, now: datetime
) -> bool:
    """Hand a draft in: for a second person's approval, or, where none is asked, to be sent.

    From here on it reaches nobody whom its maker does not reach now, also when the maker gets
    another role. Returns False when somebody was first.
    """
    reached = reach_of(person, broadcast.audience).to_json()
    if core.config.broadcast.approval:
        done = await storage.set_state(tx, broadcast, BroadcastState.REVIEW, audience=reached)
    else:
        done = await _schedule(core, tx, broadcast, now=now, audience=reached)
    if done:
        await _audit(tx, person, "submit", broadcast, now)
    return done


async def _schedule(
    core: Core, tx: Transaction, broadcast: Broadcast, *, now: datetime, **values: object
) -> bool:
    zone = core.config.organisation.zone
    first_day, clock = broadcast.first_day, broadcast.clock
    starts_at = now
    if first_day is None or clock is None:
        local = hold_until(core, OutboxKind.BROADCAST, now).astimezone(zone)
        first_day, clock = local.date(), local.time().replace(second=0, microsecond=0)
    else:
        starts_at = occurrence_at(first_day, clock, broadcast.repeat, broadcast.occurrence, zone)
    return await storage.set_state(
        tx,
        broadcast,
        BroadcastState.SCHEDULED,
        first_day=first_day,
        clock=clock,
        starts_at=starts_at,
        **values,
    )


async def approve(
    core: Core,
    tx: Transaction,
    broadcast: Broadcast,
    person: Staff,
    *,
    revision: int,
    now: datetime,
) -> bool:
    """Approve what somebody else made, as it was when it was looked at; False when not first.

    Errors: TransitionError for the author, for who is no coordinator, and for what changed.
    """
    if person.id == broadcast.author_id or Role.COORDINATOR not in person.roles:
        msg = f"Broadcast {broadcast.id} must be approved by a coordinator who did not make it."
        raise TransitionError(msg)
    if broadcast.revision != revision or broadcast.state is not BroadcastState.REVIEW:
        msg = f"Broadcast {broadcast.id} is not what was looked at; look at it anew."
        raise TransitionError(msg)
    done = await _schedule(core, tx, broadcast, now=now, approver_id=person.id)
    if done:
        await _audit(tx, person, "approve", broadcast, now)
    return done


async def withdraw(tx: Transaction, broadcast: Broadcast, person: Staff, *, now: datetime) -> bool:
    """Make a draft again of what is looked at or planned; False when it has begun meanwhile."""
    done = await storage.set_state(
        tx,
        broadcast,
        BroadcastState.DRAFT,
        approver_id=None,
        starts_at=None,
        revision=broadcast.revision + 1,
    )
    if done:
        await _audit(tx, person, "withdraw", broadcast, now)
    return done


def cut_off_of(core: Core, content: Content, starts_at: datetime) -> datetime:
    """Return until when what begins at this moment may go out.

    The hours count from when it may go at all: the quiet hours do not take from them.
    """
    hours = timedelta(hours=core.config.broadcast.cut_off_hours)
    cut_off_at = hold_until(core, OutboxKind.BROADCAST, starts_at) + hours
    return cut_off_at if content.event is None else min(cut_off_at, content.event.starts_at)


async def begin(
    core: Core, tx: Transaction, broadcast: Broadcast, *, cut_off_at: datetime, now: datetime
) -> bool:
    """Let a planned broadcast begin, and plan the one after it; False when it has already."""
    done = await storage.set_state(
        tx, broadcast, BroadcastState.LISTING, begun_at=now, cut_off_at=cut_off_at
    )
    if done:
        await plan_next(core, tx, broadcast, now=now)
    return done


async def plan_next(core: Core, tx: Transaction, broadcast: Broadcast, *, now: datetime) -> None:
    """Plan the next occurrence of a broadcast that comes back."""
    first_day, clock = broadcast.first_day, broadcast.clock
    if broadcast.repeat is Repeat.NEVER or first_day is None or clock is None:
        return
    number = broadcast.occurrence + 1
    day = occurrence_day(first_day, broadcast.repeat, number)
    event_id = broadcast.event_id
    if event_id is not None:
        days = (day - occurrence_day(first_day, broadcast.repeat, broadcast.occurrence)).days
        event_id = await event_words.copy_event(core, tx, event_id, days=days, now=now)
    await storage.insert_occurrence(
        tx,
        broadcast,
        occurrence=number,
        event_id=event_id,
        starts_at=occurrence_at(
            first_day, clock, broadcast.repeat, number, core.config.organisation.zone
        ),
        now=now,
    )


async def pause(tx: Transaction, broadcast: Broadcast, person: Staff, *, now: datetime) -> bool:
    """Let nothing more go out until somebody says so; what is being sent at this moment goes."""
    if broadcast.state not in {BroadcastState.LISTING, BroadcastState.RUNNING}:
        return False
    done = await storage.set_state(tx, broadcast, BroadcastState.PAUSED)
    if done:
        await deliveries.take_back(tx, deliveries.of_broadcast(broadcast.id), now=now)
        await _audit(tx, person, "pause", broadcast, now)
    return done


async def go_on(tx: Transaction, broadcast: Broadcast, person: Staff, *, now: datetime) -> bool:
    """Let a paused broadcast go on where it stopped."""
    if broadcast.state is not BroadcastState.PAUSED:
        return False
    done = await storage.set_state(tx, broadcast, BroadcastState.LISTING)
    if done:
        await _audit(tx, person, "go_on", broadcast, now)
    return done


async def cancel(tx: Transaction, broadcast: Broadcast, person: Staff, *, now: datetime) -> bool:
    """Call a broadcast off for whoever has not been sent it; False when it is over already."""
    if broadcast.state in FINAL:
        return False
    done = await storage.set_state(tx, broadcast, BroadcastState.CANCELLED, finished_at=now)
    if done:
        await deliveries.end(tx, broadcast.id, DeliveryState.CANCELLED, now=now)
        copied = broadcast.state is BroadcastState.SCHEDULED and broadcast.occurrence
        event_id = broadcast.event_id if copied else None
        if event_id is not None and not await events.list_sign_ups(tx, event_id):
            await events.cancel_event(tx, event_id, now=now)  # nobody was ever invited to it
        await _audit(tx, person, "cancel", broadcast, now)
    return done


async def retry_failed(
    core: Core, tx: Transaction, broadcast: Broadcast, person: Staff, *, now: datetime
) -> int:
    """Send once more to those whom it certainly did not reach; returns how many those are.

    Errors: TransitionError when it is not over, was called off, or cannot be sent any more.
    """
    if broadcast.state not in {BroadcastState.DONE, BroadcastState.EXPIRED}:
        msg = f"Broadcast {broadcast.id} is {broadcast.state}; only what is over can be retried."
        raise TransitionError(msg)
    content = await load_content(core, tx, broadcast)
    if (fault := content.fault(core.today(now), now)) is not None:
        msg = f"Broadcast {broadcast.id} cannot be sent any more: {fault}."
        raise TransitionError(msg)
    count = await deliveries.try_again(tx, broadcast.id, now=now)
    if not count:
        return 0
    cut_off_at = cut_off_of(core, content, now)
    if not await storage.set_state(tx, broadcast, BroadcastState.RUNNING, cut_off_at=cut_off_at):
        msg = f"Broadcast {broadcast.id} was taken up by somebody else just now."
        raise TransitionError(msg)
    await _audit(tx, person, "retry", broadcast, now)
    return count


async def cancel_of_event(
    core: Core,  # noqa: ARG001 - like all that services offer each other
    tx: Transaction,
    event_id: EventId,
    person: Staff,
    *,
    now: datetime,
) -> None:
    """Call off what still invites to an event that does not go on.

    A planned one that comes back stays: at its time it is skipped, and the next one is planned.
    """
    for broadcast in await storage.list_of_event(tx, event_id):
        planned = broadcast.state is BroadcastState.SCHEDULED
        if broadcast.state in FINAL or (planned and broadcast.repeat is not Repeat.NEVER):
            continue
        await cancel(tx, broadcast, person, now=now)


async def take_back_from(tx: Transaction, client_id: ClientId, *, now: datetime) -> None:
    """Take what waits for a client back, since something about her changed: her turn comes again.

    Then it is looked at once more whether, and in which language, she is sent it.
    """
    await deliveries.take_back(tx, deliveries.of_client(client_id), now=now)
