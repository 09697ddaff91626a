"""When a broadcast goes, and how often: days and half hours of the wall clock."""

from datetime import date, datetime, time, timedelta

from bot.domain.broadcasts import Repeat, occurrence_at
from bot.domain.errors import TransitionError
from bot.domain.ids import BroadcastId, TelegramMessageId
from bot.domain.languages import DUTCH
from bot.domain.localtime import Hours, exists, to_utc
from bot.services.broadcast_making import (
    Here,
    Screen,
    draft_screen,
    find_draft,
    put,
    show_present,
    when_words,
)
from bot.services.broadcast_preview import repeat_notes
from bot.services.broadcast_words import load_content
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import Button, Rows, in_pairs
from bot.services.worklist import PAGE, page_count, turning
from bot.storage import broadcasts
from bot.storage.database import Transaction
from bot.texts import Html, weekday

DAYS_AHEAD = 28
"""So far ahead a broadcast can be planned."""

_SKIPPED = Hours(time(2), time(3))
"""The hour that a clock change skips or repeats."""

_IN_A_ROW = 4
_SHOWN = 3


def offered_times(core: Core) -> tuple[time, ...]:
    """Return the half hours at which a broadcast may be planned: never in the quiet hours."""
    quiet = core.config.hours.quiet
    halves = (time(hour, minute) for hour in range(24) for minute in (0, 30))
    return tuple(
        clock for clock in halves if not quiet.contains(clock) and not _SKIPPED.contains(clock)
    )


def times_on(core: Core, day: date, now: datetime) -> tuple[time, ...]:
    """Return the times of a day that can be chosen now; none for a day too far, or past."""
    zone, today = core.config.organisation.zone, core.today(now)
    if not today <= day <= today + timedelta(days=DAYS_AHEAD):
        return ()
    return tuple(
        clock
        for clock in offered_times(core)
        if to_utc(day, clock, zone) > now and exists(day, clock, zone)
    )


# --- when ------------------------------------------------------------------------------------


async def show_days(
    core: Core, turn: Turn, broadcast_id: BroadcastId, page: int, message: TelegramMessageId
) -> None:
    """Offer to send a draft at once, or on a day; errors: NotFoundError when it is not theirs."""
    async with taking(core, turn) as tx:
        here = await find_draft(core, tx, turn, broadcast_id, message)
        if here is not None:
            await put(tx, turn, message, _days(core, here, page, turn.now))


def _days(core: Core, here: Here, page: int, now: datetime) -> Screen:
    today = core.today(now)
    ahead = (today + timedelta(days=number) for number in range(DAYS_AHEAD + 1))
    days = [day for day in ahead if times_on(core, day, now)]
    page = min(page, page_count(len(days)) - 1)
    buttons = [
        Button(
            f"{weekday(day, DUTCH)} {day.day}-{day.month}", f"{here.reference}:day:{day:%Y%m%d}"
        )
        for day in days[page * PAGE : (page + 1) * PAGE]
    ]
    at_once = Button(core.texts.staff("st.bd_btn_now"), f"{here.reference}:now")
    turned = turning(f"{here.reference}:days:", page, len(days))
    back = Button(core.texts.staff("st.btn_back"), here.reference)
    text = core.texts.staff("st.bd_ask_day", wanneer=when_words(core, here.broadcast))
    rows: Rows = ((at_once,), *in_pairs(*buttons), turned, (back,))
    return text, tuple(row for row in rows if row)


async def show_times(
    core: Core, turn: Turn, broadcast_id: BroadcastId, day: date, message: TelegramMessageId
) -> None:
    """Offer the half hours of a day; errors: NotFoundError when the draft is not theirs."""
    async with taking(core, turn) as tx:
        here = await find_draft(core, tx, turn, broadcast_id, message)
        if here is not None:
            await put(tx, turn, message, _times(core, turn, here, day))


def _times(core: Core, turn: Turn, here: Here, day: date) -> Screen:
    times = times_on(core, day, turn.now)
    if not times:
        turn.toast = core.texts.staff("st.bd_past")
        return _days(core, here, 0, turn.now)
    buttons = [
        Button(f"{clock:%H:%M}", f"{here.reference}:at:{day:%Y%m%d}:{clock:%H%M}")
        for clock in times
    ]
    rows = tuple(
        tuple(buttons[start : start + _IN_A_ROW]) for start in range(0, len(buttons), _IN_A_ROW)
    )
    back = Button(core.texts.staff("st.btn_back"), f"{here.reference}:days:0")
    values = core.texts.moment(day, times[0], DUTCH)
    return core.texts.staff("st.bd_ask_time", **values), (*rows, (back,))


