"""The monthly contact with companies: who answers for one, how it stands, who hears of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bot.domain.contacts import ContactError, Refusal
from bot.domain.employers import EMPLOYER_ROLES, Employer, EmployerChannel, assess_employer
from bot.domain.errors import NotFoundError
from bot.domain.ids import EmployerId, StaffId
from bot.domain.ladder import HEARS, Hears, Rung, reached_with_employer
from bot.domain.months import Month
from bot.domain.people import Role, Staff
from bot.domain.periods import Light, Period, PeriodState
from bot.services import duties, periods
from bot.services.core import Core
from bot.services.duties import Duties
from bot.storage import employer_periods, employers, prompts, tasks
from bot.storage.database import Transaction

_KIND = "employer"
_LEVELS = {Rung.OVERDUE: 1, Rung.MONTH_END: 1, Rung.ESCALATED: 2}
"""How far the task is escalated: that it is late, and that the coordinators act."""


class Seat(StrEnum):
    """In what capacity somebody looks at a company."""

    MANAGER = "manager"
    """Answers for it; sees the first names of who is placed there."""
    LINKED = "linked"
    """Guides somebody who is placed there, and sees only that name."""
    COORDINATOR = "coordinator"
    """Watches over it; sees no names."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a company stands this month; `placements` is how many there are in it."""

    employer: Employer
    period: Period
    placements: int


@dataclass(frozen=True, slots=True)
class EmployerDue:
    """A company with which somebody must still speak this month.

    `hears` is who is to know at this height of the ladder, `new` who was told of which rung now.
    """

    company: Standing
    rungs: tuple[Rung, ...]
    hears: tuple[Hears, ...]
    new: frozenset[tuple[Rung, StaffId]]

    @property
    def late(self) -> bool:
        """Tell whether the day by which it should have been has passed."""
        return self.company.period.state is PeriodState.ALMOST_LATE


# --- who answers -----------------------------------------------------------------------------


def _owners(standing: Duties, manager_id: StaffId) -> tuple[StaffId, ...]:
    """Return who answers today for an account manager's companies; the first has the task.

    Whoever is away has a stand-in; whose account is closed has none, but the coordinators.
    """
    if manager_id in standing.staff:
        return standing.owners(manager_id)
    return standing.coordinators or (manager_id,)


async def list_seats(
    core: Core, tx: Transaction, staff: Staff, *, today: date, now: datetime
) -> list[tuple[Employer, Seat]]:
    """Return the companies on somebody's list, by name, and in what capacity."""
    standing = await duties.load(core, tx, today)
    own = {staff.id} | {
        manager_id
        for manager_id in await employers.list_managers(tx)
        if staff.id in _owners(standing, manager_id)
    }
    linked = await _linked(core, tx, staff, today=today, now=now)
    if Role.COORDINATOR in staff.roles:
        found = await employers.list_employers(tx)
    else:
        found = await employers.list_employers(tx, managers=own)
        known = {employer.id for employer in found}
        found += await employers.list_employers(tx, ids=linked - known)
        found.sort(key=lambda employer: (employer.name, employer.code))
    return [(employer, _seat(employer, own, linked)) for employer in found]


def _seat(employer: Employer, own: Collection[StaffId], linked: Collection[EmployerId]) -> Seat:
    if employer.manager_id in own:
        return Seat.MANAGER
    return Seat.LINKED if employer.id in linked else Seat.COORDINATOR


async def _linked(
    core: Core, tx: Transaction, staff: Staff, *, today: date, now: datetime
) -> set[EmployerId]:
    """Return where somebody guides a client who is placed there, in a role that may log it."""
    guides = set(EMPLOYER_ROLES) - {Role.ACCOUNT_MANAGER}
    if not guides & set(staff.roles):
        return set()
    since = periods.first_open(core, now).first
    return set(await employers.list_linked_employers(tx, staff.id, since, today))


