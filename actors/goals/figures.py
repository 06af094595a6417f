"""Counts of what happened to goals in an episode, for metrics.json."""

from collections.abc import Mapping
from typing import Any

_COUNTED = {
    "goal_created": "created",
    "goal_adopted": "adopted",
    "goal_selected_for_execution": "selected",
    "goal_satisfied": "satisfied",
    "goal_failed": "failed",
    "goal_abandoned": "abandoned",
    "goal_blocked_by_belief": "blocked",
}
"""The ledger's events that are counted, and what the counts are called."""
_NAMES = (*_COUNTED.values(), "shadow_selected")


class GoalFigures:
    """Counts of events, over all agents and for each."""

    def __init__(self) -> None:
        self._by_agent: dict[str | None, dict[str, int]] = {}

    def count(self, agent: str | None, event: str) -> None:
        """An event of the ledger."""
        name = _COUNTED.get(event)
        if name is not None:
            self._add(agent, name)

    def shadowed(self, agent: str) -> None:
        """A goal would have been taken, were it not for shadow mode."""
        self._add(agent, "shadow_selected")

    def _add(self, agent: str | None, name: str) -> None:
        counts = self._by_agent.setdefault(agent, dict.fromkeys(_NAMES, 0))
        counts[name] += 1

    def to_json(self, by_state: Mapping[str, int]) -> dict[str, Any]:
        """The counts; `by_state` has the goals that there are at the end."""
        total = {name: sum([counts[name] for counts in self._by_agent.values()]) for name in _NAMES}
        agents = {agent: counts for agent, counts in self._by_agent.items() if agent is not None}
        return {**total, "by_state": dict(by_state), "agents": agents}
