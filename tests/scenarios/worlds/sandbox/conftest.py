"""A small host that drives a sandbox world without actors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from gdg_runtime.runtime.randomness import Draws, Stream
from gdg_runtime.scenarios.actions import Action, Alignment, Applied, Event
from gdg_runtime.scenarios.economy.interaction import Interaction
from gdg_runtime.scenarios.interactions import Charges, InteractionResult
from gdg_runtime.scenarios.world import Moment, Policy, RngSource, Seat
from gdg_runtime.scenarios.worlds.sandbox.config import SandboxConfig
from gdg_runtime.scenarios.worlds.sandbox.world import SandboxWorld

Govern = Callable[[Interaction], Charges]


@dataclass
class Played:
    """What an episode left."""

    world: SandboxWorld
    policies: dict[str, Policy]
    actions: list[tuple[int, str, Action, Applied]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    interactions: list[tuple[int, Interaction]] = field(default_factory=list)
    outcomes: list[InteractionResult] = field(default_factory=list)
    scores: dict[str, list[Alignment]] = field(default_factory=dict)
    epochs: list[dict[str, Any]] = field(default_factory=list)

    def args(self, agent_prefix: str, tool: str = "propose") -> list[dict[str, Any]]:
        """The arguments of all uses of a tool by agents whose name starts so."""
        return [
            action.args
            for _, agent, action, _ in self.actions
            if action.tool == tool and agent.startswith(agent_prefix)
        ]


class Host:
    """Drives a world: everyone in turn, each seeing what the one before did."""

    def __init__(
        self,
        mix: Mapping[str, int] | Sequence[tuple[str, str]],
        *,
        seed: int = 1,
        config: SandboxConfig | None = None,
        terms: Mapping[str, Any] | None = None,
        govern: Govern | None = None,
        params: Mapping[str, Mapping[str, Any]] | None = None,
        roles: Mapping[str, str] | None = None,
    ) -> None:
        if isinstance(mix, Mapping):
            types = [(f"{kind}_{n}", kind) for kind, count in mix.items() for n in range(count)]
        else:
            types = list(mix)
        self.draws = Draws(seed)
        seats = [Seat(agent, (roles or {}).get(agent)) for agent, _ in types]
        self.world = SandboxWorld(config or SandboxConfig(), seats, self.draws)
        self.tools = {tool.name: tool for tool in self.world.tools}
        self.govern = govern
        policies: dict[str, Policy] = {}
        for agent, kind in types:
            policy = SandboxWorld.policies[kind]
            policies[agent] = policy(agent, policy.Params(**(params or {}).get(kind, {})))
        self.played = Played(self.world, policies)
        self.world.reset()
        self.world.announce(terms or {})
        self.step = 0

    def rng(self, agent: str) -> RngSource:
        step = self.step

        def source(purpose: str) -> Stream:
            return self.draws.stream(f"agent/{agent}", purpose, step)

        return source

    def act(self, agent: str) -> None:
        world, played = self.world, self.played
        action = played.policies[agent].act(world.observe(agent), self.rng(agent))
        arguments = self.tools[action.tool].arguments(**action.args) if action.tool else None
        applied = world.apply(agent, action, arguments)
        played.actions.append((self.step, agent, action, applied))
        played.events += applied.events
        offer = applied.offer
        if offer is None:
            return
        other = played.policies[offer.counterparty]
        interaction = world.close_offer(offer, other.decide(offer, self.rng(offer.counterparty)))
        charges = self.govern(interaction) if self.govern else Charges()
        outcomes, events = world.settle(interaction, charges)
        played.policies[agent].update(outcomes[0])
        other.update(outcomes[1])
        played.outcomes += outcomes
        played.events += events
        played.interactions.append((self.step, interaction))

    def play(self, epochs: int = 10, steps: int = 10) -> Played:
        played = self.played
        for epoch in range(epochs):
            for step in range(steps):
                moment = Moment(epoch, step, self.step, float(self.step))
                played.events += self.world.open_step(moment)
                for agent in played.policies:
                    self.act(agent)
                for agent in played.policies:
                    played.scores.setdefault(agent, []).append(self.world.score(agent))
                played.events += self.world.close_step()
                self.step += 1
            played.epochs.append(self.world.close_epoch())
        return played


@pytest.fixture
def host() -> type[Host]:
    return Host
