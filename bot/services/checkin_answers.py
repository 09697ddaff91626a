"""What a client answers to the monthly question: how she is, when and how she wants to talk.

An answer is never a conversation: nothing here satisfies a month.
"""

from datetime import datetime

from bot.domain.checkins import OTHER_TIME, CheckIn, Mood
from bot.domain.contacts import Channel
from bot.domain.delivery import OutboxKind
from bot.domain.errors import NotFoundError
from bot.domain.ids import CheckInId, TelegramMessageId
from bot.domain.languages import DUTCH
from bot.domain.people import Client, Staff
from bot.domain.periods import Period, PeriodState
from bot.services import checkins, duties, menu
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import Button, Rows, in_pairs, rewrite, say, take_buttons_away, to_staff
from bot.storage import checkins as storage
from bot.storage import people, tasks
from bot.storage.database import Transaction
from bot.texts import Value

_SAID = {Mood.GOOD: "mc.good", Mood.OKAY: "mc.okay"}

HOW = {
    "office": Channel.OFFICE,
    "phone": Channel.PHONE,
    "video": Channel.VIDEO,
    "work": Channel.WORKPLACE,
}
"""What a client may tap when asked how she wants to talk."""

Shown = tuple[str, Rows]
"""What the tapped message is to say now."""


async def answer(
    core: Core,
    turn: Turn,
    check_in_id: CheckInId,
    action: str,
    message: TelegramMessageId,
) -> None:
    """Take a client's tap under the monthly question or under what followed it."""
    async with taking(core, turn) as tx:
        client = await menu.get_client_here(tx, turn)
        check_in = await storage.get_check_in(tx, check_in_id)
        if check_in.client_id != client.id:
            msg = f"Check-in {check_in_id} is not of client {client.code}."
            raise NotFoundError(msg)
        verb, _, detail = action.partition("=")
        if verb == Mood.CALL:  # nobody who asks to be phoned is told that it is too late
            await _call(core, tx, turn, client, check_in, message)
            return
        shown: Shown | None
        period = await checkins.period_of(core, tx, client, check_in, now=turn.now)
        about_time = verb in {"slot", "how", "other"}
        planned = period is not None and period.state is PeriodState.PLANNED
        if period is None or not (period.is_waiting or (planned and not about_time)):
            shown = _gone(core, client, verb)
        elif verb == "slot":
            shown = await _slot(core, tx, turn, client, check_in, period, int(detail))
        elif verb == "how":
            shown = await _how(core, tx, turn, client, check_in, period, HOW[detail])
        elif verb == "other":
            first = check_in.slot is None
            shown = await _seek_other(core, tx, client, check_in, now=turn.now) if first else None
        else:
            await _mood(core, tx, turn, client, check_in, period, Mood(verb), message)
            return
        if shown is not None:
            text, buttons = shown
            kind = OutboxKind.ANSWER
            await rewrite(tx, turn, message, text, buttons, kind=kind, client=client)


def _gone(core: Core, client: Client, verb: str) -> Shown:
    """Say that the question is not needed any more; whoever is not well still finds the way."""
    buttons = _help_buttons(core, client) if verb == Mood.BAD else ()
    return core.texts.say("mc.gone", client.language), buttons


def _help_buttons(core: Core, client: Client) -> Rows:
    return in_pairs(
        Button(core.texts.label("btn.call_me", client.language), "mn:call"),
        Button(core.texts.label("btn.help_numbers", client.language), "mn:help"),
    )


async def _mood(
    core: Core,
    tx: Transaction,
    turn: Turn,
    client: Client,
    check_in: CheckIn,
    period: Period,
    mood: Mood,
    message: TelegramMessageId,
) -> None:
    """Take how she is; the second of two quick taps does nothing."""
    # Whoever taps a cheerful answer by mistake is still heard when she taps the other.
    once = "well" if mood in _SAID else mood
    if not await tasks.note_tap(tx, f"mc:{check_in.id}:{once}", turn.now):
        return
    await _heard(tx, client, check_in, period, mood, now=turn.now)
    await take_buttons_away(tx, turn, message, kind=OutboxKind.ANSWER)
    coach = await people.get_coach(tx, client.id)
    buttons: Rows = ()
    if mood is Mood.BAD:
        phone = core.config.organisation.phone
        text = core.texts.say("mc.bad", client.language, coach=coach.name, telefoon=phone)
        buttons = _help_buttons(core, client)
        await _give(tx, "checkin_bad", coach, client, check_in, now=turn.now)
        write = Button(core.texts.staff("st.btn_write"), f"wr:{client.id}")
        await _tell(core, tx, client, "st.checkin_bad", in_pairs(write), now=turn.now)
    elif mood is Mood.TELL:
        text = core.texts.say("menu.write", client.language, coach=coach.name)
    else:
        text = core.texts.say(_SAID[mood], client.language)
        if period.is_waiting and check_in.slot is None:
            more, buttons = await _offer(core, tx, client, check_in, period, now=turn.now)
            text += "\n" + more
    await say(tx, turn, text, buttons, client=client)


async def _heard(
    tx: Transaction,
    client: Client,
    check_in: CheckIn,
    period: Period,
    mood: Mood,
    *,
    now: datetime,
) -> None:
    """Keep that she answered: nobody need phone her any more because she was silent."""
    await storage.set_answer(tx, check_in.id, mood, now=now)
    await tasks.close_task(tx, checkins.call_key(client.id, period), now=now)


