"""Makes the pictures of the demo anew: plays a scene in it and photographs the page.

Usage: make screenshots. Needs Chromium; nothing leaves loopback. The demo's own conversation is
not touched: this one lives in a temporary folder.
"""

import argparse
import asyncio
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from bot.config import Config
from bot.demo import COACH, KHALED, MARYAM, SELAM, Demo, open_demo
from bot.domain.localtime import next_working_day, to_utc
from tools.ensure_browser import find_chromium

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_WELCOME = (
    "on:language:ti",
    "on:person:yes",
    "on:welcome:next",
    "on:robot:next",
    "on:privacy1:next",
    "on:privacy2:next",
    "on:choice:chat",
    "on:shared_phone:alone",
)


class Stage:
    """People acting in the demo, one after another, each waiting until all has been shown."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo

    async def say(self, who: int, text: str, *, answering: str | None = None) -> None:
        """Write something, as a reply to the newest message that holds `answering`."""
        reply = self._newest(who, answering) if answering else None
        self._demo.simulator.say(who, text, reply_to_message_id=reply)
        await self._demo.world.settle()

    async def tap(self, who: int, data: str) -> None:
        """Tap the newest button whose id holds these characters."""
        for message in reversed(self._demo.simulator.messages(who)):
            markup = message.get("reply_markup")
            rows = markup.get("inline_keyboard") if isinstance(markup, dict) else None
            for row in rows if isinstance(rows, list) else []:
                for button in row if isinstance(row, list) else []:
                    found = str(button.get("callback_data")) if isinstance(button, dict) else ""
                    if data in found:
                        number = int(str(message["message_id"]))
                        self._demo.simulator.tap(who, message_id=number, data=found)
                        await self._demo.world.settle()
                        return
        msg = f"Nobody offered {data} in chat {who}."
        raise LookupError(msg)

    async def wait(self, **time: float) -> None:
        """Let time pass, event by event."""
        await self._demo.simulator.advance(timedelta(**time))

    async def morning(self, *, days: int) -> None:
        """Let time pass until the morning message of the working day so many days on."""
        day = self._demo.now().date()
        for _ in range(days):
            day = next_working_day(day, frozenset())
        zone = Config().organisation.zone
        moment = to_utc(day, Config().contact.digest_at, zone)
        await self._demo.simulator.advance(moment - self._demo.now())

    def in_two_days(self) -> date:
        """Return the second working day from now."""
        day = self._demo.now().date()
        for _ in range(2):
            day = next_working_day(day, frozenset())
        return day

    def token(self) -> str:
        """Return the token of the letter that lies under Selam's phone."""
        letter = next(
            phone.letter for phone in self._demo.simulator.phones if phone.user_id == SELAM
        )
        return letter.url.rpartition("=")[2] if letter else ""

    def _newest(self, who: int, text: str) -> int:
        found = [
            message
            for message in self._demo.simulator.messages(who)
            if text in str(message.get("text") or message.get("caption"))
        ]
        return int(str(found[-1]["message_id"]))


async def play(stage: Stage) -> None:
    """Let Selam come in, everybody speak, and an appointment be made and answered."""
    await stage.say(SELAM, f"/start {stage.token()}")
    for data in _WELCOME:
        await stage.tap(SELAM, data)
    await stage.say(MARYAM, "حال شما چطور است؟")
    await stage.say(COACH, "Het gaat goed.", answering="Hoe gaat het met u?")
    await stage.say(KHALED, "وصلتني رسالة بالبريد.")
    await stage.say(COACH, "Stuur mij een foto van de brief.", answering="brief gekregen")
    await stage.wait(minutes=7)
    await stage.say(COACH, "👥 Mijn klanten")
    await stage.tap(COACH, "cl:1")
    await stage.tap(COACH, "bn:1")
    day = stage.in_two_days()
    for data in (":kind:voortgang", f":day:{day}", ":time:10:30", ":place:0", ":ok:"):
        await stage.tap(COACH, data)
    await stage.tap(SELAM, ":come")
    await stage.wait(minutes=3)
    await stage.say(SELAM, "የቐንየለይ።")


async def play_rhythm(stage: Stage) -> None:
    """Let goals be chosen and looked at, a morning come, and a talk be put on record."""
    for number, client in ((1, SELAM), (2, KHALED)):
        await stage.say(COACH, "👥 Mijn klanten")
        for data in (f"cl:{number}", f"pl:{number}", "=ontwikkelplan", ".stappen", ".stappen."):
            await stage.tap(COACH, data)
        for category in ("language", "work_skills"):
            for data in (f"pl:{number}:add", f":add={category}", ":lib=", ":tool="):
                await stage.tap(COACH, data)
        await stage.tap(COACH, f"pl:{number}:send")
        await stage.tap(COACH, ":out=")
        await stage.say(client, "/doelen")
    await stage.say(KHALED, "/route")
    await stage.morning(days=3)
    await stage.tap(COACH, "dg:open")


async def play_broadcast(stage: Stage) -> None:
    """Let a film go out to everybody, and be watched."""
    await stage.say(COACH, "/uitzenden")
    for data in ("bd:new:films", "bd:new:films:work", "bd:new:film:", ":ask:", ":go:"):
        await stage.tap(COACH, data)
    await stage.wait(seconds=5)
    await stage.tap(KHALED, ":watch")
    await stage.tap(COACH, ":pic")


async def photograph(browser: Browser, url: str, path: Path, width: int, height: int) -> None:
    """Take one picture of the page as it stands."""
    page = await browser.new_page(viewport={"width": width, "height": height})
    await page.goto(url)
    await page.locator("text=Joke >> visible=true").first.wait_for()
    await page.wait_for_function("document.fonts.status === 'loaded'")
    await page.screenshot(path=path)
    await page.close()


async def make(folder: Path) -> None:
    """Play the scene and take the pictures."""
    with tempfile.TemporaryDirectory(prefix="taalbrug-") as scratch:
        async with open_demo(Path(scratch), port=0) as demo:
            stage = Stage(demo)
            await play(stage)
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=find_chromium(), args=_FLAGS
                )
                await photograph(browser, demo.url, folder / "demo.png", 1600, 1010)
                await photograph(browser, demo.url, folder / "demo-phone.png", 390, 844)
                await play_rhythm(stage)
                await photograph(browser, demo.url, folder / "rhythm.png", 1600, 1010)
                await play_broadcast(stage)
                await photograph(browser, demo.url, folder / "broadcast.png", 1600, 1010)
                await browser.close()


def main() -> int:
    """Run; exit code 1 when there is no browser."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("docs/pictures"))
    folder: Path = parser.parse_args().folder
    if find_chromium() is None:
        sys.stderr.write("No Chromium found. Install it, or run `make browser` as root.\n")
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(make(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