async def find_seat(
    core: Core,
    tx: Transaction,
    staff: Staff,
    employer: Employer,
    *,
    today: date,
    now: datetime,
) -> Seat:
    """Return in what capacity somebody looks at a company.

    A standing deputy hears that it is late, so may open it as well. Errors: NotFoundError when it
    is none of theirs.
    """
    standing = await duties.load(core, tx, today)
    owners, deputy = _owners(standing, employer.manager_id), standing.backups
    if staff.id in {employer.manager_id, *owners, deputy.get(employer.manager_id)}:
        return Seat.MANAGER
    if employer.id in await _linked(core, tx, staff, today=today, now=now):
        return Seat.LINKED
    if Role.COORDINATOR in staff.roles:
        return Seat.COORDINATOR
    msg = f"Company {employer.code} is not with {staff.code}; choose one of your own companies."
    raise NotFoundError(msg)


# --- how it stands ---------------------------------------------------------------------------


async def list_standings(
    core: Core, tx: Transaction, companies: Sequence[Employer], today: date
) -> list[Standing]:
    """Return how companies stand in the month of a day, worked out from what happened."""
    month = Month.of(today)
    ids = [employer.id for employer in companies]
    spans = await employers.list_spans(tx, month.first, ids)
    days = await employers.list_contact_days(tx, month.first, ids)
    closed = core.config.hours.closed
    return [
        Standing(
            employer,
            assess_employer(
                spans.get(employer.id, ()),
                days.get(employer.id, ()),
                month,
                today=today,
                closed=closed,
            ),
            sum(first <= month.last for first, _ in spans.get(employer.id, ())),
        )
        for employer in companies
    ]


def task_key(employer_id: EmployerId, month: Month) -> str:
    """Return the key of the task to speak with a company in a month."""
    return f"{_KIND}:{employer_id}:{month}"


def light_of_employer(core: Core, period: Period, today: date) -> Light:
    """Return the light of a company: amber once it is to be planned, red once it is late."""
    if period.state is PeriodState.EXCLUDED:
        return Light.GREY
    if period.state is PeriodState.ALMOST_LATE:
        return Light.RED
    told = reached_with_employer(period, today, core.config.hours.closed)
    return Light.AMBER if told else Light.GREEN


async def refresh_employers(
    core: Core,
    tx: Transaction,
    *,
    today: date,
    now: datetime,
    ids: Collection[EmployerId] | None = None,
) -> None:
    """Work out the months of all companies that are not frozen, and freeze those that are over.

    A company counts from the month in which it was brought in; months in which nothing ran are
    made up for. A task whose month is met, not due or frozen is done.
    """
    created = await employers.list_created(tx, ids)
    frozen = await employer_periods.last_frozen(tx, ids)
    begin = {
        employer_id: frozen[employer_id].plus(1)
        if employer_id in frozen
        else Month.of(core.today(at))
        for employer_id, at in created.items()
    }
    if not begin:
        return
    since, opened = min(begin.values()), periods.first_open(core, now)
    kept = await employer_periods.list_periods(tx, since, ids)
    spans = await employers.list_spans(tx, since.first, ids)
    days = await employers.list_contact_days(tx, since.first, ids)
    closed = core.config.hours.closed
    for employer_id, first in begin.items():
        month = first
        while month <= Month.of(today):
            places, spoken = spans.get(employer_id, ()), days.get(employer_id, ())
            period = assess_employer(places, spoken, month, today=today, closed=closed)
            over = month < opened
            before = kept.get((employer_id, month))
            if over or before is None or before.period != period:
                await employer_periods.save_period(
                    tx, employer_id, period, now=now, frozen_at=now if over else None
                )
                if over or period.state in {PeriodState.MET, PeriodState.EXCLUDED}:
                    key = task_key(employer_id, month)
                    await tasks.close_task(tx, key, now=now)
            month = month.plus(1)


# --- what is recorded ------------------------------------------------------------------------


