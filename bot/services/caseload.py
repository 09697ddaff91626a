"""/klanten, a client's card, and the coordinators' list of who is late; each edited in place."""

from datetime import date

from babel.dates import format_date

from bot.domain.contacts import contact_role
from bot.domain.delivery import OutboxKind
from bot.domain.errors import NotFoundError
from bot.domain.ids import TelegramMessageId
from bot.domain.languages import DUTCH
from bot.domain.months import Month
from bot.domain.people import Role, Staff
from bot.domain.periods import PeriodState, light_of
from bot.services import menu
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import Button, Rows, in_pairs, rewrite, say
from bot.services.worklist import PAGE, page_count, turning
from bot.storage import caseload as storage
from bot.storage import links
from bot.storage.caseload import ClientLine, LateLine
from bot.storage.database import Transaction
from bot.texts import month_name

_FILTER_BYTES = 40
"""How long the beginning of a name may be, so that it fits the buttons that turn the pages."""


# --- the list --------------------------------------------------------------------------------


async def open_menu(core: Core, turn: Turn) -> None:
    """Show whoever asks for the menu the one that is theirs."""
    async with taking(core, turn) as tx:
        link = await links.find_link(tx, chat_id=turn.chat_id)
        if link is not None and link.staff_id is not None:
            await show_clients(core, tx, turn, await menu.get_staff_here(core, tx, turn))
        else:
            client = await menu.get_client_here(tx, turn)
            await menu.show_client_menu(core, tx, turn, client)


async def open_list(core: Core, turn: Turn, begins: str = "") -> None:
    """List the clients of whoever is here; only those whose name or code begins so, if given."""
    async with taking(core, turn) as tx:
        person = await menu.get_staff_here(core, tx, turn)
        await show_clients(core, tx, turn, person, begins)


async def show_clients(
    core: Core, tx: Transaction, turn: Turn, person: Staff, begins: str = ""
) -> None:
    """List somebody's clients in a new message: who is late first, then by target."""
    text, buttons = await _page(core, tx, turn, person, 0, _fitting(begins))
    await say(tx, turn, text, buttons, kind=OutboxKind.STAFF)


async def show_page(
    core: Core, turn: Turn, page: int, begins: str, message: TelegramMessageId
) -> None:
    """Show a page of somebody's clients in the message that was tapped."""
    async with taking(core, turn) as tx:
        person = await menu.get_staff_here(core, tx, turn)
        text, buttons = await _page(core, tx, turn, person, page, begins)
        await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.STAFF)


def _fitting(begins: str) -> str:
    """Return the beginning of a name as it fits a button's data."""
    words = " ".join(begins.replace(":", " ").split())
    return words.encode()[:_FILTER_BYTES].decode(errors="ignore")


async def _page(
    core: Core, tx: Transaction, turn: Turn, person: Staff, page: int, begins: str
) -> tuple[str, Rows]:
    texts = core.texts
    leads = Role.COORDINATOR in person.roles
    late = ((Button(texts.staff("st.kl_btn_late"), "kl:late:0"),),) if leads else ()
    if contact_role(person.roles) is None:
        return texts.staff("st.kl_watching" if leads else "st.kl_not_yours"), late
    total = await storage.count_clients(tx, person.id, begins)
    if not total and begins:
        return texts.staff("st.kl_not_found", begin=begins), late
    if not total:
        return texts.staff("st.no_clients"), late
    page = min(page, page_count(total) - 1)
    today = core.today(turn.now)
    lines = await storage.list_clients(
        tx, person.id, begins, today=today, limit=PAGE, offset=page * PAGE
    )
    shown = [texts.staff("st.clients", aantal=total)]
    if begins:
        shown.append(texts.staff("st.kl_filter", begin=begins))
    shown += [_line_words(core, line, today) for line in lines]
    suffix = f":{begins}" if begins else ""
    # On the first page a button names only the client: that is where the way back leads.
    origin = f":{page}{suffix}" if page or begins else ""
    buttons = [
        Button(f"{line.client.name} · {line.client.code}", f"cl:{line.client.id}{origin}")
        for line in lines
    ]
    rows = (*in_pairs(*buttons), turning("kl:", page, total, suffix), *late)
    return "\n".join(shown), tuple(row for row in rows if row)


