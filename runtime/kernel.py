"""The engine: a plain object that takes one envelope after the other, in the run's order.

A driver hosts it: `run` takes turns until nothing can go on, `take_requests` says which effects to
start, `fill` brings an outcome to its reserved place. The kernel itself knows no event loop, no
clock and no file.

A message's way through here, in reading order: `send` → `run` → `_open_round` → `_deliver` →
`_turn` → (`_advance` while its handler awaits) → `_finish`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum
from heapq import heappop, heappush
from types import CoroutineType
from typing import Any

from .actor import Actor, EffectActor
from .cell import IDLE, ISOLATED, STOPPED, WAITING, Cell, Recipe
from .clock import Clock
from .context import Context
from .envelope import ASK, REPLY, SLOT, STOP, TELL, TIMER, Envelope
from .errors import (
    Deadlock,
    MailboxFull,
    NameTaken,
    ProgramError,
    RunFailed,
    TargetFailed,
    TargetStopped,
)
from .failure import Failures
from .foreign import explain_foreign, foreign_await, refuse_event_loop
from .message import Message
from .order import OUTSIDE, Tie
from .pending import Pending, Race
from .randomness import Draws
from .ref import ActorRef
from .slot import EffectReport, EffectRequest, Outcome, Recalled, Slot
from .supervision import DeadLetter, DeadLetters, Supervision, Terminated

Recall = Callable[[EffectRequest], Recalled | None]


class State(Enum):
    """Why `run` came back."""

    BUSY = "busy"
    """The allotted turns are used up."""
    BLOCKED = "blocked"
    """A reserved place is next and its outcome is not in."""
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
        """Logical time in ticks, see `order`."""
        self.clock = clock or Clock()
        self.draws = Draws(seed)
        self.tie = tie
        self.arrival = arrival
        """Outcomes take places as they arrive: replayable, not reproducible."""
        self.coming: list[Envelope] = []
        """What the next tick holds, in no order yet."""
        self.halt_at: int | None = None
        """Logical time at which `run` halts, before the first message of that time."""
        self.horizon = 0
        """What arrives from outside takes a place after this time: replay has facts up to here."""
        self.recall: Recall | None = None
        """Looks a request up in what was recorded; set by the driver."""
        self.trace: Callable[[Envelope], None] | None = None
        """Called with each envelope before it is delivered; for tests and for `check`."""
        self.turns = 0
        self.dead_letters = DeadLetters()
        self.listener: ActorRef[Any] | None = None
        """Gets `DeadLetter` and `ActorFailed`, if it handles them."""
        self.failures = Failures(self)
        self._later: dict[int, list[Envelope]] = {}
        self._times: list[int] = []
        self._round: list[Envelope] = []
        self._place = 0
        self._requests: list[Slot] = []
        self._released: list[Slot] = []
        self._open: dict[Slot, tuple[str, int] | None] = {}
        self._cells: dict[str, Cell] = {}
        self._waiting: dict[str, Cell] = {}
        self._admitted = 0
        self._root = self._make_root()

    # --- building ---------------------------------------------------------------------------

    def _make_root(self) -> Cell:
        recipe = Recipe(Actor, (), {})
        root = Cell("", recipe.build(), recipe, None, Supervision())
        root.context, root.ref = Context(self, root), ActorRef(root)
        return root

    @property
    def root(self) -> Context:
        """The context of the program itself, which spawns the first actors and speaks first."""
        return self._root.context

    def spawn(
        self,
        name: str,
        make: Callable[..., Actor | EffectActor],
        *args: Any,
        supervision: Supervision | None = None,
        parent: Cell | None = None,
        **kwargs: Any,
    ) -> ActorRef[Any]:
        """Start an actor `make(*args, **kwargs)`; without a parent at the top. Raises NameTaken."""
        parent = parent or self._root
        path = f"{parent.path}/{name}" if parent.path else name
        if path in self._cells:
            raise NameTaken(path)
        recipe = Recipe(make, args, kwargs)
        actor = recipe.build()
        cell = Cell(
            path, actor, recipe, parent,
            supervision or getattr(actor, "supervision", None) or Supervision(),
        )  # fmt: skip
        cell.context = Context(self, cell)
        cell.ref = ActorRef(cell)
        self._cells[path] = cell
        if parent.children is None:
            parent.children = {}
        parent.children[path] = cell
        self.start(cell)
        return cell.ref

    def start(self, cell: Cell) -> None:
        """Have a new instance's `on_start` run as its first turn, if it has one."""
        if isinstance(cell.actor, Actor) and type(cell.actor).on_start is not Actor.on_start:
            self.send(self._root, TELL, cell, None, None, None)

    def find(self, path: str) -> ActorRef[Any] | None:
        """The living actor of a path."""
        cell = self._cells.get(path)
        return None if cell is None else cell.ref

    def watch(self, watcher: Cell, target: Cell) -> None:
        """Have `watcher` told when `target` is gone."""
        if target.state == STOPPED:
            self._tell(watcher, Terminated(path=target.path, reason="stopped"))
            return
        if target.watchers is None:
            target.watchers = []
        if watcher not in target.watchers:
            target.watchers.append(watcher)

    # --- sending ----------------------------------------------------------------------------

    def send(
        self, origin: Cell, kind: int, target: Cell, body: Any,
        pending: Pending[Any] | None, cause: tuple[str, int] | None, at: int | None = None,
    ) -> None:  # fmt: skip
        """Put an envelope on its way, to the next tick or to the time `at`."""
        origin.number += 1
        time = self.time + 1 if at is None else at
        tie = 0 if self.tie is None else self.tie(time, origin.path, target.path)
        self._enqueue(
            Envelope(time, tie, origin.path, origin.number, kind, target, body, pending, cause)
        )

    def _enqueue(self, envelope: Envelope) -> None:
        if envelope.time == self.time + 1:
            self.coming.append(envelope)
            return
        bucket = self._later.get(envelope.time)
        if bucket is None:
            self._later[envelope.time] = bucket = []
            heappush(self._times, envelope.time)
        bucket.append(envelope)

    def _tell(self, target: Cell, message: Message) -> None:
        """A message of the kernel's own."""
        if target.handler_of(type(message)) is not None:
            self.send(self._root, TELL, target, message, None, None)

    def admit(self, target: Cell, message: Message, *, at: int | None = None) -> tuple[int, int]:
        """Let a message from outside in; its place (time, number) is to be recorded.

        `at` is the recorded time in a replay.
        """
        self._admitted += 1
        time = self.arrival_time() if at is None else at
        self._enqueue(Envelope(time, 0, OUTSIDE, self._admitted, TELL, target, message, None, None))
        return time, self._admitted

    def dead_letter(self, reason: str, sender: str, target: str, message: Any) -> None:
        """Count and report a message that nobody will handle."""
        self.dead_letters.add(reason)
        name = getattr(message, "message_name", type(message).__name__)
        listener = self.listener
        if listener is not None and listener.path != target:
            letter = DeadLetter(reason=reason, sender=sender, target=target, message=name)
            self._tell(listener.cell, letter)

    # --- effects ----------------------------------------------------------------------------

    def open_slot(self, slot: Slot, delay: int, cause: tuple[str, int] | None) -> None:
        """Reserve the place of an outcome, `delay` ticks ahead, and ask for the effect."""
        if delay < 1:
            raise ValueError(f"expected a delay of at least 1 tick, got {delay}")
        recalled = self.recall(slot.request) if self.recall is not None else None
        if recalled is None:
            self._requests.append(slot)
        else:
            slot.outcome = recalled.outcome
        if self.arrival:
            slot.owner.number += 1
            self._open[slot] = cause
            if recalled is not None:
                self.place(slot, recalled.at)
        else:
            at = self.time + delay
            self.send(slot.owner, SLOT, slot.owner, slot, slot.pending, cause, at)

    def take_requests(self) -> list[Slot]:
        """The effects to start, in the order of their requests; each is handed out once."""
        taken, self._requests = self._requests, []
        return taken

    def take_released(self) -> list[Slot]:
        """The effects to cancel."""
        taken, self._released = self._released, []
        return taken

    def release(self, slot: Slot) -> None:
        """Nobody waits for this outcome any more."""
        self._open.pop(slot, None)
        self._released.append(slot)

    def fill(self, slot: Slot, outcome: Outcome) -> None:
        """Bring an outcome to its place. A late one, after a cancel, is not delivered."""
        if slot.cancelled:
            return
        slot.outcome = outcome

    def arrival_time(self) -> int:
        """The place in time of what arrives from outside now."""
        return max(self.time, self.horizon) + 1

    def place(self, slot: Slot, time: int) -> None:
        """In the order of arrival: give a filled slot its place."""
        cause = self._open.pop(slot)
        request = slot.request
        self._enqueue(
            Envelope(
                time, 0, request.actor, request.number, SLOT, slot.owner, slot, slot.pending, cause
            )
        )

    @property
    def expects_outcomes(self) -> bool:
        """Whether slots without a place are open (order of arrival only)."""
        return bool(self._open)

    # --- running ----------------------------------------------------------------------------

    def run(self, turns: int | None = None) -> State:
        """Take turns until nothing can go on, or until the allotted turns are used up.

        Raises RunFailed for a failure that reached the top, ProgramError for a broken rule.
        """
        refuse_event_loop()
        left = -1 if turns is None else turns
        while True:
            envelopes, place = self._round, self._place
            size = len(envelopes)
            while place < size:
                envelope = envelopes[place]
                if envelope.kind == SLOT and not envelope.body.ready:
                    self._place = place
                    return State.BLOCKED
                if not left:
                    self._place = place
                    return State.BUSY
                left -= 1
                place += 1
                self._place = place
                self._deliver(envelope)
            halted = self._open_round()
            if halted is not None:
                return halted

    def _open_round(self) -> State | None:
        """Bring the next tick's messages into order; says why, if there are none to take."""
        times = self._times
        coming = self.coming
        if coming:
            time = self.time + 1
        elif times:
            time = times[0]
        else:
            self._round, self._place = [], 0
            if self._waiting and not self._open:
                raise self._deadlock()
            return State.QUIET
        if self.halt_at is not None and time >= self.halt_at:
            self._round, self._place = [], 0
            return State.BOUNDARY
        if times and times[0] == time:
            heappop(times)
            coming += self._later.pop(time)
        if len(coming) > 1:
            coming.sort()
        self.time = time
        self._round, self._place, self.coming = coming, 0, []
        return None

    def _deliver(self, envelope: Envelope) -> None:
        """Do what the envelope is for."""
        if self.trace is not None:
            self.trace(envelope)
        kind = envelope.kind
        if kind == REPLY:
            self._answer(envelope, envelope.body, None)
        elif kind == SLOT:
            self._settle(envelope)
        elif kind == STOP:
            self.stop(envelope.target, "stopped")
        elif kind == TIMER:
            timer = envelope.body
            if not timer.cancelled:
                self._take(envelope._replace(kind=TELL, body=timer.message))
        else:
            self._take(envelope)

    def _take(self, envelope: Envelope) -> None:
        """Give the actor its message now, keep it while the actor waits, or bury it."""
        cell = envelope.target
        if cell.state == IDLE:
            self._turn(cell, envelope)
            if cell.mailbox:
                self._drain(cell)
        elif cell.state == WAITING:
            if cell.mailbox is None:
                cell.mailbox = deque()
            capacity: int = getattr(cell.actor, "mailbox_capacity", 0)
            if len(cell.mailbox) >= capacity:
                self._bury(envelope, "mailbox_full", MailboxFull(cell.path, capacity))
            else:
                cell.mailbox.append(envelope)
        else:
            why = "isolated" if cell.state == ISOLATED else "stopped"
            self._bury(envelope, why, TargetStopped(cell.path, why))

    def _drain(self, cell: Cell) -> None:
        """Take the messages that came while the actor waited, until it waits again."""
        mailbox = cell.mailbox
        while mailbox and cell.state == IDLE:
            self._turn(cell, mailbox.popleft())

    def _bury(self, envelope: Envelope, reason: str, error: Exception) -> None:
        """The one place where an undelivered message ends; an asker gets the error."""
        if envelope.body is None:
            return
        self.dead_letter(reason, envelope.origin, envelope.target.path, envelope.body)
        if envelope.pending is not None:
            self.answer_with(envelope.target, envelope.pending, error)

    # --- a turn -----------------------------------------------------------------------------

    def _turn(self, cell: Cell, envelope: Envelope) -> None:
        """One message, one handler."""
        self.turns += 1
        body = envelope.body
        context = cell.context
        context.envelope = envelope
        context.cause = (envelope.origin, envelope.number)
        try:
            if body is None:
                result = cell.actor.on_start(context)  # type: ignore[union-attr]
            else:
                handler = cell.handlers.get(body.__class__)
                if handler is None:
                    self._bury(envelope, "unhandled", TargetStopped(cell.path, "without handler"))
                    return
                result = handler(cell.actor, body, context)
        except Exception as error:
            self._fail(cell, error)
            return
        if result.__class__ is CoroutineType:
            cell.coroutine = result
            self._advance(cell)
        elif envelope.kind == ASK:
            self._finish(cell, result)

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
            if isinstance(awaited, Pending | Race) and self._owns(cell, awaited):
                cell.awaiting = awaited
                cell.state = WAITING
                self._waiting[cell.path] = cell
            else:
                foreign = foreign_await(cell, coroutine, awaited)
                coroutine.close()
                cell.coroutine = None
                raise foreign

    def _owns(self, cell: Cell, awaited: Pending[Any] | Race) -> bool:
        parts = awaited.parts if isinstance(awaited, Race) else (awaited,)
        return all(part.owner is cell for part in parts)

    def _finish(self, cell: Cell, result: Any) -> None:
        """The turn is over: answer the question, if it was one."""
        cell.asks = None
        context = cell.context
        envelope = context.envelope
        if context.deferred:
            context.deferred = False
        elif envelope is not None and envelope.kind == ASK and envelope.pending is not None:
            asker = envelope.pending.owner
            self.send(cell, REPLY, asker, result, envelope.pending, context.cause)

    # --- answers ----------------------------------------------------------------------------

    def answer_with(self, origin: Cell, pending: Pending[Any], error: Exception) -> None:
        """Let an ask end with an error, in the run's order."""
        self.send(origin, REPLY, pending.owner, error, pending, None)

    def _settle(self, envelope: Envelope) -> None:
        """A reserved place is reached and its outcome is in, or nobody waits for it any more."""
        slot: Slot = envelope.body
        if slot.cancelled or slot.outcome is None:
            return
        name = slot.request.effect
        error = slot.outcome.error(name)
        value = slot.request.decode(slot.outcome.value) if error is None else None
        if slot.pending is not None:
            self._answer(envelope, value, error)
            return
        if error is not None:
            value = EffectReport(effect=name, status=slot.outcome.status, error=str(error))
        self._take(envelope._replace(kind=TELL, body=value))

    def _answer(self, envelope: Envelope, value: Any, error: Exception | None) -> None:
        """An answer has come: keep it, and let the actor go on if this is what it waits for."""
        pending = envelope.pending
        assert pending is not None
        if isinstance(value, Exception):
            value, error = None, value
        pending.done, pending.value, pending.error = True, value, error
        cell = pending.owner
        if cell.asks and pending in cell.asks:
            cell.asks.remove(pending)
        awaiting = cell.awaiting
        if cell.state == WAITING and awaiting is not None and awaiting.unblocks(pending):
            self.turns += 1
            cell.awaiting = None
            cell.state = IDLE
            del self._waiting[cell.path]
            cell.context.cause = (envelope.origin, envelope.number)
            self._advance(cell)
            if cell.mailbox:
                self._drain(cell)
        elif pending.target is not None and cell.coroutine is None:
            self.dead_letter("late_reply", envelope.origin, cell.path, value)

    # --- waiting ----------------------------------------------------------------------------

    def wait_cycle(self, asker: Cell, target: Cell) -> Sequence[str]:
        """The circle that an ask from `asker` to `target` would close; empty if it is none."""
        trail: dict[Cell, Cell | None] = {target: None}
        frontier = [target]
        while frontier:
            cell = frontier.pop()
            if cell is asker:
                circle = []
                link: Cell | None = cell
                while link is not None:
                    circle.append(link.path)
                    link = trail[link]
                return [asker.path, *reversed(circle)]
            for ask in cell.asks or ():
                if ask.target is not None and ask.target not in trail:
                    trail[ask.target] = cell
                    frontier.append(ask.target)
        return ()

    def _deadlock(self) -> Deadlock:
        waits = []
        for path in sorted(self._waiting):
            for ask in self._waiting[path].asks or ():
                if ask.target is not None:
                    waits.append((path, ask.target.path))
        first = dict(reversed(waits))
        trail: list[str] = []
        at: str | None = waits[0][0] if waits else None
        while at is not None and at not in trail:
            trail.append(at)
            at = first.get(at)
        cycle = [*trail[trail.index(at) :], at] if at is not None else []
        return Deadlock(waits, cycle)

    # --- endings ----------------------------------------------------------------------------

    def _fail(self, cell: Cell, error: Exception) -> None:
        """A handler raised: rule breaches end the run, all else is up to supervision."""
        envelope = cell.context.envelope
        message = None if envelope is None else envelope.body
        handler = None if message is None else cell.handlers.get(type(message))
        where = getattr(handler, "__qualname__", "on_start")
        error = explain_foreign(error, cell.path, where)
        if isinstance(error, ProgramError):
            raise error
        cell.asks = None
        cell.context.deferred = False
        if envelope is not None and envelope.kind == ASK and envelope.pending is not None:
            text = f"{type(error).__name__}: {error}"
            self.answer_with(cell, envelope.pending, TargetFailed(cell.path, text))
        self.failures.handle(cell, error, where, message)

    def fail_run(self, cell: Cell, where: str, error: Exception) -> None:
        """A failure came to the top."""
        raise RunFailed(cell.path, where, error) from error

    def abandon(self, cell: Cell) -> None:
        """Drop what the actor was in the middle of."""
        if cell.coroutine is not None:
            cell.coroutine.close()
            cell.coroutine = None
        self._waiting.pop(cell.path, None)
        cell.awaiting = None
        cell.asks = None

    def silence(self, cell: Cell, state: int, why: str) -> None:
        """Isolated or stopped: whoever waits for this actor gets an error, its mail is buried."""
        self.abandon(cell)
        cell.state = state
        for question in cell.owed or ():
            self.answer_with(cell, question, TargetStopped(cell.path, why))
        cell.owed = None
        waiting, cell.mailbox = cell.mailbox, None
        for envelope in waiting or ():
            self._bury(envelope, why, TargetStopped(cell.path, why))

    def stop(self, cell: Cell, reason: str) -> None:
        """End an actor for good, its children first."""
        if cell.state == STOPPED:
            return
        for child in list((cell.children or {}).values()):
            self.stop(child, reason)
        self.silence(cell, STOPPED, "stopped")
        del self._cells[cell.path]
        if cell.parent is not None and cell.parent.children is not None:
            cell.parent.children.pop(cell.path, None)
        if isinstance(cell.actor, Actor):
            cell.actor.on_stop()
        for watcher in cell.watchers or ():
            self._tell(watcher, Terminated(path=cell.path, reason=reason))
