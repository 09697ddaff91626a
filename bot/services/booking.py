"""Making or moving an appointment by tapping: one message that asks the next thing each time."""

from datetime import date, datetime, time, timedelta

from bot.domain.appointments import Appointment, AppointmentKind, Place
from bot.domain.delivery import JsonValue, OutboxKind
from bot.domain.errors import NotFoundError
from bot.domain.ids import AppointmentId, ClientId, DraftId, TelegramMessageId
from bot.domain.languages import DUTCH, DUTCH_NAMES
from bot.domain.localtime import exists, is_working_day, to_utc
from bot.domain.people import Client, Staff
from bot.domain.slots import FRIDAY, PRAYER
from bot.services import access, menu
from bot.services import appointments as service
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import Button, Rows, in_pairs, live_link, rewrite, say
from bot.storage import checkins, tasks
from bot.storage.database import Transaction
from bot.texts import Value

_DAYS_SHOWN = 8
_DAYS_AHEAD = 92
_TIMES = tuple(time(hour, minute) for hour in range(9, 17) for minute in (0, 30))
DURATION_MINUTES = 45
"""How long every appointment lasts that is made by tapping."""

_STEPS = ("kind", "day", "time", "place")

Data = dict[str, JsonValue]


async def begin(core: Core, turn: Turn, client_id: ClientId) -> None:
    """Start making an appointment with one of the coach's clients."""
    async with taking(core, turn) as tx:
        person, client, _ = await access.get_contact_client(core, tx, turn, client_id)
        await _open(core, tx, turn, person, client, {"client": client.id})


async def begin_with(
    core: Core,
    tx: Transaction,
    turn: Turn,
    coach: Staff,
    client: Client,
    *,
    kind: AppointmentKind,
    day: date | None = None,
    clock: time | None = None,
) -> None:
    """Start making an appointment of which more is known: only the rest is asked.

    A day or time at which it cannot be any more is asked again.
    """
    data: Data = {"client": client.id, "kind": kind}
    if day is not None and _is_offered(core, day, turn.now):
        data["day"] = day.isoformat()
        if clock is not None:
            data["time"] = clock.isoformat()
        _forget_past(core, data, turn.now)
    await _open(core, tx, turn, coach, client, data)


async def begin_move(core: Core, turn: Turn, appointment_id: AppointmentId, revision: int) -> None:
    """Start moving an appointment that stands; an old button shows the present state."""
    async with taking(core, turn) as tx:
        coach, client, appointment = await service.get_for_staff(core, tx, turn, appointment_id)
        if not service.may_change(appointment, revision, turn.now):
            text, buttons = service.staff_state(core, client, appointment, turn.now)
            await say(tx, turn, text, buttons, kind=OutboxKind.STAFF, client=client)
            return
        data: Data = {
            "client": client.id,
            "moves": appointment.id,
            "revision": appointment.revision,
            "kind": appointment.kind,
        }
        await _open(core, tx, turn, coach, client, data)


async def _open(
    core: Core, tx: Transaction, turn: Turn, coach: Staff, client: Client, data: Data
) -> None:
    draft_id = await tasks.insert_draft(
        tx, staff_id=coach.id, kind="booking", data=data, now=turn.now
    )
    text, buttons = _question(core, draft_id, client, data, turn.now)
    await say(tx, turn, text, buttons, kind=OutboxKind.STAFF, client=client)


async def choose(
    core: Core,
    turn: Turn,
    draft_id: DraftId,
    what: str,
    value: str,
    message: TelegramMessageId,
) -> None:
    """Take one tap of the making of an appointment and ask the next thing."""
    async with taking(core, turn) as tx:
        coach = await menu.get_staff_here(core, tx, turn)
        data = await tasks.find_draft(tx, draft_id, coach.id, "booking")
        if data is None:
            if what != "ok":  # a double tap: the message itself already says that it is done
                turn.toast = core.texts.staff("st.ap_expired")
            return
        client_id = ClientId(_number(data["client"]))
        _, client, _ = await access.get_contact_client(core, tx, turn, client_id)
        if what == "drop":
            await tasks.update_draft(tx, draft_id, closed_at=turn.now)
            text = core.texts.staff("st.ap_dropped")
            await rewrite(tx, turn, message, text, kind=OutboxKind.STAFF, client=client)
            return
        if what == "ok":
            await _finish(core, tx, turn, draft_id, coach, client, data, message)
            return
        _take(core, data, what, value, turn.now)
        if _forget_past(core, data, turn.now):
            turn.toast = core.texts.staff("st.ap_past")
        await tasks.update_draft(tx, draft_id, data=data)
        text, buttons = _question(core, draft_id, client, data, turn.now)
        await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.STAFF, client=client)


