"""Something to lose, as the price of taking part."""

from typing import Any

from ...runtime.randomness import Stream
from ...scenarios.contract import Account, Action, Charges, Moment
from ...scenarios.economy.interaction import Interaction
from ...scenarios.schema.governance import GovernanceConfig
from .lever import NOTHING, Lever


class Staking(Lever):
    """Denies the actions of agents with too few resources, and slashes initiators of accepted
    interactions whose p is very low."""

    name = "staking"
    summary = "Agents need a stake of resources to act, and can lose part of it for harm."

    def __init__(self, config: GovernanceConfig) -> None:
        super().__init__(config)
        self._minimum = config.min_stake
        self._rate = config.stake_slash_rate
        self._threshold = config.stake_slash_threshold_p
        self._stakes: dict[str, float] = {}

    @classmethod
    def enabled(cls, config: GovernanceConfig) -> bool:
        return config.staking_on

    def terms(self) -> dict[str, Any]:
        return {
            "min_stake_to_participate": self._minimum,
            "stake_slash_rate": self._rate,
            "stake_slash_threshold_p": self._threshold,
        }

    def on_action(self, account: Account, action: Action, moment: Moment) -> str | None:
        if action.tool is None:
            return None
        if self._rate:
            self._stakes[account.agent] = account.resources
        if account.resources >= self._minimum:
            return None
        return (
            f"staking: acting needs resources of at least {self._minimum:g}, "
            f"you have {account.resources:g}"
        )

    def on_interaction(self, interaction: Interaction, rng: Stream, moment: Moment) -> Charges:
        if not self._rate or not interaction.accepted or interaction.p >= self._threshold:
            return NOTHING
        agent = interaction.initiator
        stake = self._stakes.get(agent, 0.0)
        if stake <= 0.0:
            return NOTHING
        slash = self._rate * stake
        self._stakes[agent] = stake - slash
        return Charges(resource_deltas={agent: -slash})
