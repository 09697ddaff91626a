"""Receiving by webhook: Telegram posts each update, and is told only once it is kept.

The inbox is the one that polling fills, with the same unique key. Telegram posts the updates of
one chat one after another, and the next only after this one was answered with 200: so the order
of their commits is the order in the chat.
"""

import asyncio
import errno
import hmac
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from http import HTTPStatus

from aiohttp import ClientPayloadError, web
from telegram import Bot
from telegram.error import BadRequest, EndPointNotFound, InvalidToken, RetryAfter, TelegramError

from bot.adapters.telegram import seconds_to_wait
from bot.adapters.updates import ALLOWED_UPDATES, Clock, entry_of, number
from bot.domain.delivery import JsonValue
from bot.domain.errors import ConfigError, StorageError
from bot.services import inbox
from bot.services.core import Core
from bot.steps import Step, reached
from bot.stopping import or_stop
from bot.telemetry import Part, Telemetry

log = logging.getLogger(__name__)

BODY_LIMIT = 1 << 20
"""Bytes; the largest update that Telegram makes is far smaller."""

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header

_CONNECTIONS = 40
_TROUBLE_SECONDS = 3.0
_LONGEST_PAUSE_SECONDS = 60.0
_WATCH_SECONDS = 60.0
_SILENT_WATCHES = 3
_LAST_REQUESTS_SECONDS = 8.0  # less than what the bot has to stop in
_BODY_SECONDS = 20.0
_FRESH_SECONDS = 120.0  # an older failure of a post is over
_NOWHERE = 0  # the lane of what names no chat


def path_of(token: str) -> str:
    """Return the last part of the address, which nobody can guess who has not got the token."""
    return _derive(token, "path")


def secret_of(token: str) -> str:
    """Return the secret that Telegram sends along, so that nobody else can post updates."""
    return _derive(token, "secret")


def _derive(token: str, purpose: str) -> str:
    # From the token, so that there is nothing more to set, and none of the two gives the token.
    return hmac.new(token.encode(), f"taalbrug webhook {purpose}".encode(), sha256).hexdigest()


async def receive_webhook(
    core: Core,
    bot: Bot,
    clock: Clock,
    stopping: asyncio.Event,
    telemetry: Telemetry,
    *,
    max_connections: int = _CONNECTIONS,
    trouble_seconds: float = _TROUBLE_SECONDS,
    watch_seconds: float = _WATCH_SECONDS,
) -> None:
    """Take updates at [telegram] webhook_host and webhook_port until told to stop.

    What is in hand then is finished. The webhook stays set: Telegram keeps what comes meanwhile.
    Errors: ConfigError when nobody can listen there or Telegram does not know the token;
    StorageError when the database cannot be written at the start.
    """
    await inbox.forget_cursor(core, bot.id)
    telemetry.expect(Part.RECEIVE, _SILENT_WATCHES * watch_seconds)
    troubles = _Troubles(telemetry)
    receiver = _Receiver(core, bot, clock, telemetry, troubles)
    hook = _Hook(core, bot, clock, telemetry, troubles)
    async with _listening(core, receiver):
        keeping = hook.keep(
            max_connections=max_connections,
            trouble_seconds=trouble_seconds,
            watch_seconds=watch_seconds,
        )
        await or_stop(stopping, keeping)


class _Troubles:
    """The troubles of receiving; one may be over while another goes on."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._standing: dict[str, str] = {}

    def tell(self, of: str, reason: str | None) -> None:
        """Tell of a trouble, or that it is over."""
        if reason is None:
            if self._standing.pop(of, None) is None:
                return
        else:
            self._standing[of] = reason
        self._telemetry.trouble(Part.RECEIVE, "; ".join(self._standing.values()) or None)


class _Receiver:
    """Answers Telegram's posts."""

    def __init__(
        self, core: Core, bot: Bot, clock: Clock, telemetry: Telemetry, troubles: _Troubles
    ) -> None:
        self._core = core
        self._bot_id = bot.id
        self._path = path_of(bot.token).encode()
        self._secret = secret_of(bot.token).encode()
        self._clock = clock
        self._telemetry = telemetry
        self._troubles = troubles

    async def take(self, request: web.Request) -> web.Response:
        """Keep one update; 200 only when it is committed.

        A proxy may lead any address to this port, so only the last part of it counts.
        """
        if not _same(request.path.rpartition("/")[2], self._path):
            return web.Response(status=HTTPStatus.NOT_FOUND)
        if not _same(request.headers.get(SECRET_HEADER, ""), self._secret):
            log.warning("webhook.refused a request without Telegram's secret")
            return web.Response(status=HTTPStatus.FORBIDDEN)
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body, whole = await _read(request)
        except (TimeoutError, OSError, ClientPayloadError) as error:
            # It broke off on the way: Telegram sends it again.
            log.warning("webhook.broken_off error=%s", type(error).__name__)
            return web.Response(status=HTTPStatus.REQUEST_TIMEOUT)
        entry = _readable(body) if whole else None
        if entry is None:
            entry = _unreadable(body)
            log.error("webhook.unreadable update=%s bytes=%s", entry[0], len(body))
        reached(Step.FETCHED)
        try:
            new = await inbox.accept(
                self._core, self._bot_id, [entry], next_update_id=None, now=self._clock()
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, Telegram must send it again
            log.error("webhook.not_kept update=%s error=%s", entry[0], type(error).__name__)
            known = isinstance(error, StorageError)
            reason = str(error) if known else "Updates cannot be kept; look at the database"
            self._troubles.tell("keeping", reason)
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
        reached(Step.KEPT)
        self._troubles.tell("keeping", None)
        self._telemetry.received(new)
        self._telemetry.beat(Part.RECEIVE)
        return web.Response()


def _same(given: str, expected: bytes) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), expected)


