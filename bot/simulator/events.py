"""News inside the simulator: something to wait for, and the stream the page listens to."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from bot.simulator.values import JsonObject

BACKLOG = 1000


class Signal:
    """Wakes everybody who waits; a waiter looks for itself whether the news is for it."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def fire(self) -> None:
        """Wake all who wait now."""
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self, seconds: float | None = None) -> bool:
        """Wait for the next `fire`; False when `seconds` of real time passed without one."""
        event = self._event
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        return True


class Hub:
    """Hands every event to every page that listens."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[tuple[int, JsonObject]]] = set()
        self._last = 0
        self.changed = Signal()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the simulator stops, so that nothing more will come."""
        return self._closed

    def open(self) -> None:
        """Let people wait and listen again after `close`."""
        self._closed = False

    @property
    def listeners(self) -> int:
        """How many pages listen."""
        return len(self._listeners)

    def publish(self, event: JsonObject) -> None:
        """Tell all pages; a page that lags far behind misses events and re-reads the state."""
        self._last += 1
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait((self._last, event))
        self.changed.fire()

    def close(self) -> None:
        """Wake all who wait or listen for the last time, because the simulator stops."""
        self._closed = True
        self.publish({"type": "closing"})

    @contextmanager
    def listen(self) -> Iterator[asyncio.Queue[tuple[int, JsonObject]]]:
        """Give a queue that receives every event published from now on."""
        queue: asyncio.Queue[tuple[int, JsonObject]] = asyncio.Queue(BACKLOG)
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)
