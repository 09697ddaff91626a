"""/werkbak: what waits for a member of staff, in one message that is edited in place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.contacts import contact_role
from bot.domain.delivery import OutboxKind
from bot.domain.errors import NotFoundError
from bot.domain.ids import (
    CheckInId,
    ClientId,
    EmployerId,
    MessageId,
    StaffId,
    TaskId,
    TelegramMessageId,
)
from bot.domain.languages import DUTCH, DUTCH_NAMES
from bot.domain.messages import MessageKind
from bot.domain.months import Month
from bot.domain.people import Role, Staff
from bot.domain.worklist import (
    FOR_A_STAND_IN,
    FOR_THE_RECORD,
    Action,
    TaskKind,
    actions_of,
    age_of,
    ends_by_hand,
    kind_of,
)
from bot.services import duties, menu
from bot.services.checkins import silence_button
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import Button, Rows, in_pairs, rewrite, say
from bot.storage import people, tasks
from bot.storage import worklist as storage
from bot.storage.database import Transaction
from bot.storage.worklist import Line, Said, Subject
from bot.texts import Html, month_name

PAGE = 8
"""How many lines a list shows at once."""

_LABEL = 40
_SAID_SHOWN, _SAID_LENGTH = 3, 200
_LEVELS = ("st.wb_level_1", "st.wb_level_2")
"""Late; and so late that the coordinators heard of it."""

_OF_A_MONTH = frozenset({TaskKind.CONTACT, TaskKind.REASON})


@dataclass(frozen=True, slots=True)
class _Desk:
    """Who is here, and whose tasks are theirs today: their own, and of whom they stand in for."""

    person: Staff
    owners: tuple[StaffId, ...]
    names: Mapping[StaffId, str]


@dataclass(frozen=True, slots=True)
class _Shown:
    """A line with what its words need."""

    line: Line
    kind: TaskKind
    subject: Subject | None
    company: str | None


# --- what others use -------------------------------------------------------------------------


def page_count(total: int) -> int:
    """Return how many pages a list of so many lines has: at least one."""
    return max(-(-total // PAGE), 1)


def turning(prefix: str, page: int, total: int, suffix: str = "") -> tuple[Button, ...]:
    """Return the row under a list by which one turns its pages; none for a single page."""
    pages = page_count(total)
    if pages == 1:
        return ()
    shown = (("◀", page - 1), (f"{page + 1}/{pages}", page), ("▶", page + 1))
    return tuple(Button(label, f"{prefix}{to}{suffix}") for label, to in shown if 0 <= to < pages)


def age_words(core: Core, since: datetime, now: datetime) -> str:
    """Return in Dutch how long something has waited while the office was open."""
    hours = core.config.hours
    age = age_of(since, now, hours.office, hours.closed, core.config.organisation.zone)
    if age.days:
        text_id = "st.wb_age_day" if age.days == 1 else "st.wb_age_days"
        return core.texts.staff(text_id, n=age.days)
    if age.hours:
        text_id = "st.wb_age_hour" if age.hours == 1 else "st.wb_age_hours"
        return core.texts.staff(text_id, n=age.hours)
    return core.texts.staff("st.wb_age_new")


def count_words(core: Core, kind: TaskKind, count: int) -> str:
    """Return in Dutch what a task is, and how many of them when that is more than one."""
    if kind is TaskKind.MESSAGE and count > 1:
        return core.texts.staff("st.wb_messages", n=count)
    words = core.texts.staff(f"st.task_{kind}")
    return words if count == 1 else f"{words} ({count})"


# --- the list --------------------------------------------------------------------------------


async def open_worklist(core: Core, turn: Turn) -> None:
    """Show a member of staff what waits for them."""
    async with taking(core, turn) as tx:
        await show_worklist(core, tx, turn)


async def show_worklist(core: Core, tx: Transaction, turn: Turn) -> None:
    """Show whoever is here what waits for them, in a new message."""
    text, buttons = await _page(core, tx, turn, await _desk(core, tx, turn), 0)
    await say(tx, turn, text, buttons, kind=OutboxKind.STAFF)


async def show_page(core: Core, turn: Turn, page: int, message: TelegramMessageId) -> None:
    """Show a page of what waits in the message that was tapped."""
    async with taking(core, turn) as tx:
        await _rewrite_page(core, tx, turn, await _desk(core, tx, turn), page, message)


async def _rewrite_page(
    core: Core, tx: Transaction, turn: Turn, desk: _Desk, page: int, message: TelegramMessageId
) -> None:
    text, buttons = await _page(core, tx, turn, desk, page)
    await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.STAFF)


async def _desk(core: Core, tx: Transaction, turn: Turn) -> _Desk:
    person = await menu.get_staff_here(core, tx, turn)
    standing = await duties.load(core, tx, core.today(turn.now))
    owners = dict.fromkeys((person.id, *standing.covered_by(person.id)))
    names = {owner: standing.staff[owner].name for owner in owners}
    return _Desk(person, tuple(owners), names)


async def _page(
    core: Core, tx: Transaction, turn: Turn, desk: _Desk, page: int
) -> tuple[str, Rows]:
    leads = Role.COORDINATOR in desk.person.roles
    team = ((Button(core.texts.staff("st.wb_btn_team"), "wb:team:0"),),) if leads else ()
    total = await storage.count_lines(tx, desk.owners)
    if not total:
        return core.texts.staff("st.wb_empty"), team
    page = min(page, page_count(total) - 1)
    lines = await storage.list_lines(tx, desk.owners, limit=PAGE, offset=page * PAGE)
    shown = await _with_subjects(tx, lines)
    texts = [core.texts.staff("st.wb_title", aantal=total)]
    texts += [_words(core, desk, each, turn.now) for each in shown]
    buttons = [
        Button(_label(core, desk, each), f"wt:{each.line.task_id}:open:{page}") for each in shown
    ]
    rows = (*in_pairs(*buttons), turning("wb:", page, total), *team)
    return "\n".join(texts), tuple(row for row in rows if row)


async def _with_subjects(tx: Transaction, lines: Sequence[Line]) -> list[_Shown]:
    kinds = [kind_of(line.kind) for line in lines]
    about = {line.client_id for line in lines if line.client_id is not None}
    subjects = await storage.list_subjects(tx, about) if about else {}
    companies = {
        EmployerId(line.about_id)
        for line, kind in zip(lines, kinds, strict=True)
        if kind is TaskKind.EMPLOYER and line.about_id is not None
    }
    names = await storage.list_companies(tx, companies) if companies else {}
    return [
        _Shown(
            line,
            kind,
            subjects.get(line.client_id) if line.client_id is not None else None,
            names.get(EmployerId(line.about_id or 0)) if kind is TaskKind.EMPLOYER else None,
        )
        for line, kind in zip(lines, kinds, strict=True)
    ]


def _who(core: Core, desk: _Desk, shown: _Shown) -> str:
    """Return whom a line is about, in as far as this person may know."""
    subject = shown.subject
    if subject is None:
        return shown.company or core.texts.staff("st.wb_nobody")
    if contact_role(desk.person.roles) is not None:
        return f"{subject.name} {subject.code}"
    return subject.code if Role.COORDINATOR in desk.person.roles else subject.name


def _what(core: Core, shown: _Shown) -> str:
    words = count_words(core, shown.kind, shown.line.count)
    if shown.kind in _OF_A_MONTH:
        words += " " + month_name(_month(shown.line).first, DUTCH)
    return words


def _month(line: Line) -> Month:
    return Month.parse(line.key.rpartition(":")[2])


def _words(core: Core, desk: _Desk, shown: _Shown, now: datetime) -> str:
    text = core.texts.staff(
        "st.wb_line",
        wie=_who(core, desk, shown),
        wat=_what(core, shown),
        oud=age_words(core, shown.line.since, now),
    )
    if shown.line.level:
        raised = _LEVELS[min(shown.line.level, len(_LEVELS)) - 1]
        text = core.texts.staff(raised) + " · " + text
    name = _in_place_of(desk, shown)
    return text + " " + core.texts.staff("st.wb_for", naam=name) if name else text


def _in_place_of(desk: _Desk, shown: _Shown) -> str | None:
    """Return for whom the person does this; None when it is their own."""
    subject = shown.subject
    if shown.line.staff_id != desk.person.id:
        return desk.names[shown.line.staff_id]
    is_coach = subject is None or subject.coach_id == desk.person.id
    return None if is_coach or subject is None else subject.coach


def _label(core: Core, desk: _Desk, shown: _Shown) -> str:
    subject = shown.subject
    named = subject is not None and contact_role(desk.person.roles) is not None
    who = subject.name if subject is not None and named else _who(core, desk, shown)
    return f"{who} · {_what(core, shown)}"[:_LABEL]


# --- one task --------------------------------------------------------------------------------


async def open_task(
    core: Core,
    turn: Turn,
    task_id: TaskId,
    page: int,
    message: TelegramMessageId,
    *,
    calls: bool = False,
) -> None:
    """Show a task with what can be done; `calls` when the person wants to phone her.

    Errors: NotFoundError when it is neither theirs nor of somebody for whom they stand in.
    """
    async with taking(core, turn) as tx:
        desk = await _desk(core, tx, turn)
        line = await _find_line(core, tx, turn, desk, task_id)
        if line is None:
            await _rewrite_page(core, tx, turn, desk, page, message)
            return
        (shown,) = await _with_subjects(tx, [line])
        is_coach = shown.subject is not None and shown.subject.coach_id == desk.person.id
        parts = [_words(core, desk, shown, turn.now)]
        if shown.kind is TaskKind.MESSAGE and is_coach:
            said = await storage.list_said(tx, line, limit=_SAID_SHOWN)
            parts += [_said_words(core, each) for each in said]
        if calls and shown.subject is not None:
            parts.append(await _call_words(core, tx, shown.subject.client_id))
        if not ends_by_hand(shown.kind):
            parts.append(core.texts.staff("st.wb_by_fact"))
        buttons = _actions(core, shown, page, _allowed(desk, is_coach=is_coach), calls=calls)
        # A reply to this message reaches her, so only her coach's may.
        subject = shown.subject if is_coach else None
        about = await people.get_client(tx, subject.client_id) if subject else None
        text = "\n".join(parts)
        await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.STAFF, client=about)


async def _find_line(
    core: Core, tx: Transaction, turn: Turn, desk: _Desk, task_id: TaskId
) -> Line | None:
    """Return a line of this desk; None, with a word to the person, when it is done already."""
    if await storage.find_owner(tx, task_id) not in desk.owners:
        msg = f"Task {task_id} is not with {desk.person.code}; open your own with /werkbak."
        raise NotFoundError(msg)
    line = await storage.find_line(tx, task_id)
    if line is None:
        turn.toast = core.texts.staff("st.wb_already")
    return line


def _said_words(core: Core, said: Said) -> str:
    words = said.dutch or said.text
    if len(words) > _SAID_LENGTH:
        words = words[: _SAID_LENGTH - 1].rstrip() + "…"
    if said.kind is not MessageKind.TEXT:
        words = f"[{core.texts.staff(f'st.kind_{said.kind}')}] {words}".rstrip()
    return core.texts.staff("st.wb_said", tekst=words)


async def _call_words(core: Core, tx: Transaction, client_id: ClientId) -> str:
    client = await people.get_client(tx, client_id)
    stand = await menu.link_words(core, tx, client)
    return core.texts.staff("st.wb_call", taal=DUTCH_NAMES[client.language], stand=stand)


def _allowed(desk: _Desk, *, is_coach: bool) -> frozenset[Action]:
    if is_coach:
        return frozenset(Action)
    may_speak = contact_role(desk.person.roles) is not None
    return FOR_A_STAND_IN if may_speak else FOR_A_STAND_IN - FOR_THE_RECORD


def _actions(
    core: Core, shown: _Shown, page: int, allowed: frozenset[Action], *, calls: bool
) -> Rows:
    line, texts = shown.line, core.texts
    client = line.client_id
    month = _month(line) if shown.kind is TaskKind.REASON else None
    about = f":{line.about_id}" if shown.kind is TaskKind.MESSAGE and line.about_id else ""
    labels = {
        Action.ANSWER: (texts.staff("st.btn_answer"), f"wr:{client}{about}"),
        Action.CALL: (texts.staff("st.wb_btn_call"), f"wt:{line.task_id}:call:{page}"),
        Action.RECORD: (texts.staff("st.wb_btn_record"), f"ct:{client}"),
        Action.MEET: (texts.staff("st.btn_appointment"), f"bn:{client}"),
        Action.GOALS: (texts.staff("st.wb_btn_goals"), f"pl:{client}"),
        Action.HOLD: (texts.staff("st.wb_btn_hold"), f"hd:{client}"),
        Action.REASON: (texts.staff("st.wb_btn_reason"), f"mr:{client}:{month}"),
        Action.COMPANY: (texts.staff("st.wb_btn_company"), f"em:{line.about_id}:open"),
    }
    offered = actions_of(shown.kind, with_client=client is not None)
    buttons = [
        Button(*labels[action])
        for action in offered
        if action in allowed and not (calls and action is Action.CALL)
    ]
    if calls and Action.RECORD in allowed - set(offered):
        buttons.append(Button(*labels[Action.RECORD]))
    if client is not None:
        card = Button(texts.staff("st.wb_btn_client"), f"cl:{client}:wb:{page}")
        buttons.append(card)
    if shown.kind is TaskKind.CALL and line.about_id is not None:
        buttons.append(silence_button(core, CheckInId(line.about_id)))
    back = (Button(texts.staff("st.btn_back"), f"wb:{page}"),)
    if not ends_by_hand(shown.kind):
        return (*in_pairs(*buttons), back)
    done = (Button(texts.staff("st.wb_btn_done"), f"wt:{line.task_id}:done:{page}"),)
    return (*in_pairs(*buttons), done, back)


async def finish_task(
    core: Core, turn: Turn, task_id: TaskId, page: int, message: TelegramMessageId
) -> None:
    """Mark a task as dealt with, and of messages those that were shown; then show the list.

    Of two people who do so at once the second reads that it was done. Errors: NotFoundError when
    it is not theirs, or is a duty that only its fact can end.
    """
    async with taking(core, turn) as tx:
        desk = await _desk(core, tx, turn)
        line = await _find_line(core, tx, turn, desk, task_id)
        if line is not None:
            if not ends_by_hand(kind_of(line.kind)):
                msg = f"Task {task_id} is a duty; it ends when what it asks for is on record."
                raise NotFoundError(msg)
            await storage.close_line(tx, line, task_id, now=turn.now)
            await _trace(tx, desk.person, task_id, turn.now)
            turn.toast = core.texts.staff("st.wb_done")
        await _rewrite_page(core, tx, turn, desk, page, message)


async def finish_message(core: Core, turn: Turn, message_id: MessageId) -> None:
    """Mark one message as dealt with, from the button beneath it.

    Errors: NotFoundError when it is not theirs.
    """
    async with taking(core, turn) as tx:
        desk = await _desk(core, tx, turn)
        key = storage.message_key(message_id)
        task_id = await storage.find_task(tx, key)
        if task_id is None or await storage.find_owner(tx, task_id) not in desk.owners:
            msg = f"Message {message_id} is not with {desk.person.code}."
            raise NotFoundError(msg)
        if await tasks.close_task(tx, key, now=turn.now):
            await _trace(tx, desk.person, task_id, turn.now)
            turn.toast = core.texts.staff("st.wb_done")
        else:
            turn.toast = core.texts.staff("st.wb_already")


async def _trace(tx: Transaction, person: Staff, task_id: TaskId, now: datetime) -> None:
    await tasks.insert_audit(
        tx, actor=f"staff:{person.id}", action="task_done", about=f"task:{task_id}", now=now
    )


# --- everybody's -----------------------------------------------------------------------------


async def show_team(core: Core, turn: Turn, page: int, message: TelegramMessageId) -> None:
    """Show a coordinator how much is open with each colleague, by name; never what it says.

    Errors: NotFoundError for anybody else.
    """
    async with taking(core, turn) as tx:
        person = await menu.get_staff_here(core, tx, turn)
        if Role.COORDINATOR not in person.roles:
            msg = f"{person.code} is no coordinator; the work of others is not shown."
            raise NotFoundError(msg)
        total = await storage.count_loads(tx)
        page = min(page, page_count(total) - 1)
        loads = await storage.list_loads(tx, limit=PAGE, offset=page * PAGE)
        lines = [core.texts.staff("st.wb_team" if loads else "st.wb_team_empty")]
        lines += [
            core.texts.staff(
                "st.wb_load",
                naam=load.name,
                n=load.count,
                oud=age_words(core, load.since, turn.now),
            )
            for load in loads
        ]
        back = (Button(core.texts.staff("st.btn_back"), "wb:0"),)
        buttons = tuple(row for row in (turning("wb:team:", page, total), back) if row)
        text = Html("\n".join(lines))
        await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.STAFF)
