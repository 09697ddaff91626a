"""Connections and transactions; the only file that knows SQLite from PostgreSQL.

SQLite has one writer connection, held by one lock for a whole transaction that begins at once
as a writer, and separate connections that only read. PostgreSQL uses its pool for both.

Transactions that wait for one another share a commit: each is undone alone when it fails, and
none returns before all of it is on the disk.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.domain.errors import StorageError
from bot.storage.fixed import Fixed
from bot.storage.migrate import upgrade
from bot.storage.sqlite import BUSY_SECONDS, connection_of, open_engines

_SQLITE_DIALECT = "sqlite"
_SQLITE, _POSTGRESQL = "sqlite+aiosqlite", "postgresql+psycopg"
_GROUP = 32
"""How many transactions share a commit at most, so that nobody waits long for the others."""

_WAL_TRIES, _WAL_PAUSE_SECONDS = 100, 0.05

Row = TypeVar("Row")


_Values = Mapping[str, object] | Sequence[Mapping[str, object]]


@cache
def _insert_into(table: sa.Table) -> Fixed:
    return Fixed(sa.insert(table).returning(table.c.id))


def dialect_insert(dialect: str, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """Return an insert that knows what to do when the row is there already."""
    return sqlite.insert(table) if dialect == _SQLITE_DIALECT else postgresql.insert(table)


class Topic(StrEnum):
    """What a committed transaction may have left for a loop to do."""

    INBOX = "inbox"
    OUTBOX = "outbox"
    TRANSLATIONS = "translations"


class Pulse:
    """Wakes whoever waits for a change; counts beats, so that none is missed in between."""

    def __init__(self) -> None:
        self.count = 0
        self._event = asyncio.Event()

    def beat(self) -> None:
        """Tell all that wait that something changed."""
        self.count += 1
        self._event.set()
        self._event = asyncio.Event()

    async def after(self, count: int, timeout_seconds: float) -> int:
        """Return at the first beat past `count`, or after the timeout; returns the new count."""
        if self.count == count:
            event = self._event
            try:
                async with asyncio.timeout(timeout_seconds):
                    await event.wait()
            except TimeoutError:
                pass
        return self.count


@dataclass(slots=True)
class Transaction:
    """An open transaction; `wake` names what other loops must look at once it is committed."""

    connection: AsyncConnection
    topics: set[Topic] = field(default_factory=set)
    here: sqlite3.Connection | None = field(init=False, default=None)
    """SQLite's own connection, for statements that are worked out already."""

    def __post_init__(self) -> None:
        """Find the connection, if it is SQLite's."""
        self.here = connection_of(self.connection)

    @property
    def dialect(self) -> str:
        """The engine's name, for the few statements that differ."""
        return self.connection.dialect.name

    def wake(self, topic: Topic) -> None:
        """Have the loop for this topic look again after the commit."""
        self.topics.add(topic)

    async def _execute(
        self, statement: sa.Executable | Fixed, many: _Values | None = None
    ) -> sa.CursorResult[tuple[object, ...]]:
        if isinstance(statement, Fixed):
            statement = statement.statement
        if self.dialect == _SQLITE_DIALECT:
            # Executed here and now (see bot/storage/sqlite.py): there is nothing to wait for.
            assert self.connection.sync_connection is not None  # noqa: S101 - it is open
            return self.connection.sync_connection.execute(statement, many)
        return await self.connection.execute(statement, many)

    async def run(
        self, statement: sa.Executable | Fixed, values: _Values | None = None
    ) -> sa.CursorResult[tuple[object, ...]]:
        """Execute a statement, with values for what it leaves open, or with many such."""
        return await self._execute(statement, values)

    async def change(self, statement: Fixed, **values: object) -> int:
        """Execute a statement that changes rows; returns how many."""
        if self.here is not None:
            return statement.execute(self.here, values)[1]
        return (await self._execute(statement, values)).rowcount

    async def change_many(
        self, statement: Fixed, rows: Sequence[Mapping[str, object]], **shared: object
    ) -> None:
        """Execute a statement that changes rows once for each of many sets of values.

        All sets have the same names; `shared` are values that they have in common.
        """
        if not rows:
            return
        if self.here is not None:
            statement.execute_many(self.here, rows, shared)
        else:
            await self._execute(statement, [{**row, **shared} for row in rows])

    async def rows(self, statement: sa.Executable | Fixed, **values: object) -> list[RowMapping]:
        """Return all rows of a query, by column name."""
        if self.here is not None and isinstance(statement, Fixed):
            return cast("list[RowMapping]", statement.execute(self.here, values)[0])
        return list((await self._execute(statement, values or None)).mappings())

    async def row(self, statement: sa.Executable | Fixed, **values: object) -> RowMapping | None:
        """Return the first row of a query, or None."""
        if self.here is not None and isinstance(statement, Fixed):
            found = await self.rows(statement, **values)
            return found[0] if found else None
        return (await self._execute(statement, values or None)).mappings().first()

    async def number(self, statement: sa.Executable | Fixed, **values: object) -> int:
        """Return the single number a query gives; 0 when it gives none."""
        if self.here is not None and isinstance(statement, Fixed):
            for found in await self.rows(statement, **values):
                return cast("int", next(iter(found.values())) or 0)
            return 0
        row = (await self._execute(statement, values or None)).first()
        return cast("int", row[0]) if row is not None and row[0] is not None else 0

    async def insert(self, table: sa.Table, **values: object) -> int:
        """Insert a row and return its id."""
        return await self.number(_insert_into(table), **values)

    async def insert_if_new(
        self, table: sa.Table, keys: tuple[str, ...], **values: object
    ) -> bool:
        """Insert a row unless one with the same keys exists; tells whether it was new."""
        statement = (
            dialect_insert(self.dialect, table)
            .values(**values)
            .on_conflict_do_nothing(index_elements=list(keys))
            .returning(*table.primary_key.columns)
        )
        # Not the row count, which the engines report differently after an insert.
        return await self.row(statement) is not None

    async def insert_new(
        self, table: sa.Table, keys: tuple[str, ...], rows: Sequence[Mapping[str, object]]
    ) -> int:
        """Insert those of many rows whose keys are not there yet; returns how many that were."""
        if not rows:
            return 0
        statement = (
            dialect_insert(self.dialect, table)
            .on_conflict_do_nothing(index_elements=list(keys))
            .returning(*table.primary_key.columns)
        )
        return len((await self._execute(statement, rows)).all())

    async def upsert(
        self, table: sa.Table, keys: tuple[str, ...], update: dict[str, object], **values: object
    ) -> None:
        """Insert a row, or change the one that has the same keys."""
        statement = dialect_insert(self.dialect, table).values(**values)
        await self._execute(
            statement.on_conflict_do_update(index_elements=list(keys), set_=update)
        )


