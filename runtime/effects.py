"""Effects: requests to the outside, their outcomes, and the slots that outcomes arrive in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from .canonical import canonical_json, digest, jsonable
from .codec import codec_of
from .errors import EffectCancelled, EffectFailed, EffectTimedOut, NotSerialisable
from .message import Message

if TYPE_CHECKING:
    from .cell import Cell
    from .waiting import Pending

Status = Literal["ok", "failed", "timed_out", "cancelled"]


class Outcome(NamedTuple):
    """The end of an effect: the fact that is journalled and never judged again."""

    status: Status
    value: Any = None
    """Plain JSON data: the result, if ok; the facts of an `EffectFault`, if failed."""
    kind: str = ""
    """The exception's type, if failed; the limit in seconds, if timed out."""
    text: str = ""

    def error(self, effect: str) -> Exception | None:
        """Return the error that this outcome raises in the actor; None if it is ok."""
        match self.status:
            case "ok":
                return None
            case "failed":
                return EffectFailed(effect, self.kind, self.text, self.value)
            case "timed_out":
                return EffectTimedOut(effect, self.kind)
            case "cancelled":
                return EffectCancelled(effect)


class Recalled(NamedTuple):
    """The recorded outcome of a request."""

    outcome: Outcome
    at: int = 0
    """The logical time that the outcome got (order of arrival only)."""


class EffectReport(Message, name="engine.effect_report"):
    """Sent to an actor whose `tell` to an effect actor did not end well."""

    effect: str
    status: str
    error: str


class EffectRequest(NamedTuple):
    """A request to the outside: its sender, its content, and the function that performs it."""

    actor: str
    """The asking actor's path."""
    number: int
    """The asking actor's message number: with `actor`, the request's identity."""
    effect: str
    """Name of the function or of the effect actor."""
    plain: Any
    """The effect's name and arguments as plain JSON data."""
    canonical: str
    """The same as canonical JSON."""
    perform: Callable[[], Awaitable[Any]]
    """Performs it; returns plain JSON data or raises."""
    decode: Callable[[Any], Any]
    """Makes of plain JSON data the value for the actor, live and in a replay alike."""
    capacity_key: str
    """Requests of one key share a capacity limit."""
    capacity: int | None
    timeout_s: float | None

    @property
    def digest(self) -> str:
        return digest(self.canonical)


asking: ContextVar[EffectRequest] = ContextVar("asking")
"""The request that the running effect answers; set by the live driver, for effects that depend on
the asker."""


@dataclass(eq=False, repr=False, slots=True)
class Slot:
    """The place in the order that a request holds for its outcome."""

    owner: Cell
    """The asking actor."""
    request: EffectRequest
    pending: Pending[Any] | None
    """The answer that the actor awaits; None for one that comes as a message."""
    give_up: Callable[[Slot], None]
    """Called when the place is cancelled."""
    outcome: Outcome | None = None
    cancelled: bool = False

    @property
    def ready(self) -> bool:
        return self.outcome is not None or self.cancelled

    def result(self) -> tuple[Any, Exception | None]:
        """Return what the actor gets: the value, or the error that its await raises."""
        assert self.outcome is not None
        name = self.request.effect
        error = self.outcome.error(name)
        if error is not None:
            return None, error
        try:
            return self.request.decode(self.outcome.value), None
        except Exception as bad:
            return None, EffectFailed(name, type(bad).__name__, str(bad))

    def cancel(self) -> None:
        """Give the place up before it is reached: its outcome is not needed any more.

        Whether the outcome is in already makes no difference to the run.
        """
        if self.cancelled or self.pending is None or self.pending.done:
            return
        self.cancelled = True
        self.give_up(self)


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
    """Make the request of `ctx.effect`. Raises NotSerialisable for unfit arguments."""
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
    """Return canonical JSON of data that a message made itself. Raises NotSerialisable."""
    try:
        text = canonical_json(plain)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise NotSerialisable(what, str(error)) from None
    return text


def message_request(actor: str, number: int, target: Cell, message: Message) -> EffectRequest:
    """Make the request of a message to an effect actor. Raises NotSerialisable."""
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
