"""What somebody sees of companies: the list, and one company with what can be recorded.

One message is edited in place. No screen here shows a client's code, language, chat or goals.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from bot.domain.delivery import OutboxKind
from bot.domain.employers import Employer, EmployerChannel, PlacementOutcome
from bot.domain.errors import NotFoundError
from bot.domain.ids import EmployerId, TelegramMessageId
from bot.domain.languages import DUTCH
from bot.domain.localtime import is_working_day
from bot.domain.months import Month
from bot.domain.people import Staff
from bot.domain.periods import Light, PeriodState, freezes_on
from bot.services import employers as service
from bot.services import menu, periods
from bot.services.core import Core, Turn, taking
from bot.services.employers import Seat, Standing
from bot.services.outgoing import Button, Rows, in_pairs, rewrite, say
from bot.storage import employer_periods, employers, people
from bot.storage.database import Transaction
from bot.storage.employers import EmployerContact, Placed
from bot.texts import Html, Value, day_words, month_name, weekday

_PAGE = 8
_NAME_SHOWN = 32
_NAMES_SHOWN = 20
_DAYS_SHOWN = 8
_LIGHTS = {Light.RED: "🔴", Light.AMBER: "🟠", Light.GREEN: "🟢", Light.GREY: "⚪"}


@dataclass(frozen=True, slots=True)
class View:
    """A company, who looks at it, in what capacity, and the day that is spoken of."""

    staff: Staff
    employer: Employer
    seat: Seat
    day: date
    today: date

    @property
    def reference(self) -> str:
        """The beginning of the ids of its buttons."""
        return f"em:{self.employer.id}"


# --- the list --------------------------------------------------------------------------------


async def show_companies(
    core: Core, turn: Turn, page: int = 0, message: TelegramMessageId | None = None
) -> None:
    """List somebody's companies, the late ones first; in place of the message, if there is one."""
    async with taking(core, turn) as tx:
        staff = await menu.get_staff_here(core, tx, turn)
        if message is None:
            await say_companies(core, tx, turn, staff)
        else:
            text, buttons = await _list(core, tx, turn, staff, page)
            await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.STAFF)


async def say_companies(core: Core, tx: Transaction, turn: Turn, staff: Staff) -> None:
    """Answer a colleague with the first page of the own companies."""
    text, buttons = await _list(core, tx, turn, staff, 0)
    await say(tx, turn, text, buttons, kind=OutboxKind.STAFF)


