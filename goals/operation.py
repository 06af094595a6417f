"""One command at work inside its transaction: what it uses, and how it writes goals and events."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Any, Literal, TypeVar

from .decisions import weights_of
from .errors import CheckerUnavailable, DeadlinePassed, GoalBlocked, GoalNotFound, VersionConflict
from .fields import utc_text
from .identity import Bits, Trace, make_id, microseconds
from .model import Belief, Goal, GoalState
from .policy import GoalFlags, GoalPolicy
from .ranking import Formula
from .store import goal_rows, ledger_rows
from .vetting import Vetter

NOTED = (GoalBlocked, DeadlinePassed, CheckerUnavailable)
"""Refusals that are noted in the ledger: what was written before they were raised is committed."""
EventName = Literal[
    "goal_created", "goal_updated", "goal_adopted", "goal_selected_for_execution",
    "goal_satisfied", "goal_abandoned", "goal_blocked_by_belief", "goal_approved",
    "goal_released", "goal_failed", "goal_deleted",
]  # fmt: skip
"""Events of the ledger. After `goal_failed`, the goal may be tried again."""
V = TypeVar("V", Goal, Belief)
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One command at work."""

    tx: Connection
    now: datetime
    """Time of the whole command, UTC."""
    actor: str
    """The caller, as the ledger shows it."""
    trace: Trace
    """The span of this command."""
    bits: Bits
    policy: GoalPolicy
    flags: GoalFlags
    vetter: Vetter

    @property
    def now_us(self) -> int:
        """Microseconds since 1970."""
        return microseconds(self.now)

    def formula(self) -> Formula:
        """Return the formula by which goals are ranked now."""
        return Formula(weights_of(self.tx), self.policy, self.now_us)

    def new_id(self, prefix: str) -> str:
        """Make a new id such as `goal_01j9…`."""
        return make_id(prefix, self.now, self.bits)

    def goal(self, goal_id: str, *, expected_version: int | None = None) -> Goal:
        """Return the goal as it is. Raises GoalNotFound, and VersionConflict if it is at another
        version than expected."""
        goal = goal_rows.find_goal(self.tx, goal_id)
        if goal is None:
            raise GoalNotFound(goal_id)
        if expected_version not in (None, goal.version):
            raise VersionConflict(f"goal {goal_id!r}", expected_version or 0, goal.version)
        return goal

    def add(self, goal: Goal, event: EventName, **data: Any) -> Goal:
        """Put a new goal into the store."""
        goal_rows.insert_goal(self.tx, goal)
        self.record(event, goal, None, **data)
        self._entered(goal)
        return goal

    def change(
        self,
        before: Goal,
        event: EventName,
        *,
        reason: str | None = None,
        data: dict[str, Any] | None = None,
        **changes: Any,
    ) -> Goal:
        """Write the next version of a goal, with its event. A goal that does not execute any more
        belongs to no selection. Raises VersionConflict."""
        if changes.get("state", GoalState.EXECUTING) is not GoalState.EXECUTING:
            changes["selection_key"] = None
        after = self.next_version(before, **changes)
        goal_rows.update_goal(self.tx, before, after)
        self.record(event, after, before.state, reason, **(data or {}))
        if after.state is not before.state:
            self._entered(after)
        return after

    def next_version(self, before: V, **changes: Any) -> V:
        """Return the next version of a goal or a belief."""
        updated_at = max(self.now, before.updated_at + _TICK)
        return before.changed(version=before.version + 1, updated_at=updated_at, **changes)

    def record(
        self, event: EventName, goal: Goal, state_from: GoalState | None,
        reason: str | None = None, **data: Any,
    ) -> None:  # fmt: skip
        """Write an event to the ledger; the goal is shown as it is after it."""
        ledger_rows.append(
            self.tx, ts=utc_text(self.now), event=event, goal_id=goal.id, version=goal.version,
            state_from=state_from, state_to=goal.state, actor=self.actor, reason=reason,
            trace_id=self.trace.trace_id, span_id=self.trace.span_id, data=data,
        )  # fmt: skip

    def count(self, name: str, **labels: str) -> None:
        """Count one more."""
        ledger_rows.count(self.tx, name, tuple(labels.items()))

    def _entered(self, goal: Goal) -> None:
        self.count("goals_total", category=goal.category.value, state=goal.state.value)
