"""Beliefs as rows."""

import sqlite3
from datetime import timedelta

import pytest
from specimens import NOON, make_belief

from gdg_runtime.goals.errors import BadRequest, BeliefNotFound, VersionConflict
from gdg_runtime.goals.store.goal_rows import (
    active_beliefs,
    find_belief,
    find_beliefs,
    insert_belief,
    page_of_beliefs,
    update_belief,
)

Tx = sqlite3.Connection


def test_a_belief_comes_back_as_it_was_put_in(tx: Tx) -> None:
    belief = make_belief("core.honesty", confidence=0.1, immutable=True, active=False)
    insert_belief(tx, belief)
    assert find_belief(tx, "core.honesty") == belief
    assert find_belief(tx, "core.calm") is None
    with pytest.raises(sqlite3.IntegrityError):
        insert_belief(tx, belief)


def test_B1_the_beliefs_that_exist_are_found_in_the_order_asked(tx: Tx) -> None:
    a, b = make_belief("a"), make_belief("b", active=False)
    insert_belief(tx, a)
    insert_belief(tx, b)
    assert find_beliefs(tx, ["b", "unknown", "a"]) == [b, a]
    assert find_beliefs(tx, []) == []


def test_active_beliefs_come_by_id(tx: Tx) -> None:
    for name, active in (("c", True), ("a", True), ("b", False)):
        insert_belief(tx, make_belief(name, active=active))
    assert [belief.id for belief in active_beliefs(tx)] == ["a", "c"]


def test_a_belief_that_was_changed_meanwhile_is_not_overwritten(tx: Tx) -> None:
    belief = make_belief("a")
    insert_belief(tx, belief)
    after = belief.changed(text="I hold more", version=2, updated_at=NOON + timedelta(hours=1))
    update_belief(tx, belief, after)
    assert find_belief(tx, "a") == after
    with pytest.raises(VersionConflict):
        update_belief(tx, belief, after)
    with pytest.raises(BeliefNotFound):
        update_belief(tx, make_belief("b"), make_belief("b", version=2))
    with pytest.raises(ValueError, match="expected version 3"):
        update_belief(tx, after, after)


@pytest.mark.parametrize(
    ("column", "value"),
    [("confidence", 1.001), ("confidence", float("nan")), ("active", 2), ("text", ""),
     ("immutable", None), ("created_at", "today"), ("version", 0)],
)  # fmt: skip
def test_raw_sql_can_not_write_a_belief_out_of_bounds(tx: Tx, column: str, value: object) -> None:
    insert_belief(tx, make_belief("a"))
    with pytest.raises(sqlite3.IntegrityError):
        tx.execute(f"UPDATE beliefs SET {column} = ?", (value,))


def test_beliefs_are_listed_by_id_page_by_page(tx: Tx) -> None:
    for name, active in (("c", True), ("a", True), ("b", False), ("d", True)):
        insert_belief(tx, make_belief(name, active=active))
    first, cursor = page_of_beliefs(tx, limit=3)
    assert [belief.id for belief in first] == ["a", "b", "c"]
    last, end = page_of_beliefs(tx, limit=3, cursor=cursor)
    assert ([belief.id for belief in last], end) == (["d"], None)
    first, cursor = page_of_beliefs(tx, active=True, limit=2)
    last, end = page_of_beliefs(tx, active=True, limit=2, cursor=cursor)
    assert [belief.id for belief in first + last] == ["a", "c", "d"]
    assert [belief.id for belief in page_of_beliefs(tx, active=False)[0]] == ["b"]
    with pytest.raises(BadRequest):
        page_of_beliefs(tx, cursor="x")
