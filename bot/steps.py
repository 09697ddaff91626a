"""The named steps of a message's trip, at which a crash is tried on purpose.

In the product nothing listens. The torture run puts a listener here that kills the process, so
that each point between two commits is proven to lose nothing.
"""

from collections.abc import Callable
from enum import StrEnum


class Step(StrEnum):
    """A point in the trip; what stands before it is committed or done, what follows is not."""

    FETCHED = "receive.fetched"
    """Telegram gave a batch; it is not yet kept."""
    KEPT = "receive.kept"
    """The batch is committed; Telegram does not know yet."""
    TAKEN_UP = "handle.taken_up"
    """An update is about to be handled."""
    CHANGED = "handle.changed"
    """Everything an update causes is written, not committed."""
    HANDLED = "handle.handled"
    TRANSLATED = "translate.translated"
    """The engine answered; nothing is kept of it."""
    SHOWN = "translate.shown"
    """The translation is committed into the calls that carry it."""
    CLAIMED = "send.claimed"
    """Calls are taken in hand; none is marked."""
    MARKED = "send.marked"
    """A call is committed as `sending`; Telegram has not been asked."""
    CALLED = "send.called"
    """Telegram answered; the answer is not kept."""
    RECORDED = "send.recorded"
    TICKED = "clock.ticked"
    """A tick has done what was due."""
    RECOVERED = "start.recovered"
    """A start has sorted what the last stop left."""


_listeners: list[Callable[[Step], None]] = []


def listen(listener: Callable[[Step], None]) -> None:
    """Have every step told from now on."""
    _listeners.append(listener)


def reached(step: Step) -> None:
    """Tell that a step was reached."""
    for listener in _listeners:
        listener(step)
