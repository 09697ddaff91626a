"""A Bot API that costs next to nothing: what is measured is who talks to it.

A raw protocol without a web framework, in a process of its own. It hands out prepared updates
in batches of up to a hundred, confirms them by offset as Telegram does, takes every other call,
and keeps when each arrived. It checks nothing; the simulator is there for that.

Control path, JSON, for the measurement only:
  POST /control/load    {"updates": [[chat, text, at], …]}   `at`: monotonic seconds, 0 for now
  POST /control/clear   forget what was sent
  GET  /control/stats   counts, and when updates were first handed out
  GET  /control/sends   [[at, method, chat, reference], …]; times are monotonic seconds
"""

import asyncio
import gc
import json
import re
import sys
import time
from collections import deque
from collections.abc import Callable

_ROUTE = re.compile(rb"^(?:POST|GET) /(?:bot[^/ ]+|(control))/(\w+)")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_CHAT = re.compile(rb"""\bchat_id["']?[=:] *"?(-?\d+)""")
_OFFSET = re.compile(rb"""\boffset["']?[=:] *"?(\d+)""")
_TIMEOUT = re.compile(rb"""\btimeout["']?[=:] *"?(\d+)""")
_MESSAGE_ID = re.compile(rb"""\bmessage_id["']?[=:] *"?(\d+)""")
_FROM = re.compile(rb"""\bfrom_chat_id["']?[=:] *"?(-?\d+)""")
_REFERENCE = re.compile(rb"77(\d{8})77")
_BATCH = 100
_DATE = 1_795_509_000
_ME = (
    b'{"id":100000009,"is_bot":true,"first_name":"Taalbrug","username":"taalbrug_bench_bot",'
    b'"can_join_groups":true,"can_read_all_group_messages":false,"supports_inline_queries":false}'
)
_ANSWERS = {
    "getMe": _ME,
    "getWebhookInfo": b'{"url":"","has_custom_certificate":false,"pending_update_count":0}',
}

Send = tuple[float, str, int, int]


def reference(number: int) -> str:
    """Return the mark by which a message is known again, also in its copy; digits, from 1 on."""
    return f"77{number:08d}77"


