"""/filmpjes: the film library as staff see it, and what coordinators change of a film.

One message is edited in place; what is typed comes in by bot/services/film_writing.py.
"""

import html
from collections.abc import Sequence
from datetime import date
from itertools import groupby

from bot.domain.delivery import JsonValue, OutboxKind
from bot.domain.errors import NotFoundError
from bot.domain.films import (
    FILM_LANGUAGES,
    Film,
    FilmVersion,
    LinkHealth,
    Theme,
)
from bot.domain.ids import FilmId, TelegramMessageId
from bot.domain.languages import DUTCH, DUTCH_NAMES
from bot.domain.months import Month, add_months
from bot.domain.people import Role, Staff
from bot.services import broadcasts, menu
from bot.services import films as of_clients
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import Button, Rows, call_here, in_pairs, text_payload
from bot.services.worklist import PAGE, page_count, turning
from bot.storage import films as storage
from bot.storage import links, tasks
from bot.storage.database import Transaction
from bot.texts import Html, calendar_day

_LABEL, _LINK_SHOWN = 40, 70
_NONE, _MONTH = "none", "month"
_MONTHS = {"quarter": 3, "year": 12}
UNTIL = (_MONTH, *_MONTHS, _NONE)
"""How long a film may be made to count, as the buttons name it."""

_SEEN = {
    LinkHealth.WORKS: "st.fl_seen_works",
    LinkHealth.GONE: "st.fl_seen_gone",
    LinkHealth.UNSURE: "st.fl_seen_unsure",
}

Shown = tuple[str, Rows]
"""A screen: its text and the buttons under it."""


# --- who -------------------------------------------------------------------------------------


async def open_films(core: Core, turn: Turn) -> None:
    """Show whoever is here the films: staff the library, a client her list."""
    async with taking(core, turn) as tx:
        link = await links.find_link(tx, chat_id=turn.chat_id)
        if link is not None and link.staff_id is not None:
            person = await broadcasts.get_maker(core, tx, turn)
            await send(tx, turn, await _list(core, tx, turn, person, 0))
        else:
            await of_clients.say_films(core, tx, turn, await menu.get_client_here(tx, turn))


def changes(person: Staff) -> bool:
    """Tell whether somebody may add to the library and change it: a coordinator."""
    return Role.COORDINATOR in person.roles


async def get_changer(core: Core, tx: Transaction, turn: Turn) -> Staff:
    """Return the coordinator who is here; errors: NotFoundError when it is somebody else."""
    person = await menu.get_staff_here(core, tx, turn)
    if not changes(person):
        msg = f"{person.code} does not change films; coordinators do."
        raise NotFoundError(msg)
    return person


async def note_deed(
    tx: Transaction, turn: Turn, person: Staff, action: str, film_id: FilmId
) -> None:
    """Put on the trail what somebody changed of a film."""
    await tasks.insert_audit(
        tx, actor=person.code, action=action, about=f"film:{film_id}", now=turn.now
    )


# --- the library -----------------------------------------------------------------------------


async def show_list(core: Core, turn: Turn, page: int, message: TelegramMessageId) -> None:
    """Show a page of the library in the message that was tapped."""
    async with taking(core, turn) as tx:
        person = await broadcasts.get_maker(core, tx, turn)
        await put(tx, turn, message, await _list(core, tx, turn, person, page))


async def show_withdrawn(core: Core, turn: Turn, page: int, message: TelegramMessageId) -> None:
    """Show a page of the films that were taken out of the library."""
    async with taking(core, turn) as tx:
        await get_changer(core, tx, turn)
        found = await storage.list_films(tx, withdrawn=True)
        text = core.texts.staff("st.fl_withdrawn_title", aantal=len(found))
        _, rows = _page(found, page, "fl:gone:")
        await put(tx, turn, message, (text, (*rows, (back_to(core, "fl:list:0"),))))


async def put(tx: Transaction, turn: Turn, message: TelegramMessageId, shown: Shown) -> None:
    """Change the message that was tapped; of the links in it none unfolds."""
    payload = _quiet(turn, shown) | {"message_id": message}
    await call_here(tx, turn, "editMessageText", payload, kind=OutboxKind.STAFF)


async def send(tx: Transaction, turn: Turn, shown: Shown) -> None:
    """Show a screen in a new message."""
    await call_here(tx, turn, "sendMessage", _quiet(turn, shown), kind=OutboxKind.STAFF)


def _quiet(turn: Turn, shown: Shown) -> dict[str, JsonValue]:
    return text_payload(turn.chat_id, *shown) | {"link_preview_options": {"is_disabled": True}}


