"""The built-in levers: those that charge, those that change accounts or votes, those that deny."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ...runtime.randomness import Stream
from ...scenarios.actions import Action
from ...scenarios.economy.interaction import Interaction
from ...scenarios.interactions import Account, Charges
from ...scenarios.schema.governance import GovernanceConfig
from ...scenarios.world import Moment
from .lever import NOTHING, Lever, LeverStack


def _shown(config: GovernanceConfig, *settings: str) -> dict[str, Any]:
    return {name: getattr(config, name) for name in settings}


class TransactionTax(Lever):
    """Accepted interactions pay rate · |τ|: the initiator `split` of it, the counterparty the
    rest."""

    name = "transaction_tax"
    summary = "A share of every accepted transfer, |τ|, is paid by its two sides."

    def terms(self) -> dict[str, Any]:
        return _shown(self.config, "transaction_tax_rate", "transaction_tax_split")

    def quote(self, tau: float) -> tuple[float, float]:
        tax, split = self.config.transaction_tax_rate * abs(tau), self.config.transaction_tax_split
        return tax * split, tax * (1.0 - split)

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
        self._stakes: dict[str, float] = {}

    def terms(self) -> dict[str, Any]:
        settings = _shown(self.config, "stake_slash_rate", "stake_slash_threshold_p")
        return {"min_stake_to_participate": self.config.min_stake, **settings}

    def on_action(self, account: Account, action: Action, moment: Moment) -> str | None:
        if action.tool is None:
            return None
        resources, minimum = account.resources, self.config.min_stake
        if self.config.stake_slash_rate:
            self._stakes[account.agent] = resources
        if resources >= minimum:
            return None
        return f"staking: acting needs resources of at least {minimum:g}, you have {resources:g}"

    def on_interaction(self, interaction: Interaction, rng: Stream, moment: Moment) -> Charges:
        config, agent = self.config, interaction.initiator
        stake = self._stakes.get(agent, 0.0)
        slash = config.stake_slash_rate * stake
        harmful = interaction.accepted and interaction.p < config.stake_slash_threshold_p
        if not harmful or slash <= 0.0:
            return NOTHING
        self._stakes[agent] = stake - slash
        return Charges(resource_deltas={agent: -slash})


class RandomAudit(Lever):
    """Audits an interaction, accepted or not, by chance; the initiator of a bad one pays.

    The penalty is (threshold - p) · multiplier where p is below the threshold.
    """

    name = "random_audit"
    summary = "Interactions are audited by chance; the initiator pays for a low p."

    def terms(self) -> dict[str, Any]:
        settings = _shown(self.config, "audit_threshold_p", "audit_penalty_multiplier")
        return {"audit_probability": self.config.audit_chance, **settings}

    def on_interaction(self, interaction: Interaction, rng: Stream, moment: Moment) -> Charges:
        # Draws are keyed to the interaction, so one that is not needed need not be made.
        shortfall = self.config.audit_threshold_p - interaction.p
        if shortfall <= 0.0 or not rng.chance(self.config.audit_chance):
            return NOTHING
        return Charges(cost_a=shortfall * self.config.audit_penalty_multiplier)


class ReputationDecay(Lever):
    """Every reputation is multiplied by the rate when an epoch begins."""

    name = "reputation_decay"
    summary = "Every reputation shrinks by a factor at the start of each epoch."

    def terms(self) -> dict[str, Any]:
        return _shown(self.config, "reputation_decay_rate")

    def on_epoch_start(self, accounts: Sequence[Account], moment: Moment) -> Charges:
        loss = self.config.reputation_decay_rate - 1.0
        standing = [(account.agent, account.reputation) for account in accounts]
        deltas = {agent: reputation * loss for agent, reputation in standing if reputation != 0.0}
        return Charges(reputation_deltas=deltas) if deltas else NOTHING


class VoteNormalization(Lever):
    """An agent's vote weighs 1 / (1 + n / max), n being the votes it has cast in the epoch."""

    name = "vote_normalization"
    summary = "An agent's votes weigh less the more it casts in an epoch."

    def terms(self) -> dict[str, Any]:
        return {"max_vote_weight_per_agent": self.config.vote_weight_scale}

    def vote_weight(self, agent: str, votes_cast: int) -> float:
        return 1.0 / (1.0 + votes_cast / self.config.vote_weight_scale)


