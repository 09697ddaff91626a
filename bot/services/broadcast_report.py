"""How a broadcast went: a message, a file with a line a reader, and a picture of it all."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.bars import Bar, Part, language_bars
from bot.domain.broadcasts import (
    FINAL,
    TRIED_AGAIN,
    Broadcast,
    BroadcastKind,
    BroadcastState,
    DeliveryState,
)
from bot.domain.delivery import JsonValue, OutboxKind
from bot.domain.errors import NotFoundError
from bot.domain.events import SignUpState
from bot.domain.films import is_other_language
from bot.domain.ids import BroadcastId, TelegramMessageId
from bot.domain.languages import DUTCH, DUTCH_NAMES, Language
from bot.domain.messages import CAPTION_LIMIT
from bot.services.broadcast_history import beginning, outcome_words
from bot.services.broadcasts import get_broadcast_for, get_maker
from bot.services.core import Core, Turn, taking
from bot.services.frames import visible_length
from bot.services.outgoing import Button, Rows, call_here, in_pairs, rewrite, say
from bot.services.tables import table_file, table_lines
from bot.storage import broadcast_figures, events, films, links, people, pictures, tasks
from bot.storage.broadcast_figures import Recipient, Tally
from bot.storage.database import Transaction

_PIECE = 500
"""So many readers are read for the file at once: others have their turn in between."""
_TITLE = 60
_COLUMNS = ("code", "coach", "taal", "verstuurd in", "uitkomst", "wanneer", "knop ingedrukt")
_CAME = frozenset({DeliveryState.SENT, DeliveryState.UNCERTAIN})
_TO_COME = frozenset({DeliveryState.PENDING, DeliveryState.QUEUED})
_RETRIED = frozenset({BroadcastState.DONE, BroadcastState.EXPIRED})
_ORDER = (
    DeliveryState.UNCERTAIN,
    DeliveryState.FAILED,
    DeliveryState.UNREACHABLE,
    DeliveryState.OPTED_OUT,
    DeliveryState.NO_LINK,
    DeliveryState.STOPPED,
    DeliveryState.NO_VERSION,
    DeliveryState.ALREADY,
    DeliveryState.CANCELLED,
    DeliveryState.EXPIRED,
    DeliveryState.PENDING,
    DeliveryState.QUEUED,
)
"""In which order the outcomes are told after what was sent."""
_PARTS = {
    DeliveryState.UNCERTAIN: Part.PERHAPS,
    DeliveryState.FAILED: Part.FAILED,
    DeliveryState.UNREACHABLE: Part.UNREACHED,
    DeliveryState.NO_LINK: Part.UNREACHED,
    DeliveryState.STOPPED: Part.UNREACHED,
    DeliveryState.OPTED_OUT: Part.DECLINED,
    DeliveryState.NO_VERSION: Part.NO_VERSION,
    DeliveryState.ALREADY: Part.REST,
    DeliveryState.CANCELLED: Part.REST,
    DeliveryState.EXPIRED: Part.REST,
    DeliveryState.PENDING: Part.WAITING,
    DeliveryState.QUEUED: Part.WAITING,
}


@dataclass(slots=True)
class _Sum:
    """The readers of a language, or of all of them."""

    states: Counter[DeliveryState] = field(default_factory=Counter)
    other: int = 0
    """Of those it was sent to: in another language than their own."""
    pressed: int = 0

    @property
    def total(self) -> int:
        return self.states.total()

    def add(self, tally: Tally) -> None:
        self.states[tally.state] += tally.number
        self.pressed += tally.pressed
        if tally.state is DeliveryState.SENT and _is_other(tally):
            self.other += tally.number

    def parts(self) -> dict[Part, int]:
        """Return the numbers as the picture shows them."""
        found = Counter({Part.OTHER: self.other, Part.OWN: -self.other})
        for state, number in self.states.items():
            found[_PARTS.get(state, Part.OWN)] += number
        return {part: found[part] for part in Part if found[part]}


def _is_other(tally: Tally) -> bool:
    return tally.shown is not None and is_other_language(tally.shown, tally.language)


def _name(language: Language) -> str:
    return DUTCH_NAMES.get(language, language)


def _by_language(tallies: Sequence[Tally]) -> dict[str, _Sum]:
    """Return the sums by the Dutch names of the languages, the largest first."""
    found: dict[str, _Sum] = {}
    for tally in tallies:
        found.setdefault(_name(tally.language), _Sum()).add(tally)
    order = sorted(found, key=lambda name: (-found[name].total, name))
    return {name: found[name] for name in order}


def _sum(tallies: Sequence[Tally]) -> _Sum:
    everybody = _Sum()
    for tally in tallies:
        everybody.add(tally)
    return everybody


async def subject(core: Core, tx: Transaction, broadcast: Broadcast) -> str:
    """Return in a few Dutch words what a broadcast sent."""
    if broadcast.film_id is not None:
        film = await films.get_film(tx, broadcast.film_id)
        version = film.version(DUTCH) or next(iter(film.versions), None)
        return f"🎬 {version.title if version else film.code}"
    if broadcast.event_id is not None:
        event = await events.get_event(tx, broadcast.event_id)
        kind = core.texts.label(f"event.{event.kind}", DUTCH)
        day = event.sessions[0].local_date
        return " ".join(filter(None, ("📅", kind, event.name, f"{day:%d-%m}")))
    return f"✉ {beginning(broadcast.text or '', _TITLE)}"


# --- the message -----------------------------------------------------------------------------


async def report_text(core: Core, tx: Transaction, broadcast: Broadcast) -> tuple[str, Rows]:
    """Return how a broadcast went or goes, in Telegram's HTML, and what can be done."""
    tallies = await broadcast_figures.count_by_language(tx, broadcast.id)
    return await _report(core, tx, broadcast, tallies)


