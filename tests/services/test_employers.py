"""The monthly contact with companies: how months run and freeze, and who hears of which."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, time, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.contacts import ContactError, Refusal
from bot.domain.employers import Employer, EmployerChannel
from bot.domain.errors import NotFoundError
from bot.domain.ladder import Hears, Rung
from bot.domain.localtime import is_working_day
from bot.domain.months import Month
from bot.domain.people import Role
from bot.domain.periods import Light, PeriodState
from bot.services import employers as service
from bot.services.employer_import import COLUMNS, EmployerReport, import_employers
from bot.services.employers import EmployerDue, Seat
from bot.storage import employer_periods, employers, people, statuses
from bot.storage.care_schema import employer_contacts
from bot.storage.care_schema import employer_periods as periods_table
from bot.storage.schema import audit_events, staff, tasks
from tests.cast import BRAM, DAAN, JOKE, LAILA, SANNE, SELAM, Person
from tests.support.care import Care, open_care

ZON = "zon,Bakkerij Zon,voeding,s-sanne"
TASK = "employer"


def november(day: int) -> date:
    return date(2026, 11, day)


def december(day: int) -> date:
    return date(2026, 12, day)


class Office(Care):
    """The same organisation, with companies."""

    async def imports(self, *rows: str) -> EmployerReport:
        return await import_employers(self.core, "\n".join((",".join(COLUMNS), *rows)), self.now)

    async def company(self, code: str = "zon") -> Employer:
        async with self.core.database.reading() as tx:
            found = await employers.find_employer(tx, code)
        assert found is not None
        return found

    async def talks(self, day: date, by: Person = SANNE, code: str = "zon") -> bool:
        """Put a contact with a company on record."""
        person, company = await self.staff(by), await self.company(code)
        async with self.core.database.transaction() as tx:
            return await service.record_contact(
                self.core,
                tx,
                person.id,
                company.id,
                day=day,
                channel=EmployerChannel.PHONE,
                now=self.now,
            )

    async def refreshes(self) -> None:
        async with self.core.database.transaction() as tx:
            await service.refresh_employers(self.core, tx, today=self.today, now=self.now)

    async def prompts(self, *everyone: Person) -> list[EmployerDue]:
        """Let a morning come for these colleagues, Sanne if nobody is named."""
        found: list[EmployerDue] = []
        for person in everyone or (SANNE,):
            who = await self.staff(person)
            async with self.core.database.transaction() as tx:
                found += await service.employer_prompts(
                    self.core, tx, who, today=self.today, now=self.now
                )
        return found

    async def mornings(self, first: date, last: date, *everyone: Person) -> None:
        """Let every working day's morning come."""
        day = first
        while day <= last:
            if is_working_day(day, self.core.config.hours.closed):
                self.at(day, time(8, 30))
                await self.refreshes()
                await self.prompts(*everyone)
            day += timedelta(days=1)
        self.at(last)

    async def states(self, code: str = "zon") -> dict[str, tuple[str, bool]]:
        """Return each kept month of a company, and whether it is frozen."""
        company = await self.company(code)
        async with self.core.database.reading() as tx:
            kept = await employer_periods.list_periods(tx, Month(2000, 1), [company.id])
        return {
            str(month): (each.period.state.value, each.frozen_at is not None)
            for (_, month), each in sorted(kept.items(), key=lambda item: item[0][1])
        }

    async def owned(self) -> list[tuple[str, str, int]]:
        """Return the open tasks about companies: key, whose, and how far escalated."""
        async with self.core.database.reading() as tx:
            rows = await tx.rows(
                sa.select(tasks.c.key, staff.c.code, tasks.c.level)
                .join(staff, staff.c.id == tasks.c.staff_id)
                .where(tasks.c.kind == TASK, tasks.c.done_at.is_(None))
                .order_by(tasks.c.key)
            )
        return [(row["key"], row["code"], row["level"]) for row in rows]

    async def leaves(self, person: Person) -> None:
        """Close somebody's account."""
        async with self.core.database.transaction() as tx:
            await tx.run(sa.update(staff).where(staff.c.code == person.code).values(active=False))

    async def seats(self, person: Person) -> dict[str, Seat]:
        """Return the companies on somebody's list, each checked to be open to them as well."""
        who = await self.staff(person)
        async with self.core.database.reading() as tx:
            core, today, now = self.core, self.today, self.now
            found = await service.list_seats(core, tx, who, today=today, now=now)
            for company, seat in found:
                here = await service.find_seat(core, tx, who, company, today=today, now=now)
                assert here is seat
        return {company.code: seat for company, seat in found}


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Give an organisation on the second of November in which Selam is placed at Zon."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}"
    async with open_care(url, november(2)) as care:
        opened = Office(care.core, care.now)
        await opened.comes(SELAM)
        await opened.imports(f"{ZON},K-0001,taalstage,2026-11-02,,16")
        yield opened


