"""The notebook runs from its first cell to its last, in a kernel of its own."""

import json
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"

EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
nbformat.write(notebook, "done.ipynb")
"""


def test_the_notebook_runs_and_shows_a_run_as_a_table(tmp_path: Path) -> None:
    notebook = EXAMPLES / "first_steps.ipynb"
    ran = subprocess.run(
        [sys.executable, "-c", EXECUTE, notebook], cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    cells = json.loads((tmp_path / "done.ipynb").read_text())["cells"]
    outputs = [cell["outputs"] for cell in cells if cell["cell_type"] == "code"]
    shown = "".join(outputs[0][-1]["data"]["text/html"])
    assert "<caption>Run of baseline</caption>" in shown
    printed = ["".join(output.get("text", "")) for cell in outputs for output in cell]
    assert "governance.tax: unknown key" in "".join(printed)
    assert "".join(outputs[-1][-1]["data"]["text/plain"]) == "'completed'"
    assert len(list((tmp_path / "runs").glob("*/*/*"))) == 6


def test_the_notebook_is_kept_without_outputs() -> None:
    for cell in json.loads((EXAMPLES / "first_steps.ipynb").read_text())["cells"]:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None
