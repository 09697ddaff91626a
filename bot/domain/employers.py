"""Companies where clients are placed, and the monthly contact with each of them."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bot.domain.ids import ClientId, EmployerId, PlacementId, StaffId
from bot.domain.months import Month
from bot.domain.people import Role
from bot.domain.periods import Exclusion, Period, PeriodState
from bot.domain.workdays import on_or_before

_MID_MONTH = 15

EMPLOYER_ROLES = (Role.ACCOUNT_MANAGER, Role.JOB_COACH, Role.JOB_LANGUAGE_COACH)
"""Who may hold the monthly contact with a company."""


class PlacementKind(StrEnum):
    """What somebody does at a company."""

    LANGUAGE_PLACEMENT = "taalstage"
    WORK_PLACEMENT = "werkstage"
    WORK_EXPERIENCE = "werkervaringsplek"
    VOLUNTEERING = "vrijwilligersplek"
    LEARN_WORK = "leerwerk"
    PAID = "betaald"


class EmployerChannel(StrEnum):
    """How the company was spoken with."""

    PHONE = "phone"
    VISIT = "visit"
    MAIL = "mail"


class PlacementOutcome(StrEnum):
    """How a placement goes, as told by the company; one word, no story."""

    GOOD = "good"
    ATTENTION = "attention"
    STOPS = "stops"
    NOT_DISCUSSED = "not_discussed"


@dataclass(frozen=True, slots=True)
class Employer:
    """A company; `manager_id` is the account manager who owns the contact."""

    id: EmployerId
    code: str
    name: str
    sector: str
    manager_id: StaffId


@dataclass(frozen=True, slots=True)
class Placement:
    """Somebody's place at a company from one day up to and including another; None goes on."""

    id: PlacementId
    employer_id: EmployerId
    client_id: ClientId
    kind: PlacementKind
    first_day: date
    last_day: date | None
    hours: int | None


def assess_employer(
    placements: Sequence[tuple[date, date | None]],
    contacts: Sequence[date],
    month: Month,
    *,
    today: date,
    closed: Container[date],
) -> Period:
    """Return what the month of a company is: one contact is due while somebody is placed there.

    A place that began after the 15th counts from the next month. `placements` are first and
    last days; `contacts` the days on which somebody spoke with the company.
    """
    due = any(
        first <= month.last
        and (last is None or last >= month.first)
        and not (first in month and first.day > _MID_MONTH)
        for first, last in placements
    )
    if not due:
        return Period(month, PeriodState.EXCLUDED, 0, exclusion=Exclusion.NOT_IN_CARE)
    target = on_or_before(month.day(_MID_MONTH), closed)
    held = next((day for day in sorted(contacts) if day in month and day <= today), None)
    if held is not None:
        return Period(month, PeriodState.MET, 0, target, satisfied_on=held)
    if today > month.last:
        return Period(month, PeriodState.MISSED, 0, target)
    state = PeriodState.ALMOST_LATE if today > target else PeriodState.OPEN
    return Period(month, state, 0, target)
