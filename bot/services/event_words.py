"""What clients read about events: kinds, days and times in the words of each reader."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.events import Event, EventMode, Session
from bot.domain.ids import EventId
from bot.domain.languages import Language, is_rtl
from bot.services.core import Core
from bot.services.outgoing import Button, Rows, in_pairs
from bot.storage import events
from bot.storage.database import Transaction
from bot.texts import Html, Value

_FSI, _PDI, _RLM = "\u2068", "\u2069", "\u200f"


def invitation(core: Core, event: Event, locale: Language, now: datetime | None = None) -> str:
    """Return the invitation to an event, as Telegram HTML.

    With `now`, of lessons under way only those that are still to come.
    """
    sessions = event.sessions
    if now is not None and event.mode is EventMode.ALL:
        sessions = event.still_to_come(now)
    first = sessions[0]
    values = place_values(core, event, locale) | _moment(core, first, locale)
    if event.mode is EventMode.ONE:
        return core.texts.say("bc.event_slots", locale, **values)
    if len(sessions) == 1:
        return core.texts.say("bc.event", locale, **values)
    lines = Html("\n".join(_line(core, each, locale) for each in sessions))
    number = len(sessions)
    return core.texts.say("bc.event_days", locale, **values, lijst=lines, aantal=number)


def invitation_buttons(
    core: Core, event: Event, locale: Language, actions: Sequence[str] = ("yes", "no", "remind")
) -> Rows:
    """Return what may be answered to an invitation."""
    labels = {"yes": "btn.yes", "no": "btn.no", "remind": "btn.event_remind"}
    return in_pairs(
        *(
            Button(core.texts.label(labels[action], locale), f"ev:{event.id}:{action}")
            for action in actions
        )
    )


def activity(core: Core, event: Event, locale: Language) -> str:
    """Return what it is, in the reader's words, with the name of its own as it stands."""
    kind = core.texts.label(f"event.{event.kind}", locale)
    if not event.name:
        return kind
    return f"{kind} · {_FSI}{event.name}{_PDI}" if is_rtl(locale) else f"{kind} · {event.name}"


def place_values(core: Core, event: Event, locale: Language) -> dict[str, Value]:
    """Return the values activiteit and plaats for a reader."""
    return {"activiteit": activity(core, event, locale), "plaats": event.place.name}


def told(
    core: Core,
    text_id: str,
    event: Event,
    session: Session,
    locale: Language,
    *,
    rest: bool = False,
) -> str:
    """Return a text about one time of an event: `bc.coming`, `bc.event_reminder` and the like.

    With `rest` the times after it stand below it, when one comes to all of them.
    """
    values = place_values(core, event, locale) | _moment(core, session, locale)
    text = Html(core.texts.say(text_id, locale, **values))
    if rest and event.mode is EventMode.ALL:
        start = _RLM if is_rtl(locale) else ""
        for each in event.sessions:
            if each.starts_at > session.starts_at:
                text += f"\n{start}{_line(core, each, locale)}"
    return text


def _moment(core: Core, session: Session, locale: Language) -> dict[str, Value]:
    return core.texts.moment(session.local_date, session.local_time, locale)


def _line(core: Core, session: Session, locale: Language) -> str:
    moment = _moment(core, session, locale)
    day, figures, face, clock, part = (
        f"{_FSI}{word}{_PDI}" if is_rtl(locale) else str(word)
        for word in (moment[name] for name in ("dag", "datum", "klok", "tijd", "dagdeel"))
    )
    return f"{day} {figures} {face} {clock} ({part})"


async def copy_event(
    core: Core,  # noqa: ARG001 - asked like every service, whatever it needs
    tx: Transaction,
    event_id: EventId,
    *,
    days: int,
    now: datetime,
) -> EventId:
    """Make the same event so many days later, by the wall clock; nobody has signed up for it."""
    event = await events.get_event(tx, event_id)
    return await events.insert_event(
        tx,
        kind=event.kind,
        name=event.name,
        mode=event.mode,
        place=event.place,
        capacity=event.capacity,
        author_id=event.author_id,
        sessions=[session.later(days) for session in event.sessions],
        now=now,
    )
