"""What a request can be refused with, on the Bot API side and on the side of the phones."""

from collections.abc import Mapping


class ApiError(Exception):
    """A Bot API call is refused; `description` is Telegram's own sentence."""

    def __init__(
        self, code: int, description: str, parameters: Mapping[str, int] | None = None
    ) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = dict(parameters or {})


def bad_request(why: str) -> ApiError:
    """Refuse a call with 400, the way Telegram words it."""
    return ApiError(400, f"Bad Request: {why}")


def forbidden(why: str) -> ApiError:
    """Refuse a call with 403, the way Telegram words it."""
    return ApiError(403, f"Forbidden: {why}")


def conflict(why: str) -> ApiError:
    """Refuse a call with 409, the way Telegram words it."""
    return ApiError(409, f"Conflict: {why}")


class ControlError(Exception):
    """Somebody asked a phone, the clock or the fault list for what cannot be."""

    def __init__(self, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.status = status
