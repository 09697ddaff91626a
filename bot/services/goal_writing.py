"""Adding a goal to a plan: from the library, or in the coach's own words."""

from collections.abc import Mapping

from bot.domain.delivery import JsonValue, OutboxKind
from bot.domain.errors import NotFoundError
from bot.domain.ids import ClientId, DraftId, GoalId, OutboxId, TelegramMessageId
from bot.domain.languages import DUTCH
from bot.domain.messages import Direction
from bot.domain.people import Client, Staff
from bot.domain.plans import (
    GOAL_LIMIT,
    GOALS_ADVISED,
    GOALS_MOST,
    GoalCategory,
    Instrument,
    PlanError,
    check_goal,
)
from bot.services.core import Core, Turn, taking
from bot.services.goals import words_for
from bot.services.outgoing import Button, Rows, in_pairs, say, staff_lane
from bot.services.plan_view import (
    Screen,
    Standing,
    find_standing,
    get_goal_client,
    no_step,
    note_deed,
    number_in,
    put,
    screen,
    who,
)
from bot.services.relay import Said
from bot.storage import messages, outbox, tasks
from bot.storage import plans as storage
from bot.storage.database import Transaction
from bot.translation import library

_GOAL = "goal"
_PROMPT = "goal_prompt"
"""The frame of a prompt for a goal, so that a late answer to it never goes to the client."""

_NOTHING = "none"
_NO_MESSAGE = TelegramMessageId(0)
"""A goal is no message of the chat: correcting what the coach typed must not send it."""


async def ask_category(
    core: Core, turn: Turn, client_id: ClientId, message: TelegramMessageId
) -> None:
    """Ask a coach what a new goal is about."""
    async with taking(core, turn) as tx:
        _, client = await get_goal_client(core, tx, turn, client_id)
        standing = await _open_block(core, tx, turn, client)
        if standing is None:
            shown = await screen(core, tx, client, now=turn.now)
        else:
            shown = _categories(core, client, standing)
        await put(tx, turn, message, shown)


async def _open_block(core: Core, tx: Transaction, turn: Turn, client: Client) -> Standing | None:
    """Return the plan if a goal can be added to it; else None, and a toast says why not."""
    standing = await find_standing(tx, client.id)
    if standing is None or standing.block is None:
        turn.toast = core.texts.staff("st.plan_changed")
        return None
    if len(standing.goals) >= GOALS_MOST:
        turn.toast = core.texts.staff("st.goal_no_room", aantal=GOALS_MOST)
        return None
    return standing


def _categories(core: Core, client: Client, standing: Standing) -> Screen:
    st, reference = core.texts.staff, f"pl:{client.id}"
    text = st("st.goal_category", **who(client))
    if len(standing.goals) >= GOALS_ADVISED:
        text += "\n" + st("st.plan_many_goals", aantal=GOALS_ADVISED)
    buttons = in_pairs(
        *(
            Button(st(f"st.goal_category_{category}").capitalize(), f"{reference}:add={category}")
            for category in GoalCategory
        )
    )
    return text, (*buttons, (Button(st("st.btn_back"), reference),))


async def suggest(
    core: Core, turn: Turn, client_id: ClientId, value: str, message: TelegramMessageId
) -> None:
    """Offer the sentences of a category, and that the coach writes one."""
    async with taking(core, turn) as tx:
        _, client = await get_goal_client(core, tx, turn, client_id)
        category = _category(value)
        standing = await _open_block(core, tx, turn, client)
        if standing is None or standing.block is None:
            shown = await screen(core, tx, client, now=turn.now)
        else:
            st, reference = core.texts.staff, f"pl:{client.id}"
            place = f"{standing.block.number}.{category}"
            rows: Rows = tuple(
                (Button(words, f"{reference}:lib={place}.{name}"),)
                for name, words in library.load()[category].items()
            )
            text = st("st.goal_choose", soort=st(f"st.goal_category_{category}"), **who(client))
            own = (Button(st("st.goal_btn_own"), f"{reference}:own={place}"),)
            back = (Button(st("st.btn_back"), f"{reference}:add"),)
            shown = text, (*rows, own, back)
        await put(tx, turn, message, shown)


def _category(value: str) -> GoalCategory:
    if value not in list(GoalCategory):
        raise no_step(value)
    return GoalCategory(value)


