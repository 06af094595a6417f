"""Reputation that has to be earned again."""

from collections.abc import Sequence
from typing import Any

from ...scenarios.contract import Account, Charges, Moment
from ...scenarios.schema.governance import GovernanceConfig
from .lever import NOTHING, Lever


class ReputationDecay(Lever):
    """Every reputation is multiplied by the rate when an epoch begins."""

    name = "reputation_decay"
    summary = "Every reputation shrinks by a factor at the start of each epoch."

    @classmethod
    def enabled(cls, config: GovernanceConfig) -> bool:
        return config.reputation_decay_rate < 1.0

    def terms(self) -> dict[str, Any]:
        return {"reputation_decay_rate": self.config.reputation_decay_rate}

    def on_epoch_start(self, accounts: Sequence[Account], moment: Moment) -> Charges:
        loss = self.config.reputation_decay_rate - 1.0
        deltas = {
            account.agent: account.reputation * loss
            for account in accounts
            if account.reputation != 0.0
        }
        return Charges(reputation_deltas=deltas) if deltas else NOTHING
