"""A simulator that runs, with people who have a phone, and an HTTP client for it."""

from collections.abc import AsyncIterator

import pytest

from bot.simulator import Clock, Simulator
from tests.simulator.house import ANNA, SELAM, YOUSEF, Api, make_simulator


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def simulator(clock: Clock) -> AsyncIterator[Simulator]:
    """A simulator with three phones, whose owners have not yet pressed START."""
    made = make_simulator(clock)
    yield made
    await made.stop()


@pytest.fixture
async def base(simulator: Simulator) -> str:
    return await simulator.start()


@pytest.fixture
async def api(base: str) -> AsyncIterator[Api]:
    async with Api.open(base) as client:
        yield client


@pytest.fixture
async def started(simulator: Simulator, api: Api) -> Api:
    """The same, after everybody pressed START and the bot took note of it."""
    for phone in (SELAM, YOUSEF, ANNA):
        simulator.say(phone.user_id, "/start")
    seen = await api.updates()
    await api.updates(offset=int(str(seen[-1]["update_id"])) + 1)
    return api
