"""Clients by how their month stands: whose, in which order, and in pages."""

from datetime import date, time, timedelta

import pytest
import sqlalchemy as sa

from bot.domain.appointments import AppointmentState
from bot.domain.contacts import Channel
from bot.domain.ids import ClientId, StaffId
from bot.domain.languages import FARSI
from bot.domain.months import Month
from bot.domain.people import ClientStatus, Role
from bot.domain.periods import Exclusion, Period, PeriodState
from bot.storage import appointments, caseload, contacts, people, periods, statuses
from bot.storage.database import Database, Transaction
from tests.cast import BRAM, JOKE, KHALED, LAILA, MARYAM, SELAM
from tests.storage.rows import NOW, OFFICE, Cast, insert_appointment, insert_cast

TODAY = NOW.date()
MONTH = Month.of(TODAY)
DAY = timedelta(days=1)


async def counted(
    tx: Transaction, client_id: ClientId, state: PeriodState, target: int | None = None
) -> None:
    """Keep how a client's month stands."""
    excluded = state is PeriodState.EXCLUDED
    period = Period(
        MONTH,
        state,
        30,
        target=None if target is None else MONTH.day(target),
        satisfied_on=MONTH.day(2) if state is PeriodState.MET else None,
        exclusion=Exclusion.ON_HOLD if excluded else None,
    )
    await periods.save_periods(tx, [(client_id, period)], now=NOW)


async def speaks(
    tx: Transaction, client_id: ClientId, staff_id: StaffId, day: date, *, counts: bool = True
) -> None:
    """Put a conversation on record."""
    await contacts.insert_contact(
        tx,
        client_id=client_id,
        day=day,
        channel=Channel.PHONE,
        role=Role.COACH,
        staff_id=staff_id,
        theme=None,
        counts=counts,
        now=NOW,
    )


async def another(
    tx: Transaction, code: str, name: str, coach_id: StaffId, **more: ClientStatus
) -> ClientId:
    return await people.insert_client(
        tx,
        code=code,
        name=name,
        language=FARSI,
        coach_id=coach_id,
        today=TODAY,
        now=NOW,
        **more,
    )


async def codes(tx: Transaction, staff_id: StaffId, begins: str = "") -> list[str]:
    lines = await caseload.list_clients(tx, staff_id, begins, today=TODAY, limit=50, offset=0)
    assert await caseload.count_clients(tx, staff_id, begins) == len(lines)
    return [line.client.code for line in lines]


async def test_who_is_late_comes_first_then_by_target_then_who_is_spoken_to(
    database: Database,
) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        for code, state, target in (
            ("K-0001", PeriodState.MET, 1),
            ("K-0002", PeriodState.OPEN, 27),
            ("K-0003", PeriodState.ALMOST_LATE, 20),
            ("K-0005", PeriodState.PLANNED, 26),
            ("K-0006", PeriodState.EXCLUDED, None),
            ("K-0007", PeriodState.ALMOST_LATE, 18),
            ("K-0008", None, None),
        ):
            client_id = cast.clients.get(code) or await another(tx, code, code, cast.joke)
            if state is not None:
                await counted(tx, client_id, state, target)
        assert await codes(tx, cast.joke) == [
            "K-0007",
            "K-0003",
            "K-0005",
            "K-0002",
            "K-0001",
            "K-0006",
            "K-0008",
        ]
        second = await caseload.list_clients(tx, cast.joke, today=TODAY, limit=2, offset=2)
        assert [line.client.code for line in second] == ["K-0005", "K-0002"]


