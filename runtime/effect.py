"""How a request to the outside is described: as data to record, and as a function to run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING, Any

from .canonical import canonical_json, jsonable
from .codec import codec_of
from .errors import NotSerialisable
from .message import Message
from .slot import EffectRequest

if TYPE_CHECKING:
    from .cell import Cell


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

    codec = codec_of(function)
    # The function runs later and concurrently: it must see the arguments as they are now.
    given, named = deepcopy(args), deepcopy(kwargs)

    async def perform() -> Any:
        return codec.encode(await function(*given, **named), f"the result of the effect {name}")

    return EffectRequest(
        actor,
        number,
        name,
        plain,
        canonical_json(plain),
        perform,
        codec.decode,
        name,
        None,
        timeout_s,
    )


def _canonical(plain: Any, what: str) -> str:
    """Canonical JSON of data that a message made itself. Raises NotSerialisable."""
    try:
        text = canonical_json(plain)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise NotSerialisable(what, str(error)) from None
    return text


def message_request(actor: str, number: int, target: Cell, message: Message) -> EffectRequest:
    """The request that a message to an effect actor makes."""
    instance = target.actor
    handler = target.handler_of(type(message))
    assert handler is not None
    what = f"the message {message.message_name} to {target.path}"
    known_as = getattr(instance, "known_as", None) or target.path
    plain = {"effect": known_as, "message": message.message_name,
             "body": message.as_plain(what)}  # fmt: skip

    codec = codec_of(handler)

    async def perform() -> Any:
        return codec.encode(await handler(instance, message), f"the reply of {target.path}")

    return EffectRequest(
        actor, number, target.path, plain, _canonical(plain, what), perform, codec.decode,
        target.path, getattr(instance, "capacity", None), getattr(instance, "timeout_s", None),
    )  # fmt: skip
