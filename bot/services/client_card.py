"""A client's card: what her coach sees of her, what who works with her, and what coordinators."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bot.domain.appointments import Appointment
from bot.domain.contacts import contact_role
from bot.domain.delivery import OutboxKind
from bot.domain.errors import NotFoundError
from bot.domain.ids import ClientId, TelegramMessageId
from bot.domain.languages import DUTCH, DUTCH_NAMES
from bot.domain.months import Month
from bot.domain.people import Client, ClientStatus, Role, Staff
from bot.domain.periods import Period, PeriodState
from bot.domain.plans import block_count, block_on
from bot.domain.worklist import kind_of
from bot.services import access, checkins, menu
from bot.services.broadcast_history import facts_line, history_lines
from bot.services.caseload import light_words, month_words, short, talk_words
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import Button, Rows, in_pairs, rewrite
from bot.services.worklist import count_words
from bot.storage import appointments, caseload, people, periods, plans, statuses, worklist
from bot.storage.caseload import ClientLine
from bot.storage.database import Transaction
from bot.texts import Html, month_name

_MAY_PAUSE = frozenset({ClientStatus.ACTIVE, ClientStatus.INVITED, ClientStatus.ON_HOLD})


class View(StrEnum):
    """How much of a client somebody sees."""

    COACH = "coach"
    LINKED = "linked"
    """Works with her, or stands in for her coach: name, talks, appointments; no chat, no goals."""
    WATCHING = "watching"
    """Coordinates: code, lights, dates and coach."""


@dataclass(frozen=True, slots=True)
class _Card:
    """A client as somebody is to see her; `origin` is where the way back leads."""

    person: Staff
    client: Client
    coach: Staff
    view: View
    origin: str


async def show_client(
    core: Core, turn: Turn, client_id: ClientId, origin: str, message: TelegramMessageId
) -> None:
    """Show a client in the message that was tapped, in as far as the person may see her.

    `origin` is the list it came from. Errors: NotFoundError for who has nothing to do with her.
    """
    async with taking(core, turn) as tx:
        person = await menu.get_staff_here(core, tx, turn)
        client = await people.get_client(tx, client_id)
        coach = await people.get_coach(tx, client_id)
        view = await _view(core, tx, turn, person, client, coach)
        card = _Card(person, client, coach, view, origin)
        line = await caseload.get_line(tx, client_id, today=core.today(turn.now))
        coming = await appointments.list_coming(tx, client_id=client_id, now=turn.now)
        if view is View.WATCHING:
            text = _watched(core, turn, card, line, coming)
            text = "\n".join([text, *await history_lines(core, tx, client_id)])
            buttons: Rows = ()
        elif view is View.LINKED:
            text = _linked(core, turn, card, line, coming)
            buttons = in_pairs(Button(core.texts.staff("st.wb_btn_record"), f"ct:{client_id}"))
        else:
            text = await _full(core, tx, turn, card, line, coming)
            buttons = _buttons(core, turn, client, coming)
        # Who swipes this message aside to answer it writes to her; that is for her coach alone.
        about = client if view is View.COACH else None
        buttons = (*buttons, (_way_back(core, origin),))
        await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.STAFF, client=about)


async def _view(
    core: Core, tx: Transaction, turn: Turn, person: Staff, client: Client, coach: Staff
) -> View:
    if coach.id == person.id:
        return View.COACH
    if contact_role(person.roles) is not None and await access.may_speak_for(
        core, tx, person, client, turn.now
    ):
        return View.LINKED
    if Role.COORDINATOR in person.roles:
        return View.WATCHING
    msg = f"Client {client.code} is not with {person.code}; choose one of your own clients."
    raise NotFoundError(msg)


def _way_back(core: Core, origin: str) -> Button:
    data = origin if origin.startswith("wb:") else f"kl:{origin or 0}"
    return Button(core.texts.staff("st.btn_back"), data)


def _clocks(core: Core, line: ClientLine, today: date) -> list[str]:
    """Return the light, and what both clocks say."""
    period = line.period
    month = core.texts.staff(
        "st.card_month", maand=month_name(today, DUTCH), stand=month_words(core, line)
    )
    if period is not None and period.state in {PeriodState.MET, PeriodState.PLANNED}:
        month += core.texts.staff("st.card_target", datum=short(period.target))
    talk = core.texts.staff("st.card_talk", gesprek=talk_words(core, line, today))
    return [light_words(core, line, today), month, talk]


def _watched(
    core: Core, turn: Turn, card: _Card, line: ClientLine, coming: list[Appointment]
) -> str:
    lines = [
        core.texts.staff("st.card_code", code=card.client.code),
        *_clocks(core, line, core.today(turn.now)),
        _next_day(core, coming),
        core.texts.staff("st.card_coach", coach=card.coach.name),
    ]
    return "\n".join(lines)


def _next_day(core: Core, coming: list[Appointment]) -> str:
    if not coming:
        return core.texts.staff("st.client_no_appointment")
    return core.texts.staff("st.card_next", datum=short(coming[0].local_date))


def _linked(
    core: Core, turn: Turn, card: _Card, line: ClientLine, coming: list[Appointment]
) -> str:
    client = card.client
    lines = [
        core.texts.staff("st.card_name", code=client.code, voornaam=client.name),
        *_clocks(core, line, core.today(turn.now)),
        *_appointments(core, coming),
        core.texts.staff("st.card_coach", coach=card.coach.name),
    ]
    return "\n".join(lines)


def _appointments(core: Core, coming: list[Appointment]) -> list[str]:
    return [
        core.texts.staff(
            "st.client_next",
            plaats=appointment.place.name,
            stand=core.texts.staff(f"st.state_{appointment.state}"),
            **core.texts.moment(appointment.local_date, appointment.local_time, DUTCH),
        )
        for appointment in coming
    ] or [core.texts.staff("st.client_no_appointment")]


async def _full(
    core: Core,
    tx: Transaction,
    turn: Turn,
    card: _Card,
    line: ClientLine,
    coming: list[Appointment],
) -> str:
    client, today = card.client, core.today(turn.now)
    lines = _clocks(core, line, today)
    before = await _month_before(tx, client, today)
    if before is not None and before.state is PeriodState.MISSED:
        name = month_name(before.month.first, DUTCH)
        stand = core.texts.staff("st.month_missed")
        lines.append(core.texts.staff("st.card_month", maand=name, stand=stand))
    lines.append(await _status_words(core, tx, client))
    facts = await facts_line(core, tx, client.id)
    lines += [
        *([facts] if facts else []),
        await _plan_words(core, tx, client, today),
        await _task_words(core, tx, client),
    ]
    history = await history_lines(core, tx, client.id)
    return core.texts.staff(
        "st.client_card",
        code=client.code,
        voornaam=client.name,
        klokken=Html("\n".join(lines)),
        taal=DUTCH_NAMES[client.language],
        stand=await menu.link_words(core, tx, client),
        afspraken=Html("\n".join([*_appointments(core, coming), *history])),
    )


async def _month_before(tx: Transaction, client: Client, today: date) -> Period | None:
    month = Month.of(today).plus(-1)
    kept = await periods.list_periods(tx, [client.id], [month])
    found = kept.get((client.id, month))
    return found.period if found else None


async def _status_words(core: Core, tx: Transaction, client: Client) -> str:
    texts = core.texts
    holds = (
        await statuses.list_holds(tx, [client.id]) if client.status is ClientStatus.ON_HOLD else []
    )
    status = texts.staff(f"st.status_{client.status}")
    for hold in holds:
        status += texts.staff(
            "st.card_hold", datum=short(hold.first_day), datum2=short(hold.review_on)
        )
    return texts.staff("st.card_status", status=status)


async def _plan_words(core: Core, tx: Transaction, client: Client, today: date) -> str:
    plan = await plans.find_plan(tx, client.id)
    if plan is None:
        return core.texts.staff("st.card_no_plan")
    block = block_on(plan, today)
    if block is None:
        before = today < plan.starts_on
        text_id = "st.card_plan_begins" if before else "st.card_plan_over"
        return core.texts.staff(text_id, datum=short(plan.starts_on))
    goals = (await plans.count_goals(tx, [plan.id])).get(plan.id, {}).get(block.number, 0)
    return core.texts.staff(
        "st.card_plan" if goals != 1 else "st.card_plan_one",
        blok=block.number,
        van=block_count(plan),
        datum=short(block.end),
        n=goals,
    )


async def _task_words(core: Core, tx: Transaction, client: Client) -> str:
    kinds = await worklist.list_kinds(tx, client.id)
    if not kinds:
        return core.texts.staff("st.card_no_tasks")
    words = [count_words(core, kind_of(kind), count) for kind, count in kinds.items()]
    return core.texts.staff("st.card_tasks", taken=", ".join(words))


def _buttons(core: Core, turn: Turn, client: Client, coming: list[Appointment]) -> Rows:
    texts = core.texts
    buttons = [
        Button(texts.staff("st.btn_write"), f"wr:{client.id}"),
        Button(texts.staff("st.btn_appointment"), f"bn:{client.id}"),
        Button(texts.staff("st.wb_btn_record"), f"ct:{client.id}"),
        Button(texts.staff("st.wb_btn_goals"), f"pl:{client.id}"),
    ]
    if client.status in _MAY_PAUSE:
        paused = client.status is ClientStatus.ON_HOLD
        text_id = "st.card_btn_resume" if paused else "st.card_btn_pause"
        buttons.append(Button(texts.staff(text_id), f"hd:{client.id}"))
    buttons.append(checkins.toggle_button(core, client))
    for appointment in coming[:1]:
        reference = f"sa:{appointment.id}:{appointment.revision}"
        buttons += [
            Button(texts.staff("st.btn_move"), f"{reference}:move"),
            Button(texts.staff("st.btn_cancel"), f"{reference}:cancel"),
        ]
    month = Month.of(core.today(turn.now))
    buttons.append(Button(texts.staff("st.card_btn_overview"), f"ov:c{client.id}:{month}:0"))
    return in_pairs(*buttons)
