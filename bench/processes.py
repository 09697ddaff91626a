"""Processes under measurement: started, each on a core of its own, asked, and ended."""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from bench.server import Send

ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 60.0
_ANSWER_SECONDS = 120.0
_LINE_LIMIT = 1 << 26
_CORE_OF_SERVER, _CORE_OF_BOT = 0, 1
_LOOK_SECONDS = 0.1


class BenchError(Exception):
    """A measurement that cannot be trusted; says what happened."""


class Process:
    """A child that speaks in lines of JSON."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self._process = process

    async def line(self, patience: float = _ANSWER_SECONDS) -> str:
        """Return the next line it says; errors: BenchError when it has ended or says nothing."""
        assert self._process.stdout is not None  # noqa: S101 - it was started with a pipe
        try:
            async with asyncio.timeout(patience):
                line = await self._process.stdout.readline()
        except TimeoutError:
            msg = f"The process {self.name} said nothing for {patience:.0f} seconds."
            raise BenchError(msg) from None
        if not line:
            raise self._ended()
        return line.decode()

    def check(self) -> None:
        """Errors: BenchError when it has ended."""
        if self._process.returncode is not None:
            raise self._ended()

    def _ended(self) -> BenchError:
        return BenchError(f"The process {self.name} ended by itself; its last words stand above.")

    async def ask(self, name: str, **values: float) -> dict[str, float]:
        """Have it do something, and return its answer."""
        assert self._process.stdin is not None  # noqa: S101 - it was started with a pipe
        self._process.stdin.write(json.dumps({"do": name, **values}).encode() + b"\n")
        await self._process.stdin.drain()
        answer: dict[str, float] = json.loads(await self.line())
        return answer

    async def end(self) -> None:
        """Let it end by itself; kill it when it does not."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def pin(self, core: int) -> None:
        """Keep it on one core, where the system can do that and there are two."""
        cores = usable_cores()
        if len(cores) > 1:
            os.sched_setaffinity(self._process.pid, {cores[core]})


def usable_cores() -> list[int]:
    """Return the cores that may be chosen; none where the system does not let one choose."""
    if not hasattr(os, "sched_getaffinity"):
        return []
    return sorted(os.sched_getaffinity(0))


@contextmanager
def workspace() -> Iterator[Path]:
    """Give a folder on the disk of the checkout: a folder for temporary files may be memory."""
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as folder:
        yield Path(folder)


@asynccontextmanager
async def started(name: str, module: str, *given: str) -> AsyncIterator[Process]:
    """Give a running child, on the core of what is measured."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *given,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE_LIMIT,
        cwd=ROOT,
    )
    child = Process(name, process)
    child.pin(_CORE_OF_SERVER if module == "bench.server" else _CORE_OF_BOT)
    try:
        yield child
    finally:
        await child.end()


class Server:
    """The answering server, seen from the measurement."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._watched: list[Process] = []

    @property
    def url(self) -> str:
        """The address of its Bot API."""
        return f"http://127.0.0.1:{self.port}"

    def watch(self, process: Process) -> None:
        """Wait for messages only as long as this process lives."""
        self._watched.append(process)

    async def _ask(self, path: str, body: bytes = b"") -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=_LINE_LIMIT)
        try:
            head = f"POST /control/{path} HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            size = int(answer.lower().partition(b"content-length:")[2].split()[0])
            return await reader.readexactly(size)
        finally:
            writer.close()
            await writer.wait_closed()

    async def load(
        self, updates: Sequence[tuple[int, str, float]], *, delay: float = 0
    ) -> dict[str, float]:
        """Give it messages to hand out: (chat, text, monotonic time or 0 for at once).

        Each call is answered after `delay` seconds from now on.
        """
        asked = json.dumps({"updates": updates, "delay": delay}).encode()
        answer: dict[str, float] = json.loads(await self._ask("load", asked))
        return answer

    async def clear(self) -> None:
        """Have it forget what was sent."""
        await self._ask("clear")

    async def stats(self) -> Mapping[str, float]:
        """Return its counts."""
        answer: dict[str, float] = json.loads(await self._ask("stats"))
        return answer

    async def sends(self) -> list[Send]:
        """Return every message that was sent since it was cleared."""
        return [
            (at, name, chat, ref) for at, name, chat, ref in json.loads(await self._ask("sends"))
        ]

    async def until_sent(
        self,
        count: int,
        *,
        marked: bool = True,
        patience: float = 30.0,
        longest: float = 600.0,
    ) -> list[Send]:
        """Return what was sent once it is so many; with `marked` only those with a mark count.

        Errors: BenchError when none was sent for `patience` seconds, or who sends has ended.
        """
        seen, still, waited = 0, 0.0, 0.0
        while True:
            now = int((await self.stats())["marked" if marked else "sends"])
            if now >= count:
                return await self.sends()
            for process in self._watched:
                process.check()
            still = 0.0 if now > seen else still + _LOOK_SECONDS
            seen, waited = now, waited + _LOOK_SECONDS
            if still > patience or waited > longest:
                msg = f"Only {now} of {count} messages arrived; then nothing for {still:.0f} s."
                raise BenchError(msg)
            await asyncio.sleep(_LOOK_SECONDS)


@asynccontextmanager
async def server() -> AsyncIterator[Server]:
    """Give a running server on a core of its own."""
    async with started("server", "bench.server") as process:
        yield Server(int(await process.line(_START_SECONDS)))


@asynccontextmanager
async def under_test(
    answering: Server, name: str, module: str, *given: str
) -> AsyncIterator[Process]:
    """Give a child that talks to this server and is ready for commands."""
    async with started(name, module, "--url", answering.url, *given) as child:
        await child.line(_START_SECONDS)
        answering.watch(child)
        yield child
