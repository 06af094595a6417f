"""A8: Schemathesis over the whole API: no 5xx, no answer that the document does not have."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TOKEN = "0123456789abcdef"


@pytest.fixture
def url(gdg_process):
    process = gdg_process(
        "serve", "--port", 0, "--db", "whole.db",
        env={**os.environ, "GDG_TOKEN": TOKEN, "GOAL_SYSTEM": "on", "GOAL_SHADOW": "off"},
    )  # fmt: skip
    said = process.stdout.readline()
    yield re.search(r"http://\S+:\d+", said)[0]
    process.terminate()
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0
    assert '"level": "error"' not in told, told


BY_DAY = "examples,fuzzing,stateful"
BY_NIGHT = f"{BY_DAY},coverage"
"""Coverage tries each bound of each parameter, some 2,000 requests."""


@pytest.mark.parametrize(
    ("phases", "examples"), [(BY_DAY, 4), pytest.param(BY_NIGHT, 100, marks=pytest.mark.nightly)]
)
def test_A8_schemathesis_finds_nothing(
    url: str, tmp_path: Path, phases: str, examples: int
) -> None:
    for file in ("schemathesis.toml", "schemathesis_hooks.py"):
        shutil.copy(HERE / file, tmp_path)
    ran = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json",
         "--checks", "all", "--no-color", "--phases", phases, "--max-examples", str(examples)],
        cwd=tmp_path, env={**os.environ, "GDG_TOKEN": TOKEN}, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    tested = re.search(r"Tested: (\d+)", ran.stdout)
    assert tested is not None
    assert int(tested[1]) == 26, "all operations"
