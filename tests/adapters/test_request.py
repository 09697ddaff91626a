"""The line that carries calls to Telegram: what is sent, once, and what a break proves."""

import asyncio
import base64
import io
import json
import logging
import os
import shutil
import socket
import ssl
import struct
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from telegram import InputFile
from telegram.error import NetworkError, TimedOut
from telegram.ext import ExtBot

from bot.adapters import request
from bot.adapters.request import Request
from bot.adapters.telegram import SendError, ask_for_updates, classify, make_bot, make_call
from bot.domain.delivery import FailureKind, Payload
from bot.domain.errors import ConfigError
from bot.domain.ids import TelegramMessageId
from bot.simulator import Clock, Phone, Simulator

TOKEN = "100000009:token-of-these-tests"
PHONE = 4001
NOT_SENT, DOUBT = FailureKind.NOT_SENT, FailureKind.DOUBT


@pytest.fixture(autouse=True)
def _the_token_is_never_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.DEBUG):
        yield
    assert not any(TOKEN in record.getMessage() for record in caplog.get_records("call"))


async def _told(bot: ExtBot[None]) -> FailureKind:
    """Make a call that fails; gives what that proves, and sees that the token is not told."""
    with pytest.raises(SendError) as caught:
        await _send(bot)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert TOKEN not in caught.value.failure.description
    return caught.value.failure.kind


