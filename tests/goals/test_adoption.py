"""Adopting, approving and abandoning: the table of states, and doing it twice."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from gdg_runtime.goals.errors import (
    ApprovalRequired,
    GoalBlocked,
    GoalNotFound,
    IllegalTransition,
)
from gdg_runtime.goals.policy import GoalPolicy


def in_state(bench, state):
    """A goal in this state."""
    if state == "proposed":
        return bench.propose()
    if state == "adopted":
        return bench.adopt()
    goal = bench.execute()
    if state == "satisfied":
        return bench.store.complete(goal.id, success=True)
    if state == "abandoned":
        return bench.store.abandon(goal.id)
    return goal


DO = {
    "adopt": lambda bench, goal: bench.store.adopt(goal.id).goal,
    "abandon": lambda bench, goal: bench.store.abandon(goal.id),
    "complete": lambda bench, goal: bench.store.complete(goal.id, success=True),
    "release": lambda bench, goal: bench.store.release(goal.id),
}
TABLE = {
    ("proposed", "adopt"): "adopted",
    ("proposed", "abandon"): "abandoned",
    ("adopted", "adopt"): None,
    ("adopted", "abandon"): "abandoned",
    ("executing", "adopt"): None,
    ("executing", "abandon"): "abandoned",
    ("executing", "complete"): "satisfied",
    ("executing", "release"): "adopted",
    ("satisfied", "complete"): None,
    ("abandoned", "abandon"): None,
}
"""(from, command) to the state that it leads to; None: there is nothing to do. All else is
refused."""
STATES = ("proposed", "adopted", "executing", "satisfied", "abandoned")


class TestTheTableOfStates:
    @pytest.mark.parametrize("command", DO)
    @pytest.mark.parametrize("state", STATES)
    def test_each_command_does_in_each_state_what_the_table_says(self, bench, state, command):
        goal = in_state(bench, state)
        told, counted = bench.told(), bench.store.statistics().counters
        if (state, command) not in TABLE:
            with pytest.raises(IllegalTransition) as refused:
                DO[command](bench, goal)
            assert refused.value.facts["state"] == state
            assert bench.store.get(goal.id) == goal
            assert bench.told() == told
        elif TABLE[state, command] is None:
            assert DO[command](bench, goal) == goal
            assert bench.told() == told
            assert bench.store.statistics().counters == counted
        else:
            changed = DO[command](bench, goal)
            assert changed.state == TABLE[state, command]
            assert changed.version == goal.version + 1
            assert len(bench.told()) == len(told) + 1
        bench.check_books()


class TestAdopting:
    def test_an_unknown_goal_is_told_as_such(self, bench):
        with pytest.raises(GoalNotFound):
            bench.store.adopt("goal_none")

    def test_T1_adopting_again_and_again_is_adopting_once(self, bench):
        goal = bench.propose()
        answers = [bench.store.adopt(goal.id).goal for _ in range(5)]
        assert {answer.version for answer in answers} == {2}
        assert bench.told() == ["goal_created", "goal_adopted"]
        assert bench.counts("goals_adopted_total") == {(): 1}

    def test_T1_adopting_from_many_threads_is_adopting_once(self, make_bench, tmp_path):
        bench = make_bench(tmp_path / "goals.db")
        goal = bench.propose()
        with ThreadPoolExecutor(8) as pool:
            states = list(pool.map(lambda _: bench.store.adopt(goal.id).goal.state, range(16)))
        assert set(states) == {"adopted"}
        assert bench.told() == ["goal_created", "goal_adopted"]
        assert bench.counts("goals_adopted_total") == {(): 1}

    def test_L3_the_event_tells_of_the_change(self, bench):
        goal = bench.adopt()
        event = bench.events()[-1]
        assert (event.event, event.goal_id, event.version) == ("goal_adopted", goal.id, 2)
        assert (event.state_from, event.state_to) == ("proposed", "adopted")
        assert (event.actor, event.reason) == ("local", None)

    def test_X1_each_entry_into_a_state_is_counted(self, bench):
        goal = bench.execute(category="maintenance")
        bench.store.release(goal.id)
        bench.store.abandon(goal.id)
        bench.propose(category="exploration")
        assert bench.counts("goals_total") == {
            ("maintenance", "proposed"): 1,
            ("maintenance", "adopted"): 2,
            ("maintenance", "executing"): 1,
            ("maintenance", "abandoned"): 1,
            ("exploration", "proposed"): 1,
        }
        assert bench.counts("goals_adopted_total") == {(): 1}


class TestApproval:
    def test_a_goal_that_asks_for_approval_is_not_adopted_without(self, bench):
        goal = bench.propose(requires_approval=True)
        with pytest.raises(ApprovalRequired):
            bench.store.adopt(goal.id)
        assert bench.store.get(goal.id) == goal
        assert bench.told() == ["goal_created"]

    def test_once_approved_it_is_adopted(self, bench):
        goal = bench.propose(requires_approval=True)
        approved = bench.store.approve(goal.id)
        assert (approved.approved_by, approved.version) == ("local", 2)
        assert bench.store.adopt(goal.id).goal.state == "adopted"
        assert bench.told() == ["goal_created", "goal_approved", "goal_adopted"]

    def test_approving_twice_is_approving_once(self, bench):
        goal = bench.propose(requires_approval=True)
        assert bench.store.approve(goal.id) == bench.store.approve(goal.id)
        assert bench.told().count("goal_approved") == 1

    def test_all_goals_may_need_approval(self, make_bench):
        bench = make_bench(policy=GoalPolicy(approve_all=True))
        goal = bench.propose()
        with pytest.raises(ApprovalRequired):
            bench.store.adopt(goal.id)

    @pytest.mark.parametrize("state", ["executing", "satisfied", "abandoned"])
    def test_what_is_no_more_to_be_decided_cannot_be_approved(self, bench, state):
        goal = in_state(bench, state)
        with pytest.raises(IllegalTransition):
            bench.store.approve(goal.id)

    def test_an_approval_does_not_cover_what_is_written_afterwards(self, bench):
        goal = bench.propose("tidy up", requires_approval=True)
        bench.store.approve(goal.id)
        assert bench.patch(goal, value=0.9).approved_by == "local"
        assert bench.patch(goal, text="wipe the disk").approved_by is None
        with pytest.raises(ApprovalRequired):
            bench.store.adopt(goal.id)

    def test_an_adopted_goal_whose_approval_lapsed_is_not_selected(self, bench):
        goal = bench.propose("tidy up", requires_approval=True)
        bench.store.approve(goal.id)
        bench.store.adopt(goal.id)
        bench.patch(goal, text="wipe the disk")
        assert bench.store.select_goal("k") is None
        bench.store.approve(goal.id)
        assert bench.store.select_goal("k") is not None


class TestAbandoning:
    def test_A6_a_reason_stands_in_the_ledger(self, bench):
        goal = bench.propose()
        bench.store.abandon(goal.id, "no use")
        event = bench.events()[-1]
        assert (event.event, event.reason) == ("goal_abandoned", "no use")

    def test_D4_abandoning_an_execution_ends_it(self, bench):
        goal = bench.execute()
        abandoned = bench.store.abandon(goal.id)
        assert abandoned.selection_key is None
        assert bench.rows("SELECT outcome FROM decision_records") == [(0.0,)]
        bench.check_books()


class TestBlockedGoals:
    def test_a_blocked_goal_can_be_abandoned(self, bench):
        bench.hold("core.calm")
        goal = bench.propose(contradicts=["core.calm"])
        with pytest.raises(GoalBlocked):
            bench.store.adopt(goal.id)
        assert bench.store.abandon(goal.id).state == "abandoned"
