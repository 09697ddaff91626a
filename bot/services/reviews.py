"""The talk about the goals: what became of each, and the review that closes a block."""

from datetime import datetime

from bot.domain.delivery import OutboxKind
from bot.domain.ids import ClientId, GoalId, TelegramMessageId
from bot.domain.people import Client, Staff
from bot.domain.plans import (
    DropReason,
    Goal,
    GoalState,
    PlanError,
    may_carry,
    may_review,
)
from bot.services.core import Core, Turn, taking
from bot.services.goals import goal_line, my_goals_button
from bot.services.outgoing import Button, Rows, in_pairs, live_link, to_client
from bot.services.plan_view import (
    Screen,
    Standing,
    block_line,
    find_standing,
    get_goal_client,
    goal_lines,
    no_step,
    note_deed,
    number_in,
    put,
    screen,
    who,
)
from bot.storage import plans as storage
from bot.storage import tasks
from bot.storage.database import Transaction

_MARKS = {
    GoalState.REACHED: "✔",
    GoalState.PARTLY: "½",
    GoalState.NOT_REACHED: "✖",
    GoalState.CARRIED: "➡",
    GoalState.DROPPED: "🗑",
}
_UNDO = "↩"
_TOLD = {GoalState.REACHED: "go.reached", GoalState.CARRIED: "go.moved"}
"""What the client hears of after the talk; of all else her coach has spoken with her."""


async def show(core: Core, turn: Turn, client_id: ClientId, message: TelegramMessageId) -> None:
    """Show the goals of the open block, each with the outcomes to tap."""
    async with taking(core, turn) as tx:
        _, client = await get_goal_client(core, tx, turn, client_id)
        shown = await _review(core, tx, client, now=turn.now)
        await put(tx, turn, message, shown)


async def _review(core: Core, tx: Transaction, client: Client, *, now: datetime) -> Screen:
    standing = await find_standing(tx, client.id)
    if standing is None or standing.block is None:
        return await screen(core, tx, client, now=now)
    st, reference, block = core.texts.staff, f"pl:{client.id}", standing.block
    lines = [
        st("st.review_head", **who(client)),
        block_line(core, standing.plan, block),
        *goal_lines(core, standing.goals),
        "",
        st("st.review_legend"),
    ]
    rows = [
        _outcomes(client, standing, goal, number) for number, goal in enumerate(standing.goals, 1)
    ]
    if not may_review(block, core.today(now)):
        lines.append(st("st.review_early"))
    elif standing.open_goals:
        lines.append(st("st.review_open", aantal=len(standing.open_goals)))
    else:
        place = f"{standing.plan.id}.{block.number}"
        rows.append((Button(st("st.review_btn_close"), f"{reference}:close={place}"),))
    rows.append((Button(st("st.btn_back"), reference),))
    return "\n".join(lines), tuple(rows)


def _outcomes(client: Client, standing: Standing, goal: Goal, number: int) -> tuple[Button, ...]:
    """Return the outcomes of a goal as one row; in the place of the present one its undoing."""
    buttons: list[Button] = []
    for state, mark in _MARKS.items():
        if state is GoalState.CARRIED and not may_carry(standing.plan, goal.block):
            continue
        to = GoalState.OPEN if goal.state is state else state
        label = _UNDO if goal.state is state else mark
        if not buttons:
            label = f"{number} {label}"
        buttons.append(Button(label, f"pl:{client.id}:set={goal.id}.{to}"))
    return tuple(buttons)


async def decide(
    core: Core, turn: Turn, client_id: ClientId, value: str, message: TelegramMessageId
) -> None:
    """Take what became of a goal; of one that is dropped is asked why.

    `value` is `goal.state` or `goal.state.reason`. In a block that was closed nothing changes.
    """
    async with taking(core, turn) as tx:
        person, client = await get_goal_client(core, tx, turn, client_id)
        number, state_name, reason_name = [*value.split("."), "", ""][:3]
        if state_name not in list(GoalState) or reason_name not in {"", *DropReason}:
            raise no_step(value)
        goal_id, state = GoalId(number_in(number)), GoalState(state_name)
        standing = await find_standing(tx, client.id)
        goals = standing.goals if standing else ()
        goal = next((each for each in goals if each.id == goal_id), None)
        if standing is None or goal is None:
            turn.toast = core.texts.staff("st.plan_changed")
        elif state is GoalState.DROPPED and not reason_name:
            await put(tx, turn, message, _reasons(core, client, goal))
            return
        else:
            reason = DropReason(reason_name) if reason_name else None
            try:
                await set_outcome(tx, person, standing, goal, state, reason, now=turn.now)
            except PlanError:
                turn.toast = core.texts.staff("st.review_last_block")
        await put(tx, turn, message, await _review(core, tx, client, now=turn.now))


def _reasons(core: Core, client: Client, goal: Goal) -> Screen:
    st, reference = core.texts.staff, f"pl:{client.id}"
    buttons = in_pairs(
        *(
            Button(
                st(f"st.goal_drop_{reason}").capitalize(),
                f"{reference}:set={goal.id}.{GoalState.DROPPED}.{reason}",
            )
            for reason in DropReason
        )
    )
    text = st("st.review_why", doel=goal.text, **who(client))
    return text, (*buttons, (Button(st("st.btn_back"), f"{reference}:rev"),))


