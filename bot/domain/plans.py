"""Plans in blocks of three months, their goals, and the talk that closes a block.

Every block is counted from the start of the plan, so that no clipped month makes the next drift.
"""

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from bot.domain.errors import TaalbrugError
from bot.domain.ids import ClientId, GoalId, MessageId, PlanId
from bot.domain.months import add_months

BLOCK_MONTHS = 3
GOAL_LIMIT = 120
"""How many characters a goal may have, in plain Dutch."""
GOALS_ADVISED = 3
"""More goals in a block are possible, and said to be many."""
GOALS_MOST = 10
"""So many goals of a block still fit on one screen."""
FLAGGED_CARRIES = 2
"""A goal that was carried on so often is flagged: it may be too large a step."""
PLAN_LIMIT_MONTHS = 60
MISSING_DAYS = 30
"""After more days in care without a plan, somebody gets the task of making one."""
PAUSE_DAYS = 30
"""A pause that lasts longer may shift what comes after it."""
_WINDOW_BEFORE, _WINDOW_AFTER, _EARLIEST = 14, 7, 30
_DAY = timedelta(days=1)
_HIDDEN = frozenset({"Cc", "Cf"})
_JOINERS = "\u200c\u200d"


class PlanError(TaalbrugError):
    """The plan or goal cannot be made or changed so; nothing was changed."""


class PlanKind(StrEnum):
    """What the plan is called; never the statutory plan of the Civic Integration Act."""

    DEVELOPMENT = "ontwikkelplan"
    SUPPORT = "ondersteuningsplan"
    PROGRAMME = "trajectplan"


class GoalCategory(StrEnum):
    """What a goal is about."""

    LANGUAGE = "language"
    COMMUNICATION = "communication"
    WORK_SKILLS = "work_skills"
    EXPERIENCE = "experience"
    JOB_SEARCH = "job_search"
    NETWORK = "network"


class Instrument(StrEnum):
    """What helps to reach a goal."""

    LANGUAGE_PLACEMENT = "taalstage"
    WORK_PLACEMENT = "werkstage"
    VOCATIONAL_TRAINING = "vakscholing"
    JOB_COACH = "jobcoach"
    SKILLS_TRAINING = "training"
    LANGUAGE_BUDDY = "taalmaatje"
    VOLUNTEERING = "vrijwilligerswerk"
    EMPOWERMENT = "empowerment"
    APPLICATION_TRAINING = "sollicitatietraining"


class GoalState(StrEnum):
    """What became of a goal; an open one must get another state when its block is closed."""

    OPEN = "open"
    REACHED = "bereikt"
    PARTLY = "deels"
    NOT_REACHED = "niet"
    CARRIED = "verplaatst"
    DROPPED = "vervallen"


class DropReason(StrEnum):
    """Why a goal was dropped."""

    NOT_NEEDED = "not_needed"
    OTHER_ROUTE = "other_route"
    CLIENT_WISH = "client_wish"
    OTHER = "other"


class GoalView(StrEnum):
    """How the client herself sees a goal, by the button she tapped."""

    DONE = "done"
    BUSY = "busy"
    NOT_YET = "not_yet"
    HELP = "help"


