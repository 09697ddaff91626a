"""Towns for tests of whole conversations."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.town import Town, make_snapshot, open_town


@pytest.fixture(scope="session")
def everybody_linked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the files of a town in which everybody has come in; made once."""
    folder = tmp_path_factory.mktemp("snapshot")
    asyncio.run(make_snapshot(folder))
    return folder


@pytest.fixture
async def town(tmp_path: Path, everybody_linked: Path) -> AsyncIterator[Town]:
    """Give a town in which two coaches and four clients are linked, all alone on their phones."""
    async with open_town(tmp_path, snapshot=everybody_linked) as running:
        yield running


@pytest.fixture
async def new_town(tmp_path: Path) -> AsyncIterator[Town]:
    """Give a town whose people are known, but of whom nobody has opened the chat."""
    async with open_town(tmp_path) as running:
        yield running
