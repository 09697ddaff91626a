"""How many messages a second go from client to coach, and what each costs in processor time."""

import itertools
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from bench import figures, people
from bench.figures import Figure, median
from bench.processes import Process, Server, server, under_test, workspace
from bench.server import Send, reference

CLIENTS = 200
TRANSLATED, AS_IT_IS = "سلام، فردا ساعت ده می‌آیم.", "🙂"
"""What clients write: words that need translation, and what everybody can read."""

_AIM_A_SECOND = 500
_CALL_SECONDS = 0.05
"""How long a call to the real Telegram takes, about."""

Open = Callable[[Server], AbstractAsyncContextManager[Process]]


@dataclass(frozen=True, slots=True)
class Run:
    """What one run showed."""

    a_second: float
    cpu_ms: float
    rss_mb: float
    faults: int
    server_share: float
    """How much of its core the answering server needed."""


def messages(text: str, numbers: Iterable[int]) -> list[tuple[int, str, float]]:
    """Return a message with each of these marks, spread over the clients, to go at once."""
    return [(people.client_chat(n % CLIENTS), f"{text} {reference(n)}", 0.0) for n in numbers]


def faults(sends: Sequence[Send], first: int, count: int) -> int:
    """Return how many marks did not arrive exactly once, in their client's order, at the coach."""
    seen = Counter(mark for _, _, _, mark in sends if mark)
    wrong = sum(seen[mark] != 1 for mark in range(first, first + count))
    wrong += sum(mark not in range(first, first + count) for mark in seen)
    lanes: defaultdict[int, list[int]] = defaultdict(list)
    for _, _, chat, mark in sends:
        if mark:
            lanes[mark % CLIENTS].append(mark)
            wrong += chat != people.coach_chat(mark % CLIENTS)
    for lane in lanes.values():
        wrong += sum(later < earlier for earlier, later in itertools.pairwise(lane))
    return wrong


async def run(opened: Open, text: str, count: int, *, delay: float = 0.0) -> Run:
    """Relay a first message of each client, and then measure `count` more."""
    async with server() as answering, opened(answering) as process:
        await answering.load(messages(text, range(1, CLIENTS + 1)))
        await answering.until_sent(CLIENTS)
        await answering.clear()
        first = CLIENTS + 1
        before, idle = await process.ask("used"), await answering.stats()
        await answering.load(messages(text, range(first, first + count)), delay=delay)
        sends = await answering.until_sent(count)
        left = await process.ask("rest")
        after, busy = await process.ask("used"), await answering.stats()
        seconds = sends[-1][0] - busy["first_handed_at"]
        return Run(
            a_second=count / seconds,
            cpu_ms=(after["cpu_seconds"] - before["cpu_seconds"]) / count * 1000,
            rss_mb=after["rss_mb"],
            faults=faults(sends, first, count) + int(left["left"]),
            server_share=(busy["cpu_seconds"] - idle["cpu_seconds"]) / seconds,
        )


def open_bare(answering: Server) -> AbstractAsyncContextManager[Process]:
    """Give the bare handler."""
    return under_test(answering, "bare handler", "bench.bare")


def open_product(template: Path, file: Path, *given: str) -> Open:
    """Return how to give the product on a fresh copy of the database."""

    def opened(answering: Server) -> AbstractAsyncContextManager[Process]:
        people.copy(template, file)
        return under_test(
            answering,
            "product",
            "bench.product",
            *("--database", str(file)),
            *("--begun", str(time.monotonic())),
            *given,
        )

    return opened


async def measure(quick: bool) -> list[Figure]:
    """Measure relays, and the bare handler between them, on the same server."""
    count, slow_count, repeats = (1000, 300, 1) if quick else (3000, 1000, 3)
    with workspace() as folder:
        template = await people.make_template(folder, CLIENTS)
        product = open_product(template, folder / "relay.db", "--unlimited")
        bare: list[Run] = []
        translated: list[Run] = []
        as_it_is: list[Run] = []
        bare_slow: list[Run] = []
        slow: list[Run] = []
        # In turns, so that a machine that grows slower does so for both.
        for _ in range(repeats):
            bare.append(await run(open_bare, AS_IT_IS, count))
            translated.append(await run(product, TRANSLATED, count))
            as_it_is.append(await run(product, AS_IT_IS, count))
            bare_slow.append(await run(open_bare, AS_IT_IS, slow_count // 10, delay=_CALL_SECONDS))
            slow.append(await run(product, TRANSLATED, slow_count, delay=_CALL_SECONDS))
    return [
        *_beside_bare("relays, translated", translated, bare),
        *_beside_bare("relays, no translation needed", as_it_is, bare),
        figures.at_least_baseline(
            "relays, translated, when a call takes 50 ms, beside a bare handler",
            _middle(slow, "a_second"),
            "a second",
            0,
            baseline=_middle(bare_slow, "a_second"),
        ),
        figures.plain(
            "memory after the relays, beside a bare handler",
            _middle(translated, "rss_mb"),
            "MB",
            baseline=_middle(bare, "rss_mb"),
        ),
        figures.at_most(
            "relays lost, sent twice or out of order, beside a bare handler",
            sum(each.faults for each in (*translated, *as_it_is, *slow)),
            "messages",
            0,
            baseline=sum(each.faults for each in (*bare, *bare_slow)),
        ),
        figures.at_most(
            "answering server: most of its core that it needed",
            100 * max(each.server_share for each in (*bare, *translated, *as_it_is)),
            "%",
            50,
        ),
    ]


def _middle(runs: Sequence[Run], field: str) -> float:
    return median([float(getattr(each, field)) for each in runs])


def _beside_bare(name: str, runs: Sequence[Run], bare: Sequence[Run]) -> list[Figure]:
    return [
        figures.at_least_baseline(
            f"{name}, beside a bare handler",
            _middle(runs, "a_second"),
            "a second",
            _AIM_A_SECOND,
            baseline=_middle(bare, "a_second"),
        ),
        figures.plain(
            f"{name}, processor time of one",
            _middle(runs, "cpu_ms"),
            "ms",
            baseline=_middle(bare, "cpu_ms"),
        ),
    ]
