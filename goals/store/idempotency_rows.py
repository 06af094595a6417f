"""Answers that are kept under idempotency keys, in the transaction of what they answer."""

import sqlite3

from ..errors import KeyReused
from ..identity import IdempotencyKey


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
    tx.execute(
        "INSERT INTO idempotency (scope, key, request, answer_name, answer, expires_us) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (key.scope, key.key, key.request, name, answer, expires_us),
    )