async def brings(office: Office, person: Person, role: Role) -> None:
    """Add a colleague in one more role."""
    async with office.core.database.transaction() as tx:
        await people.insert_staff(
            tx, code=person.code, name=person.name, roles=(role,), now=office.now
        )


JOB_COACH = Person("s-jip", "Jip Mulder", "job_coach", SANNE.language, SANNE.chat_id)


# --- months ----------------------------------------------------------------------------------


async def test_a_contact_satisfies_its_month_and_closes_the_task(office: Office) -> None:
    await office.mornings(november(2), november(17))
    assert await office.states() == {"2026-11": ("almost_late", False)}
    assert await office.owned() == [("employer:1:2026-11", "s-sanne", 0)]

    assert await office.talks(november(17))

    assert await office.states() == {"2026-11": ("met", False)}
    assert await office.owned() == []
    await office.mornings(november(18), november(30))
    assert await office.owned() == []


async def test_a_month_is_frozen_when_the_office_closes_on_the_fifth_working_day(
    office: Office,
) -> None:
    await office.mornings(november(2), december(7))
    office.at(december(7), time(16, 59))
    await office.refreshes()
    assert (await office.states())["2026-11"] == ("missed", False)
    assert ("employer:1:2026-11", "s-sanne", 2) in await office.owned()

    office.at(december(7), time(17, 0))
    await office.refreshes()

    assert (await office.states())["2026-11"] == ("missed", True)
    assert await office.owned() == [], "nothing can be done about it any more"


async def test_a_frozen_month_stays_whatever_is_brought_in_later(office: Office) -> None:
    await office.mornings(november(2), december(8))
    before = await office.states()
    await office.imports(f"{ZON},K-0001,taalstage,2026-11-02,2026-11-02,16")
    with pytest.raises(ContactError):
        await office.talks(november(30))
    await office.refreshes()
    assert (await office.states())["2026-11"] == before["2026-11"] == ("missed", True)
    assert (await office.states())["2026-12"] == ("excluded", False), "the placement ended"


async def test_a_talk_of_last_month_can_be_recorded_until_it_is_frozen(office: Office) -> None:
    await office.mornings(november(2), december(3))
    assert (await office.states())["2026-11"] == ("missed", False)
    assert await office.talks(november(27))
    assert (await office.states())["2026-11"] == ("met", False)
    assert "employer:1:2026-11" not in [key for key, _, _ in await office.owned()]


async def test_months_in_which_nothing_ran_are_made_up_for(office: Office) -> None:
    assert await office.talks(november(2))
    office.at(date(2027, 2, 1))
    await office.refreshes()
    assert await office.states() == {
        "2026-11": ("met", True),
        "2026-12": ("missed", True),
        "2027-01": ("missed", False),
        "2027-02": ("open", False),
    }


async def test_a_company_counts_from_the_month_in_which_it_was_brought_in(
    office: Office,
) -> None:
    office.at(december(1))
    await office.imports("maan,Maan BV,bouw,s-sanne,K-0001,werkstage,2026-09-01,,")
    assert await office.states("maan") == {"2026-12": ("open", False)}


async def test_only_what_changed_is_written_again(office: Office) -> None:
    async def written() -> list[object]:
        async with office.core.database.reading() as tx:
            return [row["changed_at"] for row in await tx.rows(sa.select(periods_table))]

    before = await written()
    office.at(november(3))
    await office.refreshes()
    assert await written() == before
    office.at(november(14))
    await office.refreshes()
    assert await written() != before


# --- what is recorded ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        pytest.param("2026-12-09", Refusal.FUTURE, id="tomorrow"),
        pytest.param("2027-12-08", Refusal.FUTURE, id="next year"),
        pytest.param("2026-11-30", Refusal.FROZEN, id="the last day of a frozen month"),
        pytest.param("1999-01-01", Refusal.FROZEN, id="long ago"),
    ],
)
async def test_a_contact_that_cannot_be_is_refused_and_nothing_is_kept(
    office: Office, day: str, reason: Refusal
) -> None:
    office.at(december(8))
    with pytest.raises(ContactError) as caught:
        await office.talks(date.fromisoformat(day))
    assert caught.value.reason is reason
    async with office.core.database.reading() as tx:
        assert await tx.rows(sa.select(employer_contacts)) == []


