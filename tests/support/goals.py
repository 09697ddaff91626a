"""Plans and goals in the town: a coach makes, fills and reviews a plan by tapping."""

from datetime import date
from pathlib import Path

import sqlalchemy as sa

from bot.application import PHRASEBOOK
from bot.domain.languages import TIGRINYA
from bot.domain.people import Staff
from bot.domain.plans import Goal, GoalCategory, GoalState, Plan
from bot.services import goal_writing
from bot.services.core import Turn
from bot.services.plan_view import find_standing
from bot.storage import people, plans
from bot.storage.schema import audit_events, tasks
from bot.translation.phrasebook import Phrasebook
from tests.cast import JOKE, SELAM, Person
from tests.support.agenda import number_of
from tests.support.town import Shown, Town, open_town

TODAY = date(2026, 11, 24)
END = date(2027, 2, 24)
"""The end of the first block of a plan that begins today."""

ON_TIME = "Ik kom elke dag op tijd."
LESSONS = "Ik ga naar alle lessen."
IN_TIGRINYA = {ON_TIME: "goal.work_skills.on_time", LESSONS: "goal.experience.lessons"}


async def opens(town: Town, client: Person = SELAM, coach: Person = JOKE) -> Shown:
    """Have a coach open a client's plan in a message of its own."""
    await town.forges(coach, f"pl:{await number_of(town, client)}:open")
    return town.find(coach, f"🎯 {client.code} {client.name}")


async def plans_ahead(
    town: Town, client: Person = SELAM, *, route: str = "Coaching", start: str = "Vandaag"
) -> Shown:
    """Have Joke make a plan by tapping; returns its screen."""
    shown = await opens(town, client)
    for button in ("Ontwikkelplan", route, start):
        await town.taps(JOKE, button, shown)
    return town.message(JOKE, shown.id)


async def adds(
    town: Town, screen: Shown, category: str, words: str, tool: str = "Niets daarvan"
) -> None:
    """Have Joke add a goal from the library."""
    await town.taps(JOKE, "➕", screen)
    for button in (category, words, tool):
        await town.taps(JOKE, button, screen)


async def writes_goal(town: Town, screen: Shown, words: str) -> Shown:
    """Have Joke write a goal herself, up to the question what helps; returns that question."""
    await town.taps(JOKE, "➕", screen)
    await town.taps(JOKE, "Taal", screen)
    await town.taps(JOKE, "✍", screen)
    await town.says(JOKE, words, town.last(JOKE))
    return town.last(JOKE)


async def fills(town: Town, count: int, text: str) -> None:
    """Give Selam's plan so many more goals at once, with a number at the end of each."""
    coach = await staff_of(town, JOKE)
    async with town.core.database.transaction() as tx:
        client = await people.get_client(tx, await number_of(town, SELAM))
        for number in range(count):
            standing = await find_standing(tx, client.id)
            assert standing is not None
            await goal_writing.add_goal(
                town.core,
                tx,
                Turn(now=town.now, chat_id=JOKE.chat_id),
                coach,
                client,
                standing,
                text=f"{text}{number}",
                category=GoalCategory.LANGUAGE,
                instrument=None,
            )
    await town.settled()


async def staff_of(town: Town, person: Person) -> Staff:
    async with town.core.database.reading() as tx:
        found = await people.find_staff(tx, person.code)
    assert found is not None
    return found


async def plan_of(town: Town, client: Person = SELAM) -> Plan:
    async with town.core.database.reading() as tx:
        plan = await plans.find_plan(tx, await number_of(town, client))
    assert plan is not None
    return plan


async def goals_of(town: Town, client: Person = SELAM) -> list[Goal]:
    plan = await plan_of(town, client)
    async with town.core.database.reading() as tx:
        return await plans.list_goals(tx, plan.id)


async def deeds(town: Town) -> list[str]:
    """Return what was recorded about plans, in order."""
    async with town.core.database.reading() as tx:
        rows = await tx.rows(
            sa.select(audit_events.c.actor, audit_events.c.action)
            .where(audit_events.c.object.startswith("plan:"))
            .order_by(audit_events.c.id)
        )
    assert {row["actor"] for row in rows} <= {"s-joke"}
    return [row["action"] for row in rows]


async def open_tasks(town: Town, kind: str) -> list[str]:
    async with town.core.database.reading() as tx:
        rows = await tx.rows(
            sa.select(tasks.c.key).where(tasks.c.kind == kind, tasks.c.done_at.is_(None))
        )
    return [row["key"] for row in rows]


async def shares_her_phone(town: Town, client: Person) -> None:
    async with town.core.database.transaction() as tx:
        await people.update_client(tx, await number_of(town, client), discreet=True)


def tigrinya(words: str) -> str:
    """Return a sentence of the library in Tigrinya, as the town's phrasebook has it."""
    book = Phrasebook.load(PHRASEBOOK)
    phrase = next(each for each in book.phrases(TIGRINYA) if each.id == IN_TIGRINYA[words])
    return str(phrase.text(TIGRINYA))


async def reviews(town: Town, screen: Shown, *outcomes: str) -> None:
    """Have Joke tap what became of each goal, in order; a goal that is dropped is not needed."""
    await town.taps(JOKE, "📝", screen)
    for goal, outcome in zip(await goals_now(town), outcomes, strict=True):
        await town.taps(JOKE, f"pl:{await number_of(town, SELAM)}:set={goal.id}.{outcome}", screen)
        if outcome == GoalState.DROPPED:
            await town.taps(JOKE, "Niet meer nodig", screen)


async def goals_now(town: Town) -> list[Goal]:
    """Return the goals of the last block that has any."""
    goals = await goals_of(town)
    return [goal for goal in goals if goal.block == goals[-1].block]


async def closes(town: Town, screen: Shown, answer: str = "Ja, samen") -> None:
    await town.taps(JOKE, "✅ Sluit blok", screen)
    await town.taps(JOKE, answer, screen)


async def make_planned(folder: Path, everybody_linked: Path) -> None:
    """Make the files of a town in which Selam has a plan of 8 months that began with two goals."""
    async with open_town(folder, snapshot=everybody_linked) as town:
        screen = await plans_ahead(town)
        await adds(town, screen, "Werknemersvaardigheden", ON_TIME, "Taalmaatje")
        await adds(town, screen, "Opleiding", LESSONS)
