"""What people do with their phones: write, tap, answer, send files, block the bot."""

import secrets
from collections.abc import Mapping

from bot.simulator import entities, utf16
from bot.simulator.errors import ControlError
from bot.simulator.exchange import Exchange
from bot.simulator.media import MediaKind
from bot.simulator.model import Chat, ChatId, Record
from bot.simulator.params import Upload
from bot.simulator.values import JsonObject, as_list, as_object, as_text

CALLBACK_SECONDS = 150


class People:
    """The owners of the phones; each thing they do becomes an update for the bot."""

    def __init__(self, exchange: Exchange) -> None:
        self._x = exchange

    def chat(self, chat_id: int) -> Chat:
        """Find a chat; ControlError 404 when there is no such phone."""
        chat = self._x.chats.get(ChatId(chat_id))
        if chat is None:
            raise ControlError(f"There is no phone {chat_id}; add it with POST /sim/users.", 404)
        return chat

    def _writing(self, chat_id: int) -> Chat:
        chat = self.chat(chat_id)
        if chat.deactivated:
            raise ControlError(f"The account of phone {chat_id} is deactivated.", 409)
        if chat.blocked:
            raise ControlError(f"Phone {chat_id} has blocked the bot; unblock it first.", 409)
        return chat

    def _own(self, chat: Chat, message_id: int) -> Record:
        record = self._standing(chat, message_id)
        if not record.outgoing:
            raise ControlError(f"Message {message_id} was not written on phone {chat.chat_id}.")
        return record

    def _standing(self, chat: Chat, message_id: int) -> Record:
        record = self._x.record(chat.chat_id, message_id)
        if record is None:
            raise ControlError(f"There is no message {message_id} in chat {chat.chat_id}.", 404)
        return record

    # -- writing --------------------------------------------------------------------------

    def say(
        self,
        chat_id: int,
        text: str,
        *,
        reply_to_message_id: int | None = None,
        quote: str | None = None,
        message_thread_id: int | None = None,
    ) -> JsonObject:
        """Write to the bot; a text over 4096 units becomes several messages.

        Gives {"update_id", "message"}, or {"update_ids", "messages"} for several.
        """
        chat = self._writing(chat_id)
        pieces = utf16.split(text)
        if not pieces:
            raise ControlError("The text is empty; Telegram's apps send nothing then.")
        extra = self._thread(chat, message_thread_id)
        if reply_to_message_id is not None:
            extra |= self._quote(chat, reply_to_message_id, quote)
        sent = []
        for number, piece in enumerate(pieces):
            content: JsonObject = {"text": piece}
            found = entities.find_entities(piece)
            if found:
                content["entities"] = found
            first = number == 0
            sent.append(
                self._send(
                    chat,
                    content,
                    reply_to_message_id if first else None,
                    extra if first else self._thread(chat, message_thread_id),
                )
            )
        if len(sent) == 1:
            return sent[0]
        return {
            "update_ids": [one["update_id"] for one in sent],
            "messages": [one["message"] for one in sent],
        }

    def _thread(self, chat: Chat, thread: int | None) -> JsonObject:
        if thread is None:
            return {}
        if str(thread) not in chat.topics:
            raise ControlError(f"There is no topic {thread} in chat {chat.chat_id}.", 404)
        return {"message_thread_id": thread, "is_topic_message": True}

    def _quote(self, chat: Chat, message_id: int, quote: str | None) -> JsonObject:
        body = self._standing(chat, message_id).body
        if not quote:
            return {}
        whole = as_text(body.get("text")) or as_text(body.get("caption"))
        at = whole.find(quote)
        if at < 0:
            raise ControlError(f"The quoted words do not stand in message {message_id}.")
        position = utf16.units(whole[:at])
        return {"quote": {"text": quote, "position": position, "is_manual": True}}

    def _send(
        self,
        chat: Chat,
        content: JsonObject,
        reply_to: int | None = None,
        extra: JsonObject | None = None,
    ) -> JsonObject:
        was = chat.started, chat.force_reply
        chat.started = True
        chat.force_reply = None
        record = self._x.post(chat, content, outgoing=True, reply_to=reply_to, extra=extra)
        if was != (True, None):
            self._x.tell_phone(chat.chat_id)
        update_id = self._x.updates.add("message", self._x.message(record), chat.chat_id)
        return {"update_id": update_id, "message": self._x.view(record)}

    def edit(self, chat_id: int, message_id: int, text: str) -> JsonObject:
        """Change an own text or caption; the bot gets an edited_message."""
        chat = self._writing(chat_id)
        record = self._own(chat, message_id)
        field = "text" if "text" in record.body else "caption"
        new = text.strip()
        limit = utf16.MAX_TEXT if field == "text" else utf16.MAX_CAPTION
        if (field == "text" and not new) or utf16.units(new) > limit:
            raise ControlError(f"The new text must have 1 to {limit} UTF-16 units.")
        names = {"text": "entities", "caption": "caption_entities"}
        record.body = {k: v for k, v in record.body.items() if k not in {field, names[field]}}
        record.body[field] = new
        found = entities.find_entities(new)
        if found:
            record.body[names[field]] = found
        record.body["edit_date"] = self._x.now()
        record.edited = True
        self._x.changed(record)
        update_id = self._x.updates.add("edited_message", self._x.message(record), chat_id)
        return {"update_id": update_id, "message": self._x.view(record)}

    def delete(self, chat_id: int, message_id: int) -> JsonObject:
        """Take a message away; the bot is told nothing, as in Telegram."""
        self._x.delete(self._standing(self.chat(chat_id), message_id))
        return {"deleted": message_id}

    def react(self, chat_id: int, message_id: int, emoji: str) -> JsonObject:
        """Put an emoji on a message, or take it away with an empty one."""
        chat = self._writing(chat_id)
        record = self._standing(chat, message_id)
        old = [{"type": "emoji", "emoji": e} for e in record.user_reactions]
        record.user_reactions = [emoji] if emoji else []
        new = [{"type": "emoji", "emoji": e} for e in record.user_reactions]
        self._x.changed(record)
        phone = self._x.phones[chat.chat_id]
        update_id = self._x.updates.add(
            "message_reaction",
            {
                "chat": phone.as_chat(),
                "message_id": message_id,
                "user": phone.as_user(),
                "date": self._x.now(),
                "old_reaction": old,
                "new_reaction": new,
            },
            chat_id,
        )
        return {"update_id": update_id, "message": self._x.view(record)}

    # -- buttons --------------------------------------------------------------------------

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
        """Tap a button of a message or of the reply keyboard, or forge a tap with `raw_data`.

        Gives {"callback_query_id", "update_id"}; for a key of the reply keyboard what `say`
        gives; for a link {"url"}; for a copy button {"copied"}.
        """
        chat = self._writing(chat_id)
        if raw_data is not None:
            return self._forged(chat, message_id, raw_data)
        if message_id is None:
            if label is None:
                raise ControlError("Name a message_id with a button, or the label of a key.")
            return self._key(chat, label)
        record = self._standing(chat, message_id)
        for row, keys in enumerate(_keyboard(record)):
            for column, key in enumerate(keys):
                if (
                    button == (row, column)
                    or (data is not None and key.get("callback_data") == data)
                    or (label is not None and key.get("text") == label)
                ):
                    return self._press(record, key, row, column)
        wanted = next(w for w in (button, data, label, "nothing") if w is not None)
        raise ControlError(f"Message {message_id} has no button {wanted!r}.", 404)

    def _press(self, record: Record, key: JsonObject, row: int, column: int) -> JsonObject:
        if "url" in key:
            return {"url": key["url"]}
        if "copy_text" in key:
            return {"copied": as_object(key["copy_text"]).get("text")}
        answer = self._callback(record, as_text(key.get("callback_data")))
        record.tapped = {
            "button": [row, column],
            "text": key.get("text"),
            "callback_query_id": answer["callback_query_id"],
            "answered": False,
        }
        self._x.keep(record)
        return answer

    def _key(self, chat: Chat, label: str) -> JsonObject:
        keyboard = chat.reply_keyboard or {}
        rows = [as_list(row) for row in as_list(keyboard.get("keyboard"))]
        if label not in [as_object(key).get("text") for row in rows for key in row]:
            raise ControlError(f"The keyboard of phone {chat.chat_id} has no key {label!r}.", 404)
        if keyboard.get("one_time_keyboard") is True:
            chat.reply_keyboard = None
            self._x.keep_chat(chat)
            self._x.tell_phone(chat.chat_id)
        return self.say(chat.chat_id, label)

    def _forged(self, chat: Chat, message_id: int | None, data: str) -> JsonObject:
        if message_id is None:
            records = self._x.records[chat.chat_id].values()
            from_bot = [r for r in records if not r.outgoing and not r.deleted]
            if not from_bot:
                raise ControlError(f"Chat {chat.chat_id} holds no message of the bot to tap on.")
            return self._callback(from_bot[-1], data)
        return self._callback(self._standing(chat, message_id), data)

    def _callback(self, record: Record, data: str) -> JsonObject:
        query_id = str(secrets.randbelow(9 * 10**17) + 10**17)
        phone = self._x.phones[record.chat_id]
        callback: JsonObject = {
            "callback_query_id": query_id,
            "chat_id": record.chat_id,
            "message_id": record.message_id,
            "data": data,
            "date": self._x.clock.now().timestamp(),
            "answered": False,
        }
        self._x.callbacks[query_id] = callback
        self._x.store.put("callback", query_id, callback)
        update_id = self._x.updates.add(
            "callback_query",
            {
                "id": query_id,
                "from": phone.as_user(),
                "message": self._x.message(record),
                "chat_instance": str(7_000_000_000_000_000 + record.chat_id),
                "data": data,
            },
            record.chat_id,
        )
        return {"callback_query_id": query_id, "update_id": update_id}

    # -- files and other contents ---------------------------------------------------------

    def upload(
        self,
        chat_id: int,
        kind: MediaKind,
        upload: Upload,
        *,
        caption: str = "",
        duration: int = 0,
        media_group: str | None = None,
        reply_to_message_id: int | None = None,
    ) -> JsonObject:
        """Send a file to the bot; files with the same `media_group` form one album."""
        chat = self._writing(chat_id)
        words = caption.strip()
        if utf16.units(words) > utf16.MAX_CAPTION:
            raise ControlError(f"A caption has at most {utf16.MAX_CAPTION} UTF-16 units.")
        if reply_to_message_id is not None:
            self._standing(chat, reply_to_message_id)
        kept = self._x.files.add(kind, upload, duration=duration)
        content = kept.in_message()
        if media_group:
            content = {"media_group_id": media_group, **content}
        if words:
            content["caption"] = words
            found = entities.find_entities(words)
            if found:
                content["caption_entities"] = found
        return self._send(chat, content, reply_to_message_id)

    def send(self, chat_id: int, given: Mapping[str, object]) -> JsonObject:
        """Send a location, a contact, a sticker or a poll, as `given` describes it."""
        chat = self._writing(chat_id)
        kind = given.get("kind")
        if kind == "location":
            place = {name: given.get(name) for name in ("latitude", "longitude")}
            if not all(isinstance(value, int | float) for value in place.values()):
                raise ControlError("A location needs latitude and longitude as numbers.")
            return self._send(chat, {"location": place})
        if kind == "contact":
            fields = ("phone_number", "first_name", "last_name", "user_id")
            card = {name: given[name] for name in fields if name in given}
            if not as_text(card.get("phone_number")) or not as_text(card.get("first_name")):
                raise ControlError("A contact needs phone_number and first_name.")
            return self._send(chat, {"contact": card})
        if kind == "sticker":
            emoji = as_text(given.get("emoji")) or "👍"
            drawing = Upload("sticker.webp", "image/webp", b"RIFF\0\0\0\0WEBPVP8 ")
            kept = self._x.files.add("sticker", drawing, emoji=emoji)
            return self._send(chat, kept.in_message())
        if kind == "poll":
            return self._send(chat, {"poll": _poll(given)})
        raise ControlError(
            f"The kind {kind!r} is unknown; JSON takes location, contact, sticker or poll, "
            "multipart takes photo, voice, document, audio or video."
        )

    # -- the person and the bot -----------------------------------------------------------

    def block(self, chat_id: int, *, blocked: bool) -> JsonObject:
        """Block the bot, or let it in again; the bot gets a my_chat_member."""
        chat = self.chat(chat_id)
        update_id = None
        if chat.blocked != blocked:
            chat.blocked = blocked
            self._x.keep_chat(chat)
            phone = self._x.phones[chat.chat_id]
            member: JsonObject = {"user": self._x.bot_user(), "status": "member"}
            kicked: JsonObject = {
                "user": self._x.bot_user(),
                "status": "kicked",
                "until_date": 0,
            }
            update_id = self._x.updates.add(
                "my_chat_member",
                {
                    "chat": phone.as_chat(),
                    "from": phone.as_user(),
                    "date": self._x.now(),
                    "old_chat_member": member if blocked else kicked,
                    "new_chat_member": kicked if blocked else member,
                },
                chat_id,
            )
            self._x.tell_phone(chat.chat_id)
        return {"update_id": update_id, "phone": self._x.phone_view(chat.chat_id)}

    def deactivate(self, chat_id: int, *, deactivated: bool = True) -> JsonObject:
        """Close the person's account; the bot is told nothing."""
        chat = self.chat(chat_id)
        chat.deactivated = deactivated
        self._x.keep_chat(chat)
        self._x.tell_phone(chat.chat_id)
        return {"phone": self._x.phone_view(chat.chat_id)}


def _keyboard(record: Record) -> list[list[JsonObject]]:
    markup = as_object(record.body.get("reply_markup"))
    rows = [as_list(row) for row in as_list(markup.get("inline_keyboard"))]
    return [[as_object(key) for key in row] for row in rows]


def _poll(given: Mapping[str, object]) -> JsonObject:
    question = as_text(given.get("question"))
    options = [as_text(option) for option in as_list(given.get("options"))]
    if not question or len(options) < 2 or not all(options):  # noqa: PLR2004  # a choice
        raise ControlError("A poll needs a question and at least two options.")
    return {
        "id": str(secrets.randbelow(10**18)),
        "question": question,
        "options": [
            {"persistent_id": str(number), "text": option, "voter_count": 0}
            for number, option in enumerate(options)
        ],
        "total_voter_count": 0,
        "is_closed": False,
        "is_anonymous": True,
        "type": "regular",
        "allows_multiple_answers": False,
        "allows_revoting": True,
        "members_only": False,
    }
