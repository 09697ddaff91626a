"""A broadcast in the making: one message that sums it up, and what can be done about it."""

import html
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from bot import routes
from bot.domain.broadcasts import (
    FINAL,
    UNDER_WAY,
    AudiencePart,
    Broadcast,
    BroadcastKind,
    BroadcastState,
)
from bot.domain.delivery import OutboxKind
from bot.domain.ids import BroadcastId, StaffId, TelegramMessageId
from bot.domain.languages import DUTCH, DUTCH_NAMES, Language
from bot.domain.localtime import after_quiet_hours
from bot.domain.people import Role, Staff
from bot.services import broadcast_report, event_words
from bot.services.broadcast_preview import (
    NOT_HANDED_OVER,
    Look,
    fresh_look,
    join_names,
    look_ahead,
    planned_at,
    preview_screen,
    problems_in,
    sample_of,
    unread_lines,
)
from bot.services.broadcast_words import Content, payload_of
from bot.services.broadcasts import get_broadcast_for, get_maker
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import Button, Rows, call_here, in_pairs, inline, rewrite
from bot.storage import broadcasts as storage
from bot.storage import people
from bot.storage.database import Transaction
from bot.texts import Html

Screen = tuple[str, Rows]

_WORDS_SHOWN = 300
_VALUES_SHOWN = 6
_GONE = FINAL | UNDER_WAY


@dataclass(frozen=True, slots=True)
class Here:
    """A broadcast and who looks at it."""

    person: Staff
    broadcast: Broadcast

    @property
    def reference(self) -> str:
        """The beginning of the ids of its buttons."""
        return f"bd:{self.broadcast.id}"

    @property
    def is_author(self) -> bool:
        """Tell whether this person made it."""
        return self.person.id == self.broadcast.author_id


# --- what others use -------------------------------------------------------------------------


async def put(tx: Transaction, turn: Turn, message: TelegramMessageId, screen: Screen) -> None:
    """Show a screen in the message that was tapped."""
    await rewrite(tx, turn, message, *screen, kind=OutboxKind.STAFF)


async def get_here(core: Core, tx: Transaction, turn: Turn, broadcast_id: BroadcastId) -> Here:
    """Return a broadcast that whoever is here may see; errors: NotFoundError."""
    person = await get_maker(core, tx, turn)
    return Here(person, await get_broadcast_for(core, tx, person, broadcast_id))


async def show_present(
    core: Core, tx: Transaction, turn: Turn, here: Here, message: TelegramMessageId, why: str
) -> None:
    """Show how a broadcast stands now, and in a bubble why what was tapped was not done."""
    turn.toast = why
    broadcast = await storage.get_broadcast(tx, here.broadcast.id)
    await put(tx, turn, message, await draft_screen(core, tx, broadcast, here.person, turn.now))


async def find_draft(
    core: Core, tx: Transaction, turn: Turn, broadcast_id: BroadcastId, message: TelegramMessageId
) -> Here | None:
    """Return a draft that whoever is here may change; else None, and its present screen shows.

    Errors: NotFoundError when it is not theirs to see.
    """
    here = await get_here(core, tx, turn, broadcast_id)
    if here.broadcast.state is not BroadcastState.DRAFT:
        why = core.texts.staff("st.bd_no_draft")
    elif not here.is_author:
        author = await people.get_staff(tx, here.broadcast.author_id)
        why = core.texts.label("st.bd_not_yours", DUTCH, naam=author.name)
    else:
        return here
    await show_present(core, tx, turn, here, message, why)
    return None


def opens(broadcast: Broadcast) -> str:
    """Return what the button of a broadcast in a list sends back."""
    if broadcast.state in UNDER_WAY:
        return f"bp:{broadcast.id}:progress"
    if broadcast.state in FINAL and broadcast.begun_at is not None:
        return f"br:{broadcast.id}"
    return f"bd:{broadcast.id}"


