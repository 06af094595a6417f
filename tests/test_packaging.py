"""What is installed is what stands in the tree, once and under one name."""

import ast
import runpy
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("runtime", "goals", "scenarios", "actors", "adapters")
DOOR = ROOT / "root_package"
LONGEST_FILE = 500
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SETUPTOOLS = PROJECT["tool"]["setuptools"]


def modules(*folders: str) -> list[Path]:
    return sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))


FOLDERS = sorted({file.parent.relative_to(ROOT) for file in modules(*LAYERS)})


def imports(file: Path) -> list[str]:
    """The modules that a file imports absolutely, wherever in it."""
    found: list[str] = []
    for node in ast.walk(ast.parse(file.read_text(), str(file))):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.append(node.module or "")
    return found


def test_every_package_of_the_tree_is_listed_and_no_other() -> None:
    in_tree = ["gdg_runtime", *[".".join(["gdg_runtime", *folder.parts]) for folder in FOLDERS]]
    assert sorted(SETUPTOOLS["packages"]) == sorted(in_tree)


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_every_folder_of_modules_is_a_package(folder: Path) -> None:
    assert (ROOT / folder / "__init__.py").is_file()


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_is_installed_typed_and_linked_for_the_type_checker(layer: str) -> None:
    assert SETUPTOOLS["package-dir"][f"gdg_runtime.{layer}"] == layer
    assert (ROOT / layer / "py.typed").is_file()
    assert "py.typed" in SETUPTOOLS["package-data"][f"gdg_runtime.{layer}"]
    link = ROOT / ".dev" / "gdg_runtime" / layer
    assert link.is_symlink()
    assert link.resolve() == ROOT / layer


def test_the_root_package_is_one_file_that_is_installed_typed_and_linked() -> None:
    assert SETUPTOOLS["package-dir"]["gdg_runtime"] == DOOR.name
    assert SETUPTOOLS["package-data"]["gdg_runtime"] == ["py.typed"]
    assert PROJECT["tool"]["mypy"]["packages"] == ["gdg_runtime"], (
        "all that is installed is checked"
    )
    held = [path.name for path in DOOR.iterdir() if path.name != "__pycache__"]
    assert sorted(held) == ["__init__.py", "py.typed"]
    link = ROOT / ".dev" / "gdg_runtime" / "__init__.py"
    assert link.is_symlink()
    assert link.resolve() == DOOR / "__init__.py"


def test_the_type_checkers_folder_holds_nothing_but_the_links() -> None:
    found = [path.relative_to(ROOT / ".dev") for path in (ROOT / ".dev").rglob("*")]
    found = [path for path in found if "__pycache__" not in path.parts]
    assert sorted(map(str, found)) == sorted(
        ["gdg_runtime", *[f"gdg_runtime/{name}" for name in ("__init__.py", *LAYERS)]]
    )


def test_everything_that_is_no_module_is_installed_too() -> None:
    missing = []
    for layer in LAYERS:
        patterns = SETUPTOOLS["package-data"][f"gdg_runtime.{layer}"]
        listed = {file for pattern in patterns for file in (ROOT / layer).glob(pattern)}
        missing += [
            str(file.relative_to(ROOT))
            for file in (ROOT / layer).rglob("*")
            if file.is_file()
            and "__pycache__" not in file.parts
            and file.suffix != ".py"
            and file not in listed
        ]
    assert not missing, f"list them under package-data in pyproject.toml: {missing}"


def test_ci_tests_each_extra_where_it_is() -> None:
    table = runpy.run_path(str(ROOT / ".ci" / "extras"))["EXTRAS"]
    offered = set(PROJECT["project"]["optional-dependencies"]) - {"bench", "dev", "test"}
    assert set(table) == offered
    for name, extra in table.items():
        tests = [word for word in extra.tests if word.startswith("tests/")]
        assert tests, name
        for path in (*extra.paths, *tests):
            assert (ROOT / path).exists(), f"{name}: .ci/extras names {path}"


def test_no_root_package_shadows_the_namespace() -> None:
    assert not (ROOT / "__init__.py").exists()
    assert not (ROOT / "gdg_runtime").exists()


def test_nothing_imports_a_layer_as_a_package_of_its_own() -> None:
    """`import runtime` would load a second copy of every class."""
    found = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in modules(*LAYERS, "tests", "benchmarks", "examples", "docs")
        for name in imports(file)
        if name.partition(".")[0] in LAYERS
    ]
    assert not found


def test_inside_the_layers_imports_of_our_own_are_relative() -> None:
    found = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in modules(*LAYERS)
        for name in imports(file)
        if name.partition(".")[0] == "gdg_runtime"
    ]
    assert not found


def test_no_file_of_the_layers_is_too_long() -> None:
    lengths = {
        str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in modules(*LAYERS)
    }
    assert {name: size for name, size in lengths.items() if size > LONGEST_FILE} == {}


def test_the_version_is_the_installed_one() -> None:
    assert version("gdg-runtime") == PROJECT["project"]["version"]
