"""The effects of a live run: which ones may begin, and each from its start to its outcome."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import anyio
from anyio import CancelScope
from anyio.abc import TaskGroup

from ..canonical import jsonable
from ..effects import Done, EffectRequest, Outcome, Slot, asking
from ..errors import EffectFault, EffectWithheld, NotSerialisable


class Limits(NamedTuple):
    """Bounds on effects. They change how fast a run is, never what it does."""

    max_concurrency: int = 64
    """Most effects in flight at once, of all kinds together."""
    timeout_s: float = 60.0
    """Time limit of an effect that declares none, in seconds."""
    turns_per_batch: int = 2_000
    """Turns between two looks at new requests; about 10 ms."""


class Withheld(NamedTuple):
    """An effect that is not available now; it has no outcome."""

    reason: str


Censor = Callable[[EffectRequest, Outcome], Outcome]
"""Removes from an outcome what must not be recorded, such as keys."""


@dataclass(eq=False)
class Effects:
    """Runs requests as tasks, at most as many as the limits allow.

    A request that has to wait is an entry in a queue, not a task. Requests of one kind begin in
    the order in which they were made; kinds take turns.
    """

    tasks: TaskGroup
    limits: Limits
    hand_over: Callable[[Done | Withheld], None]
    censor: Censor | None

    def __post_init__(self) -> None:
        self._waiting: dict[str, deque[Slot]] = {}
        self._running: dict[str, int] = {}
        self._scopes: dict[Slot, CancelScope] = {}

    @property
    def idle(self) -> bool:
        """True if no effect runs or waits to run."""
        return not self._scopes and not any(self._waiting.values())

    def start(self, slot: Slot) -> None:
        """Begin an effect as soon as the limits allow."""
        self._waiting.setdefault(slot.request.effect, deque()).append(slot)
        self._begin_what_may()

    def cancel(self, slot: Slot) -> None:
        """End an effect that is not needed any more; its outcome is `cancelled`, begun or not."""
        scope = self._scopes.get(slot)
        if scope is not None:
            scope.cancel()
            return
        queue = self._waiting.get(slot.request.effect)
        if queue is not None and slot in queue:
            queue.remove(slot)
            self.hand_over(Done(slot, Outcome("cancelled"), 0.0))

    def _begin_what_may(self) -> None:
        begun = True
        while begun:
            begun = False
            for key, queue in self._waiting.items():
                if len(self._scopes) >= self.limits.max_concurrency:
                    return
                running = self._running.get(key, 0)
                if queue and running < (queue[0].request.capacity or self.limits.max_concurrency):
                    slot = queue.popleft()
                    self._running[key] = running + 1
                    self._scopes[slot] = CancelScope()
                    name = f"effect {slot.request.effect}"
                    self.tasks.start_soon(self._perform, slot, name=name)
                    begun = True

    async def _perform(self, slot: Slot) -> None:
        """Take one effect from its start to its outcome. The run's own end cancels it silently."""
        done: Done | Withheld = Done(slot, Outcome("cancelled"), 0.0)
        with self._scopes[slot]:
            try:
                done = await self._within_time(slot)
            except EffectWithheld as withheld:
                done = Withheld(str(withheld))
        del self._scopes[slot]
        self._running[slot.request.effect] -= 1
        self.hand_over(done)
        self._begin_what_may()

    async def _within_time(self, slot: Slot) -> Done:
        request = slot.request
        limit = self.limits.timeout_s if request.timeout_s is None else request.timeout_s
        asking.set(request)
        began = anyio.current_time()
        with anyio.move_on_after(limit) as time_limit:
            try:
                outcome = Outcome("ok", await request.perform())
            except Exception as error:
                outcome = _failure(error, request)
            except anyio.get_cancelled_exc_class():
                # asyncio lets a library cancel its own future. If no scope of ours is cancelled,
                # this must not look like the end of the run.
                if anyio.current_effective_deadline() <= anyio.current_time():
                    raise
                outcome = Outcome("cancelled")
        if time_limit.cancelled_caught:
            outcome = Outcome("timed_out", None, f"{limit:g}")
        if self.censor is not None:
            outcome = self.censor(request, outcome)
        return Done(slot, outcome, anyio.current_time() - began)


def _failure(error: Exception, request: EffectRequest) -> Outcome:
    """Return the outcome for an exception. Raises EffectWithheld, also out of a task group."""
    leaves = list(_leaves(error))
    for leaf in leaves:
        if isinstance(leaf, EffectWithheld):
            raise leaf
    fault = next((leaf for leaf in leaves if isinstance(leaf, EffectFault)), None)
    if fault is None:
        return Outcome("failed", None, type(error).__name__, _text_of(error))
    try:
        facts = jsonable(fault.facts, f"the facts of {request.effect}")
    except NotSerialisable as unfit:
        return Outcome("failed", None, type(unfit).__name__, str(unfit))
    return Outcome("failed", facts, fault.kind, _text_of(fault))


def _leaves(error: Exception) -> Iterator[Exception]:
    if not isinstance(error, ExceptionGroup):
        yield error
        return
    for part in error.exceptions:
        yield from _leaves(part)


def _text_of(error: Exception) -> str:
    """Return the error's text; what can't be written as JSON is escaped."""
    return str(error).encode(errors="backslashreplace").decode()
