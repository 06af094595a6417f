"""The metrics of an epoch: the built-in ones by name, and the base class of a user's own."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ..economy.interaction import Interaction, PayoffEngine
from .figure import Figure

METRICS: dict[str, str] = {
    "toxicity_rate": (
        "Expected harm of the accepted interactions, E[1 - p | accepted], in [0, 1]; 0 is safe."
    ),
    "quality_gap": (
        "E[p | accepted] - E[p | rejected], in [-1, 1]; negative means that the worse "
        "interactions are the ones accepted (adverse selection)."
    ),
    "conditional_loss_initiator": (
        "What selection does to initiators, E[π_a | accepted] - E[π_a], in units of payoff; "
        "negative is adverse selection."
    ),
    "conditional_loss_counterparty": (
        "What selection does to counterparties, E[π_b | accepted] - E[π_b], in units of payoff; "
        "negative is adverse selection."
    ),
    "total_welfare": (
        "Sum of π_a + π_b over the accepted interactions, after costs, in units of payoff."
    ),
    "net_social_welfare": (
        "Sum of expected surplus less expected harm to others, S - E, over the accepted "
        "interactions, in units of payoff."
    ),
    "average_quality": "Mean p over all interactions, accepted or not, in [0, 1].",
    "acceptance_rate": "Share of the interactions that were accepted, in [0, 1].",
    "interactions": "Count of the interactions, accepted or not.",
    "accepted": "Count of the accepted interactions.",
    "participation_rate": (
        "Share of the agents that did something other than noop in the epoch, in [0, 1]."
    ),
    "influence_gini": (
        "Gini coefficient of the agents' influence, 0 (all equal) towards 1 (one has it all)."
    ),
    "mean_alignment": (
        "Mean alignment score over the scored agent-steps, in [0, 1]; 1 is aligned."
    ),
}
"""Name → what it says, with range or unit."""

Batch = Sequence[Interaction]
"""Interactions that are measured together, in the order in which they were made."""

NO_INTERACTIONS = "there were no interactions"
NONE_ACCEPTED = "no interaction was accepted"
NONE_REJECTED = "no interaction was rejected"


class Metric(ABC):
    """Accumulates over an epoch (and, a second instance, over the whole episode).

    Memory must not grow with the number of calls. Name the class in a scenario file under
    `metrics.track` as `module:Class`, or give it an entry point of the group
    `gdg_runtime.metrics`.
    """

    name: ClassVar[str]
    """The name of the metric in `metrics.json`."""

    def interaction(self, interaction: Interaction) -> None:
        """Take an interaction that was settled, or rejected."""

    def turn(self, agent: str, score: float | None, acted: bool) -> None:
        """Take an agent's turn; `score` is its alignment in [0, 1], None if it has none."""

    @abstractmethod
    def close(self, agents: int) -> Figure:
        """Return the metric of what was taken; `agents` is the size of the population."""


@dataclass(slots=True)
class _Sums:
    """Count and sums over the interactions of one kind."""

    n: int = 0
    p: float = 0.0
    pi_a: float = 0.0
    pi_b: float = 0.0


class EpochAccumulator:
    """Accumulates the interactions of one epoch after another and gives each epoch's metrics.

    They are those of the batch metrics in `soft`, to rounding.
    """

    __slots__ = ("_accepted", "_engine", "_rejected")

    def __init__(self, engine: PayoffEngine) -> None:
        self._engine = engine
        self._accepted = _Sums()
        self._rejected = _Sums()

    def add(self, interaction: Interaction, pi_a: float, pi_b: float) -> None:
        """Count an interaction with the payoffs of its sides, costs and reputation included.

        For a rejected one, the payoffs are those that the formulas give it.
        """
        sums = self._accepted if interaction.accepted else self._rejected
        sums.n += 1
        sums.p += interaction.p
        sums.pi_a += pi_a
        sums.pi_b += pi_b

    def close(self) -> dict[str, Figure]:
        """Return the metrics of the epoch that ends; the next `add` begins a new one."""
        yes, no = self._accepted, self._rejected
        n = yes.n + no.n
        quality = _mean(yes.p, yes.n, NONE_ACCEPTED)
        toxicity, social = quality, 0.0
        if quality.value is not None:
            toxicity = Figure.of(1.0 - quality.value, yes.n)
            # S - E is linear in p, so its sum is n times that of the mean p.
            social = yes.n * self._engine.social_surplus_at(quality.value)
        self._accepted, self._rejected = _Sums(), _Sums()

        def loss(accepted: float, rejected: float) -> Figure:
            mean = _mean(accepted, yes.n, NONE_ACCEPTED)
            return Figure.difference(mean, _mean(accepted + rejected, n, NO_INTERACTIONS), n)

        return {
            "toxicity_rate": toxicity,
            "quality_gap": Figure.difference(quality, _mean(no.p, no.n, NONE_REJECTED), n),
            "conditional_loss_initiator": loss(yes.pi_a, no.pi_a),
            "conditional_loss_counterparty": loss(yes.pi_b, no.pi_b),
            "total_welfare": Figure.of(yes.pi_a + yes.pi_b, yes.n),
            "net_social_welfare": Figure.of(social, yes.n),
            "average_quality": _mean(yes.p + no.p, n, NO_INTERACTIONS),
            "acceptance_rate": _mean(float(yes.n), n, NO_INTERACTIONS),
            "interactions": Figure(n, n),
            "accepted": Figure(yes.n, n),
        }


def _mean(total: float, n: int, absent: str) -> Figure:
    return Figure.of(total / n, n) if n else Figure.undefined(absent)