async def choose_time(
    core: Core,
    turn: Turn,
    broadcast_id: BroadcastId,
    day: date,
    clock: time,
    message: TelegramMessageId,
) -> None:
    """Plan a draft for a wall-clock moment; one that is past or never offered changes nothing.

    Errors: NotFoundError when the draft is not theirs to see.
    """
    async with taking(core, turn) as tx:
        here = await find_draft(core, tx, turn, broadcast_id, message)
        if here is None:
            return
        if clock not in times_on(core, day, turn.now):
            turn.toast = core.texts.staff("st.bd_past")
            await put(tx, turn, message, _times(core, turn, here, day))
            return
        await _change(core, tx, turn, here, message, first_day=day, clock=clock)


async def choose_now(
    core: Core, turn: Turn, broadcast_id: BroadcastId, message: TelegramMessageId
) -> None:
    """Let a draft go as soon as it may; errors: NotFoundError when it is not theirs to see."""
    async with taking(core, turn) as tx:
        here = await find_draft(core, tx, turn, broadcast_id, message)
        if here is not None:
            await _change(core, tx, turn, here, message, first_day=None, clock=None)


async def _change(
    core: Core,
    tx: Transaction,
    turn: Turn,
    here: Here,
    message: TelegramMessageId,
    **values: object,
) -> None:
    """Change a draft, unless it is so already, and show it."""
    broadcast = here.broadcast
    if any(getattr(broadcast, name) != value for name, value in values.items()):
        try:
            broadcast = await broadcasts.change_broadcast(tx, broadcast, **values)
        except TransitionError:
            await show_present(core, tx, turn, here, message, core.texts.staff("st.bd_changed"))
            return
    await put(tx, turn, message, await draft_screen(core, tx, broadcast, here.person, turn.now))


# --- how often -------------------------------------------------------------------------------


async def show_repeats(
    core: Core, turn: Turn, broadcast_id: BroadcastId, message: TelegramMessageId
) -> None:
    """Ask how often a draft comes back, and say when it would; errors: NotFoundError."""
    async with taking(core, turn) as tx:
        here = await find_draft(core, tx, turn, broadcast_id, message)
        if here is not None:
            await put(tx, turn, message, await _repeats(core, tx, here, turn.now))


async def _repeats(core: Core, tx: Transaction, here: Here, now: datetime) -> Screen:
    broadcast, texts = here.broadcast, core.texts
    buttons = []
    for repeat in Repeat:
        label = texts.staff(f"st.bd_repeat_{repeat}")
        mark = "✅ " if repeat is broadcast.repeat else ""
        buttons.append(Button(mark + label, f"{here.reference}:rep:{repeat}"))
    lines = [texts.staff("st.bd_ask_repeat")]
    if broadcast.repeat is not Repeat.NEVER:
        lines += [texts.staff("st.bd_next_ones"), *next_moments(core, here, now)]
    lines += repeat_notes(core, await load_content(core, tx, broadcast))
    back = Button(texts.staff("st.btn_back"), here.reference)
    return "\n".join(lines), (*in_pairs(*buttons), (back,))


def next_moments(core: Core, here: Here, now: datetime) -> list[str]:
    """Return in Dutch the first times that a broadcast goes, by the wall clock."""
    broadcast, zone = here.broadcast, core.config.organisation.zone
    local = now.astimezone(zone)
    day, clock = broadcast.first_day or local.date(), broadcast.clock or local.time()
    lines = []
    for number in range(_SHOWN):
        at = occurrence_at(day, clock, broadcast.repeat, number, zone).astimezone(zone)
        values = core.texts.moment(at.date(), at.time(), DUTCH)
        lines.append("• " + Html(core.texts.staff("st.bd_when_at", **values)))
    return lines


async def choose_repeat(
    core: Core, turn: Turn, broadcast_id: BroadcastId, repeat: Repeat, message: TelegramMessageId
) -> None:
    """Let a draft come back so often; errors: NotFoundError when it is not theirs to see."""
    async with taking(core, turn) as tx:
        here = await find_draft(core, tx, turn, broadcast_id, message)
        if here is None:
            return
        broadcast = here.broadcast
        if broadcast.repeat is not repeat:
            try:
                broadcast = await broadcasts.change_broadcast(tx, broadcast, repeat=repeat)
            except TransitionError:
                why = core.texts.staff("st.bd_changed")
                await show_present(core, tx, turn, here, message, why)
                return
        changed = Here(here.person, broadcast)
        await put(tx, turn, message, await _repeats(core, tx, changed, turn.now))
