"""Whether Telegram brings the updates somewhere, when we mean to ask for them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit

from telegram import Bot, WebhookInfo
from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter, TelegramError

from bot.adapters.telegram import seconds_to_wait
from bot.domain.errors import ConfigError

log = logging.getLogger(__name__)

_TROUBLE_SECONDS = 3.0

Sleep = Callable[[float], Awaitable[None]]
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class WebhookState:
    """How Telegram says that the token's updates are fetched or brought."""

    host: str | None
    """Where they are brought, without the path, which is a secret; None when they are not."""
    pending: int
    """How many wait at Telegram."""
    last_error: str | None
    last_error_at: datetime | None

    def judge(self, webhook_url: str) -> tuple[bool, str]:
        """Return whether this goes with the configured address ("" for asking), and in words."""
        if not webhook_url:
            if self.host is not None:
                return False, self._refusal()
            return True, f"are asked for, no webhook is set; {self.pending} wait at Telegram"
        ours = _host(webhook_url)
        trouble = ""
        if self.last_error is not None:
            at = f" ({self.last_error_at:%Y-%m-%d %H:%M} UTC)" if self.last_error_at else ""
            trouble = f"; Telegram's last trouble with it{at}: {self.last_error}"
        waiting = f"{self.pending} wait at Telegram"
        if self.host == ours:
            # An error that was overcome stays in Telegram's answer.
            good = not (trouble and self.pending)
            return good, f"are brought to {ours}; {waiting}{trouble}"
        now = "nowhere" if self.host is None else f"to {self.host}"
        return (
            True,
            f"will be brought to {ours} after `taalbrug run`, now {now}; {waiting}",
        )

    def _refusal(self) -> str:
        return (
            f"This bot's token has a webhook at {self.host}: Telegram brings all updates there, "
            f"and gives none to who asks ({self.pending} wait). If nothing there needs them, "
            "start with `taalbrug run --remove-webhook`, which keeps what waits; else set "
            "[telegram] webhook_url, or use another bot's token."
        )

    def refuse_for_asking(self) -> None:
        """Raise ConfigError, with the remedy, when a webhook keeps us from asking for updates."""
        if self.host is not None:
            raise ConfigError(self._refusal())


async def look_at_webhook(bot: Bot, *, sleep: Sleep = asyncio.sleep) -> WebhookState:
    """Ask Telegram whether the token has a webhook; waits while the network is down.

    Errors: ConfigError when Telegram refuses to say.
    """
    return _state(await _patiently(bot.get_webhook_info, sleep))


async def settle_webhook(
    bot: Bot, webhook_url: str, *, remove: bool = False, sleep: Sleep = asyncio.sleep
) -> WebhookState:
    """At the start: make certain that updates may be asked for, or are brought on purpose.

    With `webhook_url` empty a webhook on the token is refused, unless `remove` says to delete
    it; what waits at Telegram is kept. Errors: ConfigError with the host and the remedy.
    """
    state = await look_at_webhook(bot, sleep=sleep)
    if state.host is not None and remove:
        await _patiently(lambda: bot.delete_webhook(drop_pending_updates=False), sleep)
        log.warning("start.webhook_removed host=%s pending=%s", state.host, state.pending)
        return await look_at_webhook(bot, sleep=sleep)
    if not webhook_url:
        state.refuse_for_asking()
    return state


def _state(info: WebhookInfo) -> WebhookState:
    words = info.last_error_message
    if words and info.url:
        # Telegram does not quote the address; should it ever, its path must not be shown.
        words = words.replace(info.url, "(the webhook)")
        path = urlsplit(info.url).path
        words = words.replace(path, "(its path)") if path.strip("/") else words
    return WebhookState(
        host=_host(info.url) if info.url else None,
        pending=info.pending_update_count,
        last_error=words or None,
        last_error_at=info.last_error_date,
    )


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "an address without a name"
    except ValueError:
        return "an address that cannot be read"


async def _patiently(ask: Callable[[], Awaitable[Answer]], sleep: Sleep) -> Answer:
    while True:
        try:
            return await ask()
        except InvalidToken:
            msg = "Telegram does not know this token. Set TAALBRUG_TELEGRAM_TOKEN anew."
            raise ConfigError(msg) from None  # the library's own words quote the token
        except (BadRequest, Forbidden) as error:
            msg = f"Telegram does not say how updates come ({type(error).__name__}). Try again."
            raise ConfigError(msg) from error
        except RetryAfter as error:
            await sleep(seconds_to_wait(error))
        except TelegramError as error:
            log.warning("start.waiting for Telegram error=%s", type(error).__name__)
            await sleep(_TROUBLE_SECONDS)
