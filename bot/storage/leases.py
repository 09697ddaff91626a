"""Who works on this database for a bot; times are the database's own, never a caller's."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from bot.storage.columns import UtcTime
from bot.storage.database import Transaction
from bot.storage.schema import leases


class _RealTime(FunctionElement[datetime]):
    """The database's real clock, a number of seconds from now."""

    inherit_cache = True
    type = UtcTime()


@compiles(_RealTime, "sqlite")
def _on_sqlite(element: _RealTime, compiler: SQLCompiler, **options: object) -> str:
    later = compiler.process(element.clauses, **options)
    # In the form in which times are kept, so that they can be compared.
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', {later} || ' seconds')"


@compiles(_RealTime, "postgresql")
def _on_postgresql(element: _RealTime, compiler: SQLCompiler, **options: object) -> str:
    # Not now(), which is the beginning of the transaction.
    later = compiler.process(element.clauses, **options)
    return f"(clock_timestamp() + make_interval(secs => {later}))"


def _real_time(seconds: float = 0.0) -> _RealTime:
    return _RealTime(sa.literal(seconds, sa.Float()))


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """A lease as it stands; `owner` is empty once it was given back."""

    owner: str
    epoch: int
    taken_at: datetime
    until_at: datetime
    seconds_left: float
    """Until it ends, by the database's clock; negative when it has ended."""


async def insert_lease(tx: Transaction, name: str, owner: str, *, seconds: float) -> bool:
    """Take a lease that nobody ever had; False when somebody has or had it."""
    return await tx.insert_if_new(
        leases,
        ("name",),
        name=name,
        owner=owner,
        epoch=1,
        taken_at=_real_time(),
        until_at=_real_time(seconds),
    )


async def find_lease(tx: Transaction, name: str, *, locked: bool = False) -> LeaseRow | None:
    """Return a lease; `locked` keeps everybody else from taking it until the commit."""
    query = sa.select(
        leases.c.owner,
        leases.c.epoch,
        leases.c.taken_at,
        leases.c.until_at,
        _real_time().label("real_time"),
    ).where(leases.c.name == name)
    row = await tx.row(query.with_for_update() if locked else query)
    if row is None:
        return None
    return LeaseRow(
        owner=row["owner"],
        epoch=row["epoch"],
        taken_at=row["taken_at"],
        until_at=row["until_at"],
        seconds_left=(row["until_at"] - row["real_time"]).total_seconds(),
    )


async def take_lease(
    tx: Transaction, name: str, owner: str, *, epoch: int, seconds: float
) -> bool:
    """Give a lease a new owner and the next epoch; False when `epoch` is no longer its epoch."""
    result = await tx.run(
        sa.update(leases)
        .where(leases.c.name == name, leases.c.epoch == epoch)
        .values(
            owner=owner,
            epoch=epoch + 1,
            taken_at=_real_time(),
            until_at=_real_time(seconds),
        )
    )
    return result.rowcount == 1


async def renew_lease(
    tx: Transaction, name: str, owner: str, *, epoch: int, seconds: float
) -> bool:
    """Have a lease end later; False when it is somebody else's by now."""
    result = await tx.run(
        sa.update(leases)
        .where(leases.c.name == name, leases.c.epoch == epoch, leases.c.owner == owner)
        .values(until_at=_real_time(seconds))
    )
    return result.rowcount == 1


async def release_lease(tx: Transaction, name: str, owner: str, *, epoch: int) -> bool:
    """Give a lease back; its epoch stays, so that the next one is higher."""
    result = await tx.run(
        sa.update(leases)
        .where(leases.c.name == name, leases.c.epoch == epoch, leases.c.owner == owner)
        .values(owner="", until_at=_real_time())
    )
    return result.rowcount == 1


async def holds_lease(tx: Transaction, name: str, owner: str, *, epoch: int) -> bool:
    """Tell whether a lease is still this owner's, and keep it so until the commit.

    Only in a writing transaction. Renewing goes on meanwhile; taking over waits.
    """
    query = (
        sa.select(leases.c.epoch)
        .where(leases.c.name == name, leases.c.epoch == epoch, leases.c.owner == owner)
        .with_for_update(read=True, key_share=True)
    )
    return await tx.row(query) is not None
