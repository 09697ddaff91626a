"""The loops that connect the outside to the services: receive, handle, translate, send.

Each wakes when a transaction left it something to do, and looks again now and then by itself.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Protocol, TypeVar

from telegram import Bot, Update
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.adapters.telegram import SendError, ask_for_updates, make_call, seconds_to_wait
from bot.domain.delivery import Incoming, JsonValue, Outgoing
from bot.domain.errors import ConfigError, NotFoundError, TransitionError
from bot.domain.ids import ChatId, OutboxId, TranslationId
from bot.services import inbox, outbox, translations
from bot.services.core import CURRENT_TURN, AlreadyHandledError, Core, Turn
from bot.services.translations import Wanted
from bot.storage.database import Topic
from bot.translation.chain import Translator
from bot.translation.model import Reason, Untranslated
from bot.translation.model import Result as EngineResult

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
Result = TypeVar("Result")


class Handles(Protocol):
    """What takes a parsed update to its handler."""

    @property
    def bot(self) -> Bot:
        """The bot that the update is for."""
        ...

    async def process_update(self, update: object) -> None:
        """Find the handler and run it; a handler's error goes to the error handlers."""
        ...


ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
_IDLE_SECONDS = 1.0
_TROUBLE_SECONDS = 3.0
_SENDERS = 8
_LARGEST_ID = 1 << 62  # what both engines can keep
_TRANSLATORS = 4


async def _or_stop(stopping: asyncio.Event, work: Awaitable[Result]) -> Result | None:
    """Return what the work gives; None when told to stop first, and then the work is given up."""
    working = asyncio.ensure_future(work)
    told = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({working, told}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, told):
            task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await working


async def receive(
    core: Core,
    bot: Bot,
    clock: Clock,
    stopping: asyncio.Event,
    *,
    trouble_seconds: float = _TROUBLE_SECONDS,
) -> None:
    """Ask Telegram for updates until told to stop; each batch is committed before the next.

    Errors: ConfigError when Telegram does not know the token.
    """
    offset = await inbox.next_update_id(core, bot.id)
    while not stopping.is_set():
        try:
            question = ask_for_updates(
                bot, offset, core.config.telegram.poll_seconds, ALLOWED_UPDATES
            )
            raw = await _or_stop(stopping, question) or []
        except InvalidToken as error:
            msg = "Telegram does not know this token. Set TAALBRUG_TELEGRAM_TOKEN anew."
            raise ConfigError(msg) from error
        except Conflict:
            log.error("receive.conflict another program uses this token; stop one of the two")
            await _or_stop(stopping, asyncio.sleep(trouble_seconds))
            continue
        except RetryAfter as error:
            log.warning("receive.slow_down")
            await _or_stop(stopping, asyncio.sleep(seconds_to_wait(error)))
            continue
        except TelegramError as error:
            log.warning("receive.trouble error=%s", type(error).__name__)
            await _or_stop(stopping, asyncio.sleep(trouble_seconds))
            continue
        # In the order of their numbers, which is the order in which they were written.
        batch = sorted(entry for entry in map(_entry, raw) if entry is not None)
        if raw and not batch:
            # Without a number it cannot be confirmed, and so comes back at once, for ever.
            await _or_stop(stopping, asyncio.sleep(trouble_seconds))
        if batch:
            offset = batch[-1][0] + 1
            await inbox.accept(core, bot.id, batch, next_update_id=offset, now=clock())


def _entry(raw: JsonValue) -> tuple[int, int, str] | None:
    """Return an update's id, its lane and its text as it came."""
    update_id = _number(raw.get("update_id")) if isinstance(raw, Mapping) else None
    if not isinstance(raw, Mapping) or update_id is None or update_id < 0:
        log.error("receive.nameless an update without a number was dropped")
        return None
    # Escaped, so that half an emoji or a zero byte cannot make the whole batch unstorable.
    return update_id, _lane(raw), json.dumps(raw)


def _lane(raw: Mapping[str, JsonValue]) -> int:
    """Return the chat an update belongs to, however it is built; 0 when it names none."""
    for value in raw.values():
        if not isinstance(value, Mapping):
            continue
        message = value.get("message")
        holders = (value, message) if isinstance(message, Mapping) else (value,)
        for holder in holders:
            chat = holder.get("chat")
            number = _number(chat.get("id")) if isinstance(chat, Mapping) else None
            if number is not None:
                return number
    return 0


