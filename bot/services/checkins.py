"""The short monthly question: asked of a client once; times to propose; and what silence asks."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from babel.dates import format_date

from bot.domain.appointments import AppointmentKind
from bot.domain.checkins import CheckIn, Mood
from bot.domain.contacts import contact_role
from bot.domain.delivery import OutboxKind
from bot.domain.errors import NotFoundError
from bot.domain.ids import CheckInId, ClientId, StaffId
from bot.domain.ladder import check_in_is_due
from bot.domain.languages import DUTCH, Language, base, is_rtl
from bot.domain.localtime import to_utc
from bot.domain.people import Client, ClientStatus, Staff
from bot.domain.periods import Period
from bot.domain.slots import Slot, is_free, propose
from bot.domain.workdays import add_working_days, on_or_after
from bot.services import access, booking, duties, menu, periods
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import (
    Button,
    hold_until,
    in_pairs,
    live_link,
    to_client,
)
from bot.storage import checkins as storage
from bot.storage import people, tasks
from bot.storage.database import Transaction

_DAY = timedelta(days=1)
_SILENT_DAYS = 2
"""After so many working days without a word the coach is to phone."""

_WAITS = timedelta(days=62)
"""A time that a client chose is kept for her until the month after is over."""

_LONG_NAMES = frozenset({"nl", "en"})
"""Languages in which day, date and time together are too long for a button."""

_FSI, _PDI = "\u2068", "\u2069"

_IN_CARE = frozenset({ClientStatus.INVITED, ClientStatus.ACTIVE})


def call_key(client_id: ClientId, period: Period) -> str:
    """Return the key of the task to phone a client who let nothing be heard."""
    return f"call:{client_id}:{period.month}"


# --- asked -----------------------------------------------------------------------------------


async def ask(
    core: Core, tx: Transaction, client: Client, period: Period, *, now: datetime
) -> bool:
    """Ask a client how she is, once for each month; False when she is not to be asked.

    Only where her coach wants it, in the days before the target, and with a live chat.
    """
    closed, today = core.config.hours.closed, core.today(now)
    wanted = client.check_in and client.status in _IN_CARE
    if not wanted or not check_in_is_due(period, today, closed):
        return False
    if await live_link(tx, client) is None:
        return False
    reads_on = core.today(hold_until(core, OutboxKind.CONVERSATION, now))
    silent_from = add_working_days(on_or_after(reads_on, closed), _SILENT_DAYS, closed)
    check_in = await storage.insert_check_in(
        tx, client.id, period.month, silent_from=silent_from, now=now
    )
    if check_in is None:
        return False
    month_over = period.month.last + _DAY
    return await to_client(
        core,
        tx,
        client,
        core.texts.say("mc.ask", client.language, voornaam=client.name),
        in_pairs(
            *(
                button(core, client, check_in, text_id, answer)
                for text_id, answer in (
                    ("btn.good", Mood.GOOD),
                    ("btn.okay", Mood.OKAY),
                    ("btn.not_good", Mood.BAD),
                    ("btn.tell", Mood.TELL),
                )
            )
        ),
        kind=OutboxKind.CONVERSATION,
        valid_until=to_utc(month_over, time(), core.config.organisation.zone),
        now=now,
    )


def button(core: Core, client: Client, check_in: CheckIn, text_id: str, action: str) -> Button:
    """Return a client's button under the question or what followed it."""
    words = core.texts.label(text_id, client.language)
    return Button(words, f"mc:{check_in.id}:{action}")


async def period_of(
    core: Core, tx: Transaction, client: Client, check_in: CheckIn, *, now: datetime
) -> Period | None:
    """Return the month of a question as it stands now; None when it is long over."""
    found = await periods.refresh(core, tx, [client.id], now=now)
    return found[client.id].get(check_in.month)


# --- times to propose ------------------------------------------------------------------------


