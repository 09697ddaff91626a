"""How updates reach the bot: by getUpdates, or by POSTs to its webhook."""

import asyncio
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from bot.simulator.errors import bad_request, conflict
from bot.simulator.exchange import Exchange
from bot.simulator.params import Call
from bot.simulator.updates import Entry
from bot.simulator.values import JsonObject, as_int, as_text

MAX_TIMEOUT = 50
MAX_LIMIT = 100
REPEAT_WINDOW = 0.5
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


@dataclass(slots=True)
class Webhook:
    """Where the bot wants its updates, and how the last attempts went."""

    url: str = ""
    secret_token: str = ""
    max_connections: int = 40
    last_error_date: int = 0
    last_error_message: str = ""

    def as_json(self) -> JsonObject:
        """Give the webhook as the store writes it."""
        return {name: getattr(self, name) for name in self.__slots__}


class Delivery:
    """Hands updates to the bot, in one of the two ways and never in both."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        repeat_rule: bool = False,
        backoff: tuple[float, float] = (0.1, 60.0),
    ) -> None:
        self._x = exchange
        self._repeat_rule = repeat_rule
        self._backoff = backoff
        self._poll = 0
        self.waiting = 0
        self._stopped_by = ""
        self._last_poll: tuple[int, float] | None = None
        self._closing = asyncio.Event()
        kept = dict(exchange.store.load("meta")).get("webhook", {})
        self.webhook = Webhook(
            url=as_text(kept.get("url")),
            secret_token=as_text(kept.get("secret_token")),
            max_connections=as_int(kept.get("max_connections"), 40),
            last_error_date=as_int(kept.get("last_error_date")),
            last_error_message=as_text(kept.get("last_error_message")),
        )

    def close(self) -> None:
        """Let everybody who waits go, because the simulator stops."""
        self._closing.set()
        self._x.updates.arrived.fire()

    def open(self) -> None:
        """Let requests wait again after a stop."""
        self._closing.clear()

    # -- getUpdates -----------------------------------------------------------------------

    async def get_updates(self, call: Call) -> list[Entry]:
        """Give what waits for the bot, or wait up to `timeout` real seconds for it."""
        if self.webhook.url:
            raise conflict(
                "can't use getUpdates method while webhook is active; use deleteWebhook to "
                "delete the webhook first"
            )
        self._poll += 1
        mine = self._poll
        self._stopped_by = (
            "other getUpdates request; make sure that only one bot instance is running"
        )
        updates = self._x.updates
        updates.arrived.fire()
        loop = asyncio.get_running_loop()
        offset = call.number("offset")
        limit = min(max(call.number("limit", MAX_LIMIT), 1), MAX_LIMIT)
        if self._repeat_rule and self._last_poll is not None:
            before, at = self._last_poll
            if before == offset and loop.time() - at < REPEAT_WINDOW:
                limit = 1
        self._last_poll = (offset, loop.time())
        if "allowed_updates" in call.params:
            updates.allow(call.array("allowed_updates"))
        if offset:
            updates.confirm(offset)
        until = loop.time() + min(max(call.number("timeout"), 0), MAX_TIMEOUT)
        while True:
            if mine != self._poll:
                raise conflict(f"terminated by {self._stopped_by}")
            found = updates.pending()[:limit]
            left = until - loop.time()
            if found or left <= 0 or self._closing.is_set():
                for entry in found:
                    entry.handed_out = True
                return found
            # What an offset confirmed must last while the bot waits for something new.
            self._x.store.commit()
            self.waiting += 1
            self._x.hub.changed.fire()
            try:
                await updates.arrived.wait(left)
            finally:
                self.waiting -= 1

    # -- webhook --------------------------------------------------------------------------

    def set_webhook(self, call: Call) -> object:
        """Turn the webhook on, or off with an empty address."""
        url, secret = call.text("url"), call.text("secret_token")
        if not url:
            return self.delete_webhook(call)
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"}:
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if parts.hostname not in LOOPBACK:
            raise bad_request("bad webhook: the simulator delivers to loopback addresses only")
        if secret and not _SECRET.fullmatch(secret):
            raise bad_request("secret token contains unallowed characters")
        self.webhook = Webhook(url, secret, min(max(call.number("max_connections", 40), 1), 100))
        self._changed(call)
        return True

    def delete_webhook(self, call: Call) -> object:
        """Turn the webhook off."""
        self.webhook = Webhook()
        self._changed(call)
        return True

    def _changed(self, call: Call) -> None:
        if "allowed_updates" in call.params:
            self._x.updates.allow(call.array("allowed_updates"))
        if call.flag("drop_pending_updates"):
            self._x.updates.clear()
        self._keep()
        self._poll += 1
        self._stopped_by = "setWebhook request"
        self._x.updates.arrived.fire()

    def _keep(self) -> None:
        self._x.store.put("meta", "webhook", self.webhook.as_json())

    def webhook_info(self) -> JsonObject:
        """Say how the webhook is set and how it goes."""
        info: JsonObject = {
            "url": self.webhook.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._x.updates.pending()),
        }
        if self.webhook.url:
            info["max_connections"] = self.webhook.max_connections
            info["ip_address"] = "127.0.0.1"
        if self.webhook.last_error_date:
            info["last_error_date"] = self.webhook.last_error_date
            info["last_error_message"] = self.webhook.last_error_message
        if self._x.updates.allowed:
            info["allowed_updates"] = self._x.updates.allowed
        return info

    async def run(self) -> None:
        """Deliver to the webhook while there is one: in order per chat, chats side by side."""
        busy: set[int] = set()
        updates = self._x.updates
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session,
            asyncio.TaskGroup() as group,
        ):
            while not self._closing.is_set():
                if self.webhook.url:
                    for entry in updates.pending():
                        if entry.lane in busy or len(busy) >= self.webhook.max_connections:
                            continue
                        busy.add(entry.lane)
                        group.create_task(self._deliver(session, entry, busy))
                await updates.arrived.wait()

    async def _deliver(self, session: aiohttp.ClientSession, entry: Entry, busy: set[int]) -> None:
        """Post one update until it is accepted, expires or has no webhook any more."""
        pause, longest = self._backoff
        hook = self.webhook
        while hook is self.webhook and hook.url and not self._closing.is_set():
            if entry.seq not in {waiting.seq for waiting in self._x.updates.pending()}:
                break
            self._x.store.commit()
            problem = await self._post(session, hook, entry.body)
            if not problem:
                self._x.updates.done(entry)
                self._x.store.commit()
                break
            hook.last_error_date = self._x.now()
            hook.last_error_message = problem
            if hook is self.webhook:
                self._keep()
                self._x.store.commit()
            await self._nap(pause)
            pause = min(2 * pause, longest)
        busy.discard(entry.lane)
        self._x.updates.arrived.fire()

    async def _post(self, session: aiohttp.ClientSession, hook: Webhook, body: JsonObject) -> str:
        headers = (
            {"X-Telegram-Bot-Api-Secret-Token": hook.secret_token} if hook.secret_token else {}
        )
        try:
            async with session.post(
                hook.url, json=body, headers=headers, allow_redirects=False
            ) as answer:
                if answer.ok:
                    return ""
                return f"Wrong response from the webhook: {answer.status} {answer.reason}"
        except TimeoutError:
            return "Read timeout expired"
        except aiohttp.ClientConnectorError:
            return "Connection refused"
        except aiohttp.ClientError as problem:
            return f"Connection failed: {type(problem).__name__}"

    async def _nap(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return
