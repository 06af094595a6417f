"""The metrics of an epoch while it goes on: constant memory, constant cost per interaction."""

from ..economy.interaction import Interaction
from ..economy.payoff import PayoffEngine
from .figure import Figure
from .soft import NO_INTERACTIONS, NONE_ACCEPTED, NONE_REJECTED


class _Sums:
    """Count and sums over the interactions of one kind."""

    __slots__ = ("n", "p", "pi_a", "pi_b")

    def __init__(self) -> None:
        self.n = 0
        self.p = 0.0
        self.pi_a = 0.0
        self.pi_b = 0.0


class EpochAccumulator:
    """Takes the interactions of one epoch after another and gives each epoch's figures.

    The figures are those of the batch metrics in `soft` and `welfare`, to rounding.
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
        """The figures of the epoch that ends; the next `add` begins a new one."""
        yes, no = self._accepted, self._rejected
        n = yes.n + no.n
        quality = _mean(yes.p, yes.n, NONE_ACCEPTED)
        toxicity, social = quality, 0.0
        if quality.value is not None:
            toxicity = Figure.of(1.0 - quality.value, yes.n)
            # S - E is linear in p, so its sum is n times that of the mean p.
            social = yes.n * self._engine.social_surplus_at(quality.value)
        self._accepted, self._rejected = _Sums(), _Sums()
        return {
            "toxicity_rate": toxicity,
            "quality_gap": Figure.difference(quality, _mean(no.p, no.n, NONE_REJECTED), n),
            "conditional_loss_initiator": Figure.difference(
                _mean(yes.pi_a, yes.n, NONE_ACCEPTED),
                _mean(yes.pi_a + no.pi_a, n, NO_INTERACTIONS),
                n,
            ),
            "conditional_loss_counterparty": Figure.difference(
                _mean(yes.pi_b, yes.n, NONE_ACCEPTED),
                _mean(yes.pi_b + no.pi_b, n, NO_INTERACTIONS),
                n,
            ),
            "total_welfare": Figure.of(yes.pi_a + yes.pi_b, yes.n),
            "net_social_welfare": Figure.of(social, yes.n),
            "average_quality": _mean(yes.p + no.p, n, NO_INTERACTIONS),
            "acceptance_rate": _mean(float(yes.n), n, NO_INTERACTIONS),
            "interactions": Figure(n, n),
            "accepted": Figure(yes.n, n),
        }


def _mean(total: float, n: int, absent: str) -> Figure:
    return Figure.of(total / n, n) if n else Figure.undefined(absent)