async def _call(
    core: Core,
    tx: Transaction,
    turn: Turn,
    client: Client,
    check_in: CheckIn,
    message: TelegramMessageId,
) -> None:
    """Pass on that she wants to be phoned, with the task to do so."""
    if not await tasks.note_tap(tx, f"mc:{check_in.id}:{Mood.CALL}", turn.now):
        return
    await storage.set_answer(tx, check_in.id, Mood.CALL, now=turn.now)
    await take_buttons_away(tx, turn, message, kind=OutboxKind.ANSWER)
    await _tell(core, tx, client, "st.call_me", now=turn.now)
    coach = await people.get_coach(tx, client.id)
    await tasks.insert_task(
        tx,
        kind="call_me",
        key=f"call_me:check_in:{check_in.id}",
        client_id=client.id,
        staff_id=coach.id,
        now=turn.now,
    )
    text = core.texts.say("ch.call_ack", client.language, coach=coach.name)
    await say(tx, turn, text, client=client)


# --- a time to talk --------------------------------------------------------------------------


async def _offer(
    core: Core,
    tx: Transaction,
    client: Client,
    check_in: CheckIn,
    period: Period,
    *,
    now: datetime,
) -> Shown:
    """Return the question when she can, with times; without any her coach seeks one."""
    coach = await people.get_coach(tx, client.id)
    found = await checkins.propose_for(
        core,
        tx,
        coach,
        until=period.target or period.month.last,
        not_before=period.month.first,
        besides=client.id,
        now=now,
    )
    offered = tuple(dict.fromkeys((*check_in.slots, *found)))
    await storage.set_slots(tx, check_in.id, offered)
    if not found:
        return await _seek_other(core, tx, client, check_in, now=now)
    text = core.texts.say("mc.plan", client.language, coach=coach.name)
    rows = [
        (
            Button(
                checkins.slot_label(core, slot, client.language),
                f"mc:{check_in.id}:slot={offered.index(slot)}",
            ),
        )
        for slot in found
    ]
    return text, (*rows, (checkins.button(core, client, check_in, "btn.other_time", "other"),))


async def _slot(
    core: Core,
    tx: Transaction,
    turn: Turn,
    client: Client,
    check_in: CheckIn,
    period: Period,
    number: int,
) -> Shown | None:
    """Keep the time she chose and ask how; no words for the second of two quick taps."""
    if number >= len(check_in.slots):
        msg = f"Check-in {check_in.id} proposed no time {number}."
        raise NotFoundError(msg)
    if check_in.slot is not None:
        return None
    coach = await people.get_coach(tx, client.id)
    slot = check_in.slots[number]
    if not await checkins.is_open(core, tx, coach, client, slot, now=turn.now):
        return await _offer(core, tx, client, check_in, period, now=turn.now)
    await storage.choose_slot(tx, check_in.id, number)
    await _give(tx, "slot", coach, client, check_in, now=turn.now)
    buttons = in_pairs(
        *(checkins.button(core, client, check_in, f"btn.how_{way}", f"how={way}") for way in HOW)
    )
    return core.texts.say("mc.how", client.language), buttons


async def _how(
    core: Core,
    tx: Transaction,
    turn: Turn,
    client: Client,
    check_in: CheckIn,
    period: Period,
    how: Channel,
) -> Shown | None:
    """Pass on the time she chose and how she wants to talk; her coach makes it an appointment."""
    slot = check_in.chosen
    if slot is None or check_in.how is not None:
        return None
    coach = await people.get_coach(tx, client.id)
    if not await checkins.is_open(core, tx, coach, client, slot, now=turn.now):
        return await _offer(core, tx, client, check_in, period, now=turn.now)
    await storage.set_how(tx, check_in.id, how)
    await _tell(
        core,
        tx,
        client,
        "st.slot_chosen",
        in_pairs(
            checkins.plan_button(core, client, slot, core.texts.staff("st.btn_slot_plan")),
            Button(core.texts.staff("st.btn_slot_other"), f"cs:{client.id}:plan"),
        ),
        now=turn.now,
        wanneer=checkins.slot_label(core, slot, DUTCH),
        hoe=core.texts.staff(f"st.how_{how}"),
    )
    return core.texts.say("mc.plan_ack", client.language, coach=coach.name), ()


async def _seek_other(
    core: Core, tx: Transaction, client: Client, check_in: CheckIn, *, now: datetime
) -> Shown:
    """Have her coach seek another time."""
    await storage.choose_slot(tx, check_in.id, OTHER_TIME)
    coach = await people.get_coach(tx, client.id)
    await _give(tx, "slot", coach, client, check_in, now=now)
    button = Button(core.texts.staff("st.btn_slot_plan"), f"cs:{client.id}:plan")
    await _tell(core, tx, client, "st.slot_other", in_pairs(button), now=now)
    return core.texts.say("mc.other_ack", client.language, coach=coach.name), ()


async def _give(
    tx: Transaction,
    kind: str,
    coach: Staff,
    client: Client,
    check_in: CheckIn,
    *,
    now: datetime,
) -> None:
    await tasks.insert_task(
        tx,
        kind=kind,
        key=f"{kind}:{check_in.id}",
        client_id=client.id,
        staff_id=coach.id,
        about_id=check_in.id,
        now=now,
    )


async def _tell(
    core: Core,
    tx: Transaction,
    client: Client,
    text_id: str,
    buttons: Rows = (),
    *,
    now: datetime,
    **values: Value,
) -> None:
    """Tell whoever answers for her today: her coach, or who stands in."""
    coach = await people.get_coach(tx, client.id)
    owner = await duties.owner_of(core, tx, coach.id, today=core.today(now))
    text = core.texts.staff(text_id, code=client.code, voornaam=client.name, **values)
    await to_staff(tx, owner, text, buttons, now=now, client=client)
