"""B10: 10,000 random histories (by day a tenth of them), watched from inside the database at every
statement.

Triggers refuse a statement by which a goal would become adopted or executing while an active
belief in its `contradicts` stands against it, and one after which a goal would be executing
against such a belief.
"""

import sqlite3
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from direct_store import DirectStore

from gdg_runtime.goals import commands as c
from gdg_runtime.goals.checkers.checker import ConsistencyReport
from gdg_runtime.goals.commands import Command
from gdg_runtime.goals.identity import Caller, Trace
from gdg_runtime.goals.model import Goal, GoalDraft, GoalPatch
from gdg_runtime.goals.policy import GoalFlags, GoalPolicy
from gdg_runtime.goals.schemas import BeliefDraft, BeliefPatch, Refused
from gdg_runtime.goals.store.database import Database

HISTORIES, SHARES, COMMANDS = 10_000, 10, 8
BELIEFS = ("calm", "kind", "new")
"""The first two are there from the beginning."""
IN_ONE_STORE = 25
"""Histories that share a store, each with beliefs, goals and an owner of its own: a new connection
would have to compile each statement anew."""
START = datetime(2025, 11, 8, tzinfo=UTC)
POLICY = GoalPolicy(max_attempts=2, lease_min=20)
CALLER = Caller(trace=Trace(trace_id="a" * 32, span_id="b" * 16))
FLAGS = GoalFlags(system=True, shadow=False)
FORBIDDEN = """EXISTS (
  SELECT 1 FROM goal_beliefs AS link JOIN beliefs AS belief ON belief.id = link.belief_id
  WHERE link.goal_id = {goal} AND link.relation = 'contradicts' AND belief.active)"""
EXECUTING = """EXISTS (
  SELECT 1 FROM goal_beliefs AS link JOIN goals AS goal ON goal.id = link.goal_id
  WHERE link.belief_id = new.id AND link.relation = 'contradicts' AND goal.state = 'executing')"""
WATCH = (
    f"""CREATE TRIGGER watch_entry AFTER UPDATE OF state ON goals
    WHEN new.state <> old.state AND new.state IN ('adopted', 'executing')
    AND {FORBIDDEN.format(goal="new.id")}
    BEGIN SELECT RAISE (ABORT, 'a goal went on against an active belief'); END""",
    f"""CREATE TRIGGER watch_link AFTER INSERT ON goal_beliefs
    WHEN {FORBIDDEN.format(goal="new.goal_id")}
    AND (SELECT state FROM goals WHERE id = new.goal_id) IN ('adopted', 'executing')
    BEGIN SELECT RAISE (ABORT, 'a goal at work was turned against an active belief'); END""",
    f"""CREATE TRIGGER watch_new_belief AFTER INSERT ON beliefs WHEN new.active AND {EXECUTING}
    BEGIN SELECT RAISE (ABORT, 'a goal is executing against a new belief'); END""",
    f"""CREATE TRIGGER watch_belief AFTER UPDATE ON beliefs WHEN new.active AND {EXECUTING}
    BEGIN SELECT RAISE (ABORT, 'a goal is executing against an active belief'); END""",
)
VIOLATIONS = f"""
SELECT count(*) FROM goals WHERE state = 'executing' AND {FORBIDDEN.format(goal="goals.id")}"""


class FindsNothing:
    def check_consistency(self, **asked: object) -> ConsistencyReport:
        return ConsistencyReport(checker_id="nothing", version="1")


class Watched:
    """Stores with the triggers, each a copy of one that was made once."""

    def __init__(self, random: Random) -> None:
        self.now = START
        database = Database.open(":memory:", durable=False)
        self.goals = _populate(self._store(database, random), random)
        for trigger in WATCH:
            database.connection.execute(trigger)
        self._content = database.connection.serialize()
        database.close()

    def _store(self, database: Database, random: Random) -> DirectStore:
        return DirectStore(
            database, clock=lambda: self.now, bits=random.getrandbits, checker=FindsNothing(),
            policy=POLICY, flags=FLAGS,
        )  # fmt: skip

    def fresh(self, random: Random) -> DirectStore:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.deserialize(self._content)
        connection.row_factory = sqlite3.Row
        self.now = START
        return self._store(Database(connection, ":memory:"), random)


def some_beliefs(random: Random, place: int) -> tuple[str, ...]:
    return tuple(f"{place}.{name}" for name in BELIEFS if random.random() < 0.4)


def _populate(store: DirectStore, random: Random) -> list[list[str]]:
    """Beliefs and goals for each of the histories of a store; the goals' ids."""
    goals = []
    for place in range(IN_ONE_STORE):
        for name in BELIEFS[:2]:
            active = random.random() < 0.3
            store.add_belief(BeliefDraft(id=f"{place}.{name}", text="so it is", active=active))
        drafts = [
            GoalDraft(
                text="go on", category="exploration", owner=f"{place}",
                contradicts=some_beliefs(random, place), repeat_every_min=repeat_every_min,
            )
            for repeat_every_min in (None, 5, None)
        ]  # fmt: skip
        goals.append([store.create(draft).id for draft in drafts])
    return goals


