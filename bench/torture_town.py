"""The town of the torture run: many phones, and people who write all the time.

Everything anybody writes carries a number of its own, and is noted for the judge.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import aiohttp

from bench.server import reference
from bench.torture_judge import Planned, Shown, Sort
from bench.torture_words import plain, words_in
from bot.domain.ids import ChatId
from bot.domain.languages import DARI, DUTCH, ENGLISH, FARSI, LEVANTINE_ARABIC, TIGRINYA, Language
from bot.simulator import Clock, Phone, Simulator
from bot.simulator.values import JsonObject, as_int, as_list, as_object, as_text

TOKEN = "100000011:token-of-the-torture"  # noqa: S105 - opens nothing but the simulator
_FIRST_COACH, _FIRST_CLIENT = 8001, 9001
_PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64
_TEN_O_CLOCK = 10
_FURTHEST_WEST = -12
_SHARE_OF_CLIENTS, _SHARE_OF_PHOTOS, _SHARE_OF_WORDS, _SHARE_OF_REPEATS = 0.5, 0.04, 0.35, 0.03

_LANGUAGES = (TIGRINYA, LEVANTINE_ARABIC, FARSI, DARI, ENGLISH, DUTCH)
_OPENING: Mapping[Language, str] = {
    TIGRINYA: "መልእኽቲ",
    LEVANTINE_ARABIC: "رسالة",
    FARSI: "پیام",
    DARI: "پیام",
    ENGLISH: "Message",
    DUTCH: "Bericht",
}
_NAMES = ("Selam", "Khaled", "Maryam", "Laila", "Yonas", "Rasha")


@dataclass(frozen=True, slots=True)
class Coach:
    """A coach and the phone."""

    code: str
    name: str
    chat_id: ChatId


@dataclass(slots=True)
class Client:
    """A client, her phone, and the message in her coach's chat that is about her."""

    code: str
    name: str
    chat_id: ChatId
    language: Language
    coach: Coach
    anchor: int = 0


def zone_of_morning(now: datetime) -> str:
    """Return a time zone in which it is about ten in the morning, so that nobody sleeps."""
    east = _TEN_O_CLOCK - now.hour
    if east < _FURTHEST_WEST:
        east += 24
    return f"Etc/GMT{-east:+d}" if east else "Etc/GMT"


