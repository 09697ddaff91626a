"""What a client answers to an invitation: she comes, waits for a place, chooses a time, or not."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from bot.domain.delivery import OutboxKind, Payload
from bot.domain.errors import NotFoundError
from bot.domain.events import (
    SLOTS_MOST,
    Event,
    EventMode,
    EventState,
    SignUp,
    SignUpState,
    ask_again_at,
    free_sessions,
    has_room,
    without,
)
from bot.domain.ids import EventId, TelegramMessageId
from bot.domain.people import Client, ClientStatus
from bot.domain.words import Word
from bot.services import event_words, menu
from bot.services.core import Core, Turn, taking
from bot.services.event_places import cannot_button, give_places, hears_in_time, put
from bot.services.outgoing import Button, Rows, rewrite, say
from bot.services.relay import Said
from bot.storage import events as storage
from bot.storage.database import Transaction

Screen = tuple[str, Rows]

_SLOTS_IN_A_ROW = 4


async def answer(
    core: Core,
    turn: Turn,
    event_id: EventId,
    action: str,
    message: TelegramMessageId,
    number: int | None = None,
) -> None:
    """Take a client's tap under a message about an event; the message says how it stands then.

    `number` is the time she chose. Errors: NotFoundError when there is no such event or time.
    """
    async with taking(core, turn) as tx:
        client = await menu.get_client_here(tx, turn)
        if client.status is ClientStatus.CLOSED:
            msg = f"Client {client.code} is not in care any more; nobody expects her."
            raise NotFoundError(msg)
        text, rows = await _answered(core, tx, client, event_id, action, number, turn.now)
        await rewrite(tx, turn, message, text, rows, kind=OutboxKind.ANSWER, client=client)


async def take_typed(
    core: Core, tx: Transaction, turn: Turn, client: Client, said: Said, word: Word | None
) -> bool:
    """Take a typed yes or no to a message about an event as the tap; False when it is none."""
    action = {Word.YES: "yes", Word.NO: "no"}.get(word) if word else None
    if action is None or said.reply_to is None or client.status is ClientStatus.CLOSED:
        return False
    asked = await storage.find_asked(tx, turn.chat_id, said.reply_to)
    if asked is None or _is_covered(asked[1]):
        return False
    text, rows = await _answered(core, tx, client, asked[0], action, None, turn.now)
    await say(tx, turn, text, rows, client=client)
    return True


def _is_covered(payload: Payload) -> bool:
    """Tell whether a message on a shared phone does not show yet what it is about."""
    markup = payload.get("reply_markup")
    lines = markup.get("inline_keyboard") if isinstance(markup, dict) else None
    return any(
        str(key.get("callback_data")).endswith((":show", ":open"))
        for line in (lines if isinstance(lines, list) else [])
        for key in (line if isinstance(line, list) else [])
        if isinstance(key, dict)
    )


async def _answered(
    core: Core,
    tx: Transaction,
    client: Client,
    event_id: EventId,
    action: str,
    number: int | None,
    now: datetime,
) -> Screen:
    event = await storage.lock_event(tx, event_id)
    mine = await storage.find_sign_up(tx, event_id, client.id)
    return _ended(core, event, client, mine, now, action) or await _take(
        core, tx, event, client, mine, action, number, now
    )


def _ended(
    core: Core,
    event: Event,
    client: Client,
    mine: SignUp | None,
    now: datetime,
    action: str,
) -> Screen | None:
    """Return what is left to say of an event that was cancelled or has been; None otherwise."""
    locale = client.language
    chosen = mine.session if mine and mine.state is SignUpState.COMING else None
    own = event.next_session(now, chosen)
    if event.state is EventState.CANCELLED:
        if action == "show":
            return event_words.told(core, "bc.event_cancelled", event, own, locale), ()
        return core.texts.say("bc.event_off", locale), ()
    if now >= own.starts_at:
        return core.texts.say("bc.event_over", locale), ()
    return None


async def _take(
    core: Core,
    tx: Transaction,
    event: Event,
    client: Client,
    mine: SignUp | None,
    action: str,
    number: int | None,
    now: datetime,
) -> Screen:
    if action in {"yes", "at"}:
        # Whoever stood in line before her and can be told by now has the place.
        await give_places(core, tx, event, before=client.id, now=now)
    others = without(await storage.list_sign_ups(tx, event.id), client.id)
    if action == "yes":
        return await _come(core, tx, event, client, mine, others, now)
    if action == "at" and number is not None and event.mode is EventMode.ONE:
        return await _choose(core, tx, event, client, mine, others, number, now)
    if action == "no":
        if mine is None or mine.state is not SignUpState.DECLINED:
            await put(core, tx, event, client, mine, SignUpState.DECLINED, now=now)
        return core.texts.say("bc.not_coming", client.language), event_words.invitation_buttons(
            core, event, client.language, ("yes",)
        )
    if action == "remind":
        return await _remind(core, tx, event, client, mine, now)
    if action == "show":
        return await _show(core, tx, event, client, mine, now)
    msg = f"There is no answer {action} to the invitation to event {event.id}."
    raise NotFoundError(msg)


async def _come(
    core: Core,
    tx: Transaction,
    event: Event,
    client: Client,
    mine: SignUp | None,
    others: Sequence[SignUp],
    now: datetime,
) -> Screen:
    room = has_room(event, others, now)
    if event.mode is EventMode.ONE and room:
        return _slots(core, event, client, others, now, "bc.slot")
    if mine is None or mine.state is not SignUpState.COMING:
        if not room and not hears_in_time(core, event, now):
            return _no_place(core, event, client)
        state = SignUpState.COMING if room else SignUpState.WAITING
        mine = await put(core, tx, event, client, mine, state, now=now)
    return _standing(core, event, client, mine, now)


async def _choose(
    core: Core,
    tx: Transaction,
    event: Event,
    client: Client,
    mine: SignUp | None,
    others: Sequence[SignUp],
    number: int,
    now: datetime,
) -> Screen:
    session = event.session(number)
    if session is None:
        msg = f"Event {event.id} has no time {number}."
        raise NotFoundError(msg)
    if not has_room(event, others, now):
        return await _come(core, tx, event, client, mine, others, now)
    if session not in free_sessions(event, others, now):
        return _slots(core, event, client, others, now, "bc.full")
    coming = mine is not None and mine.state is SignUpState.COMING
    if mine is None or not coming or mine.session != number:
        mine = await put(core, tx, event, client, mine, SignUpState.COMING, number, now=now)
    return _standing(core, event, client, mine, now)


async def _remind(
    core: Core, tx: Transaction, event: Event, client: Client, mine: SignUp | None, now: datetime
) -> Screen:
    """Promise another message, if there is still a moment for it; a place is not given up."""
    if mine is not None and mine.state in {SignUpState.COMING, SignUpState.WAITING}:
        return _standing(core, event, client, mine, now)
    done = await storage.list_reminded(tx, event.id, client.id)
    if not _may_ask_later(core, event, now, done):
        return _invited(core, event, client, now, later=False)
    if mine is None or not _waits(core, event, mine, done):
        mine = await put(core, tx, event, client, mine, SignUpState.LATER, now=now)
    return _standing(core, event, client, mine, now)


def _may_ask_later(core: Core, event: Event, now: datetime, done: Collection[int]) -> bool:
    rules, quiet = core.config.reminders.rules, core.config.hours.quiet
    return ask_again_at(event, now, rules, quiet, done) is not None


def _waits(core: Core, event: Event, mine: SignUp, done: Mapping[int, datetime]) -> bool:
    """Tell whether somebody is still to be asked again, as she said that she wants."""
    asked = any(at >= mine.changed_at for at in done.values())
    wants = mine.state is SignUpState.LATER and not asked
    return wants and _may_ask_later(core, event, mine.changed_at, done)


async def _show(
    core: Core, tx: Transaction, event: Event, client: Client, mine: SignUp | None, now: datetime
) -> Screen:
    """Show on a shared phone what stood behind the message that told of nothing."""
    if mine is None or mine.state is SignUpState.LATER:
        done = await storage.list_reminded(tx, event.id, client.id)
        return _invited(core, event, client, now, later=_may_ask_later(core, event, now, done))
    return _standing(core, event, client, mine, now)


# --- what she reads --------------------------------------------------------------------------


def _invited(core: Core, event: Event, client: Client, now: datetime, *, later: bool) -> Screen:
    locale = client.language
    actions = ("yes", "no", "remind") if later else ("yes", "no")
    return (
        event_words.invitation(core, event, locale, now),
        event_words.invitation_buttons(core, event, locale, actions),
    )


def _standing(core: Core, event: Event, client: Client, mine: SignUp, now: datetime) -> Screen:
    """Return how she stands, and how she changes her mind."""
    locale = client.language
    if mine.state is SignUpState.COMING:
        session = event.next_session(now, mine.session)
        text = event_words.told(core, "bc.coming", event, session, locale, rest=True)
        return text, cannot_button(core, event, client)
    if mine.state is SignUpState.WAITING:
        if not hears_in_time(core, event, now):
            return _no_place(core, event, client)
        return core.texts.say("bc.waiting", locale), cannot_button(core, event, client)
    if mine.state is SignUpState.LATER:
        buttons = event_words.invitation_buttons(core, event, locale, ("yes", "no"))
        return core.texts.say("bc.remind_later", locale), buttons
    buttons = event_words.invitation_buttons(core, event, locale, ("yes",))
    return core.texts.say("bc.not_coming", locale), buttons


def _no_place(core: Core, event: Event, client: Client) -> Screen:
    """Return that it is full, so near the start that no place could be told any more."""
    buttons = event_words.invitation_buttons(core, event, client.language, ("yes",))
    return core.texts.say("bc.no_place", client.language), buttons


def _slots(
    core: Core,
    event: Event,
    client: Client,
    others: Sequence[SignUp],
    now: datetime,
    text_id: str,
) -> Screen:
    """Return the times she can choose from, her own among them."""
    free = free_sessions(event, others, now)[:SLOTS_MOST]
    text = core.texts.say(
        text_id,
        client.language,
        activiteit=event_words.activity(core, event, client.language),
        minuten=event.sessions[0].duration_minutes,
    )
    buttons = [
        Button(each.local_time.strftime("%H:%M"), f"ev:{event.id}:at={each.number}")
        for each in free
    ]
    rows = tuple(
        tuple(buttons[start : start + _SLOTS_IN_A_ROW])
        for start in range(0, len(buttons), _SLOTS_IN_A_ROW)
    )
    return text, rows
