"""A broadcast under way: how far it is, pause, go on, stop, once more; and what a client opens."""

from telegram import Update
from telegram.ext import BaseHandler, CallbackQueryHandler, ContextTypes

from bot.domain.ids import BroadcastId, DeliveryId
from bot.services import deliveries, progress
from bot.services.core import Core
from handlers.turns import ID, tapped_message, turn_of, words_of

Context = ContextTypes.DEFAULT_TYPE


def build(core: Core) -> list[BaseHandler[Update, Context, None]]:
    """Return the handlers of this noun."""

    async def on_progress(update: Update, _context: Context) -> None:
        broadcast_id = BroadcastId(int(words_of(update)[1]))
        await progress.show(core, turn_of(update), broadcast_id, tapped_message(update))

    async def on_cancel(update: Update, _context: Context) -> None:
        broadcast_id = BroadcastId(int(words_of(update)[1]))
        await progress.ask_cancel(core, turn_of(update), broadcast_id, tapped_message(update))

    async def on_step(update: Update, _context: Context) -> None:
        _, number, step = words_of(update)
        message = tapped_message(update)
        await progress.take_step(core, turn_of(update), BroadcastId(int(number)), step, message)

    async def on_open(update: Update, _context: Context) -> None:
        delivery_id = DeliveryId(int(words_of(update)[1]))
        await deliveries.open_delivery(core, turn_of(update), delivery_id, tapped_message(update))

    return [
        CallbackQueryHandler(on_progress, pattern=rf"^bp:{ID}:progress$"),
        CallbackQueryHandler(on_cancel, pattern=rf"^bp:{ID}:cancel$"),
        CallbackQueryHandler(on_step, pattern=rf"^bp:{ID}:(pause|on|stop|retry)$"),
        CallbackQueryHandler(on_open, pattern=rf"^bc:{ID}:open$"),
    ]
