"""A Bot API request read from query, form, JSON or multipart, and checked against the table."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import BodyPartReader, web

from bot.simulator.errors import ApiError, bad_request
from bot.simulator.spec import METHODS, Param
from bot.simulator.values import JsonObject, as_list, as_object

MAX_UPLOAD = 50 * 1024 * 1024

_MISSING = {
    "chat_id": "chat_id is empty",
    "text": "message text is empty",
    "message_id": "message identifier is not specified",
    "from_chat_id": "from_chat_id is empty",
    "media": "parameter media is required",
    "file_id": "invalid file_id",
}

_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came in a multipart body."""

    name: str
    mime: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """A request that fits the table: typed parameters and the files beside them."""

    method: str
    params: JsonObject
    uploads: Mapping[str, Upload] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """Give a String parameter."""
        value = self.params.get(name)
        return value if isinstance(value, str) else default

    def number(self, name: str, default: int = 0) -> int:
        """Give an Integer parameter."""
        value = self.params.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else default

    def real(self, name: str) -> float:
        """Give a Float parameter, nought when it is not there."""
        value = self.params.get(name)
        return float(value) if isinstance(value, int | float) else 0.0

    def flag(self, name: str) -> bool:
        """Give a Boolean parameter, false when it is not there."""
        return self.params.get(name) is True

    def fields(self, name: str) -> JsonObject:
        """Give an Object parameter, empty when it is not there."""
        return as_object(self.params.get(name))

    def array(self, name: str) -> list[object]:
        """Give an Array parameter, empty when it is not there."""
        return as_list(self.params.get(name))


async def read(request: web.Request) -> tuple[JsonObject, dict[str, Upload]]:
    """Read the raw parameters and files of a request; ApiError 400 or 413 when it cannot be."""
    raw: JsonObject = dict(request.query)
    uploads: dict[str, Upload] = {}
    kind = request.content_type
    if not request.body_exists:
        return raw, uploads
    if kind == "application/json":
        try:
            body = json.loads(await request.text())
        except ValueError:
            raise bad_request("can't parse JSON object") from None
        if not isinstance(body, dict):
            raise bad_request("can't parse JSON object")
        raw.update(body)
    elif kind == "multipart/form-data":
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None:
                raise bad_request("can't parse multipart body")
            content = bytes(await part.read(decode=True))
            if len(content) > MAX_UPLOAD:
                raise ApiError(413, "Request Entity Too Large")
            if part.filename is None:
                raw[part.name] = content.decode("utf-8", "replace")
            else:
                mime = part.headers.get("Content-Type", "application/octet-stream")
                uploads[part.name] = Upload(part.filename, mime, content)
    else:
        raw.update(await request.post())
    if not is_unicode(raw):
        raise bad_request("strings must be encoded in UTF-8")
    return raw, uploads


def is_unicode(value: object) -> bool:
    """Say whether all text in a JSON value is text; half a surrogate pair is not."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def as_logged(raw: JsonObject, uploads: Mapping[str, Upload], method: str) -> JsonObject:
    """Give the parameters as the request log shows them: decoded, files by their name only."""
    table = {param.name: param for param in METHODS.get(method, ())}
    result: JsonObject = {}
    for name, value in raw.items():
        param = table.get(name)
        try:
            result[name] = value if param is None else cast(param, value)
        except ApiError:
            result[name] = value
    for name in uploads:
        if name in table:
            result[name] = f"attach://{name}"
    return result


def check(method: str, raw: JsonObject, uploads: Mapping[str, Upload]) -> Call:
    """Check raw parameters against the table; ApiError 400 names what is wrong with which."""
    table = {param.name: param for param in METHODS[method]}
    params: JsonObject = {}
    for name, value in raw.items():
        if name not in table:
            raise bad_request(f'unknown parameter "{name}" of method {method}')
        if value is not None and value != "":
            params[name] = cast(table[name], value)
        elif value == "" and table[name].type == "String":
            params[name] = ""
    attached = json.dumps(params, ensure_ascii=False)
    for name in uploads:
        if name in table and table[name].type == "File":
            params[name] = f"attach://{name}"
        elif f"attach://{name}" not in attached:
            raise bad_request(f'unknown parameter "{name}" of method {method}')
    for param in table.values():
        if param.required and param.name not in params:
            why = _MISSING.get(param.name, f'parameter "{param.name}" is required')
            raise bad_request(why)
    return Call(method, params, uploads)


def cast(param: Param, value: object) -> object:
    """Read one value as the table's type; ApiError 400 when it is of another."""
    wrong = bad_request(f'parameter "{param.name}" must be of type {param.type}')
    kind = param.type
    if kind in {"Object", "Array"}:
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                raise bad_request(f'can\'t parse "{param.name}" JSON object') from None
        if not isinstance(value, dict if kind == "Object" else list):
            raise wrong
        return value
    if kind == "Boolean":
        truth = _TRUTH.get(str(value).strip().lower())
        if truth is None:
            raise wrong
        return truth
    if kind in {"String", "File"}:
        if isinstance(value, dict | list):
            raise wrong
        return value if isinstance(value, str) else json.dumps(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise wrong
    try:
        return float(value) if kind == "Float" else int(value)
    except ValueError:
        if kind == "Chat":
            return str(value)
        raise wrong from None
