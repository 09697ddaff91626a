"""The goals of three months: every sentence of the rule, and what holds for any plan at all."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import routes
from bot.domain.ids import ClientId, PlanId
from bot.domain.months import add_months
from bot.domain.plans import (
    GOAL_LIMIT,
    Block,
    GoalPrompt,
    Plan,
    PlanError,
    PlanKind,
    Shift,
    block_count,
    block_of,
    block_on,
    check_goal,
    check_plan,
    first_open_block,
    in_window,
    may_carry,
    may_review,
    plan_end,
    plan_is_missing,
    prompt_days,
    prompts_due,
    shift_after,
)
from bot.domain.routes import (
    GoalDuty,
    Milestone,
    OpenDuty,
    Route,
    RouteStep,
    extended,
    extension_left,
    milestone_days,
    open_duties,
    step_on,
    steps_of,
)

DAY = timedelta(days=1)
PLAN, INVITE, REMIND, CLOSE, OVERDUE = GoalPrompt
STEPS, FULL_TIME, PART_TIME, COACHING = (
    routes.find(key) for key in ("stappen", "voltijd", "deeltijd", "coaching")
)


def on(text: str) -> date:
    """Return the day of a text such as 30-11-2026."""
    day, month, year = map(int, text.split("-"))
    return date(year, month, day)


def plan_from(
    start: str | date, *lengths: int, shifts: tuple[Shift, ...] = (), route: Route = STEPS
) -> Plan:
    first = start if isinstance(start, date) else on(start)
    return Plan(
        PlanId(7),
        ClientId(1),
        PlanKind.DEVELOPMENT,
        route.key,
        first,
        lengths or (12,),
        shifts,
    )


def ends(plan: Plan) -> list[str]:
    return [f"{block_of(plan, number).end:%d-%m-%Y}" for number in range(1, block_count(plan) + 1)]


# --- blocks ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "lengths", "expected"),
    [
        # Acceptance scenario 2: no drift to the 28th.
        ("30-11-2026", (12,), ["28-02-2027", "30-05-2027", "30-08-2027", "30-11-2027"]),
        # The same into a leap year.
        ("30-11-2027", (6,), ["29-02-2028", "30-05-2028"]),
        ("31-01-2027", (12,), ["30-04-2027", "31-07-2027", "31-10-2027", "31-01-2028"]),
        # From the plan's start, not from the quarter of the calendar.
        ("15-02-2027", (6,), ["15-05-2027", "15-08-2027"]),
        # Coaching 8 months, extended to 10: blocks of 3 + 3 + 2, and 2 of its own.
        ("01-09-2026", (8,), ["01-12-2026", "01-03-2027", "01-05-2027"]),
        ("01-09-2026", (8, 2), ["01-12-2026", "01-03-2027", "01-05-2027", "01-07-2027"]),
        ("30-11-2026", (2,), ["30-01-2027"]),
        ("30-11-2026", (4,), ["28-02-2027", "30-03-2027"]),
    ],
)
def test_blocks_are_three_months_counted_from_the_start_of_the_plan(
    start: str, lengths: tuple[int, ...], expected: list[str]
) -> None:
    assert ends(plan_from(start, *lengths)) == expected


def test_part_time_is_twelve_blocks_and_a_plan_of_two_years_eight() -> None:
    assert block_count(plan_from("01-01-2027", PART_TIME.months)) == 12
    assert block_count(plan_from("01-01-2027", 24)) == 8


def test_a_block_begins_where_the_one_before_ends_and_holds_its_first_day_only() -> None:
    plan = plan_from("30-11-2026")
    assert block_of(plan, 2) == Block(2, on("28-02-2027"), on("30-05-2027"))
    assert block_on(plan, on("29-11-2026")) is None
    assert block_on(plan, on("30-11-2026")) == block_of(plan, 1)
    assert block_on(plan, on("27-02-2027")) == block_of(plan, 1)
    assert block_on(plan, on("28-02-2027")) == block_of(plan, 2)
    assert block_on(plan, on("29-11-2027")) == block_of(plan, 4)
    assert block_on(plan, on("30-11-2027")) is None


@pytest.mark.parametrize("number", [0, -1, 5])
def test_a_block_that_the_plan_does_not_have_is_refused(number: int) -> None:
    with pytest.raises(PlanError, match="blocks 1 to 4"):
        block_of(plan_from("01-01-2027"), number)


# --- the window and an early review ----------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "on_time", "may_close"),
    [
        ("28-01-2027", False, False),
        ("29-01-2027", False, True),  # 30 days early
        ("13-02-2027", False, True),
        ("14-02-2027", True, True),  # 14 days before the end
        ("28-02-2027", True, True),
        ("07-03-2027", True, True),  # 7 days after it
        ("08-03-2027", False, True),
        ("01-01-2028", False, True),  # late does not mean never
    ],
)
def test_a_review_is_on_time_from_14_days_before_to_7_after_and_closes_from_30_days_before(
    day: str, on_time: bool, may_close: bool
) -> None:
    block = block_of(plan_from("30-11-2026"), 1)
    assert (in_window(block, on(day)), may_review(block, on(day))) == (on_time, may_close)


@pytest.mark.parametrize("closed_on", ["30-01-2027", "01-05-2027"])
def test_neither_an_early_nor_a_late_review_moves_the_next_block(closed_on: str) -> None:
    plan = plan_from("30-11-2026")
    assert may_review(block_of(plan, 1), on(closed_on))
    following = first_open_block(plan, {1})
    assert following == Block(2, on("28-02-2027"), on("30-05-2027"))


def test_when_every_block_is_closed_none_is_open() -> None:
    plan = plan_from("30-11-2026", 8)
    assert first_open_block(plan, {1, 2}) == block_of(plan, 3)
    assert first_open_block(plan, {1, 2, 3}) is None


# --- prompts ---------------------------------------------------------------------------------


def test_prompts_fall_21_14_and_3_days_before_the_end_on_it_and_7_days_after() -> None:
    block = block_of(plan_from("30-11-2026"), 1)
    assert prompt_days(block) == {
        PLAN: on("07-02-2027"),
        INVITE: on("14-02-2027"),
        REMIND: on("25-02-2027"),
        CLOSE: on("28-02-2027"),
        OVERDUE: on("07-03-2027"),
    }


@pytest.mark.parametrize(
    ("day", "due"),
    [
        ("06-02-2027", ()),
        ("07-02-2027", (PLAN,)),
        ("13-02-2027", (PLAN,)),
        ("14-02-2027", (PLAN, INVITE)),
        ("24-02-2027", (PLAN, INVITE)),
        ("25-02-2027", (PLAN, REMIND)),
        ("27-02-2027", (PLAN, REMIND)),
        ("28-02-2027", (CLOSE,)),
        ("06-03-2027", (CLOSE,)),
        ("07-03-2027", (CLOSE, OVERDUE)),
        ("07-03-2029", (CLOSE, OVERDUE)),
    ],
)
def test_each_hearer_is_told_only_the_latest_and_the_client_nothing_after_the_end(
    day: str, due: tuple[GoalPrompt, ...]
) -> None:
    assert prompts_due(block_of(plan_from("30-11-2026"), 1), on(day)) == due


# --- a pause ---------------------------------------------------------------------------------


def test_a_pause_of_30_days_shifts_nothing_and_one_of_31_does() -> None:
    plan = plan_from("30-11-2026")
    first = on("10-01-2027")
    assert shift_after(plan, (), first, first + 30 * DAY) is None
    assert shift_after(plan, (), first, first + 31 * DAY) == Shift(1, 31, first)


def test_the_paused_days_move_the_running_block_and_all_after_it_and_nothing_before() -> None:
    plan = plan_from("30-11-2026")
    first = on("15-03-2027")  # in the second block
    shift = shift_after(plan, {1}, first, first + 40 * DAY)
    assert shift == Shift(2, 40, first)
    moved = replace(plan, shifts=(shift,))
    assert ends(moved) == ["28-02-2027", "09-07-2027", "09-10-2027", "09-01-2028"]
    assert block_of(moved, 2).first_day == on("28-02-2027")


def test_a_pause_that_began_in_a_block_that_was_closed_early_moves_the_next() -> None:
    plan = plan_from("30-11-2026")
    first = on("10-02-2027")  # the first block runs until the 28th, but is closed
    assert shift_after(plan, {1}, first, first + 60 * DAY) == Shift(2, 60, first)


def test_a_pause_over_the_end_of_a_block_moves_the_block_it_began_in() -> None:
    plan = plan_from("30-11-2026")
    first = on("01-02-2027")
    assert shift_after(plan, (), first, on("01-05-2027")) == Shift(1, 89, first)


def test_a_pause_counts_once_and_only_its_days_within_the_plan() -> None:
    plan = plan_from("30-11-2026")
    first = on("10-01-2027")
    shift = shift_after(plan, (), first, first + 40 * DAY)
    assert shift is not None
    moved = replace(plan, shifts=(shift,))
    assert shift_after(moved, (), first, first + 40 * DAY) is None
    assert shift_after(plan, (), on("01-11-2026"), on("05-01-2027")) == Shift(
        1, 36, plan.starts_on
    )
    assert shift_after(plan, (), on("01-11-2026"), on("30-12-2026")) is None
    assert shift_after(plan, (), on("30-11-2027"), on("30-01-2028")) is None
    assert shift_after(plan, {1, 2, 3, 4}, first, first + 40 * DAY) is None


def test_a_milestone_and_a_step_move_with_the_pauses_that_began_before_them() -> None:
    start = on("01-09-2026")
    plan = plan_from(start, 9, route=FULL_TIME)
    halfway, choice = FULL_TIME.milestones
    assert milestone_days(plan, halfway) == (start + 133 * DAY, start + 140 * DAY)
    assert milestone_days(plan, choice) == (start + 266 * DAY, start + 280 * DAY)
    after_halfway = start + 150 * DAY
    moved = replace(plan, shifts=(Shift(2, 35, after_halfway),))
    assert milestone_days(moved, halfway) == milestone_days(plan, halfway)
    assert milestone_days(moved, choice) == (start + 301 * DAY, start + 315 * DAY)
    assert [step_on(moved, FULL_TIME, start + days * DAY) for days in (139, 140, 300, 301)] == [
        0,
        1,
        1,
        2,
    ]


# --- routes ----------------------------------------------------------------------------------


def test_full_time_has_talks_at_week_20_and_from_week_38_to_40() -> None:
    assert [(each.key, each.first_week, each.week) for each in FULL_TIME.milestones] == [
        ("halfway", 19, 20),
        ("choice", 38, 40),
    ]
    assert not any(route.milestones for route in (STEPS, PART_TIME, COACHING))


@pytest.mark.parametrize(
    ("day", "step"),
    [
        ("31-08-2026", -1),
        ("01-09-2026", 0),
        ("30-09-2026", 0),
        ("01-10-2026", 1),
        ("01-03-2027", 2),
        ("30-04-2027", 2),
        ("01-05-2027", 2),  # after the end it is the last step still
        ("01-05-2029", 2),
    ],
)
def test_the_step_at_hand_follows_the_months_of_the_plan(day: str, step: int) -> None:
    assert step_on(plan_from("01-09-2026", 8, route=COACHING), COACHING, on(day)) == step


def test_extra_time_is_a_step_only_when_it_was_added() -> None:
    plan = plan_from("01-09-2026", 8, route=COACHING)
    longer = extended(plan, COACHING, 2)
    assert [step.key for step in steps_of(plan, COACHING)] == ["acquaint", "practice", "workshops"]
    assert [step.key for step in steps_of(longer, COACHING)][-1] == "extra"
    assert step_on(longer, COACHING, on("01-05-2027")) == 3


@pytest.mark.parametrize(
    ("route", "lengths", "left"),
    [
        (COACHING, (8,), 2),
        (COACHING, (8, 2), 0),
        (COACHING, (8, 1), 1),
        (STEPS, (12, 6), 18),
        (PART_TIME, (36,), 12),
        (Route("open", "Open", 50, 24, ()), (50,), 10),  # never past five years
        (Route("gone", "gone", 0, 0, ()), (12,), 0),
    ],
)
def test_a_plan_can_be_extended_as_far_as_its_route_allows(
    route: Route, lengths: tuple[int, ...], left: int
) -> None:
    plan = plan_from("01-09-2026", *lengths, route=route)
    assert extension_left(plan, route) == left
    for months in (0, -1, left + 1, 240):
        with pytest.raises(PlanError, match=f"at most {left} may be added"):
            extended(plan, route, months)
    if left:
        assert extended(plan, route, left).lengths == (*lengths, left)


def test_an_extension_leaves_every_earlier_block_as_it_was() -> None:
    plan = plan_from("30-11-2026", 8, route=COACHING)
    assert ends(extended(plan, COACHING, 2))[:3] == ends(plan)


# --- what stands open ------------------------------------------------------------------------


def duties(
    day: str,
    *,
    plan: Plan | None = None,
    route: Route = STEPS,
    reviewed: tuple[int, ...] = (),
    goals: dict[int, int] | None = None,
    held: tuple[str, ...] = (),
) -> list[OpenDuty]:
    return list(
        open_duties(
            plan or plan_from("30-11-2026"),
            route,
            reviewed=reviewed,
            goals={1: 2, 2: 2, 3: 2, 4: 2} if goals is None else goals,
            held=held,
            today=on(day),
        )
    )


def test_nothing_stands_open_until_21_days_before_the_end_of_a_block() -> None:
    end = on("28-02-2027")
    assert duties("06-02-2027") == []
    assert duties("07-02-2027") == [OpenDuty(GoalDuty.TALK, end, 1)]
    assert duties("28-02-2027") == [OpenDuty(GoalDuty.CLOSE, end, 1)]
    assert duties("07-03-2027") == [OpenDuty(GoalDuty.CLOSE, end, 1, late=True)]
    assert duties("07-03-2027", reviewed=(1,)) == []


def test_only_the_first_block_that_is_not_closed_asks_for_anything() -> None:
    late = duties("30-11-2027")
    assert late == [OpenDuty(GoalDuty.CLOSE, on("28-02-2027"), 1, late=True)]
    assert duties("30-11-2027", reviewed=(1, 2, 3)) == [
        OpenDuty(GoalDuty.CLOSE, on("30-11-2027"), 4)
    ]


def test_a_running_block_without_goals_is_said_and_one_that_is_to_come_is_not() -> None:
    plan = plan_from("01-12-2026")
    missing = OpenDuty(GoalDuty.NO_GOALS, on("01-12-2026"), 1)
    assert duties("30-11-2026", plan=plan, goals={}) == []
    assert duties("01-12-2026", plan=plan, goals={}) == [missing]
    assert duties("01-12-2026", plan=plan, goals={1: 1}) == []
    # The first block was closed early: the second begins to ask on its first day.
    assert duties("20-02-2027", plan=plan, goals={1: 1}, reviewed=(1,)) == []
    assert [each.block for each in duties("01-03-2027", plan=plan, reviewed=(1,), goals={})] == [2]


def test_a_plan_that_is_over_says_so_from_its_end_on() -> None:
    closed = (1, 2, 3, 4)
    assert duties("29-11-2027", reviewed=closed) == []
    assert duties("30-11-2027", reviewed=closed) == [
        OpenDuty(GoalDuty.PLAN_OVER, on("30-11-2027"))
    ]


def test_a_milestone_stands_open_from_its_first_week_until_it_is_held() -> None:
    start = on("02-11-2026")
    plan = plan_from(start, 9, route=FULL_TIME)

    def found(days: int, *held: str) -> list[OpenDuty]:
        day = f"{start + days * DAY:%d-%m-%Y}"
        return [
            each
            for each in duties(day, plan=plan, route=FULL_TIME, held=held)
            if each.duty is GoalDuty.MILESTONE
        ]

    halfway = OpenDuty(GoalDuty.MILESTONE, start + 140 * DAY, key="halfway")
    assert found(132) == []
    assert found(133) == [halfway]
    assert found(140) == [replace(halfway, late=True)]
    assert found(140, "halfway") == []
    assert [each.key for each in found(266, "halfway")] == ["choice"]


@pytest.mark.parametrize(("days", "missing"), [(30, False), (31, True)])
def test_a_plan_is_missed_after_more_than_30_days(days: int, missing: bool) -> None:
    since = on("01-12-2026")
    assert plan_is_missing(since, since + days * DAY) is missing


def test_a_goal_can_be_carried_on_from_every_block_but_the_last() -> None:
    plan = plan_from("30-11-2026", 8)
    assert [may_carry(plan, number) for number in (1, 2, 3)] == [True, True, False]


# --- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Ik kom op tijd.", "Ik kom op tijd."),
        ("  Ik kom \n\n op\ttijd. ", "Ik kom op tijd."),
        ("Ik \u202ekom\u202c op \u2066tijd\u2069\u200f.", "Ik kom op tijd."),
        ("Ik leer \U0001f469\u200d\U0001f373", "Ik leer \U0001f469\u200d\U0001f373"),
        ("Ik \x00leer", "Ik leer"),
        ("x" * GOAL_LIMIT, "x" * GOAL_LIMIT),
    ],
)
def test_a_goal_is_one_line_without_hidden_marks(text: str, kept: str) -> None:
    assert check_goal(text) == kept


@pytest.mark.parametrize("text", ["", " \n ", "\u200f\u202e"])
def test_a_goal_without_words_is_refused(text: str) -> None:
    with pytest.raises(PlanError, match="needs words"):
        check_goal(text)


@pytest.mark.parametrize("length", [GOAL_LIMIT + 1, 2000])
def test_a_goal_that_is_too_long_is_refused_with_its_length(length: int) -> None:
    with pytest.raises(PlanError, match=f"has {length} characters; at most 120 fit"):
        check_goal("x" * length)


@pytest.mark.parametrize("months", [0, -3, 61, 240])
def test_a_plan_of_an_impossible_length_is_refused(months: int) -> None:
    with pytest.raises(PlanError, match=f"plan of {months} months is not possible"):
        check_plan(on("01-12-2026"), months, today=on("24-11-2026"))


def test_a_plan_begins_within_a_year_of_today() -> None:
    today = on("24-11-2026")
    check_plan(today + 366 * DAY, 24, today=today)
    for start in (today + 367 * DAY, today - 367 * DAY):
        with pytest.raises(PlanError, match="within a year of today"):
            check_plan(start, 24, today=today)


# --- whatever plan ---------------------------------------------------------------------------

DAYS = st.dates(date(2024, 1, 1), date(2032, 12, 31))
LENGTHS = st.lists(st.integers(1, 36), min_size=1, max_size=4).map(tuple)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any plan, with pauses that were added as they came."""
    plan = plan_from(draw(DAYS), *draw(LENGTHS))
    for _ in range(draw(st.integers(0, 3))):
        first = plan.starts_on + draw(st.integers(0, 900)) * DAY
        reviewed = set(range(1, draw(st.integers(0, block_count(plan))) + 1))
        shift = shift_after(plan, reviewed, first, first + draw(st.integers(20, 200)) * DAY)
        if shift is not None:
            plan = replace(plan, shifts=(*plan.shifts, shift))
    return plan


