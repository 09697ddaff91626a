"""The talk about the goals closes a block; plans become longer, move on after a pause, and end."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from bot.domain.ids import ClientId
from bot.domain.people import ClientStatus
from bot.domain.plans import GoalState
from bot.storage import plans, statuses
from tests.cast import JOKE, SELAM
from tests.support.agenda import number_of
from tests.support.goals import (
    END,
    LESSONS,
    ON_TIME,
    TODAY,
    closes,
    deeds,
    goals_now,
    goals_of,
    make_planned,
    opens,
    plan_of,
    plans_ahead,
    reviews,
    shares_her_phone,
    tigrinya,
)
from tests.support.town import Town, open_town


@pytest.fixture(scope="session")
def selam_planned(tmp_path_factory: pytest.TempPathFactory, everybody_linked: Path) -> Path:
    """Give the files of a town in which Selam has a plan; made once."""
    folder = tmp_path_factory.mktemp("planned")
    asyncio.run(make_planned(folder, everybody_linked))
    return folder


@pytest.fixture
async def planned(tmp_path: Path, selam_planned: Path) -> AsyncIterator[Town]:
    """Give a town in which Selam has a plan that began today, with two goals."""
    async with open_town(tmp_path, snapshot=selam_planned) as town:
        yield town


# --- the review ------------------------------------------------------------------------------


async def test_a_review_gives_every_goal_an_outcome_and_closes_one_block(planned: Town) -> None:
    town = planned
    town.leaps(END, time(10))
    screen = await opens(town)
    assert town.words("st.plan_block_over", JOKE) in screen.text
    await town.taps(JOKE, "📝 Beoordeel", screen)
    assert "✅ Sluit blok" not in town.message(JOKE, screen.id).labels
    await town.taps(JOKE, "← Terug", screen)
    await reviews(town, screen, "bereikt", "verplaatst")
    assert "✅ Sluit blok" in town.message(JOKE, screen.id).labels
    town.nothing_new()

    await closes(town, screen)

    done = town.message(JOKE, screen.id).text
    assert done.startswith(town.words("st.review_done", JOKE, nummer=1))
    assert "Blok 2 van 3: 24-2-2027 tot 24-5-2027" in done
    assert f"1. {LESSONS}" in done
    assert ON_TIME not in done
    first, second, carried = await goals_of(town)
    assert (first.state, second.state) == (GoalState.REACHED, GoalState.CARRIED)
    assert (carried.block, carried.state, carried.carried_from, carried.carried_count) == (
        2,
        GoalState.OPEN,
        second.id,
        1,
    )
    assert town.texts(SELAM) == [
        f"{town.words('go.reached', SELAM)}\n🎯 {tigrinya(ON_TIME)}",
        f"{town.words('go.moved', SELAM)}\n🎯 {tigrinya(LESSONS)}",
    ]
    assert (await deeds(town))[-3:] == ["goal.bereikt", "goal.verplaatst", "block.closed"]


async def test_a_block_is_not_closed_more_than_30_days_early(planned: Town) -> None:
    town = planned
    town.leaps(END - timedelta(days=31), time(10))
    screen = await opens(town)
    assert "📝 Uitkomst van een doel" in screen.labels
    await reviews(town, screen, "bereikt", "deels")
    shown = town.message(JOKE, screen.id)
    assert town.words("st.review_early", JOKE) in shown.text
    assert "✅ Sluit blok" not in shown.labels
    town.leaps(END - timedelta(days=30), time(10))
    await town.taps(JOKE, "← Terug", screen)
    await town.taps(JOKE, "📝 Beoordeel", screen)
    await closes(town, screen, "Nee")
    assert "Blok 2 van 3: 24-2-2027 tot 24-5-2027" in town.message(JOKE, screen.id).text


async def test_of_two_who_close_a_block_at_once_one_is_told_that_it_was_closed(
    planned: Town,
) -> None:
    town = planned
    town.leaps(END, time(10))
    first, second = await opens(town), await opens(town)
    await reviews(town, first, "deels", "niet")
    await town.taps(JOKE, "📝", second)
    for screen in (first, second):
        await town.taps(JOKE, "✅ Sluit blok", screen)
    await town.taps(JOKE, "Ja, samen", first)
    assert await town.taps(JOKE, "Nee", second) == town.words("st.review_closed", JOKE)
    assert "Blok 2 van 3" in town.message(JOKE, second.id).text
    assert (await deeds(town)).count("block.closed") == 1
    assert town.texts(SELAM) == [], "of goals that were not reached she has spoken with her coach"


async def test_the_outcome_of_a_goal_in_a_closed_block_stays_as_it_is(planned: Town) -> None:
    town = planned
    town.leaps(END, time(10))
    screen, old = await opens(town), await opens(town)
    await town.taps(JOKE, "📝", old)
    await reviews(town, screen, "bereikt", "niet")
    await closes(town, screen)
    before = await goals_of(town)
    tapped = await town.taps(JOKE, "½", old)
    assert tapped == town.words("st.plan_changed", JOKE)
    assert await goals_of(town) == before


async def test_an_outcome_can_be_taken_back_and_a_dropped_goal_says_why(planned: Town) -> None:
    town = planned
    screen = await opens(town)
    await reviews(town, screen, "bereikt", "vervallen")
    assert "vervallen (niet meer nodig)" in town.message(JOKE, screen.id).text
    await town.taps(JOKE, "1 ↩", screen)
    states = [(goal.state, goal.drop_reason) for goal in await goals_of(town)]
    assert states == [(GoalState.OPEN, None), (GoalState.DROPPED, "not_needed")]
    await town.says(SELAM, "/doelen")
    assert tigrinya(LESSONS) not in town.last(SELAM).text


async def test_a_goal_that_was_carried_twice_is_flagged_and_the_last_block_carries_nothing(
    planned: Town,
) -> None:
    town = planned
    for day in (END, date(2027, 5, 24)):
        town.leaps(day, time(10))
        screen = await opens(town)
        outcomes = ["niet", "verplaatst"] if day == END else ["verplaatst"]
        await reviews(town, screen, *outcomes)
        await closes(town, screen)
    flagged = (await opens(town)).text
    assert "⚠ al 2 keer verplaatst" in flagged
    assert "Blok 3 van 3" in flagged
    screen = await opens(town)
    await town.taps(JOKE, "📝", screen)
    assert not any("➡" in label for label in town.message(JOKE, screen.id).labels)
    goal = (await goals_now(town))[0]
    town.expects("message is not modified")
    number = await number_of(town, SELAM)
    told = await town.forges(JOKE, f"pl:{number}:set={goal.id}.verplaatst")
    assert told == town.words("st.review_last_block", JOKE)
    assert (await goals_now(town))[0].state is GoalState.OPEN


async def test_on_a_shared_phone_the_outcome_names_no_goal(planned: Town) -> None:
    town = planned
    await shares_her_phone(town, SELAM)
    town.leaps(END, time(10))
    screen = await opens(town)
    await reviews(town, screen, "bereikt", "bereikt")
    town.nothing_new()
    await closes(town, screen)
    assert town.texts(SELAM) == [town.words("go.reached", SELAM)]


# --- longer, later, ended --------------------------------------------------------------------


async def test_a_plan_of_8_months_is_extended_to_10_and_no_further(planned: Town) -> None:
    town = planned
    screen, other = await opens(town), await opens(town)
    for each in (screen, other):
        await town.taps(JOKE, "Meer", each)
    assert town.message(JOKE, screen.id).labels == [
        "Verleng +1",
        "Verleng +2",
        "Beëindig plan",
        "← Terug",
    ]
    await town.taps(JOKE, "Verleng +2", screen)
    assert "Blok 1 van 4" in town.message(JOKE, screen.id).text
    tapped = await town.taps(JOKE, "Verleng +1", other)
    assert tapped == town.words("st.plan_changed", JOKE), "a button of before changes nothing"
    await town.taps(JOKE, "Meer", screen)
    assert town.words("st.plan_more_none", JOKE) in town.message(JOKE, screen.id).text
    assert (await plan_of(town)).lengths == (8, 2)
    assert (await deeds(town))[-1] == "plan.extended"


@pytest.mark.parametrize("months", ["240", "0", "many"])
async def test_a_plan_of_240_months_is_refused_in_one_sentence(planned: Town, months: str) -> None:
    town = planned
    plan = await plan_of(town)
    number = await number_of(town, SELAM)
    told = await town.forges(JOKE, f"pl:{number}:ext={plan.id}.1.{months}")
    assert told == town.words("st.plan_too_long", JOKE, maanden=2)
    assert await plan_of(town) == plan


async def paused(town: Town, first: date, last: date) -> None:
    """Let Selam be on hold from one day up to another."""
    client_id: ClientId = await number_of(town, SELAM)
    for day, status in ((first, ClientStatus.ON_HOLD), (last, ClientStatus.ACTIVE)):
        async with town.core.database.transaction() as tx:
            await statuses.change_status(tx, client_id, status, today=day, now=town.now)


async def test_after_a_pause_of_more_than_30_days_the_plan_may_be_shifted_once(
    planned: Town,
) -> None:
    town = planned
    await paused(town, date(2026, 12, 10), date(2027, 1, 19))
    town.leaps(date(2027, 1, 19), time(10))
    screen = await opens(town)
    assert town.words("st.plan_pause", JOKE, dagen=40) in screen.text
    await town.taps(JOKE, "Meer", screen)
    _, key = town.find_key(JOKE, "Verschuif 40", screen)
    for _ in range(2):
        town.phones.tap(JOKE.chat_id, message_id=screen.id, data=key.data)
    await town.settled()

    shown = town.message(JOKE, screen.id).text
    assert "Blok 1 van 3: 24-11-2026 tot 5-4-2027" in shown
    assert town.words("st.plan_pause", JOKE, dagen=40) not in shown
    assert (await deeds(town)).count("plan.shifted") == 1


async def test_a_pause_of_30_days_shifts_nothing(planned: Town) -> None:
    town = planned
    await paused(town, date(2026, 12, 10), date(2027, 1, 9))
    screen = await opens(town)
    await town.taps(JOKE, "Meer", screen)
    assert not any("Verschuif" in label for label in town.message(JOKE, screen.id).labels)


async def test_a_plan_ends_when_no_goal_is_open_and_another_can_be_made(planned: Town) -> None:
    town = planned
    screen = await opens(town)
    await town.taps(JOKE, "Meer", screen)
    tapped = await town.taps(JOKE, "Beëindig", screen)
    assert tapped == town.words("st.plan_open_goals", JOKE)
    await reviews(town, screen, "bereikt", "vervallen")
    await town.taps(JOKE, "← Terug", screen)
    await town.taps(JOKE, "Meer", screen)
    await town.taps(JOKE, "Beëindig", screen)
    await town.taps(JOKE, "Ja, beëindig", screen)
    shown = town.message(JOKE, screen.id)
    assert shown.text.startswith(town.words("st.plan_ended", JOKE))
    assert "Ontwikkelplan" in shown.labels
    await town.says(SELAM, "/doelen")
    assert town.last(SELAM).text == town.words("go.none", SELAM, coach="Joke de Boer")


async def test_the_talk_of_week_40_is_recorded_with_its_choice_once(town: Town) -> None:
    await plans_ahead(town, route="Voltijd")
    town.leaps(TODAY + timedelta(weeks=38), time(10))
    screen, other = await opens(town), await opens(town)
    name = "Gesprek werk of school (week 38–40)"
    assert town.words("st.plan_milestone", JOKE, gesprek=name, datum="31-8-2027") in screen.text
    for each in (screen, other):
        await town.taps(JOKE, name, each)
    assert town.message(JOKE, screen.id).labels == [
        "Werk",
        "School",
        "Nog niet gekozen",
        "← Terug",
    ]
    await town.taps(JOKE, "Werk", screen)
    assert town.message(JOKE, screen.id).text.startswith(
        town.words("st.plan_held", JOKE, gesprek=name)
    )
    tapped = await town.taps(JOKE, "School", other)
    assert tapped == town.words("st.plan_changed", JOKE)
    plan = await plan_of(town)
    async with town.core.database.reading() as tx:
        assert await plans.list_held(tx, [plan.id]) == {plan.id: {"choice"}}
    await town.taps(JOKE, "Tussengesprek", screen)
    assert (
        town.words("st.plan_held", JOKE, gesprek="Tussengesprek (week 20)")
        in town.message(JOKE, screen.id).text
    )
