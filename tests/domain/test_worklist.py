"""The werkbak's rules: how a task may end, what it offers, and how long it has waited."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.localtime import Hours
from bot.domain.workdays import ClosedDays
from bot.domain.worklist import (
    FOR_A_STAND_IN,
    FOR_THE_RECORD,
    Action,
    Age,
    TaskKind,
    actions_of,
    age_of,
    ends_by_hand,
    kind_of,
)

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
OFFICE = Hours(time(8, 30), time(17))
CLOSED = ClosedDays()


def local(text: str) -> datetime:
    """Read "YYYY-MM-DD HH:MM" as the clock on the wall in the Netherlands."""
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM).astimezone(UTC)


@pytest.mark.parametrize(
    ("since", "now", "age"),
    [
        pytest.param("2026-11-24 09:00", "2026-11-24 09:59", Age(0, 0), id="within the hour"),
        pytest.param("2026-11-24 09:00", "2026-11-24 10:00", Age(0, 1), id="an hour"),
        pytest.param("2026-11-24 09:00", "2026-11-24 16:59", Age(0, 7), id="within the day"),
        pytest.param("2026-11-24 09:00", "2026-11-24 23:00", Age(0, 8), id="in the evening"),
        pytest.param("2026-11-24 09:00", "2026-11-25 08:59", Age(0, 8), id="not yet a day"),
        pytest.param("2026-11-24 09:00", "2026-11-25 09:00", Age(1, 0), id="a working day"),
        pytest.param("2026-11-24 09:00", "2026-11-25 16:00", Age(1, 0), id="more than a day"),
        pytest.param("2026-11-20 16:30", "2026-11-23 09:00", Age(0, 1), id="over the weekend"),
        pytest.param("2026-11-21 12:00", "2026-11-22 23:00", Age(0, 0), id="in the weekend"),
        pytest.param("2026-12-24 16:00", "2026-12-28 09:30", Age(0, 2), id="over Christmas"),
        pytest.param("2026-11-10 08:30", "2026-11-24 08:30", Age(10, 0), id="two weeks"),
        pytest.param(
            "2027-03-26 23:00", "2027-03-30 17:00", Age(1, 0), id="over the clock change"
        ),
        pytest.param("2026-11-24 10:00", "2026-11-24 09:00", Age(0, 0), id="a clock put back"),
    ],
)
def test_a_task_ages_only_while_the_office_is_open(since: str, now: str, age: Age) -> None:
    assert age_of(local(since), local(now), OFFICE, CLOSED, AMSTERDAM) == age


def test_a_working_day_is_as_long_as_the_office_is_open() -> None:
    short = Hours(time(9), time(13))
    since = local("2026-11-24 09:00")
    ages = [
        age_of(since, since + hours * timedelta(hours=1), short, CLOSED, AMSTERDAM)
        for hours in (3, 4)
    ]
    assert ages == [Age(0, 3), Age(1, 0)]


def test_only_its_fact_ends_a_duty() -> None:
    duties = {kind for kind in TaskKind if not ends_by_hand(kind)}
    assert duties == {
        "contact",
        "reason",
        "hold_review",
        "aftercare",
        "goal_talk",
        "milestone",
        "no_goals",
        "plan",
        "employer",
    }


def test_every_duty_offers_the_way_to_its_fact() -> None:
    ways = {Action.RECORD, Action.GOALS, Action.HOLD, Action.REASON, Action.COMPANY}
    for kind in TaskKind:
        if not ends_by_hand(kind):
            assert ways & set(actions_of(kind, with_client=True)), kind


def test_a_kind_of_task_that_is_not_known_is_shown_all_the_same() -> None:
    assert kind_of("message") is TaskKind.MESSAGE
    assert kind_of("something_new") is TaskKind.OTHER
    assert ends_by_hand(TaskKind.OTHER)
    assert actions_of(TaskKind.OTHER, with_client=True) == (Action.CALL, Action.ANSWER)
    assert actions_of(TaskKind.OTHER, with_client=False) == ()


def test_a_stand_in_writes_nothing_in_the_coachs_name() -> None:
    assert FOR_A_STAND_IN >= FOR_THE_RECORD
    assert FOR_A_STAND_IN.isdisjoint({Action.ANSWER, Action.MEET, Action.GOALS, Action.HOLD})
