"""Whether budgets are likely to suffice for a run."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...scenarios.schema.language_model import Budget
from ...scenarios.schema.population import AgentSpec
from ..llm.budgets import RUN, Budgets, Scope, Unit
from .load import Load
from .spread import Spread, json_of

Bills = Mapping[str, Spread | None]
"""By agent: US dollars, None where the price is unknown."""


@dataclass(frozen=True)
class BudgetCheck:
    """A limit, and what the run is likely to need of it."""

    scope: Scope
    """Of several agents with the same limit: the one that needs most."""
    unit: Unit
    limit: float
    needed: Spread | None
    """None if a price is unknown."""

    @property
    def verdict(self) -> str:
        """`enough`; `may not suffice` (at the most), `is likely used up` (as expected), `will be
        used up` (even at the least); `unknown price`."""
        if self.needed is None:
            return "unknown price"
        if self.needed.low > self.limit:
            return "will be used up"
        if self.needed.expected > self.limit:
            return "is likely used up"
        return "may not suffice" if self.needed.high > self.limit else "enough"

    @property
    def likely(self) -> float:
        """What is expected to be needed; more than anything where that is unknown."""
        return math.inf if self.needed is None else self.needed.expected

    def to_json(self) -> dict[str, Any]:
        return {
            "scope": self.scope.kind,
            "name": self.scope.name or None,
            "unit": self.unit,
            "limit": self.limit,
            "needed": json_of(self.needed),
            "verdict": self.verdict,
        }


def budget_checks(
    limits: Budgets, loads: Mapping[str, Load], bills: Bills, specs: Mapping[str, AgentSpec]
) -> list[BudgetCheck]:
    """Each limit against what it is for; `loads` and `bills` of the agents that have a model."""
    checks = _checks(RUN, limits.run, list(loads), loads, bills)
    for role, budget in limits.by_role.items():
        agents = [agent for agent in loads if specs[agent].role == role]
        checks += _checks(Scope("role", role), budget, agents, loads, bills)
    neediest: dict[tuple[Unit, float], BudgetCheck] = {}
    for path, budget in limits.by_agent.items():
        agent = path.rpartition("/")[2]
        if agent not in loads:
            continue
        for check in _checks(Scope("agent", agent), budget, [agent], loads, bills):
            known = neediest.get((check.unit, check.limit))
            if known is None or check.likely > known.likely:
                neediest[check.unit, check.limit] = check
    return [*checks, *neediest.values()]


def _checks(
    scope: Scope, budget: Budget, agents: Sequence[str], loads: Mapping[str, Load], bills: Bills
) -> list[BudgetCheck]:
    load = Load.sum([loads[agent] for agent in agents])
    needed: dict[Unit, Spread | None] = {
        "usd": _total([bills[agent] for agent in agents]),
        "tokens": load.tokens.rounded(),
        "calls": load.calls.rounded(),
    }
    return [
        BudgetCheck(scope, unit, limit, amount)
        for unit, amount in needed.items()
        if (limit := getattr(budget, unit)) is not None
    ]


def _total(bills: Sequence[Spread | None]) -> Spread | None:
    known = [bill for bill in bills if bill is not None]
    return Spread.sum(known) if len(known) == len(bills) else None
