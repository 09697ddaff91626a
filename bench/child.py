"""The side of a process under measurement: takes commands, answers with what it used."""

import asyncio
import gc
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

Command = Callable[[Mapping[str, float]], Awaitable[Mapping[str, float]]]


def used() -> dict[str, float]:
    """Return processor seconds of the whole process, memory in MB, and the monotonic time."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "rss_mb": _rss_mb(),
        "at": time.monotonic(),
    }


def _rss_mb() -> float:
    """Return the memory in use now; its peak where the system does not tell."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


async def obey(commands: Mapping[str, Command]) -> None:
    """Answer each line of the standard input until it ends or says "stop".

    A line is {"do": name, …}; the answer is a line as well. "used" is always known.
    """
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    tell({"ready": 1})
    while line := await reader.readline():
        asked = json.loads(line)
        name = asked.pop("do")
        if name == "stop":
            return
        if name == "used":
            found = used()
            gc.collect()  # so that memory is what is held, not what waits to be swept
            tell(found | {"rss_mb": _rss_mb()})
        else:
            tell(await commands[name](asked))


def tell(answer: Mapping[str, float]) -> None:
    """Print an answer; the standard output carries nothing else."""
    print(json.dumps(answer), flush=True)
