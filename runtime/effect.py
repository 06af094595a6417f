"""How a request to the outside is described: as data to record, and as a function to run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, get_type_hints

from pydantic import TypeAdapter

from .canonical import canonical_json, jsonable
from .message import Message
from .slot import EffectRequest

if TYPE_CHECKING:
    from .cell import Cell


def _same(value: Any) -> Any:
    return value


@lru_cache(maxsize=1024)
def _decoder(function: Callable[..., Any]) -> Callable[[Any], Any]:
    """Validates plain data to the function's return annotation, if it has one."""
    try:
        annotation = get_type_hints(function).get("return", Any)
    except (NameError, TypeError):
        annotation = Any
    if annotation is Any:
        return _same
    return TypeAdapter(annotation).validate_python


def _name(function: Callable[..., Any]) -> str:
    if isinstance(function, partial):
        return _name(function.func)
    module = getattr(function, "__module__", "?")
    return f"{module}:{getattr(function, '__qualname__', type(function).__qualname__)}"


def function_request(
    actor: str,
    number: int,
    function: Callable[..., Awaitable[Any]],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    timeout_s: float | None,
) -> EffectRequest:
    """The request of `ctx.effect`. Raises NotSerialisable for arguments without a JSON form."""
    name = _name(function)
    what = f"an argument of the effect {name}"
    plain = {
        "effect": name,
        "args": jsonable(list(args), what),
        "kwargs": jsonable(dict(kwargs), what),
    }

    async def perform() -> Any:
        return jsonable(await function(*args, **kwargs), f"the result of the effect {name}")

    return EffectRequest(
        actor, number, name, canonical_json(plain), perform, _decoder(function), name, None,
        timeout_s,
    )  # fmt: skip


def message_request(actor: str, number: int, target: Cell, message: Message) -> EffectRequest:
    """The request that a message to an effect actor makes."""
    instance = target.actor
    handler = target.handler_of(type(message))
    assert handler is not None
    what = f"the message {message.message_name} to {target.path}"
    plain = {"effect": target.path, "message": message.message_name,
             "body": jsonable(message, what)}  # fmt: skip

    async def perform() -> Any:
        reply = await handler(instance, message)
        return jsonable(reply, f"the reply of {target.path}")

    return EffectRequest(
        actor, number, target.path, canonical_json(plain), perform, _decoder(handler),
        target.path, getattr(instance, "capacity", None), getattr(instance, "timeout_s", None),
    )  # fmt: skip