@given(plan=plans())
def test_blocks_are_contiguous_and_fill_the_plan(plan: Plan) -> None:
    blocks = [block_of(plan, number) for number in range(1, block_count(plan) + 1)]
    assert blocks[0].first_day == plan.starts_on
    assert blocks[-1].end == plan_end(plan)
    for block in blocks:
        assert block.first_day < block.end
    for block, following in pairwise(blocks):
        assert block.end == following.first_day
    days = (plan_end(plan) - plan.starts_on).days
    for offset in {0, days // 3, days // 2, days - 1}:
        day = plan.starts_on + offset * DAY
        assert [each for each in blocks if each.first_day <= day < each.end] == [
            block_on(plan, day)
        ]


@given(start=DAYS, lengths=LENGTHS)
def test_no_block_drifts_from_the_day_of_the_month_on_which_the_plan_began(
    start: date, lengths: tuple[int, ...]
) -> None:
    plan = plan_from(start, *lengths)
    months = 0
    expected = []
    for length in lengths:
        expected += [add_months(start, months + n) for n in range(3, length, 3)]
        months += length
        expected.append(add_months(start, months))
    assert [block_of(plan, n).end for n in range(1, block_count(plan) + 1)] == expected
    for day in expected:
        clipped = (day + DAY).month != day.month
        assert day.day == start.day or (clipped and day.day < start.day)


@given(plan=plans(), data=st.data())
def test_a_review_closes_exactly_one_block_and_moves_none(plan: Plan, data: st.DataObject) -> None:
    reviewed: set[int] = set()
    for number in range(1, block_count(plan) + 1):
        before = [block_of(plan, n) for n in range(1, block_count(plan) + 1)]
        block = first_open_block(plan, reviewed)
        assert block == before[number - 1]
        day = block.end + data.draw(st.integers(-30, 400)) * DAY
        assert may_review(block, day)
        reviewed.add(block.number)
        assert [block_of(plan, n) for n in range(1, block_count(plan) + 1)] == before
    assert first_open_block(plan, reviewed) is None


@given(plan=plans(), reviewed=st.sets(st.integers(1, 20)), day=DAYS)
def test_on_any_day_at_most_one_block_asks_and_nothing_is_asked_of_a_closed_one(
    plan: Plan, reviewed: set[int], day: date
) -> None:
    found = open_duties(plan, STEPS, reviewed=reviewed, goals={}, held=(), today=day)
    numbers = {each.block for each in found if each.block}
    assert len(numbers) <= 1
    assert not numbers & reviewed
    assert len({each.duty for each in found}) == len(found)


@given(plan=plans(), weeks=st.integers(1, 150))
def test_pauses_only_ever_move_a_milestone_later(plan: Plan, weeks: int) -> None:
    milestone = Milestone("talk", weeks, max(weeks - 2, 1))
    still = milestone_days(replace(plan, shifts=()), milestone)
    moved = milestone_days(plan, milestone)
    added = sum(shift.days for shift in plan.shifts) * DAY
    assert all(old <= new <= old + added for old, new in zip(still, moved, strict=True))


@given(plan=plans(), day=DAYS)
def test_the_step_at_hand_never_goes_back(plan: Plan, day: date) -> None:
    route = Route(
        "any",
        "any",
        12,
        24,
        (RouteStep("a", months=4), RouteStep("b", weeks=30), RouteStep("c", months=14)),
    )
    today, later = step_on(plan, route, day), step_on(plan, route, day + 10 * DAY)
    assert -1 <= today <= later < len(steps_of(plan, route))
