"""A run with effects, made once; and the agents of this folder, importable by scenario files."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gdg_runtime.actors.resolved import default_catalogue
from gdg_runtime.adapters.runs.directory import REPRODUCIBLE
from gdg_runtime.adapters.runs.execution import start_run
from gdg_runtime.scenarios.files.loader import load_scenario

HERE = Path(__file__).parent


@pytest.fixture(scope="session", autouse=True)
def _plug_ins() -> Iterator[None]:
    sys.path.append(str(HERE))
    yield
    sys.path.remove(str(HERE))


@pytest.fixture
def environment() -> dict[str, str]:
    """For processes that shall find the agents of this folder."""
    known = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(HERE), *([known] if known else [])])
    return {**os.environ, "PYTHONPATH": path}


@pytest.fixture(scope="session")
def consulted(_plug_ins: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A completed run of consulting.yaml. Copy it before you change it."""
    config = load_scenario(HERE / "consulting.yaml", catalogue=default_catalogue())
    result = start_run(config, out=tmp_path_factory.mktemp("consulted"))
    assert result.status == "completed"
    return result.directory


@pytest.fixture
def consulting(consulted: Path, tmp_path: Path) -> Path:
    """A copy of the completed run, to do with as one likes."""
    return Path(shutil.copytree(consulted, tmp_path / "runs" / "consulting" / "default" / "copy"))


@pytest.fixture(scope="session")
def promised(consulted: Path) -> dict[str, bytes]:
    """What every run of consulting.yaml must come to, by file."""
    return {name: (consulted / name).read_bytes() for name in REPRODUCIBLE}
