"""The werkbak and the lists of clients: opened by a command, turned and opened by tapping."""

from telegram import Update
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, ContextTypes

from bot.domain.ids import ClientId, MessageId, TaskId
from bot.services import caseload, client_card, worklist
from bot.services.core import Core
from handlers.turns import ID, tapped_message, turn_of, words_of

Context = ContextTypes.DEFAULT_TYPE

_PAGE = "[0-9]{1,4}"
_FILTER = "[^:\n]{1,40}"


def build(core: Core) -> list[BaseHandler[Update, Context, None]]:
    """Return the handlers of this noun."""

    async def on_worklist(update: Update, _context: Context) -> None:
        await worklist.open_worklist(core, turn_of(update))

    async def on_clients(update: Update, context: Context) -> None:
        await caseload.open_list(core, turn_of(update), " ".join(context.args or ()))

    async def on_worklist_page(update: Update, _context: Context) -> None:
        page = int(words_of(update)[1])
        await worklist.show_page(core, turn_of(update), page, tapped_message(update))

    async def on_team(update: Update, _context: Context) -> None:
        page = int(words_of(update)[2])
        await worklist.show_team(core, turn_of(update), page, tapped_message(update))

    async def on_task(update: Update, _context: Context) -> None:
        _, task_id, what, *page = words_of(update)
        turn, task, message = turn_of(update), TaskId(int(task_id)), tapped_message(update)
        back = int(page[0]) if page else 0
        if what == "done":
            await worklist.finish_task(core, turn, task, back, message)
        else:
            await worklist.open_task(core, turn, task, back, message, calls=what == "call")

    async def on_message_done(update: Update, _context: Context) -> None:
        message_id = MessageId(int(words_of(update)[1].removeprefix("m")))
        await worklist.finish_message(core, turn_of(update), message_id)

    async def on_clients_page(update: Update, _context: Context) -> None:
        _, page, *begins = words_of(update)
        await caseload.show_page(
            core, turn_of(update), int(page), "".join(begins), tapped_message(update)
        )

    async def on_late(update: Update, _context: Context) -> None:
        page = int(words_of(update)[2])
        await caseload.show_late(core, turn_of(update), page, tapped_message(update))

    async def on_client(update: Update, _context: Context) -> None:
        _, client_id, *origin = words_of(update)
        await client_card.show_client(
            core,
            turn_of(update),
            ClientId(int(client_id)),
            ":".join(origin),
            tapped_message(update),
        )

    origins = rf"late:{_PAGE}|wb:{_PAGE}|{_PAGE}(:{_FILTER})?"
    return [
        CommandHandler("werkbak", on_worklist),
        CommandHandler("klanten", on_clients),
        CallbackQueryHandler(on_worklist_page, pattern=rf"^wb:{_PAGE}$"),
        CallbackQueryHandler(on_team, pattern=rf"^wb:team:{_PAGE}$"),
        CallbackQueryHandler(on_task, pattern=rf"^wt:{ID}:(open|call|done)(:{_PAGE})?$"),
        CallbackQueryHandler(on_message_done, pattern=rf"^wt:m{ID}:done$"),
        CallbackQueryHandler(on_clients_page, pattern=rf"^kl:{_PAGE}(:{_FILTER})?$"),
        CallbackQueryHandler(on_late, pattern=rf"^kl:late:{_PAGE}$"),
        CallbackQueryHandler(on_client, pattern=rf"^cl:{ID}(:({origins}))?$"),
    ]
