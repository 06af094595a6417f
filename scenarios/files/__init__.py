"""Scenario files: from a path or a shipped name to the resolved config."""

from importlib.resources import files
from pathlib import Path


def shipped_scenarios() -> dict[str, Path]:
    """Find the shipped files by the name that `load_scenario` takes, in alphabetical order."""
    folder = Path(str(files(__package__.rpartition(".")[0])))
    found = [*folder.glob("*.yaml"), *folder.glob("configs/*.yaml")]
    return {
        path.relative_to(folder).with_suffix("").as_posix(): path
        for path in sorted(found, key=lambda path: (path.parent, path.name))
    }
