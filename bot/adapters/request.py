"""One request to the Bot API over aiohttp, whose failures say only what they prove."""

import asyncio
import io
import json
import ssl
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from bot.domain.delivery import JsonValue
from bot.domain.errors import ConfigError

CALLS_AT_ONCE = 128
_CONNECT_SECONDS = 5  # for one address of the server
_LINE_SECONDS = 10  # until a call may be written: a free line, the name looked up, connected
_IDLE_SECONDS = 15  # less than any usual server keeps a line: it drops none that we then write to
_WRITE_SECONDS = 10
_UPLOAD_SECONDS = 300  # a film of 50 MB over a slow line

# aiohttp says these of the stage before it has a line to write on, and of no other. All else that
# it says may come after the server has read the call, a reset or closed connection included.
_BEFORE_WRITING = (
    aiohttp.ClientConnectorError,  # name, address, proxy, TLS and certificate
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,  # the proxy would not dig the tunnel
)

# Half a surrogate pair passes as an escape, so that the server refuses it instead of the encoder.
_as_json = json.JSONEncoder(separators=(",", ":")).encode


class NotSentError(NetworkError):
    """The call cannot have reached the server: there was no line yet to write it on."""


class Request(BaseRequest):
    """Carries python-telegram-bot's calls; opens its connections with the first one.

    `read_seconds` is the usual patience with an answer. No POST is written twice, whatever
    happens to it, and no error repeats an address, in which the token stands, or an answer,
    which may hold what people wrote.
    """

    def __init__(
        self, read_seconds: float, tls: ssl.SSLContext, proxy: str | None, calls_at_once: int
    ) -> None:
        self._read_seconds = read_seconds
        self._tls = tls
        self._proxy = proxy
        self._calls_at_once = calls_at_once
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        """How many seconds the server may be silent, unless a call says otherwise."""
        return self._read_seconds

    async def initialize(self) -> None:
        """Do nothing: the session belongs to the loop of the first call."""

    async def shutdown(self) -> None:
        """Close all connections; a call after it opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,
        connect_timeout: object = BaseRequest.DEFAULT_NONE,
        pool_timeout: object = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Return status and body of the answer. Time-outs are in seconds; None is the usual one.

        Errors: NotSentError; TimedOut and NetworkError when it is in doubt.
        """
        uploads = request_data is not None and request_data.contains_files
        line = _seconds(pool_timeout, _LINE_SECONDS)
        write = _seconds(write_timeout, _UPLOAD_SECONDS if uploads else _WRITE_SECONDS)
        read = _seconds(read_timeout, self._read_seconds)
        limits = aiohttp.ClientTimeout(
            total=None,
            connect=line,
            sock_connect=_seconds(connect_timeout, _CONNECT_SECONDS),
            sock_read=read,
        )
        try:
            # aiohttp's limit on reading starts anew with every byte, and it has none on writing.
            async with asyncio.timeout(line + write + read):
                return await self._exchange(url, method, request_data, limits)
        except Exception as error:  # noqa: BLE001 - told anew without the address
            failure = _retold(error)
        # Outside the handler, so that the new error does not carry the old one along.
        raise failure

    async def _exchange(
        self, url: str, method: str, given: RequestData | None, limits: aiohttp.ClientTimeout
    ) -> tuple[int, bytes]:
        response = await self._open().request(
            method,
            url,
            json=None if given is None or given.contains_files else given.parameters,
            data=_form(given) if given is not None and given.contains_files else None,
            timeout=limits,
            allow_redirects=False,  # following one would write the call again
        )
        # Frees the connection once all is read, and closes it when that fails.
        return response.status, await response.read()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._calls_at_once, keepalive_timeout=_IDLE_SECONDS, ssl=self._tls
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self.USER_AGENT},
                json_serialize=_as_json,
                proxy=self._proxy,
            )
        return self._session

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, JsonValue]:
        """Return the answer; errors: TelegramError when it is not a JSON object.

        The library would write the whole answer to the log.
        """
        try:
            answer: object = json.loads(payload.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            msg = "Invalid server response"
            raise TelegramError(msg) from None
        return answer


def _seconds(asked: object, usual: float) -> float:
    return asked if isinstance(asked, int | float) else usual


def _form(given: RequestData) -> aiohttp.FormData:
    form = aiohttp.FormData(quote_fields=False)  # the Bot API takes names of files literally
    for name, value in given.json_parameters.items():
        form.add_field(name, value)
    for name, (file_name, content, kind) in given.multipart_data.items():
        # aiohttp writes a stream in pieces, and bytes of some size at one go with a warning.
        stream = io.BytesIO(content) if isinstance(content, bytes) else content
        form.add_field(name, stream, filename=file_name, content_type=kind)
    return form


def _retold(error: Exception) -> NetworkError:
    """Return what a failed call proves, without its words."""
    name = type(error).__name__
    if isinstance(error, _BEFORE_WRITING):
        return NotSentError(name)
    return TimedOut(name) if isinstance(error, TimeoutError) else NetworkError(name)


def proxy_for(api_url: str) -> str | None:
    """Return the proxy that HTTPS_PROXY, ALL_PROXY and NO_PROXY name for this server.

    Errors: ConfigError when it is no HTTP proxy.
    """
    # aiohttp would ask the environment in a thread before every call, send along what a .netrc
    # says, and take neither ALL_PROXY nor a proxy without a scheme.
    server = urlsplit(api_url)
    named = getproxies()
    proxy = named.get(server.scheme) or named.get("all")
    if not proxy or proxy_bypass(server.netloc):
        return None
    scheme, found, _ = proxy.partition("://")
    if not found:
        return f"http://{proxy}"
    if scheme.lower() not in {"http", "https"}:
        msg = (
            f"The proxy that the environment names for Telegram is of the kind {scheme!r}, which "
            "cannot be used. Set HTTPS_PROXY to an http:// proxy, or add the server to NO_PROXY."
        )
        raise ConfigError(msg)
    return proxy
