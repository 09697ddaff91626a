"""The one sender of a bot token: claims what may go, in its turn, and records what became of it.

A call goes through four committed states: queued, claimed (in hand, may be given back), sending
(Telegram may have it), and what became of it. Between claim and call stands the limiter.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Mapping

from telegram import Bot

from bot.adapters.telegram import SendError, make_call, picture_in, with_upload
from bot.adapters.updates import Clock
from bot.domain.delivery import (
    Failure,
    FailureKind,
    OutboxKind,
    Outgoing,
    Priority,
    backoff_seconds,
)
from bot.domain.errors import NotFoundError, StorageError
from bot.domain.ids import ChatId
from bot.domain.limits import Limiter, Limits
from bot.domain.waiting import Waiting
from bot.services import outbox, results
from bot.services.core import Core
from bot.steps import Step, reached
from bot.stopping import or_stop
from bot.storage import pictures
from bot.storage.database import Topic
from bot.telemetry import Part, Telemetry

log = logging.getLogger(__name__)

_IDLE_SECONDS = 1.0
_ROUND_SECONDS = 30.0
_CLAIM_SECONDS = 1.0
"""So much work is claimed ahead, so that the sender never waits for the database."""
_LEAST_AHEAD = 16
_A_CHAT = 4
"""So many calls to one chat are in hand at once: its burst, and the one that waits."""
_TRIP_SECONDS = 0.25
"""How long a call is under way; so many calls are made side by side as fit the rate."""
_LEAST_SLOTS = 8
_LONGEST_PROBE_SECONDS = 30

UNCOUNTED = frozenset(
    {"answerCallbackQuery", "setMyCommands", "sendChatAction", "setMessageReaction"}
)
"""Calls that put nothing into a chat."""


def slots_of(limits: Limits) -> int:
    """Return how many calls may be under way at once, and so in doubt after a crash."""
    return max(_LEAST_SLOTS, int(min(limits.per_second, 1000) * _TRIP_SECONDS))


class Sender:
    """Sends until told to stop; what is under way then is finished, the rest is given back."""

    def __init__(
        self,
        core: Core,
        bot: Bot,
        clock: Clock,
        telemetry: Telemetry,
        limits: Limits,
        *,
        may_send: Callable[[], bool] = lambda: True,
        seconds: Callable[[], float] | None = None,
        chance: random.Random | None = None,
    ) -> None:
        """`may_send` is asked before each call: is this still the one that works for the bot?

        `seconds` is the time by which limits are kept: one that never jumps, unless given.
        """
        self._core = core
        self._bot = bot
        self._clock = clock
        self._telemetry = telemetry
        self._seconds = seconds or telemetry.monotonic
        self._limiter = Limiter(limits)
        self._slots = slots_of(limits)
        self._ahead = max(_LEAST_AHEAD, int(min(limits.per_second, 1000) * _CLAIM_SECONDS))
        self._waiting: Waiting[tuple[Outgoing, float]] = Waiting()
        self._in_hand: Counter[ChatId] = Counter()
        self._under_way = 0
        self._pulse = core.database.pulses[Topic.OUTBOX]
        self._may_send = may_send
        self._chance = chance or random.SystemRandom()
        self._doubtful = False
        self._claiming = False

    @property
    def is_busy(self) -> bool:
        """Tell whether a call is under way, or could be begun now."""
        now = self._seconds()
        next_at = self._waiting.next_at(self._limiter, now)
        may_go = next_at is not None and next_at <= now
        return bool(self._under_way) or self._claiming or self._doubtful or may_go

    @property
    def next_at(self) -> float | None:
        """When the first of the calls in hand may go, in the seconds of the limits."""
        return self._waiting.next_at(self._limiter, self._seconds())

    async def run(self, stopping: asyncio.Event) -> None:
        """Send until told to stop; errors: StorageError when nothing can be kept any more."""
        self._telemetry.expect(Part.SEND, _ROUND_SECONDS)
        async with asyncio.TaskGroup() as group:
            while not stopping.is_set():
                self._telemetry.beat(Part.SEND)
                count = self._pulse.count
                if self._doubtful:
                    await self._probe(stopping)
                if self._may_send() and not stopping.is_set():
                    await self._claim()
                    self._begin(group)
                await self._pulse.after(count, self._pause_seconds())
        if self._waiting and self._may_send():
            self._waiting.clear()
            self._in_hand.clear()
            await outbox.give_back(self._core)

    async def _claim(self) -> None:
        """Take in hand what may go; of no urgency more than fits the near future."""
        room = self._room()
        if not any(space > 0 for space in room.values()):
            return
        self._claiming = True
        try:
            claimed = await outbox.claim(
                self._core, self._clock(), room, in_hand=self._in_hand, most=_A_CHAT
            )
            if claimed:
                reached(Step.CLAIMED)
            now = self._seconds()
            for call in claimed:
                counted = call.method not in UNCOUNTED
                self._waiting.push((call, now), call.chat_id, call.priority, now, counted=counted)
                self._in_hand[call.chat_id] += 1
        finally:
            self._claiming = False
            self._at_rest()

    def _room(self) -> dict[Priority, int]:
        """Return how much more may be claimed of each urgency.

        What waits for its chat takes no room: a chat that must wait keeps no other waiting.
        """
        now = self._seconds()
        paused = 0
        if len(self._waiting) > self._ahead // 2:
            paused = sum(
                count
                for chat_id, count in self._in_hand.items()
                if self._limiter.chat_wait(chat_id, now) > 0
            )
        return {
            rank: self._ahead - max(self._waiting.count(rank) - paused, 0) for rank in Priority
        }

    def _begin(self, group: asyncio.TaskGroup) -> None:
        """Begin as many calls as the limiter permits and slots are free."""
        while self._under_way < self._slots and not self._doubtful:
            taken = self._waiting.pop(self._limiter, self._seconds())
            if taken is None:
                return
            call, since = taken
            self._in_hand[call.chat_id] -= 1
            if not self._in_hand[call.chat_id]:
                del self._in_hand[call.chat_id]
            self._telemetry.waited(self._seconds() - since)
            self._under_way += 1
            group.create_task(self._finish(call))

    def _pause_seconds(self) -> float:
        """Return how long there is nothing to do, if nobody comes with anything."""
        if self._under_way >= self._slots:
            return _IDLE_SECONDS
        now = self._seconds()
        next_at = self._waiting.next_at(self._limiter, now)
        return _IDLE_SECONDS if next_at is None else min(max(next_at - now, 0), _IDLE_SECONDS)

    async def _finish(self, call: Outgoing) -> None:
        try:
            begun = await self._start(call)
            if begun is not None and self._may_send():
                await self._make(begun)
            # Marked and not called is a doubt, for whoever works for the bot now.
        finally:
            self._under_way -= 1
            self._pulse.beat()
            self._at_rest()

    async def _start(self, call: Outgoing) -> Outgoing | None:
        try:
            return await outbox.start(self._core, call.id, self._clock())
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - one broken call must not stop the others
            log.error("send.broken outbox=%s error=%s", call.id, type(error).__name__)
            await results.set_aside(self._core, call, type(error).__name__, self._clock())
            return None

    async def _make(self, call: Outgoing) -> None:
        reached(Step.MARKED)
        began = self._seconds()
        try:
            payload = await self._with_picture(call)
            message_id = await make_call(self._bot, call.method, payload)
        except SendError as error:
            failure = error.failure
            reached(Step.CALLED)
            self._tell(call, str(failure.kind), began)
            log.warning(
                "send.failed outbox=%s method=%s kind=%s", call.id, call.method, failure.kind
            )
            if failure.kind is FailureKind.SLOW_DOWN:
                self._limiter.refused(call.chat_id, failure.wait_seconds, self._seconds())
            self._doubtful |= failure.kind in {FailureKind.DOUBT, FailureKind.NOT_SENT}
            await results.record_failure(
                self._core, call, failure, self._clock(), chance=self._chance.random()
            )
        else:
            reached(Step.CALLED)
            self._tell(call, "sent", began)
            await results.record_sent(self._core, call, message_id, self._clock())
        reached(Step.RECORDED)

    async def _with_picture(self, call: Outgoing) -> Mapping[str, object]:
        """Return the parameters of a call, with the file that they name, read anew each time.

        Errors: SendError when the file is gone; without it there is nothing to send.
        """
        kept = picture_in(call.payload)
        if kept is None:
            return call.payload
        try:
            async with self._core.database.reading() as tx:
                content = await pictures.get_picture(tx, kept.picture_id)
        except NotFoundError as gone:
            failure = Failure(FailureKind.REJECTED, str(gone))
            raise SendError(failure) from gone
        return with_upload(call.payload, kept, content)

    def _at_rest(self) -> None:
        """Let those look again who wait until nothing is left to do."""
        if not self.is_busy:
            self._core.database.commits.beat()

    def _tell(self, call: Outgoing, result: str, began: float) -> None:
        self._telemetry.sent(OutboxKind(call.kind), result, self._seconds() - began)

    async def _probe(self, stopping: asyncio.Event) -> None:
        """Begin nothing more until Telegram answers a harmless question.

        So a trouble of Telegram's puts only those calls in doubt that were under way, and what
        is repeated is repeated when there is somebody to hear it.
        """
        attempts = 0
        while not stopping.is_set():
            self._telemetry.beat(Part.SEND)
            if await or_stop(stopping, self._answers()):
                self._doubtful = False
                self._telemetry.trouble(Part.SEND, None)
                self._at_rest()
                return
            attempts += 1
            self._telemetry.trouble(
                Part.SEND,
                "Telegram cannot be reached or does not answer well; calls wait. "
                "Look at the network and at [telegram] api_url",
            )
            pause = backoff_seconds(attempts, self._chance.random())
            await or_stop(stopping, asyncio.sleep(min(pause, _LONGEST_PROBE_SECONDS)))

    async def _answers(self) -> bool:
        """Tell whether Telegram answers a question that changes nothing."""
        try:
            await make_call(self._bot, "getMe", {})
        except SendError as error:
            return error.failure.kind not in {FailureKind.DOUBT, FailureKind.NOT_SENT}
        return True
