"""Everything that `import gdg_runtime as gdg` offers; the package's root forwards here."""

from ..runtime.errors import GdgError, JournalError
from ..runtime.order import UnknownSchedule
from ..scenarios.catalogue import CatalogueError
from ..scenarios.files.diagnostics import InvalidScenario
from ..scenarios.files.loader import load_scenario
from ..scenarios.schema.episode import EpisodeConfig
from .runs.errors import (
    RunAmbiguous,
    RunBusy,
    RunChanged,
    RunError,
    RunNotFound,
    RunUnreadable,
    RunUnwritable,
)

__all__ = [
    "CatalogueError",
    "EpisodeConfig",
    "GdgError",
    "InvalidScenario",
    "JournalError",
    "RunAmbiguous",
    "RunBusy",
    "RunChanged",
    "RunError",
    "RunNotFound",
    "RunUnreadable",
    "RunUnwritable",
    "UnknownSchedule",
    "load_scenario",
]
