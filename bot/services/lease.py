"""One process at a time works on a database for one bot: a lease, renewed while it lives.

The lease is timed by the database's clock, and the holder's own right to go on by a clock that
only runs forward. Its epoch rises at each taking: who has an older one has lost it.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from bot.domain.errors import StorageError
from bot.stopping import or_stop
from bot.storage import leases
from bot.storage.database import Database, Transaction
from bot.storage.leases import LeaseRow

log = logging.getLogger(__name__)

LEASE_SECONDS = 45.0
RENEW_SECONDS = 5.0
MARGIN_SECONDS = 3.0
"""So long before its end the holder counts a lease as lost, and starts nothing more."""
_AGAIN_SECONDS = 1.0
_HOST_LENGTH = 80
_UNKNOWN = "-"
_STATE, _THREADS, _STARTED = 0, 17, 19  # places after the name in /proc/<pid>/stat

Sleep = Callable[[float], Awaitable[None]]
Monotonic = Callable[[], float]


class Life(StrEnum):
    """What is certain about the process that holds a lease."""

    ALIVE = "alive"
    DEAD = "dead"
    UNKNOWN = "unknown"
    """It is on another machine or in another container, or the system does not tell."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A process, so that nobody takes another one for it.

    `started` is in ticks since the machine started; `space` is the space in which `pid` is a
    number (a container has its own); `boot` names the machine's run, and is another one after
    each start. Each is `-` where the system does not tell.
    """

    host: str
    pid: int
    started: str = _UNKNOWN
    space: str = _UNKNOWN
    boot: str = _UNKNOWN

    @classmethod
    def here(cls) -> "Owner":
        """Return the present process."""
        stat = _stat(os.getpid())
        space = _UNKNOWN
        with suppress(OSError):
            space = str(Path("/proc/self/ns/pid").readlink())
        boot = _UNKNOWN
        with suppress(OSError):
            boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return cls(
            host="_".join(socket.gethostname().split())[:_HOST_LENGTH] or _UNKNOWN,
            pid=os.getpid(),
            started=stat[_STARTED] if stat else _UNKNOWN,
            space=space,
            boot=boot,
        )

    def __str__(self) -> str:
        """Return it as it is kept in the table, for people to read as well."""
        return f"{self.host} {self.pid} {self.started} {self.space} {self.boot}"

    @classmethod
    def parse(cls, kept: str) -> "Owner | None":
        """Return the process that the table names; None when it names none."""
        try:
            host, pid, started, space, boot = kept.split(" ")
            return cls(host, int(pid), started, space, boot)
        except ValueError:
            return None

    def life_of(self, other: "Owner") -> Life:
        """Return what this process can tell about another one."""
        # A name alone is not a machine: two may have the same one.
        near = (self.host, self.space, self.boot) == (other.host, other.space, other.boot)
        if not near or other.pid <= 0 or os.name != "posix":
            return Life.UNKNOWN
        try:
            os.kill(other.pid, 0)
        except ProcessLookupError:
            return Life.DEAD
        except OSError:
            pass  # it is there, and somebody else's
        stat = _stat(other.pid)
        if stat is None or other.started == _UNKNOWN:
            return Life.UNKNOWN
        if stat[_STARTED] != other.started:
            return Life.DEAD  # its number was given to another process
        # Killed, and its parent has not asked how it ended.
        ended = stat[_STATE] in {"Z", "X"} and int(stat[_THREADS]) <= 1
        return Life.DEAD if ended else Life.ALIVE


def _stat(pid: int) -> list[str] | None:
    """Return what the system says about a process, after its name; None when it does not."""
    try:
        said = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name may hold spaces and brackets itself.
    words = said.rpartition(")")[2].split()
    return words if len(words) > _STARTED else None


def uptime() -> float:
    """Return seconds of a clock that only runs forward, also while the machine sleeps."""
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)


@dataclass(slots=True)
class Lease:
    """The right to work for a bot; `epoch` is higher than that of all who had it before."""

    name: str
    owner: Owner
    epoch: int
    ends: float
    """On the holder's own clock that only runs forward, and never later than in the database."""
    lost: bool = field(default=False)

    def good(self, monotonic_now: float) -> bool:
        """Tell whether something may still be started under this lease."""
        return not self.lost and monotonic_now < self.ends - MARGIN_SECONDS


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody else has the lease; `by` is None when the table does not name a process."""

    by: Owner | None
    since: datetime
    seconds_left: float
    """Until it ends if it is not renewed, by the database's clock."""
    life: Life
    mark: tuple[int, datetime]
    """Changes whenever it is taken or renewed."""


def lease_name(bot_id: int) -> str:
    """Return the name of the lease for working as this bot."""
    return f"bot:{bot_id}"


async def take(
    database: Database,
    name: str,
    owner: Owner,
    *,
    monotonic: Monotonic = uptime,
    stale: tuple[int, datetime] | None = None,
) -> Lease | Held:
    """Take a lease that is free, has ended or was a dead process's; else say who has it.

    `stale` is the mark of a holding that the caller has seen not renewed for its whole length,
    which counts as ended, whatever the clock says. Never takes it from a process that is known
    to live. Errors: StorageError.
    """
    async with database.reading() as tx:
        row = await leases.find_lease(tx, name)
    if row is not None and isinstance(held := _judge(row, owner, stale), Held):
        return held  # looked at without disturbing whoever writes
    before = monotonic()
    async with database.transaction() as tx:
        if row is None and await leases.insert_lease(tx, name, str(owner), seconds=LEASE_SECONDS):
            epoch = 1
        else:
            row = await leases.find_lease(tx, name, locked=True)
            if row is None:
                msg = f"The lease {name} has vanished from the database. Start again."
                raise StorageError(msg)
            if isinstance(held := _judge(row, owner, stale), Held):
                return held
            epoch = row.epoch + 1
            if not await leases.take_lease(
                tx, name, str(owner), epoch=row.epoch, seconds=LEASE_SECONDS
            ):
                msg = f"The lease {name} changed while it was locked. Start again."
                raise StorageError(msg)
    log.info("lease.taken name=%s epoch=%s", name, epoch)
    return Lease(name, owner, epoch, before + LEASE_SECONDS)


