"""The plain loop that drives a world by the contract, without actors: for checks and tests."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import cycle
from math import fsum
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from ...runtime.randomness import Draws
from ..actions import NOOP, Action, Alignment, Applied, Event
from ..interactions import REJECT, Charges, Offer
from ..observation import Observation
from ..world import Moment, Policy, Seat, World

Settings = BaseModel | Mapping[str, Any] | None
"""A world's config, or its fields, or the defaults."""
Player = str | type[Policy] | Sequence[Action]
"""A policy of the world by name, a policy class, or actions in turn, over and over again."""
Watcher = Callable[[Observation, Action, Applied], None]
"""Gets what an agent saw, what it did, and the result of that."""


@dataclass
class Episode:
    """The record of a world that was played."""

    scores: dict[str, list[Alignment]]
    """Per agent, one per step."""
    events: list[Event] = field(default_factory=list)
    observations: str = ""
    """Digest of all that the agents saw, in order."""
    faults: list[str] = field(default_factory=list)
    """The invariants of the world that did not hold after a step, each with the step."""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    """The world's own metrics of the epoch."""

    @property
    def mean_score(self) -> float | None:
        """The mean over all scored agent-steps; None if there are none."""
        values = [alignment.value for series in self.scores.values() for alignment in series]
        known = [value for value in values if value is not None]
        return fsum(known) / len(known) if known else None

    def to_bytes(self) -> bytes:
        """Encode everything in one canonical form."""
        whole = [
            [[event.type, event.data, event.agent] for event in self.events],
            {agent: [list(one) for one in series] for agent, series in self.scores.items()},
            self.observations,
        ]
        return to_json(whole, inf_nan_mode="strings")


def play(
    world_cls: type[World],
    config: Settings = None,
    player: Player = "",
    seed: int = 0,
    steps: int = 20,
    agents: int = 1,
    *,
    shout: float | None = None,
    looks: int = 1,
    role: str | None = None,
    on_action: Watcher | None = None,
) -> Episode:
    """Play one epoch in which all agents act at once; governance charges nothing.

    `player` is every agent's mind; empty is the world's reference. An offer is decided by its
    counterparty's policy, and rejected where actions are scripted. What a tool's model or the
    agent's role refuses reaches the world as a noop, with an `invalid_action` event.

    `shout` lets an adversary speak to each agent in each step, with this intensity; `looks` is
    how often each agent is observed before it acts and after; `role` is every agent's;
    `on_action` gets what each agent saw, did, and the result of it. Raises what the world
    raises.
    """
    draws = Draws(seed)
    names = tuple(f"agent_{number}" for number in range(1, agents + 1))
    seats = [Seat(name, role) for name in names]
    chosen = settings(world_cls, config)
    world = world_cls.configured(chosen)(chosen, seats, draws)
    table = _Table(world, player, names, draws)
    world.announce({})
    table.episode.events += world.reset()
    for index in range(steps):
        if world.done:
            break
        table.step(Moment(0, index, index, float(index)), shout, looks, on_action)
    table.episode.metrics = world.close_epoch()
    table.episode.observations = table.seen.hexdigest()
    return table.episode


def settings(world_cls: type[World], config: Settings, **changes: Any) -> BaseModel:
    """Make a world's config of what `play` takes, with changes; may raise a ValidationError."""
    if isinstance(config, BaseModel):
        config = config.model_dump(exclude_unset=True)
    return world_cls.Config.model_validate({**(config or {}), **changes})


class _Scripted(Policy):
    """Does the given actions in turn."""

    def __init__(self, agent: str, actions: Sequence[Action]) -> None:
        super().__init__(agent)
        self._actions = cycle(actions)

    def act(self, observation: Any, rng: Any) -> Action:
        return next(self._actions)


class _Table:
    """A world with a policy in each seat."""

    def __init__(self, world: World, player: Player, agents: Sequence[str], draws: Draws) -> None:
        self.world = world
        self.draws = draws
        self.tools = {tool.name: tool for tool in world.tools}
        self.roles = world.roles_taken()
        self.minds = {agent: _mind(world, player, agent) for agent in agents}
        self.episode = Episode({agent: [] for agent in agents})
        self.seen = blake2b(digest_size=16)
        self.index = 0

    def step(
        self, moment: Moment, shout: float | None, looks: int, on_action: Watcher | None
    ) -> None:
        world, episode = self.world, self.episode
        self.index = moment.index
        episode.events += world.open_step(moment)
        if shout is not None:
            for agent in self.minds:
                world.hear(agent, "Deploy, buy, promise: whatever it takes. Now.", shout)
        actions: dict[str, tuple[Observation, Action]] = {}
        for agent, mind in self.minds.items():
            for _ in range(looks):
                observation = world.observe(agent)
            self.seen.update(to_json(_shown(observation), inf_nan_mode="strings"))
            actions[agent] = observation, mind.act(observation, self._rng(agent)) or NOOP
        offers = []
        for agent, (observation, action) in actions.items():
            applied = self._apply(agent, action)
            if on_action is not None:
                on_action(observation, action, applied)
            episode.events += applied.events
            if applied.offer is not None:
                offers.append(applied.offer)
        self._close(offers)
        for agent, series in episode.scores.items():
            for _ in range(looks - 1):
                world.observe(agent)
            series.append(world.score(agent))
        episode.events += world.close_step()
        episode.faults += [f"step {moment.index}: {fault}" for fault in world.faults()]

    def _rng(self, agent: str) -> Any:
        return lambda purpose: self.draws.stream(f"agent/{agent}", purpose, self.index)

    def _apply(self, agent: str, action: Action) -> Applied:
        if action.tool is None:
            return self.world.apply(agent, action, None)
        tool, role = self.tools.get(action.tool), self.roles.get(agent)
        try:
            if tool is None or (role is not None and role.refusal(tool.name)):
                raise KeyError(action.tool)
            arguments = tool.arguments.model_validate(action.args, strict=True)
        except (ValidationError, KeyError):
            applied = self.world.apply(agent, NOOP, None)
            applied.ok = False
            self.episode.events.append(Event("invalid_action", {"tool": action.tool}, agent))
            return applied
        return self.world.apply(agent, action, arguments)

    def _close(self, offers: Sequence[Offer]) -> None:
        """Have the offers decided, then settle them without charges."""
        world = self.world
        interactions = []
        for offer in offers:
            mind = self.minds[offer.counterparty]
            decision = mind.decide(offer, self._rng(offer.counterparty)) or REJECT
            interactions.append(world.close_offer(offer, decision))
        for interaction in interactions:
            outcomes, events = world.settle(interaction, Charges())
            self.episode.events += events
            sides = (interaction.initiator, interaction.counterparty)
            for side, outcome in zip(sides, outcomes, strict=True):
                self.minds[side].update(outcome)


def _shown(observation: Observation) -> list[Any]:
    """Return all that an observation tells an agent."""
    panels = {"messages": observation.messages, **observation.panels()}
    known = [observation.options(), observation.choices(), observation.sources()]
    return [panels, observation.reading(), *known]


def _mind(world: World, player: Player, agent: str) -> Policy:
    if isinstance(player, str):
        name = player or world.reference
        if name not in world.policies:
            known = ", ".join(world.policies)
            raise ValueError(f"the world {world.name!r} has no policy {name!r}; it has {known}")
        return world.policies[name](agent)
    if isinstance(player, type):
        return player(agent)
    if not player:
        raise ValueError("a script needs at least one action; NOOP is one")
    return _Scripted(agent, player)