async def busy_of(
    core: Core,
    tx: Transaction,
    coach_id: StaffId,
    *,
    now: datetime,
    besides: ClientId | None = None,
) -> list[tuple[datetime, datetime]]:
    """Return when a coach is occupied: by appointments, by absence, by times that clients chose.

    The time that the client `besides` chose is free for herself.
    """
    zone, lasts = core.config.organisation.zone, timedelta(minutes=booking.DURATION_MINUTES)
    chosen = await storage.list_chosen(tx, coach_id, since=now - _WAITS, besides=besides)
    away = await storage.list_away(tx, coach_id, today=core.today(now))
    return [
        *await storage.list_busy(tx, coach_id, now=now),
        *((slot.starts_at(zone), slot.starts_at(zone) + lasts) for slot in chosen),
        *(
            (to_utc(first, time(), zone), to_utc(last + _DAY, time(), zone))
            for first, last in away
        ),
    ]


async def propose_for(
    core: Core,
    tx: Transaction,
    coach: Staff,
    *,
    until: date,
    now: datetime,
    not_before: date | None = None,
    besides: ClientId | None = None,
) -> tuple[Slot, ...]:
    """Return three times at which a coach could speak with somebody, fewer when days are full.

    Up to and including `until`, or a week later when nothing is free; from `not_before` on. What
    the client `besides` chose before is free again.
    """
    return propose(
        await busy_of(core, tx, coach.id, now=now, besides=besides),
        now=now,
        until=until,
        closed=core.config.hours.closed,
        office=core.config.hours.office,
        zone=core.config.organisation.zone,
        minutes=booking.DURATION_MINUTES,
        not_before=not_before,
    )


async def is_open(
    core: Core, tx: Transaction, coach: Staff, client: Client, slot: Slot, *, now: datetime
) -> bool:
    """Tell whether a time that was proposed to a client is still to come and still free."""
    zone = core.config.organisation.zone
    return slot.starts_at(zone) > now and is_free(
        slot,
        await busy_of(core, tx, coach.id, now=now, besides=client.id),
        office=core.config.hours.office,
        zone=zone,
        minutes=booking.DURATION_MINUTES,
    )


def slot_label(core: Core, slot: Slot, locale: Language) -> str:
    """Return day, date and time for a button, as the reader reads them."""
    moment = core.texts.moment(slot.day, slot.clock, locale)
    name = str(moment["dag"])
    if base(locale) in _LONG_NAMES:
        name = format_date(slot.day, "EEE", locale=locale)
    figures = [f"{slot.day.day}-{slot.day.month}", str(moment["tijd"])]
    if is_rtl(locale):
        figures = [f"{_FSI}{each}{_PDI}" for each in figures]
    return " ".join([name, *figures])


def plan_button(core: Core, client: Client, slot: Slot, words: str | None = None) -> Button:
    """Return the button by which a coach makes the appointment at a time, with one tap."""
    when = f"{slot.day:%Y%m%d}:{slot.clock:%H%M}"
    return Button(words or slot_label(core, slot, DUTCH), f"cs:{client.id}:plan:{when}")


async def plan(core: Core, turn: Turn, client_id: ClientId, slot: Slot | None) -> None:
    """Open the making of a monthly talk at a time; at one that is taken, the time is asked."""
    async with taking(core, turn) as tx:
        person, client, _ = await access.get_contact_client(core, tx, turn, client_id)
        free = slot is not None and await is_open(core, tx, person, client, slot, now=turn.now)
        if slot is not None and not free:
            turn.toast = core.texts.staff("st.slot_taken")
        await booking.begin_with(
            core,
            tx,
            turn,
            person,
            client,
            kind=AppointmentKind.MONTHLY,
            day=slot.day if slot else None,
            clock=slot.clock if slot and free else None,
        )


# --- silence ---------------------------------------------------------------------------------


