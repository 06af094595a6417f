"""What is to be done next: a goal, as far as the flags let goals decide, or a scheduled task; and
how tasks for goals reach those who do them."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, Protocol

from .execution import release_expired
from .selection import select
from .decisions import weights_of
from .fields import utc_text
from .flags import GoalFlags
from .forms import TaskView
from .identity import Caller
from .model import Goal
from .operation import Operation
from .store import ranking_query, task_rows

if TYPE_CHECKING:
    from .goal_store import GoalStore

OnTrouble = Callable[[Exception], None]
_LOG = logging.getLogger(__name__)
_NOBODY = Caller()
_BATCH = 100
KEPT = timedelta(hours=24)
"""How long a key that got a scheduled task gets the same again; one that got a goal always does."""


class NextStep(NamedTuple):
    """What is to be done."""

    task: TaskView | None
    """None: nothing."""
    shadow: Goal | None = None
    """The goal that would have been taken, were it not for shadow mode."""
    replayed: bool = False
    """The key had got this task before."""


class TaskSink(Protocol):
    """Where tasks for goals go."""

    def submit(self, task: TaskView) -> None:
        """Take a task. It may come again after a crash: one whose `task_id` is known must be
        left alone. What is raised leaves it to be submitted later."""


def log_trouble(error: Exception) -> None:
    """Log that ranking in shadow mode failed."""
    _LOG.error("goal_shadow_failed: scheduled tasks go on without it", exc_info=error)


def next_task(
    op: Operation,
    flags: GoalFlags,
    selection_key: str,
    owner: str | None = None,
    on_trouble: OnTrouble = log_trouble,
) -> NextStep:
    """Decide what is done next, within a transaction.

    The same key gets the same task again; a key that got none is not used up. In shadow mode the
    best goal that is ready is told and logged, its text not checked once more; if ranking fails
    there, `on_trouble` is told and the scheduled task comes all the same.
    """
    kept = task_rows.find_selection(op.tx, selection_key)
    if kept is not None and kept.task is not None:
        task_rows.require_owner(kept, selection_key, owner)
        return NextStep(kept.task, replayed=True)
    # With goals switched off as well: those that still execute must not hang for ever.
    release_expired(op)
    shadow = None
    if flags.shadow:
        shadow = _would_take(op, selection_key, owner, on_trouble)
    elif flags.live and flags.draw(selection_key):
        selected = select(op, selection_key, owner)
        if selected is not None:
            return NextStep(selected.task)
    return NextStep(_take_scheduled(op, selection_key, owner), shadow)


def _would_take(
    op: Operation, selection_key: str, owner: str | None, on_trouble: OnTrouble
) -> Goal | None:
    try:
        best = ranking_query.ready_goals(
            op.tx, owner=owner, weights=weights_of(op.tx), policy=op.policy, now_us=op.now_us,
            limit=1,
        )  # fmt: skip
    except Exception as error:
        if not op.tx.in_transaction:  # the database gave up, not the ranking
            raise
        on_trouble(error)
        return None
    for goal in best:
        _LOG.info("goal_shadow_selected: %s for %s", goal.id, selection_key)
        return goal
    return None


def _take_scheduled(op: Operation, selection_key: str, owner: str | None) -> TaskView | None:
    due = task_rows.due_scheduled(op.tx, owner, op.now_us)
    if due is None:
        return None
    task_rows.take_scheduled(op.tx, due.task_id, op.now_us)
    task_rows.add_selection(op.tx, selection_key, owner, due.task, utc_text(op.now))
    task_rows.forget_scheduled(op.tx, utc_text(op.now - KEPT))
    return due.task


class TaskScheduler:
    """Gives out tasks: of goals and of the schedule.

    The store's flags are read at each selection, so that another `store.flags` holds from the
    next one on.
    """

    def __init__(self, store: "GoalStore", *, on_trouble: OnTrouble = log_trouble) -> None:
        self._store, self._on_trouble = store, on_trouble

    def get_next_task(
        self, selection_key: str, owner: str | None = None, caller: Caller = _NOBODY
    ) -> NextStep:
        """What is to be done now, for an owner or for nobody in particular."""
        return self._store.perform(
            "next_task",
            caller,
            lambda op: next_task(op, self._store.flags, selection_key, owner, self._on_trouble),
        )

    def submit_pending(self, sink: TaskSink) -> int:
        """Hand every task that no sink has had yet to this one, oldest first; how many.

        A crash between handing over and taking that down hands the task over again.
        """
        database, handed = self._store.database, 0
        while True:
            with database.reading() as tx:
                waiting = task_rows.unsubmitted(tx, _BATCH)
            for task in waiting:
                sink.submit(task)
                now = utc_text(self._store.clock())
                with database.transaction() as tx:
                    task_rows.mark_submitted(tx, task.task_id, now)
            handed += len(waiting)
            if not waiting:
                return handed
