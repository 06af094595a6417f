"""The `governance:` section of a scenario file: the levers and their settings."""

from typing import Annotated, Any

from pydantic import AliasChoices, Field

from .sections import Section

Rate = Annotated[float, Field(ge=0.0, le=1.0)]


# What a scenario file may call a setting: our name, then the one in the files of others.
_DECAY = AliasChoices("reputation_decay_rate", "reputation_decay")
_VOTES = AliasChoices("max_vote_weight_per_agent", "vote_weight_cap")
_STAKE = AliasChoices("min_stake_to_participate", "staking_required")
_BREAKER = AliasChoices("freeze_threshold_toxicity", "circuit_breaker_threshold")
_PENALTY = AliasChoices("audit_penalty_multiplier", "audit_penalty")


class PluginLever(Section):
    """A lever of the user's own."""

    type: str
    """`module:Class`, or the name of an entry point of the group `gdg_runtime.levers`."""
    params: dict[str, Any] = Field(default_factory=dict)


class GovernanceConfig(Section):
    """Settings of all levers. A lever is off until a setting of it says otherwise.

    Where a seed spells a setting in another way, that spelling is read too.
    """

    transaction_tax_rate: Rate = 0.0
    """Share of |τ| that an accepted interaction pays; 0 is off."""
    transaction_tax_split: Rate = 0.5
    """The initiator's share of the tax; the counterparty pays the rest."""

    reputation_decay_rate: Rate = Field(default=1.0, validation_alias=_DECAY)
    """Factor on every reputation at the start of each epoch; 1 is off."""

    vote_normalization_enabled: bool | None = None
    """Null: on if `max_vote_weight_per_agent` is set."""
    max_vote_weight_per_agent: float | None = Field(default=None, gt=0.0, validation_alias=_VOTES)
    """A vote weighs 1 / (1 + n / this), n being the votes an agent has cast in the epoch."""

    bandwidth_cap: int | None = Field(default=None, ge=0)
    """Most actions (noops aside) of an agent in one epoch; null is off."""

    staking_enabled: bool | None = None
    """Null: on if `min_stake_to_participate` is above 0."""
    min_stake_to_participate: float | None = Field(default=None, ge=0.0, validation_alias=_STAKE)
    """Resources that an agent needs to act; null is 10 where staking is on."""
    stake_slash_rate: Rate = 0.0
    """Share of its resources that an initiator loses for an accepted interaction with p below
    `stake_slash_threshold_p`."""
    stake_slash_threshold_p: Rate = 0.2

    circuit_breaker_enabled: bool | None = None
    """Null: on if `freeze_threshold_toxicity` is set."""
    freeze_threshold_toxicity: Rate | None = Field(default=None, validation_alias=_BREAKER)
    """Mean toxicity (1 - p) of an agent's last 10 initiated interactions that counts as a
    violation; null is 0.7 where the breaker is on."""
    freeze_threshold_violations: int = Field(default=3, ge=1)
    freeze_duration_epochs: int = Field(default=2, ge=1)

    audit_enabled: bool | None = None
    """Null: on if `audit_probability` is above 0."""
    audit_probability: Rate | None = None
    """Chance that an interaction is audited; null is 0.1 where audits are on."""
    audit_threshold_p: Rate = 0.5
    audit_penalty_multiplier: float = Field(default=2.0, ge=0.0, validation_alias=_PENALTY)
    """The initiator pays (audit_threshold_p - p) times this."""

    levers: tuple[PluginLever, ...] = ()

    @property
    def staking_on(self) -> bool:
        if self.staking_enabled is None:
            return bool(self.min_stake_to_participate)
        return self.staking_enabled

    @property
    def min_stake(self) -> float:
        return 10.0 if self.min_stake_to_participate is None else self.min_stake_to_participate

    @property
    def circuit_breaker_on(self) -> bool:
        if self.circuit_breaker_enabled is None:
            return self.freeze_threshold_toxicity is not None
        return self.circuit_breaker_enabled

    @property
    def freeze_threshold(self) -> float:
        return 0.7 if self.freeze_threshold_toxicity is None else self.freeze_threshold_toxicity

    @property
    def audit_on(self) -> bool:
        if self.audit_enabled is None:
            return bool(self.audit_probability)
        return self.audit_enabled

    @property
    def audit_chance(self) -> float:
        return 0.1 if self.audit_probability is None else self.audit_probability

    @property
    def vote_normalization_on(self) -> bool:
        if self.vote_normalization_enabled is None:
            return self.max_vote_weight_per_agent is not None
        return self.vote_normalization_enabled

    @property
    def vote_weight_scale(self) -> float:
        return 10.0 if self.max_vote_weight_per_agent is None else self.max_vote_weight_per_agent
