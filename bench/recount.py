"""The client-months and the prompts counted a second time, naively, from raw events alone.

It shares no code with the product: own working days, own months, day by day, as slow as that is.
What the product keeps must agree with it to the last one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bench.recount_client import IN_CARE, Known, active_days, exclusion, is_asked, rungs, state
from bench.recount_days import (
    DAY,
    Office,
    YearMonth,
    month_after,
    month_before,
    month_of,
    written,
)
from bench.recount_events import Absence, CheckIn, Coach, Event, Meeting, Status, Talk

_OWN_DAYS_OF_ABSENCE = 2


@dataclass(frozen=True)
class Final:
    """A client-month as it was frozen: met, missed or excluded."""

    client: str
    month: str
    state: str
    satisfied_on: date | None
    exclusion: str | None
    active_days: int


@dataclass(frozen=True)
class Prompt:
    """That somebody heard of a client's month, on the day on which she first did."""

    client: str
    month: str
    rung: str
    hearer: str
    day: date


class Recount:
    """Counts what the product should have counted.

    `coordinators` hear what nobody else answers for; `backups` are the standing deputies.
    """

    def __init__(
        self,
        events: Sequence[Event],
        *,
        office: Office,
        coordinators: Sequence[str],
        backups: Mapping[str, str],
    ) -> None:
        self.office = office
        self.coordinators = tuple(coordinators)
        self.backups = dict(backups)
        told = sorted(events, key=lambda event: event.at)
        self.absences = [event for event in told if isinstance(event, Absence)]
        self.clients: dict[str, list[Event]] = {}
        for event in told:
            if not isinstance(event, Absence):
                self.clients.setdefault(event.client, []).append(event)
        self.talks = {client: self._kept_talks(own) for client, own in self.clients.items()}

    # -- what is known ------------------------------------------------------------------------

    def _kept_talks(self, events: Sequence[Event]) -> list[Talk]:
        """Leave out what the product refuses, or what was on record already."""
        came = min(event.day for event in events if isinstance(event, Status))
        kept: list[Talk] = []
        for talk in events:
            if not isinstance(talk, Talk) or not talk.counts:
                continue
            if talk.day > talk.at.astimezone(self.office.zone).date() or talk.day < came:
                continue
            if talk.at >= self.office.freeze_of(month_of(talk.day)):
                continue
            standing = [other for other in kept if not self._withdrawn(other, talk.at)]
            if any(other.day == talk.day for other in standing):
                continue
            if talk.trainer and any(
                other.trainer and month_of(other.day) == month_of(talk.day) for other in standing
            ):
                continue
            kept.append(talk)
        return kept

    def _withdrawn(self, talk: Talk, instant: datetime) -> bool:
        """Tell whether a conversation was taken back before an instant, while that could be."""
        withdrawn = talk.withdrawn_at
        return (
            withdrawn is not None
            and withdrawn < instant
            and withdrawn < self.office.freeze_of(month_of(talk.day))
        )

    def known(self, client: str, instant: datetime) -> Known:
        """Return what is known of a client just before an instant."""
        past = [event for event in self.clients[client] if event.at < instant]
        talks = [talk for talk in self.talks[client] if talk.at < instant]
        return Known(
            statuses=tuple((e.day, e.status) for e in past if isinstance(e, Status)),
            talks=tuple(sorted(t.day for t in talks if not self._withdrawn(t, instant))),
            meetings=tuple(
                sorted(
                    (e.day, e.missed_at is not None and e.missed_at < instant)
                    for e in past
                    if isinstance(e, Meeting)
                    and (e.cancelled_at is None or e.cancelled_at >= instant)
                )
            ),
        )

    # -- the months ---------------------------------------------------------------------------

    def finals(self, until: datetime) -> list[Final]:
        """Return each client-month that is frozen at an instant, from her coming on."""
        found = []
        for client, events in sorted(self.clients.items()):
            month = month_of(min(event.day for event in events if isinstance(event, Status)))
            while (frozen_at := self.office.freeze_of(month)) <= until:
                found.append(self._final(client, month, frozen_at))
                month = month_after(month)
        return found

    def _final(self, client: str, month: YearMonth, frozen_at: datetime) -> Final:
        known = self.known(client, frozen_at)
        how, held = state(known, month, frozen_at.date(), self.office)
        why = exclusion(known, month, self.office)
        return Final(client, written(month), how, held, why, active_days(known, month))

    # -- the prompts --------------------------------------------------------------------------

    def prompts(self, first: date, last: date) -> list[Prompt]:
        """Return who hears of what in the mornings of these days; of each thing once."""
        found: dict[tuple[str, str, str, str], Prompt] = {}
        for day, client, known in self._mornings(first, last):
            coach = self._coach(client, self.office.digest_on(day))
            for month in self._open_months(day):
                frozen_at = self.office.freeze_of(month)
                frozen = frozen_at <= self.office.digest_on(day)
                then = self.known(client, frozen_at) if frozen else known
                for rung in rungs(then, month, day, self.office):
                    if rung != "reason" and (frozen or known.status_on(day) not in IN_CARE):
                        continue
                    for hearer in self._hearers(rung, coach, day):
                        key = (client, written(month), rung, hearer)
                        found.setdefault(key, Prompt(*key, day))
        return list(found.values())

    def questions(self, first: date, last: date) -> list[tuple[str, str, date]]:
        """Return which client may be asked about which month herself, and on which day first."""
        found: dict[tuple[str, str], date] = {}
        for day, client, known in self._mornings(first, last):
            if self._wants_check_in(client, self.office.digest_on(day)):
                for month in self._open_months(day):
                    in_care = known.status_on(day) in IN_CARE
                    if in_care and is_asked(known, month, day, self.office):
                        found.setdefault((client, written(month)), day)
        return [(client, month, day) for (client, month), day in found.items()]

    def _mornings(self, first: date, last: date) -> Iterator[tuple[date, str, Known]]:
        """Yield each client who is not closed on the morning of each working day."""
        day = first
        while day <= last:
            if self.office.works(day):
                for client in sorted(self.clients):
                    known = self.known(client, self.office.digest_on(day))
                    if known.status_on(day) not in (None, "closed"):
                        yield day, client, known
            day += DAY

    def _open_months(self, day: date) -> list[YearMonth]:
        """Return the months of which somebody may hear today."""
        this = month_of(day)
        return [month_before(this), this, month_after(this)]

    def _coach(self, client: str, instant: datetime) -> str:
        own = self.clients[client]
        return [e.coach for e in own if isinstance(e, Coach) and e.at < instant][-1]

    def _wants_check_in(self, client: str, instant: datetime) -> bool:
        own = self.clients[client]
        said = [e.wanted for e in own if isinstance(e, CheckIn) and e.at < instant]
        return bool(said) and said[-1]

    def _hearers(self, rung: str, coach: str, day: date) -> set[str]:
        if rung == "escalated":
            return set(self.coordinators)
        heard = set(self._owners(coach, day))
        if rung == "month_end":
            heard.update(self.coordinators)
        if rung == "overdue" and coach in self.backups:
            heard.add(self.backups[coach])
        return heard

    def _owners(self, coach: str, day: date) -> Sequence[str]:
        """Return who answers for a coach's clients: from the third working day somebody else."""
        absence = self._long_absence(coach, day)
        if absence is None:
            return [coach]
        if absence.backup is None or self._long_absence(absence.backup, day) is not None:
            return self.coordinators
        return [absence.backup]

    def _long_absence(self, staff: str, day: date) -> Absence | None:
        """Return an absence of which two working days have passed."""
        for absence in self.absences:
            if absence.staff != staff or absence.at >= self.office.digest_on(day):
                continue
            if absence.first <= day <= absence.last:
                gone = range((day - absence.first).days)
                passed = sum(self.office.works(absence.first + n * DAY) for n in gone)
                if passed >= _OWN_DAYS_OF_ABSENCE:
                    return absence
        return None
