"""One call to Telegram, and what its failure proves about the message."""

import asyncio
import inspect
import logging
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import pytest
from telegram import error as telegram_errors
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    PassportDecryptionError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.ext import ExtBot

from bot.adapters.request import NotSentError
from bot.adapters.telegram import (
    SendError,
    ask_for_updates,
    classify,
    make_bot,
    make_call,
    seconds_to_wait,
)
from bot.application import connect
from bot.config import Config, Telegram
from bot.domain.delivery import FailureKind
from bot.domain.errors import ConfigError
from bot.simulator import Clock, Phone, Simulator

TOKEN = "100000009:token-of-these-tests"
PHONE = 4001
NOT_SENT, SLOW_DOWN = FailureKind.NOT_SENT, FailureKind.SLOW_DOWN
GONE, REJECTED, DOUBT = FailureKind.GONE, FailureKind.REJECTED, FailureKind.DOUBT


def _because(error: TelegramError, cause: BaseException) -> TelegramError:
    error.__cause__ = cause
    return error


PROOF: list[tuple[TelegramError, FailureKind]] = [
    # It never left.
    (NotSentError("ClientConnectorError"), NOT_SENT),
    # It was refused, but not for what it says.
    (RetryAfter(3), SLOW_DOWN),
    (RetryAfter(timedelta(seconds=3)), SLOW_DOWN),
    (NetworkError("Too Many Requests (429)"), SLOW_DOWN),
    (InvalidToken(), NOT_SENT),
    # The person is not there any more.
    (Forbidden("Forbidden: bot was blocked by the user"), GONE),
    (Forbidden("Forbidden: user is deactivated"), GONE),
    (Forbidden("Forbidden: bot can't initiate conversation with a user"), GONE),
    (BadRequest("Bad Request: chat not found"), GONE),
    (BadRequest("Chat not found"), GONE),
    # It will never be taken as it is.
    (BadRequest("Bad Request: message text is empty"), REJECTED),
    (BadRequest("Bad Request: message is not modified"), REJECTED),
    (ChatMigrated(-1001), REJECTED),
    (EndPointNotFound("Endpoint 'sendNothing' not found in Bot API"), REJECTED),
    (Conflict("Conflict: terminated by other getUpdates request"), REJECTED),
    # It may have arrived; what no request of ours says proves nothing.
    (_because(NetworkError("other"), aiohttp.ConnectionTimeoutError()), DOUBT),
    (_because(TimedOut("Pool timeout"), NotSentError("")), DOUBT),
    (TimedOut("SocketTimeoutError"), DOUBT),
    (NetworkError("ServerDisconnectedError"), DOUBT),
    (NetworkError("ClientOSError"), DOUBT),
    (_because(NetworkError("Bad Gateway (502)"), TelegramError("html")), DOUBT),
    (NetworkError("Internal Server Error"), DOUBT),
    (TimedOut(), DOUBT),
    (TelegramError("Invalid server response"), DOUBT),
    (PassportDecryptionError("unasked for"), DOUBT),
]


@pytest.mark.parametrize(
    ("error", "kind"), PROOF, ids=lambda value: f"{value!s:.50}" if value else None
)
def test_each_error_is_taken_for_what_it_proves(error: TelegramError, kind: FailureKind) -> None:
    assert classify(error).kind is kind


def test_the_table_knows_every_error_of_the_library() -> None:
    known = {
        kind
        for _, kind in inspect.getmembers(telegram_errors, inspect.isclass)
        if issubclass(kind, TelegramError)
    }

    assert {type(error) for error, _ in PROOF} == known | {NotSentError}


def test_it_waits_a_second_longer_than_telegram_asks() -> None:
    assert seconds_to_wait(RetryAfter(3)) == 4
    assert classify(RetryAfter(timedelta(seconds=7))).wait_seconds == 8


def test_what_a_server_answered_is_not_quoted() -> None:
    quoting = "Bad Gateway (502). Parsing the server response b'Klaproos' failed"
    inside = "Unknown error in HTTP implementation: ValueError('Klaproos')"

    assert classify(NetworkError(quoting)).description == "NetworkError: Bad Gateway (502)"
    assert "Klaproos" not in classify(NetworkError(inside)).description