def _take(core: Core, data: Data, what: str, value: str, now: datetime) -> None:
    """Put a tapped value into the draft; errors: NotFoundError when it is none we offered."""
    try:
        if what == "kind":
            data["kind"] = AppointmentKind(value)
        elif what == "from":
            data["from"] = date.fromisoformat(value).isoformat()
        elif what == "day":
            data["day"] = _offered_day(core, date.fromisoformat(value), now).isoformat()
        elif what == "time":
            data["time"] = _TIMES[_TIMES.index(time.fromisoformat(value))].isoformat()
        elif what == "place":
            data["place"] = core.config.places[int(value)].key
        elif what == "back":
            # The button names what it takes back, so that a second tap takes nothing more.
            steps = _STEPS[1:] if "moves" in data else _STEPS
            for key in ("from", *steps[steps.index(value) :]):
                data.pop(key, None)
        else:
            raise _no_step(what)
    except (ValueError, IndexError):
        raise _no_step(what) from None


def _offered_day(core: Core, day: date, now: datetime) -> date:
    """Return the day if it is one we offer; else ValueError."""
    if not _is_offered(core, day, now):
        raise ValueError(day)
    return day


def _is_offered(core: Core, day: date, now: datetime) -> bool:
    """Tell whether the office works on a day and it is near enough."""
    last = core.today(now) + timedelta(days=_DAYS_AHEAD)
    return is_working_day(day, core.config.hours.closed) and day <= last


def _no_step(what: str) -> NotFoundError:
    return NotFoundError(f"The making of an appointment has no step {what} with such a value.")


def _is_past(core: Core, data: Data, now: datetime) -> bool:
    if "day" not in data:
        return False
    zone = core.config.organisation.zone
    day, clock = _day(data), _clock(data) if "time" in data else _TIMES[-1]
    return to_utc(day, clock, zone) <= now or not exists(day, clock, zone)


def _forget_past(core: Core, data: Data, now: datetime) -> bool:
    """Take a time that has passed out of the draft, and the day when nothing of it is left."""
    if not _is_past(core, data, now):
        return False
    data.pop("time", None)
    if _is_past(core, data, now):
        data.pop("day")
    return True


def _day(data: Data) -> date:
    return date.fromisoformat(str(data["day"]))


def _clock(data: Data) -> time:
    return time.fromisoformat(str(data["time"]))


def _number(value: JsonValue) -> int:
    return int(str(value))


def _question(
    core: Core, draft_id: DraftId, client: Client, data: Data, now: datetime
) -> tuple[str, Rows]:
    """Return the next thing to ask, with its buttons."""
    values: dict[str, Value] = {
        "code": client.code,
        "voornaam": client.name,
        "taal": DUTCH_NAMES[client.language],
    }
    reference = f"bk:{draft_id}"
    drop = (Button(core.texts.staff("st.btn_drop"), f"{reference}:drop:"),)

    def back(step: str) -> tuple[Button, ...]:
        return (Button(core.texts.staff("st.btn_back"), f"{reference}:back:{step}"), *drop)

    if "kind" not in data:
        buttons = in_pairs(
            *(
                Button(core.texts.label(f"kind.{kind}", DUTCH)[:40], f"{reference}:kind:{kind}")
                for kind in AppointmentKind
            )
        )
        return core.texts.staff("st.ap_kind", **values), (*buttons, drop)
    values["soort"] = core.texts.say(f"kind.{data['kind']}", DUTCH)
    if "day" not in data:
        edge = drop if "moves" in data else back("kind")
        return core.texts.staff("st.ap_day", **values), (
            *_day_rows(core, reference, data, now),
            edge,
        )
    day = _day(data)
    clock = _clock(data) if "time" in data else time(9)
    values |= core.texts.moment(day, clock, DUTCH)
    if "time" not in data:
        return core.texts.staff("st.ap_time", **values), (
            *_time_rows(core, reference, day, now),
            back("day"),
        )
    if "place" not in data:
        buttons = in_pairs(
            *(
                Button(place.name[:40], f"{reference}:place:{number}")
                for number, place in enumerate(core.config.places)
            )
        )
        return core.texts.staff("st.ap_place", **values), (*buttons, back("time"))
    values["plaats"] = _place(core, data).name
    text = core.texts.staff("st.ap_check", **values)
    if day.weekday() == FRIDAY and PRAYER.contains(clock):
        text += "\n" + core.texts.staff("st.ap_hint_friday")
    ok = (Button(core.texts.staff("st.btn_ok"), f"{reference}:ok:"),)
    return text, (ok, back("place"))


