"""What a client answers to an appointment: she comes, cannot, wants another time, is late."""

from datetime import date, datetime, time, timedelta

from bot.domain.appointments import (
    Answer,
    Appointment,
    AppointmentState,
    answered,
    expects_client,
)
from bot.domain.delivery import JsonValue, OutboxKind
from bot.domain.errors import NotFoundError
from bot.domain.ids import AppointmentId, TelegramMessageId
from bot.domain.languages import DUTCH, Language
from bot.domain.people import Client
from bot.services import appointments as service
from bot.services import menu, periods
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import (
    Button,
    Rows,
    call_here,
    in_pairs,
    rewrite,
    say,
    take_buttons_away,
    tell_coach,
)
from bot.storage import appointments, people, tasks
from bot.storage.database import Transaction
from bot.texts import Value

_ONCE = frozenset({"reason", "part", "minutes"})
"""Answers that the coach hears of once, however often their button is tapped."""

_ASKS = frozenset({"st.ap_cannot", "st.ap_other_time", "st.ap_question"})
"""What asks the coach for something; the rest of what she answers is only to be known."""

_MARKS = " \u200f\u2068\u2069"


async def answer(
    core: Core,
    turn: Turn,
    appointment_id: AppointmentId,
    revision: int,
    action: str,
    message: TelegramMessageId,
) -> None:
    """Take a client's tap under a message about an appointment.

    A button of an old message acts on nothing: it shows how things stand now.
    """
    async with taking(core, turn) as tx:
        client = await menu.get_client_here(tx, turn)
        appointment = await _own(tx, client, appointment_id)
        verb, _, detail = action.partition("=")
        lasts = timedelta(minutes=appointment.duration_minutes)
        late = verb in {"where", "late", "minutes"}
        if turn.now >= appointment.starts_at + (lasts if late else timedelta()):
            text = core.texts.say("ap.past", client.language)
            await say(tx, turn, text, client=client)
        elif revision != appointment.revision or not service.stands(appointment):
            await _show_state(core, tx, turn, client, appointment)
        elif verb in _ONCE and not await tasks.note_tap(
            tx, f"{turn.chat_id}:{message}:{verb}", turn.now
        ):
            pass  # the second of two quick taps
        elif verb == "reason" and appointment.state is not AppointmentState.CANNOT:
            await _show_state(core, tx, turn, client, appointment)
        elif verb == "where":
            await _where(core, tx, turn, client, appointment)
        elif verb in {"come", "cannot", "other_time"}:
            await _decide(core, tx, turn, client, appointment, Answer(verb), message)
        elif verb == "question":
            await _question(core, tx, turn, client, appointment)
        elif verb == "reason":
            await _reason(core, tx, turn, client, appointment, detail, message)
        elif verb in {"day", "part"}:
            await _wish(core, tx, turn, client, appointment, verb, detail, message)
        elif verb == "late":
            await _ask_how_late(core, tx, turn, client, appointment)
        elif verb == "minutes":
            await _late(core, tx, turn, client, appointment, detail, message)
        else:
            msg = f"There is no answer {verb} to an appointment."
            raise NotFoundError(msg)


async def _own(tx: Transaction, client: Client, appointment_id: AppointmentId) -> Appointment:
    appointment = await appointments.get_appointment(tx, appointment_id)
    if appointment.client_id != client.id:
        msg = f"Appointment {appointment_id} is not with client {client.code}."
        raise NotFoundError(msg)
    return appointment


async def _show_state(
    core: Core, tx: Transaction, turn: Turn, client: Client, appointment: Appointment
) -> None:
    """Say how an appointment stands now, to somebody who tapped an old message."""
    locale = client.language
    text = core.texts.say("ap.gone", locale)
    if appointment.state is AppointmentState.CANCELLED:
        coach = await people.get_coach(tx, client.id)
        text += "\n" + core.texts.say(
            "ap.cancelled_org",
            locale,
            coach=coach.name,
            **service.moment(core, appointment, locale),
        )
        await say(tx, turn, text, client=client)
        return
    values = await service.values_for(core, tx, appointment, locale)
    text += "\n" + core.texts.say("menu.appointment_line", locale, **values)
    buttons = service.answer_buttons(core, appointment, locale, ("come", "cannot", "where"))
    await say(tx, turn, text, buttons, client=client)


