"""Editing goals: merge patches, what may be edited when, and vetting anew."""

import pytest

from gdg_runtime.goals.errors import (
    BadRequest,
    CheckerUnavailable,
    GoalBlocked,
    NotEditable,
    VersionConflict,
)
from gdg_runtime.goals.model import GoalPatch


class TestPatches:
    def test_A4_an_empty_patch_makes_no_new_version(self, bench):
        goal = bench.propose()
        assert bench.patch(goal) == goal
        assert bench.told() == ["goal_created"]

    def test_A4_what_is_so_already_makes_no_new_version(self, bench):
        goal = bench.propose("look around", value=0.5, metadata={"a": 1})
        assert bench.patch(goal, text="look around", value=0.5, metadata={"a": 1}) == goal

    def test_A4_a_stale_version_is_refused_even_of_an_empty_patch(self, bench):
        goal = bench.propose()
        bench.patch(goal, value=0.1)
        with pytest.raises(VersionConflict) as refused:
            bench.store.update(goal.id, GoalPatch(), expected_version=1)
        assert refused.value.current == 2

    def test_L2_the_event_names_what_changed(self, bench):
        goal = bench.propose("a", value=0.5)
        bench.patch(goal, text="b", value=0.5, risk=0.1, metadata={"x": 1})
        event = bench.events()[-1]
        assert event.event == "goal_updated"
        assert event.data == {"changed": ["text", "risk", "metadata"]}
        assert (event.state_from, event.state_to, event.version) == ("proposed", "proposed", 2)

    def test_A4_metadata_is_merged_and_null_takes_out(self, bench):
        goal = bench.propose(metadata={"a": {"b": 1, "c": 2}, "d": 3})
        changed = bench.patch(
            goal, metadata={"a": {"b": None, "e": 4}, "d": None, "f": {"g": None}}
        )
        assert changed.metadata == {"a": {"c": 2, "e": 4}, "f": {}}

    def test_success_metrics_are_merged(self, bench):
        goal = bench.propose(success_metrics={"calm": 1.0, "zeal": 2.0})
        assert bench.patch(goal, success_metrics={"calm": None, "joy": 3.0}).success_metrics == {
            "zeal": 2.0, "joy": 3.0,
        }  # fmt: skip

    def test_M9_null_clears_what_is_optional(self, bench):
        goal = bench.propose(horizon_max_min=10, owner="ann", repeat_every_min=5)
        changed = bench.patch(goal, horizon_max_min=None, owner=None, repeat_every_min=None)
        assert (changed.horizon_max_min, changed.owner, changed.repeat_every_min) == (None,) * 3
        assert changed.version == 2

    def test_M9_a_deadline_before_the_earliest_start_is_refused(self, bench):
        goal = bench.propose(horizon_min_min=10, horizon_max_min=20)
        with pytest.raises(BadRequest, match="horizon_max_min") as refused:
            bench.patch(goal, horizon_min_min=30)
        assert refused.value.code == "invalid-goal"
        assert bench.store.get(goal.id) == goal

    def test_M10_a_belief_cannot_become_both_served_and_contradicted(self, bench):
        goal = bench.propose(aligns_with=["core.a"])
        with pytest.raises(BadRequest, match="both"):
            bench.patch(goal, contradicts=["core.a"])

    def test_M14_metadata_stays_within_its_limit_when_merged(self, bench):
        goal = bench.propose(metadata={"a": "x" * 9000})
        with pytest.raises(BadRequest, match="16 KiB") as refused:
            bench.patch(goal, metadata={"b": "x" * 9000})
        assert refused.value.code == "invalid-goal"

    def test_success_metrics_stay_within_their_limit_when_merged(self, bench):
        goal = bench.propose(success_metrics={f"a{number}": 1.0 for number in range(60)})
        with pytest.raises(BadRequest, match="success_metrics"):
            bench.patch(goal, success_metrics={f"b{number}": 1.0 for number in range(5)})


class TestWhatMayBeEdited:
    @pytest.mark.parametrize("end", ["executing", "satisfied", "abandoned"])
    def test_from_execution_on_only_metadata_may_be_edited(self, bench, end):
        goal = bench.execute(success_metrics={})
        if end == "satisfied":
            bench.store.complete(goal.id, success=True)
        elif end == "abandoned":
            bench.store.abandon(goal.id)
        with pytest.raises(NotEditable) as refused:
            bench.patch(goal, value=0.9, metadata={"a": 1})
        assert refused.value.code == "goal-not-editable"
        assert refused.value.facts["fields"] == ["value", "metadata"]
        assert bench.patch(goal, metadata={"a": 1}).metadata == {"a": 1}
        assert bench.state(goal) == end


