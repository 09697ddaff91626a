"""Telegram through python-telegram-bot: one call made, and what its failure proves."""

import logging
import os
import ssl
import warnings
from collections.abc import Mapping
from datetime import timedelta

from telegram import Bot, InputFile
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.ext import ExtBot
from telegram.request import BaseRequest
from telegram.warnings import PTBUserWarning

from bot.adapters.request import CALLS_AT_ONCE, NotSentError, Request, proxy_for
from bot.domain.delivery import Failure, FailureKind, JsonValue, Payload
from bot.domain.ids import TelegramMessageId
from bot.storage.pictures import Kept, named_by

_POLLS_AT_ONCE = 2
_READ_SECONDS = 20
_GRACE_SECONDS = 10
_SLOW_DOWN_SECONDS = 5

_FILES = ("photo", "document")
"""The parameters that hold a file."""

# The raw call is chosen on purpose: the outbox holds Bot API parameters, not Python objects.
warnings.filterwarnings("ignore", message="Please use 'Bot", category=PTBUserWarning)

# Without it the library warns at every "slow down" that its answer will change its type.
os.environ.setdefault("PTB_TIMEDELTA", "1")

# It logs addresses with the token in them, and what is sent.
logging.getLogger("telegram").setLevel(logging.WARNING)


class SendError(Exception):
    """A call that did not succeed; `failure` says what may be done about it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.description)
        self.failure = failure


def make_bot(token: str, api_url: str, poll_seconds: int) -> ExtBot[None]:
    """Return a bot for this token; polling has connections of its own.

    Errors: ConfigError when the environment names a proxy of a kind we cannot use.
    """
    tls = ssl.create_default_context()  # takes a while: one for both
    proxy = proxy_for(api_url)
    return ExtBot(
        token,
        base_url=f"{api_url}/bot",
        base_file_url=f"{api_url}/file/bot",
        request=Request(_READ_SECONDS, tls, proxy, CALLS_AT_ONCE),
        get_updates_request=Request(poll_seconds + _GRACE_SECONDS, tls, proxy, _POLLS_AT_ONCE),
    )


def picture_in(payload: Payload) -> Kept | None:
    """Return what of our own a call uploads, as photo, as document or in `media`; else None."""
    media = payload.get("media")
    if isinstance(media, Mapping):
        return named_by(media.get("media"))
    return next((kept for name in _FILES if (kept := named_by(payload.get(name)))), None)


def with_upload(payload: Payload, kept: Kept, content: bytes) -> dict[str, object]:
    """Return the parameters of a call with the file itself in the place of its name."""
    file = InputFile(content, filename=kept.file_name)
    media = payload.get("media")
    if isinstance(media, Mapping):
        # A field of its own, which the object points to: that is how Telegram takes it here.
        field = f"picture{kept.picture_id}"
        return {**payload, "media": {**media, "media": f"attach://{field}"}, field: file}
    return {
        name: file if name in _FILES and named_by(value) == kept else value
        for name, value in payload.items()
    }


async def make_call(
    bot: Bot, method: str, payload: Mapping[str, object]
) -> TelegramMessageId | None:
    """Make one call; returns the id of the message it made, if it made one.

    Errors: SendError with what the failure proves.
    """
    try:
        result = await _ask(bot, method, payload)
    except TelegramError as error:
        failure = classify(error)
    except Exception as error:  # noqa: BLE001 - told anew without its words
        # Whatever else breaks inside the library says nothing about whether it arrived.
        failure = Failure(FailureKind.DOUBT, type(error).__name__)
    else:
        became = result.get("message_id") if isinstance(result, Mapping) else None
        return TelegramMessageId(became) if isinstance(became, int) else None
    # Outside the handlers: the library's error may quote an answer, and must not come along.
    raise SendError(failure)


async def _ask(
    bot: Bot, method: str, payload: Mapping[str, object], read_timeout: float | None = None
) -> object:
    """Make a call. Errors: TelegramError, and InvalidToken only when the token is refused."""
    patience = BaseRequest.DEFAULT_NONE if read_timeout is None else read_timeout
    try:
        result: object = await bot.do_api_request(
            method, api_kwargs=dict(payload), read_timeout=patience
        )
    except EndPointNotFound as error:
        # The library says this of a refused token (401) as well as of an unknown method (404).
        refused = error.__cause__
        if isinstance(refused, InvalidToken) and "unauthorized" in refused.message.lower():
            raise InvalidToken from None
        raise
    return result


def seconds_to_wait(error: RetryAfter) -> int:
    """Return how long Telegram wants to be left alone, with a second to spare."""
    wait = error.retry_after
    return int(wait.total_seconds() if isinstance(wait, timedelta) else wait) + 1


def classify(error: TelegramError) -> Failure:
    """Return what a failed call proves about the message.

    BadRequest and TimedOut are NetworkErrors too, so the order of the questions matters.
    """
    words = f"{type(error).__name__}: {_without_answer(error.message)}"
    if isinstance(error, RetryAfter):
        return Failure(FailureKind.SLOW_DOWN, words, seconds_to_wait(error))
    if isinstance(error, Forbidden):
        return Failure(FailureKind.GONE, words)
    if isinstance(error, BadRequest) and "chat not found" in error.message.lower():
        return Failure(FailureKind.GONE, words)
    if isinstance(error, InvalidToken):
        # Nothing is wrong with the message: it goes out once the operator has mended the token.
        return Failure(FailureKind.NOT_SENT, words)
    if isinstance(error, BadRequest | ChatMigrated | EndPointNotFound | Conflict):
        return Failure(FailureKind.REJECTED, words)
    if isinstance(error, NotSentError):
        return Failure(FailureKind.NOT_SENT, words)
    if isinstance(error, NetworkError) and error.message.startswith("Too Many Requests"):
        # Refused without saying for how long, as a proxy before Telegram does.
        return Failure(FailureKind.SLOW_DOWN, words, _SLOW_DOWN_SECONDS)
    return Failure(FailureKind.DOUBT, words)


def _without_answer(message: str) -> str:
    """Return the library's words without what the server answered, which may be anything."""
    for quoting in (". Parsing the server response", " in HTTP implementation"):
        message = message.partition(quoting)[0]
    return message


async def ask_for_updates(
    bot: Bot, offset: int | None, poll_seconds: int, allowed: tuple[str, ...]
) -> list[JsonValue]:
    """Return the updates from `offset` on, raw; waits up to `poll_seconds` for the first.

    The updates before `offset` are thereby confirmed to Telegram.
    """
    question: dict[str, JsonValue] = {
        "timeout": poll_seconds,
        "limit": 100,
        "allowed_updates": list(allowed),
    }
    if offset is not None:
        question["offset"] = offset
    result = await _ask(bot, "getUpdates", question, poll_seconds + _GRACE_SECONDS)
    return result if isinstance(result, list) else []
