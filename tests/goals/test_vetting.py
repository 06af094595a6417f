"""Vetting: what blocks a goal, what is only warned of, and what is written down about it."""

from typing import Any

import pytest

from gdg_runtime.goals.checkers.checker import (
    ConsistencyReport,
    DeferredChecker,
    LexicalChecker,
    Unvetted,
)
from gdg_runtime.goals.errors import CheckerUnavailable, DeadlinePassed, GoalBlocked
from gdg_runtime.goals.policy import GoalPolicy
from gdg_runtime.goals.vetting import Bearing, BeliefVetter, Objection, Vetting


class TestTheChecker:
    def test_B1_it_is_called_with_the_text_and_the_existing_aligned_beliefs(self, bench):
        honest, idle = bench.hold("core.honest"), bench.hold("core.idle", active=False)
        bench.hold("core.other")
        bench.adopt("be honest", aligns_with=["core.idle", "core.nowhere", "core.honest"])
        assert bench.checker.calls == [
            {"query": "be honest", "beliefs": [idle, honest], "memories": []}
        ]

    def test_B1_a_checker_that_looks_at_memories_alone_sees_nothing(self, make_bench):
        class LooksAtMemories:
            def check_consistency(self, *, query: str, beliefs: Any, memories: Any) -> Any:
                seen.append(list(memories))
                return ConsistencyReport(checker_id="memories", version="1")

        seen: list[Any] = []
        bench = make_bench(checker=LooksAtMemories())
        bench.hold("core.honest", "never lie")
        bench.adopt("lie", aligns_with=["core.honest"])
        assert seen == [[]]

    def test_in_scope_active_all_active_beliefs_are_checked(self, make_bench):
        bench = make_bench(policy=GoalPolicy(check_scope="active"))
        for name in ("core.b", "core.a", "core.c"):
            bench.hold(name, active=name != "core.c")
        bench.adopt(aligns_with=["core.b"])
        (call,) = bench.checker.calls
        assert [belief.id for belief in call["beliefs"]] == ["core.b", "core.a"]


