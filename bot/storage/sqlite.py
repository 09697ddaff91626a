"""SQLite without a change of thread for every statement.

A statement takes SQLite 5 to 50 microseconds; handing it to another thread and fetching its
answer takes ten times as long. So only what may wait goes through the driver's thread: opening,
`BEGIN IMMEDIATE` (another program may hold the file) and `COMMIT` (the disk). In between the
write lock is ours, a statement waits for nobody, and it is executed where it is asked for.
"""

import sqlite3

import aiosqlite
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_dbapi,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, StaticPool

BUSY_SECONDS = 30
"""How long a transaction waits for another program, such as a backup, that holds the file."""

_READERS = 4


class _Cursor(sqlite3.Cursor):
    """A cursor of the connection itself."""

    async def _async_soft_close(self) -> None:
        """Nothing: what SQLAlchemy calls when an answer has been fetched."""


class _Connection(AsyncAdapt_aiosqlite_connection):
    """The driver's connection, whose statements do not change threads."""

    __slots__ = ("here",)

    def __init__(
        self,
        driver: AsyncAdapt_aiosqlite_dbapi,
        connection: aiosqlite.Connection,
        here: sqlite3.Connection,
    ) -> None:
        super().__init__(driver, connection)  # type: ignore[arg-type]  # as SQLAlchemy's own does
        self.here = here

    def cursor(self, server_side: bool = False) -> _Cursor:  # type: ignore[override]  # noqa: ARG002
        """Return a cursor that executes at once."""
        return self.here.cursor(_Cursor)


class _ReadingConnection(_Connection):
    """A connection that only reads: its transactions end without a word to the disk."""

    __slots__ = ()

    def commit(self) -> None:
        """End the transaction."""
        self.here.rollback()

    def rollback(self) -> None:
        """End the transaction."""
        self.here.rollback()


class _Driver(AsyncAdapt_aiosqlite_dbapi):
    """aiosqlite as SQLAlchemy knows it, with our connections."""

    def __init__(self, kind: type[_Connection]) -> None:
        super().__init__(aiosqlite, sqlite3)
        self._kind = kind

    def connect(self, *names: object, **options: object) -> _Connection:
        """Open the file in the driver's thread."""
        opened: list[sqlite3.Connection] = []

        class Kept(sqlite3.Connection):
            def __init__(self, *given: object, **more: object) -> None:
                super().__init__(*given, **more)  # type: ignore[arg-type]
                opened.append(self)

        adapted = super().connect(*names, factory=Kept, **options)
        return self._kind(self, adapted.driver_connection, opened[0])


def connection_of(connection: AsyncConnection) -> sqlite3.Connection | None:
    """Return SQLite's own connection beneath an open one; None when it is another engine's."""
    fairy = connection.sync_connection
    adapted: object = fairy.connection.dbapi_connection if fairy is not None else None
    return adapted.here if isinstance(adapted, _Connection) else None


def open_engines(url: sa.URL) -> tuple[AsyncEngine, AsyncEngine]:
    """Return the one writer and the readers of a file; values of statements are never shown."""
    options = {"timeout": BUSY_SECONDS}
    writer = create_async_engine(
        url,
        module=_Driver(_Connection),
        poolclass=StaticPool,
        hide_parameters=True,
        connect_args=options,
    )
    reader = create_async_engine(
        url,
        module=_Driver(_ReadingConnection),
        poolclass=AsyncAdaptedQueuePool,
        pool_size=_READERS,
        hide_parameters=True,
        connect_args=options,
    )
    _prepare(writer)
    _prepare(reader, "PRAGMA query_only=ON")
    sa.event.listen(writer.sync_engine, "begin", _begin_as_writer)
    sa.event.listen(reader.sync_engine, "begin", _begin_as_reader)
    return writer, reader


def _prepare(engine: AsyncEngine, *more: str) -> None:
    """Set what SQLite must be told on each connection."""

    def connect(connection: DBAPIConnection, _record: object) -> None:
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

    sa.event.listen(engine.sync_engine, "connect", connect)


def _begin_as_writer(connection: sa.Connection) -> None:
    begin = "BEGIN IMMEDIATE"
    adapted: object = connection.connection.dbapi_connection
    assert isinstance(adapted, _Connection)  # noqa: S101 - tells the type checker
    try:
        adapted.run_async(lambda driver: driver.execute(begin))
    except sqlite3.OperationalError as error:
        raise sa.exc.OperationalError(begin, None, error) from error


def _begin_as_reader(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")
