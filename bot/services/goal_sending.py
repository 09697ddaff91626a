"""Sending a client the goals of a block: first shown to the coach as she will read them."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.delivery import JsonValue, OutboxKind
from bot.domain.ids import ClientId, DraftId, TelegramMessageId
from bot.domain.languages import DUTCH, DUTCH_NAMES
from bot.domain.messages import TEXT_LIMIT
from bot.domain.people import Client, Staff
from bot.domain.plans import Goal, Plan
from bot.services import menu
from bot.services.core import Core, Turn, taking
from bot.services.frames import visible_length
from bot.services.goals import digit, goal_line, my_goals_button, pages_of, words_for
from bot.services.outgoing import Button, hold_until, in_pairs, live_link, to_client
from bot.services.plan_view import (
    Screen,
    Standing,
    find_standing,
    get_goal_client,
    number_in,
    put,
    screen,
    who,
)
from bot.storage import people, tasks
from bot.storage.database import Transaction
from bot.texts import Html

_SENDING = "goals_out"
_ROOM = TEXT_LIMIT - 500
"""So much of the goals is shown beside the words around them."""


async def preview(core: Core, turn: Turn, client_id: ClientId, message: TelegramMessageId) -> None:
    """Show a coach how the client will read her goals, before they are sent."""
    async with taking(core, turn) as tx:
        person, client = await get_goal_client(core, tx, turn, client_id)
        standing = await find_standing(tx, client.id)
        if standing is None or not standing.open_goals:
            turn.toast = core.texts.staff("st.plan_no_goals")
            shown = await screen(core, tx, client, now=turn.now)
        else:
            shown = await _preview(core, tx, turn, person, client, standing)
        await put(tx, turn, message, shown)


async def _preview(
    core: Core, tx: Transaction, turn: Turn, person: Staff, client: Client, standing: Standing
) -> Screen:
    st, reference = core.texts.staff, f"pl:{client.id}"
    language = DUTCH_NAMES[client.language]
    lines = [st("st.goals_preview", taal=language, **who(client))]
    waiting = False
    for number, goal in enumerate(standing.open_goals, 1):
        words = await words_for(core, tx, goal, client.language, now=turn.now)
        more = [st("st.goal_line", nummer=number, doel=goal.text, rest=Html("")).rstrip()]
        if not words.translated:
            waiting = True
            more.append(st("st.goal_untranslated"))
        elif client.language != DUTCH:
            mark = " ⚙" if words.by_machine else ""
            more.append(st("st.goal_translation", vertaling=words.text, teken=mark))
        if visible_length("\n".join([*lines, *more])) > _ROOM:
            lines.append("…")
            break
        lines += more
    if client.discreet:
        lines.append(st("st.goals_discreet"))
    back = Button(st("st.btn_back"), reference)
    if await live_link(tx, client) is None:
        stand = await menu.link_words(core, tx, client)
        lines.append(st("st.cannot_reach", stand=stand, **who(client)))
        return "\n".join(lines), ((back,),)
    data: dict[str, JsonValue] = {"client": client.id, "plan": standing.plan.id}
    draft_id = await tasks.insert_draft(
        tx, staff_id=person.id, kind=_SENDING, data=data, now=turn.now
    )
    buttons = [Button(st("st.btn_ok"), f"{reference}:out={draft_id}")]
    if waiting:
        buttons.append(Button(st("st.goals_btn_again"), f"{reference}:send"))
    return "\n".join(lines), in_pairs(*buttons, back)


async def send(
    core: Core, turn: Turn, client_id: ClientId, value: str, message: TelegramMessageId
) -> None:
    """Send a client her goals, once for each preview."""
    async with taking(core, turn) as tx:
        person, client = await get_goal_client(core, tx, turn, client_id)
        draft_id = DraftId(number_in(value))
        data = await tasks.find_draft(tx, draft_id, person.id, _SENDING)
        standing = await find_standing(tx, client.id)
        note = ""
        fits = data is not None and data["client"] == client.id
        if fits and data is not None and standing and data["plan"] == standing.plan.id:
            await tasks.update_draft(tx, draft_id, closed_at=turn.now)
            note = await _send(core, tx, turn, client, standing)
        shown = await screen(core, tx, client, now=turn.now, note=note)
        await put(tx, turn, message, shown)


async def _send(
    core: Core, tx: Transaction, turn: Turn, client: Client, standing: Standing
) -> str:
    goals = standing.open_goals
    plan = standing.plan
    if not goals:
        return core.texts.staff("st.plan_no_goals")
    if not await send_goals(core, tx, client, plan, goals, now=turn.now):
        stand = await menu.link_words(core, tx, client)
        return core.texts.staff("st.cannot_reach", stand=stand, **who(client))
    until = hold_until(core, OutboxKind.CONVERSATION, turn.now)
    if until > turn.now:
        clock = until.astimezone(core.config.organisation.zone).strftime("%H:%M")
        return core.texts.staff("st.sent_held", tijd=clock, **who(client))
    return core.texts.staff("st.goals_sent", **who(client))


async def send_goals(
    core: Core,
    tx: Transaction,
    client: Client,
    plan: Plan,
    goals: Sequence[Goal],
    *,
    now: datetime,
) -> bool:
    """Send a client the goals that she and her coach made; False when she has no live link.

    On a phone that others use as well the message says only that there are goals.
    """
    locale = client.language
    coach = await people.get_coach(tx, client.id)
    head = core.texts.say("go.new", locale, coach=coach.name)
    if client.discreet:
        buttons = my_goals_button(core, locale)
        return await to_client(
            core, tx, client, head, buttons, kind=OutboxKind.CONVERSATION, now=now
        )
    sent = False
    pages = pages_of(goals)
    for place, page in enumerate(pages, 1):
        lines = [head] if place == 1 else []
        lines += [
            await goal_line(core, tx, client, goal, digit(number), now=now)
            for number, goal in page
        ]
        last = in_pairs(
            Button(core.texts.label("btn.goal_read", locale), f"go:{plan.id}:read"),
            Button(core.texts.label("btn.not_clear", locale), f"go:{plan.id}:unclear"),
        )
        sent = await to_client(
            core,
            tx,
            client,
            "\n".join(lines),
            last if place == len(pages) else (),
            kind=OutboxKind.CONVERSATION,
            now=now,
        )
    return sent
