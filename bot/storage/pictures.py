"""Pictures and files that the program made, kept until they are sent.

The payload of an outgoing call is JSON, so it holds the name of a picture and not its bytes; the
sender reads them just before each attempt.
"""

import re
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.domain.delivery import JsonValue
from bot.domain.errors import NotFoundError
from bot.domain.ids import PictureId
from bot.storage.care_schema import pictures
from bot.storage.database import Transaction

_FILE_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}"
_NAME = re.compile(rf"picture:([1-9][0-9]{{0,17}})|file:([1-9][0-9]{{0,17}}):({_FILE_NAME})")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a payload names: which bytes, and what the file is called on a phone."""

    picture_id: PictureId
    file_name: str


def name_of(picture_id: PictureId) -> str:
    """Return how a payload names a picture, where Telegram expects a photo."""
    return f"picture:{picture_id}"


def file_of(picture_id: PictureId, file_name: str) -> str:
    """Return how a payload names a file, where Telegram expects a document.

    Errors: ValueError when `file_name` is not 1 to 60 plain letters, digits and `._-`.
    """
    if not re.fullmatch(_FILE_NAME, file_name):
        msg = f"{file_name!r} is no name of a file; use 1 to 60 letters, digits, dots and dashes."
        raise ValueError(msg)
    return f"file:{picture_id}:{file_name}"


def named_by(value: JsonValue) -> Kept | None:
    """Return what a value of a payload names, or None when it names nothing of ours."""
    found = _NAME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    if found[1]:
        return Kept(PictureId(int(found[1])), f"picture{found[1]}.png")
    return Kept(PictureId(int(found[2])), found[3])


async def insert_picture(tx: Transaction, content: bytes, *, now: datetime) -> PictureId:
    """Keep a picture or another file, as its bytes."""
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
    """Delete the pictures and files made before this moment; returns how many that were."""
    result = await tx.run(sa.delete(pictures).where(pictures.c.created_at < before))
    return result.rowcount
