"""How long it takes to find the best 50 goals, in memory and with fetch from the database.

    python benchmarks/goal_ranking.py [--sizes 1000 10000 100000] [--calls N]

The calls are made in five rounds. CPU time is that of the calling thread, 95th percentile of all
calls; wall time is the 95th percentile of the best round, since a machine's other work only adds.
Before the clock starts the garbage collector is frozen, as it is in a real run. The database is a
file, and the ranking is asked for as the store does it: in one transaction with the count of the
goals that were scored.

Prints one JSON line per measurement, then one with the bounds. That all ways give the identical
goals, order and figures is asserted for each size, also against a plain sort of all of them.
"""

import argparse
import gc
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gdg_runtime.goals.identity import make_id, microseconds
from gdg_runtime.goals.model import Belief, Goal, GoalCategory, GoalState, Weights
from gdg_runtime.goals.policy import GoalPolicy
from gdg_runtime.goals.ranking import Formula, alignment_of, contradicting, rank
from gdg_runtime.goals.schemas import RankedView
from gdg_runtime.goals.store import goal_rows, ranking_query
from gdg_runtime.goals.store.database import Database
from gdg_runtime.goals.store.goal_rows import insert_belief

NOW = datetime(2025, 11, 8, 12, tzinfo=UTC)
LIMIT, ROUNDS = 50, 5
STATES = (GoalState.ADOPTED, GoalState.PROPOSED)
WEIGHTS, POLICY = Weights(), GoalPolicy()
CPU_BOUNDS_MS = {("memory", 1_000): 5.0, ("database", 1_000): 10.0, ("database", 100_000): 100.0}
WALL_BOUNDS_MS = {("memory", 1_000): 30.0, ("database", 1_000): 80.0}
"""What the specification asks for."""


def beliefs() -> list[Belief]:
    """Twenty beliefs, every fourth of which is not active."""
    return [
        Belief(
            id=f"core.belief_{number:02}", text="Something held to be true.",
            active=number % 4 != 0, confidence=1.0, immutable=False,
            created_at=NOW, updated_at=NOW, version=1,
        )
        for number in range(20)
    ]  # fmt: skip


def goals(size: int) -> Iterator[Goal]:
    """Goals of the last 30 days, in no order: half with a deadline, a tenth contradicted."""
    rng = random.Random(size)
    names = [belief.id for belief in beliefs()]
    for number in range(size):
        created = NOW - timedelta(microseconds=rng.randrange(30 * 86_400 * 10**6))
        named = rng.sample(names, 4)
        yield Goal(
            id=make_id("goal", created, rng.getrandbits),
            text=f"Conduct weekly self-reflection on identity coherence, number {number}",
            category=rng.choice(list(GoalCategory)),
            value=rng.random(), effort=rng.random(), risk=rng.random(),
            horizon_max_min=rng.randrange(1, 60 * 1440) if rng.random() < 0.5 else None,
            aligns_with=tuple(named[: rng.randrange(4)]),
            contradicts=tuple(named[3:]) if rng.random() < 0.13 else (),
            success_metrics={"coherence_delta": 0.05},
            state=rng.choice(STATES),
            created_at=created, updated_at=created,
            metadata={"source": "benchmark", "number": number},
        )  # fmt: skip


def filled(path: Path, size: int) -> Database:
    """A new database with so many goals."""
    database = Database.open(path, durable=False)
    with database.transaction() as tx:
        for belief in beliefs():
            insert_belief(tx, belief)
        for goal in goals(size):
            goal_rows.insert_goal(tx, goal)
    return database


def in_memory(found: list[Goal]) -> Callable[[], list[RankedView]]:
    """The ranking of goals that are there as objects."""
    known = {belief.id: belief for belief in beliefs()}
    now_us = microseconds(NOW)
    return lambda: rank(found, known, (), Formula(WEIGHTS, POLICY, now_us), LIMIT)


