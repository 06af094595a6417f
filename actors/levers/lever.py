"""Levers: the hooks that the governance actor calls, and the stack of an episode's levers."""

from abc import ABC
from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from ...runtime.randomness import Stream
from ...scenarios.actions import Action
from ...scenarios.economy.interaction import Interaction
from ...scenarios.interactions import Account, Charges
from ...scenarios.schema.governance import GovernanceConfig
from ...scenarios.world import Moment, RngSource

NOTHING = Charges()


class Lever(ABC):
    """Base class of levers. Override the hooks the lever needs; each costs nothing otherwise.

    A lever is made once per episode from the resolved governance config. It sees accounts and
    interactions, never an agent's declared type.
    """

    name: ClassVar[str]
    summary: ClassVar[str] = ""
    asked_last: ClassVar[bool] = False
    """True for a lever that counts the actions it lets through: all others have to agree first."""

    class Params(BaseModel):
        """A plugged-in lever's own settings: `params` of its entry in `governance.levers`."""

        model_config = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, config: GovernanceConfig, params: BaseModel | None = None) -> None:
        self.config = config
        self.params = params if params is not None else self.Params()

    def terms(self) -> dict[str, Any]:
        """Return the lever's terms, which agents see, so that its costs can reach their choices."""
        return {}

    def on_epoch_start(self, accounts: Sequence[Account], moment: Moment) -> Charges:
        """Act on accounts when an epoch begins, the first one too."""
        return NOTHING

    def on_action(self, account: Account, action: Action, moment: Moment) -> str | None:
        """Deny an action by returning the reason, in words the agent can act on."""
        return None

    def quote(self, tau: float) -> tuple[float, float]:
        """Return the costs (c_a, c_b) of an accepted interaction that are certain beforehand."""
        return (0.0, 0.0)

    def on_interaction(self, interaction: Interaction, rng: Stream, moment: Moment) -> Charges:
        """Charge for an interaction that is over; `rng` is keyed to it and to this lever."""
        return NOTHING

    def vote_weight(self, agent: str, votes_cast: int) -> float:
        """Return a factor in (0, 1] on the agent's next vote, given the votes of this epoch."""
        return 1.0


class _DeferredStream(Stream):
    """A stream that is made at its first draw, since most levers never draw."""

    __slots__ = ("_purpose", "_source", "_stream")

    def __init__(self, source: RngSource, purpose: str) -> None:
        self._source = source
        self._purpose = purpose
        self._stream: Stream | None = None

    def _word(self) -> int:
        stream = self._stream
        if stream is None:
            stream = self._stream = self._source(self._purpose)
        return stream._word()


class LeverStack:
    """Asks several levers in the order given, and merges their answers.

    Costs and changes add up over levers, vote weights multiply. The first denial stands, and the
    levers after it are not asked; those with `asked_last` come last. Which lever overrides which
    hook is found once, so that a hook which no lever needs costs next to nothing.
    """

    __slots__ = ("_actions", "_epochs", "_interactions", "_quotes", "_votes", "levers")

    def __init__(self, levers: Sequence[Lever]) -> None:
        self.levers = tuple(levers)
        names = [lever.name for lever in self.levers]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two levers are called {name!r}; each needs a name of its own")
        self._epochs = self._with_hook("on_epoch_start")
        self._actions = sorted(self._with_hook("on_action"), key=lambda lever: lever.asked_last)
        self._quotes = self._with_hook("quote")
        self._interactions = self._with_hook("on_interaction")
        self._votes = self._with_hook("vote_weight")

    def _with_hook(self, hook: str) -> list[Lever]:
        unhooked = getattr(Lever, hook)
        return [lever for lever in self.levers if getattr(type(lever), hook) is not unhooked]

    def terms(self) -> dict[str, dict[str, Any]]:
        """Return the terms that agents see: lever name → its terms, by the settings' names."""
        return {lever.name: lever.terms() for lever in self.levers}

    def on_epoch_start(self, accounts: Sequence[Account], moment: Moment) -> Charges:
        """Return what all levers do to accounts when an epoch begins."""
        return _merged([lever.on_epoch_start(accounts, moment) for lever in self._epochs])

    def on_action(self, account: Account, action: Action, moment: Moment) -> tuple[str, str] | None:
        """Return the lever that denies first and its reason; None if the action is allowed.

        A noop is never denied.
        """
        if action.tool is None:
            return None
        for lever in self._actions:
            reason = lever.on_action(account, action, moment)
            if reason is not None:
                return lever.name, reason
        return None

    def quote(self, tau: float) -> tuple[float, float]:
        """Return the certain costs (c_a, c_b) of an accepted interaction with this transfer."""
        cost_a = cost_b = 0.0
        for lever in self._quotes:
            more_a, more_b = lever.quote(tau)
            cost_a += more_a
            cost_b += more_b
        return cost_a, cost_b

    def on_interaction(
        self, interaction: Interaction, rng_source: RngSource, moment: Moment
    ) -> Charges:
        """Return what all levers charge; `rng_source` is called with the name of one that draws."""
        answers: list[Charges] = []
        for lever in self._interactions:
            stream = _DeferredStream(rng_source, lever.name)
            charges = lever.on_interaction(interaction, stream, moment)
            if charges is not NOTHING:
                answers.append(charges)
        return _merged(answers)

    def vote_weight(self, agent: str, votes_cast: int) -> float:
        """Return the product of all levers' factors on the agent's next vote, in (0, 1]."""
        weight = 1.0
        for lever in self._votes:
            weight *= lever.vote_weight(agent, votes_cast)
        return weight


def _merged(answers: Sequence[Charges]) -> Charges:
    """Sum up charges: costs and deltas add up, freezes are listed once each."""
    if not answers:
        return NOTHING
    if len(answers) == 1:
        return answers[0]
    cost_a = cost_b = 0.0
    reputation: dict[str, float] = {}
    resources: dict[str, float] = {}
    freeze: dict[str, None] = {}
    unfreeze: dict[str, None] = {}
    for charges in answers:
        cost_a += charges.cost_a
        cost_b += charges.cost_b
        for agent, delta in charges.reputation_deltas.items():
            reputation[agent] = reputation.get(agent, 0.0) + delta
        for agent, delta in charges.resource_deltas.items():
            resources[agent] = resources.get(agent, 0.0) + delta
        freeze.update(dict.fromkeys(charges.freeze))
        unfreeze.update(dict.fromkeys(charges.unfreeze))
    return Charges(cost_a, cost_b, reputation, resources, tuple(freeze), tuple(unfreeze))
