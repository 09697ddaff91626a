"""The exchange between the bot and the phones: who is there and what stands in each chat."""

import secrets
from collections.abc import Sequence

from bot.simulator.clock import Clock
from bot.simulator.errors import bad_request, forbidden
from bot.simulator.events import Hub
from bot.simulator.files import Files
from bot.simulator.media import MEDIA_KINDS
from bot.simulator.model import Chat, ChatId, MessageId, Phone, Record
from bot.simulator.profile import Profile
from bot.simulator.store import Store
from bot.simulator.updates import UpdateQueue
from bot.simulator.values import JsonObject, as_int, as_list, as_object, as_text

FIRST_USER_ID = 700_000_001
TYPING_SECONDS = 5


class Exchange:
    """Everything that is known, in memory and in the store; every change goes through here."""

    def __init__(
        self, *, token: str, bot_username: str, bot_name: str, clock: Clock, store: Store
    ) -> None:
        head = token.partition(":")[0]
        self.token = token
        self.bot_id = int(head) if head.isdigit() else 1
        self.bot_username = bot_username
        self.clock = clock
        self.store = store
        self.hub = Hub()
        self.files = Files(store)
        self.profile = Profile(store, bot_name)
        self.updates = UpdateQueue(store, clock, secrets.randbelow(900_000_000) + 1_000_000)
        self.phones: dict[ChatId, Phone] = {}
        self.chats: dict[ChatId, Chat] = {}
        self.records: dict[ChatId, dict[int, Record]] = {}
        self.callbacks: dict[str, JsonObject] = dict(store.load("callback"))
        self._typing_until: dict[ChatId, float] = {}
        for _, value in store.load("phone"):
            phone = Phone.from_json(value)
            self.phones[ChatId(phone.user_id)] = phone
        for _, value in store.load("chat"):
            chat = Chat.from_json(value)
            self.chats[chat.chat_id] = chat
            self.records[chat.chat_id] = {}
        for _, value in store.load("message"):
            record = Record.from_json(value)
            self.records[record.chat_id][record.message_id] = record
        for chat_id, records in self.records.items():
            self.records[chat_id] = dict(sorted(records.items()))

    # -- people ---------------------------------------------------------------------------

    def put_phone(self, phone: Phone) -> None:
        """Add a phone, or replace what is said about it; its messages stay."""
        chat_id = ChatId(phone.user_id)
        self.phones[chat_id] = phone
        self.store.put("phone", chat_id, phone.as_json())
        if chat_id not in self.chats:
            self.chats[chat_id] = Chat(chat_id)
            self.records[chat_id] = {}
            self.keep_chat(self.chats[chat_id])
        self.tell_phone(chat_id)

    def free_user_id(self) -> int:
        """Give an id that no phone has."""
        return max([FIRST_USER_ID - 1, *self.phones]) + 1

    def keep_chat(self, chat: Chat) -> None:
        """Write a changed chat down."""
        self.store.put("chat", chat.chat_id, chat.as_json())

    def bot_user(self) -> JsonObject:
        """Give the bot as the Bot API's User."""
        return {
            "id": self.bot_id,
            "is_bot": True,
            "first_name": self.profile.name(),
            "username": self.bot_username,
        }

    def destination(self, chat_id: object) -> Chat:
        """Find the chat a call names; ApiError as Telegram gives it when it cannot be reached."""
        chat = self.known_chat(chat_id)
        if chat.deactivated:
            raise forbidden("user is deactivated")
        if chat.blocked:
            raise forbidden("bot was blocked by the user")
        if not chat.started:
            raise forbidden("bot can't initiate conversation with a user")
        return chat

    def known_chat(self, chat_id: object) -> Chat:
        """Find the chat a call names, reachable or not; ApiError 400 when there is none."""
        chat = self.chats.get(ChatId(as_int(chat_id)))
        if chat is None:
            raise bad_request("chat not found")
        return chat

    # -- messages -------------------------------------------------------------------------

    def now(self) -> int:
        """Read the clock as the Bot API writes dates: whole seconds since 1970."""
        return int(self.clock.now().timestamp())

    def record(self, chat_id: ChatId, message_id: int) -> Record | None:
        """Give a message that stands in a chat, or None when there is none or it was deleted."""
        record = self.records[chat_id].get(message_id)
        return None if record is None or record.deleted else record

    def post(
        self,
        chat: Chat,
        content: JsonObject,
        *,
        outgoing: bool,
        reply_to: int | None = None,
        extra: JsonObject | None = None,
    ) -> Record:
        """Put a message in a chat, written by the phone's owner (`outgoing`) or by the bot."""
        chat.last_message_id += 1
        phone = self.phones[chat.chat_id]
        body: JsonObject = {
            "message_id": chat.last_message_id,
            "from": phone.as_user() if outgoing else self.bot_user(),
            "chat": phone.as_chat(),
            "date": self.now(),
            **(extra or {}),
            **content,
        }
        record = Record(
            chat.chat_id, MessageId(chat.last_message_id), body, outgoing, reply_to=reply_to
        )
        self.records[chat.chat_id][record.message_id] = record
        self.keep_chat(chat)
        self.keep(record)
        if not outgoing:
            self.set_typing(chat.chat_id, on=False)
        self.publish("message", record)
        return record

    def keep(self, record: Record) -> None:
        """Write a changed message down."""
        self.store.put("message", f"{record.chat_id}:{record.message_id}", record.as_json())

    def changed(self, record: Record) -> None:
        """Write a changed message down and show it on the phone."""
        self.keep(record)
        self.publish("edited", record)

    def delete(self, record: Record) -> None:
        """Take a message away from both sides; its place in the numbering stays."""
        record.deleted = True
        self.keep(record)
        self.hub.publish(
            {
                "type": "deleted",
                "chat_id": record.chat_id,
                "message_id": record.message_id,
            }
        )

    def message(self, record: Record) -> JsonObject:
        """Give a message as the Bot API shows it now, with the message it answers."""
        if record.reply_to is None:
            return record.body
        answered = self.record(record.chat_id, record.reply_to)
        if answered is None:
            return record.body
        return {**record.body, "reply_to_message": answered.body}

    # -- what the phones show -------------------------------------------------------------

    def view(self, record: Record) -> JsonObject:
        """Give a message as its phone shows it."""
        media = self._media_id(record.body)
        return {
            **self.message(record),
            "sim": {
                "outgoing": record.outgoing,
                "edited": record.edited,
                "deleted": record.deleted,
                "pinned": record.pinned,
                "reactions": [*record.user_reactions, *record.bot_reactions],
                "tapped": record.tapped,
                "file_url": f"/sim/files/{media}" if media else None,
                "poster": None,
            },
        }

    @staticmethod
    def _media_id(body: JsonObject) -> str:
        for kind in MEDIA_KINDS:
            value = body.get(kind)
            if isinstance(value, list) and value:
                return as_text(as_object(as_list(value)[-1]).get("file_id"))
            if isinstance(value, dict):
                return as_text(as_object(value).get("file_id"))
        return ""

    def phone_view(self, chat_id: ChatId) -> JsonObject:
        """Give a phone with the state of its chat, as the control API shows it."""
        phone, chat = self.phones[chat_id], self.chats[chat_id]
        return {
            **phone.as_json(),
            "commands": self.profile.commands_for(chat_id, phone.language_code),
            "reply_keyboard": chat.reply_keyboard,
            "force_reply": chat.force_reply,
            "blocked": chat.blocked,
            "deactivated": chat.deactivated,
            "started": chat.started,
            "typing": chat_id in self._typing_until,
        }

    def messages(self, chat_id: ChatId, after: int = 0) -> list[JsonObject]:
        """Give the messages that stand in a chat, those with a higher id than `after`."""
        return [
            self.view(record)
            for record in self.records[chat_id].values()
            if record.message_id > after and not record.deleted
        ]

    def publish(self, kind: str, record: Record) -> None:
        """Tell the pages about a message."""
        self.hub.publish({"type": kind, "chat_id": record.chat_id, "message": self.view(record)})

    def tell_phone(self, chat_id: ChatId) -> None:
        """Tell the pages about a phone."""
        self.hub.publish({"type": "phone", "phone": self.phone_view(chat_id)})

    def tell_phones(self, chat_ids: Sequence[ChatId] | None = None) -> None:
        """Tell the pages about several phones, all of them when none is named."""
        for chat_id in self.phones if chat_ids is None else chat_ids:
            self.tell_phone(chat_id)

    def set_typing(self, chat_id: ChatId, *, on: bool, until: float = 0.0) -> None:
        """Show or take away the sign that the bot is busy in a chat."""
        was = chat_id in self._typing_until
        if on:
            self._typing_until[chat_id] = until
        else:
            self._typing_until.pop(chat_id, None)
        if on != was:
            self.hub.publish({"type": "typing", "chat_id": chat_id, "on": on})

    def stop_typing(self, chat_id: ChatId, at: float) -> None:
        """Take the sign away, unless it was asked for again since."""
        if self._typing_until.get(chat_id, at + 1) <= at:
            self.set_typing(chat_id, on=False)
