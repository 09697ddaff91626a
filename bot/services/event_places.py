"""The places of an event: who gets one, who hears of it, and who leaves hers."""

import logging
from collections.abc import Sequence
from datetime import datetime

from bot.domain.delivery import OutboxKind
from bot.domain.errors import StorageError
from bot.domain.events import (
    Event,
    EventMode,
    EventState,
    Session,
    SignUp,
    SignUpState,
    free_sessions,
    has_room,
    list_in_line,
    remind_until,
)
from bot.domain.ids import ClientId, EventId, OutboxId
from bot.domain.people import Client, ClientStatus
from bot.services import event_words
from bot.services.core import Core
from bot.services.outgoing import (
    Button,
    Rows,
    client_lane,
    hold_until,
    in_pairs,
    live_link,
    text_payload,
)
from bot.storage import events as storage
from bot.storage import outbox, people, tasks
from bot.storage.database import Transaction

log = logging.getLogger(__name__)


def cannot_button(core: Core, event: Event, client: Client) -> Rows:
    """Return the button by which somebody who would come says that she does not."""
    return in_pairs(Button(core.texts.label("btn.cannot", client.language), f"ev:{event.id}:no"))


# --- places ----------------------------------------------------------------------------------


async def put(
    core: Core,
    tx: Transaction,
    event: Event,
    client: Client,
    mine: SignUp | None,
    state: SignUpState,
    number: int | None = None,
    *,
    now: datetime,
) -> SignUp:
    """Keep what she says now; a place that she leaves goes to whoever waits for it longest."""
    if mine is not None and mine.state is state is SignUpState.WAITING:
        return mine  # since when she stands in line counts
    # What was about to be said to her belongs to what she said before.
    await take_back(tx, event.id, client.id, now=now)
    await storage.put_sign_up(tx, event.id, client.id, state, session=number, now=now)
    await tasks.insert_audit(
        tx, actor=client.code, action=f"event_{state}", about=f"event:{event.id}", now=now
    )
    if mine is not None and mine.state is SignUpState.COMING:
        await give_places(core, tx, event, now=now)
    return SignUp(client.id, state, number, asked_at=now, changed_at=now)


async def give_places(
    core: Core,
    tx: Transaction,
    event: Event,
    *,
    before: ClientId | None = None,
    now: datetime,
) -> int:
    """Give the places that are free to those who wait longest; returns how many were given.

    Who cannot be written to goes on waiting; nobody is given a time of which she would hear too
    late. With `before`, only those who stand in line before that client.
    """
    given = 0
    sign_ups = await storage.list_sign_ups(tx, event.id)
    for each in list_in_line(sign_ups):
        session = _place_for(core, event, sign_ups, now)
        if session is None or each.client_id == before:
            break
        client = await people.get_client(tx, each.client_id)
        number = session.number if event.mode is EventMode.ONE else None
        told = await tell(
            core,
            tx,
            event,
            client,
            event_words.told(core, "bc.place", event, session, client.language, rest=True),
            cannot_button(core, event, client),
            kind=OutboxKind.CONVERSATION,
            valid_until=session.starts_at,
            now=now,
        )
        if told is None:
            continue
        await storage.put_sign_up(
            tx,
            event.id,
            client.id,
            SignUpState.COMING,
            session=number,
            asked_at=each.asked_at,
            now=now,
        )
        await tasks.insert_audit(
            tx, actor=client.code, action="event_place", about=f"event:{event.id}", now=now
        )
        given += 1
        sign_ups = await storage.list_sign_ups(tx, event.id)
    return given


