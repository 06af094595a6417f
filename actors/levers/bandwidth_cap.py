"""A limit on how much an agent can do in an epoch."""

from typing import Any

from ...scenarios.contract import Account, Action, Moment
from ...scenarios.schema.governance import GovernanceConfig
from .lever import Lever


class BandwidthCap(Lever):
    """Denies the actions of an agent that has used up its epoch's allowance.

    It counts what it lets through, so it must be the last one asked (see `LeverStack`).
    """

    name = "bandwidth_cap"
    summary = "An agent can act only so many times in an epoch; noops are free."

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
