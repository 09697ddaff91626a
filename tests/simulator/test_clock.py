"""The clock: hours pass at a tap, event by event, and never backwards."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.simulator import Clock, ControlError, Simulator
from bot.simulator.values import as_object
from tests.simulator.house import SELAM, Api, make_simulator

MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def standing() -> Clock:
    """A clock under which real time stands still."""
    return Clock(lambda: MORNING)


class Planner:
    """A small program with a diary: each entry happens once, and may plan the next."""

    def __init__(self, clock: Clock, *hours: float) -> None:
        self.clock = clock
        self.planned = [MORNING + timedelta(hours=h) for h in hours]
        self.happened: list[float] = []
        self.echo = False
        self.gate: asyncio.Event | None = None
        self.entered = asyncio.Event()

    async def next_event(self, after: datetime) -> datetime | None:
        return min((p for p in self.planned if p > after), default=None)

    async def settle(self) -> None:
        self.entered.set()
        if self.gate is not None:
            await self.gate.wait()
        now = self.clock.now()
        for due in [p for p in self.planned if p <= now]:
            self.planned.remove(due)
            self.happened.append((now - MORNING) / timedelta(hours=1))
            if self.echo:
                self.planned.append(due + timedelta(minutes=30))


def test_the_clock_runs_with_real_time_and_jumps_ahead() -> None:
    clock = standing()
    assert clock.now() == MORNING
    clock.advance(timedelta(hours=1))
    clock.set(MORNING + timedelta(hours=3))
    assert clock.now() == MORNING + timedelta(hours=3)


def test_the_clock_never_goes_back() -> None:
    clock = standing()
    with pytest.raises(ValueError, match="cannot go back"):
        clock.advance(timedelta(seconds=-1))
    with pytest.raises(ValueError, match="cannot go back"):
        clock.set(MORNING - timedelta(seconds=1))
    with pytest.raises(ValueError, match="no time zone"):
        clock.set(MORNING.replace(tzinfo=None))
    assert clock.now() == MORNING


async def test_a_step_stops_at_each_event_in_order() -> None:
    clock = standing()
    world = Planner(clock, 5, 1, 2.5, 30)
    made = make_simulator(clock, world=world)
    await made.advance(timedelta(hours=24))
    assert world.happened == [1, 2.5, 5]
    assert clock.now() == MORNING + timedelta(hours=24)
    await made.stop()


async def test_what_was_written_just_before_a_leap_is_handled_before_it() -> None:
    clock = standing()

    class Reader(Planner):
        """A program that reads its updates when it has its turn."""

        async def settle(self) -> None:
            read.append((clock.now(), made.pending_updates))
            await super().settle()

    read: list[tuple[datetime, int]] = []
    made = make_simulator(clock, world=Reader(clock))
    made.say(SELAM.user_id, "a")
    await made.advance(timedelta(days=2))
    assert read == [(MORNING, 1), (MORNING + timedelta(days=2), 0)]
    await made.stop()


async def test_what_an_event_plans_within_the_step_happens_too() -> None:
    clock = standing()
    world = Planner(clock, 1)
    world.echo = True
    made = make_simulator(clock, world=world)
    await made.advance(timedelta(hours=2, minutes=10))
    assert world.happened == [1, 1.5, 2]
    await made.stop()


async def test_a_step_goes_to_the_next_event_and_no_further() -> None:
    clock = standing()
    world = Planner(clock, 4, 6)
    made = make_simulator(clock, world=world)
    view = await made.advance_to_next()
    assert view["now"] == "2026-03-02T12:00:00+00:00"
    assert view["next_event"] == "2026-03-02T14:00:00+00:00"
    assert world.happened == [4]
    await made.advance_to_next()
    with pytest.raises(ControlError, match="Nothing is planned"):
        await made.advance_to_next()
    await made.stop()


async def test_messages_carry_the_date_of_the_clock() -> None:
    clock = standing()
    made = make_simulator(clock)
    await made.advance(timedelta(days=3))
    said = as_object(made.say(SELAM.user_id, "a")["message"])
    assert said["date"] == int((MORNING + timedelta(days=3)).timestamp())
    await made.stop()


async def test_a_second_step_during_a_step_is_refused(
    clock: Clock, simulator: Simulator, api: Api
) -> None:
    world = Planner(clock)
    world.gate = asyncio.Event()
    simulator.set_world(world)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(api.sim("clock", advance_seconds=3600))
        await world.entered.wait()
        _, shown = await api.look("clock")
        assert shown["busy"] is True
        for second in ({"advance_seconds": 1}, {"next": True}):
            status, body = await api.sim("clock", **second)
            assert (status, body["error"]) == (
                409,
                "The clock is already moving; wait until it stands still.",
            )
        # The bot goes on working while time passes.
        assert (await api.ok("getMe"))["is_bot"] is True
        world.gate.set()
    assert first.result()[0] == 200
    assert first.result()[1]["busy"] is False


async def test_a_step_that_fails_leaves_the_clock_free(clock: Clock, simulator: Simulator) -> None:
    class Broken(Planner):
        async def settle(self) -> None:
            raise LookupError

    simulator.set_world(Broken(clock))
    with pytest.raises(LookupError):
        await simulator.advance(timedelta(hours=1))
    simulator.set_world(Planner(clock))
    assert (await simulator.advance(timedelta(hours=1)))["busy"] is False


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"advance_seconds": -1}, "cannot go back"),
        ({"set": "2001-01-01T00:00:00+00:00"}, "cannot go back"),
        ({"set": "2999-01-01T00:00:00"}, "no time zone"),
        ({"set": "morgen"}, "not an ISO 8601 date-time"),
        ({"advance_seconds": "1"}, "must be a number"),
        ({"advance_seconds": 1, "speed": 2}, "Unknown field: speed"),
        ({}, "Name one of"),
    ],
)
async def test_an_impossible_step_is_refused_in_one_sentence(
    api: Api, fields: dict[str, object], why: str
) -> None:
    before = (await api.look("clock"))[1]["now"]
    status, body = await api.sim("clock", **fields)
    assert status == 400
    assert why in str(body["error"])
    assert str((await api.look("clock"))[1]["now"])[:13] == str(before)[:13]


async def test_the_clock_can_be_set_over_http(api: Api, clock: Clock) -> None:
    goal = clock.now() + timedelta(days=40)
    status, view = await api.sim("clock", set=goal.isoformat())
    assert status == 200
    assert datetime.fromisoformat(str(view["now"])) >= goal


async def test_a_restart_does_not_turn_the_clock_back(tmp_path: Path) -> None:
    store = tmp_path / "sim.db"
    made = make_simulator(standing(), store)
    await made.advance(timedelta(days=2))
    await made.stop()
    later = standing()
    again = make_simulator(later, store)
    assert later.now() == MORNING + timedelta(days=2)
    later.advance(timedelta(hours=1))
    again.say(SELAM.user_id, "a")
    await again.stop()
    last = standing()
    await make_simulator(last, store).stop()
    assert last.now() == MORNING + timedelta(days=2, hours=1)
