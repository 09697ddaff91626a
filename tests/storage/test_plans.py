"""Plans, goals, reviews and milestones, kept on both engines."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from bot.domain.errors import NotFoundError
from bot.domain.ids import GoalId, MessageId, PlanId
from bot.domain.messages import Direction
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
from bot.storage import plans
from bot.storage.database import Database, Transaction
from tests.cast import KHALED
from tests.storage.rows import NOW, Cast, insert_cast, insert_text

TODAY = date(2026, 11, 24)


async def insert_plan(tx: Transaction, cast: Cast, months: int = 8) -> Plan:
    """Store a plan of Selam that begins today."""
    return await plans.insert_plan(
        tx,
        client_id=cast.selam,
        kind=PlanKind.DEVELOPMENT,
        route="coaching",
        starts_on=TODAY,
        months=months,
        staff_id=cast.joke,
        now=NOW,
    )


async def insert_goal(
    tx: Transaction,
    cast: Cast,
    plan: Plan,
    *,
    block: int = 1,
    text: str = "Ik kom elke dag op tijd.",
    carried_from: Goal | None = None,
) -> Goal:
    """Store a goal of Selam with the message that holds its words."""
    message = await insert_text(tx, cast, text=text, direction=Direction.OUT)
    goal_id = await plans.insert_goal(
        tx,
        plan_id=plan.id,
        block=block,
        text=text,
        message_id=message.id,
        category=GoalCategory.WORK_SKILLS,
        instrument=Instrument.LANGUAGE_BUDDY,
        carried_from=carried_from,
        now=NOW,
    )
    return await plans.get_goal(tx, goal_id)


async def test_a_plan_keeps_its_lengths_and_its_shifts(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        made = await insert_plan(tx, cast)
        changed = replace(
            made, lengths=(8, 2), shifts=(Shift(2, 40, date(2027, 3, 15)), Shift(3, 31, TODAY))
        )
        await plans.update_plan(tx, changed)
    async with database.reading() as tx:
        assert await plans.get_plan(tx, made.id) == changed
        assert await plans.find_plan(tx, cast.selam) == changed
        assert await plans.list_plans(tx, list(cast.clients.values())) == {cast.selam: changed}
        with pytest.raises(NotFoundError, match="no plan 404"):
            await plans.get_plan(tx, PlanId(404))


async def test_of_a_client_one_plan_runs_at_most(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        first = await insert_plan(tx, cast)
    with pytest.raises(sa.exc.IntegrityError):
        async with database.transaction() as tx:
            await insert_plan(tx, cast)
    async with database.transaction() as tx:
        await plans.update_plan(tx, replace(first, ended_on=TODAY))
        second = await insert_plan(tx, cast, months=12)
        assert await plans.find_plan(tx, cast.selam) == second
        later = replace(second, ended_on=TODAY + timedelta(days=1))
        await plans.update_plan(tx, later)
        assert await plans.find_plan(tx, cast.selam) is None
        everyone = list(cast.clients.values())
        assert await plans.list_ended_plans(tx, everyone) == {cast.selam: later}


async def test_a_goal_keeps_what_the_coach_and_the_client_say_of_it(database: Database) -> None:
    cast = await insert_cast(database)
    later = NOW + timedelta(hours=1)
    async with database.transaction() as tx:
        goal = await insert_goal(tx, cast, await insert_plan(tx, cast))
        assert (goal.state, goal.view, goal.carried_count) == (GoalState.OPEN, None, 0)
        assert (goal.category, goal.instrument) == (
            GoalCategory.WORK_SKILLS,
            Instrument.LANGUAGE_BUDDY,
        )
        await plans.set_goal_view(tx, goal.id, GoalView.HELP, later)
        await plans.set_goal_state(
            tx, goal.id, GoalState.DROPPED, now=later, drop_reason=DropReason.CLIENT_WISH
        )
    async with database.reading() as tx:
        assert await plans.get_goal(tx, goal.id) == replace(
            goal,
            state=GoalState.DROPPED,
            drop_reason=DropReason.CLIENT_WISH,
            view=GoalView.HELP,
            viewed_at=later,
        )
        with pytest.raises(NotFoundError, match="no goal 404"):
            await plans.get_goal(tx, GoalId(404))


async def test_goals_are_listed_by_block_in_the_order_in_which_they_were_made(
    database: Database,
) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        plan = await insert_plan(tx, cast)
        second = await insert_goal(tx, cast, plan, block=2)
        goals = [await insert_goal(tx, cast, plan) for _ in range(3)]
        await plans.set_goal_state(tx, goals[0].id, GoalState.DROPPED, now=NOW)
        assert [goal.id for goal in await plans.list_goals(tx, plan.id)] == [
            *(goal.id for goal in goals),
            second.id,
        ]
        assert [goal.id for goal in await plans.list_goals(tx, plan.id, 2)] == [second.id]
        assert await plans.count_goals(tx, [plan.id, PlanId(404)]) == {plan.id: {1: 2, 2: 1}}


async def test_a_goal_is_carried_on_once_and_counts_how_often(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        plan = await insert_plan(tx, cast)
        first = await insert_goal(tx, cast, plan)
        second = await insert_goal(tx, cast, plan, block=2, carried_from=first)
        third = await insert_goal(tx, cast, plan, block=3, carried_from=second)
        assert (second.carried_from, second.carried_count) == (first.id, 1)
        assert (third.carried_from, third.carried_count) == (second.id, 2)
    with pytest.raises(sa.exc.IntegrityError):
        async with database.transaction() as tx:
            await insert_goal(tx, cast, plan, block=2, carried_from=first)


async def test_a_message_is_known_as_the_words_of_a_goal(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        goal = await insert_goal(tx, cast, await insert_plan(tx, cast))
        other = await insert_text(tx, cast)
        assert await plans.is_goal(tx, goal.message_id)
        assert not await plans.is_goal(tx, other.id)
        assert not await plans.is_goal(tx, MessageId(404))


async def test_a_block_is_closed_by_one_review(database: Database) -> None:
    cast = await insert_cast(database)

    async def review(tx: Transaction, block: int) -> bool:
        return await plans.insert_review(
            tx,
            plan_id=plan.id,
            block=block,
            held_on=TODAY,
            with_client=True,
            staff_id=cast.joke,
            now=NOW,
        )

    async with database.transaction() as tx:
        plan = await insert_plan(tx, cast)
        assert [await review(tx, block) for block in (1, 1, 2)] == [True, False, True]
        assert await plans.list_reviewed(tx, [plan.id, PlanId(404)]) == {plan.id: {1, 2}}


async def test_a_milestone_is_held_once(database: Database) -> None:
    cast = await insert_cast(database)

    async def hold(tx: Transaction, key: str, outcome: str | None = None) -> bool:
        return await plans.insert_milestone(
            tx,
            plan_id=plan.id,
            key=key,
            held_on=TODAY,
            outcome=outcome,
            staff_id=cast.joke,
            now=NOW,
        )

    async with database.transaction() as tx:
        plan = await insert_plan(tx, cast)
        assert await hold(tx, "halfway")
        assert await hold(tx, "choice", "work")
        assert not await hold(tx, "choice", "school")
        assert await plans.list_held(tx, [plan.id]) == {plan.id: {"halfway", "choice"}}


async def test_of_nobody_there_is_nothing(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        await insert_plan(tx, cast)
    async with database.reading() as tx:
        assert await plans.find_plan(tx, cast.clients[KHALED.code]) is None
        assert await plans.list_plans(tx, []) == {}
        assert await plans.list_ended_plans(tx, []) == {}
        assert await plans.count_goals(tx, []) == {}
        assert await plans.list_reviewed(tx, []) == {}
        assert await plans.list_held(tx, []) == {}
