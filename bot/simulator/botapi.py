"""The Bot API over HTTP: one door for all methods, with the faults that were ordered."""

import asyncio
import json
import re
from collections import deque

from aiohttp import web

from bot.simulator import params
from bot.simulator.errors import ApiError, bad_request, conflict
from bot.simulator.exchange import Exchange
from bot.simulator.faults import Fault, Faults
from bot.simulator.methods import AT_ONCE
from bot.simulator.params import Upload
from bot.simulator.polling import Delivery
from bot.simulator.spec import BY_LOWER_NAME
from bot.simulator.values import JsonObject, as_object

LOG_LENGTH = 20_000
_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+")
_BAD_GATEWAY = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)


class BotApi:
    """Answers `/bot<token>/<method>` and `/file/bot<token>/<path>`, and remembers each request."""

    def __init__(self, exchange: Exchange, delivery: Delivery, faults: Faults) -> None:
        self._x = exchange
        self._delivery = delivery
        self._faults = faults
        self._closing = asyncio.Event()
        self._count = 0
        self.log: deque[JsonObject] = deque(maxlen=LOG_LENGTH)

    def close(self) -> None:
        """Cut ordered delays short, because the simulator stops."""
        self._closing.set()

    def open(self) -> None:
        """Let ordered delays last again after a stop."""
        self._closing.clear()

    def _check_token(self, token: str) -> None:
        if token == self._x.token:
            return
        if _TOKEN.fullmatch(token):
            raise ApiError(401, "Unauthorized")
        raise ApiError(404, "Not Found")

    async def file(self, request: web.Request) -> web.StreamResponse:
        """Give the bytes of a file that getFile named."""
        try:
            self._check_token(request.match_info["token"])
        except ApiError as refused:
            return _refusal(refused)
        item = self._x.files.at_path(request.match_info["path"])
        if item is None:
            return _refusal(ApiError(404, "Not Found"))
        return web.Response(
            body=self._x.files.content(item), content_type="application/octet-stream"
        )

    async def call(self, request: web.Request) -> web.StreamResponse:
        """Do one method and answer as Telegram would."""
        given = request.match_info["method"]
        method = BY_LOWER_NAME.get(given.lower(), given)
        if self._faults.refuses(method):
            self._faults.take(method, None)
            self._note(method, {}, fault="refuse")
            return _hang_up(request)
        raw: JsonObject = {}
        uploads: dict[str, Upload] = {}
        try:
            self._check_token(request.match_info["token"])
            raw, uploads = await params.read(request)
        except ApiError as refused:
            self._note(method, {})["error"] = refused.description
            return _refusal(refused)
        fault = self._faults.take(method, _chat_of(raw))
        entry = self._note(
            method, params.as_logged(raw, uploads, method), fault=fault.fault if fault else None
        )
        if fault is not None:
            if fault.fault == "refuse":
                return _hang_up(request)
            if fault.fault == "502_html":
                entry["error"] = "Bad Gateway"
                return web.Response(status=502, text=_BAD_GATEWAY, content_type="text/html")
            if fault.fault == "delay":
                await self._nap(fault.seconds)
        try:
            refusal = _ordered(fault)
            if refusal is not None:
                raise refusal
            result = await self._perform(method, raw, uploads, fault)
        except ApiError as refused:
            entry["error"] = refused.description
            self._x.store.commit()
            return _refusal(refused)
        entry["ok"] = True
        self._x.store.commit()
        return await self._answer(request, result, fault)

    def _note(self, method: str, given: JsonObject, fault: str | None = None) -> JsonObject:
        self._count += 1
        entry: JsonObject = {
            "n": self._count,
            "method": method,
            "params": given,
            "ok": False,
            "error": None,
            "fault": fault,
        }
        self.log.append(entry)
        self._x.hub.changed.fire()
        return entry

    async def _perform(
        self, method: str, raw: JsonObject, uploads: dict[str, Upload], fault: Fault | None
    ) -> object:
        if method not in BY_LOWER_NAME.values():
            raise ApiError(404, f"Not Found: the simulator has no method {method}")
        call = params.check(method, raw, uploads)
        if method == "getUpdates":
            bodies = [entry.body for entry in await self._delivery.get_updates(call)]
            if fault is not None and fault.fault == "duplicate_updates":
                return [body for body in bodies for _ in range(2)]
            if fault is not None and fault.fault == "reverse_updates":
                return bodies[::-1]
            return bodies
        if method == "setWebhook":
            return self._delivery.set_webhook(call)
        if method == "deleteWebhook":
            return self._delivery.delete_webhook(call)
        if method == "getWebhookInfo":
            return self._delivery.webhook_info()
        return AT_ONCE[method](self._x, call)

    async def _answer(
        self, request: web.Request, result: object, fault: Fault | None
    ) -> web.StreamResponse:
        body = json.dumps({"ok": True, "result": result}, ensure_ascii=False).encode()
        name = fault.fault if fault is not None else ""
        if name == "accept_then_close":
            return _hang_up(request)
        if name == "accept_then_delay" and fault is not None:
            await self._nap(fault.seconds)
        if name == "garbage":
            body = b'{"ok":tru\xff'
        if name == "half_response":
            half = web.StreamResponse(
                headers={"Content-Type": "application/json", "Content-Length": str(len(body))}
            )
            await half.prepare(request)
            await half.write(body[: len(body) // 2])
            return _hang_up(request)
        return web.Response(body=body, content_type="application/json")

    async def _nap(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return


def _ordered(fault: Fault | None) -> ApiError | None:
    """Give the refusal that a fault stands for, if it stands for one."""
    if fault is None:
        return None
    if fault.fault == "429":
        wait = fault.retry_after
        return ApiError(429, f"Too Many Requests: retry after {wait}", {"retry_after": wait})
    if fault.fault == "500":
        return ApiError(500, "Internal Server Error")
    if fault.fault == "409":
        return conflict(
            "terminated by other getUpdates request; make sure that only one bot instance is "
            "running"
        )
    if fault.fault == "migrated":
        refused = bad_request("group chat was upgraded to a supergroup chat")
        refused.parameters["migrate_to_chat_id"] = fault.migrate_to_chat_id
        return refused
    return None


def _chat_of(raw: JsonObject) -> int | None:
    value = raw.get("chat_id")
    try:
        return int(value) if isinstance(value, str | int) else None
    except ValueError:
        return None


def _refusal(refused: ApiError) -> web.Response:
    body: JsonObject = {
        "ok": False,
        "error_code": refused.code,
        "description": refused.description,
    }
    if refused.parameters:
        body["parameters"] = as_object(refused.parameters)
    return web.json_response(body, status=refused.code)


def _hang_up(request: web.Request) -> web.StreamResponse:
    """Close the connection as a broken line would, without another byte."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
