"""A broadcast at the limit, what it does to a conversation, and how fast a paid one goes."""

import random
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from bench import figures, people
from bench.bare import LOOP_NAME
from bench.figures import Figure, median, percentile
from bench.processes import BenchError, Process, Server, server, under_test, workspace
from bench.relay import CLIENTS, TRANSLATED, Open, open_bare, open_product
from bench.server import Send, reference

PER_SECOND, PAID_PER_SECOND = 30, 1000
_CHAT_BURST = 3
_JITTER_TOKENS = 0.05
"""How much of a chat's second two calls may come closer on their way here."""

_TALK_PER_SECOND = 5.0
_SEED = 20261124
_FIRST_TALK, _FIRST_BROADCAST = 1, 1_000_000
_LEAD_SECONDS = 3.0
_ROWS_QUEUED_PER_SECOND = 1500.0
_REST_SECONDS = 2.0
"""So long after a burst no limit remembers it."""

_MARGIN_MS = 50.0
_NEARLY = 0.99
"""Nobody reaches a limit that they keep."""


def too_fast(times: Sequence[float], per_second: int) -> int:
    """Return how often more than `per_second` messages arrived within one second."""
    ordered = sorted(times)
    pairs = zip(ordered, ordered[per_second:], strict=False)
    return sum(later - earlier < 1.0 for earlier, later in pairs)


def too_fast_in_chats(sends: Sequence[Send]) -> int:
    """Return how many messages came too soon for their chat: one a second, three at once."""
    chats: defaultdict[int, list[float]] = defaultdict(list)
    for at, _, chat, _ in sends:
        chats[chat].append(at)
    wrong = 0
    for times in chats.values():
        tokens, last = float(_CHAT_BURST), times[0]
        for at in sorted(times):
            tokens = min(float(_CHAT_BURST), tokens + at - last)
            last = at
            wrong += tokens < 1.0 - _JITTER_TOKENS
            tokens -= 1.0
    return wrong


def talk(start: float, seconds: float, first: int) -> list[tuple[int, str, float]]:
    """Return messages of clients at random moments: (chat, text, monotonic time)."""
    dice = random.Random(_SEED + first)  # noqa: S311 - the same moments in each run
    plan: list[tuple[int, str, float]] = []
    at = start + dice.expovariate(_TALK_PER_SECOND)
    while at < start + seconds:
        text = f"{TRANSLATED} {reference(first + len(plan))}"
        plan.append((people.client_chat(dice.randrange(CLIENTS)), text, at))
        at += dice.expovariate(_TALK_PER_SECOND)
    return plan


@dataclass(frozen=True, slots=True)
class Run:
    """What one broadcast showed; latencies in milliseconds."""

    over_ideal: float
    too_fast: int
    too_fast_in_chats: int
    faults: int
    idle: list[float]
    busy: list[float]


def _latencies(
    plan: Sequence[tuple[int, str, float]], sends: Sequence[Send], first: int
) -> list[float]:
    arrived = {mark: at for at, _, _, mark in sends}
    missing = sum(first + n not in arrived for n in range(len(plan)))
    if missing:
        msg = f"{missing} of {len(plan)} messages never reached the coach; others came twice."
        raise BenchError(msg)
    return [(arrived[first + n] - at) * 1000 for n, (_, _, at) in enumerate(plan)]


async def run(opened: Open, chats: int, idle_seconds: float) -> Run:
    """Let clients talk in quiet, and then during a broadcast."""
    async with server() as answering, opened(answering) as process:
        await _warm_up(answering)
        first = _FIRST_TALK + CLIENTS
        quiet = talk(time.monotonic() + _REST_SECONDS, idle_seconds, first)
        await answering.load(quiet)
        idle = _latencies(quiet, await answering.until_sent(len(quiet)), first)
        await answering.clear()
        first += len(quiet)
        start = time.monotonic() + _LEAD_SECONDS + chats / _ROWS_QUEUED_PER_SECOND
        await process.ask("broadcast", chats=chats, first=_FIRST_BROADCAST, at=start)
        # A little shorter than the broadcast, so that all of it falls into it.
        seconds = 0.9 * chats / (PER_SECOND - _TALK_PER_SECOND)
        lively = talk(start + 0.5, seconds, first)
        await answering.load(lively)
        sends = await answering.until_sent(chats + len(lively))
        times = [at for at, _, _, mark in sends if mark >= _FIRST_BROADCAST]
        meanwhile = [at for at, _, _, _ in sends if min(times) <= at <= max(times)]
        return Run(
            over_ideal=(max(times) - min(times)) / ((len(meanwhile) - 1) / PER_SECOND),
            too_fast=too_fast([at for at, _, _, _ in sends], PER_SECOND),
            too_fast_in_chats=too_fast_in_chats(sends),
            faults=_not_once(sends, chats),
            idle=idle,
            busy=_latencies(lively, sends, first),
        )


async def _warm_up(answering: Server) -> None:
    """Have some clients write before anything counts, no faster than the limit."""
    await answering.load(
        [
            (people.client_chat(n), f"{TRANSLATED} {reference(_FIRST_TALK + n)}", 0.0)
            for n in range(PER_SECOND)
        ]
    )
    await answering.until_sent(PER_SECOND)
    await answering.clear()


def _not_once(sends: Sequence[Send], chats: int) -> int:
    marks = [mark for _, _, _, mark in sends if mark >= _FIRST_BROADCAST]
    return abs(chats - len(set(marks))) + len(marks) - len(set(marks))