def _number(value: JsonValue) -> int | None:
    """Return a whole number that the database can keep, or None."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if abs(value) < _LARGEST_ID else None


async def handle(core: Core, application: Handles, clock: Clock, stopping: asyncio.Event) -> None:
    """Handle updates until told to stop, in order within each chat."""
    pulse = core.database.pulses[Topic.INBOX]
    while not stopping.is_set():
        count = pulse.count
        ready = await inbox.list_ready(core, clock())
        for update in ready:
            if not stopping.is_set():
                await handle_one(core, application, update, clock())
        if not ready:
            await pulse.after(count, _IDLE_SECONDS)


async def handle_one(core: Core, application: Handles, incoming: Incoming, now: datetime) -> None:
    """Handle one update: done, to be tried again, or put apart with a task."""
    try:
        update = Update.de_json(_with_named_tap(json.loads(incoming.raw)), application.bot)
        _check_chat(update, incoming)
    except Exception as error:  # noqa: BLE001 - whatever a malformed update does to the parser
        await inbox.fail(core, incoming, _name(error), now, final=True)
        log.error("handle.unreadable inbox=%s error=%s", incoming.id, type(error).__name__)
        return
    turn = Turn(now=now, chat_id=ChatId(incoming.lane), inbox_id=incoming.id)
    token = CURRENT_TURN.set(turn)
    try:
        await application.process_update(update)
    finally:
        CURRENT_TURN.reset(token)
    if isinstance(turn.error, AlreadyHandledError):
        return
    if turn.error is not None:
        final = isinstance(turn.error, NotFoundError | TransitionError)
        log.error("handle.failed inbox=%s error=%s", incoming.id, type(turn.error).__name__)
        await inbox.fail(core, incoming, _name(turn.error), now, final=final)
    elif not turn.taken:
        # Nobody was interested, or the handler had nothing to say.
        await inbox.ignore(core, incoming.id, now)


def _with_named_tap(raw: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return an update in which a tap has an id; the library gives one without to any handler."""
    tap = raw.get("callback_query")
    if not isinstance(tap, Mapping) or tap.get("data") or tap.get("game_short_name"):
        return raw
    return raw | {"callback_query": {**tap, "data": "?"}}


def _check_chat(update: Update, incoming: Incoming) -> None:
    """Refuse an update of which it is not certain whose chat it is from; errors: ValueError."""
    chat = update.effective_chat
    nowhere = incoming.lane == 0 and update.effective_message is not None
    if nowhere or (chat is not None and chat.id != incoming.lane):
        msg = f"Update {incoming.update_id} names its chat in a way that cannot be read."
        raise ValueError(msg)


def _name(error: BaseException) -> str:
    """Return what went wrong without any word of a message: the kind of error and where."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} in {where}"


async def translate(
    core: Core, translator: Translator, clock: Clock, stopping: asyncio.Event
) -> None:
    """Make translations until told to stop, several at a time; a slow one holds up no other."""
    pulse = core.database.pulses[Topic.TRANSLATIONS]
    in_hand: set[TranslationId] = set()

    async def finish(wanted: Wanted) -> None:
        try:
            result = await _or_stop(stopping, _translate_one(translator, wanted))
            if result is not None:  # else it is asked for anew at the next start
                await translations.record(core, wanted.id, result, clock())
        finally:
            in_hand.discard(wanted.id)
            pulse.beat()

    async with asyncio.TaskGroup() as group:
        while not stopping.is_set():
            count = pulse.count
            due = await translations.list_due(core, clock(), besides=frozenset(in_hand))
            for wanted in due[: _TRANSLATORS - len(in_hand)]:
                in_hand.add(wanted.id)
                group.create_task(finish(wanted))
            await pulse.after(count, _IDLE_SECONDS)


async def _translate_one(translator: Translator, wanted: Wanted) -> EngineResult:
    try:
        return await translator.translate(wanted.text, wanted.source, wanted.target)
    except Exception as error:  # noqa: BLE001 - an engine must not stop the others
        log.error("translate.failed id=%s error=%s", wanted.id, type(error).__name__)
        return Untranslated(Reason.UNREADABLE_ANSWER)


async def send(core: Core, bot: Bot, clock: Clock, stopping: asyncio.Event) -> None:
    """Send until told to stop, several chats at a time, one call at a time in each lane.

    What is being sent at that moment is finished, so that nothing is left in doubt.
    """
    pulse = core.database.pulses[Topic.OUTBOX]
    in_flight: set[OutboxId] = set()

    async def finish(row: Outgoing) -> None:
        try:
            await _send_one(core, bot, row, clock)
        finally:
            in_flight.discard(row.id)

    async with asyncio.TaskGroup() as group:
        while not stopping.is_set():
            count = pulse.count
            free = _SENDERS - len(in_flight)
            rows = await outbox.claim(core, clock(), limit=free) if free else []
            for row in rows:
                in_flight.add(row.id)
                group.create_task(finish(row))
            if not rows:
                await pulse.after(count, _IDLE_SECONDS)


async def _send_one(core: Core, bot: Bot, row: Outgoing, clock: Clock) -> None:
    try:
        message_id = await make_call(bot, row.method, row.payload)
    except SendError as error:
        log.warning(
            "send.failed outbox=%s method=%s kind=%s", row.id, row.method, error.failure.kind
        )
        await outbox.record_failure(core, row.id, error.failure, clock())
    else:
        await outbox.record_sent(core, row.id, message_id, clock())
