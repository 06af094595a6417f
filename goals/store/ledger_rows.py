"""The rows that are written with a change: its event in the ledger (added to, read and verified,
never changed), counters for metrics, its answer under an idempotency key. The dump of a store."""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from sqlite3 import Connection, Row
from typing import Any

from ...runtime.canonical import canonical_json
from ..errors import KeyReused
from ..identity import IdempotencyKey
from ..model import GoalState
from ..schemas import Counter, LedgerView
from .goal_rows import GOALS
from .rows import insert

GENESIS = "0" * 64
"""The value in the place of a hash before the first link's."""
_FIELDS = tuple(LedgerView.model_fields)
_SELECT = f"SELECT {', '.join(_FIELDS)} FROM ledger"
_RAW = "SELECT " + ", ".join(
    name if name in ("seq", "version") else f"CAST({name} AS BLOB) AS {name}" for name in _FIELDS
)
_DUMPED = (
    ("settings", "name"), ("beliefs", "id"), ("goals", "id"),
    ("goal_beliefs", "goal_id, belief_id"), ("goal_dependencies", "goal_id, on_id"),
    ("decisions", "decision_id"), ("parameters", "decision_id, name"),
    ("decision_records", "record_id"), ("tasks", "task_id"), ("selections", "selection_key"),
    ("scheduled_tasks", "task_id"), ("idempotency", "scope, key"), ("counters", "name, labels"),
    ("ledger", "seq"),
)  # fmt: skip
"""Each table and its primary key, in the order of the dump."""
_STORED_AS_JSON = (
    *GOALS.stored_as_json, "data", "weights", "outcome_data", "payload", "task", "answer", "labels",
)  # fmt: skip
BLOCKED_TOTAL = "goal_blocked_by_belief_total"
MOST_BELIEFS = 200
"""Number of beliefs that are counted by name; the rest are counted as `other`, since each name is a
time series for the collector of metrics. A belief that is called `other` itself is among them."""
OTHER = (("belief_id", "other"),)


def head(tx: Connection) -> tuple[int, str]:
    """Return `seq` and hash of the last link; 0 and GENESIS if there is none.

    Whoever keeps them elsewhere can tell later whether links were cut off the end.
    """
    row = tx.execute("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1").fetchone()
    return (0, GENESIS) if row is None else (row["seq"], row["hash"])


def link_hash(link: Mapping[str, Any]) -> str:
    """Return the SHA-256, as hexadecimal, of a link's canonical JSON without its own hash."""
    hashed = {name: value for name, value in link.items() if name != "hash"}
    return sha256(canonical_json(hashed).encode()).hexdigest()


def append(tx: Connection, **event: Any) -> LedgerView:
    """Add an event, with all fields of LedgerView that are not the chain's, at the end of the
    chain."""
    last, prev_hash = head(tx)
    link = {"seq": last + 1, **event, "prev_hash": prev_hash}
    link["hash"] = link_hash(link)
    insert(tx, "ledger", {**link, "data": canonical_json(link["data"])})
    return LedgerView.model_construct(**link)


def events(
    tx: Connection, *, goal_id: str | None = None, after: int = 0, limit: int = 50
) -> list[LedgerView]:
    """Find events with a higher `seq` than `after`, oldest first; of one goal, or of all."""
    whose, parameters = ("true", []) if goal_id is None else ("goal_id = ?", [goal_id])
    rows = tx.execute(
        f"{_SELECT} WHERE {whose} AND seq > ? ORDER BY seq LIMIT ?", (*parameters, after, limit)
    )
    return [_view(row) for row in rows]


def last(tx: Connection, goal_id: str) -> LedgerView | None:
    """Return the newest event of a goal."""
    newest = f"{_SELECT} WHERE goal_id = ? ORDER BY seq DESC LIMIT 1"
    row = tx.execute(newest, (goal_id,)).fetchone()
    return None if row is None else _view(row)


