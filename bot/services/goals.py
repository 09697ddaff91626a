"""A client's goals and route as she sees them, in her language, and what she says of each goal."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.appointments import AppointmentKind, expects_client
from bot.domain.delivery import OutboxKind
from bot.domain.errors import NotFoundError
from bot.domain.ids import ClientId, GoalId, PlanId, TelegramMessageId
from bot.domain.languages import DUTCH, Language, base, is_rtl
from bot.domain.messages import TranslationState
from bot.domain.people import Client
from bot.domain.plans import Goal, GoalState, GoalView, Plan
from bot.domain.routes import step_on, steps_of
from bot.services import menu
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import (
    Button,
    Rows,
    in_pairs,
    rewrite,
    say,
    take_buttons_away,
    tell_coach,
)
from bot.services.plan_view import VIEW_MARKS, find_standing
from bot.storage import appointments, messages, people, tasks
from bot.storage import plans as storage
from bot.storage.database import Transaction
from bot.texts import Html, calendar_day
from bot.translation.phrasebook import ENGINE as PHRASEBOOK

_A_PAGE = 3
"""With one button for a question, so many goals make the four buttons that a message may have."""

_COMMENTS = {
    "read": "st.goal_read",
    "unclear": "st.goal_unclear",
    "question": "st.goal_question",
}
"""What her coach is told when she taps a button below her goals."""

_NO_VIEW = "⬜"
_MACHINE = "⚙"
_DONE, _NOW, _LATER = "✔", "▶", "○"
_FSI, _PDI, _RLM = "\u2068", "\u2069", "\u200f"
_DIRECTION = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))


@dataclass(frozen=True, slots=True)
class Words:
    """A goal in the reader's language, or in Dutch as long as there is no translation."""

    text: str
    translated: bool = True
    by_machine: bool = False


async def words_for(
    core: Core, tx: Transaction, goal: Goal, language: Language, *, now: datetime
) -> Words:
    """Return a goal's words for a reader; a translation that was never asked for is asked now."""
    if base(language) == DUTCH:
        return Words(goal.text)
    known = await messages.find_translation(tx, goal.message_id, language)
    if known is None:
        limit = timedelta(seconds=core.config.translation.time_limit_seconds)
        await messages.insert_translation(
            tx, message_id=goal.message_id, target=language, now=now, deadline=now + limit
        )
    elif known.state is TranslationState.DONE and known.text:
        return Words(known.text, by_machine=known.engine != PHRASEBOOK)
    return Words(goal.text, translated=False)


async def translate_goals(
    core: Core, tx: Transaction, client_id: ClientId, language: Language, *, now: datetime
) -> None:
    """Have a client's goals translated into the language that she has just chosen."""
    standing = await find_standing(tx, client_id)
    for goal in standing.goals if standing else ():
        await words_for(core, tx, goal, language, now=now)


def line(mark: str, words: str, locale: Language) -> str:
    """Return a mark and somebody's words as one line that runs in the reader's direction."""
    safe = html.escape(words.translate(_DIRECTION), quote=False)
    return Html(f"{_RLM}{mark} {_FSI}{safe}{_PDI}" if is_rtl(locale) else f"{mark} {safe}")


def digit(number: int) -> str:
    """Return a number as the emoji of a key, which needs no words."""
    return "🔟" if number == 10 else f"{number}\ufe0f\u20e3"  # noqa: PLR2004 - it has its own


async def goal_line(
    core: Core, tx: Transaction, client: Client, goal: Goal, mark: str, *, now: datetime
) -> str:
    """Return a goal in the client's language, with a line below it when that is still Dutch."""
    locale = client.language
    words = await words_for(core, tx, goal, locale, now=now)
    text = line(mark, words.text, locale) + (f" {_MACHINE}" if words.by_machine else "")
    if words.translated:
        return text
    coach = await people.get_coach(tx, client.id)
    return f"{text}\n{core.texts.say('go.untranslated', locale, coach=coach.name)}"


def pages_of(goals: Sequence[Goal]) -> list[list[tuple[int, Goal]]]:
    """Return the goals with their numbers, as many as fit one message at a time."""
    numbered = list(enumerate(goals, 1))
    return [numbered[start : start + _A_PAGE] for start in range(0, len(numbered), _A_PAGE)]


