"""One client's months as the recount sees them: what is known of her, and what follows from it.

Written from the domain report, sentence by sentence, and not from the product.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import cache

from bench.recount_days import (
    DAY,
    Office,
    YearMonth,
    days_of,
    month_after,
    month_of,
)

IN_CARE = ("invited", "active")
"""Whom a talk is owed; the invited too, since they have a coach."""

_EXCLUDING = ("azc", "on_hold", "aftercare", "not_in_care")
"""Why no talk is owed; of two that fill a month equally, the first."""


@dataclass(frozen=True)
class Known:
    """What is known of one client at an instant; in tuples, so that answers are remembered."""

    statuses: tuple[tuple[date, str], ...]
    """From which day on she has which status, in the order in which it was said."""
    talks: tuple[date, ...]
    """The days of the conversations that count, in order."""
    meetings: tuple[tuple[date, bool], ...]
    """The days of the appointments that stand; True when she did not come."""

    def status_on(self, day: date) -> str | None:
        """Return her status on a day; None before she came."""
        found = None
        for since, status in self.statuses:
            if since <= day:
                found = status
        return found

    def in_care_on(self, day: date) -> bool:
        """Tell whether a talk is owed to her on a day."""
        return self.status_on(day) in IN_CARE


@cache
def active_days(known: Known, month: YearMonth) -> int:
    """Return on how many days of a month she is in care, if nothing changes any more."""
    return sum(known.in_care_on(day) for day in days_of(month))


def exclusion(known: Known, month: YearMonth, office: Office) -> str | None:
    """Return why no talk is owed in a month; None when one is."""
    active = active_days(known, month)
    if active >= office.min_active_days:
        return None
    found = Counter[str]()
    for day in days_of(month):
        status = known.status_on(day)
        if status not in IN_CARE:
            found[status if status in _EXCLUDING else "not_in_care"] += 1
    most = max(_EXCLUDING, key=lambda why: found[why])
    return "too_few_days" if active and most == "not_in_care" else most


def state(known: Known, month: YearMonth, today: date, office: Office) -> tuple[str, date | None]:
    """Return whether a month is excluded, met, planned, missed or open today; and met when."""
    if exclusion(known, month, office) is not None:
        return "excluded", None
    for talk in known.talks:
        if talk in days_of(month) and talk <= today:
            return "met", talk
    # An appointment waits until a working day after it, also across the end of the month.
    for day, missed in known.meetings:
        if day in days_of(month) and not missed and today <= office.nth_after(day, 1):
            return "planned", None
    return ("missed" if today > days_of(month)[-1] else "open"), None


@cache
def target(known: Known, month: YearMonth, office: Office) -> date:
    """Return by which day the talk of a month should be; only for a month in which one is owed."""
    working = office.working_days_of(month)
    earlier = [talk for talk in known.talks if talk < days_of(month)[0]]
    began = _care_began(known, month)
    first_due = office.nth_after(began, office.first_working_days)
    if not earlier:
        if first_due < days_of(month)[0]:
            return _on_the_same_day(first_due.day, working)
        return min(first_due, working[-1])
    latest = earlier[-1]
    came_back = began > latest
    if office.rolling:
        due = _a_month_later(latest)
        if came_back:
            due = max(due, first_due)
        return min(max(due, days_of(month)[0]), days_of(month)[-1])
    due = _on_the_same_day(known.talks[0].day, working)
    if (due - latest).days < office.gap_days:
        due = office.on_or_after(latest + office.gap_days * DAY)
    if came_back:
        due = max(due, first_due)
    return min(due, working[-1])


def _care_began(known: Known, month: YearMonth) -> date:
    """Return the first of the days in care, without a gap, of which the last lies in the month."""
    day = days_of(month)[-1]
    while not known.in_care_on(day):
        day -= DAY
    while known.in_care_on(day - DAY):
        day -= DAY
    return day


def _on_the_same_day(number: int, working: list[date]) -> date:
    """Return the last working day of a month up to a day of that number, else the first."""
    return max((day for day in working if day.day <= number), default=working[0])


def _a_month_later(day: date) -> date:
    following = days_of(month_after(month_of(day)))
    return following[min(day.day, len(following)) - 1]


def rungs(known: Known, month: YearMonth, today: date, office: Office) -> list[str]:
    """Return what somebody is to hear of a month on a working day."""
    now, _ = state(known, month, today, office)
    if now == "missed":
        return ["reason"]
    if now != "open":
        return []
    due = office.on_or_before(target(known, month, office))
    steps = office.steps_from(due, today)
    found = []
    for rung, from_step in (("escalated", 5), ("overdue", 3), ("due", 0), ("plan", -7)):
        if steps >= from_step:
            found.append(rung)
            break
    if today in office.working_days_of(month)[-3:]:
        found.append("month_end")
    return found


def is_asked(known: Known, month: YearMonth, today: date, office: Office) -> bool:
    """Tell whether the client herself may be asked: in the five working days before the target.

    Only within the month: she is asked how it goes this month.
    """
    if today not in days_of(month) or state(known, month, today, office)[0] != "open":
        return False
    due = office.on_or_before(target(known, month, office))
    return -5 <= office.steps_from(due, today) < 0  # noqa: PLR2004 - five working days