async def test_of_two_who_record_it_at_once_one_remains(office: Office) -> None:
    async with asyncio.TaskGroup() as group:
        both = [
            group.create_task(office.talks(november(2), by=person)) for person in (SANNE, BRAM)
        ]
    assert sorted(task.result() for task in both) == [False, True]
    async with office.core.database.reading() as tx:
        assert len(await tx.rows(sa.select(employer_contacts))) == 1


async def test_a_contact_leaves_a_trail(office: Office) -> None:
    await office.talks(november(2))
    async with office.core.database.reading() as tx:
        rows = await tx.rows(
            sa.select(audit_events.c.object).where(audit_events.c.action == "employer_contact")
        )
    assert [row["object"] for row in rows] == ["employer:1:2026-11-02"]


# --- who hears -------------------------------------------------------------------------------


async def test_each_rung_is_told_once_to_whom_it_concerns(office: Office) -> None:
    async with office.core.database.transaction() as tx:
        sanne, bram = await office.staff(SANNE), await office.staff(BRAM)
        await statuses.set_backup(tx, sanne.id, bram.id)
    await office.mornings(november(2), november(30), SANNE, BRAM, JOKE, DAAN)
    assert await office.prompted(TASK) == [
        ("plan", "s-sanne", november(6)),
        ("due", "s-sanne", november(13)),
        ("overdue", "s-sanne", november(18)),
        ("overdue", "s-bram", november(18)),
        ("escalated", "s-joke", november(20)),
        ("month_end", "s-sanne", november(26)),
        ("month_end", "s-joke", november(26)),
    ]
    assert await office.owned() == [("employer:1:2026-11", "s-sanne", 2)]


async def test_what_is_open_today_comes_with_who_is_to_know(office: Office) -> None:
    office.at(november(5))
    assert await office.prompts() == []
    office.at(november(18))
    [due] = await office.prompts()
    sanne = await office.staff(SANNE)
    assert (due.company.employer.code, due.company.placements, due.late) == ("zon", 1, True)
    assert (due.rungs, due.hears) == ((Rung.OVERDUE,), (Hears.OWNER, Hears.BACKUP))
    assert due.new == {(Rung.OVERDUE, sanne.id)}
    [again] = await office.prompts()
    assert again.new == frozenset()


async def test_while_the_manager_is_away_the_stand_in_has_it_and_gives_it_back(
    office: Office,
) -> None:
    await office.mornings(november(2), november(6))
    await office.is_away(SANNE, november(9), november(13), BRAM)
    await office.mornings(november(9), november(10))
    assert [owner for _, owner, _ in await office.owned()] == ["s-sanne"], "not within two days"
    assert BRAM.code not in [hearer for _, hearer, _ in await office.prompted(TASK)]
    assert await office.seats(BRAM) == {}

    await office.mornings(november(11), november(13))

    assert [owner for _, owner, _ in await office.owned()] == ["s-bram"]
    assert ("due", "s-bram", november(13)) in await office.prompted(TASK)
    assert await office.seats(BRAM) == {"zon": Seat.MANAGER}
    await office.mornings(november(16), november(16))
    assert [owner for _, owner, _ in await office.owned()] == ["s-sanne"]


async def test_without_a_stand_in_the_coordinators_have_it(office: Office) -> None:
    await office.is_away(SANNE, november(2), november(30), None)
    await office.mornings(november(9), november(9))
    assert [owner for _, owner, _ in await office.owned()] == ["s-joke"]
    assert await office.prompted(TASK) == [("plan", "s-joke", november(9))]


async def test_the_companies_of_who_is_gone_fall_to_the_coordinators(office: Office) -> None:
    await office.mornings(november(2), november(6))
    await office.leaves(SANNE)
    await office.mornings(november(9), november(9), BRAM, JOKE, DAAN)
    assert [owner for _, owner, _ in await office.owned()] == ["s-joke"]
    assert ("plan", "s-joke", november(9)) in await office.prompted(TASK)
    assert await office.seats(JOKE) == {"zon": Seat.MANAGER}