@dataclass(slots=True)
class Server:
    """A server that reads each call whole, counts it, and treats it as it was told to."""

    treat: Callable[["Server", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
    calls: list[bytes] = field(default_factory=list)
    lines: list[asyncio.StreamWriter] = field(default_factory=list)
    serving: set[asyncio.Task[None]] = field(default_factory=set)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    async def listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one line until either side hangs up."""
        self.lines.append(writer)
        serving = asyncio.current_task()
        assert serving is not None
        self.serving.add(serving)
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                _, _, rest = head.lower().partition(b"content-length: ")
                body = await reader.readexactly(int(rest.split(b"\r\n")[0] or 0) if rest else 0)
                await self.count(head + body)
                await self.treat(self, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def count(self, call: bytes) -> None:
        async with self.changed:
            self.calls.append(call)
            self.changed.notify_all()

    async def has(self, calls: int) -> None:
        """Wait until so many calls have been read."""
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.calls) >= calls)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


SENT = b'{"ok":true,"result":{"message_id":7}}'


def _http(body: bytes, head: bytes = b"", status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (status, head, len(body), body)


async def _answer(_: Server, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(_http(SENT))


async def _say_nothing(server: Server, _: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    await server.closing.wait()


async def _close(_: Server, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _reset(_: Server, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    line = writer.get_extra_info("socket")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _close_half_way(
    _: Server, __: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(_http(SENT)[:-9])
    writer.close()


async def _reset_half_way(
    server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(_http(SENT)[:-9])
    await writer.drain()
    await _reset(server, reader, writer)


async def _answer_no_http(
    _: Server, __: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(b"+OK this is no web server\r\n\r\n")


@asynccontextmanager
async def _serving(
    treat: Callable[[Server, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Server]:
    server = Server(treat)
    async with await asyncio.start_server(server.listen, "127.0.0.1", 0, ssl=tls) as listening:
        server.port = listening.sockets[0].getsockname()[1]
        try:
            yield server
        finally:
            server.closing.set()
            for line in server.lines:
                line.close()
            await asyncio.gather(*server.serving)


@asynccontextmanager
async def _bot(url: str) -> AsyncIterator[ExtBot[None]]:
    bot = make_bot(TOKEN, url, 1)
    try:
        yield bot
    finally:
        for line in bot._request:  # its own shutdown closes nothing before it was initialised
            await line.shutdown()


async def _send(bot: ExtBot[None]) -> TelegramMessageId | None:
    return await make_call(bot, "sendMessage", {"chat_id": PHONE, "text": "1001"})


@pytest.mark.parametrize(
    "treat",
    [_close, _reset, _close_half_way, _reset_half_way, _answer_no_http],
    ids=lambda treat: treat.__name__,
)
async def test_a_line_that_breaks_after_the_call_was_read_leaves_doubt(
    treat: Callable[[Server, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> None:
    async with _serving(treat) as server, _bot(server.url) as bot:
        assert await _told(bot) is DOUBT
        assert len(server.calls) == 1


@pytest.mark.parametrize("drop", [_close, _reset], ids=lambda drop: drop.__name__)
async def test_a_used_line_that_breaks_under_the_next_call_leaves_doubt_and_is_not_repeated(
    drop: Callable[[Server, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> None:
    async def first_answered(
        server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await (_answer if len(server.calls) == 1 else drop)(server, reader, writer)

    async with _serving(first_answered) as server, _bot(server.url) as bot:
        assert await _send(bot) == 7
        assert await _told(bot) is DOUBT
        assert (len(server.calls), len(server.lines)) == (2, 1)


async def test_a_line_dropped_while_idle_is_noticed_and_the_call_goes_once_on_another() -> None:
    noticed = asyncio.Event()

    async def answer_and_drop(
        server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await _answer(server, reader, writer)
        if len(server.calls) == 1:
            writer.write_eof()
            assert await reader.read() == b"", "nothing may be written on a line that is dropped"
            noticed.set()

    async with _serving(answer_and_drop) as server, _bot(server.url) as bot:
        assert await _send(bot) == 7
        await noticed.wait()
        assert await _send(bot) == 7
        assert (len(server.calls), len(server.lines)) == (2, 2)


async def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request, "_LINE_SECONDS", 0)
    monkeypatch.setattr(request, "_WRITE_SECONDS", 0)

    async def drip(_: Server, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_http(b"x" * 10_000)[:-10_000])
        for _spaces in range(1_000):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)
        writer.close()

    async with _serving(drip) as server, _bot(server.url) as bot:
        with pytest.raises(TimedOut) as caught:
            await bot.do_api_request("sendMessage", api_kwargs={"text": "x"}, read_timeout=1)
        assert classify(caught.value).kind is DOUBT
        assert len(server.calls) == 1


@asynccontextmanager
async def _reading_heads_only(answer: bytes) -> AsyncIterator[tuple[ExtBot[None], list[bytes]]]:
    """Give a bot, and the heads that its server read; one on each line, and no body."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await done.wait()
        writer.transport.abort()
        left.release()

    heads: list[bytes] = []
    done, left = asyncio.Event(), asyncio.Semaphore(0)
    async with await asyncio.start_server(listen, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with _bot(f"http://127.0.0.1:{port}") as bot:
            try:
                yield bot, heads
            finally:
                done.set()
                for _ in heads:
                    await left.acquire()


async def _upload(bot: ExtBot[None], read: float = 20, write: float = 20) -> object:
    given: dict[str, object] = {"chat_id": PHONE, "document": InputFile(bytes(2**24))}
    result: object = await bot.do_api_request(
        "sendDocument", api_kwargs=given, read_timeout=read, write_timeout=write, pool_timeout=1
    )
    return result


async def test_an_upload_that_nobody_reads_is_given_up() -> None:
    async with _reading_heads_only(b"") as (bot, heads):
        with pytest.raises(TimedOut) as caught:
            await _upload(bot, read=0.1, write=0.1)
        assert classify(caught.value).kind is DOUBT
        assert len(heads) == 1


async def test_a_line_with_half_an_upload_on_it_is_not_used_again() -> None:
    async with _reading_heads_only(_http(SENT)) as (bot, heads):
        assert await _upload(bot) == {"message_id": 7}
        assert await _send(bot) == 7
        assert [b"sendDocument" in head for head in heads] == [True, False]


async def test_patience_without_end_is_not_to_be_had() -> None:
    async with _serving(_say_nothing) as server:
        line = Request(0.1, ssl.create_default_context(), None, 1)
        with pytest.raises(TimedOut):
            await line.do_request(server.url, "POST", read_timeout=None)
        await line.shutdown()


@pytest.mark.parametrize("status", [b"301 Moved", b"302 Found", b"307 Again", b"308 There"])
async def test_a_call_is_not_made_again_where_the_server_points(status: bytes) -> None:
    async def point(_: Server, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_http(b"", b"Location: /other\r\n", status))

    async with _serving(point) as server, _bot(server.url) as bot:
        assert await _told(bot) is DOUBT
        assert len(server.calls) == 1


async def test_what_the_library_is_told_does_not_carry_the_address_along() -> None:
    async with _serving(_reset) as server, _bot(server.url) as bot:
        with pytest.raises(NetworkError) as caught:
            await bot.do_api_request("sendMessage", api_kwargs={"text": "x"})
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert caught.value.message == "ClientOSError"


async def test_a_call_is_json_with_numbers_and_objects_as_they_are() -> None:
    payload: Payload = {"chat_id": PHONE, "text": "سل & +", "reply_markup": {"x": [True]}}
    async with _serving(_answer) as server, _bot(server.url) as bot:
        assert await make_call(bot, "sendMessage", payload) == 7
        (call,) = server.calls
    head, _, body = call.partition(b"\r\n\r\n")
    assert b"\r\nContent-Type: application/json\r\n" in head + b"\r\n"
    assert b"\r\nUser-Agent: python-telegram-bot v" in head
    assert json.loads(body) == payload


@pytest.mark.parametrize("made", [bytes, io.BytesIO], ids=["bytes", "a stream"])
async def test_a_file_arrives_whole_with_its_words_and_can_be_fetched(
    made: Callable[[bytes], bytes | io.BytesIO],
) -> None:
    phones = Simulator(token=TOKEN, bot_username="line_bot", bot_name="Bot", clock=Clock())
    phones.put_phone(Phone(user_id=PHONE, first_name="Ana", subtitle=""))
    url = await phones.start()
    phones.say(PHONE, "/start")
    content = bytes(range(256)) * 2**13  # over the size at which aiohttp warns of bytes
    try:
        async with _bot(url) as bot:
            given = InputFile(made(content), "brief één.pdf", read_file_handle=False)
            sent = await bot.send_document(PHONE, given, caption="سلام; 1 & 1")
            assert sent.document is not None
            assert sent.document.file_name == "brief één.pdf"
            assert sent.caption == "سلام; 1 & 1"
            file = await bot.get_file(sent.document.file_id)
            assert bytes(await file.download_as_bytearray()) == content
    finally:
        await phones.stop()


async def test_a_name_that_nobody_knows_proves_that_nothing_was_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async with _bot("http://telegram.invalid") as bot:
        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        assert await _told(bot) is NOT_SENT


async def test_a_server_that_does_not_take_the_line_proves_that_nothing_was_sent() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for other in waiting:
            other.setblocking(False)
            other.connect_ex(address)
        async with _bot(f"http://127.0.0.1:{address[1]}") as bot:
            with pytest.raises(NetworkError) as caught:
                await bot.do_api_request(
                    "sendMessage", api_kwargs={"text": "x"}, connect_timeout=0.1
                )
        for other in waiting:
            other.close()

    assert classify(caught.value).kind is NOT_SENT
    assert "ConnectionTimeoutError" in classify(caught.value).description


async def test_waiting_for_a_free_line_in_vain_proves_that_nothing_was_sent() -> None:
    async with (
        _serving(_say_nothing) as server,
        _bot(server.url) as bot,
        asyncio.TaskGroup() as group,
    ):
        held = [group.create_task(_told(bot)) for _ in range(request.CALLS_AT_ONCE)]
        await server.has(len(held))
        with pytest.raises(NetworkError) as caught:
            await bot.do_api_request("sendMessage", api_kwargs={"text": "x"}, pool_timeout=0.05)

        assert classify(caught.value).kind is NOT_SENT
        assert len(server.calls) == len(held) >= 64
        # Questions for updates have lines of their own.
        asking = group.create_task(ask_for_updates(bot, None, 0, ("message",)))
        await server.has(len(held) + 1)
        for task in (*held, asking):
            task.cancel()


async def test_the_line_opens_with_the_first_call_and_closes_with_the_bot() -> None:
    async with _serving(_answer) as server:
        bot = make_bot(TOKEN, server.url, 1)
        await bot.request.initialize()
        assert server.lines == []
        assert [await _send(bot), await _send(bot)] == [7, 7]
        assert len(server.lines) == 1
        await bot.request.shutdown()
        await server.lines[0].wait_closed()

        await bot.request.initialize()
        assert await _send(bot) == 7, "a bot may be started again"
        await bot.request.shutdown()


def test_a_bot_can_be_made_before_there_is_a_loop() -> None:
    bot = make_bot(TOKEN, "https://127.0.0.1:1", 1)

    assert bot.base_url == f"https://127.0.0.1:1/bot{TOKEN}"


async def test_cookies_are_not_kept() -> None:
    async def sweet(_: Server, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_http(SENT, b"Set-Cookie: sweet=1; Path=/\r\n"))

    async with (
        _serving(sweet) as server,
        _bot(f"http://localhost:{server.port}") as bot,
    ):
        assert [await _send(bot), await _send(bot)] == [7, 7]
        assert len(server.calls) == 2
        assert not any(b"cookie" in call.lower() for call in server.calls)


async def test_what_a_netrc_says_is_not_sent_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ana password word\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))

    async with _serving(_answer) as server, _bot(server.url) as bot:
        assert await _send(bot) == 7
        assert b"authorization" not in server.calls[0].lower()


# -- the line's encryption, and proxies -----------------------------------------------------------


async def test_a_server_without_encryption_is_not_spoken_to() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        greetings.append(await reader.read(65_536))
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    greetings: list[bytes] = []
    async with await asyncio.start_server(plain, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with _bot(f"https://127.0.0.1:{port}") as bot:
            assert await _told(bot) is NOT_SENT
    assert len(greetings) == 1
    assert TOKEN.encode() not in greetings[0]


def _make_certificate(key: Path, certificate: Path) -> None:
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate")
async def test_a_certificate_that_nobody_vouches_for_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    _make_certificate(key, certificate)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)

    async with _serving(_answer, tls) as server:
        url = server.url.replace("http", "https")
        async with _bot(url) as bot:
            assert await _told(bot) is NOT_SENT
        assert server.calls == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        async with _bot(url) as bot:
            assert await _send(bot) == 7


@pytest.fixture
def proxies(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Start without any proxy in the environment."""
    for name in os.environ:
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    return monkeypatch


async def test_a_proxy_that_digs_no_tunnel_proves_that_nothing_was_sent(
    proxies: pytest.MonkeyPatch,
) -> None:
    async def refuse(_: Server, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_http(b"", status=b"403 Forbidden"))

    async with _serving(refuse) as proxy:
        proxies.setenv("HTTPS_PROXY", f"http://ana:word@127.0.0.1:{proxy.port}")
        async with _bot("https://telegram.invalid") as bot:
            assert await _told(bot) is NOT_SENT
    (asked,) = proxy.calls
    assert asked.startswith(b"CONNECT telegram.invalid:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"ana:word") in asked
    assert TOKEN.encode() not in asked


async def test_a_proxy_that_is_not_there_proves_that_nothing_was_sent(
    proxies: pytest.MonkeyPatch, free_port: int
) -> None:
    proxies.setenv("HTTPS_PROXY", f"127.0.0.1:{free_port}")

    async with _bot("https://telegram.invalid") as bot:
        assert await _told(bot) is NOT_SENT


async def test_a_proxy_passes_the_call_on_unless_the_server_is_exempt(
    proxies: pytest.MonkeyPatch,
) -> None:
    async with _serving(_answer) as proxy, _serving(_answer) as server:
        proxies.setenv("ALL_PROXY", proxy.url)
        async with _bot(server.url) as bot:
            assert await _send(bot) == 7
        assert proxy.calls[0].startswith(f"POST {server.url}/bot{TOKEN}/sendMessage ".encode())
        proxies.setenv("NO_PROXY", "127.0.0.1")
        async with _bot(server.url) as bot:
            assert await _send(bot) == 7
        assert (len(proxy.calls), len(server.calls)) == (1, 1)


def test_a_proxy_of_another_kind_is_refused_at_the_start(proxies: pytest.MonkeyPatch) -> None:
    proxies.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")

    with pytest.raises(ConfigError, match=r"of the kind 'socks5'.*Set HTTPS_PROXY"):
        make_bot(TOKEN, "https://telegram.invalid", 1)


def test_what_counts_as_proof_is_raised_only_while_connecting() -> None:
    """A newer aiohttp that raises these elsewhere, or puts others beneath them, fails here."""
    sent = [
        aiohttp.ServerDisconnectedError,
        aiohttp.SocketTimeoutError,
        aiohttp.ClientOSError,
        aiohttp.ClientConnectionError,
        aiohttp.ClientConnectionResetError,
        aiohttp.ClientPayloadError,
        aiohttp.ClientResponseError,
    ]

    assert not any(issubclass(kind, request._BEFORE_WRITING) for kind in sent)
