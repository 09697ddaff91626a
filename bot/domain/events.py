"""Events: what people may come to, the places there are, and who comes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain.appointments import Place, ReminderRules
from bot.domain.ids import ClientId, EventId, StaffId
from bot.domain.localtime import Hours, after_quiet_hours, to_utc

NAME_LIMIT = 80
"""How many signs an event's own name may have."""

SLOT_MINUTES = 10
"""How long one talk of a speed date lasts."""

SLOTS_MOST = 20
"""How many times are offered to choose from."""

ASK_MARGIN = timedelta(minutes=5)
"""So much is left to bring a promised message before it is of no use any more."""


class EventKind(StrEnum):
    """What it is; the words for it stand in every catalogue."""

    LANGUAGE_CAFE = "language_cafe"
    SPEED_DATE = "speed_date"
    WORKSHOP = "workshop"
    LESSONS = "lessons"
    """The lessons of the participation declaration."""
    INFORMATION = "information"
    MEETING = "meeting"


class EventState(StrEnum):
    """Whether it goes on."""

    OPEN = "open"
    CANCELLED = "cancelled"


class EventMode(StrEnum):
    """Whether one comes to all of its times, or chooses one."""

    ALL = "all"
    ONE = "one"


class SignUpState(StrEnum):
    """What somebody said, and whether there is a place."""

    COMING = "coming"
    WAITING = "waiting"
    DECLINED = "declined"
    LATER = "later"
    """She wants to be asked again."""


@dataclass(frozen=True, slots=True)
class Session:
    """One time of an event: its only one, a lesson, or a time to choose."""

    number: int
    local_date: date
    local_time: time
    zone: str
    starts_at: datetime
    """Follows from the three above, which are what was agreed."""
    duration_minutes: int
    capacity: int | None = None
    """How many may choose this time; only where one is chosen."""

    @classmethod
    def at(
        cls,
        number: int,
        local_date: date,
        local_time: time,
        zone: ZoneInfo,
        duration_minutes: int,
        capacity: int | None = None,
    ) -> "Session":
        """Return the time that the wall clock of a place shows then."""
        starts_at = to_utc(local_date, local_time, zone)
        return cls(number, local_date, local_time, zone.key, starts_at, duration_minutes, capacity)

    def later(self, days: int) -> "Session":
        """Return the same time by the wall clock, so many days later."""
        day = self.local_date + timedelta(days=days)
        zone = ZoneInfo(self.zone)
        return Session.at(
            self.number, day, self.local_time, zone, self.duration_minutes, self.capacity
        )

    @property
    def ends_at(self) -> datetime:
        """When it is over."""
        return self.starts_at + timedelta(minutes=self.duration_minutes)


@dataclass(frozen=True, slots=True)
class Event:
    """An event with its times in order."""

    id: EventId
    kind: EventKind
    name: str | None
    """Its own name, such as that of a café: shown as it is, never translated."""
    mode: EventMode
    state: EventState
    place: Place
    capacity: int | None
    """How many may come; None for everybody."""
    author_id: StaffId
    sessions: tuple[Session, ...]

    @property
    def starts_at(self) -> datetime:
        """When it begins, the first time."""
        return self.sessions[0].starts_at

    def is_over(self, now: datetime) -> bool:
        """Tell whether its last time has begun, so that nobody can say yes any more."""
        return now >= max(session.starts_at for session in self.sessions)

    def session(self, number: int) -> Session | None:
        """Return one of its times."""
        return next((each for each in self.sessions if each.number == number), None)

    def still_to_come(self, now: datetime) -> tuple[Session, ...]:
        """Return the times that have not begun; when all have, the last."""
        return tuple(s for s in self.sessions if s.starts_at > now) or self.sessions[-1:]

    def next_session(self, now: datetime, chosen: int | None = None) -> Session:
        """Return the time at which somebody is expected: the chosen one, or the next to come.

        When all have begun, the last.
        """
        own = self.session(chosen) if chosen is not None else None
        return own or self.still_to_come(now)[0]


@dataclass(frozen=True, slots=True)
class SignUp:
    """What one client said about one event."""

    client_id: ClientId
    state: SignUpState
    session: int | None
    """The time she chose."""
    asked_at: datetime
    """Since when she stands in line."""
    changed_at: datetime


