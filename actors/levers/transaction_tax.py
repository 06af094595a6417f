"""A tax on what changes hands."""

from typing import Any

from ...runtime.randomness import Stream
from ...scenarios.contract import Charges, Moment
from ...scenarios.economy.interaction import Interaction
from ...scenarios.schema.governance import GovernanceConfig
from .lever import NOTHING, Lever


class TransactionTax(Lever):
    """Accepted interactions pay rate · |τ|: the initiator `split` of it, the counterparty the
    rest."""

    name = "transaction_tax"
    summary = "A share of every accepted transfer, |τ|, is paid by its two sides."

    def __init__(self, config: GovernanceConfig) -> None:
        super().__init__(config)
        self._rate = config.transaction_tax_rate
        self._split = config.transaction_tax_split

    @classmethod
    def enabled(cls, config: GovernanceConfig) -> bool:
        return config.transaction_tax_rate > 0.0

    def terms(self) -> dict[str, Any]:
        return {"transaction_tax_rate": self._rate, "transaction_tax_split": self._split}

    def quote(self, tau: float) -> tuple[float, float]:
        tax = self._rate * abs(tau)
        return tax * self._split, tax * (1.0 - self._split)

    def on_interaction(self, interaction: Interaction, rng: Stream, moment: Moment) -> Charges:
        if not interaction.accepted or not interaction.tau:
            return NOTHING
        cost_a, cost_b = self.quote(interaction.tau)
        return Charges(cost_a=cost_a, cost_b=cost_b)
