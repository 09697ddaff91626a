"""The people with a phone, what lies beside it, and what stands in a chat."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal, NewType, Protocol

from bot.simulator.values import JsonObject, as_list, as_object, as_text

ChatId = NewType("ChatId", int)
MessageId = NewType("MessageId", int)

Direction = Literal["ltr", "rtl"]

DEFAULT_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "placeholder": "Message",
        "start": "START",
        "reply": "Reply",
        "edit": "Edit",
        "phrases": "Phrases",
        "online": "online",
    }
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence to tap instead of type; `meaning` is its gloss, shown small."""

    text: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A paper letter lying under the phone: the invite link and its QR code."""

    title: str
    text: str
    url: str
    qr_svg: str


@dataclass(frozen=True, slots=True)
class Phone:
    """One person with one private chat with the bot; the chat's id is the person's id."""

    user_id: int
    first_name: str
    subtitle: str = ""
    language_code: str = "en"
    dir: Direction = "ltr"
    colour: str = "#3390ec"
    phrases: tuple[Phrase, ...] = ()
    letter: Letter | None = None
    labels: Mapping[str, str] = field(default_factory=lambda: DEFAULT_LABELS)
    last_name: str | None = None
    username: str | None = None

    def as_json(self) -> JsonObject:
        """Give the phone as the control API and the store write it."""
        letter = self.letter
        return {
            "chat_id": self.user_id,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "username": self.username,
            "subtitle": self.subtitle,
            "language_code": self.language_code,
            "dir": self.dir,
            "colour": self.colour,
            "phrases": [{"text": p.text, "meaning": p.meaning} for p in self.phrases],
            "letter": None
            if letter is None
            else {
                "title": letter.title,
                "text": letter.text,
                "url": letter.url,
                "qr_svg": letter.qr_svg,
            },
            "labels": {**DEFAULT_LABELS, **self.labels},
        }

    @staticmethod
    def from_json(data: JsonObject) -> "Phone":
        """Read a phone back from what `as_json` gave."""
        letter = as_object(data.get("letter"))
        chat_id = data["chat_id"]
        if not isinstance(chat_id, int):
            raise TypeError(f"A stored phone has chat_id {chat_id!r}, which is no number.")
        return Phone(
            user_id=chat_id,
            first_name=as_text(data.get("first_name")),
            subtitle=as_text(data.get("subtitle")),
            language_code=as_text(data.get("language_code")) or "en",
            dir="rtl" if data.get("dir") == "rtl" else "ltr",
            colour=as_text(data.get("colour")) or "#3390ec",
            phrases=tuple(
                Phrase(as_text(p.get("text")), as_text(p.get("meaning")))
                for p in map(as_object, as_list(data.get("phrases")))
            ),
            letter=Letter(
                as_text(letter.get("title")),
                as_text(letter.get("text")),
                as_text(letter.get("url")),
                as_text(letter.get("qr_svg")),
            )
            if letter
            else None,
            labels={k: as_text(v) for k, v in as_object(data.get("labels")).items()},
            last_name=as_text(data.get("last_name")) or None,
            username=as_text(data.get("username")) or None,
        )

    def as_user(self) -> JsonObject:
        """Give the person as the Bot API's User."""
        user: JsonObject = {"id": self.user_id, "is_bot": False, "first_name": self.first_name}
        if self.last_name:
            user["last_name"] = self.last_name
        if self.username:
            user["username"] = self.username
        user["language_code"] = self.language_code
        return user

    def as_chat(self) -> JsonObject:
        """Give the private chat as the Bot API's Chat."""
        chat: JsonObject = {"id": self.user_id, "type": "private", "first_name": self.first_name}
        if self.last_name:
            chat["last_name"] = self.last_name
        if self.username:
            chat["username"] = self.username
        return chat


@dataclass(slots=True)
class Record:
    """One message as it stands in a chat: its Bot API body and what only the phone knows."""

    chat_id: ChatId
    message_id: MessageId
    body: JsonObject
    outgoing: bool
    reply_to: int | None = None
    edited: bool = False
    deleted: bool = False
    pinned: bool = False
    bot_reactions: list[str] = field(default_factory=list)
    user_reactions: list[str] = field(default_factory=list)
    tapped: JsonObject | None = None

    def as_json(self) -> JsonObject:
        """Give the record as the store writes it."""
        return {name: getattr(self, name) for name in self.__slots__}

    @staticmethod
    def from_json(data: JsonObject) -> "Record":
        """Read a record back from what `as_json` gave."""
        known = {name: data[name] for name in Record.__slots__ if name in data}
        return Record(**known)  # type: ignore[arg-type]  # our own writing, field for field


@dataclass(slots=True)
class Chat:
    """What one private chat remembers beside its messages."""

    chat_id: ChatId
    last_message_id: int = 0
    started: bool = False
    blocked: bool = False
    deactivated: bool = False
    reply_keyboard: JsonObject | None = None
    force_reply: JsonObject | None = None
    topics: dict[str, str] = field(default_factory=dict)
    menu_button: JsonObject | None = None

    def as_json(self) -> JsonObject:
        """Give the chat as the store writes it."""
        return {name: getattr(self, name) for name in self.__slots__}

    @staticmethod
    def from_json(data: JsonObject) -> "Chat":
        """Read a chat back from what `as_json` gave."""
        known = {name: data[name] for name in Chat.__slots__ if name in data}
        return Chat(**known)  # type: ignore[arg-type]  # our own writing, field for field


class World(Protocol):
    """The program behind the bot, known to the simulator only through these two questions."""

    async def next_event(self, after: datetime) -> datetime | None:
        """Give the next instant at which something would happen by itself, or None."""
        ...

    async def settle(self) -> None:
        """Return when everything that is due at the present clock has been done."""
        ...
