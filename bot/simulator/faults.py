"""Faults to order: what can go wrong between a bot and Telegram, a set number of times."""

from dataclasses import dataclass
from typing import Literal, get_args

from bot.simulator.errors import ControlError
from bot.simulator.values import JsonObject, without_nothing

FaultName = Literal[
    "429", "500", "409", "502_html", "migrated", "delay", "accept_then_close",
    "accept_then_delay", "half_response", "garbage", "refuse", "duplicate_updates",
    "reverse_updates",
]  # fmt: skip
NAMES: tuple[str, ...] = get_args(FaultName)
ANY_METHOD = "*"


@dataclass(slots=True)
class Fault:
    """A fault that waits for its request; `times` is how often it still happens."""

    number: int
    fault: str
    method: str = ANY_METHOD
    times: int = 1
    chat_id: int | None = None
    retry_after: int = 1
    seconds: float = 1.0
    migrate_to_chat_id: int = -1_001_000_000_001

    def as_json(self) -> JsonObject:
        """Give the fault as the control API shows it."""
        return without_nothing((name, getattr(self, name)) for name in self.__slots__)

    def fits(self, method: str, chat_id: int | None) -> bool:
        """Say whether this fault is for a request."""
        if self.fault in {"duplicate_updates", "reverse_updates"}:
            return method == "getUpdates"
        if self.method != ANY_METHOD and self.method.lower() != method.lower():
            return False
        return self.chat_id is None or self.chat_id == chat_id


class Faults:
    """The list of faults that were ordered and have not happened yet."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._number = 0

    def order(
        self,
        fault: str,
        *,
        method: str = ANY_METHOD,
        times: int = 1,
        chat_id: int | None = None,
        retry_after: int = 1,
        seconds: float = 1.0,
        migrate_to_chat_id: int = -1_001_000_000_001,
    ) -> Fault:
        """Let a fault happen to the next `times` requests that fit; ControlError when unknown."""
        if fault not in NAMES:
            raise ControlError(f"The fault {fault!r} is unknown; there are: {', '.join(NAMES)}.")
        if times < 1 or seconds < 0 or retry_after < 0:
            raise ControlError("times must be at least 1, seconds and retry_after at least 0.")
        self._number += 1
        made = Fault(
            self._number, fault, method, times, chat_id, retry_after, seconds, migrate_to_chat_id
        )
        self._waiting.append(made)
        return made

    def waiting(self) -> list[Fault]:
        """Give the faults that have not happened yet."""
        return list(self._waiting)

    def clear(self) -> None:
        """Forget all faults."""
        self._waiting.clear()

    def refuses(self, method: str) -> bool:
        """Say whether the next request of this method is cut off before it is read."""
        first = next((f for f in self._waiting if f.fits(method, None)), None)
        return first is not None and first.fault == "refuse" and first.chat_id is None

    def take(self, method: str, chat_id: int | None) -> Fault | None:
        """Give the first fault that is for a request, and count it as happened."""
        fault = next((f for f in self._waiting if f.fits(method, chat_id)), None)
        if fault is not None:
            fault.times -= 1
            if fault.times == 0:
                self._waiting.remove(fault)
        return fault
