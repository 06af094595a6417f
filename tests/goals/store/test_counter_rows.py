"""X1-X4: counters rise, and their labels do not grow without end."""

import sqlite3

import pytest

from gdg_runtime.goals.schemas import Counter
from gdg_runtime.goals.store.ledger_rows import BLOCKED_TOTAL, count, read_counters

Tx = sqlite3.Connection


def blocked(tx: Tx) -> dict[str, int]:
    return {dict(known.labels)["belief_id"]: known.value for known in read_counters(tx)}


def test_X1_X2_X3_counters_rise_by_name_and_labels_and_are_read_in_order(tx: Tx) -> None:
    assert read_counters(tx) == []
    labels = (("category", "maintenance"), ("state", "proposed"))
    for _ in range(3):
        count(tx, "goals_total", labels)
    count(tx, "goal_selected_total", by=2)
    count(tx, "goals_total", (("category", "exploration"), ("state", "proposed")))
    assert read_counters(tx) == [
        Counter(name="goal_selected_total", labels=(), value=2),
        Counter(
            name="goals_total", value=1, labels=(("category", "exploration"), ("state", "proposed"))
        ),
        Counter(name="goals_total", labels=labels, value=3),
    ]


def test_X4_beliefs_beyond_200_are_counted_as_other(tx: Tx) -> None:
    for number in range(203):
        count(tx, BLOCKED_TOTAL, (("belief_id", f"belief_{number:03}"),))
    count(tx, BLOCKED_TOTAL, (("belief_id", "belief_000"),))
    count(tx, BLOCKED_TOTAL, (("belief_id", "belief_202"),))
    counts = blocked(tx)
    assert len(counts) == 201
    assert (counts["belief_000"], counts["belief_199"], counts["other"]) == (2, 1, 4)


def test_X4_a_belief_that_is_called_other_takes_no_place(tx: Tx) -> None:
    count(tx, BLOCKED_TOTAL, (("belief_id", "other"),))
    for number in range(201):
        count(tx, BLOCKED_TOTAL, (("belief_id", f"belief_{number:03}"),))
    assert len(blocked(tx)) == 201
    assert blocked(tx)["other"] == 2


def test_a_counter_never_falls_below_0(tx: Tx) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        count(tx, "goals_total", by=-1)
