"""The whole product as a process under measurement, on a real SQLite file, as it ships."""

import argparse
import asyncio
import logging
import math
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from bench import child
from bench.people import START, client_chat, client_id, database_url
from bench.server import reference
from bot.application import House
from bot.config import Config, DatabaseSettings, Telegram
from bot.domain.delivery import OutboxKind, OutboxState
from bot.domain.languages import Language
from bot.domain.limits import Limits
from bot.services.outgoing import text_payload
from bot.storage import outbox, schema
from bot.translation.model import Result, Translated

TOKEN = "100000009:token-of-the-bench"  # noqa: S105 - invented
UNLIMITED = Limits(
    per_second=math.inf, chat_per_second=math.inf, chat_burst=1_000_000, group_per_minute=1_000_000
)
"""As if Telegram took everything at once: then the program itself is what is measured."""

_CHUNK = 50
_LOOKS, _LOOK_SECONDS = 100, 0.05
_BROADCAST = "یک ویدیوی کوتاه درباره قرارها برای شما آماده است."


class NoWork:
    """An engine that gives the text back at once: what is measured is everything around it."""

    name = "no-work"

    async def translate(
        self,
        text: str,
        source: Language,  # noqa: ARG002 - the port names it
        target: Language,  # noqa: ARG002 - the port names it
    ) -> Result:
        """Return the text as its own translation."""
        return Translated(text, self.name)


class Product:
    """The house and what a measurement asks of it."""

    def __init__(self, house: House, begun: float) -> None:
        self._house = house
        self._begun = begun
        self._broadcasts = 0

    async def broadcast(self, asked: Mapping[str, float]) -> dict[str, float]:
        """Queue one message for each of the first `chats` clients, to go from `at` on.

        `at` is in monotonic seconds. References count on from `first`.
        """
        start = START + timedelta(seconds=asked["at"] - self._begun)
        number = 0
        while number < asked["chats"]:
            async with self._house.core.database.transaction() as tx:
                for _ in range(_CHUNK):
                    if number >= asked["chats"]:
                        break
                    mark = reference(int(asked["first"]) + number)
                    await outbox.insert_call(
                        tx,
                        lane=f"client:{client_id(number)}",
                        chat_id=client_chat(number),
                        kind=OutboxKind.BROADCAST,
                        method="sendMessage",
                        payload=text_payload(client_chat(number), f"{_BROADCAST} {mark}"),
                        client_id=client_id(number),
                        now=START,
                        not_before=start,
                    )
                    number += 1
            await asyncio.sleep(0)
        return {"queued": number}

    async def rest(self, _asked: Mapping[str, float]) -> dict[str, float]:
        """Return, once everything is kept as sent or after a while, how many calls are not."""
        query = (
            sa.select(sa.func.count())
            .select_from(schema.outbox)
            .where(schema.outbox.c.state != OutboxState.SENT)
        )
        left = 0
        for _ in range(_LOOKS):
            async with self._house.core.database.reading() as tx:
                left = await tx.number(query)
            if not left:
                break
            await asyncio.sleep(_LOOK_SECONDS)
        return {"left": left}


def settings(file: Path, url: str, *, paid: bool, per_second: int) -> Config:
    """Return the shipped settings, with this database and this server."""
    config = Config()
    return replace(
        config,
        telegram=Telegram(api_url=url, poll_seconds=20),
        database=DatabaseSettings(url=database_url(file)),
        sending=replace(config.sending, per_second=per_second, paid_broadcast=paid),
        web=replace(config.web, port=0),
        token=TOKEN,
    )


async def run(config: Config, *, begun: float, limits: Limits | None) -> None:
    """Run the house and obey until told to stop; `limits` None keeps those of its settings."""

    def clock() -> datetime:
        return START + timedelta(seconds=time.monotonic() - begun)

    house = await House.open(config, clock, engines=[NoWork()], limits=limits)
    product = Product(house, begun)
    ready = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(house.run(ready.set))
            await ready.wait()
            await child.obey({"broadcast": product.broadcast, "rest": product.rest})
            house.stop()
    finally:
        await house.close()


def main() -> None:
    """Run as a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--per-second", type=int, default=30)
    parser.add_argument("--paid", action="store_true")
    parser.add_argument("--unlimited", action="store_true")
    parser.add_argument("--begun", type=float, required=True, help="when the house clock began")
    given = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    config = settings(given.database, given.url, paid=given.paid, per_second=given.per_second)
    limits = UNLIMITED if given.unlimited else None
    asyncio.run(run(config, begun=given.begun, limits=limits))


if __name__ == "__main__":
    main()
