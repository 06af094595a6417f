"""An interaction between two agents with its soft label p, and what it is worth.

The formulas are the sandbox seed's (reformulated A3b):

    S = p · s_plus - (1 - p) · s_minus                      expected surplus
    E = (1 - p) · h                                         expected harm to others
    π_a = θ · S - τ - c_a - ρ_a · E + w_rep · r_a           initiator
    π_b = (1 - θ) · S + τ - c_b - ρ_b · E + w_rep · r_b     counterparty
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from ..schema.sections import Section


@dataclass(slots=True)
class Interaction:
    """One offer and what became of it.

    `p` is P(v = +1), the probability in [0, 1] that the outcome was beneficial, computed from
    observables. Costs `c_a`, `c_b` are at least 0; `tau` is the transfer from initiator (a) to
    counterparty (b); `r_a`, `r_b` are the reputation that the interaction brought. Payoffs and
    transfers are in the same unit.
    """

    p: float
    accepted: bool
    initiator: str = ""
    counterparty: str = ""
    interaction_id: str = ""
    kind: str = "collaboration"
    v_hat: float = 0.0
    tau: float = 0.0
    c_a: float = 0.0
    c_b: float = 0.0
    r_a: float = 0.0
    r_b: float = 0.0
    ground_truth: int | None = None
    """+1 beneficial, -1 harmful, None where it is not known."""


Amount = Annotated[float, Field(ge=0.0, le=1e6)]


class PayoffConfig(Section):
    """The `payoff:` section of a scenario file. Amounts are in units of payoff."""

    s_plus: Amount = 2.0
    """Surplus of a beneficial interaction (v = +1)."""
    s_minus: Amount = 1.0
    """Loss of a harmful one (v = -1)."""
    h: Amount = 2.0
    """Harm that a harmful interaction does to others."""
    theta: float = Field(default=0.5, ge=0.0, le=1.0)
    """The initiator's share of the surplus."""
    rho_a: Amount = 0.0
    """Share of the harm that the initiator is made to bear."""
    rho_b: Amount = 0.0
    """Share of the harm that the counterparty is made to bear."""
    w_rep: Amount = 1.0
    """Payoff per unit of reputation."""


class PayoffEngine:
    """Computes payoffs and welfare under one config."""

    def __init__(self, config: PayoffConfig | None = None) -> None:
        self.config = config if config is not None else PayoffConfig()

    def expected_surplus(self, p: float) -> float:
        """Return S = p · s_plus - (1 - p) · s_minus, in [-s_minus, s_plus]."""
        return p * self.config.s_plus - (1.0 - p) * self.config.s_minus

    def expected_harm(self, p: float) -> float:
        """Return E = (1 - p) · h, in [0, h]."""
        return (1.0 - p) * self.config.h

    def payoff_initiator(self, interaction: Interaction) -> float:
        """Return π_a = θ · S - τ - c_a - ρ_a · E + w_rep · r_a."""
        config, p = self.config, interaction.p
        share = config.theta * self.expected_surplus(p) - interaction.tau - interaction.c_a
        return share - config.rho_a * self.expected_harm(p) + config.w_rep * interaction.r_a

    def payoff_counterparty(self, interaction: Interaction) -> float:
        """Return π_b = (1 - θ) · S + τ - c_b - ρ_b · E + w_rep · r_b."""
        config, p = self.config, interaction.p
        share = (1.0 - config.theta) * self.expected_surplus(p) + interaction.tau - interaction.c_b
        return share - config.rho_b * self.expected_harm(p) + config.w_rep * interaction.r_b

    def total_welfare(self, interaction: Interaction) -> float:
        """Return π_a + π_b: what the two sides have from it together."""
        return self.payoff_initiator(interaction) + self.payoff_counterparty(interaction)

    def social_surplus(self, interaction: Interaction) -> float:
        """Return S - E: the surplus less all harm, whoever bears it, without costs."""
        return self.social_surplus_at(interaction.p)

    def social_surplus_at(self, p: float) -> float:
        """Return S - E at a given p, in [-(s_minus + h), s_plus]."""
        return self.expected_surplus(p) - self.expected_harm(p)

    def break_even_p(self) -> float | None:
        """Return the p with S = 0: s_minus / (s_plus + s_minus).

        None where s_plus and s_minus are both 0: every p breaks even.
        """
        stakes = self.config.s_plus + self.config.s_minus
        return self.config.s_minus / stakes if stakes > 0.0 else None

    def social_break_even_p(self) -> float | None:
        """Return the p with S = E: (s_minus + h) / (s_plus + s_minus + h).

        None where s_plus, s_minus and h are all 0: every p breaks even.
        """
        losses = self.config.s_minus + self.config.h
        stakes = self.config.s_plus + losses
        return losses / stakes if stakes > 0.0 else None
