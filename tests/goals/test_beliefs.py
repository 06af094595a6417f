"""Beliefs: held, edited, made immutable; and executing goals that they stop."""

import pytest

from gdg_runtime.goals.errors import BeliefNotFound, GoalBlocked, NotEditable, VersionConflict
from gdg_runtime.goals.schemas import BeliefPatch


class TestBeliefs:
    def test_a_belief_is_held_as_it_was_given(self, bench):
        belief = bench.hold("core.calm", "be calm", confidence=0.5)
        assert bench.store.belief("core.calm") == belief
        assert (belief.active, belief.confidence, belief.version) == (True, 0.5, 1)

    def test_an_unknown_belief_is_told_as_such(self, bench):
        with pytest.raises(BeliefNotFound):
            bench.store.belief("core.none")
        with pytest.raises(BeliefNotFound):
            bench.switch("core.none", active=False)

    def test_an_id_is_given_once(self, bench):
        bench.hold("core.calm")
        with pytest.raises(NotEditable) as refused:
            bench.hold("core.calm")
        assert refused.value.code == "belief-exists"

    def test_editing_makes_a_new_version_if_it_changes_anything(self, bench):
        before = bench.hold("core.calm")
        assert bench.store.edit_belief("core.calm", BeliefPatch(active=True)) == before
        after = bench.store.edit_belief("core.calm", BeliefPatch(confidence=0.2, text="new"))
        assert (after.confidence, after.text, after.version) == (0.2, "new", 2)
        assert after.updated_at > before.updated_at

    def test_editing_looks_at_the_version(self, bench):
        bench.hold("core.calm")
        with pytest.raises(VersionConflict):
            bench.store.edit_belief("core.calm", BeliefPatch(active=False), 7)
        bench.store.edit_belief("core.calm", BeliefPatch(active=False), 1)

    def test_an_immutable_belief_stays_as_it_is(self, bench):
        bench.hold("core.calm", immutable=True)
        for patch in ({"active": False}, {"immutable": False}, {"confidence": 0.1}):
            with pytest.raises(NotEditable) as refused:
                bench.store.edit_belief("core.calm", BeliefPatch(**patch))
            assert refused.value.code == "belief-immutable"

    def test_a_belief_can_be_made_immutable(self, bench):
        bench.hold("core.calm")
        assert bench.store.edit_belief("core.calm", BeliefPatch(immutable=True)).immutable


class TestExecutingGoals:
    @pytest.mark.parametrize("known", [True, False])
    def test_B10_a_belief_that_becomes_active_stops_what_it_forbids(self, bench, known):
        if known:
            bench.hold("core.calm", active=False)
        goal = bench.execute(contradicts=["core.calm"])
        other = bench.execute("other", key="k2", contradicts=["core.other"])
        if known:
            bench.switch("core.calm", active=True)
        else:
            bench.hold("core.calm")
        stopped = bench.store.get(goal.id)
        assert (stopped.state, stopped.selection_key, stopped.attempts) == ("adopted", None, 1)
        assert bench.state(other) == "executing"
        blocked, released = bench.events(goal)[-2:]
        assert (blocked.event, blocked.reason) == (
            "goal_blocked_by_belief", "active_contradiction",
        )  # fmt: skip
        assert (blocked.data["phase"], blocked.data["belief_ids"]) == ("belief", ["core.calm"])
        assert (released.event, released.data["cause"]) == ("goal_released", "belief")
        assert bench.counts("goal_blocked_by_belief_total") == {("core.calm",): 1}
        bench.check_books()

    def test_D4_the_decision_for_it_has_a_neutral_outcome(self, bench):
        bench.execute(contradicts=["core.calm"])
        bench.hold("core.calm")
        assert bench.rows(
            "SELECT outcome, json_extract(outcome_data, '$.ended') FROM decision_records"
        ) == [(0.0, "belief")]

    def test_B9_the_next_selection_does_not_tell_of_it_again(self, bench):
        goal = bench.execute(contradicts=["core.calm"])
        bench.hold("core.calm")
        assert bench.store.select_goal("k2") is None
        assert bench.told(goal).count("goal_blocked_by_belief") == 1

    def test_it_can_be_selected_again_when_the_belief_is_given_up(self, bench):
        goal = bench.execute(contradicts=["core.calm"])
        bench.hold("core.calm")
        bench.switch("core.calm", active=False)
        assert bench.store.select_goal("k2").goal.id == goal.id

    def test_an_adopted_goal_stays_adopted_and_is_kept_back(self, bench):
        goal = bench.adopt(contradicts=["core.calm"])
        bench.hold("core.calm")
        assert bench.state(goal) == "adopted"
        assert bench.store.select_goal("k") is None
        with pytest.raises(GoalBlocked):
            bench.patch(goal, text="other")

    def test_a_belief_that_was_active_stops_nothing_when_its_text_changes(self, bench):
        bench.hold("core.calm", active=False)
        goal = bench.execute(contradicts=["core.calm"])
        bench.store.edit_belief("core.calm", BeliefPatch(text="other", confidence=0.1))
        assert bench.state(goal) == "executing"
