"""The values of a scenario file, each with the place and the path under which it was written."""

from dataclasses import dataclass
from typing import TypeAlias

from pydantic import JsonValue

from .diagnostics import Findings, Place, quoted, shown

Scalar: TypeAlias = bool | int | float | str | None


@dataclass(slots=True)
class Node:
    """A value with its origin. The path stays what the user wrote, wherever the node is moved."""

    value: "Scalar | dict[str, Node] | list[Node]"
    place: Place
    path: str
    open: bool = False
    """Stands on the way to an overridden key: `merge` goes into it instead of putting it in
    place of what was there."""
    beside: tuple[str, ...] = ()
    """Keys of the section above that an unknown key of this mapping may have meant."""

    @property
    def origin(self) -> tuple[Place, str]:
        """Return where the value was written, and under which path."""
        return self.place, self.path

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.value, dict)

    @property
    def entries(self) -> "dict[str, Node]":
        """Return the keys of a mapping, themselves; of anything else none."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> "list[Node]":
        """Return the items of a list, themselves; of anything else none."""
        return self.value if isinstance(self.value, list) else []

    def find(self, *path: str) -> "Node | None":
        """Find the node below this one that keys lead to, if there is one."""
        node: Node | None = self
        for key in path:
            node = node.entries.get(key) if node else None
        return node

    def listed(self, *path: str) -> "list[Node]":
        """Return the items of the list that keys lead to; none where there is no list."""
        found = self.find(*path)
        return found.items if found else []

    def child(self, key: str | int) -> str:
        """Return the path of a key or an index below this node."""
        if isinstance(key, int):
            return f"{self.path}[{key}]"
        return f"{self.path}.{shown(key)}" if self.path else shown(key)


def mapping(place: Place, path: str) -> Node:
    """Make an empty mapping for the sake of what will be put into it."""
    return Node({}, place, path, open=True)


def copied(node: Node) -> Node:
    """Copy the tree, to be changed without changing this one."""
    value = node.value
    if isinstance(value, dict):
        value = {key: copied(child) for key, child in value.items()}
    elif isinstance(value, list):
        value = [copied(child) for child in value]
    return Node(value, *node.origin, node.open)


def plain(node: Node) -> JsonValue:
    """Return the bare values."""
    value = node.value
    if isinstance(value, dict):
        return {key: plain(child) for key, child in value.items()}
    if isinstance(value, list):
        return [plain(child) for child in value]
    return value


def described(node: Node) -> str:
    """Say what a node holds, as an error message does."""
    value = node.value
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return quoted(value)
        case list():
            return f"a list of {len(value)}" if value else "an empty list"
        case dict():
            return "a mapping" if value else "an empty mapping"
        case _:
            return shown(str(value))


def unite(first: Node, second: Node, findings: Findings) -> Node:
    """Unite two nodes that mean the same key; where both have a value, they must agree."""
    if first.is_mapping and second.is_mapping:
        both = dict(first.entries)
        for key, child in second.entries.items():
            known = both.get(key)
            both[key] = child if known is None else unite(known, child, findings)
        return Node(both, *first.origin, first.open and second.open)
    if plain(first) != plain(second):
        findings.add(
            *second.origin,
            f"is {described(second)}, but {first.path} ({first.place}) means the same and is "
            f"{described(first)}; keep one",
        )
    return first


def merge(base: Node, patch: Node, findings: Findings) -> Node:
    """Lay an override over the base."""
    if not patch.open:
        return patch
    if base.is_mapping:
        values = dict(base.entries)
        for key, child in patch.entries.items():
            known = values.get(key)
            values[key] = child if known is None else merge(known, child, findings)
        return Node(values, *base.origin, base.open)
    if isinstance(base.value, list):
        items = list(base.value)
        for key, child in patch.entries.items():
            if key.isdecimal() and key.isascii() and len(key) < 9 and int(key) < len(items):
                items[int(key)] = merge(items[int(key)], child, findings)
            else:
                entries = f"0 to {len(items) - 1}" if items else "none, the list is empty"
                entry = f"an entry of {base.path} ({entries})"
                findings.add(*child.origin, expected=entry, got=quoted(key))
        return Node(items, *base.origin, base.open)
    if base.value is None:
        return patch
    # A scalar where a mapping belongs is reported where it stands; the override can't help it.
    return base
