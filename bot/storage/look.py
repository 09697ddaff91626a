"""Looks whether a database can be used as it is, and changes nothing in it."""

from pathlib import Path

import sqlalchemy as sa

from bot.domain.errors import StorageError
from bot.storage.migrate import differs

_BUSY_SECONDS = 5


def look_at_tables(url: str) -> None:
    """Return when the database opens, may be written and has the tables of this program.

    Blocks: for a thread of its own. Errors: StorageError with the remedy.
    """
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        msg = "The database address ([database] url, or TAALBRUG_DATABASE_URL) cannot be used."
        raise StorageError(msg) from None
    try:
        found = _look(parsed)
    except sa.exc.DBAPIError as error:
        said = next(iter(str(error.orig).splitlines()), "").rstrip(".")
        msg = (
            f"The database {parsed.render_as_string(hide_password=True)} cannot be opened: "
            f"{said}. Check that it is Taalbrug's, is reachable and may be written."
        )
        raise StorageError(msg) from error
    if found is not None:
        raise StorageError(found)


def _look(url: sa.URL) -> str | None:
    file = url.database if url.get_backend_name() == "sqlite" else None
    if file is not None:
        if not Path(file).exists():  # opening it would make it
            return f"{file} does not exist yet. Make it with `taalbrug migrate`."
        engine = sa.create_engine(
            url.set(drivername="sqlite"),
            poolclass=sa.NullPool,
            connect_args={"timeout": _BUSY_SECONDS},
        )
    else:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            if file is not None:
                connection.exec_driver_sql("BEGIN IMMEDIATE")  # fails when it may not be written
            return differs(connection)
    finally:
        engine.dispose()
