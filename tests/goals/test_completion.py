"""The end of executions: satisfied, tried again, given up, given back."""

import pytest

from gdg_runtime.goals.errors import BadRequest, IllegalTransition
from gdg_runtime.goals.policy import GoalPolicy


def outcomes(bench):
    """Outcome and ending of each decision, in order."""
    return bench.rows(
        "SELECT outcome, json_extract(outcome_data, '$.ended') FROM decision_records "
        "ORDER BY task_id"
    )


class TestSatisfied:
    def test_K7_success_satisfies_a_goal_without_metrics(self, bench):
        goal = bench.execute()
        satisfied = bench.store.complete(goal.id, success=True)
        assert (satisfied.state, satisfied.selection_key) == ("satisfied", None)
        assert outcomes(bench) == [(1.0, "satisfied")]
        bench.check_books()

    def test_L5_the_event_tells_what_was_measured(self, bench):
        goal = bench.execute(success_metrics={"calm": 0.5})
        bench.store.complete(goal.id, success=True, measured={"calm": 0.5}, reason="done")
        event = bench.events()[-1]
        assert (event.event, event.reason) == ("goal_satisfied", "done")
        assert (event.state_from, event.state_to) == ("executing", "satisfied")
        assert event.data == {
            "attempt": 1, "ended": "satisfied", "success": True, "measured": {"calm": 0.5},
            "missed": [],
        }  # fmt: skip

    @pytest.mark.parametrize("measured", [{}, {"calm": 0.4999}, {"zeal": 1.0}])
    def test_M11_success_does_not_satisfy_while_a_metric_is_missed(self, bench, measured):
        goal = bench.execute(success_metrics={"calm": 0.5})
        after = bench.store.complete(goal.id, success=True, measured=measured)
        assert after.state == "adopted"
        assert bench.events()[-1].data["missed"] == ["calm"]


class TestFailed:
    def test_K7_a_failed_goal_is_tried_again_until_its_attempts_are_used_up(self, bench):
        goal = bench.adopt()
        states = []
        for number in range(3):
            bench.store.select_goal(f"k{number}")
            states.append(str(bench.store.complete(goal.id, success=False).state))
        assert states == ["adopted", "adopted", "abandoned"]
        assert bench.told(goal)[2:] == [
            "goal_selected_for_execution", "goal_failed",
            "goal_selected_for_execution", "goal_failed",
            "goal_selected_for_execution", "goal_abandoned",
        ]  # fmt: skip
        assert bench.events()[-1].reason == "attempts used up"
        assert outcomes(bench) == [(-0.5, "failed")] * 3
        bench.check_books()

    def test_K7_another_number_of_attempts_may_be_set(self, make_bench):
        bench = make_bench(policy=GoalPolicy(max_attempts=1))
        goal = bench.execute()
        assert bench.store.complete(goal.id, success=False, reason="broke").state == "abandoned"
        assert bench.events()[-1].reason == "broke"