class Responder:
    """What the server knows: updates not yet confirmed, and everything that was sent."""

    def __init__(self) -> None:
        self.updates: deque[tuple[int, bytes]] = deque()
        self.sends: list[Send] = []
        self.parked: Connection | None = None
        self.first_handed_at = 0.0
        self.handed = 0
        self.marked = 0
        self._next_update = 1
        self._next_message = 1
        self._texts: dict[tuple[int, int], int] = {}
        self._delay = 0.0

    def answer(self, connection: "Connection", head: bytes, body: bytes) -> bytes | None:
        """Return the JSON that answers a request; None when it is answered later."""
        route = _ROUTE.match(head)
        if route is None:
            return b'{"ok":false,"error_code":404,"description":"Not Found"}'
        name = route[2].decode()
        if route[1]:
            return self._control(name, body)
        if name == "getUpdates":
            return self._updates(connection, body)
        result = self._result(name, body)
        done = b'{"ok":true,"result":%b}' % result
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, connection.reply, done)
            return None
        return done

    def _result(self, name: str, body: bytes) -> bytes:
        if name.startswith(("send", "copy", "edit", "forward")) and name != "sendChatAction":
            found = _CHAT.search(body)
            chat = int(found[1]) if found else 0
            self._next_message += 1
            mark = self._reference(name, body)
            self.marked += mark > 0
            self.sends.append((time.monotonic(), name, chat, mark))
            if name == "copyMessage":
                return b'{"message_id":%d}' % self._next_message
            return (
                b'{"message_id":%d,"date":%d,"chat":{"id":%d,"type":"private","first_name":"N"},'
                b'"text":"-"}' % (self._next_message, _DATE, chat)
            )
        return _ANSWERS.get(name, b"true")

    def _reference(self, name: str, body: bytes) -> int:
        if name == "copyMessage":
            source, message = _FROM.search(body), _MESSAGE_ID.search(body)
            if source is None or message is None:
                return 0
            return self._texts.get((int(source[1]), int(message[1])), 0)
        found = _REFERENCE.search(body)
        return int(found[1]) if found else 0

    def _updates(self, connection: "Connection", body: bytes) -> bytes | None:
        offset = _OFFSET.search(body)
        if offset is not None:
            first = int(offset[1])
            while self.updates and self.updates[0][0] < first:
                self.updates.popleft()
        if self.updates:
            return self._batch()
        patience = _TIMEOUT.search(body)
        if patience is None or patience[1] == b"0":
            return b'{"ok":true,"result":[]}'
        if self.parked is not None:
            self.parked.reply(b'{"ok":true,"result":[]}')
        self.parked = connection
        asyncio.get_running_loop().call_later(int(patience[1]), self._give_up, connection)
        return None

    def _batch(self) -> bytes:
        batch = [self.updates[i][1] for i in range(min(_BATCH, len(self.updates)))]
        self.handed += len(batch)
        self.first_handed_at = self.first_handed_at or time.monotonic()
        return b'{"ok":true,"result":[%b]}' % b",".join(batch)

    def _give_up(self, connection: "Connection") -> None:
        if self.parked is connection:
            self.parked = None
            connection.reply(b'{"ok":true,"result":[]}')

    def _control(self, name: str, body: bytes) -> bytes:
        if name == "load":
            asked = json.loads(body)
            self._delay = float(asked.get("delay", 0))
            self._load(asked["updates"])
        elif name == "clear":
            self.sends.clear()
            self.first_handed_at = 0.0
            self.handed = self.marked = 0
        elif name == "sends":
            return json.dumps(self.sends).encode()
        counts = {
            "sends": len(self.sends),
            "marked": self.marked,
            "left": len(self.updates),
            "handed": self.handed,
            "first_handed_at": self.first_handed_at,
            "cpu_seconds": time.process_time(),
        }
        return json.dumps(counts).encode()

    def _load(self, updates: list[tuple[int, str, float]]) -> None:
        loop = asyncio.get_running_loop()
        for chat, text, at in updates:
            if at:
                loop.call_at(at, self._release, chat, text)
            else:
                self._append(chat, text)
        self._wake()

    def _release(self, chat: int, text: str) -> None:
        self._append(chat, text)
        self._wake()

    def _append(self, chat: int, text: str) -> None:
        number, message = self._next_update, self._next_message
        self._next_update += 1
        self._next_message += 1
        person = {"id": chat, "is_bot": False, "first_name": "N", "language_code": "fa"}
        update = {
            "update_id": number,
            "message": {
                "message_id": message,
                "from": person,
                "chat": {"id": chat, "type": "private", "first_name": "N"},
                "date": _DATE,
                "text": text,
            },
        }
        raw = json.dumps(update).encode()
        found = _REFERENCE.search(raw)
        self._texts[chat, message] = int(found[1]) if found else 0
        self.updates.append((number, raw))

    def _wake(self) -> None:
        if self.parked is not None and self.updates:
            connection, self.parked = self.parked, None
            connection.reply(self._batch())


class Connection(asyncio.Protocol):
    """One kept-alive connection; one request at a time, as HTTP clients do."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - tells the type checker
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the base class names it
        """Forget a question that nobody waits for any more."""
        self._transport = None
        if self._responder.parked is self:
            self._responder.parked = None

    def data_received(self, data: bytes) -> None:
        """Answer each request that has come in whole."""
        self._buffer += data
        while (request := self._take()) is not None:
            answer = self._responder.answer(self, *request)
            if answer is not None:
                self.reply(answer)

    def _take(self) -> tuple[bytes, bytes] | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        head, start = self._buffer[:end], end + 4
        length = _LENGTH.search(head)
        if length is None and _CHUNKED.search(head):
            stop = self._buffer.find(b"0\r\n\r\n", start)
            if stop < 0:
                return None
            body = _unchunked(self._buffer[start:stop])
            self._buffer = self._buffer[stop + 5 :]
            return head, body
        size = int(length[1]) if length else 0
        if len(self._buffer) < start + size:
            return None
        body = self._buffer[start : start + size]
        self._buffer = self._buffer[start + size :]
        return head, body

    def reply(self, answer: bytes) -> None:
        """Send an answer, if anybody still waits for it."""
        if self._transport is not None:
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (len(answer), answer)
            )


def _unchunked(data: bytes) -> bytes:
    parts = []
    while data:
        size, _, data = data.partition(b"\r\n")
        parts.append(data[: int(size, 16)])
        data = data[int(size, 16) + 2 :]
    return b"".join(parts)


async def serve(tell: Callable[[int], None]) -> None:
    """Answer on a free port of this machine, which `tell` hears, until the standard input ends."""
    responder = Responder()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(responder), "127.0.0.1", 0)
    async with server:
        tell(server.sockets[0].getsockname()[1])
        await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    """Run as a process of its own; prints its port."""
    gc.disable()  # a pause here would be seen as a pause of what is measured
    asyncio.run(serve(lambda port: print(port, flush=True)))


if __name__ == "__main__":
    main()