class TestVettingAnew:
    @pytest.mark.parametrize(
        "change", [{"text": "other"}, {"aligns_with": ("core.a",)}, {"contradicts": ("core.b",)}]
    )
    def test_an_adopted_goal_is_vetted_again_if_text_or_beliefs_change(self, bench, change):
        goal = bench.adopt()
        bench.checker.calls.clear()
        bench.patch(goal, **change)
        assert len(bench.checker.calls) == 1

    def test_other_changes_are_not_vetted(self, bench):
        goal = bench.adopt()
        bench.checker.find(core__a=1.0)
        assert bench.patch(goal, value=0.1, horizon_max_min=5).state == "adopted"
        assert len(bench.checker.calls) == 1

    def test_a_proposed_goal_is_not_vetted(self, bench):
        bench.checker.find(core__a=1.0)
        assert bench.patch(bench.propose(), text="other").text == "other"
        assert bench.checker.calls == []

    def test_B7_a_blocked_change_changes_nothing_and_is_told(self, bench):
        goal = bench.adopt()
        bench.checker.by_word["evil"] = 0.9
        with pytest.raises(GoalBlocked):
            bench.patch(goal, text="do evil", value=1.0)
        assert bench.store.get(goal.id) == goal
        event = bench.events()[-1]
        assert (event.event, event.reason) == ("goal_blocked_by_belief", "severity")
        assert event.data["phase"] == "patch"
        assert (event.state_from, event.state_to, event.version) == ("adopted", "adopted", 2)

    def test_a_goal_cannot_be_edited_into_contradicting_an_active_belief(self, bench):
        bench.hold("core.calm")
        goal = bench.adopt()
        with pytest.raises(GoalBlocked):
            bench.patch(goal, contradicts=["core.calm"])
        assert bench.store.get(goal.id) == goal

    def test_without_a_checker_nothing_is_changed(self, bench):
        goal = bench.adopt()
        bench.checker.error = RuntimeError()
        with pytest.raises(CheckerUnavailable):
            bench.patch(goal, text="other")
        assert bench.store.get(goal.id) == goal


class TestDependencies:
    def test_a_goal_depends_on_known_goals_alone(self, bench):
        with pytest.raises(BadRequest) as refused:
            bench.propose(depends_on=["goal_none"])
        assert refused.value.code == "unknown-dependency"
        deleted = bench.propose()
        bench.store.delete(deleted.id)
        with pytest.raises(BadRequest):
            bench.propose(depends_on=[deleted.id])

    def test_a_goal_cannot_wait_for_itself(self, bench):
        first = bench.propose("first")
        second = bench.propose("second", depends_on=[first.id])
        third = bench.propose("third", depends_on=[second.id])
        with pytest.raises(BadRequest) as refused:
            bench.patch(first, depends_on=[third.id])
        assert refused.value.code == "dependency-cycle"
        assert refused.value.facts["path"] == [first.id, third.id, second.id, first.id]
        with pytest.raises(BadRequest) as refused:
            bench.patch(first, depends_on=[first.id])
        assert refused.value.code == "dependency-cycle"
        assert bench.store.get(first.id) == first

    def test_a_goal_waits_until_all_that_it_depends_on_is_satisfied(self, bench):
        low, high = bench.adopt("low", value=0.1), bench.adopt("high", value=0.2)
        waiting = bench.adopt("waiting", value=1.0, depends_on=[low.id, high.id])
        assert bench.store.explain(waiting.id).ranked.blocked_by == (
            f"dependency:{low.id}", f"dependency:{high.id}",
        )  # fmt: skip
        order = []
        for number in range(3):
            selected = bench.store.select_goal(f"k{number}")
            assert selected is not None
            order.append(selected.goal.text)
            bench.store.complete(selected.goal.id, success=True)
        assert order == ["high", "low", "waiting"]

    def test_an_abandoned_or_deleted_dependency_stays_open(self, bench):
        first = bench.propose("first")
        waiting = bench.adopt("waiting", depends_on=[first.id])
        bench.store.abandon(first.id)
        assert bench.store.select_goal("k") is None
        bench.store.delete(first.id)
        assert bench.store.explain(waiting.id).ranked.blocked_by == (f"dependency:{first.id}",)
        bench.patch(waiting, depends_on=[])
        assert bench.store.select_goal("k") is not None
