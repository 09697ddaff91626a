"""Translations: asked for in one transaction, made outside any, put in place in another."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.delivery import backoff_seconds
from bot.domain.ids import TranslationId
from bot.domain.languages import Language
from bot.domain.messages import Direction, Translation, TranslationState
from bot.services import frames, relay
from bot.services.core import Core
from bot.services.outgoing import tell_coach, to_client_now
from bot.storage import messages, outbox, people
from bot.storage.database import Transaction
from bot.translation.model import Reason, Result, Translated

_BATCH = 20
_ATTEMPTS = 6
"""How often an engine that cannot be reached is tried before the original stands for good."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A translation to be made."""

    id: TranslationId
    text: str
    source: Language | None
    target: Language


async def list_due(
    core: Core, now: datetime, *, besides: frozenset[TranslationId] = frozenset()
) -> list[Wanted]:
    """Return the translations to be made now, `besides` those that are being made."""
    async with core.database.reading() as tx:
        wanted: list[Wanted] = []
        limit = _BATCH + len(besides)
        for translation in await messages.list_due_translations(tx, now, limit=limit):
            if translation.id in besides:
                continue
            message = await messages.get_message(tx, translation.message_id)
            wanted.append(
                Wanted(translation.id, message.text, message.language, translation.target)
            )
        return wanted


async def record(core: Core, translation_id: TranslationId, result: Result, now: datetime) -> None:
    """Put a translation, or the fact that there is none, where its reader sees it."""
    async with core.database.transaction() as tx:
        translation = await messages.get_translation(tx, translation_id)
        if translation.state is not TranslationState.PENDING:
            return
        if isinstance(result, Translated):
            await messages.finish_translation(
                tx,
                translation_id,
                state=TranslationState.DONE,
                text=result.text,
                engine=result.engine,
                flags=tuple(sorted(result.flags)),
                now=now,
            )
        elif result.retry and translation.attempts + 1 < _ATTEMPTS:
            wait = backoff_seconds(translation.attempts + 4)
            await messages.postpone_translation(
                tx,
                translation_id,
                not_before=now + timedelta(seconds=wait),
                reason=str(result.reason),
            )
            return
        else:
            await messages.finish_translation(
                tx,
                translation_id,
                state=TranslationState.FAILED,
                engine=result.engine,
                reason=str(result.reason),
                now=now,
            )
        translation = await messages.get_translation(tx, translation_id)
        await relay.show(core, tx, translation, now=now)
        await _tell_writer(core, tx, translation, now=now)


async def _tell_writer(
    core: Core, tx: Transaction, translation: Translation, *, now: datetime
) -> None:
    """Say plainly to whoever wrote it that it was not translated."""
    if translation.state is TranslationState.DONE or translation.reason == Reason.NOT_NEEDED:
        return
    message = await messages.get_message(tx, translation.message_id)
    client = await people.get_client(tx, message.client_id)
    if message.direction is Direction.OUT:
        reason = frames.reason_in_dutch(core.texts, translation.reason or "")
        await tell_coach(core, tx, client, "st.sent_untranslated", reden=reason, now=now)
    else:
        coach = await people.get_coach(tx, client.id)
        text = core.texts.say("ch.mt_failed", client.language, coach=coach.name)
        await to_client_now(tx, client, text, now=now)


async def release_overdue(core: Core, now: datetime) -> int:
    """Let originals go that have waited for their translation as long as they may."""
    async with core.database.reading() as tx:
        if not await outbox.list_overdue(tx, now):
            return 0
    async with core.database.transaction() as tx:
        overdue = await outbox.list_overdue(tx, now)
        for row in overdue:
            if row.translation_id is not None:
                translation = await messages.get_translation(tx, row.translation_id)
                await relay.show(core, tx, translation, now=now)
    return len(overdue)
