"""A client's plan as her coach sees it, and who may see it."""

import re
from dataclasses import dataclass
from datetime import date, datetime

from bot import routes
from bot.domain.delivery import OutboxKind
from bot.domain.errors import NotFoundError
from bot.domain.ids import ClientId, TelegramMessageId
from bot.domain.people import Client, ClientStatus, Staff
from bot.domain.plans import (
    FLAGGED_CARRIES,
    GOALS_ADVISED,
    Block,
    Goal,
    GoalState,
    GoalView,
    Plan,
    PlanKind,
    Shift,
    block_count,
    first_open_block,
    may_review,
    plan_end,
    shift_after,
)
from bot.domain.routes import (
    Milestone,
    Route,
    milestone_days,
)
from bot.services import menu
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import Button, Rows, in_pairs, rewrite, say
from bot.storage import plans as storage
from bot.storage import statuses, tasks
from bot.storage.database import Transaction
from bot.texts import Html

VIEW_MARKS = {
    GoalView.DONE: "✅",
    GoalView.BUSY: "🔄",
    GoalView.NOT_YET: "❌",
    GoalView.HELP: "🆘",
}
"""The marks of the buttons by which a client says how she sees a goal."""

_ID = re.compile("[0-9]{1,9}")

Screen = tuple[str, Rows]


@dataclass(frozen=True, slots=True)
class Standing:
    """A plan with what has happened in it; `block` is the first that is not closed."""

    plan: Plan
    route: Route
    reviewed: frozenset[int]
    held: frozenset[str]
    block: Block | None
    goals: tuple[Goal, ...]
    """The goals of that block, in the order in which they were made."""

    @property
    def open_goals(self) -> tuple[Goal, ...]:
        """Those of which nobody has said yet what became of them."""
        return tuple(goal for goal in self.goals if goal.state is GoalState.OPEN)


async def find_standing(tx: Transaction, client_id: ClientId) -> Standing | None:
    """Return how a client's plan stands; None when she has none that is running."""
    plan = await storage.find_plan(tx, client_id)
    if plan is None:
        return None
    reviewed = (await storage.list_reviewed(tx, [plan.id])).get(plan.id, frozenset())
    held = (await storage.list_held(tx, [plan.id])).get(plan.id, frozenset())
    block = first_open_block(plan, reviewed)
    goals = await storage.list_goals(tx, plan.id, block.number) if block else []
    return Standing(plan, routes.find(plan.route), reviewed, held, block, tuple(goals))


async def get_goal_client(
    core: Core, tx: Transaction, turn: Turn, client_id: ClientId
) -> tuple[Staff, Client]:
    """Return who is here and the client, if that is her coach: nobody else sees her goals.

    Errors: NotFoundError for everybody else, also for who stands in for her coach.
    """
    person = await menu.get_staff_here(core, tx, turn)
    return person, await menu.get_own_client(tx, person, client_id)


def who(client: Client) -> dict[str, str]:
    """Return how staff texts name a client."""
    return {"code": client.code, "voornaam": client.name}


def day_words(day: date) -> str:
    """Return a day in figures, as staff lists show it: 1-12-2026."""
    return f"{day.day}-{day.month}-{day.year}"


def no_step(value: str) -> NotFoundError:
    """Return the error of a button that was never there."""
    return NotFoundError(f"No button about a plan says {value!r}.")


def number_in(value: str) -> int:
    """Return the number of a button; errors: NotFoundError when it holds none of ours."""
    if not _ID.fullmatch(value):
        raise no_step(value)
    return int(value)


async def show(
    core: Core, turn: Turn, client_id: ClientId, message: TelegramMessageId | None
) -> None:
    """Show a coach the plan of a client, in the message that was tapped or in one of its own."""
    async with taking(core, turn) as tx:
        _, client = await get_goal_client(core, tx, turn, client_id)
        shown = await screen(core, tx, client, now=turn.now)
        if message is None:
            await say(tx, turn, *shown, kind=OutboxKind.STAFF)
        else:
            await put(tx, turn, message, shown)


async def screen(
    core: Core, tx: Transaction, client: Client, *, now: datetime, note: str = ""
) -> Screen:
    """Return what a coach sees of a client's plan, below a `note` about what was just done."""
    standing = await find_standing(tx, client.id)
    if standing is None:
        text, buttons = kinds(core, client)
    else:
        text, buttons = await _plan_screen(core, tx, client, standing, core.today(now))
    return (f"{note}\n\n{text}" if note else text), buttons


