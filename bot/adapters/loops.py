"""The loops that connect the outside to the services: receive, handle, translate.

Each wakes when a transaction left it something to do, and looks again now and then by itself.
"""

import asyncio
import logging
from datetime import datetime
from typing import Protocol

from telegram import Bot
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.adapters.telegram import ask_for_updates, seconds_to_wait
from bot.adapters.updates import ALLOWED_UPDATES, Clock, entry_of, parse
from bot.domain.delivery import HANDLING_ATTEMPTS, Incoming
from bot.domain.errors import ConfigError, NotFoundError, StorageError, TransitionError
from bot.domain.ids import ChatId, InboxId
from bot.services import inbox, translations
from bot.services.core import CURRENT_TURN, AlreadyHandledError, Core, Turn
from bot.services.translations import Wanted
from bot.steps import Step, reached
from bot.stopping import or_stop
from bot.storage.database import Topic
from bot.telemetry import Part, Telemetry
from bot.translation.chain import Translator
from bot.translation.model import Reason, Translated, Untranslated
from bot.translation.model import Result as EngineResult

log = logging.getLogger(__name__)


class Handles(Protocol):
    """What takes a parsed update to its handler."""

    @property
    def bot(self) -> Bot:
        """The bot that the update is for."""
        ...

    async def process_update(self, update: object) -> None:
        """Find the handler and run it; a handler's error goes to the error handlers."""
        ...


_IDLE_SECONDS = 1.0
_TROUBLE_SECONDS = 3.0
_LONGEST_TROUBLE_SECONDS = 60.0
_POLL_GRACE_SECONDS = 15
_ROUND_SECONDS = 30.0
_HANDLERS = 16
"""How many chats are handled side by side; they share a commit."""
_ENGINE_CALLS = 8
_IN_HAND = 64
"""How many translations are under way or wait for an engine to be free."""


async def receive(
    core: Core,
    bot: Bot,
    clock: Clock,
    stopping: asyncio.Event,
    telemetry: Telemetry,
    *,
    trouble_seconds: float = _TROUBLE_SECONDS,
) -> None:
    """Ask Telegram for updates until told to stop; each batch is committed before the next.

    Errors: ConfigError when Telegram does not know the token.
    """
    poll_seconds = core.config.telegram.poll_seconds
    telemetry.expect(Part.RECEIVE, poll_seconds + _POLL_GRACE_SECONDS)
    offset = await inbox.next_update_id(core, bot.id, clock())
    heard = clock()
    wait = trouble_seconds
    while not stopping.is_set():
        if clock() - heard > inbox.QUIET:
            offset = None  # the numbers may have begun anew
        try:
            question = ask_for_updates(bot, offset, poll_seconds, ALLOWED_UPDATES)
            raw = await or_stop(stopping, question) or []
        except InvalidToken as error:
            msg = "Telegram does not know this token. Set TAALBRUG_TELEGRAM_TOKEN anew."
            raise ConfigError(msg) from error
        except Conflict as error:
            log.error("receive.conflict wait=%.0f", wait)
            telemetry.trouble(Part.RECEIVE, _conflict(error.message))
            # Each question ends the other's: asking seldom, neither is kept from working.
            await or_stop(stopping, asyncio.sleep(wait))
            wait = min(wait * 2, _LONGEST_TROUBLE_SECONDS)
            continue
        except RetryAfter as error:
            log.warning("receive.slow_down")
            await or_stop(stopping, asyncio.sleep(seconds_to_wait(error)))
            continue
        except TelegramError as error:
            log.warning("receive.trouble error=%s", type(error).__name__)
            await or_stop(stopping, asyncio.sleep(trouble_seconds))
            continue
        wait = trouble_seconds
        telemetry.trouble(Part.RECEIVE, None)
        telemetry.beat(Part.RECEIVE)
        # In the order of their numbers, which is the order in which they were written.
        batch = sorted(entry for entry in map(entry_of, raw) if entry is not None)
        for _ in range(len(raw) - len(batch)):
            log.error("receive.nameless an update without a number was dropped")
        if raw and not batch:
            # Without a number it cannot be confirmed, and so comes back at once, for ever.
            await or_stop(stopping, asyncio.sleep(trouble_seconds))
        if batch:
            offset, heard = batch[-1][0] + 1, clock()
            reached(Step.FETCHED)
            new = await inbox.accept(core, bot.id, batch, next_update_id=offset, now=clock())
            reached(Step.KEPT)
            telemetry.received(new)


def _conflict(words: str) -> str:
    """Return what a 409 means, with its remedy."""
    if "webhook" in words.lower():
        return (
            "somebody set a webhook for this token, so that nothing comes in here; "
            "start with `taalbrug run --remove-webhook`, or stop the other program"
        )
    return "another program asks for updates with this token; stop one of the two"


async def handle(
    core: Core,
    application: Handles,
    clock: Clock,
    stopping: asyncio.Event,
    telemetry: Telemetry,
) -> None:
    """Handle updates until told to stop: in order within a chat, several chats at a time."""
    pulse = core.database.pulses[Topic.INBOX]
    in_hand: set[InboxId] = set()

    async def finish(update: Incoming) -> None:
        try:
            await handle_one(core, application, update, clock(), telemetry)
        finally:
            in_hand.discard(update.id)
            pulse.beat()

    telemetry.expect(Part.HANDLE, _ROUND_SECONDS)
    async with asyncio.TaskGroup() as group:
        while not stopping.is_set():
            telemetry.beat(Part.HANDLE)
            count = pulse.count
            free = _HANDLERS - len(in_hand)
            # What is in hand stands first in its lane until it is committed.
            ready = await inbox.list_ready(core, clock(), limit=2 * _HANDLERS) if free else []
            begun = False
            for update in [each for each in ready if each.id not in in_hand][:free]:
                in_hand.add(update.id)
                group.create_task(finish(update))
                begun = True
            if not begun:
                await pulse.after(count, _IDLE_SECONDS)


