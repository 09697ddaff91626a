"""Small real files, made of bytes: a picture, a sound and a page."""

import struct
import zlib


def png(width: int = 3, height: int = 2) -> bytes:
    """Make a grey PNG of the given size in pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    rows = (b"\0" + b"\x80" * width) * height
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def ogg(seconds: int = 3) -> bytes:
    """Make the head of an Ogg/Opus recording that says how long it lasts."""
    return b"OggS\0\x04" + struct.pack("<q", seconds * 48_000) + b"\0" * 13 + b"OpusHead"


PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