async def show_report(
    core: Core, turn: Turn, broadcast_id: BroadcastId, message: TelegramMessageId
) -> None:
    """Show how a broadcast went, in the message that was tapped.

    The readers are counted before the turn's transaction: of many that takes a moment.
    Errors: NotFoundError when it is not this person's to see.
    """
    async with core.database.reading() as tx:
        await _look(core, tx, turn, broadcast_id)
        tallies = await broadcast_figures.count_by_language(tx, broadcast_id)
    async with taking(core, turn) as tx:
        person = await get_maker(core, tx, turn)
        broadcast = await get_broadcast_for(core, tx, person, broadcast_id)
        text, buttons = await _report(core, tx, broadcast, tallies)
        await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.STAFF)


async def _look(core: Core, tx: Transaction, turn: Turn, broadcast_id: BroadcastId) -> Broadcast:
    """Return a broadcast that whoever is here may see, changing nothing; errors: NotFoundError."""
    link = await links.find_link(tx, chat_id=turn.chat_id)
    if link is None or link.staff_id is None:
        msg = f"Chat {turn.chat_id} is no staff chat; it has no broadcasts to look at."
        raise NotFoundError(msg)
    person = await people.get_staff(tx, link.staff_id)
    return await get_broadcast_for(core, tx, person, broadcast_id)