async def run_paid(opened: Open, chats: int) -> tuple[float, int, int]:
    """Return messages a second, how often they came too fast, and what was not sent or kept."""
    async with server() as answering, opened(answering) as process:
        start = time.monotonic() + _LEAD_SECONDS + chats / _ROWS_QUEUED_PER_SECOND
        await process.ask("broadcast", chats=chats, first=_FIRST_BROADCAST, at=start)
        sends = await answering.until_sent(chats)
        wrong = _not_once(sends, chats) + int((await process.ask("rest"))["left"])
    times = [at for at, _, _, mark in sends if mark >= _FIRST_BROADCAST]
    a_second = (len(times) - 1) / (max(times) - min(times))
    return a_second, too_fast(times, PAID_PER_SECOND), wrong


async def measure(quick: bool) -> list[Figure]:
    """Measure a broadcast at the limit with people talking, and a paid one."""
    chats, idle_seconds, repeats = (300, 6.0, 1) if quick else (3000, 60.0, 3)
    paid_chats = 3000 if quick else 10_000
    with workspace() as folder:
        file = folder / "broadcast.db"
        template = await people.make_template(folder, max(chats, CLIENTS))
        product = open_product(template, file)
        runs: list[Run] = []
        loops: list[Run] = []
        for _ in range(repeats):
            runs.append(await run(product, chats, idle_seconds))
            loops.append(await run(open_limited, chats, idle_seconds))
        template = await people.make_template(folder, paid_chats)
        at_limit = open_product(template, file, "--paid", "--per-second", str(PAID_PER_SECOND))
        lifted = open_product(template, file, "--paid", "--unlimited")
        paid: list[tuple[float, int, int]] = []
        free: list[tuple[float, int, int]] = []
        plain: list[tuple[float, int, int]] = []
        for _ in range(repeats):
            paid.append(await run_paid(at_limit, paid_chats))
            free.append(await run_paid(lifted, paid_chats))
            plain.append(await run_paid(open_bare, paid_chats // 4))
    return [*_at_the_limit(chats, runs, loops), *_paid(paid_chats, paid, free, plain)]


def open_limited(answering: Server) -> AbstractAsyncContextManager[Process]:
    """Give the bare program with the loop of a broadcast that keeps under the limit."""
    return under_test(answering, "bare loop", "bench.bare", "--limited")


def _at_the_limit(chats: int, runs: Sequence[Run], loops: Sequence[Run]) -> list[Figure]:
    name = f"broadcast to {chats:,} chats"
    busy, idle = "message to its copy during a broadcast", "message to its copy in quiet"
    return [
        figures.at_most(
            f"{name}, time over the ideal, beside the {LOOP_NAME}",
            median([each.over_ideal for each in runs]),
            "times",
            1.02,
            baseline=median([each.over_ideal for each in loops]),
        ),
        figures.at_most(
            f"{name}, more than {PER_SECOND} in a second, beside the {LOOP_NAME}",
            sum(each.too_fast for each in runs),
            "times",
            0,
            baseline=sum(each.too_fast for each in loops),
        ),
        figures.at_most(
            f"{name}, a chat over one a second with a burst of 3, beside the {LOOP_NAME}",
            sum(each.too_fast_in_chats for each in runs),
            "times",
            0,
            baseline=sum(each.too_fast_in_chats for each in loops),
        ),
        figures.at_most(
            f"{name}, not sent exactly once, beside the {LOOP_NAME}",
            sum(each.faults for each in runs),
            "messages",
            0,
            baseline=sum(each.faults for each in loops),
        ),
        figures.plain(
            f"{busy}, p50, beside the same in quiet",
            _middle(runs, 0.5, busy=True),
            "ms",
            baseline=_middle(runs, 0.5, busy=False),
        ),
        figures.no_worse_than_baseline(
            f"{busy}, p99, beside the same in quiet",
            _middle(runs, 0.99, busy=True),
            "ms",
            baseline=_middle(runs, 0.99, busy=False),
            margin=_MARGIN_MS,
        ),
        figures.plain(
            f"{busy}, p99, beside a bare handler and the {LOOP_NAME}",
            _middle(runs, 0.99, busy=True),
            "ms",
            baseline=_middle(loops, 0.99, busy=True),
        ),
        figures.plain(
            f"{idle}, p99, beside a bare handler",
            _middle(runs, 0.99, busy=False),
            "ms",
            baseline=_middle(loops, 0.99, busy=False),
        ),
    ]


def _middle(runs: Sequence[Run], part: float, *, busy: bool) -> float:
    return median([percentile(each.busy if busy else each.idle, part) for each in runs])


def _paid(
    chats: int,
    paid: Sequence[tuple[float, int, int]],
    free: Sequence[tuple[float, int, int]],
    plain: Sequence[tuple[float, int, int]],
) -> list[Figure]:
    name = f"paid broadcast to {chats:,} chats"
    beside = "beside a bare loop without limit"
    loop = median([rate for rate, _, _ in plain])
    return [
        figures.at_least(
            f"{name}, limit lifted, {beside}",
            median([rate for rate, _, _ in free]),
            "a second",
            PAID_PER_SECOND,
            baseline=loop,
        ),
        figures.at_least(
            f"{name}, at the limit of {PAID_PER_SECOND:,} a second, {beside}",
            median([rate for rate, _, _ in paid]),
            "a second",
            _NEARLY * PAID_PER_SECOND,
            baseline=loop,
        ),
        figures.at_most(
            f"{name}, limit broken",
            sum(broken for _, broken, _ in paid),
            "times",
            0,
        ),
        figures.at_most(
            f"{name}, not sent exactly once or not kept as sent",
            sum(wrong for _, _, wrong in (*paid, *free)),
            "messages",
            0,
        ),
    ]
