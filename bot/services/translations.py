"""Translations: asked for in one transaction, made outside any, put in place in another."""

import logging
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.delivery import OutboxState, backoff_seconds
from bot.domain.errors import StorageError
from bot.domain.ids import BroadcastTextId, TranslationId
from bot.domain.languages import DUTCH, Language
from bot.domain.messages import Direction, Translation, TranslationState
from bot.services import broadcast_texts, frames, relay
from bot.services.core import Core
from bot.services.outgoing import give_task, tell_coach, to_client_now
from bot.storage import broadcast_texts as texts_storage
from bot.storage import messages, outbox, people, plans
from bot.storage.database import Topic, Transaction
from bot.translation.model import Reason, Result, Translated, Untranslated

log = logging.getLogger(__name__)

_ATTEMPTS = 6
"""How often an engine that cannot be reached is tried before the original stands for good."""

_MANY_AT_ONCE = 4
"""How many texts to many are made at once, so that a conversation never waits for all of them."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A translation to be made."""

    id: TranslationId | BroadcastTextId
    text: str
    source: Language | None
    target: Language
    for_many: bool = False
    """True for the words of a broadcast, of which it then is the id."""


async def list_due(
    core: Core,
    now: datetime,
    *,
    limit: int,
    besides: AbstractSet[Wanted] = frozenset(),
) -> list[Wanted]:
    """Return at most so many translations to be made now, `besides` those being made.

    What is said in a conversation goes before what goes to many.
    """
    if limit <= 0:
        return []
    most = limit + len(besides)
    async with core.database.reading() as tx:
        due = [Wanted(*each) for each in await messages.list_due_translations(tx, now, limit=most)]
        for_many = [
            Wanted(text_id, text, DUTCH, target, for_many=True)
            for text_id, text, target in await texts_storage.list_due(tx, now, limit=most)
        ]
    room = max(0, _MANY_AT_ONCE - sum(each.for_many for each in besides))
    new = [each for each in for_many if each not in besides][:room]
    return [*(each for each in due if each not in besides), *new][:limit]


async def record(core: Core, wanted: Wanted, result: Result, now: datetime) -> None:
    """Put a translation, or the fact that there is none, where its reader sees it."""
    if wanted.for_many:
        await _record_for_many(core, wanted, result, now)
        return
    translation_id = TranslationId(wanted.id)
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
            translation = replace(
                translation,
                state=TranslationState.DONE,
                text=result.text,
                engine=result.engine,
                reason=None,
            )
        elif again := _next_try(result, translation.attempts, now):
            await messages.postpone_translation(
                tx, translation_id, not_before=again, reason=str(result.reason)
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


def _next_try(result: Untranslated, attempts: int, now: datetime) -> datetime | None:
    """Return when an engine is asked again after so many attempts; None to leave it at that."""
    if not result.retry or attempts + 1 >= _ATTEMPTS:
        return None
    return now + timedelta(seconds=backoff_seconds(attempts + 4))


async def _record_for_many(core: Core, wanted: Wanted, result: Result, now: datetime) -> None:
    async with core.database.transaction() as tx:
        text = await broadcast_texts.find_wanted(tx, BroadcastTextId(wanted.id), wanted.text)
        tx.wake(Topic.TRANSLATIONS)  # there is room for the next one
        if text is None:
            return
        if isinstance(result, Untranslated) and (again := _next_try(result, text.attempts, now)):
            reason = str(result.reason)
            await texts_storage.postpone(tx, text.id, not_before=again, reason=reason)
        else:
            await broadcast_texts.record(core, tx, text, wanted.text, result, now=now)


async def _tell_writer(
    core: Core, tx: Transaction, translation: Translation, *, now: datetime
) -> None:
    """Say plainly to whoever wrote it that it was not translated."""
    if translation.state is TranslationState.DONE or translation.reason == Reason.NOT_NEEDED:
        return
    if await plans.is_goal(tx, translation.message_id):
        return  # the coach sees at the goal itself what it says in the other language
    message = await messages.get_message(tx, translation.message_id)
    client = await people.get_client(tx, message.client_id)
    if message.direction is Direction.OUT:
        reason = frames.reason_in_dutch(core.texts, translation.reason or "")
        await tell_coach(core, tx, client, "st.sent_untranslated", reden=reason, now=now)
    else:
        coach = await people.get_coach(tx, client.id)
        text = core.texts.say("ch.mt_failed", client.language, coach=coach.name)
        await to_client_now(tx, client, text, now=now)


async def give_up(core: Core, wanted: Wanted, now: datetime) -> None:
    """Put apart a translation that cannot be shown; of a conversation with a task for the coach.

    What waits for it would wait for ever, and hold up all that comes after it.
    """
    if wanted.for_many:
        unusable = Untranslated(Reason.UNREADABLE_ANSWER)
        await _record_for_many(core, wanted, unusable, now)
    else:
        await _give_up_message(core, TranslationId(wanted.id), now)


async def _give_up_message(core: Core, translation_id: TranslationId, now: datetime) -> None:
    for tell in (True, False):
        try:
            await _give_up(core, translation_id, now, tell=tell)
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - what broke it may break telling of it too
            log.error("translate.untold id=%s error=%s", translation_id, type(error).__name__)
        else:
            return


async def _give_up(
    core: Core, translation_id: TranslationId, now: datetime, *, tell: bool
) -> None:
    async with core.database.transaction() as tx:
        await messages.finish_translation(
            tx,
            translation_id,
            state=TranslationState.FAILED,
            reason=str(Reason.UNREADABLE_ANSWER),
            now=now,
        )
        for row in await outbox.list_of_translation(tx, translation_id):
            if row.state is OutboxState.WAITING:
                await outbox.update_call(
                    tx, row.id, state=OutboxState.FAILED, error="cannot be shown", now=now
                )
        if tell:
            translation = await messages.get_translation(tx, translation_id)
            message = await messages.get_message(tx, translation.message_id)
            client = await people.get_client(tx, message.client_id)
            key, number = f"message {message.id}", message.id
            await give_task(core, tx, "quarantined_client", key, client, now=now, nummer=number)


async def release_overdue(core: Core, now: datetime) -> int:
    """Let originals go that have waited for their translation as long as they may."""
    async with core.database.reading() as tx:
        overdue = await outbox.list_overdue(tx, now)
    for translation_id in dict.fromkeys(row.translation_id for row in overdue):
        if translation_id is None:
            continue
        try:
            async with core.database.transaction() as tx:
                translation = await messages.get_translation(tx, translation_id)
                await relay.show(core, tx, translation, now=now)
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - one that cannot be shown must not stop others
            log.error("translate.unshown id=%s error=%s", translation_id, type(error).__name__)
            await _give_up_message(core, translation_id, now)
    return len(overdue)