def single(day: date, clock: time, zone: ZoneInfo, duration_minutes: int) -> tuple[Session, ...]:
    """Return the one time of an ordinary event."""
    return (Session.at(1, day, clock, zone, duration_minutes),)


def weekly(
    day: date, clock: time, zone: ZoneInfo, duration_minutes: int, count: int
) -> tuple[Session, ...]:
    """Return so many lessons, a week apart by the wall clock."""
    first = Session.at(1, day, clock, zone, duration_minutes)
    return tuple(replace(first.later(7 * n), number=n + 1) for n in range(count))


def slots(
    day: date, clock: time, zone: ZoneInfo, count: int, capacity: int
) -> tuple[Session, ...]:
    """Return the times of a speed date, one after the other, each for so many people."""
    times = (
        datetime.combine(day, clock) + timedelta(minutes=SLOT_MINUTES * n) for n in range(count)
    )
    return tuple(
        Session.at(n, at.date(), at.time(), zone, SLOT_MINUTES, capacity)
        for n, at in enumerate(times, start=1)
    )


def free_sessions(event: Event, sign_ups: Sequence[SignUp], now: datetime) -> tuple[Session, ...]:
    """Return the times that can still be chosen."""
    taken = [each.session for each in sign_ups if each.state is SignUpState.COMING]
    return tuple(
        session
        for session in event.sessions
        if session.starts_at > now
        and (session.capacity is None or taken.count(session.number) < session.capacity)
    )


def has_room(event: Event, sign_ups: Sequence[SignUp], now: datetime) -> bool:
    """Tell whether one more may come."""
    coming = sum(each.state is SignUpState.COMING for each in sign_ups)
    if event.capacity is not None and coming >= event.capacity:
        return False
    return event.mode is EventMode.ALL or bool(free_sessions(event, sign_ups, now))


def list_in_line(sign_ups: Sequence[SignUp]) -> list[SignUp]:
    """Return who waits for a place, the longest first."""
    waiting = [each for each in sign_ups if each.state is SignUpState.WAITING]
    return sorted(waiting, key=lambda each: each.asked_at)


def without(sign_ups: Sequence[SignUp], client_id: ClientId) -> list[SignUp]:
    """Return what the others said."""
    return [each for each in sign_ups if each.client_id != client_id]


# --- when somebody is reminded ---------------------------------------------------------------


def remind_at(session: Session, rules: ReminderRules) -> datetime:
    """Return when who comes is reminded: the day before, by the wall clock."""
    day = session.local_date - timedelta(days=1)
    return to_utc(day, rules.day_before_at, ZoneInfo(session.zone))


def remind_until(session: Session, rules: ReminderRules) -> datetime:
    """Return until when a reminder is of use."""
    return session.starts_at - timedelta(minutes=rules.too_late_minutes)


def ask_late_at(session: Session, rules: ReminderRules) -> datetime:
    """Return when she is asked again who asked for it when the usual moment had passed."""
    earliest = to_utc(session.local_date, rules.not_before, ZoneInfo(session.zone))
    return max(session.starts_at - timedelta(hours=rules.hours_before), earliest)


def asked_before(event: Event) -> tuple[Session, ...]:
    """Return the times before which somebody can be asked again; of several to choose, one."""
    return event.sessions if event.mode is EventMode.ALL else event.sessions[:1]


def ask_again_at(
    event: Event,
    since: datetime,
    rules: ReminderRules,
    quiet: Hours,
    done: Collection[int] = (),
) -> datetime | None:
    """Return when somebody who wants that is asked again, or None when it is too late for it.

    `since` is when she said so; `done` are the times before which she was asked already. What
    would come in the `quiet` hours comes after them.
    """
    for session in asked_before(event):
        if session.number in done:
            continue
        for moment in (remind_at(session, rules), ask_late_at(session, rules)):
            heard_at = after_quiet_hours(moment, quiet, ZoneInfo(session.zone))
            if since < moment and heard_at + ASK_MARGIN <= remind_until(session, rules):
                return heard_at
    return None
