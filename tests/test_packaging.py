"""The five folders are installed as one namespace, completely, and never twice."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("runtime", "goals", "scenarios", "actors", "adapters")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def _sources() -> list[Path]:
    return sorted(file for layer in LAYERS for file in (ROOT / layer).rglob("*.py"))


def test_the_list_of_packages_is_the_tree_of_packages() -> None:
    tree = {
        "gdg_runtime." + ".".join(init.parent.relative_to(ROOT).parts)
        for layer in LAYERS
        for init in (ROOT / layer).rglob("__init__.py")
    }
    assert tree == set(PROJECT["tool"]["setuptools"]["packages"])


def test_every_folder_with_code_is_a_package() -> None:
    for source in _sources():
        assert (source.parent / "__init__.py").exists(), source


@pytest.mark.parametrize("layer", LAYERS)
def test_each_layer_is_typed_and_linked_for_the_type_checker(layer: str) -> None:
    assert (ROOT / layer / "py.typed").exists()
    link = ROOT / ".dev/gdg_runtime" / layer
    assert link.is_symlink()
    assert link.resolve() == ROOT / layer


def test_the_shipped_scenarios_are_package_data() -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["gdg_runtime.scenarios"]
    assert {"*.yaml", "configs/*.yaml", "py.typed"} <= set(patterns)
    assert len(list((ROOT / "scenarios").glob("*.yaml"))) >= 5


def test_nobody_imports_a_layer_as_a_top_level_package() -> None:
    """It would be a second copy of every class in it."""
    everywhere = [*_sources(), *(ROOT / "tests").rglob("*.py"), *(ROOT / "examples").rglob("*.py"),
                  *(ROOT / "benchmarks").rglob("*.py")]  # fmt: skip
    for file in everywhere:
        for node in ast.walk(ast.parse(file.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            for name in names:
                assert name.partition(".")[0] not in LAYERS, f"{file}: import of {name}"


def test_no_file_has_grown_beyond_500_lines() -> None:
    for source in _sources():
        lines = len(source.read_text().splitlines())
        assert lines <= 500, f"{source.relative_to(ROOT)} has {lines} lines: is it one thing?"


def test_nothing_is_called_utils_or_the_like() -> None:
    for source in _sources():
        assert source.stem not in ("utils", "util", "helpers", "manager", "misc", "common")
