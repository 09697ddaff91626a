"""A plain text to many: asking for its words, and looking at each translation."""

from telegram import Update
from telegram.ext import BaseHandler, CallbackQueryHandler, ContextTypes

from bot.domain.ids import BroadcastId
from bot.domain.languages import Language
from bot.services import broadcast_text_screens as screens
from bot.services import broadcast_text_writing as writing
from bot.services.broadcast_texts import TARGETS
from bot.services.core import Core
from handlers.turns import ID, tapped_message, turn_of, words_of

Context = ContextTypes.DEFAULT_TYPE

_LANGUAGE = f"(?:{'|'.join(TARGETS)})"
_STAMP = "[0-9a-f]{8}"


def build(core: Core) -> list[BaseHandler[Update, Context, None]]:
    """Return the handlers of this noun."""

    async def on_new(update: Update, _context: Context) -> None:
        await writing.ask_new(core, turn_of(update))

    async def on_open(update: Update, _context: Context) -> None:
        broadcast_id = BroadcastId(int(words_of(update)[1]))
        await screens.show_texts(core, turn_of(update), broadcast_id, tapped_message(update))

    async def on_edit(update: Update, _context: Context) -> None:
        broadcast_id = BroadcastId(int(words_of(update)[1]))
        await writing.ask_edit(core, turn_of(update), broadcast_id, tapped_message(update))

    async def on_language(update: Update, _context: Context) -> None:
        _, broadcast_id, name, language = words_of(update)
        show = screens.show_language if name == "lang" else writing.ask_own
        await show(
            core,
            turn_of(update),
            BroadcastId(int(broadcast_id)),
            Language(language),
            tapped_message(update),
        )

    async def on_approve(update: Update, _context: Context) -> None:
        _, broadcast_id, _, language, stamp = words_of(update)
        await screens.approve(
            core,
            turn_of(update),
            BroadcastId(int(broadcast_id)),
            Language(language),
            stamp,
            tapped_message(update),
        )

    async def on_again(update: Update, _context: Context) -> None:
        _, broadcast_id, name, language, stamp = words_of(update)
        await screens.translate_again(
            core,
            turn_of(update),
            BroadcastId(int(broadcast_id)),
            Language(language),
            stamp,
            tapped_message(update),
            sure=name == "anew",
        )

    return [
        CallbackQueryHandler(on_new, pattern=r"^bx:new$"),
        CallbackQueryHandler(on_open, pattern=rf"^bx:{ID}$"),
        CallbackQueryHandler(on_edit, pattern=rf"^bx:{ID}:edit$"),
        CallbackQueryHandler(on_language, pattern=rf"^bx:{ID}:(?:lang|write):{_LANGUAGE}$"),
        CallbackQueryHandler(on_approve, pattern=rf"^bx:{ID}:ok:{_LANGUAGE}:{_STAMP}$"),
        CallbackQueryHandler(on_again, pattern=rf"^bx:{ID}:(?:again|anew):{_LANGUAGE}:{_STAMP}$"),
    ]
