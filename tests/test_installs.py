"""The package as it is installed, as a wheel and editable: every class exists once."""

import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]

ROOT_FIRST = "import gdg_runtime as gdg; import gdg_runtime.adapters.cli"
ROOT_LAST = "from gdg_runtime.adapters.python_api import Run; import gdg_runtime as gdg"

CHECK = """
import importlib, os, sys
from collections import Counter
{order}
for package in {packages!r}:
    importlib.import_module(package)
from gdg_runtime.adapters.python_api import Run
from gdg_runtime.runtime import Message
assert gdg.Run is Run and gdg.runtime.Message is Message and sys.modules["gdg_runtime"] is gdg
assert gdg.run("baseline", epochs=1, out={out!r}).verify().verified

loaded = [
    (os.path.realpath(module.__file__), name)
    for name, module in sys.modules.items()
    if {source!r} in os.path.realpath(getattr(module, "__file__", None) or "")
]
twice = [file for file, times in Counter(file for file, _ in loaded).items() if times > 1]
assert not twice, twice  # a file that is loaded twice makes each of its classes twice
assert len(loaded) > 100 and {{name.partition(".")[0] for _, name in loaded}} == {{"gdg_runtime"}}
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is under version control, for building leaves files beside it."""
    copy = tmp_path_factory.mktemp("source") / "gdg"
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in listed.strip("\0").split("\0"):
        if (ROOT / name).is_file() and not name.startswith(("tests/", "docs/", "benchmarks/")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name, follow_symlinks=False)
    return copy


@pytest.fixture(scope="module", params=["wheel", "editable"])
def installed(
    request: pytest.FixtureRequest, source: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """A fresh environment's Python with the package in it, and where its code lies."""
    place = tmp_path_factory.mktemp(request.param) / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    python = place / "bin" / "python"
    what = [str(source)] if request.param == "wheel" else ["--editable", str(source)]
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", *what], check=True)
    folder = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    # The libraries come from here; a path in a .pth file brings none of the .pth files behind it.
    (Path(folder) / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    lies = f"{folder}/gdg_runtime/" if request.param == "wheel" else f"{source}/"
    return python, str(Path(lies).resolve()) + "/"


@pytest.mark.parametrize("order", [ROOT_FIRST, ROOT_LAST], ids=["root-first", "root-last"])
def test_every_package_is_there_and_every_class_once(
    installed: tuple[Path, str], tmp_path: Path, order: str
) -> None:
    python, source = installed
    check = CHECK.format(order=order, packages=PACKAGES, source=source, out=str(tmp_path))
    ran = subprocess.run([python, "-c", check], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_the_wheel_is_typed(source: Path, installed: tuple[Path, str]) -> None:
    folder = Path(installed[1])
    root = folder if folder.name == "gdg_runtime" else folder / "root_package"
    assert (root / "py.typed").is_file()
