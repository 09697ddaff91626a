"""Plans and goals: what a coach taps about them, and what a client does."""

from collections.abc import Awaitable, Callable

from telegram import Update
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, ContextTypes

from bot.domain.ids import ClientId, GoalId, PlanId, TelegramMessageId
from bot.services import goal_sending, goal_writing, goals, plan_view, planning, reviews
from bot.services.core import Core, Turn
from handlers.turns import ID, tapped_message, turn_of, words_of

Context = ContextTypes.DEFAULT_TYPE

Valued = Callable[[Core, Turn, ClientId, str, TelegramMessageId], Awaitable[None]]
Plain = Callable[[Core, Turn, ClientId, TelegramMessageId], Awaitable[None]]

_SCREENS: dict[str, Plain] = {
    "": plan_view.show,
    "add": goal_writing.ask_category,
    "rev": reviews.show,
    "send": goal_sending.preview,
    "more": planning.show_more,
}
"""Buttons that only show something."""

_DEEDS: dict[str, Valued] = {
    "kind": planning.choose,
    "ms": planning.hold_milestone,
    "add": goal_writing.suggest,
    "tool": goal_writing.finish,
    "out": goal_sending.send,
    "set": reviews.decide,
    "close": reviews.close,
}
"""Buttons that bring a value."""

_NAMED = {
    **dict.fromkeys(("ext", "shift", "end", "ended"), planning.change),
    **dict.fromkeys(("lib", "own"), goal_writing.choose),
}
"""Buttons whose service does different things by their name."""


def build(core: Core) -> list[BaseHandler[Update, Context, None]]:
    """Return the handlers of this noun."""

    async def on_open(update: Update, _context: Context) -> None:
        await plan_view.show(core, turn_of(update), ClientId(int(words_of(update)[1])), None)

    async def on_screen(update: Update, _context: Context) -> None:
        _, client_id, *name = words_of(update)
        show = _SCREENS[name[0] if name else ""]
        await show(core, turn_of(update), ClientId(int(client_id)), tapped_message(update))

    async def on_deed(update: Update, _context: Context) -> None:
        _, client_id, deed = words_of(update)
        name, _, value = deed.partition("=")
        turn, client, message = turn_of(update), ClientId(int(client_id)), tapped_message(update)
        if name in _NAMED:
            await _NAMED[name](core, turn, client, name, value, message)
        else:
            await _DEEDS[name](core, turn, client, value, message)

    async def on_goal(update: Update, _context: Context) -> None:
        _, goal_id, word = words_of(update)
        message = tapped_message(update)
        await goals.answer(core, turn_of(update), GoalId(int(goal_id)), word, message)

    async def on_comment(update: Update, _context: Context) -> None:
        _, plan_id, word = words_of(update)
        message = tapped_message(update)
        await goals.comment(core, turn_of(update), PlanId(int(plan_id)), word, message)

    async def on_goals(update: Update, _context: Context) -> None:
        await goals.show_goals(core, turn_of(update))

    async def on_route(update: Update, _context: Context) -> None:
        await goals.show_route(core, turn_of(update))

    screens = "|".join(name for name in _SCREENS if name)
    deeds = "|".join({**_DEEDS, **_NAMED})
    return [
        CommandHandler("doelen", on_goals),
        CommandHandler("route", on_route),
        CallbackQueryHandler(on_open, pattern=rf"^pl:{ID}:open$"),
        CallbackQueryHandler(on_screen, pattern=rf"^pl:{ID}(:({screens}))?$"),
        CallbackQueryHandler(on_deed, pattern=rf"^pl:{ID}:({deeds})=[\w.-]+$"),
        CallbackQueryHandler(on_goal, pattern=rf"^go:{ID}:(ask|done|busy|not_yet|help)$"),
        CallbackQueryHandler(on_comment, pattern=rf"^go:{ID}:(read|unclear|question)$"),
    ]