async def test_only_the_month_at_hand_decides(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        earlier = Period(MONTH.plus(-1), PeriodState.MISSED, 30, target=MONTH.plus(-1).day(20))
        later = Period(MONTH.plus(1), PeriodState.OPEN, 30, target=MONTH.plus(1).day(3))
        await periods.save_periods(tx, [(cast.selam, earlier), (cast.selam, later)], now=NOW)
        line = await caseload.get_line(tx, cast.selam, today=TODAY)
    assert line.period is None


async def test_somebodys_clients_are_those_of_now_and_whom_they_work_with(
    database: Database,
) -> None:
    cast = await insert_cast(database)
    laila, khaled = cast.clients[LAILA.code], cast.clients[KHALED.code]
    async with database.transaction() as tx:
        await people.insert_involvement(tx, laila, cast.joke, now=NOW)
        await people.insert_involvement(tx, cast.selam, cast.joke, now=NOW)
        await people.set_coach(tx, khaled, cast.staff[BRAM.code], now=NOW)
        closed = await another(tx, "K-0009", "Weg", cast.joke)
        await statuses.change_status(tx, closed, ClientStatus.CLOSED, today=TODAY, now=NOW)
        assert sorted(await codes(tx, cast.joke)) == [SELAM.code, MARYAM.code, LAILA.code]


@pytest.mark.parametrize(
    ("begins", "found"),
    [
        ("sel", ["K-0001"]),
        ("SELAM", ["K-0001"]),
        ("k-0002", ["K-0002"]),
        ("K-000", ["K-0002", "K-0003", "K-0001"]),
        ("lam", []),
        ("%", []),
        ("_", []),
        ("'; --", []),
        ("Laila", []),
    ],
)
async def test_a_list_is_narrowed_by_how_a_name_or_a_code_begins(
    database: Database, begins: str, found: list[str]
) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        assert await codes(tx, cast.joke, begins) == found


async def test_pages_hold_every_client_once_also_when_all_stand_alike(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        for number in range(10, 17):
            client_id = await another(tx, f"K-{number:04}", "Amina", cast.joke)
            await counted(tx, client_id, PeriodState.OPEN, 25)
        seen = [
            line.client.code
            for offset in (0, 4, 8, 12)
            for line in await caseload.list_clients(
                tx, cast.joke, today=TODAY, limit=4, offset=offset
            )
        ]
    assert len(seen) == len(set(seen)) == 10


async def test_a_line_holds_what_both_clocks_are_read_from(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        await counted(tx, cast.selam, PeriodState.PLANNED, 20)
        await speaks(tx, cast.selam, cast.joke, TODAY - 40 * DAY)
        await speaks(tx, cast.selam, cast.joke, TODAY - 3 * DAY, counts=False)
        await speaks(tx, cast.selam, cast.joke, TODAY - 2 * DAY)
        taken_back = await contacts.find_counting(tx, cast.selam, TODAY - 2 * DAY, TODAY)
        assert taken_back is not None
        await contacts.withdraw_contact(tx, taken_back.id, cast.joke, now=NOW)
        await insert_appointment(tx, cast)
        line = await caseload.get_line(tx, cast.selam, today=TODAY)
    assert line.period is not None
    assert (line.period.state, line.period.target) == (PeriodState.PLANNED, MONTH.day(20))
    assert line.last_talk == TODAY - 40 * DAY
    assert line.in_care_since == TODAY
    assert line.meets_on == TODAY + DAY
    assert (line.client.code, line.client.check_in) == (SELAM.code, False)


@pytest.mark.parametrize(
    ("days", "state", "meets"),
    [
        ((-3, 2, 4), AppointmentState.INVITED, 2),
        ((-3, -1), AppointmentState.CONFIRMED, -1),
        ((0,), AppointmentState.INVITED, 0),
        ((2,), AppointmentState.CANCELLED, None),
        ((2,), AppointmentState.CANNOT, None),
        ((20,), AppointmentState.INVITED, None),
    ],
)
async def test_the_appointment_of_the_month_is_the_next_else_the_last_that_stands(
    database: Database, days: tuple[int, ...], state: AppointmentState, meets: int | None
) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        for number in days:
            appointment_id = await insert_appointment(tx, cast)
            day = TODAY + number * DAY
            await appointments.move_appointment(
                tx,
                appointment_id,
                local_date=day,
                local_time=time(10),
                starts_at=NOW + number * DAY,
                place=OFFICE,
                now=NOW,
            )
            await appointments.set_state(tx, appointment_id, state, now=NOW)
        line = await caseload.get_line(tx, cast.selam, today=TODAY)
    assert line.meets_on == (None if meets is None else TODAY + meets * DAY)


async def test_everybody_who_is_late_is_listed_with_her_coach_longest_first(
    database: Database,
) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        for person, state, target in (
            (SELAM, PeriodState.ALMOST_LATE, 20),
            (LAILA, PeriodState.ALMOST_LATE, 18),
            (KHALED, PeriodState.OPEN, 27),
            (MARYAM, PeriodState.ALMOST_LATE, 19),
        ):
            await counted(tx, cast.clients[person.code], state, target)
        maryam = cast.clients[MARYAM.code]
        await statuses.change_status(tx, maryam, ClientStatus.ON_HOLD, today=TODAY, now=NOW)
        late = await caseload.list_late(tx, MONTH, limit=8, offset=0)
        assert await caseload.count_late(tx, MONTH) == 2
        assert await caseload.list_late(tx, MONTH, limit=1, offset=1) == late[1:]
        assert await caseload.count_late(tx, MONTH.plus(1)) == 0
    assert [(line.code, line.coach, line.target) for line in late] == [
        (LAILA.code, BRAM.name, MONTH.day(18)),
        (SELAM.code, JOKE.name, MONTH.day(20)),
    ]


async def test_no_list_reads_all_clients(database: Database) -> None:
    """It must cost the same for 25 and 5,000 of them."""
    cast: Cast = await insert_cast(database)
    async with database.transaction() as tx:
        if tx.here is None:
            pytest.skip("PostgreSQL plans by the figures of a filled table")
        said: list[str] = []
        tx.here.set_trace_callback(said.append)
        await codes(tx, cast.joke)
        await caseload.get_line(tx, cast.selam, today=TODAY)
        await caseload.count_late(tx, MONTH)
        await caseload.list_late(tx, MONTH, limit=8, offset=0)
        tx.here.set_trace_callback(None)
        plans = [await tx.rows(sa.text(f"EXPLAIN QUERY PLAN {each}")) for each in said]
    steps = [str(row["detail"]) for plan in plans for row in plan]
    assert any("ix_assignments_coach_id" in step for step in steps), "or nothing was looked at"
    tables = ("clients", "contact_periods", "contact_moments", "status_spans", "appointments")
    assert [step for step in steps if step.startswith(tuple(f"SCAN {t}" for t in tables))] == []