class TestToldTwice:
    def test_the_end_of_an_attempt_told_again_changes_nothing(self, bench):
        goal = bench.execute()
        first = bench.store.complete(goal.id, success=False, attempt=1)
        assert bench.store.complete(goal.id, success=False, attempt=1) == first
        assert bench.store.complete(goal.id, success=True, attempt=1) == first
        assert bench.told().count("goal_failed") == 1

    def test_the_end_of_an_earlier_attempt_does_not_end_the_current_one(self, bench):
        goal = bench.execute(key="k1")
        bench.store.complete(goal.id, success=False, attempt=1)
        current = bench.store.select_goal("k2")
        assert bench.store.complete(goal.id, success=True, attempt=1) == current.goal
        assert bench.store.complete(goal.id, success=True, attempt=2).state == "satisfied"
        assert bench.store.complete(goal.id, success=True, attempt=2).state == "satisfied"

    def test_the_last_failure_told_again_changes_nothing(self, make_bench):
        bench = make_bench(policy=GoalPolicy(max_attempts=1))
        goal = bench.execute()
        first = bench.store.complete(goal.id, success=False, attempt=1)
        assert bench.store.complete(goal.id, success=False, attempt=1) == first

    def test_the_end_of_an_attempt_that_was_given_back_is_refused(self, bench):
        goal = bench.execute()
        bench.store.release(goal.id)
        with pytest.raises(BadRequest) as refused:
            bench.store.complete(goal.id, success=True, attempt=1)
        assert refused.value.code == "attempt-over"
        assert refused.value.facts["ended"] == "released"

    def test_an_attempt_that_has_not_begun_cannot_end(self, bench):
        goal = bench.execute()
        for attempt in (2, 7):
            with pytest.raises(IllegalTransition):
                bench.store.complete(goal.id, success=True, attempt=attempt)
        assert bench.state(goal) == "executing"

    def test_D4_each_execution_has_exactly_one_outcome(self, bench):
        goal = bench.execute(key="k1")
        bench.store.release(goal.id)
        bench.store.select_goal("k2")
        bench.store.complete(goal.id, success=False)
        bench.store.select_goal("k3")
        bench.store.abandon(goal.id)
        assert outcomes(bench) == [(0.0, "released"), (-0.5, "failed"), (0.0, "abandoned")]


class TestReleased:
    def test_a_released_goal_can_be_selected_again(self, bench):
        goal = bench.execute(key="k1")
        released = bench.store.release(goal.id, "shift is over")
        assert (released.state, released.attempts) == ("adopted", 1)
        event = bench.events()[-1]
        assert (event.event, event.reason) == ("goal_released", "shift is over")
        assert event.data == {"attempt": 1, "cause": "released", "task_id": f"goal:{goal.id}:1"}
        assert bench.store.select_goal("k2").goal.attempts == 2
        bench.check_books()

    def test_F7_executing_goals_are_neither_lost_nor_stuck_when_the_store_is_reopened(
        self, make_bench, tmp_path
    ):
        bench = make_bench(tmp_path / "goals.db")
        done, back = bench.execute("done", key="k1"), bench.execute("back", key="k2")
        bench.store.close()
        again = make_bench(tmp_path / "goals.db")
        assert again.store.complete(done.id, success=True, attempt=1).state == "satisfied"
        assert again.store.release(back.id).state == "adopted"
        again.check_books()


class TestOldFiles:
    def test_an_execution_without_a_decision_record_can_end(self, bench):
        goal = bench.execute()
        bench.write_behind_its_back("DELETE FROM decision_records")
        assert bench.store.complete(goal.id, success=True).state == "satisfied"


class TestTheLedgerOfOneLife:
    def test_L1_to_L7_one_life_emits_each_event_once_and_in_order(self, bench):
        bench.hold("core.calm")
        goal = bench.propose("a", contradicts=["core.calm"])
        with pytest.raises(Exception, match="contradicts"):
            bench.store.adopt(goal.id)
        bench.patch(goal, contradicts=[])
        bench.store.adopt(goal.id)
        bench.store.select_goal("k")
        bench.store.complete(goal.id, success=True)
        other = bench.propose("b")
        bench.store.abandon(other.id)
        assert bench.told() == [
            "goal_created", "goal_blocked_by_belief", "goal_updated", "goal_adopted",
            "goal_selected_for_execution", "goal_satisfied", "goal_created", "goal_abandoned",
        ]  # fmt: skip
        assert [event.seq for event in bench.events()] == list(range(1, 9))
        assert [event.version for event in bench.events()] == [1, 1, 2, 3, 4, 5, 1, 2]
        assert bench.store.verify_ledger() is None

    def test_L7_a_flipped_byte_is_found(self, bench):
        bench.execute()
        bench.write_behind_its_back("DROP TRIGGER ledger_is_not_changed")
        bench.write_behind_its_back("UPDATE ledger SET actor = 'nobody' WHERE seq = 2")
        assert bench.store.verify_ledger() == 2