def verify(tx: Connection) -> int | None:
    """Find `seq` of the first link that is not as it was written or not where it was; None: all
    are."""
    last, prev_hash = 0, GENESIS
    # As bytes, since what was tampered with need not be text any more.
    for row in tx.execute(f"{_RAW} FROM ledger ORDER BY seq"):
        seq = int(row["seq"])
        if seq != last + 1 or not _is_whole(row, seq, prev_hash):
            return seq
        last, prev_hash = seq, row["hash"].decode()
    return None


def _is_whole(row: Row, seq: int, prev_hash: str) -> bool:
    try:
        stored = {name: _text(row[name]) for name in _FIELDS}
        data = json.loads(stored["data"])
        link = {**stored, "seq": seq, "data": data, "prev_hash": prev_hash}
        found = (stored["data"], stored["prev_hash"], stored["hash"])
        return found == (canonical_json(data), prev_hash, link_hash(link))
    except (ValueError, TypeError, RecursionError):
        return False


def _text(stored: Any) -> Any:
    return stored.decode() if isinstance(stored, bytes) else stored


def _view(row: Row) -> LedgerView:
    fields = dict(zip(_FIELDS, row, strict=True))
    for name in ("state_from", "state_to"):
        fields[name] = None if fields[name] is None else GoalState(fields[name])
    fields["data"] = json.loads(fields["data"])
    return LedgerView.model_construct(**fields)


def dump_lines(tx: Connection) -> Iterator[bytes]:
    """Yield a line of canonical JSON for the kind and schema version, then one for each row of each
    table, by primary key."""
    (version,) = tx.execute("PRAGMA user_version").fetchone()
    yield _line({"kind": "goal store", "schema_version": version})
    for table, order in _DUMPED:
        for row in tx.execute(f"SELECT * FROM {table} ORDER BY {order}"):
            content = {name: _plain(name, stored) for name, stored in dict(row).items()}
            yield _line({"table": table, **content})


def _plain(name: str, stored: Any) -> Any:
    return json.loads(stored) if name in _STORED_AS_JSON and isinstance(stored, str) else stored


def _line(content: dict[str, Any]) -> bytes:
    return canonical_json(content).encode() + b"\n"


def count(tx: Connection, name: str, labels: tuple[tuple[str, str], ...] = (), by: int = 1) -> None:
    """Let a counter rise."""
    if name == BLOCKED_TOTAL and not _has_a_place(tx, labels):
        labels = OTHER
    row = {"name": name, "labels": canonical_json(labels), "value": by}
    rise = "ON CONFLICT (name, labels) DO UPDATE SET value = value + excluded.value"
    insert(tx, "counters", row, rise)


def read_counters(tx: Connection) -> list[Counter]:
    """Read all counters, by name and labels."""
    return [
        Counter(name=name, labels=tuple(map(tuple, json.loads(labels))), value=value)
        for name, labels, value in tx.execute("SELECT * FROM counters ORDER BY name, labels")
    ]


def _has_a_place(tx: Connection, labels: tuple[tuple[str, str], ...]) -> bool:
    known, places = tx.execute(
        "SELECT total(labels = ?), total(labels <> ?) FROM counters WHERE name = ?",
        (canonical_json(labels), canonical_json(OTHER), BLOCKED_TOTAL),
    ).fetchone()
    return bool(known or places < MOST_BELIEFS)


def find_answer(tx: Connection, key: IdempotencyKey, now_us: int) -> tuple[str, str] | None:
    """Return name and JSON of the answer that was given to this request; None: there is none.

    Answers that have expired are removed. Raises KeyReused if another request used the key.
    """
    tx.execute("DELETE FROM idempotency WHERE expires_us <= ?", (now_us,))
    row = tx.execute(
        "SELECT request, answer_name, answer FROM idempotency WHERE scope = ? AND key = ?",
        (key.scope, key.key),
    ).fetchone()
    if row is None:
        return None
    if row["request"] != key.request:
        raise KeyReused(key.key)
    return row["answer_name"], row["answer"]


def keep_answer(
    tx: Connection, key: IdempotencyKey, name: str, answer: str, expires_us: int
) -> None:
    """Keep an answer, given as JSON, until `expires_us`, microseconds since 1970."""
    kept = {"answer_name": name, "answer": answer, "expires_us": expires_us}
    insert(tx, "idempotency", {**key.model_dump(), **kept})
