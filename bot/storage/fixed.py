"""Statements of every message's trip, worked out once.

Building a statement and finding out how its values are converted takes longer than executing it.
A `Fixed` statement is built when its module is read; for SQLite its text and conversions are kept
for each set of values it is given, and the statement is executed on the connection itself.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.engine import Dialect

Converter = Callable[[object], object]
Row = dict[str, object]

_SQLITE: Dialect = SQLiteDialect_aiosqlite()


class Fixed:
    """A statement that never changes; what it leaves open is given when it is executed."""

    def __init__(self, statement: sa.Executable) -> None:
        self.statement = statement
        self._plans: dict[tuple[str, ...], _Plan] = {}

    def execute(
        self, connection: sqlite3.Connection, values: Mapping[str, object]
    ) -> tuple[list[Row], int]:
        """Execute on SQLite; returns the rows, and how many were changed.

        Errors: those of SQLAlchemy, without any value.
        """
        keys = tuple(values)
        return self._plan(keys).execute(connection, values)

    def execute_many(
        self,
        connection: sqlite3.Connection,
        rows: Sequence[Mapping[str, object]],
        shared: Mapping[str, object],
    ) -> None:
        """Execute on SQLite for each of many rows of values, all with the same names.

        `shared` are the values that all rows have in common, converted once.
        Errors: those of SQLAlchemy, without any value.
        """
        self._plan((*rows[0], *shared)).execute_many(connection, rows, shared)

    def _plan(self, keys: tuple[str, ...]) -> "_Plan":
        plan = self._plans.get(keys)
        if plan is None:
            plan = self._plans[keys] = _Plan(self.statement, keys)
        return plan


class _Plan:
    """The text of a statement, and how its values and columns are converted."""

    def __init__(self, statement: sa.Executable, keys: Sequence[str]) -> None:
        compiled = cast("sa.ClauseElement", statement).compile(
            dialect=_SQLITE, column_keys=list(keys)
        )
        assert isinstance(compiled, sa.sql.compiler.SQLCompiler)  # noqa: S101 - the same
        self._text = str(compiled)
        known = compiled.params
        self._places: list[tuple[str, object, Converter | None]] = []
        for name in compiled.positiontup or ():
            bind = compiled.binds[name]
            into = bind.type.dialect_impl(_SQLITE).bind_processor(_SQLITE)
            value = known.get(name)
            if name not in keys and into is not None:
                value, into = into(value), None
            self._places.append((name, value, cast("Converter | None", into)))
        # A query names what it selects, a change what it returns.
        columns = getattr(statement, "selected_columns", None)
        if columns is None:
            columns = getattr(statement, "exported_columns", None) or ()
        self._columns = [
            (
                str(column.key),
                cast(
                    "Converter | None",
                    column.type.dialect_impl(_SQLITE).result_processor(_SQLITE, None),
                ),
            )
            for column in columns
        ]

    def execute(
        self, connection: sqlite3.Connection, values: Mapping[str, object]
    ) -> tuple[list[Row], int]:
        given = []
        for name, value, into in self._places:
            if name in values:
                value = values[name]  # noqa: PLW2901 - what is given goes before what is known
            given.append(value if into is None else into(value))
        try:
            cursor = connection.execute(self._text, given)
            found = cursor.fetchall() if self._columns else []
        except sqlite3.Error as error:
            raise self._told(error) from error
        columns = self._columns
        return [
            {
                name: value if out is None else out(value)
                for (name, out), value in zip(columns, row, strict=True)
            }
            for row in found
        ], cursor.rowcount

    def execute_many(
        self,
        connection: sqlite3.Connection,
        rows: Sequence[Mapping[str, object]],
        shared: Mapping[str, object],
    ) -> None:
        base: list[object] = []
        own: list[tuple[int, str, Converter | None]] = []
        for place, (name, known, into) in enumerate(self._places):
            value = shared.get(name, known)
            if name in rows[0]:
                own.append((place, name, into))
            base.append(value if into is None or name in rows[0] else into(value))

        def given(row: Mapping[str, object]) -> list[object]:
            values = base.copy()
            for place, name, into in own:
                values[place] = row[name] if into is None else into(row[name])
            return values

        try:
            connection.executemany(self._text, map(given, rows))
        except sqlite3.Error as error:
            raise self._told(error) from error

    def _told(self, error: sqlite3.Error) -> sa.exc.DBAPIError:
        """Return the engine's error as SQLAlchemy tells it."""
        kind = sa.exc.DBAPIError
        if isinstance(error, sqlite3.IntegrityError):
            kind = sa.exc.IntegrityError
        elif isinstance(error, sqlite3.OperationalError):
            kind = sa.exc.OperationalError
        return kind(self._text, None, error, hide_parameters=True)
