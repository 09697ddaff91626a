"""/health for monitors, /metrics for Prometheus, and the same on a page for a person.

Nobody is asked who they are: these pages hold figures and fixed sentences only, no word, name
or code of anybody. They are meant for the machine itself or a network behind a proxy.
"""

import asyncio
import errno
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus

from aiohttp import web

from bot.domain.errors import ConfigError
from bot.services import health
from bot.services.core import Core
from bot.services.health import Health
from bot.telemetry import Telemetry
from bot.web import page

log = logging.getLogger(__name__)

_LAST_SECONDS = 2.0
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Pages:
    """The answers; the database is asked once at a time, however many ask us."""

    def __init__(self, core: Core, telemetry: Telemetry, clock: Callable[[], datetime]) -> None:
        self._core = core
        self._telemetry = telemetry
        self._clock = clock
        self._turn = asyncio.Lock()

    async def _look(self) -> Health:
        async with self._turn:
            return await health.look(self._core, self._telemetry, self._clock())

    async def health(self, _request: web.Request) -> web.Response:
        """Say whether all is well: 200 when it is, 503 with the reasons when not."""
        found = await self._look()
        return web.json_response(_as_json(found), status=_status(found.ready))

    async def live(self, _request: web.Request) -> web.Response:
        """Say whether the program answers and can read: if not, a restart may help."""
        found = await self._look()
        answer = {"live": found.live, "reasons": [] if found.live else found.reasons[:1]}
        return web.json_response(answer, status=_status(found.live))

    async def metrics(self, request: web.Request) -> web.Response:
        """Give all figures to Prometheus.

        Also without the database, and then without queues: a failed scrape would hide the rest
        just when it is needed, and `taalbrug_ready` says that something is wrong.
        """
        found = await self._look()
        self._telemetry.show(found.queues, ready=found.ready)
        body, content_type = self._telemetry.exposition(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def page(self, _request: web.Request) -> web.Response:
        """Show the same to a person."""
        found = await self._look()
        return web.Response(
            text=page.render(found, self._clock()),
            content_type="text/html",
            status=_status(found.ready),
        )


@asynccontextmanager
async def serving(
    core: Core, telemetry: Telemetry, clock: Callable[[], datetime], *, host: str, port: int
) -> AsyncIterator[str]:
    """Answer at the address that this gives, until the end of the block; port 0 is any free one.

    Errors: ConfigError when nobody can listen there.
    """
    pages = _Pages(core, telemetry, clock)
    app = web.Application(middlewares=[_guard])
    app.router.add_get("/", pages.page)
    app.router.add_get("/health", pages.health)
    app.router.add_get("/health/live", pages.live)
    app.router.add_get("/metrics", pages.metrics)
    runner = web.AppRunner(
        app, access_log=None, handle_signals=False, shutdown_timeout=_LAST_SECONDS
    )
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise ConfigError(_deaf(host, port, error)) from error
        name = f"[{host}]" if ":" in host else host
        yield f"http://{name}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _deaf(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is taken by another program, so the health page cannot be "
            "shown. Set [web] port to a free one, or to 0 to do without, or stop that program."
        )
    return (
        f"The health page cannot be shown at {host}, port {port} "
        f"({error.strerror or type(error).__name__}). Mend [web] host and port, or set port to 0 "
        "to do without."
    )


@web.middleware
async def _guard(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Answer with one sentence when something breaks: a trace is for nobody outside."""
    try:
        answer = await handler(request)
    except web.HTTPException as error:
        answer = web.Response(text=f"{error.status}: {error.reason}", status=error.status)
    except Exception as error:  # noqa: BLE001 - see above
        log.error("web.failed path=%s error=%s", request.path, type(error).__name__)
        text = "This page cannot be made now. Look in the log for web.failed."
        answer = web.Response(text=text, status=HTTPStatus.SERVICE_UNAVAILABLE)
    answer.headers.update(_HEADERS)
    return answer


def _status(good: bool) -> HTTPStatus:
    return HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE


def _as_json(found: Health) -> dict[str, object]:
    return {
        "ready": found.ready,
        "live": found.live,
        "reasons": list(found.reasons),
        "queues": [asdict(queue) for queue in found.queues if queue.length],
    }
