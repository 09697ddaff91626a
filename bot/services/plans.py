"""What the day asks about plans and goals: said once to each, and listed while it stands open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from bot import routes
from bot.domain.appointments import AppointmentKind, expects_client
from bot.domain.delivery import OutboxKind
from bot.domain.ids import ClientId, PlanId, StaffId
from bot.domain.localtime import to_utc
from bot.domain.people import Client, ClientStatus, Role, Staff
from bot.domain.plans import (
    Block,
    GoalPrompt,
    GoalState,
    Plan,
    first_open_block,
    plan_is_missing,
    prompts_due,
)
from bot.domain.routes import GoalDuty, Milestone, milestone_days, open_duties
from bot.services.core import Core
from bot.services.goals import my_goals_button, self_question, view_buttons
from bot.services.outgoing import Button, Rows, in_pairs, live_link, to_client
from bot.services.plan_view import day_words, who
from bot.storage import appointments, people, prompts, statuses, tasks
from bot.storage import plans as storage
from bot.storage.database import Transaction
from bot.texts import Value, calendar_day

_IN_CARE = frozenset({ClientStatus.INVITED, ClientStatus.ACTIVE})
"""Who is owed a plan. In a pause, an asylum centre or aftercare nobody is asked for goals."""

_CLIENT = "client"
_FOR_CLIENTS = frozenset({GoalPrompt.INVITE, GoalPrompt.REMIND})
_OVERDUE_LEVEL = 2
_MILESTONE_KINDS = frozenset({AppointmentKind.GOALS, AppointmentKind.REVIEW})
_MILESTONE_EARLY = timedelta(days=14)
"""So long before it may be held, a client hears of the talk that a milestone asks for."""


@dataclass(frozen=True, slots=True)
class GoalDue:
    """Something about a client's plan that stands open today."""

    client: Client
    duty: GoalDuty
    day: date
    """The end of the block, the last day of the milestone, or since when there is no plan."""
    plan_id: PlanId | None = None
    block: int = 0
    key: str = ""
    """Which milestone."""
    name: str = ""
    """What staff call the milestone."""
    late: bool = False
    new: bool = False
    """True when its owner had not been told of it before."""
    escalated: bool = False
    """True when the coordinators had not been told before that it is overdue."""


@dataclass(frozen=True, slots=True)
class _Plans:
    """The plans of many clients, with what has happened in them."""

    plans: Mapping[ClientId, Plan]
    ended: frozenset[ClientId]
    """Who had a plan that was ended."""
    reviewed: Mapping[PlanId, frozenset[int]]
    counts: Mapping[PlanId, Mapping[int, int]]
    held: Mapping[PlanId, frozenset[str]]
    without_since: Mapping[ClientId, date]


async def goal_list(
    _core: Core,
    tx: Transaction,
    clients: Sequence[Client],
    *,
    today: date,
) -> list[GoalDue]:
    """Return what stands open about the plans of these clients, the oldest first."""
    known = await _load(tx, clients)
    found = [due for client in clients for due in _dues(client, known, today)]
    return sorted(found, key=_by_day)


async def goal_prompts(
    core: Core,
    tx: Transaction,
    clients: Sequence[Client],
    owner: Staff,
    *,
    today: date,
    now: datetime,
) -> tuple[GoalDue, ...]:
    """Say what the day asks about the plans of these clients, whom `owner` answers for.

    Each thing is said once to each: to the owner, while her coach gets the task; to the client
    in her language, if she has a live chat; to the coordinators when it is overdue. Returns what
    stands open, the oldest first.
    """
    known = await _load(tx, clients)
    coaches = await people.coaches_of(tx, [client.id for client in clients])
    leaders = await people.list_staff(tx, Role.COORDINATOR)
    keys = await tasks.list_open_keys(tx, [client.id for client in clients], ("plan", "no_goals"))
    day = _Day(owner, coaches, leaders, frozenset(key for key, _ in keys), today, now)
    found: list[GoalDue] = []
    for client in clients:
        plan = known.plans.get(client.id)
        had_plan = plan is not None or client.id in known.ended
        dues = _dues(client, known, today)
        found += [await _prompt(tx, due, day, had_plan=had_plan) for due in dues]
        if plan is not None:
            await _prompt_client(core, tx, client, plan, known, day)
    return tuple(sorted(found, key=_by_day))


def _by_day(due: GoalDue) -> tuple[date, str, str]:
    return due.day, due.client.code, due.duty


def due_words(core: Core, due: GoalDue) -> str:
    """Return the line of a list that says what stands open."""
    values: dict[str, Value] = {
        "datum": day_words(due.day),
        "nummer": due.block,
        "gesprek": due.name,
        **who(due.client),
    }
    text_id = f"st.goal_due_{due.duty}"
    if due.duty is GoalDuty.CLOSE and due.late:
        text_id = "st.goal_due_overdue"
    return core.texts.staff(text_id, **values)