def with_fetch(database: Database) -> Callable[[], list[RankedView]]:
    """The ranking of goals that are in the database, in a transaction of its own."""
    now_us = microseconds(NOW)

    def call() -> list[RankedView]:
        with database.reading() as tx:
            ranking_query.count_ranked(tx, states=STATES, owner=None)
            formula = Formula(WEIGHTS, POLICY, now_us)
            return ranking_query.ranked_goals(tx, formula, states=STATES, owner=None, limit=LIMIT)

    return call


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed."""
    return sorted(values)[max(0, -int(-share * len(values) // 1) - 1)]


def measure(way: str, size: int, call: Callable[[], Any], calls: int) -> dict[str, Any]:
    """CPU and wall time of one way; milliseconds."""
    call()
    gc.collect()
    gc.freeze()
    rounds: list[tuple[list[float], list[float]]] = []
    for _ in range(ROUNDS):
        cpu, wall = [], []
        for _ in range(calls):
            cpu_before, wall_before = time.thread_time(), time.perf_counter()
            call()
            wall.append(1000 * (time.perf_counter() - wall_before))
            cpu.append(1000 * (time.thread_time() - cpu_before))
        rounds.append((cpu, wall))
    gc.unfreeze()
    all_cpu = [value for cpu, _ in rounds for value in cpu]
    return {
        "way": way,
        "goals": size,
        "top": LIMIT,
        "calls": len(all_cpu),
        "cpu_ms_p50": round(percentile(all_cpu, 0.5), 2),
        "cpu_ms_p95": round(percentile(all_cpu, 0.95), 2),
        "wall_ms_p95": round(min(percentile(wall, 0.95) for _, wall in rounds), 2),
    }


def check_identical(in_database: list[RankedView], found: list[Goal]) -> None:
    """Assert that all ways agree, to the last bit of each figure."""
    ranked = in_memory(found)()
    assert ranked == in_database
    known = {belief.id: belief for belief in beliefs() if belief.active}
    formula = Formula(WEIGHTS, POLICY, microseconds(NOW))
    plain = sorted(
        (-formula.score(goal, alignment_of(goal, known), bool(contradicting(goal, known))).raw,
         goal.created_at, goal.id)
        for goal in found
    )  # fmt: skip
    assert plain[:LIMIT] == [(-one.raw_score, one.goal.created_at, one.goal.id) for one in ranked]


def bounds(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was promised, as far as it was measured."""
    found = [
        (f"{line['way']}, {line['goals']:,} goals, {kind} p95 ms", line[f"{kind}_ms_p95"], bound)
        for kind, table in (("cpu", CPU_BOUNDS_MS), ("wall", WALL_BOUNDS_MS))
        for line in lines
        if (bound := table.get((line["way"], line["goals"]))) is not None
    ]
    return [
        {
            "name": name,
            "value": value,
            "bound": bound,
            "verdict": "ok" if value <= bound else "failed",
        }
        for name, value, bound in found
    ]


def main() -> None:
    """Measure each size both ways, and say whether the bounds hold; exit code 1 if one does not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--calls", type=int, default=40, help="in each of the five rounds")
    options = parser.parse_args()
    lines = []
    for size in options.sizes:
        with (
            tempfile.TemporaryDirectory() as folder,
            closing(filled(Path(folder, "goals.db"), size)) as database,
        ):
            found = list(goals(size))
            check_identical(with_fetch(database)(), found)
            for way, call in (("memory", in_memory(found)), ("database", with_fetch(database))):
                calls = max(5, options.calls * min(1_000, 10_000_000 // size) // 1_000)
                line = {"benchmark": "goal_ranking", **measure(way, size, call, calls)}
                print(json.dumps(line), flush=True)
                lines.append(line)
    verdicts = bounds(lines)
    print(json.dumps({"benchmark": "goal_ranking", "identical_order": True, "bounds": verdicts}))
    sys.exit(0 if all(one["verdict"] == "ok" for one in verdicts) else 1)


if __name__ == "__main__":
    main()
