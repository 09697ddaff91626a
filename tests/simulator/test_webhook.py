"""Webhooks: really posted, with the secret, in order per chat, until they are accepted."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from bot.simulator import Simulator
from bot.simulator.values import JsonObject, as_int, as_object, as_text
from tests.simulator.house import SELAM, YOUSEF, Api


class Receiver:
    """A bot that listens: it takes updates, or refuses them as long as it is told to."""

    def __init__(self) -> None:
        self.got: asyncio.Queue[tuple[str, JsonObject]] = asyncio.Queue()
        self.refusals = 0
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        if self.refusals:
            self.refusals -= 1
            return web.Response(status=500)
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        await self.got.put((secret, await request.json()))
        return web.Response()

    async def next(self) -> tuple[str, JsonObject]:
        async with asyncio.timeout(10):
            return await self.got.get()

    async def next_text(self) -> str:
        return as_text(as_object((await self.next())[1]["message"])["text"])


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_post("/hook", made.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield made
    await runner.cleanup()


async def until_empty(simulator: Simulator, api: Api) -> JsonObject:
    """Wait until the webhook has taken everything, and give what getWebhookInfo says."""
    async with asyncio.timeout(10):
        while simulator.pending_updates:
            await api.look("clock")
    return await api.ok("getWebhookInfo")


async def test_updates_are_posted_with_the_secret(
    simulator: Simulator, api: Api, receiver: Receiver
) -> None:
    simulator.say(SELAM.user_id, "vooraf")
    await api.raw("setWebhook", url=receiver.url, secret_token="ge_heim-1")
    said = simulator.say(SELAM.user_id, "daarna")
    assert as_object((await receiver.next())[1]["message"])["text"] == "vooraf"
    secret, update = await receiver.next()
    assert secret == "ge_heim-1"
    assert update["update_id"] == said["update_id"]
    info = await until_empty(simulator, api)
    assert (info["url"], info["pending_update_count"]) == (receiver.url, 0)


async def test_a_refused_update_comes_again_and_holds_up_its_own_chat_only(
    simulator: Simulator, api: Api, receiver: Receiver
) -> None:
    receiver.refusals = 1
    await api.raw("setWebhook", url=receiver.url)
    simulator.say(SELAM.user_id, "een")
    simulator.say(SELAM.user_id, "twee")
    texts = [await receiver.next_text(), await receiver.next_text()]
    assert texts == ["een", "twee"]
    info = await until_empty(simulator, api)
    assert info["last_error_message"] == (
        "Wrong response from the webhook: 500 Internal Server Error"
    )
    simulator.say(YOUSEF.user_id, "drie")
    assert await receiver.next_text() == "drie"


async def test_a_bot_that_is_away_gets_its_updates_when_it_is_back(
    simulator: Simulator, api: Api, receiver: Receiver
) -> None:
    await api.raw("setWebhook", url="http://127.0.0.1:9/nobody")
    simulator.say(SELAM.user_id, "wacht")
    async with asyncio.timeout(10):
        while "last_error_message" not in await api.ok("getWebhookInfo"):
            continue
    await api.raw("setWebhook", url=receiver.url)
    assert await receiver.next_text() == "wacht"


async def test_pending_updates_can_be_dropped(simulator: Simulator, api: Api) -> None:
    simulator.say(SELAM.user_id, "a")
    await api.raw("deleteWebhook", drop_pending_updates=True)
    assert simulator.pending_updates == 0


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"url": "ftp://127.0.0.1/"}, "An HTTPS URL must be provided for webhook"),
        ({"url": "https://taalbrug.example/"}, "loopback addresses only"),
        ({"url": "http://127.0.0.1:9/", "secret_token": "a b"}, "unallowed characters"),
    ],
)
async def test_a_webhook_that_cannot_be_is_refused(
    api: Api, params: dict[str, object], why: str
) -> None:
    assert why in await api.refused("setWebhook", **params)
    assert (await api.ok("getWebhookInfo"))["url"] == ""


async def test_many_chats_are_delivered_side_by_side_and_each_in_order(
    simulator: Simulator, api: Api, receiver: Receiver
) -> None:
    await api.raw("setWebhook", url=receiver.url, max_connections=3)
    chats = (SELAM.user_id, YOUSEF.user_id)
    for number in range(10):
        for chat in chats:
            simulator.say(chat, str(number))
    seen: dict[int, list[str]] = {chat: [] for chat in chats}
    for _ in range(20):
        message = as_object((await receiver.next())[1]["message"])
        seen[as_int(as_object(message["chat"])["id"])].append(as_text(message["text"]))
    assert seen == {chat: [str(n) for n in range(10)] for chat in chats}
