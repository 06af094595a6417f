"""Taking goals over: ids and states included, vetted where they would be at work."""

import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from gdg_runtime.goals.checkers.checker import ConsistencyReport, DeferredChecker, Unvetted
from gdg_runtime.goals.errors import BadRequest
from gdg_runtime.goals.model import Goal, GoalPatch
from gdg_runtime.goals.policy import GoalPolicy

SEED = {
    "id": "goal_001",
    "text": "Conduct weekly self-reflection on identity coherence",
    "category": "introspection",
    "value": 0.8,
    "effort": 0.3,
    "risk": 0.1,
    "horizon_min_min": 0,
    "horizon_max_min": 10080,
    "aligns_with": ["core.ontological.consciousness"],
    "contradicts": [],
    "success_metrics": {"coherence_delta": 0.05},
    "state": "proposed",
    "created_at": "2025-11-08T12:00:00Z",
    "updated_at": "2025-11-08T12:00:00Z",
    "metadata": {},
}


def view(goal_id="goal_a", **fields):
    return Goal.model_validate_json(json.dumps({**SEED, "id": goal_id, **fields}))


class TestImporting:
    def test_M1_the_specifications_example_comes_back_as_it_went_in(self, bench):
        assert bench.store.import_goals([view("goal_001")]).created == 1
        shown = json.loads(bench.store.get("goal_001").model_dump_json())
        assert {name: shown[name] for name in SEED} == {
            **SEED,
            "created_at": "2025-11-08T12:00:00.000000Z",
            "updated_at": "2025-11-08T12:00:00.000000Z",
        }

    def test_a_known_id_is_left_alone_even_of_a_deleted_goal(self, bench):
        known, deleted = bench.propose("known"), bench.propose("deleted")
        bench.store.delete(deleted.id)
        came = bench.store.import_goals([view(known.id), view(deleted.id), view(), view()])
        assert (came.created, came.known) == (1, 3)
        assert bench.store.get(known.id) == known

    @pytest.mark.parametrize(
        ("state", "comes_in"),
        [
            ("proposed", "proposed"),
            ("adopted", "adopted"),
            ("executing", "adopted"),
            ("satisfied", "satisfied"),
            ("abandoned", "abandoned"),
        ],
    )
    def test_states_are_taken_over_but_for_executing(self, bench, state, comes_in):
        bench.store.import_goals([view(state=state, version=5, attempts=2, selection_key="x")])
        goal = bench.store.get("goal_a")
        assert (goal.state, goal.version, goal.attempts, goal.selection_key) == (
            comes_in, 5, 2, None,
        )  # fmt: skip
        (event,) = bench.events()
        assert (event.event, event.state_to, event.version) == ("goal_created", comes_in, 5)
        assert event.data == {"imported": True}
        assert bench.counts("goals_total") == {("introspection", comes_in): 1}

    def test_B10_a_forbidden_goal_comes_in_as_proposed(self, bench):
        bench.hold("core.calm")
        came = bench.store.import_goals(
            [view(state="adopted", contradicts=["core.calm"]), view("goal_b", state="adopted")]
        )
        assert came.blocked == ("goal_a",)
        assert bench.store.get("goal_a").state == "proposed"
        assert bench.store.get("goal_b").state == "adopted"
        blocked = bench.events()[1]
        assert (blocked.event, blocked.data["phase"]) == ("goal_blocked_by_belief", "adopt")

    def test_a_failed_checker_lets_goals_in_as_proposed(self, bench):
        bench.checker.error = RuntimeError()
        came = bench.store.import_goals([view(state="adopted"), view("goal_b")])
        assert (came.created, came.blocked) == (2, ("goal_a",))

    def test_goals_may_come_before_those_that_they_depend_on(self, bench):
        bench.store.import_goals(
            [view(depends_on=["goal_b"], state="adopted"), view("goal_b", state="adopted")]
        )
        assert bench.store.select_goal("k1").goal.id == "goal_b"
        bench.store.complete("goal_b", success=True, measured={"coherence_delta": 1.0})
        assert bench.store.select_goal("k2").goal.id == "goal_a"

    def test_an_imported_satisfied_goal_opens_the_way(self, bench):
        bench.store.import_goals([view(depends_on=["goal_b"], state="adopted")])
        assert bench.store.select_goal("k1") is None
        bench.store.import_goals([view("goal_b", state="satisfied")])
        assert bench.store.select_goal("k1").goal.id == "goal_a"

    def test_a_circle_lets_none_of_them_in(self, bench):
        with pytest.raises(BadRequest) as refused:
            bench.store.import_goals(
                [view("goal_c"), view(depends_on=["goal_b"]), view("goal_b", depends_on=["goal_a"])]
            )
        assert refused.value.code == "dependency-cycle"
        assert bench.store.list()[0] == []

    @pytest.mark.parametrize(
        "odd",
        [
            {"horizon_min_min": 20, "horizon_max_min": 10},
            {"contradicts": ["core.ontological.consciousness"]},
            {"updated_at": "2025-11-08T11:59:59Z"},
        ],
    )
    def test_what_cannot_be_is_refused(self, bench, odd):
        with pytest.raises(BadRequest, match="goal_a"):
            bench.store.import_goals([view(**odd)])

    def test_times_may_be_of_any_zone(self, bench):
        bench.store.import_goals(
            [view(created_at="2025-11-08T12:00:00+02:00", updated_at="2025-11-08T12:00:00+02:00")]
        )
        assert bench.store.get("goal_a").created_at == datetime(2025, 11, 8, 10, tzinfo=UTC)

    def test_nothing_is_written_before_all_questions_are_answered(self, make_bench):
        checker = DeferredChecker()
        bench = make_bench(checker=checker)
        views = [view(f"goal_{name}", state="adopted", text=name) for name in "abc"]
        asked = []
        while True:
            try:
                came = bench.store.import_goals(views)
            except Unvetted as question:
                asked.append(question.query)
                checker.learn(question, ConsistencyReport(checker_id="judge", version="1"))
            else:
                break
        assert (asked, came.created) == (["a", "b", "c"], 3)

    def test_what_is_exported_comes_in_elsewhere_as_it_was(self, bench, make_bench):
        first = bench.propose("first", horizon_max_min=5, owner="ann", repeat_every_min=7)
        bench.adopt("second", depends_on=[first.id], metadata={"a": [1]}, requires_approval=False)
        goals, _ = bench.store.list()
        elsewhere = make_bench()
        elsewhere.store.import_goals(goals)
        assert elsewhere.store.list()[0] == goals

    def test_what_needs_approval_comes_in_as_a_proposal_and_no_belief_is_blamed(self, bench):
        came = bench.store.import_goals([
            view(state="adopted", requires_approval=True),
            view("goal_b", state="executing", requires_approval=True),
            view("goal_c", state="adopted", requires_approval=True, approved_by="ann"),
        ])  # fmt: skip
        assert came.blocked == ("goal_a", "goal_b")
        assert [bench.store.get(f"goal_{name}").state for name in "abc"] == [
            "proposed", "proposed", "adopted",
        ]  # fmt: skip
        assert "goal_blocked_by_belief" not in bench.told()

    def test_where_all_goals_need_approval_imported_ones_do_too(self, make_bench):
        bench = make_bench(policy=GoalPolicy(approve_all=True))
        assert bench.store.import_goals([view(state="adopted")]).blocked == ("goal_a",)

    def test_what_is_overdue_comes_in_as_a_proposal_and_the_ledger_tells_why(self, bench):
        bench.clock.turn(minutes=SEED["horizon_max_min"])
        came = bench.store.import_goals([view(state="adopted"), view("goal_b", state="satisfied")])
        assert came.blocked == ("goal_a",)
        assert bench.store.get("goal_a").state == "proposed"
        assert bench.store.get("goal_b").state == "satisfied"
        told = bench.events(bench.store.get("goal_a"))[-1]
        assert (told.event, told.reason) == ("goal_blocked_by_belief", "deadline")

    @pytest.mark.parametrize(
        "moment",
        ["1970-01-01T00:00:00+14:00", "7999-12-31T23:59:59-12:00", "9999-12-31T23:59:59-12:00",
         "0001-01-01T00:00:00+14:00"],
    )  # fmt: skip
    def test_a_time_has_to_be_in_range_in_utc_and_not_in_its_zone_alone(self, moment):
        with pytest.raises(ValidationError, match="from 1970 to 7999 in UTC"):
            view(created_at=moment, updated_at=moment)

    @pytest.mark.parametrize(
        "furthest",
        [
            {"version": 10**12},
            {"attempts": 10**12},
            {"version": 2**53 - 1, "attempts": 2**53 - 1},
            {"updated_at": "7999-12-31T23:59:59.999999Z"},
            {"created_at": "7999-12-31T23:59:59.999999Z", "horizon_max_min": None,
             "updated_at": "7999-12-31T23:59:59.999999Z"},
            {"created_at": "1970-01-01T00:00:00Z", "horizon_max_min": None},
        ],
    )  # fmt: skip
    def test_whatever_came_in_can_be_changed_executed_exported_and_imported_again(
        self, bench, make_bench, furthest
    ):
        bench.store.import_goals([view(state="adopted", **furthest)])
        bench.store.update("goal_a", GoalPatch(value=0.1))
        if bench.store.select_goal("k1") is not None:
            bench.store.release("goal_a")
        line = bench.store.get("goal_a").model_dump_json()
        elsewhere = make_bench()
        again = elsewhere.store.import_goals([Goal.model_validate_json(line)])
        assert (again.created, again.blocked) == (1, ())
        elsewhere.store.update("goal_a", GoalPatch(value=0.2))
        Goal.model_validate_json(elsewhere.store.get("goal_a").model_dump_json())
