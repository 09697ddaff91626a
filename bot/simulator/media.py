"""What a file says about itself, and how it is written in a Message."""

import struct
from dataclasses import dataclass
from typing import Literal

from bot.simulator.values import JsonObject, without_nothing

MediaKind = Literal["photo", "voice", "document", "audio", "video", "sticker"]
MEDIA_KINDS: tuple[MediaKind, ...] = ("photo", "voice", "document", "audio", "video", "sticker")
CAPTIONED = frozenset({"photo", "voice", "document", "audio", "video"})

FOLDERS: dict[MediaKind, str] = {
    "photo": "photos",
    "voice": "voice",
    "document": "documents",
    "audio": "music",
    "video": "videos",
    "sticker": "stickers",
}
EXTENSIONS: dict[MediaKind, str] = {
    "photo": ".jpg",
    "voice": ".oga",
    "document": "",
    "audio": ".mp3",
    "video": ".mp4",
    "sticker": ".webp",
}
_JPEG_SIZES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB})
_MARKER = 0xFF
_THUMB_SIDE = 90
_OPUS_RATE = 48_000


@dataclass(frozen=True, slots=True)
class Media:
    """A file as the simulator knows it; `file_id` is what the Bot API names it by."""

    file_id: str
    kind: MediaKind
    content: str
    path: str
    size: int
    mime: str
    name: str
    width: int = 0
    height: int = 0
    duration: int = 0
    emoji: str = ""

    @property
    def unique_id(self) -> str:
        """The id that is the same however the file is sent."""
        return f"AQAD{self.content}"

    def as_json(self) -> JsonObject:
        """Give the file as the store writes it."""
        return {name: getattr(self, name) for name in self.__slots__}

    @staticmethod
    def from_json(data: JsonObject) -> "Media":
        """Read a file back from what `as_json` gave."""
        known = {name: data[name] for name in Media.__slots__ if name in data}
        return Media(**known)  # type: ignore[arg-type]  # our own writing, field for field

    def in_message(
        self, *, title: str = "", performer: str = "", thumbnail: "Media | None" = None
    ) -> JsonObject:
        """Give the fields of a Message that hold this file."""
        base: JsonObject = {
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "file_size": self.size,
        }
        thumb = None if thumbnail is None else thumbnail.as_size()
        if self.kind == "photo":
            return {"photo": [small_of(self).as_size(), self.as_size()]}
        if self.kind == "voice":
            return {"voice": {**base, "duration": self.duration, "mime_type": self.mime}}
        named = {**base, "file_name": self.name, "mime_type": self.mime}
        extra = without_nothing([("thumbnail", thumb)])
        if self.kind == "audio":
            words = without_nothing([("title", title or None), ("performer", performer or None)])
            return {"audio": {**named, "duration": self.duration, **words, **extra}}
        if self.kind == "video":
            shape = {"width": self.width, "height": self.height, "duration": self.duration}
            return {"video": {**named, **shape, **extra}}
        if self.kind == "sticker":
            return {
                "sticker": {
                    **base,
                    "type": "regular",
                    "width": 512,
                    "height": 512,
                    "is_animated": False,
                    "is_video": False,
                    "emoji": self.emoji,
                }
            }
        return {"document": {**named, **extra}}

    def as_size(self) -> JsonObject:
        """Give the file as a PhotoSize."""
        return {
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "file_size": self.size,
            "width": self.width,
            "height": self.height,
        }


def small_of(photo: Media) -> Media:
    """Give the small size that Telegram makes of a photo; here it has the same bytes."""
    longest = max(photo.width, photo.height, 1)
    ratio = min(_THUMB_SIDE / longest, 1)
    return Media(
        file_id=f"{photo.file_id}-s",
        kind="photo",
        content=photo.content,
        path=photo.path.replace("/", "/small_"),
        size=photo.size,
        mime=photo.mime,
        name=photo.name,
        width=max(round(photo.width * ratio), 1),
        height=max(round(photo.height * ratio), 1),
    )


def picture_size(content: bytes) -> tuple[int, int] | None:
    """Give width and height of a PNG, JPEG, GIF or WebP in pixels; None for anything else."""
    head = content[:32].ljust(32, b"\0")
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return struct.unpack(">II", head[16:24])
    if head.startswith((b"GIF87a", b"GIF89a")):
        return struct.unpack("<HH", head[6:10])
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        if head[12:16] == b"VP8X":
            return (
                int.from_bytes(head[24:27], "little") + 1,
                int.from_bytes(head[27:30], "little") + 1,
            )
        return 512, 512
    if content.startswith(b"\xff\xd8"):
        return _jpeg_size(content) or (800, 600)
    return None


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 < len(content) and content[at] == _MARKER:
        marker = content[at + 1]
        if marker in _JPEG_SIZES:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return None


def ogg_seconds(content: bytes) -> int:
    """Give the length of an Ogg/Opus recording in whole seconds, nought when it is not one."""
    last = content.rfind(b"OggS")
    if not content.startswith(b"OggS") or last < 0 or last + 14 > len(content):
        return 0
    samples = int.from_bytes(content[last + 6 : last + 14], "little", signed=True)
    return max(round(samples / _OPUS_RATE), 0)
