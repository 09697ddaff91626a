"""Pictures that the program drew, kept until they are sent.

The payload of an outgoing call is JSON, so it holds the name of a picture and not its bytes; the
sender reads them just before each attempt.
"""

import re
from datetime import datetime

import sqlalchemy as sa

from bot.domain.delivery import JsonValue
from bot.domain.errors import NotFoundError
from bot.domain.ids import PictureId
from bot.storage.care_schema import pictures
from bot.storage.database import Transaction

_NAME = re.compile(r"picture:([1-9][0-9]{0,17})")


def name_of(picture_id: PictureId) -> str:
    """Return how a payload names a picture, where Telegram expects a photo."""
    return f"picture:{picture_id}"


def named_by(value: JsonValue) -> PictureId | None:
    """Return the picture that a value of a payload names, or None when it names none."""
    found = _NAME.fullmatch(value) if isinstance(value, str) else None
    return None if found is None else PictureId(int(found[1]))


async def insert_picture(tx: Transaction, content: bytes, *, now: datetime) -> PictureId:
    """Keep a picture, as the bytes of its file."""
    return PictureId(await tx.insert(pictures, content=content, created_at=now))


async def get_picture(tx: Transaction, picture_id: PictureId) -> bytes:
    """Return the bytes of a picture; errors: NotFoundError when it has been deleted."""
    row = await tx.row(sa.select(pictures.c.content).where(pictures.c.id == picture_id))
    if row is None:
        msg = f"Picture {picture_id} has been deleted since it was drawn; ask for it anew."
        raise NotFoundError(msg)
    content: bytes = row["content"]
    return content


async def delete_pictures(tx: Transaction, before: datetime) -> int:
    """Delete the pictures drawn before this moment; returns how many that were."""
    result = await tx.run(sa.delete(pictures).where(pictures.c.created_at < before))
    return result.rowcount
