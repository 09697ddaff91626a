"""What the days ask about plans and goals: each thing once, of the right person, in time."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from bot import routes
from bot.domain.appointments import AppointmentKind
from bot.domain.delivery import OutboxKind
from bot.domain.localtime import to_utc
from bot.domain.people import Client, ClientStatus, LinkState, Role, Staff
from bot.domain.plans import (
    DropReason,
    GoalCategory,
    GoalState,
    Plan,
    PlanError,
    PlanKind,
)
from bot.domain.routes import GoalDuty
from bot.services import appointments, goal_writing, planning, reviews
from bot.services import plans as service
from bot.services.core import Core, Turn
from bot.services.plan_view import Standing, find_standing, list_shifts
from bot.services.plans import GoalDue
from bot.storage import links, people, plans, statuses
from bot.storage.care_schema import prompts
from bot.storage.schema import outbox, tasks
from tests.cast import BRAM, JOKE, KHALED, LAILA, SELAM, Person
from tests.scheduler.diary import Diary, open_core
from tests.storage.rows import NOW, OFFICE, Cast

START = date(2026, 11, 24)
END = date(2027, 2, 24)
"""The end of the first block of a plan that begins on the day the cast comes into care."""

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Office:
    """The house without Telegram, and the days as they pass."""

    core: Core
    cast: Cast

    async def client(self, who: Person) -> Client:
        async with self.core.database.reading() as tx:
            return await people.get_client(tx, self.cast.clients[who.code])

    async def staff(self, who: Person) -> Staff:
        async with self.core.database.reading() as tx:
            return await people.get_staff(tx, self.cast.staff[who.code])

    async def standing(self, who: Person = SELAM) -> Standing:
        async with self.core.database.reading() as tx:
            found = await find_standing(tx, self.cast.clients[who.code])
        assert found is not None
        return found

    async def plans(
        self, who: Person = SELAM, *, route: str = "stappen", goals: int = 2, start: date = START
    ) -> Plan:
        """Have her coach make a plan with so many goals."""
        client, coach = await self.client(who), await self.staff(JOKE)
        async with self.core.database.transaction() as tx:
            plan = await planning.make(
                self.core,
                tx,
                coach,
                client,
                kind=PlanKind.DEVELOPMENT,
                route=routes.find(route),
                starts_on=start,
                now=morning(START),
            )
        for number in range(goals):
            await self.adds(who, f"Ik leer {number} nieuwe woorden.")
        return plan

    async def adds(self, who: Person, text: str) -> None:
        client, coach, standing = (
            await self.client(who),
            await self.staff(JOKE),
            await self.standing(who),
        )
        async with self.core.database.transaction() as tx:
            await goal_writing.add_goal(
                self.core,
                tx,
                Turn(now=morning(START), chat_id=JOKE.chat_id),
                coach,
                client,
                standing,
                text=text,
                category=GoalCategory.LANGUAGE,
                instrument=None,
            )

    async def closes(self, who: Person = SELAM, *, day: date = END) -> None:
        """Have her coach close the open block; every goal that is open was reached."""
        client, coach = await self.client(who), await self.staff(JOKE)
        for goal in (await self.standing(who)).open_goals:
            async with self.core.database.transaction() as tx:
                standing = await self.standing(who)
                await reviews.set_outcome(
                    tx, coach, standing, goal, GoalState.REACHED, None, now=morning(day)
                )
        standing = await self.standing(who)
        async with self.core.database.transaction() as tx:
            await reviews.close_block(
                self.core, tx, coach, client, standing, with_client=True, now=morning(day)
            )

    async def becomes(self, status: ClientStatus, day: date, who: Person = SELAM) -> None:
        async with self.core.database.transaction() as tx:
            await statuses.change_status(
                tx, self.cast.clients[who.code], status, today=day, now=morning(day)
            )

    async def asks(
        self,
        day: date,
        *who: Person,
        owner: Person = JOKE,
        now: datetime | None = None,
    ) -> list[GoalDue]:
        """Let one morning come for some clients."""
        clients = [await self.client(each) for each in who or (SELAM,)]
        person = await self.staff(owner)
        async with self.core.database.transaction() as tx:
            found = await service.goal_prompts(
                self.core, tx, clients, person, today=day, now=now or morning(day)
            )
        async with self.core.database.reading() as tx:
            listed = await service.goal_list(self.core, tx, clients, today=day)
        assert [replace(due, new=False, escalated=False) for due in found] == listed
        return list(found)

    async def until(self, first: date, last: date, *who: Person) -> dict[str, list[str]]:
        """Let every morning come; returns who heard what on which day."""
        day = first
        while day <= last:
            await self.asks(day, *who)
            day += DAY
        return await self.heard()

    async def heard(self, kind: str = "") -> dict[str, list[str]]:
        """Return the prompts of each hearer, as `day rung`; of one kind when it is given."""
        async with self.core.database.reading() as tx:
            rows = await tx.rows(sa.select(prompts).order_by(prompts.c.day, prompts.c.id))
        found: dict[str, list[str]] = {}
        for row in rows:
            if kind and row["kind"] != kind:
                continue
            found.setdefault(row["hearer"], []).append(f"{row['day']:%d-%m} {row['rung']}")
        return found

    async def tasks(self) -> dict[str, int]:
        """Return the open tasks by key, with their level."""
        async with self.core.database.reading() as tx:
            rows = await tx.rows(
                sa.select(tasks.c.key, tasks.c.level).where(tasks.c.done_at.is_(None))
            )
        return {row["key"]: row["level"] for row in rows}

    async def said(self, who: Person = SELAM) -> list[str]:
        """Return what was queued for a client, each text's first line."""
        async with self.core.database.reading() as tx:
            rows = await tx.rows(
                sa.select(outbox.c.payload)
                .where(
                    outbox.c.client_id == self.cast.clients[who.code],
                    outbox.c.kind == OutboxKind.CONVERSATION,
                )
                .order_by(outbox.c.id)
            )
        return [row["payload"]["text"].split("\n")[0] for row in rows]

    def says(self, text_id: str, who: Person = SELAM) -> str:
        return self.core.texts.say(text_id, who.language, coach=JOKE.name)