# -- over real HTTP -----------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _the_token_is_never_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.DEBUG):
        yield
    assert not any(TOKEN in record.getMessage() for record in caplog.get_records("call"))


@dataclass(frozen=True, slots=True)
class Line:
    """A bot, its server, and the phone at the other end."""

    bot: ExtBot[None]
    phones: Simulator
    url: str

    async def calls(self, text: str = "1001", method: str = "sendMessage") -> FailureKind | int:
        """Send a text: the message's id, or what its failure proves."""
        failed: SendError
        try:
            sent = await make_call(self.bot, method, {"chat_id": PHONE, "text": text})
        except SendError as error:
            failed = error
        else:
            assert sent is not None
            return sent
        assert (failed.__cause__, failed.__context__) == (None, None)
        assert TOKEN not in failed.failure.description
        return failed.failure.kind

    @property
    def arrived(self) -> int:
        """How many messages the phone shows."""
        shown = self.phones.messages(PHONE)
        return sum(message.get("text") == "1001" for message in shown)

    @property
    def asked(self) -> int:
        """How often the server was asked to send one."""
        return sum(entry["method"] == "sendMessage" for entry in self.phones.requests())


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    phones = Simulator(token=TOKEN, bot_username="line_bot", bot_name="Bot", clock=Clock())
    phones.put_phone(Phone(user_id=PHONE, first_name="Ana", subtitle=""))
    url = await phones.start()
    phones.say(PHONE, "/start")
    bot = make_bot(TOKEN, url, 1)
    await bot.initialize()
    yield Line(bot, phones, url)
    await bot.shutdown()
    await phones.stop()


async def test_a_call_gives_the_id_of_the_message_it_made(line: Line) -> None:
    sent = await line.calls()

    assert sent == line.phones.messages(PHONE)[-1]["message_id"]


@pytest.mark.parametrize(
    ("fault", "kind", "arrived"),
    [
        ("429", SLOW_DOWN, 0),
        ("500", DOUBT, 0),
        ("502_html", DOUBT, 0),
        ("refuse", DOUBT, 0),
        ("accept_then_close", DOUBT, 1),
        ("half_response", DOUBT, 1),
        ("garbage", DOUBT, 1),
        ("409", REJECTED, 0),
        ("migrated", REJECTED, 0),
    ],
)
async def test_each_fault_of_the_line_is_taken_for_what_it_proves(
    line: Line, fault: str, kind: FailureKind, arrived: int
) -> None:
    line.phones.fault(fault, method="sendMessage")

    assert await line.calls() is kind
    assert line.asked == 1
    assert line.arrived == arrived


async def test_a_slow_answer_leaves_doubt(line: Line) -> None:
    hasty = make_bot(TOKEN, line.url, 1)
    await hasty.initialize()
    line.phones.fault("accept_then_delay", method="sendMessage", seconds=30)
    with pytest.raises(TimedOut) as caught:
        await hasty.do_api_request(
            "sendMessage", api_kwargs={"chat_id": PHONE, "text": "1001"}, read_timeout=0.1
        )
    await hasty.shutdown()

    assert classify(caught.value).kind is DOUBT
    assert line.asked == line.arrived == 1


async def test_told_to_wait_no_time_at_all_it_still_waits(line: Line) -> None:
    line.phones.fault("429", method="sendMessage", retry_after=0)

    assert await line.calls() is SLOW_DOWN


async def test_nobody_listening_proves_that_nothing_was_sent(line: Line) -> None:
    await line.phones.stop()

    assert await line.calls() is NOT_SENT
    assert line.asked == 0


async def test_a_blocked_bot_a_closed_account_and_an_unknown_chat_are_gone(line: Line) -> None:
    line.phones.block(PHONE)
    assert await line.calls() is GONE
    line.phones.block(PHONE, blocked=False)
    line.phones.deactivate(PHONE)
    assert await line.calls() is GONE
    with pytest.raises(SendError) as caught:
        await make_call(line.bot, "sendMessage", {"chat_id": 4999, "text": "x"})
    assert caught.value.failure.kind is GONE
    assert (line.asked, line.arrived) == (3, 0)


