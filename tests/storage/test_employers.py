"""Companies, placements, contacts and their months, on both engines."""

from dataclasses import fields
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from bot.domain.employers import EmployerChannel, PlacementKind, PlacementOutcome
from bot.domain.errors import NotFoundError
from bot.domain.ids import EmployerId, PlacementId, StaffId
from bot.domain.months import Month
from bot.domain.periods import Exclusion, Period, PeriodState
from bot.storage import employer_periods, employers, people
from bot.storage.care_schema import employer_contacts, placement_notes
from bot.storage.database import Database, Transaction
from bot.storage.employers import Placed
from tests.cast import KHALED, LAILA, SANNE, SELAM
from tests.storage.rows import NOW, Cast, insert_cast, insert_staff

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
NOVEMBER, DECEMBER = Month(2026, 11), Month(2026, 12)
LATER = NOW + timedelta(days=1)


async def bakery(tx: Transaction, code: str = "zon", name: str = "Bakkerij Zon") -> EmployerId:
    """Store a company of Sanne's; she comes with the first one."""
    sanne = await people.find_staff(tx, SANNE.code)
    manager_id = sanne.id if sanne else await insert_staff(tx, SANNE)
    return await employers.insert_employer(
        tx, code=code, name=name, sector="voeding", manager_id=manager_id, now=NOW
    )


async def place(
    tx: Transaction,
    cast: Cast,
    employer_id: EmployerId,
    first: date = date(2026, 11, 2),
    last: date | None = None,
    *,
    code: str = SELAM.code,
    kind: PlacementKind = PlacementKind.LANGUAGE_PLACEMENT,
) -> bool:
    return await employers.insert_placement(
        tx,
        employer_id=employer_id,
        client_id=cast.clients[code],
        kind=kind,
        first_day=first,
        last_day=last,
        hours=16,
        now=NOW,
    )


async def speak(
    tx: Transaction, employer_id: EmployerId, day: date, staff_id: StaffId | None = None
) -> bool:
    sanne = await people.find_staff(tx, SANNE.code)
    assert sanne is not None
    return await employers.insert_contact(
        tx,
        employer_id=employer_id,
        day=day,
        channel=EmployerChannel.VISIT,
        staff_id=staff_id or sanne.id,
        now=NOW,
    )


async def test_a_company_is_found_by_code_id_and_manager_and_can_change(
    database: Database,
) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        zon = await bakery(tx)
        await bakery(tx, "aarde", "Aarde & Zn")
        found = await employers.find_employer(tx, "zon")
        assert found is not None
        assert (found.id, found.name, found.sector) == (zon, "Bakkerij Zon", "voeding")
        assert await employers.get_employer(tx, zon) == found
        assert await employers.find_employer(tx, "maan") is None
        with pytest.raises(NotFoundError, match="no company 404"):
            await employers.get_employer(tx, EmployerId(404))
        names = [each.name for each in await employers.list_employers(tx)]
        assert names == ["Aarde & Zn", "Bakkerij Zon"]
        assert await employers.list_employers(tx, ids=[zon]) == [found]
        assert await employers.list_employers(tx, managers=[cast.joke]) == []
        await employers.update_employer(
            tx, zon, name="Bakkerij Maan", sector="", manager_id=cast.joke
        )
        [changed] = await employers.list_employers(tx, managers=[cast.joke])
        assert (changed.code, changed.name, changed.sector) == ("zon", "Bakkerij Maan", "")
        assert set(await employers.list_managers(tx)) == {found.manager_id, cast.joke}
        assert (await employers.list_created(tx))[zon] == NOW
        assert set(await employers.list_created(tx, [zon])) == {zon}


