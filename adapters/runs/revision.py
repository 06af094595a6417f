"""The revision of the code that makes a run: digests of its deterministic parts, its origin."""

import platform
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ...actors.resolved import ResolvedEpisode

_OWN = __name__.partition(".")[0]
"""The top-level name under which all layers are installed."""

_LAYERS = ("runtime", "goals", "scenarios", "actors")
"""The layers whose code decides what a run does; adapters only host it."""

_SUFFIXES = frozenset({".py", ".toml", ".json", ".sql"})
"""Files of a layer that decide what a run does: code, and data that the code reads. YAML files are
scenarios: what a run takes from them stands in its config."""

_LIBRARIES = ("pydantic", "pydantic-core")
"""Libraries whose code decides bytes."""


def package_version() -> str:
    """Return the installed version of gdg-runtime."""
    try:
        return version("gdg-runtime")
    except PackageNotFoundError:
        return "unknown"


def _digest_of(files: list[Path], root: Path) -> str:
    state = blake2b(digest_size=8)
    for file in sorted(files):
        state.update(str(file.relative_to(root)).encode() + b"\0")
        state.update(file.read_bytes() + b"\0")
    return state.hexdigest()


@cache
def _layer(name: str) -> str:
    # The layers stand side by side, in a checkout as in an installed package.
    root = Path(__file__).resolve().parents[2] / name
    return _digest_of(code_files(root), root)


def code_files(root: Path) -> list[Path]:
    """Return the files of a layer's folder that its digest covers."""
    return [file for file in root.rglob("*") if file.suffix in _SUFFIXES]


def code_revision(episode: ResolvedEpisode) -> dict[str, str]:
    """Return digests of the code that a run depends on, by part: layers, plug-ins, libraries.

    Of a plug-in every Python file of its top-level package counts, or its one file.
    """
    revision = {layer: _layer(layer) for layer in _LAYERS}
    for name in sorted({found.__module__.partition(".")[0] for found in episode.classes}):
        if name != _OWN:
            revision[f"plug-in {name}"] = _plugin(name)
    for library in _LIBRARIES:
        revision[library] = version(library)
    return revision


def _plugin(name: str) -> str:
    module = sys.modules[name]
    folders = getattr(module, "__path__", None)
    if folders is not None:
        roots = map(Path, sorted(folders))
        return " ".join(_digest_of(list(root.rglob("*.py")), root) for root in roots)
    source = getattr(module, "__file__", None)
    return "without a file" if source is None else _digest_of([Path(source)], Path(source).parent)


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Describe the differences between two revisions."""
    found = []
    for part in dict.fromkeys([*before, *now]):
        old, new = before.get(part, "absent"), now.get(part, "absent")
        if old == new:
            continue
        if part in _LIBRARIES:
            found.append(f"the library {part} was {old}, is {new}")
        else:
            what = part if part.startswith("plug-in ") else f"{_OWN}.{part}"
            found.append(f"the code of {what} has changed (its digest was {old}, is {new})")
    return found


def origin() -> tuple[str, str | None, dict[str, str]]:
    """Return the release, the commit of a checkout that the code runs from, and the machine.

    The commit ends in `+dirty` if files were changed since.
    """
    machine = {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": platform.platform(),
        "machine": platform.machine(),
    }
    try:
        commit = _git("rev-parse", "HEAD")
        if _git("status", "--porcelain", "--untracked-files=no"):
            commit += "+dirty"
    except (OSError, subprocess.SubprocessError):
        return package_version(), None, machine
    return package_version(), commit, machine


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(Path(__file__).resolve().parent), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
    return done.stdout.strip()