@dataclass(slots=True, eq=False)
class _Group:
    """Transactions that are committed together."""

    connection: AsyncConnection
    committed: asyncio.Future[None]
    members: int = 0
    topics: set[Topic] = field(default_factory=set)


def one(kind: Callable[..., Row], row: RowMapping) -> Row:
    """Build a domain object from the columns of the same names."""
    return kind(**row)


class Database:
    """The open database. `pulses` has one pulse for each topic."""

    def __init__(self, writer: AsyncEngine, reader: AsyncEngine) -> None:
        self._writer = writer
        self._reader = reader
        # One writer at a time on either engine: what was read is still so when it is changed.
        self._lock = asyncio.Lock()
        self._waiting = 0
        self._group: _Group | None = None
        self._kept: AsyncConnection | None = None
        self.guard: Callable[[Transaction], Awaitable[bool]] | None = None
        """Asked at each commit's beginning: may this process still write? Else nothing is kept."""
        self._readers = 0
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self.pulses = {topic: Pulse() for topic in Topic}
        self.commits = Pulse()
        """Beats at every commit, for whoever waits until all is done."""

    @classmethod
    async def open(cls, url: str) -> "Database":
        """Connect and bring the tables up to date.

        Errors: StorageError when a newer program wrote it or it cannot be opened at all.
        """
        parsed = _parse(url)
        # The values of a statement are people's words: no error may quote them.
        if parsed.drivername == _SQLITE:
            try:
                await asyncio.to_thread(_try_sqlite, str(parsed.database))
            except sqlite3.Error as error:
                raise StorageError(_unopened(parsed, str(error))) from error
            writer, reader = open_engines(parsed)
        else:
            writer = create_async_engine(parsed, pool_pre_ping=True, hide_parameters=True)
            reader = writer.execution_options(postgresql_readonly=True)
        database = cls(writer, reader)
        try:
            async with database.transaction() as tx:
                await tx.connection.run_sync(upgrade)
        except (StorageError, sa.exc.DBAPIError) as error:
            await database.close()
            cause = error.__cause__ if isinstance(error, StorageError) else error
            if not isinstance(cause, sa.exc.DBAPIError):
                raise
            raise StorageError(_unopened(parsed, _words(cause))) from error
        except BaseException:
            await database.close()
            raise
        return database

    async def close(self) -> None:
        """Close all connections once nobody uses them; what was committed stays."""
        async with self._lock:
            await self._at_rest.wait()
            if self._kept is not None:
                await self._kept.close()
                self._kept = None
        await self._writer.dispose()
        await self._reader.dispose()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a writing transaction: committed at the end, undone by an exception.

        Errors: StorageError when the engine failed; then nothing of it was kept.
        """
        group = await self._enter()
        try:
            first = group.members == 1
            tx = Transaction(group.connection)
            try:
                if not first:
                    await tx.change(_SAVEPOINT)
                yield tx
            except BaseException as error:
                if first or not await self._undo_alone(tx, error):
                    # Of those who share the commit none can be sure of what was kept.
                    await self._finish(group, error)
                else:
                    await self._leave(group)
                raise
            group.topics |= tx.topics
            await self._leave(group)
        except sa.exc.OperationalError as error:
            raise _unwritten(error) from error
        await asyncio.shield(group.committed)

    async def _enter(self) -> _Group:
        """Wait for one's turn, and open a transaction unless there is one to share."""
        self._waiting += 1
        try:
            await self._lock.acquire()
        except BaseException:
            self._waiting -= 1
            if self._group is not None and not self._waiting and not self._lock.locked():
                # The others counted on this one to commit; nobody else can be before it.
                await self._lock.acquire()
                await self._finish(self._group, None)
            raise
        self._waiting -= 1
        try:
            if self._group is None:
                connection = self._kept or await self._writer.connect()
                self._kept = None
                try:
                    await connection.begin()
                    await self._ask_guard(connection)
                except BaseException:
                    await connection.close()
                    raise
                self._group = _Group(connection, asyncio.get_running_loop().create_future())
        except sa.exc.OperationalError as error:
            self._lock.release()
            raise _unwritten(error) from error
        except BaseException:
            self._lock.release()
            raise
        self._group.members += 1
        return self._group

    async def _ask_guard(self, connection: AsyncConnection) -> None:
        if self.guard is not None and not await self.guard(Transaction(connection)):
            msg = (
                "Another process works for this bot on this database now. Nothing of this step "
                "was kept; leave it to the other, or stop that one and start again."
            )
            raise StorageError(msg)

    @staticmethod
    async def _undo_alone(tx: Transaction, error: BaseException) -> bool:
        """Undo one member of a group; False when the engine cannot."""
        if isinstance(error, sa.exc.OperationalError):
            return False
        try:
            await tx.change(_UNDO)
        except Exception:  # noqa: BLE001 - whatever it is, the whole group is undone
            return False
        return True

    async def _leave(self, group: _Group) -> None:
        """Let the next one in; the last, or the one that fills the group, commits for all."""
        if self._waiting and group.members < _GROUP:
            self._lock.release()
        else:
            await self._finish(group, None)

    async def _finish(self, group: _Group, error: BaseException | None) -> None:
        """Commit, or undo because of an error; to its end, also when the caller is cancelled."""
        self._group = None
        await asyncio.shield(asyncio.ensure_future(self._end(group, error)))

    async def _end(self, group: _Group, error: BaseException | None) -> None:
        try:
            if error is None:
                await group.connection.commit()
                # Kept open, as fetching one takes as long as a commit; after an error a new one.
                self._kept = group.connection
            else:
                await group.connection.rollback()
        except BaseException as failure:  # noqa: BLE001 - told to all who share the commit
            error = failure
        if error is not None:
            with suppress(Exception):  # its transaction is over, one way or the other
                await group.connection.close()
        self._lock.release()
        if error is not None:
            group.committed.set_exception(_unwritten(error))
            group.committed.exception()  # read by whoever shares it, if anybody does
            return
        group.committed.set_result(None)
        for topic in group.topics:
            self.pulses[topic].beat()
        self.commits.beat()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """Open a transaction that only reads and never waits for the writer."""
        self._readers += 1
        self._at_rest.clear()
        try:
            async with self._reader.begin() as connection:
                yield Transaction(connection)
        except sa.exc.OperationalError as error:
            msg = (
                f"The database could not be read ({_words(error)}). Restore the connection, "
                "and start again."
            )
            raise StorageError(msg) from error
        finally:
            self._readers -= 1
            if not self._readers:
                self._at_rest.set()