async def _decide(
    core: Core,
    tx: Transaction,
    turn: Turn,
    client: Client,
    appointment: Appointment,
    choice: Answer,
    message: TelegramMessageId,
) -> None:
    """Record that she comes, cannot come or asks for another time; the coach sees it at once.

    Only the coach cancels or moves: until then the appointment stands.
    """
    locale = client.language
    state = answered(appointment.state, choice)
    changed = state is not appointment.state
    if changed:
        await appointments.set_state(tx, appointment.id, state, turn.now)
        await periods.refresh(core, tx, [client.id], now=turn.now)
        appointment = await appointments.get_appointment(tx, appointment.id)
        if not expects_client(state):
            await service.retire(tx, appointment.id, now=turn.now)
        else:
            # She may have said before that she could not: then the reminders come back.
            await appointments.restore_reminders(tx, appointment, after=turn.now)
    await take_buttons_away(tx, turn, message, kind=OutboxKind.ANSWER)
    when = service.moment(core, appointment, locale)
    if choice is Answer.COME:
        text = core.texts.say("ap.confirmed", locale, **when)
        buttons = service.answer_buttons(core, appointment, locale, ("where", "cannot"))
    elif choice is Answer.CANNOT:
        text = core.texts.say("ap.cant", locale)
        buttons = in_pairs(
            *(
                _button(core, appointment, locale, label, f"reason={reason}")
                for label, reason in (
                    ("sick", "sick"),
                    ("work_or_class", "work"),
                    ("no_childcare", "childcare"),
                    ("no_transport", "transport"),
                    ("other_reason", "other"),
                )
            )
        )
    else:
        text = core.texts.say("ap.other_none", locale)
        buttons = _day_buttons(core, appointment, locale)
    await say(tx, turn, text, buttons, client=client)
    if changed:
        text_id = {
            Answer.COME: "st.ap_confirmed",
            Answer.CANNOT: "st.ap_cannot",
            Answer.OTHER_TIME: "st.ap_other_asked",
        }[choice]
        await _tell(core, tx, client, appointment, text_id, now=turn.now)


def _button(
    core: Core, appointment: Appointment, locale: Language, label: str, action: str
) -> Button:
    return Button(
        core.texts.label(f"btn.{label}", locale),
        f"ap:{appointment.id}:{appointment.revision}:{action}",
    )


def _day_buttons(core: Core, appointment: Appointment, locale: Language) -> Rows:
    """Return Monday to Friday, by name."""
    monday = date(2024, 1, 1)
    return in_pairs(
        *(
            Button(
                str(core.texts.moment(monday.replace(day=1 + number), time(9), locale)["dag"]),
                f"ap:{appointment.id}:{appointment.revision}:day={number}",
            )
            for number in range(5)
        )
    )


async def _tell(
    core: Core,
    tx: Transaction,
    client: Client,
    appointment: Appointment,
    text_id: str,
    *,
    now: datetime,
    **more: Value,
) -> None:
    if text_id in _ASKS:
        coach = await people.get_coach(tx, client.id)
        await tasks.insert_task(
            tx,
            kind="answer",
            key=f"answer:{appointment.id}:{appointment.revision}:{text_id}:{now.isoformat()}",
            client_id=client.id,
            staff_id=coach.id,
            about_id=appointment.id,
            now=now,
        )
    values = {**service.staff_values(core, client, appointment), **more}
    values.pop("code")
    values.pop("voornaam")
    await tell_coach(
        core, tx, client, text_id, service.staff_buttons(core, appointment), now=now, **values
    )


async def _reason(
    core: Core,
    tx: Transaction,
    turn: Turn,
    client: Client,
    appointment: Appointment,
    reason: str,
    message: TelegramMessageId,
) -> None:
    """Pass on why she cannot come; she need not say it, and is never blamed."""
    coach = await people.get_coach(tx, client.id)
    text_id = {"sick": "ap.sick_ack", "childcare": "ap.childcare_ack"}.get(reason, "ap.cant_ack")
    await take_buttons_away(tx, turn, message, kind=OutboxKind.ANSWER)
    await say(tx, turn, core.texts.say(text_id, client.language, coach=coach.name), client=client)
    words = core.texts.staff(f"st.reason_{reason}")
    await _tell(core, tx, client, appointment, "st.ap_reason", now=turn.now, reden=words)


