"""The chain's hash covers all that a link tells."""

from typing import Any

import pytest

from gdg_runtime.goals.model import GoalState
from gdg_runtime.goals.store.ledger_rows import GENESIS, link_hash

EVENT: dict[str, Any] = {
    "ts": "2025-11-08T12:00:00.000000Z", "event": "goal_created", "goal_id": "goal_001",
    "version": 1, "state_from": None, "state_to": GoalState.PROPOSED, "actor": "local",
    "reason": None, "trace_id": "0" * 32, "span_id": "0" * 16, "data": {},
}  # fmt: skip
OTHER: dict[str, Any] = {
    "ts": "2025-11-08T12:00:00.000001Z", "event": "goal_adopted", "goal_id": "goal_002",
    "version": 2, "state_from": GoalState.PROPOSED, "state_to": None, "actor": "mara",
    "reason": "because", "trace_id": "1" * 32, "span_id": "1" * 16, "data": {"fields": ["text"]},
}  # fmt: skip


def hashed(prev_hash: str, event: dict[str, Any], seq: int) -> str:
    return link_hash({**event, "seq": seq, "prev_hash": prev_hash})


def test_L_the_same_event_at_the_same_place_has_the_same_hash_for_ever() -> None:
    expected = "6409550377d77ac721acb883fc838f82b93386c4ada528b1dcaac40aaa5dc0ce"
    assert hashed(GENESIS, EVENT, 1) == expected


@pytest.mark.parametrize("name", EVENT)
def test_L_another_field_is_another_hash(name: str) -> None:
    other = {**EVENT, name: OTHER[name]}
    assert hashed(GENESIS, other, 1) != hashed(GENESIS, EVENT, 1)


def test_L_another_place_in_the_chain_is_another_hash() -> None:
    here = hashed(GENESIS, EVENT, 1)
    assert len({here, hashed(GENESIS, EVENT, 2), hashed(here, EVENT, 1)}) == 3
