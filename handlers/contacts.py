"""Conversations put on record: how, on which day, about what; and efforts that led to none."""

from datetime import date

from telegram import Update
from telegram.ext import BaseHandler, CallbackQueryHandler, ContextTypes

from bot.domain.contacts import Channel, Theme
from bot.domain.ids import AppointmentId, ClientId, ContactId
from bot.services import contacts, followups
from bot.services.core import Core
from handlers.turns import DAY, ID, day_of, tapped_message, turn_of, words_of

Context = ContextTypes.DEFAULT_TYPE


def build(core: Core) -> list[BaseHandler[Update, Context, None]]:
    """Return the handlers of this noun."""

    async def on_ask(update: Update, _context: Context) -> None:
        await contacts.ask_how(core, turn_of(update), ClientId(int(words_of(update)[1])))

    async def on_log(update: Update, _context: Context) -> None:
        _, client_id, day, channel = words_of(update)
        await contacts.log(
            core,
            turn_of(update),
            ClientId(int(client_id)),
            day_of(day),
            Channel(channel),
            tapped_message(update),
        )

    async def on_day(update: Update, _context: Context) -> None:
        _, client_id, day, what = words_of(update)
        chosen: date = day_of(day)
        step = contacts.ask_day if what == "day" else contacts.choose_day
        await step(core, turn_of(update), ClientId(int(client_id)), chosen, tapped_message(update))

    async def on_no_answer(update: Update, _context: Context) -> None:
        client_id = ClientId(int(words_of(update)[1]))
        await contacts.log_no_answer(core, turn_of(update), client_id, tapped_message(update))

    async def on_theme(update: Update, _context: Context) -> None:
        _, contact_id, theme = words_of(update)
        await contacts.set_theme(
            core,
            turn_of(update),
            ContactId(int(contact_id)),
            Theme(theme),
            tapped_message(update),
        )

    async def on_undo(update: Update, _context: Context) -> None:
        contact_id = ContactId(int(words_of(update)[1]))
        await contacts.take_back(core, turn_of(update), contact_id, tapped_message(update))

    async def on_no_show(update: Update, _context: Context) -> None:
        appointment_id = AppointmentId(int(words_of(update)[1]))
        await followups.not_come(core, turn_of(update), appointment_id, tapped_message(update))

    return [
        CallbackQueryHandler(on_ask, pattern=rf"^ct:{ID}$"),
        CallbackQueryHandler(on_log, pattern=rf"^ct:{ID}:{DAY}:({'|'.join(Channel)})$"),
        CallbackQueryHandler(on_day, pattern=rf"^ct:{ID}:{DAY}:(day|how)$"),
        CallbackQueryHandler(on_no_answer, pattern=rf"^ct:{ID}:no_answer$"),
        CallbackQueryHandler(on_theme, pattern=rf"^cx:{ID}:({'|'.join(Theme)})$"),
        CallbackQueryHandler(on_undo, pattern=rf"^cx:{ID}:undo$"),
        CallbackQueryHandler(on_no_show, pattern=rf"^ca:{ID}:no_show$"),
    ]
