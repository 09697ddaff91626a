"""What staff see of events: the list, one event with who comes, and calling it off."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.domain.delivery import OutboxKind, Payload
from bot.domain.errors import NotFoundError
from bot.domain.events import Event, EventKind, EventMode, EventState, Session, SignUpState
from bot.domain.ids import EventId, StaffId, TelegramMessageId
from bot.domain.languages import DUTCH
from bot.domain.localtime import to_utc
from bot.domain.people import Client, ClientStatus, Role, Staff
from bot.services import broadcasts, event_places, event_words, menu
from bot.services.core import Core, Turn, taking
from bot.services.event_guests import Guest, clock_of, get_guest, in_order
from bot.services.outgoing import Button, Rows, call_here, rewrite, say, to_staff
from bot.services.tables import write_table
from bot.services.worklist import PAGE, page_count, turning
from bot.storage import events as storage
from bot.storage import people, pictures, tasks
from bot.storage.database import Transaction
from bot.texts import day_words, weekday

Screen = tuple[str, Rows]

_LABEL = 60
_COLUMNS = ("stand", "tijd", "naam", "code", "coach", "bericht")
_UNTOLD_MOST, _UNTOLD_LENGTH = 40, 1500
"""So many who must be phoned stand in one message, in so many signs; a message holds 4,096."""

_HEAR_OF_END = (SignUpState.COMING, SignUpState.WAITING, SignUpState.LATER)


# --- who may see what ------------------------------------------------------------------------


def kinds_of(person: Staff) -> tuple[EventKind, ...]:
    """Return the kinds of events that somebody makes and sees."""
    if {Role.COORDINATOR, Role.COACH} & set(person.roles):
        return tuple(EventKind)
    return (EventKind.SPEED_DATE,) if Role.ACCOUNT_MANAGER in person.roles else ()


async def get_organiser(core: Core, tx: Transaction, turn: Turn) -> Staff:
    """Return who is here, if they have to do with events; errors: NotFoundError."""
    person = await menu.get_staff_here(core, tx, turn)
    if not kinds_of(person):
        msg = f"{person.code} makes no events; coordinators, coaches and account managers do."
        raise NotFoundError(msg)
    return person


async def get_for(tx: Transaction, person: Staff, event_id: EventId) -> Event:
    """Return an event that somebody may see; errors: NotFoundError."""
    event = await storage.get_event(tx, event_id)
    if event.kind not in kinds_of(person):
        msg = f"Event {event_id} is no speed date; {person.code} sees only those."
        raise NotFoundError(msg)
    return event


def may_cancel(person: Staff, event: Event, now: datetime) -> bool:
    """Tell whether somebody may call an event off: who made it, and coordinators."""
    theirs = event.author_id == person.id or Role.COORDINATOR in person.roles
    return theirs and event.state is EventState.OPEN and not event.is_over(now)


# --- the list --------------------------------------------------------------------------------


async def show_events(
    core: Core, turn: Turn, page: int = 0, message: TelegramMessageId | None = None
) -> None:
    """List the events to come; in place of the message, if there is one."""
    async with taking(core, turn) as tx:
        person = await get_organiser(core, tx, turn)
        text, rows = await list_screen(core, tx, person, page, turn.now)
        if message is None:
            await say(tx, turn, text, rows, kind=OutboxKind.STAFF)
        else:
            await rewrite(tx, turn, message, text, rows, kind=OutboxKind.STAFF)


async def list_screen(
    core: Core, tx: Transaction, person: Staff, page: int, now: datetime
) -> Screen:
    """Return the events of today and later that somebody may see."""
    midnight = to_utc(core.today(now), datetime.min.time(), core.config.organisation.zone)
    # What was today stays until midnight, for who comes is looked up at the door.
    found = await storage.list_events(tx, now=midnight, kinds=kinds_of(person))
    new = (Button(core.texts.staff("st.es_btn_new"), "es:new"),)
    if not found:
        return core.texts.staff("st.es_none"), (new,)
    page = min(max(page, 0), page_count(len(found)) - 1)
    shown = found[page * PAGE : (page + 1) * PAGE]
    counts = await storage.count_sign_ups(tx, [each.id for each in shown])
    rows: Rows = tuple(
        (Button(_label(core, each, counts[each.id][SignUpState.COMING], now), f"es:{each.id}:0"),)
        for each in shown
    )
    pages = turning("es:list:", page, len(found))
    text = core.texts.staff("st.es_list", aantal=len(found))
    return text, tuple(row for row in (*rows, pages, new) if row)


def _label(core: Core, event: Event, coming: int, now: datetime) -> str:
    session = event.next_session(now)
    day = f"{weekday(session.local_date, DUTCH)[:2]} {session.local_date:%d-%m}"
    places = places_of(event)
    count = f"{coming}/{places}" if places is not None else str(coming)
    what = event_words.activity(core, event, DUTCH)
    return f"{day} {session.local_time:%H:%M} · {count} · {what}"[:_LABEL]


def places_of(event: Event) -> int | None:
    """Return how many may come; None when there is no limit."""
    if event.mode is EventMode.ALL or event.capacity is not None:
        return event.capacity
    capacities = [each.capacity for each in event.sessions]
    return sum(each or 0 for each in capacities) if None not in capacities else None


# --- one event -------------------------------------------------------------------------------


async def show_event(
    core: Core, turn: Turn, event_id: EventId, page: int, message: TelegramMessageId
) -> None:
    """Show an event with who comes."""
    async with taking(core, turn) as tx:
        person = await get_organiser(core, tx, turn)
        event = await get_for(tx, person, event_id)
        text, rows = await event_screen(core, tx, person, event, page, turn.now)
        await rewrite(tx, turn, message, text, rows, kind=OutboxKind.STAFF)


async def event_screen(
    core: Core, tx: Transaction, person: Staff, event: Event, page: int, now: datetime
) -> Screen:
    """Return an event as somebody may see it, with what they may do."""
    st = core.texts.staff
    sign_ups = await storage.list_sign_ups(tx, event.id)
    counts = {state: sum(each.state is state for each in sign_ups) for state in SignUpState}
    author = await people.get_staff(tx, event.author_id)
    lines = [*details(core, event), st("st.es_made_by", naam=author.name)]
    if event.state is EventState.CANCELLED:
        lines.append(st("st.es_off"))
    lines.append(
        st(
            "st.es_counts",
            komt=counts[SignUpState.COMING],
            wacht=counts[SignUpState.WAITING],
            niet=counts[SignUpState.DECLINED],
            later=counts[SignUpState.LATER],
        )
    )
    guests = in_order(sign_ups)
    page = min(max(page, 0), page_count(len(guests)) - 1)
    for each in guests[page * PAGE : (page + 1) * PAGE]:
        guest = await get_guest(tx, person, await people.get_client(tx, each.client_id))
        who = f"{clock_of(event, each)} {guest}".strip()
        lines.append(st(f"st.es_guest_{each.state}", wie=who))
    return "\n".join(lines), (
        *(row for row in (turning(f"es:{event.id}:", page, len(guests)),) if row),
        *_event_rows(core, person, event, now, anybody=bool(guests)),
        (Button(st("st.btn_back"), "es:list:0"),),
    )


def _event_rows(core: Core, person: Staff, event: Event, now: datetime, *, anybody: bool) -> Rows:
    st = core.texts.staff
    buttons = []
    sends = bool({Role.COORDINATOR, Role.COACH} & set(person.roles))
    if sends and event.state is EventState.OPEN and not event.is_over(now):
        buttons.append(Button(st("st.es_btn_send"), f"bd:new:event:{event.id}"))
    if anybody:
        buttons.append(Button(st("st.es_btn_csv"), f"es:{event.id}:csv"))
    if may_cancel(person, event, now):
        buttons.append(Button(st("st.es_btn_off"), f"es:{event.id}:off"))
    return tuple((each,) for each in buttons)


def details(core: Core, event: Event) -> list[str]:
    """Return in Dutch what an event is, where, when and for how many."""
    st = core.texts.staff
    first, last = event.sessions[0], event.sessions[-1]
    lines = [
        st("st.es_title", activiteit=event_words.activity(core, event, DUTCH)),
        st("st.es_place", plaats=event.place.name),
    ]
    if event.mode is EventMode.ONE:
        lines.append(_when(core, first, last))
        per_slot = first.capacity or 0
        minutes = first.duration_minutes
        number = len(event.sessions)
        lines.append(st("st.es_slots", aantal=number, minuten=minutes, plaatsen=per_slot))
        return lines
    lines += [_when(core, each, each) for each in event.sessions]
    if event.capacity is None:
        lines.append(st("st.es_no_limit"))
    else:
        lines.append(st("st.es_places", aantal=event.capacity))
    return lines


def _when(core: Core, first: Session, last: Session) -> str:
    ends = last.ends_at.astimezone(ZoneInfo(last.zone))
    return core.texts.staff(
        "st.es_when",
        van=f"{first.local_time:%H:%M}",
        tot=f"{ends:%H:%M}",
        **day_words(first.local_date, DUTCH),
    )


async def send_list(core: Core, turn: Turn, event_id: EventId) -> None:
    """Send who comes and who waits as a file, as far as whoever asks may know."""
    async with taking(core, turn) as tx:
        person = await get_organiser(core, tx, turn)
        event = await get_for(tx, person, event_id)
        off = event.state is EventState.CANCELLED
        heard = await storage.list_told_off(tx, event_id) if off else set()
        rows = []
        for each in in_order(await storage.list_sign_ups(tx, event_id)):
            guest = await get_guest(tx, person, await people.get_client(tx, each.client_id))
            state = core.texts.staff(f"st.es_state_{each.state}")
            told = "told" if each.client_id in heard else "untold"
            news = core.texts.staff(f"st.es_{told}") if off else ""
            rows.append((state, clock_of(event, each), guest.name, guest.code, guest.coach, news))
        content = write_table(_COLUMNS, rows)
        kept = await pictures.insert_picture(tx, content, now=turn.now)
        caption = core.texts.staff(
            "st.es_csv", activiteit=event_words.activity(core, event, DUTCH), aantal=len(rows)
        )
        payload: Payload = {
            "chat_id": turn.chat_id,
            "document": pictures.file_of(kept, f"wie-komt-{event_id}.csv"),
            "caption": caption,
            "parse_mode": "HTML",
        }
        await call_here(tx, turn, "sendDocument", payload, kind=OutboxKind.STAFF)
        await note_deed(tx, person, "list", event_id, now=turn.now)


async def note_deed(
    tx: Transaction, person: Staff, action: str, event_id: EventId, *, now: datetime
) -> None:
    """Record what somebody did with an event."""
    await tasks.insert_audit(
        tx, actor=person.code, action=f"event_{action}", about=f"event:{event_id}", now=now
    )


# --- calling it off --------------------------------------------------------------------------


async def ask_cancel(
    core: Core, turn: Turn, event_id: EventId, message: TelegramMessageId
) -> None:
    """Ask whether an event is really to be called off."""
    async with taking(core, turn) as tx:
        person = await get_organiser(core, tx, turn)
        event = await get_for(tx, person, event_id)
        if not may_cancel(person, event, turn.now):
            text, rows = await event_screen(core, tx, person, event, 0, turn.now)
        else:
            hear = [
                each
                for each in await storage.list_sign_ups(tx, event_id)
                if each.state in _HEAR_OF_END
            ]
            text = "\n".join(
                (*details(core, event), core.texts.staff("st.es_off_ask", aantal=len(hear)))
            )
            yes = Button(core.texts.staff("st.es_btn_yes_off"), f"es:{event_id}:yes")
            rows = ((yes,), (Button(core.texts.staff("st.btn_back"), f"es:{event_id}:0"),))
        await rewrite(tx, turn, message, text, rows, kind=OutboxKind.STAFF)


async def cancel(core: Core, turn: Turn, event_id: EventId, message: TelegramMessageId) -> None:
    """Call an event off: whoever counts on it hears of it, and no more invitations go out.

    A second tap changes nothing, and shows what the first one did.
    """
    async with taking(core, turn) as tx:
        person = await get_organiser(core, tx, turn)
        await storage.lock_event(tx, event_id)
        event = await get_for(tx, person, event_id)
        words = ""
        if may_cancel(person, event, turn.now):
            words = await _cancel(core, tx, person, event, turn.now)
            event = await storage.get_event(tx, event_id)
        text, rows = await event_screen(core, tx, person, event, 0, turn.now)
        text = f"{text}\n\n{words}" if words else text
        await rewrite(tx, turn, message, text, rows, kind=OutboxKind.STAFF)


async def _cancel(core: Core, tx: Transaction, person: Staff, event: Event, now: datetime) -> str:
    """Call an event off; returns how many hear of it, and who must be phoned."""
    await storage.cancel_event(tx, event.id, now=now)
    await event_places.take_back(tx, event.id, now=now)
    told = 0
    untold: list[Client] = []
    for each in await storage.list_sign_ups(tx, event.id):
        session = event.next_session(now, each.session)
        if each.state not in _HEAR_OF_END or session.starts_at <= now:
            continue
        client = await people.get_client(tx, each.client_id)
        if client.status is ClientStatus.CLOSED:
            continue
        if await _tell_off(core, tx, event, session, client, each.state, now):
            told += 1
        elif each.state is SignUpState.COMING:
            untold.append(client)
    await broadcasts.cancel_of_event(core, tx, event.id, person, now=now)
    await note_deed(tx, person, "cancelled", event.id, now=now)
    words = core.texts.staff("st.es_off_told", aantal=told)
    if untold:
        guests = [str(await get_guest(tx, person, each)) for each in untold]
        words += "\n" + _to_phone(core, guests)
        await _tell_coaches(core, tx, event, untold, now)
    return words


def _to_phone(core: Core, guests: Sequence[str]) -> str:
    """Return who must be phoned, and how many more when they do not fit."""
    shown: list[str] = []
    for guest in guests[:_UNTOLD_MOST]:
        if sum(len(each) + 2 for each in (*shown, guest)) > _UNTOLD_LENGTH:
            break
        shown.append(guest)
    words = core.texts.staff("st.es_off_untold", wie=", ".join(shown))
    more = len(guests) - len(shown)
    return f"{words} {core.texts.staff('st.es_off_more', aantal=more)}" if more else words


async def _tell_coaches(
    core: Core, tx: Transaction, event: Event, untold: Sequence[Client], now: datetime
) -> None:
    """Tell each coach which of the own clients must be phoned."""
    own: dict[StaffId, list[str]] = {}
    for client in untold:
        coach = await people.get_coach(tx, client.id)
        own.setdefault(coach.id, []).append(str(Guest(client.name, client.code, "")))
    session = event.next_session(now)
    for coach_id, names in own.items():
        for start in range(0, len(names), _UNTOLD_MOST):
            text = core.texts.staff(
                "st.es_off_coach",
                activiteit=event_words.activity(core, event, DUTCH),
                wie=", ".join(names[start : start + _UNTOLD_MOST]),
                tijd=f"{session.local_time:%H:%M}",
                **day_words(session.local_date, DUTCH),
            )
            await to_staff(tx, coach_id, text, now=now)


async def _tell_off(
    core: Core,
    tx: Transaction,
    event: Event,
    session: Session,
    client: Client,
    state: SignUpState,
    now: datetime,
) -> bool:
    """Tell somebody that it does not go on; who comes that very day, at any hour."""
    today = now.astimezone(ZoneInfo(session.zone)).date()
    urgent = today == session.local_date and state is SignUpState.COMING
    text = event_words.told(core, "bc.event_cancelled", event, session, client.language, rest=True)
    call = await event_places.tell(
        core,
        tx,
        event,
        client,
        text,
        (),
        kind=OutboxKind.URGENT if urgent else OutboxKind.CONVERSATION,
        valid_until=session.ends_at,
        now=now,
    )
    return call is not None
