"""The spellings that a scenario file may use, and the one that the config has.

Three dialects are read: our own, the sandbox's (world sections at the top level, `rate_limits`,
`metrics_to_track`), and the RunConfig of Goal Drift Gym (`scenario`, `engine`, `policy`, …).
"""

from collections.abc import Collection, Iterator
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo

from ..schema.episode import EpisodeConfig, SafetyConfig
from ..schema.sections import model_in
from .diagnostics import Findings, nearest
from .nodes import Node, described, mapping, unite

_MOVED = {
    "metrics_to_track": ("metrics", "track"),
    "run_label": ("label",),
    "scenario": ("world", "name"),
}
"""Keys that only stand elsewhere in the config."""
_GYM_ENGINE = {"max_steps": "steps_per_epoch", "seed": "seed"}
_GYM_AND_SANDBOX = (
    "scenario", "scenario_params", "engine", "policy", "agent", "adversary_agent", "run_label",
    "metrics_to_track", "rate_limits",
)  # fmt: skip


def world_name(root: Node) -> Node | None:
    """Find the node that names the world, in whatever spelling."""
    world = root.entries.get("world")
    if world is not None and world.is_mapping:
        world = world.entries.get("name")
    found = world or root.entries.get("scenario")
    return found if found is not None and found.value is not None else None


def canonical(root: Node, config: type[BaseModel] | None, findings: Findings) -> Node:
    """Put the tree of a file or an override into the config's own spelling.

    `config` is the world's Config model, whose fields may stand at the top level; without it
    (the world is unknown) keys that may be such fields are left out.
    """
    reader = _Dialects(root, config, findings)
    tree = reader.read()
    settle(tree, EpisodeConfig, findings)
    params = tree.find("world", "params")
    if params is not None and config is not None:
        settle(params, config, findings)
    return tree


class _Dialects:
    """Puts each top-level key where the config has it."""

    def __init__(self, root: Node, config: type[BaseModel] | None, findings: Findings) -> None:
        self._root = root
        fields = {} if config is None else config.model_fields
        keys = {name for key, field in fields.items() for name in spelled(key, field)}
        self._world_keys = None if config is None else keys
        self._findings = findings
        self._tree = Node({}, *root.origin, root.open)

    def read(self) -> Node:
        readers = {
            "world": self._read_world,
            "safety": self._read_safety,
            "metrics": self._read_metrics,
            "rate_limits": self._read_rate_limits,
            "scenario_params": self._read_scenario_params,
            "engine": self._read_engine,
            "agents": lambda node: self._take_agents(node, node),
            "agent": lambda node: self._take_agents(node, _only(node)),
            "policy": lambda node: self._take_agents(
                node, _only(Node({"type": node}, *node.origin))
            ),
            "adversary_agent": self._read_adversary_agent,
        }
        for key, node in self._root.entries.items():
            if key in readers:
                readers[key](node)
            elif key in _MOVED:
                self._put(node, *_MOVED[key])
            elif key in EpisodeConfig.model_fields:
                self._put(node, key)
            elif self._world_keys is None:
                continue  # it may be one of the unknown world's
            elif key in self._world_keys:
                self._put(node, "world", "params", key)
            else:
                known = [*EpisodeConfig.model_fields, *sorted(self._world_keys), *_GYM_AND_SANDBOX]
                self._note_unknown(key, node, known)
        return self._tree

    def _note_unknown(self, key: str, node: Node, known: Collection[str]) -> None:
        meant = nearest(key, known)
        listed = "" if meant else f"; known here: {', '.join(known)}"
        self._findings.add(*node.origin, f"unknown key{listed}", suggestion=meant)

    def _put(self, node: Node, *path: str) -> None:
        """Set a key of the config; what stands there already must agree."""
        here = self._tree
        for key in path[:-1]:
            below = here.entries.get(key)
            if below is None or below.value is None:
                # Named by its place in the config: the file has nothing of this name.
                name = f"{here.path}.{key}" if here.path else key
                here.entries[key] = below = mapping(node.place, name)
            here = below
        if not here.is_mapping:
            # A scalar where a section belongs: the schema reports it.
            return
        known = here.entries.get(path[-1])
        if known is None or known.value is None:
            here.entries[path[-1]] = node
        elif node.value is not None:
            here.entries[path[-1]] = unite(known, node, self._findings)

    def _entries(self, node: Node) -> dict[str, Node]:
        """Return the keys of a section; one without any content has none."""
        if not node.is_mapping and node.value is not None:
            self._findings.add(*node.origin, expected="a mapping", got=described(node))
        return node.entries

    # The sandbox's spellings.

    def _read_world(self, node: Node) -> None:
        if isinstance(node.value, str):
            self._put(node, "world", "name")
        elif node.value is not None:
            self._put(node, "world")

    def _read_rate_limits(self, node: Node) -> None:
        if self._world_keys is None or "limits" in self._world_keys:
            self._put(node, "world", "params", "limits")
        else:
            self._findings.add(*node.origin, "the world has no limits to set")

    def _read_safety(self, node: Node) -> None:
        limited = self._world_keys is None or "limits" in self._world_keys
        for key, child in self._entries(node).items():
            if key in SafetyConfig.model_fields or not limited:
                self._put(child, "safety", key)
            else:
                self._put(child, "world", "params", "limits", key)

    # The Gym's spellings.

    def _read_scenario_params(self, node: Node) -> None:
        if node.value is not None:
            self._put(node, "world", "params")

    def _read_engine(self, node: Node) -> None:
        for key, child in self._entries(node).items():
            if key in _GYM_ENGINE:
                if child.value is not None:
                    self._put(child, "simulation", _GYM_ENGINE[key])
            elif key != "allow_noop":
                self._note_unknown(key, child, [*_GYM_ENGINE, "allow_noop"])
            elif child.value is False:
                self._findings.add(
                    *child.origin,
                    "false is not supported: an agent may always do nothing, and the score tells",
                )
            elif child.value is not True:
                self._findings.add(*child.origin, expected="true", got=described(child))

    def _take_agents(self, given: Node, agents: Node) -> None:
        """Take the agents, which a Gym scenario gives as its only `agent`, or by its `policy`."""
        if given.value is None:
            return
        known = self._tree.entries.setdefault("agents", agents)
        if known is not agents:
            problem = f"{known.path} ({known.place}) says already who acts; keep one"
            self._findings.add(*given.origin, problem)

    def _read_adversary_agent(self, node: Node) -> None:
        spec = Node({}, *node.origin, node.open)
        for key, child in self._entries(node).items():
            if key == "params":
                spec.entries.update(self._entries(child))
            elif key == "type":
                spec.entries[key] = child
            else:
                self._note_unknown(key, child, ["type", "params"])
        if node.is_mapping:
            self._put(_only(spec), "adversaries")

    def _read_metrics(self, node: Node) -> None:
        for key, child in self._entries(node).items():
            if key != "alignment":
                self._put(child, "metrics", key)
                continue
            for name, setting in self._entries(child).items():
                if name == "threshold":
                    self._put(setting, "metrics", "alignment_threshold")
                else:
                    self._note_unknown(name, setting, ["threshold"])


