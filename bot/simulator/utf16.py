"""Text measured the way Telegram measures it: in UTF-16 code units."""

_FIRST_ASTRAL = 0x10000

MAX_TEXT = 4096
MAX_CAPTION = 1024


def units(text: str) -> int:
    """Count the UTF-16 code units of `text`."""
    return sum(2 if ord(character) >= _FIRST_ASTRAL else 1 for character in text)


def offsets(text: str) -> list[int]:
    """Give the UTF-16 offset before each character, and one past the end."""
    result = [0]
    for character in text:
        result.append(result[-1] + (2 if ord(character) >= _FIRST_ASTRAL else 1))
    return result


def cut(text: str, start: int, length: int) -> str:
    """Take `length` units from unit `start`."""
    raw = text.encode("utf-16-le", "surrogatepass")
    return raw[2 * start : 2 * (start + length)].decode("utf-16-le", "replace")


def split(text: str, limit: int = MAX_TEXT) -> list[str]:
    """Cut `text` in pieces of at most `limit` units, at a line or a word where there is one."""
    pieces = []
    rest = text.strip()
    while units(rest) > limit:
        # `room` is the number of characters whose units fit in the limit.
        marks = offsets(rest)
        room = next(index for index, mark in enumerate(marks) if mark > limit) - 1
        head = rest[:room]
        # A break in the first half would make many short messages of one long one.
        at = max(head.rfind("\n", room // 2), -1)
        if at < 0:
            at = head.rfind(" ", room // 2)
        if at < 0:
            at = _not_inside_a_letter(rest, room)
        pieces.append(rest[:at].strip())
        rest = rest[at:].strip()
    if rest:
        pieces.append(rest)
    return [piece for piece in pieces if piece]


def _not_inside_a_letter(text: str, at: int) -> int:
    """Move a cut back out of an emoji joined by ZWJ or a letter with its marks."""
    joiners = "\u200d\ufe0f"
    moved = at
    while moved > 1 and (text[moved] in joiners or text[moved - 1] == "\u200d"):
        moved -= 1
    return moved if at - moved < at // 2 else at
