"""Commands and answers; and one answer for one idempotency key."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from gdg_runtime.goals import commands as c
from gdg_runtime.goals.checkers.checker import DeferredChecker, Unvetted
from gdg_runtime.goals.identity import Caller, IdempotencyKey
from gdg_runtime.goals.model import GoalDraft, GoalPatch
from gdg_runtime.goals.policy import GoalFlags
from gdg_runtime.goals.schemas import BeliefDraft, BeliefPatch, Done, Refused, ScheduledTaskDraft

DRAFT = GoalDraft(text="look around", category="exploration")


def keyed(key="key-1", request="digest", scope="ann POST /v1/goals"):
    return Caller(key=IdempotencyKey(scope=scope, key=key, request=request))


def all_commands(base=c.Command):
    for kind in base.__subclasses__():
        if kind.__module__ == c.__name__:
            yield kind
        yield from all_commands(kind)


class TestCommands:
    def test_every_command_says_how_it_is_carried_out_and_under_which_span(self):
        assert set(all_commands()) == set(c.COMMANDS.values())
        assert all("carry_out" in vars(kind) and kind.span for kind in all_commands())

    def test_a_goal_goes_through_its_life(self, make_bench):
        bench = make_bench(flags=GoalFlags(system=True, shadow=False))
        goal = bench.ask(c.CreateGoal(draft=DRAFT)).goal
        assert bench.ask(c.ReadGoal(goal_id=goal.id)).goal == goal
        assert bench.ask(c.ListGoals()).items == (goal,)
        edited = bench.ask(c.EditGoal(goal_id=goal.id, patch=GoalPatch(value=0.9)))
        assert edited.goal.version == 2
        assert bench.ask(c.ApproveGoal(goal_id=goal.id)).goal.approved_by == "local"
        assert bench.ask(c.AdoptGoal(goal_id=goal.id)).goal.state == "adopted"
        (ranked,) = bench.ask(c.RankGoals()).items
        assert (ranked.rank, ranked.goal.id, ranked.blocked_by) == (1, goal.id, ())
        assert bench.ask(c.ExplainGoal(goal_id=goal.id)).ranked == ranked
        task = bench.ask(c.NextTask(selection_key="k")).task
        assert task.goal_id == goal.id
        assert bench.ask(c.ReleaseGoal(goal_id=goal.id)).goal.state == "adopted"
        bench.ask(c.NextTask(selection_key="k2"))
        done = bench.ask(c.CompleteGoal(goal_id=goal.id, success=True, attempt=2))
        assert done.goal.state == "satisfied"
        decisions = bench.ask(c.ListDecisions(goal_id=goal.id))
        assert [record.outcome for record in decisions.records] == [1.0, 0.0]
        assert bench.ask(c.ReadRollout()).successes == 1
        assert bench.ask(c.DeleteGoal(goal_id=goal.id)).goal.deleted_at is not None
        assert len(bench.ask(c.ReadHistory()).items) == 9
        bench.check_books()

    def test_a_goal_is_given_up_and_counted(self, bench):
        goal = bench.propose()
        answer = bench.ask(c.AbandonGoal(goal_id=goal.id, reason="no use"))
        assert answer.goal.state == "abandoned"
        assert bench.ask(c.ReadStatistics()).by_state["abandoned"] == 1

    def test_K3_in_shadow_mode_the_goal_is_told_and_the_scheduled_task_taken(self, bench):
        goal = bench.adopt()
        scheduled = ScheduledTaskDraft(task_id="sweep", text="sweep the floor")
        assert bench.ask(c.ScheduleTask(task=scheduled)) == Done()
        answer = bench.ask(c.NextTask(selection_key="k"))
        assert (answer.task.task_id, answer.shadow.id) == ("sweep", goal.id)
        assert bench.state(goal) == "adopted"
        assert bench.counts("goal_selected_total") == {}

    def test_beliefs_are_added_listed_and_edited(self, bench):
        for name in ("core.b", "core.a"):
            bench.ask(c.AddBelief(draft=BeliefDraft(id=name, text="so it is")))
        page = bench.ask(c.ListBeliefs(limit=1))
        assert [belief.id for belief in page.items] == ["core.a"]
        page = bench.ask(c.ListBeliefs(limit=1, cursor=page.next_cursor))
        assert ([belief.id for belief in page.items], page.next_cursor) == (["core.b"], None)
        patch = BeliefPatch(active=False)
        edited = bench.ask(c.EditBelief(belief_id="core.a", patch=patch, expected_version=1))
        assert bench.ask(c.ReadBelief(belief_id="core.a")).belief == edited.belief
        assert edited.belief.active is False

    def test_D2_a_parameter_is_held_within_its_bounds(self, bench):
        answer = bench.ask(
            c.SetParameter(decision_id="goal_selected", parameter="urgency_weight", value=0.5)
        )
        assert (answer.parameter.current, answer.clamped) == (0.3, True)
        assert bench.ask(c.RankGoals()).weights_used.urgency == 0.3

    def test_goals_are_imported(self, bench, make_bench):
        goal = make_bench().propose()
        answer = bench.ask(c.ImportGoals(goals=(goal,)))
        assert (answer.created, answer.known, answer.blocked) == (1, 0, ())

    @pytest.mark.parametrize(
        ("command", "code"),
        [
            (c.ReadGoal(goal_id="goal_none"), "goal-not-found"),
            (c.AdoptGoal(goal_id="goal_none"), "goal-not-found"),
            (c.ReadHistory(goal_id="goal_none"), "goal-not-found"),
            (c.ReadBelief(belief_id="core.none"), "belief-not-found"),
            (c.ListGoals(cursor="nonsense"), "bad-cursor"),
            (c.ListBeliefs(cursor="nonsense"), "bad-cursor"),
            (
                c.SetParameter(decision_id="none", parameter="none", value=1.0),
                "decision-not-found",
            ),
            (
                c.CreateGoal(draft=DRAFT.model_copy(update={"depends_on": ("goal_none",)})),
                "unknown-dependency",
            ),
        ],
    )
    def test_what_cannot_be_done_is_refused_with_its_code(self, bench, command, code):
        answer = bench.ask(command)
        assert isinstance(answer, Refused)
        assert answer.code == code

    def test_B7_a_blocked_adoption_is_refused_and_told(self, bench):
        goal = bench.propose()
        bench.checker.find(core__a=0.7)
        answer = bench.ask(c.AdoptGoal(goal_id=goal.id))
        assert answer.code == "goal-blocked-by-belief"
        assert answer.facts["belief_ids"] == ["core.a"]
        assert bench.told()[-1] == "goal_blocked_by_belief"

    def test_a_question_of_the_checker_gets_through(self, make_bench):
        bench = make_bench(checker=DeferredChecker())
        goal = bench.propose()
        for caller in (Caller(), keyed()):
            with pytest.raises(Unvetted):
                bench.ask(c.AdoptGoal(goal_id=goal.id, caller=caller))
        assert bench.rows("SELECT * FROM idempotency") == []


class TestKeys:
    def test_A11_the_same_command_under_the_same_key_is_done_once(self, bench):
        command = c.CreateGoal(draft=DRAFT, caller=keyed())
        first, second = bench.ask(command), bench.ask(command)
        assert (first.replayed, second.replayed) == (False, True)
        assert second.goal == first.goal
        assert second == first.model_copy(update={"replayed": True})
        assert len(bench.store.list()[0]) == 1

    def test_A11_another_request_under_the_same_key_is_refused(self, bench):
        bench.ask(c.CreateGoal(draft=DRAFT, caller=keyed()))
        answer = bench.ask(c.CreateGoal(draft=DRAFT, caller=keyed(request="other")))
        assert answer.code == "idempotency-key-reused"
        assert len(bench.store.list()[0]) == 1

    def test_A11_a_key_means_nothing_in_another_scope(self, bench):
        created = bench.ask(c.CreateGoal(draft=DRAFT, caller=keyed()))
        adopt = c.AdoptGoal(goal_id=created.goal.id, caller=keyed(scope="ann POST adopt"))
        assert bench.ask(adopt).goal.state == "adopted"
        assert bench.state(created.goal) == "adopted"

    def test_A11_a_key_is_forgotten_after_a_day(self, bench):
        command = c.CreateGoal(draft=DRAFT, caller=keyed())
        bench.ask(command)
        bench.clock.turn(hours=24, microseconds=-1)
        assert bench.ask(command).replayed is True
        bench.clock.turn(microseconds=1)
        assert bench.ask(command).replayed is False
        assert len(bench.store.list()[0]) == 2

    def test_A11_a_key_is_kept_across_a_restart(self, make_bench, tmp_path):
        bench = make_bench(tmp_path / "goals.db")
        command = c.CreateGoal(draft=DRAFT, caller=keyed())
        first = bench.ask(command)
        bench.store.close()
        again = make_bench(tmp_path / "goals.db").ask(command)
        assert (again.goal, again.replayed) == (first.goal, True)

    def test_B8_a_blocked_command_repeated_under_its_key_is_told_once(self, bench):
        bench.hold("core.calm")
        goal = bench.propose(contradicts=["core.calm"])
        command = c.AdoptGoal(goal_id=goal.id, caller=keyed())
        first = bench.ask(command)
        bench.switch("core.calm", active=False)
        second = bench.ask(command)
        assert (second.code, second.replayed) == ("goal-blocked-by-belief", True)
        assert second.facts == first.facts
        assert bench.told().count("goal_blocked_by_belief") == 1
        assert bench.ask(c.AdoptGoal(goal_id=goal.id, caller=keyed("key-2"))).goal

    def test_refusals_are_kept(self, bench):
        command = c.ReleaseGoal(goal_id=bench.propose().id, caller=keyed())
        assert bench.ask(command).replayed is False
        assert bench.ask(command).replayed is True

    def test_what_the_next_try_may_get_round_is_not_kept(self, bench):
        goal = bench.propose()
        adopt = c.AdoptGoal(goal_id=goal.id, caller=keyed())
        bench.checker.error = RuntimeError()
        assert bench.ask(adopt).code == "belief-checker-unavailable"
        assert bench.told()[-1] == "goal_blocked_by_belief"
        bench.checker.error = None
        assert bench.ask(adopt).goal.state == "adopted"
        edit = c.EditGoal(
            goal_id=goal.id, patch=GoalPatch(value=0.1), expected_version=1, caller=keyed("key-2")
        )
        assert bench.ask(edit).code == "version-conflict"
        assert bench.ask(edit.model_copy(update={"expected_version": 2})).goal.version == 3

    def test_a_refusal_in_the_midst_undoes_what_was_done_before_it_and_is_kept(self, bench):
        views = [bench.propose(name) for name in ("a", "b", "c")]
        circle = (
            views[0].model_copy(update={"id": "goal_x"}),
            views[1].model_copy(update={"id": "goal_y", "depends_on": ("goal_z",)}),
            views[2].model_copy(update={"id": "goal_z", "depends_on": ("goal_y",)}),
        )
        command = c.ImportGoals(goals=circle, caller=keyed())
        for replayed in (False, True):
            answer = bench.ask(command)
            assert (answer.code, answer.replayed) == ("dependency-cycle", replayed)
        assert len(bench.store.list()[0]) == 3
        assert len(bench.told()) == 3

    def test_warnings_are_replayed_too(self, bench):
        goal = bench.propose(aligns_with=["core.nowhere"])
        command = c.AdoptGoal(goal_id=goal.id, caller=keyed())
        assert bench.ask(command).warnings == bench.ask(command).warnings != ()

    def test_every_kind_of_answer_is_replayed(self, bench, make_bench):
        foreign = make_bench().propose("foreign")
        for number, command in enumerate((
            c.AddBelief(draft=BeliefDraft(id="core.a", text="so it is")),
            c.SetParameter(decision_id="goal_selected", parameter="value_weight", value=0.4),
            c.ImportGoals(goals=(foreign,)),
            c.ScheduleTask(task=ScheduledTaskDraft(task_id="sweep", text="sweep")),
            c.NextTask(selection_key="k"),
        )):  # fmt: skip
            command = command.model_copy(update={"caller": keyed(f"key-{number}")})
            first = bench.ask(command)
            assert first.replayed is False
            assert bench.ask(command) == first.model_copy(update={"replayed": True})

    def test_reading_needs_no_key(self, bench):
        goal = bench.propose()
        for _ in range(2):
            answer = bench.ask(c.ReadGoal(goal_id=goal.id, caller=keyed()))
            assert answer.replayed is False

    def test_T1_many_identical_commands_at_once_are_done_once(self, make_bench, tmp_path):
        bench = make_bench(tmp_path / "goals.db")
        goal = bench.propose()
        command = c.AdoptGoal(goal_id=goal.id, caller=keyed())
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: bench.ask(command), range(16)))
        assert sorted(answer.replayed for answer in answers) == [False] + [True] * 15
        assert {answer.goal.version for answer in answers} == {2}
        assert bench.told() == ["goal_created", "goal_adopted"]
        assert bench.rows("SELECT count(*) FROM idempotency") == [(1,)]

    def test_a_defect_in_the_midst_leaves_nothing(self, bench):
        class Defect(Exception):
            pass

        class Explodes:
            def vet(self, goal, bearing):
                raise Defect

        goal = bench.propose()
        bench.store._vetter = Explodes()
        with pytest.raises(Defect):
            bench.ask(c.AdoptGoal(goal_id=goal.id, caller=keyed()))
        assert bench.told() == ["goal_created"]
        assert bench.rows("SELECT * FROM idempotency") == []
