"""Brings the tables to this program's version, and refuses those of a newer one."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.domain.errors import StorageError

SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(connection: sa.Connection) -> None:
    """Run the migrations that are missing, in the caller's transaction.

    Errors: StorageError when the tables are of a version this program does not know.
    """
    config = _config()
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    current = version(connection)
    _refuse_newer(scripts, current)
    if current != scripts.get_current_head():
        command.upgrade(config, "head")


def differs(connection: sa.Connection) -> str | None:
    """Return in words, with the remedy, how the tables fall short; None when they do not.

    Errors: StorageError when the tables are of a version this program does not know.
    """
    scripts = ScriptDirectory.from_config(_config())
    current = version(connection)
    _refuse_newer(scripts, current)
    if current is None:
        return "The database has no tables yet. Make them with `taalbrug migrate`."
    head = scripts.get_current_head()
    if current != head:
        return (
            f"The database is of version {current}, older than this program's ({head}). "
            "Make a backup, and bring it up to date with `taalbrug migrate`."
        )
    return None


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config


def _refuse_newer(scripts: ScriptDirectory, current: str | None) -> None:
    known = {script.revision for script in scripts.walk_revisions()}
    if current is not None and current not in known:
        msg = (
            f"The database is of version {current}, which is newer than this program. "
            "Start the newer program, or restore a backup made by this one."
        )
        raise StorageError(msg)


def version(connection: sa.Connection) -> str | None:
    """Return the version of the tables, or None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()
