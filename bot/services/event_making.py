"""Making an event by tapping: one message that asks the next thing each time."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.delivery import JsonValue, OutboxKind
from bot.domain.events import (
    NAME_LIMIT,
    SLOT_MINUTES,
    Event,
    EventKind,
)
from bot.domain.ids import DraftId, TelegramMessageId
from bot.domain.languages import DUTCH
from bot.domain.people import Staff
from bot.services import event_screens
from bot.services.core import Core, Turn, taking
from bot.services.event_drafts import (
    NO_LIMIT,
    Data,
    day_of,
    days_of,
    event_of,
    forget_past,
    forget_place,
    is_complete,
    mark_of,
    numbers_of,
    steps_of,
    take,
    times_of,
)
from bot.services.event_screens import Screen, get_organiser, kinds_of
from bot.services.outgoing import Button, Rows, chat_lane, in_pairs, rewrite, say
from bot.services.relay import Said
from bot.services.tables import plain
from bot.services.worklist import PAGE, page_count, turning
from bot.storage import events as storage
from bot.storage import outbox, tasks
from bot.storage.database import Transaction
from bot.texts import Value, day_words, weekday

_DRAFT = "event"
_PROMPT = "event_prompt"
"""The frame of a prompt for a name, so that a late answer to it never goes to a client."""

_OF_SLOTS = {"count": "st.es_ask_slots", "capacity": "st.es_ask_per_slot"}


async def begin(core: Core, turn: Turn, message: TelegramMessageId) -> None:
    """Start making an event, in the message with the list."""
    async with taking(core, turn) as tx:
        person = await get_organiser(core, tx, turn)
        draft_id = await tasks.insert_draft(
            tx, staff_id=person.id, kind=_DRAFT, data={}, now=turn.now
        )
        text, rows = _question(core, person, draft_id, {}, turn.now)
        await rewrite(tx, turn, message, text, rows, kind=OutboxKind.STAFF)


async def choose(
    core: Core,
    turn: Turn,
    draft_id: DraftId,
    what: str,
    value: str,
    message: TelegramMessageId,
) -> None:
    """Take one tap of the making of an event and ask the next thing."""
    async with taking(core, turn) as tx:
        person = await get_organiser(core, tx, turn)
        data = await tasks.find_draft(tx, draft_id, person.id, _DRAFT)
        if data is None:
            if what != "ok":  # a double tap: the message itself already shows the event
                turn.toast = core.texts.staff("st.es_expired")
            return
        if what == "drop":
            await tasks.update_draft(tx, draft_id, closed_at=turn.now)
            text, rows = await event_screens.list_screen(core, tx, person, 0, turn.now)
        elif what == "ok" and is_complete(core, data, turn.now):
            text, rows = await _make(core, tx, turn, person, draft_id, data)
        elif what == "name" and is_complete(core, data, turn.now):
            text = core.texts.staff("st.es_ask_name", aantal=NAME_LIMIT)
            await _ask_name(core, tx, turn, draft_id, data, text)
            return
        else:
            if what not in {"ok", "name"}:
                take(core, data, what, value, kinds_of(person), turn.now)
            if forget_past(core, data, turn.now):
                turn.toast = core.texts.staff("st.es_past")
            if forget_place(core, data):
                turn.toast = core.texts.staff("st.es_place_gone")
            await tasks.update_draft(tx, draft_id, data=data)
            text, rows = _question(core, person, draft_id, data, turn.now)
        await rewrite(tx, turn, message, text, rows, kind=OutboxKind.STAFF)


# --- what is asked ---------------------------------------------------------------------------


def _question(core: Core, person: Staff, draft_id: DraftId, data: Data, now: datetime) -> Screen:
    """Return the next thing to ask, with its buttons."""
    st, reference = core.texts.staff, f"es:make:{draft_id}"
    steps = steps_of(data)
    step = next((each for each in steps if each not in data), None)
    edge: tuple[Button, ...] = (Button(st("st.btn_drop"), f"{reference}:drop:"),)
    if step is None:
        return _check(
            core,
            reference,
            event_of(core, person, data),
            (Button(st("st.btn_back"), f"{reference}:back:{steps[-1]}"), *edge),
        )
    before = steps[max(steps.index(step) - 1, 0)]
    if step != "kind":
        edge = (Button(st("st.btn_back"), f"{reference}:back:{before}"), *edge)
    text, rows = _choices(core, person, reference, data, step, now)
    return text, (*rows, edge)


def _choices(
    core: Core, person: Staff, reference: str, data: Data, step: str, now: datetime
) -> Screen:
    st = core.texts.staff
    values: dict[str, Value] = {}
    if "kind" in data:
        values["soort"] = core.texts.label(f"event.{data['kind']}", DUTCH)
    if "day" in data:
        values |= day_words(day_of(data), DUTCH)
    if step == "kind":
        buttons = [
            Button(core.texts.label(f"event.{kind}", DUTCH), f"{reference}:kind:{kind}")
            for kind in kinds_of(person)
        ]
    elif step == "place":
        buttons = [
            Button(place.name[:40], f"{reference}:place:{mark_of(place)}")
            for place in core.config.places
        ]
    elif step == "day":
        return st("st.es_ask_day", **values), _day_rows(core, reference, data, now)
    elif step == "time":
        return st("st.es_ask_time", **values), _fours(
            [
                Button(f"{clock:%H:%M}", f"{reference}:time:{clock:%H:%M}")
                for clock in times_of(core, day_of(data), now)
            ]
        )
    else:
        speed_date = data["kind"] == EventKind.SPEED_DATE
        buttons = [
            Button(_number_label(core, step, each), f"{reference}:{step}:{each}")
            for each in numbers_of(data, step)
        ]
        text_id = _OF_SLOTS[step] if speed_date else f"st.es_ask_{step}"
        return st(text_id, **values, minuten=SLOT_MINUTES), _fours(buttons)
    return st(f"st.es_ask_{step}", **values), in_pairs(*buttons)


def _number_label(core: Core, step: str, number: int) -> str:
    if step == "capacity" and number == NO_LIMIT:
        return core.texts.staff("st.es_btn_no_limit")
    return core.texts.staff("st.es_btn_minutes", n=number) if step == "minutes" else str(number)


def _fours(buttons: Sequence[Button]) -> Rows:
    return tuple(tuple(buttons[start : start + 4]) for start in range(0, len(buttons), 4))


def _day_rows(core: Core, reference: str, data: Data, now: datetime) -> Rows:
    days = days_of(core, now)
    page = min(max(int(str(data.get("page", 0))), 0), page_count(len(days)) - 1)
    buttons = [
        Button(f"{weekday(day, DUTCH)} {day:%d-%m}", f"{reference}:day:{day}")
        for day in days[page * PAGE : (page + 1) * PAGE]
    ]
    return (*in_pairs(*buttons), turning(f"{reference}:days:", page, len(days)))


def _check(core: Core, reference: str, event: Event, edge: tuple[Button, ...]) -> Screen:
    st = core.texts.staff
    lines = [*event_screens.details(core, event), ""]
    closed = [each for each in event.sessions if each.local_date in core.config.hours.closed]
    if closed:
        days = ", ".join(f"{each.local_date:%d-%m-%Y}" for each in closed)
        lines.append(st("st.es_closed", dagen=days))
    lines.append(st("st.es_check"))
    make = Button(st("st.es_btn_make"), f"{reference}:ok:")
    name = Button(st("st.es_btn_name"), f"{reference}:name:")
    return "\n".join(lines), ((make, name), edge)


# --- the event -------------------------------------------------------------------------------


async def _make(
    core: Core, tx: Transaction, turn: Turn, person: Staff, draft_id: DraftId, data: Data
) -> Screen:
    """Make the event; a second tap finds the draft closed and makes nothing."""
    await tasks.update_draft(tx, draft_id, closed_at=turn.now)
    event = event_of(core, person, data)
    event_id = await storage.insert_event(
        tx,
        kind=event.kind,
        name=event.name,
        mode=event.mode,
        place=event.place,
        capacity=event.capacity,
        author_id=person.id,
        sessions=event.sessions,
        now=turn.now,
    )
    await event_screens.note_deed(tx, person, "made", event_id, now=turn.now)
    made = await storage.get_event(tx, event_id)
    return await event_screens.event_screen(core, tx, person, made, 0, turn.now)


# --- a name of its own -----------------------------------------------------------------------


async def _ask_name(
    core: Core, tx: Transaction, turn: Turn, draft_id: DraftId, data: Data, text: str
) -> None:
    """Ask for a name; only what is answered to this very prompt becomes one."""
    prompt = await outbox.insert_call(
        tx,
        lane=chat_lane(turn.chat_id),
        chat_id=turn.chat_id,
        kind=OutboxKind.STAFF,
        method="sendMessage",
        payload={
            "chat_id": turn.chat_id,
            "text": text,
            "parse_mode": "HTML",
            "reply_markup": {
                "force_reply": True,
                "input_field_placeholder": core.texts.label("st.es_placeholder", DUTCH),
            },
        },
        frame=_PROMPT,
        now=turn.now,
    )
    await tasks.update_draft(tx, draft_id, data={**data, "prompts": [*_prompts(data), prompt]})


def _prompts(data: Data) -> list[JsonValue]:
    prompts = data.get("prompts")
    return prompts if isinstance(prompts, list) else []


async def take_reply(core: Core, tx: Transaction, turn: Turn, person: Staff, said: Said) -> bool:
    """Take what somebody answered to a prompt for a name; False when they answered none.

    What answers such a prompt never goes to a client, also when the event was made already.
    """
    sent = await outbox.find_sent(tx, turn.chat_id, said.reply_to) if said.reply_to else None
    if sent is None or sent.frame != _PROMPT:
        return False
    for draft_id, data in await tasks.list_drafts(tx, person.id, _DRAFT):
        if sent.id in _prompts(data):
            await _name(core, tx, turn, person, draft_id, data, said)
            return True
    await say(tx, turn, core.texts.staff("st.es_answered"), kind=OutboxKind.STAFF)
    return True


async def _name(
    core: Core,
    tx: Transaction,
    turn: Turn,
    person: Staff,
    draft_id: DraftId,
    data: Data,
    said: Said,
) -> None:
    name = "" if said.media else plain(said.text)
    if not any(sign.isalnum() for sign in name):
        name = ""
    if not name or len(name) > NAME_LIMIT:
        text_id = "st.es_name_too_long" if name else "st.es_name_none"
        text = core.texts.staff(text_id, lengte=len(name), aantal=NAME_LIMIT)
        await _ask_name(core, tx, turn, draft_id, data, text)
        return
    data["name"] = name
    forget_past(core, data, turn.now)
    forget_place(core, data)
    await tasks.update_draft(tx, draft_id, data=data)
    text, rows = _question(core, person, draft_id, data, turn.now)
    await say(tx, turn, text, rows, kind=OutboxKind.STAFF)