async def _report(
    core: Core, tx: Transaction, broadcast: Broadcast, tallies: Sequence[Tally]
) -> tuple[str, Rows]:
    st = core.texts.staff
    everybody = _sum(tallies)
    author = await people.get_staff(tx, broadcast.author_id)
    lines = [
        st("st.br_title", nummer=broadcast.id, wat=await subject(core, tx, broadcast)),
        st(f"st.bp_state_{broadcast.state}"),
        st("st.br_made_by", maker=author.name),
    ]
    for text_id, at in (
        ("st.br_begun", broadcast.begun_at),
        ("st.br_finished", broadcast.finished_at),
    ):
        if at is not None:
            local = at.astimezone(core.config.organisation.zone)
            lines.append(st(text_id, **core.texts.moment(local.date(), local.time(), DUTCH)))
    if not everybody.total:
        lines.append(st("st.br_nobody"))
    else:
        sums = _by_language(tallies)
        lines.append(st("st.br_readers", n=everybody.total))
        lines += [_language(core, broadcast, name, each) for name, each in sums.items()]
        if len(sums) > 1:
            lines.append(_language(core, broadcast, st("st.br_all"), everybody))
    if broadcast.event_id is not None:
        answers = Counter(
            each.state for each in await events.list_sign_ups(tx, broadcast.event_id)
        )
        words = " · ".join(
            _count(core, f"st.br_answer_{state}", answers[state]) for state in SignUpState
        )
        lines.append(st("st.br_answers", antwoorden=words))
    return "\n".join(lines), _buttons(core, broadcast, everybody)


def _count(core: Core, text_id: str, number: int) -> str:
    words = core.texts.label(text_id, DUTCH)
    return core.texts.label("st.br_count", DUTCH, uitkomst=words, n=number)


def _language(core: Core, broadcast: Broadcast, name: str, found: _Sum) -> str:
    """Return two lines: how many read a language, and what became of it for them."""
    texts = core.texts
    items = [_count(core, "st.br_state_sent", found.states[DeliveryState.SENT])]
    if found.other:
        items[0] += ", " + texts.label("st.br_other", DUTCH, n=found.other)
    if broadcast.kind is BroadcastKind.FILM:
        items.append(texts.label("st.br_pressed", DUTCH, n=found.pressed))
    items += [
        _count(core, f"st.br_state_{state}", number)
        for state in _ORDER
        if (number := found.states[state])
    ]
    return texts.staff("st.br_language", taal=name, n=found.total, uitkomsten=" · ".join(items))


def _buttons(core: Core, broadcast: Broadcast, everybody: _Sum) -> Rows:
    st, data = core.texts.staff, f"br:{broadcast.id}"
    rows: Rows = ()
    if everybody.total:
        rows = in_pairs(
            Button(st("st.br_btn_csv"), f"{data}:csv"),
            Button(st("st.br_btn_picture"), f"{data}:pic"),
        )
    again = sum(everybody.states[state] for state in TRIED_AGAIN)
    if again and broadcast.state in _RETRIED:
        label = st("st.br_btn_retry", n=again)
        rows += ((Button(label, f"bp:{broadcast.id}:retry"),),)
    back = "bd:over:0" if broadcast.state in FINAL else "bd:home:0"
    return (*rows, (Button(st("st.btn_back"), back),))


# --- the file --------------------------------------------------------------------------------


async def send_file(core: Core, turn: Turn, broadcast_id: BroadcastId) -> None:
    """Send what became of it for each reader, by codes, as a file for a spreadsheet.

    It is made before the turn's transaction, a piece at a time and beside the event loop.
    Errors: NotFoundError when it is not this person's to see.
    """
    pieces = [table_lines([_COLUMNS])]
    words = {state: outcome_words(core, state) for state in DeliveryState}
    number = after = 0
    async with core.database.reading() as tx:
        broadcast = await _look(core, tx, turn, broadcast_id)
        while found := await broadcast_figures.list_recipients(
            tx, broadcast_id, after=after, limit=_PIECE
        ):
            number, after = number + len(found), found[-1].client_id
            zone = core.config.organisation.zone
            pieces.append(await asyncio.to_thread(_lines, found, words, zone))
        name = await subject(core, tx, broadcast)
    content = await asyncio.to_thread(table_file, pieces)
    async with taking(core, turn) as tx:
        person = await get_maker(core, tx, turn)
        await get_broadcast_for(core, tx, person, broadcast_id)
        kept = await pictures.insert_picture(tx, content, now=turn.now)
        caption = core.texts.staff("st.br_csv_caption", nummer=broadcast_id, wat=name, n=number)
        payload: dict[str, JsonValue] = {
            "chat_id": turn.chat_id,
            "document": pictures.file_of(kept, f"uitzending-{broadcast_id}.csv"),
            "caption": caption,
            "parse_mode": "HTML",
        }
        await call_here(tx, turn, "sendDocument", payload, kind=OutboxKind.STAFF)
        await tasks.insert_audit(
            tx,
            actor=person.code,
            action="broadcast_export",
            about=f"broadcast:{broadcast_id}",
            now=turn.now,
        )


