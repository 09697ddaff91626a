"""Appointments between a coach and a client: made, answered, moved and cancelled."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from bot.domain.appointments import (
    Appointment,
    AppointmentKind,
    AppointmentState,
    Place,
    plan_reminders,
)
from bot.domain.delivery import OutboxKind
from bot.domain.ids import AppointmentId, TelegramMessageId
from bot.domain.languages import DUTCH, Language
from bot.domain.localtime import to_utc
from bot.domain.people import Client, Staff
from bot.services import menu, periods
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import (
    Button,
    Rows,
    hold_until,
    in_pairs,
    live_link,
    rewrite,
    say,
    to_client,
)
from bot.storage import appointments, outbox, people, tasks
from bot.storage.database import Transaction
from bot.texts import Value


async def invite(
    core: Core,
    tx: Transaction,
    client: Client,
    coach: Staff,
    *,
    kind: AppointmentKind,
    local_date: date,
    local_time: time,
    place: Place,
    duration_minutes: int,
    now: datetime,
) -> tuple[Appointment, bool]:
    """Make an appointment, plan its reminders and invite the client in her language.

    Returns it and whether the invitation could be queued: she may have no live chat.
    """
    zone = core.config.organisation.zone
    appointment_id = await appointments.insert_appointment(
        tx,
        client_id=client.id,
        staff_id=coach.id,
        kind=kind,
        local_date=local_date,
        local_time=local_time,
        zone=zone.key,
        starts_at=to_utc(local_date, local_time, zone),
        duration_minutes=duration_minutes,
        place=place,
        now=now,
    )
    appointment = await appointments.get_appointment(tx, appointment_id)
    await _plan(core, tx, appointment, now=now)
    await periods.refresh(core, tx, [client.id], now=now)
    return appointment, await _send_invite(core, tx, client, appointment, now=now)


async def move(
    core: Core,
    tx: Transaction,
    client: Client,
    appointment: Appointment,
    *,
    local_date: date,
    local_time: time,
    place: Place,
    now: datetime,
) -> tuple[Appointment, bool]:
    """Give an appointment another time or place; what was planned for the old one is retired."""
    zone = ZoneInfo(appointment.zone)
    await retire(tx, appointment.id, now=now)
    await appointments.move_appointment(
        tx,
        appointment.id,
        local_date=local_date,
        local_time=local_time,
        starts_at=to_utc(local_date, local_time, zone),
        place=place,
        now=now,
    )
    moved = await appointments.get_appointment(tx, appointment.id)
    await _plan(core, tx, moved, now=now)
    await periods.refresh(core, tx, [client.id], now=now)
    return moved, await _send_invite(core, tx, client, moved, now=now)


async def _plan(core: Core, tx: Transaction, appointment: Appointment, *, now: datetime) -> None:
    due = plan_reminders(
        appointment.local_date,
        appointment.local_time,
        ZoneInfo(appointment.zone),
        core.config.reminders.rules,
    )
    told_at = hold_until(core, OutboxKind.APPOINTMENT, now)
    for kind, due_at in due.items():
        if due_at > told_at:  # no sooner than she hears of the appointment itself
            await appointments.plan_reminder(
                tx,
                appointment.id,
                revision=appointment.revision,
                kind=kind,
                due_at=due_at,
            )


async def retire(tx: Transaction, appointment_id: AppointmentId, *, now: datetime) -> None:
    """Take back what was planned or about to be said about an appointment."""
    # Moved or cancelled: what she asked for has been decided.
    await tasks.close_tasks(tx, kind="answer", about_id=appointment_id, now=now)
    await appointments.retire_reminders(tx, appointment_id)
    await outbox.retire_appointment(tx, appointment_id, now=now)


async def _send_invite(
    core: Core, tx: Transaction, client: Client, appointment: Appointment, *, now: datetime
) -> bool:
    # Of an invitation that was still held back she knows nothing that could have changed.
    known = await outbox.was_told(tx, appointment.id)
    text = await _invite_text(core, tx, client, appointment, known=known)
    locale = client.language
    buttons = answer_buttons(
        core, appointment, locale, ("come", "cannot", "other_time", "question")
    )
    return await to_client(
        core,
        tx,
        client,
        text,
        buttons,
        kind=OutboxKind.APPOINTMENT,
        appointment=appointment,
        valid_until=appointment.starts_at,
        now=now,
    )


async def _invite_text(
    core: Core, tx: Transaction, client: Client, appointment: Appointment, *, known: bool
) -> str:
    """Return the words of an invitation, or of a change when she knows the appointment."""
    locale = client.language
    if client.discreet:
        text = core.texts.say("ap.discreet", locale, **moment(core, appointment, locale))
        return core.texts.say("ap.gone", locale) + "\n" + text if known else text
    values = await values_for(core, tx, appointment, locale)
    text = core.texts.say("ap.moved" if known else "ap.invite", locale, **values)
    subject = core.texts.say(f"kind.{appointment.kind}", locale)
    text += "\n" + core.texts.say("ap.about", locale, onderwerp=subject)
    if appointment.kind is AppointmentKind.HOME_VISIT:
        text += "\n" + core.texts.say("ap.not_inspection", locale)
    return text


def moment(core: Core, appointment: Appointment, locale: Language) -> dict[str, Value]:
    """Return when the appointment is, as the reader reads it; always from the fields."""
    return core.texts.moment(appointment.local_date, appointment.local_time, locale)


async def values_for(
    core: Core, tx: Transaction, appointment: Appointment, locale: Language
) -> dict[str, Value]:
    """Return what a client's texts about an appointment show."""
    staff = await people.get_staff(tx, appointment.staff_id)
    return {
        "met_wie": staff.name,
        "plaats": appointment.place.name,
        "duur": appointment.duration_minutes,
        **moment(core, appointment, locale),
    }