async def _list(
    core: Core, tx: Transaction, turn: Turn, staff: Staff, page: int
) -> tuple[str, Rows]:
    rows = await _sorted(core, tx, turn, staff)
    if not rows:
        return core.texts.staff("st.emp_none"), ()
    lights = [light for light, _ in rows]
    text = core.texts.staff(
        "st.emp_list",
        aantal=len(rows),
        te_laat=lights.count(Light.RED),
        te_doen=lights.count(Light.AMBER),
    )
    pages = -(-len(rows) // _PAGE)
    page = min(max(page, 0), pages - 1)
    buttons: Rows = tuple(
        (
            Button(
                f"{_LIGHTS[light]} {_short(company.employer.name)} · {company.placements}",
                f"em:{company.employer.id}:open",
            ),
        )
        for light, company in rows[page * _PAGE : (page + 1) * _PAGE]
    )
    return text, (*buttons, *_pager(page, pages))


async def _sorted(
    core: Core, tx: Transaction, turn: Turn, staff: Staff
) -> list[tuple[Light, Standing]]:
    """Return somebody's companies with their lights, the late ones first."""
    today = core.today(turn.now)
    seats = await service.list_seats(core, tx, staff, today=today, now=turn.now)
    found = await service.list_standings(core, tx, [each for each, _ in seats], today)
    rows = [(service.light_of_employer(core, each.period, today), each) for each in found]
    order = list(_LIGHTS)
    rows.sort(key=lambda row: order.index(row[0]))
    return rows


def _short(name: str) -> str:
    return name if len(name) <= _NAME_SHOWN else name[: _NAME_SHOWN - 1] + "…"


def _pager(page: int, pages: int) -> Rows:
    if pages == 1:
        return ()
    here = [Button(f"{page + 1}/{pages}", "mn:ok")]
    before = [Button("◀", f"em:list:{page - 1}")] if page else []
    after = [Button("▶", f"em:list:{page + 1}")] if page + 1 < pages else []
    return ((*before, *here, *after),)


# --- one company -----------------------------------------------------------------------------


async def show_company(
    core: Core,
    turn: Turn,
    employer_id: EmployerId,
    message: TelegramMessageId,
    day: date | None = None,
) -> None:
    """Show how a company stands, and offer to record a contact: today's, or that of a day."""
    async with taking(core, turn) as tx:
        view = await get_view(core, tx, turn, employer_id, day)
        await show(core, tx, turn, view, message)


async def ask_day(
    core: Core, turn: Turn, employer_id: EmployerId, message: TelegramMessageId
) -> None:
    """Offer earlier working days of which the month is still open."""
    async with taking(core, turn) as tx:
        view = await get_view(core, tx, turn, employer_id)
        first = periods.first_open(core, turn.now).first
        buttons: list[Button] = []
        day = view.today - timedelta(days=1)
        while len(buttons) < _DAYS_SHOWN and day >= first:
            if is_working_day(day, core.config.hours.closed):
                label = f"{weekday(day, DUTCH)} {day.day}-{day.month}"
                buttons.append(Button(label, f"{view.reference}:open:{day:%Y%m%d}"))
            day -= timedelta(days=1)
        back = Button(core.texts.staff("st.btn_back"), f"{view.reference}:open")
        text = core.texts.staff("st.emp_day", bedrijf=view.employer.name)
        await rewrite(
            tx, turn, message, text, (*in_pairs(*buttons), (back,)), kind=OutboxKind.STAFF
        )


async def get_view(
    core: Core,
    tx: Transaction,
    turn: Turn,
    employer_id: EmployerId,
    day: date | None = None,
    *,
    acts: bool = False,
) -> View:
    """Return a company as somebody may see it; `acts` when something is to be changed.

    Errors: NotFoundError when it is not theirs to see, or to change.
    """
    staff = await menu.get_staff_here(core, tx, turn)
    employer = await employers.get_employer(tx, employer_id)
    today = core.today(turn.now)
    seat = await service.find_seat(core, tx, staff, employer, today=today, now=turn.now)
    if acts and seat is Seat.COORDINATOR:
        msg = f"{staff.code} only watches over company {employer.code}; its manager records."
        raise NotFoundError(msg)
    return View(staff, employer, seat, day or today, today)


async def show(
    core: Core,
    tx: Transaction,
    turn: Turn,
    view: View,
    message: TelegramMessageId,
    *above: str,
) -> None:
    """Show how a company stands in place of the message, below what there is to say first."""
    text, buttons = await _card(core, tx, turn, view)
    text = "\n".join((*above, text))
    await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.STAFF)


async def _card(core: Core, tx: Transaction, turn: Turn, view: View) -> tuple[str, Rows]:
    month = Month.of(view.today)
    [company] = await service.list_standings(core, tx, [view.employer], view.today)
    contact = await employers.find_contact(tx, view.employer.id, month.first, view.today)
    lines = [await _state_words(core, tx, company, contact)]
    lines += await _missed_words(core, tx, turn, view)
    if view.seat is not Seat.MANAGER or view.employer.manager_id != view.staff.id:
        manager = await people.get_staff(tx, view.employer.manager_id)
        lines.append(core.texts.staff("st.emp_manager", naam=manager.name))
    placed = await list_visible(tx, view, month.first, month.last)
    lines += await _placed_words(core, tx, view, placed, month)
    rows: Rows = ()
    if view.seat is not Seat.COORDINATOR:
        lines.append(core.texts.staff("st.emp_when", **day_words(view.day, DUTCH)))
        rows = _log_buttons(core, view)
        if contact and await list_visible(tx, view, contact.day, contact.day):
            again = core.texts.staff("st.btn_emp_placements")
            rows = (*rows, (Button(again, f"{view.reference}:ask:{contact.day:%Y%m%d}"),))
    page = await _page_of(core, tx, turn, view)
    back = Button(core.texts.staff("st.btn_back"), f"em:list:{page}")
    return "\n".join(lines), (*rows, (back,))


async def _page_of(core: Core, tx: Transaction, turn: Turn, view: View) -> int:
    """Return on which page of the list a company stands; the first when it is not there."""
    rows = await _sorted(core, tx, turn, view.staff)
    ids = [company.employer.id for _, company in rows]
    return ids.index(view.employer.id) // _PAGE if view.employer.id in ids else 0


