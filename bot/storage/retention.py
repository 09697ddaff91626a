"""Wiping what was said, once it has been kept as long as clients were told."""

from datetime import datetime

import sqlalchemy as sa

from bot.domain.delivery import InboxState, OutboxState
from bot.domain.messages import TranslationState
from bot.storage import pictures
from bot.storage.care_schema import goals
from bot.storage.database import Transaction
from bot.storage.schema import drafts, inbox, messages, outbox, translations

_OVER = (OutboxState.SENT, OutboxState.FAILED, OutboxState.RETIRED, OutboxState.UNCERTAIN)


async def wipe_words(tx: Transaction, before: datetime) -> int:
    """Wipe the words of everything older than `before`; returns how many messages that were.

    What remains says that there was a message, when and between whom, so that a reply to it
    still finds its person. What is still on its way keeps its words until it has arrived.
    """
    # The words of a goal stay as long as its plan.
    not_a_goal = messages.c.id.not_in(sa.select(goals.c.message_id))
    old = sa.select(messages.c.id).where(messages.c.created_at < before, not_a_goal)
    await tx.run(
        sa.update(translations)
        .where(
            translations.c.message_id.in_(old),
            translations.c.state != TranslationState.PENDING,
            translations.c.text.is_not(None),
        )
        .values(text=None)
    )
    await tx.run(
        sa.update(outbox)
        .where(outbox.c.created_at < before, outbox.c.state == OutboxState.HELD)
        .values(state=OutboxState.RETIRED, error="held too long")
    )
    await tx.run(
        sa.update(outbox)
        .where(
            outbox.c.created_at < before,
            outbox.c.state.in_(_OVER),
            sa.cast(outbox.c.payload, sa.Text) != "{}",
        )
        .values(payload={})
    )
    await tx.run(
        sa.update(inbox)
        .where(inbox.c.received_at < before, inbox.c.state != InboxState.NEW, inbox.c.raw != "")
        .values(raw="")
    )
    await tx.run(sa.delete(drafts).where(drafts.c.created_at < before))
    await pictures.delete_pictures(tx, before)
    result = await tx.run(
        sa.update(messages)
        .where(
            messages.c.created_at < before,
            not_a_goal,
            sa.or_(messages.c.text != "", messages.c.media.is_not(sa.null())),
        )
        .values(text="", media=sa.null())
    )
    return result.rowcount
