"""The guard, the database and the browser that the other tests stand on."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable

import psycopg
import pytest
from aiohttp import web
from playwright.async_api import Browser, Page
from sqlalchemy.ext.asyncio import create_async_engine

from tests.support.browser import leaves_machine, watched_context
from tests.support.network_guard import InternetReachedError

# Reserved for documentation (RFC 5737, RFC 2606): nobody's, should the guard fail.
ELSEWHERE = "192.0.2.1"
NAME_ELSEWHERE = "taalbrug.example"


def test_a_connection_out_of_the_machine_is_refused(
    refused_addresses: Callable[[], list[str]],
) -> None:
    with socket.socket() as sock, pytest.raises(InternetReachedError, match=ELSEWHERE):
        sock.connect((ELSEWHERE, 443))
    assert refused_addresses() == [f"{ELSEWHERE} port 443"]


def test_a_datagram_out_of_the_machine_is_refused(
    refused_addresses: Callable[[], list[str]],
) -> None:
    with (
        socket.socket(type=socket.SOCK_DGRAM) as sock,
        pytest.raises(InternetReachedError, match=ELSEWHERE),
    ):
        sock.sendto(b"", (ELSEWHERE, 53))
    assert refused_addresses() == [f"{ELSEWHERE} port 53"]


async def test_asyncio_can_neither_look_up_nor_reach_another_machine(
    refused_addresses: Callable[[], list[str]],
) -> None:
    with pytest.raises(InternetReachedError, match=NAME_ELSEWHERE):
        await asyncio.open_connection(NAME_ELSEWHERE, 443)
    with pytest.raises(InternetReachedError, match=ELSEWHERE):
        await asyncio.open_connection(ELSEWHERE, 443)
    assert refused_addresses() == [f"the name '{NAME_ELSEWHERE}'", f"{ELSEWHERE} port 443"]


def test_a_child_process_is_guarded_and_its_attempt_is_seen(
    refused_addresses: Callable[[], list[str]],
) -> None:
    code = f"import socket; socket.create_connection(('{ELSEWHERE}', 443))"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert child.returncode == 1
    assert b"loopback only" in child.stderr
    assert refused_addresses() == [f"{ELSEWHERE} port 443"]


async def test_loopback_stays_reachable(free_port: int) -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"welkom\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", free_port):
        reader, writer = await asyncio.open_connection("localhost", free_port)
        assert await reader.readline() == b"welkom\n"
        writer.close()
        await writer.wait_closed()


@pytest.mark.postgres
async def test_a_test_has_an_empty_postgresql_of_its_own(postgres_database_url: str) -> None:
    engine = create_async_engine(postgres_database_url)
    async with engine.begin() as connection:
        await connection.exec_driver_sql("create table first (id int)")
        version = (await connection.exec_driver_sql("show server_version_num")).scalar_one()
    await engine.dispose()
    assert int(version) >= 150000


@pytest.mark.postgres
def test_what_one_test_stored_is_gone_in_the_next(postgres_database_url: str) -> None:
    with psycopg.connect(postgres_database_url.replace("+psycopg", "")) as connection:
        tables = connection.execute("select 1 from pg_tables where tablename = 'first'").fetchall()
    assert tables == []


@pytest.mark.postgres
@pytest.mark.skipif(os.name != "posix", reason="Unix sockets")
def test_postgresql_listens_on_no_port(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)


@pytest.mark.browser
async def test_a_page_of_this_machine_is_shown_in_its_own_script(
    page: Page, free_port: int
) -> None:
    async def greet(_request: web.Request) -> web.Response:
        html = '<html dir="rtl" lang="ar"><p>مرحبا</p><p lang="ti">ሰላም</p></html>'
        return web.Response(text=html, content_type="text/html")

    application = web.Application()
    application.router.add_get("/", greet)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", free_port).start()
    try:
        await page.goto(f"http://127.0.0.1:{free_port}/")
        assert await page.locator("p").all_inner_texts() == ["مرحبا", "ሰላም"]
    finally:
        await runner.cleanup()


async def ask_elsewhere(browser: Browser, address: str) -> None:
    async with watched_context(browser) as context:
        page = await context.new_page()
        async with page.expect_event("requestfailed"):
            await page.evaluate("address => { new Image().src = address }", address)


async def break_a_script(browser: Browser, words: str) -> None:
    async with watched_context(browser) as context:
        page = await context.new_page()
        async with page.expect_event("pageerror"):
            await page.set_content(f"<script>throw new Error('{words}')</script>")


@pytest.mark.browser
async def test_a_page_that_asks_another_machine_is_found_out(browser: Browser) -> None:
    address = f"https://{NAME_ELSEWHERE}/picture.png"
    with pytest.raises(AssertionError, match=address):
        await ask_elsewhere(browser, address)


@pytest.mark.browser
async def test_a_page_whose_script_breaks_is_found_out(browser: Browser) -> None:
    with pytest.raises(AssertionError, match="kapot"):
        await break_a_script(browser, "kapot")


@pytest.mark.parametrize(
    ("url", "leaves"),
    [
        ("http://127.0.0.1:8080/", False),
        ("http://localhost/", False),
        ("ws://[::1]:9/", False),
        ("data:text/plain,x", False),
        ("blob:http://127.0.0.1/1", False),
        (f"https://{NAME_ELSEWHERE}/", True),
        (f"wss://{ELSEWHERE}/", True),
        ("http://127.0.0.1.example/", True),
        (f"//{NAME_ELSEWHERE}/", True),
    ],
)
def test_only_loopback_and_inline_addresses_count_as_this_machine(url: str, leaves: bool) -> None:
    assert leaves_machine(url) is leaves
