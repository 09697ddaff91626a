"""A bare python-telegram-bot program with the settings its pages start with: the baseline.

One handler copies each message to another chat; nothing is stored. Its broadcast is the loop that
its users write: one message after the other, with the library's limiter or with a pause.
"""

import argparse
import asyncio
import importlib.util
import logging
import os
import time
from collections.abc import Mapping

from telegram import Update
from telegram.ext import (
    AIORateLimiter,
    Application,
    ApplicationBuilder,
    ContextTypes,
    MessageHandler,
    filters,
)

from bench import child
from bench.people import client_chat, coach_of
from bench.server import reference

TOKEN = "100000009:token-of-the-bench"  # noqa: S105 - invented
_PAUSE_SECONDS = 1 / 26
"""What people put between two messages to stay under 30 a second."""

HAS_LIMITER = importlib.util.find_spec("aiolimiter") is not None
LOOP_NAME = "AIORateLimiter loop" if HAS_LIMITER else "loop with a pause of 1/26 s"

# Without it the library warns that an answer will change its type.
os.environ.setdefault("PTB_TIMEDELTA", "1")


async def _copy(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    message = update.message
    if message is not None:
        await message.copy(chat_id=coach_of(message.chat_id))


async def run(url: str, *, limited: bool) -> None:
    """Run the program and obey until told to stop."""
    builder = ApplicationBuilder().token(TOKEN).base_url(f"{url}/bot")
    if limited and HAS_LIMITER:
        builder = builder.rate_limiter(AIORateLimiter())  # type: ignore[arg-type]  # its docs do
    application: Application = builder.build()  # type: ignore[type-arg]
    application.add_handler(MessageHandler(filters.ALL, _copy))
    updater = application.updater
    assert updater is not None  # noqa: S101 - the builder makes one unless told not to

    async def loop(chats: int, first: int, at: float) -> None:
        await asyncio.sleep(at - time.monotonic())
        for number in range(chats):
            text = f"… {reference(first + number)}"
            await application.bot.send_message(client_chat(number), text)
            if limited and not HAS_LIMITER:
                await asyncio.sleep(_PAUSE_SECONDS)

    async with application, asyncio.TaskGroup() as group:

        async def broadcast(asked: Mapping[str, float]) -> dict[str, float]:
            group.create_task(loop(int(asked["chats"]), int(asked["first"]), asked["at"]))
            return {"queued": asked["chats"]}

        async def rest(_asked: Mapping[str, float]) -> dict[str, float]:
            return {"left": 0}  # it keeps nothing

        await application.start()
        await updater.start_polling()
        await child.obey({"broadcast": broadcast, "rest": rest})
        await updater.stop()
        await application.stop()


def main() -> None:
    """Run as a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--limited", action="store_true", help="broadcast no faster than allowed")
    given = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(run(given.url, limited=given.limited))


if __name__ == "__main__":
    main()
