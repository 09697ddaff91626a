"""The health page, over real HTTP."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Page
from prometheus_client.parser import text_string_to_metric_families

from bot.config import Config
from bot.domain.delivery import OutboxKind, OutboxState
from bot.domain.errors import ConfigError
from bot.domain.ids import OutboxId
from bot.services.core import Core
from bot.storage import outbox
from bot.storage.database import Database
from bot.telemetry import Part, Telemetry
from bot.texts import Texts
from bot.web.server import serving
from tests.cast import SELAM
from tests.storage.rows import MINUTE, NOW, insert_cast, insert_text

PATHS = ("/", "/health", "/health/live", "/metrics")


@dataclass
class Site:
    """The pages of a bot whose clock stands still."""

    core: Core
    telemetry: Telemetry
    url: str
    session: aiohttp.ClientSession
    folder: Path
    seconds: list[float]

    async def get(self, path: str, accept: str = "*/*") -> tuple[int, str, str]:
        """Return status, content type and body."""
        headers = {"Accept": accept}
        async with self.session.get(self.url + path, headers=headers) as answer:
            return answer.status, answer.headers["Content-Type"], await answer.text()

    async def health(self) -> tuple[int, dict[str, object]]:
        status, content_type, body = await self.get("/health")
        assert content_type.startswith("application/json")
        return status, json.loads(body)

    async def lose_database(self) -> None:
        """Take the file away from under the bot."""
        await self.core.database.close()
        for file in self.folder.iterdir():
            file.unlink()
        (self.folder / "taalbrug.db").mkdir()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}")
    core = Core(database, Texts({}), Config(), "a_bot")
    seconds = [0.0]
    telemetry = Telemetry(lambda: seconds[0])
    async with (
        serving(core, telemetry, lambda: NOW, host="127.0.0.1", port=0) as url,
        aiohttp.ClientSession() as session,
    ):
        yield Site(core, telemetry, url, session, tmp_path, seconds)
    await database.close()


async def remind(site: Site, minutes: int) -> None:
    """Put a reminder to Selam in the outbox, due so many minutes from now."""
    cast = await insert_cast(site.core.database)
    async with site.core.database.transaction() as tx:
        message = await insert_text(tx, cast)
        await outbox.insert_call(
            tx,
            lane="a",
            chat_id=SELAM.chat_id,
            client_id=cast.selam,
            message_id=message.id,
            kind=OutboxKind.REMINDER,
            method="sendMessage",
            payload={"chat_id": SELAM.chat_id, "text": "Morgen om 14:00"},
            now=NOW,
            not_before=NOW + minutes * MINUTE,
        )


async def test_a_bot_that_is_well_answers_200(site: Site) -> None:
    assert await site.health() == (
        200,
        {"ready": True, "live": True, "reasons": [], "queues": []},
    )
    status, _, body = await site.get("/health/live")
    assert (status, json.loads(body)) == (200, {"live": True, "reasons": []})


async def test_a_silent_receiver_turns_health_to_503_with_the_reason_and_back(
    site: Site,
) -> None:
    site.telemetry.expect(Part.RECEIVE, 45)
    assert (await site.health())[0] == 200

    site.seconds[0] = 75
    status, answer = await site.health()
    assert status == 503
    assert (answer["ready"], answer["live"]) == (False, True)
    assert str(answer["reasons"]).startswith("['receive: nothing from Telegram for 75 s")
    assert (await site.get("/health/live"))[0] == 200

    site.telemetry.beat(Part.RECEIVE)
    assert (await site.health())[0] == 200


async def test_queues_are_shown_as_they_are_at_that_moment(site: Site) -> None:
    await remind(site, -3)
    expected = {"name": "outbox", "kind": "reminder", "state": "due", "length": 1}
    assert (await site.health())[1]["queues"] == [expected | {"oldest_seconds": 180.0}]
    labels = 'kind="reminder",queue="outbox",state="due"'
    body = (await site.get("/metrics"))[2]
    assert f"taalbrug_queue_length{{{labels}}} 1.0" in body
    assert f"taalbrug_queue_oldest_seconds{{{labels}}} 180.0" in body
    assert "taalbrug_ready 1.0" in body

    async with site.core.database.transaction() as tx:
        await outbox.update_call(tx, OutboxId(1), state=OutboxState.SENT, now=NOW)
    assert f"taalbrug_queue_length{{{labels}}} 0.0" in (await site.get("/metrics"))[2]


async def test_prometheus_can_read_the_metrics_in_the_format_it_asks_for(site: Site) -> None:
    status, content_type, body = await site.get("/metrics")
    assert status == 200
    assert content_type.startswith("text/plain; version=")
    names = {family.name for family in text_string_to_metric_families(body)}
    assert {"taalbrug_queue_length", "taalbrug_sends", "taalbrug_tick_seconds"} <= names

    _, content_type, body = await site.get(
        "/metrics", "application/openmetrics-text; version=1.0.0"
    )
    assert content_type.startswith("application/openmetrics-text")
    assert body.endswith("# EOF\n")


@pytest.mark.parametrize("path", ["/", "/health", "/health/live"])
async def test_without_a_database_every_page_says_so_in_one_sentence(
    site: Site, path: str
) -> None:
    await site.lose_database()
    status, _, body = await site.get(path)
    assert status == 503
    assert body.count("The database could not be read") == 1
    assert "Traceback" not in body
    assert "taalbrug.db" not in body


async def test_without_a_database_metrics_go_on_but_show_no_old_queue(site: Site) -> None:
    await remind(site, -3)
    assert "taalbrug_queue_length{" in (await site.get("/metrics"))[2]
    await site.lose_database()
    site.telemetry.sent("reminder", "sent", 0.1)
    status, _, body = await site.get("/metrics")
    assert status == 200
    assert "taalbrug_ready 0.0" in body
    assert 'taalbrug_sends_total{kind="reminder",result="sent"} 1.0' in body
    assert "taalbrug_queue_length{" not in body


@pytest.mark.parametrize("path", PATHS)
async def test_no_page_shows_anybody(site: Site, path: str) -> None:
    await remind(site, -30)
    body = (await site.get(path))[2]
    shown = [
        word
        for word in ("ሰላም", "Morgen om", SELAM.name, SELAM.code, str(SELAM.chat_id), "Joke")
        if word in body
    ]
    assert shown == []


@pytest.mark.parametrize("path", PATHS)
async def test_no_page_is_kept_by_a_browser_or_may_load_anything(site: Site, path: str) -> None:
    async with site.session.get(site.url + path) as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


async def test_an_unknown_page_is_404_and_nothing_can_be_posted(site: Site) -> None:
    assert (await site.get("/console"))[0] == 404
    async with site.session.post(site.url + "/health") as answer:
        assert answer.status == 405


async def test_many_questions_at_once_are_all_answered(site: Site) -> None:
    answers = await asyncio.gather(*(site.get("/health") for _ in range(30)))
    assert {status for status, _, _ in answers} == {200}


async def test_a_taken_port_is_named_with_the_key_and_the_remedy(site: Site) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"Port {port} on 127.0.0.1 .*\[web\] port .*0"):
            async with serving(
                site.core, site.telemetry, lambda: NOW, host="127.0.0.1", port=port
            ):
                pass


async def test_an_address_of_another_machine_is_named_with_the_key(site: Site) -> None:
    with pytest.raises(ConfigError, match=r"192\.0\.2\.1.*\[web\] host"):
        async with serving(site.core, site.telemetry, lambda: NOW, host="192.0.2.1", port=0):
            pass


async def test_nobody_listens_any_more_after_the_block(site: Site) -> None:
    async with (
        serving(site.core, site.telemetry, lambda: NOW, host="127.0.0.1", port=0) as url,
        site.session.get(f"{url}/health") as answer,
    ):
        assert answer.status == 200
    with pytest.raises(aiohttp.ClientConnectorError):
        await site.session.get(f"{url}/health")


@pytest.mark.browser
async def test_the_page_is_dutch_and_fits_a_phone(site: Site, page: Page) -> None:
    await remind(site, -30)
    await page.set_viewport_size({"width": 320, "height": 640})
    await page.goto(site.url)
    assert await page.locator("html").get_attribute("lang") == "nl"
    assert await page.get_by_role("status").inner_text() == "Er is iets mis"
    assert "a call of kind reminder" in await page.get_by_role("listitem").inner_text()
    assert "herinnering" in await page.get_by_role("table").inner_text()
    assert "30 min" in await page.get_by_role("table").inner_text()
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width <= 320
