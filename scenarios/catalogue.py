"""How a name in a scenario file becomes a class: built in, an entry point, or `module:Class`.

Nothing is imported before it is asked for. Layers above put in what they have built:
`Catalogue(agents={"llm": "package.module:Class"}, levers=…)`.
"""

import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from inspect import isclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from ..runtime.wording import one_line
from .files.diagnostics import nearest, nearest_first, shown
from .measures.metric import METRICS

if TYPE_CHECKING:
    from .world import World

Kind = Literal["worlds", "agents", "levers", "metrics"]
Table = Mapping[str, "str | type[Any]"]
"""Classes, or where to import them from, by name."""

BUILT_IN_WORLDS: dict[str, str | type[Any]] = {
    "sandbox": f"{__package__}.worlds.sandbox.world:SandboxWorld",
    "release_manager": f"{__package__}.worlds.release_manager.world:ReleaseManagerWorld",
}

_WORLD = f"{__package__}.world:World"
"""By name: the contract of worlds is imported when a world is asked for."""

_SINGULAR = {"worlds": "world", "agents": "agent type", "levers": "lever", "metrics": "metric"}


class CatalogueError(Exception):
    """A name that does not lead to a class; `problem` says why, `suggestion` what was meant."""

    def __init__(self, problem: str, suggestion: str | None = None) -> None:
        self.problem, self.suggestion = problem, suggestion
        super().__init__(problem + (f"; did you mean {suggestion}?" if suggestion else ""))


class UnknownName(CatalogueError):
    """Nothing of this name is built in or plugged in."""

    def __init__(self, kind: Kind, name: str, known: tuple[str, ...]) -> None:
        self.kind, self.name = kind, name
        self.known = nearest_first(name, known)
        """Nearest match first."""
        listed = ", ".join(self.known) or "none"
        super().__init__(
            f"unknown {_SINGULAR[kind]} '{shown(name)}' (known: {listed}; or module:Class)",
            nearest(name, known),
        )


class CannotLoad(CatalogueError):
    """The name leads somewhere, but not to a class of the right kind."""


class Catalogue:
    """The known worlds, agents, levers and metrics.

    Built-in names win over entry points, so that installing a package changes no existing run.
    Entry points are of the groups `gdg_runtime.worlds`, `gdg_runtime.agents`,
    `gdg_runtime.levers` and `gdg_runtime.metrics`. `bases` has the class that a kind must derive
    from; for worlds it is `World`.
    """

    def __init__(
        self,
        *,
        worlds: Table | None = None,
        agents: Table | None = None,
        levers: Table | None = None,
        bases: Mapping[Kind, str | type[Any]] | None = None,
    ) -> None:
        self._tables: dict[Kind, Table] = {
            "worlds": {**BUILT_IN_WORLDS, **(worlds or {})},
            "agents": agents or {},
            "levers": levers or {},
            "metrics": {},
        }
        self._bases: Mapping[Kind, str | type[Any]] = {"worlds": _WORLD, **(bases or {})}
        self._plugged: dict[Kind, dict[str, EntryPoint]] = {}
        self._found: dict[tuple[Kind, str], type[Any]] = {}

    def names(self, kind: Kind) -> tuple[str, ...]:
        """All names of a kind: the built-in ones, then those of entry points."""
        built_in = METRICS if kind == "metrics" else self._tables[kind]
        return tuple(dict.fromkeys([*built_in, *self._entry_points(kind)]))

    def resolve(self, kind: Kind, name: str) -> type[Any]:
        """The class of a name. Raises `UnknownName` or `CannotLoad`.

        A name is looked up once. The built-in metrics have no class: ask `check` for them.
        """
        found = self._found.get((kind, name))
        if found is None:
            found = self._found[kind, name] = self._look_up(kind, name)
        return found

    def agent_class(self, world: "type[World]", name: str) -> type[Any]:
        """The policy of a world, or the agent class, of a name. Raises what `resolve` raises."""
        return world.policies.get(name) or self.resolve("agents", name)

    def _look_up(self, kind: Kind, name: str) -> type[Any]:
        target = self._tables[kind].get(name)
        if target is None and name in self._entry_points(kind):
            target = self._entry_points(kind)[name].value.partition("[")[0].strip()
        if target is None:
            if ":" not in name:
                raise UnknownName(kind, name, self.names(kind))
            target = name
            _look_in_current_directory()
        found = _imported(kind, name, target) if isinstance(target, str) else target
        self._accept(kind, name, found)
        return found

    def check(self, kind: Kind, name: str) -> None:
        """Raise what `resolve` would raise; the built-in metrics are fine."""
        if kind != "metrics" or name not in METRICS:
            self.resolve(kind, name)

    def _entry_points(self, kind: Kind) -> dict[str, EntryPoint]:
        if kind not in self._plugged:
            found = entry_points(group=f"gdg_runtime.{kind}")
            by_name = sorted(found, key=lambda point: (point.name, point.value))
            self._plugged[kind] = {point.name: point for point in by_name}
        return self._plugged[kind]

    def _accept(self, kind: Kind, name: str, found: type[Any]) -> None:
        base = self._bases.get(kind)
        if isinstance(base, str):
            base = _imported(kind, base, base)
        if base is not None and not issubclass(found, base):
            raise CannotLoad(
                f"{shown(name)} is no {_SINGULAR[kind]}: the class does not derive from "
                f"{base.__module__}.{base.__qualname__}"
            )
        if kind == "worlds" and not _is_model(getattr(found, "Config", None)):
            raise CannotLoad(f"the world {shown(name)} has no Config that is a pydantic model")


def _is_model(candidate: Any) -> bool:
    return isclass(candidate) and issubclass(candidate, BaseModel)


def _look_in_current_directory() -> None:
    """Let `module:Class` find a module of the user's; last, so that it shadows nothing."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)


def _imported(kind: Kind, name: str, target: str) -> type[Any]:
    """The class that `module:Class` names."""
    module_name, _, attribute = target.partition(":")
    what = f"the {_SINGULAR[kind]} {shown(name)} cannot be loaded"
    if not module_name or not attribute or module_name.startswith("."):
        raise CannotLoad(f"{what}: expected module:Class")
    try:
        found: Any = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(error.name + ".")):
            raise CannotLoad(
                f"{what}: there is no module {shown(error.name)}; install it, or run in the "
                f"directory that has it"
            ) from error
        raise CannotLoad(f"{what}: {one_line(str(error))}") from error
    except (Exception, SystemExit) as error:
        # The module is the user's: it may do anything when it is imported.
        story = one_line(f"{type(error).__name__}: {error}")
        raise CannotLoad(f"{what}: importing {shown(module_name)} failed with {story}") from error
    for part in attribute.split("."):
        owner, found = found, getattr(found, part, None)
        if found is None:
            classes = [name for name, value in vars(owner).items() if isclass(value)]
            raise CannotLoad(f"{what}: {shown(module_name)} has no {shown(part)}",
                             nearest(part, classes))  # fmt: skip
    if not isclass(found):
        raise CannotLoad(f"{what}: {shown(attribute)} is not a class")
    return found
