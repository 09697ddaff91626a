"""The last steps before a broadcast goes: handed in, looked at by a second person, or dropped."""

from datetime import datetime

from bot.domain.broadcasts import Broadcast, BroadcastState, Repeat
from bot.domain.errors import TransitionError
from bot.domain.ids import BroadcastId, TelegramMessageId
from bot.domain.languages import DUTCH
from bot.domain.people import LinkState, Role, Staff
from bot.services import broadcast_report, broadcasts
from bot.services.broadcast_making import (
    Here,
    draft_screen,
    find_draft,
    get_here,
    put,
    show_present,
    when_words,
)
from bot.services.broadcast_preview import Look, planned_at, problems_of, take_look
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import Button, to_staff
from bot.storage import broadcasts as storage
from bot.storage import links, people, prompts
from bot.storage.database import Transaction

_NOT_BEGUN = frozenset({BroadcastState.DRAFT, BroadcastState.REVIEW, BroadcastState.SCHEDULED})

_FORGOTTEN = "forgotten"


async def list_approvers(tx: Transaction, author: Staff) -> list[Staff]:
    """Return the other coordinators who have a chat in which they can be asked."""
    found = []
    for person in await people.list_staff(tx, Role.COORDINATOR):
        link = await links.find_link(tx, staff_id=person.id)
        if person.id != author.id and link is not None and link.state is LinkState.ACTIVE:
            found.append(person)
    return found


# --- the maker -------------------------------------------------------------------------------


async def submit(
    core: Core,
    turn: Turn,
    broadcast_id: BroadcastId,
    revision: int,
    message: TelegramMessageId,
    *,
    sure: bool = False,
) -> None:
    """Hand a draft in, as it was when it was looked at; or show why it cannot go.

    With approval every other coordinator is asked; without, the maker is asked once whether to
    send, and `sure` is the answer. Errors: NotFoundError when it is not theirs to see.
    """
    async with taking(core, turn) as tx:
        here = await find_draft(core, tx, turn, broadcast_id, message)
        if here is None:
            return
        if here.broadcast.revision != revision:
            await show_present(core, tx, turn, here, message, core.texts.staff("st.bd_changed"))
            return
        approval = core.config.broadcast.approval
        problems = await problems_of(core, tx, here.broadcast, now=turn.now)
        if not problems and approval and not await list_approvers(tx, here.person):
            problems = [core.texts.staff("st.bd_no_approver")]
        if problems:
            await _refuse(core, tx, turn, here, message, problems)
            return
        if not approval and not sure:
            await _ask_sure(core, tx, turn, here, message)
            return
        if not await broadcasts.submit(core, tx, here.broadcast, here.person, now=turn.now):
            await show_present(core, tx, turn, here, message, core.texts.staff("st.bd_changed"))
            return
        submitted = await storage.get_broadcast(tx, broadcast_id)
        look = await take_look(core, tx, submitted, now=turn.now)
        if approval:
            await _ask_approval(core, tx, turn, here.person, look)
        screen = await draft_screen(core, tx, submitted, here.person, turn.now, look)
        await put(tx, turn, message, screen)


async def _refuse(
    core: Core,
    tx: Transaction,
    turn: Turn,
    here: Here,
    message: TelegramMessageId,
    problems: list[str],
) -> None:
    """Show a broadcast with why it cannot go, each reason once."""
    turn.toast = core.texts.staff("st.bd_cannot_go")
    text, rows = await draft_screen(core, tx, here.broadcast, here.person, turn.now)
    missing = [f"⚠ {each}" for each in problems if each not in text]
    await put(tx, turn, message, ("\n".join((text, *missing)), rows))


async def _ask_sure(
    core: Core, tx: Transaction, turn: Turn, here: Here, message: TelegramMessageId
) -> None:
    text, _ = await draft_screen(core, tx, here.broadcast, here.person, turn.now)
    yes = Button(
        core.texts.staff("st.bd_btn_yes_send"), f"{here.reference}:go:{here.broadcast.revision}"
    )
    no = Button(core.texts.staff("st.btn_back"), here.reference)
    text = f"{text}\n\n{core.texts.staff('st.bd_ask_send')}"
    await put(tx, turn, message, (text, ((yes,), (no,))))


async def _ask_approval(
    core: Core, tx: Transaction, turn: Turn, author: Staff, look: Look
) -> None:
    """Send every other coordinator what they are to look at."""
    for person in await list_approvers(tx, author):
        text, rows = await draft_screen(core, tx, look.broadcast, person, turn.now, look)
        asked = core.texts.staff("st.bd_asks_you", naam=author.name)
        await to_staff(tx, person.id, f"{asked}\n\n{text}", rows, now=turn.now)


