"""Conversation: words, photos, voice notes and files, and the buttons under them."""

from telegram import Message, Update
from telegram.ext import (
    BaseHandler,
    CallbackQueryHandler,
    ContextTypes,
    MessageHandler,
    filters,
)

from bot.domain.ids import ClientId, DraftId, MessageId, TelegramMessageId
from bot.domain.messages import Media, MessageKind
from bot.services import messages, replies
from bot.services.core import Core
from bot.services.relay import Said
from handlers.turns import ID, message_of, tapped_message, turn_of, words_of

Context = ContextTypes.DEFAULT_TYPE


def build(core: Core) -> list[BaseHandler[Update, Context, None]]:
    """Return the handlers of this noun; the first takes every message that no other took."""

    async def on_message(update: Update, _context: Context) -> None:
        await messages.receive(core, turn_of(update), said_in(update))

    async def on_client_button(update: Update, _context: Context) -> None:
        _, message_id, what = words_of(update)
        if what == "unclear":
            await messages.mark_unclear(core, turn_of(update), MessageId(int(message_id)))
        else:
            await messages.invite_to_write(core, turn_of(update))

    async def on_write(update: Update, _context: Context) -> None:
        _, client_id, *message_id = words_of(update)
        about = MessageId(int(message_id[0])) if message_id else None
        await replies.prompt_for(core, turn_of(update), ClientId(int(client_id)), about)

    async def on_draft(update: Update, _context: Context) -> None:
        _, draft_id, client_id = words_of(update)
        await replies.send_draft(
            core,
            turn_of(update),
            DraftId(int(draft_id)),
            ClientId(int(client_id)),
            tapped_message(update),
        )

    spoken = (filters.UpdateType.MESSAGE | filters.UpdateType.EDITED_MESSAGE) & (
        ~filters.StatusUpdate.ALL
    )
    return [
        MessageHandler(spoken, on_message),
        CallbackQueryHandler(on_client_button, pattern=rf"^m:{ID}:(reply|unclear)$"),
        CallbackQueryHandler(on_write, pattern=rf"^wr:{ID}(:{ID})?$"),
        CallbackQueryHandler(on_draft, pattern=rf"^dr:{ID}:{ID}$"),
    ]


def said_in(update: Update) -> Said:
    """Return what an update's message says, with the file or place it brings."""
    message = message_of(update)
    media = _media(message)
    reply = message.reply_to_message
    return Said(
        telegram_message_id=TelegramMessageId(message.message_id),
        text=message.text or message.caption or "",
        media=media,
        reply_to=TelegramMessageId(reply.message_id) if reply else None,
        edited=update.edited_message is not None,
        takeable=media is not None or message.text is not None,
    )


def _media(message: Message) -> Media | None:
    if message.photo:
        largest = message.photo[-1]
        return Media(MessageKind.PHOTO, largest.file_id, largest.file_size)
    for kind, file in (
        (MessageKind.VOICE, message.voice),
        (MessageKind.DOCUMENT, message.document),
        (MessageKind.AUDIO, message.audio),
        (MessageKind.VIDEO, message.video),
    ):
        if file is not None:
            return Media(kind, file.file_id, file.file_size)
    if message.location is not None:
        return Media(
            MessageKind.LOCATION,
            latitude=message.location.latitude,
            longitude=message.location.longitude,
        )
    return None
