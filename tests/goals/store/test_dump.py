"""The dump says all that a store holds and nothing of how its file came about."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

from specimens import TS, make_belief, make_event, make_goal

from gdg_runtime.goals.schemas import TaskView
from gdg_runtime.goals.store.database import SCHEMA_VERSION, Database
from gdg_runtime.goals.store.goal_rows import insert_belief, insert_goal
from gdg_runtime.goals.store.ledger_rows import append, count, dump_lines
from gdg_runtime.goals.store.task_rows import add_task

Tx = sqlite3.Connection


def lines(database: Database) -> list[bytes]:
    with database.reading() as tx:
        return list(dump_lines(tx))


def fill(tx: Tx, order: Callable[[list[int]], list[int]]) -> None:
    for number in order([1, 2, 3]):
        insert_belief(tx, make_belief(f"belief_{number}"))
    for number in order([1, 2, 3]):
        named = (f"belief_{number}", "belief_1") if number > 1 else ()
        insert_goal(tx, make_goal(number, contradicts=named, metadata={"ü": [number]}))
    for name in order([1, 2]):
        count(tx, "goals_total", (("state", f"s{name}"),))
    add_task(tx, TaskView(task_id="t", kind="goal", text="x", goal_id="goal_001", attempt=1), TS)
    append(tx, **make_event(data={"b": 1, "a": 2}))


def test_I7_the_same_content_is_the_same_bytes_whatever_the_order_it_came_in(
    tmp_path: Path,
) -> None:
    one, other = Database.open(":memory:"), Database.open(tmp_path / "other.db")
    with one.transaction() as tx:
        fill(tx, list)
    with other.transaction() as tx:
        insert_goal(tx, make_goal(9))
        tx.execute("DELETE FROM goals")
        fill(tx, lambda numbers: numbers[::-1])
    other.connection.execute("VACUUM")
    assert lines(one) == lines(other)
    other.close()
    reopened = Database.open(tmp_path / "other.db", durable=False)
    assert lines(one) == lines(reopened)
    reopened.close()
    one.close()


def test_other_content_is_other_bytes(database: Database) -> None:
    with database.transaction() as tx:
        fill(tx, list)
    before = lines(database)
    with database.transaction() as tx:
        tx.execute("UPDATE goals SET risk = risk + 1e-9 WHERE id = 'goal_002'")
    assert lines(database) != before


def test_the_dump_is_json_lines_of_every_table_with_the_schema_version_first(
    database: Database,
) -> None:
    with database.transaction() as tx:
        fill(tx, list)
    dumped = lines(database)
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in dumped)
    head, *rows = map(json.loads, dumped)
    assert head == {"kind": "goal store", "schema_version": SCHEMA_VERSION}
    assert rows[0] == {"table": "settings", "name": "belief_min_confidence", "value": 0.0}
    goal = next(row for row in rows if row["table"] == "goals" and row["id"] == "goal_002")
    assert goal["metadata"] == {"ü": [2]}
    assert goal["contradicts"] == ["belief_2", "belief_1"]
    with database.reading() as tx:
        tables = tx.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        names = {row["name"] for row in tables} - {"_sqlite_migrations"}
        kept = {name for name in names if tx.execute(f"SELECT 1 FROM {name}").fetchone()}
    assert {row["table"] for row in rows} == kept
