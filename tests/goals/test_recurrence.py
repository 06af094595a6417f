"""Goals that repeat."""

from datetime import timedelta
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gdg_runtime.goals.policy import GoalPolicy

SUPPRESSED = [HealthCheck.function_scoped_fixture]
WEEK_MIN = 7 * 24 * 60


def satisfy(bench, goal, key="k"):
    """The next occurrence, after this one was satisfied."""
    selected = bench.store.select_goal(key)
    assert selected is not None and selected.goal.id == goal.id
    bench.store.complete(goal.id, success=True)
    following = [one for one in bench.store.list()[0] if one.previous_id == goal.id]
    return following[0] if following else None


class TestTheNextOccurrence:
    def test_it_is_there_and_adopted_as_soon_as_this_one_is_satisfied(self, bench):
        goal = bench.adopt(
            "reflect", repeat_every_min=WEEK_MIN, horizon_max_min=600, metadata={"a": 1},
            success_metrics={}, owner="ann",
        )  # fmt: skip
        bench.clock.turn(hours=1)
        coming = satisfy(bench, goal)
        assert coming.state == "adopted"
        assert coming.starts_at == goal.starts_at + timedelta(weeks=1)
        assert coming.deadline == coming.starts_at + timedelta(hours=10)
        assert (coming.text, coming.owner, coming.metadata) == ("reflect", "ann", {"a": 1})
        assert (coming.attempts, coming.version, coming.selection_key) == (0, 2, None)
        assert bench.told(coming) == ["goal_created", "goal_adopted"]
        assert bench.events(coming)[0].data == {"previous_id": goal.id}
        bench.check_books()

    def test_a_goal_that_does_not_repeat_has_none(self, bench):
        assert satisfy(bench, bench.adopt()) is None

    def test_a_failed_goal_has_none(self, bench):
        goal = bench.execute(repeat_every_min=10)
        bench.store.complete(goal.id, success=False)
        bench.store.abandon(goal.id)
        assert len(bench.store.list()[0]) == 1

    def test_it_is_not_selected_before_its_time(self, bench):
        coming = satisfy(bench, bench.adopt(repeat_every_min=60), "k1")
        assert bench.store.select_goal("k2") is None
        bench.clock.turn(minutes=60)
        assert bench.store.select_goal("k3").goal.id == coming.id

    def test_missed_occurrences_are_skipped(self, bench):
        goal = bench.adopt(repeat_every_min=60)
        bench.clock.turn(minutes=200)
        assert satisfy(bench, goal).starts_at == goal.starts_at + timedelta(minutes=240)

    def test_one_that_begins_at_this_very_moment_is_missed(self, bench):
        goal = bench.adopt(repeat_every_min=60)
        bench.clock.turn(minutes=120)
        assert satisfy(bench, goal).starts_at == goal.starts_at + timedelta(minutes=180)

    def test_a_blocked_one_is_left_as_a_proposal(self, bench):
        goal = bench.execute("evil", repeat_every_min=60)
        bench.checker.by_word["evil"] = 1.0
        bench.store.complete(goal.id, success=True)
        (coming,) = bench.store.list(states=("proposed",))[0]
        assert bench.told(coming) == ["goal_created", "goal_blocked_by_belief"]
        assert bench.state(goal) == "satisfied"

    def test_an_approval_holds_for_the_ones_to_come(self, bench):
        goal = bench.propose(repeat_every_min=60, requires_approval=True)
        bench.store.approve(goal.id)
        bench.store.adopt(goal.id)
        coming = satisfy(bench, goal)
        assert (coming.approved_by, coming.state) == ("local", "adopted")

    def test_one_that_lacks_approval_is_left_as_a_proposal(self, make_bench, tmp_path):
        bench = make_bench(tmp_path / "goals.db")
        goal = bench.execute(repeat_every_min=60)
        bench.store.close()
        strict = make_bench(
            tmp_path / "goals.db",
            policy=GoalPolicy(approve_all=True),
            bits=Random(8).getrandbits,
        )
        strict.store.complete(goal.id, success=True)
        (coming,) = strict.store.list(states=("proposed",))[0]
        assert strict.told(coming) == ["goal_created"]


class TestTheSchedule:
    @settings(max_examples=25, deadline=None, suppress_health_check=SUPPRESSED)
    @given(
        period=st.integers(1, 10_000),
        waits_us=st.lists(st.integers(0, 10**11), min_size=1, max_size=5),
        earliest=st.integers(0, 1000),
    )
    def test_starts_never_drift_from_the_multiples_of_the_period(
        self, make_bench, period, waits_us, earliest
    ):
        bench = make_bench()
        goal = first = bench.adopt(repeat_every_min=period, horizon_min_min=earliest)
        for number, wait_us in enumerate(waits_us):
            bench.clock.now = max(bench.clock.now, goal.starts_at)
            bench.clock.turn(microseconds=wait_us)
            goal = satisfy(bench, goal, f"k{number}")
            since = goal.starts_at - first.starts_at
            assert since % timedelta(minutes=period) == timedelta()
            assert bench.clock.now < goal.starts_at
            assert goal.starts_at <= bench.clock.now + timedelta(minutes=period)
            assert bench.clock.now - timedelta(minutes=1) < goal.created_at <= bench.clock.now
