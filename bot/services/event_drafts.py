"""An event in the making: what is asked, what may be chosen, and the event it becomes."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.appointments import Place
from bot.domain.delivery import JsonValue
from bot.domain.errors import NotFoundError
from bot.domain.events import (
    SLOT_MINUTES,
    Event,
    EventKind,
    EventMode,
    EventState,
    Session,
    single,
    slots,
    weekly,
)
from bot.domain.ids import EventId
from bot.domain.localtime import exists, to_utc
from bot.domain.people import Staff
from bot.services.core import Core

_DAYS_AHEAD = 84
_TIMES = tuple(time(hour, minute) for hour in range(8, 22) for minute in (0, 30))
_LAST_HOUR = time(22, 30)
"""By when the last talk of a speed date is over."""

_MINUTES = (30, 60, 90, 120, 180, 240)
_LESSONS = (2, 3, 4, 5, 6, 8, 10, 12)
_SLOTS = (3, 6, 9, 12, 15, 18, 20)
_PER_SLOT = (1, 2, 3, 4, 6, 8)
_CAPACITIES = (8, 12, 20, 30)
NO_LIMIT = 0

Data = dict[str, JsonValue]


def steps_of(data: Data) -> tuple[str, ...]:
    """Return what is asked about an event of this kind, in order."""
    kind = data.get("kind")
    if kind == EventKind.SPEED_DATE:
        return ("kind", "place", "day", "time", "count", "capacity")
    lessons = ("count",) if kind == EventKind.LESSONS else ()
    return ("kind", "place", "day", "time", "minutes", *lessons, "capacity")


# --- what was tapped -------------------------------------------------------------------------


def take(
    core: Core, data: Data, what: str, value: str, kinds: Sequence[EventKind], now: datetime
) -> None:
    """Put a tapped value into the draft; errors: NotFoundError when it is none we offered."""
    steps = steps_of(data)
    try:
        if what == "days":
            data["page"] = int(value)
        elif what == "back":
            # The button names what it takes back, so that a second tap takes nothing more.
            _forget(data, steps[steps.index(value) :])
        elif what == "kind":
            data["kind"] = kinds[kinds.index(EventKind(value))]
        elif what == "place":
            data["place"] = {mark_of(each): each.key for each in core.config.places}[value]
        elif what == "day":
            day = date.fromisoformat(value)
            days = days_of(core, now)
            # One that has passed is asked again.
            data["day"] = (day if day < days[0] else days[days.index(day)]).isoformat()
        elif what == "time":
            data["time"] = _TIMES[_TIMES.index(time.fromisoformat(value))].isoformat()
        else:
            offered = numbers_of(data, steps[steps.index(what)])
            data[what] = offered[offered.index(int(value))]
        if what in steps and what != "place":  # what comes later may no longer fit
            _forget(data, steps[steps.index(what) + 1 :])
    except (ValueError, KeyError):
        msg = f"The making of an event has no step {what} with such a value."
        raise NotFoundError(msg) from None


def mark_of(place: Place) -> str:
    """Return what stands for a place in a button: always the same, and short."""
    return hashlib.sha256(place.key.encode()).hexdigest()[:12]


def forget_place(core: Core, data: Data) -> bool:
    """Take a place out of the draft that is not in the configuration any more."""
    if "place" not in data or data["place"] in {each.key for each in core.config.places}:
        return False
    data.pop("place")
    return True


def _forget(data: Data, steps: Sequence[str]) -> None:
    for key in ("page", *steps):
        data.pop(key, None)


def numbers_of(data: Data, what: str) -> Sequence[int]:
    """Return the numbers offered for a step; errors: KeyError when it has none."""
    speed_date = data.get("kind") == EventKind.SPEED_DATE
    if what == "capacity":
        return _PER_SLOT if speed_date else (*_CAPACITIES, NO_LIMIT)
    if what == "count" and speed_date:
        day, clock = day_of(data), _clock(data)
        room = datetime.combine(day, _LAST_HOUR) - datetime.combine(day, clock)
        most = room // timedelta(minutes=SLOT_MINUTES)
        return tuple(each for each in _SLOTS if each <= most)
    return {"minutes": _MINUTES, "count": _LESSONS}[what]


def days_of(core: Core, now: datetime) -> list[date]:
    """Return today, if a time of it is still to come, and the days of twelve weeks."""
    today = core.today(now)
    days = [today + timedelta(days=number) for number in range(_DAYS_AHEAD + 1)]
    return days if times_of(core, today, now) else days[1:]


def times_of(core: Core, day: date, now: datetime) -> list[time]:
    """Return the half hours of a day that exist and are still to come."""
    zone = core.config.organisation.zone
    return [
        clock for clock in _TIMES if exists(day, clock, zone) and to_utc(day, clock, zone) > now
    ]


def forget_past(core: Core, data: Data, now: datetime) -> bool:
    """Take a time that has passed out of the draft, and the day when nothing of it is left."""
    if "day" not in data:
        return False
    times = times_of(core, day_of(data), now)
    if not times:
        data.pop("day")
    elif "time" not in data or _clock(data) in times:
        return False
    data.pop("time", None)
    return True


def is_complete(core: Core, data: Data, now: datetime) -> bool:
    """Tell whether all has been asked, and its time is still to come."""
    fits = not forget_past(core, dict(data), now) and not forget_place(core, dict(data))
    return fits and set(steps_of(data)) <= data.keys()


def day_of(data: Data) -> date:
    """Return the day that was chosen."""
    return date.fromisoformat(str(data["day"]))


def _clock(data: Data) -> time:
    return time.fromisoformat(str(data["time"]))


def _number(data: Data, key: str) -> int:
    return int(str(data[key]))


# --- what comes of it ------------------------------------------------------------------------


def event_of(core: Core, person: Staff, data: Data) -> Event:
    """Return the event that a complete draft describes, as if it were there."""
    kind = EventKind(str(data["kind"]))
    capacity = _number(data, "capacity")
    one = kind is EventKind.SPEED_DATE
    return Event(
        id=EventId(0),
        kind=kind,
        name=str(data["name"]) if data.get("name") else None,
        mode=EventMode.ONE if one else EventMode.ALL,
        state=EventState.OPEN,
        place=_place(core, data),
        capacity=None if one or capacity == NO_LIMIT else capacity,
        author_id=person.id,
        sessions=_sessions(data, kind, core.config.organisation.zone),
    )


def _sessions(data: Data, kind: EventKind, zone: ZoneInfo) -> tuple[Session, ...]:
    day, clock = day_of(data), _clock(data)
    if kind is EventKind.SPEED_DATE:
        return slots(day, clock, zone, _number(data, "count"), _number(data, "capacity"))
    minutes = _number(data, "minutes")
    if kind is EventKind.LESSONS:
        return weekly(day, clock, zone, minutes, _number(data, "count"))
    return single(day, clock, zone, minutes)


def _place(core: Core, data: Data) -> Place:
    for place in core.config.places:
        if place.key == data["place"]:
            return place
    msg = f"Place {data['place']} is no longer in the configuration; choose another."
    raise NotFoundError(msg)
