"""Counters for metrics, kept in the transactions of what they count."""

import json
import sqlite3

from ...runtime.canonical import canonical_json
from ..commands import Counter

BLOCKED_TOTAL = "goal_blocked_by_belief_total"
MOST_BELIEFS = 200
"""How many beliefs are counted by name; the rest are counted as `other`, since each name is a time
series for whoever collects the metrics. With them a belief that is called `other` itself."""
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
    """All counters, by name and labels."""
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
