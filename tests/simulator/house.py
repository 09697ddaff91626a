"""People with phones, a simulator for them, and a plain HTTP client for both of its sides."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from bot.simulator import Clock, Phone, Simulator, World
from bot.simulator.values import JsonObject

TOKEN = "700700:AAtest-token_of-nobody"

SELAM = Phone(
    user_id=101, first_name="Selam", subtitle="Tigrinya", language_code="ti", colour="#2f8f5b"
)
YOUSEF = Phone(user_id=102, first_name="يوسف", subtitle="Arabisch", language_code="ar", dir="rtl")
ANNA = Phone(user_id=201, first_name="Anna", subtitle="werkcoach", language_code="nl")


def make_simulator(
    clock: Clock | None = None,
    store: Path | None = None,
    *,
    world: World | None = None,
    repeat_rule: bool = False,
) -> Simulator:
    made = Simulator(
        token=TOKEN,
        bot_username="taalbrug_test_bot",
        bot_name="Taalbrug",
        clock=clock or Clock(),
        store=store,
        world=world,
        repeat_rule=repeat_rule,
    )
    for phone in (SELAM, YOUSEF, ANNA):
        made.put_phone(phone)
    return made


class Api:
    """The Bot API without a client library, so that a test can send exactly what it means."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self.session = session
        self.base = base

    @staticmethod
    @asynccontextmanager
    async def open(base: str) -> AsyncIterator["Api"]:
        """Give a client for the simulator at `base`."""
        timeout = aiohttp.ClientTimeout(total=20)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            yield Api(session, base)

    async def raw(self, method: str, **params: object) -> JsonObject:
        """Call a method with a JSON body and give the whole answer."""
        url = f"{self.base}/bot{TOKEN}/{method}"
        async with self.session.post(url, json=params) as answer:
            body = await answer.json()
            assert isinstance(body, dict)
            return body

    async def ok(self, method: str, **params: object) -> JsonObject:
        """Call a method that must succeed and give its result, which is an object."""
        result = (await self.raw(method, **params)).get("result")
        assert isinstance(result, dict), result
        return result

    async def refused(self, method: str, **params: object) -> str:
        """Call a method that must be refused and give Telegram's sentence."""
        body = await self.raw(method, **params)
        assert body["ok"] is False, body
        return str(body["description"])

    async def updates(self, **params: object) -> list[JsonObject]:
        result = (await self.raw("getUpdates", **params))["result"]
        assert isinstance(result, list)
        return result

    async def sim(self, path: str, **fields: object) -> tuple[int, JsonObject]:
        """Post to the control API and give status and answer."""
        async with self.session.post(f"{self.base}/sim/{path}", json=fields) as answer:
            return answer.status, await answer.json()

    async def look(self, path: str) -> tuple[int, JsonObject]:
        """Read from the control API and give status and answer."""
        async with self.session.get(f"{self.base}/sim/{path}") as answer:
            return answer.status, await answer.json()
