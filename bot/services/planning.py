"""Making a plan by tapping, and changing it: longer, moved on after a pause, ended."""

from dataclasses import replace
from datetime import date, datetime

from bot import routes
from bot.domain.ids import ClientId, TelegramMessageId
from bot.domain.months import Month
from bot.domain.people import Client, Staff
from bot.domain.plans import Plan, PlanError, PlanKind, check_plan
from bot.domain.routes import Route, extended, extension_left
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import Button, in_pairs
from bot.services.plan_view import (
    Screen,
    Standing,
    day_words,
    find_standing,
    get_goal_client,
    kinds,
    list_shifts,
    no_step,
    note_deed,
    open_milestones,
    put,
    screen,
    who,
)
from bot.storage import plans as storage
from bot.storage import tasks
from bot.storage.database import Transaction

_EXTENSIONS = (1, 2, 3, 6, 12)
_TODAY, _NEXT_MONTH = "today", "next"


async def choose(
    core: Core,
    turn: Turn,
    client_id: ClientId,
    value: str,
    message: TelegramMessageId,
) -> None:
    """Take what kind of plan it is, which route it follows, or when it begins: then it is made.

    `value` is `kind`, `kind.route` or `kind.route.today`. Who comes second sees the plan that
    was made meanwhile.
    """
    async with taking(core, turn) as tx:
        person, client = await get_goal_client(core, tx, turn, client_id)
        kind, route_key, start = [*value.split("."), "", ""][:3]
        if kind not in list(PlanKind):
            raise no_step(value)
        today = core.today(turn.now)
        if await storage.find_plan(tx, client.id) is not None:
            turn.toast = core.texts.staff("st.plan_exists")
            shown = await screen(core, tx, client, now=turn.now)
        elif not route_key:
            shown = _routes(core, client, PlanKind(kind))
        elif route_key not in routes.load():
            raise no_step(value)
        elif not start:
            shown = _starts(core, client, PlanKind(kind), routes.find(route_key), today)
        else:
            starts = {_TODAY: today, _NEXT_MONTH: Month.of(today).plus(1).first}
            if start not in starts:
                raise no_step(value)
            await make(
                core,
                tx,
                person,
                client,
                kind=PlanKind(kind),
                route=routes.find(route_key),
                starts_on=starts[start],
                now=turn.now,
            )
            note = core.texts.staff("st.plan_made")
            shown = await screen(core, tx, client, now=turn.now, note=note)
        await put(tx, turn, message, shown)


def _routes(core: Core, client: Client, kind: PlanKind) -> Screen:
    reference = f"pl:{client.id}"
    rows = [
        (Button(route.name, f"{reference}:kind={kind}.{route.key}"),)
        for route in routes.load().values()
    ]
    back = (Button(core.texts.staff("st.btn_back"), reference),)
    return core.texts.staff("st.plan_route", soort=kind, **who(client)), (*rows, back)


def _starts(core: Core, client: Client, kind: PlanKind, route: Route, today: date) -> Screen:
    st, reference = core.texts.staff, f"pl:{client.id}:kind={kind}"
    first = Month.of(today).plus(1).first
    text = st("st.plan_start", soort=kind, route=route.name, maanden=route.months, **who(client))
    buttons = in_pairs(
        Button(st("st.plan_btn_today"), f"{reference}.{route.key}.{_TODAY}"),
        Button(day_words(first), f"{reference}.{route.key}.{_NEXT_MONTH}"),
    )
    return text, (*buttons, (Button(st("st.btn_back"), reference),))


async def make(
    core: Core,
    tx: Transaction,
    person: Staff,
    client: Client,
    *,
    kind: PlanKind,
    route: Route,
    starts_on: date,
    now: datetime,
) -> Plan:
    """Make a client's plan; errors: PlanError when she has one, or it cannot be."""
    check_plan(starts_on, route.months, today=core.today(now))
    if await storage.find_plan(tx, client.id) is not None:
        msg = f"Client {client.code} has a plan already; end that one first."
        raise PlanError(msg)
    plan = await storage.insert_plan(
        tx,
        client_id=client.id,
        kind=kind,
        route=route.key,
        starts_on=starts_on,
        months=route.months,
        staff_id=person.id,
        now=now,
    )
    await note_deed(tx, person, "plan.made", plan, now=now)
    await tasks.close_tasks(tx, kind="plan", client_id=client.id, now=now)
    return plan


# --- longer, later, or ended -----------------------------------------------------------------


async def show_more(
    core: Core, turn: Turn, client_id: ClientId, message: TelegramMessageId
) -> None:
    """Show what else can be done with a plan: longer, moved on after a pause, ended."""
    async with taking(core, turn) as tx:
        _, client = await get_goal_client(core, tx, turn, client_id)
        await put(tx, turn, message, await _more(core, tx, client))


async def _more(core: Core, tx: Transaction, client: Client) -> Screen:
    standing = await find_standing(tx, client.id)
    if standing is None:
        return kinds(core, client)
    plan, st, reference = standing.plan, core.texts.staff, f"pl:{client.id}"
    left = extension_left(plan, standing.route)
    lines = [
        st("st.plan_more", **who(client)),
        st("st.plan_more_left", maanden=left) if left else st("st.plan_more_none"),
    ]
    longer = in_pairs(
        *(
            Button(
                st("st.plan_btn_extend", maanden=months),
                f"{reference}:ext={plan.id}.{len(plan.lengths)}.{months}",
            )
            for months in _EXTENSIONS
            if months <= left
        )
    )
    later = tuple(
        (
            Button(
                st("st.plan_btn_shift", dagen=shift.days),
                f"{reference}:shift={plan.id}.{shift.paused_on}",
            ),
        )
        for shift in await list_shifts(tx, client, standing)
    )
    end = in_pairs(
        Button(st("st.plan_btn_end"), f"{reference}:end={plan.id}"),
        Button(st("st.btn_back"), reference),
    )
    return "\n".join(lines), (*longer, *later, *end)


