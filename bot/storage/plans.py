"""Plans, their goals, the reviews that closed a block, and the milestones that were held."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import asdict
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from bot.domain.errors import NotFoundError
from bot.domain.ids import ClientId, GoalId, MessageId, PlanId, StaffId
from bot.domain.plans import (
    DropReason,
    Goal,
    GoalCategory,
    GoalState,
    GoalView,
    Instrument,
    Plan,
    PlanKind,
    Shift,
)
from bot.storage.care_schema import goal_reviews, goals, milestones, plans
from bot.storage.database import Transaction, one

_PLAN = (
    plans.c.id,
    plans.c.client_id,
    plans.c.kind,
    plans.c.route,
    plans.c.starts_on,
    plans.c.lengths,
    plans.c.shifts,
    plans.c.ended_on,
)
_GOAL = tuple(column for column in goals.c if column.name not in {"created_at", "changed_at"})


def _plan(row: RowMapping) -> Plan:
    shifts = tuple(
        Shift(each["block"], each["days"], date.fromisoformat(each["paused_on"]))
        for each in row["shifts"]
    )
    return Plan(**{**row, "lengths": tuple(row["lengths"]), "shifts": shifts})


async def insert_plan(
    tx: Transaction,
    *,
    client_id: ClientId,
    kind: PlanKind,
    route: str,
    starts_on: date,
    months: int,
    staff_id: StaffId,
    now: datetime,
) -> Plan:
    """Add a plan; a client has at most one that has not been ended."""
    plan_id = await tx.insert(
        plans,
        client_id=client_id,
        kind=kind,
        route=route,
        starts_on=starts_on,
        lengths=[months],
        shifts=[],
        staff_id=staff_id,
        created_at=now,
    )
    return Plan(PlanId(plan_id), client_id, kind, route, starts_on, (months,))


async def find_plan(tx: Transaction, client_id: ClientId) -> Plan | None:
    """Return the plan of a client that has not been ended, if she has one."""
    return (await list_plans(tx, [client_id])).get(client_id)


async def list_plans(tx: Transaction, client_ids: Collection[ClientId]) -> dict[ClientId, Plan]:
    """Return the plan of each client that has not been ended."""
    rows = await tx.rows(
        sa.select(*_PLAN).where(plans.c.client_id.in_(client_ids), plans.c.ended_on.is_(None))
    )
    return {row["client_id"]: _plan(row) for row in rows}


async def list_ended_plans(
    tx: Transaction, client_ids: Collection[ClientId]
) -> dict[ClientId, Plan]:
    """Return the plan of each client that was ended last."""
    rows = await tx.rows(
        sa.select(*_PLAN)
        .where(plans.c.client_id.in_(client_ids), plans.c.ended_on.is_not(None))
        .order_by(plans.c.ended_on, plans.c.id)
    )
    return {row["client_id"]: _plan(row) for row in rows}


async def get_plan(tx: Transaction, plan_id: PlanId) -> Plan:
    """Return a plan that must exist, ended or not."""
    row = await tx.row(sa.select(*_PLAN).where(plans.c.id == plan_id))
    if row is None:
        msg = f"There is no plan {plan_id}."
        raise NotFoundError(msg)
    return _plan(row)


async def update_plan(tx: Transaction, plan: Plan) -> None:
    """Keep what may change of a plan: its lengths, its shifts, and that it has ended."""
    shifts = [{**asdict(shift), "paused_on": shift.paused_on.isoformat()} for shift in plan.shifts]
    await tx.run(
        sa.update(plans)
        .where(plans.c.id == plan.id)
        .values(lengths=list(plan.lengths), shifts=shifts, ended_on=plan.ended_on)
    )


async def insert_goal(
    tx: Transaction,
    *,
    plan_id: PlanId,
    block: int,
    text: str,
    message_id: MessageId,
    category: GoalCategory,
    instrument: Instrument | None,
    now: datetime,
    carried_from: Goal | None = None,
) -> GoalId:
    """Add an open goal to a block."""
    return GoalId(
        await tx.insert(
            goals,
            plan_id=plan_id,
            block=block,
            text=text,
            message_id=message_id,
            category=category,
            instrument=instrument,
            state=GoalState.OPEN,
            carried_from=carried_from.id if carried_from else None,
            carried_count=carried_from.carried_count + 1 if carried_from else 0,
            created_at=now,
            changed_at=now,
        )
    )


async def get_goal(tx: Transaction, goal_id: GoalId) -> Goal:
    """Return a goal that must exist."""
    row = await tx.row(sa.select(*_GOAL).where(goals.c.id == goal_id))
    if row is None:
        msg = f"There is no goal {goal_id}."
        raise NotFoundError(msg)
    return one(Goal, row)


async def list_goals(tx: Transaction, plan_id: PlanId, block: int | None = None) -> list[Goal]:
    """Return the goals of a plan, or of one block of it, in the order in which they were made."""
    query = sa.select(*_GOAL).where(goals.c.plan_id == plan_id)
    if block is not None:
        query = query.where(goals.c.block == block)
    return [one(Goal, row) for row in await tx.rows(query.order_by(goals.c.block, goals.c.id))]


async def is_goal(tx: Transaction, message_id: MessageId) -> bool:
    """Tell whether a message holds the words of a goal."""
    query = sa.select(goals.c.id).where(goals.c.message_id == message_id).limit(1)
    return await tx.row(query) is not None


async def count_goals(
    tx: Transaction, plan_ids: Collection[PlanId]
) -> dict[PlanId, dict[int, int]]:
    """Return how many goals each block of each plan has; those that were dropped do not count."""
    rows = await tx.rows(
        sa.select(goals.c.plan_id, goals.c.block, sa.func.count().label("count"))
        .where(goals.c.plan_id.in_(plan_ids), goals.c.state != GoalState.DROPPED)
        .group_by(goals.c.plan_id, goals.c.block)
    )
    found: dict[PlanId, dict[int, int]] = defaultdict(dict)
    for row in rows:
        found[row["plan_id"]][row["block"]] = row["count"]
    return found


async def set_goal_state(
    tx: Transaction,
    goal_id: GoalId,
    state: GoalState,
    *,
    now: datetime,
    drop_reason: DropReason | None = None,
) -> None:
    """Record what became of a goal."""
    await tx.run(
        sa.update(goals)
        .where(goals.c.id == goal_id)
        .values(state=state, drop_reason=drop_reason, changed_at=now)
    )


async def set_goal_view(tx: Transaction, goal_id: GoalId, view: GoalView, now: datetime) -> None:
    """Record how the client herself sees a goal."""
    await tx.run(sa.update(goals).where(goals.c.id == goal_id).values(view=view, viewed_at=now))


async def insert_review(
    tx: Transaction,
    *,
    plan_id: PlanId,
    block: int,
    held_on: date,
    with_client: bool,
    staff_id: StaffId,
    now: datetime,
) -> bool:
    """Record the review that closes a block; False when it was closed before."""
    return await tx.insert_if_new(
        goal_reviews,
        ("plan_id", "block"),
        plan_id=plan_id,
        block=block,
        held_on=held_on,
        with_client=with_client,
        staff_id=staff_id,
        recorded_at=now,
    )


async def list_reviewed(
    tx: Transaction, plan_ids: Collection[PlanId]
) -> dict[PlanId, frozenset[int]]:
    """Return which blocks of each plan have been closed."""
    rows = await tx.rows(
        sa.select(goal_reviews.c.plan_id, goal_reviews.c.block).where(
            goal_reviews.c.plan_id.in_(plan_ids)
        )
    )
    found: dict[PlanId, set[int]] = defaultdict(set)
    for row in rows:
        found[row["plan_id"]].add(row["block"])
    return {plan_id: frozenset(blocks) for plan_id, blocks in found.items()}


async def insert_milestone(
    tx: Transaction,
    *,
    plan_id: PlanId,
    key: str,
    held_on: date,
    outcome: str | None,
    staff_id: StaffId,
    now: datetime,
) -> bool:
    """Record that the talk of a milestone was held; False when it was recorded before."""
    return await tx.insert_if_new(
        milestones,
        ("plan_id", "key"),
        plan_id=plan_id,
        key=key,
        held_on=held_on,
        outcome=outcome,
        staff_id=staff_id,
        recorded_at=now,
    )


async def list_held(tx: Transaction, plan_ids: Collection[PlanId]) -> dict[PlanId, frozenset[str]]:
    """Return which milestones of each plan have been held."""
    rows = await tx.rows(
        sa.select(milestones.c.plan_id, milestones.c.key).where(milestones.c.plan_id.in_(plan_ids))
    )
    found: dict[PlanId, set[str]] = defaultdict(set)
    for row in rows:
        found[row["plan_id"]].add(row["key"])
    return {plan_id: frozenset(keys) for plan_id, keys in found.items()}
