"""Selecting: which goal, vetted once more, under one key once; and what is written with it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from gdg_runtime.goals.errors import BadRequest, CheckerUnavailable
from gdg_runtime.goals.policy import GoalPolicy
from gdg_runtime.goals.schemas import ScheduledTaskDraft
from gdg_runtime.goals.vetting import Vetting


def taken(bench, key="k", owner=None):
    """The text of the goal that is selected."""
    selected = bench.store.select_goal(key, owner)
    return None if selected is None else selected.goal.text


class TestReadiness:
    def test_K6_the_best_goal_that_is_ready_is_selected(self, bench):
        bench.hold("core.calm", active=False)
        bench.propose("not adopted", value=1.0)
        bench.adopt("not begun", value=0.99, horizon_min_min=5)
        first = bench.propose("first")
        bench.adopt("waits", value=0.98, depends_on=[first.id])
        bench.store.delete(bench.adopt("deleted", value=0.97).id)
        bench.adopt("forbidden", value=0.96, contradicts=["core.calm"])
        bench.store.abandon(bench.adopt("abandoned", value=0.95).id)
        bench.adopt("good", value=0.6)
        bench.adopt("better", value=0.7)
        bench.switch("core.calm", active=True)
        assert [taken(bench, f"k{number}") for number in range(3)] == ["better", "good", None]

    def test_K6_goals_of_other_owners_are_left_alone(self, bench):
        bench.adopt("ann's", value=0.9, owner="ann")
        bench.adopt("bob's", value=0.5, owner="bob")
        assert taken(bench, "k1", "bob") == "bob's"
        assert taken(bench, "k2", "bob") is None
        assert taken(bench, "k3") == "ann's"

    @pytest.mark.parametrize(
        ("overdue", "order"),
        [
            ("penalise", ["plain", "late"]),
            ("boost", ["late", "plain"]),
            ("skip", ["plain", None]),
            ("abandon", ["plain", None]),
        ],
    )
    def test_K6_what_becomes_of_an_overdue_goal_is_set_by_policy(self, make_bench, overdue, order):
        bench = make_bench(policy=GoalPolicy(overdue=overdue))
        late = bench.adopt("late", horizon_max_min=10)
        bench.adopt("plain")
        bench.clock.turn(minutes=10)
        assert [taken(bench, "k1"), taken(bench, "k2")] == order
        if overdue == "abandon":
            event = bench.events(late)[-1]
            assert (event.event, event.reason) == ("goal_abandoned", "overdue")
            assert bench.state(late) == "abandoned"
            assert bench.counts("goals_total")["exploration", "abandoned"] == 1
        elif overdue == "skip":
            assert bench.state(late) == "adopted"
            assert bench.store.explain(late.id).ranked.blocked_by == ("overdue",)

    def test_an_overdue_goal_is_abandoned_whoever_selects(self, make_bench):
        bench = make_bench(policy=GoalPolicy(overdue="abandon"))
        late = bench.adopt("late", horizon_max_min=10, owner="ann")
        bench.clock.turn(minutes=10)
        assert taken(bench, owner="bob") is None
        assert bench.state(late) == "abandoned"


class TestVettingOnceMore:
    def test_B9_a_goal_that_became_forbidden_is_skipped_and_told_once(self, bench):
        bench.hold("core.calm", active=False)
        forbidden = bench.adopt("forbidden", value=0.9, contradicts=["core.calm"])
        bench.adopt("fine", value=0.1)
        bench.switch("core.calm", active=True)
        assert [taken(bench, f"k{number}") for number in range(3)] == ["fine", None, None]
        blocks = [event for event in bench.events() if event.event == "goal_blocked_by_belief"]
        assert [(event.goal_id, event.reason) for event in blocks] == [
            (forbidden.id, "active_contradiction")
        ]
        assert blocks[0].data["phase"] == "select"
        assert blocks[0].data["belief_ids"] == ["core.calm"]
        assert bench.counts("goal_blocked_by_belief_total") == {("core.calm",): 1}
        assert bench.state(forbidden) == "adopted"

    def test_B9_it_is_selected_when_the_belief_is_given_up_and_told_of_when_it_returns(self, bench):
        bench.hold("core.calm", active=False)
        goal = bench.adopt(contradicts=["core.calm"])
        for number in range(2):
            bench.switch("core.calm", active=True)
            assert taken(bench, f"no {number}") is None
            bench.switch("core.calm", active=False)
        assert bench.told(goal).count("goal_blocked_by_belief") == 2
        assert taken(bench) == goal.text

    def test_B9_a_text_that_was_edited_behind_the_stores_back_is_caught(self, bench):
        goal = bench.adopt("do good", value=0.9)
        bench.adopt("fine", value=0.1)
        bench.checker.by_word["evil"] = 0.6
        bench.write_behind_its_back("UPDATE goals SET text = 'do evil' WHERE id = ?", (goal.id,))
        assert taken(bench, "k1") == "fine"
        event = bench.events(goal)[-1]
        assert (event.event, event.reason) == ("goal_blocked_by_belief", "severity")
        assert bench.counts("goal_blocked_by_belief_total") == {("core.word",): 1}
        assert taken(bench, "k2") is None
        assert bench.told(goal).count("goal_blocked_by_belief") == 1

    def test_B8_another_reason_is_told_once_more_and_the_same_one_is_not(self, bench):
        bench.hold("core.calm", active=False)
        goal = bench.adopt(contradicts=["core.calm"])
        bench.checker.error = RuntimeError()
        for number in range(2):
            assert taken(bench, f"failed {number}") is None
        bench.checker.error = None
        bench.switch("core.calm", active=True)
        for number in range(2):
            assert taken(bench, f"forbidden {number}") is None
        bench.switch("core.calm", active=False)
        bench.checker.find(core__a=0.9)
        for number in range(2):
            assert taken(bench, f"severe {number}") is None
        bench.checker.find(core__b=0.9)
        assert taken(bench, "of another belief") is None
        blocks = [event for event in bench.events(goal) if event.event == "goal_blocked_by_belief"]
        assert [(block.reason, block.data["belief_ids"]) for block in blocks] == [
            ("checker_error", []),
            ("active_contradiction", ["core.calm"]),
            ("severity", ["core.a"]),
            ("severity", ["core.b"]),
        ]

    def test_B8_a_block_is_told_again_once_the_goal_was_executed_in_between(self, bench):
        goal = bench.adopt("do evil")
        for number in range(2):
            bench.checker.by_word["evil"] = 0.6
            assert taken(bench, f"no {number}") is None
            bench.checker.by_word.clear()
            assert taken(bench, f"yes {number}") == "do evil"
            bench.store.release(goal.id)
        assert bench.told(goal).count("goal_blocked_by_belief") == 2

    def test_B9_however_many_goals_are_blocked_the_next_one_is_found(self, bench):
        for number in range(40):
            bench.adopt(f"evil {number}", value=0.9)
        bench.adopt("good", value=0.1)
        bench.checker.by_word["evil"] = 1.0
        assert taken(bench) == "good"
        assert bench.told().count("goal_blocked_by_belief") == 40

    def test_B3_no_vetter_can_let_a_forbidden_goal_be_selected(self, make_bench):
        class Lenient:
            def vet(self, goal, bearing):
                return Vetting()

        bench = make_bench(vetter=Lenient())
        goal = bench.adopt(contradicts=["core.calm"])
        bench.hold("core.calm")
        assert taken(bench) is None
        assert bench.told(goal) == ["goal_created", "goal_adopted"]

    def test_without_a_checker_nothing_is_selected(self, bench):
        goal = bench.adopt()
        bench.checker.error = CheckerUnavailable("x")
        assert taken(bench, "k1") is None
        assert bench.events(goal)[-1].reason == "checker_error"
        bench.checker.error = None
        assert taken(bench, "k2") == goal.text
        bench.check_books()

    def test_L7_a_goal_is_told_of_again_after_it_went_through_once(self, bench):
        goal = bench.adopt("evil")
        bench.checker.by_word["evil"] = 1.0
        assert taken(bench, "k1") is None
        bench.checker.by_word.clear()
        assert taken(bench, "k2") == "evil"
        bench.store.release(goal.id)
        bench.checker.by_word["evil"] = 1.0
        assert taken(bench, "k3") is None
        assert bench.told(goal).count("goal_blocked_by_belief") == 2


class TestOnce:
    def test_T2_the_same_key_gets_the_same_task(self, bench):
        goal = bench.execute(key="k")
        again = bench.store.select_goal("k")
        assert again is not None and again.goal == goal
        assert again.task.task_id == f"goal:{goal.id}:1"
        assert bench.counts("goal_selected_total") == {(): 1}

    def test_T2_the_same_key_gets_the_same_task_whatever_became_of_the_goal(self, bench):
        goal = bench.execute(key="k")
        bench.store.complete(goal.id, success=True)
        bench.store.delete(goal.id)
        bench.adopt("other")
        again = bench.store.select_goal("k")
        assert again is not None and again.task.task_id == f"goal:{goal.id}:1"
        assert again.goal.deleted_at is not None

    def test_a_key_that_got_a_scheduled_task_gets_no_goal(self, bench):
        bench.store.schedule(ScheduledTaskDraft(task_id="sweep", text="sweep"))
        assert bench.store.next_task("k").task.task_id == "sweep"
        bench.adopt()
        assert bench.store.select_goal("k") is None

    def test_a_key_that_found_nothing_may_find_something_later(self, bench):
        assert taken(bench) is None
        bench.adopt("late")
        assert taken(bench) == "late"

    def test_T2_of_many_selectors_one_gets_the_goal(self, make_bench, tmp_path):
        bench = make_bench(tmp_path / "goals.db")
        bench.adopt("wanted")
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda number: taken(bench, f"k{number}"), range(16)))
        assert sorted(found, key=str) == [None] * 15 + ["wanted"]
        bench.check_books()

    def test_T3_each_attempt_has_a_task_of_its_own(self, bench):
        goal = bench.execute(key="k1")
        bench.store.release(goal.id)
        assert bench.store.select_goal("k2").task.task_id == f"goal:{goal.id}:2"
        assert bench.rows("SELECT task_id, closed_at IS NULL FROM tasks ORDER BY task_id") == [
            (f"goal:{goal.id}:1", 0), (f"goal:{goal.id}:2", 1),
        ]  # fmt: skip


class TestWhatIsWritten:
    def test_K5_the_task_tells_all_that_is_needed_to_do_it(self, bench):
        goal = bench.adopt("do it", success_metrics={"calm": 0.5}, metadata={"hint": "slowly"})
        task = bench.store.select_goal("k").task
        ((record_id,),) = bench.rows("SELECT record_id FROM decision_records")
        assert (task.kind, task.text, task.goal_id, task.attempt) == ("goal", "do it", goal.id, 1)
        assert task.success_metrics == {"calm": 0.5}
        assert task.metadata == {"hint": "slowly"}
        assert task.decision_record_id == record_id
        assert task.trace_id is not None and task.span_id is not None

    def test_D4_the_decision_is_recorded_with_weights_and_score(self, bench):
        goal = bench.execute(value=0.8, effort=0.3, risk=0.1)
        raw = bench.store.explain(goal.id).ranked.raw_score
        assert bench.rows(
            "SELECT decision_id, goal_id, task_id, selection_key, score, outcome "
            "FROM decision_records"
        ) == [("goal_selected", goal.id, f"goal:{goal.id}:1", "k1", raw, None)]
        assert raw == pytest.approx(0.71)

    def test_D4_the_score_counts_the_alignment(self, bench):
        bench.hold("core.a")
        bench.execute(value=0.8, effort=0.3, risk=0.1, aligns_with=["core.a"])
        ((score,),) = bench.rows("SELECT score FROM decision_records")
        assert score == pytest.approx(0.76)

    def test_L4_the_event_tells_key_task_and_record(self, bench):
        goal = bench.execute()
        event = bench.events()[-1]
        assert event.event == "goal_selected_for_execution"
        assert (event.state_from, event.state_to) == ("adopted", "executing")
        assert event.data["selection_key"] == "k1"
        assert event.data["task_id"] == f"goal:{goal.id}:1"
        assert sorted(event.data) == [
            "decision_record_id", "score", "selection_key", "task_id",
        ]  # fmt: skip

    def test_X3_selections_are_counted(self, bench):
        goal = bench.execute(key="k1")
        bench.store.release(goal.id)
        taken(bench, "k2")
        taken(bench, "k2")
        assert bench.counts("goal_selected_total") == {(): 2}


class TestLeases:
    def test_an_execution_without_a_word_is_given_back(self, make_bench):
        bench = make_bench(policy=GoalPolicy(lease_min=10))
        goal = bench.execute(key="k1")
        bench.clock.turn(minutes=9, seconds=59)
        assert taken(bench, "k2") is None
        bench.clock.turn(seconds=1)
        selected = bench.store.select_goal("k3")
        assert selected is not None and selected.task.attempt == 2
        released = bench.events(goal)[-2]
        assert (released.event, released.reason) == ("goal_released", "lease")
        assert bench.rows("SELECT outcome FROM decision_records ORDER BY outcome") == [
            (None,), (-1.0,),
        ]  # fmt: skip
        bench.check_books()

    def test_out_of_attempts_it_is_given_up(self, make_bench):
        bench = make_bench(policy=GoalPolicy(lease_min=10, max_attempts=2))
        goal = bench.execute(key="k1")
        for number in range(2):
            bench.clock.turn(minutes=10)
            taken(bench, f"again {number}")
        assert bench.state(goal) == "abandoned"
        assert bench.told(goal)[-3:] == [
            "goal_selected_for_execution", "goal_released", "goal_abandoned",
        ]  # fmt: skip
        bench.check_books()

    def test_without_leases_an_execution_may_take_for_ever(self, bench):
        goal = bench.execute()
        bench.clock.turn(days=1000)
        assert taken(bench, "k2") is None
        assert bench.state(goal) == "executing"


def test_T2_a_key_that_was_used_for_somebody_else_is_refused(make_bench) -> None:
    bench = make_bench()
    goal = bench.adopt(owner="a")
    assert bench.store.select_goal("key", "a").goal.id == goal.id
    for owner in ("b", None):
        with pytest.raises(BadRequest) as refused:
            bench.store.select_goal("key", owner)
        assert refused.value.code == "selection-key-taken"
    assert bench.store.select_goal("key", "a").goal.id == goal.id
