"""The governance actor: applies the levers to actions and to interactions."""

from typing import Any

from ..runtime.actor import Actor, handles
from ..runtime.context import Context
from ..runtime.randomness import Stream
from ..scenarios.interactions import Account
from ..scenarios.world import Moment
from .levers.lever import LeverStack
from .messages import (
    ActionProposed,
    Charged,
    EpochOpened,
    InteractionsClosed,
    OpenEpoch,
    Ruled,
    ScenarioRef,
    Standing,
)


class Governance(Actor):
    """Rules on actions and charges for interactions, by the levers and by nothing else."""

    def __init__(self, levers: LeverStack) -> None:
        self.levers = levers
        self.scenario: ScenarioRef | None = None
        self.moment = Moment(0, 0, 0, 0.0)
        self.accounts: dict[str, Account] = {}
        self.votes: dict[str, int] = {}
        """Votes that each agent has cast in this epoch."""

    @handles
    def on_open_epoch(self, message: OpenEpoch, ctx: Context) -> EpochOpened:
        self.moment = message.moment
        self.votes.clear()
        return EpochOpened(charges=self.levers.on_epoch_start(message.accounts, message.moment))

    @handles
    def on_standing(self, message: Standing, ctx: Context) -> None:
        self.scenario = ctx.sender
        self.accounts = {account.agent: account for account in message.accounts}

    @handles
    def on_action(self, message: ActionProposed, ctx: Context) -> None:
        """Rule on an action: the first lever that objects denies it."""
        scenario = self.scenario
        assert scenario is not None
        action, agent, report = message.action, message.agent, message.report
        if action.tool is None:
            ctx.tell(scenario, Ruled(agent=agent, action=action, report=report))
            return
        denial = self.levers.on_action(self.accounts[agent], action, self.moment)
        if denial is not None:
            lever, reason = denial
            ruled = Ruled(agent=agent, action=action, denied_by=lever, reason=reason, report=report)
        elif action.tool == "vote":
            cast = self.votes.get(agent, 0)
            self.votes[agent] = cast + 1
            weight = self.levers.vote_weight(agent, cast)
            ruled = Ruled(agent=agent, action=action, vote_weight=weight, report=report)
        else:
            quote = self._quote(action.args)
            ruled = Ruled(agent=agent, action=action, quote=quote, report=report)
        ctx.tell(scenario, ruled)

    def _quote(self, args: dict[str, Any]) -> tuple[float, float] | None:
        """Return the certain costs of a proposed transfer; its arguments are not validated yet."""
        tau = args.get("tau")
        if not isinstance(tau, int | float) or isinstance(tau, bool) or tau != tau:
            return None
        return self.levers.quote(float(tau))

    @handles
    def on_interactions(self, message: InteractionsClosed, ctx: Context) -> None:
        """Charge for each interaction; each lever's randomness is keyed to the initiator."""
        charges = []
        for interaction in message.interactions:
            initiator = interaction.initiator

            def stream(lever: str, initiator: str = initiator) -> Stream:
                return ctx.rng(f"{lever}/{initiator}")

            charges.append(self.levers.on_interaction(interaction, stream, message.moment))
        assert self.scenario is not None
        ctx.tell(self.scenario, Charged(charges=charges))
