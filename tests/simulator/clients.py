"""Two Telegram clients of different makers behind one face, so that one scenario serves both."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import aiogram
import aiogram.exceptions
import aiogram.types
import telegram
import telegram.error
import telegram.request
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from tests.simulator.house import TOKEN

Buttons = Sequence[tuple[str, str]]


class Refused(Exception):  # noqa: N818  # it is what Telegram says, not an error of ours
    """Telegram refused; `kind` is the client's exception class, the text Telegram's own."""

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(why)
        self.kind = kind
        self.why = why


class Client(Protocol):
    """What the scenario needs of a client; messages are known by their id."""

    async def username(self) -> str: ...
    async def updates(self, offset: int | None, seconds: int) -> list["Seen"]: ...
    async def send(
        self,
        chat: int,
        text: str,
        *,
        buttons: Buttons = (),
        reply_to: int | None = None,
    ) -> int: ...
    async def answer(self, query_id: str, text: str) -> bool: ...
    async def edit(self, chat: int, message: int, text: str, buttons: Buttons = ()) -> str: ...
    async def photo(self, chat: int, content: bytes | str, caption: str) -> "Sent": ...
    async def change_photo(
        self, chat: int, message: int, content: bytes | str, caption: str
    ) -> "Sent": ...
    async def voice(self, chat: int, content: bytes) -> "Sent": ...
    async def document(self, chat: int, content: bytes, name: str) -> "Sent": ...
    async def album(self, chat: int, contents: Sequence[bytes]) -> list["Sent"]: ...
    async def venue(self, chat: int, title: str, address: str) -> str: ...
    async def download(self, file_id: str) -> bytes: ...
    async def commands(self, names: Sequence[str]) -> list[str]: ...
    async def copy(self, chat: int, message: int) -> int: ...


class Seen:
    """An update as a client read it."""

    def __init__(self, update_id: int, text: str, query: str, data: str, file_id: str) -> None:
        self.update_id = update_id
        self.text = text
        self.query = query
        self.data = data
        self.file_id = file_id


class Sent:
    """A file message as a client read it back."""

    def __init__(self, message: int, file_id: str, what: str, group: str | None) -> None:
        self.message = message
        self.file_id = file_id
        self.what = what
        self.group = group


class PtbClient:
    """python-telegram-bot."""

    def __init__(self, bot: telegram.Bot) -> None:
        self.bot = bot

    @staticmethod
    def _markup(buttons: Buttons) -> telegram.InlineKeyboardMarkup | None:
        if not buttons:
            return None
        keys = [telegram.InlineKeyboardButton(t, callback_data=d) for t, d in buttons]
        return telegram.InlineKeyboardMarkup([keys])

    @staticmethod
    def _sent(message: telegram.Message) -> Sent:
        if message.photo:
            size = message.photo[-1]
            what = f"{size.width}x{size.height} {message.caption}"
            return Sent(message.message_id, size.file_id, what, message.media_group_id)
        if message.voice:
            # The attribute warns that it will become a timedelta; the JSON will not change.
            what = f"{message.voice.to_dict()['duration']} s"
            return Sent(message.message_id, message.voice.file_id, what, None)
        assert message.document is not None
        document = message.document
        return Sent(message.message_id, document.file_id, document.file_name or "", None)

    async def username(self) -> str:
        return (await self.bot.get_me()).username or ""

    async def updates(self, offset: int | None, seconds: int) -> list[Seen]:
        result = []
        for update in await self.bot.get_updates(offset=offset, timeout=seconds):
            message, query = update.message, update.callback_query
            photo = message.photo[-1].file_id if message and message.photo else ""
            result.append(
                Seen(
                    update.update_id,
                    (message.text or message.caption or "") if message else "",
                    query.id if query else "",
                    (query.data or "") if query else "",
                    photo,
                )
            )
        return result

    async def send(
        self, chat: int, text: str, *, buttons: Buttons = (), reply_to: int | None = None
    ) -> int:
        reply = None if reply_to is None else telegram.ReplyParameters(reply_to)
        sent = await self.bot.send_message(
            chat,
            text,
            parse_mode="HTML",
            reply_markup=self._markup(buttons),
            reply_parameters=reply,
        )
        return sent.message_id

    async def answer(self, query_id: str, text: str) -> bool:
        return await self.bot.answer_callback_query(query_id, text)

    async def edit(self, chat: int, message: int, text: str, buttons: Buttons = ()) -> str:
        edited = await self.bot.edit_message_text(
            text, chat, message, reply_markup=self._markup(buttons)
        )
        assert isinstance(edited, telegram.Message)
        return edited.text or ""

    async def photo(self, chat: int, content: bytes | str, caption: str) -> Sent:
        return self._sent(await self.bot.send_photo(chat, content, caption=caption))

    async def change_photo(
        self, chat: int, message: int, content: bytes | str, caption: str
    ) -> Sent:
        media = telegram.InputMediaPhoto(content, caption=caption)
        edited = await self.bot.edit_message_media(media, chat, message)
        assert isinstance(edited, telegram.Message)
        return self._sent(edited)

    async def voice(self, chat: int, content: bytes) -> Sent:
        return self._sent(await self.bot.send_voice(chat, content, filename="a.oga"))

    async def document(self, chat: int, content: bytes, name: str) -> Sent:
        return self._sent(await self.bot.send_document(chat, content, filename=name))

    async def album(self, chat: int, contents: Sequence[bytes]) -> list[Sent]:
        media = [telegram.InputMediaPhoto(c, filename="a.png") for c in contents]
        return [self._sent(m) for m in await self.bot.send_media_group(chat, media)]

    async def venue(self, chat: int, title: str, address: str) -> str:
        sent = await self.bot.send_venue(chat, 52.09, 5.12, title, address)
        assert sent.venue is not None
        return f"{sent.venue.title}, {sent.venue.address}"

    async def download(self, file_id: str) -> bytes:
        file = await self.bot.get_file(file_id)
        return bytes(await file.download_as_bytearray())

    async def commands(self, names: Sequence[str]) -> list[str]:
        await self.bot.set_my_commands([(name, name) for name in names])
        return [command.command for command in await self.bot.get_my_commands()]

    async def copy(self, chat: int, message: int) -> int:
        return (await self.bot.copy_message(chat, chat, message)).message_id


class AiogramClient:
    """aiogram."""

    def __init__(self, bot: aiogram.Bot) -> None:
        self.bot = bot

    @staticmethod
    def _markup(buttons: Buttons) -> aiogram.types.InlineKeyboardMarkup | None:
        if not buttons:
            return None
        keys = [aiogram.types.InlineKeyboardButton(text=t, callback_data=d) for t, d in buttons]
        return aiogram.types.InlineKeyboardMarkup(inline_keyboard=[keys])

    @staticmethod
    def _sent(message: aiogram.types.Message) -> Sent:
        if message.photo:
            size = message.photo[-1]
            what = f"{size.width}x{size.height} {message.caption}"
            return Sent(message.message_id, size.file_id, what, message.media_group_id)
        if message.voice:
            what = f"{message.voice.duration} s"
            return Sent(message.message_id, message.voice.file_id, what, None)
        assert message.document is not None
        document = message.document
        return Sent(message.message_id, document.file_id, document.file_name or "", None)

    @staticmethod
    def _file(content: bytes, name: str) -> aiogram.types.BufferedInputFile:
        return aiogram.types.BufferedInputFile(content, name)

    async def username(self) -> str:
        return (await self.bot.get_me()).username or ""

    async def updates(self, offset: int | None, seconds: int) -> list[Seen]:
        result = []
        for update in await self.bot.get_updates(offset=offset, timeout=seconds):
            message, query = update.message, update.callback_query
            photo = message.photo[-1].file_id if message and message.photo else ""
            result.append(
                Seen(
                    update.update_id,
                    (message.text or message.caption or "") if message else "",
                    query.id if query else "",
                    (query.data or "") if query else "",
                    photo,
                )
            )
        return result

    async def send(
        self, chat: int, text: str, *, buttons: Buttons = (), reply_to: int | None = None
    ) -> int:
        reply = None if reply_to is None else aiogram.types.ReplyParameters(message_id=reply_to)
        sent = await self.bot.send_message(
            chat,
            text,
            parse_mode="HTML",
            reply_markup=self._markup(buttons),
            reply_parameters=reply,
        )
        return sent.message_id

    async def answer(self, query_id: str, text: str) -> bool:
        return await self.bot.answer_callback_query(query_id, text)

    async def edit(self, chat: int, message: int, text: str, buttons: Buttons = ()) -> str:
        edited = await self.bot.edit_message_text(
            text=text, chat_id=chat, message_id=message, reply_markup=self._markup(buttons)
        )
        assert isinstance(edited, aiogram.types.Message)
        return edited.text or ""

    async def photo(self, chat: int, content: bytes | str, caption: str) -> Sent:
        given = content if isinstance(content, str) else self._file(content, "a.png")
        return self._sent(await self.bot.send_photo(chat, given, caption=caption))

    async def change_photo(
        self, chat: int, message: int, content: bytes | str, caption: str
    ) -> Sent:
        given = content if isinstance(content, str) else self._file(content, "a.png")
        media = aiogram.types.InputMediaPhoto(media=given, caption=caption)
        edited = await self.bot.edit_message_media(media, chat_id=chat, message_id=message)
        assert isinstance(edited, aiogram.types.Message)
        return self._sent(edited)

    async def voice(self, chat: int, content: bytes) -> Sent:
        return self._sent(await self.bot.send_voice(chat, self._file(content, "a.oga")))

    async def document(self, chat: int, content: bytes, name: str) -> Sent:
        return self._sent(await self.bot.send_document(chat, self._file(content, name)))

    async def album(self, chat: int, contents: Sequence[bytes]) -> list[Sent]:
        media = [aiogram.types.InputMediaPhoto(media=self._file(c, "a.png")) for c in contents]
        return [self._sent(m) for m in await self.bot.send_media_group(chat, list(media))]

    async def venue(self, chat: int, title: str, address: str) -> str:
        sent = await self.bot.send_venue(chat, 52.09, 5.12, title, address)
        assert sent.venue is not None
        return f"{sent.venue.title}, {sent.venue.address}"

    async def download(self, file_id: str) -> bytes:
        content = await self.bot.download(file_id)
        assert content is not None
        return content.read()

    async def commands(self, names: Sequence[str]) -> list[str]:
        made = [aiogram.types.BotCommand(command=name, description=name) for name in names]
        await self.bot.set_my_commands(made)
        return [command.command for command in await self.bot.get_my_commands()]

    async def copy(self, chat: int, message: int) -> int:
        return (await self.bot.copy_message(chat, chat, message)).message_id


@asynccontextmanager
async def open_client(maker: str, base: str) -> AsyncIterator[Client]:
    """Give the client of a maker, "ptb" or "aiogram", for the simulator at `base`."""
    if maker == "ptb":
        bot = telegram.Bot(TOKEN, base_url=f"{base}/bot", base_file_url=f"{base}/file/bot")
        async with bot:
            yield PtbClient(bot)
    else:
        session = AiohttpSession(api=TelegramAPIServer.from_base(base))
        async with aiogram.Bot(TOKEN, session=session) as other:
            yield AiogramClient(other)


@asynccontextmanager
async def refusal() -> AsyncIterator[list[Refused]]:
    """Expect the block to be refused by Telegram, and give what it said."""
    said: list[Refused] = []
    try:
        yield said
    except telegram.error.TelegramError as refused:
        said.append(Refused(type(refused).__name__, refused.message.lower()))
    except aiogram.exceptions.TelegramAPIError as refused:
        said.append(
            Refused(type(refused).__name__.removeprefix("Telegram"), refused.message.lower())
        )
    assert said, "Telegram should have refused this"