async def _list(core: Core, tx: Transaction, turn: Turn, person: Staff, page: int) -> Shown:
    st, today = core.texts.staff, core.today(turn.now)
    found = await storage.list_films(tx)
    here, rows = _page(found, page, "fl:list:")
    lines = [st("st.fl_title", aantal=len(found)) if found else st("st.fl_empty")]
    for theme, films in groupby(here, key=lambda film: film.theme):
        lines += ["", st("st.fl_theme", thema=theme_title(core, theme))]
        lines += [_line(core, film, today) for film in films]
    if changes(person):
        gone = await storage.list_films(tx, withdrawn=True)
        more = [Button(st("st.fl_btn_new"), "fl:new")]
        more += [Button(st("st.fl_btn_gone", aantal=len(gone)), "fl:gone:0")] if gone else []
        rows = (*rows, tuple(more))
    return "\n".join(lines), rows


def _page(found: Sequence[Film], page: int, prefix: str) -> tuple[Sequence[Film], Rows]:
    """Return the films of a page, and a button for each and for the other pages."""
    page = min(page, page_count(len(found)) - 1)
    here = found[page * PAGE : (page + 1) * PAGE]
    buttons = in_pairs(*(Button(film.title[:_LABEL], f"fl:{film.id}") for film in here))
    turn_over = turning(prefix, page, len(found))
    return here, (*buttons, turn_over) if turn_over else buttons


def theme_word(core: Core, theme: Theme) -> str:
    """Return a theme in Dutch."""
    return core.texts.label(f"theme.{theme}", DUTCH)


def theme_title(core: Core, theme: Theme) -> str:
    """Return a theme in Dutch as it stands at the beginning of a line."""
    word = theme_word(core, theme)
    return word[:1].upper() + word[1:]


def _line(core: Core, film: Film, today: date) -> str:
    st = core.texts.staff
    line = st(
        "st.fl_line",
        titel=film.title,
        minuten=film.minutes,
        talen=", ".join(DUTCH_NAMES[each.language] for each in _versions(film)),
    )
    marks = [] if film.is_valid(today) else [st("st.fl_mark_over")]
    if any(version.health is LinkHealth.GONE for version in film.versions):
        marks.append(st("st.fl_mark_gone"))
    return " ".join((line, *marks))


def _versions(film: Film) -> list[FilmVersion]:
    """Return a film's versions in the order in which staff know the languages."""
    return [each for language in FILM_LANGUAGES if (each := film.version(language))]


# --- one film --------------------------------------------------------------------------------


async def show_film(core: Core, turn: Turn, film_id: FilmId, message: TelegramMessageId) -> None:
    """Show a film with its versions and what can be done."""
    async with taking(core, turn) as tx:
        person = await broadcasts.get_maker(core, tx, turn)
        await put(tx, turn, message, await screen(core, tx, turn, person, film_id))


async def screen(
    core: Core, tx: Transaction, turn: Turn, person: Staff, film_id: FilmId, note: str = ""
) -> Shown:
    """Return a film with its versions, what was seen of its links, and what can be done.

    `note` says what has just happened. Errors: NotFoundError.
    """
    st = core.texts.staff
    film = await storage.get_film(tx, film_id)
    withdrawn = await storage.is_withdrawn(tx, film_id)
    tried = await storage.list_tried(tx, film_id)
    blocks = [note] if note else []
    blocks.append(
        st(
            "st.fl_film",
            titel=film.title,
            code=film.code,
            thema=theme_word(core, film.theme),
            minuten=film.minutes,
            geldig=st("st.fl_withdrawn") if withdrawn else _until_words(core, turn, film),
        )
    )
    for version in _versions(film):
        at = tried.get(version.language)
        seen = _SEEN.get(version.health) if at else None
        words = (
            st(seen, datum=calendar_day(core.today(at), DUTCH))
            if seen and at
            else st("st.fl_seen_never")
        )
        blocks.append(
            st(
                "st.fl_version",
                taal=DUTCH_NAMES[version.language],
                titel=version.title,
                link=_anchor(version.link),
                gezien=words,
            )
        )
    page = await _page_of(tx, film)
    return "\n\n".join(blocks), _buttons(core, turn, person, film, page, withdrawn=withdrawn)


def _until_words(core: Core, turn: Turn, film: Film) -> str:
    st = core.texts.staff
    if film.valid_until is None:
        return st("st.fl_until_none")
    text_id = "st.fl_until" if film.is_valid(core.today(turn.now)) else "st.fl_over"
    return st(text_id, datum=calendar_day(film.valid_until, DUTCH))