async def _read(request: web.Request) -> tuple[bytes, bool]:
    """Return the body and whether that is all of it; no more than the limit is taken in."""
    body = bytearray()
    async for piece in request.content.iter_any():
        body += piece
        if len(body) > BODY_LIMIT:
            return bytes(body[:BODY_LIMIT]), False
    return bytes(body), True


def _readable(body: bytes) -> tuple[int, int, str] | None:
    """Return an update's id, its lane and its text; None when it cannot be read at all."""
    try:
        raw: JsonValue = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return entry_of(raw)


def _unreadable(body: bytes) -> tuple[int, int, str]:
    """Return what is kept of a body that is no update.

    It came whole and from Telegram, so to refuse it would only bring the same again, for a day,
    and would hold up its chat as long. It is kept as it is, under a number of its own (below
    zero, made of its bytes, so that a repetition is recognised). No handler can read it: it is
    put apart, and a person is told. So it is neither lost nor repeated.
    """
    number = -1 - int.from_bytes(sha256(body).digest()[:7])
    return number, _NOWHERE, json.dumps(body.decode(errors="replace"))


class _Hook:
    """The webhook as Telegram has it: set at the start, and looked after."""

    def __init__(
        self, core: Core, bot: Bot, clock: Clock, telemetry: Telemetry, troubles: _Troubles
    ) -> None:
        self._bot = bot
        self._clock = clock
        self._telemetry = telemetry
        self._troubles = troubles
        self._url = f"{core.config.telegram.webhook_url}/{path_of(bot.token)}"

    async def keep(
        self, *, max_connections: int, trouble_seconds: float, watch_seconds: float
    ) -> None:
        """Set the webhook, again until Telegram takes it, and then look after it for ever."""
        pause = trouble_seconds
        while (wait := await self._set(max_connections)) is not None:
            await asyncio.sleep(max(wait, pause))
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        while True:
            await asyncio.sleep(watch_seconds)
            await self._look()

    async def _set(self, max_connections: int) -> int | None:
        """Set the webhook; returns after how many seconds to try again, or None when it is set."""
        try:
            await self._bot.do_api_request(
                "setWebhook",
                api_kwargs={
                    "url": self._url,
                    "secret_token": secret_of(self._bot.token),
                    "allowed_updates": list(ALLOWED_UPDATES),
                    "max_connections": max_connections,
                },
            )
        except RetryAfter as error:
            log.warning("webhook.slow_down")
            return seconds_to_wait(error)
        except BadRequest as error:
            log.error("webhook.refused_address error=%s", type(error).__name__)
            self._troubles.tell(
                "setting",
                f"Telegram refuses the webhook ({error.message}); mend [telegram] webhook_url, "
                "or leave it empty to ask for updates",
            )
            return 0
        except TelegramError as error:
            if _is_refused(error):
                msg = "Telegram does not know this token. Set TAALBRUG_TELEGRAM_TOKEN anew."
                raise ConfigError(msg) from None  # the library's own words quote the token
            log.warning("webhook.trouble error=%s", type(error).__name__)
            return 0
        self._troubles.tell("setting", None)
        self._telemetry.beat(Part.RECEIVE)
        log.info("webhook.set connections=%s", max_connections)
        return None

    async def _look(self) -> None:
        """Ask Telegram whether the webhook is still ours and how the posts go.

        A quiet night brings no update, so this is also what shows that Telegram is there.
        """
        try:
            info: object = await self._bot.do_api_request("getWebhookInfo")
        except TelegramError as error:
            log.warning("webhook.trouble error=%s", type(error).__name__)
            return
        if not isinstance(info, Mapping):
            return
        self._telemetry.beat(Part.RECEIVE)
        # It is not set anew: two programs that each set theirs would fight for ever.
        self._troubles.tell(
            "setting",
            None
            if info.get("url") == self._url
            else "another program removed or changed the webhook of this token; stop one of the "
            "two, and restart this one",
        )
        failed_at = number(info.get("last_error_date")) or 0
        fresh = failed_at >= self._clock().timestamp() - _FRESH_SECONDS
        self._troubles.tell(
            "delivery",
            f"Telegram cannot deliver here ({info.get('last_error_message')}); look at [telegram] "
            "webhook_url, at its certificate and at the proxy that leads here"
            if fresh and info.get("pending_update_count")
            else None,
        )


def _is_refused(error: TelegramError) -> bool:
    """Tell whether Telegram refused the token; the library says so in two ways."""
    refused = error.__cause__ if isinstance(error, EndPointNotFound) else error
    return isinstance(refused, InvalidToken) and "unauthorized" in refused.message.lower()


@asynccontextmanager
async def _listening(core: Core, receiver: _Receiver) -> AsyncIterator[None]:
    """Listen until the end of the block, and then finish what is in hand."""
    app = web.Application()
    app.router.add_post("/{address:.*}", receiver.take)
    runner = web.AppRunner(
        app, access_log=None, handle_signals=False, shutdown_timeout=_LAST_REQUESTS_SECONDS
    )
    await runner.setup()
    host, port = core.config.telegram.webhook_host, core.config.telegram.webhook_port
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise ConfigError(_deaf(host, port, error)) from error
        yield
    finally:
        await runner.cleanup()


def _deaf(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is taken by another program, so no updates can come in. "
            "Set [telegram] webhook_port to a free one, and lead [telegram] webhook_url to it, "
            "or stop that program."
        )
    return (
        f"Updates cannot come in at {host}, port {port} "
        f"({error.strerror or type(error).__name__}). Mend [telegram] webhook_host and "
        "webhook_port."
    )
