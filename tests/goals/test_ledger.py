"""The chain's hash covers all that a link tells."""

from dataclasses import fields, replace
from typing import Any

import pytest

from gdg_runtime.goals.ledger import GENESIS, LedgerEvent, link_hash
from gdg_runtime.goals.model import GoalState

EVENT = LedgerEvent(
    ts="2025-11-08T12:00:00.000000Z", event="goal_created", goal_id="goal_001", version=1,
    state_to=GoalState.PROPOSED, actor="local", trace_id="0" * 32, span_id="0" * 16,
)  # fmt: skip
OTHER: dict[str, Any] = {
    "ts": "2025-11-08T12:00:00.000001Z", "event": "goal_adopted", "goal_id": "goal_002",
    "version": 2, "state_from": GoalState.PROPOSED, "state_to": None, "actor": "mara",
    "reason": "because", "trace_id": "1" * 32, "span_id": "1" * 16, "data": {"fields": ["text"]},
}  # fmt: skip


def test_L_the_same_event_at_the_same_place_has_the_same_hash_for_ever() -> None:
    expected = "6409550377d77ac721acb883fc838f82b93386c4ada528b1dcaac40aaa5dc0ce"
    assert link_hash(GENESIS, EVENT, 1) == expected


@pytest.mark.parametrize("name", [field.name for field in fields(LedgerEvent)])
def test_L_another_field_is_another_hash(name: str) -> None:
    other = replace(EVENT, **{name: OTHER[name]})
    assert link_hash(GENESIS, other, 1) != link_hash(GENESIS, EVENT, 1)


def test_L_another_place_in_the_chain_is_another_hash() -> None:
    here = link_hash(GENESIS, EVENT, 1)
    assert len({here, link_hash(GENESIS, EVENT, 2), link_hash(here, EVENT, 1)}) == 3
