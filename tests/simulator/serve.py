"""A simulator in a process of its own, for tests that kill it: `python serve.py STORE`."""

import asyncio
import sys
from pathlib import Path

from bot.simulator import Clock
from tests.simulator.house import make_simulator


async def main(store: Path) -> None:
    """Serve from `store` and print the address, until killed."""
    print(await make_simulator(Clock(), store).start(), flush=True)  # noqa: T201  # for the test
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