async def choose(
    core: Core,
    turn: Turn,
    client_id: ClientId,
    action: str,
    value: str,
    message: TelegramMessageId,
) -> None:
    """Take a sentence of the library, or ask the coach to write one."""
    async with taking(core, turn) as tx:
        person, client = await get_goal_client(core, tx, turn, client_id)
        number, category_name, name = [*value.split("."), "", ""][:3]
        category = _category(category_name)
        words = library.load()[category].get(name)
        if action == "lib" and words is None:
            raise no_step(value)
        standing = await _open_block(core, tx, turn, client)
        if standing is None or standing.block is None:
            await put(tx, turn, message, await screen(core, tx, client, now=turn.now))
            return
        if str(standing.block.number) != number:
            turn.toast = core.texts.staff("st.plan_changed")
            await put(tx, turn, message, await screen(core, tx, client, now=turn.now))
            return
        data: dict[str, JsonValue] = {
            "client": client.id,
            "plan": standing.plan.id,
            "block": standing.block.number,
            "category": category,
            "text": words if action == "lib" else None,
            "prompts": [],
        }
        draft_id = await tasks.insert_draft(
            tx, staff_id=person.id, kind=_GOAL, data=data, now=turn.now
        )
        if action == "lib" and words is not None:
            await put(tx, turn, message, _instruments(core, client, draft_id, words))
        else:
            text = core.texts.staff("st.goal_write", aantal=GOAL_LIMIT, **who(client))
            await _ask_to_write(core, tx, turn, client, draft_id, data, text)


async def _ask_to_write(
    core: Core,
    tx: Transaction,
    turn: Turn,
    client: Client,
    draft_id: DraftId,
    data: Mapping[str, JsonValue],
    text: str,
) -> None:
    """Ask for a goal in words; only what is answered to this very prompt becomes one."""
    prompt = await outbox.insert_call(
        tx,
        lane=staff_lane(turn.chat_id, client),
        chat_id=turn.chat_id,
        kind=OutboxKind.STAFF,
        method="sendMessage",
        payload={
            "chat_id": turn.chat_id,
            "text": text,
            "parse_mode": "HTML",
            "reply_markup": {
                "force_reply": True,
                "input_field_placeholder": core.texts.label("st.goal_placeholder", DUTCH),
            },
        },
        frame=_PROMPT,
        client_id=client.id,
        now=turn.now,
    )
    prompts = [*_prompts(data), prompt]
    await tasks.update_draft(tx, draft_id, data={**data, "prompts": prompts})


def _prompts(data: Mapping[str, JsonValue]) -> list[JsonValue]:
    prompts = data.get("prompts")
    return prompts if isinstance(prompts, list) else []


async def take_reply(core: Core, tx: Transaction, turn: Turn, person: Staff, said: Said) -> bool:
    """Take what a coach answered to a prompt for a goal; False when it answered none.

    What answers such a prompt never goes to the client, also when the goal was made already or
    the answer cannot be a goal.
    """
    sent = await outbox.find_sent(tx, turn.chat_id, said.reply_to) if said.reply_to else None
    if sent is None or sent.frame != _PROMPT:
        return False
    found = await _draft_of(tx, person, sent.id)
    client = await _still_their_client(core, tx, turn, sent.client_id)
    if found is None or client is None:
        await say(tx, turn, core.texts.staff("st.goal_answered"), kind=OutboxKind.STAFF)
        return True
    draft_id, data = found
    try:
        words = check_goal("" if said.media else said.text)
    except PlanError:
        length = len(" ".join(said.text.split()))
        if said.media or length <= GOAL_LIMIT:
            text = core.texts.staff("st.goal_no_words", aantal=GOAL_LIMIT)
        else:
            text = core.texts.staff("st.goal_too_long", lengte=length, aantal=GOAL_LIMIT)
        await _ask_to_write(core, tx, turn, client, draft_id, data, text)
        return True
    await tasks.update_draft(tx, draft_id, data={**data, "text": words})
    text, buttons = _instruments(core, client, draft_id, words)
    await say(tx, turn, text, buttons, kind=OutboxKind.STAFF)
    return True