def check_day(core: Core, day: date, *, now: datetime) -> None:
    """Refuse a day on which no contact can be recorded; errors: ContactError, with its reason."""
    if day > core.today(now):
        msg = f"A contact on {day} is still to come; record it when it was held."
        raise ContactError(Refusal.FUTURE, msg)
    opened = periods.first_open(core, now)
    if Month.of(day) < opened:
        msg = f"Month {Month.of(day)} is frozen; only {opened} and later can change."
        raise ContactError(Refusal.FROZEN, msg)


async def record_contact(
    core: Core,
    tx: Transaction,
    staff_id: StaffId,
    employer_id: EmployerId,
    *,
    day: date,
    channel: EmployerChannel,
    now: datetime,
) -> bool:
    """Record that somebody spoke with a company; it counts for all who are placed there.

    False when the day has a record already. Errors: ContactError when the day is still to come
    or its month is frozen.
    """
    check_day(core, day, now=now)
    new = await employers.insert_contact(
        tx, employer_id=employer_id, day=day, channel=channel, staff_id=staff_id, now=now
    )
    if new:
        await tasks.insert_audit(
            tx,
            actor=f"staff:{staff_id}",
            action="employer_contact",
            about=f"employer:{employer_id}:{day}",
            now=now,
        )
        await refresh_employers(core, tx, today=core.today(now), now=now, ids=(employer_id,))
    return new


# --- who hears -------------------------------------------------------------------------------


async def employer_prompts(
    core: Core, tx: Transaction, manager: Staff, *, today: date, now: datetime
) -> list[EmployerDue]:
    """Note who hears of which of somebody's companies today, and whose task it is.

    Returns those with which somebody must still speak, by name. To a coordinator those companies
    fall as well whose account manager is gone. Call it for every member of staff on a working
    day: each rung is noted once for each who hears it.
    """
    standing = await duties.load(core, tx, today)
    managers = {manager.id}
    if Role.COORDINATOR in manager.roles:
        managers |= {
            each for each in await employers.list_managers(tx) if each not in standing.staff
        }
    found = await employers.list_employers(tx, managers=managers)
    return [
        each
        for company in await list_standings(core, tx, found, today)
        if (each := await _climb(core, tx, standing, company, today=today, now=now))
    ]


async def _climb(
    core: Core,
    tx: Transaction,
    standing: Duties,
    company: Standing,
    *,
    today: date,
    now: datetime,
) -> EmployerDue | None:
    """Take a company a rung up the ladder, where one is reached; None where nothing is asked."""
    period, employer = company.period, company.employer
    key = task_key(employer.id, period.month)
    if not period.is_waiting:
        await tasks.close_task(tx, key, now=now)
        return None
    rungs = reached_with_employer(period, today, core.config.hours.closed)
    if not rungs:
        return None
    await tasks.open_task(
        tx,
        kind=_KIND,
        key=key,
        client_id=None,
        staff_id=_owners(standing, employer.manager_id)[0],
        level=max(_LEVELS.get(rung, 0) for rung in rungs),
        about_id=employer.id,
        now=now,
    )
    new = {
        (rung, hearer)
        for rung in rungs
        for hearer in _hearers(standing, employer.manager_id, rung)
        if await prompts.insert_prompt(
            tx,
            kind=_KIND,
            object=f"{employer.id}:{period.month}",
            rung=rung,
            hearer=standing.staff[hearer].code,
            day=today,
            now=now,
            staff_id=hearer,
        )
    }
    hears = dict.fromkeys(seat for rung in rungs for seat in HEARS[rung])
    return EmployerDue(company, rungs, tuple(hears), frozenset(new))


def _hearers(standing: Duties, manager_id: StaffId, rung: Rung) -> tuple[StaffId, ...]:
    """Return who hears of a rung, each once; nobody who is gone."""
    found: list[StaffId] = []
    for hears in HEARS[rung]:
        if hears is Hears.OWNER:
            found += _owners(standing, manager_id)
        elif hears is Hears.BACKUP:
            found += [standing.backups.get(manager_id, manager_id)]
        else:
            found += standing.coordinators
    return tuple(dict.fromkeys(each for each in found if each in standing.staff))