async def _load(tx: Transaction, clients: Sequence[Client]) -> _Plans:
    cared = [client.id for client in clients if client.status in _IN_CARE]
    plans = await storage.list_plans(tx, cared)
    ids = [plan.id for plan in plans.values()]
    without = [client_id for client_id in cared if client_id not in plans]
    ended = await storage.list_ended_plans(tx, without) if without else {}
    spans = await statuses.list_spans(tx, without) if without else {}
    since: dict[ClientId, date] = {}
    for client_id, hers in spans.items():
        last = ended.get(client_id)
        begun = [span.first_day for span in hers if span.status in _IN_CARE]
        if last is not None and last.ended_on is not None:
            since[client_id] = last.ended_on
        elif begun:
            since[client_id] = min(begun)
    return _Plans(
        plans=plans,
        ended=frozenset(ended),
        reviewed=await storage.list_reviewed(tx, ids),
        counts=await storage.count_goals(tx, ids),
        held=await storage.list_held(tx, ids),
        without_since=since,
    )


def _dues(client: Client, known: _Plans, today: date) -> list[GoalDue]:
    """Return what stands open about one client's plan."""
    plan = known.plans.get(client.id)
    if plan is None:
        since = known.without_since.get(client.id)
        if since is None or not plan_is_missing(since, today):
            return []
        return [GoalDue(client, GoalDuty.NO_PLAN, since)]
    route = routes.find(plan.route)
    names = {milestone.key: milestone.name for milestone in route.milestones}
    return [
        GoalDue(
            client,
            each.duty,
            each.day,
            plan_id=plan.id,
            block=each.block,
            key=each.key,
            name=names.get(each.key, ""),
            late=each.late,
        )
        for each in open_duties(
            plan,
            route,
            reviewed=known.reviewed.get(plan.id, frozenset()),
            goals=known.counts.get(plan.id, {}),
            held=known.held.get(plan.id, frozenset()),
            today=today,
        )
    ]


@dataclass(frozen=True, slots=True)
class _Day:
    """Who hears what on which day."""

    owner: Staff
    coaches: Mapping[ClientId, StaffId]
    leaders: Sequence[Staff]
    open_keys: frozenset[str]
    """The tasks to make a plan that stand open already, as they do every morning."""
    today: date
    now: datetime


async def _prompt(tx: Transaction, due: GoalDue, day: _Day, *, had_plan: bool) -> GoalDue:
    """Tell who must know of an open duty, each once; returns it with what is new."""
    duty = due.duty
    if duty in {GoalDuty.NO_PLAN, GoalDuty.PLAN_OVER}:
        if not plan_is_missing(due.day, day.today):
            return due
        key = f"plan:{due.client.id}" + (f":{due.day}" if had_plan else "")
        if key in day.open_keys:
            return due
        return replace(due, new=await _give(tx, due, day, "plan", key))
    if duty is GoalDuty.NO_GOALS:
        key = f"no_goals:{due.plan_id}:{due.block}"
        if key in day.open_keys:
            return due
        return replace(due, new=await _give(tx, due, day, "no_goals", key))
    if duty is GoalDuty.MILESTONE:
        kind, task, name = "milestone", "milestone", f"{due.plan_id}:{due.key}"
        closing = due.late
    else:
        kind, task, name = "goals", "goal_talk", f"{due.plan_id}:{due.block}"
        closing = duty is GoalDuty.CLOSE
    rung = GoalPrompt.CLOSE if closing else GoalPrompt.PLAN
    new = await _hear(tx, due, day, kind, name, rung, day.owner)
    if new:
        await _give(tx, due, day, task, f"{task}:{name}", level=int(closing))
    escalated = False
    if duty is GoalDuty.CLOSE and due.late:
        for leader in day.leaders:
            escalated |= await _hear(tx, due, day, kind, name, GoalPrompt.OVERDUE, leader)
        if escalated:
            await tasks.raise_task(tx, f"{task}:{name}", _OVERDUE_LEVEL)
    return replace(due, new=new, escalated=escalated)


async def _hear(
    tx: Transaction,
    due: GoalDue,
    day: _Day,
    kind: str,
    name: str,
    rung: GoalPrompt,
    hearer: Staff,
) -> bool:
    return await prompts.insert_prompt(
        tx,
        kind=kind,
        object=name,
        rung=rung,
        hearer=hearer.code,
        day=day.today,
        now=day.now,
        client_id=due.client.id,
        staff_id=hearer.id,
    )


