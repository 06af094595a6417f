"""The live driver: real effects, as concurrent tasks under anyio (trio by default, or asyncio).

The kernel's turns run in batches in a worker thread, where there is no event loop; effects run
here. What crosses between the two goes over memory channels: outcomes towards the journal, synced
facts towards the kernel.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import anyio
from anyio import CancelScope, CapacityLimiter, create_memory_object_stream, to_thread
from anyio.abc import ObjectReceiveStream, TaskGroup
from anyio.streams.memory import MemoryObjectSendStream

from ..journal import Journal, Recorded
from ..kernel import Kernel, State
from ..message import Message
from ..order import STEP_BITS
from ..ref import ActorRef
from ..slot import EffectRequest, Outcome, Slot
from .ending import Ending
from .replay import feed


class FromOutside(NamedTuple):
    """A message from outside of the run."""

    target: ActorRef[Any]
    message: Message


class EffectTelemetry(NamedTuple):
    """Physical facts of one effect; never part of the run's logical plane."""

    request: EffectRequest
    outcome: Outcome
    seconds: float
    late: bool
    """Nobody waited for it any more."""


class StopSwitch:
    """Asks a live run to stop at the beginning of the next step."""

    def __init__(self) -> None:
        self.thrown = False

    def throw(self) -> None:
        """Stop at the next step boundary; safe to call from any thread."""
        self.thrown = True


class Limits(NamedTuple):
    """Bounds on effects. They change how fast a run is, never what it does."""

    max_concurrency: int = 64
    """Most effects in flight at once, of all kinds together."""
    timeout_s: float = 60.0
    """Time limit of an effect that declares none, in seconds."""
    turns_per_batch: int = 2_000
    """Turns between two looks at new requests; about 10 ms."""


class _Effects:
    """Runs requests as tasks and hands their outcomes on."""

    def __init__(
        self, tasks: TaskGroup, outcomes: MemoryObjectSendStream[_Done], limits: Limits
    ) -> None:
        self._tasks = tasks
        self._outcomes = outcomes
        self._limits = limits
        self._all = CapacityLimiter(limits.max_concurrency)
        self._by_key: dict[str, CapacityLimiter] = {}
        self._scopes: dict[Slot, CancelScope] = {}

    def start(self, slot: Slot) -> None:
        self._scopes[slot] = CancelScope()
        self._tasks.start_soon(self._perform, slot, name=f"effect {slot.request.effect}")

    def cancel(self, slot: Slot) -> None:
        scope = self._scopes.get(slot)
        if scope is not None:
            scope.cancel()

    def _limiter(self, request: EffectRequest) -> CapacityLimiter | None:
        if request.capacity is None:
            return None
        limiter = self._by_key.get(request.capacity_key)
        if limiter is None:
            self._by_key[request.capacity_key] = limiter = CapacityLimiter(request.capacity)
        return limiter

    async def _perform(self, slot: Slot) -> None:
        """One effect, from its start to its outcome. The run's own end cancels it silently."""
        request = slot.request
        scope = self._scopes[slot]
        seconds = 0.0
        outcome = Outcome("cancelled")
        with scope:
            limiter = self._limiter(request)
            if limiter is None:
                outcome, seconds = await self._limited(slot)
            else:
                async with limiter:
                    outcome, seconds = await self._limited(slot)
        del self._scopes[slot]
        self._outcomes.send_nowait(_Done(slot, outcome, seconds))

    async def _limited(self, slot: Slot) -> tuple[Outcome, float]:
        request = slot.request
        limit = self._limits.timeout_s if request.timeout_s is None else request.timeout_s
        async with self._all:
            began = anyio.current_time()
            with anyio.move_on_after(limit) as time_limit:
                try:
                    value = await request.perform()
                    outcome = Outcome("ok", value)
                except Exception as error:
                    outcome = Outcome("failed", None, type(error).__name__, str(error))
            if time_limit.cancelled_caught:
                outcome = Outcome("timed_out", None, f"{limit:g}")
            return outcome, anyio.current_time() - began


class _Done(NamedTuple):
    """An effect that has ended."""

    slot: Slot
    outcome: Outcome
    seconds: float