class BandwidthCap(Lever):
    """Denies the actions of an agent that has used up its epoch's allowance.

    It counts what it lets through, so it is asked last.
    """

    name = "bandwidth_cap"
    summary = "An agent can act only so many times in an epoch; noops are free."
    asked_last = True

    def __init__(self, config: GovernanceConfig) -> None:
        super().__init__(config)
        self._epoch = -1
        self._used: dict[str, int] = {}

    def terms(self) -> dict[str, Any]:
        return _shown(self.config, "bandwidth_cap")

    def on_action(self, account: Account, action: Action, moment: Moment) -> str | None:
        if action.tool is None:
            return None
        if moment.epoch != self._epoch:
            self._epoch = moment.epoch
            self._used.clear()
        used, cap = self._used.get(account.agent, 0), self.config.bandwidth_cap or 0
        if used >= cap:
            return f"bandwidth cap: all {cap} actions of this epoch are used; wait for the next"
        self._used[account.agent] = used + 1
        return None


WINDOW = 10
"""Number of an agent's last initiated interactions that its mean toxicity is taken over."""


class FreezeStatus(NamedTuple):
    """An agent's distance from a freeze."""

    mean_toxicity: float | None
    """Mean of 1 - p over the window, in [0, 1]; None before its first interaction."""
    violations: int
    frozen_until: int | None
    """The epoch that thaws it; None if it is not frozen."""


@dataclass(slots=True)
class _Record:
    toxicity: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW))
    violations: int = 0

    def mean(self) -> float:
        # Not sum(): its rounding on floats changed in Python 3.12.
        total = 0.0
        for value in self.toxicity:
            total += value
        return total / len(self.toxicity)


class CircuitBreaker(Lever):
    """Freezes an initiator whose mean toxicity was at or over the threshold too many times.

    Each interaction that an agent initiates, accepted or not, enters its window; a mean at or
    over the threshold is a violation; with enough of them the agent is frozen and all its actions
    are denied until the freeze is over. Its violations then start from 0, its window stays.
    """

    name = "circuit_breaker"
    summary = "Agents whose initiated interactions stay toxic are frozen for some epochs."

    def __init__(self, config: GovernanceConfig) -> None:
        super().__init__(config)
        self._records: dict[str, _Record] = {}
        self._frozen: dict[str, int] = {}

    def terms(self) -> dict[str, Any]:
        settings = _shown(self.config, "freeze_threshold_violations", "freeze_duration_epochs")
        return {"freeze_threshold_toxicity": self.config.freeze_threshold, **settings}

    def standing(self, agent: str) -> FreezeStatus:
        """Return an agent's distance from a freeze."""
        record = self._records.get(agent)
        if record is None:
            return FreezeStatus(None, 0, None)
        return FreezeStatus(record.mean(), record.violations, self._frozen.get(agent))

    def on_epoch_start(self, accounts: Sequence[Account], moment: Moment) -> Charges:
        served = tuple(agent for agent, until in self._frozen.items() if moment.epoch >= until)
        if not served:
            return NOTHING
        for agent in served:
            del self._frozen[agent]
            self._records[agent].violations = 0
        return Charges(unfreeze=served)

    def on_action(self, account: Account, action: Action, moment: Moment) -> str | None:
        until = self._frozen.get(account.agent)
        if until is None or action.tool is None:
            return None
        config = self.config
        return (
            f"circuit breaker: frozen until epoch {until}, because the mean toxicity of what you "
            f"initiated was {config.freeze_threshold:g} or more "
            f"{config.freeze_threshold_violations} times"
        )

    def on_interaction(self, interaction: Interaction, rng: Stream, moment: Moment) -> Charges:
        config, agent = self.config, interaction.initiator
        record = self._records.setdefault(agent, _Record())
        record.toxicity.append(1.0 - interaction.p)
        if record.mean() < config.freeze_threshold:
            return NOTHING
        record.violations += 1
        if record.violations < config.freeze_threshold_violations:
            return NOTHING
        self._frozen[agent] = moment.epoch + config.freeze_duration_epochs
        return Charges(freeze=(agent,))


IS_ON: dict[type[Lever], Callable[[GovernanceConfig], bool]] = {
    TransactionTax: lambda config: config.transaction_tax_rate > 0.0,
    ReputationDecay: lambda config: config.reputation_decay_rate < 1.0,
    VoteNormalization: lambda config: config.vote_normalization_on,
    Staking: lambda config: config.staking_on,
    CircuitBreaker: lambda config: config.circuit_breaker_on,
    RandomAudit: lambda config: config.audit_on,
    BandwidthCap: lambda config: config.bandwidth_cap is not None,
}
"""Test of the config for each lever, in the order in which a stack asks them."""
BUILT_IN: dict[str, type[Lever]] = {lever.name: lever for lever in IS_ON}


def stack_of(config: GovernanceConfig, plugins: Sequence[Lever] = ()) -> LeverStack:
    """Stack the built-in levers that the config switches on, then the plug-ins."""
    built_in = [lever(config) for lever, is_on in IS_ON.items() if is_on(config)]
    return LeverStack([*built_in, *plugins])
