"""Putting a conversation on record in two taps, and taking back what was put there by mistake."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.domain.contacts import (
    AttemptKind,
    Channel,
    ContactError,
    ContactMoment,
    Theme,
    check_contact,
)
from bot.domain.delivery import OutboxKind
from bot.domain.ids import AppointmentId, ClientId, ContactId, TelegramMessageId
from bot.domain.ladder import aftercare_due
from bot.domain.languages import DUTCH
from bot.domain.months import Month
from bot.domain.people import Client, ClientStatus, Role, Staff
from bot.services import access, periods
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import Button, Rows, in_pairs, rewrite, say
from bot.storage import contacts, people, statuses, tasks
from bot.storage.database import Transaction
from bot.texts import day_words, weekday

_DAYS_SHOWN = 8
_CHANNELS = (
    Channel.OFFICE,
    Channel.PHONE,
    Channel.VIDEO,
    Channel.HOME_VISIT,
    Channel.WORKPLACE,
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of putting a conversation on record."""

    contact: ContactMoment
    new: bool
    """False when the same day, or a workplace trainer's month, was on record already."""


async def record(
    core: Core,
    tx: Transaction,
    client: Client,
    staff: Staff,
    role: Role,
    *,
    day: date,
    channel: Channel,
    now: datetime,
    theme: Theme | None = None,
    counts: bool = True,
) -> Recorded:
    """Put a conversation on record: one a client a day, whoever records it first.

    A workplace trainer speaks with her every day: of those one a month is kept. The month is
    worked out anew at once. Errors: ContactError when it cannot have been, or may not count.
    """
    today = core.today(now)
    spans = (await statuses.list_spans(tx, [client.id])).get(client.id, [])
    check_contact(
        day,
        channel,
        today=today,
        in_care_since=min((span.first_day for span in spans), default=today),
        open_from=periods.first_open(core, now),
        counts=counts,
        chat_counts=core.config.contact.chat_counts,
    )
    if counts:
        found = await contacts.find_counting(tx, client.id, day, day)
        if found is None and role is Role.WORKPLACE_TRAINER:
            month = Month.of(day)
            found = await contacts.find_counting(tx, client.id, month.first, month.last, role=role)
        if found is not None:
            return Recorded(found, new=False)
    contact_id = await contacts.insert_contact(
        tx,
        client_id=client.id,
        day=day,
        channel=channel,
        role=role,
        staff_id=staff.id,
        theme=theme,
        counts=counts,
        now=now,
    )
    if Month.of(day) < Month.of(today):
        await _trace(tx, staff, "contact_afterwards", contact_id, now)
    if counts:
        await _settle(core, tx, client, now=now)
    return Recorded(await contacts.get_contact(tx, contact_id), new=True)


async def withdraw(
    core: Core, tx: Transaction, contact_id: ContactId, staff: Staff, *, now: datetime
) -> bool:
    """Take a conversation back: it stays on record, and no longer counts.

    False when that was done before. Errors: ContactError when its month is frozen.
    """
    contact = await contacts.get_contact(tx, contact_id)
    client = await people.get_client(tx, contact.client_id)
    check_contact(
        contact.day,
        contact.channel,
        today=core.today(now),
        in_care_since=contact.day,
        open_from=periods.first_open(core, now),
        counts=False,
        chat_counts=True,
    )
    if not await contacts.withdraw_contact(tx, contact_id, staff.id, now=now):
        return False
    await _trace(tx, staff, "contact_withdrawn", contact_id, now)
    await periods.refresh(core, tx, [client.id], now=now)
    return True


async def record_attempt(
    core: Core,
    tx: Transaction,
    client: Client,
    staff: Staff,
    kind: AttemptKind,
    *,
    day: date,
    now: datetime,
    appointment_id: AppointmentId | None = None,
) -> bool:
    """Put an effort on record that led to no conversation; False when it was there already."""
    new = await contacts.insert_attempt(
        tx,
        client_id=client.id,
        day=day,
        kind=kind,
        staff_id=staff.id,
        appointment_id=appointment_id,
        now=now,
    )
    if new and appointment_id is not None:
        await periods.refresh(core, tx, [client.id], now=now)
    return new