def _anchor(link: str) -> Html:
    """Return a link that leads where it says, shortened: six long ones must fit one message."""
    shown = link if len(link) <= _LINK_SHOWN else link[: _LINK_SHOWN - 1] + "…"
    return Html(f'<a href="{html.escape(link)}">{html.escape(shown, quote=False)}</a>')


async def _page_of(tx: Transaction, film: Film) -> int:
    """Return on which page of the library a film stands."""
    ids = [each.id for each in await storage.list_films(tx)]
    return ids.index(film.id) // PAGE if film.id in ids else 0


def _buttons(
    core: Core, turn: Turn, person: Staff, film: Film, page: int, *, withdrawn: bool
) -> Rows:
    st, reference = core.texts.staff, f"fl:{film.id}"
    back = (Button(st("st.btn_back"), f"fl:list:{page}"),)
    if withdrawn:
        again = (Button(st("st.fl_btn_put_back"), f"{reference}:back"),)
        return (*((again,) if changes(person) else ()), back)
    rows: Rows = ()
    if film.versions and film.is_valid(core.today(turn.now)):
        rows = ((Button(st("st.fl_btn_broadcast"), f"bd:new:film:{film.id}"),),)
    if changes(person):
        rows += in_pairs(
            Button(st("st.fl_btn_language"), f"{reference}:lang"),
            Button(st("st.fl_btn_until"), f"{reference}:until"),
            Button(st("st.fl_btn_withdraw"), f"{reference}:withdraw"),
        )
    return (*rows, back)


# --- how long it counts, and taking it out ---------------------------------------------------


async def ask_until(core: Core, turn: Turn, film_id: FilmId, message: TelegramMessageId) -> None:
    """Ask until when a film may be sent."""
    async with taking(core, turn) as tx:
        await get_changer(core, tx, turn)
        film = await storage.get_film(tx, film_id)
        st, reference = core.texts.staff, f"fl:{film_id}"
        today = core.today(turn.now)
        labels = {
            name: st(f"st.fl_btn_{name}", datum=f"{day:%d-%m-%Y}" if day else "")
            for name in UNTIL
            for day in (_last_day(name, today),)
        }
        choices = in_pairs(
            *(Button(label, f"{reference}:until:{name}") for name, label in labels.items())
        )
        text = st("st.fl_ask_until", titel=film.title, geldig=_until_words(core, turn, film))
        await put(tx, turn, message, (text, (*choices, (back_to(core, reference),))))


def _last_day(name: str, today: date) -> date | None:
    if name == _NONE:
        return None
    return Month.of(today).last if name == _MONTH else add_months(today, _MONTHS[name])


def back_to(core: Core, data: str) -> Button:
    """Return the button that leads back to another screen."""
    return Button(core.texts.staff("st.btn_back"), data)


async def set_until(
    core: Core, turn: Turn, film_id: FilmId, name: str, message: TelegramMessageId
) -> None:
    """Set the last day on which a film may be sent."""
    async with taking(core, turn) as tx:
        person = await get_changer(core, tx, turn)
        film = await storage.get_film(tx, film_id)
        until = _last_day(name, core.today(turn.now))
        if until != film.valid_until:
            await storage.update_film(
                tx, film_id, theme=film.theme, minutes=film.minutes, valid_until=until
            )
            await note_deed(tx, turn, person, "film_until", film_id)
        await put(tx, turn, message, await screen(core, tx, turn, person, film_id))


async def ask_withdraw(
    core: Core, turn: Turn, film_id: FilmId, message: TelegramMessageId
) -> None:
    """Ask whether a film is really to be taken out of the library."""
    async with taking(core, turn) as tx:
        await get_changer(core, tx, turn)
        film = await storage.get_film(tx, film_id)
        st, reference = core.texts.staff, f"fl:{film_id}"
        buttons = in_pairs(
            Button(st("st.fl_btn_yes_withdraw"), f"{reference}:withdraw:yes"),
            Button(st("st.btn_drop"), reference),
        )
        text = st("st.fl_ask_withdraw", titel=film.title)
        await put(tx, turn, message, (text, buttons))


async def set_withdrawn(
    core: Core, turn: Turn, film_id: FilmId, message: TelegramMessageId, *, withdrawn: bool
) -> None:
    """Take a film out of the library, or put it back."""
    async with taking(core, turn) as tx:
        person = await get_changer(core, tx, turn)
        await storage.get_film(tx, film_id)
        if await storage.set_withdrawn(tx, film_id, turn.now if withdrawn else None):
            action = "film_withdrawn" if withdrawn else "film_put_back"
            await note_deed(tx, turn, person, action, film_id)
            await storage.close_link_tasks(tx, film_id, now=turn.now)
        await put(tx, turn, message, await screen(core, tx, turn, person, film_id))
