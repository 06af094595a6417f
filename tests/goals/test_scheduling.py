"""What is done next: the flags, the fallback, the shadow, and the outbox."""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gdg_runtime.goals.identity import Caller, Trace
from gdg_runtime.goals.model import GoalDraft, GoalState
from gdg_runtime.goals.policy import GoalFlags, GoalPolicy
from gdg_runtime.goals.schemas import ScheduledTaskDraft, TaskView
from gdg_runtime.goals.selection import NextStep
from gdg_runtime.goals.store import task_rows
from gdg_runtime.goals.store.ledger_rows import dump_lines

LIVE = GoalFlags(system=True, shadow=False)
OFF = GoalFlags(system=False, shadow=False)
SHADOW = GoalFlags()
KILLED = GoalFlags(system=True, shadow=True)


class Desk:
    """A store on the test bench."""

    def __init__(self, bench: Any) -> None:
        self.store, self.clock = bench.store, bench.clock
        self.adopted, self.state_of, self.told = bench.adopt, bench.state, bench.told
        self.hold, self.switch, self.counts = bench.hold, bench.switch, bench.counts

    def schedule(self, task_id: str, every_min: int | None = None, **fields: Any) -> None:
        self.store.schedule(
            ScheduledTaskDraft(task_id=task_id, text=f"Do {task_id}", every_min=every_min, **fields)
        )

    def next(self, key: str, owner: str | None = None) -> NextStep:
        return self.store.next_task(key, owner)

    def selected(self) -> int:
        return self.counts("goal_selected_total").get((), 0)

    def dump(self) -> list[bytes]:
        with self.store.database.reading() as tx:
            return list(dump_lines(tx))


OpenDesk = Callable[..., Desk]


@pytest.fixture
def opened(make_bench: Callable[..., Any]) -> OpenDesk:
    """Opens stores in which goals decide, unless the flags say otherwise."""
    return lambda *path, flags=LIVE, **options: Desk(make_bench(*path, flags=flags, **options))


def statements(desk: Desk, work: Callable[[], object]) -> list[str]:
    """What the database is asked while something is done."""
    asked: list[str] = []
    desk.store.database.connection.set_trace_callback(asked.append)
    work()
    desk.store.database.connection.set_trace_callback(None)
    return asked


# --- live ---------------------------------------------------------------------------------------


def test_K1_a_goal_is_looked_for_before_the_schedule(opened: OpenDesk) -> None:
    desk = opened()
    desk.schedule("sweep")
    asked = statements(desk, lambda: desk.next("a"))
    goals = min(at for at, text in enumerate(asked) if "goals" in text and "raw" in text)
    scheduled = min(at for at, text in enumerate(asked) if "scheduled_tasks" in text)
    assert goals < scheduled


def test_K1_a_ready_goal_comes_before_a_scheduled_task_that_stays_due(opened: OpenDesk) -> None:
    desk = opened()
    desk.schedule("sweep")
    goal = desk.adopted()
    asked = statements(desk, lambda: desk.next("a"))
    assert not [text for text in asked if "scheduled_tasks" in text]
    assert desk.state_of(goal) == "executing"
    assert desk.next("b").task.task_id == "sweep"


@pytest.mark.parametrize(
    "flags", [LIVE, OFF, SHADOW, KILLED], ids=["live", "off", "shadow", "killed"]
)
def test_K2_without_a_ready_goal_the_scheduled_task_comes_unchanged(
    opened: OpenDesk, flags: GoalFlags
) -> None:
    plain, desk = opened(flags=OFF), opened(flags=flags)
    for one in (plain, desk):
        one.schedule("sweep", 10, metadata={"room": 4, "z": [1.5, None]})
    desk.store.create(GoalDraft(text="Only proposed", category="exploration"))
    expected = plain.next("a").task
    found = desk.next("a").task
    assert found == TaskView(
        task_id="sweep", kind="scheduled", text="Do sweep", metadata={"room": 4, "z": [1.5, None]}
    )
    assert found.model_dump_json() == expected.model_dump_json()