async def _settle(core: Core, tx: Transaction, client: Client, *, now: datetime) -> None:
    """Work the months out anew, and close what asked for this conversation and no other."""
    found = await periods.refresh(core, tx, [client.id], now=now)
    for month, period in found[client.id].items():
        if not period.is_waiting:
            await tasks.close_task(tx, f"call:{client.id}:{month}", now=now)
    if client.status is ClientStatus.AFTERCARE:
        began = (await statuses.list_work_began(tx, [client.id])).get(client.id)
        spoken = (await contacts.last_days(tx, [client.id])).get(client.id)
        if began is not None and aftercare_due(began, spoken, core.today(now)) is None:
            await tasks.close_tasks(tx, kind="aftercare", client_id=client.id, now=now)


async def _trace(
    tx: Transaction, staff: Staff, action: str, contact_id: ContactId, now: datetime
) -> None:
    await tasks.insert_audit(
        tx, actor=f"staff:{staff.id}", action=action, about=f"contact:{contact_id}", now=now
    )


# -- by tapping -------------------------------------------------------------------------------


async def ask_how(core: Core, turn: Turn, client_id: ClientId) -> None:
    """Ask how somebody spoke with a client today: the second tap puts it on record."""
    async with taking(core, turn) as tx:
        _, client, _ = await access.get_contact_client(core, tx, turn, client_id)
        text, buttons = how_question(core, client, core.today(turn.now), turn.now)
        await say(tx, turn, text, buttons, kind=OutboxKind.STAFF, client=client)


async def ask_day(
    core: Core, turn: Turn, client_id: ClientId, back_to: date, message: TelegramMessageId
) -> None:
    """Offer earlier days, as far back as a month is open."""
    async with taking(core, turn) as tx:
        _, client, _ = await access.get_contact_client(core, tx, turn, client_id)
        text = core.texts.staff("st.contact_day", code=client.code, voornaam=client.name)
        buttons = _day_buttons(core, client, back_to, turn.now)
        await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.STAFF, client=client)


async def choose_day(
    core: Core, turn: Turn, client_id: ClientId, day: date, message: TelegramMessageId
) -> None:
    """Ask how, for the day that was chosen."""
    async with taking(core, turn) as tx:
        _, client, _ = await access.get_contact_client(core, tx, turn, client_id)
        text, buttons = how_question(core, client, day, turn.now)
        await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.STAFF, client=client)


async def log(
    core: Core,
    turn: Turn,
    client_id: ClientId,
    day: date,
    channel: Channel,
    message: TelegramMessageId,
) -> None:
    """Put the conversation on record, and ask what it was about; that may stay unanswered."""
    async with taking(core, turn) as tx:
        person, client, role = await access.get_contact_client(core, tx, turn, client_id)
        try:
            made = await record(
                core,
                tx,
                client,
                person,
                role,
                day=day,
                channel=channel,
                counts=channel is not Channel.OTHER,
                now=turn.now,
            )
        except ContactError as error:
            text, buttons = how_question(core, client, core.today(turn.now), turn.now)
            text = (
                core.texts.staff(f"st.contact_{error.reason}", **day_words(day, DUTCH))
                + "\n"
                + text
            )
            await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.STAFF, client=client)
            return
        text, buttons = await _recorded(core, tx, client, made)
        await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.STAFF, client=client)


async def log_no_answer(
    core: Core, turn: Turn, client_id: ClientId, message: TelegramMessageId
) -> None:
    """Put on record that nobody answered the telephone today."""
    async with taking(core, turn) as tx:
        person, client, _ = await access.get_contact_client(core, tx, turn, client_id)
        today = core.today(turn.now)
        await record_attempt(
            core, tx, client, person, AttemptKind.NO_ANSWER, day=today, now=turn.now
        )
        month = Month.of(today)
        count = await contacts.count_attempts(tx, client.id, month.first, month.last)
        text = core.texts.staff(
            "st.contact_no_answer", code=client.code, voornaam=client.name, aantal=count
        )
        again = Button(core.texts.staff("st.btn_log_contact"), f"ct:{client.id}")
        plan = Button(core.texts.staff("st.btn_appointment"), f"bn:{client.id}")
        buttons = in_pairs(again, plan)
        await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.STAFF, client=client)


async def set_theme(
    core: Core, turn: Turn, contact_id: ContactId, theme: Theme, message: TelegramMessageId
) -> None:
    """Note what a conversation was about."""
    async with taking(core, turn) as tx:
        contact = await contacts.get_contact(tx, contact_id)
        _, client, _ = await access.get_contact_client(core, tx, turn, contact.client_id)
        await contacts.set_theme(tx, contact_id, theme)
        contact = await contacts.get_contact(tx, contact_id)
        text, buttons = await _recorded(core, tx, client, Recorded(contact, new=True))
        await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.STAFF, client=client)


