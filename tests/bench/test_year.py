"""The simulated year: its story is told twice the same, and the books of both are compared."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bench.recount import Final, Prompt
from bench.recount_days import Office
from bench.recount_events import Absence, Coach, Meeting, Status, Talk
from bench.year import year
from bench.year_ledger import Ledger, differences
from bench.year_story import actions, tell

MET = Final("K-0001", "2027-01", "met", date(2027, 1, 12), None, 28)
PLAN = Prompt("K-0001", "2027-02", "plan", "s-coach01", date(2027, 2, 3))
BOOKS = Ledger(
    [MET], [PLAN], [("K-0001", date(2027, 1, 12))], [("K-0001", "2027-02", date(2027, 2, 5))]
)


def test_the_same_seed_tells_the_same_story_and_another_one_another() -> None:
    first = tell(7, 20, 120, Office())
    assert first == tell(7, 20, 120, Office())
    assert first != tell(8, 20, 120, Office())


def test_a_story_holds_everything_that_the_year_is_to_show() -> None:
    story = tell(1, 300, 377, Office())
    told = actions(story.events)
    assert {action.verb for action in told} == {
        "status",
        "coach",
        "talk",
        "withdraw",
        "meet",
        "miss",
        "cancel",
        "absence",
        "check_in",
    }
    events = story.events
    assert {event.status for event in events if isinstance(event, Status)} == {
        "azc",
        "invited",
        "active",
        "on_hold",
        "aftercare",
        "closed",
    }
    talks = [event for event in events if isinstance(event, Talk)]
    days = [(talk.client, talk.day) for talk in talks]
    assert len(set(days)) < len(days), "some talks are logged twice"
    assert any(talk.trainer for talk in talks)
    assert any(talk.at.date() < talk.day for talk in talks), "some are dated tomorrow"
    absences = [event for event in events if isinstance(event, Absence)]
    assert {absence.backup is None for absence in absences} == {True, False}
    assert any(event.missed_at for event in events if isinstance(event, Meeting))
    moved = [event for event in events if isinstance(event, Coach)]
    assert len(moved) > len(story.clients), "some change coach"
    assert [action.at for action in told] == sorted(action.at for action in told)


def test_books_that_agree_have_no_difference() -> None:
    assert differences(BOOKS, BOOKS) == []


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(BOOKS, months=[replace(MET, state="missed")]), id="another state"),
        pytest.param(replace(BOOKS, months=[replace(MET, active_days=27)]), id="another count"),
        pytest.param(replace(BOOKS, prompts=[]), id="a prompt less"),
        pytest.param(replace(BOOKS, prompts=[PLAN, PLAN]), id="a prompt twice"),
        pytest.param(replace(BOOKS, prompts=[replace(PLAN, hearer="x")]), id="another hearer"),
        pytest.param(replace(BOOKS, talks=[]), id="a talk less"),
        pytest.param(replace(BOOKS, questions=[]), id="a question less"),
    ],
)
def test_each_difference_is_found_whoever_has_it(other: Ledger) -> None:
    assert differences(BOOKS, other)
    assert differences(other, BOOKS)


async def test_six_weeks_of_a_small_organisation_agree_with_the_recount(tmp_path: Path) -> None:
    outcome, different = await year(tmp_path, clients=15, seed=3, days=45)
    assert different == []
    assert outcome.recount_differences == 0
    assert outcome.months
    assert outcome.prompts
    assert outcome.contacts