def test_K2_with_the_system_off_no_goal_is_taken_and_none_is_ranked(opened: OpenDesk) -> None:
    desk = opened(flags=OFF)
    goal = desk.adopted()
    desk.schedule("sweep")
    asked = statements(desk, lambda: desk.next("a"))
    assert not [text for text in asked if "raw" in text]
    assert desk.state_of(goal) == "adopted"
    assert desk.next("b") == NextStep(TaskView(
        task_id="sweep", kind="scheduled", text="Do sweep"
    ))  # fmt: skip


def test_K2_with_nothing_to_do_nothing_comes_and_the_key_is_not_used_up(opened: OpenDesk) -> None:
    desk = opened()
    assert desk.next("a") == NextStep(None)
    desk.schedule("sweep")
    assert desk.next("a").task.task_id == "sweep"


def test_K5_a_goals_task_has_all_that_its_doer_needs(opened: OpenDesk) -> None:
    desk = opened()
    goal = desk.adopted(
        "Measure coherence", success_metrics={"coherence": 0.05}, metadata={"hint": "slowly"}
    )
    trace = Trace(trace_id="ab" * 16, span_id="cd" * 8)
    task = desk.store.next_task("a", caller=Caller(actor="tester", trace=trace)).task
    assert (task.task_id, task.kind) == (f"goal:{goal.id}:1", "goal")
    assert (task.goal_id, task.attempt, task.text) == (goal.id, 1, "Measure coherence")
    assert (task.success_metrics, task.metadata) == ({"coherence": 0.05}, {"hint": "slowly"})
    assert task.trace_id == "ab" * 16
    assert task.span_id not in (trace.span_id, None)
    last = desk.store.history(goal.id)[0][-1]
    assert (last.event, last.actor) == ("goal_selected_for_execution", "tester")
    assert (last.trace_id, last.span_id) == (task.trace_id, task.span_id)
    assert last.data["decision_record_id"] == task.decision_record_id


def test_K5_the_next_attempt_is_another_task(opened: OpenDesk) -> None:
    desk = opened()
    goal = desk.adopted()
    desk.next("a")
    desk.store.complete(goal.id, success=False)
    assert desk.next("b").task.task_id == f"goal:{goal.id}:2"


def test_T2_the_same_key_gets_the_same_goal_and_the_same_task(opened: OpenDesk) -> None:
    desk = opened()
    goal = desk.adopted()
    first = desk.next("a")
    desk.adopted("Another one", value=1.0, effort=0.0)
    again = desk.next("a")
    assert again.task == first.task
    assert (first.replayed, again.replayed) == (False, True)
    assert desk.store.get(goal.id).attempts == 1
    desk.store.complete(goal.id, success=True)
    assert desk.next("a").task == first.task


def test_T2_the_same_key_gets_the_same_scheduled_task(opened: OpenDesk) -> None:
    desk = opened()
    desk.schedule("sweep", 10)
    desk.schedule("water", 10)
    first = desk.next("a").task
    desk.adopted()
    assert desk.next("a").task == first
    assert desk.next("b").task.kind == "goal"
    assert desk.next("c").task.task_id == "water", "the first key has used up one task only"


def test_everybody_gets_tasks_of_their_own(opened: OpenDesk) -> None:
    desk = opened()
    desk.schedule("anns", owner="ann")
    hers = desk.adopted("Ann's", owner="ann")
    his = desk.adopted("Bob's", owner="bob")
    assert desk.next("1", "bob").task.goal_id == his.id
    assert desk.next("2", "bob").task is None
    assert desk.next("3", "ann").task.goal_id == hers.id
    assert desk.next("4", "ann").task.task_id == "anns"


# --- canary -------------------------------------------------------------------------------------


