"""Who answers for a colleague's duties: the colleague, her stand-in, or the coordinators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot.domain.ids import StaffId
from bot.domain.people import Role, Staff
from bot.domain.periods import duty_falls_to_backup, unbroken_since
from bot.services.core import Core
from bot.storage import people, statuses
from bot.storage.database import Transaction
from bot.storage.statuses import Absence


@dataclass(frozen=True, slots=True)
class Duties:
    """Who stands in for whom on a day."""

    staff: Mapping[StaffId, Staff]
    coordinators: tuple[StaffId, ...]
    absences: Mapping[StaffId, Absence]
    """Who is away so long that somebody else takes over."""
    backups: Mapping[StaffId, StaffId]
    """The standing deputy of each."""

    def owners(self, staff_id: StaffId) -> tuple[StaffId, ...]:
        """Return who answers for somebody's duties today: never nobody."""
        present = staff_id in self.staff and staff_id not in self.absences
        if present:
            return (staff_id,)
        absence = self.absences.get(staff_id)
        backup = absence.backup_id if absence else self.backups.get(staff_id)
        if backup is not None and backup in self.staff and backup not in self.absences:
            return (backup,)
        return self.coordinators or (staff_id,)

    def deputised_by(self, staff_id: StaffId) -> tuple[StaffId, ...]:
        """Return whose standing deputy somebody is, besides whom she covers for already."""
        covered = self.covered_by(staff_id)
        return tuple(
            each
            for each, backup in self.backups.items()
            if backup == staff_id and each in self.staff and each not in covered
        )

    def covered_by(self, staff_id: StaffId) -> tuple[StaffId, ...]:
        """Return for whose duties somebody answers today, her own included."""
        return tuple(each for each in self.staff if staff_id in self.owners(each))

    def codes(self, *staff_ids: StaffId) -> tuple[str, ...]:
        """Return the codes of members of staff."""
        return tuple(self.staff[each].code for each in staff_ids if each in self.staff)


async def load(core: Core, tx: Transaction, today: date) -> Duties:
    """Return who stands in for whom today."""
    everyone = await people.list_staff(tx)
    closed = core.config.hours.closed
    away = {
        each.staff_id: each
        for each in await statuses.list_absences(tx, today)
        if duty_falls_to_backup(unbroken_since(each.days, today, closed), today, closed)
    }
    return Duties(
        staff={person.id: person for person in everyone},
        coordinators=_leaders(everyone, away),
        absences=away,
        backups=await statuses.list_backups(tx),
    )


def _leaders(everyone: Sequence[Staff], away: Mapping[StaffId, Absence]) -> tuple[StaffId, ...]:
    """Return who leads today: the coordinators, who stand in for them, or whoever is there."""
    leaders = [person for person in everyone if Role.COORDINATOR in person.roles] or everyone
    present = {person.id for person in everyone} - away.keys()
    stand_ins = [away[leader.id].backup_id for leader in leaders if leader.id in away]
    for found in (
        [leader.id for leader in leaders if leader.id in present],
        [each for each in stand_ins if each is not None and each in present],
        [person.id for person in everyone if person.id in present],
    ):
        if found:
            return tuple(dict.fromkeys(found))
    return tuple(leader.id for leader in leaders)


async def owner_of(core: Core, tx: Transaction, staff_id: StaffId, *, today: date) -> StaffId:
    """Return who answers for somebody's duties today; of several coordinators the first."""
    return (await load(core, tx, today)).owners(staff_id)[0]
