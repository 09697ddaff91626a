"""Conversation: what a client or a coach writes reaches the other, and only the other."""

import unicodedata
from datetime import timedelta

from bot.domain.delivery import OutboxKind
from bot.domain.errors import NotFoundError
from bot.domain.ids import MessageId
from bot.domain.languages import ENGLISH_NAMES, guess_source
from bot.domain.localtime import is_open, next_opening_day
from bot.domain.messages import Direction, Message, MessageKind
from bot.domain.people import Client, Link, LinkState, Staff
from bot.domain.words import Word, typed_word
from bot.services import events, menu, onboarding, relay, replies
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import (
    NO_KEYBOARD,
    Button,
    give_task,
    in_pairs,
    reachable_again,
    say,
    tell_coach,
    to_staff,
)
from bot.services.relay import Said
from bot.storage import links, messages, people, tasks, worklist
from bot.storage.database import Transaction
from bot.texts import LOCALES, calendar_day, weekday

_QUIET_GAP = timedelta(hours=4)
"""After so long a silence a client is told again that her message has arrived."""

FILE_LIMIT_BYTES = 20 * 1024 * 1024
"""The largest file that Telegram lets a bot fetch."""


async def receive(core: Core, turn: Turn, said: Said) -> None:
    """Take what was said in a chat to the person it is meant for."""
    async with taking(core, turn) as tx:
        link = await links.find_link(tx, chat_id=turn.chat_id)
        if link is None:
            await onboarding.greet_stranger(core, tx, turn)
        elif link.staff_id is not None:
            await replies.receive(core, tx, turn, said)
        elif link.client_id is not None:
            client = await people.get_client(tx, link.client_id)
            await _from_client(core, tx, turn, link, client, said)


async def _from_client(
    core: Core, tx: Transaction, turn: Turn, link: Link, client: Client, said: Said
) -> None:
    word = typed_word(said.text) if said.media is None and not said.edited else None
    menu_pressed = _visible(said.text) in {
        _visible(core.texts.label("btn.menu", locale)) for locale in LOCALES
    }
    if link.state is LinkState.UNREACHABLE and link.notice_acknowledged_at:
        # She writes, so she can be reached again.
        await reachable_again(tx, link, now=turn.now)
    elif link.state is LinkState.STOPPED and word is not Word.START:
        known = menu_pressed or word in {Word.STOP, Word.MENU}
        await _after_stop(core, tx, turn, client, None if known else said)
        return
    elif link.state is not LinkState.ACTIVE:
        await onboarding.typed(core, tx, turn, link, client, word)
        return
    if word is Word.STOP:
        await menu.ask_stop(core, tx, turn, client)
        return
    if word in {Word.MENU, Word.START} or menu_pressed:
        await menu.show_client_menu(core, tx, turn, client)
        return
    if await events.take_typed(core, tx, turn, client, said, word):
        return
    if said.edited and said.media is not None and said.media.kind is MessageKind.LOCATION:
        return  # somebody who walks with a shared location would send one every few seconds
    locale = client.language
    coach = await people.get_coach(tx, client.id)
    if not said.takeable or (said.media is None and not said.text.strip()):
        await say(tx, turn, core.texts.say("ch.cannot_take", locale), client=client)
        return
    if said.media and (said.media.file_size or 0) > FILE_LIMIT_BYTES:
        await say(tx, turn, core.texts.say("ch.too_big", locale), client=client)
        return
    earlier = await messages.find_message_in_chat(tx, turn.chat_id, said.telegram_message_id)
    if relay.changes_nothing(earlier, said):
        return
    message = await _to_coach(core, tx, turn, client, coach, said, earlier)
    await _acknowledge(core, tx, turn, client, coach, message)


async def _to_coach(
    core: Core,
    tx: Transaction,
    turn: Turn,
    client: Client,
    coach: Staff,
    said: Said,
    earlier: Message | None,
) -> Message:
    """Keep what a client said and queue it for her coach; `earlier` is what an edit changes."""
    message = await messages.insert_message(
        tx,
        client_id=client.id,
        staff_id=coach.id,
        direction=Direction.IN,
        text=said.text,
        language=guess_source(said.text, client.language),
        media=said.media,
        chat_id=turn.chat_id,
        telegram_message_id=said.telegram_message_id,
        edits_message_id=earlier.id if earlier and said.edited else None,
        now=turn.now,
    )
    if message.edits_message_id is None:
        await worklist.insert_message_task(
            tx, message.id, client_id=client.id, staff_id=coach.id, now=turn.now
        )
    answers = earlier.id if earlier else await relay.message_answered(tx, turn.chat_id, said)
    coach_link = await links.find_link(tx, staff_id=coach.id)
    if coach_link is None or coach_link.state is not LinkState.ACTIVE:
        # Kept with its owner, and brought when the coach opens the chat.
        await give_task(
            core,
            tx,
            "coach_without_chat",
            f"{coach.id}:{turn.now:%Y-%m-%d}",
            None,
            now=turn.now,
            naam=coach.name,
        )
    else:
        await relay.queue(
            core,
            tx,
            message,
            client,
            coach_link,
            kind=OutboxKind.STAFF,
            now=turn.now,
            answers=answers,
            fresh=True,
        )
    return message