def test_F3_the_canary_says_which_selections_goals_decide(opened: OpenDesk) -> None:
    flags = LIVE.model_copy(update={"canary_percent": 10.0})
    desk = opened(flags=flags)
    desk.schedule("sweep")
    for number in range(40):
        desk.adopted(f"Goal {number}")
    kinds = {f"key-{number}": desk.next(f"key-{number}").task.kind for number in range(200)}
    assert kinds == {key: "goal" if flags.draw(key) else "scheduled" for key in kinds}
    assert sorted(set(kinds.values())) == ["goal", "scheduled"]


def test_F3_a_selection_that_the_canary_leaves_alone_changes_no_goal(opened: OpenDesk) -> None:
    desk = opened(flags=LIVE.model_copy(update={"canary_percent": 0.0}))
    desk.adopted()
    before = desk.dump()
    assert desk.next("a") == NextStep(None)
    assert desk.dump() == before


# --- shadow -------------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [SHADOW, KILLED], ids=["by default", "as the kill switch"])
def test_K3_in_shadow_goals_are_ranked_and_told_and_none_is_executed(
    opened: OpenDesk, flags: GoalFlags, caplog: pytest.LogCaptureFixture
) -> None:
    desk = opened(flags=flags)
    desk.adopted("Worse", value=0.1)
    better = desk.adopted("Better", value=0.9)
    desk.schedule("sweep", 10)
    before = desk.store.list()[0], desk.told()
    with caplog.at_level(logging.INFO, "gdg_runtime.goals"):
        step = desk.next("a")
    assert step.task.task_id == "sweep"
    assert step.shadow == better
    assert (desk.store.list()[0], desk.told()) == before
    assert [f"goal_shadow_selected: {better.id} for a"] == caplog.messages


def test_K3_in_shadow_with_nothing_scheduled_the_store_is_left_as_it_is(opened: OpenDesk) -> None:
    desk = opened(flags=SHADOW)
    desk.adopted()
    before = desk.dump()
    assert desk.next("a").task is None
    assert desk.dump() == before
    with desk.store.database.reading() as tx:
        assert task_rows.unsubmitted(tx) == []


def test_X3_shadow_picks_do_not_count_as_selected(opened: OpenDesk) -> None:
    desk = opened(flags=SHADOW)
    desk.adopted()
    assert desk.next("a").shadow is not None
    assert desk.selected() == 0
    desk.store.flags = LIVE
    desk.next("b")
    desk.next("b")
    assert desk.selected() == 1


