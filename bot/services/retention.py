"""Keeping the promise of the privacy notice: words are wiped after the stated number of days."""

from datetime import datetime, timedelta

from bot.services.core import Core
from bot.storage import retention


async def wipe_due(core: Core, now: datetime) -> int:
    """Wipe the words of messages that have been kept long enough; returns how many."""
    before = now - timedelta(days=core.config.organisation.retention_days)
    async with core.database.transaction() as tx:
        return await retention.wipe_words(tx, before)
