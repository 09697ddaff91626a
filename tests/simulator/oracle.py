"""An independent judge of Bot API traffic: aiogram's typed models of every method and type.

`check_request` and `check_answer` raise AssertionError naming what does not fit. They know only
JSON, so that a test of the whole program can put everything from `GET /sim/requests` before them.
"""

from collections.abc import Iterator, Mapping

import aiogram.methods
from aiogram.methods import TelegramMethod
from pydantic import BaseModel, TypeAdapter, ValidationError

MODELS: dict[str, type[TelegramMethod[object]]] = {
    model.__api_method__: model
    for model in vars(aiogram.methods).values()
    if isinstance(model, type)
    and issubclass(model, TelegramMethod)
    and model is not TelegramMethod
}


def model_of(method: str) -> type[TelegramMethod[object]]:
    """Give aiogram's model of a method; AssertionError when there is none."""
    assert method in MODELS, f"aiogram {aiogram.__version__} knows no method {method}"
    return MODELS[method]


def check_request(method: str, params: Mapping[str, object]) -> None:
    """Check a request's parameters: names, required ones and types, nested ones too."""
    model = model_of(method)
    unknown = sorted(params.keys() - model.model_fields.keys())
    assert not unknown, f"{method} has no parameter {', '.join(unknown)}"
    try:
        parsed = model.model_validate(dict(params))
    except ValidationError as problem:
        raise AssertionError(f"{method} cannot be called so: {problem}") from None
    _refuse_extras(method, parsed)


def check_answer(method: str, result: object) -> None:
    """Check a method's result against the type it returns, nested ones too."""
    check_type(model_of(method).__returning__, result, method)


def check_type(kind: object, value: object, where: str = "") -> None:
    """Check JSON against one of aiogram's types, nested ones too."""
    adapter: TypeAdapter[object] = TypeAdapter(kind)
    try:
        parsed = adapter.validate_python(value)
    except ValidationError as problem:
        raise AssertionError(f"{where or kind} cannot be so: {problem}") from None
    _refuse_extras(where or str(kind), parsed)


def _refuse_extras(method: str, value: object) -> None:
    extras = sorted(_extras(value))
    assert not extras, f"{method} has fields nobody knows: {', '.join(extras)}"


def _extras(value: object, where: str = "") -> Iterator[str]:
    """Find fields that aiogram took in only because its models allow any."""
    if isinstance(value, BaseModel):
        here = where or type(value).__name__
        for name in value.model_extra or {}:
            yield f"{here}.{name}"
        for name in type(value).model_fields:
            yield from _extras(getattr(value, name), f"{here}.{name}")
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _extras(item, f"{where}[]")
