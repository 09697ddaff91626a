"""How far a broadcast is: one message to its maker, edited in place, with what can be done."""

from collections.abc import Mapping
from datetime import datetime

from bot.domain.broadcasts import (
    FINAL,
    LEAST_PAUSE,
    LEFT_OUT,
    UNDER_WAY,
    Broadcast,
    BroadcastState,
    DeliveryState,
    progress_pause,
    seconds_needed,
)
from bot.domain.delivery import OutboxKind, OutboxState, Payload, Priority
from bot.domain.errors import TransitionError
from bot.domain.ids import BroadcastId, OutboxId, TelegramMessageId
from bot.domain.people import Role, Staff
from bot.services import broadcast_report, broadcasts
from bot.services.broadcast_report import subject
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import (
    Button,
    Rows,
    hold_until,
    in_pairs,
    inline,
    rewrite,
    text_payload,
    to_staff,
)
from bot.storage import broadcast_figures, outbox, people
from bot.storage import broadcasts as storage
from bot.storage.database import Transaction

_MINUTE, _HOUR = 60, 3600

Counts = Mapping[DeliveryState, int]


# --- words -----------------------------------------------------------------------------------


def duration_words(core: Core, seconds: int) -> str:
    """Return in Dutch how long something takes, roughly."""
    if seconds < _MINUTE:
        return core.texts.staff("st.bp_under_minute")
    if seconds < _HOUR:
        minutes = -(-seconds // _MINUTE)
        return core.texts.staff("st.bp_minute" if minutes == 1 else "st.bp_minutes", n=minutes)
    hours, rest = divmod(seconds, _HOUR)
    return core.texts.staff("st.bp_hours", n=hours, m=rest // _MINUTE)


def per_second(core: Core) -> int:
    """Return how many messages a second a broadcast may count on."""
    sending = core.config.sending
    return 1000 if sending.paid_broadcast else sending.per_second


def _words(
    core: Core, broadcast: Broadcast, name: str, counts: Counts, now: datetime
) -> tuple[str, Rows]:
    """Return how far it is, and what can be done."""
    st = core.texts.staff
    waiting = counts.get(DeliveryState.PENDING, 0) + counts.get(DeliveryState.QUEUED, 0)
    left_out = sum(counts.get(state, 0) for state in LEFT_OUT)
    lines = [
        st("st.bp_title", wat=name, stand=st(f"st.bp_state_{broadcast.state}")),
        st(
            "st.bp_counts",
            verstuurd=counts.get(DeliveryState.SENT, 0),
            wacht=waiting,
            mislukt=counts.get(DeliveryState.FAILED, 0),
            niet=left_out,
        ),
    ]
    if uncertain := counts.get(DeliveryState.UNCERTAIN, 0):
        lines.append(st("st.bp_uncertain", n=uncertain))
    until = hold_until(core, OutboxKind.BROADCAST, now)
    if broadcast.state in UNDER_WAY and waiting:
        if until > now:
            clock = until.astimezone(core.config.organisation.zone).strftime("%H:%M")
            lines.append(st("st.bp_quiet", tijd=clock))
        seconds = seconds_needed(waiting, per_second(core))
        lines.append(st("st.bp_left", duur=duration_words(core, seconds)))
    return "\n".join(lines), _buttons(core, broadcast)


def _buttons(core: Core, broadcast: Broadcast) -> Rows:
    st, data = core.texts.staff, f"bp:{broadcast.id}"
    if broadcast.state in {BroadcastState.LISTING, BroadcastState.RUNNING}:
        steps = [Button(st("st.bp_btn_pause"), f"{data}:pause")]
    elif broadcast.state is BroadcastState.PAUSED:
        steps = [Button(st("st.bp_btn_on"), f"{data}:on")]
    else:
        return ((Button(st("st.bp_btn_report"), f"br:{broadcast.id}"),),)
    steps.append(Button(st("st.bp_btn_cancel"), f"{data}:cancel"))
    refresh = Button(st("st.bp_btn_refresh"), f"{data}:progress")
    return (*in_pairs(*steps), (refresh,))


# --- told by itself --------------------------------------------------------------------------


async def announce(
    core: Core, tx: Transaction, broadcast_id: BroadcastId, *, now: datetime
) -> None:
    """Tell the maker that a broadcast has begun; this message then tells how far it is."""
    present = await storage.get_broadcast(tx, broadcast_id)
    counts = await broadcast_figures.count_states(tx, broadcast_id)
    text, buttons = _words(core, present, await subject(core, tx, present), counts, now)
    outbox_id = await to_staff(tx, present.author_id, text, buttons, now=now)
    await storage.set_progress(tx, present.id, outbox_id, now)


def _lane(broadcast_id: BroadcastId) -> str:
    return f"progress:{broadcast_id}"


async def update(core: Core, broadcast_id: BroadcastId, now: datetime) -> None:
    """Write the progress message anew, no oftener than its pause allows."""
    async with core.database.reading() as tx:
        broadcast = await storage.get_broadcast(tx, broadcast_id)
        outbox_id, last = await storage.get_progress(tx, broadcast_id)
        if outbox_id is None or broadcast.state in FINAL:
            return
        counts = await broadcast_figures.count_states(tx, broadcast_id)
        pause = progress_pause(sum(counts.values()), per_second(core))
        if last is not None and now - last < pause:
            return
        if not await outbox.is_lane_at_rest(tx, _lane(broadcast_id), since=now - pause):
            return
        first = await outbox.get_call(tx, outbox_id)
        lost = first.state is OutboxState.UNCERTAIN and first.telegram_message_id is None
        if await _news(core, tx, broadcast_id, outbox_id, now) is None:
            return
    async with core.database.transaction() as tx:
        if lost:  # what perhaps never came cannot be edited
            await announce(core, tx, broadcast_id, now=now)
        else:
            await _edit(core, tx, broadcast_id, now=now)


async def _news(
    core: Core, tx: Transaction, broadcast_id: BroadcastId, outbox_id: OutboxId, now: datetime
) -> Payload | None:
    """Return what the progress message is to show now; None when it shows that already."""
    broadcast = await storage.get_broadcast(tx, broadcast_id)
    counts = await broadcast_figures.count_states(tx, broadcast_id)
    text, buttons = _words(core, broadcast, await subject(core, tx, broadcast), counts, now)
    first = await outbox.get_call(tx, outbox_id)
    shown = await outbox.last_payload(tx, _lane(broadcast_id)) or first.payload
    markup = inline(buttons)
    if (shown.get("text"), shown.get("reply_markup")) == (text, markup):
        return None
    return text_payload(first.chat_id, text, markup)


async def _edit(core: Core, tx: Transaction, broadcast_id: BroadcastId, *, now: datetime) -> None:
    outbox_id, _ = await storage.get_progress(tx, broadcast_id)
    news = outbox_id and await _news(core, tx, broadcast_id, outbox_id, now)
    if outbox_id is None or not news:
        return
    first = await outbox.get_call(tx, outbox_id)
    last = await outbox.last_finished_at(tx, _lane(broadcast_id))
    await storage.set_progress(tx, broadcast_id, outbox_id, now)
    await outbox.insert_call(
        tx,
        lane=_lane(broadcast_id),
        chat_id=first.chat_id,
        kind=OutboxKind.STAFF,
        priority=Priority.REMINDER,  # never before anybody's words
        method="editMessageText",
        payload=news,
        edits_outbox_id=outbox_id,
        now=now,
        not_before=max(now, last + LEAST_PAUSE) if last else now,
    )


async def tell_end(
    core: Core,
    tx: Transaction,
    broadcast_id: BroadcastId,
    *,
    fault: str | None = None,
    now: datetime,
) -> None:
    """Tell the maker how a broadcast ended; `fault` says why it was stopped."""
    await _edit(core, tx, broadcast_id, now=now)
    broadcast = await storage.get_broadcast(tx, broadcast_id)
    text, buttons = await broadcast_report.report_text(core, tx, broadcast)
    if fault is not None:
        reason = core.texts.staff(f"st.bp_fault_{fault}")
        text = f"{core.texts.staff('st.bp_stopped', reden=reason)}\n{text}"
    await to_staff(tx, broadcast.author_id, text, buttons, now=now)


async def tell_not_begun(
    core: Core, tx: Transaction, broadcast: Broadcast, fault: str, *, now: datetime
) -> None:
    """Tell the maker that a planned broadcast did not begin, and why."""
    name = await subject(core, tx, broadcast)
    reason = core.texts.staff(f"st.bp_fault_{fault}")
    text = core.texts.staff("st.bp_not_begun", wat=name, reden=reason)
    author = await people.get_staff(tx, broadcast.author_id)
    hearers = [author] if author.active else await people.list_staff(tx, Role.COORDINATOR)
    for person in hearers:
        await to_staff(tx, person.id, text, now=now)


# --- tapped ----------------------------------------------------------------------------------


async def _show(
    core: Core,
    tx: Transaction,
    turn: Turn,
    broadcast_id: BroadcastId,
    message: TelegramMessageId,
) -> None:
    broadcast = await storage.get_broadcast(tx, broadcast_id)
    counts = await broadcast_figures.count_states(tx, broadcast_id)
    name = await subject(core, tx, broadcast)
    text, buttons = _words(core, broadcast, name, counts, turn.now)
    await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.STAFF)


async def show(
    core: Core, turn: Turn, broadcast_id: BroadcastId, message: TelegramMessageId
) -> None:
    """Show how far a broadcast is, in the message that was tapped."""
    async with taking(core, turn) as tx:
        person = await broadcasts.get_maker(core, tx, turn)
        await broadcasts.get_broadcast_for(core, tx, person, broadcast_id)
        await _show(core, tx, turn, broadcast_id, message)


async def ask_cancel(
    core: Core, turn: Turn, broadcast_id: BroadcastId, message: TelegramMessageId
) -> None:
    """Ask whether a broadcast is really to be called off."""
    async with taking(core, turn) as tx:
        person = await broadcasts.get_maker(core, tx, turn)
        broadcast = await broadcasts.get_broadcast_for(core, tx, person, broadcast_id)
        if broadcast.state in FINAL:
            turn.toast = core.texts.staff("st.bp_over")
            await _show(core, tx, turn, broadcast_id, message)
            return
        counts = await broadcast_figures.count_states(tx, broadcast_id)
        waiting = counts.get(DeliveryState.PENDING, 0) + counts.get(DeliveryState.QUEUED, 0)
        text = core.texts.staff(
            "st.bp_cancel_ask",
            wat=await subject(core, tx, broadcast),
            verstuurd=counts.get(DeliveryState.SENT, 0),
            wacht=waiting,
        )
        buttons = in_pairs(
            Button(core.texts.staff("st.bp_btn_cancel_yes"), f"bp:{broadcast_id}:stop"),
            Button(core.texts.staff("st.btn_back"), f"bp:{broadcast_id}:progress"),
        )
        await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.STAFF)


