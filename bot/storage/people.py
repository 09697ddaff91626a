"""Staff, clients, and who coaches whom."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from bot.domain.broadcasts import ClientGroup
from bot.domain.errors import NotFoundError
from bot.domain.ids import ClientId, StaffId
from bot.domain.languages import Language
from bot.domain.people import Client, ClientStatus, Role, Staff
from bot.storage.care_schema import involvements, status_spans
from bot.storage.database import Transaction, one
from bot.storage.fixed import Fixed
from bot.storage.schema import assignments, clients, staff

_STAFF = (staff.c.id, staff.c.code, staff.c.name, staff.c.roles, staff.c.active)
CLIENT_COLUMNS = (
    clients.c.id,
    clients.c.code,
    clients.c.name,
    clients.c.language,
    clients.c.status,
    clients.c.discreet,
    clients.c.check_in,
)

_STAFF_OF_ID = Fixed(sa.select(*_STAFF).where(staff.c.id == sa.bindparam("which")))
_CLIENT_OF_ID = Fixed(sa.select(*CLIENT_COLUMNS).where(clients.c.id == sa.bindparam("which")))
_COACH_OF_CLIENT = Fixed(
    sa.select(*_STAFF)
    .join(assignments, assignments.c.coach_id == staff.c.id)
    .where(assignments.c.client_id == sa.bindparam("which"), assignments.c.ends_at.is_(None))
)
_FACTS_OF_CLIENT = Fixed(
    sa.select(
        clients.c.municipality,
        clients.c.step,
        clients.c.client_group,
        clients.c.programme,
        clients.c.other_languages,
    ).where(clients.c.id == sa.bindparam("which"))
)


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """By what broadcasts choose their readers; None is what is not known."""

    municipality: str | None = None
    step: int | None = None
    """1, 2 or 3."""
    group: ClientGroup | None = None
    programme: str | None = None
    other_languages: tuple[Language, ...] = ()
    """What she reads besides her own language, the best first."""


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
    row = await tx.row(sa.select(*CLIENT_COLUMNS).where(clients.c.code == code))
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
        sa.select(*CLIENT_COLUMNS)
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
    today: date,
    now: datetime,
    status: ClientStatus = ClientStatus.INVITED,
) -> ClientId:
    """Add a client together with her coach and her status, so that nobody is ever without."""
    client_id = ClientId(
        await tx.insert(
            clients,
            code=code,
            name=name,
            language=language,
            status=status,
            discreet=False,
            check_in=False,
            created_at=now,
        )
    )
    await tx.insert(
        assignments, client_id=client_id, coach_id=coach_id, starts_at=now, ends_at=None
    )
    await tx.insert(
        status_spans, client_id=client_id, status=status, first_day=today, created_at=now
    )
    return client_id


async def update_client(
    tx: Transaction,
    client_id: ClientId,
    *,
    language: Language | None = None,
    discreet: bool | None = None,
    check_in: bool | None = None,
) -> None:
    """Change what is given of a client; her status changes in bot/storage/statuses.py."""
    values: dict[str, object] = {}
    if language is not None:
        values["language"] = language
    if discreet is not None:
        values["discreet"] = discreet
    if check_in is not None:
        values["check_in"] = check_in
    await tx.run(sa.update(clients).where(clients.c.id == client_id).values(**values))


async def get_facts(tx: Transaction, client_id: ClientId) -> ClientFacts:
    """Return what is known of a client who must exist, besides who she is."""
    row = await tx.row(_FACTS_OF_CLIENT, which=client_id)
    if row is None:
        msg = f"There is no client {client_id}."
        raise NotFoundError(msg)
    return ClientFacts(
        municipality=row["municipality"],
        step=row["step"],
        group=row["client_group"],
        programme=row["programme"],
        other_languages=tuple(row["other_languages"] or ()),
    )


async def set_facts(
    tx: Transaction,
    client_id: ClientId,
    *,
    municipality: str | None = None,
    step: int | None = None,
    group: ClientGroup | None = None,
    programme: str | None = None,
    other_languages: Collection[Language] | None = None,
) -> None:
    """Change what is given of what is known of a client; None leaves it as it is."""
    given: dict[str, object] = {
        "municipality": municipality,
        "step": step,
        "client_group": group,
        "programme": programme,
        "other_languages": None if other_languages is None else list(other_languages),
    }
    values = {name: value for name, value in given.items() if value is not None}
    if values:
        await tx.run(sa.update(clients).where(clients.c.id == client_id).values(**values))


async def get_coach(tx: Transaction, client_id: ClientId) -> Staff:
    """Return the client's present coach; every client has exactly one."""
    row = await tx.row(_COACH_OF_CLIENT, which=client_id)
    if row is None:
        msg = f"Client {client_id} has no coach; assign one with `taalbrug people import`."
        raise NotFoundError(msg)
    return _staff(row)


async def set_coach(
    tx: Transaction, client_id: ClientId, coach_id: StaffId, *, now: datetime
) -> None:
    """Give a client another coach: the old one ends at the instant the new one begins."""
    await tx.run(
        sa.update(assignments)
        .where(assignments.c.client_id == client_id, assignments.c.ends_at.is_(None))
        .values(ends_at=now)
    )
    await tx.insert(
        assignments, client_id=client_id, coach_id=coach_id, starts_at=now, ends_at=None
    )


async def coaches_of(tx: Transaction, client_ids: Collection[ClientId]) -> dict[ClientId, StaffId]:
    """Return who coaches each of these clients now."""
    rows = await tx.rows(
        sa.select(assignments.c.client_id, assignments.c.coach_id).where(
            assignments.c.client_id.in_(client_ids), assignments.c.ends_at.is_(None)
        )
    )
    return {row["client_id"]: row["coach_id"] for row in rows}


async def insert_involvement(
    tx: Transaction, client_id: ClientId, staff_id: StaffId, *, now: datetime
) -> bool:
    """Link a member of staff of another role to a client; False when that is so already."""
    return await tx.insert_if_new(
        involvements,
        ("client_id", "staff_id"),
        client_id=client_id,
        staff_id=staff_id,
        created_at=now,
    )


async def is_involved(tx: Transaction, client_id: ClientId, staff_id: StaffId) -> bool:
    """Tell whether somebody besides the coach works with a client."""
    found = await tx.row(
        sa.select(involvements.c.id).where(
            involvements.c.client_id == client_id, involvements.c.staff_id == staff_id
        )
    )
    return found is not None
