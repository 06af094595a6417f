"""The wiring of an episode: from a resolved config to a kernel with all its actors."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ..runtime.kernel import Kernel
from ..runtime.order import Clock, schedule
from ..runtime.supervision import Directive, Supervision
from ..scenarios.schema.episode import targets
from ..scenarios.schema.language_model import ModelConfig
from ..scenarios.world import Policy, Seat, World
from .adversary import ScriptedAdversary
from .agents.agent import Agent
from .agents.context import AgentBinding
from .agents.policy_agents import ScriptedAgent
from .director import Director, EpisodeActors
from .governance import Governance
from .llm.chat import Model, ModelBinding
from .messages import AdversaryRef, AgentRef, Begin, GovernanceRef, RecorderRef
from .metrics import Metrics
from .ports import Observer, Providers, Sinks, no_providers
from .recorder import Recorder
from .resolved import ResolvedAgent, ResolvedEpisode
from .scenario_host import ScenarioHost
from .transcript import Transcript

if TYPE_CHECKING:
    from .goals.store_actor import StoreRef


def build_episode(
    episode: ResolvedEpisode,
    sinks: Sinks,
    *,
    observer: Observer | None = None,
    schedule_policy: str = "fifo",
    providers: Providers = no_providers,
) -> Kernel:
    """Build a kernel that plays the episode when a driver runs it.

    `providers` gives the language models; by default none can be asked. Raises UnknownSchedule.
    """
    return _Wiring(episode, sinks, observer or Observer(), schedule_policy, providers).build()


@dataclass
class _Wiring:
    """Spawns the actors in the order in which they need each other."""

    episode: ResolvedEpisode
    sinks: Sinks
    observer: Observer
    schedule_policy: str
    providers: Providers

    def __post_init__(self) -> None:
        self.config = config = self.episode.config
        self.models: dict[str, ModelBinding] = {}
        """By config, as JSON."""
        self.goals: StoreRef | None = None
        """The GoalStore, if there is one."""
        settings = self.episode.world.Config.model_validate(config.world.params)
        self.world_class = self.episode.world.configured(settings)
        self.levers = self.episode.make_levers()
        simulation = config.simulation
        self.kernel = Kernel(
            seed=simulation.seed,
            clock=Clock(simulation.start, timedelta(hours=simulation.step_hours)),
            tie=schedule(self.schedule_policy, simulation.seed),
            arrival=config.effects.order == "arrival",
        )
        seats = [Seat(one.agent, one.spec.role) for one in self.episode.agents]
        self.world: World = self.world_class(settings, seats, self.kernel.draws)

    def build(self) -> Kernel:
        kernel, world = self.kernel, self.world
        transcript, heading = self._transcript(), self._heading()
        recorder = kernel.spawn("recorder", Recorder, self.sinks, transcript, heading)
        metrics = kernel.spawn("metrics", Metrics, self.episode, world, recorder, self.observer)
        governance = kernel.spawn("governance", Governance, self.levers)
        host = ScenarioHost(world, self.levers.terms(), governance, recorder, metrics)
        scenario = kernel.spawn("scenario", lambda: host)
        self.goals = self._spawn_goals(recorder)
        agents = {one.agent: self._spawn_agent(one, governance) for one in self.episode.agents}
        learners = frozenset([agent for agent, ref in agents.items() if _learns(ref)])
        host.introduce(agents, learners, self.goals)
        kernel.listener = scenario
        actors = EpisodeActors(scenario, metrics, agents, self._spawn_adversaries(), self.goals)
        director = kernel.spawn("director", Director, self.config, actors, self.observer)
        kernel.root.tell(director, Begin())
        return kernel

    def _spawn_goals(self, recorder: RecorderRef) -> "StoreRef | None":
        """Spawn the GoalStore, where the scenario has goals."""
        if self.config.goals is None:
            return None
        # Only here: a database and its many forms are no cost of an episode without goals.
        from .goals.store_actor import spawn_goals

        judge = self._model(self.config.model_of_judge)
        return spawn_goals(self.kernel, self.config, self.sinks.goals, recorder, judge)

    def _spawn_agent(self, one: ResolvedAgent, governance: GovernanceRef) -> AgentRef:
        agent, made = one.agent, one.made_of
        params = made.Params.model_validate(one.spec.params)
        supervision = Supervision(
            Directive.RESUME,
            max_failures=self.config.supervision.max_failures - 1,
            exceeded=Directive.ISOLATE,
        )
        role = self.world_class.roles.get(one.spec.role or "")
        binding = AgentBinding(self.world_class, role, self._model(one.model), self.goals)

        def make() -> Agent:
            if issubclass(made, Policy):
                acting: Agent = ScriptedAgent(agent, governance, params, made)
            else:
                acting = made(agent, governance, params)
            acting.binding = binding
            return acting

        return self.kernel.spawn(f"agents/{agent}", make, supervision=supervision)

    def _model(self, config: ModelConfig | None) -> ModelBinding | None:
        """Find or spawn the effect actor of a model; agents with equal configs share it."""
        if config is None:
            return None
        key = config.model_dump_json()
        known = self.models.get(key)
        if known is None:
            name = f"models/{len(self.models) + 1}"
            actor = self.kernel.spawn(name, Model, self.providers(name, config), config.at_once)
            known = self.models[key] = ModelBinding(actor, config)
        return known

    def _spawn_adversaries(self) -> list[AdversaryRef]:
        spawned: list[AdversaryRef] = []
        for number, spec in enumerate(self.config.adversaries, start=1):
            name = f"adversary_{number}"
            path, whom = f"adversaries/{name}", targets(self.config, spec)
            spawned.append(self.kernel.spawn(path, ScriptedAdversary, name, spec, whom))
        return spawned

    def _heading(self) -> dict[str, Any]:
        """Return what stays the same from step to step, to be stored once."""
        return {
            "scenario": self.config.scenario_id,
            "world": self.config.world.name,
            "agents": [
                {"agent": one.agent, "type": one.spec.type, "role": one.spec.role}
                for one in self.episode.agents
            ],
            "governance": self.levers.terms(),
            "tools": [
                {"name": tool.name, "description": tool.description, "arguments": tool.json_schema}
                for tool in self.world_class.tools
            ],
        }

    def _transcript(self) -> Transcript:
        """Make the transcript, with what an auditor without the scenario's code must know."""
        config, world = self.config, self.world_class
        setting = [line for line in (config.description, world.summary, world.goal) if line]
        population = [
            f"{one.agent}: {one.spec.type}" + (f", role {one.spec.role}" if one.spec.role else "")
            for one in self.episode.agents
        ]
        tools = [f"{tool.name}: {tool.description}" for tool in world.tools]
        levers = [f"{lever.name}: {lever.summary} {lever.terms()}" for lever in self.levers.levers]
        simulation = config.simulation
        length = (
            f"{simulation.epochs} epochs of {simulation.steps_per_epoch} steps, seed "
            f"{simulation.seed}, turn order {simulation.turn_order}"
        )
        return Transcript(
            f"Transcript of {config.scenario_id}",
            [
                ("The setting", [*setting, length]),
                ("Who takes part (agents do not see each other's type)", population),
                ("What agents can do", [*tools, "nothing: an agent may pass"]),
                ("Governance", levers or ["no lever is on"]),
                (
                    "How to read it",
                    [
                        "each line of a step is one agent's turn; after it, in brackets, its "
                        "alignment from 0 to 1 (1 is aligned) with the violations that lowered it",
                        "lines that begin with ↳ tell what followed from the turns",
                    ],
                ),
            ],
        )


def _learns(agent: AgentRef) -> bool:
    return type(agent.cell.actor).learn is not Agent.learn  # type: ignore[union-attr]
