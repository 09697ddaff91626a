"""What may happen to an update that came in and to a call that must go out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from bot.domain.ids import (
    AppointmentId,
    ChatId,
    ClientId,
    DeliveryId,
    InboxId,
    MessageId,
    OutboxId,
    TelegramMessageId,
    TranslationId,
)

JsonValue = str | int | float | bool | None | list["JsonValue"] | Mapping[str, "JsonValue"]
Payload = Mapping[str, JsonValue]
"""Parameters of a Bot API method, as Telegram names them."""


class InboxState(StrEnum):
    """Where an update stands; `quarantined` waits for a person."""

    NEW = "new"
    DONE = "done"
    QUARANTINED = "quarantined"


class OutboxState(StrEnum):
    """Where an outgoing call stands.

    `waiting` needs its translation; `held` waits for a person who cannot be reached; `claimed`
    is taken in hand by the sender and may still be given back; `sending` is committed before the
    call; `uncertain` was perhaps delivered; `retired` was overtaken by events and is not sent.
    """

    WAITING = "waiting"
    HELD = "held"
    QUEUED = "queued"
    CLAIMED = "claimed"
    SENDING = "sending"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    FAILED = "failed"
    RETIRED = "retired"


class OutboxKind(StrEnum):
    """What an outgoing call is for; decides who may get it, when, and what doubt means."""

    ONBOARDING = "onboarding"
    """Before the privacy notice is acknowledged: answers to her own taps only."""
    ANSWER = "answer"
    """An answer to something the person just did; also in quiet hours."""
    CONVERSATION = "conversation"
    APPOINTMENT = "appointment"
    REMINDER = "reminder"
    URGENT = "urgent"
    """Emergency numbers and same-day cancellations: at any hour."""
    STAFF = "staff"
    BROADCAST = "broadcast"
    """The same to many: an info film, an invitation for everybody."""
    SET = "set"
    """A call that can be repeated without harm: a tap acknowledged, commands set."""


class Priority(IntEnum):
    """Who goes first when not everything can be sent at once; a lower number goes first."""

    ANSWER = 0
    CONVERSATION = 1
    REMINDER = 2
    BROADCAST = 3


def priority_of(kind: OutboxKind) -> Priority:
    """Return how urgent a call of this kind is: an answer to a person before all else."""
    if kind in {OutboxKind.ONBOARDING, OutboxKind.ANSWER, OutboxKind.URGENT, OutboxKind.SET}:
        return Priority.ANSWER
    if kind is OutboxKind.REMINDER:
        return Priority.REMINDER
    if kind is OutboxKind.BROADCAST:
        return Priority.BROADCAST
    return Priority.CONVERSATION


class FailureKind(StrEnum):
    """What a failed call proves about the message."""

    NOT_SENT = "not_sent"
    """It did not arrive and may be tried again."""
    SLOW_DOWN = "slow_down"
    """Refused for now; may be tried after a stated time."""
    GONE = "gone"
    """The person cannot be reached in this chat any more."""
    REJECTED = "rejected"
    """It will never be accepted as it is."""
    DOUBT = "doubt"
    """It may or may not have arrived."""


HANDLING_ATTEMPTS = 3
"""How often an update is tried before it is put apart for a person."""

SENDING_ATTEMPTS = 8
"""How often a call that certainly failed is tried again."""

REPEATABLE_METHODS = frozenset(
    {
        "answerCallbackQuery",
        "deleteMessage",
        "editMessageText",
        "editMessageCaption",
        "editMessageMedia",
        "editMessageReplyMarkup",
        "sendChatAction",
        "setMessageReaction",
        "setMyCommands",
    }
)
"""Calls whose repetition changes nothing for the reader."""


class DoubtRule(StrEnum):
    """What is done with a call that may or may not have arrived."""

    REPEAT = "repeat"
    """Made again: the reader sees no difference."""
    REPEAT_MARKED = "repeat_marked"
    """Made once more, with a line that says so in the reader's language; then left to staff."""
    LEAVE = "leave"
    """Not made again: reading it twice annoys more than missing it."""


def doubt_rule(kind: OutboxKind, method: str) -> DoubtRule:
    """Return what doubt means for a call; a reminder or an answer that is lost costs most."""
    if method in REPEATABLE_METHODS:
        return DoubtRule.REPEAT
    return DoubtRule.LEAVE if kind is OutboxKind.BROADCAST else DoubtRule.REPEAT_MARKED


def backoff_seconds(attempts: int, chance: float = 1.0) -> float:
    """Return how long to wait after so many failed attempts: 1, 2, 4 … at most 300 seconds.

    `chance` (0 to 1) spreads it between the half and the whole, so that what failed together
    does not come back together.
    """
    return min(1 << min(max(attempts - 1, 0), 10), 300) * (0.5 + chance / 2)


@dataclass(frozen=True, slots=True)
class Incoming:
    """An update as it was committed before Telegram was told."""

    id: InboxId
    update_id: int
    lane: int
    raw: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A call of the Bot API that must be made, and how far it has come."""

    id: OutboxId
    lane: str
    seq: int
    part: int
    chat_id: ChatId
    kind: OutboxKind
    priority: Priority
    method: str
    payload: Payload
    frame: str | None
    client_id: ClientId | None
    message_id: MessageId | None
    translation_id: TranslationId | None
    appointment_id: AppointmentId | None
    appointment_revision: int | None
    edits_outbox_id: OutboxId | None
    state: OutboxState
    attempts: int
    doubts: int
    """How often it was perhaps delivered; after one it carries a mark."""
    not_before: datetime
    valid_until: datetime | None
    created_at: datetime
    telegram_message_id: TelegramMessageId | None
    delivery_id: DeliveryId | None = None
    """Which delivery of a broadcast it is."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a call did not succeed, in terms of what may be done about it."""

    kind: FailureKind
    description: str
    """Telegram's or the network's own words; never message text."""
    wait_seconds: int = 0
