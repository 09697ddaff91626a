"""What every test may ask for: a free port, PostgreSQL, a browser; and the internet for none."""

import asyncio
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page

from bot.storage.database import Database
from tests.support import network_guard
from tests.support.browser import running_browser, watched_context
from tests.support.postgres import NoPostgresError, fresh_database, running_server
from tools.ensure_browser import find_chromium

_CHILD_SITE = Path(__file__).parent / "support" / "child_site"
_database_numbers = count(1)


@pytest.fixture(scope="session", autouse=True)
def _no_internet() -> Iterator[Path]:
    """Guard this process and every Python process started from it; give the log of refusals."""
    with ExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="tbnet")))
        log = folder / "refused"
        log.touch()
        patch = undo.enter_context(pytest.MonkeyPatch.context())
        patch.setenv(network_guard.LOG_VARIABLE, str(log))
        patch.setenv("PYTHONPATH", str(_CHILD_SITE), prepend=os.pathsep)
        undo.callback(network_guard.install())
        yield log


@pytest.fixture(autouse=True)
def refused_addresses(_no_internet: Path) -> Iterator[Callable[[], list[str]]]:
    """Fail a test that tried to leave the machine, even if its code swallowed the error.

    Gives a function that takes the refused addresses off the list, for the tests of the guard.
    """

    def take() -> list[str]:
        refused = _no_internet.read_text(encoding="utf-8").splitlines()
        _no_internet.write_text("", encoding="utf-8")
        return refused

    take()
    yield take
    left = take()
    assert not left, f"this test tried to reach the internet: {left}"


@pytest.fixture
def free_port() -> int:
    """Give a TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Give the libpq URI of a PostgreSQL server that runs until the last test has ended."""
    with ExitStack() as server:
        try:
            uri = server.enter_context(running_server())
        except NoPostgresError as problem:
            pytest.skip(f"no PostgreSQL: {problem}")
        yield uri


@pytest.fixture
def postgres_database_url(postgres_url: str) -> Iterator[str]:
    """Give the SQLAlchemy URL of an empty PostgreSQL database of this test's own."""
    with fresh_database(postgres_url, f"test_{next(_database_numbers)}") as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an SQLite file with all tables, for tests to copy: making them takes its time."""
    file = tmp_path_factory.mktemp("template") / "taalbrug.db"
    _make_tables(f"sqlite+aiosqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """Give the name of a PostgreSQL database with all tables, for tests to copy."""
    with fresh_database(postgres_url, "template_taalbrug") as url:
        _make_tables(url)
        yield "template_taalbrug"


@pytest.fixture
def postgres_ready_url(postgres_url: str, postgres_template: str) -> Iterator[str]:
    """Give the URL of a PostgreSQL database of this test's own, with all tables."""
    name = f"test_{next(_database_numbers)}"
    with fresh_database(postgres_url, name, like=postgres_template) as url:
        yield url


def _make_tables(url: str) -> None:
    async def open_once() -> None:
        await (await Database.open(url)).close()

    # In a thread of its own: a test may ask for this when its event loop runs already.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(open_once())).result()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Give a headless Chromium, in the event loop that this test's own servers run in."""
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium: apt install chromium, or name one with TAALBRUG_CHROMIUM")
    async with running_browser(executable) as running:
        yield running


@pytest.fixture
async def browser_context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """Give a fresh browser profile; the test fails if a page of it leaves loopback or breaks."""
    async with watched_context(browser) as context:
        yield context


@pytest.fixture
async def page(browser_context: BrowserContext) -> Page:
    """Give an empty page, with a time limit of 10 seconds on every wait."""
    browser_context.set_default_timeout(10_000)
    return await browser_context.new_page()
