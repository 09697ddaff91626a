"""Looking whether a database can be used changes nothing in it, and names the remedy."""

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.errors import StorageError
from bot.storage.broadcast_schema import metadata
from bot.storage.database import Database
from bot.storage.look import look_at_tables


@pytest.fixture
def database_url(empty_database_url: str) -> str:
    """Give the address of a database without tables: they are what is tried here."""
    return empty_database_url


async def refusal(url: str) -> str:
    with pytest.raises(StorageError) as refused:
        await asyncio.to_thread(look_at_tables, url)
    return str(refused.value)


async def tables(url: str) -> set[str]:
    engine = sa.create_engine(url.replace("+aiosqlite", ""), poolclass=sa.NullPool)
    with engine.connect() as connection:
        found = set(sa.inspect(connection).get_table_names())
    engine.dispose()
    return found


async def test_the_tables_of_this_program_are_good_also_while_it_runs(
    database: Database, database_url: str
) -> None:
    await asyncio.to_thread(look_at_tables, database_url)
    assert set(metadata.tables) < await tables(database_url)


async def test_an_older_version_is_named_with_the_remedy(
    database: Database, database_url: str
) -> None:
    async with database.transaction() as tx:
        await tx.run(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    words = await refusal(database_url)
    assert "version 0001, older than this program's" in words
    assert "`taalbrug migrate`" in words


async def test_a_newer_version_is_refused(database: Database, database_url: str) -> None:
    async with database.transaction() as tx:
        await tx.run(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    assert "version 9999, which is newer than this program" in await refusal(database_url)


@pytest.mark.postgres
async def test_an_empty_database_stays_empty(postgres_database_url: str) -> None:
    assert "no tables yet. Make them with `taalbrug migrate`" in await refusal(
        postgres_database_url
    )
    assert await tables(postgres_database_url) == set()


def test_an_empty_file_stays_empty_and_a_missing_one_missing(tmp_path: Path) -> None:
    file = tmp_path / "taalbrug.db"
    url = f"sqlite+aiosqlite:///{file}"
    assert "does not exist yet. Make it with `taalbrug migrate`" in asyncio.run(refusal(url))
    assert list(tmp_path.iterdir()) == []
    file.touch()
    assert "no tables yet" in asyncio.run(refusal(url))
    assert file.stat().st_size == 0
    assert list(tmp_path.iterdir()) == [file]


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "taalbrug.db"
    file.write_text("a letter, and a long one, to somebody else " * 100, encoding="utf-8")
    words = await refusal(f"sqlite+aiosqlite:///{file}")
    assert "taalbrug.db cannot be opened: file is not a database" in words


async def test_a_server_that_does_not_answer_is_named_without_the_password(
    free_port: int,
) -> None:
    url = f"postgresql+psycopg://ana:secret@127.0.0.1:{free_port}/taalbrug"
    words = await refusal(url)
    assert "cannot be opened" in words
    assert "secret" not in words
