"""The context: the only door from an actor's handler to the rest of the run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from .cell import STOPPED, Cell, Make
from .effects import EffectRequest, function_request, message_request
from .envelope import ASK, REPLY, STOP, TELL, TIMER, Cause, Envelope
from .errors import AskCycle, NotAccepted
from .message import ActorRef, Message
from .order import STEP_BITS
from .randomness import Stream
from .supervision import Supervision, Terminated
from .waiting import Gathered, Pending, Race, wait_cycle

if TYPE_CHECKING:
    from .kernel import Kernel  # cycle: a context is the kernel's other side, for one actor

M = TypeVar("M", bound=Message)
T = TypeVar("T")

_envelope = tuple.__new__


class Timer:
    """A message for a later step; `cancel()` takes it back."""

    __slots__ = ("cancelled", "message")

    def __init__(self, message: Message) -> None:
        self.message = message
        self.cancelled = False

    def cancel(self) -> None:
        """Take the message back. Does nothing once it was delivered."""
        self.cancelled = True


class Context:
    """An actor's view of the run. The same object in every turn of the actor."""

    __slots__ = ("_cell", "_kernel", "cause", "deferred", "envelope")

    def __init__(self, kernel: Kernel, cell: Cell) -> None:
        self._kernel = kernel
        self._cell = cell
        self.envelope: Envelope | None = None
        """The envelope of the current turn, with its cause."""
        self.cause: Cause | None = None
        self.deferred = False
        """True once the current question was kept open with `reply_later`."""

    # --- who and when -----------------------------------------------------------------------

    @property
    def self(self) -> ActorRef[Any]:
        """The actor's own reference."""
        return self._cell.ref

    @property
    def sender(self) -> ActorRef[Any] | None:
        """The sender of the current message; None if it came from outside or the sender is gone."""
        assert self.envelope is not None
        return self._kernel.find(self.envelope.origin)

    @property
    def step(self) -> int:
        """Logical time in whole steps since the run's start."""
        return self._kernel.time >> STEP_BITS

    @property
    def now(self) -> datetime:
        """Logical time: the configured start plus the configured length of each step."""
        return self._kernel.clock.at(self.step)

    # --- messages ---------------------------------------------------------------------------

    def tell(self, target: ActorRef[M], message: M) -> None:
        """Send a message; it is delivered one tick later, in the run's order.

        A type that the target does not handle becomes a dead letter (`unhandled`). To an effect
        actor it is a `request`.
        """
        cell, kernel, receiver = self._cell, self._kernel, target.cell
        if message.__class__ not in receiver.handlers and not self._accepted(receiver, message):
            return
        cell.number = number = cell.number + 1
        time = kernel.time + 1
        tie = kernel.tie
        place = 0 if tie is None else tie(time, cell.path, receiver.path)
        kernel.next_round.append(
            _envelope(
                Envelope,
                (time, place, cell.path, number, TELL, receiver, message, None, self.cause),
            )
        )

    def _accepted(self, receiver: Cell, message: Message) -> bool:
        """Return True for a message to send; effects and dead letters go their own ways."""
        if not isinstance(message, Message):
            raise TypeError(f"expected a Message to send to {receiver.path!r}, got {message!r}")
        if receiver.handler_of(message.__class__) is None:
            name = message.message_name
            self._kernel.dead_letter("unhandled", self._cell.path, receiver.path, name)
            return False
        if receiver.is_effect:
            self.request(receiver.ref, message)
            return False
        return True

    def ask(self, target: ActorRef[M], message: M, *, delay: int = 1) -> Pending[Any]:
        """Send a question; await the result for the answer.

        The answer is what the target's handler returns (None where it returns nothing). To an
        effect actor the request starts at once, and its reply takes the place reserved now,
        `delay` ticks ahead. Raises AskCycle and NotAccepted here; the await raises AskFailed or
        EffectError.
        """
        cell, receiver = self._cell, target.cell
        if receiver.handler_of(message.__class__) is None:
            raise NotAccepted(receiver.path, type(message).__name__, receiver.accepted_names())
        if receiver.is_effect:
            return self._request(self._message_request(receiver, message), delay)
        cycle = wait_cycle(cell, receiver)
        if cycle:
            raise AskCycle(cycle)
        pending: Pending[Any] = Pending(cell, receiver)
        if cell.asks is None:
            cell.asks = {}
        cell.asks[pending] = None
        self._send(ASK, receiver, message, pending)
        return pending

    def gather(self, *answers: Pending[T]) -> Gathered[T]:
        """Await several answers; the results stand in the order of the arguments."""
        return Gathered(answers)

    def race(self, *answers: Pending[Any]) -> Race:
        """Await the first of several answers in logical order; effects that lose are cancelled."""
        return Race(answers)

    def reply_later(self) -> Pending[Any]:
        """Keep the current question open; answer it with `ctx.reply` in a later turn."""
        assert self.envelope is not None
        pending = self.envelope.pending
        if self.envelope.kind != ASK or pending is None:
            raise TypeError("reply_later() needs a question to answer, but this message was told")
        if self._cell.owed is None:
            self._cell.owed = []
        if not self.deferred:
            self.deferred = True
            self._cell.owed.append(pending)
        return pending

    def reply(self, question: Pending[Any], answer: Any) -> None:
        """Answer a question that was kept open with `reply_later`."""
        owed = self._cell.owed
        if owed is None or question not in owed:
            raise ValueError("this question is not open here; each is answered once")
        owed.remove(question)
        self._send(REPLY, question.owner, answer, question)

    # --- time -------------------------------------------------------------------------------

    def later(self, message: Message, *, steps: int, to: ActorRef[Any] | None = None) -> Timer:
        """Send a message at the beginning of the step that is `steps` (at least 1) ahead."""
        timer = Timer(message)
        receiver = self._cell if to is None else to.cell
        self._send(TIMER, receiver, timer, None, at=self._step_start(steps))
        return timer

    def sleep(self, steps: int) -> Pending[None]:
        """Await the beginning of the step that is `steps` (at least 1) ahead."""
        pending: Pending[None] = Pending(self._cell, None)
        self._send(REPLY, self._cell, None, pending, at=self._step_start(steps))
        return pending

    def _step_start(self, steps: int) -> int:
        if steps < 1:
            raise ValueError(f"expected at least 1 step ahead, got {steps}")
        return (self.step + steps) << STEP_BITS

    # --- the outside ------------------------------------------------------------------------

    def effect(
        self,
        function: Callable[..., Awaitable[T]],
        *args: Any,
        delay: int = 1,
        timeout_s: float | None = None,
        **kwargs: Any,
    ) -> Pending[T]:
        """Run any async function outside of the run's order, as a recorded effect.

        Arguments and result must have a JSON form; where the function's return type is annotated,
        the result is validated to it, live and in a replay alike. The function runs at once and
        concurrently; its outcome takes the place reserved now, `delay` ticks ahead.
        """
        actor, number = self._cell.path, self._cell.number + 1
        request = function_request(actor, number, function, args, kwargs, timeout_s)
        return self._request(request, delay)

    def request(self, target: ActorRef[M], message: M, *, delay: int = 1) -> None:
        """Send a request to an effect actor; the reply, or an `EffectReport`, comes as a message.

        Raises NotAccepted for any other actor.
        """
        receiver = target.cell
        if not receiver.is_effect or receiver.handler_of(message.__class__) is None:
            raise NotAccepted(receiver.path, type(message).__name__, receiver.accepted_names())
        request = self._message_request(receiver, message)
        self._kernel.reservations.open(self._cell, request, None, delay, self.cause)

    def _message_request(self, receiver: Cell, message: Message) -> EffectRequest:
        return message_request(self._cell.path, self._cell.number + 1, receiver, message)

    def _request(self, request: EffectRequest, delay: int) -> Pending[Any]:
        pending: Pending[Any] = Pending(self._cell, None)
        reservations = self._kernel.reservations
        pending.slot = reservations.open(self._cell, request, pending, delay, self.cause)
        return pending

    # --- randomness -------------------------------------------------------------------------

    def rng(self, purpose: str) -> Stream:
        """Return the actor's random stream for a purpose at this step; it continues in the step."""
        cell, step = self._cell, self._kernel.time >> STEP_BITS
        if cell.streams is None:
            cell.streams = {}
        stream = cell.streams.get(purpose)
        if stream is None:
            stream = self._kernel.draws.stream(cell.path, purpose, step)
        elif stream.step == step:
            return stream
        else:
            stream = stream.at(step)
        cell.streams[purpose] = stream
        return stream

    def uuid(self) -> UUID:
        """Draw a reproducible identifier in the form of a random UUID."""
        stream, bits = self.rng("uuid"), 0
        for _ in range(4):
            bits = bits << 32 | stream.below(2**32)
        return UUID(int=bits, version=4)

    # --- other actors -----------------------------------------------------------------------

    def spawn(
        self,
        name: str,
        make: Make,
        *args: Any,
        supervision: Supervision | None = None,
        **kwargs: Any,
    ) -> ActorRef[Any]:
        """Start a child actor `make(*args, **kwargs)` under this one. Raises NameTaken."""
        made = partial(make, *args, **kwargs)
        return self._kernel.registry.spawn(name, self._cell, made, supervision)

    def stop(self, target: ActorRef[Any] | None = None) -> None:
        """Stop an actor (this one, without an argument) when its turn in the order comes."""
        self._send(STOP, self._cell if target is None else target.cell, None, None)

    def watch(self, target: ActorRef[Any]) -> None:
        """Get `Terminated` when the target is gone for good (at once if it is gone already)."""
        watcher, watched = self._cell, target.cell
        if watched.state == STOPPED:
            self._kernel.tell(watcher, Terminated(path=watched.path, reason="stopped"))
            return
        if watched.watchers is None:
            watched.watchers = []
        if watcher not in watched.watchers:
            watched.watchers.append(watcher)

    def find(self, path: str, *types: type[Message]) -> ActorRef[Any]:
        """Return the reference of a path, checked to accept these types.

        Raises KeyError, NotAccepted.
        """
        found = self._kernel.find(path)
        if found is None:
            raise KeyError(f"no actor named {path!r}")
        return found.narrow(*types) if types else found

    def _send(
        self, kind: int, to: Cell, body: Any, pending: Pending[Any] | None, at: int | None = None
    ) -> None:
        self._kernel.send(self._cell, kind, to, body, pending, self.cause, at)
