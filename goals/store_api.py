"""GoalStore, for use from Python: goals that are created, ranked, vetted, adopted and executed.

Synchronous; each method is one transaction and raises what `errors.py` lists. `dispatch.py` has
the same by messages, with idempotency keys.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, timedelta
from pathlib import Path
from sqlite3 import Connection
from typing import Protocol, Self, TypeVar

from . import beliefs, edit, lifecycle, queries, selection
from .answers import Explanation, Imported, Ranking, Statistics
from .checkers.checker import BeliefConsistencyChecker
from .checkers.lexical import LexicalChecker
from .decisions import is_registered, register_goal_selected
from .fields import utc_text
from .identity import Bits, Caller, Clock, Trace, microseconds
from .lifecycle import Adoption
from .model import Belief, Goal, GoalDraft, GoalPatch, GoalState, GoalView, Weights
from .operation import NOTED, Operation
from .policy import GoalFlags, GoalPolicy
from .queries import WAITING
from .schemas import BeliefDraft, BeliefPatch, LedgerView, ScheduledTaskDraft, TaskView
from .selection import NextStep, Selection
from .store import derived_columns, goal_rows, ledger_rows, task_rows
from .store.database import Database
from .vetting import BeliefVetter, Vetter

T = TypeVar("T")
_NOBODY = Caller()
_BATCH = 100
Page = tuple[list[Goal], str | None]
"""Goals, and the cursor of the next page."""
Events = tuple[list[LedgerView], int | None]
"""Events, and `after` of the next page."""


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
        self.database, self.clock, self.bits = database, clock, bits
        self.flags = flags or GoalFlags()
        self.keep_answers = keep_answers
        self.policy = self._prepared(policy, starting_weights or Weights())
        self._vetter = vetter or BeliefVetter(checker or LexicalChecker(), self.policy)

    def _prepared(self, policy: GoalPolicy | None, weights: Weights) -> GoalPolicy:
        """Return the policy to work by. Nothing is written where all is as it should be already:
        others may be at work on the file."""
        with self.database.reading() as tx:
            known, least = is_registered(tx), derived_columns.confidence_of(tx)
        settled = policy or GoalPolicy(belief_min_confidence=least)
        if not known or settled.belief_min_confidence != least:
            with self.database.transaction() as tx:
                register_goal_selected(tx, weights)
                derived_columns.settle(tx, settled.belief_min_confidence)
        return settled

    @classmethod
    def open(
        cls,
        path: Path | str,
        *,
        clock: Clock,
        bits: Bits,
        checker: BeliefConsistencyChecker | None = None,
        policy: GoalPolicy | None = None,
        flags: GoalFlags | None = None,
        vetter: Vetter | None = None,
        starting_weights: Weights | None = None,
        durable: bool = True,
        read_only: bool = False,
    ) -> Self:
        """Open a store's file, making or migrating it if need be; see `Database.open`. Raises
        StoreUnusable."""
        database = Database.open(path, durable=durable, read_only=read_only)
        try:
            return cls(
                database, clock=clock, bits=bits, checker=checker, policy=policy, flags=flags,
                vetter=vetter, starting_weights=starting_weights,
            )  # fmt: skip
        except BaseException:
            database.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def perform(self, name: str, caller: Caller, work: Callable[[Operation], T]) -> T:
        """Carry out work on the store in one transaction, under a span of this name; in a trace of
        its own, if the caller has none.

        What is raised rolls back; only the refusals that the ledger tells of leave that there.
        """
        noted = None
        if caller.trace.trace_id == _NOBODY.trace.trace_id:
            caller = caller.model_copy(update={"trace": Trace.begin(self.bits)})
        with self.database.transaction() as tx:
            try:
                return work(self._operation(tx, name, caller))
            except NOTED as refusal:
                noted = refusal
        raise noted

    def look(self, name: str, caller: Caller, work: Callable[[Operation], T]) -> T:
        """Read from the store as it is at one moment."""
        with self.database.reading() as tx:
            return work(self._operation(tx, name, caller))

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

    # --- goals ----------------------------------------------------------------------------------

    def create(self, draft: GoalDraft, caller: Caller = _NOBODY) -> Goal:
        """Propose a goal. Raises BadRequest."""
        return self.perform("create", caller, lambda op: edit.create(op, draft))

    def get(self, goal_id: str, caller: Caller = _NOBODY) -> Goal:
        """Read a goal. Raises GoalNotFound."""
        return self.look("get", caller, lambda op: op.goal(goal_id))

    def list(
        self,
        *,
        states: Sequence[GoalState] = (),
        category: str | None = None,
        owner: str | None = None,
        include_deleted: bool = False,
        limit: int = 50,
        cursor: str | None = None,
        caller: Caller = _NOBODY,
    ) -> Page:
        """Return goals, newest first, and the next page's cursor; no states: all. Raises
        BadRequest."""
        return self.look("list", caller, lambda op: goal_rows.page_of_goals(
            op.tx, states=states, category=category, owner=owner,
            include_deleted=include_deleted, limit=limit, cursor=cursor,
        ))  # fmt: skip

    def update(
        self,
        goal_id: str,
        patch: GoalPatch,
        expected_version: int | None = None,
        caller: Caller = _NOBODY,
    ) -> Goal:
        """Change what the patch gives; see `edit.update`."""
        return self.perform(
            "update", caller, lambda op: edit.update(op, goal_id, patch, expected_version)
        )

    def approve(self, goal_id: str, caller: Caller = _NOBODY) -> Goal:
        """Approve a goal in the caller's name. Raises GoalNotFound, IllegalTransition."""
        return self.perform("approve", caller, lambda op: lifecycle.approve(op, goal_id))

    def adopt(self, goal_id: str, caller: Caller = _NOBODY) -> Adoption:
        """Vet a goal and adopt it; see `lifecycle.adopt`."""
        return self.perform("adopt", caller, lambda op: lifecycle.adopt(op, goal_id))

    def abandon(self, goal_id: str, reason: str | None = None, caller: Caller = _NOBODY) -> Goal:
        """Give a goal up. Raises GoalNotFound, IllegalTransition."""
        return self.perform("abandon", caller, lambda op: lifecycle.abandon(op, goal_id, reason))

    def delete(
        self, goal_id: str, expected_version: int | None = None, caller: Caller = _NOBODY
    ) -> Goal:
        """Delete a goal softly. Raises GoalNotFound, VersionConflict, NotEditable."""
        return self.perform("delete", caller, lambda op: edit.delete(op, goal_id, expected_version))

    def prioritized(
        self,
        *,
        states: Sequence[GoalState] = WAITING,
        owner: str | None = None,
        limit: int = 50,
        caller: Caller = _NOBODY,
    ) -> Ranking:
        """Return the best goals, by falling raw score."""
        return self.look(
            "prioritized", caller, lambda op: queries.prioritized(op, states, owner, limit)
        )

    def explain(self, goal_id: str, caller: Caller = _NOBODY) -> Explanation:
        """Explain a goal's rank. Raises GoalNotFound."""
        return self.look("explain", caller, lambda op: queries.explain(op, goal_id))

    def history(
        self,
        goal_id: str | None = None,
        *,
        after: int = 0,
        limit: int = 50,
        caller: Caller = _NOBODY,
    ) -> Events:
        """Return events of the ledger and `after` of the next page. Raises GoalNotFound."""
        return self.look("history", caller, lambda op: queries.history(op, goal_id, after, limit))

    # --- execution ------------------------------------------------------------------------------

    def select_goal(
        self, selection_key: str, owner: str | None = None, caller: Caller = _NOBODY
    ) -> Selection | None:
        """Set the best goal that is ready executing; see `selection.select`."""
        return self.perform("select", caller, lambda op: selection.select(op, selection_key, owner))

    def complete(
        self,
        goal_id: str,
        *,
        success: bool,
        measured: Mapping[str, float] | None = None,
        attempt: int | None = None,
        reason: str | None = None,
        caller: Caller = _NOBODY,
    ) -> Goal:
        """Complete a goal's execution; see `lifecycle.complete`."""
        return self.perform("complete", caller, lambda op: lifecycle.complete(
            op, goal_id, success=success, measured=measured or {}, attempt=attempt, reason=reason
        ))  # fmt: skip

    def release(self, goal_id: str, reason: str | None = None, caller: Caller = _NOBODY) -> Goal:
        """Give an executing goal back. Raises GoalNotFound, IllegalTransition."""
        return self.perform("release", caller, lambda op: lifecycle.release(
            op, op.goal(goal_id), "released", reason
        ))  # fmt: skip

    def next_task(
        self, selection_key: str, owner: str | None = None, caller: Caller = _NOBODY
    ) -> NextStep:
        """Decide what is done next, by the flags as they are now; see `selection.next_task`."""
        return self.perform(
            "next_task", caller, lambda op: selection.next_task(op, selection_key, owner)
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

    def schedule(self, task: ScheduledTaskDraft, caller: Caller = _NOBODY) -> None:
        """Put a task on the schedule, or replace it."""
        self.perform("schedule", caller, lambda op: task_rows.put_scheduled(
            op.tx, task, microseconds(op.now)
        ))  # fmt: skip

    # --- beliefs --------------------------------------------------------------------------------

    def add_belief(self, draft: BeliefDraft, caller: Caller = _NOBODY) -> Belief:
        """Hold a belief. Raises NotEditable."""
        return self.perform("add_belief", caller, lambda op: beliefs.add_belief(op, draft))

    def belief(self, belief_id: str, caller: Caller = _NOBODY) -> Belief:
        """Read a belief. Raises BeliefNotFound."""
        return self.look("belief", caller, lambda op: beliefs.find_belief(op, belief_id))

    def edit_belief(
        self,
        belief_id: str,
        patch: BeliefPatch,
        expected_version: int | None = None,
        caller: Caller = _NOBODY,
    ) -> Belief:
        """Change what the patch gives; see `beliefs.edit`."""
        return self.perform(
            "edit_belief",
            caller,
            lambda op: beliefs.edit_belief(op, belief_id, patch, expected_version),
        )

    # --- the whole store ------------------------------------------------------------------------

    def import_goals(self, goals: Sequence[GoalView], caller: Caller = _NOBODY) -> Imported:
        """Take goals over; see `edit.import_goals`."""
        return self.perform("import", caller, lambda op: edit.import_goals(op, goals))

    def statistics(self, caller: Caller = _NOBODY) -> Statistics:
        """Return the counters, and how many goals are in each state."""
        return self.look("statistics", caller, queries.statistics)

    def verify_ledger(self) -> int | None:
        """Return `seq` of the first link of the ledger that was tampered with; None: none was."""
        return self.look("verify", _NOBODY, lambda op: ledger_rows.verify(op.tx))
