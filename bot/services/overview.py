"""The month as a picture: one strip a client, for a coach, a team or one client."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.domain.delivery import JsonValue, OutboxKind
from bot.domain.errors import NotFoundError
from bot.domain.ids import ClientId, StaffId, TelegramMessageId
from bot.domain.languages import DUTCH
from bot.domain.localtime import is_working_day
from bot.domain.months import Month
from bot.domain.people import Client, ClientStatus, Role
from bot.domain.periods import ContactPeriod, Meeting, PeriodState, StatusSpan
from bot.pictures import MAX_ROWS, Mark, StripRow, heat_strip
from bot.services import menu
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import Button, Rows, call_here, in_pairs, inline
from bot.storage import links, overview, people, periods, pictures
from bot.storage.database import Transaction
from bot.texts import month_name, weekday

_MONTH_MARKS = {
    PeriodState.MET: Mark.SPOKEN,
    PeriodState.PLANNED: Mark.PLANNED,
    PeriodState.MISSED: Mark.MISSED,
    PeriodState.EXCLUDED: Mark.EXCLUDED,
}
_NOT_DUE = frozenset(
    {ClientStatus.AZC, ClientStatus.ON_HOLD, ClientStatus.AFTERCARE, ClientStatus.CLOSED}
)
_LEGEND = (
    (Mark.SPOKEN, "st.mark_spoken"),
    (Mark.PLANNED, "st.mark_planned"),
    (Mark.MISSED, "st.mark_missed"),
    (Mark.EXCLUDED, "st.mark_excluded"),
    (Mark.CLOSED, "st.mark_closed"),
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose month is shown: one client's, or a page of those of a member of staff, or of all."""

    text: str
    """As it stands in a button: `own`, `all` or `c12`."""
    clients: tuple[Client, ...]
    title: str
    page: int = 0
    pages: int = 1


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the picture shows, ready to be drawn."""

    scope: Scope
    month: Month
    rows: tuple[StripRow, ...]
    counts: Mapping[Mark, int]
    today: date


async def show(
    core: Core,
    turn: Turn,
    scope: str,
    month: Month | None,
    page: int,
    message: TelegramMessageId | None,
) -> None:
    """Show a month as a picture; with `message` in place of the one that stands there.

    It is drawn before the turn's transaction, beside the event loop: that takes a moment.
    Errors: NotFoundError when the clients are not this person's to see.
    """
    async with core.database.reading() as tx:
        drawing = await _look(core, tx, turn, scope, month, page)
    legend = {mark: core.texts.staff(text_id) for mark, text_id in _LEGEND}
    title = f"{_month_words(drawing.month)} · {drawing.scope.title}"
    letters = "".join(weekday(date(2024, 1, 1 + number), DUTCH)[0] for number in range(7))
    content: bytes | None = None
    if drawing.rows:
        content = await asyncio.to_thread(
            heat_strip,
            title,
            drawing.rows,
            _days(drawing.month),
            legend,
            letters,
            today=drawing.today,
        )
    async with taking(core, turn) as tx:
        await menu.get_staff_here(core, tx, turn)
        if content is None:
            payload: dict[str, JsonValue] = {
                "chat_id": turn.chat_id,
                "text": core.texts.staff("st.no_clients"),
                "parse_mode": "HTML",
            }
            await call_here(tx, turn, "sendMessage", payload, kind=OutboxKind.STAFF)
            return
        name = pictures.name_of(await pictures.insert_picture(tx, content, now=turn.now))
        caption = _caption(core, drawing)
        markup = inline(_buttons(core, drawing))
        payload = {"chat_id": turn.chat_id, "reply_markup": markup}
        if message is None:
            payload |= {"photo": name, "caption": caption, "parse_mode": "HTML"}
            await call_here(tx, turn, "sendPhoto", payload, kind=OutboxKind.STAFF)
        else:
            media: JsonValue = {
                "type": "photo",
                "media": name,
                "caption": caption,
                "parse_mode": "HTML",
            }
            payload |= {"message_id": message, "media": media}
            await call_here(tx, turn, "editMessageMedia", payload, kind=OutboxKind.STAFF)


async def _look(
    core: Core, tx: Transaction, turn: Turn, text: str, month: Month | None, page: int
) -> Drawing:
    today = core.today(turn.now)
    this = Month.of(today)
    month = min(month or this, this)
    scope = await _scope(core, tx, turn, text, page)
    ids = [client.id for client in scope.clients]
    kept = await periods.list_periods(tx, ids, [month])
    histories = await periods.load_histories(tx, ids, month)
    spoken = await overview.list_spoken(tx, ids, month)
    tried = await overview.list_tried(tx, ids, month)
    rows = tuple(
        StripRow(
            code=client.code,
            month=_month_mark(kept.get((client.id, month))),
            days=tuple(
                _day_mark(
                    core,
                    client.id,
                    day,
                    today,
                    spoken,
                    tried,
                    histories[client.id].meetings,
                    histories[client.id].spans,
                )
                for day in _days(month)
            ),
        )
        for client in scope.clients
    )
    return Drawing(scope, month, rows, Counter(row.month for row in rows), today)


async def _scope(core: Core, tx: Transaction, turn: Turn, text: str, page: int) -> Scope:
    link = await links.find_link(tx, chat_id=turn.chat_id)
    if link is None or link.staff_id is None:
        msg = f"Chat {turn.chat_id} is no staff chat; it has no month to look at."
        raise NotFoundError(msg)
    person = await people.get_staff(tx, link.staff_id)
    if text.startswith("c"):
        client = await menu.get_own_client(tx, person, ClientId(int(text[1:])))
        return Scope(text, (client,), client.code)
    whose: StaffId | None = person.id
    title = person.name
    if text == "all":
        if Role.COORDINATOR not in person.roles:
            msg = f"{person.code} is no coordinator and sees the month of the own clients only."
            raise NotFoundError(msg)
        whose, title = None, core.config.organisation.name
    total = await overview.count_clients(tx, whose)
    pages = max(-(-total // MAX_ROWS), 1)
    page = min(page, pages - 1)
    shown = await overview.list_clients(tx, whose, offset=page * MAX_ROWS, limit=MAX_ROWS)
    return Scope(text, tuple(shown), title, page, pages)


def _month_mark(kept: ContactPeriod | None) -> Mark:
    return Mark.NONE if kept is None else _MONTH_MARKS.get(kept.period.state, Mark.NONE)


def _day_mark(
    core: Core,
    client_id: ClientId,
    day: date,
    today: date,
    spoken: set[tuple[ClientId, date]],
    tried: set[tuple[ClientId, date]],
    meetings: Sequence[Meeting],
    spans: Sequence[StatusSpan],
) -> Mark:
    """Return what a day was for a client: what happened goes before what was to be."""
    if (client_id, day) in spoken:
        return Mark.SPOKEN
    if (client_id, day) in tried:
        return Mark.MISSED
    if day >= today and any(each.day == day and not each.missed for each in meetings):
        return Mark.PLANNED
    if not is_working_day(day, core.config.hours.closed):
        return Mark.CLOSED
    excluded = any(
        span.status in _NOT_DUE
        and span.first_day <= day
        and (span.end_day is None or day < span.end_day)
        for span in spans
    )
    before = not spans or day < min(span.first_day for span in spans)
    return Mark.EXCLUDED if excluded or before else Mark.NONE


def _days(month: Month) -> list[date]:
    return [month.first + timedelta(days=number) for number in range(month.length)]


def _month_words(month: Month) -> str:
    return f"{month_name(month.first, DUTCH)} {month.year}".capitalize()


def _caption(core: Core, drawing: Drawing) -> str:
    """Say in words what the picture shows, for whoever cannot see it."""
    counts = drawing.counts
    text = core.texts.staff(
        "st.overview",
        maand=_month_words(drawing.month),
        wie=drawing.scope.title,
        n_gesproken=counts.get(Mark.SPOKEN, 0),
        n_gepland=counts.get(Mark.PLANNED, 0),
        n_gemist=counts.get(Mark.MISSED, 0),
        n_niet=counts.get(Mark.EXCLUDED, 0),
        n_open=counts.get(Mark.NONE, 0),
    )
    if drawing.scope.pages > 1:
        page = core.texts.staff(
            "st.page", pagina=drawing.scope.page + 1, paginas=drawing.scope.pages
        )
        text += "\n" + page
    return text


def _buttons(core: Core, drawing: Drawing) -> Rows:
    """Return the way to the months beside this one, and to the other pages."""
    scope, month = drawing.scope, drawing.month

    def to(label: str, other: Month, page: int) -> Button:
        return Button(label, f"ow:{scope.text}:{other}:{page}")

    before, after = month.plus(-1), month.plus(1)
    months = [to("◀ " + month_name(before.first, DUTCH), before, scope.page)]
    if after <= Month.of(drawing.today):
        months.append(to(month_name(after.first, DUTCH) + " ▶", after, scope.page))
    turning = []
    if scope.page:
        turning.append(to(core.texts.staff("st.btn_page_back"), month, scope.page - 1))
    if scope.page + 1 < scope.pages:
        turning.append(to(core.texts.staff("st.btn_page_on"), month, scope.page + 1))
    return (tuple(months), *in_pairs(*turning))
