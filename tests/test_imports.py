"""Imports go round in no circle, those for the type checker included."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
LAYERS = ("runtime", "goals", "scenarios", "actors", "adapters")
REASON = "# cycle: "
"""Marks an import line that closes a circle, and says why it may."""

Edges = dict[str, dict[str, str]]
"""Importing module → imported module → the place of the import."""


def modules() -> dict[str, Path]:
    """Every module of the five folders, by dotted name."""
    found = {}
    for file in sorted(file for layer in LAYERS for file in (ROOT / layer).rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


MODULES = modules()


def imported(name: str, node: ast.ImportFrom) -> Iterator[str]:
    """The modules of ours that an import statement of the module `name` needs."""
    parts = name.split(".")
    if MODULES[name].name != "__init__.py":
        parts.pop()
    if node.level:
        parts = parts[: len(parts) - node.level + 1]
        base = ".".join([*parts, *([node.module] if node.module else [])])
    else:
        base = (node.module or "").removeprefix("gdg_runtime.")
    for alias in node.names:
        full = f"{base}.{alias.name}"
        target = full if full in MODULES else base
        yield target
        # An import of a module executes the packages that it stands in, too.
        for package in ancestors(target):
            if not f"{name}.".startswith(f"{package}."):
                yield package


def ancestors(name: str) -> list[str]:
    """The packages that a module stands in."""
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def edges(*, with_reasons: bool) -> Edges:
    """All imports, wherever in a module; lines that give a reason only if asked for."""
    graph: Edges = {name: {} for name in MODULES}
    for name, file in MODULES.items():
        text = file.read_text()
        lines = text.splitlines()
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.ImportFrom):
                continue
            statement = lines[node.lineno - 1 : node.end_lineno]
            if not with_reasons and any(REASON in line for line in statement):
                continue
            for target in imported(name, node):
                if target in MODULES and target != name:
                    place = f"{file.relative_to(ROOT)}:{node.lineno}"
                    graph[name].setdefault(target, place)
    return graph


def circles(graph: Edges) -> list[list[str]]:
    """The strongly connected groups of two and more modules (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for target in graph[name]:
            if target not in index:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], index[target])
        if low[name] == index[name]:
            at = stack.index(name)
            group = sorted(stack[at:])
            del stack[at:]
            if len(group) > 1:
                found.append(group)

    for name in graph:
        if name not in index:
            visit(name)
    return sorted(found)


def told(group: list[str], graph: Edges) -> str:
    inside = [graph[name][target] for name in group for target in graph[name] if target in group]
    return f"{', '.join(group)}, by the imports at {', '.join(inside)}"


def test_no_imports_go_round_in_a_circle_without_a_reason() -> None:
    graph = edges(with_reasons=False)
    found = [told(group, graph) for group in circles(graph)]
    assert not found, (
        "these modules import each other; open the circle by a narrow protocol, or give the "
        f"reason on the import line, as `{REASON}why`:\n" + "\n".join(found)
    )


def test_every_reason_stands_at_an_import_that_closes_a_circle() -> None:
    graph = edges(with_reasons=True)
    in_circles = {
        graph[name][target]
        for group in circles(graph)
        for name in group
        for target in graph[name]
        if target in group
    }
    marked = {
        f"{file.relative_to(ROOT)}:{number}"
        for file in MODULES.values()
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if REASON in line
    }
    assert not marked - in_circles