async def _give(
    tx: Transaction, due: GoalDue, day: _Day, kind: str, key: str, *, level: int = 0
) -> bool:
    new = await tasks.insert_task(
        tx,
        kind=kind,
        key=key,
        client_id=due.client.id,
        staff_id=day.coaches.get(due.client.id, day.owner.id),
        about_id=due.plan_id,
        level=level,
        now=day.now,
    )
    if not new and level:
        await tasks.raise_task(tx, key, level)
    return new


# --- what the client hears -------------------------------------------------------------------


async def _prompt_client(
    core: Core, tx: Transaction, client: Client, plan: Plan, known: _Plans, day: _Day
) -> None:
    """Tell a client that a talk about her goals is near, each thing once, while it still is."""
    block = first_open_block(plan, known.reviewed.get(plan.id, frozenset()))
    wanted = _FOR_CLIENTS.intersection(prompts_due(block, day.today)) if block else ()
    talks = [
        milestone
        for milestone in routes.find(plan.route).milestones
        if milestone.told
        and milestone.key not in known.held.get(plan.id, frozenset())
        and _is_near(milestone_days(plan, milestone), day.today)
    ]
    if not (wanted or talks) or await live_link(tx, client) is None:
        return
    for prompt in wanted:
        if block is not None and known.counts.get(plan.id, {}).get(block.number):
            await _tell_of_talk(core, tx, client, plan, block, prompt, day)
    for milestone in talks:
        await _tell_of_milestone(core, tx, client, plan, milestone, day)


def _is_near(days: tuple[date, date], today: date) -> bool:
    opens, last = days
    return opens - _MILESTONE_EARLY <= today <= last


async def _first_time(
    tx: Transaction, client: Client, kind: str, name: str, rung: GoalPrompt, day: _Day
) -> bool:
    return await prompts.insert_prompt(
        tx,
        kind=kind,
        object=name,
        rung=rung,
        hearer=_CLIENT,
        day=day.today,
        now=day.now,
        client_id=client.id,
    )


async def _tell_of_talk(
    core: Core,
    tx: Transaction,
    client: Client,
    plan: Plan,
    block: Block,
    prompt: GoalPrompt,
    day: _Day,
) -> None:
    """Say that the talk is near; three days before, ask how she sees each goal.

    On a phone that others use as well she opens her goals herself.
    """
    if not await _first_time(tx, client, "goals", f"{plan.id}:{block.number}", prompt, day):
        return
    locale, now = client.language, day.now
    coach = await people.get_coach(tx, client.id)
    until = to_utc(block.end, time(), core.config.organisation.zone)
    asks = prompt is GoalPrompt.REMIND
    text = core.texts.say("go.remind" if asks else "go.invite", locale, coach=coach.name)
    said: list[tuple[str, Rows]] = [(text, ())]
    if asks and client.discreet:
        said = [(text, my_goals_button(core, locale))]
    elif asks:
        for goal in await storage.list_goals(tx, plan.id, block.number):
            if goal.state is GoalState.OPEN:
                question = await self_question(core, tx, client, goal, now=now)
                said.append((question, view_buttons(core, goal, locale)))
    for words, buttons in said:
        await to_client(
            core,
            tx,
            client,
            words,
            buttons,
            kind=OutboxKind.CONVERSATION,
            valid_until=until,
            now=now,
        )


async def _tell_of_milestone(
    core: Core, tx: Transaction, client: Client, plan: Plan, milestone: Milestone, day: _Day
) -> None:
    """Say when the talk of a milestone is, once there is an appointment for it.

    What it is about is nobody else's business: on a shared phone the invitation is enough.
    """
    if client.discreet:
        return
    opens, last = milestone_days(plan, milestone)
    coming = await appointments.list_coming(tx, client_id=client.id, now=day.now)
    meeting = next(
        (
            each
            for each in coming
            if each.kind in _MILESTONE_KINDS
            and expects_client(each.state)
            and opens <= each.local_date <= last
        ),
        None,
    )
    name = f"{plan.id}:{milestone.key}"
    if meeting is None or not await _first_time(
        tx, client, "milestone", name, GoalPrompt.INVITE, day
    ):
        return
    locale = client.language
    coach = await people.get_coach(tx, client.id)
    text = core.texts.say(
        "go.milestone", locale, datum=calendar_day(meeting.local_date, locale), coach=coach.name
    )
    button = Button(core.texts.label("btn.question", locale), f"go:{plan.id}:question")
    await to_client(
        core,
        tx,
        client,
        text,
        in_pairs(button),
        kind=OutboxKind.CONVERSATION,
        appointment=meeting,
        valid_until=meeting.starts_at,
        now=day.now,
    )