async def list_visible(tx: Transaction, view: View, first: date, last: date) -> list[Placed]:
    """Return whose names somebody may see: of those placed there on any of these days."""
    if view.seat is Seat.COORDINATOR:
        return []
    linked = view.staff.id if view.seat is Seat.LINKED else None
    return await employers.list_placed(tx, view.employer.id, first, last, linked_with=linked)


def _log_buttons(core: Core, view: View) -> Rows:
    channels = [
        Button(
            core.texts.staff(f"st.btn_emp_{channel}"),
            f"{view.reference}:{channel}:{view.day:%Y%m%d}",
        )
        for channel in EmployerChannel
    ]
    yesterday = view.today - timedelta(days=1)
    days = [Button(core.texts.staff("st.btn_emp_other_day"), f"{view.reference}:days")]
    if view.day == view.today:
        words = core.texts.staff("st.btn_emp_yesterday")
        days.insert(0, Button(words, f"{view.reference}:open:{yesterday:%Y%m%d}"))
    else:
        words = core.texts.staff("st.btn_emp_today")
        days.insert(0, Button(words, f"{view.reference}:open"))
    return (*in_pairs(*channels), tuple(days))


async def _state_words(
    core: Core, tx: Transaction, company: Standing, contact: EmployerContact | None
) -> str:
    period = company.period
    number = company.placements
    values: dict[str, Value] = {
        "bedrijf": company.employer.name,
        "maand": month_name(period.month.first, DUTCH),
        "plaatsingen": core.texts.staff(
            "st.emp_place" if number == 1 else "st.emp_places", aantal=number
        ),
    }
    if contact is not None:
        by = await people.get_staff(tx, contact.staff_id)
        values |= {"hoe": how_words(core, contact.channel), "naam": by.name}
        return core.texts.staff("st.emp_met", **values, **day_words(contact.day, DUTCH))
    if period.target is None:
        return core.texts.staff("st.emp_free", **values)
    text = core.texts.staff("st.emp_due", **values)
    late = period.state is PeriodState.ALMOST_LATE
    target = core.texts.staff(
        "st.emp_target_late" if late else "st.emp_target", **day_words(period.target, DUTCH)
    )
    return f"{text}\n{target}"


async def _missed_words(core: Core, tx: Transaction, turn: Turn, view: View) -> list[str]:
    """Return that last month was missed, for as long as a contact can still be recorded in it."""
    before = Month.of(view.today).plus(-1)
    if view.seat is Seat.COORDINATOR or before < periods.first_open(core, turn.now):
        return []
    kept = await employer_periods.list_periods(tx, before, (view.employer.id,))
    last = kept.get((view.employer.id, before))
    if last is None or last.period.state is not PeriodState.MISSED:
        return []
    until = freezes_on(before, rules=core.config.contact.rules, closed=core.config.hours.closed)
    words = core.texts.staff(
        "st.emp_missed", maand=month_name(before.first, DUTCH), **day_words(until, DUTCH)
    )
    return [words]


async def _placed_words(
    core: Core, tx: Transaction, view: View, placed: list[Placed], month: Month
) -> list[str]:
    notes = await employers.list_notes(tx, view.employer.id, month.first, view.today)
    lines = []
    for each in placed[:_NAMES_SHOWN]:
        line = core.texts.staff(
            "st.emp_placed",
            voornaam=each.name,
            soort=each.kind.value,
            datum=f"{each.first_day:%d-%m-%Y}",
        )
        if each.last_day is not None:
            line += core.texts.staff("st.emp_placed_until", datum=f"{each.last_day:%d-%m-%Y}")
        if each.id in notes and notes[each.id] is not PlacementOutcome.NOT_DISCUSSED:
            line += " · " + core.texts.staff(f"st.emp_told_{notes[each.id]}")
        lines.append(line)
    if len(placed) > _NAMES_SHOWN:
        lines.append(core.texts.staff("st.emp_placed_more", aantal=len(placed) - _NAMES_SHOWN))
    return lines


# --- words -----------------------------------------------------------------------------------


def how_words(core: Core, channel: EmployerChannel) -> str:
    """Return how a company was spoken with."""
    return Html(core.texts.staff(f"st.emp_how_{channel}"))
