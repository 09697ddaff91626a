"""Reading the JSON of a control request: what is asked for, nothing unknown, clear errors."""

import json

from aiohttp import web

from bot.simulator.errors import ControlError
from bot.simulator.params import is_unicode
from bot.simulator.values import JsonObject


class Fields:
    """The fields of one request; each is read by its type, and `done` refuses the rest."""

    def __init__(self, values: JsonObject) -> None:
        self._values = values
        self._read: set[str] = set()

    @staticmethod
    async def of(request: web.Request) -> "Fields":
        """Read the JSON object of a request; ControlError 400 when it is none."""
        text = await request.text()
        try:
            values = json.loads(text) if text.strip() else {}
        except ValueError as problem:
            raise ControlError(f"The body is not JSON: {problem}.") from None
        if not isinstance(values, dict):
            raise ControlError("The body must be a JSON object.")
        if not is_unicode(values):
            raise ControlError("The body holds half a surrogate pair, which is no text.")
        return Fields(values)

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def everything(self) -> JsonObject:
        """Give the whole object as it came."""
        return self._values

    def raw(self, name: str) -> object:
        """Give a field of any type, None when it is not there."""
        self._read.add(name)
        return self._values.get(name)

    def text(self, name: str, default: str | None = None) -> str:
        """Give a text; ControlError when it is missing without a default."""
        value = self.raw(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise ControlError(f'The field "{name}" must be a text.')
        return value

    def text_or_none(self, name: str) -> str | None:
        """Give a text, or None when it is not there."""
        return None if self.raw(name) is None else self.text(name)

    def number(self, name: str, default: int | None = None) -> int:
        """Give a whole number; ControlError when it is missing without a default."""
        value = self.raw(name)
        if value is None and default is not None:
            return default
        # Form fields are always text.
        if isinstance(value, str) and value.lstrip("-").isdigit():
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ControlError(f'The field "{name}" must be a whole number.')
        return value

    def number_or_none(self, name: str) -> int | None:
        """Give a whole number, or None when it is not there."""
        return None if self.raw(name) is None else self.number(name)

    def real(self, name: str, default: float | None = None) -> float:
        """Give a number; ControlError when it is missing without a default."""
        value = self.raw(name)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ControlError(f'The field "{name}" must be a number.')
        return float(value)

    def flag(self, name: str, default: bool | None = None) -> bool:
        """Give true or false; ControlError when it is missing without a default."""
        value = self.raw(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, bool):
            raise ControlError(f'The field "{name}" must be true or false.')
        return value

    def done(self) -> None:
        """Refuse fields that nobody read; call before anything is changed."""
        unknown = sorted(self._values.keys() - self._read)
        if unknown:
            raise ControlError(
                f"Unknown field{'s' if len(unknown) > 1 else ''}: {', '.join(unknown)}."
            )
