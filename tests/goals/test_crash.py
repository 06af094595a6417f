"""kill -9 between any two statements: after reopening, all of a command is there, or nothing.

Run as a program, this file crashes a store at every statement of one command in turn.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from direct_store import DirectStore

from gdg_runtime.goals import commands as c
from gdg_runtime.goals.checkers.checker import ConsistencyReport
from gdg_runtime.goals.identity import Caller, IdempotencyKey
from gdg_runtime.goals.model import GoalDraft
from gdg_runtime.goals.policy import GoalFlags
from gdg_runtime.goals.schemas import BeliefDraft, BeliefPatch, TaskView
from gdg_runtime.goals.store.ledger_rows import dump_lines

FILE = "goals.db"
CALLER = Caller(key=IdempotencyKey(scope="test", key="key-1", request="digest"))


class FindsNothing:
    def check_consistency(self, **asked: object) -> ConsistencyReport:
        return ConsistencyReport(checker_id="nothing", version="1")


def open_store(folder: Path, seed: int) -> DirectStore:
    return DirectStore.open(
        folder / FILE,
        clock=lambda: datetime(2025, 11, 8, tzinfo=UTC),
        bits=Random(seed).getrandbits,
        checker=FindsNothing(),
        flags=GoalFlags(system=True, shadow=False),
    )


def propose(store: DirectStore, **fields: object) -> str:
    draft = GoalDraft.model_validate({"text": "look", "category": "exploration", **fields})
    return store.create(draft).id


def execute(store: DirectStore, **fields: object) -> str:
    goal_id = propose(store, **fields)
    store.adopt(goal_id)
    assert store.select_goal("before") is not None
    return goal_id


def prepare_adopt(store: DirectStore) -> c.Command:
    return c.AdoptGoal(goal_id=propose(store, aligns_with=["core.a"]), caller=CALLER)


def prepare_blocked_adopt(store: DirectStore) -> c.Command:
    store.add_belief(BeliefDraft(id="core.a", text="no"))
    return c.AdoptGoal(goal_id=propose(store, contradicts=["core.a"]), caller=CALLER)


def prepare_select(store: DirectStore) -> c.Command:
    store.adopt(propose(store, value=0.9, contradicts=["core.a"]))
    store.adopt(propose(store, value=0.5))
    store.add_belief(BeliefDraft(id="core.a", text="no"))
    return c.NextTask(selection_key="k", caller=CALLER)


def prepare_complete(store: DirectStore) -> c.Command:
    goal_id = execute(store, repeat_every_min=60)
    store.adopt(propose(store, depends_on=[goal_id]))
    return c.CompleteGoal(goal_id=goal_id, success=True, caller=CALLER)


def prepare_belief(store: DirectStore) -> c.Command:
    store.add_belief(BeliefDraft(id="core.a", text="no", active=False))
    execute(store, contradicts=["core.a"])
    return c.EditBelief(belief_id="core.a", patch=BeliefPatch(active=True), caller=CALLER)


PREPARE: dict[str, Callable[[DirectStore], c.Command]] = {
    "adopt": prepare_adopt,
    "blocked adopt": prepare_blocked_adopt,
    "select": prepare_select,
    "complete": prepare_complete,
    "belief": prepare_belief,
}


def crash_at_every_statement(base: Path, command: c.Command) -> None:
    """In folder n of `base`, a process dies before its n-th statement; in the last one it lives."""
    for number in count(1):
        folder = base / str(number)
        shutil.copytree(base / "prepared", folder)
        pid = os.fork()
        if pid == 0:
            crash(folder, command, number)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        if not os.WIFSIGNALED(status):
            assert status == 0, f"the child ended with status {status}"
            return


def crash(folder: Path, command: c.Command, number: int) -> None:
    store, passed = open_store(folder, seed=2), count(1)

    def die_in_time(statement: str) -> None:
        if next(passed) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    store.database.connection.set_trace_callback(die_in_time)
    store.ask(command)


class Content(NamedTuple):
    """What is in a store's file."""

    dump: tuple[bytes, ...]
    kept_answers: int


def content(folder: Path) -> Content:
    store = open_store(folder, seed=3)
    with store.database.reading() as tx:
        (kept,) = tx.execute("SELECT count(*) FROM idempotency").fetchone()
        read = Content(tuple(dump_lines(tx)), kept)
    assert store.verify_ledger() is None
    store.close()
    return read


@pytest.mark.parametrize("name", PREPARE)
def test_S5_killed_between_any_two_statements_a_command_is_done_or_not_done(tmp_path, name):
    prepared = tmp_path / "prepared"
    prepared.mkdir()
    store = open_store(prepared, seed=1)
    command = PREPARE[name](store)
    store.close()
    before = content(prepared)

    subprocess.run(
        [sys.executable, __file__, tmp_path, name, command.model_dump_json()], check=True
    )

    numbers = sorted(int(folder.name) for folder in tmp_path.iterdir() if folder != prepared)
    assert len(numbers) > 10
    after = content(tmp_path / str(numbers[-1]))
    assert before.dump != after.dump
    assert (before.kept_answers, after.kept_answers) == (0, 1)
    for number in numbers[:-1]:
        folder = tmp_path / str(number)
        assert content(folder) == before, f"killed before statement {number}"
        store = open_store(folder, seed=2)
        first = store.ask(command)
        assert store.ask(command) == first.model_copy(update={"replayed": True})
        store.close()
        assert content(folder) == after, f"asked again after statement {number}"


def test_T3_a_task_is_submitted_again_after_a_crash_and_is_the_same(tmp_path):
    class Sink:
        def __init__(self) -> None:
            self.tasks: list[TaskView] = []

        def submit(self, task: TaskView) -> None:
            self.tasks.append(task)

    class CrashingSink(Sink):
        def submit(self, task: TaskView) -> None:
            super().submit(task)
            raise ConnectionError

    store = open_store(tmp_path, seed=1)
    goal_id = execute(store)
    first = CrashingSink()
    with pytest.raises(ConnectionError):
        store.submit_pending(first)
    store.close()
    again, second = open_store(tmp_path, seed=2), Sink()
    assert again.submit_pending(second) == 1
    assert again.submit_pending(second) == 0
    assert [task.task_id for task in first.tasks + second.tasks] == [f"goal:{goal_id}:1"] * 2
    again.close()


if __name__ == "__main__":
    where, which, message = sys.argv[1:]
    kinds = {
        "adopt": c.AdoptGoal, "blocked adopt": c.AdoptGoal, "select": c.NextTask,
        "complete": c.CompleteGoal, "belief": c.EditBelief,
    }  # fmt: skip
    crash_at_every_statement(Path(where), kinds[which].model_validate_json(message))
