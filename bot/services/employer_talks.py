"""Recording a contact with a company, and how each placement goes; a coach hears of a worry."""

from dataclasses import replace
from datetime import date

from bot.domain.contacts import ContactError
from bot.domain.delivery import OutboxKind
from bot.domain.employers import EmployerChannel, PlacementOutcome
from bot.domain.errors import NotFoundError
from bot.domain.ids import EmployerId, PlacementId, TelegramMessageId
from bot.domain.languages import DUTCH
from bot.services import employers as service
from bot.services import periods
from bot.services.core import Core, Turn, taking
from bot.services.employer_screens import (
    View,
    get_view,
    how_words,
    list_visible,
    show,
)
from bot.services.outgoing import Button, in_pairs, rewrite, to_staff
from bot.storage import employers, people, tasks
from bot.storage.database import Transaction
from bot.storage.employers import EmployerContact, Placed
from bot.texts import calendar_day, day_words, month_name

_WORRIES = (PlacementOutcome.ATTENTION, PlacementOutcome.STOPS)


async def log(
    core: Core,
    turn: Turn,
    employer_id: EmployerId,
    channel: EmployerChannel,
    day: date,
    message: TelegramMessageId,
) -> None:
    """Record a contact, and ask how each placement goes; that may stay unanswered."""
    async with taking(core, turn) as tx:
        view = await get_view(core, tx, turn, employer_id, day, acts=True)
        try:
            new = await service.record_contact(
                core, tx, view.staff.id, employer_id, day=day, channel=channel, now=turn.now
            )
        except ContactError as error:
            here = replace(view, day=view.today)
            await show(core, tx, turn, here, message, _refusal(core, turn, error, day))
            return
        contact = await employers.find_contact(tx, employer_id, day, day)
        assert contact is not None  # noqa: S101 - it was there, or has just been recorded
        view = replace(view, day=view.today)
        if not new and contact.staff_id != view.staff.id:
            by = await people.get_staff(tx, contact.staff_id)
            words = core.texts.staff("st.emp_known", naam=by.name, **day_words(day, DUTCH))
            await show(core, tx, turn, view, message, words)
            return
        placed = await list_visible(tx, view, day, day)
        await _ask(core, tx, turn, view, contact, placed, 0, message)


async def ask(
    core: Core, turn: Turn, employer_id: EmployerId, day: date, message: TelegramMessageId
) -> None:
    """Ask again how each placement went, as told on a day of contact."""
    async with taking(core, turn) as tx:
        view = await get_view(core, tx, turn, employer_id, acts=True)
        contact = await _contact(tx, view, day)
        placed = await list_visible(tx, view, day, day)
        await _ask(core, tx, turn, view, contact, placed, 0, message)


async def note(
    core: Core,
    turn: Turn,
    employer_id: EmployerId,
    day: date,
    placement_id: PlacementId,
    outcome: PlacementOutcome,
    message: TelegramMessageId,
) -> None:
    """Keep how one placement goes, and ask after the next; her coach hears of a worry."""
    async with taking(core, turn) as tx:
        view = await get_view(core, tx, turn, employer_id, acts=True)
        contact = await _contact(tx, view, day)
        placed = await list_visible(tx, view, day, day)
        ids = [each.id for each in placed]
        if placement_id not in ids:
            msg = f"Placement {placement_id} is not one of {view.employer.code} on {day}."
            raise NotFoundError(msg)
        try:
            service.check_day(core, day, now=turn.now)
        except ContactError as error:
            await show(core, tx, turn, view, message, _refusal(core, turn, error, day))
            return
        if await employers.put_note(tx, contact, placement_id, outcome):
            await _tell_coach(core, tx, turn, view, contact, placement_id, outcome)
        number = ids.index(placement_id) + 1
        await _ask(core, tx, turn, view, contact, placed, number, message)


async def _contact(tx: Transaction, view: View, day: date) -> EmployerContact:
    contact = await employers.find_contact(tx, view.employer.id, day, day)
    if contact is None:
        msg = f"There is no contact with {view.employer.code} on {day}; record it first."
        raise NotFoundError(msg)
    return contact


async def _ask(
    core: Core,
    tx: Transaction,
    turn: Turn,
    view: View,
    contact: EmployerContact,
    placed: list[Placed],
    number: int,
    message: TelegramMessageId,
) -> None:
    """Ask after one placement of several; once all were asked after, show the company."""
    if number >= len(placed):
        await show(core, tx, turn, view, message)
        return
    each = placed[number]
    logged = core.texts.staff(
        "st.emp_logged",
        bedrijf=view.employer.name,
        hoe=how_words(core, contact.channel),
        **day_words(contact.day, DUTCH),
    )
    question = core.texts.staff("st.emp_log", voornaam=each.name)
    detail = core.texts.staff(
        "st.emp_log_which",
        soort=each.kind.value,
        datum=f"{each.first_day:%d-%m-%Y}",
        nummer=number + 1,
        totaal=len(placed),
    )
    buttons = in_pairs(
        *(
            Button(
                core.texts.staff(f"st.btn_emp_{outcome}"),
                f"{view.reference}:note:{contact.day:%Y%m%d}:{each.id}:{outcome}",
            )
            for outcome in PlacementOutcome
        )
    )
    done = Button(core.texts.staff("st.btn_emp_done"), f"{view.reference}:open")
    text = f"{logged}\n\n{question}\n{detail}"
    await rewrite(tx, turn, message, text, (*buttons, (done,)), kind=OutboxKind.STAFF)


async def _tell_coach(
    core: Core,
    tx: Transaction,
    turn: Turn,
    view: View,
    contact: EmployerContact,
    placement_id: PlacementId,
    outcome: PlacementOutcome,
) -> None:
    """Give the client's coach a task about a worry, and close it when it was a slip."""
    placement = await employers.get_placement(tx, placement_id)
    client = await people.get_client(tx, placement.client_id)
    coach = await people.get_coach(tx, client.id)
    key = f"placement_attention:{placement_id}:{contact.day}"
    others = [worry for worry in _WORRIES if worry is not outcome]
    known = [await tasks.close_task(tx, f"{key}:{worry}", now=turn.now) for worry in others]
    if outcome in _WORRIES:
        await tasks.open_task(
            tx,
            kind="placement_attention",
            key=f"{key}:{outcome}",
            client_id=client.id,
            staff_id=coach.id,
            about_id=placement_id,
            level=0,
            now=turn.now,
        )
    elif not any(known):
        return
    text = core.texts.staff(
        "st.placement_attention",
        code=client.code,
        voornaam=client.name,
        bedrijf=view.employer.name,
        hoe=core.texts.staff(f"st.emp_told_{outcome}"),
        naam=view.staff.name,
        **day_words(contact.day, DUTCH),
    )
    await to_staff(tx, coach.id, text, now=turn.now, client=client)


def _refusal(core: Core, turn: Turn, error: ContactError, day: date) -> str:
    opened = periods.first_open(core, turn.now)
    return core.texts.staff(
        f"st.emp_no_{error.reason}",
        maand=month_name(day, DUTCH),
        vanaf=calendar_day(opened.first, DUTCH),
        **day_words(day, DUTCH),
    )