_SAVEPOINT = Fixed(sa.text("SAVEPOINT member"))
_UNDO = Fixed(sa.text("ROLLBACK TO SAVEPOINT member"))


def _unwritten(error: BaseException) -> StorageError:
    """Return what to tell when a step could not be kept."""
    said = _words(error) if isinstance(error, sa.exc.DBAPIError) else type(error).__name__
    return StorageError(
        f"The database could not be written ({said}). Nothing of this step "
        "was kept; make room on the disk or restore the connection, and start again."
    )


def _try_sqlite(file: str) -> None:
    """Open the file for writing and leave it; errors: sqlite3.Error.

    The driver leaves a thread behind, that complains when the program ends, if it has to find
    out by itself that a file cannot be opened.
    """
    with closing(sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
        for left in range(_WAL_TRIES, 0, -1):
            try:
                connection.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError:
                # Another program opens the file too; for this SQLite does not wait by itself.
                if left == 1:
                    raise
                time.sleep(_WAL_PAUSE_SECONDS)
            else:
                break


def _unopened(url: sa.URL, reason: str) -> str:
    return (
        f"The database {url.render_as_string(hide_password=True)} cannot be opened: "
        f"{reason}. Check that it is Taalbrug's, is reachable and may be written."
    )


def _words(error: sa.exc.DBAPIError) -> str:
    """Return the first line of what the engine said; the rest repeats it or quotes values."""
    return next(iter(str(error.orig).splitlines()), "").rstrip(".")


def _parse(url: str) -> sa.URL:
    """Return the parts of a database address; errors: StorageError when it is not one of ours."""
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        parsed = None
    in_memory = {None, "", ":memory:"}
    if (
        parsed is None
        or parsed.drivername not in {_SQLITE, _POSTGRESQL}
        or (parsed.drivername == _SQLITE and parsed.database in in_memory)
    ):
        msg = (
            "The database address ([database] url, or TAALBRUG_DATABASE_URL) cannot be used: "
            f"write for example {_SQLITE}:///data/taalbrug.db or {_POSTGRESQL}://user@host/name."
        )
        raise StorageError(msg) from None
    return parsed
