"""Appointments: their states, what may follow what, and which reminders belong to them."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain.errors import TransitionError
from bot.domain.ids import AppointmentId, ClientId, ReminderId, StaffId
from bot.domain.localtime import to_utc

MONDAY = 0


class AppointmentKind(StrEnum):
    """What the appointment is about; each has its words in the catalogue under `kind.`."""

    INTRODUCTION = "kennismaking"
    PROGRESS = "voortgang"
    HOME_VISIT = "huisbezoek"
    LANGUAGE_TEST = "taaltoets"
    SITUATION = "situatie"
    THREE_WAY = "drie_gesprek"
    GOALS = "doelen"
    REVIEW = "evaluatie"
    MONTHLY = "maandgesprek"


class AppointmentState(StrEnum):
    """Where the appointment stands between coach and client."""

    INVITED = "invited"
    CONFIRMED = "confirmed"
    CANNOT = "cannot"
    OTHER_TIME = "other_time"
    CANCELLED = "cancelled"


class Answer(StrEnum):
    """What a client may answer to an appointment."""

    COME = "come"
    CANNOT = "cannot"
    OTHER_TIME = "other_time"


class ReminderKind(StrEnum):
    """Which reminder it is; one of each kind for each version of the appointment."""

    DAY_BEFORE = "day_before"
    HOURS_BEFORE = "hours_before"


class ReminderState(StrEnum):
    """Where a reminder stands; `retired` was overtaken by a change, `missed` came too late."""

    PLANNED = "planned"
    QUEUED = "queued"
    RETIRED = "retired"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Place:
    """Where people meet; kept with the appointment, so that a changed directory cannot move it."""

    key: str
    name: str
    address: str = ""
    route: str = ""
    desk: str = ""
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Appointment:
    """An agreed meeting; local date, time and zone are the promise, `starts_at` follows."""

    id: AppointmentId
    client_id: ClientId
    staff_id: StaffId
    kind: AppointmentKind
    local_date: date
    local_time: time
    zone: str
    starts_at: datetime
    duration_minutes: int
    place: Place
    state: AppointmentState
    revision: int
    """Counts the moves; a message about an older revision is out of date."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """One reminder of one version of an appointment."""

    id: ReminderId
    appointment_id: AppointmentId
    revision: int
    kind: ReminderKind
    due_at: datetime
    state: ReminderState


@dataclass(frozen=True, slots=True)
class ReminderRules:
    """When reminders go out, in local wall-clock time."""

    day_before_at: time = time(17, 0)
    hours_before: int = 2
    not_before: time = time(7, 30)
    too_late_minutes: int = 30


_ANSWERS: dict[Answer, AppointmentState] = {
    Answer.COME: AppointmentState.CONFIRMED,
    Answer.CANNOT: AppointmentState.CANNOT,
    Answer.OTHER_TIME: AppointmentState.OTHER_TIME,
}


def answered(state: AppointmentState, answer: Answer) -> AppointmentState:
    """Return the state after a client's answer; she may change her mind until it is cancelled."""
    if state is AppointmentState.CANCELLED:
        msg = "A cancelled appointment takes no answer; make a new one."
        raise TransitionError(msg)
    return _ANSWERS[answer]


def expects_client(state: AppointmentState) -> bool:
    """Tell whether the appointment stands, so that she must be reminded of it.

    An appointment for which another time was asked stands until the coach decides.
    """
    return state in {
        AppointmentState.INVITED,
        AppointmentState.CONFIRMED,
        AppointmentState.OTHER_TIME,
    }


def plan_reminders(
    local_date: date, local_time: time, zone: ZoneInfo, rules: ReminderRules
) -> dict[ReminderKind, datetime]:
    """Return when each reminder is due (UTC), by the wall clock on both sides of a clock change.

    The first goes out the day before, for a Monday on Friday; the second some hours before the
    start, but never before people are up.
    """
    starts_at = to_utc(local_date, local_time, zone)
    days_before = 3 if local_date.weekday() == MONDAY else 1
    due = {
        ReminderKind.DAY_BEFORE: to_utc(
            local_date - timedelta(days=days_before), rules.day_before_at, zone
        )
    }
    earliest = to_utc(local_date, rules.not_before, zone)
    hours_before = max(starts_at - timedelta(hours=rules.hours_before), earliest)
    if hours_before < starts_at:
        due[ReminderKind.HOURS_BEFORE] = hours_before
    return due


def last_moment(due_at: datetime, starts_at: datetime, rules: ReminderRules) -> datetime:
    """Return until when a reminder is of use: some time before the start.

    Of an early appointment, whose reminder waits until people are up, half the time between the
    two is left.
    """
    usual = starts_at - timedelta(minutes=rules.too_late_minutes)
    return max(usual, due_at + (starts_at - due_at) / 2)


def reminder_text(
    today: date, appointment_date: date, reminder: ReminderKind, *, discreet: bool
) -> str:
    """Return the id of the text that is true today, also when the reminder goes out late."""
    if discreet:
        return "ap.discreet"
    days = (appointment_date - today).days
    if days == 0:
        return "ap.rem_2h"
    if days == 1:
        return "ap.rem_1d"
    if reminder is ReminderKind.DAY_BEFORE and appointment_date.weekday() == MONDAY and days <= 3:  # noqa: PLR2004 - Friday to Monday
        return "ap.rem_weekend"
    msg = f"No reminder text is true {days} days before; the reminder was planned wrongly."
    raise TransitionError(msg)
