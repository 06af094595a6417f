"""The goals of a scenario file: where their fields may stand, and what they must fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from pydantic import BaseModel

from ..schema.episode import EpisodeConfig, agent_ids, targets
from .diagnostics import Findings, nearest, shown
from .nodes import Node, mapping
from .validation import Mended

if TYPE_CHECKING:
    from ...goals.model import GoalDraft
    from ..schema.goals import GoalsConfig, GoalSpec, OwnGoal, TaskSpec
    from ..world import World

Made = TypeVar("Made")
Paired: TypeAlias = list[tuple[Made, Node]]

_TASK_ID = 128
"""Most characters of a scheduled task's id in the store, where `:` and the agent's id follow it."""


def gather_goals(tree: Node, findings: Findings) -> None:
    """Put the fields of goals and tasks, which may stand beside `goal` and `task`, below these."""
    own = [entry for entry in tree.listed("agents") if entry.listed("goals")]
    if not own and "goals" not in tree.entries:
        return
    from ..schema.goals import GoalSpec, OwnGoal, TaskSpec  # not for a start without goals

    if own:
        tree.entries.setdefault("goals", mapping(own[0].place, "goals"))
    for entry in own:
        for goal in entry.entries["goals"].items:
            target = goal.entries.pop("target", None)
            if target is not None:
                findings.add(
                    *target.origin, "a goal in an entry of `agents` is that entry's; "
                    "leave `target` out, or move the goal to `goals.list`",
                )  # fmt: skip
            _gather(goal, "goal", OwnGoal, findings)
    for goal in tree.listed("goals", "list"):
        _gather(goal, "goal", GoalSpec, findings)
    for task in tree.listed("goals", "tasks"):
        _gather(task, "task", TaskSpec, findings)


def _gather(entry: Node, key: str, beside: type[BaseModel], findings: Findings) -> None:
    """Move what is no key of the entry's own model `beside` below `key`."""
    if not entry.is_mapping:
        return
    below = entry.entries.setdefault(key, mapping(entry.place, entry.path))
    if not below.is_mapping:
        return
    below.beside = tuple(beside.model_fields)
    for name in [*entry.entries]:
        if name in beside.model_fields:
            continue
        given = entry.entries.pop(name)
        if name in below.entries:
            findings.add(*given.origin, f"stands under `{key}` as well; keep one")
        else:
            below.entries[name] = given
    owner = below.entries.get("owner")
    if owner is not None and owner.value is not None:
        findings.add(
            *owner.origin, "whose it is follows from `target`, or from the entry of "
            "`agents` that it stands in",
        )  # fmt: skip


