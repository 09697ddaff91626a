"""Adding to the film library: a new film, or a version of one that is there.

The choices are tapped; a title and its link are typed as the answer to a prompt.
"""

from collections.abc import Mapping

from bot.domain.delivery import JsonValue, OutboxKind
from bot.domain.errors import NotFoundError
from bot.domain.films import (
    FILM_LANGUAGES,
    MINUTES_LIMIT,
    Film,
    Theme,
    fault_of_link,
    fault_of_title,
)
from bot.domain.ids import DraftId, FilmId, OutboxId, TelegramMessageId
from bot.domain.languages import DUTCH, DUTCH_NAMES, Language
from bot.domain.people import Staff
from bot.services import film_changes
from bot.services.core import Core, Turn, taking
from bot.services.film_screens import (
    back_to,
    changes,
    get_changer,
    note_deed,
    put,
    screen,
    send,
    theme_title,
    theme_word,
)
from bot.services.outgoing import Button, Rows, chat_lane, in_pairs, say, text_payload
from bot.services.relay import Said
from bot.services.tables import plain
from bot.storage import films as storage
from bot.storage import outbox, tasks
from bot.storage.database import Transaction

_DRAFT = "film"
_PROMPT = "film_prompt"
"""The frame of a prompt for a title and a link, so that no answer to it ever reaches a client."""

_LINES = 2
_MINUTES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30)
_IN_A_ROW = 4


# --- what is chosen --------------------------------------------------------------------------


async def ask_theme(core: Core, turn: Turn, message: TelegramMessageId) -> None:
    """Ask what a new film is about."""
    async with taking(core, turn) as tx:
        await get_changer(core, tx, turn)
        buttons = in_pairs(
            *(Button(theme_title(core, theme), f"fl:new:{theme}") for theme in Theme)
        )
        text = core.texts.staff("st.fl_ask_theme")
        await put(tx, turn, message, (text, (*buttons, (back_to(core, "fl:list:0"),))))


async def ask_minutes(core: Core, turn: Turn, theme: Theme, message: TelegramMessageId) -> None:
    """Ask how long a new film lasts."""
    async with taking(core, turn) as tx:
        await get_changer(core, tx, turn)
        keys = [Button(str(each), f"fl:new:{theme}:{each}") for each in _MINUTES]
        rows = [tuple(keys[at : at + _IN_A_ROW]) for at in range(0, len(keys), _IN_A_ROW)]
        text = core.texts.staff("st.fl_ask_minutes", thema=theme_word(core, theme))
        await put(tx, turn, message, (text, (*rows, (back_to(core, "fl:new"),))))


async def ask_language(
    core: Core, turn: Turn, film_id: FilmId, message: TelegramMessageId
) -> None:
    """Ask which version of a film is to be added or replaced."""
    async with taking(core, turn) as tx:
        await get_changer(core, tx, turn)
        film = await storage.get_film(tx, film_id)
        text = core.texts.staff("st.fl_ask_language", titel=film.title)
        buttons = _languages(film, f"fl:{film_id}:lang")
        await put(tx, turn, message, (text, (*buttons, (back_to(core, f"fl:{film_id}"),))))


async def ask_first_language(
    core: Core, turn: Turn, theme: Theme, minutes: int, message: TelegramMessageId
) -> None:
    """Ask in which language a new film is told first."""
    async with taking(core, turn) as tx:
        await get_changer(core, tx, turn)
        _check_minutes(minutes)
        reference = f"fl:new:{theme}"
        text = core.texts.staff("st.fl_ask_first_language")
        buttons = _languages(None, f"{reference}:{minutes}")
        await put(tx, turn, message, (text, (*buttons, (back_to(core, reference),))))


def _check_minutes(minutes: int) -> None:
    if not 1 <= minutes <= MINUTES_LIMIT:
        msg = f"A film of {minutes} minutes cannot be; choose 1 to {MINUTES_LIMIT}."
        raise NotFoundError(msg)


def _languages(film: Film | None, reference: str) -> Rows:
    """Return a button for each language, marked where there is a version already."""
    there = film.languages if film else frozenset[Language]()
    return in_pairs(
        *(
            Button(f"{'✔ ' if each in there else ''}{DUTCH_NAMES[each]}", f"{reference}:{each}")
            for each in FILM_LANGUAGES
        )
    )


async def ask_version(core: Core, turn: Turn, film_id: FilmId, language: Language) -> None:
    """Ask for the title and link of a version of a film."""
    async with taking(core, turn) as tx:
        person = await get_changer(core, tx, turn)
        await storage.get_film(tx, film_id)
        await _begin(core, tx, turn, person, {"film": film_id, "language": language})


async def ask_first_version(
    core: Core, turn: Turn, theme: Theme, minutes: int, language: Language
) -> None:
    """Ask for the title and link with which a new film begins."""
    async with taking(core, turn) as tx:
        person = await get_changer(core, tx, turn)
        _check_minutes(minutes)
        data: dict[str, JsonValue] = {"theme": theme, "minutes": minutes, "language": language}
        await _begin(core, tx, turn, person, data)