async def take_back(
    core: Core, turn: Turn, contact_id: ContactId, message: TelegramMessageId
) -> None:
    """Take back what was put on record by mistake; nothing is wiped, and it is traced."""
    async with taking(core, turn) as tx:
        contact = await contacts.get_contact(tx, contact_id)
        person, client, _ = await access.get_contact_client(core, tx, turn, contact.client_id)
        try:
            await withdraw(core, tx, contact_id, person, now=turn.now)
        except ContactError:  # its month is frozen
            turn.toast = core.texts.staff(
                "st.contact_frozen_short", **day_words(contact.day, DUTCH)
            )
            return
        text = core.texts.staff(
            "st.contact_withdrawn",
            code=client.code,
            voornaam=client.name,
            **day_words(contact.day, DUTCH),
        )
        again = Button(core.texts.staff("st.btn_log_contact"), f"ct:{client.id}")
        await rewrite(
            tx, turn, message, text, in_pairs(again), kind=OutboxKind.STAFF, client=client
        )


def how_question(core: Core, client: Client, day: date, now: datetime) -> tuple[str, Rows]:
    """Return the question how somebody spoke with a client on a day, with its buttons."""
    reference = f"ct:{client.id}:{day:%Y%m%d}"
    channels = [*_CHANNELS, *([Channel.CHAT] if core.config.contact.chat_counts else [])]
    buttons = [
        Button(core.texts.staff(f"st.channel_{channel}"), f"{reference}:{channel}")
        for channel in (*channels, Channel.OTHER)
    ]
    text = core.texts.staff(
        "st.contact_log", code=client.code, voornaam=client.name, **day_words(day, DUTCH)
    )
    rows = in_pairs(*buttons)
    today = core.today(now)
    edge = [Button(core.texts.staff("st.btn_other_day"), f"ct:{client.id}:{today:%Y%m%d}:day")]
    if day == today:
        edge.append(Button(core.texts.staff("st.btn_no_answer"), f"ct:{client.id}:no_answer"))
    return text, (*rows, tuple(edge))


def _day_buttons(core: Core, client: Client, back_to: date, now: datetime) -> Rows:
    """Return a page of days, the latest first, and a way to earlier ones."""
    today, first = core.today(now), periods.first_open(core, now).first
    day = min(back_to, today)
    buttons: list[Button] = []
    while len(buttons) < _DAYS_SHOWN and day >= first:
        label = f"{weekday(day, DUTCH)} {day.day}-{day.month}"
        buttons.append(Button(label, f"ct:{client.id}:{day:%Y%m%d}:how"))
        day -= timedelta(days=1)
    rows = in_pairs(*buttons)
    if day >= first:
        earlier = Button(core.texts.staff("st.btn_earlier"), f"ct:{client.id}:{day:%Y%m%d}:day")
        rows = (*rows, (earlier,))
    return rows


async def _recorded(
    core: Core, tx: Transaction, client: Client, made: Recorded
) -> tuple[str, Rows]:
    """Return what stands on record now, with what can still be said about it."""
    contact = made.contact
    values = {
        "code": client.code,
        "voornaam": client.name,
        "hoe": core.texts.staff(f"st.how_{contact.channel}"),
        **day_words(contact.day, DUTCH),
    }
    if not contact.counts:
        text = core.texts.staff("st.contact_not_counted", **values)
    elif made.new:
        text = core.texts.staff("st.contact_logged", **values)
    else:
        by = await people.get_staff(tx, contact.staff_id)
        text = core.texts.staff("st.contact_known", naam=by.name, **values)
        return text, ()
    if contact.theme is not None:
        theme = core.texts.staff(f"st.theme_{contact.theme}")
        text += "\n" + core.texts.staff("st.contact_about", thema=theme)
    elif contact.counts:
        text += "\n" + core.texts.staff("st.contact_theme")
    buttons = [
        Button(core.texts.staff(f"st.theme_{theme}"), f"cx:{contact.id}:{theme}")
        for theme in Theme
        if contact.counts and contact.theme is None
    ]
    undo = (Button(core.texts.staff("st.btn_undo"), f"cx:{contact.id}:undo"),)
    return text, (*in_pairs(*buttons), undo)
