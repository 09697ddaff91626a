"""The conversation that satisfies the month: what counts, on which day, and by whom."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bot.domain.errors import TaalbrugError
from bot.domain.ids import AppointmentId, ClientId, ContactId, StaffId
from bot.domain.months import Month
from bot.domain.people import Role


class ContactError(TaalbrugError):
    """The conversation cannot be recorded so; `reason` says why, and nothing was changed."""

    def __init__(self, reason: "Refusal", message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Refusal(StrEnum):
    """Why a conversation cannot be recorded."""

    FUTURE = "future"
    BEFORE_CARE = "before_care"
    FROZEN = "frozen"
    CHAT = "chat"


class Channel(StrEnum):
    """How people spoke."""

    OFFICE = "office"
    PHONE = "phone"
    VIDEO = "video"
    HOME_VISIT = "home_visit"
    WORKPLACE = "workplace"
    CHAT = "chat"
    """Counts only where the organisation says so."""
    OTHER = "other"
    """Never counts: a voicemail, a word with somebody else about her."""


class Theme(StrEnum):
    """What it was about, for the report; never what was said."""

    WORK = "work"
    LANGUAGE = "language"
    INCOME_CARE = "income_care"
    EDUCATION = "education"
    OTHER = "other"


class AttemptKind(StrEnum):
    """An effort that led to no conversation."""

    NO_SHOW = "no_show"
    NO_ANSWER = "no_answer"


CONTACT_ROLES = (
    Role.COACH,
    Role.INCOME_ADVISER,
    Role.WORKPLACE_TRAINER,
    Role.LANGUAGE_COACH,
    Role.JOB_COACH,
    Role.JOB_LANGUAGE_COACH,
)
"""Who may hold the month's conversation; any of them satisfies it."""


@dataclass(frozen=True, slots=True)
class ContactMoment:
    """A conversation on record; `counts` tells whether it may satisfy its month."""

    id: ContactId
    client_id: ClientId
    day: date
    channel: Channel
    role: Role
    staff_id: StaffId
    theme: Theme | None
    counts: bool
    recorded_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class ContactAttempt:
    """A missed appointment or an unanswered call: proof of effort, never a conversation."""

    client_id: ClientId
    day: date
    kind: AttemptKind
    staff_id: StaffId
    appointment_id: AppointmentId | None


def contact_role(roles: Iterable[Role]) -> Role | None:
    """Return the role in which somebody may hold the conversation; None when in no role."""
    own = set(roles)
    return next((role for role in CONTACT_ROLES if role in own), None)


def check_contact(
    day: date,
    channel: Channel,
    *,
    today: date,
    in_care_since: date,
    open_from: Month,
    counts: bool,
    chat_counts: bool,
) -> None:
    """Refuse a conversation that cannot be recorded.

    `open_from` is the first month that is not frozen. Errors: ContactError, with its reason.
    """
    if day > today:
        msg = f"A conversation on {day} is still to come; record it when it was held."
        raise ContactError(Refusal.FUTURE, msg)
    if day < in_care_since:
        msg = f"The client came into care on {in_care_since}, after {day}; mend the date."
        raise ContactError(Refusal.BEFORE_CARE, msg)
    if Month.of(day) < open_from:
        msg = f"Month {Month.of(day)} is frozen; only {open_from} and later can change."
        raise ContactError(Refusal.FROZEN, msg)
    if counts and channel is Channel.OTHER:
        msg = "What was no conversation with the client herself never counts."
        raise ContactError(Refusal.CHAT, msg)
    if counts and channel is Channel.CHAT and not chat_counts:
        msg = "A chat is no conversation here ([contact] chat_counts = false); phone or meet."
        raise ContactError(Refusal.CHAT, msg)
