"""The rows of tasks (of goals, which are also the outbox, and on a schedule), of selections, and of
decisions."""

import json
from collections.abc import Mapping, Sequence
from sqlite3 import Connection, Row
from typing import Any, NamedTuple

from ...runtime.canonical import canonical_json
from ..errors import BadRequest, DecisionNotFound
from ..schemas import (
    DecisionRecordView,
    DecisionView,
    ParameterView,
    ScheduledTaskDraft,
    TaskView,
    WeightsView,
)
from .rows import insert

_MINUTE_US = 60_000_000
_PARAMETER = f"SELECT {', '.join(ParameterView.model_fields)} FROM parameters"
_RECORD = f"SELECT {', '.join(DecisionRecordView.model_fields)} FROM decision_records"


class ScheduledTask(NamedTuple):
    """A task on the schedule."""

    task_id: str
    text: str
    owner: str | None
    every_min: int | None
    """None: always due."""
    next_us: int
    """The time when it is due, in microseconds since 1970."""
    position: int
    """Place among those that are due at the same moment."""
    metadata: dict[str, Any]

    @property
    def task(self) -> TaskView:
        """The work to be done."""
        return TaskView(
            task_id=self.task_id, kind="scheduled", text=self.text, metadata=self.metadata
        )


_SCHEDULED = f"SELECT {', '.join(ScheduledTask._fields)} FROM scheduled_tasks"


class KeptSelection(NamedTuple):
    """The result of a selection."""

    owner: str | None
    task: TaskView | None


def add_task(tx: Connection, task: TaskView, ts: str) -> None:
    """Write a goal's task, to be submitted. Raises sqlite3.IntegrityError if the goal has an open
    one."""
    row = task.model_dump(include={"task_id", "goal_id", "attempt"})
    insert(tx, "tasks", {**row, "payload": task.model_dump_json(), "created_at": ts})


def close_task(tx: Connection, task_id: str, ts: str) -> bool:
    """Close a task that is not worked on any more. Returns whether it was open."""
    return _stamp(tx, "closed_at", task_id, ts)


def unsubmitted(tx: Connection, limit: int = 50) -> list[TaskView]:
    """Find open tasks that were not submitted yet, oldest first."""
    waiting = "submitted_at IS NULL AND closed_at IS NULL ORDER BY created_at, task_id"
    rows = tx.execute(f"SELECT payload FROM tasks WHERE {waiting} LIMIT ?", (limit,))
    return [TaskView.model_validate_json(row["payload"]) for row in rows]


def mark_submitted(tx: Connection, task_id: str, ts: str) -> bool:
    """Note that a task was submitted. Returns whether this is the first time."""
    return _stamp(tx, "submitted_at", task_id, ts)


def _stamp(tx: Connection, column: str, task_id: str, ts: str) -> bool:
    write = f"UPDATE tasks SET {column} = ? WHERE task_id = ? AND {column} IS NULL"
    return tx.execute(write, (ts, task_id)).rowcount == 1


def put_scheduled(tx: Connection, draft: ScheduledTaskDraft, now_us: int) -> None:
    """Put a task on the schedule, due now. One with the same id is replaced, but keeps its place
    and the time when it is due next."""
    last = tx.execute("SELECT coalesce(max(position), 0) FROM scheduled_tasks").fetchone()[0]
    given = {name: getattr(draft, name) for name in ("task_id", "text", "owner", "every_min")}
    given["metadata"] = canonical_json(draft.metadata)
    changes = ", ".join(f"{name} = excluded.{name}" for name in given if name != "task_id")
    otherwise = f"ON CONFLICT (task_id) DO UPDATE SET {changes}"
    insert(tx, "scheduled_tasks", {**given, "next_us": now_us, "position": last + 1}, otherwise)


def due_scheduled(tx: Connection, owner: str | None, now_us: int) -> ScheduledTask | None:
    """Return the task of this owner (None: of anybody) that has been due for longest."""
    whose, parameters = ("true", []) if owner is None else ("owner = ?", [owner])
    row = tx.execute(
        f"{_SCHEDULED} WHERE {whose} AND next_us <= ? ORDER BY next_us, position LIMIT 1",
        (*parameters, now_us),
    ).fetchone()
    if row is None:
        return None
    return ScheduledTask(**{**dict(row), "metadata": json.loads(row["metadata"])})


def take_scheduled(tx: Connection, task_id: str, now_us: int) -> None:
    """Take a task, to be done now. It is due again at its next time after `now_us`: those that were
    missed are left out. One that is always due stays so, and goes behind the others."""
    tx.execute(
        "UPDATE scheduled_tasks SET next_us = max(next_us, :now), "
        "position = (SELECT max(position) + 1 FROM scheduled_tasks) "
        "WHERE task_id = :task AND every_min IS NULL",
        {"now": now_us, "task": task_id},
    )
    tx.execute(
        "UPDATE scheduled_tasks SET next_us = next_us "
        "+ ((:now - next_us) / (every_min * :minute) + 1) * every_min * :minute "
        "WHERE task_id = :task AND every_min IS NOT NULL AND next_us <= :now",
        {"now": now_us, "minute": _MINUTE_US, "task": task_id},
    )


def find_selection(tx: Connection, selection_key: str) -> KeptSelection | None:
    """Find the result of the selection with this key; None: there was none."""
    row = tx.execute(
        "SELECT owner, task FROM selections WHERE selection_key = ?", (selection_key,)
    ).fetchone()
    if row is None:
        return None
    task = None if row["task"] is None else TaskView.model_validate_json(row["task"])
    return KeptSelection(row["owner"], task)


