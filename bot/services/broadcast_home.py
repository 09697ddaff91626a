"""/uitzenden: what is being made and sent to many, and the choice of a film or an event."""

from collections.abc import Collection
from datetime import datetime, timedelta

from bot.domain.broadcasts import FINAL, BroadcastKind, BroadcastState
from bot.domain.delivery import OutboxKind
from bot.domain.events import Event, EventState
from bot.domain.films import Film, Theme
from bot.domain.ids import BroadcastId, EventId, FilmId, StaffId, TelegramMessageId
from bot.domain.languages import DUTCH
from bot.domain.people import Role, Staff
from bot.services import broadcast_report, event_words
from bot.services.broadcast_making import Screen, cut_short, draft_screen, opens, put
from bot.services.broadcasts import get_maker
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import Button, Rows, in_pairs, say
from bot.services.worklist import PAGE, page_count, turning
from bot.storage import broadcasts as storage
from bot.storage import events, films, people, tasks
from bot.storage.database import Transaction

_LABEL = 48
_OPEN = frozenset(BroadcastState) - FINAL
_TAPPED_TWICE = timedelta(minutes=1)
_MARKS = {
    BroadcastState.DRAFT: "📝",
    BroadcastState.REVIEW: "👀",
    BroadcastState.SCHEDULED: "🗓",
    BroadcastState.LISTING: "▶",
    BroadcastState.RUNNING: "▶",
    BroadcastState.PAUSED: "⏸",
    BroadcastState.DONE: "✔",
    BroadcastState.CANCELLED: "✖",
    BroadcastState.EXPIRED: "⌛",
}


# --- the list --------------------------------------------------------------------------------


async def open_home(core: Core, turn: Turn) -> None:
    """Offer what can be sent to many, and list what is being made or sent.

    Errors: NotFoundError for who may not send to many.
    """
    async with taking(core, turn) as tx:
        person = await get_maker(core, tx, turn)
        text, rows = await _home(core, tx, person, 0)
        await say(tx, turn, text, rows, kind=OutboxKind.STAFF)


async def show_home(
    core: Core, turn: Turn, page: int, message: TelegramMessageId, *, over: bool = False
) -> None:
    """Show a page of the broadcasts in the message; `over` for those that have been."""
    async with taking(core, turn) as tx:
        person = await get_maker(core, tx, turn)
        screen = await (_over if over else _home)(core, tx, person, page)
        await put(tx, turn, message, screen)


async def _home(core: Core, tx: Transaction, person: Staff, page: int) -> Screen:
    texts = core.texts
    total, listed = await _list(core, tx, person, _OPEN, "bd:home:", page)
    over = await storage.count_broadcasts(tx, states=FINAL, author_id=_whose(person))
    text = texts.staff("st.bd_home")
    if total:
        text += "\n" + texts.staff("st.bd_home_list", aantal=total)
    new = in_pairs(
        Button(texts.staff("st.bd_btn_film"), "bd:new:films"),
        Button(texts.staff("st.bd_btn_event"), "bd:new:events:0"),
        Button(texts.staff("st.bd_btn_text"), "bx:new"),
    )
    done = Button(texts.staff("st.bd_btn_over", aantal=over), "bd:over:0")
    return text, (*new, *listed, *(((done,),) if over else ()))


async def _over(core: Core, tx: Transaction, person: Staff, page: int) -> Screen:
    total, listed = await _list(core, tx, person, FINAL, "bd:over:", page)
    back = Button(core.texts.staff("st.btn_back"), "bd:home:0")
    return core.texts.staff("st.bd_over", aantal=total), (*listed, (back,))


def _whose(person: Staff) -> StaffId | None:
    """Return whose broadcasts somebody sees; None for everybody's."""
    return None if Role.COORDINATOR in person.roles else person.id