async def test_a_task_closed_too_early_is_open_again_the_next_morning(office: Office) -> None:
    await office.mornings(november(2), november(9))
    async with office.core.database.transaction() as tx:
        await tx.run(sa.update(tasks).where(tasks.c.kind == TASK).values(done_at=office.now))
    assert await office.owned() == []
    await office.mornings(november(10), november(10))
    assert await office.owned() == [("employer:1:2026-11", "s-sanne", 0)]


async def test_a_placement_that_turns_out_to_have_ended_takes_its_task_along(
    office: Office,
) -> None:
    await office.imports("maan,Maan BV,bouw,s-sanne,K-0001,werkstage,2026-10-05,,")
    await office.mornings(november(2), november(9))
    assert len(await office.owned()) == 2
    await office.imports("maan,,,,K-0001,werkstage,2026-10-05,2026-10-30,")
    assert [key for key, _, _ in await office.owned()] == ["employer:1:2026-11"]
    assert await office.states("maan") == {"2026-11": ("excluded", False)}
    await office.imports("maan,,,,K-0001,werkstage,2026-10-05,2026-11-06,")
    await office.mornings(november(10), november(10))
    assert len(await office.owned()) == 2, "one day of the month is enough to be due again"


# --- who looks at it -------------------------------------------------------------------------


async def test_everybody_sees_their_own_companies_in_their_own_capacity(office: Office) -> None:
    await office.comes(LAILA, coach=BRAM)
    await brings(office, JOB_COACH, Role.JOB_COACH)
    await office.imports("maan,Maan BV,bouw,s-sanne,K-0004,werkstage,2026-11-03,,")
    jip, selam = await office.staff(JOB_COACH), await office.client(SELAM)
    async with office.core.database.transaction() as tx:
        await people.insert_involvement(tx, selam.id, jip.id, now=office.now)
        await people.insert_involvement(
            tx, selam.id, (await office.staff(DAAN)).id, now=office.now
        )
    office.at(november(9))
    assert await office.seats(SANNE) == {"maan": Seat.MANAGER, "zon": Seat.MANAGER}
    assert await office.seats(JOB_COACH) == {"zon": Seat.LINKED}
    assert await office.seats(JOKE) == {"maan": Seat.COORDINATOR, "zon": Seat.COORDINATOR}
    assert await office.seats(BRAM) == {}, "a coach hears of worries by a task"
    assert await office.seats(DAAN) == {}, "nor does a workplace trainer record it"

    async with office.core.database.reading() as tx:
        for person in (JOB_COACH, BRAM, DAAN):
            with pytest.raises(NotFoundError, match="maan is not with"):
                await service.find_seat(
                    office.core,
                    tx,
                    await office.staff(person),
                    await office.company("maan"),
                    today=office.today,
                    now=office.now,
                )


async def test_a_standing_deputy_may_open_what_is_not_on_the_own_list(office: Office) -> None:
    sanne, bram = await office.staff(SANNE), await office.staff(BRAM)
    async with office.core.database.transaction() as tx:
        await statuses.set_backup(tx, sanne.id, bram.id)
    assert await office.seats(BRAM) == {}
    async with office.core.database.reading() as tx:
        seat = await service.find_seat(
            office.core, tx, bram, await office.company(), today=office.today, now=office.now
        )
    assert seat is Seat.MANAGER


@pytest.mark.parametrize(
    ("day", "spoken", "light"),
    [
        (november(5), False, Light.GREEN),
        (november(6), False, Light.AMBER),
        (november(13), False, Light.AMBER),
        (november(14), False, Light.RED),
        (november(14), True, Light.GREEN),
    ],
)
async def test_a_light_says_whether_it_is_to_be_planned_or_late(
    office: Office, day: date, *, spoken: bool, light: Light
) -> None:
    if spoken:
        await office.talks(november(2))
    async with office.core.database.reading() as tx:
        [company] = await service.list_standings(office.core, tx, [await office.company()], day)
    assert service.light_of_employer(office.core, company.period, day) is light


async def test_where_nobody_is_placed_the_light_is_grey(office: Office) -> None:
    await office.imports("maan,Maan BV,bouw,s-sanne,,,,,")
    async with office.core.database.reading() as tx:
        maan = await office.company("maan")
        [company] = await service.list_standings(office.core, tx, [maan], november(20))
    assert company.period.state is PeriodState.EXCLUDED
    assert service.light_of_employer(office.core, company.period, november(20)) is Light.GREY
