"""Effects: requests to the outside, the places reserved for their outcomes, the outcomes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from .canonical import digest
from .errors import EffectCancelled, EffectFailed, EffectTimedOut
from .message import Message

if TYPE_CHECKING:
    from .cell import Cell
    from .kernel import Kernel
    from .pending import Pending

Status = Literal["ok", "failed", "timed_out", "cancelled"]


class Outcome(NamedTuple):
    """How an effect ended: the fact that is journalled and never judged again."""

    status: Status
    value: Any = None
    """Plain JSON data: the result, if ok; the facts of an `EffectFault`, if failed."""
    kind: str = ""
    """The exception's type, if failed; the limit in seconds, if timed out."""
    text: str = ""

    def error(self, effect: str) -> Exception | None:
        """The error that this outcome raises in the actor, None if it is ok."""
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
    """What a journal knows of a request."""

    outcome: Outcome
    at: int = 0
    """The place in time that the outcome got (order of arrival only)."""


class EffectReport(Message, name="engine.effect_report"):
    """Told to an actor whose `tell` to an effect actor did not end well."""

    effect: str
    status: str
    error: str


class EffectRequest(NamedTuple):
    """What is asked of the outside, by whom, and how to do it."""

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
    """Does it; gives plain JSON data or raises."""
    decode: Callable[[Any], Any]
    """Makes of plain JSON data the value that the actor gets, live and replayed alike."""
    capacity_key: str
    """Requests of one key share a capacity limit."""
    capacity: int | None
    timeout_s: float | None

    @property
    def digest(self) -> str:
        return digest(self.canonical)


asking: ContextVar[EffectRequest] = ContextVar("asking")
"""The request that the running effect answers; set by the live driver, for effects that need to
know who asks."""


class Slot:
    """The place in the order that a request holds for its outcome."""

    __slots__ = ("cancelled", "kernel", "outcome", "owner", "pending", "request")

    def __init__(self, kernel: Kernel, owner: Cell, request: EffectRequest) -> None:
        self.kernel = kernel
        self.owner = owner
        self.request = request
        self.pending: Pending[Any] | None = None
        self.outcome: Outcome | None = None
        self.cancelled = False

    @property
    def ready(self) -> bool:
        return self.outcome is not None or self.cancelled

    def result(self) -> tuple[Any, Exception | None]:
        """What the actor gets: the value, or the error that its await raises."""
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
        """Give the place up before it is reached: nobody waits for the outcome any more.

        Whether the outcome is in already makes no difference to the run.
        """
        pending = self.pending
        if self.cancelled or pending is None or pending.done:
            return
        self.cancelled = True
        self.kernel.settle(pending, None, EffectCancelled(self.request.effect))
        self.kernel.reservations.release(self)
