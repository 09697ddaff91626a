"""The werkbak: what a task asks of its owner, how it may end, and how long it has waited."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain.localtime import Hours
from bot.domain.workdays import working_time

_HOUR = timedelta(hours=1)


class TaskKind(StrEnum):
    """What a task is about; `other` stands for a kind that this program does not know."""

    MESSAGE = "message"
    """A client wrote, and nobody has answered her or said that it is dealt with."""
    CONTACT = "contact"
    REASON = "reason"
    """Say why a month was missed."""
    CALL = "call"
    SLOT = "slot"
    """She chose a time for the talk."""
    CHECKIN_BAD = "checkin_bad"
    HOLD_REVIEW = "hold_review"
    AFTERCARE = "aftercare"
    GOAL_TALK = "goal_talk"
    MILESTONE = "milestone"
    NO_GOALS = "no_goals"
    """The running block of a plan has no goal."""
    PLAN = "plan"
    """Somebody in care has no plan yet."""
    GOAL_HELP = "goal_help"
    EMPLOYER = "employer"
    CALL_ME = "call_me"
    """She asked to be phoned."""
    UNCLEAR = "unclear"
    """She did not understand a message."""
    ANSWER = "answer"
    """What she answered to an appointment asks for another time, or for an answer."""
    PLACEMENT_ATTENTION = "placement_attention"
    NOT_DELIVERED = "not_delivered"
    NOT_TAKEN = "not_taken"
    PERHAPS_NOT_DELIVERED = "perhaps_not_delivered"
    MISSED_REMINDER = "missed_reminder"
    LINK_REUSED = "link_reused"
    WRONG_PERSON = "wrong_person"
    QUARANTINED = "quarantined"
    QUARANTINED_CLIENT = "quarantined_client"
    COACH_WITHOUT_CHAT = "coach_without_chat"
    LINK_GONE = "link_gone"
    """The link of a film leads to nothing any more."""
    OTHER = "other"


class Action(StrEnum):
    """What a task's owner can begin from it."""

    ANSWER = "answer"
    CALL = "call"
    RECORD = "record"
    """Put a conversation on record."""
    MEET = "meet"
    GOALS = "goals"
    HOLD = "hold"
    REASON = "reason"
    COMPANY = "company"


@dataclass(frozen=True, slots=True)
class Age:
    """How long a task has waited in working days, or in working hours within the first."""

    days: int
    hours: int


_ACTIONS: dict[TaskKind, tuple[Action, ...]] = {
    TaskKind.MESSAGE: (Action.ANSWER, Action.CALL, Action.MEET),
    TaskKind.CONTACT: (Action.RECORD, Action.MEET, Action.ANSWER, Action.CALL),
    TaskKind.REASON: (Action.REASON,),
    TaskKind.CALL: (Action.CALL, Action.RECORD, Action.MEET),
    TaskKind.SLOT: (Action.MEET, Action.ANSWER),
    TaskKind.CALL_ME: (Action.CALL, Action.RECORD, Action.MEET),
    TaskKind.UNCLEAR: (Action.ANSWER, Action.CALL),
    TaskKind.ANSWER: (Action.MEET, Action.ANSWER, Action.CALL),
    TaskKind.CHECKIN_BAD: (Action.CALL, Action.ANSWER, Action.RECORD, Action.MEET),
    TaskKind.HOLD_REVIEW: (Action.HOLD,),
    TaskKind.AFTERCARE: (Action.RECORD, Action.MEET, Action.CALL),
    TaskKind.GOAL_TALK: (Action.GOALS, Action.MEET),
    TaskKind.MILESTONE: (Action.GOALS, Action.MEET),
    TaskKind.PLAN: (Action.GOALS, Action.MEET),
    TaskKind.NO_GOALS: (Action.GOALS, Action.MEET),
    TaskKind.GOAL_HELP: (Action.ANSWER, Action.GOALS, Action.MEET),
    TaskKind.EMPLOYER: (Action.COMPANY,),
}
_WITH_CLIENT = (Action.CALL, Action.ANSWER)

_ENDED_BY_THE_FACT = frozenset(
    {
        TaskKind.CONTACT,
        TaskKind.REASON,
        TaskKind.HOLD_REVIEW,
        TaskKind.AFTERCARE,
        TaskKind.GOAL_TALK,
        TaskKind.MILESTONE,
        TaskKind.PLAN,
        TaskKind.NO_GOALS,
        TaskKind.EMPLOYER,
    }
)
"""Duties that end when what they ask for is on record, and by nobody's say-so."""

FOR_A_STAND_IN = frozenset({Action.CALL, Action.RECORD, Action.REASON, Action.COMPANY})
"""What somebody may begin for a colleague who is away; all else is for the client's own coach."""

FOR_THE_RECORD = frozenset({Action.RECORD, Action.REASON})
"""What only somebody in a contact role may do."""


def kind_of(word: str) -> TaskKind:
    """Return the kind of a task as it is kept."""
    try:
        return TaskKind(word)
    except ValueError:
        return TaskKind.OTHER


def actions_of(kind: TaskKind, *, with_client: bool) -> tuple[Action, ...]:
    """Return what can be begun from a task, the likeliest first."""
    return _ACTIONS.get(kind, _WITH_CLIENT if with_client else ())


def ends_by_hand(kind: TaskKind) -> bool:
    """Tell whether its owner may say that a task is dealt with."""
    return kind not in _ENDED_BY_THE_FACT


def age_of(
    since: datetime, now: datetime, office: Hours, closed: Container[date], zone: ZoneInfo
) -> Age:
    """Return how long a task has waited while the office was open."""
    waited = working_time(since, now, office, closed, zone)
    day = datetime.combine(date.min, office.end) - datetime.combine(date.min, office.start)
    if waited < day:
        return Age(0, waited // _HOUR)
    return Age(waited // day, 0)
