"""A GoalStore with a method for each command: short ways to goals and beliefs, for tests."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, TypeAlias

from gdg_runtime.goals import commands as c
from gdg_runtime.goals.identity import Caller
from gdg_runtime.goals.model import Belief, Goal, GoalDraft, GoalPatch
from gdg_runtime.goals.schemas import (
    BeliefDraft,
    BeliefPatch,
    Explanation,
    GoalAnswer,
    Imported,
    LedgerView,
    Ranking,
    ScheduledTaskDraft,
    Statistics,
)
from gdg_runtime.goals.selection import NextStep, Selection, next_task, select
from gdg_runtime.goals.store import ledger_rows
from gdg_runtime.goals.store.database import Database
from gdg_runtime.goals.store_api import GoalStore

LOCAL = Caller()
Events: TypeAlias = tuple[list[LedgerView], int | None]


class DirectStore(GoalStore):
    """Carries out commands without an idempotency key, and raises refusals."""

    @classmethod
    def open(cls, path: Path | str, *, durable: bool = True, read_only: bool = False,
             **settings: Any) -> Self:  # fmt: skip
        return cls(Database.open(path, durable=durable, read_only=read_only), **settings)

    def _goal(self, kind: c.Asks[GoalAnswer]) -> Goal:
        return self.execute(kind).goal

    def create(self, draft: GoalDraft, caller: Caller = LOCAL) -> Goal:
        return self._goal(c.CreateGoal(draft=draft, caller=caller))

    def get(self, goal_id: str) -> Goal:
        return self._goal(c.ReadGoal(goal_id=goal_id))

    def list(self, **wanted: Any) -> tuple[list[Goal], str | None]:
        page = self.execute(c.ListGoals(**wanted))
        return [*page.items], page.next_cursor

    def update(self, goal_id: str, patch: GoalPatch, expected_version: int | None = None,
               caller: Caller = LOCAL) -> Goal:  # fmt: skip
        return self._goal(c.EditGoal(
            goal_id=goal_id, patch=patch, expected_version=expected_version, caller=caller
        ))  # fmt: skip

    def approve(self, goal_id: str, caller: Caller = LOCAL) -> Goal:
        return self._goal(c.ApproveGoal(goal_id=goal_id, caller=caller))

    def adopt(self, goal_id: str, caller: Caller = LOCAL) -> GoalAnswer:
        return self.execute(c.AdoptGoal(goal_id=goal_id, caller=caller))

    def abandon(self, goal_id: str, reason: str | None = None, caller: Caller = LOCAL) -> Goal:
        return self._goal(c.AbandonGoal(goal_id=goal_id, reason=reason, caller=caller))

    def delete(self, goal_id: str, expected_version: int | None = None) -> Goal:
        return self._goal(c.DeleteGoal(goal_id=goal_id, expected_version=expected_version))

    def prioritized(self, **wanted: Any) -> Ranking:
        return self.execute(c.RankGoals(**wanted))

    def explain(self, goal_id: str) -> Explanation:
        return self.execute(c.ExplainGoal(goal_id=goal_id))

    def history(self, goal_id: str | None = None, **wanted: Any) -> Events:
        found = self.execute(c.ReadHistory(goal_id=goal_id, **wanted))
        return [*found.items], found.next_after

    def select_goal(
        self, key: str, owner: str | None = None, caller: Caller = LOCAL
    ) -> Selection | None:
        """Select a goal whatever the flags say."""
        return self.perform("select", caller, lambda op: select(op, key, owner))

    def complete(self, goal_id: str, *, success: bool, measured: Mapping[str, float] | None = None,
                 **fields: Any) -> Goal:  # fmt: skip
        return self._goal(c.CompleteGoal(
            goal_id=goal_id, success=success, measured=dict(measured or {}), **fields
        ))  # fmt: skip

    def release(self, goal_id: str, reason: str | None = None, caller: Caller = LOCAL) -> Goal:
        return self._goal(c.ReleaseGoal(goal_id=goal_id, reason=reason, caller=caller))

    def next_task(self, key: str, owner: str | None = None, caller: Caller = LOCAL) -> NextStep:
        return self.perform("next_task", caller, lambda op: next_task(op, key, owner))

    def schedule(self, task: ScheduledTaskDraft) -> None:
        self.execute(c.ScheduleTask(task=task))

    def add_belief(self, draft: BeliefDraft, caller: Caller = LOCAL) -> Belief:
        self.execute(c.AddBelief(draft=draft, caller=caller))
        return self.belief(draft.id)

    def belief(self, belief_id: str) -> Belief:
        return self.execute(c.ReadBelief(belief_id=belief_id)).belief

    def edit_belief(self, belief_id: str, patch: BeliefPatch, expected_version: int | None = None,
                    caller: Caller = LOCAL) -> Belief:  # fmt: skip
        edited = self.execute(c.EditBelief(
            belief_id=belief_id, patch=patch, expected_version=expected_version, caller=caller
        ))  # fmt: skip
        return edited.belief

    def import_goals(self, goals: Any, caller: Caller = LOCAL) -> Imported:
        return self.execute(c.ImportGoals(goals=goals, caller=caller))

    def statistics(self) -> Statistics:
        return self.execute(c.ReadStatistics())

    def verify_ledger(self) -> int | None:
        with self.database.reading() as tx:
            return ledger_rows.verify(tx)
