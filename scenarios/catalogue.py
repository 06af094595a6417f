"""Turn a name in a scenario file into a class: built in, an entry point, or `module:Class`.

`KINDS` is the table of what can be named. Layers above put in rows of what they have built:
`Catalogue(KINDS | {"levers": Kind("lever", Lever, {…})})`. Nothing is imported before it is asked
for.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from inspect import isclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..runtime.wording import one_line
from .files.diagnostics import nearest, nearest_first, shown
from .measures.metric import METRICS, Metric
from .schema.sections import model_in

if TYPE_CHECKING:
    from .world import World


Table = Mapping[str, str | type[Any]]
"""Classes, or where to import them from, by name."""


@dataclass(frozen=True)
class Kind:
    """A kind of thing that scenario files can name."""

    singular: str
    """As messages call one of the kind."""
    base: str | type[Any] | None = None
    """The class that all must derive from, or where to import it from; None: any class will do."""
    built_in: Table | Callable[[], Table] = field(default_factory=dict)
    """The built-in ones, or a function that imports them when they are asked for."""
    described: Mapping[str, str] = field(default_factory=dict)
    """Built-in names that have no class, each with one line about it."""
    can_be_plugged_in: bool = True
    """True if entry points of the group `gdg_runtime.<kind>` and `module:Class` are looked for."""


def _institutions() -> Table:
    # Only here: a world is imported when an episode plays in it.
    from .worlds.sandbox.institutions import INSTITUTIONS

    return {institution.name: institution for institution in INSTITUTIONS}


KINDS: Mapping[str, Kind] = {
    "agents": Kind("agent type"),
    "levers": Kind("lever"),
    "worlds": Kind(
        "world",
        # By name: the contract of worlds is imported when a world is asked for.
        f"{__package__}.world:World",
        {
            "sandbox": f"{__package__}.worlds.sandbox.world:SandboxWorld",
            "release_manager": f"{__package__}.worlds.release_manager.world:ReleaseManagerWorld",
        },
    ),
    "metrics": Kind("metric", Metric, described=METRICS),
    "institutions": Kind("institution", built_in=_institutions, can_be_plugged_in=False),
}
"""All kinds of this layer; the group of entry points of a kind is `gdg_runtime.<kind>`."""


class CatalogueError(Exception):
    """A name that does not lead to a class; `problem` says why, `suggestion` what was meant."""

    def __init__(self, problem: str, suggestion: str | None = None) -> None:
        self.problem, self.suggestion = problem, suggestion
        super().__init__(problem + (f"; did you mean {suggestion}?" if suggestion else ""))


class UnknownName(CatalogueError):
    """Nothing of this name is built in or plugged in."""

    def __init__(self, kind: Kind, name: str, known: tuple[str, ...]) -> None:
        self.known = nearest_first(name, known)
        """Nearest match first."""
        listed = ", ".join(self.known) or "none"
        others = "; or module:Class" if kind.can_be_plugged_in else ""
        super().__init__(
            f"unknown {kind.singular} '{shown(name)}' (known: {listed}{others})",
            nearest(name, known),
        )


class CannotLoad(CatalogueError):
    """The name leads somewhere, but not to a class of the right kind."""


class Catalogue:
    """The known names of every kind, and their classes.

    Built-in names win over entry points, so that installing a package changes no existing run.
    """

    def __init__(self, kinds: Mapping[str, Kind] = KINDS) -> None:
        self.kinds = kinds
        self._plugged: dict[str, dict[str, EntryPoint]] = {}
        self._found: dict[tuple[str, str], type[Any]] = {}

    def names(self, kind: str) -> tuple[str, ...]:
        """Return all names of a kind: the built-in ones, then those of entry points."""
        row = self.kinds[kind]
        known = [*row.described, *self._built_in(kind), *self._entry_points(kind)]
        return tuple(dict.fromkeys(known))

    def resolve(self, kind: str, name: str) -> type[Any]:
        """Return the class of a name, which is looked up once. Raises `UnknownName`, `CannotLoad`.

        Names that are merely described have no class: `check` takes them as well.
        """
        found = self._found.get((kind, name))
        if found is None:
            found = self._found[kind, name] = self._look_up(kind, name)
        return found

    def agent_class(self, world: "type[World]", name: str) -> type[Any]:
        """Return the policy of a world, or the agent class, of a name. Raises as `resolve` does."""
        return world.policies.get(name) or self.resolve("agents", name)

    def check(self, kind: str, name: str) -> type[Any] | None:
        """Return what `resolve` would, or raise it; None for a name that is merely described."""
        return None if name in self.kinds[kind].described else self.resolve(kind, name)

    def _look_up(self, kind: str, name: str) -> type[Any]:
        row = self.kinds[kind]
        target = self._built_in(kind).get(name)
        if target is None and name in self._entry_points(kind):
            target = self._entry_points(kind)[name].value.partition("[")[0].strip()
        if target is None:
            if ":" not in name or not row.can_be_plugged_in:
                raise UnknownName(row, name, self.names(kind))
            target = name
            _look_in_current_directory()
        found = _imported(row, name, target) if isinstance(target, str) else target
        base = _imported(row, row.base, row.base) if isinstance(row.base, str) else row.base
        if base is not None and not issubclass(found, base):
            raise CannotLoad(
                f"{shown(name)} is no {row.singular}: the class does not derive from "
                f"{base.__module__}.{base.__qualname__}"
            )
        if kind == "worlds" and model_in(getattr(found, "Config", None)) is None:
            raise CannotLoad(f"the world {shown(name)} has no Config that is a pydantic model")
        return found

    def _built_in(self, kind: str) -> Table:
        built_in = self.kinds[kind].built_in
        return built_in() if callable(built_in) else built_in

    def _entry_points(self, kind: str) -> dict[str, EntryPoint]:
        if not self.kinds[kind].can_be_plugged_in:
            return {}
        if kind not in self._plugged:
            found = entry_points(group=f"gdg_runtime.{kind}")
            by_name = sorted(found, key=lambda point: (point.name, point.value))
            self._plugged[kind] = {point.name: point for point in by_name}
        return self._plugged[kind]


def _look_in_current_directory() -> None:
    """Let `module:Class` find a module of the user's; last, so that it shadows nothing."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)


def _imported(kind: Kind, name: str, target: str) -> type[Any]:
    """Import the class that `module:Class` names."""
    module_name, _, attribute = target.partition(":")
    what = f"the {kind.singular} {shown(name)} cannot be loaded"
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
