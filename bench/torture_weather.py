"""The weather between the bot and Telegram: storms of refusals, lost answers, cut lines."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

from bench.torture_town import Town
from bot.simulator.faults import FaultName
from bot.simulator.values import as_int, as_text

CUT = "line_cut"
"""Nobody listens for a moment, so that connections are refused."""

_KEPT_WAITING = (60, 1.5)
_SHARE_OF_CALM = 0.25
_SHARE_OF_CUTS = 0.1
_SHARE_WHILE_ASKING = 0.2


@dataclass(frozen=True, slots=True)
class Squall:
    """A fault that may be ordered: for which method, and at most how often and for how long."""

    fault: FaultName
    method: str
    most: int
    seconds: float = 0.0


_SQUALLS = (
    Squall("429", "sendMessage", 8),
    Squall("500", "sendMessage", 3),
    Squall("502_html", "sendMessage", 3),
    Squall("accept_then_close", "sendMessage", 4),
    Squall("accept_then_close", "setMessageReaction", 3),
    Squall("accept_then_close", "sendPhoto", 1),
    Squall("accept_then_delay", "sendMessage", 6, seconds=0.8),
    Squall("half_response", "sendMessage", 3),
    Squall("garbage", "sendMessage", 2),
    # Not longer: what is still under way when its repeat has gone would overtake what follows.
    Squall("delay", "sendMessage", 6, seconds=0.3),
    Squall("refuse", "sendMessage", 8),
    Squall("duplicate_updates", "getUpdates", 3),
    Squall("reverse_updates", "getUpdates", 3),
)

_WHILE_ASKING = (
    Squall("429", "getUpdates", 1),
    Squall("500", "getUpdates", 1),
    Squall("accept_then_delay", "getUpdates", 1, seconds=0.5),
    Squall("half_response", "getUpdates", 1),
    Squall("garbage", "getUpdates", 1),
    Squall("refuse", "getUpdates", 1),
)
"""These make the bot pause before it asks again, so they are rarer."""


@dataclass(slots=True)
class Weather:
    """What blows, by the dice; `happened` counts what really hit a call."""

    rng: random.Random
    town: Town
    happened: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    """How many calls the bot has made."""

    def changes(self) -> None:
        """Order what blows next, in addition to what still waits to happen."""
        if self.rng.random() < _SHARE_OF_CALM:
            return
        squalls = self.rng.sample(_SQUALLS, self.rng.randint(1, 3))
        if self.rng.random() < _SHARE_WHILE_ASKING:
            squalls.append(self.rng.choice(_WHILE_ASKING))
        for squall in squalls:
            chat = None
            if squall.method == "sendMessage" and self.rng.random() < 0.3:  # noqa: PLR2004
                chat = self.rng.choice(self.town.people).chat_id
            self.town.phones.fault(
                squall.fault,
                method=squall.method,
                times=self.rng.randint(1, squall.most),
                chat_id=chat,
                seconds=self.rng.uniform(0, squall.seconds),
            )

    def keeps_all_waiting(self) -> None:
        """Have Telegram take everything and say so much later."""
        times, seconds = _KEPT_WAITING
        self.town.phones.fault(
            "accept_then_delay", method="sendMessage", times=times, seconds=seconds
        )

    async def may_cut_the_line(self) -> None:
        """Stop listening for a moment, now and then."""
        if self.rng.random() < _SHARE_OF_CUTS:
            self.notice()
            await self.town.vanishes()
            await asyncio.sleep(self.rng.uniform(0.1, 0.8))
            await self.town.returns()
            self.happened[CUT] += 1

    def clears(self) -> None:
        """Let everything work again."""
        self.notice()
        self.town.phones.clear_faults()

    def notice(self) -> None:
        """Count what has happened since this was last asked; the simulator forgets in time."""
        for entry in self.town.phones.requests(after=self.calls):
            if fault := as_text(entry["fault"]):
                self.happened[fault] += 1
            self.calls = as_int(entry["n"])
