"""How many calls Telegram lets one bot make, and when the next may go.

Times are seconds of a clock that does not jump; durations are seconds. The figures are Telegram's:
about 30 calls a second a bot, one a second a chat with short bursts, 20 a minute a group.
"""

import math
from collections import deque
from dataclasses import dataclass

from bot.domain.errors import ConfigError

_SECOND = 1.0 + 1e-6  # a hair over, so that rounding never puts two calls into one window
_MINUTE = 60.0 + 1e-6
_MOST_PER_SECOND = 1000

_RESERVE_SECONDS = 0.016
"""What a second of calls is spread beyond a second.

It pays for catching up, and for calls that travel at different speeds: Telegram counts arrivals.
"""
_HIGH_PER_SECOND = 100
_HIGH_CATCH_UP_SECONDS = 0.025

_STORM_SECONDS = 10.0
_STORM_CHATS = 2

_GRACE_SECONDS = 1.0  # what is forgotten stays forgotten if the clock steps back a little
_SWEPT_A_CALL = 2  # more than a call can add, so that memory follows the chats that are busy

_FREE = -math.inf


@dataclass(frozen=True, slots=True)
class Limits:
    """What Telegram allows one bot token; errors: ConfigError for what can never be kept."""

    per_second: float = 30
    """Calls in any one second, 1 to 1,000; counted in whole calls."""
    chat_per_second: float = 1
    chat_burst: int = 3
    """Calls to a quiet chat that may go at once."""
    group_per_minute: int = 20
    """Calls to a group in any sixty seconds."""

    def __post_init__(self) -> None:
        most = self.per_second if math.isinf(self.per_second) else _MOST_PER_SECOND
        for name, value, lowest, highest in (
            ("per_second", self.per_second, 1, most),
            ("chat_per_second", self.chat_per_second, 0.001, math.inf),
            ("chat_burst", self.chat_burst, 1, math.inf),
            ("group_per_minute", self.group_per_minute, 1, math.inf),
        ):
            if not lowest <= value <= highest:
                msg = f"Limits: {name} = {value} cannot be kept; give {lowest} to {highest}."
                raise ConfigError(msg)

    @property
    def slot_seconds(self) -> float:
        """Return how long one call has the token to itself when many wait."""
        if math.isinf(self.per_second):
            return 0.0
        # Above a hundred a second nobody notices a slot, and the whole rate is worth more.
        reserve = 0.0 if self.per_second > _HIGH_PER_SECOND else _RESERVE_SECONDS
        return (1.0 + reserve) / int(self.per_second)

    @property
    def catch_up_seconds(self) -> float:
        """Return how late a call may be without its slot being lost for those after it."""
        # No more than the reserve: then catching up now makes no gap a second later.
        return _HIGH_CATCH_UP_SECONDS if self.per_second > _HIGH_PER_SECOND else _RESERVE_SECONDS


UNLIMITED = Limits(
    per_second=math.inf, chat_per_second=math.inf, chat_burst=1, group_per_minute=10**9
)
"""Everything may go at once; for tests and for measuring what the program itself can do."""


class _Chat:
    """What is remembered of a chat that was called a moment ago or is paused."""

    __slots__ = ("calls", "free_at", "full_at", "paused_until")

    def __init__(self) -> None:
        self.full_at = _FREE  # when its whole burst may go again
        self.calls: deque[float] | None = None  # of the last minute; groups only
        self.paused_until = _FREE
        self.free_at = _FREE

    def is_quiet(self, now: float) -> bool:
        """Return whether forgetting this chat changes nothing."""
        last = self.calls[-1] + _MINUTE if self.calls else _FREE
        return now >= max(self.full_at, self.paused_until, last) + _GRACE_SECONDS


