"""S1: any sequence of creating, reading, editing and deleting does what a dict would do."""

from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from specimens import dependents, goal_fields

from gdg_runtime.goals.errors import VersionConflict
from gdg_runtime.goals.model import Goal, GoalState
from gdg_runtime.goals.store.database import Database
from gdg_runtime.goals.store.goal_rows import (
    count_by_state,
    find_goal,
    insert_goal,
    page_of_goals,
    update_goal,
)


class Goals(RuleBasedStateMachine):
    """A store beside a dict that says what it should hold."""

    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.database = Database.open(":memory:")
        self.expected: dict[str, Goal] = {}

    def teardown(self) -> None:
        self.database.close()

    @rule(target=ids, fields=goal_fields(), state=st.sampled_from(GoalState), on=st.data())
    def create(self, fields: dict[str, Any], state: GoalState, on: st.DataObject) -> str:
        waits_for = on.draw(st.sets(st.sampled_from(["unknown", *self.expected]), max_size=3))
        name = f"goal_{len(self.expected)}"
        goal = Goal.model_construct(
            id=name, state=state, depends_on=tuple(sorted(waits_for)), **fields
        )
        with self.database.transaction() as tx:
            insert_goal(tx, goal)
        self.expected[name] = goal
        return name

    @rule(name=ids, fields=goal_fields(), state=st.sampled_from(GoalState))
    def edit(self, name: str, fields: dict[str, Any], state: GoalState) -> None:
        before = self.expected[name]
        if before.deleted_at is not None:
            state = GoalState.ABANDONED
        after = before.changed(**fields, state=state, version=before.version + 1)
        with self.database.transaction() as tx:
            update_goal(tx, before, after)
        self.expected[name] = after

    @rule(name=ids)
    def edit_what_was_read_long_ago(self, name: str) -> None:
        now = self.expected[name]
        stale = now.changed(version=now.version + 1)
        try:
            with self.database.transaction() as tx:
                update_goal(tx, stale, stale.changed(value=0.123, version=stale.version + 1))
        except VersionConflict as conflict:
            assert conflict.current == now.version
        else:
            raise AssertionError("a goal was overwritten")

    @rule(name=ids)
    def fail_half_way(self, name: str) -> None:
        before = self.expected[name]
        try:
            with self.database.transaction() as tx:
                update_goal(tx, before, before.changed(text="lost", version=before.version + 1))
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            pass

    @rule(name=ids)
    def delete(self, name: str) -> None:
        before = self.expected[name]
        after = before.changed(state=GoalState.ABANDONED, version=before.version + 1,
            deleted_at=before.updated_at + timedelta(seconds=1),
        )  # fmt: skip
        with self.database.transaction() as tx:
            update_goal(tx, before, after)
        self.expected[name] = after

    @invariant()
    def holds_what_the_dict_holds(self) -> None:
        alive = [goal for goal in self.expected.values() if goal.deleted_at is None]
        with self.database.reading() as tx:
            for name, goal in self.expected.items():
                assert find_goal(tx, name, include_deleted=True) == goal
                assert (find_goal(tx, name) is None) == (goal.deleted_at is not None)
            listed, _ = page_of_goals(tx, limit=1000)
            assert listed == sorted(
                sorted(alive, key=lambda goal: goal.id),
                key=lambda goal: goal.created_at, reverse=True,
            )  # fmt: skip
            for state, count in count_by_state(tx).items():
                assert count == sum(goal.state == state for goal in alive)
            self._standing_is_right(tx)

    def _standing_is_right(self, tx: Any) -> None:
        done = {
            goal.id for goal in self.expected.values()
            if goal.state == GoalState.SATISFIED and goal.deleted_at is None
        }  # fmt: skip
        for row in tx.execute("SELECT id, open_dependencies FROM goals"):
            waits_for = self.expected[row["id"]].depends_on
            assert row["open_dependencies"] == sum(other not in done for other in waits_for)
            assert all(row["id"] in dependents(tx, other) for other in waits_for)


TestGoalsAreWhatADictWouldHold = Goals.TestCase
TestGoalsAreWhatADictWouldHold.settings = settings(
    max_examples=15, stateful_step_count=15, deadline=None
)
