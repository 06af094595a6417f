"""README and docs are true: their commands run, their links lead somewhere, their code works."""

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md",
         *sorted((ROOT / "docs").glob("*.md"))]  # fmt: skip
QUICKSTART = [
    "python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]' "
    "&& .venv/bin/gdg-runtime start baseline",
    ".venv/bin/python -m pytest -n 2",
]


def _fenced(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def _reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs/write_reference.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_quickstart_is_two_commands_and_ci_runs_them_from_the_readme() -> None:
    text = (ROOT / "README.md").read_text()
    block = text.split("<!-- quickstart -->")[1].split("<!-- /quickstart -->")[0]
    assert _fenced(block, "bash")[0].splitlines() == QUICKSTART
    ci = (ROOT / ".ci/run").read_text()
    assert "<!-- quickstart -->" in ci and "README.md" in ci


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_commands_of_the_readme_run_in_order(tmp_path: Path) -> None:
    blocks = _fenced((ROOT / "README.md").read_text(), "bash")
    commands = [line for block in blocks for line in block.splitlines()
                if line.startswith("gdg-runtime")]  # fmt: skip
    assert len(commands) >= 6
    for command in commands:
        words = shlex.split(command, comments=True)[1:]
        done = subprocess.run(
            [sys.executable, "-m", "gdg_runtime.adapters.cli", *words],
            cwd=tmp_path, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}: {done.stderr}"


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_the_python_of_a_page_runs(page: str) -> None:
    snippets = _fenced((ROOT / page).read_text(), "python")
    assert snippets
    for snippet in snippets:
        done = subprocess.run(
            [sys.executable, "-c", snippet], cwd=ROOT, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", ["cli.md", "scenario-files.md"])
def test_the_reference_pages_are_what_the_code_makes_them(page: str) -> None:
    written = (ROOT / "docs" / page).read_text()
    assert written == _reference().PAGES[page](), "run: python docs/write_reference.py"


def test_every_layer_and_document_is_reachable_from_the_readme() -> None:
    text = (ROOT / "README.md").read_text()
    for page in sorted((ROOT / "docs").glob("*.md")):
        assert f"docs/{page.name}" in text
