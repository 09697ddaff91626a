"""Everything the control API can do, as plain Python: tests call it without HTTP."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.simulator.botapi import BotApi
from bot.simulator.errors import ControlError
from bot.simulator.exchange import Exchange
from bot.simulator.faults import ANY_METHOD, Fault, Faults
from bot.simulator.media import MediaKind
from bot.simulator.model import ChatId, Phone
from bot.simulator.params import Upload
from bot.simulator.people import People
from bot.simulator.stepping import Stepper
from bot.simulator.values import JsonObject, as_int, as_object, as_text


class Desk:
    """The operator's desk: phones, clock, faults and what stands in the chats.

    A change lasts from the moment its call returns. Every refusal is a ControlError.
    """

    def __init__(
        self, exchange: Exchange, people: People, stepper: Stepper, faults: Faults, api: BotApi
    ) -> None:
        self._x = exchange
        self._people = people
        self._stepper = stepper
        self._faults = faults
        self._api = api

    def _kept(self, result: JsonObject) -> JsonObject:
        # Whoever holds the clock may have moved it without a step.
        self._stepper.keep_offset()
        self._x.store.commit()
        return result

    # -- looking --------------------------------------------------------------------------

    async def state(self) -> JsonObject:
        """Give everything the page shows."""
        return {
            "bot": {
                "id": self._x.bot_id,
                "username": self._x.bot_username,
                "first_name": self._x.profile.name(),
            },
            "clock": await self._stepper.view(),
            "phones": [self._x.phone_view(chat_id) for chat_id in self._x.phones],
            "messages": {str(chat_id): self._x.messages(chat_id) for chat_id in self._x.phones},
        }

    def phone(self, chat_id: int) -> JsonObject:
        """Give one phone as it stands."""
        return self._x.phone_view(self._people.chat(chat_id).chat_id)

    def messages(self, chat_id: int, after: int = 0) -> list[JsonObject]:
        """Give the messages that stand in a chat, those with a higher id than `after`."""
        return self._x.messages(self._people.chat(chat_id).chat_id, after)

    def callback(self, query_id: str) -> JsonObject:
        """Say whether and how a tap was answered."""
        callback = self._x.callbacks.get(query_id)
        if callback is None:
            raise ControlError(f"There is no callback {query_id}.", 404)
        return {"text": None, "show_alert": False, **callback}

    def requests(self, after: int = 0) -> list[JsonObject]:
        """Give the log of Bot API requests, those with a higher number than `after`."""
        return [entry for entry in self._api.log if as_int(entry["n"]) > after]

    async def wait_for(
        self,
        *,
        chat_id: int | None = None,
        text_contains: str | None = None,
        count: int = 1,
        after: int = 0,
        outgoing: bool | None = None,
        timeout_seconds: float = 10.0,
    ) -> list[JsonObject]:
        """Wait until `count` matching messages stand in a chat, and give them.

        `text_contains` looks in texts, captions and button labels. ControlError 408 says what
        was there instead when `timeout_seconds` of real time passed.
        """
        chats = list(self._x.phones) if chat_id is None else [self._people.chat(chat_id).chat_id]

        def matching() -> list[JsonObject]:
            return [
                message
                for chat in chats
                for message in self._x.messages(ChatId(chat), after)
                if (text_contains is None or text_contains in words_of(message))
                and outgoing in {None, as_object(message["sim"])["outgoing"]}
            ]

        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_seconds
        while len(found := matching()) < count:
            if self._x.hub.closed:
                raise ControlError("The simulator stops; nothing more will come.", 503)
            if not await self._x.hub.changed.wait(max(until - loop.time(), 0)):
                raise ControlError(
                    f"Only {len(found)} of {count} matching messages came within "
                    f"{timeout_seconds:g} s.",
                    408,
                )
        return found

    # -- people ---------------------------------------------------------------------------

    def put_phone(self, phone: Phone) -> JsonObject:
        """Add a phone, or replace what is said about it; its messages stay."""
        self._x.put_phone(phone)
        return self._kept(self._x.phone_view(ChatId(phone.user_id)))

    def say(
        self,
        chat_id: int,
        text: str,
        *,
        reply_to_message_id: int | None = None,
        quote: str | None = None,
        message_thread_id: int | None = None,
    ) -> JsonObject:
        """Let the phone's owner write; see `People.say`."""
        return self._kept(
            self._people.say(
                chat_id,
                text,
                reply_to_message_id=reply_to_message_id,
                quote=quote,
                message_thread_id=message_thread_id,
            )
        )

    def edit(self, chat_id: int, message_id: int, text: str) -> JsonObject:
        """Let the phone's owner change an own message."""
        return self._kept(self._people.edit(chat_id, message_id, text))

    def delete(self, chat_id: int, message_id: int) -> JsonObject:
        """Let the phone's owner delete a message."""
        return self._kept(self._people.delete(chat_id, message_id))

    def react(self, chat_id: int, message_id: int, emoji: str) -> JsonObject:
        """Let the phone's owner put an emoji on a message."""
        return self._kept(self._people.react(chat_id, message_id, emoji))

    def tap(
        self,
        chat_id: int,
        *,
        message_id: int | None = None,
        button: tuple[int, int] | None = None,
        data: str | None = None,
        label: str | None = None,
        raw_data: str | None = None,
    ) -> JsonObject:
        """Let the phone's owner tap a button; see `People.tap`."""
        return self._kept(
            self._people.tap(
                chat_id,
                message_id=message_id,
                button=button,
                data=data,
                label=label,
                raw_data=raw_data,
            )
        )

    def upload(
        self,
        chat_id: int,
        kind: MediaKind,
        content: bytes,
        *,
        file_name: str,
        mime: str = "application/octet-stream",
        caption: str = "",
        duration: int = 0,
        media_group: str | None = None,
        reply_to_message_id: int | None = None,
    ) -> JsonObject:
        """Let the phone's owner send a file."""
        return self._kept(
            self._people.upload(
                chat_id,
                kind,
                Upload(file_name, mime, content),
                caption=caption,
                duration=duration,
                media_group=media_group,
                reply_to_message_id=reply_to_message_id,
            )
        )

    def send(self, chat_id: int, given: Mapping[str, object]) -> JsonObject:
        """Let the phone's owner send a location, contact, sticker or poll."""
        return self._kept(self._people.send(chat_id, given))

    def block(self, chat_id: int, *, blocked: bool = True) -> JsonObject:
        """Let the phone's owner block the bot, or let it in again."""
        return self._kept(self._people.block(chat_id, blocked=blocked))

    def deactivate(self, chat_id: int, *, deactivated: bool = True) -> JsonObject:
        """Close the account of the phone's owner."""
        return self._kept(self._people.deactivate(chat_id, deactivated=deactivated))

    def put_update(self, body: JsonObject) -> int:
        """Queue an update exactly as it is given, and give its id."""
        lane = 0
        for content in map(as_object, body.values()):
            inner = as_object(content.get("message")) or content
            lane = lane or as_int(as_object(inner.get("chat")).get("id"))
        update_id = self._x.updates.add_raw(body, lane)
        self._x.store.commit()
        return update_id

    # -- clock and faults -----------------------------------------------------------------

    async def advance(self, step: timedelta) -> JsonObject:
        """Let time pass event by event, and give the clock."""
        return self._kept(await self._stepper.advance(step))

    async def advance_to(self, moment: datetime) -> JsonObject:
        """Let time pass event by event until `moment`, and give the clock."""
        return self._kept(await self._stepper.advance_to(moment))

    async def advance_to_next(self) -> JsonObject:
        """Let time pass until the next event, and give the clock."""
        return self._kept(await self._stepper.advance_to_next())

    async def clock(self) -> JsonObject:
        """Give the clock as the page shows it."""
        return await self._stepper.view()

    def fault(
        self,
        fault: str,
        *,
        method: str = ANY_METHOD,
        times: int = 1,
        chat_id: int | None = None,
        retry_after: int = 1,
        seconds: float = 1.0,
        migrate_to_chat_id: int = -1_001_000_000_001,
    ) -> Fault:
        """Order a fault for the next requests that fit."""
        return self._faults.order(
            fault,
            method=method,
            times=times,
            chat_id=chat_id,
            retry_after=retry_after,
            seconds=seconds,
            migrate_to_chat_id=migrate_to_chat_id,
        )

    def faults(self) -> list[Fault]:
        """Give the faults that have not happened yet."""
        return self._faults.waiting()

    def clear_faults(self) -> None:
        """Forget all faults."""
        self._faults.clear()


def words_of(message: JsonObject) -> str:
    """Give all words of a message: its text, its caption and the labels of its buttons."""
    parts = [as_text(message.get("text")), as_text(message.get("caption"))]
    markup = as_object(message.get("reply_markup"))
    rows = markup.get("inline_keyboard")
    if isinstance(rows, list):
        parts += [as_text(as_object(key).get("text")) for row in rows for key in row]
    return "\n".join(parts)
