"""Wiping: words go after the stated time, what is still on its way and what is newer stays."""

from datetime import timedelta

import sqlalchemy as sa

from bot.config import Config
from bot.domain.delivery import InboxState, OutboxKind, OutboxState
from bot.domain.ids import ChatId, InboxId, TelegramMessageId
from bot.domain.languages import DUTCH, TIGRINYA
from bot.domain.messages import Direction, TranslationState
from bot.services import retention
from bot.services.core import Core
from bot.storage import inbox, messages, outbox
from bot.storage.database import Database
from bot.storage.schema import inbox as inbox_table
from bot.storage.schema import messages as messages_table
from bot.storage.schema import outbox as outbox_table
from bot.storage.schema import translations as translations_table
from bot.texts import Texts
from tests.storage.rows import NOW, Cast, insert_cast

WORDS = "ሰላም"
CHAT = ChatId(5002)


async def say_and_relay(
    database: Database, cast: Cast, number: int, *, days_ago: int, sent: bool
) -> None:
    """Store a message with its update, translation and call, as they stand after its trip."""
    at = NOW - timedelta(days=days_ago)
    async with database.transaction() as tx:
        await inbox.insert_updates(
            tx, 1, [(number, CHAT, f'{{"text": "{WORDS}"}}')], next_update_id=number + 1, now=at
        )
        await inbox.finish(tx, InboxId(number), state=InboxState.DONE, now=at)
        message = await messages.insert_message(
            tx,
            client_id=cast.selam,
            staff_id=cast.joke,
            direction=Direction.IN,
            text=WORDS,
            language=TIGRINYA,
            media=None,
            chat_id=CHAT,
            telegram_message_id=TelegramMessageId(number),
            edits_message_id=None,
            now=at,
        )
        translation_id = await messages.insert_translation(
            tx, message_id=message.id, target=DUTCH, now=at, deadline=at
        )
        await messages.finish_translation(
            tx, translation_id, state=TranslationState.DONE, text="Hallo.", engine="x", now=at
        )
        call = await outbox.insert_call(
            tx,
            lane="chat:5001",
            chat_id=ChatId(5001),
            kind=OutboxKind.STAFF,
            method="sendMessage",
            payload={"text": "Hallo."},
            message_id=message.id,
            now=at,
        )
        if sent:
            await outbox.update_call(tx, call, state=OutboxState.SENT, now=at)


async def kept(database: Database) -> list[tuple[str, str | None, object, str]]:
    """Return what is left of each message: its words, translation, call and update."""
    async with database.reading() as tx:
        said = [row["text"] for row in await tx.rows(sa.select(messages_table).order_by("id"))]
        translated = [
            row["text"] for row in await tx.rows(sa.select(translations_table).order_by("id"))
        ]
        calls = [row["payload"] for row in await tx.rows(sa.select(outbox_table).order_by("id"))]
        raw = [row["raw"] for row in await tx.rows(sa.select(inbox_table).order_by("id"))]
    return list(zip(said, translated, calls, raw, strict=True))


async def test_words_are_wiped_after_the_stated_days_and_newer_ones_stay(
    database: Database,
) -> None:
    days = Config().organisation.retention_days
    cast = await insert_cast(database)
    await say_and_relay(database, cast, 1, days_ago=days + 1, sent=True)
    await say_and_relay(database, cast, 2, days_ago=days - 1, sent=True)
    core = Core(database, Texts({}), Config(), "")

    assert await retention.wipe_due(core, NOW) == 1
    assert await retention.wipe_due(core, NOW) == 0, "what is wiped is not looked at again"

    newer = (WORDS, "Hallo.", {"text": "Hallo."}, f'{{"text": "{WORDS}"}}')
    assert await kept(database) == [("", None, {}, ""), newer]


async def test_a_call_that_is_still_on_its_way_keeps_its_words(database: Database) -> None:
    days = Config().organisation.retention_days
    cast = await insert_cast(database)
    await say_and_relay(database, cast, 1, days_ago=days + 1, sent=False)

    await retention.wipe_due(Core(database, Texts({}), Config(), ""), NOW)

    assert [row[2] for row in await kept(database)] == [{"text": "Hallo."}]
