"""The turn of the update at hand, completed with what this update adds to it."""

from datetime import UTC, date, datetime

from telegram import Message, Update

from bot.domain.errors import NotFoundError
from bot.domain.ids import TelegramMessageId
from bot.domain.languages import KNOWN, Language
from bot.services.core import CURRENT_TURN, Turn

ID = "[0-9]{1,9}"
"""An id in a button's data, as a pattern; more digits would not fit the database."""


DAY = "20[0-9]{6}"
"""A day in a button's data, as a pattern: 20261124."""


MONTH = "20[0-9]{2}-(?:0[1-9]|1[0-2])"
"""A month in a button's data, as a pattern: 2026-11."""


def day_of(text: str) -> date:
    """Return the day of a button's data; errors: NotFoundError when there is no such day."""
    try:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        msg = f"There is no day {text}."
        raise NotFoundError(msg) from None


def turn_of(update: Update) -> Turn:
    """Return the turn in which this update is handled."""
    turn = CURRENT_TURN.get()
    if update.callback_query is not None:
        turn.callback_id = update.callback_query.id
    if update.effective_user is not None and update.effective_user.language_code:
        code = Language(update.effective_user.language_code.split("-")[0])
        turn.language_hint = code if code in KNOWN else None
    return turn


def words_of(update: Update) -> list[str]:
    """Return the parts of a tapped button's id."""
    query = update.callback_query
    return (query.data or "").split(":") if query else []


def tapped_message(update: Update) -> TelegramMessageId:
    """Return the message whose button was tapped."""
    query = update.callback_query
    if query is None or query.message is None:
        return TelegramMessageId(0)
    return TelegramMessageId(query.message.message_id)


def message_of(update: Update) -> Message:
    """Return the new or edited message of an update that has one."""
    message = update.effective_message
    if message is None:
        error = f"Update {update.update_id} has no message; its handler should not have run."
        raise LookupError(error)
    return message
