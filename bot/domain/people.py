"""Who takes part: staff, clients, and the link between a person and a chat."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.ids import ChatId, ClientId, InviteId, LinkId, StaffId
from bot.domain.languages import Language


class Role(StrEnum):
    """What a member of staff does; a person may have more than one role."""

    COACH = "coach"
    COORDINATOR = "coordinator"
    INCOME_ADVISER = "income_adviser"
    WORKPLACE_TRAINER = "workplace_trainer"
    LANGUAGE_COACH = "language_coach"
    JOB_COACH = "job_coach"
    JOB_LANGUAGE_COACH = "job_language_coach"
    ACCOUNT_MANAGER = "account_manager"


class ClientStatus(StrEnum):
    """Where a client stands with the organisation; not the same as whether the chat works."""

    AZC = "azc"
    """Known, and still in an asylum seekers' centre."""
    INVITED = "invited"
    ACTIVE = "active"
    ON_HOLD = "on_hold"
    AFTERCARE = "aftercare"
    """At work or at school; somebody still asks how it goes."""
    CLOSED = "closed"


class HoldReason(StrEnum):
    """Why a client is on hold; never anything about health."""

    OTHER_PROBLEMS = "other_problems"
    VOLUNTEERING = "volunteering"
    DAY_ACTIVITY = "day_activity"


class LinkState(StrEnum):
    """Where the link between a person and a chat stands; the last three receive nothing."""

    ONBOARDING = "onboarding"
    ACTIVE = "active"
    DECLINED = "declined"
    STOPPED = "stopped"
    UNREACHABLE = "unreachable"


class Step(StrEnum):
    """The question that a newly invited client is at."""

    LANGUAGE = "language"
    PERSON = "person"
    WELCOME = "welcome"
    ROBOT = "robot"
    PRIVACY1 = "privacy1"
    PRIVACY2 = "privacy2"
    CHOICE = "choice"
    SHARED_PHONE = "shared_phone"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff; `code` is the short name used in lists and files."""

    id: StaffId
    code: str
    name: str
    roles: tuple[Role, ...]
    active: bool


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody who is guided; `code` is the pseudonym, `name` what she is called."""

    id: ClientId
    code: str
    name: str
    language: Language
    status: ClientStatus
    discreet: bool
    """True when the family shares her phone: proactive messages then give no details."""
    check_in: bool = False
    """True when her coach wants the short monthly question sent to her."""


@dataclass(frozen=True, slots=True)
class Link:
    """A person's chat; exactly one of `client_id` and `staff_id` is set."""

    id: LinkId
    client_id: ClientId | None
    staff_id: StaffId | None
    chat_id: ChatId
    state: LinkState
    step: Step
    notice_acknowledged_at: datetime | None


@dataclass(frozen=True, slots=True)
class Invite:
    """A single-use invitation; the token itself is never stored."""

    id: InviteId
    client_id: ClientId | None
    staff_id: StaffId | None
    expires_at: datetime
    used_at: datetime | None
    used_chat_id: ChatId | None
    revoked_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        """Tell whether somebody may still use it."""
        return self.used_at is None and self.revoked_at is None and now < self.expires_at