def _lines(found: Sequence[Recipient], words: Mapping[DeliveryState, str], zone: ZoneInfo) -> str:
    """Return the lines of these readers; runs beside the event loop."""
    return table_lines(
        (
            each.code,
            each.coach,
            _name(each.language),
            _name(each.shown) if each.shown and each.state in _CAME else "",
            words[each.state],
            "" if each.state in _TO_COME else _local(each.changed_at, zone),
            _local(each.pressed_at, zone),
        )
        for each in found
    )


def _local(at: datetime | None, zone: ZoneInfo) -> str:
    """Return a moment as a Dutch spreadsheet reads it."""
    return at.astimezone(zone).strftime("%d-%m-%Y %H:%M") if at else ""


# --- the picture -----------------------------------------------------------------------------


async def send_picture(core: Core, turn: Turn, broadcast_id: BroadcastId) -> None:
    """Send the report as a picture with the same numbers below it, for who cannot see it.

    It is drawn before the turn's transaction, beside the event loop: that takes a moment.
    Errors: NotFoundError when it is not this person's to see.
    """
    async with core.database.reading() as tx:
        broadcast = await _look(core, tx, turn, broadcast_id)
        tallies = await broadcast_figures.count_by_language(tx, broadcast_id)
        name = await subject(core, tx, broadcast)
    bars = [Bar(language, each.parts()) for language, each in _by_language(tallies).items()]
    legend = {part: core.texts.label(f"st.br_part_{part}", DUTCH) for part in Part}
    title = core.texts.label("st.br_picture", DUTCH, nummer=broadcast_id, wat=name[1:].strip())
    content = await asyncio.to_thread(language_bars, title, bars, legend) if bars else b""
    async with taking(core, turn) as tx:
        person = await get_maker(core, tx, turn)
        await get_broadcast_for(core, tx, person, broadcast_id)
        if not bars:
            await say(tx, turn, core.texts.staff("st.br_nobody"), kind=OutboxKind.STAFF)
            return
        kept = await pictures.insert_picture(tx, content, now=turn.now)
        head = core.texts.staff("st.br_picture_caption", nummer=broadcast_id, wat=name)
        numbers = "\n".join(_bar_words(core, bar, legend) for bar in bars)
        caption = f"{head}\n{numbers}"
        fits = visible_length(caption) <= CAPTION_LIMIT
        if not fits:
            caption = f"{head}\n{core.texts.staff('st.br_numbers_below')}"
        payload: dict[str, JsonValue] = {
            "chat_id": turn.chat_id,
            "photo": pictures.name_of(kept),
            "caption": caption,
            "parse_mode": "HTML",
        }
        await call_here(tx, turn, "sendPhoto", payload, kind=OutboxKind.STAFF)
        if not fits:
            await say(tx, turn, numbers, kind=OutboxKind.STAFF)


def _bar_words(core: Core, bar: Bar, legend: Mapping[Part, str]) -> str:
    parts = ", ".join(
        core.texts.label("st.br_count", DUTCH, uitkomst=legend[part], n=number)
        for part, number in bar.numbers.items()
    )
    return core.texts.staff("st.br_picture_line", taal=bar.name, n=bar.total, delen=parts)
