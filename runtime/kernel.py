"""The kernel: a plain object that takes one envelope after the other, in the run's order.

A driver hosts it: `run` takes turns until nothing can go on, `reservations` says which effects to
start and brings outcomes to their places. The kernel itself knows no event loop, no clock and no
file.

The way of a message, in reading order: `send` → `run` → `_open_round` → `_deliver` → `_turn` →
(`_advance` while its handler awaits) → `_finish`. `registry` says how actors come, fail and go.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum
from heapq import heappop, heappush
from sys import maxsize
from types import CoroutineType
from typing import Any

from pydantic_core import to_json

from .actor import Actor, Handler
from .cell import IDLE, ISOLATED, STARTING, WAITING, Cell, Make
from .context import Context
from .effects import EffectReport, Slot
from .envelope import ASK, INPUT, REPLY, SLOT, START, STOP, TELL, TIMER, Arrival, Cause, Envelope
from .errors import MailboxFull, ProgramError, ReplayDivergence, TargetFailed, TargetStopped
from .foreign_await import explain_foreign, foreign_await, refuse_event_loop
from .message import ActorRef, Message
from .order import OUTSIDE, Clock, Tie, bring_into_order
from .randomness import Draws
from .registry import ActorRegistry
from .reservations import Reservations
from .supervision import DeadLetter
from .waiting import Pending, Race, deadlock


class State(Enum):
    """The reason why `run` returned."""

    BUSY = "busy"
    """The allotted turns are used up."""
    BLOCKED = "blocked"
    """A reserved place is next, and its outcome is not in."""
    BOUNDARY = "boundary"
    """The next message belongs to a step at or beyond `halt_at`."""
    QUIET = "quiet"
    """No message is left."""


class Kernel:
    """All actors of a run, and the messages between them."""

    def __init__(
        self, *, seed: int = 0, clock: Clock | None = None, tie: Tie | None = None,
        arrival: bool = False,
    ) -> None:  # fmt: skip
        self.time = 0
        """Logical time in ticks; see `order`."""
        self.clock = clock or Clock()
        self.draws = Draws(seed)
        self.tie = tie
        self.next_round: list[Envelope] = []
        """The envelopes of the next tick, in no order yet."""
        self.halt_at: int | None = None
        """Logical time at which `run` halts, before the first message of that time."""
        self.trace: Callable[[Envelope], None] | None = None
        """Called with each envelope before it is delivered; for tests and for `check`."""
        self.turns = 0
        self.dead_letters: dict[str, int] = {}
        """Counts of dead letters by reason, in order of first appearance."""
        self.listener: ActorRef[Any] | None = None
        """Gets `DeadLetter` and `ActorFailed`, if it handles them."""
        self.waiting: dict[str, Cell] = {}
        """The actors in the middle of an async handler."""
        self.expects_messages = False
        """Messages from outside may still come, so an actor that waits is no deadlock."""
        self._later: dict[int, list[Envelope]] = {}
        self._times: list[int] = []
        self._round: list[Envelope] = []
        """The rest of the current tick; the next envelope stands last."""
        self._answered = 0
        self._admitted = 0
        self.reservations = Reservations(self, arrival)
        self.registry = ActorRegistry(self)

    # --- building ---------------------------------------------------------------------------

    @property
    def root(self) -> Context:
        """The context of the program itself, which spawns the first actors and sends first."""
        return self.registry.root.context

    def spawn(self, name: str, make: Make, *args: Any, **options: Any) -> ActorRef[Any]:
        """Start an actor at the top, with the options of `Context.spawn`. Raises NameTaken."""
        return self.root.spawn(name, make, *args, **options)

    def find(self, path: str) -> ActorRef[Any] | None:
        """Return the reference of the living actor of a path."""
        cell = self.registry.cells.get(path)
        return None if cell is None else cell.ref

    # --- sending ----------------------------------------------------------------------------

    def send(
        self, origin: Cell, kind: int, target: Cell, body: Any, pending: Pending[Any] | None,
        cause: Cause | None, at: int | None = None,
    ) -> None:  # fmt: skip
        """Put an envelope on its way, to the next tick or to the time `at`."""
        origin.number += 1
        time = self.time + 1 if at is None else at
        tie = 0 if self.tie is None else self.tie(time, origin.path, target.path)
        self.enqueue(
            Envelope(time, tie, origin.path, origin.number, kind, target, body, pending, cause)
        )

    def enqueue(self, envelope: Envelope) -> None:
        """Keep an envelope until its time comes."""
        if envelope.time == self.time + 1:
            self.next_round.append(envelope)
            return
        bucket = self._later.get(envelope.time)
        if bucket is None:
            self._later[envelope.time] = bucket = []
            heappush(self._times, envelope.time)
        bucket.append(envelope)

    def tell(self, target: Cell, message: Message) -> None:
        """Send a message of the kernel's own, if the target handles its type."""
        if target.handler_of(type(message)) is not None:
            self.send(self.registry.root, TELL, target, message, None, None)

    def admit(self, arrival: Arrival, *, at: int | None = None) -> tuple[int, int]:
        """Let a message from outside in; return its place (time, number), which is to be recorded.

        `at` is the recorded time in a replay.
        """
        self._admitted += 1
        time = self.reservations.arrival_time() if at is None else at
        root = self.registry.root
        self.enqueue(Envelope(time, 0, OUTSIDE, self._admitted, INPUT, root, arrival, None, None))
        return time, self._admitted

    def dead_letter(self, reason: str, sender: str, target: str, name: str) -> None:
        """Count and report a message, by the name of its type, that no actor will handle."""
        self.dead_letters[reason] = self.dead_letters.get(reason, 0) + 1
        listener = self.listener
        if listener is not None and listener.path != target:
            letter = DeadLetter(reason=reason, sender=sender, target=target, message=name)
            self.tell(listener.cell, letter)

    # --- running ----------------------------------------------------------------------------

    @property
    def blocking_slot(self) -> Slot | None:
        """Return the place that a kernel in the state BLOCKED waits for."""
        found = self._round[-1].body if self._round else None
        return found if isinstance(found, Slot) else None

    def run(self, turns: int | None = None) -> State:
        """Take turns until nothing can go on, or until the allotted turns are used up.

        Raises RunFailed for a failure that reached the top, ProgramError for a broken rule.
        """
        refuse_event_loop()
        left = maxsize if turns is None else turns
        trace = self.trace
        while True:
            envelopes = self._round
            while envelopes:
                if not left:
                    return State.BUSY
                envelope = envelopes.pop()
                kind = envelope.kind
                if kind == SLOT and not envelope.body.ready:
                    envelopes.append(envelope)
                    return State.BLOCKED
                left -= 1
                if trace is not None:
                    trace(envelope)
                cell = envelope.target
                if kind <= ASK and cell.state == IDLE:
                    self._turn(cell, envelope)
                else:
                    self._deliver(envelope)
            halted = self._open_round()
            if halted is not None:
                return halted

    def _open_round(self) -> State | None:
        """Order the messages of the next tick; return the reason if there are none to take.

        Nothing can be sent into a tick once it is open: a turn sends to later ticks only, an
        outcome fills a place that was reserved before, and a message from outside gets a time
        behind the current one. So a tick is sorted once, when all its messages are known, and the
        heap holds one entry per later time and not one per message.
        """
        times = self._times
        next_round = self.next_round
        if self.reservations.divergence is not None:
            # It was raised in the actor's turn already; here it ends a run whose actor caught it.
            raise self.reservations.divergence
        if next_round:
            time = self.time + 1
        elif times:
            time = times[0]
        else:
            if self.waiting and not self.reservations.pending and not self.expects_messages:
                raise deadlock(self.waiting)
            return State.QUIET
        if self.halt_at is not None and time >= self.halt_at:
            return State.BOUNDARY
        if times and times[0] == time:
            heappop(times)
            next_round += self._later.pop(time)
        if len(next_round) > 1:
            bring_into_order(next_round)
            next_round.reverse()  # `pop` takes from the end
        self.time = time
        self._round, self.next_round = next_round, []
        return None

    def _deliver(self, envelope: Envelope) -> None:
        """Do what the envelope asks for."""
        kind = envelope.kind
        if kind == REPLY:
            self._answer(envelope, envelope.body, None)
        elif kind == SLOT:
            self._settle(envelope)
        elif kind == STOP:
            self.registry.stop(envelope.target, "stopped")
        elif kind == TIMER:
            timer = envelope.body
            if not timer.cancelled:
                self._take(envelope._replace(kind=TELL, body=timer.message))
        elif kind == START:
            self._begin(envelope)
        elif kind == INPUT:
            self._enter(envelope, envelope.body)
        else:
            self._take(envelope)

    def _take(self, envelope: Envelope) -> None:
        """Give the actor its message now, or keep it while the actor waits, or give it up."""
        cell = envelope.target
        if cell.state == IDLE:
            self._turn(cell, envelope)
        elif cell.state < ISOLATED:
            if cell.mailbox is None:
                cell.mailbox = deque()
            capacity: int = getattr(cell.actor, "mailbox_capacity", 0)
            if len(cell.mailbox) >= capacity:
                self.to_dead_letters(envelope, "mailbox_full", MailboxFull(cell.path, capacity))
            else:
                cell.mailbox.append(envelope)
        else:
            why = "isolated" if cell.state == ISOLATED else "stopped"
            self.to_dead_letters(envelope, why, TargetStopped(cell.path, why))

    def _begin(self, envelope: Envelope) -> None:
        """Take the first turn of a new instance, unless it is gone already."""
        cell = envelope.target
        if cell.state == STARTING:
            cell.state = IDLE
            self._turn(cell, envelope)
            self._drain(cell)

    def _enter(self, envelope: Envelope, arrival: Arrival) -> None:
        """Make of what came from outside a message for the actor that has the path now."""
        found = self.find(arrival.to)
        if found is None:
            self.dead_letter("unknown_target", OUTSIDE, arrival.to, arrival.message)
            return
        for accepted in found.cell.actor.handlers:
            if accepted.message_name == arrival.message:
                message = accepted.model_validate_json(to_json(arrival.body))
                self._take(envelope._replace(kind=TELL, target=found.cell, body=message))
                return
        self.dead_letter("unhandled", OUTSIDE, arrival.to, arrival.message)

    def _drain(self, cell: Cell) -> None:
        """Take the messages that came while the actor waited, until it waits again."""
        mailbox = cell.mailbox
        while mailbox and cell.state == IDLE:
            self._turn(cell, mailbox.popleft())

    def to_dead_letters(self, envelope: Envelope, reason: str, error: Exception) -> None:
        """Give a message up; its asker gets the error. No other place ends an undelivered one."""
        target = envelope.target
        self.dead_letter(reason, envelope.origin, target.path, _name_of(envelope.body))
        if envelope.pending is not None:
            self.answer_with(target, envelope.pending, error)

    # --- a turn -----------------------------------------------------------------------------

    def _turn(self, cell: Cell, envelope: Envelope) -> None:
        """Give one message to its handler."""
        self.turns += 1
        body = envelope.body
        context = cell.context
        context.envelope = envelope
        context.cause = (envelope.origin, envelope.number)
        handler = cell.handlers.get(body.__class__) or self._rare_handler(cell, envelope)
        if handler is None:
            self.to_dead_letters(envelope, "unhandled", TargetStopped(cell.path, "without handler"))
            return
        try:
            result = handler(cell.actor, body, context)
        except Exception as error:
            self._fail(cell, error)
            return
        if result.__class__ is CoroutineType:
            cell.asks = None
            cell.coroutine = result
            self._advance(cell)
        elif envelope.kind == ASK:
            self._finish(cell, result)
        else:
            context.envelope = None

    def _rare_handler(self, cell: Cell, envelope: Envelope) -> Handler | None:
        """Return the handler of what did not come through `tell` or `ask`, which look it up."""
        if envelope.kind == START:
            return _on_start
        return None if cell.is_effect else cell.handler_of(type(envelope.body))

    def _advance(self, cell: Cell) -> None:
        """Run an async handler up to its next await, or to its end."""
        coroutine = cell.coroutine
        assert coroutine is not None
        try:
            awaited = coroutine.send(None)
        except StopIteration as end:
            cell.coroutine = None
            self._finish(cell, end.value)
        except Exception as error:
            cell.coroutine = None
            self._fail(cell, error)
        else:
            if not _is_of(cell, awaited):
                raise foreign_await(cell, coroutine, awaited)
            cell.awaiting = awaited
            cell.state = WAITING
            self.waiting[cell.path] = cell

    def _finish(self, cell: Cell, result: Any) -> None:
        """End the turn: answer the question, if it was one."""
        context = cell.context
        envelope = context.envelope
        if context.deferred:
            context.deferred = False
        elif envelope is not None and envelope.kind == ASK and envelope.pending is not None:
            asker = envelope.pending.owner
            self.send(cell, REPLY, asker, result, envelope.pending, context.cause)
        context.envelope = None

    # --- answers ----------------------------------------------------------------------------

    def answer_with(self, origin: Cell, pending: Pending[Any], error: Exception) -> None:
        """Let an ask end with an error, in the run's order."""
        self.send(origin, REPLY, pending.owner, error, pending, None)

    def refuse(self, cell: Cell, error: Exception) -> None:
        """Let the question of the actor's turn, if it has one that is open, end with an error."""
        context = cell.context
        envelope = context.envelope
        deferred, context.deferred = context.deferred, False
        if envelope is None or envelope.kind != ASK or envelope.pending is None:
            return
        if deferred:
            if cell.owed is None or envelope.pending not in cell.owed:
                return
            cell.owed.remove(envelope.pending)
        self.answer_with(cell, envelope.pending, error)

    def settle(self, pending: Pending[Any], value: Any, error: Exception | None) -> None:
        """Give an answer its rank among all answers."""
        self._answered += 1
        pending.settle(self._answered, value, error)

    def _settle(self, envelope: Envelope) -> None:
        """Deliver the outcome of a place that is reached, unless it was cancelled."""
        slot: Slot = envelope.body
        if slot.cancelled or slot.outcome is None:
            return
        value, error = slot.result()
        if slot.pending is not None:
            self._answer(envelope, value, error)
            return
        if error is not None:
            effect, status = slot.request.effect, slot.outcome.status
            value = EffectReport(effect=effect, status=status, error=str(error))
        if value is not None:
            self._take(envelope._replace(kind=TELL, body=value))

    def _answer(self, envelope: Envelope, value: Any, error: Exception | None) -> None:
        """Keep an answer that has come; let the actor go on if this is what it waits for."""
        pending = envelope.pending
        assert pending is not None
        if isinstance(value, Exception):
            value, error = None, value
        self.settle(pending, value, error)
        cell = pending.owner
        asked = cell.asks is not None and cell.asks.pop(pending, _UNASKED) is None
        awaiting = cell.awaiting
        if cell.state == WAITING and awaiting is not None and awaiting.unblocks(pending):
            self._resume(cell, envelope)
        elif pending.target is not None and cell.parent and not (asked and cell.coroutine):
            name = _name_of(value if error is None else error)
            self.dead_letter("late_reply", envelope.origin, cell.path, name)

    def _resume(self, cell: Cell, envelope: Envelope) -> None:
        """Let a handler go on behind its await, then take what came in the meantime."""
        self.turns += 1
        cell.awaiting = None
        cell.state = IDLE
        del self.waiting[cell.path]
        cell.context.cause = (envelope.origin, envelope.number)
        self._advance(cell)
        self._drain(cell)

    # --- failures ---------------------------------------------------------------------------

    def _fail(self, cell: Cell, error: Exception) -> None:
        """Handle a handler's error: a broken rule ends the run, supervision decides the rest."""
        envelope = cell.context.envelope
        message = None if envelope is None else envelope.body
        handler = None if message is None else cell.handlers.get(type(message))
        where = getattr(handler, "__qualname__", "on_start")
        error = explain_foreign(error, cell.path, where)
        if isinstance(error, ProgramError | ReplayDivergence):
            raise error
        self.refuse(cell, TargetFailed(cell.path, f"{type(error).__name__}: {error}"))
        self.registry.fail(cell, error, where, message)


_UNASKED = object()


def _on_start(actor: Actor, body: None, context: Context) -> Any:
    return actor.on_start(context)


def _name_of(body: Any) -> str:
    name: str = getattr(body, "message_name", type(body).__name__)
    return name


def _is_of(cell: Cell, awaited: Any) -> bool:
    """Return True if the awaited object is one that the actor's own context gave."""
    if isinstance(awaited, (Pending, Race)):
        return all(part.owner is cell for part in awaited.parts)
    return False
