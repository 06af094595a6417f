"""Votes that weigh less the more of them an agent casts."""

from typing import Any

from ...scenarios.schema.governance import GovernanceConfig
from .lever import Lever


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