def _judge(row: LeaseRow, owner: Owner, stale: tuple[int, datetime] | None) -> Held | None:
    """Return who keeps us from taking the lease; None when nobody does."""
    if not row.owner:
        return None
    by = Owner.parse(row.owner)
    life = Life.UNKNOWN if by is None else owner.life_of(by)
    if life is Life.DEAD:
        return None
    mark = (row.epoch, row.until_at)
    ended = row.seconds_left <= 0 or mark == stale
    # What this process itself let end it may take anew.
    if ended and (life is Life.UNKNOWN or by == owner):
        return None
    return Held(by, row.taken_at, max(row.seconds_left, 0.0), life, mark)


async def renew(database: Database, lease: Lease, *, monotonic: Monotonic = uptime) -> bool:
    """Have the lease last its full length from now; False when somebody else has it.

    Errors: StorageError when the database cannot be asked, which says nothing.
    """
    before = monotonic()
    async with database.transaction() as tx:
        ours = await leases.renew_lease(
            tx, lease.name, str(lease.owner), epoch=lease.epoch, seconds=LEASE_SECONDS
        )
    if ours:
        lease.ends = before + LEASE_SECONDS
    else:
        lease.lost = True
    return ours


async def release(database: Database, lease: Lease) -> None:
    """Give the lease back, so that the next process need not wait; no harm when it was lost."""
    lease.lost = True
    async with database.transaction() as tx:
        await leases.release_lease(tx, lease.name, str(lease.owner), epoch=lease.epoch)


async def still_ours(tx: Transaction, lease: Lease) -> bool:
    """Tell whether nobody else has taken the lease, and keep it so until `tx` is committed.

    One statement, in a writing transaction only; true also after its end if nobody came.
    """
    return await leases.holds_lease(tx, lease.name, str(lease.owner), epoch=lease.epoch)


async def take_or_wait(
    database: Database,
    name: str,
    owner: Owner,
    *,
    stopping: asyncio.Event,
    say: Callable[[str], None],
    sleep: Sleep = asyncio.sleep,
    monotonic: Monotonic = uptime,
) -> Lease | None:
    """Take the lease, waiting as long as another process has it; None when told to stop first.

    Says once who has it. Errors: StorageError.
    """
    told: set[Owner | None] = set()
    seen: tuple[int, datetime] | None = None
    seen_at = 0.0
    while not stopping.is_set():
        now = monotonic()
        # A database clock that was set back must not make a dead holder's time longer.
        stale = seen if now - seen_at > LEASE_SECONDS else None
        got = await take(database, name, owner, monotonic=monotonic, stale=stale)
        if isinstance(got, Lease):
            return got
        if got.mark != seen:
            seen, seen_at = got.mark, now
        if got.by not in told:
            told.add(got.by)
            say(words_for(got))
        await or_stop(stopping, sleep(_AGAIN_SECONDS))
    return None


def words_for(held: Held) -> str:
    """Return who has the lease and what to do, for whoever started a second process."""
    pid, host = (held.by.pid, held.by.host) if held.by else ("?", "another machine")
    who = (
        f"Process {pid} on {host} already runs this bot on this database, "
        f"since {held.since:%Y-%m-%d %H:%M:%S} UTC"
    )
    if held.life is Life.ALIVE:
        return f"{who}; waiting until it stops: leave it so, or stop that one with `kill {pid}`."
    return (
        f"{who}; waiting until it stops (if it has stopped already, "
        f"{LEASE_SECONDS:.0f} seconds at most): leave it so, or stop that one."
    )


async def keep(
    lease: Lease,
    database: Database,
    stopping: asyncio.Event,
    *,
    lost: Callable[[], None],
    sleep: Sleep = asyncio.sleep,
    monotonic: Monotonic = uptime,
) -> None:
    """Renew the lease until told to stop; calls `lost` once when it is or may be lost.

    It may be lost when it could not be renewed until shortly before its end.
    """
    over = asyncio.Event()

    def end() -> None:
        if not over.is_set():
            lease.lost = True
            over.set()
            log.error("lease.lost name=%s epoch=%s", lease.name, lease.epoch)
            lost()

    async def renewing() -> None:
        wait = RENEW_SECONDS
        while not over.is_set():
            await or_stop(over, sleep(wait))
            if over.is_set():
                return
            try:
                ours = await renew(database, lease, monotonic=monotonic)
            except Exception as error:  # noqa: BLE001 - whatever failed, `watching` decides
                log.warning("lease.not_renewed name=%s error=%s", lease.name, type(error).__name__)
                wait = _AGAIN_SECONDS
                continue
            wait = RENEW_SECONDS
            if not ours:
                end()

    async def watching() -> None:
        # Beside the renewing, which may itself hang as long as the database does.
        while not over.is_set():
            left = lease.ends - MARGIN_SECONDS - monotonic()
            if left <= 0:
                end()
            else:
                await or_stop(over, sleep(left))

    async def ending() -> None:
        await or_stop(over, stopping.wait())
        over.set()

    async with asyncio.TaskGroup() as group:
        for work in (renewing(), watching(), ending()):
            group.create_task(work)
