"""How a broadcast went: the message, the file and the picture."""

from telegram import Update
from telegram.ext import BaseHandler, CallbackQueryHandler, ContextTypes

from bot.domain.ids import BroadcastId
from bot.services import broadcast_report
from bot.services.core import Core
from handlers.turns import ID, tapped_message, turn_of, words_of

Context = ContextTypes.DEFAULT_TYPE


def build(core: Core) -> list[BaseHandler[Update, Context, None]]:
    """Return the handlers of this noun."""

    async def on_report(update: Update, _context: Context) -> None:
        broadcast_id = BroadcastId(int(words_of(update)[1]))
        await broadcast_report.show_report(
            core, turn_of(update), broadcast_id, tapped_message(update)
        )

    async def on_file(update: Update, _context: Context) -> None:
        broadcast_id = BroadcastId(int(words_of(update)[1]))
        await broadcast_report.send_file(core, turn_of(update), broadcast_id)

    async def on_picture(update: Update, _context: Context) -> None:
        broadcast_id = BroadcastId(int(words_of(update)[1]))
        await broadcast_report.send_picture(core, turn_of(update), broadcast_id)

    return [
        CallbackQueryHandler(on_report, pattern=rf"^br:{ID}$"),
        CallbackQueryHandler(on_file, pattern=rf"^br:{ID}:csv$"),
        CallbackQueryHandler(on_picture, pattern=rf"^br:{ID}:pic$"),
    ]
