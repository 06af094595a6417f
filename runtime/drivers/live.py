"""The live driver: real effects, as concurrent tasks under anyio (trio by default, or asyncio).

The kernel's turns run in batches in a worker thread, where there is no event loop; effects run
here. Two memory channels connect them: outcomes go to the journal, synced facts to the kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any, Protocol

import anyio
from anyio import CapacityLimiter, create_memory_object_stream, to_thread
from anyio.abc import ObjectReceiveStream

from ..canonical import jsonable
from ..effects import Done, EffectRequest, Outcome, Slot
from ..envelope import Arrival
from ..errors import NotAccepted
from ..journal import Journal, Recorded
from ..kernel import Kernel, State
from ..message import ActorRef, Message
from ..order import STEP_BITS
from . import RunEnd
from .effects import Censor, Effects, Limits, Withheld
from .replay import feed

_THREADS = 3
"""The engine's own threads, so that effects in threads can't keep it waiting: the kernel's turns,
and the journal's syncs for outcomes and for messages from outside."""
_FEW_TURNS = 32
_GLANCE_S = 0.1
"""Seconds that an idle run waits before it looks at its stop switch again."""


def from_outside(target: ActorRef[Any], message: Message) -> Arrival:
    """Return a message from outside of the run, in the JSON form in which it is recorded.

    It reaches the actor that has the target's path when its turn comes. Raises NotAccepted,
    NotSerialisable.
    """
    cell, accepted, name = target.cell, type(message), message.message_name
    if cell.is_effect or accepted not in cell.actor.handlers:
        raise NotAccepted(cell.path, accepted.__name__, cell.accepted_names())
    return Arrival(cell.path, name, jsonable(message, f"the message {name}"))


class Answers(Protocol):
    """A source of outcomes that are known beforehand, such as a cassette."""

    def saw(self, request: EffectRequest) -> None:
        """Take note of a request; called for all in the run's order, also those in the journal."""

    def answer(self, request: EffectRequest) -> Outcome | None:
        """Return the outcome; None to perform the effect. What it raises ends the run."""


class StopSwitch:
    """Asks a live run to stop at the beginning of the next step."""

    def __init__(self) -> None:
        self.thrown = False
        self.wished = False
        """True once a person or a program has asked for the stop."""
        self.reason: str | None = None
        """The reason for a pause, if there is one."""

    def throw(self) -> None:
        """Stop at the next step boundary; safe to call from any thread."""
        self.thrown = self.wished = True

    def pause(self, reason: str) -> None:
        """Stop, since something is missing: at a step boundary, or where nothing can go on."""
        self.thrown = True
        self.reason = self.reason or reason


