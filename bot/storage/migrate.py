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
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    current = version(connection)
    if current is not None and current not in known:
        msg = (
            f"The database is of version {current}, which is newer than this program. "
            "Start the newer program, or restore a backup made by this one."
        )
        raise StorageError(msg)
    if current != scripts.get_current_head():
        command.upgrade(config, "head")


def version(connection: sa.Connection) -> str | None:
    """Return the version of the tables, or None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()
