"""Appointments: a client's answers, and a coach making, moving and cancelling them."""

from telegram import Update
from telegram.ext import BaseHandler, CallbackQueryHandler, ContextTypes

from bot.domain.ids import AppointmentId, ClientId, DraftId
from bot.services import appointments, attendance, booking
from bot.services.core import Core
from handlers.turns import ID, tapped_message, turn_of, words_of

Context = ContextTypes.DEFAULT_TYPE

_ANSWERS = "|".join(
    (
        "come|cannot|other_time|question|late|where",
        "reason=(sick|work|childcare|transport|other)",
        "day=[0-4]|part=[0-4][ma]",
        "minutes=(10|20|30|more)",
    )
)
"""What a client may tap; anything else was never on a button of ours."""


def build(core: Core) -> list[BaseHandler[Update, Context, None]]:
    """Return the handlers of this noun."""

    async def on_answer(update: Update, _context: Context) -> None:
        _, appointment_id, revision, action = words_of(update)
        await attendance.answer(
            core,
            turn_of(update),
            AppointmentId(int(appointment_id)),
            int(revision),
            action,
            tapped_message(update),
        )

    async def on_begin(update: Update, _context: Context) -> None:
        await booking.begin(core, turn_of(update), ClientId(int(words_of(update)[1])))

    async def on_booking(update: Update, _context: Context) -> None:
        # A clock time has a colon of its own.
        _, draft_id, what, *rest = words_of(update)
        value = ":".join(rest)
        await booking.choose(
            core, turn_of(update), DraftId(int(draft_id)), what, value, tapped_message(update)
        )

    async def on_staff_action(update: Update, _context: Context) -> None:
        _, reference, revision, action = words_of(update)
        appointment_id = AppointmentId(int(reference))
        if action == "move":
            await booking.begin_move(core, turn_of(update), appointment_id, int(revision))
        elif action == "cancel":
            await appointments.ask_cancel(core, turn_of(update), appointment_id, int(revision))
        else:
            await appointments.cancel(
                core,
                turn_of(update),
                appointment_id,
                int(revision),
                tapped_message(update),
                confirmed=action == "yes",
            )

    return [
        CallbackQueryHandler(on_answer, pattern=rf"^ap:{ID}:{ID}:({_ANSWERS})$"),
        CallbackQueryHandler(on_begin, pattern=rf"^bn:{ID}$"),
        CallbackQueryHandler(on_booking, pattern=rf"^bk:{ID}:\w+:[\w:.-]*$"),
        CallbackQueryHandler(on_staff_action, pattern=rf"^sa:{ID}:{ID}:(move|cancel|yes|no)$"),
    ]
