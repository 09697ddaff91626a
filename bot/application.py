"""The running bot: every part put together, started, and stopped without leaving a mess."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
from functools import cache

from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.ext import ExtBot

from bot.adapters import loops
from bot.adapters.google import GoogleEngine
from bot.adapters.telegram import make_bot, seconds_to_wait
from bot.config import Config
from bot.domain.errors import ConfigError
from bot.services import menu, outbox, reminders
from bot.services.core import Core
from bot.storage.database import Database
from bot.texts import FOLDER, Texts
from bot.translation.chain import Translator
from bot.translation.model import Engine
from bot.translation.none import NoEngine
from bot.translation.phrasebook import Phrasebook
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


class House:
    """The bot with all its loops. It is the `World` behind a simulator's clock as well."""

    def __init__(
        self, core: Core, bot: ExtBot[None], clock: Clock, engines: Sequence[Engine] = ()
    ) -> None:
        self.core = core
        self._bot = bot
        self._clock = clock
        self._more_engines = tuple(engines)
        self._stopping = asyncio.Event()
        self._google = GoogleEngine() if "google" in core.config.translation.engines else None
        self._gate = asyncio.Lock()
        self._scheduler = ticks.build(core, clock, self._gate)

    @classmethod
    async def open(
        cls, config: Config, clock: Clock, *, engines: Sequence[Engine] = ()
    ) -> "House":
        """Connect to Telegram and the database; errors as those of the two.

        `engines` are asked after the configured ones.
        """
        core = await open_core(config)
        try:
            bot = await connect(config)
        except BaseException:
            await core.database.close()
            raise
        return cls(Core(core.database, core.texts, config, bot.username), bot, clock, engines)

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Work until `stop` is called; what is being sent at that moment is finished first."""
        doubtful = await outbox.recover(self.core, self._clock())
        if doubtful:
            log.warning("start.doubtful calls=%s", doubtful)
        await menu.announce_commands(self.core, self._clock())
        application = registry.build(self.core, self._bot)
        await application.initialize()
        self._scheduler.start()
        core, clock, stopping = self.core, self._clock, self._stopping
        failures: list[Exception] = []

        async def work(loop: Coroutine[object, object, None]) -> None:
            """Run one loop; when it fails the others finish what they have in hand as well."""
            try:
                await loop
            except Exception as error:  # noqa: BLE001 - told by `run` when all have come to rest
                failures.append(error)
                self.stop()

        try:
            async with asyncio.TaskGroup() as group:
                working = [
                    group.create_task(work(loops.receive(core, self._bot, clock, stopping))),
                    group.create_task(work(loops.handle(core, application, clock, stopping))),
                    group.create_task(
                        work(loops.translate(core, self._translator(), clock, stopping))
                    ),
                    group.create_task(work(loops.send(core, self._bot, clock, stopping))),
                ]
                ready()
                await stopping.wait()
                for pulse in core.database.pulses.values():
                    pulse.beat()
                # Each finishes what it has in hand, so that nothing is left half-done or in doubt.
                await asyncio.wait(working, timeout=_LAST_CALLS_SECONDS)
                for task in working:
                    task.cancel()
        finally:
            async with self._gate:
                self._scheduler.shutdown(wait=False)
            await application.shutdown()
        if failures:
            msg = "the bot cannot go on"
            raise ExceptionGroup(msg, failures)

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
        ]
        return min((time for time in times if time is not None), default=None)

    async def settle(self) -> None:
        """Return when everything that is due at the present clock has been done."""
        database = self.core.database
        for pulse in database.pulses.values():
            pulse.beat()  # the loops do not notice by themselves that the clock has moved
        while True:
            count = database.commits.count
            idle = await outbox.is_idle(self.core, self._clock())
            if not idle:
                await database.commits.after(count, 1.0)
            elif database.commits.count != count:
                continue  # what was written meanwhile may be due a moment after the clock was read
            elif not await ticks.run_once(self.core, self._clock()):
                return