def a_command(random: Random, place: int, key: str, goals: list[str], task: str) -> Command:
    """Anything that could turn a goal and a belief against each other. `task` is the goal that was
    selected last."""
    kind = random.random()
    goal_id, belief_id = random.choice(goals), f"{place}.{random.choice(BELIEFS[:2])}"
    if kind < 0.2:
        return c.AdoptGoal(goal_id=goal_id, caller=CALLER)
    if kind < 0.45:
        return c.NextTask(selection_key=key, owner=f"{place}", caller=CALLER)
    if kind < 0.7:
        patch = BeliefPatch(active=random.random() < 0.5)
        return c.EditBelief(belief_id=belief_id, patch=patch, caller=CALLER)
    if kind < 0.75:
        draft = BeliefDraft(id=f"{place}.{BELIEFS[2]}", text="so it is")
        return c.AddBelief(draft=draft, caller=CALLER)
    if kind < 0.82:
        patch = GoalPatch(contradicts=some_beliefs(random, place))
        return c.EditGoal(goal_id=goal_id, patch=patch, caller=CALLER)
    if kind < 0.92:
        return c.CompleteGoal(goal_id=task, success=random.random() < 0.5, caller=CALLER)
    if kind < 0.96:
        way_out = random.choice((c.ReleaseGoal, c.AbandonGoal, c.DeleteGoal))
        return way_out(goal_id=task, caller=CALLER)
    return c.ImportGoals(goals=(an_import(random, place, key),), caller=CALLER)


def an_import(random: Random, place: int, key: str) -> Goal:
    state = random.choice(("proposed", "adopted", "executing"))
    return Goal(
        id=f"import_{key}", text="elsewhere", category="maintenance", value=0.5, effort=0.5,
        risk=0.5, contradicts=some_beliefs(random, place), owner=f"{place}",
        created_at=START, updated_at=START, state=state,
    )  # fmt: skip


def live_through(store: DirectStore, watched: Watched, seed: int, happened: Counter[str]) -> None:
    """One history; the codes of its refusals are counted."""
    random, place = Random(seed), seed % IN_ONE_STORE
    goals = list(watched.goals[place])
    task = goals[0]
    for number in range(COMMANDS):
        watched.now += timedelta(minutes=random.choice((0, 0, 1, 5)))
        command = a_command(random, place, f"{place}.{number}", goals, task)
        answer = store.ask(command)
        if isinstance(answer, Refused):
            happened[answer.code] += 1
        elif isinstance(command, c.ImportGoals):
            goals.append(command.goals[0].id)
        elif isinstance(command, c.NextTask) and answer.task is not None:
            task = answer.task.goal_id


def look_back(store: DirectStore, happened: Counter[str]) -> None:
    """Count the events of all histories in a store."""
    connection = store.database.connection
    assert connection.execute(VIOLATIONS).fetchone()[0] == 0
    for event, reason in connection.execute("SELECT event, reason FROM ledger"):
        happened[event] += 1
        happened[f"{event} {reason}"] += 1


@pytest.mark.parametrize(
    "share", [0, *(pytest.param(share, marks=pytest.mark.nightly) for share in range(1, SHARES))]
)
def test_B10_no_goal_is_adopted_or_executing_against_an_active_belief(share):
    watched, happened = Watched(Random(share)), Counter()
    seeds = range(share * HISTORIES // SHARES, (share + 1) * HISTORIES // SHARES)
    for first in seeds[::IN_ONE_STORE]:
        store = watched.fresh(Random(first))
        for seed in range(first, first + IN_ONE_STORE):
            try:
                live_through(store, watched, seed, happened)
            except sqlite3.IntegrityError as violation:
                pytest.fail(f"history {seed}: {violation}")
        look_back(store, happened)
        store.close()
    for event in (
        "goal_adopted", "goal_selected_for_execution", "goal_satisfied", "goal_failed",
        "goal_blocked_by_belief active_contradiction", "goal_released lease",
        "goal-blocked-by-belief", "goal_updated",
    ):  # fmt: skip
        assert happened[event] >= 20, event
    stopped = [
        times for event, times in happened.items() if event.startswith("goal_released the belief")
    ]
    assert sum(stopped) >= 20


def test_the_watch_sees_what_it_is_there_for():
    watched = Watched(Random(0))
    store = watched.fresh(Random(1))
    draft = GoalDraft(text="go on", category="exploration", contradicts=("a",))
    goal_id = store.create(draft).id
    tx = store.database.connection
    tx.execute("UPDATE goals SET state = 'executing' WHERE id = ?", (goal_id,))
    with pytest.raises(sqlite3.IntegrityError, match="executing against a new belief"):
        store.database.connection.execute(
            "INSERT INTO beliefs VALUES ('a', 'x', 1, 1.0, 0, ?, ?, 1)",
            ("2025-11-08T00:00:00.000000Z",) * 2,
        )
    tx.execute("UPDATE goals SET state = 'proposed' WHERE id = ?", (goal_id,))
    store.add_belief(BeliefDraft(id="a", text="so it is"))
    for state in ("adopted", "executing"):
        with pytest.raises(sqlite3.IntegrityError, match="went on"):
            tx.execute("UPDATE goals SET state = ? WHERE id = ?", (state, goal_id))
    store.close()