def break_ranking(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("ranking broke")

    monkeypatch.setattr("gdg_runtime.goals.store.ranking_query.ready_goals", broken)


def test_F2_if_ranking_breaks_in_shadow_the_scheduled_task_comes_all_the_same(
    opened: OpenDesk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk = opened(flags=SHADOW)
    desk.adopted()
    desk.schedule("sweep")
    break_ranking(monkeypatch)
    step = desk.next("a")
    assert (step.task.task_id, step.shadow) == ("sweep", None)
    (record,) = caplog.records
    assert "goal_shadow_failed" in record.message
    assert record.exc_info[0] is ZeroDivisionError


def test_F2_whoever_wants_to_know_is_told_what_broke(
    opened: OpenDesk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk = opened(flags=SHADOW)
    desk.schedule("sweep")
    break_ranking(monkeypatch)
    assert desk.store.next_task("a").task.task_id == "sweep"
    assert [str(record.exc_info[1]) for record in caplog.records] == ["ranking broke"]


def test_F2_once_goals_decide_a_broken_ranking_is_not_hidden(
    opened: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = opened()
    desk.adopted()
    desk.schedule("sweep", 10)
    before = desk.dump()
    break_ranking(monkeypatch)
    with pytest.raises(ZeroDivisionError):
        desk.next("a")
    assert desk.dump() == before


def test_F2_a_database_that_gave_up_is_not_taken_for_a_ranking_that_broke(
    opened: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = opened(flags=SHADOW)
    desk.schedule("sweep")

    def rolled_back(tx: sqlite3.Connection, *_: object, **__: object) -> None:
        tx.execute("ROLLBACK")
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("gdg_runtime.goals.store.ranking_query.ready_goals", rolled_back)
    with pytest.raises(sqlite3.OperationalError, match="disk"):
        desk.next("a")


# --- switching off ------------------------------------------------------------------------------


def test_F7_the_kill_switch_acts_on_the_next_selection(opened: OpenDesk) -> None:
    desk = opened()
    first, second = desk.adopted("One"), desk.adopted("Two")
    assert desk.next("a").task.goal_id == first.id
    desk.store.flags = KILLED
    step = desk.next("b")
    assert (step.task, step.shadow.id) == (None, second.id)
    assert desk.state_of(second) == "adopted"


@pytest.mark.parametrize("flags", [OFF, SHADOW, KILLED], ids=["off", "shadow", "killed"])
def test_F7_after_a_restart_with_goals_off_what_executes_is_finished_or_released(
    opened: OpenDesk, tmp_path: Path, flags: GoalFlags
) -> None:
    policy = GoalPolicy(lease_min=30)
    before = opened(tmp_path / "goals.db", policy=policy)
    told, silent, given_back = (before.adopted(text) for text in ("Told", "Silent", "Given back"))
    for key in "abc":
        before.next(key)
    before.store.close()

    after = opened(tmp_path / "goals.db", flags=flags, policy=policy)
    after.schedule("sweep")
    assert after.store.complete(told.id, success=True).state is GoalState.SATISFIED
    assert after.store.release(given_back.id).state is GoalState.ADOPTED
    assert after.next("d").task.task_id == "sweep"
    assert after.state_of(silent) == "executing"
    after.clock.turn(minutes=30)
    assert after.next("e").task.task_id == "sweep"
    assert after.state_of(silent) == "adopted"
    assert after.selected() == 3


# --- the schedule as it was ---------------------------------------------------------------------


def bare_schedule(every: dict[str, int | None], minutes: list[int]) -> list[str | None]:
    """What a schedule without goals gives: the task that has been due for longest; in a tie the
    one that was put first; missed times are left out; one without a period goes behind the rest."""
    due, order = dict.fromkeys(every, 0), list(every)
    taken: list[str | None] = []
    for now in minutes:
        waiting = [name for name in order if due[name] <= now]
        name = min(waiting, key=lambda name: due[name], default=None)
        taken.append(name)
        if name is None:
            continue
        period = every[name]
        if period is None:
            due[name] = now
            order.remove(name)
            order.append(name)
        else:
            due[name] += ((now - due[name]) // period + 1) * period
    return taken


@pytest.mark.parametrize("flags", [OFF, SHADOW, KILLED], ids=["off", "shadow", "killed"])
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # it opens a store each time
)
@given(
    periods=st.lists(st.none() | st.integers(1, 12), max_size=4),
    pauses=st.lists(st.integers(0, 15), min_size=1, max_size=15),
)
def test_K4_with_goals_off_the_scheduled_tasks_come_exactly_as_without_goals(
    opened: OpenDesk, flags: GoalFlags, periods: list[int | None], pauses: list[int]
) -> None:
    every = {f"task_{number}": period for number, period in enumerate(periods)}
    minutes = [sum(pauses[: place + 1]) for place in range(len(pauses))]
    traces = []
    for goals in (0, 3):
        desk = opened(flags=flags)
        for name, period in every.items():
            desk.schedule(name, period)
        for number in range(goals):
            desk.adopted(f"Goal {number}")
        trace = []
        for place, pause in enumerate(pauses):
            desk.clock.turn(minutes=pause)
            task = desk.next(f"key-{place}").task
            trace.append(None if task is None else task.model_dump_json())
        traces.append(trace)
    without, beside = traces
    assert beside == without
    names = [
        None if text is None else TaskView.model_validate_json(text).task_id for text in without
    ]
    assert names == bare_schedule(every, minutes)


GOLDEN = [
    "water", "sweep", "read", "read", "read", "read", "water", "read", "read", "sweep", "read",
]  # fmt: skip


def test_Q3_the_trace_with_goals_off_is_the_one_that_is_known(opened: OpenDesk) -> None:
    desk = opened(flags=GoalFlags())
    desk.schedule("water", 5)
    desk.schedule("sweep", 8)
    desk.schedule("read")
    desk.adopted()
    trace = []
    for place in range(len(GOLDEN)):
        trace.append(desk.next(f"key-{place}").task.task_id)
        desk.clock.turn(minutes=1)
    assert trace == GOLDEN


# --- submission ---------------------------------------------------------------------------------


class Sink:
    """Keeps each task once, as a sink must."""

    def __init__(self, break_at: int | None = None) -> None:
        self.tasks: dict[str, TaskView] = {}
        self.calls = 0
        self._break_at = break_at

    def submit(self, task: TaskView) -> None:
        self.calls += 1
        if self.calls == self._break_at:
            raise ConnectionError("the sink is gone")
        self.tasks.setdefault(task.task_id, task)


def test_T3_a_task_is_submitted_once(opened: OpenDesk) -> None:
    desk, sink = opened(), Sink()
    desk.adopted()
    task = desk.next("a").task
    desk.next("a")
    assert desk.store.submit_pending(sink) == 1
    assert desk.store.submit_pending(sink) == 0
    assert (sink.calls, sink.tasks) == (1, {task.task_id: task})


def test_T3_a_crash_before_it_is_taken_down_submits_again_and_the_sink_has_one_task(
    opened: OpenDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = Sink()
    desk = opened(tmp_path / "goals.db")
    desk.adopted()
    desk.next("a")
    with monkeypatch.context() as patched:

        def crash(*_: object) -> None:
            raise SystemExit

        patched.setattr(task_rows, "mark_submitted", crash)
        with pytest.raises(SystemExit):
            desk.store.submit_pending(sink)
    desk.store.close()

    again = opened(tmp_path / "goals.db")
    assert again.store.submit_pending(sink) == 1
    assert sink.calls == 2
    assert len(sink.tasks) == 1
    assert again.store.submit_pending(sink) == 0


def test_T3_what_a_sink_refused_is_submitted_later(opened: OpenDesk) -> None:
    desk, sink = opened(), Sink(break_at=2)
    for number in range(3):
        desk.adopted(f"Goal {number}")
        desk.next(f"key-{number}")
        desk.clock.turn(minutes=1)
    with pytest.raises(ConnectionError):
        desk.store.submit_pending(sink)
    assert len(sink.tasks) == 1
    assert desk.store.submit_pending(sink) == 2
    assert [task.text for task in sink.tasks.values()] == ["Goal 0", "Goal 1", "Goal 2"]


def test_T3_a_task_that_is_over_is_not_submitted_any_more(opened: OpenDesk) -> None:
    desk, sink = opened(), Sink()
    desk.hold("core.quiet", active=False)
    desk.adopted("Play music at night", contradicts=("core.quiet",))
    desk.next("a")
    desk.switch("core.quiet", True)
    assert desk.store.submit_pending(sink) == 0


def test_T3_scheduled_tasks_are_no_part_of_the_outbox(opened: OpenDesk) -> None:
    desk, sink = opened(), Sink()
    desk.schedule("sweep")
    desk.next("a")
    assert desk.store.submit_pending(sink) == 0


def test_what_the_schedule_gave_is_forgotten_after_a_day_and_what_goals_gave_is_not(
    opened: OpenDesk,
) -> None:
    desk = opened()
    desk.schedule("sweep")
    goal = desk.adopted()
    assert desk.next("goal").task.goal_id == goal.id
    for hour in range(72):
        assert desk.next(f"hour {hour}").task.task_id == "sweep"
        desk.clock.turn(hours=1)
    kept = [line for line in desk.dump() if b'"table":"selections"' in line]
    assert len(kept) == 1 + 25  # a day has a beginning and an end
    assert desk.next("goal").task.goal_id == goal.id
