"""Levers that cost: a tax on transfers, stakes that are slashed, random audits."""

from typing import Any

from ...runtime.randomness import Stream
from ...scenarios.actions import Action
from ...scenarios.economy.interaction import Interaction
from ...scenarios.interactions import Account, Charges
from ...scenarios.schema.governance import GovernanceConfig
from ...scenarios.world import Moment
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
