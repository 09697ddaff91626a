"""A Bot API server with phones in a browser: the demo and the test double.

It knows nothing of the rest of the project and of no Telegram library.
"""

from bot.simulator.clock import Clock
from bot.simulator.errors import ControlError
from bot.simulator.model import DEFAULT_LABELS, Letter, Phone, Phrase, World
from bot.simulator.server import Simulator

__all__ = [
    "DEFAULT_LABELS",
    "Clock",
    "ControlError",
    "Letter",
    "Phone",
    "Phrase",
    "Simulator",
    "World",
]