async def test_a_placement_is_kept_once_and_its_end_can_change(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        zon = await bakery(tx)
        assert [await place(tx, cast, zon), await place(tx, cast, zon)] == [True, False]
        assert await place(tx, cast, zon, kind=PlacementKind.PAID)
        first, second = await employers.list_placements(tx, zon, cast.selam)
        assert (first.kind, first.first_day, first.last_day, first.hours) == (
            PlacementKind.LANGUAGE_PLACEMENT,
            date(2026, 11, 2),
            None,
            16,
        )
        await employers.update_placement(tx, first.id, last_day=LAST, hours=None)
        changed = await employers.get_placement(tx, first.id)
        assert (changed.last_day, changed.hours) == (LAST, None)
        assert (await employers.get_placement(tx, second.id)).last_day is None
        with pytest.raises(NotFoundError, match="no placement 404"):
            await employers.get_placement(tx, PlacementId(404))


def test_of_somebody_placed_only_the_name_and_the_placement_are_read() -> None:
    assert {each.name for each in fields(Placed)} == {
        "id",
        "name",
        "kind",
        "first_day",
        "last_day",
    }


@pytest.mark.parametrize(
    ("first", "last", "is_there"),
    [
        (date(2026, 9, 1), None, True),
        (date(2026, 9, 1), date(2026, 10, 31), False),
        (date(2026, 9, 1), FIRST, True),
        (LAST, None, True),
        (date(2026, 12, 1), None, False),
    ],
)
async def test_who_is_placed_on_any_of_some_days_is_listed(
    database: Database, first: date, last: date | None, *, is_there: bool
) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        zon, maan = await bakery(tx), await bakery(tx, "maan")
        await place(tx, cast, zon, first, last)
        names = [each.name for each in await employers.list_placed(tx, zon, FIRST, LAST)]
        assert names == (["Selam"] if is_there else [])
        assert await employers.list_placed(tx, maan, FIRST, LAST) == []


async def test_placements_that_last_beyond_a_day_are_given_by_company(
    database: Database,
) -> None:
    cast = await insert_cast(database)
    early, late = date(2026, 9, 1), date(2026, 12, 1)
    async with database.transaction() as tx:
        zon, maan = await bakery(tx), await bakery(tx, "maan")
        await place(tx, cast, zon, early, date(2026, 10, 31))
        await place(tx, cast, zon, early, FIRST, code=KHALED.code)
        await place(tx, cast, zon, late, code=LAILA.code)
        await place(tx, cast, maan, early)
        spans = await employers.list_spans(tx, FIRST)
        assert {key: sorted(value) for key, value in spans.items()} == {
            zon: [(early, FIRST), (late, None)],
            maan: [(early, None)],
        }
        assert set(await employers.list_spans(tx, FIRST, [maan])) == {maan}


async def test_a_colleague_finds_only_those_with_whom_she_works(database: Database) -> None:
    cast = await insert_cast(database)
    bram = cast.staff["s-bram"]
    async with database.transaction() as tx:
        zon, maan = await bakery(tx), await bakery(tx, "maan")
        for code in (SELAM.code, KHALED.code, LAILA.code):
            await place(tx, cast, zon, code=code)
        await place(tx, cast, maan, code=KHALED.code)
        await place(tx, cast, maan, date(2026, 9, 1), date(2026, 9, 30), code=LAILA.code)
        await people.insert_involvement(tx, cast.selam, bram, now=NOW)

        async def seen(employer_id: EmployerId) -> list[str]:
            found = await employers.list_placed(tx, employer_id, FIRST, LAST, linked_with=bram)
            return [each.name for each in found]

        assert await seen(zon) == ["Laila", "Selam"], "his own client, and the one he works with"
        assert await seen(maan) == []
        assert await employers.list_linked_employers(tx, bram, FIRST, LAST) == [zon]
        september = (date(2026, 9, 1), date(2026, 9, 30))
        assert await employers.list_linked_employers(tx, bram, *september) == [maan]
        khaled = cast.clients[KHALED.code]
        await people.set_coach(tx, khaled, bram, now=LATER)
        assert await seen(maan) == ["Khaled"]
        await people.set_coach(tx, khaled, cast.joke, now=LATER)
        assert await seen(maan) == [], "who was her coach before is not any more"


async def test_a_company_has_one_record_a_day_and_the_first_one_stays(
    database: Database,
) -> None:
    cast = await insert_cast(database)
    today = date(2026, 11, 24)
    async with database.transaction() as tx:
        zon, maan = await bakery(tx), await bakery(tx, "maan")
        assert await speak(tx, zon, today)
        assert not await speak(tx, zon, today, cast.joke)
        assert await speak(tx, maan, today, cast.joke)
        assert await speak(tx, zon, date(2026, 11, 3))
        assert await speak(tx, zon, date(2026, 10, 30))
        latest = await employers.find_contact(tx, zon, FIRST, LAST)
        assert latest is not None
        assert (latest.day, latest.channel) == (today, EmployerChannel.VISIT)
        assert latest.staff_id != cast.joke
        assert await employers.find_contact(tx, zon, date(2026, 11, 4), date(2026, 11, 5)) is None
        days = await employers.list_contact_days(tx, FIRST)
        assert days == {zon: [date(2026, 11, 3), today], maan: [today]}
        assert set(await employers.list_contact_days(tx, FIRST, [maan])) == {maan}
        count = sa.select(sa.func.count()).select_from(employer_contacts)
        assert await tx.number(count) == 4


async def test_how_a_placement_goes_is_kept_once_a_contact_and_the_last_word_counts(
    database: Database,
) -> None:
    cast = await insert_cast(database)
    good, attention = PlacementOutcome.GOOD, PlacementOutcome.ATTENTION
    async with database.transaction() as tx:
        zon = await bakery(tx)
        await place(tx, cast, zon)
        [placed] = await employers.list_placed(tx, zon, FIRST, LAST)
        for day in (date(2026, 11, 24), date(2026, 11, 10), date(2026, 10, 6)):
            await speak(tx, zon, day)
        early = await employers.find_contact(tx, zon, FIRST, date(2026, 11, 10))
        late = await employers.find_contact(tx, zon, FIRST, LAST)
        before = await employers.find_contact(tx, zon, date(2026, 10, 1), date(2026, 10, 31))
        assert early is not None
        assert late is not None
        assert before is not None
        await employers.put_note(tx, before, placed.id, PlacementOutcome.STOPS)
        assert await employers.list_notes(tx, zon, FIRST, LAST) == {}
        assert await employers.put_note(tx, late, placed.id, attention)
        assert not await employers.put_note(tx, late, placed.id, attention), "nothing changed"
        assert await employers.put_note(tx, early, placed.id, good)
        assert await employers.list_notes(tx, zon, FIRST, LAST) == {placed.id: attention}
        assert await employers.put_note(tx, late, placed.id, good)
        assert await employers.list_notes(tx, zon, FIRST, LAST) == {placed.id: good}
        count = sa.select(sa.func.count()).select_from(placement_notes)
        assert await tx.number(count) == 3


async def test_a_frozen_month_of_a_company_never_changes(database: Database) -> None:
    await insert_cast(database)
    target = date(2026, 11, 13)
    missed = Period(NOVEMBER, PeriodState.MISSED, 0, target)
    met = Period(NOVEMBER, PeriodState.MET, 0, target, satisfied_on=target)
    free = Period(DECEMBER, PeriodState.EXCLUDED, 0, exclusion=Exclusion.NOT_IN_CARE)
    async with database.transaction() as tx:
        zon, maan = await bakery(tx), await bakery(tx, "maan")
        await employer_periods.save_period(tx, zon, missed, now=NOW)
        await employer_periods.save_period(tx, zon, met, now=NOW)
        await employer_periods.save_period(tx, zon, free, now=NOW)
        await employer_periods.save_period(tx, maan, missed, now=NOW)
        assert await employer_periods.last_frozen(tx) == {}
        await employer_periods.save_period(tx, zon, met, now=NOW, frozen_at=NOW)
        await employer_periods.save_period(tx, zon, missed, now=LATER, frozen_at=LATER)
        kept = await employer_periods.list_periods(tx, NOVEMBER)
        assert {key: (each.period, each.frozen_at) for key, each in kept.items()} == {
            (zon, NOVEMBER): (met, NOW),
            (zon, DECEMBER): (free, None),
            (maan, NOVEMBER): (missed, None),
        }
        assert set(await employer_periods.list_periods(tx, DECEMBER)) == {(zon, DECEMBER)}
        assert set(await employer_periods.list_periods(tx, NOVEMBER, [maan])) == {(maan, NOVEMBER)}
        assert await employer_periods.last_frozen(tx) == {zon: NOVEMBER}
        assert await employer_periods.last_frozen(tx, [maan]) == {}