@dataclass(eq=False)
class _LiveRun:
    """One call of `drive`."""

    kernel: Kernel
    journal: Journal | None
    recorded: Recorded | None
    limits: Limits
    stop: StopSwitch
    on_effect: Callable[[Done], None] | None
    answers: Answers | None
    censor: Censor | None

    def __post_init__(self) -> None:
        self.failure: BaseException | None = None
        self._undelivered: dict[Slot, None] = {}
        """Outcomes that are recorded but not yet in their places, in order of arrival."""
        self._withheld = False
        """True if an effect is not available: the run goes as far as it can without it."""
        self._committing = 0
        """Number of outcomes that are on their way into the journal."""
        self._threads = CapacityLimiter(_THREADS)
        self._done_in, self._done_out = create_memory_object_stream[Done](inf)
        self._facts_in, self._facts_out = create_memory_object_stream[list[Done] | Arrival](inf)

    async def run(self, outside: ObjectReceiveStream[Arrival] | None) -> RunEnd:
        ending = RunEnd.STOPPED
        with self._done_in, self._done_out, self._facts_in, self._facts_out:
            async with anyio.create_task_group() as tasks:
                self._serving = outside is not None
                tasks.start_soon(self._commit)
                if outside is not None:
                    tasks.start_soon(self._listen, outside)
                try:
                    effects = Effects(tasks, self.limits, self._take_over, self.censor)
                    ending = await self._host(effects)
                except Exception as error:
                    # Raised after the group, which would wrap it.
                    self.failure = error
                tasks.cancel_scope.cancel()
        if self.failure is not None:
            raise self.failure
        return ending

    async def _host(self, effects: Effects) -> RunEnd:
        """Run batches of turns, and between them take in what came from outside.

        Only this task touches the kernel, and only between batches: while a batch runs in the
        thread, this task waits for it, and all others leave the kernel alone. (`_commit` reads
        `slot.cancelled` meanwhile, see there.) What effects and listeners bring waits in the
        channel until `_take_facts` gives it to the kernel, and its place does not depend on when
        that is. So neither locks nor the speed of the thread can change the run.
        """
        kernel, reservations = self.kernel, self.kernel.reservations
        turns = self.limits.turns_per_batch
        while True:
            if self.stop.thrown and kernel.halt_at is None:
                kernel.halt_at = ((kernel.time >> STEP_BITS) + 1) << STEP_BITS
            # Before the batch: a kernel that waits for an answer from outside is no deadlock.
            kernel.expects_messages = self._serving or self._facts_wait
            state = await to_thread.run_sync(kernel.run, turns, limiter=self._threads)
            requests = reservations.take_requests()
            # While requests are being made, the first of them need not wait for the last.
            turns = min(_FEW_TURNS if requests else 4 * turns, self.limits.turns_per_batch)
            for slot in requests:
                self._request(slot, effects)
            for slot in reservations.take_released():
                self._release(slot, effects)
            ending = self._ending(state, effects)
            if ending is not None:
                self._release_undelivered()
                await self._sync()
                return ending
            if state is State.QUIET:
                await self._rest()
            await self._take_facts(wait=state is State.BLOCKED)

    def _ending(self, state: State, effects: Effects) -> RunEnd | None:
        """Return how the run ended; None if it goes on."""
        if state is State.BOUNDARY:
            return RunEnd.STOPPED
        stands = state is State.BLOCKED or (
            state is State.QUIET and self.kernel.reservations.pending
        )
        if stands and self._withheld and effects.idle and not self._facts_open:
            return RunEnd.PAUSED
        if state is State.QUIET and not self.kernel.reservations.pending:
            if not self.kernel.expects_messages:
                return RunEnd.COMPLETED
            if self.stop.thrown:
                return RunEnd.STOPPED
        return None

    def _request(self, slot: Slot, effects: Effects) -> None:
        """Start an effect, unless its outcome is known and only its place is not."""
        known = None if self.recorded is None else self.recorded.outcome_of(slot.request)
        if known is None:
            answer = None if self.answers is None else self.answers.answer(slot.request)
            if answer is None:
                effects.start(slot)
            else:
                self._take_over(Done(slot, answer, 0.0, given=True))
        elif not self._is_given_up(slot):
            self._facts_in.send_nowait([Done(slot, known, 0.0)])

    def _release(self, slot: Slot, effects: Effects) -> None:
        """Cancel an effect whose outcome is not needed; record that if it is in already."""
        if slot.outcome is None:
            effects.cancel(slot)
        elif self.journal is not None and not self._is_given_up(slot):
            self.journal.released(slot)

    def _release_undelivered(self) -> None:
        """Record which outcomes were in vain because the run came to its end."""
        if self.journal is not None:
            for slot in self._undelivered:
                if slot.cancelled:
                    self.journal.released(slot)

    def _is_given_up(self, slot: Slot) -> bool:
        key = slot.request.actor, slot.request.number
        return self.recorded is not None and key in self.recorded.given_up

    def _take_over(self, done: Done | Withheld) -> None:
        """Send an outcome to the journal; a withheld effect has none and pauses the run."""
        if isinstance(done, Done):
            self._committing += 1
            self._done_in.send_nowait(done)
            return
        self._withheld = True
        self.stop.pause(done.reason)
        self._facts_in.send_nowait([])

    @property
    def _facts_open(self) -> bool:
        """True if facts are on their way to the kernel, synced or not."""
        return bool(self._committing) or self._facts_wait

    @property
    def _facts_wait(self) -> bool:
        """True if synced facts wait for the kernel."""
        return bool(self._facts_out.statistics().current_buffer_used)

    async def _rest(self) -> None:
        """Wait for a fact while there is nothing to do; look at the stop switch meanwhile."""
        pending = self.kernel.reservations.pending
        while not self._facts_wait and (pending or not self.stop.thrown):
            if self._withheld and not self._committing:
                return
            fact = None
            with anyio.move_on_after(_GLANCE_S):
                fact = await self._facts_out.receive()
            if fact is not None:
                await self._take(fact)
                return

    async def _take_facts(self, *, wait: bool) -> None:
        """Give the kernel all synced facts; if it can't go on, wait for the one that it needs."""
        blocking = self.kernel.blocking_slot if wait else None
        while True:
            if wait:
                await self._take(await self._facts_out.receive())
            while self._facts_wait:
                await self._take(self._facts_out.receive_nowait())
            if self.failure is not None:
                raise self.failure
            if blocking is None or blocking.ready or self._withheld:
                return

    async def _take(self, fact: list[Done] | Arrival) -> None:
        if isinstance(fact, list):
            for done in fact:
                self._fill(done)
            return
        place = self.kernel.admit(fact)
        if self.journal is not None:
            self.journal.admitted(fact, place)
            await self._sync()

    def _fill(self, done: Done) -> None:
        slot = done.slot
        self._undelivered.pop(slot, None)
        filled = self.kernel.reservations.fill(slot, done.outcome)
        if self.journal is None:
            return
        if slot.at is not None:
            self.journal.placed(slot, slot.at)
        elif not filled and not done.late:
            self.journal.released(slot)

    async def _sync(self) -> None:
        if self.journal is not None:
            await to_thread.run_sync(self.journal.sync, limiter=self._threads)

    async def _commit(self) -> None:
        """Sync outcomes in groups: what arrives during one sync goes into the next.

        An outcome goes to the kernel only after its sync, so a crash loses no outcome that
        anything was made of. The order in a group does not matter: each has its own place.

        The kernel's thread may cancel a slot right after `late` is read here. Then `_fill` finds
        it cancelled and records the release, so a replay learns the same either way.
        """
        try:
            while True:
                group = [await self._done_out.receive()]
                while self._done_out.statistics().current_buffer_used:
                    group.append(self._done_out.receive_nowait())
                group = [done._replace(late=done.slot.cancelled) for done in group]
                if self.journal is not None:
                    for done in group:
                        self.journal.outcome(done)
                        if not done.late:
                            self._undelivered[done.slot] = None
                    await self._sync()
                if self.on_effect is not None:
                    for done in group:
                        self.on_effect(done)
                self._committing -= len(group)
                self._facts_in.send_nowait(group)
        except Exception as error:
            self.failure = error
            self._facts_in.send_nowait([])

    async def _listen(self, outside: ObjectReceiveStream[Arrival]) -> None:
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
    on_effect: Callable[[Done], None] | None = None,
    outside: ObjectReceiveStream[Arrival] | None = None,
    answers: Answers | None = None,
    censor: Censor | None = None,
) -> RunEnd:
    """Run a kernel with real effects, until it is done or the stop switch is thrown.

    `recorded` holds the facts of an earlier, interrupted execution; they are used up first, and
    no effect whose outcome stands there is asked for again. `answers` knows outcomes from
    elsewhere; they are recorded like any other. `censor` sees each outcome before it is recorded.
    While `outside` is open, the run goes on even if no message is left.

    Raises what the kernel raises; OSError where the journal can't be written.
    """
    if recorded is not None:
        feed(kernel, recorded)
    if answers is not None:
        kernel.reservations.saw = answers.saw
    limits, stop = limits or Limits(), stop or StopSwitch()
    run = _LiveRun(kernel, journal, recorded, limits, stop, on_effect, answers, censor)
    return await run.run(outside)
