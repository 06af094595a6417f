"""A file's tree and its overrides into the resolved config."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from ..catalogue import Catalogue, CatalogueError
from ..schema.episode import AgentSpec, EpisodeConfig, SafetyConfig, WorldSpec, targets
from ..schema.language_model import ModelOverrides
from ..schema.sections import model_in
from .aliases import canonical, world_name
from .diagnostics import Findings, nearest_first, shown
from .nodes import Node, described, mapping, merge
from .resolve_goals import GoalChecks, gather_goals, note_nobody
from .validation import Location, Mended, mended, settings, sort_in, validated

if TYPE_CHECKING:
    from ..world import World

DEFAULT_WORLD = WorldSpec().name


def resolve(
    root: Node, patches: Sequence[Node], catalogue: Catalogue, findings: Findings
) -> EpisodeConfig | None:
    """Return the config with every default; None where faults were noted."""
    if not root.is_mapping:
        problem = "is empty" if root.value is None else f"holds {described(root)}"
        findings.add(root.place, "", f"{problem}; a scenario file is a mapping (key: value)")
        return None
    return _Resolver(root, patches, catalogue, findings).resolve()


class _Resolver:
    def __init__(
        self, root: Node, patches: Sequence[Node], catalogue: Catalogue, findings: Findings
    ) -> None:
        self._catalogue = catalogue
        self._findings = findings
        self._world = self._world_class([root, *patches])
        config = self._world.Config if self._world else None
        self._tree = canonical(root, config, findings)
        self._add_what_the_gym_implies(root)
        for patch in patches:
            self._tree = merge(self._tree, canonical(patch, config, findings), findings)
        self._drop_nulls()

    def resolve(self) -> EpisodeConfig | None:
        self._fill_world_params()
        self._fill_agent_params()
        gather_goals(self._tree, self._findings)
        self._check_roles()
        for metric in self._tree.listed("metrics", "track"):
            self._loaded("metrics", metric)
        for lever in self._tree.listed("governance", "levers"):
            if "type" in lever.entries:
                self._loaded("levers", lever.entries["type"])
        config = validated(EpisodeConfig, self._tree, self._findings)
        rest = (
            Mended(config, self._tree, frozenset())
            if config
            else mended(EpisodeConfig, self._tree, _depended_on_by_no_agent)
        )
        if rest is not None:
            self._check_targets(rest.made)
            goals = rest.made.goals
            if goals is not None:
                GoalChecks(rest, self._world, self._findings).check(goals)
            self._check_agents(rest.made)
            self._check_roles_of_models(rest.made)
        return config

    def _world_class(self, roots: Sequence[Node]) -> "type[World] | None":
        named = [name for root in roots if (name := world_name(root)) is not None]
        if not named:
            return self._loaded("worlds", Node(DEFAULT_WORLD, roots[0].place, "world"))
        return self._loaded("worlds", named[-1])

    def _loaded(self, kind: str, node: Node) -> type[Any] | None:
        """Find the class that a node names; None with a fault noted, if it holds no text, or for a
        name that is merely described."""
        if not isinstance(node.value, str):
            return None
        try:
            return self._catalogue.check(kind, node.value)
        except CatalogueError as error:
            self._findings.add(*node.origin, error.problem, suggestion=error.suggestion)
            return None

    def _add_what_the_gym_implies(self, root: Node) -> None:
        """Name a Gym file after its scenario, and give it one epoch."""
        scenario, engine = root.entries.get("scenario"), root.entries.get("engine")
        if scenario is not None:
            self._tree.entries.setdefault("scenario_id", scenario)
        if engine is not None and engine.value is not None:
            absent = mapping(engine.place, "simulation")
            simulation = self._tree.entries.setdefault("simulation", absent)
            simulation.entries.setdefault("epochs", Node(1, engine.place, "engine"))

    def _drop_nulls(self) -> None:
        """Leave out sections and top-level keys without content: they are as good as absent."""
        self._tree.value = {
            key: node for key, node in self._tree.entries.items() if node.value is not None
        }
        params = self._tree.find("world", "params")
        if params is None or self._world is None:
            return
        for key, field in self._world.Config.model_fields.items():
            node = params.entries.get(key)
            if node is not None and node.value is None and model_in(field.annotation):
                del params.entries[key]

    def _fill_world_params(self) -> None:
        if self._world is None:
            return
        world = self._tree.entries.setdefault("world", mapping(self._tree.place, "world"))
        limits = self._tree.find("world", "params", "limits")
        if limits and any(child.path.startswith("safety.") for child in limits.entries.values()):
            limits.beside = tuple(SafetyConfig.model_fields)
        self._fill(self._world.Config, world)

    def _fill(self, model: type[BaseModel], owner: Node) -> None:
        """Put the model's every field in place of the `params` that were given."""
        params = owner.entries.get("params")
        if params is None or params.value is None:
            params = mapping(owner.place, owner.child("params"))
        if not (owner.is_mapping and params.is_mapping):
            return
        filled = settings(model, params, self._findings)
        if filled is not None:
            owner.entries["params"] = filled

    def _fill_agent_params(self) -> None:
        for entry in self._tree.listed("agents"):
            kind = entry.entries.get("type")
            if kind is None or not isinstance(kind.value, str) or self._world is None:
                continue
            found = self._agent_class(self._world, kind.value, kind)
            model = model_in(getattr(found, "Params", None))
            if model is not None:
                _in_words(entry, model)
                sort_in(entry, "params", model, beside=AgentSpec)
            if kind.value not in self._world.policies:
                # A scripted policy asks no model: there such a key is a mistake.
                sort_in(entry, "llm", ModelOverrides, beside=AgentSpec)
            if model is not None:
                self._fill(model, entry)

    def _check_agents(self, config: EpisodeConfig) -> None:
        """Note agents without the model that they need, and parameters that misfit the world."""
        world = self._world
        for entry, spec in zip(self._tree.listed("agents"), config.agents, strict=True):
            kind = entry.entries["type"]
            found = self._agent_class(world, spec.type, kind) if world else None
            if getattr(found, "needs_model", False) and config.model_of(spec) is None:
                self._findings.add(
                    *kind.origin,
                    f"type: {shown(spec.type)} needs a language model; add `model: …` here, or "
                    f"`llm: {{model: …}}` for all (openai/gpt-4o-mini, or local/smollm2 without a "
                    f"key)",
                )
            misfit = getattr(found, "misfit", None)
            wrong = misfit(spec.params, world) if misfit else None
            if wrong is not None:
                node = entry.entries["params"].entries.get(wrong.param, entry)
                self._findings.add(*node.origin, wrong.problem, suggestion=wrong.suggestion)

    def _check_roles_of_models(self, config: EpisodeConfig) -> None:
        """Note models and budgets of a role that no agent has: they would silently do nothing."""
        known = [spec.role for spec in config.agents if spec.role]
        known += self._world.roles if self._world else ()
        known = list(dict.fromkeys(known))
        for path in (("models",), ("llm", "role_budgets")):
            section = self._tree.find(*path)
            for role, node in (section.entries if section else {}).items():
                if role not in known:
                    problem = f"no agent has the role '{shown(role)}'"
                    self._findings.add_unknown(*node.origin, problem, role, known)

    def _agent_class(self, world: "type[World]", name: str, node: Node) -> type[Any] | None:
        """Find a policy of the world, or an agent of the catalogue."""
        policies = world.policies
        if name in policies:
            return policies[name]
        others = self._catalogue.names("agents")
        if name in others or ":" in name:
            return self._loaded("agents", node)
        self._findings.add_unknown(
            *node.origin, f"unknown agent type '{shown(name)}' in the world {world.name}", name,
            nearest_first(name, (*policies, *others)), "; or module:Class",
        )  # fmt: skip
        return None

    def _check_roles(self) -> None:
        """Note roles that are none of the world's, where it has any."""
        world = self._world
        if world is None or not world.roles:
            return
        for entry in self._tree.listed("agents"):
            node = entry.entries.get("role")
            if node is None or not isinstance(node.value, str) or node.value in world.roles:
                continue
            self._findings.add_unknown(
                *node.origin, f"unknown role '{shown(node.value)}' in the world {world.name}",
                node.value, nearest_first(node.value, tuple(world.roles)),
            )  # fmt: skip

    def _check_targets(self, config: EpisodeConfig) -> None:
        nodes = self._tree.listed("adversaries")
        for adversary, node in zip(config.adversaries, nodes, strict=True):
            if not targets(config, adversary):
                note_nobody(adversary.target, node.entries["target"], config, self._findings)


def _depended_on_by_no_agent(where: Location) -> bool:
    """Return True for a value without which all agents, their types and models stay as they are."""
    if where[0] == "agents":
        return len(where) > 2 and where[2] == "goals"
    return where[0] not in ("llm", "models", "world", "adversaries")


def _in_words(entry: Node, model: type[BaseModel]) -> None:
    """Move goals that are mere words to the agent's own setting, where its kind has one: they go
    into its prompts, not into a GoalStore."""
    goals = entry.entries.get("goals")
    if goals is None or "goals" not in model.model_fields or not goals.items:
        return
    if all(isinstance(goal.value, str) for goal in goals.items):
        below = entry.entries.setdefault("params", mapping(entry.place, entry.child("params")))
        if below.is_mapping:
            below.entries.setdefault("goals", entry.entries.pop("goals"))
