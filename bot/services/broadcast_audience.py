"""Who a broadcast is for: of each part what is chosen, toggled in place by tapping."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from bot import routes
from bot.domain.broadcasts import STEPS, Audience, AudiencePart, BroadcastState, ClientGroup
from bot.domain.errors import TransitionError
from bot.domain.ids import BroadcastId, TelegramMessageId
from bot.domain.people import Role
from bot.services.broadcast_making import (
    Here,
    Screen,
    cut_short,
    find_draft,
    names_of,
    put,
    show_present,
    who_words,
)
from bot.services.broadcast_preview import Look, fresh_look, look_ahead, take_look
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import Button, in_pairs
from bot.services.worklist import PAGE, page_count, turning
from bot.storage import audience as storage
from bot.storage import broadcasts, people
from bot.storage.database import Transaction
from bot.texts import Html

_LABEL = 64
_SHORT = 16
_DIGEST = 12

Choices = Mapping[str, frozenset[str]]
"""What can be chosen of a part by the name staff see, each with the values it stands for."""


def digest_of(part: AudiencePart, name: str) -> str:
    """Return by what a button names a choice.

    Not its place in the list, which may be another's by the time the button is tapped, and not
    the choice itself, which may be too long for a button.
    """
    return hashlib.sha256(f"{part}:{name}".encode()).hexdigest()[:_DIGEST]


def parts_of(here: Here) -> tuple[AudiencePart, ...]:
    """Return by what the maker may choose: who reaches the own clients only chooses no coach."""
    leads = Role.COORDINATOR in here.person.roles
    return tuple(part for part in AudiencePart if leads or part is not AudiencePart.COACH)


async def choices_of(core: Core, tx: Transaction, here: Here, part: AudiencePart) -> Choices:
    """Return what can be chosen of a part: what occurs, and what is chosen already."""
    if part is AudiencePart.STEP:
        offered = [str(step) for step in STEPS]
    elif part is AudiencePart.GROUP:
        offered = [str(group) for group in ClientGroup]
    else:
        leads = Role.COORDINATOR in here.person.roles
        offered = await storage.list_values(tx, part, None if leads else here.person.id)
    if part is AudiencePart.ROUTE:
        offered += list(routes.load())
    chosen = here.broadcast.audience.values(part)
    return await names_of(core, tx, part, {*offered, *chosen})


def with_choice(
    audience: Audience, part: AudiencePart, values: frozenset[str], *, wanted: bool
) -> Audience:
    """Return an audience with values chosen or not; doing so twice changes nothing more."""
    kept = audience.values(part)
    chosen = kept | values if wanted else kept - values
    parts = {**audience.parts, part: chosen}
    return Audience({each: found for each, found in parts.items() if found})


# --- the screens -----------------------------------------------------------------------------


async def show_parts(
    core: Core, turn: Turn, broadcast_id: BroadcastId, message: TelegramMessageId
) -> None:
    """Show for whom a draft is, and by what that can be narrowed.

    Errors: NotFoundError when it is not theirs to see.
    """
    look = await look_ahead(core, broadcast_id, now=turn.now)
    async with taking(core, turn) as tx:
        here = await find_draft(core, tx, turn, broadcast_id, message)
        if here is not None:
            await put(tx, turn, message, await _parts(core, tx, turn, here, look))


async def _parts(core: Core, tx: Transaction, turn: Turn, here: Here, look: Look | None) -> Screen:
    buttons = []
    for part in parts_of(here):
        label = core.texts.staff(f"st.bd_btn_{part}")
        count = len(await names_of(core, tx, part, here.broadcast.audience.values(part)))
        mark = f" ({count})" if count else ""
        buttons.append(Button(label + mark, f"{here.reference}:who:{part}:0"))
    back = Button(core.texts.staff("st.btn_back"), here.reference)
    text = core.texts.staff("st.bd_ask_who", stand=await _standing(core, tx, turn, here, look))
    return text, (*in_pairs(*buttons), (back,))


async def _standing(
    core: Core, tx: Transaction, turn: Turn, here: Here, look: Look | None
) -> Html:
    """Return for whom it is now, and how many those are."""
    look = await fresh_look(core, tx, here.broadcast, look, now=turn.now)
    lines = [
        core.texts.staff("st.bd_who", wie=await who_words(core, tx, look)),
        core.texts.staff("st.bd_count", n=look.estimate.count, totaal=look.estimate.total),
    ]
    return Html("\n".join(lines))


async def show_values(
    core: Core,
    turn: Turn,
    broadcast_id: BroadcastId,
    part: AudiencePart,
    page: int,
    message: TelegramMessageId,
) -> None:
    """Show what can be chosen of a part, with a tick before what is.

    Errors: NotFoundError when the draft, or the part, is not theirs to choose from.
    """
    look = await look_ahead(core, broadcast_id, now=turn.now)
    async with taking(core, turn) as tx:
        here = await find_draft(core, tx, turn, broadcast_id, message)
        if here is not None:
            await put(tx, turn, message, await _values(core, tx, turn, here, part, page, look))


async def _values(
    core: Core,
    tx: Transaction,
    turn: Turn,
    here: Here,
    part: AudiencePart,
    page: int,
    look: Look | None,
) -> Screen:
    if part not in parts_of(here):
        return await _parts(core, tx, turn, here, look)
    choices = await choices_of(core, tx, here, part)
    chosen = here.broadcast.audience.values(part)
    page = min(page, page_count(len(choices)) - 1)
    buttons = []
    for name, values in list(choices.items())[page * PAGE : (page + 1) * PAGE]:
        on = bool(values & chosen)
        data = f"{here.reference}:set:{part}:{digest_of(part, name)}:{0 if on else 1}:{page}"
        label = f"✅ {name}" if on else name
        buttons.append(Button(cut_short(label, _LABEL), data))
    rows = [(button,) for button in buttons] if _are_long(choices) else [*in_pairs(*buttons)]
    turned = turning(f"{here.reference}:who:{part}:", page, len(choices))
    every = Button(core.texts.staff("st.bd_btn_all"), f"{here.reference}:all:{part}")
    back = Button(core.texts.staff("st.btn_back"), f"{here.reference}:who")
    below = (every, back) if chosen else (back,)
    text = core.texts.staff(
        f"st.bd_ask_{part}" if choices else "st.bd_no_values",
        stand=await _standing(core, tx, turn, here, look),
    )
    return text, tuple(row for row in (*rows, turned, below) if row)


def _are_long(choices: Choices) -> bool:
    """Tell whether two of the names do not fit beside each other on a narrow phone."""
    return any(len(name) > _SHORT for name in choices)


# --- the taps --------------------------------------------------------------------------------


async def choose(
    core: Core,
    turn: Turn,
    broadcast_id: BroadcastId,
    part: AudiencePart,
    digest: str,
    page: int,
    message: TelegramMessageId,
    *,
    wanted: bool,
) -> None:
    """Choose one of a part for a draft, or no longer; what is not there any more changes nothing.

    Errors: NotFoundError when the draft is not theirs to see.
    """

    async def chosen(tx: Transaction, here: Here) -> Audience | None:
        if part in parts_of(here):
            for name, values in (await choices_of(core, tx, here, part)).items():
                if digest_of(part, name) == digest:
                    return with_choice(here.broadcast.audience, part, values, wanted=wanted)
        return None

    await _choose(core, turn, broadcast_id, part, page, message, chosen)


async def choose_all(
    core: Core,
    turn: Turn,
    broadcast_id: BroadcastId,
    part: AudiencePart,
    message: TelegramMessageId,
) -> None:
    """Let a part of a draft mean everybody again; errors: NotFoundError when it is not theirs."""

    async def chosen(_tx: Transaction, here: Here) -> Audience | None:
        kept = here.broadcast.audience
        return with_choice(kept, part, kept.values(part), wanted=False)

    await _choose(core, turn, broadcast_id, part, 0, message, chosen)


_Chosen = Callable[[Transaction, Here], Awaitable[Audience | None]]
"""Gives the audience that was chosen for a draft; None for what is not there any more."""


async def _choose(
    core: Core,
    turn: Turn,
    broadcast_id: BroadcastId,
    part: AudiencePart,
    page: int,
    message: TelegramMessageId,
    chosen: _Chosen,
) -> None:
    """Give a draft the audience that was chosen, and show how many those are."""
    look = await _look_after(core, turn, broadcast_id, chosen)
    async with taking(core, turn) as tx:
        here = await find_draft(core, tx, turn, broadcast_id, message)
        if here is None:
            return
        audience = await chosen(tx, here)
        if audience is None:
            turn.toast = core.texts.staff("st.bd_changed")
            audience = here.broadcast.audience
        changed = await _change(core, tx, turn, here, audience, message)
        if changed is not None:
            screen = await _values(core, tx, turn, changed, part, page, look)
            await put(tx, turn, message, screen)


async def _look_after(
    core: Core, turn: Turn, broadcast_id: BroadcastId, chosen: _Chosen
) -> Look | None:
    """Take the look at a draft as it will be, while nobody waits for it."""
    async with core.database.reading() as tx:
        draft = await broadcasts.get_broadcast(tx, broadcast_id)
        if draft.state is not BroadcastState.DRAFT:
            return None
        # Nobody but its author changes a draft.
        author = await people.get_staff(tx, draft.author_id)
        audience = await chosen(tx, Here(author, draft))
        if audience is not None and audience != draft.audience:
            draft = replace(draft, audience=audience, revision=draft.revision + 1)
        return await take_look(core, tx, draft, now=turn.now)


async def _change(
    core: Core,
    tx: Transaction,
    turn: Turn,
    here: Here,
    audience: Audience,
    message: TelegramMessageId,
) -> Here | None:
    """Give a draft another audience; None, and its present screen, when somebody was first."""
    if audience == here.broadcast.audience:
        return here
    try:
        changed = await broadcasts.change_broadcast(tx, here.broadcast, audience=audience)
    except TransitionError:
        await show_present(core, tx, turn, here, message, core.texts.staff("st.bd_changed"))
        return None
    return Here(here.person, changed)
