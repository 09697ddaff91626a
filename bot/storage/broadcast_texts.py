"""The translations of a plain text that goes to many: asked for, made or written, approved."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from bot.domain.broadcasts import FINAL, BroadcastKind
from bot.domain.errors import NotFoundError
from bot.domain.ids import BroadcastId, BroadcastTextId, StaffId
from bot.domain.languages import Language
from bot.storage.broadcast_schema import broadcast_texts, broadcasts
from bot.storage.database import Topic, Transaction
from bot.storage.fixed import Fixed


class TextState(StrEnum):
    """How far the words in one language are."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class BroadcastText:
    """The words of a broadcast in one language; they may go out once somebody approved them."""

    id: BroadcastTextId
    broadcast_id: BroadcastId
    language: Language
    state: TextState
    text: str | None
    engine: str | None
    """What translated it; None when a person wrote it."""
    reason: str | None
    """Why there are no words, or not yet."""
    faults: tuple[str, ...]
    """What is wrong with the words, as bot/translation/guard.py writes it down."""
    attempts: int
    written_by: StaffId | None
    approved_by: StaffId | None


_COLUMNS = tuple(
    column for column in broadcast_texts.c if column.name not in {"not_before", "changed_at"}
)
_BEGUN_ANEW: dict[str, object] = {
    "state": TextState.PENDING,
    "text": None,
    "engine": None,
    "reason": None,
    "faults": [],
    "attempts": 0,
    "written_by": None,
    "approved_by": None,
}
_IS_DUE = (
    broadcast_texts.c.state == TextState.PENDING,
    broadcast_texts.c.not_before <= sa.bindparam("now", type_=broadcast_texts.c.not_before.type),
    broadcasts.c.kind == BroadcastKind.TEXT,
    *(broadcasts.c.state != state for state in sorted(FINAL)),
    broadcasts.c.text.is_not(None),
)
# Built once: the loop asks for them at every turn.
_DUE = Fixed(
    sa.select(broadcast_texts.c.id, broadcast_texts.c.language, broadcasts.c.text)
    .join(broadcasts, broadcasts.c.id == broadcast_texts.c.broadcast_id)
    .where(*_IS_DUE)
    .order_by(broadcast_texts.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_COUNT_DUE = Fixed(
    sa.select(sa.func.count())
    .select_from(broadcast_texts)
    .join(broadcasts, broadcasts.c.id == broadcast_texts.c.broadcast_id)
    .where(*_IS_DUE)
)


def _text(row: RowMapping) -> BroadcastText:
    state, faults = TextState(row["state"]), tuple(row["faults"])
    return BroadcastText(**{**row, "state": state, "faults": faults})


async def list_texts(tx: Transaction, broadcast_id: BroadcastId) -> dict[Language, BroadcastText]:
    """Return the words of a broadcast by language, without the Dutch ones.

    A later occurrence of a series has none of its own: ask for those of the first.
    """
    rows = await tx.rows(
        sa.select(*_COLUMNS)
        .where(broadcast_texts.c.broadcast_id == broadcast_id)
        .order_by(broadcast_texts.c.id)
    )
    return {text.language: text for text in map(_text, rows)}


async def get_text(tx: Transaction, text_id: BroadcastTextId) -> BroadcastText:
    """Return the words in one language, which must exist; errors: NotFoundError."""
    row = await tx.row(sa.select(*_COLUMNS).where(broadcast_texts.c.id == text_id))
    if row is None:
        msg = f"There is no text {text_id} of a broadcast; look at the broadcast anew."
        raise NotFoundError(msg)
    return _text(row)


async def ask_for(
    tx: Transaction, broadcast_id: BroadcastId, languages: Collection[Language], *, now: datetime
) -> None:
    """Have a broadcast translated, anew where it was before: what was there is gone."""
    values = _BEGUN_ANEW | {"not_before": now, "changed_at": now}
    for language in languages:
        await tx.upsert(
            broadcast_texts,
            ("broadcast_id", "language"),
            values,
            broadcast_id=broadcast_id,
            language=language,
            **values,
        )
    tx.wake(Topic.TRANSLATIONS)


async def list_due(
    tx: Transaction, now: datetime, *, limit: int
) -> list[tuple[BroadcastTextId, str, Language]]:
    """Return what is to be translated now, oldest first: id, the Dutch words, the target."""
    rows = await tx.rows(_DUE, now=now, most=limit)
    return [(row["id"], row["text"], row["language"]) for row in rows]


async def count_due(tx: Transaction, now: datetime) -> int:
    """Return how many translations of broadcasts could be tried now."""
    return await tx.number(_COUNT_DUE, now=now)


async def put_text(
    tx: Transaction,
    text_id: BroadcastTextId,
    text: str,
    *,
    engine: str | None,
    faults: Collection[str],
    written_by: StaffId | None,
    now: datetime,
) -> None:
    """Put words in place, of an engine or of a person; nobody has approved them yet."""
    await _change(
        tx,
        text_id,
        state=TextState.READY,
        text=text,
        engine=engine,
        reason=None,
        faults=sorted(faults),
        written_by=written_by,
        approved_by=None,
        changed_at=now,
    )


async def put_failure(
    tx: Transaction, text_id: BroadcastTextId, *, engine: str | None, reason: str, now: datetime
) -> None:
    """Note that there is no translation, and why."""
    await _change(
        tx, text_id, state=TextState.FAILED, engine=engine, reason=reason, changed_at=now
    )


async def postpone(
    tx: Transaction, text_id: BroadcastTextId, *, not_before: datetime, reason: str
) -> None:
    """Have a translation tried again later."""
    attempts = broadcast_texts.c.attempts + 1
    await _change(tx, text_id, not_before=not_before, reason=reason, attempts=attempts)


async def set_approved(
    tx: Transaction, text_id: BroadcastTextId, by: StaffId | None, *, now: datetime
) -> None:
    """Note who approved the words, or that the approval was taken back (None)."""
    await _change(tx, text_id, approved_by=by, changed_at=now)


async def _change(tx: Transaction, text_id: BroadcastTextId, **values: object) -> None:
    await tx.run(
        sa.update(broadcast_texts).where(broadcast_texts.c.id == text_id).values(**values)
    )
