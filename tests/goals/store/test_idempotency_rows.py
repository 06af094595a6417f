"""A11: answers are kept under keys until they expire."""

import sqlite3

import pytest

from gdg_runtime.goals.errors import KeyReused
from gdg_runtime.goals.identity import IdempotencyKey
from gdg_runtime.goals.store.ledger_rows import find_answer, keep_answer

KEY = IdempotencyKey(scope="mara POST /v1/goals", key="k-1", request="00ff")
Tx = sqlite3.Connection


def test_A11_the_answer_to_the_same_request_is_found_until_it_expires(tx: Tx) -> None:
    assert find_answer(tx, KEY, 0) is None
    keep_answer(tx, KEY, "goals.goal", '{"ü":1}', 100)
    assert find_answer(tx, KEY, 99) == ("goals.goal", '{"ü":1}')
    assert find_answer(tx, KEY, 100) is None
    keep_answer(tx, KEY, "goals.goal", "{}", 200)
    assert find_answer(tx, KEY, 100) == ("goals.goal", "{}")


def test_A11_another_request_with_the_same_key_is_refused(tx: Tx) -> None:
    keep_answer(tx, KEY, "goals.goal", "{}", 100)
    with pytest.raises(KeyReused) as refusal:
        find_answer(tx, KEY.model_copy(update={"request": "ff00"}), 0)
    assert refusal.value.code == "idempotency-key-reused"


def test_A11_a_key_means_nothing_in_another_scope(tx: Tx) -> None:
    keep_answer(tx, KEY, "goals.goal", "{}", 100)
    elsewhere = KEY.model_copy(update={"scope": "mara POST /v1/goals/x/adopt", "request": "1"})
    assert find_answer(tx, elsewhere, 0) is None


def test_A11_answers_that_have_expired_are_removed_as_new_requests_come(tx: Tx) -> None:
    keep_answer(tx, KEY, "goals.goal", "{}", 100)
    find_answer(tx, KEY.model_copy(update={"key": "k-2"}), 100)
    assert tx.execute("SELECT count(*) FROM idempotency").fetchone()[0] == 0


def test_A11_an_answer_is_not_replaced_while_it_holds(tx: Tx) -> None:
    keep_answer(tx, KEY, "goals.goal", "{}", 100)
    with pytest.raises(sqlite3.IntegrityError):
        keep_answer(tx, KEY, "goals.goal", "{}", 100)
