"""The month as a picture."""

from telegram import Update
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, ContextTypes

from bot.domain.months import Month
from bot.services import overview
from bot.services.core import Core
from handlers.turns import ID, MONTH, tapped_message, turn_of, words_of

Context = ContextTypes.DEFAULT_TYPE


def build(core: Core) -> list[BaseHandler[Update, Context, None]]:
    """Return the handlers of this noun."""

    async def on_command(update: Update, _context: Context) -> None:
        await overview.show(core, turn_of(update), "own", None, 0, None)

    async def on_button(update: Update, _context: Context) -> None:
        prefix, scope, month, page = words_of(update)
        # Only a picture can become another picture.
        message = tapped_message(update) if prefix == "ow" else None
        await overview.show(core, turn_of(update), scope, Month.parse(month), int(page), message)

    return [
        CommandHandler("maand", on_command),
        CallbackQueryHandler(on_button, pattern=rf"^o[vw]:(own|all|c{ID}):{MONTH}:[0-9]{{1,4}}$"),
    ]