def _line_words(core: Core, line: ClientLine, today: date) -> str:
    return core.texts.staff(
        "st.kl_line",
        licht=light_words(core, line, today),
        code=line.client.code,
        voornaam=line.client.name,
        maand=month_words(core, line),
        gesprek=talk_words(core, line, today),
    )


def light_words(core: Core, line: ClientLine, today: date) -> str:
    """Return the light of both clocks as a colour and as its name."""
    since, rules = line.in_care_since or today, core.config.contact.rules
    light = light_of(line.period, line.last_talk, since, today=today, rules=rules)
    return core.texts.staff(f"st.light_{light}")


def month_words(core: Core, line: ClientLine) -> str:
    """Return in Dutch how the month stands."""
    period, texts = line.period, core.texts
    if period is None:
        return texts.staff("st.month_unknown")
    if period.state is PeriodState.EXCLUDED:
        why = texts.staff(f"st.out_{period.exclusion}")
        return texts.staff("st.month_excluded", reden=why)
    days = {
        PeriodState.MET: period.satisfied_on,
        PeriodState.PLANNED: line.meets_on,
    }
    day = days.get(period.state, period.target)
    return texts.staff(f"st.month_{period.state}", datum=short(day))


def talk_words(core: Core, line: ClientLine, today: date) -> str:
    """Return in Dutch how long ago the last conversation was."""
    if line.last_talk is None:
        return core.texts.staff("st.talk_never", datum=short(line.in_care_since))
    days = (today - line.last_talk).days
    text_id = {0: "st.talk_today", 1: "st.talk_yesterday"}.get(days, "st.talk_days")
    return core.texts.staff(text_id, n=days)


def short(day: date | None) -> str:
    """Return a day as it fits a list: `12 nov`."""
    return format_date(day, "d MMM", locale="nl") if day else "–"


# --- who is late -----------------------------------------------------------------------------


async def show_late(core: Core, turn: Turn, page: int, message: TelegramMessageId) -> None:
    """Show a coordinator who is past the target: code, coach and days; no names.

    Errors: NotFoundError for anybody else.
    """
    async with taking(core, turn) as tx:
        person = await menu.get_staff_here(core, tx, turn)
        if Role.COORDINATOR not in person.roles:
            msg = f"{person.code} is no coordinator; the clients of others are not listed."
            raise NotFoundError(msg)
        today = core.today(turn.now)
        month = Month.of(today)
        total = await storage.count_late(tx, month)
        page = min(page, page_count(total) - 1)
        lines = await storage.list_late(tx, month, limit=PAGE, offset=page * PAGE)
        heading = "st.late_team" if total else "st.late_team_none"
        shown = [core.texts.staff(heading, n=total, maand=month_name(today, DUTCH))]
        shown += [_late_words(core, line, today) for line in lines]
        buttons = [Button(line.code, f"cl:{line.client_id}:late:{page}") for line in lines]
        below = (
            Button(core.texts.staff("st.btn_back"), "kl:0"),
            Button(core.texts.staff("st.kl_btn_month"), f"ov:all:{month}:0"),
        )
        rows = (*in_pairs(*buttons), turning("kl:late:", page, total), below)
        text = "\n".join(shown)
        markup = tuple(row for row in rows if row)
        await rewrite(tx, turn, message, text, markup, kind=OutboxKind.STAFF)


def _late_words(core: Core, line: LateLine, today: date) -> str:
    days = (today - line.target).days
    return core.texts.staff(
        "st.late_line" if days != 1 else "st.late_line_one",
        code=line.code,
        coach=line.coach or core.texts.staff("st.late_no_coach"),
        n=days,
    )