class Limiter:
    """When the next call to a chat may go, from what has gone; each question costs O(1).

    Calls are spread evenly instead of in bursts: so whoever is next waits one slot at most, and
    not for the rest of a second. A chat id above 0 is a person, below 0 a group; 0 is a call
    that goes to no chat, which only the token limits.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._slot_seconds = limits.slot_seconds
        self._catch_up = limits.catch_up_seconds
        self._slot_at = _FREE
        endless = math.isinf(limits.per_second)
        self._window: deque[float] = deque(maxlen=0 if endless else int(limits.per_second))
        self._window_free_at = _FREE
        self._chat_seconds = 1.0 / limits.chat_per_second
        self._burst_seconds = self._chat_seconds * (limits.chat_burst - 1)
        self._paused_until = _FREE
        self._refusals: dict[int, tuple[float, float]] = {}
        self._chats: dict[int, _Chat] = {}
        self._sweep: deque[int] = deque()

    @property
    def paused_until(self) -> float:
        """Return until when Telegram refuses the whole token; minus infinity if it never did."""
        return self._paused_until

    @property
    def chats_remembered(self) -> int:
        """Return how many chats take memory: those called or refused a moment ago."""
        return len(self._chats)

    def token_at(self) -> float:
        """Return the moment from which the token may make its next call."""
        return max(self._slot_at, self._window_free_at, self._paused_until)

    def chat_at(self, chat_id: int) -> float:
        """Return the moment from which this chat may get its next call."""
        chat = self._chats.get(chat_id)
        return _FREE if chat is None else chat.free_at

    def token_wait(self, now: float) -> float:
        """Return the seconds until the token may make a call; 0.0 when it may now."""
        return max(self.token_at() - now, 0.0)

    def chat_wait(self, chat_id: int, now: float) -> float:
        """Return the seconds until this chat may get a call; 0.0 when it may now."""
        return max(self.chat_at(chat_id) - now, 0.0)

    def wait_seconds(self, chat_id: int, now: float) -> float:
        """Return the seconds until a call to this chat may go; 0.0 when it may now."""
        return max(self.token_at() - now, self.chat_at(chat_id) - now, 0.0)

    def take(self, chat_id: int, now: float) -> None:
        """Count a call that goes now; one that went too early is counted all the same."""
        self._slot_at = max(self._slot_at, now - self._catch_up) + self._slot_seconds
        window = self._window
        window.append(now)
        if len(window) == window.maxlen and window:
            self._window_free_at = window[0] + _SECOND
        if chat_id:
            self._take_of_chat(chat_id, now)
        self._forget_quiet(now)

    def refused(self, chat_id: int, seconds: float, now: float) -> None:
        """Keep away from a chat for the seconds that Telegram told with its 429.

        When several chats are refused within ten seconds it is the bot that is too fast: then
        nothing goes until the longest of those waits is over. So it is when no chat was called.
        """
        until = now + max(seconds, 0.0)
        if not chat_id:
            self._paused_until = max(self._paused_until, until)
            return
        chat = self._chat(chat_id)
        until = chat.paused_until = max(chat.paused_until, until)
        chat.free_at = max(chat.free_at, until)
        recent = {
            other: refusal
            for other, refusal in self._refusals.items()
            if now - refusal[0] <= _STORM_SECONDS
        }
        recent[chat_id] = (now, until)
        self._refusals = recent
        if len(recent) >= _STORM_CHATS:
            self._paused_until = max(self._paused_until, *(end for _, end in recent.values()))

    def _chat(self, chat_id: int) -> _Chat:
        chat = self._chats.get(chat_id)
        if chat is None:
            chat = self._chats[chat_id] = _Chat()
            self._sweep.append(chat_id)
        return chat

    def _take_of_chat(self, chat_id: int, now: float) -> None:
        chat = self._chat(chat_id)
        chat.full_at = max(chat.full_at, now) + self._chat_seconds
        free_at = max(chat.full_at - self._burst_seconds, chat.paused_until)
        if chat_id < 0:
            calls = chat.calls
            if calls is None:
                calls = chat.calls = deque()
            calls.append(now)
            while calls[0] + _MINUTE <= now:
                calls.popleft()
            if len(calls) >= self.limits.group_per_minute:
                free_at = max(free_at, calls[-self.limits.group_per_minute] + _MINUTE)
        chat.free_at = free_at

    def _forget_quiet(self, now: float) -> None:
        for _ in range(min(_SWEPT_A_CALL, len(self._sweep))):
            chat_id = self._sweep.popleft()
            if self._chats[chat_id].is_quiet(now):
                del self._chats[chat_id]
            else:
                self._sweep.append(chat_id)
