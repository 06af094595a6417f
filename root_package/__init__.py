"""The Python door of gdg-runtime: `import gdg_runtime as gdg`, then `gdg.run("baseline")`.

Each name is imported when it is first asked for, so that the import itself costs next to nothing.
This module holds no state: an editable install can load the file under a second name too.
docs/python-api.md describes the names.
"""

from importlib import import_module

TYPE_CHECKING = False  # type checkers take it as true; `typing` itself is slow to import
if TYPE_CHECKING:
    from .adapters.python_api import *

__all__ = [
    "CatalogueError",
    "EpisodeConfig",
    "GdgError",
    "InvalidScenario",
    "JournalError",
    "MissingKeys",
    "Provider",
    "ProviderMissing",
    "ReleaseNeeded",
    "Run",
    "RunAmbiguous",
    "RunBusy",
    "RunChanged",
    "RunError",
    "RunExists",
    "RunNotFound",
    "RunOptions",
    "RunUnreadable",
    "RunUnwritable",
    "StopSwitch",
    "UnknownSchedule",
    "load_run",
    "load_scenario",
    "resume",
    "resume_episode",
    "run",
    "run_episode",
]

if not TYPE_CHECKING:  # with it, a misspelled name would pass the type checkers

    def __getattr__(name: str) -> object:
        """Import a public name, or one of the five layers."""
        if name in __all__:
            return getattr(import_module("gdg_runtime.adapters.python_api"), name)
        if name in ("runtime", "goals", "scenarios", "actors", "adapters"):
            return import_module(f"gdg_runtime.{name}")
        raise AttributeError(f"module 'gdg_runtime' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
