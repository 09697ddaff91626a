"""Routes: their steps and milestones, how long they may last, and what stands open on a day."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum

from bot.domain.months import add_months
from bot.domain.plans import (
    PLAN_LIMIT_MONTHS,
    GoalPrompt,
    Plan,
    PlanError,
    after_pauses,
    first_open_block,
    plan_end,
    prompts_due,
)

_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Milestone:
    """A talk that a route asks for besides the blocks: in which week, counted from the start."""

    key: str
    week: int
    first_week: int
    """From this week on the talk may be held."""
    name: str = ""
    outcomes: Mapping[str, str] = field(default_factory=dict)
    """What may come of it, each with its Dutch words; none when there is nothing to choose."""
    told: bool = False
    """True when the client hears of it by `go.milestone`."""


@dataclass(frozen=True, slots=True)
class RouteStep:
    """A stretch of a route, up to and including this month or week of the plan."""

    key: str
    months: int = 0
    weeks: int = 0


@dataclass(frozen=True, slots=True)
class Route:
    """A template of a route; the data stand in locales/routes.toml."""

    key: str
    name: str
    months: int
    extendable_months: int
    steps: tuple[RouteStep, ...]
    milestones: tuple[Milestone, ...] = ()


def milestone_days(plan: Plan, milestone: Milestone) -> tuple[date, date]:
    """Return from which day the talk of a milestone may be held, and by which it should be."""
    first = plan.starts_on + milestone.first_week * _WEEK
    return after_pauses(plan, first), after_pauses(plan, plan.starts_on + milestone.week * _WEEK)


def step_on(plan: Plan, route: Route, day: date) -> int:
    """Return the index of the step of a route that is at hand; -1 before the plan begins.

    After the end it is the last of those that the plan is long enough for.
    """
    if day < plan.starts_on:
        return -1
    ends = [after_pauses(plan, _step_end(plan, step)) for step in steps_of(plan, route)]
    return next((index for index, end in enumerate(ends) if day < end), len(ends) - 1)


def steps_of(plan: Plan, route: Route) -> tuple[RouteStep, ...]:
    """Return the steps that the plan is long enough for: extra time only when it was added."""
    end = add_months(plan.starts_on, sum(plan.lengths))
    kept: list[RouteStep] = []
    begins = plan.starts_on
    for step in route.steps:
        if begins < end:
            kept.append(step)
        begins = _step_end(plan, step)
    return tuple(kept)


def _step_end(plan: Plan, step: RouteStep) -> date:
    return add_months(plan.starts_on, step.months) + step.weeks * _WEEK


def extension_left(plan: Plan, route: Route) -> int:
    """Return how many months may still be added to a plan."""
    left = route.extendable_months - sum(plan.lengths[1:])
    return max(min(left, PLAN_LIMIT_MONTHS - sum(plan.lengths)), 0)


def extended(plan: Plan, route: Route, months: int) -> Plan:
    """Return a plan so many months longer, with blocks of its own; errors: PlanError."""
    left = extension_left(plan, route)
    if not 1 <= months <= left:
        msg = f"Plan {plan.id} cannot be {months} months longer; at most {left} may be added."
        raise PlanError(msg)
    return replace(plan, lengths=(*plan.lengths, months))


class GoalDuty(StrEnum):
    """What stands open about somebody's plan."""

    NO_PLAN = "no_plan"
    PLAN_OVER = "plan_over"
    """All blocks are closed and the plan has ended: it is extended, or followed by another."""
    NO_GOALS = "no_goals"
    TALK = "talk"
    """The talk that closes a block is to be planned."""
    CLOSE = "close"
    """The block has ended, and not every goal has an outcome."""
    MILESTONE = "milestone"


@dataclass(frozen=True, slots=True)
class OpenDuty:
    """One thing that stands open: since or by which day, about which block or milestone."""

    duty: GoalDuty
    day: date
    block: int = 0
    key: str = ""
    late: bool = False
    """A milestone's last day, or the time after the end of a block, has passed."""


def open_duties(
    plan: Plan,
    route: Route,
    *,
    reviewed: Collection[int],
    goals: Mapping[int, int],
    held: Collection[str],
    today: date,
) -> tuple[OpenDuty, ...]:
    """Return what stands open about a plan on a day; `goals` counts those of each block.

    Blocks are closed in order: only the first that is not closed asks for anything.
    """
    found: list[OpenDuty] = []
    block = first_open_block(plan, reviewed)
    if block is None:
        end = plan_end(plan)
        if today >= end:
            found.append(OpenDuty(GoalDuty.PLAN_OVER, end))
    else:
        due = prompts_due(block, today)
        if GoalPrompt.CLOSE in due:
            late = GoalPrompt.OVERDUE in due
            found.append(OpenDuty(GoalDuty.CLOSE, block.end, block.number, late=late))
        elif GoalPrompt.PLAN in due:
            found.append(OpenDuty(GoalDuty.TALK, block.end, block.number))
        if not goals.get(block.number) and block.first_day <= today < block.end:
            found.append(OpenDuty(GoalDuty.NO_GOALS, block.first_day, block.number))
    for milestone in route.milestones:
        opens, day = milestone_days(plan, milestone)
        if milestone.key not in held and today >= opens:
            found.append(OpenDuty(GoalDuty.MILESTONE, day, key=milestone.key, late=today >= day))
    return tuple(found)
