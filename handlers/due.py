"""The talks that are due, why one was not held, and a client's pause."""

from telegram import Update
from telegram.ext import BaseHandler, CallbackQueryHandler, ContextTypes

from bot.domain.ids import ClientId
from bot.domain.months import Month
from bot.domain.people import HoldReason
from bot.domain.periods import MissedReason
from bot.services import due, holds
from bot.services.core import Core
from handlers.turns import ID, MONTH, tapped_message, turn_of, words_of

Context = ContextTypes.DEFAULT_TYPE


def build(core: Core) -> list[BaseHandler[Update, Context, None]]:
    """Return the handlers of this noun."""

    async def on_list(update: Update, _context: Context) -> None:
        page = int(words_of(update)[2])
        await due.show_list(core, turn_of(update), page, tapped_message(update))

    async def on_one(update: Update, _context: Context) -> None:
        _, client, month, page = words_of(update)
        await due.show_one(
            core,
            turn_of(update),
            ClientId(int(client.removeprefix("c"))),
            Month.parse(month),
            int(page),
            tapped_message(update),
        )

    async def on_reason(update: Update, _context: Context) -> None:
        _, client_id, month, *reason = words_of(update)
        turn, who = turn_of(update), ClientId(int(client_id))
        if reason:
            await due.set_reason(
                core,
                turn,
                who,
                Month.parse(month),
                MissedReason(reason[0]),
                tapped_message(update),
            )
        else:
            await due.ask_reason(core, turn, who, Month.parse(month))

    async def on_hold(update: Update, _context: Context) -> None:
        await holds.show(core, turn_of(update), ClientId(int(words_of(update)[1])))

    async def on_hold_choice(update: Update, _context: Context) -> None:
        _, client_id, *what = words_of(update)
        await holds.choose(
            core,
            turn_of(update),
            ClientId(int(client_id)),
            ":".join(what),
            tapped_message(update),
        )

    reasons = "|".join(MissedReason)
    choices = rf"resume|extend|({'|'.join(HoldReason)})(:[1-3])?"
    return [
        CallbackQueryHandler(on_list, pattern=r"^dg:open:[0-9]{1,4}$"),
        CallbackQueryHandler(on_one, pattern=rf"^dg:c{ID}:{MONTH}:[0-9]{{1,4}}$"),
        CallbackQueryHandler(on_reason, pattern=rf"^mr:{ID}:{MONTH}(:({reasons}))?$"),
        CallbackQueryHandler(on_hold, pattern=rf"^hd:{ID}$"),
        CallbackQueryHandler(on_hold_choice, pattern=rf"^hd:{ID}:({choices})$"),
    ]