def answer_buttons(
    core: Core, appointment: Appointment, locale: Language, actions: tuple[str, ...]
) -> Rows:
    """Return buttons under a message about an appointment; each names its revision."""
    return in_pairs(
        *(
            Button(
                core.texts.label(f"btn.{action}", locale),
                f"ap:{appointment.id}:{appointment.revision}:{action}",
            )
            for action in actions
        )
    )


def staff_values(core: Core, client: Client, appointment: Appointment) -> dict[str, Value]:
    """Return what staff texts about an appointment show."""
    return {
        "code": client.code,
        "voornaam": client.name,
        "soort": core.texts.say(f"kind.{appointment.kind}", DUTCH),
        "plaats": appointment.place.name,
        "stand": core.texts.staff(f"st.state_{appointment.state}"),
        **moment(core, appointment, DUTCH),
    }


def staff_buttons(core: Core, appointment: Appointment) -> Rows:
    """Return what a coach may do with an appointment that stands."""
    if appointment.state is AppointmentState.CANCELLED:
        return ()
    reference = f"sa:{appointment.id}:{appointment.revision}"
    return in_pairs(
        Button(core.texts.staff("st.btn_move"), f"{reference}:move"),
        Button(core.texts.staff("st.btn_cancel"), f"{reference}:cancel"),
    )


def stands(appointment: Appointment) -> bool:
    """Tell whether the appointment has not been cancelled."""
    return appointment.state is not AppointmentState.CANCELLED


def may_change(appointment: Appointment, revision: int, now: datetime) -> bool:
    """Tell whether a button of this version may still move or cancel the appointment."""
    current = stands(appointment) and appointment.revision == revision
    return current and now < appointment.starts_at


def staff_state(
    core: Core, client: Client, appointment: Appointment, now: datetime
) -> tuple[str, Rows]:
    """Return for a coach how an appointment stands now, and what can be done about it."""
    text = core.texts.staff("st.ap_state", **staff_values(core, client, appointment))
    if now >= appointment.starts_at:
        return text + "\n" + core.texts.say("ap.past", DUTCH), ()
    return text, staff_buttons(core, appointment)


def held_words(
    core: Core, client: Client, appointment: Appointment, kind: OutboxKind, now: datetime
) -> str:
    """Return a line for the coach when the client reads this only after the quiet hours."""
    held = hold_until(core, kind, now)
    if held <= now:
        return ""
    clock = held.astimezone(core.config.organisation.zone).strftime("%H:%M")
    values = staff_values(core, client, appointment) | {"tijd": clock}
    return "\n" + core.texts.staff("st.sent_held", **values)


async def get_for_staff(
    core: Core, tx: Transaction, turn: Turn, appointment_id: AppointmentId
) -> tuple[Staff, Client, Appointment]:
    """Return an appointment of one of this coach's clients; errors: NotFoundError otherwise."""
    coach = await menu.get_staff_here(core, tx, turn)
    appointment = await appointments.get_appointment(tx, appointment_id)
    client = await menu.get_own_client(tx, coach, appointment.client_id)
    return coach, client, appointment


