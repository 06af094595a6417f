"""The director: runs epochs and steps, and decides when the episode ends."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..runtime.actor import Actor, handles
from ..runtime.context import Context
from ..scenarios.observation import CurrentGoal
from ..scenarios.schema.episode import EpisodeConfig
from ..scenarios.world import Moment
from . import messages
from .ports import Observer


class EpisodeActors(NamedTuple):
    """The other actors of the episode, as the director knows them."""

    scenario: messages.ScenarioRef
    metrics: messages.MetricsRef
    agents: Mapping[str, messages.AgentRef]
    adversaries: Sequence[messages.AdversaryRef] = ()
    goals: messages.GoalsRef | None = None
    """The GoalStore; None in a scenario without goals."""


class Director(Actor):
    """Plays one step per handler, so that a halt takes effect between steps, never inside one."""

    def __init__(self, config: EpisodeConfig, actors: EpisodeActors, observer: Observer) -> None:
        self.simulation = config.simulation
        self.safety = config.safety
        self.actors = actors
        self.observer = observer
        self.moment = Moment(0, 0, 0, 0.0)
        self.halted: messages.Halt | None = None

    @handles
    def on_begin(self, message: messages.Begin, ctx: Context) -> None:
        ctx.later(messages.NextStep(), steps=1)

    @handles
    def on_halt(self, message: messages.Halt, ctx: Context) -> None:
        if self.safety.kill_switch_enabled and self.halted is None:
            self.halted = message

    @handles
    async def on_next_step(self, message: messages.NextStep, ctx: Context) -> None:
        """Play one step, then call for the next or end the episode."""
        moment, actors = self.moment, self.actors
        if moment.step == 0:
            await ctx.ask(actors.scenario, messages.OpenEpoch(moment=moment))
        await self._play_step(ctx)
        world_ended = await ctx.ask(actors.scenario, messages.CloseStep())
        self.observer.step_closed(moment, (moment.index + 1) * len(actors.agents))
        last_of_epoch = moment.step + 1 == self.simulation.steps_per_epoch
        if last_of_epoch or world_ended:
            await self._close_epoch(ctx)
        await self._go_on(ctx, last_of_epoch, "world_ended" if world_ended else None)

    async def _play_step(self, ctx: Context) -> None:
        moment, scenario = self.moment, self.actors.scenario
        ranked = self.simulation.turn_order == "priority"
        ranking = await ctx.ask(scenario, messages.OpenStep(moment=moment, ranked=ranked))
        for adversary in self.actors.adversaries:
            speech: messages.Speech | None = await ctx.ask(adversary, messages.Speak(moment=moment))
            if speech is not None:
                ctx.tell(scenario, speech)
        for agents in self._batches(ctx, ranking):
            goals: Sequence[CurrentGoal | None] = ()
            if self.actors.goals is not None:
                question = messages.AssignGoals(moment=moment, agents=agents)
                goals = (await ctx.ask(self.actors.goals, question)).goals
            opening = messages.OpenTurns(agents=agents, goals=goals)
            opened: messages.TurnsOpened = await ctx.ask(scenario, opening)
            for agent, observation in zip(agents, opened.observations, strict=True):
                turn = messages.Turn(moment=moment, observation=observation)
                ctx.tell(self.actors.agents[agent], turn)
            await ctx.ask(scenario, messages.CloseTurns())

    def _batches(self, ctx: Context, ranking: tuple[str, ...] | None) -> list[tuple[str, ...]]:
        """Return the agents that act together: all, or one after the other in the set order."""
        agents = list(self.actors.agents)
        match self.simulation.turn_order:
            case "simultaneous":
                return [tuple(agents)]
            case "random":
                ctx.rng("turn_order").shuffle(agents)
            case "priority":
                agents = list(ranking or agents)
        return [(agent,) for agent in agents]

    async def _close_epoch(self, ctx: Context) -> None:
        moment = self.moment
        world = await ctx.ask(self.actors.scenario, messages.CloseEpoch(moment=moment))
        closing = messages.CloseEpoch(moment=moment, world=world)
        figures = await ctx.ask(self.actors.metrics, closing)
        self.observer.epoch_closed(moment, figures)
        toxicity = figures.get("toxicity_rate", {}).get("value")
        limit = self.safety.kill_switch_toxicity
        if limit is not None and toxicity is not None and toxicity > limit:
            text = f"toxicity {toxicity:.3f} of epoch {moment.epoch} is above {limit:g}"
            self.on_halt(messages.Halt(reason=text, by="director"), ctx)

    async def _go_on(self, ctx: Context, last_of_epoch: bool, ended: str | None) -> None:
        moment, actors = self.moment, self.actors
        if last_of_epoch and moment.epoch + 1 == self.simulation.epochs:
            ended = ended or "completed"
        if self.halted is not None:
            ended = f"halted by {self.halted.by}: {self.halted.reason}"
        if ended is not None:
            goals = None
            if actors.goals is not None:
                goals = await ctx.ask(actors.goals, messages.CloseGoals(moment=moment))
            ctx.tell(actors.metrics, messages.Finish(moment=moment, reason=ended, goals=goals))
            return
        index, epoch, step = moment.index + 1, moment.epoch, moment.step + 1
        if last_of_epoch:
            epoch, step = epoch + 1, 0
        self.moment = Moment(epoch, step, index, index * self.simulation.step_hours)
        ctx.later(messages.NextStep(), steps=1)