def morning(day: date) -> datetime:
    return to_utc(day, time(8, 30), AMSTERDAM)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Give a house in which everybody is linked and came into care on the 24th of November."""
    core = await open_core(f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}")
    diary = await Diary.begin(core, NOW)
    yield Office(core, diary.cast)
    await core.database.close()


# --- the talk about the goals ----------------------------------------------------------------


async def test_from_day_to_day_each_hears_of_the_talk_once_and_in_time(office: Office) -> None:
    plan = await office.plans()
    assert await office.until(END - 25 * DAY, END + 12 * DAY) == {
        "s-joke": ["03-02 plan", "24-02 close", "03-03 overdue"],
        "client": ["10-02 invite", "21-02 remind"],
    }
    assert await office.said() == [
        office.says("go.invite"),
        office.says("go.remind"),
        *[office.says("go.self")] * 2,
    ]
    assert await office.tasks() == {f"goal_talk:{plan.id}:1": 2}


async def test_the_task_of_the_talk_rises_with_the_days_and_ends_with_the_review(
    office: Office,
) -> None:
    plan = await office.plans()
    key = f"goal_talk:{plan.id}:1"
    levels = []
    for days in (-22, -21, 0, 6, 7):
        await office.asks(END + days * DAY)
        levels.append((await office.tasks()).get(key))
    assert levels == [None, 0, 1, 1, 2]
    await office.closes(day=END + 7 * DAY)
    assert await office.tasks() == {}
    assert await office.asks(END + 8 * DAY) == [
        GoalDue(
            await office.client(SELAM),
            GoalDuty.NO_GOALS,
            END,
            plan_id=plan.id,
            block=2,
            new=True,
        )
    ]


async def test_after_a_silence_nobody_is_told_what_was_overtaken(office: Office) -> None:
    await office.plans()
    await office.asks(END + 30 * DAY)
    assert await office.heard() == {"s-joke": ["26-03 close", "26-03 overdue"]}
    assert await office.said() == []


async def test_an_early_review_ends_the_prompts_of_its_block_and_moves_none_of_the_next(
    office: Office,
) -> None:
    await office.plans()
    await office.asks(END - 21 * DAY)
    await office.closes(day=END - 20 * DAY)
    await office.adds(SELAM, "Ik maak mijn cv af.")
    assert await office.until(END - 20 * DAY, date(2027, 5, 4)) == {
        "s-joke": ["03-02 plan", "03-05 plan"]
    }


async def test_what_is_overdue_is_said_to_each_coordinator_once_and_marked_once(
    office: Office,
) -> None:
    async with office.core.database.transaction() as tx:
        await people.insert_staff(
            tx, code="s-ans", name="Ans Kuiper", roles=(Role.COORDINATOR,), now=NOW
        )
    await office.plans()
    marks = []
    for days in (6, 7, 8):
        (due,) = await office.asks(END + days * DAY)
        marks.append((due.duty, due.late, due.new, due.escalated))
    assert marks == [
        (GoalDuty.CLOSE, False, True, False),
        (GoalDuty.CLOSE, True, False, True),
        (GoalDuty.CLOSE, True, False, False),
    ]
    async with office.core.database.transaction() as tx:
        await people.insert_staff(
            tx, code="s-aad", name="Aad Smit", roles=(Role.COORDINATOR,), now=NOW
        )
    (due,) = await office.asks(END + 9 * DAY)
    assert due.escalated, "a coordinator who came later is told too"
    assert await office.heard() == {
        "s-joke": ["02-03 close", "03-03 overdue"],
        "s-ans": ["03-03 overdue"],
        "s-aad": ["05-03 overdue"],
    }


async def test_a_new_coach_is_told_too_and_the_task_stays_one(office: Office) -> None:
    plan = await office.plans()
    await office.asks(END - 21 * DAY)
    async with office.core.database.transaction() as tx:
        await people.set_coach(
            tx, office.cast.selam, office.cast.staff[BRAM.code], now=morning(END)
        )
    (due,) = await office.asks(END - 20 * DAY, owner=BRAM)
    assert due.new
    assert await office.heard() == {"s-joke": ["03-02 plan"], "s-bram": ["04-02 plan"]}
    assert await office.tasks() == {f"goal_talk:{plan.id}:1": 0}


async def test_the_coach_who_is_away_keeps_the_task_that_her_stand_in_hears_of(
    office: Office,
) -> None:
    await office.plans()
    await office.asks(END, owner=BRAM)
    assert list(await office.heard()) == ["s-bram"]
    async with office.core.database.reading() as tx:
        row = await tx.row(sa.select(tasks.c.staff_id).where(tasks.c.kind == "goal_talk"))
    assert row is not None
    assert row["staff_id"] == office.cast.joke


# --- what the client hears -------------------------------------------------------------------


async def test_three_days_before_she_is_asked_how_each_open_goal_goes(office: Office) -> None:
    await office.plans(goals=3)
    goal = (await office.standing()).goals[0]
    async with office.core.database.transaction() as tx:
        await plans.set_goal_state(tx, goal.id, GoalState.REACHED, now=NOW)
    await office.asks(END - 3 * DAY)
    async with office.core.database.reading() as tx:
        rows = await tx.rows(
            sa.select(outbox.c.payload, outbox.c.valid_until)
            .where(outbox.c.kind == OutboxKind.CONVERSATION)
            .order_by(outbox.c.id)
        )
    heading, *asked = rows
    assert heading["payload"]["text"] == office.says("go.remind")
    assert [len(each["payload"]["reply_markup"]["inline_keyboard"]) for each in asked] == [2, 2]
    assert ["Ik leer 1" in each["payload"]["text"] for each in asked] == [True, False]
    assert {row["valid_until"] for row in rows} == {to_utc(END, time(), AMSTERDAM)}


async def test_on_a_shared_phone_no_goal_is_named_before_the_talk(office: Office) -> None:
    await office.plans()
    async with office.core.database.transaction() as tx:
        await people.update_client(tx, office.cast.selam, discreet=True)
    await office.asks(END - 3 * DAY)
    async with office.core.database.reading() as tx:
        (row,) = await tx.rows(
            sa.select(outbox.c.payload).where(outbox.c.kind == OutboxKind.CONVERSATION)
        )
    assert row["payload"]["text"] == office.says("go.remind")
    (((button,),)) = row["payload"]["reply_markup"]["inline_keyboard"]
    assert button["callback_data"] == "mn:goals"


async def test_who_has_no_live_chat_hears_as_soon_as_she_has_one_while_it_is_still_true(
    office: Office,
) -> None:
    await office.plans()
    async with office.core.database.transaction() as tx:
        link = await links.find_link(tx, client_id=office.cast.selam)
        assert link is not None
        await links.update_link(tx, link.id, state=LinkState.STOPPED)
    assert "client" not in await office.until(END - 14 * DAY, END - 8 * DAY)
    async with office.core.database.transaction() as tx:
        await links.update_link(tx, link.id, state=LinkState.ACTIVE)
    heard = await office.until(END - 7 * DAY, END + DAY)
    assert heard["client"] == ["17-02 invite", "21-02 remind"]


async def test_a_client_without_goals_hears_nothing(office: Office) -> None:
    await office.plans(goals=0)
    heard = await office.until(END - 21 * DAY, END + DAY)
    assert list(heard) == ["s-joke"]
    assert await office.said() == []


async def test_what_is_said_at_night_waits_for_the_morning(office: Office) -> None:
    await office.plans()
    night = to_utc(END - 14 * DAY, time(23), AMSTERDAM)
    await office.asks(END - 14 * DAY, now=night)
    async with office.core.database.reading() as tx:
        (row,) = await tx.rows(
            sa.select(outbox.c.not_before).where(outbox.c.kind == OutboxKind.CONVERSATION)
        )
    assert row["not_before"] == to_utc(END - 13 * DAY, time(7, 30), AMSTERDAM)


# --- a pause, the end of care ----------------------------------------------------------------


@pytest.mark.parametrize(
    "status",
    [ClientStatus.ON_HOLD, ClientStatus.AFTERCARE, ClientStatus.CLOSED, ClientStatus.AZC],
)
async def test_about_who_is_not_in_care_nobody_hears_anything(
    office: Office, status: ClientStatus
) -> None:
    await office.plans()
    await office.becomes(status, END - 22 * DAY)
    assert await office.until(END - 21 * DAY, END + 8 * DAY) == {}
    assert await office.tasks() == {}
    assert await office.said() == []


async def test_after_a_pause_the_talk_comes_when_the_shifted_block_ends(office: Office) -> None:
    plan = await office.plans()
    await office.becomes(ClientStatus.ON_HOLD, date(2027, 2, 1))
    await office.becomes(ClientStatus.ACTIVE, date(2027, 4, 2))
    async with office.core.database.transaction() as tx:
        standing = await office.standing()
        (shift,) = await list_shifts(tx, await office.client(SELAM), standing)
        await plans.update_plan(tx, replace(plan, shifts=(shift,)))
    heard = await office.until(date(2027, 4, 2), date(2027, 4, 24))
    assert heard == {"s-joke": ["04-04 plan"], "client": ["11-04 invite", "22-04 remind"]}


@pytest.mark.parametrize(
    ("status", "offered"), [(ClientStatus.ON_HOLD, [1]), (ClientStatus.AFTERCARE, [])]
)
async def test_only_a_pause_that_has_ended_may_shift_the_plan(
    office: Office, status: ClientStatus, offered: list[int]
) -> None:
    await office.plans()

    async def blocks() -> list[int]:
        async with office.core.database.reading() as tx:
            client = await office.client(SELAM)
            shifts = await list_shifts(tx, client, await office.standing())
        return [shift.block for shift in shifts]

    await office.becomes(status, START + 10 * DAY)
    assert await blocks() == []
    await office.becomes(ClientStatus.ACTIVE, START + 70 * DAY)
    assert await blocks() == offered


# --- a plan that is missing or over ----------------------------------------------------------


@pytest.mark.parametrize("status", [ClientStatus.INVITED, ClientStatus.ACTIVE])
async def test_after_more_than_30_days_in_care_without_a_plan_her_coach_has_a_task(
    office: Office, status: ClientStatus
) -> None:
    if status is ClientStatus.ACTIVE:
        await office.becomes(status, START + 5 * DAY)
    assert await office.asks(START + 30 * DAY) == []
    (due,) = await office.asks(START + 31 * DAY)
    assert (due.duty, due.day, due.new) == (GoalDuty.NO_PLAN, START, True)
    (again,) = await office.asks(START + 32 * DAY)
    assert not again.new
    assert await office.tasks() == {f"plan:{office.cast.selam}": 0}
    await office.plans(goals=1)
    assert await office.tasks() == {}
    assert await office.asks(START + 33 * DAY) == []


async def test_30_days_after_a_plan_was_ended_the_next_is_missed(office: Office) -> None:
    plan = await office.plans(goals=0)
    ended = START + 100 * DAY
    async with office.core.database.transaction() as tx:
        await planning.end(tx, await office.staff(JOKE), plan, today=ended, now=morning(ended))
    assert await office.asks(ended + 30 * DAY) == []
    (due,) = await office.asks(ended + 31 * DAY)
    assert (due.duty, due.day) == (GoalDuty.NO_PLAN, ended)
    assert await office.tasks() == {f"plan:{office.cast.selam}:{ended}": 0}


async def test_a_plan_that_is_over_is_listed_and_in_time_a_task(office: Office) -> None:
    await office.plans(route="coaching", goals=1)
    for number in range(3):
        await office.closes(day=END + number * 92 * DAY)
    over = date(2027, 7, 24)
    assert [due.duty for due in await office.asks(over)] == [GoalDuty.PLAN_OVER]
    assert await office.tasks() == {}
    (due,) = await office.asks(over + 31 * DAY)
    assert due.new
    assert await office.tasks() == {f"plan:{office.cast.selam}:{over}": 0}
    async with office.core.database.transaction() as tx:
        standing = await office.standing()
        await planning.extend(tx, await office.staff(JOKE), standing, 2, now=morning(over))
    assert await office.tasks() == {}


async def test_a_running_block_without_goals_is_listed_for_its_coach(office: Office) -> None:
    plan = await office.plans(goals=0)
    (due,) = await office.asks(START + DAY)
    assert (due.duty, due.block, due.plan_id) == (GoalDuty.NO_GOALS, 1, plan.id)
    assert await office.heard() == {}
    assert await office.tasks() == {f"no_goals:{plan.id}:1": 0}
    await office.adds(SELAM, "Ik kom elke dag op tijd.")
    assert await office.tasks() == {}
    assert await office.asks(START + DAY) == []


# --- the talks of a route --------------------------------------------------------------------


async def test_the_talks_of_week_20_and_40_are_said_when_they_may_and_when_they_must_be_held(
    office: Office,
) -> None:
    plan = await office.plans(route="voltijd", goals=0)
    await office.until(START + 130 * DAY, START + 141 * DAY)
    assert await office.heard("milestone") == {"s-joke": ["06-04 plan", "13-04 close"]}
    assert (await office.tasks())[f"milestone:{plan.id}:halfway"] == 1


async def test_a_client_hears_of_the_choice_once_there_is_an_appointment_for_it(
    office: Office,
) -> None:
    await office.plans(KHALED, route="voltijd", goals=0)
    day = START + 270 * DAY
    assert await office.until(day - 16 * DAY, day - 15 * DAY, KHALED)
    assert await office.said(KHALED) == []
    async with office.core.database.transaction() as tx:
        client = await office.client(KHALED)
        made, _ = await appointments.invite(
            office.core,
            tx,
            client,
            await office.staff(JOKE),
            kind=AppointmentKind.REVIEW,
            local_date=day,
            local_time=time(14),
            place=OFFICE,
            duration_minutes=45,
            now=morning(day - 15 * DAY),
        )
    await office.until(day - 14 * DAY, day, KHALED)
    async with office.core.database.reading() as tx:
        rows = await tx.rows(
            sa.select(outbox.c.payload, outbox.c.appointment_id, outbox.c.valid_until).where(
                outbox.c.kind == OutboxKind.CONVERSATION
            )
        )
    (told,) = rows
    assert "21-08-2027" in told["payload"]["text"]
    assert (told["appointment_id"], told["valid_until"]) == (made.id, made.starts_at)


async def test_on_a_shared_phone_nothing_is_said_of_the_choice(office: Office) -> None:
    await office.plans(KHALED, route="voltijd", goals=0)
    day = START + 270 * DAY
    async with office.core.database.transaction() as tx:
        await people.update_client(tx, office.cast.clients[KHALED.code], discreet=True)
        await appointments.invite(
            office.core,
            tx,
            await people.get_client(tx, office.cast.clients[KHALED.code]),
            await people.get_coach(tx, office.cast.clients[KHALED.code]),
            kind=AppointmentKind.REVIEW,
            local_date=day,
            local_time=time(14),
            place=OFFICE,
            duration_minutes=45,
            now=morning(day - 15 * DAY),
        )
    await office.until(day - 10 * DAY, day, KHALED)
    assert await office.said(KHALED) == []


# --- many clients, and what is refused -------------------------------------------------------


async def test_what_stands_open_comes_the_oldest_first_for_all_clients(office: Office) -> None:
    await office.plans(SELAM, start=date(2026, 12, 1))
    await office.plans(KHALED)
    found = await office.asks(date(2027, 3, 1), SELAM, KHALED, LAILA)
    assert [(due.client.code, due.duty, due.day) for due in found] == [
        (LAILA.code, GoalDuty.NO_PLAN, START),
        (KHALED.code, GoalDuty.CLOSE, END),
        (SELAM.code, GoalDuty.CLOSE, date(2027, 3, 1)),
    ]
    words = [service.due_words(office.core, due) for due in found]
    assert words[1] == "<b>K-0002 Khaled</b>: blok 1 eindigde 24-2-2027. Beoordeel de doelen."


@pytest.mark.parametrize("duty", list(GoalDuty))
@pytest.mark.parametrize("late", [False, True])
async def test_every_open_duty_has_its_words(office: Office, duty: GoalDuty, late: bool) -> None:
    due = GoalDue(
        await office.client(SELAM), duty, END, block=1, key="choice", name="Gesprek", late=late
    )
    assert "K-0001" in service.due_words(office.core, due)


async def test_a_second_plan_and_a_second_review_of_a_block_are_refused(office: Office) -> None:
    await office.plans()
    with pytest.raises(PlanError, match="has a plan already"):
        await office.plans()
    stale = await office.standing()
    await office.closes()
    goals = tuple(replace(goal, state=GoalState.REACHED) for goal in stale.goals)
    with pytest.raises(PlanError, match="was closed by somebody else"):
        async with office.core.database.transaction() as tx:
            await reviews.close_block(
                office.core,
                tx,
                await office.staff(JOKE),
                await office.client(SELAM),
                replace(stale, goals=goals),
                with_client=False,
                now=morning(END),
            )
    assert len((await office.standing()).reviewed) == 1


async def test_a_block_with_an_open_goal_or_long_before_its_end_is_not_closed(
    office: Office,
) -> None:
    await office.plans()
    coach, client, standing = (
        await office.staff(JOKE),
        await office.client(SELAM),
        await office.standing(),
    )
    decided = replace(
        standing,
        goals=tuple(replace(goal, state=GoalState.PARTLY) for goal in standing.goals),
    )
    for stand, day in ((standing, END), (decided, END - 31 * DAY)):
        with pytest.raises(PlanError, match="cannot be closed yet"):
            async with office.core.database.transaction() as tx:
                await reviews.close_block(
                    office.core, tx, coach, client, stand, with_client=True, now=morning(day)
                )
    assert (await office.standing()).reviewed == frozenset()


async def test_in_the_last_block_nothing_is_carried_on(office: Office) -> None:
    await office.plans(route="coaching")
    standing = await office.standing()
    last = replace(standing, plan=replace(standing.plan, lengths=(3,)))
    with pytest.raises(PlanError, match="extend the plan first"):
        async with office.core.database.transaction() as tx:
            await reviews.set_outcome(
                tx,
                await office.staff(JOKE),
                last,
                last.goals[0],
                GoalState.CARRIED,
                None,
                now=NOW,
            )


async def test_only_a_dropped_goal_keeps_a_reason(office: Office) -> None:
    await office.plans(goals=1)
    coach = await office.staff(JOKE)
    for state in (GoalState.DROPPED, GoalState.REACHED):
        standing = await office.standing()
        async with office.core.database.transaction() as tx:
            await reviews.set_outcome(
                tx,
                coach,
                standing,
                standing.goals[0],
                state,
                DropReason.OTHER_ROUTE,
                now=NOW,
            )
        (goal,) = (await office.standing()).goals
        assert goal.drop_reason == (
            DropReason.OTHER_ROUTE if goal.state is state.DROPPED else None
        )