async def find_silent(
    core: Core,
    tx: Transaction,
    clients: Sequence[Client],
    *,
    today: date,
    now: datetime,
) -> int:
    """Give the task to phone each client from whom nothing was heard; returns how many are new.

    The client hears nothing of it. A month that needs no talk any more asks for no call.
    """
    silent = await storage.list_silent(tx, [client.id for client in clients], today)
    if not silent:
        return 0
    ids = {each.client_id for each in silent}
    found = await periods.refresh(core, tx, ids, now=now)
    # The coach's, also while somebody stands in: whoever covers for her sees it too.
    coaches = await people.coaches_of(tx, ids)
    count = 0
    for check_in in silent:
        period = found[check_in.client_id].get(check_in.month)
        if period is None or not period.is_waiting:
            continue
        count += await tasks.insert_task(
            tx,
            kind="call",
            key=call_key(check_in.client_id, period),
            client_id=check_in.client_id,
            staff_id=coaches[check_in.client_id],
            about_id=check_in.id,
            now=now,
        )
    return count


def silence_button(core: Core, check_in_id: CheckInId) -> Button:
    """Return the button by which a coach asks a silent client whether to phone her."""
    return Button(core.texts.staff("st.btn_noanswer"), f"cs:{check_in_id}:noanswer")


async def ask_after_silence(core: Core, turn: Turn, check_in_id: CheckInId) -> None:
    """Ask a client, by the hand of her coach and once, whether she wants to be phoned."""
    async with taking(core, turn) as tx:
        person = await menu.get_staff_here(core, tx, turn)
        check_in = await storage.get_check_in(tx, check_in_id)
        client, coach = await _answered_for(core, tx, person, check_in.client_id, now=turn.now)
        period = await period_of(core, tx, client, check_in, now=turn.now)
        waiting = period is not None and period.is_waiting and client.status in _IN_CARE
        if not waiting or not await storage.is_silent(tx, check_in.id):
            turn.toast = core.texts.staff("st.noanswer_heard")
        elif await live_link(tx, client) is None:
            turn.toast = core.texts.staff("st.noanswer_no_chat")
        elif not await tasks.note_tap(tx, f"cs:{check_in.id}:noanswer", turn.now):
            turn.toast = core.texts.staff("st.noanswer_before")
        else:
            turn.toast = core.texts.staff("st.noanswer_sent")
            text = core.texts.say(
                "mc.noanswer", client.language, voornaam=client.name, coach=coach.name
            )
            buttons = in_pairs(
                button(core, client, check_in, "btn.yes_call", Mood.CALL),
                button(core, client, check_in, "btn.no_write", Mood.TELL),
            )
            kind = OutboxKind.CONVERSATION
            await to_client(core, tx, client, text, buttons, kind=kind, now=turn.now)


async def _answered_for(
    core: Core, tx: Transaction, person: Staff, client_id: ClientId, *, now: datetime
) -> tuple[Client, Staff]:
    """Return a client and her coach; errors: NotFoundError for who is not coach or stand-in."""
    client = await people.get_client(tx, client_id)
    coach = await people.get_coach(tx, client_id)
    standing = await duties.load(core, tx, core.today(now))
    stands_in = person.id in standing.owners(coach.id) and contact_role(person.roles) is not None
    if person.id != coach.id and not stands_in:
        msg = f"{person.code} does not answer for client {client.code} today."
        raise NotFoundError(msg)
    return client, coach


# --- wanted or not ---------------------------------------------------------------------------


def toggle_button(core: Core, client: Client) -> Button:
    """Return the button on a client's card that has the monthly question sent, or not."""
    if client.check_in:
        return Button(core.texts.staff("st.btn_checkin_off"), f"cs:{client.id}:off")
    return Button(core.texts.staff("st.btn_checkin_on"), f"cs:{client.id}:on")


async def set_wanted(core: Core, turn: Turn, client_id: ClientId, *, wanted: bool) -> None:
    """Have the monthly question sent to a client from now on, or not any more."""
    async with taking(core, turn) as tx:
        await switch(core, tx, turn, client_id, wanted=wanted)


async def switch(
    core: Core, tx: Transaction, turn: Turn, client_id: ClientId, *, wanted: bool
) -> None:
    """Do the same within a turn that shows more; says in a bubble what it is now."""
    person = await menu.get_staff_here(core, tx, turn)
    client, _ = await _answered_for(core, tx, person, client_id, now=turn.now)
    await people.update_client(tx, client.id, check_in=wanted)
    turn.toast = core.texts.staff("st.checkin_is_on" if wanted else "st.checkin_is_off")