async def _wish(
    core: Core,
    tx: Transaction,
    turn: Turn,
    client: Client,
    appointment: Appointment,
    verb: str,
    detail: str,
    message: TelegramMessageId,
) -> None:
    """Ask which part of the day she prefers, then pass her wish on; the old time stands."""
    locale = client.language
    if verb == "day":
        text = core.texts.say("ap.other_part", locale)
        buttons = in_pairs(
            _button(core, appointment, locale, "morning", f"part={detail}m"),
            _button(core, appointment, locale, "afternoon", f"part={detail}a"),
        )
        await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.ANSWER, client=client)
        return
    number, part = int(detail[:-1]), detail[-1]
    day = core.texts.moment(date(2024, 1, 1 + number % 5), time(9), DUTCH)["dag"]
    words = core.texts.staff("time.morning" if part == "m" else "time.afternoon")
    coach = await people.get_coach(tx, client.id)
    text = core.texts.say("ap.other_ack", locale, coach=coach.name)
    await rewrite(tx, turn, message, text, kind=OutboxKind.ANSWER, client=client)
    await _tell(
        core, tx, client, appointment, "st.ap_other_time", now=turn.now, wens=f"{day}{words}"
    )


async def _question(
    core: Core, tx: Transaction, turn: Turn, client: Client, appointment: Appointment
) -> None:
    coach = await people.get_coach(tx, client.id)
    text = core.texts.say("ap.question", client.language, coach=coach.name)
    await say(tx, turn, text, client=client)
    await _tell(core, tx, client, appointment, "st.ap_question", now=turn.now)


async def _ask_how_late(
    core: Core, tx: Transaction, turn: Turn, client: Client, appointment: Appointment
) -> None:
    locale = client.language
    reference = f"ap:{appointment.id}:{appointment.revision}"
    buttons = [
        Button(
            core.texts.label("btn.minutes", locale, minuten=minutes),
            f"{reference}:minutes={minutes}",
        )
        for minutes in (10, 20, 30)
    ]
    buttons.append(
        Button(core.texts.label("btn.more_minutes", locale), f"{reference}:minutes=more")
    )
    text = core.texts.say("ap.late_ask", locale)
    await say(tx, turn, text, in_pairs(*buttons), client=client)


async def _late(
    core: Core,
    tx: Transaction,
    turn: Turn,
    client: Client,
    appointment: Appointment,
    detail: str,
    message: TelegramMessageId,
) -> None:
    """Tell the coach at once that she comes later."""
    coach = await people.get_coach(tx, client.id)
    text = core.texts.say("ap.late_ack", client.language, coach=coach.name)
    await rewrite(tx, turn, message, text, kind=OutboxKind.ANSWER, client=client)
    clock = appointment.local_time.strftime("%H:%M")
    if detail.isdigit():
        await tell_coach(
            core, tx, client, "st.late", minuten=int(detail), tijd=clock, now=turn.now
        )
    else:
        await tell_coach(core, tx, client, "st.late_more", tijd=clock, now=turn.now)


async def _where(
    core: Core, tx: Transaction, turn: Turn, client: Client, appointment: Appointment
) -> None:
    """Say where it is, in words and as a pin."""
    place = appointment.place
    locale = client.language
    text = core.texts.say(
        "ap.where", locale, plaats=place.name, adres=place.address, route_uitleg=place.route
    )
    # A place without an address or a route leaves a line with nothing but direction marks.
    text = "\n".join(line for line in text.split("\n") if line.strip(_MARKS))
    if place.desk:
        text += "\n" + core.texts.say("ap.desk", locale, naam_balie=place.desk)
    await say(tx, turn, text, client=client)
    if place.latitude is not None and place.longitude is not None:
        payload: dict[str, JsonValue] = {
            "chat_id": turn.chat_id,
            "latitude": place.latitude,
            "longitude": place.longitude,
            "title": place.name,
            "address": place.address or place.name,
        }
        await call_here(tx, turn, "sendVenue", payload, kind=OutboxKind.ANSWER, client=client)