async def withdraw(
    core: Core, turn: Turn, broadcast_id: BroadcastId, message: TelegramMessageId
) -> None:
    """Make a draft again of what its maker handed in; what has begun meanwhile stays as it is.

    Errors: NotFoundError when it is not theirs to see.
    """
    async with taking(core, turn) as tx:
        here = await get_here(core, tx, turn, broadcast_id)
        waits = {BroadcastState.REVIEW, BroadcastState.SCHEDULED}
        # A later one of a series goes with the series; its day is counted from the first.
        may = here.is_author and here.broadcast.state in waits and not here.broadcast.occurrence
        if not may or not await _to_draft(tx, turn, here):
            why = _why_not(core, here)
            await show_present(core, tx, turn, here, message, why)
            return
        await show_present(core, tx, turn, here, message, core.texts.staff("st.bd_is_draft"))


def _why_not(core: Core, here: Here) -> str:
    """Return in a few words why somebody's tap on an old message did nothing."""
    state = here.broadcast.state
    if state is BroadcastState.DRAFT:
        return core.texts.staff("st.bd_is_draft")
    if state in _NOT_BEGUN:
        return core.texts.staff("st.bd_changed")
    return core.texts.staff("st.bd_has_gone")


async def _to_draft(tx: Transaction, turn: Turn, here: Here) -> bool:
    """Make a draft again; a moment that has passed is not kept with it."""
    if not await broadcasts.withdraw(tx, here.broadcast, here.person, now=turn.now):
        return False
    draft = await storage.get_broadcast(tx, here.broadcast.id)
    starts_at = here.broadcast.starts_at
    if starts_at is not None and starts_at <= turn.now:
        await storage.change_broadcast(tx, draft, first_day=None, clock=None)
    return True


# --- throwing away ---------------------------------------------------------------------------


async def ask_drop(
    core: Core, turn: Turn, broadcast_id: BroadcastId, revision: int, message: TelegramMessageId
) -> None:
    """Ask whether a broadcast that has not begun is to be thrown away.

    Errors: NotFoundError when it is not theirs to see.
    """
    async with taking(core, turn) as tx:
        here = await get_here(core, tx, turn, broadcast_id)
        if not _may_drop(here, revision):
            await _show_not_dropped(core, tx, turn, here, message)
            return
        text, _ = await draft_screen(core, tx, here.broadcast, here.person, turn.now)
        broadcast = here.broadcast
        planned = broadcast.state is BroadcastState.SCHEDULED
        series = planned and broadcast.repeat is not Repeat.NEVER
        question = core.texts.staff("st.bd_ask_drop_series" if series else "st.bd_ask_drop")
        yes = Button(core.texts.staff("st.bd_btn_yes_drop"), f"{here.reference}:gone:{revision}")
        no = Button(core.texts.staff("st.btn_back"), here.reference)
        await put(tx, turn, message, (f"{text}\n\n{question}", ((yes,), (no,))))


def _may_drop(here: Here, revision: int) -> bool:
    broadcast = here.broadcast
    return broadcast.state in _NOT_BEGUN and broadcast.revision == revision


async def _show_not_dropped(
    core: Core, tx: Transaction, turn: Turn, here: Here, message: TelegramMessageId
) -> None:
    changed = here.broadcast.state in _NOT_BEGUN
    why = core.texts.staff("st.bd_changed" if changed else "st.bd_has_gone")
    await show_present(core, tx, turn, here, message, why)


async def drop(
    core: Core, turn: Turn, broadcast_id: BroadcastId, revision: int, message: TelegramMessageId
) -> None:
    """Throw a broadcast away that has not begun; its maker hears when a colleague did.

    Errors: NotFoundError when it is not theirs to see.
    """
    async with taking(core, turn) as tx:
        here = await get_here(core, tx, turn, broadcast_id)
        may = _may_drop(here, revision)
        if not may or not await broadcasts.cancel(tx, here.broadcast, here.person, now=turn.now):
            await _show_not_dropped(core, tx, turn, here, message)
            return
        if not here.is_author:
            await _tell_author(core, tx, turn, here, "st.bd_dropped_by")
        await show_present(core, tx, turn, here, message, core.texts.staff("st.bd_dropped"))


# --- the second person -----------------------------------------------------------------------


async def approve(
    core: Core, turn: Turn, broadcast_id: BroadcastId, revision: int, message: TelegramMessageId
) -> None:
    """Approve what a colleague made, as it was when it was looked at; or show why it cannot go.

    Errors: NotFoundError when it is not theirs to see.
    """
    async with taking(core, turn) as tx:
        here = await get_here(core, tx, turn, broadcast_id)
        why = await _why_no_verdict(core, tx, here, revision)
        if why is not None:
            await show_present(core, tx, turn, here, message, why)
            return
        problems = await problems_of(core, tx, here.broadcast, now=turn.now)
        if problems:
            await _refuse(core, tx, turn, here, message, problems)
            return
        try:
            done = await broadcasts.approve(
                core, tx, here.broadcast, here.person, revision=revision, now=turn.now
            )
        except TransitionError:
            done = False
        if done:
            await _tell_author(core, tx, turn, here, "st.bd_approved")
        why = core.texts.staff("st.bd_you_approved" if done else "st.bd_changed")
        await show_present(core, tx, turn, here, message, why)


