"""A client's status, her coach and who is away: what moves the duties, with its trace."""

from datetime import date, datetime

from bot.domain.contacts import contact_role
from bot.domain.errors import TransitionError
from bot.domain.ids import StaffId
from bot.domain.months import add_months
from bot.domain.people import Client, ClientStatus, HoldReason, Role, Staff
from bot.services import event_places, periods
from bot.services.core import Core
from bot.storage import people, statuses, tasks
from bot.storage.database import Transaction

_FOLLOWS: dict[ClientStatus, frozenset[ClientStatus]] = {
    ClientStatus.AZC: frozenset({ClientStatus.INVITED, ClientStatus.ACTIVE, ClientStatus.CLOSED}),
    ClientStatus.INVITED: frozenset(
        {ClientStatus.ACTIVE, ClientStatus.ON_HOLD, ClientStatus.AFTERCARE, ClientStatus.CLOSED}
    ),
    ClientStatus.ACTIVE: frozenset(
        {ClientStatus.ON_HOLD, ClientStatus.AFTERCARE, ClientStatus.CLOSED}
    ),
    ClientStatus.ON_HOLD: frozenset(
        {ClientStatus.ACTIVE, ClientStatus.AFTERCARE, ClientStatus.CLOSED}
    ),
    ClientStatus.AFTERCARE: frozenset({ClientStatus.ACTIVE, ClientStatus.CLOSED}),
    ClientStatus.CLOSED: frozenset({ClientStatus.ACTIVE}),
}


_ENDS: dict[ClientStatus, tuple[str, ...]] = {
    ClientStatus.ON_HOLD: ("call",),
    ClientStatus.AFTERCARE: ("plan", "no_goals", "goal_talk", "milestone", "call"),
    ClientStatus.CLOSED: (
        *("plan", "no_goals", "goal_talk", "milestone", "goal_help"),
        *("call", "slot", "checkin_bad"),
    ),
}
"""What is not to be done any more for somebody with this status."""


async def change(
    core: Core,
    tx: Transaction,
    client: Client,
    status: ClientStatus,
    *,
    staff: Staff | None,
    now: datetime,
    reason: HoldReason | None = None,
    review_on: date | None = None,
) -> None:
    """Give a client another status from today on; her month is worked out anew.

    On hold asks for a reason, and somebody decides again within the configured months.
    Errors: TransitionError when it cannot follow the present status.
    """
    if status not in _FOLLOWS[client.status]:
        msg = f"Client {client.code} is {client.status}; {status} cannot follow that."
        raise TransitionError(msg)
    today = core.today(now)
    if status is ClientStatus.ON_HOLD:
        latest = add_months(today, core.config.contact.hold_months)
        review_on = min(review_on or latest, latest)
        if reason is None or review_on <= today:
            msg = f"Client {client.code} goes on hold with a reason and a later day to decide."
            raise TransitionError(msg)
    if client.status is ClientStatus.ON_HOLD:
        await tasks.close_tasks(tx, kind="hold_review", client_id=client.id, now=now)
    if client.status is ClientStatus.AFTERCARE:
        await tasks.close_tasks(tx, kind="aftercare", client_id=client.id, now=now)
    for kind in _ENDS.get(status, ()):
        await tasks.close_tasks(tx, kind=kind, client_id=client.id, now=now)
    await statuses.change_status(
        tx,
        client.id,
        status,
        today=today,
        now=now,
        staff_id=staff.id if staff else None,
        reason=reason if status is ClientStatus.ON_HOLD else None,
        review_on=review_on if status is ClientStatus.ON_HOLD else None,
    )
    if status is ClientStatus.AFTERCARE:
        await statuses.set_work_began(tx, client.id, today)
    if status is ClientStatus.CLOSED:
        await event_places.leave(core, tx, client, now=now)
    await _trace(tx, staff, f"status_{status}", f"client:{client.id}", now)
    await periods.refresh(core, tx, [client.id], now=now)


async def extend_hold(
    core: Core, tx: Transaction, client: Client, *, staff: Staff, reason: HoldReason, now: datetime
) -> None:
    """Let a pause go on; somebody decides again within the configured months."""
    if client.status is not ClientStatus.ON_HOLD:
        msg = f"Client {client.code} is not on hold; there is nothing to extend."
        raise TransitionError(msg)
    today = core.today(now)
    await tasks.close_tasks(tx, kind="hold_review", client_id=client.id, now=now)
    await statuses.change_status(
        tx,
        client.id,
        ClientStatus.ON_HOLD,
        today=today,
        now=now,
        staff_id=staff.id,
        reason=reason,
        review_on=add_months(today, core.config.contact.hold_months),
    )
    await _trace(tx, staff, "hold_extended", f"client:{client.id}", now)


async def assign(
    tx: Transaction,
    client: Client,
    coach: Staff,
    *,
    staff: Staff | None,
    now: datetime,
) -> None:
    """Give a client another coach: the duty, its anchor and the open tasks move along."""
    if Role.COACH not in coach.roles or not coach.active:
        msg = f"{coach.code} is no coach here now; choose an active coach for {client.code}."
        raise TransitionError(msg)
    old = await people.get_coach(tx, client.id)
    if old.id == coach.id:
        return
    await people.set_coach(tx, client.id, coach.id, now=now)
    await tasks.move_tasks(tx, client.id, old.id, coach.id)
    await _trace(tx, staff, "assigned", f"client:{client.id} staff:{coach.id}", now)


async def set_absence(
    tx: Transaction,
    person: Staff,
    *,
    first_day: date,
    last_day: date,
    backup: StaffId | None,
    staff: Staff | None = None,
    now: datetime,
) -> None:
    """Note that somebody is away. Without a stand-in the coordinators take over.

    Errors: TransitionError when the days are turned round or she would stand in for herself.
    """
    if last_day < first_day:
        msg = f"{person.code} cannot be away from {first_day} to {last_day}; mend the days."
        raise TransitionError(msg)
    if backup == person.id:
        msg = f"{person.code} cannot stand in for herself; choose a colleague, or nobody."
        raise TransitionError(msg)
    if backup is not None and contact_role(person.roles) is not None:
        other = await people.get_staff(tx, backup)
        if contact_role(other.roles) is None:
            msg = f"{other.code} speaks with no clients and cannot stand in for {person.code}."
            raise TransitionError(msg)
    await statuses.insert_absence(
        tx, person.id, first_day=first_day, last_day=last_day, backup_id=backup, now=now
    )
    await _trace(tx, staff, "absence", f"staff:{person.id}", now)


async def _trace(
    tx: Transaction, staff: Staff | None, action: str, about: str, now: datetime
) -> None:
    actor = f"staff:{staff.id}" if staff else "system"
    await tasks.insert_audit(tx, actor=actor, action=action, about=about, now=now)
