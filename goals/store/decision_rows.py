"""The rows of registered decisions, their parameters, and the decisions that were taken."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from ...runtime.canonical import canonical_json
from ..errors import DecisionNotFound
from ..forms import DecisionRecordView, DecisionView, ParameterView, WeightsView

_PARAMETER = "SELECT name, current, min, max, step FROM parameters"
_RECORD = (
    "SELECT record_id, decision_id, ts, goal_id, task_id, score, weights, trace_id, span_id, "
    "outcome, outcome_ts, outcome_data FROM decision_records"
)


def register(
    tx: sqlite3.Connection,
    decision_id: str,
    subsystem: str,
    parameters: Sequence[ParameterView],
    success_metrics: Sequence[str],
) -> None:
    """Make a decision known. One that is known keeps the values its parameters have learned, as
    far as they lie within the bounds that are given now."""
    tx.execute(
        "INSERT INTO decisions (decision_id, subsystem, success_metrics) VALUES (?, ?, ?) "
        "ON CONFLICT (decision_id) DO UPDATE SET subsystem = excluded.subsystem, "
        "success_metrics = excluded.success_metrics",
        (decision_id, subsystem, canonical_json(list(success_metrics))),
    )
    tx.executemany(
        "INSERT INTO parameters (decision_id, position, name, current, min, max, step) "
        "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (decision_id, name) DO UPDATE SET "
        "position = excluded.position, min = excluded.min, max = excluded.max, "
        "step = excluded.step, current = max(min(current, excluded.max), excluded.min)",
        [
            (decision_id, position, known.name, known.current, known.min, known.max, known.step)
            for position, known in enumerate(parameters)
        ],
    )


def read_decision(tx: sqlite3.Connection, decision_id: str) -> DecisionView:
    """A registered decision. Raises DecisionNotFound."""
    row = tx.execute("SELECT * FROM decisions WHERE decision_id = ?", (decision_id,)).fetchone()
    if row is None:
        raise DecisionNotFound(decision_id)
    return _decision(tx, row)


def read_decisions(tx: sqlite3.Connection) -> list[DecisionView]:
    """All registered decisions, by id."""
    rows = tx.execute("SELECT * FROM decisions ORDER BY decision_id").fetchall()
    return [_decision(tx, row) for row in rows]


def parameter(tx: sqlite3.Connection, decision_id: str, name: str) -> ParameterView:
    """One parameter of a decision. Raises DecisionNotFound."""
    row = tx.execute(
        f"{_PARAMETER} WHERE decision_id = ? AND name = ?", (decision_id, name)
    ).fetchone()
    if row is None:
        raise DecisionNotFound(f"{decision_id}.{name}")
    return ParameterView.model_construct(**dict(row))


def set_current(tx: sqlite3.Connection, decision_id: str, name: str, current: float) -> None:
    """Give a parameter a value, which must lie within its bounds (sqlite3.IntegrityError
    otherwise). Raises DecisionNotFound."""
    written = tx.execute(
        "UPDATE parameters SET current = ? WHERE decision_id = ? AND name = ?",
        (current, decision_id, name),
    )
    if written.rowcount == 0:
        raise DecisionNotFound(f"{decision_id}.{name}")


def add_record(
    tx: sqlite3.Connection, record: DecisionRecordView, *, selection_key: str | None = None
) -> None:
    """Write down a decision that was taken."""
    tx.execute(
        "INSERT INTO decision_records (record_id, decision_id, ts, goal_id, task_id, "
        "selection_key, score, weights, trace_id, span_id, outcome, outcome_ts, outcome_data) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            record.record_id, record.decision_id, record.ts, record.goal_id, record.task_id,
            selection_key, record.score, canonical_json(record.weights.model_dump()),
            record.trace_id, record.span_id, record.outcome, record.outcome_ts,
            None if record.outcome_data is None else canonical_json(record.outcome_data),
        ),
    )  # fmt: skip


def find_record_of_task(tx: sqlite3.Connection, task_id: str) -> DecisionRecordView | None:
    """The decision that led to a task."""
    row = tx.execute(f"{_RECORD} WHERE task_id = ?", (task_id,)).fetchone()
    return None if row is None else _record(row)


def set_outcome(
    tx: sqlite3.Connection, record_id: str, outcome: float, ts: str, data: Mapping[str, Any]
) -> bool:
    """Write down what came of a decision, -1 to 1. The first outcome stands: whether this was it.

    Raises DecisionNotFound.
    """
    written = tx.execute(
        "UPDATE decision_records SET outcome = ?, outcome_ts = ?, outcome_data = ? "
        "WHERE record_id = ? AND outcome IS NULL",
        (outcome, ts, canonical_json(dict(data)), record_id),
    )
    if written.rowcount:
        return True
    known = tx.execute("SELECT 1 FROM decision_records WHERE record_id = ?", (record_id,))
    if known.fetchone() is None:
        raise DecisionNotFound(record_id)
    return False


def records(
    tx: sqlite3.Connection, goal_id: str | None = None, limit: int = 50
) -> list[DecisionRecordView]:
    """Decisions that were taken, newest first; about one goal, or about all."""
    order = "ORDER BY ts DESC, record_id DESC LIMIT ?"
    if goal_id is None:
        rows = tx.execute(f"{_RECORD} {order}", (limit,))
    else:
        rows = tx.execute(f"{_RECORD} WHERE goal_id = ? {order}", (goal_id, limit))
    return [_record(row) for row in rows]


def _decision(tx: sqlite3.Connection, row: sqlite3.Row) -> DecisionView:
    rows = tx.execute(
        f"{_PARAMETER} WHERE decision_id = ? ORDER BY position, name", (row["decision_id"],)
    )
    return DecisionView(
        decision_id=row["decision_id"],
        subsystem=row["subsystem"],
        parameters=tuple(ParameterView.model_construct(**dict(known)) for known in rows),
        success_metrics=tuple(json.loads(row["success_metrics"])),
    )


def _record(row: sqlite3.Row) -> DecisionRecordView:
    known: dict[str, Any] = dict(row)
    known["weights"] = WeightsView(**json.loads(known["weights"]))
    if known["outcome_data"] is not None:
        known["outcome_data"] = json.loads(known["outcome_data"])
    return DecisionRecordView.model_construct(**known)
