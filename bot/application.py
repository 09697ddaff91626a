"""The running bot: every part put together, started, and stopped without leaving a mess."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from functools import cache

from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.ext import ExtBot

from bot import routes
from bot.adapters import loops
from bot.adapters.google import GoogleEngine
from bot.adapters.link_check import check_links
from bot.adapters.sender import Sender
from bot.adapters.telegram import make_bot, seconds_to_wait
from bot.adapters.webhook import receive_webhook
from bot.adapters.webhook_state import settle_webhook
from bot.config import Config
from bot.domain.errors import ConfigError, StorageError, TaalbrugError
from bot.domain.limits import Limits
from bot.services import (
    broadcast_approval,
    deliveries,
    digests,
    event_reminders,
    followups,
    menu,
    outbox,
    reminders,
    results,
)
from bot.services import lease as leases
from bot.services.core import Core
from bot.steps import Step, reached
from bot.stopping import or_stop
from bot.storage.database import Database, Transaction
from bot.telemetry import Part, Telemetry, watch_loop
from bot.texts import FOLDER, Texts
from bot.translation import library
from bot.translation.chain import Translator
from bot.translation.model import Engine
from bot.translation.none import NoEngine
from bot.translation.phrasebook import Phrasebook
from bot.web.server import serving
from handlers import registry
from scheduler import ticks

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

PHRASEBOOK = FOLDER / "phrasebook.toml"
_TROUBLE_SECONDS = 3.0
_LAST_CALLS_SECONDS = 10.0


async def open_core(config: Config, bot_username: str = "") -> Core:
    """Open the database and the catalogues: all that is needed without Telegram."""
    database = await Database.open(config.database.url)
    return Core(database, _texts(), config, bot_username)


@cache
def _texts() -> Texts:
    """Return the catalogues; what else stands in locales/ is read along, to fail at the start."""
    routes.load()
    library.load()
    return Texts.load()


@cache
def _phrasebook() -> Phrasebook:
    return Phrasebook.load(PHRASEBOOK)


async def connect(
    config: Config, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> ExtBot[None]:
    """Return the bot once Telegram has said who it is; waits while the network is down.

    Errors: ConfigError when there is no token or Telegram does not know it.
    """
    if not config.token:
        msg = "There is no bot token. Set TAALBRUG_TELEGRAM_TOKEN to the one BotFather gave you."
        raise ConfigError(msg)
    while True:
        bot = make_bot(config.token, config.telegram.api_url, config.telegram.poll_seconds)
        try:
            await bot.initialize()
        except InvalidToken:
            await bot.shutdown()
            msg = "Telegram does not know this token. Set TAALBRUG_TELEGRAM_TOKEN anew."
            raise ConfigError(msg) from None  # the library's own words quote the token
        except (BadRequest, Forbidden) as error:
            await bot.shutdown()
            msg = f"Telegram refused the start ({type(error).__name__}). Try again later."
            raise ConfigError(msg) from error
        except TelegramError as error:
            log.warning("start.waiting for Telegram error=%s", type(error).__name__)
            await bot.shutdown()
            wait = _TROUBLE_SECONDS
            if isinstance(error, RetryAfter):
                wait = seconds_to_wait(error)
            await sleep(wait)
        except BaseException:
            await bot.shutdown()
            raise
        else:
            return bot


_PAID_PER_SECOND = 1000


def limits_of(config: Config) -> Limits:
    """Return how fast the configuration lets this bot send."""
    sending = config.sending
    return Limits(
        per_second=_PAID_PER_SECOND if sending.paid_broadcast else sending.per_second,
        chat_per_second=sending.chat_per_second,
    )


class House:
    """The bot with all its loops. It is the `World` behind a simulator's clock as well."""

    def __init__(
        self,
        core: Core,
        bot: ExtBot[None],
        clock: Clock,
        engines: Sequence[Engine] = (),
        limits: Limits | None = None,
        *,
        stepping: bool = False,
    ) -> None:
        self.core = core
        self.telemetry = Telemetry()
        self._stepping = stepping
        self._sender: Sender | None = None
        self._bot = bot
        self._clock = clock
        self._more_engines = tuple(engines)
        self._limits = limits or limits_of(core.config)
        self._stopping = asyncio.Event()
        self._google = GoogleEngine() if "google" in core.config.translation.engines else None
        self._gate = asyncio.Lock()
        self._scheduler = ticks.build(core, clock, self._gate, self.telemetry)
        self._failures: list[Exception] = []

    @classmethod
    async def open(
        cls,
        config: Config,
        clock: Clock,
        *,
        engines: Sequence[Engine] = (),
        limits: Limits | None = None,
        stepping: bool = False,
    ) -> "House":
        """Connect to Telegram and the database; errors as those of the two.

        `engines` are asked after the configured ones; `limits` stand for the configured ones.
        `stepping` says that the clock is a simulator's: pauses pass when it is turned.
        """
        core = await open_core(config)
        try:
            bot = await connect(config)
        except BaseException:
            await core.database.close()
            raise
        core = Core(core.database, core.texts, config, bot.username)
        return cls(core, bot, clock, engines, limits, stepping=stepping)

    async def run(
        self,
        ready: Callable[[], None] = lambda: None,
        *,
        say: Callable[[str], None] = log.warning,
        remove_webhook: bool = False,
    ) -> None:
        """Work until `stop` is called; what is being sent at that moment is finished first.

        When another process works for this bot, that is said, and this one waits for its end.
        Errors: those of the configuration and the database, in a group when loops fail.
        """
        database = self.core.database
        lease = await leases.take_or_wait(
            database,
            leases.lease_name(self._bot.id),
            leases.Owner.here(),
            stopping=self._stopping,
            say=say,
        )
        if lease is None:
            return

        async def still_ours(tx: Transaction) -> bool:
            return await leases.still_ours(tx, lease)

        database.guard = still_ours
        try:
            await self._work(lease, ready, remove_webhook=remove_webhook)
        finally:
            if not lease.lost:
                with suppress(StorageError):  # it ends by itself
                    await leases.release(database, lease)
            database.guard = None
        if self._failures:
            msg = "the bot cannot go on"
            raise ExceptionGroup(msg, self._failures)

    async def _work(
        self, lease: leases.Lease, ready: Callable[[], None], *, remove_webhook: bool
    ) -> None:
        core, stopping, telemetry = self.core, self._stopping, self.telemetry
        config = core.config
        settled = await or_stop(
            stopping,
            settle_webhook(self._bot, config.telegram.webhook_url, remove=remove_webhook),
        )
        if settled is None:
            return
        doubtful = await results.recover(core, self._clock())
        reached(Step.RECOVERED)
        if doubtful:
            log.warning("start.doubtful calls=%s", doubtful)
        await menu.announce_commands(core, self._clock())
        application = registry.build(core, self._bot)
        await application.initialize()
        telemetry.expect(Part.CLOCK, max(30, 6 * config.scheduler.tick_seconds))
        self._scheduler.start()
        try:
            async with AsyncExitStack() as pages:
                if config.web.port:
                    await pages.enter_async_context(
                        serving(
                            core,
                            telemetry,
                            self._clock,
                            host=config.web.host,
                            port=config.web.port,
                        )
                    )
                async with asyncio.TaskGroup() as group:
                    working = [
                        group.create_task(self._until_stopped(loop))
                        for loop in self._loops(application, lease)
                    ]
                    watching = [
                        group.create_task(watch_loop(telemetry, stopping)),
                        group.create_task(
                            leases.keep(lease, core.database, stopping, lost=self._lost)
                        ),
                    ]
                    ready()
                    await stopping.wait()
                    for pulse in core.database.pulses.values():
                        pulse.beat()
                    # Each finishes what it has in hand, so that nothing is left half-done.
                    await asyncio.wait(working, timeout=_LAST_CALLS_SECONDS)
                    for task in (*working, *watching):
                        task.cancel()
        finally:
            async with self._gate:
                self._scheduler.shutdown(wait=False)
            await application.shutdown()

    def _loops(
        self, application: loops.Handles, lease: leases.Lease
    ) -> list[Coroutine[object, object, None]]:
        core, bot, clock, stopping = self.core, self._bot, self._clock, self._stopping
        telemetry = self.telemetry
        self._sender = Sender(
            core,
            bot,
            clock,
            telemetry,
            self._limits,
            may_send=lambda: lease.good(leases.uptime()),
            seconds=(lambda: clock().timestamp()) if self._stepping else None,
        )
        receive = receive_webhook if core.config.telegram.webhook_url else loops.receive
        more = []
        if core.config.broadcast.check_links:
            more.append(check_links(core, clock, stopping, telemetry))
        return [
            *more,
            receive(core, bot, clock, stopping, telemetry),
            loops.handle(core, application, clock, stopping, telemetry),
            loops.translate(core, self._translator(), clock, stopping, telemetry),
            self._sender.run(stopping),
        ]

    async def _until_stopped(self, loop: Coroutine[object, object, None]) -> None:
        """Run one loop; when it fails the others finish what they have in hand as well."""
        try:
            await loop
        except Exception as error:  # noqa: BLE001 - told by `run` when all have come to rest
            self._failures.append(error)
            self.stop()

    def _lost(self) -> None:
        """Stop when another process works for this bot, or may."""
        self._failures.append(
            TaalbrugError(
                "Another process works for this bot now, or this one could not reach the database "
                "in time to say that it still does. Nothing is lost; start only one of the two."
            )
        )
        self.stop()

    def stop(self) -> None:
        """Ask the bot to stop; `run` returns soon after."""
        self._stopping.set()

    async def close(self) -> None:
        """Close what `open` opened."""
        if self._google is not None:
            await self._google.close()
        await self._bot.shutdown()
        await self.core.database.close()

    def _translator(self) -> Translator:
        engines: list[Engine] = []
        names = self.core.config.translation.engines
        for name in names:
            if name == "google" and self._google is not None:
                engines.append(self._google)
            elif name == "none":
                engines.append(NoEngine())
        book = _phrasebook() if "phrasebook" in names else None
        return Translator([*engines, *self._more_engines], book)

    async def next_event(self, after: datetime) -> datetime | None:
        """Return when something will next happen by itself."""
        times = [
            await reminders.next_due(self.core, after),
            await outbox.next_held(self.core, after),
            await followups.next_due(self.core, after),
            await digests.next_due(self.core, after),
            await event_reminders.next_due(self.core, after),
            await broadcast_approval.next_due(self.core, after),
            await deliveries.next_due(self.core, after),
            self._next_permit(after),
        ]
        return min((time for time in times if time is not None), default=None)

    def _next_permit(self, after: datetime) -> datetime | None:
        """Return when Telegram's limits let the next call go that is in hand."""
        seconds = self._sender.next_at if self._sender and self._stepping else None
        at = None if seconds is None else datetime.fromtimestamp(seconds, UTC)
        # Rounded up, since a moment before it nothing would go.
        return at + timedelta(milliseconds=1) if at is not None and at > after else None

    async def settle(self) -> None:
        """Return when everything that is due at the present clock has been done."""
        database = self.core.database
        for pulse in database.pulses.values():
            pulse.beat()  # the loops do not notice by themselves that the clock has moved
        while True:
            count = database.commits.count
            busy = self._sender is not None and self._sender.is_busy
            idle = not busy and await outbox.is_idle(self.core, self._clock())
            if not idle:
                await database.commits.after(count, 1.0)
            elif database.commits.count != count:
                continue  # what was written meanwhile may be due a moment after the clock was read
            elif not await ticks.run_once(self.core, self._clock()):
                return