async def _list(
    core: Core,
    tx: Transaction,
    person: Staff,
    states: Collection[BroadcastState],
    prefix: str,
    page: int,
) -> tuple[int, Rows]:
    whose = _whose(person)
    total = await storage.count_broadcasts(tx, states=states, author_id=whose)
    page = min(page, page_count(total) - 1)
    found = await storage.list_broadcasts(
        tx, states=states, author_id=whose, limit=PAGE, offset=page * PAGE
    )
    names = {each.id: each.name for each in await people.list_staff(tx)}
    rows: list[tuple[Button, ...]] = []
    for broadcast in found:
        label = f"{_MARKS[broadcast.state]} {await broadcast_report.subject(core, tx, broadcast)}"
        if broadcast.state is BroadcastState.SCHEDULED and broadcast.starts_at is not None:
            label += f" · {core.today(broadcast.starts_at):%d-%m}"
        if broadcast.author_id != person.id and broadcast.author_id in names:
            label += f" · {names[broadcast.author_id]}"
        rows.append((Button(cut_short(label, _LABEL), opens(broadcast)),))
    return total, tuple(row for row in (*rows, turning(prefix, page, total)) if row)


# --- a film ----------------------------------------------------------------------------------


async def show_themes(core: Core, turn: Turn, message: TelegramMessageId) -> None:
    """Ask about what the film is to be, of the themes of which there is one to send."""
    async with taking(core, turn) as tx:
        await get_maker(core, tx, turn)
        await put(tx, turn, message, await _themes(core, tx, turn))


async def _themes(core: Core, tx: Transaction, turn: Turn) -> Screen:
    found = await films.list_films(tx, valid_on=core.today(turn.now))
    counts = {theme: sum(film.theme is theme for film in found) for theme in Theme}
    buttons = in_pairs(
        *(
            Button(f"{_theme(core, theme)} ({count})", f"bd:new:films:{theme}:0")
            for theme, count in counts.items()
            if count
        )
    )
    text = core.texts.staff("st.bd_themes" if found else "st.bd_no_films")
    return text, (*buttons, _home_row(core))


def _theme(core: Core, theme: Theme) -> str:
    words = core.texts.label(f"theme.{theme}", DUTCH)
    return words[:1].upper() + words[1:]


def _home_row(core: Core) -> tuple[Button, ...]:
    return (Button(core.texts.staff("st.bd_btn_home"), "bd:home:0"),)


async def show_films(
    core: Core, turn: Turn, theme: Theme, page: int, message: TelegramMessageId
) -> None:
    """Offer the films of a theme that may be sent today."""
    async with taking(core, turn) as tx:
        await get_maker(core, tx, turn)
        await put(tx, turn, message, await _films(core, tx, turn, theme, page))


async def _films(core: Core, tx: Transaction, turn: Turn, theme: Theme, page: int) -> Screen:
    valid = await films.list_films(tx, valid_on=core.today(turn.now))
    found = [film for film in valid if film.theme is theme]
    if not found:
        return await _themes(core, tx, turn)
    page = min(page, page_count(len(found)) - 1)
    rows = [
        (Button(_film_label(core, film), f"bd:new:film:{film.id}"),)
        for film in found[page * PAGE : (page + 1) * PAGE]
    ]
    back = (Button(core.texts.staff("st.btn_back"), "bd:new:films"),)
    turned = turning(f"bd:new:films:{theme}:", page, len(found))
    text = core.texts.staff("st.bd_films", thema=core.texts.label(f"theme.{theme}", DUTCH))
    return text, tuple(row for row in (*rows, turned, back) if row)


def _film_label(core: Core, film: Film) -> str:
    more = core.texts.label("st.bd_film_label", DUTCH, minuten=film.minutes, n=len(film.languages))
    return f"{cut_short(film.title, _LABEL - len(more))}{more}"


# --- an event --------------------------------------------------------------------------------


