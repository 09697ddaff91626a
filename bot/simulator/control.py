"""The control API under /sim over HTTP: each route reads its fields and asks the desk."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import cast

from aiohttp import BodyPartReader, web

from bot.simulator.desk import Desk
from bot.simulator.errors import ApiError, ControlError
from bot.simulator.exchange import Exchange
from bot.simulator.faults import ANY_METHOD
from bot.simulator.fields import Fields
from bot.simulator.media import MediaKind
from bot.simulator.model import Phone
from bot.simulator.params import MAX_UPLOAD
from bot.simulator.values import JsonObject, as_list

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEARTBEAT_SECONDS = 15
MAX_WAIT_SECONDS = 300
UPLOADABLE: tuple[MediaKind, ...] = ("photo", "voice", "document", "audio", "video")
_SHOWN_INLINE = ("image/png", "image/jpeg", "image/gif", "image/webp", "audio/", "video/")
_DUMPS = json.JSONEncoder(ensure_ascii=False).encode


def answer(body: object, status: int = 200) -> web.Response:
    """Write a JSON answer, letters as they are."""
    return web.json_response(body, status=status, dumps=_DUMPS)


class Control:
    """The routes of the control API."""

    def __init__(self, desk: Desk, exchange: Exchange) -> None:
        self._desk = desk
        self._x = exchange

    def routes(self) -> list[web.RouteDef]:
        """Give all routes under /sim."""
        chat = "/sim/chats/{chat_id}"
        table: list[tuple[str, str, Handler]] = [
            ("GET", "/sim/state", self.state),
            ("GET", "/sim/events", self.events),
            ("POST", "/sim/users", self.users),
            ("POST", f"{chat}/say", self.say),
            ("POST", f"{chat}/edit", self.edit),
            ("POST", f"{chat}/delete", self.delete),
            ("POST", f"{chat}/react", self.react),
            ("POST", f"{chat}/tap", self.tap),
            ("POST", f"{chat}/upload", self.upload),
            ("POST", f"{chat}/block", self.block),
            ("POST", f"{chat}/deactivate", self.deactivate),
            ("POST", f"{chat}/typing", self.typing),
            ("GET", f"{chat}/messages", self.messages),
            ("GET", "/sim/callbacks/{query_id}", self.callback),
            ("POST", "/sim/updates", self.updates),
            ("GET", "/sim/clock", self.clock),
            ("POST", "/sim/clock", self.move_clock),
            ("GET", "/sim/faults", self.faults),
            ("POST", "/sim/faults", self.order_fault),
            ("DELETE", "/sim/faults", self.clear_faults),
            ("GET", "/sim/requests", self.requests),
            ("POST", "/sim/wait", self.wait),
            ("GET", "/sim/files/{file_id}", self.file),
        ]
        return [web.route(method, path, handler) for method, path, handler in table]

    # -- looking --------------------------------------------------------------------------

    async def state(self, _: web.Request) -> web.StreamResponse:
        """Give everything the page shows."""
        return answer(await self._desk.state())

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Stream every change as Server-Sent Events, until either side leaves."""
        stream = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        with self._x.hub.listen() as queue:
            await stream.prepare(request)
            await stream.write(b"retry: 1000\n\n")
            while not self._x.hub.closed:
                chunk = await self._chunk(queue)
                try:
                    await stream.write(chunk.encode())
                except ConnectionError:
                    break
        return stream

    async def _chunk(self, queue: asyncio.Queue[tuple[int, JsonObject]]) -> str:
        """Give the next event as the stream writes it, or a sign of life."""
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                number, event = await queue.get()
        except TimeoutError:
            return ": still here\n\n"
        return "" if self._x.hub.closed else f"id: {number}\ndata: {_DUMPS(event)}\n\n"

    async def messages(self, request: web.Request) -> web.StreamResponse:
        """Give the messages that stand in a chat."""
        after = _number_in_query(request, "after")
        return answer({"messages": self._desk.messages(_chat_id(request), after)})

    async def callback(self, request: web.Request) -> web.StreamResponse:
        """Say whether and how a tap was answered."""
        return answer(self._desk.callback(request.match_info["query_id"]))

    async def requests(self, request: web.Request) -> web.StreamResponse:
        """Give the log of Bot API requests."""
        return answer({"requests": self._desk.requests(_number_in_query(request, "after"))})

    async def wait(self, request: web.Request) -> web.StreamResponse:
        """Wait until a matching message stands in a chat."""
        fields = await Fields.of(request)
        asked = {
            "chat_id": fields.number_or_none("chat_id"),
            "text_contains": fields.text_or_none("text_contains"),
            "outgoing": fields.flag("outgoing")
            if "outgoing" in fields
            else fields.raw("outgoing"),
        }
        count, after = fields.number("count", 1), fields.number("after", 0)
        seconds = min(fields.real("timeout_seconds", 10.0), MAX_WAIT_SECONDS)
        fields.done()
        found = await self._desk.wait_for(
            chat_id=cast("int | None", asked["chat_id"]),
            text_contains=cast("str | None", asked["text_contains"]),
            outgoing=cast("bool | None", asked["outgoing"]),
            count=count,
            after=after,
            timeout_seconds=seconds,
        )
        return answer({"messages": found})

    async def file(self, request: web.Request) -> web.StreamResponse:
        """Give the bytes of a file, for the page."""
        item = self._x.files.find(request.match_info["file_id"])
        if item is None:
            raise ControlError("There is no such file.", 404)
        shown = item.mime.startswith(_SHOWN_INLINE)
        headers = {"Cache-Control": "private, max-age=86400"}
        if not shown:
            # A document opened on this address could act as the page itself.
            headers["Content-Disposition"] = "attachment"
        return web.Response(
            body=self._x.files.content(item),
            content_type=item.mime if shown else "application/octet-stream",
            headers=headers,
        )

    # -- people ---------------------------------------------------------------------------

    async def users(self, request: web.Request) -> web.StreamResponse:
        """Add a phone."""
        fields = await Fields.of(request)
        user_id = fields.number("user_id", self._x.free_user_id())
        phone = Phone(
            user_id=user_id,
            first_name=fields.text("first_name"),
            subtitle=fields.text("subtitle", ""),
            language_code=fields.text("language_code", "en"),
            dir="rtl" if fields.text("dir", "ltr") == "rtl" else "ltr",
            last_name=fields.text_or_none("last_name"),
            username=fields.text_or_none("username"),
        )
        fields.done()
        if user_id < 1 or not phone.first_name.strip():
            raise ControlError("A phone needs a first_name and a user_id above 0.")
        return answer(self._desk.put_phone(phone))

    async def say(self, request: web.Request) -> web.StreamResponse:
        """Let the phone's owner write."""
        fields = await Fields.of(request)
        text = fields.text("text")
        reply_to = fields.number_or_none("reply_to_message_id")
        quote = fields.text_or_none("quote")
        thread = fields.number_or_none("message_thread_id")
        fields.done()
        return answer(
            self._desk.say(
                _chat_id(request),
                text,
                reply_to_message_id=reply_to,
                quote=quote,
                message_thread_id=thread,
            )
        )

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """Let the phone's owner change an own message."""
        fields = await Fields.of(request)
        message_id, text = fields.number("message_id"), fields.text("text")
        fields.done()
        return answer(self._desk.edit(_chat_id(request), message_id, text))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """Let the phone's owner delete a message."""
        fields = await Fields.of(request)
        message_id = fields.number("message_id")
        fields.done()
        return answer(self._desk.delete(_chat_id(request), message_id))

    async def react(self, request: web.Request) -> web.StreamResponse:
        """Let the phone's owner put an emoji on a message."""
        fields = await Fields.of(request)
        message_id, emoji = fields.number("message_id"), fields.text("emoji", "")
        fields.done()
        return answer(self._desk.react(_chat_id(request), message_id, emoji))

    async def tap(self, request: web.Request) -> web.StreamResponse:
        """Let the phone's owner tap a button."""
        fields = await Fields.of(request)
        message_id = fields.number_or_none("message_id")
        place = as_list(fields.raw("button"))
        data, label = fields.text_or_none("data"), fields.text_or_none("label")
        raw_data = fields.text_or_none("raw_data")
        fields.done()
        button: tuple[int, int] | None = None
        if place:
            match place:
                case [int(row), int(column)]:
                    button = (row, column)
                case _:
                    raise ControlError('The field "button" must be [row, column].')
        return answer(
            self._desk.tap(
                _chat_id(request),
                message_id=message_id,
                button=button,
                data=data,
                label=label,
                raw_data=raw_data,
            )
        )

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Let the phone's owner send a file, or a location, contact, sticker or poll."""
        chat_id = _chat_id(request)
        if request.content_type != "multipart/form-data":
            given = await Fields.of(request)
            return answer(self._desk.send(chat_id, given.everything()))
        values: JsonObject = {}
        content, file_name, mime = b"", "", "application/octet-stream"
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None:
                raise ControlError("The multipart body cannot be read.")
            if part.name == "file":
                content = bytes(await part.read(decode=True))
                file_name = part.filename or "file"
                mime = part.headers.get("Content-Type", mime)
            else:
                values[part.name] = await part.text()
        if len(content) > MAX_UPLOAD:
            raise ControlError(f"A file has at most {MAX_UPLOAD} bytes.", 413)
        fields = Fields(values)
        kind = fields.text("kind")
        caption, duration = fields.text("caption", ""), fields.number("duration", 0)
        file_name = fields.text("file_name", "") or file_name
        group = fields.text_or_none("media_group")
        reply_to = fields.number_or_none("reply_to_message_id")
        fields.done()
        if kind not in UPLOADABLE:
            raise ControlError(f'The field "kind" must be one of: {", ".join(UPLOADABLE)}.')
        try:
            sent = self._desk.upload(
                chat_id,
                kind,
                content,
                file_name=file_name,
                mime=mime,
                caption=caption,
                duration=duration,
                media_group=group,
                reply_to_message_id=reply_to,
            )
        except ApiError as refused:
            raise ControlError(f"The file was refused: {refused.description}.") from None
        return answer(sent)

    async def block(self, request: web.Request) -> web.StreamResponse:
        """Let the phone's owner block the bot, or let it in again."""
        fields = await Fields.of(request)
        blocked = fields.flag("blocked", True)
        fields.done()
        return answer(self._desk.block(_chat_id(request), blocked=blocked))

    async def deactivate(self, request: web.Request) -> web.StreamResponse:
        """Close the account of the phone's owner."""
        fields = await Fields.of(request)
        deactivated = fields.flag("deactivated", True)
        fields.done()
        return answer(self._desk.deactivate(_chat_id(request), deactivated=deactivated))

    async def typing(self, request: web.Request) -> web.StreamResponse:
        """Let the phone's owner type; the Bot API tells a bot nothing of it."""
        self._desk.phone(_chat_id(request))
        return answer({})

    async def updates(self, request: web.Request) -> web.StreamResponse:
        """Queue an update exactly as it is given."""
        fields = await Fields.of(request)
        return answer({"update_id": self._desk.put_update(fields.everything())})

    # -- clock and faults -----------------------------------------------------------------

    async def clock(self, _: web.Request) -> web.StreamResponse:
        """Give the clock."""
        return answer(await self._desk.clock())

    async def move_clock(self, request: web.Request) -> web.StreamResponse:
        """Let time pass, event by event."""
        fields = await Fields.of(request)
        if "advance_seconds" in fields:
            step = timedelta(seconds=fields.real("advance_seconds"))
            fields.done()
            return answer(await self._desk.advance(step))
        if "set" in fields:
            text = fields.text("set")
            fields.done()
            try:
                moment = datetime.fromisoformat(text)
            except ValueError:
                raise ControlError(f"The moment {text!r} is not an ISO 8601 date-time.") from None
            return answer(await self._desk.advance_to(moment))
        if fields.flag("next", False):
            fields.done()
            return answer(await self._desk.advance_to_next())
        raise ControlError('Name one of "advance_seconds", "set" or "next".')

    async def faults(self, _: web.Request) -> web.StreamResponse:
        """Give the faults that have not happened yet."""
        return answer({"faults": [fault.as_json() for fault in self._desk.faults()]})

    async def order_fault(self, request: web.Request) -> web.StreamResponse:
        """Order a fault."""
        fields = await Fields.of(request)
        name = fields.text("fault")
        method = fields.text("method", ANY_METHOD)
        times, chat_id = fields.number("times", 1), fields.number_or_none("chat_id")
        retry_after, seconds = fields.number("retry_after", 1), fields.real("seconds", 1.0)
        migrate = fields.number("migrate_to_chat_id", -1_001_000_000_001)
        fields.done()
        made = self._desk.fault(
            name,
            method=method,
            times=times,
            chat_id=chat_id,
            retry_after=retry_after,
            seconds=seconds,
            migrate_to_chat_id=migrate,
        )
        return answer(made.as_json())

    async def clear_faults(self, _: web.Request) -> web.StreamResponse:
        """Forget all faults."""
        self._desk.clear_faults()
        return answer({"faults": []})


def _chat_id(request: web.Request) -> int:
    text = request.match_info["chat_id"]
    if not text.lstrip("-").isdigit():
        raise ControlError(f"The chat id {text!r} is not a number.")
    return int(text)


def _number_in_query(request: web.Request, name: str) -> int:
    text = request.query.get(name, "0")
    if not text.isdigit():
        raise ControlError(f"The query field {name} must be a whole number, not {text!r}.")
    return int(text)