async def ask_cancel(core: Core, turn: Turn, appointment_id: AppointmentId, revision: int) -> None:
    """Ask a coach whether the appointment is really to be cancelled."""
    async with taking(core, turn) as tx:
        _, client, appointment = await get_for_staff(core, tx, turn, appointment_id)
        if may_change(appointment, revision, turn.now):
            values = staff_values(core, client, appointment)
            text = core.texts.staff("st.ap_cancel_ask", **values)
            reference = f"sa:{appointment.id}:{appointment.revision}"
            buttons = in_pairs(
                Button(core.texts.staff("st.btn_yes_cancel"), f"{reference}:yes"),
                Button(core.texts.staff("st.btn_drop"), f"{reference}:no"),
            )
        else:
            text, buttons = staff_state(core, client, appointment, turn.now)
        await say(tx, turn, text, buttons, kind=OutboxKind.STAFF, client=client)


async def cancel(
    core: Core,
    turn: Turn,
    appointment_id: AppointmentId,
    revision: int,
    question: TelegramMessageId,
    *,
    confirmed: bool,
) -> None:
    """Cancel an appointment: the client is told, on the day itself at any hour."""
    async with taking(core, turn) as tx:
        _, client, appointment = await get_for_staff(core, tx, turn, appointment_id)
        buttons: Rows = ()
        if stands(appointment) and not confirmed:
            text = core.texts.staff("st.ap_dropped")
        elif may_change(appointment, revision, turn.now):
            await _cancel(core, tx, client, appointment, now=turn.now)
            text = await _cancelled_words(core, tx, client, appointment.id, now=turn.now)
        elif not stands(appointment) and appointment.revision == revision:
            # A second tap: the message goes on saying what the first one did.
            text = await _cancelled_words(core, tx, client, appointment.id, now=turn.now)
        else:
            text, buttons = staff_state(core, client, appointment, turn.now)
        await rewrite(tx, turn, question, text, buttons, kind=OutboxKind.STAFF, client=client)


async def _cancel(
    core: Core, tx: Transaction, client: Client, appointment: Appointment, *, now: datetime
) -> None:
    known = await outbox.was_told(tx, appointment.id)
    waits = await _is_waiting(tx, appointment)
    await retire(tx, appointment.id, now=now)
    await appointments.set_state(tx, appointment.id, AppointmentState.CANCELLED, now)
    await periods.refresh(core, tx, [client.id], now=now)
    if not known:
        return  # The invitation was still held back: of what never reached her she need not hear.
    coach = await people.get_coach(tx, client.id)
    text = core.texts.say(
        "ap.cancelled_org",
        client.language,
        coach=coach.name,
        **moment(core, appointment, client.language),
    )
    if waits:
        # She still counts on the old time, and hears only now that it was given another.
        moved = await _invite_text(core, tx, client, appointment, known=True)
        text = moved + "\n\n" + text
    button = Button(core.texts.label("btn.understood", client.language), "mn:ok")
    await to_client(
        core,
        tx,
        client,
        text,
        in_pairs(button),
        kind=_cancel_kind(appointment, now),
        now=now,
    )


def _cancel_kind(appointment: Appointment, now: datetime) -> OutboxKind:
    today = now.astimezone(ZoneInfo(appointment.zone)).date()
    return OutboxKind.URGENT if today == appointment.local_date else OutboxKind.APPOINTMENT


async def _is_waiting(tx: Transaction, appointment: Appointment) -> bool:
    """Tell whether the client has yet to hear of this version of the appointment."""
    return await outbox.is_on_its_way(tx, appointment.id, appointment.revision)


async def _cancelled_words(
    core: Core,
    tx: Transaction,
    client: Client,
    appointment_id: AppointmentId,
    *,
    now: datetime,
) -> str:
    """Return what a coach reads once an appointment is cancelled: does the client hear of it?"""
    appointment = await appointments.get_appointment(tx, appointment_id)
    values = staff_values(core, client, appointment)
    if await live_link(tx, client) is None:
        stand = await menu.link_words(core, tx, client)
        text = core.texts.staff("st.ap_state", **values)
        return text + "\n" + core.texts.staff("st.not_delivered", **{**values, "stand": stand})
    if not await outbox.was_told(tx, appointment.id):
        return core.texts.staff("st.ap_state", **values)
    text = core.texts.staff("st.ap_cancelled", **values)
    return text + held_words(core, client, appointment, _cancel_kind(appointment, now), now)
