"""The store as a library: create, read, list, delete, lock, and what stays after reopening."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from math import nan
from random import Random
from typing import Any

import pytest
from direct_store import DirectStore
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from pydantic import ValidationError

from gdg_runtime.goals.commands import SetParameter
from gdg_runtime.goals.errors import (
    BadRequest,
    GoalError,
    GoalNotFound,
    NotEditable,
    StoreUnusable,
    VersionConflict,
)
from gdg_runtime.goals.identity import Caller, Trace
from gdg_runtime.goals.model import Goal, GoalDraft, GoalPatch, Weights
from gdg_runtime.goals.policy import GoalPolicy

START = datetime(2025, 11, 8, tzinfo=UTC)


class TestTheModel:
    def test_M1_a_goal_has_the_specified_fields_a_version_and_a_soft_delete(self):
        assert [*Goal.model_fields][:17] == [
            "id", "text", "category", "value", "effort", "risk", "horizon_min_min",
            "horizon_max_min", "aligns_with", "contradicts", "success_metrics", "state",
            "created_at", "updated_at", "metadata", "version", "deleted_at",
        ]  # fmt: skip

    def test_M2_ids_are_made_by_the_store_and_sort_by_time(self, bench):
        first = bench.propose()
        bench.clock.turn(milliseconds=1)
        second = bench.propose()
        assert first.id.startswith("goal_") and len(first.id) == len("goal_") + 26
        assert first.id < second.id

    def test_M2_the_source_of_ids_is_injected(self, make_bench):
        ids = [make_bench(bits=Random(3).getrandbits).propose().id for _ in range(2)]
        assert ids[0] == ids[1]
        assert make_bench(bits=Random(4).getrandbits).propose().id != ids[0]

    def test_M8_a_goal_is_not_selected_before_its_earliest_start(self, bench):
        goal = bench.adopt(horizon_min_min=30)
        bench.clock.turn(minutes=30, microseconds=-1)
        assert bench.store.select_goal("early") is None
        bench.clock.turn(microseconds=1)
        selected = bench.store.select_goal("in time")
        assert selected is not None and selected.goal.id == goal.id

    def test_M9_the_deadline_counts_from_creation(self, bench):
        goal = bench.propose(horizon_max_min=60)
        assert goal.deadline == goal.created_at + timedelta(hours=1)
        assert bench.patch(goal, horizon_max_min=None).deadline is None

    def test_M10_belief_ids_keep_their_order_and_lose_what_is_double(self, bench):
        goal = bench.propose(aligns_with=["b", "a", "b"], contradicts=["d", "c", "d"])
        stored = bench.store.get(goal.id)
        assert (stored.aligns_with, stored.contradicts) == (("b", "a"), ("d", "c"))

    def test_M11_success_metrics_are_kept_in_their_order(self, bench):
        goal = bench.propose(success_metrics={"zeal": 0.5, "calm": -2.0})
        assert list(bench.store.get(goal.id).success_metrics.items()) == [
            ("zeal", 0.5), ("calm", -2.0),
        ]  # fmt: skip

    def test_M12_new_goals_are_proposed(self, bench):
        assert bench.propose().state == "proposed"

    @pytest.mark.parametrize("form", [GoalDraft, GoalPatch])
    @pytest.mark.parametrize("field", ["state", "id", "version", "created_at", "updated_at"])
    def test_M12_what_the_store_decides_cannot_be_asked_for(self, form, field):
        with pytest.raises(ValidationError, match=field):
            form.model_validate({"text": "a", "category": "exploration", field: "satisfied"})

    def test_M13_times_come_from_the_clock_and_updated_at_rises_with_each_version(self, bench):
        goal = bench.propose()
        assert goal.created_at == goal.updated_at == bench.clock.now
        times = [goal.updated_at]
        for number in range(3):
            times.append(bench.patch(goal, value=number / 10).updated_at)
        bench.clock.turn(hours=-1)
        times.append(bench.patch(goal, value=0.9).updated_at)
        assert times == sorted(set(times))
        bench.clock.turn(hours=2)
        assert bench.patch(goal, value=1.0).updated_at == bench.clock.now

    def test_M14_metadata_comes_back_as_it_was(self, bench):
        metadata = {"z": [1, 2.5, None, {"ä": "😀"}], "a": True}
        goal = bench.propose(metadata=metadata)
        assert list(bench.store.get(goal.id).metadata.items()) == list(metadata.items())


class TestReading:
    def test_an_unknown_goal_is_told_as_such(self, bench):
        with pytest.raises(GoalNotFound):
            bench.store.get("goal_none")

    def test_S2_goals_are_listed_newest_first_by_state_and_category(self, bench):
        made = []
        for number in range(6):
            category = "exploration" if number % 2 else "maintenance"
            made.append(bench.propose(str(number + 1), category=category))
            bench.clock.turn(seconds=1)
        bench.store.adopt(made[0].id)
        newest = [goal.text for goal in bench.store.list()[0]]
        assert newest == ["6", "5", "4", "3", "2", "1"]
        assert [goal.text for goal in bench.store.list(states=("adopted",))[0]] == ["1"]
        odd = bench.store.list(category="maintenance", limit=2)
        assert [goal.text for goal in odd[0]] == ["5", "3"]
        rest = bench.store.list(category="maintenance", limit=2, cursor=odd[1])
        assert ([goal.text for goal in rest[0]], rest[1]) == (["1"], None)

    def test_S2_goals_that_come_in_while_pages_are_turned_change_no_page(self, bench):
        for number in range(5):
            bench.propose(str(number + 1))
            bench.clock.turn(seconds=1)
        first, cursor = bench.store.list(limit=2)
        bench.propose("late")
        second, _ = bench.store.list(limit=3, cursor=cursor)
        assert [goal.text for goal in (*first, *second)] == ["5", "4", "3", "2", "1"]

    def test_X6_all_five_states_are_always_counted(self, bench):
        assert bench.store.statistics().by_state == {
            "proposed": 0, "adopted": 0, "executing": 0, "satisfied": 0, "abandoned": 0,
        }  # fmt: skip
        bench.execute()
        bench.propose()
        by_state = bench.store.statistics().by_state
        assert (by_state["executing"], by_state["proposed"]) == (1, 1)

    def test_all_matching_goals_are_ranked_before_the_limit(self, bench):
        best = bench.propose("best", value=1.0)
        for number in range(60):
            bench.clock.turn(seconds=1)
            bench.propose(f"newer {number}", value=0.1)
        ranked = bench.store.prioritized(limit=1)
        assert [one.goal.id for one in ranked.items] == [best.id]
        assert ranked.considered == 61

    def test_R5_another_beginning_may_be_set_for_the_weights(self, make_bench):
        weights = Weights(1.0, 0.0, 0.0, 0.0, 0.0)
        used = make_bench(starting_weights=weights).store.prioritized().weights_used
        assert used.model_dump(exclude={"age"}) == weights._asdict()

    def test_a_goal_is_explained_in_words(self, bench):
        bench.hold("core.calm")
        goal = bench.propose(contradicts=["core.calm"])
        explained = bench.store.explain(goal.id)
        assert explained.ranked.blocked_by == ("belief:core.calm",)
        assert explained.ranked.raw_score <= -1.0
        assert any("core.calm" in line for line in explained.lines)

    def test_S3_the_history_of_a_deleted_goal_stands_in_the_whole_ledger_alone(self, bench):
        goal = bench.propose()
        bench.store.delete(goal.id)
        events, _ = bench.store.history()
        assert [event.event for event in events] == ["goal_created", "goal_deleted"]
        for goal_id in (goal.id, "goal_none"):
            with pytest.raises(GoalNotFound):
                bench.store.history(goal_id)

    def test_the_history_comes_in_pages(self, bench):
        for _ in range(5):
            bench.propose()
        first, after = bench.store.history(limit=3)
        second, end = bench.store.history(after=after, limit=3)
        assert [event.seq for event in (*first, *second)] == [1, 2, 3, 4, 5]
        assert (after, end) == (3, None)


class TestDeleting:
    def test_S3_a_deleted_goal_is_gone_but_for_its_row(self, bench):
        goal = bench.adopt()
        deleted = bench.store.delete(goal.id)
        assert deleted.deleted_at == bench.clock.now
        assert bench.store.list()[0] == []
        assert bench.store.list(include_deleted=True)[0] == [deleted]
        assert bench.store.prioritized().items == ()
        assert bench.store.select_goal("k") is None
        assert bench.store.statistics().by_state["adopted"] == 0
        for attempt in (
            lambda: bench.store.get(goal.id),
            lambda: bench.store.adopt(goal.id),
            lambda: bench.store.abandon(goal.id),
            lambda: bench.store.delete(goal.id),
            lambda: bench.store.approve(goal.id),
            lambda: bench.store.explain(goal.id),
            lambda: bench.store.complete(goal.id, success=True),
            lambda: bench.patch(goal, value=0.1),
        ):
            with pytest.raises(GoalNotFound):
                attempt()

    def test_S3_an_executing_goal_cannot_be_deleted(self, bench):
        goal = bench.execute()
        with pytest.raises(NotEditable, match="executing"):
            bench.store.delete(goal.id)
        assert bench.state(goal) == "executing"

    def test_deleting_looks_at_the_version(self, bench):
        goal = bench.propose()
        with pytest.raises(VersionConflict):
            bench.store.delete(goal.id, expected_version=2)
        bench.store.delete(goal.id, expected_version=1)


class TestLocking:
    def test_S4_of_threads_with_the_same_version_one_wins(self, make_bench, tmp_path):
        bench = make_bench(tmp_path / "goals.db")
        goal = bench.propose()

        def change(number: int) -> bool:
            try:
                bench.store.update(goal.id, GoalPatch(value=number / 10), expected_version=1)
            except VersionConflict:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(change, range(8))) == 1
        assert bench.store.get(goal.id).version == 2

    def test_S4_no_update_is_lost(self, make_bench, tmp_path):
        bench = make_bench(tmp_path / "goals.db")
        goal = bench.propose(metadata={"count": 0})

        def increase(_: int) -> None:
            while True:
                current = bench.store.get(goal.id)
                patch = GoalPatch(metadata={"count": current.metadata["count"] + 1})
                try:
                    bench.store.update(goal.id, patch, expected_version=current.version)
                except VersionConflict:
                    continue
                return

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(increase, range(40)))
        final = bench.store.get(goal.id)
        assert final.metadata == {"count": 40}
        assert final.version == 41


class TestReopening:
    def test_S5_everything_is_there_again(self, make_bench, tmp_path):
        bench = make_bench(tmp_path / "goals.db")
        goal = bench.execute("go on")
        statistics, events = bench.store.statistics(), bench.events()
        bench.store.close()
        again = make_bench(tmp_path / "goals.db")
        assert again.store.get(goal.id) == goal
        assert again.store.statistics() == statistics
        assert again.events() == events
        again.check_books()

    def test_D1_opening_again_keeps_weights_that_were_set(self, make_bench, tmp_path):
        bench = make_bench(tmp_path / "goals.db")
        bench.ask(SetParameter(decision_id="goal_selected", parameter="value_weight", value=0.7))
        bench.store.close()
        assert make_bench(tmp_path / "goals.db").store.prioritized().weights_used.value == 0.7

    def test_another_confidence_threshold_holds_for_what_is_there(self, make_bench, tmp_path):
        bench = make_bench(tmp_path / "goals.db")
        bench.hold("core.vague", confidence=0.3)
        bench.propose(aligns_with=["core.vague"])
        (before,) = bench.store.prioritized().items
        bench.store.close()
        policy = GoalPolicy(belief_min_confidence=0.5)
        (after,) = make_bench(tmp_path / "goals.db", policy=policy).store.prioritized().items
        assert (before.components.alignment, after.components.alignment) == (0.05, 0.0)

    def test_who_opens_a_store_without_a_policy_changes_nothing_in_it(self, make_bench, tmp_path):
        path = tmp_path / "goals.db"
        first = make_bench(path, policy=GoalPolicy(belief_min_confidence=0.9))
        first.hold("core.vague", confidence=0.5)
        first.propose(aligns_with=["core.vague"])
        (version,) = first.rows("PRAGMA data_version")
        other = make_bench(path)
        assert other.store.policy.belief_min_confidence == 0.9
        assert other.store.prioritized().items[0].components.alignment == 0.0
        assert first.rows("PRAGMA data_version") == [version]

    def test_a_store_that_is_only_read_refuses_changes_in_words(self, make_bench, tmp_path):
        make_bench(tmp_path / "goals.db").propose()
        bench = make_bench(tmp_path / "goals.db", read_only=True)
        assert len(bench.store.list()[0]) == 1
        with pytest.raises(StoreUnusable, match="opened to be read only"):
            bench.propose()

    def test_a_store_that_cannot_begin_lets_go_of_its_file(self, make_bench, tmp_path):
        weights = Weights(nan, 0.0, 0.0, 0.0, 0.0)
        with pytest.raises(BadRequest):
            make_bench(tmp_path / "goals.db", starting_weights=weights)
        used = make_bench(tmp_path / "goals.db").store.prioritized().weights_used
        assert used.model_dump(exclude={"age"}) == Weights()._asdict()

    def test_a_store_closes_at_the_end_of_a_with_block(self, tmp_path, bench):
        with DirectStore.open(
            tmp_path / "goals.db", clock=bench.clock, bits=Random(1).getrandbits
        ) as store:
            goal = store.create(GoalDraft(text="a", category="exploration"))
        with DirectStore.open(
            tmp_path / "goals.db", clock=bench.clock, bits=Random(1).getrandbits
        ) as store:
            assert store.get(goal.id) == goal


class TestTraces:
    def test_T4_every_trace_of_an_operation_is_in_the_callers_trace(self, bench):
        trace = Trace(trace_id="a" * 32, span_id="b" * 16)
        caller = Caller(actor="tester", trace=trace)
        goal = bench.store.create(GoalDraft(text="a", category="exploration"), caller)
        bench.store.adopt(goal.id, caller)
        selected = bench.store.select_goal("k", caller=caller)
        bench.store.complete(goal.id, success=True, caller=caller)
        events = bench.events()
        assert {event.trace_id for event in events} == {"a" * 32}
        assert [event.span_id for event in events] == [
            trace.child(name).span_id for name in ("create", "adopt", "select", "complete")
        ]
        assert {event.actor for event in events} == {"tester"}
        assert selected is not None
        assert selected.task.trace_id == "a" * 32
        assert selected.task.span_id == trace.child("select").span_id
        assert bench.rows("SELECT trace_id, span_id FROM decision_records") == [
            ("a" * 32, trace.child("select").span_id)
        ]

    def test_T4_without_a_trace_each_operation_begins_its_own(self, bench):
        bench.propose()
        bench.propose()
        ids = [event.trace_id for event in bench.events()]
        assert len(set(ids)) == 2 and "0" * 32 not in ids


class AgainstAModel(RuleBasedStateMachine):
    """S1: create, read, update and delete do what they would do to a dictionary."""

    goals = Bundle("goals")

    def __init__(self) -> None:
        super().__init__()
        self.store = DirectStore.open(
            ":memory:", clock=lambda: START, bits=Random(5).getrandbits, durable=False
        )
        self.known: dict[str, dict[str, Any]] = {}

    @rule(target=goals, text=st.text("ab ", min_size=1).filter(str.strip), value=st.floats(0, 1))
    def create(self, text: str, value: float) -> str:
        goal = self.store.create(GoalDraft(text=text, category="maintenance", value=value))
        self.known[goal.id] = {"text": text.strip(), "value": value, "version": 1}
        return goal.id

    @rule(goal_id=goals, value=st.floats(0, 1), version=st.none() | st.integers(1, 4))
    def update(self, goal_id: str, value: float, version: int | None) -> None:
        known = self.known.get(goal_id)
        try:
            self.store.update(goal_id, GoalPatch(value=value), version)
        except GoalNotFound:
            assert known is None
        except VersionConflict as conflict:
            assert known is not None and known["version"] == conflict.current != version
        else:
            assert known is not None and version in (None, known["version"])
            known["version"] += known["value"] != value
            known["value"] = value

    @rule(goal_id=goals)
    def delete(self, goal_id: str) -> None:
        try:
            self.store.delete(goal_id)
        except GoalError:
            assert goal_id not in self.known
        else:
            del self.known[goal_id]

    @invariant()
    def the_same_is_in_both(self) -> None:
        goals, _ = self.store.list(limit=200)
        assert {
            goal.id: {"text": goal.text, "value": goal.value, "version": goal.version}
            for goal in goals
        } == self.known

    def teardown(self) -> None:
        self.store.close()


TestAgainstAModel = AgainstAModel.TestCase
TestAgainstAModel.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