async def _plan_screen(
    core: Core, tx: Transaction, client: Client, standing: Standing, today: date
) -> Screen:
    plan, block, st = standing.plan, standing.block, core.texts.staff
    lines = [
        st(
            "st.plan_head",
            soort=plan.kind,
            route=standing.route.name,
            van=day_words(plan.starts_on),
            tot=day_words(plan_end(plan)),
            **who(client),
        )
    ]
    if block is None:
        lines.append(st("st.plan_all_closed", datum=day_words(plan_end(plan))))
    else:
        lines += ["", block_line(core, plan, block), *goal_lines(core, standing.goals)]
        if not standing.goals:
            lines.append(st("st.plan_no_goals"))
        if len(standing.goals) > GOALS_ADVISED:
            lines.append(st("st.plan_many_goals", aantal=GOALS_ADVISED))
        if today >= block.end:
            lines.append(st("st.plan_block_over"))
    milestones = open_milestones(standing, today)
    lines += [
        st("st.plan_milestone", gesprek=each.name, datum=day_words(day))
        for each, day in milestones
    ]
    lines += [
        st("st.plan_pause", dagen=shift.days) for shift in await list_shifts(tx, client, standing)
    ]
    reference = f"pl:{client.id}"
    buttons: list[Button] = []
    if block is not None:
        review = "st.plan_btn_review" if may_review(block, today) else "st.plan_btn_change"
        buttons.append(Button(st("st.plan_btn_add"), f"{reference}:add"))
        if standing.goals or may_review(block, today):
            buttons.append(Button(st(review), f"{reference}:rev"))
        if standing.goals:
            buttons.append(Button(st("st.plan_btn_send"), f"{reference}:send"))
    buttons.append(Button(st("st.plan_btn_more"), f"{reference}:more"))
    held = tuple((Button(each.name, f"{reference}:ms={each.key}"),) for each, _ in milestones)
    back = (Button(st("st.plan_btn_client"), f"cl:{client.id}"),)
    return "\n".join(lines), (*in_pairs(*buttons), *held, back)


def block_line(core: Core, plan: Plan, block: Block) -> str:
    """Return the line that says which block it is, and its days."""
    return core.texts.staff(
        "st.plan_block",
        nummer=block.number,
        aantal=block_count(plan),
        van=day_words(block.first_day),
        tot=day_words(block.end),
    )


def goal_lines(core: Core, goals: tuple[Goal, ...]) -> list[str]:
    """Return the goals of a block as staff read them, each with how the client sees it."""
    lines: list[str] = []
    st = core.texts.staff
    for number, goal in enumerate(goals, 1):
        facts = [st(f"st.goal_category_{goal.category}"), st(f"st.goal_state_{goal.state}")]
        if goal.drop_reason is not None:
            facts[-1] += f" ({st(f'st.goal_drop_{goal.drop_reason}')})"
        if goal.instrument is not None:
            facts.insert(1, st(f"st.goal_tool_{goal.instrument}"))
        if goal.view is not None and goal.viewed_at is not None:
            seen = core.today(goal.viewed_at)
            facts.append(
                st(
                    "st.goal_view",
                    teken=VIEW_MARKS[goal.view],
                    stand=st(f"st.goal_view_{goal.view}"),
                    datum=f"{seen.day}-{seen.month}",
                )
            )
        if goal.carried_count >= FLAGGED_CARRIES:
            facts.append(st("st.goal_carried", aantal=goal.carried_count))
        rest = Html(" · ".join(facts))
        lines.append(st("st.goal_line", nummer=number, doel=goal.text, rest=rest))
    return lines


def open_milestones(standing: Standing, today: date) -> list[tuple[Milestone, date]]:
    """Return the talks of the route that may be held now, each with its last day."""
    found = []
    for milestone in standing.route.milestones:
        opens, day = milestone_days(standing.plan, milestone)
        if milestone.key not in standing.held and today >= opens:
            found.append((milestone, day))
    return found


async def list_shifts(tx: Transaction, client: Client, standing: Standing) -> list[Shift]:
    """Return what past pauses may still add to the plan."""
    spans = (await statuses.list_spans(tx, [client.id])).get(client.id, [])
    found = (
        shift_after(standing.plan, standing.reviewed, span.first_day, span.end_day)
        for span in spans
        if span.status is ClientStatus.ON_HOLD and span.end_day is not None
    )
    return [shift for shift in found if shift is not None]


def kinds(core: Core, client: Client) -> Screen:
    """Return the question what kind of plan it is to be, for whoever has none."""
    buttons = (Button(kind.value.capitalize(), f"pl:{client.id}:kind={kind}") for kind in PlanKind)
    back = (Button(core.texts.staff("st.plan_btn_client"), f"cl:{client.id}"),)
    text = core.texts.staff("st.plan_none", **who(client))
    return text, (*((button,) for button in buttons), back)


async def note_deed(
    tx: Transaction, person: Staff, action: str, plan: Plan, *, now: datetime
) -> None:
    """Record who changed a plan, and how."""
    about = f"plan:{plan.id}"
    await tasks.insert_audit(tx, actor=person.code, action=action, about=about, now=now)


async def put(tx: Transaction, turn: Turn, message: TelegramMessageId, shown: Screen) -> None:
    """Show a coach something in the message that was tapped.

    It is nobody's message: words that are typed in answer to it must not go to the client.
    """
    await rewrite(tx, turn, message, *shown, kind=OutboxKind.STAFF)