class GoalPrompt(StrEnum):
    """What is said before and after the end of a block; each once."""

    PLAN = "plan"
    """21 days before, to the coach: plan the talk about the goals."""
    INVITE = "invite"
    """14 days before, to the client."""
    REMIND = "remind"
    """3 days before, to the client: her own view of each goal."""
    CLOSE = "close"
    """The block has ended, to the coach: say what became of each goal."""
    OVERDUE = "overdue"
    """7 days after, to the coordinators."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Days that a pause added: to the end of a block, and so to all that comes after it."""

    block: int
    days: int
    paused_on: date
    """The first day of the pause, so that no pause counts twice."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A client's plan.

    `lengths` are its months as first agreed and what each extension added: (8, 2).
    """

    id: PlanId
    client_id: ClientId
    kind: PlanKind
    route: str
    starts_on: date
    lengths: tuple[int, ...]
    shifts: tuple[Shift, ...] = ()
    ended_on: date | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """Three months of a plan: from `first_day` up to, not including, `end`."""

    number: int
    first_day: date
    end: date


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal of one block. Its words are a message, so that they are translated as any other."""

    id: GoalId
    plan_id: PlanId
    block: int
    text: str
    message_id: MessageId
    category: GoalCategory
    instrument: Instrument | None
    state: GoalState
    drop_reason: DropReason | None
    carried_from: GoalId | None
    carried_count: int
    view: GoalView | None
    viewed_at: datetime | None


def block_of(plan: Plan, number: int) -> Block:
    """Return the n-th block (from 1). Its ends are counted from the start of the plan."""
    edges = _edges(plan)
    if not 1 <= number < len(edges):
        msg = f"Plan {plan.id} has blocks 1 to {len(edges) - 1}, not {number}."
        raise PlanError(msg)

    def edge(count: int) -> date:
        shift = sum(shift.days for shift in plan.shifts if shift.block <= count)
        return add_months(plan.starts_on, edges[count]) + timedelta(days=shift)

    return Block(number, edge(number - 1), edge(number))


def block_count(plan: Plan) -> int:
    """Return how many blocks a plan has; the last may be shorter: 8 months are 3 + 3 + 2."""
    return len(_edges(plan)) - 1


def plan_end(plan: Plan) -> date:
    """Return the first day after the plan, as it stands now."""
    return block_of(plan, block_count(plan)).end


def _edges(plan: Plan) -> list[int]:
    """Return after how many months each block ends, 0 first; an extension has its own blocks."""
    edges = [0]
    for length in plan.lengths:
        end = edges[-1] + length
        while edges[-1] < end:
            edges.append(min(edges[-1] + BLOCK_MONTHS, end))
    return edges


def block_on(plan: Plan, day: date) -> Block | None:
    """Return the block that runs on a day; None before the plan or after its end."""
    blocks = (block_of(plan, number) for number in range(1, block_count(plan) + 1))
    return next((block for block in blocks if block.first_day <= day < block.end), None)


def first_open_block(plan: Plan, reviewed: Collection[int]) -> Block | None:
    """Return the first block that no review has closed; None when all are."""
    for number in range(1, block_count(plan) + 1):
        if number not in reviewed:
            return block_of(plan, number)
    return None


def in_window(block: Block, day: date) -> bool:
    """Tell whether a review on this day is on time: from 14 days before the end to 7 after."""
    before, after = timedelta(days=_WINDOW_BEFORE), timedelta(days=_WINDOW_AFTER)
    return block.end - before <= day <= block.end + after


def may_review(block: Block, day: date) -> bool:
    """Tell whether a review may close the block: at most 30 days early, and however late."""
    return day >= block.end - timedelta(days=_EARLIEST)


_PROMPT_DAYS = {
    GoalPrompt.PLAN: -21,
    GoalPrompt.INVITE: -14,
    GoalPrompt.REMIND: -3,
    GoalPrompt.CLOSE: 0,
    GoalPrompt.OVERDUE: 7,
}


def prompt_days(block: Block) -> dict[GoalPrompt, date]:
    """Return from which day each prompt of a block is due."""
    return {prompt: block.end + timedelta(days=days) for prompt, days in _PROMPT_DAYS.items()}


def prompts_due(block: Block, today: date) -> tuple[GoalPrompt, ...]:
    """Return what is due on a day of a block that is not closed.

    What the next prompt to the same person has overtaken is not said any more; the client is
    asked nothing after the end of the block.
    """
    days = prompt_days(block)
    hearers = [(GoalPrompt.PLAN, GoalPrompt.CLOSE), (GoalPrompt.OVERDUE,)]
    if today < block.end:
        hearers.append((GoalPrompt.INVITE, GoalPrompt.REMIND))
    return tuple(
        prompt
        for prompts in hearers
        for prompt in [prompt for prompt in prompts if today >= days[prompt]][-1:]
    )


def plan_is_missing(without_since: date, today: date) -> bool:
    """Tell whether somebody in care has been without a running plan for too long."""
    return (today - without_since).days > MISSING_DAYS


def after_pauses(plan: Plan, day: date) -> date:
    """Return where a day of the plan lies now: each pause moves what came after it began."""
    for shift in sorted(plan.shifts, key=lambda shift: shift.paused_on):
        if shift.paused_on <= day:
            day += shift.days * _DAY
    return day


def shift_after(
    plan: Plan, reviewed: Collection[int], first_day: date, end_day: date
) -> Shift | None:
    """Return what a pause from one day up to, not including, another may add to a plan.

    It counts from the block that ran when the pause began, or the next that is not closed.
    None for a short pause, one outside the plan, and one that was added before.
    """
    first = max(first_day, plan.starts_on)
    days = (end_day - first).days
    known = any(shift.paused_on == first for shift in plan.shifts)
    running = block_on(plan, first)
    if days <= PAUSE_DAYS or known or running is None:
        return None
    still_open = (
        number for number in range(running.number, block_count(plan) + 1) if number not in reviewed
    )
    block = next(still_open, None)
    return None if block is None else Shift(block, days, first)


def may_carry(plan: Plan, block: int) -> bool:
    """Tell whether there is a next block for a goal to be carried on into."""
    return block < block_count(plan)


def check_goal(text: str) -> str:
    """Return the words of a goal on one line; errors: PlanError when they are none or too long."""
    words = " ".join(text.split())
    # Hidden marks could turn around the words beside them, where somebody else reads the goal.
    words = "".join(
        sign for sign in words if sign in _JOINERS or unicodedata.category(sign) not in _HIDDEN
    ).strip()
    if not words:
        msg = "A goal needs words. Write it in one plain Dutch sentence."
        raise PlanError(msg)
    if len(words) > GOAL_LIMIT:
        msg = f"The goal has {len(words)} characters; at most {GOAL_LIMIT} fit. Make it shorter."
        raise PlanError(msg)
    return words


def check_plan(starts_on: date, months: int, *, today: date) -> None:
    """Refuse a plan that cannot be; errors: PlanError."""
    if not 1 <= months <= PLAN_LIMIT_MONTHS:
        msg = f"A plan of {months} months is not possible; choose 1 to {PLAN_LIMIT_MONTHS}."
        raise PlanError(msg)
    if abs(starts_on - today) > timedelta(days=366):
        msg = f"A plan cannot start on {starts_on}; choose a day within a year of today."
        raise PlanError(msg)
