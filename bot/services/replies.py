"""What a coach writes reaches one client: the one replied to, or the one chosen; never a guess."""

from dataclasses import asdict
from datetime import timedelta

from bot.domain.contacts import CONTACT_ROLES
from bot.domain.delivery import JsonValue, OutboxKind
from bot.domain.ids import ClientId, DraftId, MessageId, TelegramMessageId
from bot.domain.languages import DUTCH, DUTCH_NAMES
from bot.domain.messages import Direction, Media, Message, MessageKind
from bot.domain.people import Client, Role, Staff
from bot.domain.words import Word, typed_word
from bot.services import (
    broadcast_text_writing,
    caseload,
    employer_screens,
    event_making,
    film_writing,
    goal_writing,
    menu,
    relay,
    worklist,
)
from bot.services.core import Core, Turn, taking
from bot.services.outgoing import (
    Button,
    hold_until,
    in_pairs,
    live_link,
    rewrite,
    say,
    staff_lane,
)
from bot.services.relay import Said, message_answered
from bot.storage import messages, outbox, people, tasks
from bot.storage import worklist as worklist_storage
from bot.storage.database import Transaction

_JUST_SPOKE = timedelta(minutes=15)
"""An answer within this time may reach her in quiet hours too."""


async def receive(core: Core, tx: Transaction, turn: Turn, said: Said) -> None:
    """Take what a member of staff said to the one client it is meant for."""
    person = await menu.get_staff_here(core, tx, turn)
    if await goal_writing.take_reply(core, tx, turn, person, said):
        return
    if await film_writing.take_reply(core, tx, turn, person, said):
        return
    if await event_making.take_reply(core, tx, turn, person, said):
        return
    if await broadcast_text_writing.take_reply(core, tx, turn, person, said):
        return
    to_bot = said.reply_to is None and not said.edited
    companies = said.text == core.texts.staff("st.btn_employers")
    leads_nobody = not {*CONTACT_ROLES, Role.COORDINATOR} & set(person.roles)
    asks = typed_word(said.text) in {Word.MENU, Word.START}
    if to_bot and (companies or (leads_nobody and asks)):
        await employer_screens.say_companies(core, tx, turn, person)
        return
    if to_bot and (
        said.text == core.texts.staff("st.btn_clients")
        or typed_word(said.text) in {Word.MENU, Word.START}
    ):
        await caseload.show_clients(core, tx, turn, person)
        return
    if to_bot and said.text == core.texts.staff("st.btn_worklist"):
        await worklist.show_worklist(core, tx, turn)
        return
    if not said.takeable or (said.media is None and not said.text.strip()):
        await say(tx, turn, core.texts.staff("st.cannot_take"), kind=OutboxKind.STAFF)
        return
    earlier = await messages.find_message_in_chat(tx, turn.chat_id, said.telegram_message_id)
    client_id = (
        earlier.client_id if earlier and said.edited else await _client_meant(tx, turn, said)
    )
    live = said.media is not None and said.media.kind is MessageKind.LOCATION
    if relay.changes_nothing(earlier, said) or (said.edited and live):
        return  # who walks with a shared location would send one every few seconds
    if said.edited and earlier is None:
        await _correct_draft(tx, person, said)
        return
    if client_id is None:
        await _ask_for_whom(core, tx, turn, person, said)
        return
    client = await menu.get_own_client(tx, person, client_id)
    await _to_client(core, tx, turn, person, client, said, earlier=earlier)


async def _to_client(
    core: Core,
    tx: Transaction,
    turn: Turn,
    coach: Staff,
    client: Client,
    said: Said,
    *,
    earlier: Message | None,
) -> bool:
    """Send what a coach wrote to a client; False, with a word to the coach, if it cannot."""
    link = await live_link(tx, client)
    who = {"code": client.code, "voornaam": client.name}
    if link is None:
        text = core.texts.staff(
            "st.cannot_reach", stand=await menu.link_words(core, tx, client), **who
        )
        await say(tx, turn, text, kind=OutboxKind.STAFF, client=client)
        return False
    if earlier is not None:
        await outbox.retire_message(tx, earlier.id, now=turn.now)
    message = await messages.insert_message(
        tx,
        client_id=client.id,
        staff_id=coach.id,
        direction=Direction.OUT,
        text=said.text,
        language=DUTCH,
        media=said.media,
        chat_id=turn.chat_id,
        telegram_message_id=said.telegram_message_id,
        edits_message_id=earlier.id if earlier else None,
        now=turn.now,
    )
    if earlier is None:  # a correction of older words answers nothing that came after them
        await worklist_storage.close_message_tasks(tx, client.id, now=turn.now)
    spoke = await messages.last_message_at(tx, client.id, Direction.IN, before=message.id)
    prompt = spoke is not None and turn.now - spoke <= _JUST_SPOKE
    await relay.queue(
        core,
        tx,
        message,
        client,
        link,
        kind=OutboxKind.ANSWER if prompt else OutboxKind.CONVERSATION,
        now=turn.now,
        answers=earlier.id if earlier else await message_answered(tx, turn.chat_id, said),
    )
    await _say_if_held(core, tx, turn, client, prompt=prompt)
    return True


