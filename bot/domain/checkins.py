"""The short monthly question to a client, and what she answered; never a conversation."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bot.domain.contacts import Channel
from bot.domain.ids import CheckInId, ClientId
from bot.domain.months import Month
from bot.domain.slots import Slot

OTHER_TIME = -1
"""What stands for the chosen time when none of the proposed ones suited her."""


class Mood(StrEnum):
    """What a client may answer; why is never asked, and nothing about health is kept."""

    GOOD = "good"
    OKAY = "okay"
    BAD = "bad"
    TELL = "tell"
    """She would rather write."""
    CALL = "call"
    """She wants to be phoned."""


@dataclass(frozen=True, slots=True)
class CheckIn:
    """The question of one month: asked once, answered or not."""

    id: CheckInId
    client_id: ClientId
    month: Month
    asked_at: datetime
    silent_from: date
    """From this day on her coach is to phone, if she has let nothing be heard."""
    slots: tuple[Slot, ...]
    """The times that were ever proposed, in the order in which they were."""
    answer: Mood | None
    slot: int | None
    """Which of the times she chose; `OTHER_TIME` when none."""
    how: Channel | None
    answered_at: datetime | None
    closed_at: datetime | None
    """Set once her coach has made the appointment."""

    @property
    def chosen(self) -> Slot | None:
        """The time she chose, if she chose one."""
        if self.slot is None or self.slot == OTHER_TIME:
            return None
        return self.slots[self.slot]