# --- what is typed ---------------------------------------------------------------------------


async def _begin(
    core: Core, tx: Transaction, turn: Turn, person: Staff, data: dict[str, JsonValue]
) -> None:
    draft_id = await tasks.insert_draft(
        tx, staff_id=person.id, kind=_DRAFT, data=data, now=turn.now
    )
    await _prompt(core, tx, turn, draft_id, data)


async def _prompt(
    core: Core,
    tx: Transaction,
    turn: Turn,
    draft_id: DraftId,
    data: Mapping[str, JsonValue],
    fault: str = "",
) -> None:
    """Ask for a title and a link; only what is answered to this very prompt becomes a version."""
    language = DUTCH_NAMES[Language(str(data["language"]))]
    text = core.texts.staff("st.fl_write", taal=language)
    markup: JsonValue = {
        "force_reply": True,
        "input_field_placeholder": core.texts.label("st.fl_placeholder", DUTCH),
    }
    prompt = await outbox.insert_call(
        tx,
        lane=chat_lane(turn.chat_id),
        chat_id=turn.chat_id,
        kind=OutboxKind.STAFF,
        method="sendMessage",
        payload=text_payload(turn.chat_id, f"{fault}\n\n{text}" if fault else text, markup),
        frame=_PROMPT,
        now=turn.now,
    )
    prompts: list[JsonValue] = [*_prompts(data), prompt]
    await tasks.update_draft(tx, draft_id, data={**data, "prompts": prompts})


def _prompts(data: Mapping[str, JsonValue]) -> list[JsonValue]:
    prompts = data.get("prompts")
    return prompts if isinstance(prompts, list) else []


async def take_reply(core: Core, tx: Transaction, turn: Turn, person: Staff, said: Said) -> bool:
    """Take the title and link that somebody answered to a prompt; False when it was none.

    What answers such a prompt never goes to a client, also when it comes late or cannot be used.
    """
    sent = await outbox.find_sent(tx, turn.chat_id, said.reply_to) if said.reply_to else None
    if sent is None or sent.frame != _PROMPT:
        return False
    found = await _draft_of(tx, person, sent.id)
    if found is None or not changes(person):
        await say(tx, turn, core.texts.staff("st.fl_answered"), kind=OutboxKind.STAFF)
        return True
    draft_id, data = found
    lines = [line for each in said.text.splitlines() if (line := plain(each))]
    fault = _fault(core, [] if said.media else lines)
    if fault:
        await _prompt(core, tx, turn, draft_id, data, fault)
        return True
    await tasks.update_draft(tx, draft_id, closed_at=turn.now)
    title, link = lines
    film_id, note = await _keep(core, tx, turn, person, data, title, link)
    shown = await screen(core, tx, turn, person, film_id, note)
    await send(tx, turn, shown)
    return True


async def _draft_of(
    tx: Transaction, person: Staff, prompt: OutboxId
) -> tuple[DraftId, dict[str, JsonValue]] | None:
    for draft_id, data in await tasks.list_drafts(tx, person.id, _DRAFT):
        if prompt in _prompts(data):
            return draft_id, data
    return None


def _fault(core: Core, lines: list[str]) -> str:
    """Return in Dutch why the lines are no title and link; nothing when they are."""
    if len(lines) != _LINES:
        return core.texts.staff("st.fl_two_lines")
    title, link = lines
    fault = fault_of_title(title) or fault_of_link(link)
    return core.texts.staff(f"st.fl_fault_{fault}") if fault else ""


async def _keep(
    core: Core,
    tx: Transaction,
    turn: Turn,
    person: Staff,
    data: Mapping[str, JsonValue],
    title: str,
    link: str,
) -> tuple[FilmId, str]:
    """Keep a version, of a film that is there or of a new one; returns what is said of it."""
    st, language = core.texts.staff, Language(str(data["language"]))
    given = data.get("film")
    if isinstance(given, int):
        film_id = FilmId(given)
        was_there = (await storage.get_film(tx, film_id)).version(language) is not None
        note = st("st.fl_replaced" if was_there else "st.fl_added", taal=DUTCH_NAMES[language])
    else:
        film_id = await _insert(core, tx, turn, data)
        note = st("st.fl_made")
    if await storage.put_version(tx, film_id, language=language, title=title, link=link):
        await storage.close_link_tasks(tx, film_id, now=turn.now)
        await film_changes.follow(core, tx, film_id, now=turn.now)
        await note_deed(tx, turn, person, "film_version", film_id)
    return film_id, note


async def _insert(
    core: Core, tx: Transaction, turn: Turn, data: Mapping[str, JsonValue]
) -> FilmId:
    """Make a film, named after its theme and the first number that is free."""
    theme, minutes = Theme(str(data["theme"])), data["minutes"]
    assert isinstance(minutes, int)  # noqa: S101 - written by us
    word = theme_word(core, theme).replace(" ", "-")
    number = 1
    while True:
        film_id = await storage.insert_film(
            tx, code=f"{word}-{number}", theme=theme, minutes=minutes, now=turn.now
        )
        if film_id is not None:
            return film_id
        number += 1