def _day_rows(core: Core, reference: str, data: Data, now: datetime) -> Rows:
    """Return the next working days, and a way to later ones."""
    zone = core.config.organisation.zone
    today = now.astimezone(zone).date()
    if to_utc(today, _TIMES[-1], zone) <= now:
        today += timedelta(days=1)
    day = date.fromisoformat(str(data["from"])) if "from" in data else today
    last = today + timedelta(days=_DAYS_AHEAD)
    buttons: list[Button] = []
    while len(buttons) < _DAYS_SHOWN and day <= last:
        if is_working_day(day, core.config.hours.closed):
            label = f"{core.texts.moment(day, time(9), DUTCH)['dag']} {day.day}-{day.month}"
            buttons.append(Button(label, f"{reference}:day:{day.isoformat()}"))
        day += timedelta(days=1)
    rows = in_pairs(*buttons)
    if day <= last:
        more = Button(core.texts.staff("st.btn_more_days"), f"{reference}:from:{day}")
        rows = (*rows, (more,))
    return rows


def _time_rows(core: Core, reference: str, day: date, now: datetime) -> Rows:
    """Return the half hours of the day that are still to come, four in a row."""
    zone = core.config.organisation.zone
    buttons = [
        Button(clock.strftime("%H:%M"), f"{reference}:time:{clock.strftime('%H:%M')}")
        for clock in _TIMES
        if to_utc(day, clock, zone) > now
    ]
    return tuple(tuple(buttons[start : start + 4]) for start in range(0, len(buttons), 4))


def _place(core: Core, data: Data) -> Place:
    for place in core.config.places:
        if place.key == data["place"]:
            return place
    msg = f"Place {data['place']} is no longer in the configuration; choose another."
    raise NotFoundError(msg)


async def _finish(
    core: Core,
    tx: Transaction,
    turn: Turn,
    draft_id: DraftId,
    coach: Staff,
    client: Client,
    data: Data,
    message: TelegramMessageId,
) -> None:
    """Make or move the appointment; a second tap finds the draft closed and does nothing."""
    if not {"kind", "day", "time", "place"} <= data.keys() or _is_past(core, data, turn.now):
        turn.toast = core.texts.staff("st.ap_past")
        return
    await tasks.update_draft(tx, draft_id, closed_at=turn.now)
    if "moves" in data:
        _, _, old = await service.get_for_staff(
            core, tx, turn, AppointmentId(_number(data["moves"]))
        )
        # It may have begun meanwhile: then it is moved all the same.
        if not service.stands(old) or old.revision != _number(data["revision"]):
            text, buttons = service.staff_state(core, client, old, turn.now)
            await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.STAFF, client=client)
            return
        appointment, told = await service.move(
            core,
            tx,
            client,
            old,
            local_date=_day(data),
            local_time=_clock(data),
            place=_place(core, data),
            now=turn.now,
        )
    else:
        appointment, told = await service.invite(
            core,
            tx,
            client,
            coach,
            kind=AppointmentKind(str(data["kind"])),
            local_date=_day(data),
            local_time=_clock(data),
            place=_place(core, data),
            duration_minutes=DURATION_MINUTES,
            now=turn.now,
        )
        # What she asked for by her monthly question is done with it.
        await checkins.close_check_ins(tx, client.id, now=turn.now)
        await tasks.close_tasks(tx, kind="slot", client_id=client.id, now=turn.now)
    await _report(core, tx, turn, client, appointment, message, told=told)


async def _report(
    core: Core,
    tx: Transaction,
    turn: Turn,
    client: Client,
    appointment: Appointment,
    message: TelegramMessageId,
    *,
    told: bool,
) -> None:
    values = service.staff_values(core, client, appointment)
    if told or await live_link(tx, client) is not None:
        text_id = "st.ap_made" if appointment.revision == 1 else "st.ap_moved"
        text = core.texts.staff(text_id, **values)
        text += service.held_words(core, client, appointment, OutboxKind.APPOINTMENT, turn.now)
    else:
        stand = await menu.link_words(core, tx, client)
        text = (
            core.texts.staff("st.ap_state", **values)
            + "\n"
            + core.texts.staff("st.ap_no_chat", **{**values, "stand": stand})
        )
    buttons = service.staff_buttons(core, appointment)
    await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.STAFF, client=client)