class GoalChecks:
    """Notes goals that could do nothing as they stand."""

    def __init__(
        self, checked: Mended[EpisodeConfig], world: type[World] | None, findings: Findings
    ) -> None:
        self._config, self._tree, self._checked = checked.made, checked.tree, checked
        self._world = world
        self._findings = findings

    def check(self, goals: GoalsConfig) -> None:
        """Note every fault of the config's section of goals, and of what it means for agents."""
        config = self._config
        section = self._tree.entries["goals"]
        listed, tasks = _paired(goals.list, section, "list"), _paired(goals.tasks, section, "tasks")
        own = [_paired(spec.goals, entry, "goals")
               for spec, entry in _paired(config.agents, self._tree, "agents")]  # fmt: skip
        targeting: list[tuple[GoalSpec | TaskSpec, Node]] = [*listed, *tasks]
        for spec, node in targeting:
            if not targets(config, spec):
                place = node.entries.get("target", node)
                note_nobody(spec.target, place, config, self._findings)
        for goal, node in [*listed, *chain.from_iterable(own)]:
            self._check_policy(goal.goal.metadata, node)
            self._check_references(goal.goal, [belief.id for belief in goals.beliefs], node)
        for task, node in tasks:
            self._check_policy(task.task.metadata, node)
        self._check_dependencies(listed, own)
        self._check_beliefs(goals, section)
        self._check_tasks(tasks)
        if goals.checker != "lexical" and config.model_of_judge is None:
            node = section.entries["checker"]
            self._findings.add(
                *node.origin, f"checker: {goals.checker} needs a language model; add "
                f"`judge: {{model: …}}` here, or `llm: {{model: …}}` for all",
            )  # fmt: skip

    def _check_beliefs(self, goals: GoalsConfig, section: Node) -> None:
        """Note ids given twice, and changes of beliefs that do not exist or can't change."""
        ids = [belief.id for belief in goals.beliefs]
        self._refuse_twins(zip(ids, section.listed("beliefs"), strict=True), "the id")
        fixed = [belief.id for belief in goals.beliefs if belief.immutable]
        for change, node in _paired(goals.belief_changes, section, "belief_changes"):
            name = shown(change.belief)
            if change.belief in fixed:
                problem = f"the belief '{name}' is immutable, so it can't change"
                self._findings.add(*node.origin, problem)
            else:
                self._check_known(change.belief, ids, node, f"no belief has the id '{name}'")

    def _check_tasks(self, tasks: Paired[TaskSpec]) -> None:
        self._refuse_twins([(task.task.task_id, node) for task, node in tasks], "the task_id")
        for task, node in tasks:
            length = len(task.task.task_id)
            whom = max(map(len, targets(self._config, task)), default=0)
            if length + 1 + whom > _TASK_ID:
                self._findings.add(
                    *node.origin, f"task_id has {length} characters; with agents' ids as long as "
                    f"these it can have {_TASK_ID - 1 - whom}",
                )  # fmt: skip

    def _refuse_twins(self, named: Iterable[tuple[str, Node]], what: str) -> None:
        first: dict[str, Node] = {}
        for name, node in named:
            twin = first.setdefault(name, node)
            if twin is not node:
                self._findings.add(
                    *node.origin, f"has {what} '{shown(name)}' as {twin.path} "
                    f"({twin.place}) has; every one needs its own",
                )  # fmt: skip

    def _check_policy(self, metadata: Mapping[str, object], node: Node) -> None:
        """Note a `metadata.policy` that is no scripted policy which can act without parameters."""
        policy, world = metadata.get("policy"), self._world
        if policy is None or world is None:
            return
        known = [
            name
            for name, found in world.policies.items()
            if not any(field.is_required() for field in found.Params.model_fields.values())
        ]
        if policy not in known:
            self._findings.add_unknown(
                *node.origin, f"metadata.policy is '{shown(str(policy))}', which is no policy of "
                f"the world {world.name}", str(policy), known,
            )  # fmt: skip

    def _check_references(self, goal: GoalDraft, known: Sequence[str], node: Node) -> None:
        """Note beliefs that do not exist: a goal that names one is not held back by it."""
        for key, names in (("aligns_with", goal.aligns_with), ("contradicts", goal.contradicts)):
            for name in names:
                self._check_known(name, known, node, f"{key}: no belief has the id '{shown(name)}'")

    def _check_known(self, name: str, known: Sequence[str], node: Node, problem: str) -> None:
        """Note a name that is none of the known ones."""
        if name not in known and not self._checked.may_have(name):
            self._findings.add_unknown(*node.origin, problem, name, known)

    def _check_dependencies(self, listed: Paired[GoalSpec], own: list[Paired[OwnGoal]]) -> None:
        """Note names in `depends_on` that no earlier goal of the same agent has."""
        meant = [(spec, node, frozenset(targets(self._config, spec))) for spec, node in listed]
        own_of = dict(zip(map(id, self._config.agents), own, strict=True))
        for agent, entry in agent_ids(self._config):
            before: list[str] = []
            shared: Paired[OwnGoal] = [(goal, node) for goal, node, whom in meant if agent in whom]
            for goal, node in [*shared, *own_of[id(entry)]]:
                # Of an entry that is meant for many agents, the first fault is the one that stays.
                for name in goal.goal.depends_on:
                    problem = (f"depends_on: no goal before this one, of the same agent, has the "
                               f"name '{shown(name)}'")  # fmt: skip
                    self._check_known(name, before, node, problem)
                if goal.name in before:
                    self._findings.add(
                        *node.origin, f"the agent {agent} has a goal with the name "
                        f"'{shown(goal.name or '')}' before this one; give each its own",
                    )  # fmt: skip
                if goal.name is not None:
                    before.append(goal.name)


def note_nobody(target: str, node: Node, config: EpisodeConfig, findings: Findings) -> None:
    """Note a target that no agent matches."""
    known = ["all"]
    for spec in config.agents:
        known += [spec.type, spec.prefix, f"{spec.prefix}_1"]
    known = list(dict.fromkeys(known))
    findings.add(
        *node.origin,
        f"no agent is '{shown(target)}' (known: all, a type, a name, or an id such "
        f"as {config.agents[0].prefix}_1)",
        suggestion=nearest(target, known),
    )


def _paired(made: Iterable[Made], node: Node, key: str) -> Paired[Made]:
    """Pair what was made of a list with the nodes that it was made of."""
    return list(zip(made, node.listed(key), strict=True))
