"""Which code makes a run: a digest of everything deterministic, and where it came from."""

import platform
import subprocess
import sys
from functools import cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..scenarios.schema.episode import EpisodeConfig

_LAYERS = ("runtime", "goals", "scenarios", "actors")
"""The layers whose code decides what a run does; adapters only host it."""

_LIBRARIES = ("pydantic", "pydantic-core")
"""Libraries whose code decides bytes."""


def package_version() -> str:
    """The installed version of gdg-runtime."""
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
    root = Path(__file__).resolve().parent.parent / name
    if not root.is_dir():
        from importlib.util import find_spec

        spec = find_spec(f"gdg_runtime.{name}")
        root = Path(next(iter(spec.submodule_search_locations or ()))) if spec else root
    return _digest_of(list(root.rglob("*.py")), root)


def code_revision(config: EpisodeConfig) -> dict[str, str]:
    """Digests of the code that a run depends on, by part: layers, plug-ins, libraries."""
    revision = {layer: _layer(layer) for layer in _LAYERS}
    for name in sorted(_plugin_names(config)):
        module = sys.modules.get(name.partition(":")[0])
        source = getattr(module, "__file__", None)
        if source is not None:
            path = Path(source)
            revision[name] = _digest_of([path], path.parent)
    for library in _LIBRARIES:
        revision[library] = version(library)
    return revision


def _plugin_names(config: EpisodeConfig) -> list[str]:
    """The `module:Class` names of a config."""
    names = [config.world.name]
    names += [spec.type for spec in config.agents]
    names += [lever.type for lever in config.governance.levers]
    names += list(config.metrics.track)
    return [name for name in names if ":" in name]


def changes(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """What differs between two revisions, in words."""
    told = []
    for part in dict.fromkeys([*before, *now]):
        if before.get(part) != now.get(part):
            told.append(f"{part} was {before.get(part, 'absent')}, is {now.get(part, 'absent')}")
    return told


def git_revision() -> str | None:
    """The commit of the checkout that the code runs from, with `+dirty`; None outside of one."""
    here = Path(__file__).resolve().parent
    try:
        commit = subprocess.run(
            ["git", "-C", str(here), "rev-parse", "HEAD"],
            capture_output=True, text=True, timeout=5, check=True,
        ).stdout.strip()  # fmt: skip
        status = subprocess.run(
            ["git", "-C", str(here), "status", "--porcelain", "--untracked-files=no"],
            capture_output=True, text=True, timeout=5, check=True,
        ).stdout.strip()  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{commit}+dirty" if status else commit


def machine() -> dict[str, str]:
    """What meta.json says of where a run was executed."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": platform.platform(),
        "machine": platform.machine(),
    }
