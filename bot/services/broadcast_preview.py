"""What a broadcast comes to before it goes: who gets it, in which words, when, and what is wrong.

Nothing here changes anything; the same look is taken for a preview, and again before each step.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from bot.domain.broadcasts import (
    FINAL,
    UNDER_WAY,
    Audience,
    Broadcast,
    BroadcastKind,
    BroadcastState,
    DeliveryState,
    Offer,
    Reader,
    Repeat,
    occurrence_at,
    outcome,
    seconds_needed,
)
from bot.domain.events import EventState
from bot.domain.films import LinkHealth, is_other_language
from bot.domain.ids import BroadcastId
from bot.domain.languages import DUTCH, DUTCH_NAMES, Language
from bot.domain.localtime import after_quiet_hours
from bot.domain.people import Staff
from bot.services import progress
from bot.services.broadcast_words import Content, Words, load_content
from bot.services.broadcasts import reach_of
from bot.services.core import Core
from bot.services.outgoing import Button, Rows, in_pairs
from bot.storage import audience as storage
from bot.storage import broadcasts, people
from bot.storage.database import Transaction
from bot.texts import day_words

NOT_HANDED_OVER = frozenset({BroadcastState.DRAFT, BroadcastState.REVIEW})
"""Here a moment that has passed was missed; later it is what sets the broadcast off."""

_DOUBTFUL = frozenset({LinkHealth.UNCHECKED, LinkHealth.UNSURE})


@dataclass(frozen=True, slots=True)
class Estimate:
    """Who of an audience would be sent something, and who would not."""

    total: int
    recipients: Counter[tuple[Language, Language]]
    """How many have this language and are sent the version in that one."""
    left_out: Counter[DeliveryState]
    unread: Counter[Language]
    """The languages of those for whom there are no words."""

    @property
    def count(self) -> int:
        """How many are sent it."""
        return self.recipients.total()


@dataclass(frozen=True, slots=True)
class Look:
    """A broadcast as it would go now."""

    broadcast: Broadcast
    author: Staff
    audience: Audience
    """Whom the author reaches of those who were chosen."""
    content: Content
    planned: datetime
    """When it was to go; now for what goes as soon as it may."""
    starts_at: datetime
    """When it begins: not before now, and not in quiet hours."""
    estimate: Estimate


def estimate_of(readers: Counter[Reader], offer: Offer) -> Estimate:
    """Return who would be sent what is offered."""
    recipients: Counter[tuple[Language, Language]] = Counter()
    left_out: Counter[DeliveryState] = Counter()
    unread: Counter[Language] = Counter()
    for reader, count in readers.items():
        state, shown = outcome(reader, offer)
        if state is DeliveryState.PENDING and shown is not None:
            recipients[reader.language, shown] += count
            continue
        left_out[state] += count
        if state is DeliveryState.NO_VERSION:
            unread[reader.language] += count
    return Estimate(readers.total(), recipients, left_out, unread)


def planned_at(core: Core, broadcast: Broadcast) -> datetime | None:
    """Return the moment for which a broadcast is planned; None for as soon as it may."""
    if broadcast.starts_at is not None:
        return broadcast.starts_at
    if broadcast.first_day is None or broadcast.clock is None:
        return None
    return occurrence_at(
        broadcast.first_day,
        broadcast.clock,
        broadcast.repeat,
        broadcast.occurrence,
        core.config.organisation.zone,
    )


async def take_look(core: Core, tx: Transaction, broadcast: Broadcast, *, now: datetime) -> Look:
    """Return what a broadcast comes to as the world is now."""
    author = await people.get_staff(tx, broadcast.author_id)
    audience = reach_of(author, broadcast.audience)
    content = await load_content(core, tx, broadcast)
    planned = planned_at(core, broadcast) or now
    zone, quiet = core.config.organisation.zone, core.config.hours.quiet
    starts_at = after_quiet_hours(max(planned, now), quiet, zone)
    days = core.config.broadcast.repeat_film_days
    since = starts_at - timedelta(days=days) if days else None
    readers = await storage.count_readers(
        tx,
        audience,
        film_id=broadcast.film_id,
        already_since=since,
        event_id=broadcast.event_id,
    )
    return Look(
        broadcast=broadcast,
        author=author,
        audience=audience,
        content=content,
        planned=planned,
        starts_at=starts_at,
        estimate=estimate_of(readers, content.offer),
    )


async def look_ahead(core: Core, broadcast_id: BroadcastId, *, now: datetime) -> Look | None:
    """Take the look that a screen will need, while nobody waits for it; None when it needs none.

    Counting all clients takes a while, and a turn keeps all others from writing. What comes of
    it holds as long as the broadcast is the one in the look. Errors: NotFoundError.
    """
    async with core.database.reading() as tx:
        broadcast = await broadcasts.get_broadcast(tx, broadcast_id)
        if broadcast.state in FINAL | UNDER_WAY:
            return None
        return await take_look(core, tx, broadcast, now=now)


async def fresh_look(
    core: Core, tx: Transaction, broadcast: Broadcast, look: Look | None, *, now: datetime
) -> Look:
    """Return a look that was taken before if it is of the broadcast as it is, else a new one."""
    if look is not None and look.broadcast == broadcast:
        return look
    return await take_look(core, tx, broadcast, now=now)


# --- what is wrong ---------------------------------------------------------------------------


async def problems_of(
    core: Core, tx: Transaction, broadcast: Broadcast, *, now: datetime
) -> list[str]:
    """Return in Dutch why a broadcast cannot go as it is now; none when it can."""
    return problems_in(core, await take_look(core, tx, broadcast, now=now), now=now)


def problems_in(core: Core, look: Look, *, now: datetime) -> list[str]:
    """Return in Dutch, as Telegram HTML, what keeps a broadcast from going."""
    broadcast, found = look.broadcast, _problems_of_content(core, look)
    has_time = planned_at(core, broadcast) is not None
    if has_time and look.planned <= now and broadcast.state in NOT_HANDED_OVER:
        found.append(core.texts.staff("st.bd_no_past"))
    if not found and not look.estimate.count:
        found.append(_nobody(core, look))
    return found


def _problems_of_content(core: Core, look: Look) -> list[str]:
    texts, content, film = core.texts, look.content, look.content.film
    if content.kind is BroadcastKind.TEXT and not content.original.strip():
        return [texts.staff("st.bd_no_text")]
    if content.withdrawn:
        return [texts.staff("st.bd_no_film")]
    if film is not None and not film.versions:
        return [texts.staff("st.bd_no_versions")]
    day = core.today(look.starts_at)
    if film is not None and film.valid_until is not None and not film.is_valid(day):
        return [texts.staff("st.bd_no_longer", **day_words(film.valid_until, DUTCH))]
    fault = content.fault(day, look.starts_at)
    if fault is not None:
        cancelled = content.event is not None and content.event.state is EventState.CANCELLED
        return [texts.staff("st.bd_event_off" if cancelled else "st.bd_event_over")]
    return []


def _nobody(core: Core, look: Look) -> str:
    """Return in one sentence why nobody would get it."""
    if not look.estimate.total:
        return core.texts.staff("st.bd_nobody")
    reasons = "; ".join(
        core.texts.staff(f"st.bd_left_{state}", n=count)
        for state, count in look.estimate.left_out.most_common()
    )
    return core.texts.staff("st.bd_nobody_left", n=look.estimate.total, redenen=reasons)


def notes_in(core: Core, look: Look) -> list[str]:
    """Return in Dutch what deserves a second thought, though the broadcast can go."""
    texts, film = core.texts, look.content.film
    found: list[str] = []
    if film is not None:
        used = {shown for _, shown in look.estimate.recipients} or film.languages
        checked = core.config.broadcast.check_links
        for text_id, healths in (
            ("st.bd_link_gone", {LinkHealth.GONE}),
            ("st.bd_link_unsure", _DOUBTFUL if checked else {LinkHealth.UNSURE}),
        ):
            languages = [
                each.language
                for each in film.versions
                if each.language in used and each.health in healths
            ]
            if languages:
                found.append(texts.staff(text_id, talen=join_names(languages)))
    if look.broadcast.repeat is not Repeat.NEVER:
        found += repeat_notes(core, look.content)
    return found


def repeat_notes(core: Core, content: Content) -> list[str]:
    """Return in Dutch what it means to send the same more than once."""
    texts, film, found = core.texts, content.film, list[str]()
    if content.event is not None:
        found.append(texts.staff("st.bd_repeat_event"))
    if film is not None and film.valid_until is not None:
        found.append(texts.staff("st.bd_repeat_until", **day_words(film.valid_until, DUTCH)))
    days = core.config.broadcast.repeat_film_days
    if film is not None and days:
        found.append(texts.staff("st.bd_repeat_film", dagen=days))
    return found


def join_names(languages: list[Language]) -> str:
    """Return what staff call languages, each name once."""
    names = dict.fromkeys(DUTCH_NAMES.get(each, each) for each in languages)
    return ", ".join(names)


# --- the preview -----------------------------------------------------------------------------


def preview_screen(core: Core, look: Look, *, now: datetime) -> tuple[str, Rows]:
    """Return who would get a broadcast, who would not, and how long it takes, with samples."""
    back = Button(core.texts.staff("st.btn_back"), f"bd:{look.broadcast.id}")
    rows = (*in_pairs(*_sample_buttons(look)), (back,))
    return "\n".join(_preview_lines(core, look, now=now)), rows


def _preview_lines(core: Core, look: Look, *, now: datetime) -> list[str]:
    texts, estimate = core.texts, look.estimate
    lines = [texts.staff("st.bd_preview", n=estimate.count, totaal=estimate.total)]
    lines += _language_lines(core, estimate)
    if estimate.left_out:
        lines.append(texts.staff("st.bd_left", n=estimate.left_out.total()))
        lines += [
            "• " + texts.staff(f"st.bd_left_{state}", n=count)
            for state, count in estimate.left_out.most_common()
        ]
    lines += unread_lines(core, estimate)
    lines += _time_lines(core, look, now=now)
    lines += ["⚠ " + each for each in (*problems_in(core, look, now=now), *notes_in(core, look))]
    lines.append(texts.staff("st.bd_look"))
    return lines


def unread_lines(core: Core, estimate: Estimate) -> list[str]:
    """Return in Dutch for which languages there are no words, and for how many people."""
    if not estimate.unread:
        return []
    names = ", ".join(f"{name} ({n})" for name, n in _by_name(estimate.unread).most_common())
    return [core.texts.staff("st.bd_unread", talen=names)]


def _by_name(languages: Counter[Language]) -> Counter[str]:
    found: Counter[str] = Counter()
    for language, count in languages.items():
        found[DUTCH_NAMES.get(language, language)] += count
    return found


def _language_lines(core: Core, estimate: Estimate) -> list[str]:
    """Return how many there are of each language; and how many of those read another one."""
    totals: Counter[Language] = Counter()
    others: dict[str, Counter[Language]] = {}
    for (language, shown), count in estimate.recipients.items():
        totals[language] += count
        if is_other_language(shown, language):
            others.setdefault(DUTCH_NAMES[language], Counter())[shown] += count
    lines = []
    for name, count in _by_name(totals).most_common():
        line = "• " + core.texts.staff("st.bd_language", taal=name, n=count)
        line += "".join(
            core.texts.staff("st.bd_other_language", taal=other, n=number)
            for other, number in _by_name(others.get(name, Counter())).most_common()
        )
        lines.append(line)
    return lines


def _time_lines(core: Core, look: Look, *, now: datetime) -> list[str]:
    texts, zone = core.texts, core.config.organisation.zone
    seconds = seconds_needed(look.estimate.count, progress.per_second(core))
    begins = look.starts_at.astimezone(zone)
    moment = texts.moment(begins.date(), begins.time(), DUTCH)
    waits_for_nobody = planned_at(core, look.broadcast) is None and look.starts_at == now
    if not waits_for_nobody:
        lines = [texts.staff("st.bd_begins", **moment)]
    elif core.config.broadcast.approval and look.broadcast.state in NOT_HANDED_OVER:
        lines = [texts.staff("st.bd_begins_approved")]
    else:
        lines = [texts.staff("st.bd_begins_now")]
    if look.starts_at > max(look.planned, now):
        lines.append(texts.staff("st.bd_quiet", tijd=f"{begins:%H:%M}"))
    lines.append(texts.staff("st.bd_lasts", duur=progress.duration_words(core, seconds)))
    ends = look.starts_at + timedelta(seconds=seconds)
    quiet = core.config.hours.quiet
    if after_quiet_hours(ends, quiet, zone) != ends:
        lines.append(texts.staff("st.bd_rest", van=_hour(quiet.start), tot=_hour(quiet.end)))
    return lines


def _hour(clock: time) -> str:
    return clock.strftime("%H:%M")


# --- what one reader sees --------------------------------------------------------------------


def _pairs(look: Look) -> list[tuple[Language, Language]]:
    """Return which readers there are to look over the shoulder of, those of most people first.

    The Dutch words are always among them: they are what the maker can read.
    """
    found = [pair for pair, _ in look.estimate.recipients.most_common()]
    if (DUTCH, DUTCH) not in found and DUTCH in look.content.offer.languages:
        found.append((DUTCH, DUTCH))
    if not look.estimate.recipients:
        found += [(each, each) for each in sorted(look.content.offer.languages - {DUTCH})]
    return found


def _sample_buttons(
    look: Look, *, besides: tuple[Language, Language] | None = None, end: str = ""
) -> list[Button]:
    pairs = _pairs(look)
    names = Counter(DUTCH_NAMES.get(language, language) for language, _ in pairs)
    buttons = []
    for language, shown in pairs:
        label = DUTCH_NAMES.get(language, language)
        if is_other_language(shown, language):
            label += f" → {DUTCH_NAMES[shown]}"
        elif names[label] > 1:
            label += f" ({language})"
        if (language, shown) != besides:
            data = f"bd:{look.broadcast.id}:pv:{language}:{shown}{end}"
            buttons.append(Button(label, data))
    return buttons


async def sample_of(
    core: Core,
    tx: Transaction,
    look: Look,
    language: Language,
    shown: Language,
    *,
    discreet: bool = False,
) -> tuple[Words, Rows] | None:
    """Return exactly what somebody with this language will see, and what stands below it.

    None when there is nobody (any more) who is sent the version in `shown`.
    """
    here = (language, shown)
    if here not in _pairs(look):
        return None
    reference = f"bd:{look.broadcast.id}"
    words = look.content.words(language, shown, discreet=discreet, ref=f"{reference}:sample")
    same = f"{reference}:pv:{language}:{shown}"
    rows = in_pairs(*_sample_buttons(look, besides=here, end=":d" if discreet else ""))
    if discreet:
        rows = (*rows, (Button(core.texts.staff("st.bd_btn_open"), same),))
    elif await storage.has_shared_phones(tx, look.audience):
        rows = (*rows, (Button(core.texts.staff("st.bd_btn_discreet"), f"{same}:d"),))
    back = Button(core.texts.staff("st.btn_back"), f"{reference}:pv")
    return words, (*rows, (back,))