def _only(node: Node) -> Node:
    """Make a list of one; of an override that reaches into the entry, the way to entry 0."""
    if node.open:
        return Node({"0": node}, *node.origin, open=True)
    return Node([node], node.place, node.path)


def settle(node: Node, model: type[BaseModel], findings: Findings) -> None:
    """Rename the keys of a tree, in place, to the spelling under which the model dumps them.

    Two spellings of one key are a fault unless they agree.
    """
    for name, field in model.model_fields.items():
        names = spelled(name, field)
        present = [node.entries.pop(spelling) for spelling in names if spelling in node.entries]
        if not present:
            continue
        # The first in the file is kept, so that a fault stands at what came later.
        kept, *others = sorted(present, key=lambda node: node.place.line or 0)
        for other in others:
            kept = unite(kept, other, findings)
        node.entries[names[0]] = kept
        for inner, child in _below(field.annotation, kept):
            settle(child, inner, findings)


def spelled(name: str, field: FieldInfo) -> list[str]:
    """List the keys that a field is read from, the one to use first."""
    alias = field.validation_alias or field.alias
    if isinstance(alias, AliasChoices):
        choices = [choice for choice in alias.choices if isinstance(choice, str)]
    else:
        choices = [alias] if isinstance(alias, str) else []
    if not choices or name in choices:
        return [name, *(choice for choice in choices if choice != name)]
    return choices


def _below(annotation: Any, node: Node) -> Iterator[tuple[type[BaseModel], Node]]:
    """Yield the models inside a field, each with the node it will be made of."""
    model = model_in(annotation)
    if model is not None:
        yield model, node
        return
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        models = [part for part in inner if part is not type(None)]
        if len(models) == 1:
            yield from _below(models[0], node)
    elif origin in (tuple, list) and inner:
        for child in node.entries.values() if node.open else node.items:
            yield from _below(inner[0], child)
    elif origin is dict:
        for child in node.entries.values():
            yield from _below(inner[1], child)