def _mark(goal: Goal) -> str:
    return _NO_VIEW if goal.view is None else VIEW_MARKS[goal.view]


def _shown(goals: Sequence[Goal]) -> list[Goal]:
    """Return the goals of a block that is not closed, as the client sees them."""
    return [goal for goal in goals if goal.state is not GoalState.DROPPED]


async def show_goals(core: Core, turn: Turn) -> None:
    """List the goals of the client of this chat, with how she sees each of them."""
    async with taking(core, turn) as tx:
        await _list_goals(core, tx, turn, await menu.get_client_here(tx, turn))


async def _list_goals(core: Core, tx: Transaction, turn: Turn, client: Client) -> None:
    locale = client.language
    standing = await find_standing(tx, client.id)
    block = standing.block if standing else None
    pages = pages_of(_shown(standing.goals)) if standing else []
    if standing is None or block is None or not pages:
        coach = await people.get_coach(tx, client.id)
        await say(tx, turn, core.texts.say("go.none", locale, coach=coach.name), client=client)
        return
    head = core.texts.say("go.list", locale, datum=calendar_day(block.end, locale))
    for place, page in enumerate(pages, 1):
        lines = [head] if place == 1 else []
        for number, goal in page:
            mark = f"{digit(number)} {_mark(goal)}"
            lines.append(await goal_line(core, tx, client, goal, mark, now=turn.now))
        buttons = [Button(digit(number), f"go:{goal.id}:ask") for number, goal in page]
        if place == len(pages):
            label = core.texts.label("btn.goal_question", locale)
            buttons.append(Button(label, f"go:{standing.plan.id}:question"))
        await say(tx, turn, "\n".join(lines), in_pairs(*buttons), client=client)


async def show_route(core: Core, turn: Turn) -> None:
    """Show the client of this chat which steps of her route are done, and which come."""
    async with taking(core, turn) as tx:
        client = await menu.get_client_here(tx, turn)
        locale = client.language
        standing = await find_standing(tx, client.id)
        steps = steps_of(standing.plan, standing.route) if standing else ()
        if standing is None or not steps:
            coach = await people.get_coach(tx, client.id)
            text = core.texts.say("go.route_none", locale, coach=coach.name)
            await say(tx, turn, text, client=client)
            return
        at = step_on(standing.plan, standing.route, core.today(turn.now))
        lines = [core.texts.say("go.route", locale)]
        for number, step in enumerate(steps):
            words = core.texts.label(f"route.{step.key}", locale)
            if number == at:
                words = core.texts.label("go.now", locale, stap=words)
            mark = _NOW if number == at else (_DONE if number < at else _LATER)
            lines.append(line(mark, words, locale))
        await say(tx, turn, "\n".join(lines), client=client)


def view_buttons(core: Core, goal: Goal, locale: Language) -> Rows:
    """Return the four buttons by which a client says how she sees a goal."""
    return in_pairs(
        *(
            Button(core.texts.label(f"btn.goal_{view}", locale), f"go:{goal.id}:{view}")
            for view in GoalView
        )
    )


def my_goals_button(core: Core, locale: Language) -> Rows:
    """Return the button that opens the list of goals."""
    return in_pairs(Button(core.texts.label("btn.my_goals", locale), "mn:goals"))


async def self_question(
    core: Core, tx: Transaction, client: Client, goal: Goal, *, now: datetime
) -> str:
    """Return the question how a goal goes, with the goal."""
    text = core.texts.say("go.self", client.language)
    return f"{text}\n{await goal_line(core, tx, client, goal, _mark(goal), now=now)}"