def require_owner(kept: KeptSelection, selection_key: str, owner: str | None) -> None:
    """Check that a key was used for this owner. Raises BadRequest (selection-key-taken)."""
    if kept.owner != owner:
        raise BadRequest(
            "selection-key-taken", "this selection key was used for another owner; take another",
            selection_key=selection_key,
        )  # fmt: skip


def add_selection(
    tx: Connection, selection_key: str, owner: str | None, task: TaskView | None, ts: str
) -> None:
    """Keep what a selection came to, so that its key gets the same again."""
    written = None if task is None else task.model_dump_json()
    row = {"selection_key": selection_key, "owner": owner, "task": written, "ts": ts}
    insert(tx, "selections", row)


def forget_scheduled(tx: Connection, before: str) -> None:
    """Forget selections that came to scheduled tasks before this time; those of goals stay."""
    tx.execute(
        "DELETE FROM selections WHERE json_extract(task, '$.kind') = 'scheduled' AND ts < ?",
        (before,),
    )


def register(
    tx: Connection,
    decision_id: str,
    subsystem: str,
    parameters: Sequence[ParameterView],
    success_metrics: Sequence[str],
) -> None:
    """Make a decision known. One that is known keeps the values its parameters have learned, as
    far as they lie within the bounds that are given now."""
    metrics = canonical_json(list(success_metrics))
    decision = {"decision_id": decision_id, "subsystem": subsystem, "success_metrics": metrics}
    insert(
        tx, "decisions", decision,
        "ON CONFLICT (decision_id) DO UPDATE SET subsystem = excluded.subsystem, "
        "success_metrics = excluded.success_metrics",
    )  # fmt: skip
    for position, known in enumerate(parameters):
        insert(
            tx, "parameters", {"decision_id": decision_id, "position": position, **dict(known)},
            "ON CONFLICT (decision_id, name) DO UPDATE SET "
            "position = excluded.position, min = excluded.min, max = excluded.max, "
            "step = excluded.step, current = max(min(current, excluded.max), excluded.min)",
        )  # fmt: skip


def read_decision(tx: Connection, decision_id: str) -> DecisionView:
    """Read a registered decision. Raises DecisionNotFound."""
    known = _decisions(tx, "WHERE decision_id = ?", decision_id)
    if not known:
        raise DecisionNotFound(decision_id)
    return known[0]


def read_decisions(tx: Connection) -> list[DecisionView]:
    """Read all registered decisions, by id."""
    return _decisions(tx, "ORDER BY decision_id")


def parameter(tx: Connection, decision_id: str, name: str) -> ParameterView:
    """Read one parameter of a decision. Raises DecisionNotFound."""
    one = f"{_PARAMETER} WHERE decision_id = ? AND name = ?"
    row = tx.execute(one, (decision_id, name)).fetchone()
    if row is None:
        raise DecisionNotFound(f"{decision_id}.{name}")
    return ParameterView.model_construct(**dict(row))


def set_current(tx: Connection, decision_id: str, name: str, current: float) -> None:
    """Give a parameter a value, which must lie within its bounds (sqlite3.IntegrityError
    otherwise). Raises DecisionNotFound."""
    written = tx.execute(
        "UPDATE parameters SET current = ? WHERE decision_id = ? AND name = ?",
        (current, decision_id, name),
    )
    if written.rowcount == 0:
        raise DecisionNotFound(f"{decision_id}.{name}")


def add_record(
    tx: Connection, record: DecisionRecordView, *, selection_key: str | None = None
) -> None:
    """Write down a decision that was taken."""
    row = {**vars(record), "selection_key": selection_key}
    row["weights"] = canonical_json(record.weights.model_dump())
    if record.outcome_data is not None:
        row["outcome_data"] = canonical_json(record.outcome_data)
    insert(tx, "decision_records", row)


def find_record_of_task(tx: Connection, task_id: str) -> DecisionRecordView | None:
    """Find the decision that led to a task."""
    row = tx.execute(f"{_RECORD} WHERE task_id = ?", (task_id,)).fetchone()
    return None if row is None else _record(row)


def set_outcome(
    tx: Connection, record_id: str, outcome: float, ts: str, data: Mapping[str, Any]
) -> bool:
    """Write the outcome of a decision, -1 to 1, if it has none. Returns whether it was written.

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
    tx: Connection, goal_id: str | None = None, limit: int = 50
) -> list[DecisionRecordView]:
    """Return decisions that were taken, newest first; about one goal, or about all."""
    whose, parameters = ("true", []) if goal_id is None else ("goal_id = ?", [goal_id])
    newest = f"{_RECORD} WHERE {whose} ORDER BY ts DESC, record_id DESC LIMIT ?"
    return [_record(row) for row in tx.execute(newest, (*parameters, limit))]


def _decisions(tx: Connection, clause: str, *parameters: str) -> list[DecisionView]:
    of_one = f"{_PARAMETER} WHERE decision_id = ? ORDER BY position, name"
    return [
        DecisionView(
            decision_id=decision_id, subsystem=subsystem, success_metrics=json.loads(metrics),
            parameters=tuple(
                ParameterView.model_construct(**dict(known))
                for known in tx.execute(of_one, (decision_id,))
            ),
        )
        for decision_id, subsystem, metrics in tx.execute(
            f"SELECT decision_id, subsystem, success_metrics FROM decisions {clause}", parameters
        )
    ]  # fmt: skip


def _record(row: Row) -> DecisionRecordView:
    known: dict[str, Any] = dict(row)
    known["weights"] = WeightsView(**json.loads(known["weights"]))
    if known["outcome_data"] is not None:
        known["outcome_data"] = json.loads(known["outcome_data"])
    return DecisionRecordView.model_construct(**known)
