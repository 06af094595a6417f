"""What a store holds, as text: the same for the same content, however the file came about."""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from ...runtime.canonical import canonical_json

_TABLES = {
    "settings": "name",
    "beliefs": "id",
    "goals": "id",
    "goal_beliefs": "goal_id, belief_id",
    "goal_dependencies": "goal_id, on_id",
    "decisions": "decision_id",
    "parameters": "decision_id, name",
    "decision_records": "record_id",
    "tasks": "task_id",
    "selections": "selection_key",
    "scheduled_tasks": "task_id",
    "idempotency": "scope, key",
    "counters": "name, labels",
    "ledger": "seq",
}
"""Table to primary key, in the order of the dump."""
_JSON = (
    "aligns_with", "contradicts", "depends_on", "success_metrics", "metadata", "data", "weights",
    "outcome_data", "payload", "task", "answer", "labels",
)  # fmt: skip


def dump_lines(tx: sqlite3.Connection) -> Iterator[bytes]:
    """A line of canonical JSON for the kind and schema version, then one for each row of each
    table, by primary key."""
    (version,) = tx.execute("PRAGMA user_version").fetchone()
    yield _line({"kind": "goal store", "schema_version": version})
    for table, order in _TABLES.items():
        for row in tx.execute(f"SELECT * FROM {table} ORDER BY {order}"):
            content = {name: _plain(name, stored) for name, stored in dict(row).items()}
            yield _line({"table": table, **content})


def _plain(name: str, stored: Any) -> Any:
    return json.loads(stored) if name in _JSON and isinstance(stored, str) else stored


def _line(content: dict[str, Any]) -> bytes:
    return canonical_json(content).encode() + b"\n"
