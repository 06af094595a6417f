"""The director: runs epochs and steps, and owns the end of the episode."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..runtime.actor import Actor, handles
from ..runtime.context import Context
from ..runtime.ref import ActorRef
from ..scenarios.schema.episode import EpisodeConfig
from ..scenarios.world import Moment
from .goals.messages import AssignGoals, CloseGoals
from .messages import (
    Begin,
    CloseEpoch,
    CloseStep,
    CloseTurns,
    Finish,
    Halt,
    NextStep,
    OpenEpoch,
    OpenStep,
    OpenTurns,
    Speak,
    Turn,
)
from .ports import Observer


class EpisodeActors:
    """The other actors of the episode, as the director knows them."""

    def __init__(
        self,
        scenario: ActorRef[Any],
        metrics: ActorRef[Any],
        recorder: ActorRef[Any],
        agents: Mapping[str, ActorRef[Any]],
        adversaries: Sequence[ActorRef[Any]],
        goals: ActorRef[Any] | None = None,
    ) -> None:
        self.scenario = scenario
        self.metrics = metrics
        self.recorder = recorder
        self.agents = dict(agents)
        self.adversaries = tuple(adversaries)
        self.goals = goals


class Director(Actor):
    """One step is one handler: a halt is heard between steps, never in the middle of one."""

    def __init__(self, config: EpisodeConfig, cast: EpisodeActors, observer: Observer) -> None:
        self.simulation = config.simulation
        self.safety = config.safety
        self.cast = cast
        self.observer = observer
        self.moment = Moment(0, 0, 0, 0.0)
        self.halted: Halt | None = None

    @handles
    def on_begin(self, message: Begin, ctx: Context) -> None:
        ctx.later(NextStep(), steps=1)

    @handles
    def on_halt(self, message: Halt, ctx: Context) -> None:
        if self.safety.kill_switch_enabled and self.halted is None:
            self.halted = message

    @handles
    async def on_next_step(self, message: NextStep, ctx: Context) -> None:
        """Play one step, then call for the next or end the episode."""
        moment, cast = self.moment, self.cast
        if moment.step == 0:
            await ctx.ask(cast.scenario, OpenEpoch(moment=moment))
        await self._play_step(ctx)
        world_ended = await ctx.ask(cast.scenario, CloseStep())
        self.observer.step_closed(moment, (moment.index + 1) * len(cast.agents))
        last_of_epoch = moment.step + 1 == self.simulation.steps_per_epoch
        if last_of_epoch or world_ended:
            await self._close_epoch(ctx)
        await self._go_on(ctx, last_of_epoch, "world_ended" if world_ended else None)

    async def _play_step(self, ctx: Context) -> None:
        moment, cast = self.moment, self.cast
        ranked = self.simulation.turn_order == "priority"
        ranking = await ctx.ask(cast.scenario, OpenStep(moment=moment, ranked=ranked))
        for adversary in cast.adversaries:
            speech = await ctx.ask(adversary, Speak(moment=moment))
            if speech is not None:
                ctx.tell(cast.scenario, speech)
        for agents in self._batches(ctx, ranking):
            goals = await self._goals_of(agents, ctx)
            opened = await ctx.ask(cast.scenario, OpenTurns(agents=agents, goals=goals))
            for agent, observation in zip(agents, opened.observations, strict=True):
                ctx.tell(cast.agents[agent], Turn(moment=moment, observation=observation))
            await ctx.ask(cast.scenario, CloseTurns())

    async def _goals_of(self, agents: tuple[str, ...], ctx: Context) -> Sequence[Any]:
        """What each agent is to do, by the GoalStore; empty where there is none."""
        if self.cast.goals is None:
            return ()
        assigned = await ctx.ask(self.cast.goals, AssignGoals(moment=self.moment, agents=agents))
        found: Sequence[Any] = assigned.goals
        return found

    def _batches(self, ctx: Context, ranking: tuple[str, ...] | None) -> list[tuple[str, ...]]:
        """Who acts together: all at once, or one after the other in the configured order."""
        agents = list(self.cast.agents)
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
        world = await ctx.ask(self.cast.scenario, CloseEpoch(moment=moment))
        figures = await ctx.ask(self.cast.metrics, CloseEpoch(moment=moment, world=world))
        self.observer.epoch_closed(moment, figures)
        toxicity = figures.get("toxicity_rate", {}).get("value")
        limit = self.safety.kill_switch_toxicity
        if limit is not None and toxicity is not None and toxicity > limit:
            text = f"toxicity {toxicity:.3f} of epoch {moment.epoch} is above {limit:g}"
            self.on_halt(Halt(reason=text, by="director"), ctx)

    async def _go_on(self, ctx: Context, last_of_epoch: bool, ended: str | None) -> None:
        moment, cast = self.moment, self.cast
        if last_of_epoch and moment.epoch + 1 == self.simulation.epochs:
            ended = ended or "completed"
        if self.halted is not None:
            ended = f"halted by {self.halted.by}: {self.halted.reason}"
        if ended is not None:
            goals = None
            if cast.goals is not None:
                goals = await ctx.ask(cast.goals, CloseGoals(moment=moment))
            ctx.tell(cast.metrics, Finish(moment=moment, reason=ended, goals=goals))
            return
        index = moment.index + 1
        self.moment = Moment(
            moment.epoch + 1 if last_of_epoch else moment.epoch,
            0 if last_of_epoch else moment.step + 1,
            index,
            index * self.simulation.step_hours,
        )
        ctx.later(NextStep(), steps=1)
