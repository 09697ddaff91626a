"""JSON values and the narrow casts with which the simulator reads them."""

from collections.abc import Iterable
from typing import TypeAlias

Json: TypeAlias = object
"""Anything that `json.loads` may give back."""

JsonObject: TypeAlias = dict[str, object]


def as_object(value: object) -> JsonObject:
    """Give `value` as an object, or an empty one when it is something else."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """Give `value` as a list, or an empty one when it is something else."""
    return value if isinstance(value, list) else []


def as_text(value: object) -> str:
    """Give `value` as text, or an empty one when it is something else."""
    return value if isinstance(value, str) else ""


def as_int(value: object, default: int = 0) -> int:
    """Give `value` as a whole number, or `default` when it is something else."""
    if isinstance(value, bool) or not isinstance(value, int):
        return default
    return value


def without_nothing(pairs: Iterable[tuple[str, object]]) -> JsonObject:
    """Build an object of the pairs that have a value, as Telegram leaves out empty fields."""
    return {key: value for key, value in pairs if value is not None}
