"""The goals of a scenario file: where their fields may stand, and what they must fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel

from ..schema.episode import EpisodeConfig, agent_ids, targets
from .diagnostics import Findings, nearest, shown
from .nodes import Node, mapping
from .validation import Mended

if TYPE_CHECKING:
    from ...goals.model import GoalDraft
    from ...goals.schemas import ScheduledTaskDraft
    from ..schema.goals import GoalsConfig, GoalSpec, OwnGoal, TaskSpec
    from ..world import World

_TASK_ID = 128
"""Most characters of a scheduled task's id in the store, where `:` and the agent's id follow it."""


def gather_goals(tree: Node, findings: Findings) -> None:
    """Put the fields of goals and tasks, which may stand beside `goal` and `task`, below these."""
    own = [entry for entry in _items(tree, "agents") if _items(entry, "goals")]
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
    section = tree.entries.get("goals")
    if section is not None:
        for goal in _items(section, "list"):
            _gather(goal, "goal", GoalSpec, findings)
        for task in _items(section, "tasks"):
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

    def check(self) -> None:
        """Note every fault."""
        goals = self._config.goals
        if goals is None:
            return
        from ...goals.model import GoalDraft  # not for a start without goals

        section = self._tree.entries["goals"]
        given: list[tuple[GoalSpec | TaskSpec, Node]] = [
            *zip(goals.list, _items(section, "list"), strict=True),
            *zip(goals.tasks, _items(section, "tasks"), strict=True),
        ]
        for spec, node in given:
            if not targets(self._config, spec):
                place = node.entries.get("target", node)
                note_nobody(spec.target, place, self._config, self._findings)
        for draft, node in self._drafts(goals):
            self._check_policy(draft.metadata.get("policy"), node)
            if isinstance(draft, GoalDraft):
                self._check_references(draft, [belief.id for belief in goals.beliefs], node)
        self._check_dependencies(goals)
        self._check_beliefs(goals)
        self._check_tasks(goals)
        if goals.checker != "lexical" and self._config.model_of_judge is None:
            node = section.entries["checker"]
            self._findings.add(
                *node.origin, f"checker: {goals.checker} needs a language model; add "
                f"`judge: {{model: …}}` here, or `llm: {{model: …}}` for all",
            )  # fmt: skip

    def _check_beliefs(self, goals: GoalsConfig) -> None:
        """Note ids given twice, and changes of beliefs that do not exist or can't change."""
        section = self._tree.entries["goals"]
        ids = [belief.id for belief in goals.beliefs]
        self._refuse_twins(ids, _items(section, "beliefs"), "the id")
        fixed = [belief.id for belief in goals.beliefs if belief.immutable]
        changes = zip(goals.belief_changes, _items(section, "belief_changes"), strict=True)
        for change, node in changes:
            name = shown(change.belief)
            if change.belief not in ids and not self._checked.may_have(change.belief):
                problem = f"no belief has the id '{name}'"
                self._findings.add_unknown(*node.origin, problem, change.belief, ids)
            elif change.belief in fixed:
                self._findings.add(
                    *node.origin, f"the belief '{name}' is immutable, so it can't change"
                )

    def _check_tasks(self, goals: GoalsConfig) -> None:
        ids = [task.task.task_id for task in goals.tasks]
        nodes = _items(self._tree.entries["goals"], "tasks")
        self._refuse_twins(ids, nodes, "the task_id")
        for task, task_id, node in zip(goals.tasks, ids, nodes, strict=True):
            whom = max(map(len, targets(self._config, task)), default=0)
            if len(task_id) + 1 + whom > _TASK_ID:
                self._findings.add(
                    *node.origin, f"task_id has {len(task_id)} characters; with agents' "
                    f"ids as long as these it can have {_TASK_ID - 1 - whom}",
                )  # fmt: skip

    def _refuse_twins(self, names: Sequence[str], nodes: Sequence[Node], what: str) -> None:
        first: dict[str, Node] = {}
        for name, node in zip(names, nodes, strict=True):
            twin = first.setdefault(name, node)
            if twin is not node:
                self._findings.add(
                    *node.origin, f"has {what} '{shown(name)}' as {twin.path} "
                    f"({twin.place}) has; every one needs its own",
                )  # fmt: skip

    def _drafts(self, goals: GoalsConfig) -> Iterator[tuple[GoalDraft | ScheduledTaskDraft, Node]]:
        """Yield goals and tasks, with the nodes where they stand."""
        section = self._tree.entries["goals"]
        for spec, node in zip(goals.list, _items(section, "list"), strict=True):
            yield spec.goal, node
        for task, node in zip(goals.tasks, _items(section, "tasks"), strict=True):
            yield task.task, node
        for agent, entry in zip(self._config.agents, _items(self._tree, "agents"), strict=True):
            for own, node in zip(agent.goals, _items(entry, "goals"), strict=True):
                yield own.goal, node

    def _check_policy(self, policy: object, node: Node) -> None:
        """Note a `metadata.policy` that is no scripted policy which can act without parameters."""
        if policy is None or self._world is None:
            return
        known = [
            name
            for name, found in self._world.policies.items()
            if not any(field.is_required() for field in found.Params.model_fields.values())
        ]
        if policy not in known:
            self._findings.add_unknown(
                *node.origin, f"metadata.policy is '{shown(str(policy))}', which is no policy of "
                f"the world {self._world.name}", str(policy), known,
            )  # fmt: skip

    def _check_references(self, goal: GoalDraft, known: Sequence[str], node: Node) -> None:
        """Note beliefs that do not exist: a goal that names one is not held back by it."""
        for key, names in (("aligns_with", goal.aligns_with), ("contradicts", goal.contradicts)):
            for name in names:
                if name not in known and not self._checked.may_have(name):
                    problem = f"{key}: no belief has the id '{shown(name)}'"
                    self._findings.add_unknown(*node.origin, problem, name, known)

    def _check_dependencies(self, goals: GoalsConfig) -> None:
        """Note names in `depends_on` that no earlier goal of the same agent has."""
        listed = list(zip(goals.list,
                          _items(self._tree.entries["goals"], "list"), strict=True))  # fmt: skip
        meant = [(spec, node, frozenset(targets(self._config, spec))) for spec, node in listed]
        entries = dict(zip(map(id, self._config.agents), _items(self._tree, "agents"), strict=True))
        noted: set[str] = set()
        for agent, spec in agent_ids(self._config):
            own: list[tuple[OwnGoal, Node]] = [
                (goal, node) for goal, node, whom in meant if agent in whom
            ]
            own += zip(spec.goals, _items(entries[id(spec)], "goals"), strict=True)
            before: list[str] = []
            for goal, node in own:
                self._check_names(goal, node, before, noted)
                if goal.name in before and node.path not in noted:
                    noted.add(node.path)
                    self._findings.add(
                        *node.origin, f"the agent {agent} has a goal with the name "
                        f"'{shown(goal.name or '')}' before this one; give each its own",
                    )  # fmt: skip
                if goal.name is not None:
                    before.append(goal.name)

    def _check_names(
        self, goal: OwnGoal, node: Node, before: Sequence[str], noted: set[str]
    ) -> None:
        for name in goal.goal.depends_on:
            if name not in before and not self._checked.may_have(name) and node.path not in noted:
                noted.add(node.path)
                self._findings.add_unknown(
                    *node.origin, "depends_on: no goal before this one, of the same agent, has "
                    f"the name '{shown(name)}'", name, before,
                )  # fmt: skip


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


def _items(node: Node, key: str) -> list[Node]:
    below = node.entries.get(key)
    return below.items if below is not None else []
