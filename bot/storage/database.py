"""Connections and transactions; the only file that knows SQLite from PostgreSQL.

SQLite has one writer connection, held by one lock for a whole transaction that begins at once
as a writer, and separate connections that only read. PostgreSQL uses its pool for both.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool

from bot.domain.errors import StorageError
from bot.storage.migrate import upgrade

_SQLITE, _POSTGRESQL = "sqlite+aiosqlite", "postgresql+psycopg"
_READERS = 4
_WAL_TRIES, _WAL_PAUSE_SECONDS = 100, 0.05
_BUSY_SECONDS = 30  # a backup or another program may hold the file for a while

Row = TypeVar("Row")


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

    def wake(self, topic: Topic) -> None:
        """Have the loop for this topic look again after the commit."""
        self.topics.add(topic)

    async def run(self, statement: sa.Executable) -> sa.CursorResult[tuple[object, ...]]:
        """Execute a statement in this transaction."""
        result = await self.connection.execute(statement)
        assert isinstance(result, sa.CursorResult)  # noqa: S101 - tells the type checker
        return result

    async def rows(self, statement: sa.Executable) -> list[RowMapping]:
        """Return all rows of a query, by column name."""
        return list((await self.connection.execute(statement)).mappings())

    async def row(self, statement: sa.Executable) -> RowMapping | None:
        """Return the first row of a query, or None."""
        return (await self.connection.execute(statement)).mappings().first()

    async def number(self, statement: sa.Executable) -> int:
        """Return the single number a query gives; 0 when it gives none."""
        value = (await self.connection.execute(statement)).scalar()
        return int(value) if value is not None else 0

    async def insert(self, table: sa.Table, **values: object) -> int:
        """Insert a row and return its id."""
        result = await self.connection.execute(
            sa.insert(table).values(**values).returning(table.c.id)
        )
        return int(result.scalar_one())

    async def insert_if_new(
        self, table: sa.Table, keys: tuple[str, ...], **values: object
    ) -> bool:
        """Insert a row unless one with the same keys exists; tells whether it was new."""
        statement = (
            self._dialect_insert(table)
            .values(**values)
            .on_conflict_do_nothing(index_elements=list(keys))
            .returning(*table.primary_key.columns)
        )
        # Not the row count, which the engines report differently after an insert.
        return await self.row(statement) is not None

    async def upsert(
        self, table: sa.Table, keys: tuple[str, ...], update: dict[str, object], **values: object
    ) -> None:
        """Insert a row, or change the one that has the same keys."""
        statement = self._dialect_insert(table).values(**values)
        await self.run(statement.on_conflict_do_update(index_elements=list(keys), set_=update))

    def _dialect_insert(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        if self.connection.dialect.name == "sqlite":
            return sqlite.insert(table)
        return postgresql.insert(table)


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
            writer = create_async_engine(
                parsed,
                poolclass=StaticPool,
                hide_parameters=True,
                connect_args={"timeout": _BUSY_SECONDS},
            )
            reader = create_async_engine(
                parsed,
                pool_size=_READERS,
                hide_parameters=True,
                connect_args={"timeout": _BUSY_SECONDS},
            )
            _prepare_sqlite(writer, begin="BEGIN IMMEDIATE")
            _prepare_sqlite(reader, begin="BEGIN", more=("PRAGMA query_only=ON",))
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
        await self._writer.dispose()
        await self._reader.dispose()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a writing transaction: committed at the end, undone by an exception."""
        async with self._lock:
            try:
                async with self._writer.begin() as connection:
                    tx = Transaction(connection)
                    yield tx
            except sa.exc.OperationalError as error:
                msg = (
                    f"The database could not be written ({_words(error)}). Nothing of this step "
                    "was kept; make room on the disk or restore the connection, and start again."
                )
                raise StorageError(msg) from error
            for topic in tx.topics:
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


def _try_sqlite(file: str) -> None:
    """Open the file for writing and leave it; errors: sqlite3.Error.

    The driver leaves a thread behind, that complains when the program ends, if it has to find
    out by itself that a file cannot be opened.
    """
    with closing(sqlite3.connect(file, timeout=_BUSY_SECONDS, isolation_level=None)) as connection:
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


def _prepare_sqlite(engine: AsyncEngine, *, begin: str, more: tuple[str, ...] = ()) -> None:
    """Set what SQLite must be told on each connection, and how its transactions begin."""

    def connect(connection: sa.engine.interfaces.DBAPIConnection, _record: object) -> None:
        # The driver's own transaction handling begins too late (at the first write).
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        # NORMAL may lose the last commits at a power cut: a lost `sending` mark is a double send.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        for pragma in more:
            cursor.execute(pragma)
        cursor.close()

    def start(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    sa.event.listen(engine.sync_engine, "connect", connect)
    sa.event.listen(engine.sync_engine, "begin", start)
