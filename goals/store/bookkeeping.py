"""Counters for metrics, and answers kept under idempotency keys: each is written in the transaction
of the change that it belongs to."""

import json
import sqlite3

from ...runtime.canonical import canonical_json
from ..errors import KeyReused
from ..identity import IdempotencyKey
from ..schemas import Counter
from .database import insert

BLOCKED_TOTAL = "goal_blocked_by_belief_total"
MOST_BELIEFS = 200
"""Number of beliefs that are counted by name; the rest are counted as `other`, since each name is a
time series for the collector of metrics. A belief that is called `other` itself is among them."""
OTHER = (("belief_id", "other"),)


def count(
    tx: sqlite3.Connection, name: str, labels: tuple[tuple[str, str], ...] = (), by: int = 1
) -> None:
    """Let a counter rise."""
    if name == BLOCKED_TOTAL and not _has_a_place(tx, labels):
        labels = OTHER
    tx.execute(
        "INSERT INTO counters (name, labels, value) VALUES (?, ?, ?) "
        "ON CONFLICT (name, labels) DO UPDATE SET value = value + excluded.value",
        (name, canonical_json(labels), by),
    )


def read_counters(tx: sqlite3.Connection) -> list[Counter]:
    """Read all counters, by name and labels."""
    rows = tx.execute("SELECT name, labels, value FROM counters ORDER BY name, labels")
    return [
        Counter(
            name=row["name"],
            labels=tuple((label, value) for label, value in json.loads(row["labels"])),
            value=row["value"],
        )
        for row in rows
    ]


def _has_a_place(tx: sqlite3.Connection, labels: tuple[tuple[str, str], ...]) -> bool:
    text = canonical_json(labels)
    known = tx.execute(
        "SELECT 1 FROM counters WHERE name = ? AND labels = ?", (BLOCKED_TOTAL, text)
    ).fetchone()
    if known is not None:
        return True
    (places,) = tx.execute(
        "SELECT count(*) FROM counters WHERE name = ? AND labels <> ?",
        (BLOCKED_TOTAL, canonical_json(OTHER)),
    ).fetchone()
    return bool(places < MOST_BELIEFS)


def find_answer(tx: sqlite3.Connection, key: IdempotencyKey, now_us: int) -> tuple[str, str] | None:
    """Name and JSON of the answer that was given to this request; None: there is none.

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
    tx: sqlite3.Connection, key: IdempotencyKey, name: str, answer: str, expires_us: int
) -> None:
    """Keep an answer, given as JSON, until `expires_us`, microseconds since 1970."""
    kept = {"answer_name": name, "answer": answer, "expires_us": expires_us}
    insert(tx, "idempotency", {**key.model_dump(), **kept})