async def show_events(core: Core, turn: Turn, page: int, message: TelegramMessageId) -> None:
    """Offer the events that are still to come."""
    async with taking(core, turn) as tx:
        await get_maker(core, tx, turn)
        await put(tx, turn, message, await _events(core, tx, turn, page))


async def _events(core: Core, tx: Transaction, turn: Turn, page: int) -> Screen:
    listed = await events.list_events(tx, now=turn.now)
    found = [event for event in listed if event.starts_at > turn.now]
    page = min(page, page_count(len(found)) - 1)
    rows = [
        (Button(_event_label(core, event), f"bd:new:event:{event.id}"),)
        for event in found[page * PAGE : (page + 1) * PAGE]
    ]
    turned = turning("bd:new:events:", page, len(found))
    text = core.texts.staff("st.bd_events" if found else "st.bd_no_events")
    return text, tuple(row for row in (*rows, turned, _home_row(core)) if row)


def _event_label(core: Core, event: Event) -> str:
    day = event.sessions[0].local_date
    return cut_short(f"{day:%d-%m} {event_words.activity(core, event, DUTCH)}", _LABEL)


# --- a new draft -----------------------------------------------------------------------------


async def begin_film(core: Core, turn: Turn, film_id: FilmId, message: TelegramMessageId) -> None:
    """Make a draft that sends a film, and show it; of one that cannot be sent the list shows."""
    async with taking(core, turn) as tx:
        person = await get_maker(core, tx, turn)
        film = await films.get_film(tx, film_id)
        sendable = film.versions and film.is_valid(core.today(turn.now))
        if not sendable or await films.is_withdrawn(tx, film_id):
            turn.toast = core.texts.staff("st.bd_film_gone")
            await put(tx, turn, message, await _themes(core, tx, turn))
            return
        await _begin(core, tx, turn, person, message, film_id=film_id)


async def begin_event(
    core: Core, turn: Turn, event_id: EventId, message: TelegramMessageId
) -> None:
    """Make a draft that invites to an event, and show it; of one that is past the list shows."""
    async with taking(core, turn) as tx:
        person = await get_maker(core, tx, turn)
        event = await events.get_event(tx, event_id)
        if event.state is not EventState.OPEN or event.starts_at <= turn.now:
            turn.toast = core.texts.staff("st.bd_event_gone")
            await put(tx, turn, message, await _events(core, tx, turn, 0))
            return
        await _begin(core, tx, turn, person, message, event_id=event_id)


async def _begin(
    core: Core,
    tx: Transaction,
    turn: Turn,
    person: Staff,
    message: TelegramMessageId,
    *,
    film_id: FilmId | None = None,
    event_id: EventId | None = None,
) -> None:
    broadcast_id = await _just_begun(tx, person, film_id, event_id, turn.now)
    if broadcast_id is None:
        broadcast_id = await storage.insert_broadcast(
            tx,
            kind=BroadcastKind.FILM if film_id is not None else BroadcastKind.EVENT,
            author_id=person.id,
            film_id=film_id,
            event_id=event_id,
            now=turn.now,
        )
        await tasks.insert_audit(
            tx,
            actor=person.code,
            action="broadcast_draft",
            about=f"broadcast:{broadcast_id}",
            now=turn.now,
        )
    broadcast = await storage.get_broadcast(tx, broadcast_id)
    await put(tx, turn, message, await draft_screen(core, tx, broadcast, person, turn.now))


async def _just_begun(
    tx: Transaction,
    person: Staff,
    film_id: FilmId | None,
    event_id: EventId | None,
    now: datetime,
) -> BroadcastId | None:
    """Return the untouched draft that the first tap of a double one has made."""
    last = await storage.list_broadcasts(
        tx, states={BroadcastState.DRAFT}, author_id=person.id, limit=1
    )
    for draft in last:
        same = (draft.film_id, draft.event_id, draft.revision) == (film_id, event_id, 1)
        if same and now - draft.created_at < _TAPPED_TWICE:
            return draft.id
    return None