async def give_back(
    core: Core, turn: Turn, broadcast_id: BroadcastId, revision: int, message: TelegramMessageId
) -> None:
    """Give what a colleague made back to be changed; errors: NotFoundError."""
    async with taking(core, turn) as tx:
        here = await get_here(core, tx, turn, broadcast_id)
        why = await _why_no_verdict(core, tx, here, revision)
        if why is None and await _to_draft(tx, turn, here):
            await _tell_author(core, tx, turn, here, "st.bd_returned")
            why = core.texts.staff("st.bd_you_returned")
        why = why or core.texts.staff("st.bd_changed")
        await show_present(core, tx, turn, here, message, why)


async def _why_no_verdict(core: Core, tx: Transaction, here: Here, revision: int) -> str | None:
    """Return in a few words why somebody cannot approve or give back; None when they can."""
    broadcast, st = here.broadcast, core.texts.staff
    if here.is_author or Role.COORDINATOR not in here.person.roles:
        return st("st.bd_not_by_you")
    if broadcast.state is BroadcastState.REVIEW:
        return None if broadcast.revision == revision else st("st.bd_changed")
    if broadcast.approver_id is not None:
        approver = await people.get_staff(tx, broadcast.approver_id)
        return core.texts.label("st.bd_was_approved", DUTCH, naam=approver.name)
    return _why_not(core, here)


async def _tell_author(core: Core, tx: Transaction, turn: Turn, here: Here, text_id: str) -> None:
    """Tell the maker what a colleague decided, and when it goes if it does."""
    present: Broadcast = await storage.get_broadcast(tx, here.broadcast.id)
    title = await broadcast_report.subject(core, tx, present)
    text = core.texts.staff(
        text_id,
        naam=here.person.name,
        wat=title,
        wanneer=when_words(core, present),
    )
    see = Button(core.texts.staff("st.bd_btn_see_draft"), here.reference)
    await to_staff(tx, present.author_id, text, ((see,),), now=turn.now)


# --- what nobody looked at -------------------------------------------------------------------


async def tell_forgotten(core: Core, now: datetime) -> int:
    """Tell, once, that a moment has passed without an approval; returns of how many broadcasts.

    The maker hears it, and whoever was asked to approve.
    """
    async with core.database.reading() as tx:
        if not await _list_forgotten(core, tx, now):
            return 0
    async with core.database.transaction() as tx:
        found = await _list_forgotten(core, tx, now)
        for broadcast, name in found:
            await _tell_forgotten(core, tx, broadcast, name, now)
    return len(found)


async def next_due(core: Core, after: datetime) -> datetime | None:
    """Return the next moment that passes unless somebody approves; None when there is none."""
    async with core.database.reading() as tx:
        waiting = await storage.list_waiting(tx)
    moments = (planned_at(core, each) for each in waiting)
    return min((each for each in moments if each is not None and each > after), default=None)


async def _list_forgotten(
    core: Core, tx: Transaction, now: datetime
) -> list[tuple[Broadcast, str]]:
    """Return what was to have gone by now and nobody has heard of, each with its moment's name.

    The moment, and not the revision: a film that is mended meanwhile is no reason to say it twice.
    """
    found = {}
    for broadcast in await storage.list_waiting(tx):
        moment = planned_at(core, broadcast)
        if moment is not None and moment <= now:
            found[f"{broadcast.id}:{moment.isoformat()}"] = broadcast
    said = await storage.list_prompted(tx, _FORGOTTEN, found) if found else set()
    return [(broadcast, name) for name, broadcast in found.items() if name not in said]


async def _tell_forgotten(
    core: Core, tx: Transaction, broadcast: Broadcast, name: str, now: datetime
) -> None:
    author = await people.get_staff(tx, broadcast.author_id)
    title = await broadcast_report.subject(core, tx, broadcast)
    see = Button(core.texts.staff("st.bd_btn_see_draft"), f"bd:{broadcast.id}")
    for person in (author, *await list_approvers(tx, author)):
        await prompts.insert_prompt(
            tx,
            kind=storage.PROMPT_KIND,
            object=name,
            rung=_FORGOTTEN,
            hearer=person.code,
            day=core.today(now),
            now=now,
            staff_id=person.id,
        )
        text_id = "st.bd_forgotten" if person is author else "st.bd_forgotten_asked"
        text = core.texts.staff(text_id, naam=author.name, wat=title)
        await to_staff(tx, person.id, text, ((see,),), now=now)
