"""The verdict on the canary phase, and the figures it rests on."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from gdg_runtime.goals.errors import GoalBlocked
from gdg_runtime.goals.forms import BeliefDraft, BeliefPatch, GoalDraft, utc_text
from gdg_runtime.goals.goal_store import GoalStore
from gdg_runtime.goals.model import Goal
from gdg_runtime.goals.policy import GoalPolicy
from gdg_runtime.goals.rollout import RolloutStats, read_stats, verdict


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


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Iterator[GoalStore]:
    policy = GoalPolicy(lease_min=60)
    bits = Random(7).getrandbits
    with GoalStore.open(":memory:", clock=clock, bits=bits, policy=policy) as found:
        found.add_belief(BeliefDraft(id="core.quiet", text="Nights are quiet", active=False))
        yield found


def adopted(store: GoalStore, text: str, **fields) -> Goal:
    goal = store.create(GoalDraft(text=text, category="maintenance", **fields))
    return store.adopt(goal.id).goal


def executed(store: GoalStore, text: str, **fields) -> Goal:
    goal = adopted(store, text, **fields)
    selected = store.select_goal(text)
    assert selected is not None
    assert selected.goal.id == goal.id
    return goal


def read(store: GoalStore, **more: str) -> RolloutStats:
    with store.database.reading() as tx:
        return read_stats(tx, **more)


def counted(store: GoalStore, name: str) -> int:
    return sum(found.value for found in store.statistics().counters if found.name == name)


def test_F4_an_empty_store_has_nothing_to_show(store: GoalStore) -> None:
    assert read(store) == RolloutStats()


def test_F4_selections_success_and_safety_blocks_are_read_from_the_store(
    store: GoalStore, clock: Clock
) -> None:
    done = executed(store, "Done")
    store.complete(done.id, success=True)
    short = executed(store, "Short of its target", success_metrics={"coherence": 1.0})
    store.complete(short.id, success=True, measured={"coherence": 0.5})
    store.abandon(short.id)
    given_back = executed(store, "Given back")
    store.release(given_back.id)
    store.abandon(given_back.id)
    called_off = executed(store, "Called off")
    store.abandon(called_off.id)
    executed(store, "Still going")
    assert read(store) == RolloutStats(selections=5, finished=2, successes=1)
    assert counted(store, "goal_selected_total") == 5


def test_F4_every_block_by_a_belief_counts_wherever_it_happens(store: GoalStore) -> None:
    executed(store, "Play music at night", contradicts=("core.quiet",))
    adopted(store, "Drill at night", contradicts=("core.quiet",))
    store.edit_belief("core.quiet", BeliefPatch(active=True))
    assert read(store).safety_blocks == 1, "the one that was executing"
    store.select_goal("next")
    assert read(store).safety_blocks == 2, "and once the one that waits"
    third = store.create(GoalDraft(
        text="Sing at night", category="exploration", contradicts=("core.quiet",)
    ))  # fmt: skip
    with pytest.raises(GoalBlocked):
        store.adopt(third.id)
    found = read(store)
    assert found.safety_blocks == 3 == counted(store, "goal_blocked_by_belief_total")
    assert (found.finished, found.violations) == (0, 0)


def test_F4_a_deadline_is_no_safety_block(store: GoalStore, clock: Clock) -> None:
    late = store.create(GoalDraft(text="Late", category="exploration", horizon_max_min=5))
    clock.move(5)
    with pytest.raises(Exception, match="deadline"):
        store.adopt(late.id)
    assert read(store).safety_blocks == 0


def test_F5_an_execution_that_nobody_told_the_end_of_is_a_crash(
    store: GoalStore, clock: Clock
) -> None:
    executed(store, "Silent")
    clock.move(60)
    store.select_goal("again")
    found = read(store)
    assert (found.selections, found.finished, found.successes, found.crashes) == (2, 1, 0, 1)
    assert verdict(found)[0] == "roll_back"


def test_F5_a_goal_that_executes_against_an_active_belief_is_a_violation(store: GoalStore) -> None:
    executed(store, "Play music at night", contradicts=("core.quiet",))
    assert read(store).violations == 0
    with store.database.transaction() as tx:
        tx.execute("UPDATE beliefs SET active = 1")
    assert read(store).violations == 1


def test_F5_a_ledger_that_was_tampered_with_is_a_violation(store: GoalStore) -> None:
    executed(store, "Anything")
    with store.database.transaction() as tx:
        tx.execute("DROP TRIGGER ledger_is_not_changed")
        tx.execute("UPDATE ledger SET actor = 'somebody else' WHERE seq = 2")
    assert read(store).violations == 1


def test_F4_what_was_before_a_new_beginning_can_be_left_out(store: GoalStore, clock: Clock) -> None:
    store.complete(executed(store, "Old").id, success=False)
    store.abandon(store.list()[0][0].id)
    clock.move(1)
    since = utc_text(clock())
    store.complete(executed(store, "New").id, success=True)
    assert read(store, since=since) == RolloutStats(selections=1, finished=1, successes=1)
    assert read(store).finished == 2