async def test_an_empty_text_and_an_unknown_method_are_refused_for_good(line: Line) -> None:
    assert await line.calls(text="") is REJECTED
    assert line.asked == 1
    assert await line.calls(method="sendNothing") is REJECTED


async def test_half_a_character_is_refused_by_the_server_and_leaves_no_doubt(line: Line) -> None:
    assert await line.calls("1001 \ud83d") is REJECTED
    assert line.asked == 1


async def test_a_token_that_is_revoked_is_no_fault_of_the_message(line: Line) -> None:
    line.phones._x.token = "100000009:another"

    assert await line.calls() is NOT_SENT
    assert (line.asked, line.arrived) == (1, 0)
    with pytest.raises(InvalidToken):
        await ask_for_updates(line.bot, None, 0, ("message",))


@asynccontextmanager
async def _answering(status: str, body: bytes) -> AsyncIterator[ExtBot[None]]:
    """Give a bot whose server says the same to everything."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        bot = make_bot(TOKEN, f"http://127.0.0.1:{port}", 1)
        yield bot
        await bot.request.shutdown()


@pytest.mark.parametrize("status", ["200 OK", "502 Bad Gateway"])
async def test_an_answer_that_cannot_be_read_is_not_written_to_the_log(
    status: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        async with _answering(status, b'{"ok":true,"result":[{"text":"Klaproos') as bot:
            with pytest.raises(TelegramError) as caught:
                await bot.initialize()

    assert "Klaproos" not in caplog.text
    assert "Klaproos" not in classify(caught.value).description


async def test_an_answer_that_cannot_be_read_does_not_come_along_with_the_error() -> None:
    async with _answering("502 Bad Gateway", b"Klaproos") as bot:
        with pytest.raises(SendError) as caught:
            await make_call(bot, "sendMessage", {"chat_id": PHONE, "text": "x"})

    assert caught.value.failure.kind is DOUBT
    assert "Klaproos" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


async def test_an_answer_that_is_no_object_is_an_error_like_any_other() -> None:
    async with _answering("403 Forbidden", b"[]") as bot:
        with pytest.raises(Forbidden):
            await bot.initialize()


async def test_what_was_asked_for_is_confirmed_by_the_next_question(line: Line) -> None:
    line.phones.say(PHONE, "1001")
    first = await ask_for_updates(line.bot, None, 0, ("message",))
    last = first[-1]
    assert isinstance(last, dict)
    number = last["update_id"]
    assert isinstance(number, int)

    assert len(first) == 2
    assert await ask_for_updates(line.bot, number, 0, ("message",)) == [last]
    assert await ask_for_updates(line.bot, number + 1, 0, ("message",)) == []
    assert line.phones.pending_updates == 0


# -- the start ----------------------------------------------------------------------------------


async def _nowhere_to_wait(_seconds: float) -> None:
    raise AssertionError("it waited although waiting cannot help")


async def test_a_start_with_a_wrong_token_says_so_without_the_token(line: Line) -> None:
    config = Config(telegram=Telegram(api_url=line.url), token="100000009:wrong")

    with pytest.raises(ConfigError, match="Set TAALBRUG_TELEGRAM_TOKEN anew") as caught:
        await connect(config, sleep=_nowhere_to_wait)
    assert "wrong" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("fault", ["429", "500", "502_html", "garbage", "refuse"])
async def test_a_start_waits_while_telegram_is_in_trouble(line: Line, fault: str) -> None:
    line.phones.fault(fault, method="getMe", times=2, retry_after=6)
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    bot = await connect(Config(telegram=Telegram(api_url=line.url), token=TOKEN), sleep=sleep)

    assert bot.username == "line_bot"
    await bot.shutdown()
    assert waited == [7.0 if fault == "429" else 3.0] * 2