async def give_due(core: Core, now: datetime) -> int:
    """Give places to those who could not be told before, and can be now; returns how many.

    Errors: StorageError. Of an event for which it cannot be done, the others have no trouble.
    """
    async with core.database.reading() as tx:
        found = await storage.list_with_line(tx, now)
        counts = await storage.count_sign_ups(tx, [each.id for each in found])
        found = [
            each
            for each in found
            if (each.capacity is None or counts[each.id][SignUpState.COMING] < each.capacity)
            and _place_for(core, each, await storage.list_sign_ups(tx, each.id), now)
        ]
    given = 0
    for each in found:
        try:
            async with core.database.transaction() as tx:
                event = await storage.lock_event(tx, each.id)
                if event.state is EventState.OPEN:
                    given += await give_places(core, tx, event, now=now)
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - one of them must not keep the others back
            log.error("event_place.failed event=%s error=%s", each.id, type(error).__name__)
    return given


async def leave(core: Core, tx: Transaction, client: Client, *, now: datetime) -> None:
    """Expect somebody at nothing any more who is not in care; her places go to who waits."""
    for event_id in await storage.list_expecting(tx, client.id, now):
        event = await storage.lock_event(tx, event_id)
        mine = await storage.find_sign_up(tx, event_id, client.id)
        if mine is None or event.next_session(now, mine.session).starts_at <= now:
            continue  # of a speed date her own talk has been
        await take_back(tx, event_id, client.id, now=now)
        await storage.put_sign_up(tx, event_id, client.id, SignUpState.DECLINED, now=now)
        await tasks.insert_audit(
            tx,
            actor="system",
            action="event_left",
            about=f"event:{event_id} client:{client.id}",
            now=now,
        )
        if mine.state is SignUpState.COMING:
            await give_places(core, tx, event, now=now)


def hears_in_time(core: Core, event: Event, now: datetime) -> bool:
    """Tell whether who is told of a place now hears of it before it is too late."""
    heard_at = hold_until(core, OutboxKind.CONVERSATION, now)
    rules = core.config.reminders.rules
    return any(heard_at <= remind_until(each, rules) for each in event.sessions)


def _place_for(
    core: Core, event: Event, sign_ups: Sequence[SignUp], now: datetime
) -> Session | None:
    """Return the time at which one more is expected, if she can hear of it before that."""
    if not has_room(event, sign_ups, now):
        return None
    one = event.mode is EventMode.ONE
    heard_at = hold_until(core, OutboxKind.CONVERSATION, now)
    rules = core.config.reminders.rules
    sessions = free_sessions(event, sign_ups, now) if one else event.sessions
    return next((each for each in sessions if heard_at <= remind_until(each, rules)), None)


# --- telling ---------------------------------------------------------------------------------


async def tell(
    core: Core,
    tx: Transaction,
    event: Event,
    client: Client,
    text: str,
    rows: Rows,
    *,
    kind: OutboxKind,
    valid_until: datetime,
    now: datetime,
) -> OutboxId | None:
    """Tell somebody in care something of an event; on a shared phone only that there is something.

    Returns None when she has no live link, and then nothing is queued.
    """
    link = await live_link(tx, client)
    if link is None or client.status is ClientStatus.CLOSED:
        return None
    if client.discreet:
        organisation = core.config.organisation.name
        text = core.texts.say("bc.discreet", client.language, organisatie=organisation)
        read = core.texts.label("btn.read", client.language)
        rows = in_pairs(Button(read, f"ev:{event.id}:show"))
    return await outbox.insert_call(
        tx,
        lane=client_lane(core, client, kind, now),
        chat_id=link.chat_id,
        kind=kind,
        method="sendMessage",
        payload=text_payload(link.chat_id, text, rows),
        frame=storage.frame_of(event.id),
        client_id=client.id,
        valid_until=valid_until,
        now=now,
        not_before=hold_until(core, kind, now),
    )


async def take_back(
    tx: Transaction, event_id: EventId, client_id: ClientId | None = None, *, now: datetime
) -> None:
    """Retire what was about to be told of an event, to everybody or to one client."""
    await outbox.retire_frame(
        tx,
        storage.frame_of(event_id),
        client_id=client_id,
        why="the event changed for her",
        now=now,
    )
