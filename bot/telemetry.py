"""How the bot is doing: figures for Prometheus, and sentences for whoever has to mend it.

Labels come from fixed lists only: no id, name or word of a person can get into a figure. What
is told here costs a few microseconds and never raises, so that any loop may tell it anywhere.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from math import isfinite
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder

from bot.domain.delivery import FailureKind, OutboxKind

TICKS = (
    "reminders",
    "translations",
    "periods",
    "digests",
    "followups",
    "events",
    "approvals",
    "broadcasts",
    "retention",
    "forgetting",
)
"""What time does, by the name under which it is counted."""

_OTHER = "other"
_HANDLED = ("done", "ignored", "repeated", "retried", "quarantined")
_TRANSLATED = ("translated", "untranslated", "given_up")
_SENT = ("sent", *FailureKind)
_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_CALLS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0)
_WAITS = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0, 10.0, 30.0, 60.0, 300.0)
_LATENESS_KEPT = 60

Metric = TypeVar("Metric", Counter, Gauge, Histogram)


class Part(StrEnum):
    """A loop of the bot, watched for silence."""

    RECEIVE = "receive"
    HANDLE = "handle"
    TRANSLATE = "translate"
    SEND = "send"
    CLOCK = "clock"


_SILENCE: dict[str, tuple[str, str]] = {
    Part.RECEIVE: (
        "nothing from Telegram",
        "Look at the network and at the address in [telegram]; if both are well, restart the bot",
    ),
    Part.HANDLE: ("no look at what came in", "Look at the disk and the database"),
    Part.TRANSLATE: ("no look at what must be translated", "Look at the disk and the database"),
    Part.SEND: ("no look at what must go out", "Look at the disk and the database"),
    Part.CLOCK: ("no look at what is due", "Look at the disk and the database"),
}
_DEFAULT_SILENCE = ("no sign of life", "Look at the log")
_RESTART = "; if they are well, restart the bot"


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue at one moment: whose, in which state, how long, and how old its oldest is."""

    name: str
    kind: str
    state: str
    length: int
    oldest_seconds: float = 0.0


