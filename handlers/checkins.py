"""The short monthly question: a client's answers, and what a coach does about it."""

from datetime import datetime

from telegram import Update
from telegram.ext import BaseHandler, CallbackQueryHandler, ContextTypes

from bot.domain.ids import CheckInId, ClientId
from bot.domain.slots import Slot
from bot.services import checkin_answers, checkins
from bot.services.core import Core
from handlers.turns import ID, tapped_message, turn_of, words_of

Context = ContextTypes.DEFAULT_TYPE

_ANSWERS = "|".join(
    (
        "good|okay|bad|tell|call|other",
        "slot=[0-9]{1,3}",
        f"how=({'|'.join(checkin_answers.HOW)})",
    )
)
"""What a client may tap; anything else was never on a button of ours."""

_WHEN = "%Y%m%d:%H%M"


def build(core: Core) -> list[BaseHandler[Update, Context, None]]:
    """Return the handlers of this noun."""

    async def on_answer(update: Update, _context: Context) -> None:
        _, check_in_id, action = words_of(update)
        await checkin_answers.answer(
            core, turn_of(update), CheckInId(int(check_in_id)), action, tapped_message(update)
        )

    async def on_wanted(update: Update, _context: Context) -> None:
        _, client_id, word = words_of(update)
        await checkins.set_wanted(
            core, turn_of(update), ClientId(int(client_id)), wanted=word == "on"
        )

    async def on_silence(update: Update, _context: Context) -> None:
        check_in_id = CheckInId(int(words_of(update)[1]))
        await checkins.ask_after_silence(core, turn_of(update), check_in_id)

    async def on_plan(update: Update, _context: Context) -> None:
        _, client_id, _, *when = words_of(update)
        await checkins.plan(core, turn_of(update), ClientId(int(client_id)), _slot(":".join(when)))

    return [
        CallbackQueryHandler(on_answer, pattern=rf"^mc:{ID}:({_ANSWERS})$"),
        CallbackQueryHandler(on_wanted, pattern=rf"^cs:{ID}:(on|off)$"),
        CallbackQueryHandler(on_silence, pattern=rf"^cs:{ID}:noanswer$"),
        CallbackQueryHandler(on_plan, pattern=rf"^cs:{ID}:plan(:[0-9]{{8}}:[0-9]{{4}})?$"),
    ]


def _slot(when: str) -> Slot | None:
    """Return the time that a button names; None when it names none that exists."""
    try:
        moment = datetime.strptime(when, _WHEN)  # noqa: DTZ007 - a clock on the wall has no zone
    except ValueError:
        return None
    return Slot(moment.date(), moment.time())
