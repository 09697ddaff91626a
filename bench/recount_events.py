"""What happened in an organisation, as raw events: the only thing the recount is given.

`at` is the instant at which the product was told. An event may also be written as a line of JSON.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Status:
    """A client has another status from a day on; the first one is her coming."""

    at: datetime
    client: str
    day: date
    status: str


@dataclass(frozen=True, slots=True)
class Coach:
    """A client has this coach from now on."""

    at: datetime
    client: str
    coach: str


@dataclass(frozen=True, slots=True)
class Talk:
    """Somebody says that a conversation was held on a day; the product may refuse it.

    `trainer` is true of a workplace trainer, of whom one a month is kept.
    """

    at: datetime
    client: str
    day: date
    counts: bool = True
    trainer: bool = False
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Meeting:
    """An appointment made for a day; it stands until it is cancelled, moved or missed."""

    at: datetime
    client: str
    day: date
    missed_at: datetime | None = None
    cancelled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CheckIn:
    """A coach wants the short question sent to a client, or no longer."""

    at: datetime
    client: str
    wanted: bool


@dataclass(frozen=True, slots=True)
class Absence:
    """A member of staff is away from one day up to and including another."""

    at: datetime
    staff: str
    first: date
    last: date
    backup: str | None = None


Event = Status | Coach | Talk | Meeting | CheckIn | Absence

_KINDS: dict[str, type[Event]] = {
    kind.__name__: kind for kind in (Status, Coach, Talk, Meeting, CheckIn, Absence)
}
_DAYS = frozenset({"day", "first", "last"})
_INSTANTS = frozenset({"at", "withdrawn_at", "missed_at", "cancelled_at"})


def to_line(event: Event) -> str:
    """Return an event as one line of JSON."""
    fields = {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in asdict(event).items()
    }
    return json.dumps({"event": type(event).__name__, **fields})


def from_lines(lines: Iterable[str]) -> list[Event]:
    """Read events from lines of JSON; errors: KeyError for a kind there is not."""
    found: list[Event] = []
    for line in lines:
        fields = json.loads(line)
        kind = _KINDS[fields.pop("event")]
        for name, value in fields.items():
            if value is not None and name in _DAYS:
                fields[name] = date.fromisoformat(value)
            elif value is not None and name in _INSTANTS:
                fields[name] = datetime.fromisoformat(value)
        found.append(kind(**fields))
    return found