class Telemetry:
    """Everything that is told about the running bot, in a registry of its own.

    `monotonic` gives seconds that never jump; a host clock that is set changes nothing here.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.registry = CollectorRegistry()
        self.monotonic = monotonic
        self._beats: dict[str, float] = {}
        self._expected: dict[str, float] = {}
        self._troubles: dict[str, str] = {}
        self._lateness: deque[float] = deque(maxlen=_LATENESS_KEPT)
        self._make_counters()
        self._make_gauges()
        ProcessCollector(registry=self.registry)

    def _make_counters(self) -> None:
        registry = self.registry
        self._received = Counter(
            "taalbrug_updates_received_total",
            "Updates that were kept; one that came twice counts once.",
            registry=registry,
        )
        self._handled = _by_word(
            Histogram(
                "taalbrug_update_handling_seconds",
                "Time to handle an update, by what became of it.",
                ["result"],
                buckets=_QUICK,
                registry=registry,
            ),
            _HANDLED,
        )
        self._translated = _by_word(
            Histogram(
                "taalbrug_translation_seconds",
                "Time that the engines took for a message.",
                ["result"],
                buckets=_CALLS,
                registry=registry,
            ),
            _TRANSLATED,
        )
        self._send_seconds = _by_word(
            Histogram(
                "taalbrug_send_seconds",
                "Time that a call to Telegram took, by what it proved.",
                ["result"],
                buckets=_CALLS,
                registry=registry,
            ),
            _SENT,
        )
        sends = Counter(
            "taalbrug_sends_total",
            "Calls to Telegram, by what they were for and what they proved.",
            ["kind", "result"],
            registry=registry,
        )
        self._sends = {
            (str(kind), str(result)): sends.labels(kind, result)
            for kind in (*OutboxKind, _OTHER)
            for result in (*_SENT, _OTHER)
        }
        self._waited = Histogram(
            "taalbrug_limiter_wait_seconds",
            "Time that a call waited so as to stay within Telegram's limits.",
            buckets=_WAITS,
            registry=registry,
        )
        self._ticked = _by_word(
            Histogram(
                "taalbrug_tick_seconds",
                "Time that a tick of the clock took.",
                ["tick"],
                buckets=_QUICK,
                registry=registry,
            ),
            TICKS,
        )

    def _make_gauges(self) -> None:
        registry = self.registry
        self._queue_length = Gauge(
            "taalbrug_queue_length",
            "What waits, by queue, kind and state.",
            ["queue", "kind", "state"],
            registry=registry,
        )
        self._queue_age = Gauge(
            "taalbrug_queue_oldest_seconds",
            "How long the oldest of a queue has waited past its time.",
            ["queue", "kind", "state"],
            registry=registry,
        )
        self._ready = Gauge("taalbrug_ready", "1 when all is well.", registry=registry)
        silent = Gauge(
            "taalbrug_part_silent_seconds",
            "Time since a part last did a normal round.",
            ["part"],
            registry=registry,
        )
        standing = Gauge(
            "taalbrug_part_trouble",
            "1 while a part has a trouble that somebody must mend.",
            ["part"],
            registry=registry,
        )
        for part in Part:
            silent.labels(part).set_function(partial(self.silence, part))
            standing.labels(part).set_function(partial(self._is_troubled, part))
        late = Gauge(
            "taalbrug_event_loop_lag_seconds",
            "How late the event loop was at worst in the last minute.",
            registry=registry,
        )
        late.set_function(self.worst_lateness)

    def beat(self, part: str) -> None:
        """Tell that a part did a normal round."""
        self._beats[part] = self.monotonic()

    def expect(self, part: str, within_seconds: float | None) -> None:
        """Say how long silence of a part is normal; None: it is not watched (any more)."""
        if within_seconds is None:
            self._expected.pop(part, None)
            self._beats.pop(part, None)
            return
        self._expected[part] = within_seconds
        self._beats.setdefault(part, self.monotonic())

    def silence(self, part: str) -> float:
        """Return for how many seconds a part has been silent; 0 when it was never heard."""
        last = self._beats.get(part)
        return 0.0 if last is None else max(self.monotonic() - last, 0.0)

    def stalls(self) -> list[str]:
        """Return a sentence with the remedy for each part that is silent for too long."""
        sentences = []
        for part, within in self._expected.items():
            silence = self.silence(part)
            if silence <= within:
                continue
            what, remedy = _SILENCE.get(part, _DEFAULT_SILENCE)
            ending = "" if "restart" in remedy else _RESTART
            sentences.append(
                f"{part}: {what} for {silence:.0f} s, normally within {within:.0f} s. "
                f"{remedy}{ending}."
            )
        return sentences

    def trouble(self, part: str, reason: str | None) -> None:
        """Tell of a standing trouble of a part, with its remedy; None when it is over."""
        if reason is None:
            self._troubles.pop(part, None)
        else:
            self._troubles[part] = reason

    def _is_troubled(self, part: str) -> float:
        return float(part in self._troubles)

    def troubles(self) -> list[str]:
        """Return a sentence for each part that has a standing trouble."""
        return [f"{part}: {reason.rstrip('.')}." for part, reason in self._troubles.items()]

    def received(self, count: int) -> None:
        """Count updates that were kept and are new."""
        self._received.inc(max(count, 0))

    def handled(self, result: str, seconds: float) -> None:
        """Count an update: done, ignored, repeated, retried or quarantined."""
        _of(self._handled, result).observe(_sane(seconds))

    def translated(self, result: str, seconds: float) -> None:
        """Count a translation: translated, untranslated or given_up."""
        _of(self._translated, result).observe(_sane(seconds))

    def sent(self, kind: str, result: str, seconds: float) -> None:
        """Count a call: sent, or what its failure proved (not_sent, slow_down, gone, …)."""
        known = (kind, result)
        if known not in self._sends:
            kind = kind if (kind, _OTHER) in self._sends else _OTHER
            result = result if (_OTHER, result) in self._sends else _OTHER
        self._sends[kind, result].inc()
        _of(self._send_seconds, result).observe(_sane(seconds))

    def waited(self, seconds: float) -> None:
        """Count the time that a call waited for the limiter."""
        self._waited.observe(_sane(seconds))

    def ticked(self, name: str, seconds: float) -> None:
        """Count a tick of the clock; its name is one of `TICKS`."""
        _of(self._ticked, name).observe(_sane(seconds))

    def late(self, seconds: float) -> None:
        """Tell how late the event loop was just now."""
        self._lateness.append(_sane(seconds))

    def worst_lateness(self) -> float:
        """Return how many seconds the event loop was late at worst in the last minute."""
        return max(self._lateness, default=0.0)

    def show(self, queues: Iterable[Queue], *, ready: bool) -> None:
        """Set what is read from the database only when somebody asks; all earlier ones go.

        So no old figure passes for a new one when the database cannot be read.
        """
        self._queue_length.clear()
        self._queue_age.clear()
        for queue in queues:
            words = (queue.name, queue.kind, queue.state)
            self._queue_length.labels(*words).set(queue.length)
            self._queue_age.labels(*words).set(_sane(queue.oldest_seconds))
        self._ready.set(ready)

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """Return all figures as Prometheus reads them, and the content type."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type


async def watch_loop(
    telemetry: Telemetry,
    stopping: asyncio.Event,
    *,
    every_seconds: float = 1.0,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Measure until told to stop how late the event loop comes back from a short sleep.

    A stop is noticed at the end of a sleep; whoever cannot wait for it cancels.
    """
    while not stopping.is_set():
        before = telemetry.monotonic()
        await sleep(every_seconds)
        telemetry.late(telemetry.monotonic() - before - every_seconds)


def _by_word(metric: Metric, words: Iterable[str]) -> dict[str, Metric]:
    """Return the metric for each word of its label, and for one that is not in the list."""
    return {str(word): metric.labels(word) for word in (*words, _OTHER)}


def _of(metrics: dict[str, Histogram], word: str) -> Histogram:
    return metrics.get(word) or metrics[_OTHER]


def _sane(seconds: float) -> float:
    """Return the seconds; a sum that once holds a negative or no number is spoilt for good."""
    return seconds if isfinite(seconds) and seconds > 0 else 0.0