async def take_step(
    core: Core, turn: Turn, broadcast_id: BroadcastId, step: str, message: TelegramMessageId
) -> None:
    """Pause, go on, call off or retry, and show how it stands now; `step` is the button's word."""
    async with taking(core, turn) as tx:
        person = await broadcasts.get_maker(core, tx, turn)
        broadcast = await broadcasts.get_broadcast_for(core, tx, person, broadcast_id)
        done = await _take(core, tx, person, broadcast, step, now=turn.now)
        if not done:
            turn.toast = core.texts.staff("st.bp_changed")
        elif step == "stop":
            await _tell_others(core, tx, person, broadcast, now=turn.now)
        await _show(core, tx, turn, broadcast_id, message)


async def _take(
    core: Core,
    tx: Transaction,
    person: Staff,
    broadcast: Broadcast,
    step: str,
    *,
    now: datetime,
) -> bool:
    if step == "pause":
        return await broadcasts.pause(tx, broadcast, person, now=now)
    if step == "on":
        return await broadcasts.go_on(tx, broadcast, person, now=now)
    if step == "stop":
        return await broadcasts.cancel(tx, broadcast, person, now=now)
    try:
        count = await broadcasts.retry_failed(core, tx, broadcast, person, now=now)
    except TransitionError:
        return False
    if count:
        await announce(core, tx, broadcast.id, now=now)
    return bool(count)


async def _tell_others(
    core: Core, tx: Transaction, person: Staff, broadcast: Broadcast, *, now: datetime
) -> None:
    """Tell the maker when somebody else called it off."""
    if broadcast.author_id == person.id:
        return
    author = await people.get_staff(tx, broadcast.author_id)
    text = core.texts.staff(
        "st.bp_cancelled_by",
        wat=await subject(core, tx, broadcast),
        wie=person.name,
    )
    await to_staff(tx, author.id, text, now=now)