class TestSeverity:
    @pytest.mark.parametrize("severity", [0.0, 0.3, 0.5999])
    def test_B2_a_goal_is_adopted_below_severity_0_6(self, bench, severity):
        bench.checker.find(core__a=severity)
        assert bench.adopt().state == "adopted"

    @pytest.mark.parametrize("severity", [0.6, 0.75, 1.0])
    def test_B2_a_goal_is_blocked_from_severity_0_6_on(self, bench, severity):
        goal = bench.propose()
        bench.checker.find(core__a=severity)
        with pytest.raises(GoalBlocked) as refused:
            bench.store.adopt(goal.id)
        assert refused.value.facts == {
            "goal_id": goal.id, "belief_ids": ["core.a"], "severity": severity,
            "reason": "severity",
        }  # fmt: skip
        assert bench.store.get(goal.id) == goal

    def test_B2_the_worst_pattern_decides(self, bench):
        goal = bench.propose()
        bench.checker.find(core__a=0.1, core__b=0.9, core__c=0.7)
        with pytest.raises(GoalBlocked) as refused:
            bench.store.adopt(goal.id)
        assert refused.value.facts["severity"] == 0.9
        assert refused.value.facts["belief_ids"] == ["core.b", "core.c"]

    def test_another_threshold_may_be_set(self, make_bench):
        bench = make_bench(policy=GoalPolicy(block_severity=0.9))
        bench.checker.find(core__a=0.89)
        assert bench.adopt().state == "adopted"

    def test_what_is_doubtful_is_warned_of(self, bench):
        bench.checker.find(core__a=0.4, core__b=0.39, core__c=0.59)
        adoption = bench.store.adopt(bench.propose().id)
        assert [(warned.code, warned.belief_id) for warned in adoption.warnings] == [
            ("needs_review", "core.a"), ("needs_review", "core.c"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("text", "belief"),
        [
            ("Always tell the user the truth", "Never tell the user the truth"),
            ("Delete the backups", "Do not delete the backups"),
            ("Increase the spending", "Decrease the spending"),
        ],
    )
    def test_B6_the_default_checker_blocks_what_contradicts_an_aligned_belief(
        self, make_bench, text, belief
    ):
        bench = make_bench(checker=LexicalChecker())
        bench.hold("core.belief", belief)
        goal = bench.propose(text, aligns_with=["core.belief"])
        with pytest.raises(GoalBlocked):
            bench.store.adopt(goal.id)
        assert bench.state(goal) == "proposed"


class TestContradicts:
    def test_B3_an_active_belief_blocks_without_the_checker(self, bench):
        bench.hold("core.calm")
        goal = bench.propose(contradicts=["core.calm", "core.unknown"])
        with pytest.raises(GoalBlocked) as refused:
            bench.store.adopt(goal.id)
        assert refused.value.facts["belief_ids"] == ["core.calm"]
        assert refused.value.facts["reason"] == "active_contradiction"
        assert refused.value.facts["severity"] == 1.0
        assert bench.checker.calls == []

    def test_B3_it_becomes_adoptable_when_the_belief_is_given_up(self, bench):
        bench.hold("core.calm")
        goal = bench.propose(contradicts=["core.calm"])
        with pytest.raises(GoalBlocked):
            bench.store.adopt(goal.id)
        bench.switch("core.calm", active=False)
        assert bench.store.adopt(goal.id).goal.state == "adopted"

    def test_B3_confidence_makes_no_difference(self, bench):
        bench.hold("core.calm", confidence=0.0)
        with pytest.raises(GoalBlocked):
            bench.adopt(contradicts=["core.calm"])

    def test_B4_an_unknown_aligned_belief_is_warned_of(self, bench):
        bench.hold("core.known")
        goal = bench.propose(aligns_with=["core.nowhere", "core.known"])
        adoption = bench.store.adopt(goal.id)
        assert adoption.goal.state == "adopted"
        assert [(warned.code, warned.belief_id) for warned in adoption.warnings] == [
            ("unknown_belief", "core.nowhere")
        ]


class TestDeadline:
    def test_B5_a_goal_is_adopted_before_its_deadline(self, bench):
        goal = bench.propose(horizon_max_min=10)
        bench.clock.turn(minutes=9, seconds=59.999999)
        assert bench.store.adopt(goal.id).goal.state == "adopted"

    @pytest.mark.parametrize("late_s", [0, 1, 3600])
    def test_B5_a_goal_is_refused_from_its_deadline_on(self, bench, late_s):
        goal = bench.propose(horizon_max_min=10)
        bench.clock.turn(minutes=10, seconds=late_s)
        with pytest.raises(DeadlinePassed):
            bench.store.adopt(goal.id)
        event = bench.events(goal)[-1]
        assert (event.event, event.reason) == ("goal_blocked_by_belief", "deadline")
        assert event.data["belief_ids"] == []
        assert bench.store.get(goal.id) == goal


class TestBrokenCheckers:
    def test_B7_a_checker_that_raises_lets_nothing_through(self, bench):
        goal = bench.propose()
        bench.checker.error = RuntimeError("no connection")
        with pytest.raises(CheckerUnavailable) as refused:
            bench.store.adopt(goal.id)
        assert "no connection" not in str(refused.value)
        assert bench.store.get(goal.id) == goal
        assert bench.events(goal)[-1].reason == "checker_error"
        bench.checker.error = None
        assert bench.store.adopt(goal.id).goal.state == "adopted"

    @pytest.mark.parametrize("answer", [None, "fine", {"severity": 0.0}])
    def test_what_is_no_report_lets_nothing_through(self, make_bench, answer):
        class Odd:
            def check_consistency(self, **asked: Any) -> Any:
                return answer

        bench = make_bench(checker=Odd())
        with pytest.raises(CheckerUnavailable):
            bench.adopt()

    def test_an_asynchronous_checker_by_mistake_lets_nothing_through(self, make_bench):
        class Asynchronous:
            async def check_consistency(self, **asked: Any) -> Any:
                raise AssertionError("never awaited")

        bench = make_bench(checker=Asynchronous())
        with pytest.raises(CheckerUnavailable):
            bench.adopt()
        assert "DeferredChecker" in bench.events()[-1].data["why"]

    def test_no_word_in_a_text_gets_round_the_checker(self, bench):
        bench.checker.find(core__a=1.0)
        for text in ("create_file now", "existence", "self"):
            with pytest.raises(GoalBlocked):
                bench.adopt(text)


class TestDeferredCheckers:
    def test_a_question_rolls_the_command_back(self, make_bench):
        checker = DeferredChecker()
        bench = make_bench(checker=checker)
        goal = bench.propose()
        with pytest.raises(Unvetted) as question:
            bench.store.adopt(goal.id)
        assert bench.told() == ["goal_created"]
        checker.learn(question.value, ConsistencyReport(checker_id="judge", version="1"))
        assert bench.store.adopt(goal.id).goal.state == "adopted"

    def test_a_question_without_an_answer_lets_nothing_through(self, make_bench):
        checker = DeferredChecker()
        bench = make_bench(checker=checker)
        goal = bench.propose()
        with pytest.raises(Unvetted) as question:
            bench.store.adopt(goal.id)
        checker.learn(question.value, None)
        with pytest.raises(CheckerUnavailable):
            bench.store.adopt(goal.id)


class TestTheLedger:
    def test_B7_a_block_tells_beliefs_severity_reason_and_phase(self, bench):
        goal = bench.propose()
        bench.checker.find(core__a=0.8, core__b=0.7)
        with pytest.raises(GoalBlocked):
            bench.store.adopt(goal.id)
        event = bench.events()[-1]
        assert event.event == "goal_blocked_by_belief"
        assert event.reason == "severity"
        assert event.data["belief_ids"] == ["core.a", "core.b"]
        assert event.data["severity"] == 0.8
        assert event.data["phase"] == "adopt"
        assert (event.state_from, event.state_to, event.version) == ("proposed", "proposed", 1)

    def test_B8_each_block_is_in_the_ledger_once(self, bench):
        bench.hold("core.calm")
        goals = [bench.propose(contradicts=["core.calm"]) for _ in range(3)]
        for goal in goals * 2:
            with pytest.raises(GoalBlocked):
                bench.store.adopt(goal.id)
        assert bench.told().count("goal_blocked_by_belief") == 6
        assert bench.counts("goal_blocked_by_belief_total") == {("core.calm",): 6}

    def test_X4_a_block_counts_once_for_each_belief(self, bench):
        bench.checker.find(core__a=0.8, core__b=0.7, core__c=0.5)
        with pytest.raises(GoalBlocked):
            bench.adopt()
        assert bench.counts("goal_blocked_by_belief_total") == {("core.a",): 1, ("core.b",): 1}


class TestTheVetterAsAPlugPoint:
    def test_B11_a_vetter_takes_the_place_of_the_checker(self, make_bench):
        class Refuses:
            def vet(self, goal: Any, bearing: Bearing) -> Vetting:
                return Vetting(objection=Objection(reason="severity", why="no", severity=0.9))

        bench = make_bench(vetter=Refuses())
        with pytest.raises(GoalBlocked):
            bench.adopt()
        assert bench.checker.calls == []

    def test_the_default_one_needs_no_database(self, bench):
        goal = bench.propose()
        vetter = BeliefVetter(bench.checker, GoalPolicy())
        bearing = Bearing(aligned=(), unknown=(), forbidding=())
        assert vetter.vet(goal, bearing) == Vetting()