async def _draft_of(
    tx: Transaction, person: Staff, prompt: OutboxId
) -> tuple[DraftId, dict[str, JsonValue]] | None:
    for draft_id, data in await tasks.list_drafts(tx, person.id, _GOAL):
        if prompt in _prompts(data):
            return draft_id, data
    return None


async def _still_their_client(
    core: Core, tx: Transaction, turn: Turn, client_id: ClientId | None
) -> Client | None:
    """Return the client of a prompt, unless she has another coach by now."""
    if client_id is None:
        return None
    try:
        return (await get_goal_client(core, tx, turn, client_id))[1]
    except NotFoundError:
        return None


def _instruments(core: Core, client: Client, draft_id: DraftId, words: str) -> Screen:
    st, reference = core.texts.staff, f"pl:{client.id}:tool={draft_id}"
    buttons = in_pairs(
        *(
            Button(st(f"st.goal_tool_{tool}").capitalize(), f"{reference}.{tool}")
            for tool in Instrument
        ),
        Button(st("st.goal_btn_no_tool"), f"{reference}.{_NOTHING}"),
    )
    back = (Button(st("st.btn_drop"), f"pl:{client.id}"),)
    return st("st.goal_tool", doel=words, **who(client)), (*buttons, back)


async def finish(
    core: Core, turn: Turn, client_id: ClientId, value: str, message: TelegramMessageId
) -> None:
    """Add the goal, now that it is known what helps; a second tap adds nothing more."""
    async with taking(core, turn) as tx:
        person, client = await get_goal_client(core, tx, turn, client_id)
        number, _, tool = value.partition(".")
        if tool not in {*Instrument, _NOTHING}:
            raise no_step(value)
        draft_id = DraftId(number_in(number))
        data = await tasks.find_draft(tx, draft_id, person.id, _GOAL)
        note = ""
        if data is not None and data["client"] == client.id:
            standing = await _open_block(core, tx, turn, client)
            if standing is not None and _fits(standing, data):
                await tasks.update_draft(tx, draft_id, closed_at=turn.now)
                instrument = None if tool == _NOTHING else Instrument(tool)
                category = GoalCategory(str(data["category"]))
                await add_goal(
                    core,
                    tx,
                    turn,
                    person,
                    client,
                    standing,
                    text=str(data["text"]),
                    category=category,
                    instrument=instrument,
                )
                note = core.texts.staff("st.goal_added")
            elif turn.toast is None:
                turn.toast = core.texts.staff("st.plan_changed")
        shown = await screen(core, tx, client, now=turn.now, note=note)
        await put(tx, turn, message, shown)


def _fits(standing: Standing, data: Mapping[str, JsonValue]) -> bool:
    """Tell whether a draft is still about the block that is open, and has its words."""
    block = standing.block
    same = standing.plan.id == data["plan"] and block is not None
    return same and block is not None and block.number == data["block"] and bool(data["text"])


async def add_goal(
    core: Core,
    tx: Transaction,
    turn: Turn,
    person: Staff,
    client: Client,
    standing: Standing,
    *,
    text: str,
    category: GoalCategory,
    instrument: Instrument | None,
) -> GoalId:
    """Add a goal to the open block, and ask for its translation; errors: PlanError.

    Its words are kept as a message to the client that is not sent by itself.
    """
    if standing.block is None:
        msg = f"All blocks of plan {standing.plan.id} are closed; extend it first."
        raise PlanError(msg)
    words = check_goal(text)
    said = await messages.insert_message(
        tx,
        client_id=client.id,
        staff_id=person.id,
        direction=Direction.OUT,
        text=words,
        language=DUTCH,
        media=None,
        chat_id=turn.chat_id,
        telegram_message_id=_NO_MESSAGE,
        edits_message_id=None,
        now=turn.now,
    )
    goal_id = await storage.insert_goal(
        tx,
        plan_id=standing.plan.id,
        block=standing.block.number,
        text=words,
        message_id=said.id,
        category=category,
        instrument=instrument,
        now=turn.now,
    )
    await tasks.close_tasks(tx, kind="no_goals", about_id=standing.plan.id, now=turn.now)
    goal = await storage.get_goal(tx, goal_id)
    await words_for(core, tx, goal, client.language, now=turn.now)
    await note_deed(tx, person, "goal.added", standing.plan, now=turn.now)
    return goal_id
