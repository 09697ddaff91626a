"""What was said, and the translations of it."""

from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from bot.domain.delivery import OutboxState
from bot.domain.ids import (
    ChatId,
    ClientId,
    MessageId,
    StaffId,
    TelegramMessageId,
    TranslationId,
)
from bot.domain.languages import Language
from bot.domain.messages import (
    Direction,
    Media,
    Message,
    MessageKind,
    Translation,
    TranslationState,
)
from bot.storage.database import Topic, Transaction, one
from bot.storage.fixed import Fixed
from bot.storage.schema import messages, outbox, translations

_MESSAGE = tuple(messages.c)
_TRANSLATION = (
    translations.c.id,
    translations.c.message_id,
    translations.c.target,
    translations.c.state,
    translations.c.text,
    translations.c.engine,
    translations.c.reason,
    translations.c.attempts,
    translations.c.deadline_at,
)


# Built once: building a statement takes longer than executing it.
_MESSAGE_OF_ID = Fixed(sa.select(*_MESSAGE).where(messages.c.id == sa.bindparam("which")))
_MESSAGE_IN_CHAT = Fixed(
    sa.select(*_MESSAGE)
    .where(
        messages.c.chat_id == sa.bindparam("chat"),
        messages.c.telegram_message_id == sa.bindparam("number"),
    )
    .order_by(messages.c.id.desc())
    .limit(1)
)
_LAST_AT = Fixed(
    sa.select(messages.c.created_at)
    .where(
        messages.c.client_id == sa.bindparam("client"),
        messages.c.direction == sa.bindparam("way"),
        messages.c.id < sa.bindparam("before"),
    )
    .order_by(messages.c.id.desc())
    .limit(1)
)
_TRANSLATION_OF_ID = Fixed(
    sa.select(*_TRANSLATION).where(translations.c.id == sa.bindparam("which"))
)
_TRANSLATION_INTO = Fixed(
    sa.select(*_TRANSLATION).where(
        translations.c.message_id == sa.bindparam("message"),
        translations.c.target == sa.bindparam("into"),
    )
)
_FINISH_TRANSLATION = Fixed(
    sa.update(translations).where(translations.c.id == sa.bindparam("which"))
)
_DUE = Fixed(
    sa.select(
        translations.c.id,
        translations.c.target,
        messages.c.text,
        messages.c.language,
    )
    .join(messages, messages.c.id == translations.c.message_id)
    .where(
        translations.c.state == TranslationState.PENDING,
        translations.c.not_before <= sa.bindparam("now", type_=translations.c.not_before.type),
    )
    .order_by(translations.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)


def _message(row: RowMapping) -> Message:
    values = dict(row)
    media = values.pop("media")
    if media is not None:
        media = Media(**{**media, "kind": MessageKind(media["kind"])})
    return Message(media=media, **values)


async def insert_message(
    tx: Transaction,
    *,
    client_id: ClientId,
    staff_id: StaffId,
    direction: Direction,
    text: str,
    language: Language | None,
    media: Media | None,
    chat_id: ChatId,
    telegram_message_id: TelegramMessageId,
    edits_message_id: MessageId | None,
    now: datetime,
) -> Message:
    """Keep what was said, in the original."""
    kind = media.kind if media else MessageKind.TEXT
    values: dict[str, object] = {
        "client_id": client_id,
        "staff_id": staff_id,
        "direction": direction,
        "kind": kind,
        "text": text,
        "language": language,
        "chat_id": chat_id,
        "telegram_message_id": telegram_message_id,
        "edits_message_id": edits_message_id,
        "created_at": now,
    }
    message_id = await tx.insert(messages, media=asdict(media) if media else None, **values)
    return Message(id=MessageId(message_id), media=media, **values)  # type: ignore[arg-type]


async def get_message(tx: Transaction, message_id: MessageId) -> Message:
    """Return a message that must exist."""
    row = await tx.row(_MESSAGE_OF_ID, which=message_id)
    if row is None:
        msg = f"There is no message {message_id}."
        raise LookupError(msg)
    return _message(row)


async def find_message_in_chat(
    tx: Transaction, chat_id: ChatId, telegram_message_id: TelegramMessageId
) -> Message | None:
    """Return what a person wrote as this Telegram message; of an edited one the last version."""
    row = await tx.row(_MESSAGE_IN_CHAT, chat=chat_id, number=telegram_message_id)
    return _message(row) if row else None


async def list_unrelayed(tx: Transaction, staff_id: StaffId) -> list[Message]:
    """Return what clients wrote that never reached its reader's chat, oldest first."""
    rows = await tx.rows(
        sa.select(*_MESSAGE)
        .where(
            messages.c.staff_id == staff_id,
            messages.c.direction == Direction.IN,
            ~sa.exists().where(
                outbox.c.message_id == messages.c.id,
                outbox.c.frame.is_not(None),
                outbox.c.state != OutboxState.FAILED,
            ),
        )
        .order_by(messages.c.id)
    )
    return [_message(row) for row in rows]


async def last_message_at(
    tx: Transaction, client_id: ClientId, direction: Direction, *, before: MessageId
) -> datetime | None:
    """Return when the client and her coach last spoke in this direction before a message."""
    row = await tx.row(_LAST_AT, client=client_id, way=direction, before=before)
    return row["created_at"] if row else None


async def insert_translation(
    tx: Transaction, *, message_id: MessageId, target: Language, now: datetime, deadline: datetime
) -> TranslationId:
    """Ask for a translation; a loop outside any transaction will make it."""
    tx.wake(Topic.TRANSLATIONS)
    return TranslationId(
        await tx.insert(
            translations,
            message_id=message_id,
            target=target,
            state=TranslationState.PENDING,
            flags=[],
            attempts=0,
            created_at=now,
            deadline_at=deadline,
            not_before=now,
        )
    )


async def get_translation(tx: Transaction, translation_id: TranslationId) -> Translation:
    """Return a translation that must exist."""
    row = await tx.row(_TRANSLATION_OF_ID, which=translation_id)
    if row is None:
        msg = f"There is no translation {translation_id}."
        raise LookupError(msg)
    return one(Translation, row)


async def find_translation(
    tx: Transaction, message_id: MessageId, target: Language
) -> Translation | None:
    """Return the translation of a message into a language, if one was ever asked for."""
    row = await tx.row(_TRANSLATION_INTO, message=message_id, into=target)
    return one(Translation, row) if row else None


async def list_due_translations(
    tx: Transaction, now: datetime, *, limit: int
) -> list[tuple[TranslationId, str, Language | None, Language]]:
    """Return what is to be translated now, oldest first: id, text, its language, the target."""
    rows = await tx.rows(_DUE, now=now, most=limit)
    return [(row["id"], row["text"], row["language"], row["target"]) for row in rows]


async def count_due_translations(tx: Transaction, now: datetime) -> int:
    """Return how many translations could be tried now."""
    return await tx.number(
        sa.select(sa.func.count())
        .select_from(translations)
        .where(
            translations.c.state == TranslationState.PENDING,
            translations.c.not_before <= now,
        )
    )


async def finish_translation(
    tx: Transaction,
    translation_id: TranslationId,
    *,
    state: TranslationState,
    now: datetime,
    text: str | None = None,
    engine: str | None = None,
    reason: str | None = None,
    flags: tuple[str, ...] = (),
) -> None:
    """Record how a translation ended."""
    await tx.change(
        _FINISH_TRANSLATION,
        which=translation_id,
        state=state,
        text=text,
        engine=engine,
        reason=reason,
        flags=list(flags),
        finished_at=now,
    )


async def postpone_translation(
    tx: Transaction, translation_id: TranslationId, *, not_before: datetime, reason: str
) -> None:
    """Have a translation tried again later."""
    await tx.run(
        sa.update(translations)
        .where(translations.c.id == translation_id)
        .values(not_before=not_before, reason=reason, attempts=translations.c.attempts + 1)
    )
