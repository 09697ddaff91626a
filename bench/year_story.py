"""What happens in an organisation in a year: invented, seeded, and told before anything is run.

Nothing here looks at the product. The story is a list of raw events, as people would tell them:
also those that the product must refuse, and those that come too late.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Literal

from bench.recount_days import DAY, Office, days_of, month_of
from bench.recount_events import Absence, CheckIn, Coach, Event, Meeting, Status, Talk

FIRST_DAY = date(2026, 12, 28)
"""A Monday, so that the first month is only a part of one."""

LEAVING_DAY = date(2027, 6, 15)
"""On which a coach hands all her clients over."""

Verb = Literal[
    "status", "coach", "talk", "withdraw", "meet", "miss", "cancel", "absence", "check_in"
]

_NEXT = {
    # status: what may follow, how likely on a day, after so many days at least
    "azc": (("invited", 0.010, 20), ("active", 0.004, 20), ("closed", 0.0005, 20)),
    "invited": (("active", 0.080, 3), ("on_hold", 0.001, 3), ("closed", 0.0005, 10)),
    "active": (
        ("on_hold", 0.0018, 5),
        ("aftercare", 0.0010, 40),
        ("closed", 0.0006, 30),
    ),
    "on_hold": (("active", 0.022, 3), ("aftercare", 0.001, 10), ("closed", 0.001, 10)),
    "aftercare": (("active", 0.0015, 20), ("closed", 0.004, 180)),
    "closed": (("active", 0.0010, 20),),
}


@dataclass(frozen=True)
class Story:
    """A year of an organisation; `last_day` is the last one that is told."""

    events: Sequence[Event]
    coaches: Sequence[str]
    coordinators: Sequence[str]
    managers: Sequence[str]
    backups: dict[str, str]
    first_day: date
    last_day: date

    @property
    def clients(self) -> list[str]:
        """The codes of everybody who comes, in the order in which they come."""
        return list(dict.fromkeys(e.client for e in self.events if isinstance(e, Status)))


@dataclass(frozen=True)
class Action:
    """One thing that somebody tells the product at an instant, and the event it belongs to."""

    at: datetime
    verb: Verb
    event: Event


def actions(events: Sequence[Event]) -> list[Action]:
    """Return everything that is told, in the order of time; what came in stays in its order."""
    found: list[Action] = []
    verbs: dict[type, Verb] = {
        Status: "status",
        Coach: "coach",
        Talk: "talk",
        Meeting: "meet",
        CheckIn: "check_in",
        Absence: "absence",
    }
    for event in events:
        found.append(Action(event.at, verbs[type(event)], event))
        if isinstance(event, Talk) and event.withdrawn_at is not None:
            found.append(Action(event.withdrawn_at, "withdraw", event))
        if isinstance(event, Meeting) and event.missed_at is not None:
            found.append(Action(event.missed_at, "miss", event))
        if isinstance(event, Meeting) and event.cancelled_at is not None:
            found.append(Action(event.cancelled_at, "cancel", event))
    return sorted(found, key=lambda action: action.at)


def tell(seed: int, clients: int, days: int, office: Office) -> Story:
    """Invent a year; the same seed tells the same."""
    return _Teller(random.Random(seed), clients, days, office).tell()  # noqa: S311 - no secret


class _Teller:
    def __init__(self, chance: random.Random, clients: int, days: int, office: Office) -> None:
        self.chance, self.office = chance, office
        self.first, self.last = FIRST_DAY, FIRST_DAY + (days - 1) * DAY
        self.coaches = [f"s-coach{n:02}" for n in range(1, 13)]
        self.coordinators = ["s-lead1", "s-lead2"]
        self.managers = ["s-company"]
        self.codes = [f"K-{n:04}" for n in range(1, clients + 1)]
        self.events: list[Event] = []
        self.leaver = self.coaches[-1]
        self.came: dict[str, date] = {}
        self.away: dict[str, list[Absence]] = {coach: [] for coach in self.coaches}
        # Two coaches have no standing deputy.
        self.backups = {
            coach: self.coaches[(n + 1) % len(self.coaches)]
            for n, coach in enumerate(self.coaches)
            if n % 6
        }

    def tell(self) -> Story:
        for coach in self.coaches:
            self._absences(coach)
        for number, code in enumerate(self.codes):
            self._life(code, self._comes_on(number))
        told = sorted(self.events, key=lambda event: event.at)
        return Story(
            events=[event for event in told if event.at.date() <= self.last],
            coaches=self.coaches,
            coordinators=self.coordinators,
            managers=self.managers,
            backups=self.backups,
            first_day=self.first,
            last_day=self.last,
        )

    # -- chances ------------------------------------------------------------------------------

    def _if(self, likely: float) -> bool:
        return self.chance.random() < likely

    def _at(self, day: date, begin: time = time(8, 31), end: time = time(16, 59)) -> datetime:
        """Return a moment of a day between two times of the wall clock, to the microsecond."""
        start = datetime.combine(day, begin, self.office.zone)
        seconds = (datetime.combine(day, end) - datetime.combine(day, begin)).total_seconds()
        return start + timedelta(seconds=self.chance.uniform(1, seconds - 1))

    def _when_told(self, day: date) -> datetime:
        """Return when something is told: mostly in office hours, some earlier or later."""
        if self._if(0.06):
            return self._at(day, time(7), time(8, 29))
        return self._at(day, time(17, 1), time(22)) if self._if(0.06) else self._at(day)

    def _working_day(self, day: date) -> date:
        return self.office.on_or_after(day)

    # -- staff --------------------------------------------------------------------------------

    def _absences(self, coach: str) -> None:
        """Let a coach be ill a few times, and go on holiday in summer; never twice at once."""
        summer = date(2027, 7, 5) + timedelta(days=self.chance.randrange(40))
        planned = [(summer, self.chance.choice([13, 20]), summer - 30 * DAY)]
        for _ in range(self.chance.randrange(1, 5)):
            ill = self.first + timedelta(days=self.chance.randrange(360))
            length = self.chance.choice([0, 1, 1, 2, 3, 4, 7, 11, 25])
            # Some call in early, some are reported only later.
            told = ill + self.chance.choice([0, 0, 0, 1, 2]) * DAY
            planned.append((ill, length, told))
        for first, length, told_on in planned:
            last = first + length * DAY
            own = self.away[coach]
            if any(first <= other.last + DAY and last >= other.first - DAY for other in own):
                continue
            others = [each for each in self.coaches if each != coach]
            backup = self.chance.choice(others) if self._if(0.6) else None
            moment = self._at(max(told_on, self.first), time(7), time(9, 30))
            absence = Absence(moment, coach, first, last, backup)
            own.append(absence)
            self.events.append(absence)

    def _is_away(self, coach: str, day: date) -> bool:
        return any(absence.first <= day <= absence.last for absence in self.away[coach])

    # -- a client -----------------------------------------------------------------------------

    def _comes_on(self, number: int) -> date:
        """Return when somebody comes: two in three are there from the first day."""
        if number % 3:
            return self.first
        return self._working_day(self.first + timedelta(days=self.chance.randrange(1, 330)))

    def _life(self, code: str, came: date) -> None:
        status = self.chance.choices(["azc", "invited", "active"], [1, 4, 5])[0]
        coach = self.chance.choice(self.coaches)
        self.came[code] = came
        moment = self._at(came, time(7), time(7, 59))
        self.events += [Status(moment, code, came, status), Coach(moment, code, coach)]
        if self._if(0.4):
            self.events.append(CheckIn(self._at(came, time(8), time(8, 20)), code, wanted=True))
        favourite = self.chance.randrange(1, 32)
        since, planned_for, day = came, None, came
        while day <= self.last:
            if day > came and self.office.works(day):
                before = status
                status = self._move(code, status, day, since)
                since = day if status != before else since
                if self._if(0.0012) or (coach == self.leaver and day >= LEAVING_DAY):
                    coach = self.chance.choice(
                        [each for each in self.coaches if each not in {coach, self.leaver}]
                    )
                    self.events.append(Coach(self._at(day), code, coach))
            if day == came or day.day == 1:
                planned_for = self._talk_of_month(favourite, day)
            if day == planned_for and status in {"invited", "active", "aftercare"}:
                self._talk(code, coach, day)
            if self._if(0.004) and status != "closed":
                self._log(code, day)
            day += DAY
        if self._if(0.08):
            self._works_daily(code, came)

    def _move(self, code: str, status: str, day: date, since: date) -> str:
        for following, likely, least in _NEXT[status]:
            if (day - since).days >= least and self._if(likely):
                moment = self._at(day, time(8, 31), time(12))
                self.events.append(Status(moment, code, day, following))
                if following == "on_hold" and self._if(0.05):
                    # A slip of the finger, mended within the day.
                    self.events.append(Status(self._at(day, time(12, 1)), code, day, "active"))
                    return "active"
                return following
        return status

    def _talk_of_month(self, favourite: int, day: date) -> date | None:
        """Return when her coach means to speak with her this month; None when it is forgotten."""
        if self._if(0.06):
            return None
        whole = days_of(month_of(day))
        number = favourite + round(self.chance.gauss(0, 4))
        if self._if(0.1):
            number = len(whole) - self.chance.randrange(4)
        meant = whole[min(max(number, 1), len(whole)) - 1]
        return max(meant if self._if(0.03) else self.office.on_or_before(meant), day)

    def _talk(self, code: str, coach: str, day: date) -> None:
        """Let a talk be held, mostly; with an appointment made before it, sometimes."""
        if self._is_away(coach, day) and self._if(0.8):
            if self._if(0.5):
                return
            day = self._working_day(day + self.chance.randrange(3, 12) * DAY)
        if self._if(0.35) and not self._appointment(code, day):
            return
        if self._if(0.97):  # else it was held, and nobody put it on record
            self._log(code, day)

    def _appointment(self, code: str, day: date) -> bool:
        """Make an appointment; tells whether the talk was held on its day."""
        made = self.office.on_or_before(day - self.chance.randrange(1, 13) * DAY)
        if made <= self.came[code]:
            return True
        meeting = Meeting(self._when_told(made), code, day)
        held = True
        if self._if(0.18):
            told = day if self._if(0.6) else self._working_day(day + DAY)
            begin = time(16) if told == day else time(8, 31)
            meeting, held = replace(meeting, missed_at=self._at(told, begin)), False
        elif self._if(0.1):
            span = (day - made).days
            off = made + self.chance.randrange(span + 1) * DAY
            begin, end = (time(22), time(23)) if off == made else (time(7), time(9))
            meeting = replace(meeting, cancelled_at=self._at(off, begin, end))
            held = self._if(0.3)
        self.events.append(meeting)
        if not held and self._if(0.5):
            again = self._working_day(day + self.chance.randrange(5, 10) * DAY)
            made_at = self._at(self._working_day(day + DAY), time(12))
            self.events.append(Meeting(made_at, code, again))
            if self._if(0.8):
                self._log(code, again)
        return held

    def _log(self, code: str, day: date) -> None:
        """Put a talk on record: at once or late, on the right day or not, once or twice."""
        late = self.chance.choices([0, 1, 3, 6, 10, 20], [72, 12, 7, 4, 3, 2])[0]
        told = self._when_told(self._working_day(day + late * DAY) if late else day)
        if late == 0:
            told = max(told, self._at(day, time(10), time(10, 30)))
        frozen_at = self.office.freeze_of(month_of(day))
        if self._if(0.02):
            # At the very last moment before the month is frozen, or just after it.
            seconds = self.chance.choice([-90, -20, 20, 90])
            told = frozen_at + timedelta(seconds=seconds + self.chance.random())
        talk = Talk(told, code, day, counts=not self._if(0.05))
        if self._if(0.01):
            talk = replace(talk, day=told.date() + DAY)  # a slip: tomorrow
        if self._if(0.03):
            back = told + timedelta(days=self.chance.choice([0, 1, 2, 9, 30]), hours=1)
            talk = replace(talk, withdrawn_at=back)
            right = day - self.chance.randrange(1, 4) * DAY
            if self._if(0.5):
                corrected = back + timedelta(minutes=5, seconds=self.chance.random())
                self.events.append(Talk(corrected, code, right))
        self.events.append(talk)
        if self._if(0.05):
            # A colleague puts the same talk on record as well.
            second = told + timedelta(minutes=self.chance.choice([0, 3, 600]), seconds=1)
            self.events.append(Talk(second, code, talk.day))

    def _works_daily(self, code: str, came: date) -> None:
        """Let somebody work in the workshop for some weeks: its trainer speaks with her daily."""
        start = came + timedelta(days=self.chance.randrange(1, 200))
        for n in range(self.chance.randrange(15, 50)):
            day = start + n * DAY
            if self.office.works(day) and self._if(0.8):
                moment = self._at(day, time(15), time(16, 30))
                self.events.append(Talk(moment, code, day, trainer=True))
