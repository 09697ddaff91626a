"""How services put calls into the outbox: addressed, in their lane, and not in quiet hours."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.appointments import Appointment
from bot.domain.delivery import JsonValue, OutboxKind, Payload
from bot.domain.ids import ChatId, ClientId, OutboxId, StaffId, TelegramMessageId
from bot.domain.localtime import after_quiet_hours
from bot.domain.messages import Message
from bot.domain.people import Client, Link, LinkState, Role
from bot.services.core import Core, Turn
from bot.storage import links, outbox, people, tasks
from bot.storage.database import Transaction

HELD_IN_QUIET_HOURS = frozenset(
    {
        OutboxKind.CONVERSATION,
        OutboxKind.APPOINTMENT,
        OutboxKind.REMINDER,
        OutboxKind.BROADCAST,
    }
)
"""Everything else answers what the person just did, or cannot wait."""

WORTH_BRINGING = timedelta(days=14)
"""What was held for somebody who could not be reached is still brought after so long."""


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message: what it says, and the short id it sends back."""

    label: str
    data: str


Rows = tuple[tuple[Button, ...], ...]


def in_pairs(*buttons: Button) -> Rows:
    """Lay buttons out two in a row, as they fit a narrow phone."""
    return tuple(buttons[start : start + 2] for start in range(0, len(buttons), 2))


def inline(rows: Rows) -> JsonValue:
    """Return the rows as Telegram's inline keyboard."""
    return {
        "inline_keyboard": [
            [{"text": button.label, "callback_data": button.data} for button in row]
            for row in rows
        ]
    }


def keyboard(*rows: tuple[str, ...]) -> JsonValue:
    """Return a reply keyboard that stays under the chat."""
    return {
        "keyboard": [[{"text": label} for label in row] for row in rows],
        "resize_keyboard": True,
        "is_persistent": True,
    }


NO_KEYBOARD: JsonValue = {"remove_keyboard": True}
"""Takes away the reply keyboard of a chat in which nothing more is to be chosen."""


def text_payload(
    chat_id: ChatId, text: str, markup: Rows | JsonValue = None
) -> dict[str, JsonValue]:
    """Return the parameters of sendMessage for a text in Telegram's HTML."""
    payload: dict[str, JsonValue] = {"chat_id": chat_id, "text": text, "parse_mode": "HTML"}
    if markup:
        payload["reply_markup"] = inline(markup) if isinstance(markup, tuple) else markup
    return payload


def chat_lane(chat_id: ChatId) -> str:
    """Return the lane of what answers a person at once."""
    return f"chat:{chat_id}"


def day_lane(client_id: ClientId) -> str:
    """Return the lane of what is held for a client in quiet hours."""
    return f"client:{client_id}"


def client_lane(core: Core, client: Client, kind: OutboxKind, now: datetime) -> str:
    """Return the lane of what is sent to a client when its time comes.

    What may go out in quiet hours must not queue behind what is held until the morning.
    """
    lane = day_lane(client.id)
    if kind is OutboxKind.URGENT:
        return f"{lane}:urgent"  # never behind what may wait for the morning
    if kind is OutboxKind.REMINDER:
        return f"{lane}:reminder"  # a conversation does not wait for a reminder's turn
    quiet = hold_until(core, OutboxKind.CONVERSATION, now) > now
    return f"{lane}:night" if quiet and kind not in HELD_IN_QUIET_HOURS else lane


def staff_lane(chat_id: ChatId, client: Client) -> str:
    """Return a client's own lane in a staff chat, so that clients never hold each other up."""
    return f"chat:{chat_id}:client:{client.id}"


async def call_here(
    tx: Transaction,
    turn: Turn,
    method: str,
    payload: Payload,
    *,
    kind: OutboxKind,
    client: Client | None = None,
) -> None:
    """Queue a call to the chat whose update is being handled."""
    await outbox.insert_call(
        tx,
        lane=chat_lane(turn.chat_id),
        chat_id=turn.chat_id,
        kind=kind,
        method=method,
        payload=payload,
        client_id=client.id if client else None,
        now=turn.now,
    )


async def say(
    tx: Transaction,
    turn: Turn,
    text: str,
    markup: Rows | JsonValue = None,
    *,
    kind: OutboxKind = OutboxKind.ANSWER,
    client: Client | None = None,
) -> None:
    """Answer the person whose update is being handled."""
    payload = text_payload(turn.chat_id, text, markup)
    await call_here(tx, turn, "sendMessage", payload, kind=kind, client=client)


async def rewrite(
    tx: Transaction,
    turn: Turn,
    telegram_message_id: TelegramMessageId,
    text: str,
    markup: Rows | JsonValue = None,
    *,
    kind: OutboxKind,
    client: Client | None = None,
) -> None:
    """Change the message whose button was tapped."""
    payload = text_payload(turn.chat_id, text, markup) | {"message_id": telegram_message_id}
    await call_here(tx, turn, "editMessageText", payload, kind=kind, client=client)


async def take_buttons_away(
    tx: Transaction, turn: Turn, telegram_message_id: TelegramMessageId, *, kind: OutboxKind
) -> None:
    """Remove the buttons of a message that has been answered."""
    payload: Payload = {"chat_id": turn.chat_id, "message_id": telegram_message_id}
    await call_here(tx, turn, "editMessageReplyMarkup", payload, kind=kind)


