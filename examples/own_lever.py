"""A governance lever of your own: a ration of water. Used by own_world.yaml."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from gdg_runtime.actors.levers import Lever
from gdg_runtime.scenarios.actions import Action
from gdg_runtime.scenarios.interactions import Account, Charges
from gdg_runtime.scenarios.world import Moment


class WaterRation(Lever):
    """Each agent may water so often in an epoch."""

    name = "water_ration"
    summary = "A ration of waterings per agent and epoch."

    class Params(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid")

        actions_per_epoch: int = Field(default=5, ge=0)

    params: Params

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.used: dict[str, int] = {}

    def terms(self) -> dict[str, Any]:
        """Agents are told, so that the ration can reach their choices."""
        return {"waterings_per_epoch": self.params.actions_per_epoch}

    def on_epoch_start(self, accounts: Sequence[Account], moment: Moment) -> Charges:
        self.used.clear()
        return Charges()

    def on_action(self, account: Account, action: Action, moment: Moment) -> str | None:
        used = self.used.get(account.agent, 0)
        if used >= self.params.actions_per_epoch:
            return f"the ration of {self.params.actions_per_epoch} waterings is used up"
        self.used[account.agent] = used + 1
        return None
