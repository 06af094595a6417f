"""Now and then, somebody looks."""

from typing import Any

from ...runtime.randomness import Stream
from ...scenarios.contract import Charges, Moment
from ...scenarios.economy.interaction import Interaction
from ...scenarios.schema.governance import GovernanceConfig
from .lever import NOTHING, Lever


class RandomAudit(Lever):
    """Audits an interaction, accepted or not, by chance; the initiator of a bad one pays.

    The penalty is (threshold - p) · multiplier where p is below the threshold.
    """

    name = "random_audit"
    summary = "Interactions are audited by chance; the initiator pays for a low p."

    def __init__(self, config: GovernanceConfig) -> None:
        super().__init__(config)
        self._chance = config.audit_chance
        self._threshold = config.audit_threshold_p
        self._multiplier = config.audit_penalty_multiplier

    @classmethod
    def enabled(cls, config: GovernanceConfig) -> bool:
        return config.audit_on

    def terms(self) -> dict[str, Any]:
        return {
            "audit_probability": self._chance,
            "audit_threshold_p": self._threshold,
            "audit_penalty_multiplier": self._multiplier,
        }

    def on_interaction(self, interaction: Interaction, rng: Stream, moment: Moment) -> Charges:
        # Draws are keyed to the interaction, so one that is not needed need not be made.
        shortfall = self._threshold - interaction.p
        if shortfall <= 0.0 or not rng.chance(self._chance):
            return NOTHING
        return Charges(cost_a=shortfall * self._multiplier)
