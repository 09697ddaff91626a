"""The tables: made by migrations, equal to the metadata, and never those of a newer program."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

from bot.domain.errors import StorageError
from bot.storage import people
from bot.storage.broadcast_schema import metadata
from bot.storage.database import Database
from bot.storage.migrate import version
from bot.storage.schema import staff
from tests.cast import JOKE
from tests.storage.rows import insert_staff

Answer = TypeVar("Answer")


@pytest.fixture
def database_url(empty_database_url: str) -> str:
    """Give the address of a database without tables: they are what is tried here."""
    return empty_database_url


async def look(url: str, question: Callable[[sa.Connection], Answer]) -> Answer:
    """Ask something of a database without Taalbrug's own way of opening it."""
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(question)
    finally:
        await engine.dispose()


def differences(connection: sa.Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True}
    )
    return list(compare_metadata(context, metadata))


def everything(connection: sa.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table."""
    found = sa.MetaData()
    found.reflect(connection)
    return {
        table.name: [tuple(row) for row in connection.execute(sa.select(table))]
        for table in found.sorted_tables
    }


def check_names(connection: sa.Connection) -> set[str]:
    inspector = sa.inspect(connection)
    return {
        str(check["name"])
        for table in metadata.tables
        for check in inspector.get_check_constraints(table)
    }


async def test_the_migrations_make_exactly_the_tables_of_the_schema(database_url: str) -> None:
    await (await Database.open(database_url)).close()
    assert await look(database_url, differences) == []
    # Alembic does not compare these.
    assert await look(database_url, check_names) == {
        f"ck_{table}_one_person" for table in ("channel_links", "invites")
    }


async def test_the_comparison_of_tables_sees_a_column_that_is_missing(database_url: str) -> None:
    await (await Database.open(database_url)).close()
    await look(
        database_url, lambda found: found.execute(sa.text("ALTER TABLE staff DROP COLUMN name"))
    )
    assert len(await look(database_url, differences)) == 1


async def test_opening_again_keeps_everything(database_url: str) -> None:
    first = await Database.open(database_url)
    async with first.transaction() as tx:
        await insert_staff(tx, JOKE)
    await first.close()
    before = await look(database_url, everything)
    await (await Database.open(database_url)).close()
    assert await look(database_url, everything) == before
    assert [row[2] for row in before["staff"]] == [JOKE.name]


async def test_a_database_of_a_newer_version_is_refused_and_untouched(database_url: str) -> None:
    first = await Database.open(database_url)
    async with first.transaction() as tx:
        await insert_staff(tx, JOKE)
        await tx.run(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    await first.close()
    before = await look(database_url, everything)
    with pytest.raises(StorageError, match=r"version 9999, which is newer .* Start the newer"):
        await Database.open(database_url)
    assert await look(database_url, everything) == before


async def test_an_empty_database_has_no_version(database_url: str) -> None:
    assert await look(database_url, version) is None


async def test_a_migration_that_fails_leaves_nothing(database_url: str) -> None:
    await look(database_url, lambda found: found.execute(sa.text("CREATE TABLE tasks (a int)")))
    with pytest.raises(StorageError, match=r"cannot be opened: .*already exists"):
        await Database.open(database_url)
    assert set(await look(database_url, everything)) == {"tasks"}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "data/taalbrug.db",
        "sqlite:///data/taalbrug.db",
        "sqlite+aiosqlite://",
        "sqlite+aiosqlite:///:memory:",
        "postgresql://joke@localhost/taalbrug",
        "mysql+aiomysql://joke@localhost/taalbrug",
        "oracle://",
        "postgresql+psycopg://joke@localhost:port/taalbrug",
    ],
)
async def test_an_address_of_no_database_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(StorageError, match=r"write for example sqlite\+aiosqlite:///"):
        await Database.open(url)


async def test_a_file_that_is_no_database_is_refused_and_untouched(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Beste Selam, dit is geen database. " * 100, encoding="utf-8")
    before = letter.read_bytes()
    with pytest.raises(
        StorageError, match=r"letter\.txt cannot be opened: file is not a database"
    ):
        await Database.open(f"sqlite+aiosqlite:///{letter}")
    assert letter.read_bytes() == before


async def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"unable to open database file\. Check that"):
        await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'nowhere' / 'taalbrug.db'}")


async def test_a_server_that_is_down_is_named_without_the_password(free_port: int) -> None:
    url = f"postgresql+psycopg://joke:geheim@127.0.0.1:{free_port}/taalbrug"
    with pytest.raises(StorageError, match=f"127.0.0.1:{free_port}/taalbrug cannot be") as caught:
        await Database.open(url)
    assert "geheim" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.postgres
async def test_a_database_that_does_not_exist_on_the_server_is_named(
    postgres_database_url: str,
) -> None:
    url = sa.make_url(postgres_database_url).set(database="nowhere")
    with pytest.raises(StorageError, match="nowhere"):
        await Database.open(url.render_as_string(hide_password=False))


@pytest.mark.parametrize("number", range(5))
async def test_two_programs_may_open_an_empty_file_at_once(tmp_path: Path, number: int) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / f'taalbrug{number}.db'}"
    both = await asyncio.gather(*(Database.open(url) for _ in range(3)))
    async with both[0].transaction() as tx:
        await insert_staff(tx, JOKE)
    async with both[1].reading() as tx:
        assert await tx.number(sa.select(sa.func.count()).select_from(staff)) == 1
        assert await people.find_staff(tx, JOKE.code) is not None
    for database in both:
        await database.close()
