"""What the tests of the demo page share: a simulator, its phones and the bot behind them."""

import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import aiohttp
from playwright.async_api import ConsoleMessage, Locator, Page, expect

from bot.simulator import Clock, Letter, Phone, Phrase, Simulator

TOKEN: Final = "4242:page-test-token"
USERNAME: Final = "taalbrug_proef_bot"
COACH, SELAM, NOUR, PARISA = 501, 502, 503, 504
INVITE: Final = f"https://t.me/{USERNAME}?start=Zk3f9Q2mX8aLw0pB"
QR: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0h4v4H0z"/></svg>'
)
NOON: Final = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
ANSWER_KEYS: Final = {
    "inline_keyboard": [
        [
            {"text": "✅ Ik kom", "callback_data": "come"},
            {"text": "❌ Ik kan niet", "callback_data": "cannot"},
        ]
    ]
}

PHONES: Final = (
    Phone(COACH, "Marieke", "Klantmanager", "nl", "ltr", phrases=(Phrase("Hoe gaat het?", ""),)),
    Phone(
        SELAM,
        "Selam",
        "Klant",
        "ti",
        "ltr",
        phrases=(Phrase("ሰላም", "Hallo"),),
        letter=Letter("ዕድመ", "Uitnodiging voor Selam", INVITE, QR),
    ),
    Phone(NOUR, "Nour", "Klant", "ar", "rtl", phrases=(Phrase("مرحبا", "Hallo"),)),
    Phone(PARISA, "Parisa", "Klant", "fa", "rtl", phrases=(Phrase("سلام", "Hallo"),)),
)


@dataclass
class Planned:
    """A world in which the given moments are events; `reached` is called at each."""

    moments: list[datetime] = field(default_factory=list)

    async def next_event(self, after: datetime) -> datetime | None:
        return min((moment for moment in self.moments if moment > after), default=None)

    async def settle(self) -> None:
        return


@dataclass
class Bot:
    """The program behind the bot, as far as these tests need one."""

    session: aiohttp.ClientSession
    base: str
    offset: int = 0

    async def call(self, method: str, **params: object) -> dict[str, object]:
        async with self.session.post(f"{self.base}/bot{TOKEN}/{method}", json=params) as answer:
            body = await answer.json()
        assert body["ok"], body
        result = body["result"]
        return result if isinstance(result, dict) else {"value": result}

    async def send(self, chat_id: int, text: str, **params: object) -> int:
        sent = await self.call("sendMessage", chat_id=chat_id, text=text, **params)
        number = sent["message_id"]
        assert isinstance(number, int)
        return number

    async def upload(self, method: str, name: str, content: bytes, **params: object) -> None:
        form = aiohttp.FormData()
        for key, value in params.items():
            form.add_field(key, str(value))
        form.add_field(name, content, filename=f"{name}.bin")
        async with self.session.post(f"{self.base}/bot{TOKEN}/{method}", data=form) as answer:
            body = await answer.json()
        assert body["ok"], body

    async def next(self, kind: str = "message") -> dict[str, object]:
        """Take updates off the queue until one of this kind comes."""
        while True:
            got = await self.call("getUpdates", offset=self.offset, timeout=10, limit=1)
            updates = got["value"]
            assert isinstance(updates, list)
            assert updates, f"no {kind} came"
            self.offset = updates[0]["update_id"] + 1
            if kind in updates[0]:
                found = updates[0][kind]
                assert isinstance(found, dict)
                return found


@dataclass
class Demo:
    """The simulator with its phones, the bot, and the page that shows them."""

    sim: Simulator
    bot: Bot
    page: Page
    world: Planned
    clock: Clock
    errors: list[str]
    asked: list[str]

    def phone(self, chat_id: int) -> Locator:
        return self.page.locator(f"#phone-{chat_id}")

    def row(self, chat_id: int, message_id: int) -> Locator:
        return self.phone(chat_id).locator(f".row[data-id='{message_id}']")

    def field(self, chat_id: int) -> Locator:
        return self.phone(chat_id).get_by_role("textbox")


@asynccontextmanager
async def playing(page: Page) -> AsyncIterator[Demo]:
    """Open the page on a running simulator; at the end it must have stayed calm and at home."""
    clock = Clock(lambda: NOON)
    world = Planned()
    sim = Simulator(
        token=TOKEN, bot_username=USERNAME, bot_name="Taalbrug", clock=clock, world=world
    )
    for phone in PHONES:
        sim.put_phone(phone)
    base = await sim.start()
    errors: list[str] = []
    asked: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            errors.append(message.text)

    page.on("console", heard)
    page.on("request", lambda request: asked.append(request.url))
    try:
        async with aiohttp.ClientSession() as session:
            bot = Bot(session, base)
            for chat in (COACH, NOUR, PARISA):
                sim.say(chat, "/start hello")
                await bot.next()
            await page.set_viewport_size({"width": 1600, "height": 1000})
            await page.goto(base)
            await expect(page.locator("body.ready")).to_be_attached()
            yield Demo(sim, bot, page, world, clock, errors, asked)
        assert errors == []
        strangers = [url for url in asked if not url.startswith((base, "data:", "blob:"))]
        assert strangers == []
    finally:
        await page.close()
        await sim.stop()


def drawing() -> bytes:
    """Make a PNG of 120 by 80 grey points."""

    def chunk(name: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + check

    head = struct.pack(">IIBBBBB", 120, 80, 8, 0, 0, 0, 0)
    points = zlib.compress((b"\0" + b"\x90" * 120) * 80)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", points) + chunk(b"IEND", b"")
    )


async def computed(node: Locator, name: str) -> str:
    value = await node.evaluate("(node, name) => getComputedStyle(node)[name]", name)
    return str(value)


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