@dataclass(slots=True)
class Town:
    """Phones, who has them, and what was written so far."""

    rng: random.Random
    clients: list[Client]
    coaches: list[Coach]
    phones: Simulator
    planned: list[Planned] = field(default_factory=list)
    url: str = ""
    up: bool = False
    """Whether the simulator listens; as long as it does not, nobody writes."""
    updates: int = 0
    _numbers: int = 0

    @classmethod
    def of(cls, rng: random.Random, clients: int, coaches: int) -> "Town":
        """Invite so many people; nothing listens yet."""
        staff = [
            Coach(f"s-{number:03d}", f"Coach {number}", ChatId(_FIRST_COACH + number))
            for number in range(coaches)
        ]
        people = [
            Client(
                code=f"K-{number:04d}",
                name=f"{_NAMES[number % len(_NAMES)]} {number}",
                chat_id=ChatId(_FIRST_CLIENT + number),
                language=_LANGUAGES[number % len(_LANGUAGES)],
                coach=staff[number % coaches],
            )
            for number in range(clients)
        ]
        phones = Simulator(
            token=TOKEN,
            bot_username="taalbrug_torture_bot",
            bot_name="Taalbrug",
            clock=Clock(),
        )
        return cls(rng, people, staff, phones)

    @property
    def people(self) -> list[Coach | Client]:
        """Return everybody who has a phone."""
        return [*self.coaches, *self.clients]

    async def opens(self) -> None:
        """Switch all phones on, and have everybody open the chat."""
        self.url = await self.phones.start()
        self.up = True
        for person in self.people:
            self.phones.put_phone(Phone(user_id=person.chat_id, first_name=person.name))
            self.phones.say(person.chat_id, "/start")
            self.updates += 1

    async def vanishes(self) -> None:
        """Stop listening: whoever calls is refused."""
        self.up = False
        await self.phones.stop()

    async def returns(self) -> None:
        """Listen again, at the same address."""
        await self.phones.start(port=urlsplit(self.url).port or 0)
        self.up = True

    async def introduce(self, session: aiohttp.ClientSession, client: Client) -> None:
        """Put a message about a client into her coach's chat, to which the coach replies."""
        async with session.post(
            f"{self.url}/bot{TOKEN}/sendMessage",
            json={"chat_id": client.coach.chat_id, "text": anchor_text(client)},
        ) as answer:
            body = as_object(await answer.json())
        client.anchor = as_int(as_object(body["result"])["message_id"])

    # -- writing ------------------------------------------------------------------------------

    def number(self) -> str:
        """Return a number that nobody has used."""
        self._numbers += 1
        return reference(self._numbers)

    def plan(self, planned: Planned) -> None:
        """Note something for the judge that was not written on a phone."""
        self.planned.append(planned)

    def somebody_writes(self, count: int) -> None:
        """Let a client or a coach write so many messages in a row; some have a photo."""
        client = self.rng.choice(self.clients)
        if self.rng.random() < _SHARE_OF_CLIENTS:
            writer, reader, language = client.chat_id, client.coach.chat_id, client.language
            anchor, lane = None, f"{client.code} to coach"
        else:
            writer, reader, language = client.coach.chat_id, client.chat_id, DUTCH
            anchor, lane = client.anchor, f"coach to {client.code}"
        for _ in range(count):
            word = self.number()
            sent = self._send(writer, word, _OPENING[language], anchor)
            self.plan(Planned(word, reader, lane, Sort.CONVERSATION))
            self.updates += 1
            if self.rng.random() < _SHARE_OF_REPEATS:
                self._tell_again(sent)

    def _send(self, writer: ChatId, word: str, opening: str, anchor: int | None) -> JsonObject:
        if self.rng.random() < _SHARE_OF_PHOTOS:
            return self.phones.upload(
                writer,
                "photo",
                _PNG,
                file_name="foto.png",
                mime="image/png",
                caption=word,
                reply_to_message_id=anchor,
            )
        # Figures mean the same to everybody; with a word before them they need an engine.
        translated = self.rng.random() < _SHARE_OF_WORDS
        text = f"{opening} {word}" if translated else word
        return self.phones.say(writer, text, reply_to_message_id=anchor)

    def _tell_again(self, sent: JsonObject) -> None:
        """Have an update delivered once more, though it may be confirmed long ago."""
        message = {k: v for k, v in as_object(sent["message"]).items() if k != "sim"}
        self.phones.put_update({"update_id": sent["update_id"], "message": message})
        self.updates += 1

    # -- looking ------------------------------------------------------------------------------

    def chats(self) -> dict[int, tuple[Shown, ...]]:
        """Return what the bot put into each chat, as it stands there now."""
        return {
            person.chat_id: tuple(
                _shown(message)
                for message in self.phones.messages(person.chat_id)
                if as_object(message["sim"])["outgoing"] is not True
            )
            for person in self.people
        }


def anchor_text(client: Client) -> str:
    """Return the words of the message by which a coach writes to a client."""
    return f"Hier schrijft u met {client.name} ({client.code})."


def _shown(message: JsonObject) -> Shown:
    text = as_text(message.get("text")) or as_text(message.get("caption"))
    markup = as_object(message.get("reply_markup"))
    keys = [
        as_text(as_object(key).get("callback_data"))
        for row in as_list(markup.get("inline_keyboard"))
        for key in as_list(row)
    ]
    return Shown(
        id=as_int(message["message_id"]),
        text=plain(text),
        words=words_in("\n".join([text, *keys])),
    )


def soon(rng: random.Random, now: datetime) -> datetime:
    """Return a moment not far away, at which a reminder will be due."""
    return now + timedelta(seconds=rng.randint(3, 15))