async def _say_if_held(
    core: Core, tx: Transaction, turn: Turn, client: Client, *, prompt: bool
) -> None:
    until = hold_until(core, OutboxKind.ANSWER if prompt else OutboxKind.CONVERSATION, turn.now)
    if until > turn.now:
        clock = until.astimezone(core.config.organisation.zone).strftime("%H:%M")
        text = core.texts.staff("st.sent_held", code=client.code, voornaam=client.name, tijd=clock)
        await say(tx, turn, text, kind=OutboxKind.STAFF, client=client)


async def _client_meant(tx: Transaction, turn: Turn, said: Said) -> ClientId | None:
    """Return the client whose message, or the prompt about whom, was replied to."""
    if said.reply_to is None:
        return None
    sent = await outbox.find_sent(tx, turn.chat_id, said.reply_to)
    if sent is not None:
        return sent.client_id
    own = await messages.find_message_in_chat(tx, turn.chat_id, said.reply_to)
    return own.client_id if own else None


async def _correct_draft(tx: Transaction, coach: Staff, said: Said) -> None:
    """Put corrected words into the draft that still waits to hear for whom it is."""
    for draft_id, data in await tasks.list_drafts(tx, coach.id, "message"):
        if data["telegram_message_id"] == said.telegram_message_id:
            await tasks.update_draft(tx, draft_id, data={**data, "text": said.text})


async def _ask_for_whom(core: Core, tx: Transaction, turn: Turn, coach: Staff, said: Said) -> None:
    """Keep a message that names nobody, and ask whom it is for; nothing is guessed."""
    own_clients = await people.list_clients_of(tx, coach.id)
    if not own_clients:
        await say(tx, turn, core.texts.staff("st.no_clients"), kind=OutboxKind.STAFF)
        return
    data: dict[str, JsonValue] = {
        "telegram_message_id": said.telegram_message_id,
        "text": said.text,
        "media": asdict(said.media) if said.media else None,
    }
    draft_id = await tasks.insert_draft(
        tx, staff_id=coach.id, kind="message", data=data, now=turn.now
    )
    buttons = in_pairs(
        *(
            Button(f"{client.name} ({client.code})", f"dr:{draft_id}:{client.id}")
            for client in own_clients[: menu.LIST_LIMIT]
        )
    )
    await say(tx, turn, core.texts.staff("st.who_for"), buttons, kind=OutboxKind.STAFF)


async def send_draft(
    core: Core,
    turn: Turn,
    draft_id: DraftId,
    client_id: ClientId,
    question: TelegramMessageId,
) -> None:
    """Send a kept message to the client that the coach has now named."""
    async with taking(core, turn) as tx:
        coach = await menu.get_staff_here(core, tx, turn)
        data = await tasks.find_draft(tx, draft_id, coach.id, "message")
        if data is None:
            turn.toast = core.texts.staff("st.draft_gone")
            return
        client = await menu.get_own_client(tx, coach, client_id)
        media = data["media"]
        said = Said(
            telegram_message_id=TelegramMessageId(int(str(data["telegram_message_id"]))),
            text=str(data["text"]),
            media=Media(**{**media, "kind": MessageKind(str(media["kind"]))})
            if isinstance(media, dict)
            else None,
        )
        if not await _to_client(core, tx, turn, coach, client, said, earlier=None):
            return  # the question stays, for another choice
        await tasks.update_draft(tx, draft_id, closed_at=turn.now)
        text = core.texts.staff("st.sent_to", code=client.code, voornaam=client.name)
        await rewrite(tx, turn, question, text, kind=OutboxKind.STAFF, client=client)


async def prompt_for(
    core: Core, turn: Turn, client_id: ClientId, message_id: MessageId | None
) -> None:
    """Ask a coach for a message to one client; the reply to this prompt goes to her alone."""
    async with taking(core, turn) as tx:
        coach = await menu.get_staff_here(core, tx, turn)
        client = await menu.get_own_client(tx, coach, client_id)
        who = {"code": client.code, "voornaam": client.name}
        if await live_link(tx, client) is None:
            text = core.texts.staff(
                "st.cannot_reach", stand=await menu.link_words(core, tx, client), **who
            )
            await say(tx, turn, text, kind=OutboxKind.STAFF, client=client)
            return
        text = core.texts.staff("st.write_prompt", taal=DUTCH_NAMES[client.language], **who)
        placeholder = core.texts.label("st.write_placeholder", DUTCH, voornaam=client.name)
        await outbox.insert_call(
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
                    "input_field_placeholder": placeholder[:64],
                },
            },
            client_id=client.id,
            message_id=message_id,
            now=turn.now,
        )
