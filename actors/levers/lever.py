"""What a governance lever is: hooks that the governance actor calls, and what they answer."""

from abc import ABC
from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from ...runtime.randomness import Stream
from ...scenarios.actions import Action
from ...scenarios.economy.interaction import Interaction
from ...scenarios.interactions import Account, Charges
from ...scenarios.schema.governance import GovernanceConfig
from ...scenarios.world import Moment

NOTHING = Charges()


class Lever(ABC):
    """Base class of levers. Override the hooks the lever needs; each costs nothing otherwise.

    A lever is made once per episode from the resolved governance config. It sees accounts and
    interactions, never an agent's declared type.
    """

    name: ClassVar[str]
    summary: ClassVar[str] = ""

    class Params(BaseModel):
        """A plugged-in lever's own settings: `params` of its entry in `governance.levers`."""

        model_config = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, config: GovernanceConfig, params: BaseModel | None = None) -> None:
        self.config = config
        self.params = params if params is not None else self.Params()

    @classmethod
    def enabled(cls, config: GovernanceConfig) -> bool:
        """Whether the config switches this lever on."""
        return True

    def terms(self) -> dict[str, Any]:
        """What agents are told of the lever, so that its costs can reach their choices."""
        return {}

    def on_epoch_start(self, accounts: Sequence[Account], moment: Moment) -> Charges:
        """Act on accounts when an epoch begins, the first one too."""
        return NOTHING

    def on_action(self, account: Account, action: Action, moment: Moment) -> str | None:
        """Deny an action by returning the reason, in words the agent can act on."""
        return None

    def quote(self, tau: float) -> tuple[float, float]:
        """The costs (c_a, c_b) of an accepted interaction that are certain beforehand."""
        return (0.0, 0.0)

    def on_interaction(self, interaction: Interaction, rng: Stream, moment: Moment) -> Charges:
        """Charge for an interaction that is over; `rng` is keyed to it and to this lever."""
        return NOTHING

    def vote_weight(self, agent: str, votes_cast: int) -> float:
        """Factor in (0, 1] on the agent's next vote, `votes_cast` being those of this epoch."""
        return 1.0
