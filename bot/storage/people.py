"""Staff, clients, and who coaches whom."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from bot.domain.errors import NotFoundError
from bot.domain.ids import ClientId, StaffId
from bot.domain.languages import Language
from bot.domain.people import Client, ClientStatus, Role, Staff
from bot.storage.database import Transaction, one
from bot.storage.fixed import Fixed
from bot.storage.schema import assignments, clients, staff

_STAFF = (staff.c.id, staff.c.code, staff.c.name, staff.c.roles, staff.c.active)
_CLIENT = (
    clients.c.id,
    clients.c.code,
    clients.c.name,
    clients.c.language,
    clients.c.status,
    clients.c.discreet,
)


_STAFF_OF_ID = Fixed(sa.select(*_STAFF).where(staff.c.id == sa.bindparam("which")))
_CLIENT_OF_ID = Fixed(sa.select(*_CLIENT).where(clients.c.id == sa.bindparam("which")))
_COACH_OF_CLIENT = Fixed(
    sa.select(*_STAFF)
    .join(assignments, assignments.c.coach_id == staff.c.id)
    .where(assignments.c.client_id == sa.bindparam("which"), assignments.c.ends_at.is_(None))
)


def _staff(row: RowMapping) -> Staff:
    return Staff(
        id=row["id"],
        code=row["code"],
        name=row["name"],
        roles=tuple(Role(role) for role in row["roles"]),
        active=row["active"],
    )


async def find_staff(tx: Transaction, code: str) -> Staff | None:
    """Return the member of staff with this code, if there is one."""
    row = await tx.row(sa.select(*_STAFF).where(staff.c.code == code))
    return _staff(row) if row else None


async def get_staff(tx: Transaction, staff_id: StaffId) -> Staff:
    """Return a member of staff who must exist."""
    row = await tx.row(_STAFF_OF_ID, which=staff_id)
    if row is None:
        msg = f"There is no member of staff {staff_id}."
        raise NotFoundError(msg)
    return _staff(row)


async def list_staff(tx: Transaction, role: Role | None = None) -> list[Staff]:
    """Return the active members of staff, by code; only those with the role, when given."""
    rows = await tx.rows(sa.select(*_STAFF).where(staff.c.active.is_(True)).order_by(staff.c.code))
    everyone = [_staff(row) for row in rows]
    return [person for person in everyone if role is None or role in person.roles]


async def insert_staff(
    tx: Transaction, *, code: str, name: str, roles: tuple[Role, ...], now: datetime
) -> StaffId:
    """Add a member of staff."""
    return StaffId(
        await tx.insert(
            staff, code=code, name=name, roles=list(roles), active=True, created_at=now
        )
    )


async def find_client(tx: Transaction, code: str) -> Client | None:
    """Return the client with this code, if there is one."""
    row = await tx.row(sa.select(*_CLIENT).where(clients.c.code == code))
    return one(Client, row) if row else None


async def get_client(tx: Transaction, client_id: ClientId) -> Client:
    """Return a client who must exist."""
    row = await tx.row(_CLIENT_OF_ID, which=client_id)
    if row is None:
        msg = f"There is no client {client_id}."
        raise NotFoundError(msg)
    return one(Client, row)


async def list_clients_of(tx: Transaction, coach_id: StaffId) -> list[Client]:
    """Return the clients whose coach this is now, by name."""
    rows = await tx.rows(
        sa.select(*_CLIENT)
        .join(assignments, assignments.c.client_id == clients.c.id)
        .where(
            assignments.c.coach_id == coach_id,
            assignments.c.ends_at.is_(None),
            clients.c.status != ClientStatus.CLOSED,
        )
        .order_by(clients.c.name, clients.c.code)
    )
    return [one(Client, row) for row in rows]


async def insert_client(
    tx: Transaction,
    *,
    code: str,
    name: str,
    language: Language,
    coach_id: StaffId,
    now: datetime,
) -> ClientId:
    """Add a client together with her coach, so that nobody is ever without one."""
    client_id = ClientId(
        await tx.insert(
            clients,
            code=code,
            name=name,
            language=language,
            status=ClientStatus.INVITED,
            discreet=False,
            created_at=now,
        )
    )
    await tx.insert(
        assignments, client_id=client_id, coach_id=coach_id, starts_at=now, ends_at=None
    )
    return client_id


async def update_client(
    tx: Transaction,
    client_id: ClientId,
    *,
    language: Language | None = None,
    status: ClientStatus | None = None,
    discreet: bool | None = None,
) -> None:
    """Change what is given of a client."""
    values: dict[str, object] = {}
    if language is not None:
        values["language"] = language
    if status is not None:
        values["status"] = status
    if discreet is not None:
        values["discreet"] = discreet
    await tx.run(sa.update(clients).where(clients.c.id == client_id).values(**values))


async def get_coach(tx: Transaction, client_id: ClientId) -> Staff:
    """Return the client's present coach; every client has exactly one."""
    row = await tx.row(_COACH_OF_CLIENT, which=client_id)
    if row is None:
        msg = f"Client {client_id} has no coach; assign one with `taalbrug people import`."
        raise NotFoundError(msg)
    return _staff(row)