async def handle_one(
    core: Core,
    application: Handles,
    incoming: Incoming,
    now: datetime,
    telemetry: Telemetry | None = None,
) -> None:
    """Handle one update: done, to be tried again, or put apart with a task."""
    began = telemetry.monotonic() if telemetry else 0.0
    reached(Step.TAKEN_UP)
    result = await _handled(core, application, incoming, now)
    reached(Step.HANDLED)
    if telemetry:
        telemetry.handled(result, telemetry.monotonic() - began)


async def _handled(core: Core, application: Handles, incoming: Incoming, now: datetime) -> str:
    try:
        update = parse(incoming, application.bot)
    except Exception as error:  # noqa: BLE001 - whatever a malformed update does to the parser
        await inbox.fail(core, incoming, _name(error), now, final=True)
        log.error("handle.unreadable inbox=%s error=%s", incoming.id, type(error).__name__)
        return "quarantined"
    turn = Turn(now=now, chat_id=ChatId(incoming.lane), inbox_id=incoming.id)
    token = CURRENT_TURN.set(turn)
    try:
        await application.process_update(update)
    finally:
        CURRENT_TURN.reset(token)
    if isinstance(turn.error, AlreadyHandledError):
        return "repeated"
    if isinstance(turn.error, StorageError):
        raise turn.error  # the update is not to blame, and nothing can be kept
    if turn.error is not None:
        final = isinstance(turn.error, NotFoundError | TransitionError)
        log.error("handle.failed inbox=%s error=%s", incoming.id, type(turn.error).__name__)
        await inbox.fail(core, incoming, _name(turn.error), now, final=final)
        again = not final and incoming.attempts + 1 < HANDLING_ATTEMPTS
        return "retried" if again else "quarantined"
    if not turn.taken:
        # Nobody was interested, or the handler had nothing to say.
        await inbox.ignore(core, incoming.id, now)
        return "ignored"
    return "done"


def _name(error: BaseException) -> str:
    """Return what went wrong without any word of a message: the kind of error and where."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} in {where}"


async def translate(
    core: Core,
    translator: Translator,
    clock: Clock,
    stopping: asyncio.Event,
    telemetry: Telemetry,
) -> None:
    """Make translations until told to stop, several at a time; a slow one holds up no other."""
    pulse = core.database.pulses[Topic.TRANSLATIONS]
    in_hand: set[Wanted] = set()
    free_engine = asyncio.Semaphore(_ENGINE_CALLS)

    calling: set[asyncio.Task[None]] = set()

    async def call(wanted: Wanted) -> EngineResult | None:
        """Ask the engines; None when told to stop first: it is asked anew at the next start."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - this runs in one
        calling.add(task)
        try:
            return None if stopping.is_set() else await _translate_one(translator, wanted)
        except asyncio.CancelledError:
            return None
        finally:
            calling.discard(task)

    async def finish(wanted: Wanted) -> None:
        try:
            async with free_engine:
                began = telemetry.monotonic()
                result = await call(wanted)
            if result is None:
                return
            reached(Step.TRANSLATED)
            word = "translated" if isinstance(result, Translated) else "untranslated"
            telemetry.translated(word, telemetry.monotonic() - began)
            await _record(core, wanted, result, clock())
            reached(Step.SHOWN)
        finally:
            was_full = len(in_hand) >= _IN_HAND
            in_hand.discard(wanted)
            if was_full:
                pulse.beat()

    telemetry.expect(Part.TRANSLATE, _ROUND_SECONDS)
    async with asyncio.TaskGroup() as group:
        while not stopping.is_set():
            telemetry.beat(Part.TRANSLATE)
            count = pulse.count
            free = _IN_HAND - len(in_hand)
            due = await translations.list_due(core, clock(), limit=free, besides=in_hand)
            for wanted in due:
                in_hand.add(wanted)
                group.create_task(finish(wanted))
            await pulse.after(count, _IDLE_SECONDS)
        for task in tuple(calling):
            task.cancel()  # an engine that is slow must not keep the program from ending


async def _translate_one(translator: Translator, wanted: Wanted) -> EngineResult:
    try:
        return await translator.translate(wanted.text, wanted.source, wanted.target)
    except Exception as error:  # noqa: BLE001 - an engine must not stop the others
        log.error("translate.failed id=%s error=%s", wanted.id, type(error).__name__)
        return Untranslated(Reason.UNREADABLE_ANSWER)


async def _record(core: Core, wanted: Wanted, result: EngineResult, now: datetime) -> None:
    """Keep a translation; one that cannot be shown is given up, and stops nobody else's."""
    try:
        await translations.record(core, wanted, result, now)
    except StorageError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever is wrong with this one message
        log.error("translate.unshown id=%s error=%s", wanted.id, type(error).__name__)
        await translations.give_up(core, wanted, now)
