"""What SQLite is told on each connection."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.storage.database import Database

FULL = 2


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}"


@pytest.mark.parametrize(
    ("pragma", "writer", "reader"),
    [
        ("journal_mode", "wal", "wal"),
        ("synchronous", FULL, FULL),
        ("foreign_keys", 1, 1),
        ("busy_timeout", 30000, 30000),
        ("query_only", 0, 1),
    ],
)
async def test_every_connection_is_durable_and_keeps_its_references(
    database: Database, pragma: str, writer: object, reader: object
) -> None:
    question = sa.text(f"PRAGMA {pragma}")
    async with database.transaction() as tx:
        assert (await tx.run(question)).scalar() == writer
    async with database.reading() as tx:
        assert (await tx.run(question)).scalar() == reader


async def test_a_transaction_is_a_writer_from_its_beginning(
    database: Database, database_url: str
) -> None:
    file = sa.make_url(database_url).database
    other = sa.create_engine(f"sqlite:///{file}", connect_args={"timeout": 0})
    async with database.transaction():
        with pytest.raises(sa.exc.OperationalError, match="locked"), other.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    other.dispose()


async def test_what_is_committed_stands_in_the_file_for_another_program(
    database: Database, database_url: str
) -> None:
    async with database.transaction() as tx:
        await tx.run(sa.text("INSERT INTO lanes (lane, last_seq) VALUES ('a', 7)"))
    file = sa.make_url(database_url).database
    other = sa.create_engine(f"sqlite:///{file}")
    with other.connect() as connection:
        assert connection.exec_driver_sql("SELECT last_seq FROM lanes").scalar() == 7
    other.dispose()
