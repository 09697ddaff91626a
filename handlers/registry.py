"""Every handler in its order, on one screen; the first that fits an update takes it."""

from collections.abc import Callable, Coroutine

from telegram import Chat, Update
from telegram.ext import (
    Application,
    ApplicationHandlerStop,
    BaseHandler,
    CallbackQueryHandler,
    ContextTypes,
    ExtBot,
    TypeHandler,
)

from bot.domain.errors import NotFoundError, TransitionError
from bot.services import onboarding as onboarding_service
from bot.services.core import CURRENT_TURN, Core
from handlers import (
    appointments,
    broadcast_reports,
    broadcast_runs,
    broadcast_texts,
    broadcasts,
    checkins,
    contacts,
    due,
    employers,
    events,
    films,
    messages,
    onboarding,
    overview,
    plans,
    worklist,
)
from handlers import menu as menus
from handlers.turns import turn_of

Context = ContextTypes.DEFAULT_TYPE


Data = dict[object, object]
Handle = Callable[[Update, Context], Coroutine[object, object, None]]
BotApplication = Application[ExtBot[None], Context, Data, Data, Data, None]


def build(core: Core, bot: ExtBot[None]) -> BotApplication:
    """Return the application that takes updates to the services.

    It neither polls nor sends: the inbox feeds it, and everything that leaves is in the outbox.
    """
    application = Application.builder().bot(bot).updater(None).job_queue(None).build()
    handlers: list[BaseHandler[Update, Context, None]] = [
        *onboarding.build(core),
        *menus.build(core),
        *worklist.build(core),
        *appointments.build(core),
        *broadcast_reports.build(core),
        *broadcast_runs.build(core),
        *broadcast_texts.build(core),
        *broadcasts.build(core),
        *checkins.build(core),
        *contacts.build(core),
        *due.build(core),
        *employers.build(core),
        *events.build(core),
        *films.build(core),
        *plans.build(core),
        *overview.build(core),
        *messages.build(core),
        CallbackQueryHandler(_on_unknown_button(core)),
    ]
    application.add_handler(TypeHandler(Update, _leave_groups_alone), group=-1)
    for handler in handlers:
        application.add_handler(handler)
    application.add_error_handler(_on_error(core))
    return application


async def _leave_groups_alone(update: Update, _context: Context) -> None:
    """Say nothing in a group to which somebody added the bot: who reads there is not known."""
    chat = update.effective_chat
    if chat is not None and chat.type != Chat.PRIVATE:
        raise ApplicationHandlerStop


def _on_unknown_button(core: Core) -> Handle:
    async def on_unknown_button(update: Update, _context: Context) -> None:
        await onboarding_service.refuse(core, turn_of(update))

    return on_unknown_button


def _on_error(core: Core) -> Callable[[object, Context], Coroutine[object, object, None]]:
    async def on_error(update: object, context: Context) -> None:
        """Answer a person whose button leads nowhere; keep any other error for the turn."""
        turn = CURRENT_TURN.get()
        error = context.error
        try:
            if isinstance(error, NotFoundError | TransitionError) and isinstance(update, Update):
                await onboarding_service.refuse(core, turn)
            else:
                turn.error = error
        except Exception as second:  # noqa: BLE001 - kept for the turn, like the first
            turn.error = second

    return on_error
