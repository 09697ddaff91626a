"""Menus: what a client or a coach reaches by tapping or by a command."""

from collections.abc import Awaitable, Callable

from telegram import ChatMember, Update
from telegram.ext import (
    BaseHandler,
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    ContextTypes,
)

from bot.domain.languages import Language
from bot.services import caseload, films, goals, language, menu, messages
from bot.services.core import Core, Turn
from handlers.turns import turn_of, words_of

Context = ContextTypes.DEFAULT_TYPE


def build(core: Core) -> list[BaseHandler[Update, Context, None]]:
    """Return the handlers of this noun."""
    items: dict[str, Callable[[Core, Turn], Awaitable[None]]] = {
        "appointments": menu.show_appointments,
        "goals": goals.show_goals,
        "route": goals.show_route,
        "films": films.show_films,
        "write": messages.invite_to_write,
        "language": language.ask_language,
        "privacy": menu.show_privacy,
        "stop": menu.open_stop,
        "help": messages.give_help_numbers,
        "call": messages.ask_for_call,
        "ok": menu.acknowledge,
    }

    async def on_item(update: Update, _context: Context) -> None:
        await items[words_of(update)[1]](core, turn_of(update))

    async def on_language(update: Update, _context: Context) -> None:
        await language.set_language(core, turn_of(update), Language(words_of(update)[1]))

    async def on_stop(update: Update, _context: Context) -> None:
        await menu.stop(core, turn_of(update), confirmed=words_of(update)[1] == "yes")

    async def on_stop_films(update: Update, _context: Context) -> None:
        await films.stop_films(core, turn_of(update))

    async def on_menu(update: Update, _context: Context) -> None:
        await caseload.open_menu(core, turn_of(update))

    async def on_appointments(update: Update, _context: Context) -> None:
        await menu.show_appointments(core, turn_of(update))

    async def on_language_command(update: Update, _context: Context) -> None:
        await language.ask_language(core, turn_of(update))

    async def on_stop_command(update: Update, _context: Context) -> None:
        await menu.open_stop(core, turn_of(update))

    async def on_member(update: Update, _context: Context) -> None:
        change = update.my_chat_member
        if change is not None and change.new_chat_member.status == ChatMember.BANNED:
            await menu.chat_blocked(core, turn_of(update))
        else:
            await menu.chat_unblocked(core, turn_of(update))

    return [
        CommandHandler(["menu", "help"], on_menu),
        CommandHandler("afspraken", on_appointments),
        CommandHandler("taal", on_language_command),
        CommandHandler("stop", on_stop_command),
        CallbackQueryHandler(on_item, pattern=rf"^mn:({'|'.join(items)})$"),
        CallbackQueryHandler(on_language, pattern=r"^lg:\w+$"),
        CallbackQueryHandler(on_stop, pattern=r"^st:(yes|no)$"),
        CallbackQueryHandler(on_stop_films, pattern=r"^st:films$"),
        ChatMemberHandler(on_member, ChatMemberHandler.MY_CHAT_MEMBER),
    ]
