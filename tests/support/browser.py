"""Headless Chromium for tests of pages, and the proof that a page stays on this machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, async_playwright

from tests.support.network_guard import is_local

FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Whatever a page asks for elsewhere is not found, rather than fetched or waited for.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]",
)
_INSIDE: Final = frozenset({"about", "blob", "chrome", "data", "devtools", "javascript"})


def leaves_machine(url: str) -> bool:
    """Tell whether fetching this URL would go further than loopback."""
    parts = urlsplit(url)
    return parts.scheme not in _INSIDE and not is_local(parts.hostname or "")


@dataclass(slots=True)
class Watch:
    """What a browser context asked for and which scripts of it failed."""

    left: list[str] = field(default_factory=list)
    script_errors: list[str] = field(default_factory=list)

    def attach(self, context: BrowserContext) -> None:
        """Follow every request, web socket and uncaught script error of the context's pages."""
        context.on("request", lambda request: self._asked(request.url))
        context.on("page", lambda page: page.on("websocket", lambda ws: self._asked(ws.url)))
        context.on("weberror", lambda problem: self.script_errors.append(str(problem.error)))

    def _asked(self, url: str) -> None:
        if leaves_machine(url):
            self.left.append(url)

    def complain(self) -> None:
        """Raise when a page reached out of the machine or one of its scripts failed."""
        if self.left:
            raise AssertionError(f"the page asked for addresses outside this machine: {self.left}")
        if self.script_errors:
            raise AssertionError(f"scripts of the page failed: {self.script_errors}")


@asynccontextmanager
async def running_browser(executable: str) -> AsyncIterator[Browser]:
    """Start Chromium in the running event loop; it ends with the block."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable, headless=True, args=list(FLAGS)
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def watched_context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """Open a fresh profile; a page of it that leaves loopback or breaks fails the test."""
    context = await browser.new_context(locale="nl-NL", timezone_id="Europe/Amsterdam")
    watch = Watch()
    watch.attach(context)
    try:
        yield context
    finally:
        await context.close()
    watch.complain()