async def answer(
    core: Core, turn: Turn, goal_id: GoalId, word: str, message: TelegramMessageId
) -> None:
    """Ask a client how one goal goes, or take her answer; a goal that is over shows the list."""
    async with taking(core, turn) as tx:
        client = await menu.get_client_here(tx, turn)
        goal = await storage.get_goal(tx, goal_id)
        await _own(tx, client, goal.plan_id)
        standing = await find_standing(tx, client.id)
        if standing is None or goal.id not in {each.id for each in _shown(standing.goals)}:
            await take_buttons_away(tx, turn, message, kind=OutboxKind.ANSWER)
            await _list_goals(core, tx, turn, client)
            return
        buttons: Rows
        if word == "ask":
            text = await self_question(core, tx, client, goal, now=turn.now)
            buttons = view_buttons(core, goal, client.language)
        else:
            view = GoalView(word)
            again = goal.view is view
            await storage.set_goal_view(tx, goal.id, view, turn.now)
            if view is GoalView.HELP and not again:
                await _ask_for_help(core, tx, client, goal, now=turn.now)
            mark = VIEW_MARKS[view]
            text = await goal_line(core, tx, client, goal, mark, now=turn.now)
            text += "\n" + await _thanks(core, tx, client, view, now=turn.now)
            buttons = my_goals_button(core, client.language)
        await rewrite(tx, turn, message, text, buttons, kind=OutboxKind.ANSWER, client=client)


async def _own(tx: Transaction, client: Client, plan_id: PlanId) -> Plan:
    plan = await storage.get_plan(tx, plan_id)
    if plan.client_id != client.id:
        msg = f"Plan {plan_id} is not that of client {client.code}."
        raise NotFoundError(msg)
    return plan


async def _thanks(
    core: Core, tx: Transaction, client: Client, view: GoalView, *, now: datetime
) -> str:
    """Return what is said to her answer: when she talks about it, where that is known."""
    coach = await people.get_coach(tx, client.id)
    locale = client.language
    if view is GoalView.HELP:
        return core.texts.say("go.self_help", locale, coach=coach.name)
    coming = await appointments.list_coming(tx, client_id=client.id, now=now)
    day = next(
        (
            each.local_date
            for each in coming
            if each.kind is AppointmentKind.GOALS and expects_client(each.state)
        ),
        None,
    )
    if day is None:
        return core.texts.say("go.self_thanks_soon", locale, coach=coach.name)
    when = calendar_day(day, locale)
    return core.texts.say("go.self_thanks", locale, coach=coach.name, datum=when)


async def _ask_for_help(
    core: Core, tx: Transaction, client: Client, goal: Goal, *, now: datetime
) -> None:
    """Give the coach the task of helping with a goal, and say so at once."""
    coach = await people.get_coach(tx, client.id)
    key = f"goal_help:{goal.id}"
    for each in (key, f"{key}:{core.today(now)}"):  # she may ask again when the first is done
        if await tasks.insert_task(
            tx,
            kind="goal_help",
            key=each,
            client_id=client.id,
            staff_id=coach.id,
            about_id=goal.id,
            now=now,
        ):
            break
    await _tell(core, tx, client, "st.goal_help", now=now, doel=goal.text)


async def _tell(
    core: Core, tx: Transaction, client: Client, text_id: str, *, now: datetime, **values: str
) -> None:
    button = Button(core.texts.staff("st.plan_btn_open"), open_plan(client.id))
    await tell_coach(core, tx, client, text_id, in_pairs(button), now=now, **values)


def open_plan(client_id: ClientId) -> str:
    """Return the id of a button that shows a client's plan in a message of its own."""
    return f"pl:{client_id}:open"


async def comment(
    core: Core, turn: Turn, plan_id: PlanId, word: str, message: TelegramMessageId
) -> None:
    """Take that a client has read her new goals, does not understand them, or has a question."""
    async with taking(core, turn) as tx:
        client = await menu.get_client_here(tx, turn)
        await _own(tx, client, plan_id)
        coach = await people.get_coach(tx, client.id)
        locale = client.language
        first = await tasks.note_tap(tx, f"{turn.chat_id}:{message}:goals_{word}", turn.now)
        if word == "question":
            text = core.texts.say("go.question", locale, coach=coach.name)
            await say(tx, turn, text, client=client)
        else:
            await take_buttons_away(tx, turn, message, kind=OutboxKind.ANSWER)
            if word == "unclear" and first:
                text = core.texts.say("ch.unclear_help", locale, coach=coach.name)
                await say(tx, turn, text, client=client)
        if first:
            await _tell(core, tx, client, _COMMENTS[word], now=turn.now)