def hold_until(core: Core, kind: OutboxKind, now: datetime) -> datetime:
    """Return when a call of this kind may go to a client: now, or after the quiet hours."""
    if kind not in HELD_IN_QUIET_HOURS:
        return now
    return after_quiet_hours(now, core.config.hours.quiet, core.config.organisation.zone)


async def to_client(
    core: Core,
    tx: Transaction,
    client: Client,
    text: str,
    markup: Rows | JsonValue = None,
    *,
    kind: OutboxKind,
    now: datetime,
    appointment: Appointment | None = None,
    valid_until: datetime | None = None,
) -> bool:
    """Send a client something; False when she has no live link, and then nothing is queued."""
    link = await live_link(tx, client)
    if link is None:
        return False
    await outbox.insert_call(
        tx,
        lane=client_lane(core, client, kind, now),
        chat_id=link.chat_id,
        kind=kind,
        method="sendMessage",
        payload=text_payload(link.chat_id, text, markup),
        client_id=client.id,
        appointment_id=appointment.id if appointment else None,
        appointment_revision=appointment.revision if appointment else None,
        valid_until=valid_until,
        now=now,
        not_before=hold_until(core, kind, now),
    )
    return True


async def to_client_now(tx: Transaction, client: Client, text: str, *, now: datetime) -> None:
    """Answer a client about what she just did, at any hour, if her link is live."""
    link = await live_link(tx, client)
    if link is not None:
        await outbox.insert_call(
            tx,
            lane=chat_lane(link.chat_id),
            chat_id=link.chat_id,
            kind=OutboxKind.ANSWER,
            method="sendMessage",
            payload=text_payload(link.chat_id, text),
            client_id=client.id,
            now=now,
        )


async def to_staff(
    tx: Transaction,
    staff_id: StaffId,
    text: str,
    markup: Rows | JsonValue = None,
    *,
    now: datetime,
    client: Client | None = None,
    about: Message | None = None,
) -> OutboxId | None:
    """Tell a member of staff something; without a chat it is kept (None) until there is one.

    `about` is their own message that it points at.
    """
    link = await links.find_link(tx, staff_id=staff_id)
    if link is None or link.state is not LinkState.ACTIVE:
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        await tasks.insert_task(
            tx,
            kind="notice",
            key=f"notice:{staff_id}:{now.isoformat()}:{digest}",
            client_id=client.id if client else None,
            staff_id=staff_id,
            words=text,
            now=now,
        )
        return None
    payload = text_payload(link.chat_id, text, markup)
    if about is not None and about.chat_id == link.chat_id:
        payload["reply_parameters"] = {
            "message_id": about.telegram_message_id,
            "allow_sending_without_reply": True,
        }
    return await outbox.insert_call(
        tx,
        lane=staff_lane(link.chat_id, client) if client else chat_lane(link.chat_id),
        chat_id=link.chat_id,
        kind=OutboxKind.STAFF,
        method="sendMessage",
        payload=payload,
        client_id=client.id if client else None,
        message_id=about.id if about else None,
        now=now,
    )


async def tell_coach(
    core: Core,
    tx: Transaction,
    client: Client,
    text_id: str,
    markup: Rows | JsonValue = None,
    *,
    now: datetime,
    **values: str | int,
) -> None:
    """Tell a client's coach something about her."""
    coach = await people.get_coach(tx, client.id)
    text = core.texts.staff(text_id, code=client.code, voornaam=client.name, **values)
    await to_staff(tx, coach.id, text, markup, now=now, client=client)


async def give_task(
    core: Core,
    tx: Transaction,
    kind: str,
    key: str,
    client: Client | None,
    *,
    now: datetime,
    **values: str | int,
) -> None:
    """Give the client's coach a task once for each key, and say so in the chat.

    Without a client the coordinators get it. `kind` names the text as well: `st.<kind>`.
    """
    if client is not None:
        owners = [await people.get_coach(tx, client.id)]
        values |= {"code": client.code, "voornaam": client.name}
    else:
        owners = await people.list_staff(tx, Role.COORDINATOR) or await people.list_staff(tx)
    for owner in owners:
        new = await tasks.insert_task(
            tx,
            kind=kind,
            key=f"{kind}:{key}:{owner.id}",
            client_id=client.id if client else None,
            staff_id=owner.id,
            now=now,
        )
        if new:
            text = core.texts.staff(f"st.{kind}", **values)
            await to_staff(tx, owner.id, text, now=now, client=client)


async def reachable_again(tx: Transaction, link: Link, *, now: datetime) -> None:
    """Note that somebody can be reached, and let go what was held for her meanwhile."""
    await links.update_link(tx, link.id, state=LinkState.ACTIVE)
    if link.client_id is not None:
        await release_held(tx, link.client_id, now=now)


async def release_held(tx: Transaction, client_id: ClientId, *, now: datetime) -> None:
    """Have what was held for a client looked at again: it goes now, or its writer is told."""
    await outbox.release_client(tx, client_id, since=now - WORTH_BRINGING)


async def live_link(tx: Transaction, client: Client) -> Link | None:
    """Return the client's link if she may be written to: active, and the notice acknowledged."""
    link = await links.find_link(tx, client_id=client.id)
    if link is None or link.state is not LinkState.ACTIVE:
        return None
    return link if link.notice_acknowledged_at else None
