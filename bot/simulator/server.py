"""The simulator as one server: the Bot API, the control API and the page with the phones."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from bot.simulator.botapi import BotApi
from bot.simulator.clock import Clock
from bot.simulator.control import Control, answer
from bot.simulator.desk import Desk
from bot.simulator.errors import ControlError
from bot.simulator.exchange import Exchange
from bot.simulator.faults import Faults
from bot.simulator.model import Phone, World
from bot.simulator.people import People
from bot.simulator.polling import LOOPBACK, Delivery
from bot.simulator.stepping import Stepper
from bot.simulator.store import Store

log = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
MAX_BODY = 64 * 1024 * 1024
CALM_SECONDS = 0.3

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Simulator(Desk):
    """A Bot API server with phones, on loopback; see docs/simulator.md.

    `store` is a SQLite file that keeps everything over a restart; without it all is in memory.
    `zone` is the time zone in which the page shows the clock. `repeat_rule` copies Telegram's
    rule that the same offset asked twice within half a second gets one update at most.
    """

    def __init__(
        self,
        *,
        token: str,
        bot_username: str,
        bot_name: str,
        clock: Clock,
        store: Path | None = None,
        zone: str = "Europe/Amsterdam",
        world: World | None = None,
        repeat_rule: bool = False,
    ) -> None:
        self._store = Store(store)
        self._closing = asyncio.Event()
        exchange = Exchange(
            token=token,
            bot_username=bot_username,
            bot_name=bot_name,
            clock=clock,
            store=self._store,
        )
        kept = dict(self._store.load("meta")).get("clock", {}).get("offset_seconds", 0)
        offset = timedelta(seconds=kept if isinstance(kept, int | float) else 0)
        if offset > clock.offset:
            clock.advance(offset - clock.offset)
        faults = Faults()
        self._delivery = Delivery(exchange, repeat_rule=repeat_rule)
        api = BotApi(exchange, self._delivery, faults)
        super().__init__(exchange, People(exchange), Stepper(exchange, zone, world), faults, api)
        self._control = Control(self, exchange)
        self._runner: web.AppRunner | None = None
        self._store.commit()

    def set_world(self, world: World) -> None:
        """Say which program is behind the bot."""
        self._stepper.world = world

    def clear_letter(self, user_id: int) -> None:
        """Take the letter from under a phone, because it has been used."""
        phone = self._x.phones[self._people.chat(user_id).chat_id]
        self.put_phone(replace(phone, letter=None))

    @property
    def pending_updates(self) -> int:
        """How many updates the bot has not yet confirmed."""
        return len(self._x.updates.pending())

    async def until_polled(self) -> None:
        """Return when a getUpdates waits for news and all that was given before is confirmed."""
        while not self._x.hub.closed and (self._delivery.waiting == 0 or self.pending_updates):
            await self._x.hub.changed.wait()

    @property
    def phones(self) -> tuple[Phone, ...]:
        """Everybody who has a phone."""
        return tuple(self._x.phones.values())

    def control_routes(self) -> list[tuple[str, str]]:
        """Give method and path of every route of the control API."""
        return [(route.method, route.path) for route in self._control.routes()]

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen, and give the base address; port 0 takes any free port. OSError when taken.

        ValueError when `host` is not loopback: whoever reaches the phones can act as anybody.
        """
        if host not in LOOPBACK:
            raise ValueError(f"The simulator listens on loopback only, not on {host}.")
        if self._runner is not None:
            raise RuntimeError("The simulator is already started; stop it first.")
        self._store.open()
        self._closing.clear()
        self._delivery.open()
        self._x.hub.open()
        self._api.open()
        runner = web.AppRunner(
            self._application(), access_log=None, shutdown_timeout=2, handle_signals=False
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port)
            await site.start()
        except OSError:
            await runner.cleanup()
            self._store.close()
            raise
        self._runner = runner
        bound = runner.addresses[0]
        name = f"[{host}]" if ":" in host else host
        return f"http://{name}:{bound[1]}"

    async def stop(self) -> None:
        """Let everybody go who waits, stop listening and close the store."""
        if self._runner is not None:
            self._let_go()
            await self._runner.cleanup()
            self._runner = None
        self._store.close()

    def _let_go(self) -> None:
        self._closing.set()
        self._delivery.close()
        self._api.close()
        self._x.hub.close()

    def _application(self) -> web.Application:
        app = web.Application(
            middlewares=[self._guard, self._errors_and_commit], client_max_size=MAX_BODY
        )
        app.cleanup_ctx.append(self._background)
        app.add_routes(self._control.routes())
        app.add_routes(
            [
                web.route("*", "/bot{token}/{method}", self._api.call),
                web.get("/file/bot{token}/{path:.+}", self._api.file),
                web.get("/", self._page),
            ]
        )
        if STATIC.is_dir():
            app.router.add_static("/static/", STATIC)
        return app

    async def _background(self, _: web.Application) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._delivery.run()),
                group.create_task(self._watch_next_event()),
            ]
            yield
            for task in tasks:
                task.cancel()

    async def _watch_next_event(self) -> None:
        """Show a new next event soon after something happened, without a press on the clock."""
        while not self._closing.is_set():
            await self._x.hub.changed.wait()
            # A burst of messages is looked at once, when it is over.
            while await self._x.hub.changed.wait(CALM_SECONDS):
                continue
            if not self._x.hub.listeners:
                continue
            try:
                await self._stepper.refresh()
            except Exception as problem:  # noqa: BLE001  # another program's fault, and not ours to die of
                log.warning("The next event could not be asked for: %s", type(problem).__name__)

    async def _page(self, _: web.Request) -> web.StreamResponse:
        index = STATIC / "index.html"
        if not index.is_file():
            raise ControlError("The page is not there: bot/simulator/static/index.html.", 404)
        return web.FileResponse(index, headers={"Cache-Control": "no-cache"})

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Refuse what a strange web page could send to this address."""
        if not _is_loopback(request.headers.get("Host", "")):
            return answer({"error": "Only 127.0.0.1 and localhost are served here."}, 403)
        if request.path.startswith("/sim/") and request.method not in {"GET", "HEAD"}:
            origin = request.headers.get("Origin")
            if origin is not None and origin != f"http://{request.headers['Host']}":
                return answer({"error": "Requests from another web page are refused."}, 403)
            kinds = {"application/json", "multipart/form-data"}
            if request.method == "POST" and request.content_type not in kinds:
                return answer({"error": "Send application/json or multipart/form-data."}, 415)
        response = await handler(request)
        if not response.prepared:
            response.headers["X-Content-Type-Options"] = "nosniff"
            if request.path.startswith("/static/"):
                # A page of yesterday must not meet a simulator of today.
                response.headers["Cache-Control"] = "no-cache"
        return response

    @web.middleware
    async def _errors_and_commit(
        self, request: web.Request, handler: _Handler
    ) -> web.StreamResponse:
        try:
            return await handler(request)
        except ControlError as refused:
            return answer({"error": str(refused)}, refused.status)
        except web.HTTPException as refused:
            if not request.path.startswith("/sim/"):
                raise
            why = f"{request.method} {request.path}: {refused.reason}."
            return answer({"error": why}, refused.status)
        finally:
            self._stepper.keep_offset()
            self._store.commit()


def _is_loopback(host: str) -> bool:
    try:
        return urlsplit(f"//{host}").hostname in LOOPBACK
    except ValueError:
        return False
