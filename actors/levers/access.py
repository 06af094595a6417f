"""Levers that deny: a cap on actions, and a breaker that freezes toxic initiators."""

from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from ...runtime.randomness import Stream
from ...scenarios.actions import Action
from ...scenarios.economy.interaction import Interaction
from ...scenarios.interactions import Account, Charges
from ...scenarios.schema.governance import GovernanceConfig
from ...scenarios.world import Moment
from .lever import NOTHING, Lever


class BandwidthCap(Lever):
    """Denies the actions of an agent that has used up its epoch's allowance.

    It counts what it lets through, so it is asked last.
    """

    name = "bandwidth_cap"
    summary = "An agent can act only so many times in an epoch; noops are free."
    asked_last = True

    def __init__(self, config: GovernanceConfig) -> None:
        super().__init__(config)
        self._cap = config.bandwidth_cap if config.bandwidth_cap is not None else 0
        self._epoch = -1
        self._used: dict[str, int] = {}

    @classmethod
    def enabled(cls, config: GovernanceConfig) -> bool:
        return config.bandwidth_cap is not None

    def terms(self) -> dict[str, Any]:
        return {"bandwidth_cap": self._cap}

    def on_action(self, account: Account, action: Action, moment: Moment) -> str | None:
        if action.tool is None:
            return None
        if moment.epoch != self._epoch:
            self._epoch = moment.epoch
            self._used.clear()
        used = self._used.get(account.agent, 0)
        if used >= self._cap:
            return (
                f"bandwidth cap: all {self._cap} actions of this epoch are used; wait for the next"
            )
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


class _Record:
    __slots__ = ("toxicity", "violations")

    def __init__(self) -> None:
        self.toxicity: deque[float] = deque(maxlen=WINDOW)
        self.violations = 0

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
        self._threshold = config.freeze_threshold
        self._violations = config.freeze_threshold_violations
        self._duration = config.freeze_duration_epochs
        self._records: dict[str, _Record] = {}
        self._frozen: dict[str, int] = {}

    @classmethod
    def enabled(cls, config: GovernanceConfig) -> bool:
        return config.circuit_breaker_on

    def terms(self) -> dict[str, Any]:
        return {
            "freeze_threshold_toxicity": self._threshold,
            "freeze_threshold_violations": self._violations,
            "freeze_duration_epochs": self._duration,
        }

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
        if not self._frozen or action.tool is None:
            return None
        until = self._frozen.get(account.agent)
        if until is None:
            return None
        return (
            f"circuit breaker: frozen until epoch {until}, because the mean toxicity of what you "
            f"initiated was {self._threshold:g} or more {self._violations} times"
        )

    def on_interaction(self, interaction: Interaction, rng: Stream, moment: Moment) -> Charges:
        agent = interaction.initiator
        record = self._records.get(agent)
        if record is None:
            record = self._records[agent] = _Record()
        record.toxicity.append(1.0 - interaction.p)
        if record.mean() < self._threshold:
            return NOTHING
        record.violations += 1
        if record.violations < self._violations:
            return NOTHING
        self._frozen[agent] = moment.epoch + self._duration
        return Charges(freeze=(agent,))
