"""Effects: requests to the outside, their outcomes, and the slots that outcomes arrive in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from .actor import EffectActor
from .canonical import canonical_json, digest, jsonable
from .codec import Codec, codec_of
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
    codec: Codec
    """Makes plain JSON data of the result, and of it the value, live and in a replay alike."""
    call: Callable[[], Awaitable[Any]]
    result: str
    """Names the result in errors."""
    timeout_s: float | None
    capacity: int | None = None
    """Most requests of one effect in flight at once."""

    @property
    def digest(self) -> str:
        return digest(self.canonical)

    async def perform(self) -> Any:
        """Return the result as plain JSON data. Raises what the effect raises, NotSerialisable."""
        return self.codec.encode(await self.call(), self.result)


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
    at: int | None = None
    """The logical time that an outcome got when it arrived (order of arrival only)."""

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
            return self.request.codec.decode(self.outcome.value), None
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


class Done(NamedTuple):
    """An effect that has ended."""

    slot: Slot
    outcome: Outcome
    seconds: float
    late: bool = False
    """The outcome was not needed any more."""
    given: bool = False
    """Known beforehand: no effect ran, and nothing was paid."""


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
    given, named = jsonable(list(args), what), jsonable(dict(kwargs), what)
    plain = {"effect": name, "args": given, "kwargs": named}
    codec, result = codec_of(function), f"the result of the effect {name}"
    # The function runs later and concurrently: it must see the arguments as they are now.
    call = partial(function, *deepcopy(args), **deepcopy(kwargs))
    canonical = canonical_json(plain)
    return EffectRequest(actor, number, name, plain, canonical, codec, call, result, timeout_s)


def message_request(actor: str, number: int, target: Cell, message: Message) -> EffectRequest:
    """Make the request of a message to an effect actor. Raises NotSerialisable."""
    path, instance, handler = target.path, target.actor, target.handler_of(type(message))
    assert isinstance(instance, EffectActor) and handler is not None
    name = message.message_name
    what = f"the message {name} to {path}"
    plain = {"effect": instance.known_as or path, "message": name, "body": message.as_plain(what)}
    codec, call = codec_of(handler), partial(handler, instance, message)
    try:
        canonical = canonical_json(plain)
        canonical.encode()
    except (TypeError, ValueError, RecursionError) as error:
        # The message made its plain form by hand.
        raise NotSerialisable(what, str(error)) from None
    limits = instance.timeout_s, instance.capacity
    result = f"the reply of {path}"
    return EffectRequest(actor, number, path, plain, canonical, codec, call, result, *limits)
