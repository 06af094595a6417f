"""GoalStore: the goals in one database, and the commands to them, each in one transaction.

A command with an idempotency key is answered once: its answer is kept in the transaction of the
change, and given again when the command comes again. Refusals are kept as well, except those that
the next try may get round: a failed checker, and a version that has moved on.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from functools import partial
from sqlite3 import Connection
from typing import Protocol, Self, TypeVar, cast

from .checkers.checker import BeliefConsistencyChecker, DeferredChecker, LexicalChecker, Unvetted
from .commands import Asks, Command
from .decisions import is_registered, register_goal_selected
from .errors import CheckerUnavailable, GoalError, VersionConflict
from .fields import utc_text
from .identity import Bits, Caller, Clock, Trace
from .model import Weights
from .operation import NOTED, Operation
from .policy import GoalFlags, GoalPolicy
from .schemas import ANSWERS, Answer, Refused, TaskView
from .store import goal_rows, ledger_rows, task_rows
from .store.database import Database
from .vetting import BeliefVetter, Vetter

T = TypeVar("T")
A = TypeVar("A", bound=Answer)
_NO_TRACE = Trace()
_BATCH = 100
_MICROSECOND = timedelta(microseconds=1)
_UNKEPT = (CheckerUnavailable, VersionConflict)


class TaskSink(Protocol):
    """A receiver of tasks for goals."""

    def submit(self, task: TaskView) -> None:
        """Take a task. It may come again after a crash: one whose `task_id` is known must be
        left alone. What is raised leaves it to be submitted later."""


class GoalStore:
    """Goals in one database.

    `clock` gives the time and `bits` random bits for ids; a program that runs twice with the same
    of both leaves the same content. Without a `policy` what counts as confident stays as the file
    has it; the rest is the specification's. A `vetter` takes the place of the default one and its
    checker.
    `keep_answers` says how long a command with an idempotency key is answered as before.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        bits: Bits,
        checker: BeliefConsistencyChecker | None = None,
        policy: GoalPolicy | None = None,
        flags: GoalFlags | None = None,
        vetter: Vetter | None = None,
        starting_weights: Weights | None = None,
        keep_answers: timedelta = timedelta(hours=24),
    ) -> None:
        """Make the file ready. The store closes its database, also where this raises GoalError."""
        self.database, self.clock, self.bits = database, clock, bits
        self.flags = flags or GoalFlags()
        self._kept_us = keep_answers // _MICROSECOND
        try:
            self.policy = self._prepared(policy, starting_weights or Weights())
        except BaseException:
            database.close()
            raise
        self._vetter = vetter or BeliefVetter(checker or LexicalChecker(), self.policy)

    def _prepared(self, policy: GoalPolicy | None, weights: Weights) -> GoalPolicy:
        """Return the policy to work by. Nothing is written where all is as it should be already:
        others may be at work on the file."""
        with self.database.reading() as tx:
            known, least = is_registered(tx), goal_rows.confidence_of(tx)
        settled = policy or GoalPolicy(belief_min_confidence=least)
        if not known or settled.belief_min_confidence != least:
            with self.database.transaction() as tx:
                register_goal_selected(tx, weights)
                goal_rows.settle(tx, settled.belief_min_confidence)
        return settled

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def execute(self, command: Asks[A]) -> A:
        """Carry a command out. Raises what `errors.py` lists."""
        assert isinstance(command, Command)
        answer = self._answer(command)
        if isinstance(answer, Refused):
            raise GoalError(answer.code, answer.detail, **answer.facts)
        return cast("A", answer)

    def ask(self, command: Command) -> Answer:
        """Carry a command out; a refusal is an answer too. Raises Unvetted if the checker does."""
        try:
            return self._answer(command)
        except GoalError as refusal:
            return _refused(refusal)

    def _answer(self, command: Command) -> Answer:
        if not command.changes:
            with self.database.reading() as tx:
                return command.carry_out(self._operation(tx, command.span, command.caller))
        work = command.carry_out if command.caller.key is None else partial(self._once, command)
        return self.perform(command.span, command.caller, work)

    def _once(self, command: Command, op: Operation) -> Answer:
        """Carry out a command with a key, unless its answer is kept."""
        key = command.caller.key
        assert key is not None
        kept = ledger_rows.find_answer(op.tx, key, op.now_us)
        if kept is not None:
            name, text = kept
            return ANSWERS[name].model_validate_json(text).model_copy(update={"replayed": True})
        answer: Answer
        try:
            with _savepoint(op.tx):
                answer = command.carry_out(op)
        except _UNKEPT:
            raise
        except GoalError as refusal:
            answer = _refused(refusal)
        content = answer.model_dump_json()
        ledger_rows.keep_answer(op.tx, key, answer.message_name, content, op.now_us + self._kept_us)
        return answer

    def perform(self, name: str, caller: Caller, work: Callable[[Operation], T]) -> T:
        """Carry out work on the store in one transaction, under a span of this name; in a trace of
        its own, if the caller has none.

        What is raised rolls back; only the refusals that the ledger records leave that there.
        """
        noted = None
        if caller.trace.trace_id == _NO_TRACE.trace_id:
            caller = caller.model_copy(update={"trace": Trace.begin(self.bits)})
        with self.database.transaction() as tx:
            try:
                return work(self._operation(tx, name, caller))
            except NOTED as refusal:
                noted = refusal
        raise noted

    def _operation(self, tx: Connection, name: str, caller: Caller) -> Operation:
        return Operation(
            tx=tx,
            now=self.clock().astimezone(UTC),
            actor=caller.actor,
            trace=caller.trace.child(name),
            bits=self.bits,
            policy=self.policy,
            flags=self.flags,
            vetter=self._vetter,
        )

    def submit_pending(self, sink: TaskSink) -> int:
        """Hand every task of a goal that no sink has had yet to this one, oldest first. Returns
        their number.

        A crash between handing over and noting that hands the task over again.
        """
        handed = 0
        while True:
            with self.database.reading() as tx:
                waiting = task_rows.unsubmitted(tx, _BATCH)
            for task in waiting:
                sink.submit(task)
                now = utc_text(self.clock())
                with self.database.transaction() as tx:
                    task_rows.mark_submitted(tx, task.task_id, now)
            handed += len(waiting)
            if not waiting:
                return handed


async def ask_deferred(
    attempt: Callable[[], Awaitable[Answer]],
    learn: Callable[[Unvetted], Awaitable[None]],
    checker: DeferredChecker,
) -> Answer:
    """Ask for what an asynchronous checker vets: `attempt` is made again after each question that
    `learn` has answered. The answers are forgotten in the end."""
    asked: list[Unvetted] = []
    try:
        while True:
            try:
                return await attempt()
            except Unvetted as question:
                asked.append(question)
                await learn(question)
    finally:
        checker.forget(asked)


@contextmanager
def _savepoint(tx: Connection) -> Iterator[None]:
    """Undo what was done within if anything but a noted refusal is raised."""
    tx.execute("SAVEPOINT command")
    try:
        yield
    except NOTED:
        tx.execute("RELEASE command")
        raise
    except BaseException:
        tx.execute("ROLLBACK TO command")
        tx.execute("RELEASE command")
        raise
    tx.execute("RELEASE command")


def _refused(refusal: GoalError) -> Refused:
    return Refused(code=refusal.code, detail=refusal.detail, facts=refusal.facts)
