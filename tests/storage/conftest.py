"""One fixture, two engines: each storage test runs on a SQLite file and on PostgreSQL."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage.database import Database

ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(params=ENGINES)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}"
    url: str = request.getfixturevalue("postgres_database_url")
    return url


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> str:
    """Give the address of a database with tables in which nothing stands."""
    if request.param == "sqlite":
        file = tmp_path / "taalbrug.db"
        shutil.copyfile(sqlite_template, file)
        return f"sqlite+aiosqlite:///{file}"
    url: str = request.getfixturevalue("postgres_ready_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Give an open database in which nothing stands yet."""
    opened = await Database.open(database_url)
    yield opened
    await opened.close()
