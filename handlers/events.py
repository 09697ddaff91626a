"""Events: what a client answers to an invitation, and staff making events and seeing who comes."""

from telegram import Update
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, ContextTypes

from bot.domain.ids import DraftId, EventId
from bot.services import event_making, event_screens, events
from bot.services.core import Core
from handlers.turns import ID, tapped_message, turn_of, words_of

Context = ContextTypes.DEFAULT_TYPE


def build(core: Core) -> list[BaseHandler[Update, Context, None]]:
    """Return the handlers of this noun."""

    async def on_answer(update: Update, _context: Context) -> None:
        _, event_id, answer = words_of(update)
        action, _, number = answer.partition("=")
        await events.answer(
            core,
            turn_of(update),
            EventId(int(event_id)),
            action,
            tapped_message(update),
            int(number) if number else None,
        )

    async def on_command(update: Update, _context: Context) -> None:
        await event_screens.show_events(core, turn_of(update))

    async def on_list(update: Update, _context: Context) -> None:
        page = int(words_of(update)[2])
        await event_screens.show_events(core, turn_of(update), page, tapped_message(update))

    async def on_event(update: Update, _context: Context) -> None:
        _, event_id, page = words_of(update)
        await event_screens.show_event(
            core, turn_of(update), EventId(int(event_id)), int(page), tapped_message(update)
        )

    async def on_action(update: Update, _context: Context) -> None:
        _, reference, action = words_of(update)
        event_id = EventId(int(reference))
        if action == "csv":
            await event_screens.send_list(core, turn_of(update), event_id)
        elif action == "off":
            await event_screens.ask_cancel(core, turn_of(update), event_id, tapped_message(update))
        else:
            await event_screens.cancel(core, turn_of(update), event_id, tapped_message(update))

    async def on_new(update: Update, _context: Context) -> None:
        await event_making.begin(core, turn_of(update), tapped_message(update))

    async def on_making(update: Update, _context: Context) -> None:
        # A clock time has a colon of its own.
        _, _, draft_id, what, *rest = words_of(update)
        value = ":".join(rest)
        await event_making.choose(
            core, turn_of(update), DraftId(int(draft_id)), what, value, tapped_message(update)
        )

    return [
        CommandHandler("activiteiten", on_command),
        CallbackQueryHandler(on_answer, pattern=rf"^ev:{ID}:(yes|no|remind|show|at={ID})$"),
        CallbackQueryHandler(on_list, pattern=rf"^es:list:{ID}$"),
        CallbackQueryHandler(on_event, pattern=rf"^es:{ID}:{ID}$"),
        CallbackQueryHandler(on_action, pattern=rf"^es:{ID}:(off|yes|csv)$"),
        CallbackQueryHandler(on_new, pattern="^es:new$"),
        CallbackQueryHandler(on_making, pattern=rf"^es:make:{ID}:\w+:[\w:.-]*$"),
    ]
