"""Levers on the standing of agents: reputations decay, and many votes weigh less each."""

from collections.abc import Sequence
from typing import Any

from ...scenarios.interactions import Account, Charges
from ...scenarios.schema.governance import GovernanceConfig
from ...scenarios.world import Moment
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


class VoteNormalization(Lever):
    """An agent's vote weighs 1 / (1 + n / max), n being the votes it has cast in the epoch."""

    name = "vote_normalization"
    summary = "An agent's votes weigh less the more it casts in an epoch."

    def __init__(self, config: GovernanceConfig) -> None:
        super().__init__(config)
        self._scale = config.vote_weight_scale

    @classmethod
    def enabled(cls, config: GovernanceConfig) -> bool:
        return config.vote_normalization_on

    def terms(self) -> dict[str, Any]:
        return {"max_vote_weight_per_agent": self._scale}

    def vote_weight(self, agent: str, votes_cast: int) -> float:
        return 1.0 / (1.0 + votes_cast / self._scale)
