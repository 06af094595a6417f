"""The verdict on the canary phase, and the figures it rests on."""

from collections.abc import Callable
from typing import Any

import pytest

from gdg_runtime.goals.decisions import RolloutStats, read_stats, verdict
from gdg_runtime.goals.errors import DeadlinePassed, GoalBlocked
from gdg_runtime.goals.fields import utc_text
from gdg_runtime.goals.policy import GoalPolicy


def stats(
    selections: int, successes: int, finished: int | None = None, **more: int
) -> RolloutStats:
    done = selections if finished is None else finished
    return RolloutStats(selections=selections, finished=done, successes=successes, **more)


def test_F5_below_eighty_percent_success_it_is_rolled_back() -> None:
    decided, reasons = verdict(stats(1000, 799))
    assert decided == "roll_back"
    assert reasons == ("799 of 1000 executions succeeded; at least 80% must",)


def test_F5_from_eighty_percent_on_it_is_kept() -> None:
    assert verdict(stats(1000, 800))[0] == "keep"
    assert verdict(stats(20, 16))[0] == "keep"
    assert verdict(stats(20, 15))[0] == "roll_back"


def test_F5_fewer_than_twenty_selections_say_nothing() -> None:
    for successes in (0, 15, 19):
        assert verdict(stats(19, successes))[0] == "insufficient"
    assert verdict(stats(0, 0)) == (
        "insufficient", ("0 selections, 0 finished; 20 selections are needed to judge",),
    )  # fmt: skip


def test_F5_nothing_finished_says_nothing() -> None:
    assert verdict(stats(30, 0, finished=0))[0] == "insufficient"
    assert stats(30, 0, finished=0).success_rate is None


def test_F5_what_was_not_finished_counts_neither_way() -> None:
    assert verdict(stats(100, 8, finished=10))[0] == "keep"


@pytest.mark.parametrize("selections", [0, 5, 1000])
def test_F5_one_violation_is_enough_to_roll_back(selections: int) -> None:
    decided, reasons = verdict(stats(selections, selections, violations=1))
    assert decided == "roll_back"
    assert reasons == ("1 safety violation; none is allowed",)


@pytest.mark.parametrize("selections", [1, 1000])
def test_F5_one_crash_is_enough_to_roll_back(selections: int) -> None:
    decided, reasons = verdict(stats(selections, selections, crashes=1))
    assert decided == "roll_back"
    assert reasons == ("1 execution ended without a word; none may",)


def test_F5_safety_blocks_are_no_fault() -> None:
    assert verdict(stats(20, 20, safety_blocks=50))[0] == "keep"


def test_F5_every_reason_is_told() -> None:
    _, reasons = verdict(stats(100, 10, violations=2, crashes=3))
    assert len(reasons) == 3


# --- read from a store --------------------------------------------------------------------------


@pytest.fixture
def bench(make_bench: Callable[..., Any]) -> Any:
    """A store with leases of an hour, and a belief that is not active yet."""
    made = make_bench(policy=GoalPolicy(lease_min=60))
    made.hold("core.quiet", active=False)
    return made


def read(bench: Any, **more: str) -> RolloutStats:
    with bench.store.database.reading() as tx:
        return read_stats(tx, **more)


def test_F4_an_empty_store_has_nothing_to_show(bench: Any) -> None:
    assert read(bench) == RolloutStats()


def test_F4_selections_success_and_safety_blocks_are_read_from_the_store(bench: Any) -> None:
    done = bench.execute("Done", key="Done")
    bench.store.complete(done.id, success=True)
    short = bench.execute(
        "Short of its target", key="Short of its target", success_metrics={"coherence": 1.0}
    )
    bench.store.complete(short.id, success=True, measured={"coherence": 0.5})
    bench.store.abandon(short.id)
    given_back = bench.execute("Given back", key="Given back")
    bench.store.release(given_back.id)
    bench.store.abandon(given_back.id)
    called_off = bench.execute("Called off", key="Called off")
    bench.store.abandon(called_off.id)
    bench.execute("Still going", key="Still going")
    assert read(bench) == RolloutStats(selections=5, finished=2, successes=1)
    assert sum(bench.counts("goal_selected_total").values()) == 5


def test_F4_every_block_by_a_belief_counts_wherever_it_happens(bench: Any) -> None:
    bench.execute("Play music at night", key="Play music at night", contradicts=("core.quiet",))
    bench.adopt("Drill at night", contradicts=("core.quiet",))
    bench.switch("core.quiet", True)
    assert read(bench).safety_blocks == 1, "the one that was executing"
    bench.store.select_goal("next")
    assert read(bench).safety_blocks == 2, "and once the one that waits"
    third = bench.propose("Sing at night", contradicts=("core.quiet",))
    with pytest.raises(GoalBlocked):
        bench.store.adopt(third.id)
    found = read(bench)
    assert found.safety_blocks == 3 == sum(bench.counts("goal_blocked_by_belief_total").values())
    assert (found.finished, found.violations) == (0, 0)


def test_F4_a_deadline_is_no_safety_block(bench: Any) -> None:
    late = bench.propose("Late", horizon_max_min=5)
    bench.clock.turn(minutes=5)
    with pytest.raises(DeadlinePassed):
        bench.store.adopt(late.id)
    assert read(bench).safety_blocks == 0


def test_F5_an_execution_that_nobody_told_the_end_of_is_a_crash(bench: Any) -> None:
    bench.execute("Silent", key="Silent")
    bench.clock.turn(minutes=60)
    bench.store.select_goal("again")
    found = read(bench)
    assert (found.selections, found.finished, found.successes, found.crashes) == (2, 1, 0, 1)
    assert verdict(found)[0] == "roll_back"


def test_F5_a_goal_that_executes_against_an_active_belief_is_a_violation(bench: Any) -> None:
    bench.execute("Play music at night", key="Play music at night", contradicts=("core.quiet",))
    assert read(bench).violations == 0
    bench.write_behind_its_back("UPDATE beliefs SET active = 1")
    assert read(bench).violations == 1


def test_F5_a_ledger_that_was_tampered_with_is_a_violation(bench: Any) -> None:
    bench.execute("Anything", key="Anything")
    bench.write_behind_its_back("DROP TRIGGER ledger_is_not_changed")
    bench.write_behind_its_back("UPDATE ledger SET actor = 'somebody else' WHERE seq = 2")
    assert read(bench).violations == 1


def test_F4_what_was_before_a_new_beginning_can_be_left_out(bench: Any) -> None:
    bench.store.complete(bench.execute("Old", key="Old").id, success=False)
    bench.store.abandon(bench.store.list()[0][0].id)
    bench.clock.turn(minutes=1)
    since = utc_text(bench.clock())
    bench.store.complete(bench.execute("New", key="New").id, success=True)
    assert read(bench, since=since) == RolloutStats(selections=1, finished=1, successes=1)
    assert read(bench).finished == 2
