"""The rules as agents know them: expected payoffs of conduct under the terms in force.

Every agent could work this out from the public configuration. It is worked out once and shared.
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Any, NamedTuple, TypeVar

from ...economy.interaction import PayoffEngine
from ...economy.proxy import ProxyComputer
from .accounts import reputation_gain
from .config import SandboxConfig
from .work import Conduct, Noise, Work

T = TypeVar("T")

_POINTS = 12
# Steps of a Kronecker lattice: powers of the inverse of the root of x^6 = x + 1, which spread
# points evenly over five dimensions.
_ROOT = 1.1347241384015194
_NOISE = tuple(
    Noise(*[(0.5 + point * _ROOT**-axis) % 1.0 for axis in range(1, 6)])
    for point in range(1, _POINTS + 1)
)


_TOGETHER = (
    ("transaction_tax_rate", "transaction_tax_split"),
    ("audit_probability", "audit_threshold_p", "audit_penalty_multiplier"),
    ("freeze_threshold_toxicity",),
    ("min_stake_to_participate",),
    ("stake_slash_rate", "stake_slash_threshold_p"),
    ("bandwidth_cap",),
)
"""The terms in groups; the first of a group says whether the group does anything."""


class Terms(NamedTuple):
    """The public terms of governance; names and meanings are those of the `governance:` section."""

    transaction_tax_rate: float = 0.0
    transaction_tax_split: float = 0.5
    audit_probability: float = 0.0
    audit_threshold_p: float = 0.5
    audit_penalty_multiplier: float = 2.0
    freeze_threshold_toxicity: float | None = None
    min_stake_to_participate: float = 0.0
    stake_slash_rate: float = 0.0
    stake_slash_threshold_p: float = 0.2
    bandwidth_cap: int | None = None

    @classmethod
    def read(cls, announced: Mapping[str, Any]) -> "Terms":
        """Pick the known terms; what is not announced keeps the value that does nothing.

        Terms may stand at the top or one level down, under the name of their lever.
        """
        found: dict[str, Any] = {}
        for name, value in announced.items():
            entries = value.items() if isinstance(value, Mapping) else ((name, value),)
            for key, entry in entries:
                if key in cls._fields and entry is not None:
                    found[key] = entry
        return cls(**found)

    @property
    def in_force(self) -> dict[str, float | int]:
        """The terms that do anything, each with those that go with it."""
        absent = self._field_defaults
        return {
            name: getattr(self, name)
            for group in _TOGETHER
            if getattr(self, group[0]) != absent[group[0]]
            for name in group
        }

    def tax(self, tau: float) -> tuple[float, float]:
        """Return the taxes of the two sides of an accepted interaction on its transfer."""
        tax = self.transaction_tax_rate * abs(tau)
        return tax * self.transaction_tax_split, tax * (1.0 - self.transaction_tax_split)

    def penalty(self, p: float, stake: float) -> float:
        """Return the expected loss of an initiator, by audit and slashing, for work of this p."""
        lost = 0.0
        if p < self.audit_threshold_p:
            shortfall = self.audit_threshold_p - p
            lost = self.audit_probability * shortfall * self.audit_penalty_multiplier
        if p < self.stake_slash_threshold_p:
            lost += self.stake_slash_rate * stake
        return lost


class Rules:
    """The economy in expectation. Immutable but for what it has worked out already."""

    def __init__(self, config: SandboxConfig, terms: Terms) -> None:
        self.config = config
        self.terms = terms
        self.engine = PayoffEngine(config.payoff)
        self.work = Work(config.work)
        self._proxy = ProxyComputer(config.proxy)
        self._known: dict[tuple[float, float, int, float | None], tuple[float, float]] = {}
        self._plans: dict[Hashable, object] = {}

    def expected_p(self, conduct: Conduct, effort_b: float | None) -> float:
        """Return the mean p of such work; see `prospect`."""
        return self.prospect(conduct, effort_b)[0]

    def prospect(self, conduct: Conduct, effort_b: float | None) -> tuple[float, float]:
        """Return the p of such work and the initiator's loss by audits and slashes.

        Both are means over a fixed lattice of the world's own noise. `effort_b` is None for an
        offer that is declined.
        """
        key = (*conduct, effort_b)
        known = self._known.get(key)
        if known is None:
            stake = self.config.environment.initial_budget
            total = penalties = 0.0
            for noise in _NOISE:
                p = self._proxy.compute(self.work.observe(conduct, effort_b, noise))[1]
                total += p
                penalties += self.terms.penalty(p, stake)
            known = self._known[key] = (total / _POINTS, penalties / _POINTS)
        return known

    def promised_p(self, promise: float) -> float:
        """Return the p of work that keeps the promise (to a tenth), the partner doing as much."""
        kept = int(10.0 * promise + 0.5) / 10.0
        return self.expected_p(Conduct(kept, kept, 0), kept)

    def gain_initiator(self, p: float, tau: float, penalty: float = 0.0) -> float:
        """Return the expected π_a of accepted work, less tax and penalties, before effort.

        Reputation is reckoned from 0, so that the answer is the same for everyone.
        """
        payoff, engine = self.config.payoff, self.engine
        reputation = reputation_gain(self.config.reputation, p, 0.0)
        gain = payoff.theta * engine.expected_surplus(p) - tau - self.terms.tax(tau)[0] - penalty
        return gain - payoff.rho_a * engine.expected_harm(p) + payoff.w_rep * reputation

    def gain_counterparty(self, p: float, tau: float, cost: float) -> float:
        """Return the expected π_b of accepted work, less what governance takes, before effort."""
        payoff, engine = self.config.payoff, self.engine
        share = self.config.reputation.counterparty_share
        reputation = share * reputation_gain(self.config.reputation, p, 0.0)
        gain = (1.0 - payoff.theta) * engine.expected_surplus(p) + tau - cost
        return gain - payoff.rho_b * engine.expected_harm(p) + payoff.w_rep * reputation

    def once(self, work_out: Callable[..., T], *parameters: float) -> T:
        """Return what follows from the rules and an agent's parameters, worked out only once."""
        question = (work_out, *parameters)
        if question not in self._plans:
            self._plans[question] = work_out(self, *parameters)
        return self._plans[question]  # type: ignore[return-value]  # of this function