def _visible(text: str) -> str:
    """Return a text without direction marks, which an app may add or drop."""
    return "".join(sign for sign in text if unicodedata.category(sign) != "Cf")


async def _after_stop(
    core: Core, tx: Transaction, turn: Turn, client: Client, said: Said | None
) -> None:
    """Take the words of somebody who stopped to her coach all the same; the chat stays stopped."""
    coach = await people.get_coach(tx, client.id)
    if said and said.takeable and (said.media is not None or said.text.strip()):
        earlier = await messages.find_message_in_chat(tx, turn.chat_id, said.telegram_message_id)
        await _to_coach(core, tx, turn, client, coach, said, earlier)
    text = core.texts.say("pr.stop_done", client.language, coach=coach.name)
    await say(tx, turn, text, NO_KEYBOARD, kind=OutboxKind.ONBOARDING, client=client)


async def _acknowledge(
    core: Core, tx: Transaction, turn: Turn, client: Client, coach: Staff, message: Message
) -> None:
    """Tell her that her message arrived: for a file always, else after a silence."""
    if message.edits_message_id is not None:
        return
    locale = client.language
    organisation = core.config.organisation
    of_kind = {
        MessageKind.PHOTO: "ch.photo_in",
        MessageKind.VOICE: "ch.voice_in",
        MessageKind.DOCUMENT: "ch.document_in",
    }.get(message.kind)
    hours = core.config.hours
    last = await messages.last_message_at(tx, client.id, Direction.IN, before=message.id)
    silent = last is None or turn.now - last > _QUIET_GAP
    if silent and not is_open(turn.now, hours.office, hours.closed, organisation.zone):
        day = next_opening_day(turn.now, hours.office, hours.closed, organisation.zone)
        await say(
            tx,
            turn,
            core.texts.say(
                "ch.ooh",
                locale,
                organisatie=organisation.name,
                coach=coach.name,
                dag=weekday(day, locale),
                datum=calendar_day(day, locale),
                telefoon_hap=organisation.doctor_phone,
            ),
            in_pairs(Button(core.texts.label("btn.help_numbers", locale), "mn:help")),
            client=client,
        )
    elif of_kind is not None:
        text = core.texts.say(of_kind, locale, coach=coach.name, telefoon=organisation.phone)
        await say(tx, turn, text, client=client)
    elif silent:
        text = core.texts.say(
            "ch.received",
            locale,
            coach=coach.name,
            werkdagen=organisation.answer_working_days,
        )
        await say(tx, turn, text, client=client)


async def mark_unclear(core: Core, turn: Turn, message_id: MessageId) -> None:
    """Tell the coach that the client did not understand a message."""
    async with taking(core, turn) as tx:
        client = await menu.get_client_here(tx, turn)
        message = await messages.get_message(tx, message_id)
        if message.client_id != client.id:
            msg = f"Message {message_id} is not with client {client.code}."
            raise NotFoundError(msg)
        coach = await people.get_coach(tx, client.id)
        await _give(tx, "unclear", client, coach, turn)
        text = core.texts.staff("st.unclear", code=client.code, voornaam=client.name)
        await to_staff(tx, coach.id, text, now=turn.now, client=client, about=message)
        text = core.texts.say("ch.unclear_help", client.language, coach=coach.name)
        await say(tx, turn, text, client=client)


async def invite_to_write(core: Core, turn: Turn, text_id: str = "menu.write") -> None:
    """Tell a client that she can write now."""
    async with taking(core, turn) as tx:
        client = await menu.get_client_here(tx, turn)
        coach = await people.get_coach(tx, client.id)
        text = core.texts.say(text_id, client.language, coach=coach.name)
        await say(tx, turn, text, client=client)


async def give_help_numbers(core: Core, turn: Turn) -> None:
    """Give the emergency numbers, at any hour."""
    async with taking(core, turn) as tx:
        client = await menu.get_client_here(tx, turn)
        text = core.texts.say(
            "ch.emergency", client.language, taal_en=ENGLISH_NAMES[client.language]
        )
        button = Button(core.texts.label("btn.call_me", client.language), "mn:call")
        await say(tx, turn, text, in_pairs(button), client=client)


async def ask_for_call(core: Core, turn: Turn) -> None:
    """Tell the coach that the client wants to be phoned."""
    async with taking(core, turn) as tx:
        client = await menu.get_client_here(tx, turn)
        coach = await people.get_coach(tx, client.id)
        await _give(tx, "call_me", client, coach, turn)
        await tell_coach(core, tx, client, "st.call_me", now=turn.now)
        text = core.texts.say("ch.call_ack", client.language, coach=coach.name)
        await say(tx, turn, text, client=client)


async def _give(tx: Transaction, kind: str, client: Client, coach: Staff, turn: Turn) -> None:
    """Give the coach a task for what a client asked with a button; once for each tap."""
    await tasks.insert_task(
        tx,
        kind=kind,
        key=f"{kind}:{client.id}:{turn.inbox_id}",
        client_id=client.id,
        staff_id=coach.id,
        now=turn.now,
    )
