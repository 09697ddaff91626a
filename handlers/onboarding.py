"""Opening the chat and the first questions."""

from telegram import Update
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, ContextTypes

from bot.domain.people import Step
from bot.services import onboarding
from bot.services.core import Core
from handlers.turns import tapped_message, turn_of, words_of

Context = ContextTypes.DEFAULT_TYPE


def build(core: Core) -> list[BaseHandler[Update, Context, None]]:
    """Return the handlers of this noun."""

    async def on_start(update: Update, context: Context) -> None:
        token = context.args[0] if context.args else ""
        await onboarding.start(core, turn_of(update), token)

    async def on_answer(update: Update, _context: Context) -> None:
        _, step, answer = words_of(update)
        await onboarding.choose(core, turn_of(update), Step(step), answer, tapped_message(update))

    steps = "|".join(Step)
    return [
        CommandHandler("start", on_start),
        CallbackQueryHandler(on_answer, pattern=rf"^on:({steps}):\w+$"),
    ]