async def change(
    core: Core,
    turn: Turn,
    client_id: ClientId,
    action: str,
    value: str,
    message: TelegramMessageId,
) -> None:
    """Extend a plan, move it on after a pause, or end it; a button of before changes nothing."""
    async with taking(core, turn) as tx:
        person, client = await get_goal_client(core, tx, turn, client_id)
        standing = await find_standing(tx, client.id)
        plan_id, *rest = value.split(".")
        note = ""
        if standing is None or str(standing.plan.id) != plan_id:
            turn.toast = core.texts.staff("st.plan_changed")
        elif action == "ext":
            note = await _extend(core, tx, turn, person, standing, rest)
        elif action == "shift":
            note = await _shift(core, tx, turn, person, client, standing, rest)
        elif standing.open_goals:
            turn.toast = core.texts.staff("st.plan_open_goals")
        elif action == "end":
            text = core.texts.staff("st.plan_end_ask", **who(client))
            buttons = in_pairs(
                Button(core.texts.staff("st.plan_btn_end_yes"), f"pl:{client.id}:ended={plan_id}"),
                Button(core.texts.staff("st.btn_drop"), f"pl:{client.id}"),
            )
            await put(tx, turn, message, (text, buttons))
            return
        else:
            await end(tx, person, standing.plan, today=core.today(turn.now), now=turn.now)
            note = core.texts.staff("st.plan_ended")
        shown = await screen(core, tx, client, now=turn.now, note=note)
        await put(tx, turn, message, shown)


async def _extend(
    core: Core, tx: Transaction, turn: Turn, person: Staff, standing: Standing, rest: list[str]
) -> str:
    plan = standing.plan
    count, months = [*rest, "", ""][:2]
    if count != str(len(plan.lengths)):
        turn.toast = core.texts.staff("st.plan_changed")  # the second of two quick taps
        return ""
    try:
        await extend(tx, person, standing, int(months), now=turn.now)
    except (ValueError, PlanError):
        left = extension_left(plan, standing.route)
        turn.toast = core.texts.staff("st.plan_too_long", maanden=left)
        return ""
    return core.texts.staff("st.plan_extended", maanden=int(months))


async def extend(
    tx: Transaction, person: Staff, standing: Standing, months: int, *, now: datetime
) -> Plan:
    """Make a plan longer within what its route allows; errors: PlanError."""
    plan = extended(standing.plan, standing.route, months)
    await storage.update_plan(tx, plan)
    await note_deed(tx, person, "plan.extended", plan, now=now)
    await tasks.close_tasks(tx, kind="plan", client_id=plan.client_id, now=now)
    return plan


async def _shift(
    core: Core,
    tx: Transaction,
    turn: Turn,
    person: Staff,
    client: Client,
    standing: Standing,
    rest: list[str],
) -> str:
    for shift in await list_shifts(tx, client, standing):
        if rest == [shift.paused_on.isoformat()]:
            plan = replace(standing.plan, shifts=(*standing.plan.shifts, shift))
            await storage.update_plan(tx, plan)
            await note_deed(tx, person, "plan.shifted", plan, now=turn.now)
            return core.texts.staff("st.plan_shifted", dagen=shift.days, nummer=shift.block)
    turn.toast = core.texts.staff("st.plan_changed")
    return ""


async def end(tx: Transaction, person: Staff, plan: Plan, *, today: date, now: datetime) -> None:
    """End a plan; what was asked of its coach about it is done."""
    await storage.update_plan(tx, replace(plan, ended_on=today))
    await note_deed(tx, person, "plan.ended", plan, now=now)
    for kind in ("goal_talk", "milestone"):
        await tasks.close_tasks(tx, kind=kind, about_id=plan.id, now=now)


# --- the talks of a route --------------------------------------------------------------------


async def hold_milestone(
    core: Core, turn: Turn, client_id: ClientId, value: str, message: TelegramMessageId
) -> None:
    """Record that the talk of a milestone was held; asks what came of it where that matters."""
    async with taking(core, turn) as tx:
        person, client = await get_goal_client(core, tx, turn, client_id)
        standing = await find_standing(tx, client.id)
        key, _, outcome = value.partition(".")
        today = core.today(turn.now)
        found = open_milestones(standing, today) if standing else []
        milestone = next((each for each, _ in found if each.key == key), None)
        note = ""
        if standing is None or milestone is None:
            turn.toast = core.texts.staff("st.plan_changed")
        elif milestone.outcomes and not outcome:
            text = core.texts.staff("st.plan_outcome", gesprek=milestone.name, **who(client))
            reference = f"pl:{client.id}"
            rows = tuple(
                (Button(words, f"{reference}:ms={key}.{each}"),)
                for each, words in milestone.outcomes.items()
            )
            back = (Button(core.texts.staff("st.btn_back"), reference),)
            await put(tx, turn, message, (text, (*rows, back)))
            return
        elif outcome and outcome not in milestone.outcomes:
            raise no_step(value)
        else:
            await storage.insert_milestone(
                tx,
                plan_id=standing.plan.id,
                key=key,
                held_on=today,
                outcome=outcome or None,
                staff_id=person.id,
                now=turn.now,
            )
            await note_deed(tx, person, "milestone.held", standing.plan, now=turn.now)
            await tasks.close_task(tx, f"milestone:{standing.plan.id}:{key}", now=turn.now)
            note = core.texts.staff("st.plan_held", gesprek=milestone.name)
        shown = await screen(core, tx, client, now=turn.now, note=note)
        await put(tx, turn, message, shown)