class _LiveRun:
    """One call of `drive`."""

    def __init__(
        self,
        kernel: Kernel,
        journal: Journal | None,
        recorded: Recorded | None,
        limits: Limits,
        stop: StopSwitch,
        on_effect: Callable[[EffectTelemetry], None] | None,
    ) -> None:
        self.kernel = kernel
        self.journal = journal
        self.recorded = recorded
        self.limits = limits
        self.stop = stop
        self.on_effect = on_effect
        self.failure: BaseException | None = None
        self._done_in, self._done_out = create_memory_object_stream[_Done](math.inf)
        self._facts_in, self._facts_out = create_memory_object_stream[list[_Done] | FromOutside](
            math.inf
        )

    async def run(self, outside: ObjectReceiveStream[FromOutside] | None) -> Ending:
        ending = Ending.STOPPED
        with self._done_in, self._done_out, self._facts_in, self._facts_out:
            async with anyio.create_task_group() as tasks:
                self._serving = outside is not None
                tasks.start_soon(self._commit)
                if outside is not None:
                    tasks.start_soon(self._listen, outside)
                try:
                    ending = await self._host(_Effects(tasks, self._done_in, self.limits))
                except Exception as error:
                    # Kept for after the group, which would wrap it.
                    self.failure = error
                tasks.cancel_scope.cancel()
        if self.failure is not None:
            raise self.failure
        return ending

    async def _host(self, effects: _Effects) -> Ending:
        """Batches of turns, and between them what came from outside."""
        kernel = self.kernel
        while True:
            if self.stop.thrown and kernel.halt_at is None:
                kernel.halt_at = ((kernel.time >> STEP_BITS) + 1) << STEP_BITS
            state = await to_thread.run_sync(kernel.run, self.limits.turns_per_batch)
            for slot in kernel.take_requests():
                self._request(slot, effects)
            for slot in kernel.take_released():
                effects.cancel(slot)
            if state is State.BOUNDARY:
                return Ending.STOPPED
            if state is State.QUIET and not kernel.expects_outcomes and not self._serving:
                return Ending.COMPLETED
            await self._take_facts(wait=state in (State.BLOCKED, State.QUIET))

    def _request(self, slot: Slot, effects: _Effects) -> None:
        """Start an effect, unless its outcome is known and only its place is not."""
        known = None if self.recorded is None else self.recorded.outcome_of(slot.request)
        if known is None:
            effects.start(slot)
        else:
            self._facts_in.send_nowait([_Done(slot, known, 0.0)])

    async def _take_facts(self, *, wait: bool) -> None:
        """Give the kernel what is synced; wait for at least one fact if it can't go on."""
        if wait:
            await self._take(await self._facts_out.receive())
        while self._facts_out.statistics().current_buffer_used:
            await self._take(self._facts_out.receive_nowait())
        if self.failure is not None:
            raise self.failure

    async def _take(self, fact: list[_Done] | FromOutside) -> None:
        if isinstance(fact, list):
            for done in fact:
                self._fill(done)
            return
        place = self.kernel.admit(fact.target.cell, fact.message)
        if self.journal is not None:
            self.journal.admitted(fact.target.path, fact.message, place)
            await to_thread.run_sync(self.journal.sync)

    def _fill(self, done: _Done) -> None:
        kernel, slot = self.kernel, done.slot
        kernel.fill(slot, done.outcome)
        if kernel.arrival and not slot.cancelled:
            time = kernel.arrival_time()
            kernel.place(slot, time)
            if self.journal is not None:
                self.journal.placed(slot, time)

    async def _commit(self) -> None:
        """Sync outcomes in groups: what arrives during one sync goes into the next."""
        while True:
            group = [await self._done_out.receive()]
            while self._done_out.statistics().current_buffer_used:
                group.append(self._done_out.receive_nowait())
            try:
                if self.journal is not None:
                    for done in group:
                        self.journal.outcome(done.slot, done.outcome, late=done.slot.cancelled)
                    await to_thread.run_sync(self.journal.sync)
            except OSError as error:
                self.failure = error
            if self.on_effect is not None:
                for done in group:
                    self.on_effect(
                        EffectTelemetry(
                            done.slot.request, done.outcome, done.seconds, done.slot.cancelled
                        )
                    )
            self._facts_in.send_nowait(group)

    async def _listen(self, outside: ObjectReceiveStream[FromOutside]) -> None:
        async with outside:
            async for message in outside:
                self._facts_in.send_nowait(message)
        self._serving = False
        self._facts_in.send_nowait([])


async def drive(
    kernel: Kernel,
    journal: Journal | None = None,
    *,
    recorded: Recorded | None = None,
    limits: Limits | None = None,
    stop: StopSwitch | None = None,
    on_effect: Callable[[EffectTelemetry], None] | None = None,
    outside: ObjectReceiveStream[FromOutside] | None = None,
) -> Ending:
    """Run a kernel with real effects, until it is done or the stop switch is thrown.

    `recorded` holds the facts of an earlier, interrupted execution; they are used up first, and
    no effect whose outcome stands there is asked for again. While `outside` is open, the run goes
    on even if no message is left.

    Raises what the kernel raises; OSError where the journal can't be written.
    """
    if recorded is not None:
        feed(kernel, recorded)
    run = _LiveRun(kernel, journal, recorded, limits or Limits(), stop or StopSwitch(), on_effect)
    return await run.run(outside)
