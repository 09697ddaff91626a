"""The files that were sent: taken in, found again by file_id, and given out by path."""

import mimetypes
import secrets
from dataclasses import replace
from pathlib import PurePosixPath

from bot.simulator import media
from bot.simulator.errors import bad_request
from bot.simulator.media import Media, MediaKind
from bot.simulator.params import Call, Upload
from bot.simulator.store import Store
from bot.simulator.values import JsonObject

MAX_PHOTO = 10 * 1024 * 1024
MAX_DOWNLOAD = 20 * 1024 * 1024

_NAMES = {
    "photo": "Photo", "voice": "Voice", "document": "Document", "audio": "Audio",
    "video": "Video", "sticker": "Sticker",
}  # fmt: skip


class Files:
    """Every file of the simulator; the bytes stay in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._by_id = {key: Media.from_json(value) for key, value in store.load("file")}

    def add(
        self,
        kind: MediaKind,
        upload: Upload,
        *,
        duration: int = 0,
        width: int = 0,
        height: int = 0,
        emoji: str = "",
    ) -> Media:
        """Keep an uploaded file; ApiError 400 when Telegram would refuse it."""
        content = upload.content
        if not content:
            raise bad_request("file must be non-empty")
        mime = upload.mime.partition(";")[0].strip()
        if kind == "photo":
            shape = media.picture_size(content)
            if shape is None:
                raise bad_request("IMAGE_PROCESS_FAILED")
            if len(content) > MAX_PHOTO:
                raise bad_request(
                    f"file of size {len(content)} bytes is too big for a photo; "
                    f"the maximum size is {MAX_PHOTO} bytes"
                )
            width, height = shape
            mime = _picture_mime(content)
        if kind == "voice":
            duration = duration or media.ogg_seconds(content)
            mime = mime if mime.startswith("audio/") else "audio/ogg"
        if mime in {"", "application/octet-stream"}:
            mime = mimetypes.guess_type(upload.name)[0] or "application/octet-stream"
        number = len(self._by_id) + 1
        key = secrets.token_urlsafe(12)
        suffix = PurePosixPath(upload.name).suffix[:10] or media.EXTENSIONS[kind]
        kept = Media(
            file_id=f"AgAC{kind[0].upper()}{key}",
            kind=kind,
            content=key,
            path=f"{media.FOLDERS[kind]}/file_{number}{suffix}",
            size=len(content),
            mime=mime,
            name=PurePosixPath(upload.name.replace("\\", "/")).name or "file",
            width=width,
            height=height,
            duration=duration,
            emoji=emoji,
        )
        self._store.put_content(key, content)
        self._remember(kept)
        if kind == "photo":
            self._remember(media.small_of(kept))
        return kept

    def _remember(self, item: Media) -> None:
        self._by_id[item.file_id] = item
        self._store.put("file", item.file_id, item.as_json())

    def find(self, file_id: str) -> Media | None:
        """Give the file with this id, or None."""
        return self._by_id.get(file_id)

    def at_path(self, path: str) -> Media | None:
        """Give the file that getFile put at this path, or None."""
        return next((item for item in self._by_id.values() if item.path == path), None)

    def content(self, item: Media) -> bytes:
        """Read the bytes of a file."""
        return self._store.content(item.content) or b""

    def from_call(self, call: Call, given: str, kind: MediaKind) -> Media:
        """Give the file a send names by upload, by attach:// or by file_id; ApiError 400."""
        if given.startswith("attach://"):
            upload = call.uploads.get(given.removeprefix("attach://"))
            if upload is None:
                raise bad_request(f"can't find file {given} in the request")
            return self.add(
                kind,
                upload,
                duration=call.number("duration"),
                width=call.number("width"),
                height=call.number("height"),
            )
        if given.startswith(("http://", "https://")):
            raise bad_request("failed to get HTTP URL content")
        item = self.find(given.removesuffix("-s"))
        if item is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        # A voice note or a photo may be sent again as itself only; Telegram is as strict.
        if item.kind != kind:
            raise bad_request(f"can't use file of type {_NAMES[item.kind]} as {_NAMES[kind]}")
        return item

    def described(self, file_id: str) -> JsonObject:
        """Answer getFile; ApiError 400 for an unknown or too big file."""
        item = self.find(file_id)
        if item is None:
            raise bad_request("invalid file_id")
        if item.size > MAX_DOWNLOAD:
            raise bad_request("file is too big")
        return {
            "file_id": item.file_id,
            "file_unique_id": item.unique_id,
            "file_size": item.size,
            "file_path": item.path,
        }

    def with_duration(self, item: Media, duration: int) -> Media:
        """Give the file with another duration, when one is known."""
        return replace(item, duration=duration) if duration else item


def _picture_mime(content: bytes) -> str:
    if content.startswith(b"\x89PNG"):
        return "image/png"
    if content.startswith(b"GIF8"):
        return "image/gif"
    return "image/webp" if content.startswith(b"RIFF") else "image/jpeg"