async def set_outcome(
    tx: Transaction,
    person: Staff,
    standing: Standing,
    goal: Goal,
    state: GoalState,
    reason: DropReason | None,
    *,
    now: datetime,
) -> None:
    """Record what became of a goal of the open block; errors: PlanError."""
    if state is GoalState.CARRIED and not may_carry(standing.plan, goal.block):
        msg = f"Block {goal.block} of plan {goal.plan_id} is the last; extend the plan first."
        raise PlanError(msg)
    if goal.state is state and goal.drop_reason is reason:
        return
    dropped = reason if state is GoalState.DROPPED else None
    await storage.set_goal_state(tx, goal.id, state, now=now, drop_reason=dropped)
    await note_deed(tx, person, f"goal.{state}", standing.plan, now=now)


async def close(
    core: Core,
    turn: Turn,
    client_id: ClientId,
    value: str,
    message: TelegramMessageId,
) -> None:
    """Ask whether the client took part, then close the block; who comes second is told.

    `value` is `plan.block`, and with the answer `plan.block.y` or `plan.block.n`.
    """
    async with taking(core, turn) as tx:
        person, client = await get_goal_client(core, tx, turn, client_id)
        plan, number, together = [*value.split("."), "", ""][:3]
        if together not in {"", "y", "n"}:
            raise no_step(value)
        standing = await find_standing(tx, client.id)
        block = standing.block if standing else None
        today = core.today(turn.now)
        if (
            standing is None
            or block is None
            or (str(standing.plan.id), str(block.number)) != (plan, number)
        ):
            turn.toast = core.texts.staff("st.review_closed")
            shown = await screen(core, tx, client, now=turn.now)
        elif standing.open_goals or not may_review(block, today):
            shown = await _review(core, tx, client, now=turn.now)
        elif not together:
            shown = _ask_together(core, client, value)
        else:
            try:
                await close_block(
                    core,
                    tx,
                    person,
                    client,
                    standing,
                    with_client=together == "y",
                    now=turn.now,
                )
                note = core.texts.staff("st.review_done", nummer=block.number)
            except PlanError:
                note = core.texts.staff("st.review_closed")
            shown = await screen(core, tx, client, now=turn.now, note=note)
        await put(tx, turn, message, shown)


def _ask_together(core: Core, client: Client, value: str) -> Screen:
    st, reference = core.texts.staff, f"pl:{client.id}"
    buttons: Rows = in_pairs(
        Button(st("st.review_btn_with"), f"{reference}:close={value}.y"),
        Button(st("st.review_btn_without"), f"{reference}:close={value}.n"),
        Button(st("st.btn_back"), f"{reference}:rev"),
    )
    return st("st.review_together", **who(client)), buttons


async def close_block(
    core: Core,
    tx: Transaction,
    person: Staff,
    client: Client,
    standing: Standing,
    *,
    with_client: bool,
    now: datetime,
) -> None:
    """Close the open block: exactly one review, and what is carried on stands in the next block.

    The client hears of what she reached and what goes on. Errors: PlanError when a goal has no
    outcome, when it is too early, or when the block was closed before.
    """
    plan, block, today = standing.plan, standing.block, core.today(now)
    if block is None or standing.open_goals or not may_review(block, today):
        msg = f"The block of plan {plan.id} cannot be closed yet; give every goal an outcome."
        raise PlanError(msg)
    if not await storage.insert_review(
        tx,
        plan_id=plan.id,
        block=block.number,
        held_on=today,
        with_client=with_client,
        staff_id=person.id,
        now=now,
    ):
        msg = f"Block {block.number} of plan {plan.id} was closed by somebody else."
        raise PlanError(msg)
    for goal in standing.goals:
        if goal.state is GoalState.CARRIED:
            await storage.insert_goal(
                tx,
                plan_id=plan.id,
                block=block.number + 1,
                text=goal.text,
                message_id=goal.message_id,
                category=goal.category,
                instrument=goal.instrument,
                carried_from=goal,
                now=now,
            )
        await tasks.close_tasks(tx, kind="goal_help", about_id=goal.id, now=now)
    await tasks.close_task(tx, f"goal_talk:{plan.id}:{block.number}", now=now)
    await tasks.close_tasks(tx, kind="no_goals", about_id=plan.id, now=now)
    await note_deed(tx, person, "block.closed", plan, now=now)
    await _tell_client(core, tx, client, standing, now=now)


async def _tell_client(
    core: Core, tx: Transaction, client: Client, standing: Standing, *, now: datetime
) -> None:
    """Tell her what she reached and what goes on; on a shared phone without the goals."""
    if await live_link(tx, client) is None:
        return
    locale = client.language
    said: set[str] = set()
    for goal in standing.goals:
        text_id = _TOLD.get(goal.state)
        if text_id is None or (client.discreet and text_id in said):
            continue
        said.add(text_id)
        text = core.texts.say(text_id, locale)
        buttons: Rows = my_goals_button(core, locale) if client.discreet else ()
        if not client.discreet:
            text += "\n" + await goal_line(core, tx, client, goal, "🎯", now=now)
        await to_client(core, tx, client, text, buttons, kind=OutboxKind.CONVERSATION, now=now)