def cut_short(text: str, length: int) -> str:
    """Return no more of a text than fits."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


# --- the draft -------------------------------------------------------------------------------


async def show_draft(
    core: Core, turn: Turn, broadcast_id: BroadcastId, message: TelegramMessageId
) -> None:
    """Show a broadcast in the message, with what whoever is here can do about it.

    Errors: NotFoundError when it is not theirs to see.
    """
    look = await look_ahead(core, broadcast_id, now=turn.now)
    async with taking(core, turn) as tx:
        here = await get_here(core, tx, turn, broadcast_id)
        screen = await draft_screen(core, tx, here.broadcast, here.person, turn.now, look)
        await put(tx, turn, message, screen)


async def draft_screen(
    core: Core,
    tx: Transaction,
    broadcast: Broadcast,
    person: Staff,
    now: datetime,
    look: Look | None = None,
) -> Screen:
    """Return what a broadcast is and what somebody can do about it, as it stands now.

    `look` is one that was taken before; it counts when it is of the broadcast as it is.
    """
    here = Here(person, broadcast)
    if broadcast.state in _GONE:
        return await _gone_screen(core, tx, here)
    look = await fresh_look(core, tx, broadcast, look, now=now)
    lines = [core.texts.staff(f"st.bd_state_{broadcast.state}"), *await summary(core, tx, look)]
    lines += unread_lines(core, look.estimate)
    lines += ["⚠ " + each for each in problems_in(core, look, now=now)]
    if not here.is_author:
        lines.append(core.texts.staff("st.bd_made_by", naam=look.author.name))
    if broadcast.approver_id is not None:
        approver = await people.get_staff(tx, broadcast.approver_id)
        lines.append(core.texts.staff("st.bd_approved_by", naam=approver.name))
    return "\n".join(lines), _buttons(core, here)


async def _gone_screen(core: Core, tx: Transaction, here: Here) -> Screen:
    """Return where a broadcast is to be found that is no longer being made."""
    broadcast, texts = here.broadcast, core.texts
    lines = [
        texts.staff(f"st.bd_state_{broadcast.state}"),
        html.escape(await broadcast_report.subject(core, tx, broadcast), quote=False),
    ]
    rows: Rows = ((Button(texts.staff("st.bd_btn_home"), "bd:home:0"),),)
    if (data := opens(broadcast)) != here.reference:
        rows = ((Button(texts.staff("st.bd_btn_see"), data),), *rows)
    return "\n".join(lines), rows


def _buttons(core: Core, here: Here) -> Rows:
    """Return what somebody can do about a broadcast that has not begun."""
    broadcast, st, data = here.broadcast, core.texts.staff, here.reference
    preview = Button(st("st.bd_btn_preview"), f"{data}:pv")
    home = (Button(st("st.bd_btn_home"), "bd:home:0"),)
    drop = Button(st("st.bd_btn_drop"), f"{data}:drop:{broadcast.revision}")
    leads = Role.COORDINATOR in here.person.roles
    if broadcast.state is BroadcastState.DRAFT and here.is_author:
        change = [
            Button(st("st.bd_btn_who"), f"{data}:who"),
            Button(st("st.bd_btn_when"), f"{data}:days:0"),
            Button(st("st.bd_btn_repeat"), f"{data}:rep"),
            preview,
        ]
        if broadcast.kind is BroadcastKind.TEXT:
            change.append(Button(st("st.bd_btn_translations"), f"bx:{broadcast.id}"))
        asks = "st.bd_btn_ask" if core.config.broadcast.approval else "st.bd_btn_send"
        go = Button(st(asks), f"{data}:ask:{broadcast.revision}")
        return (*in_pairs(*change), (go,), (drop,), home)
    if broadcast.state is BroadcastState.REVIEW and leads and not here.is_author:
        approve = Button(st("st.bd_btn_approve"), f"{data}:ok:{broadcast.revision}")
        give_back = Button(st("st.bd_btn_return"), f"{data}:return:{broadcast.revision}")
        return ((preview,), (approve,), (give_back,), home)
    rows: Rows = ((preview,),)
    if broadcast.state in {BroadcastState.REVIEW, BroadcastState.SCHEDULED}:
        if here.is_author and not broadcast.occurrence:
            rows = (*rows, (Button(st("st.bd_btn_back"), f"{data}:back"),))
        rows = (*rows, (drop,))
    elif leads:
        rows = (*rows, (drop,))
    return (*rows, home)


# --- in words --------------------------------------------------------------------------------


async def summary(core: Core, tx: Transaction, look: Look) -> list[str]:
    """Return what goes, for whom, when, how often, and how many get it, as Telegram HTML."""
    st, broadcast = core.texts.staff, look.broadcast
    return [
        _what(core, look.content),
        st("st.bd_who", wie=await who_words(core, tx, look)),
        st("st.bd_when", wanneer=when_words(core, broadcast)),
        st("st.bd_often", hoe=Html(st(f"st.bd_repeat_{broadcast.repeat}"))),
        st("st.bd_count", n=look.estimate.count, totaal=look.estimate.total),
    ]


def _what(core: Core, content: Content) -> str:
    st = core.texts.staff
    if content.film is not None:
        film = content.film
        return st(
            "st.bd_what_film",
            titel=film.title,
            thema=core.texts.label(f"theme.{film.theme}", DUTCH),
            minuten=film.minutes,
            talen=join_names(sorted(film.languages)),
        )
    if content.event is not None:
        event = content.event
        first = event.sessions[0]
        return st(
            "st.bd_what_event",
            activiteit=event_words.activity(core, event, DUTCH),
            plaats=event.place.name,
            **core.texts.moment(first.local_date, first.local_time, DUTCH),
        )
    return st("st.bd_what_text", tekst=cut_short(content.original, _WORDS_SHOWN))


def when_words(core: Core, broadcast: Broadcast) -> Html:
    """Return in Dutch when a broadcast goes: what waits for the morning, in the morning."""
    moment, zone = planned_at(core, broadcast), core.config.organisation.zone
    if moment is not None:
        local = after_quiet_hours(moment, core.config.hours.quiet, zone).astimezone(zone)
        values = core.texts.moment(local.date(), local.time(), DUTCH)
        return Html(core.texts.staff("st.bd_when_at", **values))
    waits = core.config.broadcast.approval and broadcast.state in NOT_HANDED_OVER
    return Html(core.texts.staff("st.bd_when_approved" if waits else "st.bd_when_now"))


async def who_words(core: Core, tx: Transaction, look: Look) -> Html:
    """Return in Dutch whom a broadcast is for."""
    pieces: list[str] = []
    parts = list(AudiencePart)
    if Role.COORDINATOR not in look.author.roles:
        # A coach reaches the own clients, whatever was chosen.
        parts.remove(AudiencePart.COACH)
        pieces.append(core.texts.staff("st.bd_own_clients", naam=look.author.name))
    for part in parts:
        names = list(await names_of(core, tx, part, look.broadcast.audience.values(part)))
        if not names:
            continue
        shown = ", ".join(names[:_VALUES_SHOWN])
        if len(names) > _VALUES_SHOWN:
            shown += core.texts.staff("st.bd_more_values", n=len(names) - _VALUES_SHOWN)
        pieces.append(core.texts.staff(f"st.bd_part_{part}", waarden=shown))
    return Html("; ".join(pieces) or core.texts.staff("st.bd_everybody"))


async def names_of(
    core: Core, tx: Transaction, part: AudiencePart, values: Collection[str]
) -> dict[str, frozenset[str]]:
    """Return what staff call the values of a part, by name, each with the values it stands for.

    Arabic is one name, whatever the months are called in it; two colleagues never share a name.
    """
    if part is AudiencePart.COACH:
        return await _coach_names(tx, values)
    found: dict[str, set[str]] = {}
    for value in values:
        found.setdefault(_name_of(core, part, value), set()).add(value)
    return {name: frozenset(found[name]) for name in sorted(found)}


def _name_of(core: Core, part: AudiencePart, value: str) -> str:
    if part is AudiencePart.LANGUAGE:
        return DUTCH_NAMES.get(Language(value), value)
    if part is AudiencePart.STEP:
        return core.texts.label("st.bd_step", DUTCH, n=value)
    if part is AudiencePart.GROUP:
        return core.texts.label(f"st.bd_group_{value}", DUTCH)
    if part is AudiencePart.ROUTE:
        return routes.find(value).name
    return value


async def _coach_names(tx: Transaction, values: Collection[str]) -> dict[str, frozenset[str]]:
    coaches = [await people.get_staff(tx, StaffId(int(value))) for value in values]
    names = Counter(coach.name for coach in coaches)
    found = {
        coach.name if names[coach.name] == 1 else f"{coach.name} ({coach.code})": coach.id
        for coach in coaches
    }
    return {name: frozenset({str(found[name])}) for name in sorted(found)}


# --- the preview -----------------------------------------------------------------------------


async def show_preview(
    core: Core, turn: Turn, broadcast_id: BroadcastId, message: TelegramMessageId
) -> None:
    """Show in the message who would get a broadcast, who would not, and how long it takes.

    Errors: NotFoundError when it is not theirs to see.
    """
    look = await look_ahead(core, broadcast_id, now=turn.now)
    async with taking(core, turn) as tx:
        here = await get_here(core, tx, turn, broadcast_id)
        if here.broadcast.state in _GONE:
            why = core.texts.staff("st.bd_has_gone")
            await show_present(core, tx, turn, here, message, why)
            return
        look = await fresh_look(core, tx, here.broadcast, look, now=turn.now)
        await put(tx, turn, message, preview_screen(core, look, now=turn.now))


async def show_sample(
    core: Core,
    turn: Turn,
    broadcast_id: BroadcastId,
    language: Language,
    shown: Language,
    message: TelegramMessageId,
    *,
    discreet: bool = False,
) -> None:
    """Show in the message exactly what somebody with this language will see.

    Errors: NotFoundError when the broadcast is not theirs to see.
    """
    look = await look_ahead(core, broadcast_id, now=turn.now)
    async with taking(core, turn) as tx:
        here = await get_here(core, tx, turn, broadcast_id)
        if here.broadcast.state in _GONE:
            why = core.texts.staff("st.bd_has_gone")
            await show_present(core, tx, turn, here, message, why)
            return
        look = await fresh_look(core, tx, here.broadcast, look, now=turn.now)
        sample = await sample_of(core, tx, look, language, shown, discreet=discreet)
        if sample is None:
            turn.toast = core.texts.staff("st.bd_changed")
            await put(tx, turn, message, preview_screen(core, look, now=turn.now))
            return
        words, below = sample
        payload = payload_of(words, turn.chat_id) | {
            "message_id": message,
            "reply_markup": inline((*words.rows, *below)),
        }
        await call_here(tx, turn, "editMessageText", payload, kind=OutboxKind.STAFF)


async def say_sample(core: Core, turn: Turn) -> None:
    """Tell somebody who taps a button of a sample that it is one."""
    async with taking(core, turn):
        turn.toast = core.texts.staff("st.bd_sample")
