"""Waiting for something that is not worth waiting for once the program is told to stop."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

Result = TypeVar("Result")


async def or_stop(stopping: asyncio.Event, work: Awaitable[Result]) -> Result | None:
    """Return what the work gives; None when told to stop first, and then the work is given up."""
    working = asyncio.ensure_future(work)
    told = asyncio.ensure_future(stopping.wait())
    finished = False
    try:
        await asyncio.wait({working, told}, return_when=asyncio.FIRST_COMPLETED)
        finished = working.done()
    finally:
        for task in (working, told):
            task.cancel()
        # Not awaited one by one: that would swallow our own being cancelled.
        await asyncio.wait({working, told})
        if not working.cancelled():
            working.exception()  # what was given up may fail as it likes
    return working.result() if finished else None
