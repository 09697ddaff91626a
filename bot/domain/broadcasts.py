"""Broadcasts: the same to many, each in her own language, each at most once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain.delivery import JsonValue
from bot.domain.errors import TransitionError
from bot.domain.films import is_other_language, language_for
from bot.domain.ids import BroadcastId, ClientId, DeliveryId, EventId, FilmId, StaffId
from bot.domain.languages import Language
from bot.domain.localtime import to_utc
from bot.domain.months import add_months
from bot.domain.people import LinkState

LEAST_PAUSE = timedelta(seconds=3)
"""So long the progress message rests at least between two edits."""

_SELDOM = timedelta(seconds=10)
_SHORT_RUN_SECONDS = 60
_DAYS = {"weekly": 7, "two_weeks": 14}


class BroadcastKind(StrEnum):
    """What is sent."""

    FILM = "film"
    EVENT = "event"
    TEXT = "text"


class BroadcastState(StrEnum):
    """Where a broadcast stands; in the last three nothing more goes out."""

    DRAFT = "draft"
    REVIEW = "review"
    """A second person looks at it."""
    SCHEDULED = "scheduled"
    LISTING = "listing"
    """Its time has come, and its recipients are being written down."""
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    """It was not finished in time, and stopped by itself."""


FINAL = frozenset({BroadcastState.DONE, BroadcastState.CANCELLED, BroadcastState.EXPIRED})
UNDER_WAY = frozenset({BroadcastState.LISTING, BroadcastState.RUNNING, BroadcastState.PAUSED})

_MAY_BECOME: Mapping[BroadcastState, frozenset[BroadcastState]] = {
    BroadcastState.DRAFT: frozenset(
        {BroadcastState.REVIEW, BroadcastState.SCHEDULED, BroadcastState.CANCELLED}
    ),
    BroadcastState.REVIEW: frozenset(
        {BroadcastState.DRAFT, BroadcastState.SCHEDULED, BroadcastState.CANCELLED}
    ),
    BroadcastState.SCHEDULED: frozenset(
        {BroadcastState.DRAFT, BroadcastState.LISTING, BroadcastState.CANCELLED,
         BroadcastState.EXPIRED}
    ),
    BroadcastState.LISTING: frozenset(
        {BroadcastState.RUNNING, BroadcastState.PAUSED, BroadcastState.CANCELLED,
         BroadcastState.EXPIRED}
    ),
    BroadcastState.RUNNING: frozenset(
        {BroadcastState.PAUSED, BroadcastState.DONE, BroadcastState.CANCELLED,
         BroadcastState.EXPIRED}
    ),
    BroadcastState.PAUSED: frozenset(
        {BroadcastState.LISTING, BroadcastState.CANCELLED, BroadcastState.EXPIRED}
    ),
    BroadcastState.DONE: frozenset({BroadcastState.RUNNING}),
    BroadcastState.CANCELLED: frozenset(),
    BroadcastState.EXPIRED: frozenset({BroadcastState.RUNNING}),
}  # fmt: skip
"""Done and expired may go on for those it failed with; what was called off stays off."""


def check_step(state: BroadcastState, to: BroadcastState) -> None:
    """Refuse a step that a broadcast cannot take; errors: TransitionError."""
    if to not in _MAY_BECOME[state]:
        msg = f"A broadcast that is {state} cannot become {to}; look at it anew."
        raise TransitionError(msg)


class DeliveryState(StrEnum):
    """What became of a broadcast for one person."""

    PENDING = "pending"
    QUEUED = "queued"
    """In the outbox: from here on it goes out at most once."""
    SENT = "sent"
    UNCERTAIN = "uncertain"
    """Perhaps arrived; not sent again."""
    FAILED = "failed"
    OPTED_OUT = "opted_out"
    NO_LINK = "no_link"
    """She has not opened the chat, or has not finished doing so."""
    STOPPED = "stopped"
    """She does not want the chat any more."""
    UNREACHABLE = "unreachable"
    """She blocked the bot, or her account is gone."""
    NO_VERSION = "no_version"
    """There are no words in a language that she reads."""
    ALREADY = "already"
    """She was sent this film not long ago, or has answered this invitation."""
    CANCELLED = "cancelled"
    EXPIRED = "expired"


LEFT_OUT = frozenset(
    {
        DeliveryState.OPTED_OUT,
        DeliveryState.NO_LINK,
        DeliveryState.STOPPED,
        DeliveryState.UNREACHABLE,
        DeliveryState.NO_VERSION,
        DeliveryState.ALREADY,
    }
)
OPEN = frozenset({DeliveryState.PENDING, DeliveryState.QUEUED})
LOOKED_AT_AGAIN = frozenset(
    {DeliveryState.NO_LINK, DeliveryState.STOPPED, DeliveryState.UNREACHABLE}
)
"""Whoever can be reached at the end, and could not at the beginning, still gets it."""
TRIED_AGAIN = frozenset({DeliveryState.FAILED, DeliveryState.UNREACHABLE, DeliveryState.EXPIRED})
"""To whom it is sent when the failed ones are tried again: never to whom it perhaps came."""


class ClientGroup(StrEnum):
    """To which group a client belongs, as her coach decided."""

    PARTICIPATION = "participation"
    SCHOOLING = "schooling"
    REINTEGRATION = "reintegration"


STEPS = (1, 2, 3)


class AudiencePart(StrEnum):
    """By what recipients are chosen; never health, a reason for a pause, or where from."""

    LANGUAGE = "language"
    MUNICIPALITY = "municipality"
    STEP = "step"
    GROUP = "group"
    ROUTE = "route"
    PROGRAMME = "programme"
    COACH = "coach"


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is meant: of each part one of the values, an empty part means everybody.

    All values are words, as they stand in the tables: the step `2`, the coach's id `7`.
    """

    parts: Mapping[AudiencePart, frozenset[str]]

    @classmethod
    def from_json(cls, value: Mapping[str, JsonValue]) -> "Audience":
        """Read what `to_json` wrote."""
        return cls(
            {
                AudiencePart(name): frozenset(str(each) for each in values)
                for name, values in value.items()
                if isinstance(values, list) and values
            }
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Return it as it is kept."""
        return {str(part): list[JsonValue](sorted(v)) for part, v in self.parts.items() if v}

    def values(self, part: AudiencePart) -> frozenset[str]:
        """Return the values of a part; none means everybody."""
        return self.parts.get(part, frozenset())

    def toggle(self, part: AudiencePart, value: str) -> "Audience":
        """Return the same with a value added to a part, or taken away."""
        changed = dict(self.parts)
        changed[part] = self.values(part) ^ {value}
        return Audience({each: values for each, values in changed.items() if values})


EVERYBODY = Audience({})


class Repeat(StrEnum):
    """How often a broadcast comes back."""

    NEVER = "never"
    WEEKLY = "weekly"
    TWO_WEEKS = "two_weeks"
    MONTHLY = "monthly"


def occurrence_day(first: date, repeat: Repeat, number: int) -> date:
    """Return the day of an occurrence, the first being number 0; months do not drift."""
    if repeat is Repeat.MONTHLY:
        return add_months(first, number)
    return first + timedelta(days=_DAYS.get(repeat, 0) * number)


def occurrence_at(
    first: date, clock: time, repeat: Repeat, number: int, zone: ZoneInfo
) -> datetime:
    """Return the instant of an occurrence: the same wall-clock time, whatever the clock did."""
    return to_utc(occurrence_day(first, repeat, number), clock, zone)


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A broadcast with its present state."""

    id: BroadcastId
    kind: BroadcastKind
    state: BroadcastState
    film_id: FilmId | None
    event_id: EventId | None
    text: str | None
    """The Dutch words of a plain text."""
    audience: Audience
    author_id: StaffId
    approver_id: StaffId | None
    revision: int
    """Goes up with every change, so that nobody approves or starts what they have not seen."""
    first_day: date | None
    clock: time | None
    """When it goes: None for as soon as it may."""
    repeat: Repeat
    series_id: BroadcastId | None
    """The first of a series; None for that one itself."""
    occurrence: int
    starts_at: datetime | None
    cut_off_at: datetime | None
    begun_at: datetime | None
    finished_at: datetime | None
    listed_to: int
    """The client up to whom the recipients are written down."""
    created_at: datetime

    @property
    def is_closed(self) -> bool:
        """Tell whether it was finished once: then nobody joins any more, also in a new round."""
        return self.finished_at is not None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A broadcast for one person."""

    id: DeliveryId
    broadcast_id: BroadcastId
    client_id: ClientId
    film_id: FilmId | None
    language: Language
    """Her language when it was looked at last."""
    shown: Language | None
    """The language of what she was sent; None when there was none for her."""
    state: DeliveryState
    attempt: int
    pressed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reader:
    """What decides whether and in which language one person is sent a broadcast."""

    language: Language
    other_languages: tuple[Language, ...]
    link_state: LinkState | None
    acknowledged: bool
    """True once she has acknowledged the privacy notice."""
    opted_out: bool
    already: bool = False
    """True when she was sent the same film not long ago, or has answered the invitation."""


@dataclass(frozen=True, slots=True)
class Offer:
    """In which languages something can be sent, and whether wishes about films count."""

    languages: frozenset[Language]
    is_film: bool
    fallback: tuple[Language, ...] = ()
    """What anybody is given of a film who reads none of these, and has said nothing else."""

    def language_for(self, reader: Reader) -> Language | None:
        """Return the language in which somebody is sent it; None when there is none for her.

        Only a film may come in another language than her own: it says so.
        """
        if not self.is_film:
            own = language_for(self.languages, (reader.language,))
            return None if own is None or is_other_language(own, reader.language) else own
        reads: Sequence[Language] = (reader.language, *(reader.other_languages or self.fallback))
        return language_for(self.languages, reads)


def outcome(reader: Reader, offer: Offer) -> tuple[DeliveryState, Language | None]:
    """Return whether somebody is sent something, or why not, and in which language."""
    shown = offer.language_for(reader)
    if reader.link_state is LinkState.STOPPED:
        return DeliveryState.STOPPED, shown
    if reader.link_state is LinkState.UNREACHABLE:
        return DeliveryState.UNREACHABLE, shown
    if reader.link_state is not LinkState.ACTIVE or not reader.acknowledged:
        return DeliveryState.NO_LINK, shown
    if offer.is_film and reader.opted_out:
        return DeliveryState.OPTED_OUT, shown
    if reader.already:
        return DeliveryState.ALREADY, shown
    if shown is None:
        return DeliveryState.NO_VERSION, None
    return DeliveryState.PENDING, shown


def language_now(
    delivery: Delivery, reading: Sequence[Language], offered: Collection[Language]
) -> Language | None:
    """Return in which language somebody is shown again what she was sent.

    In that of the message, unless she has chosen another for herself since; `reading` are the
    languages she reads, her own first. None when there is none of them any more.
    """
    shown = delivery.shown
    if shown is not None and shown in offered and delivery.language == reading[0]:
        return shown
    return language_for(offered, (*reading, *([shown] if shown is not None else [])))


def seconds_needed(recipients: int, per_second: float) -> int:
    """Return how long a broadcast takes at a limit, when nobody else is spoken with meanwhile."""
    return int(-(-recipients // per_second)) if recipients > 0 else 0


def progress_pause(recipients: int, per_second: float) -> timedelta:
    """Return how long the progress message rests between two edits.

    Each edit takes a place from somebody's message, so that a long run is told of less often.
    """
    return LEAST_PAUSE if seconds_needed(recipients, per_second) <= _SHORT_RUN_SECONDS else _SELDOM
