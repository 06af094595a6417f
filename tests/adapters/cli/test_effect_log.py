"""`--verbose` tells of each effect, beside whatever else is printed."""

import json
import subprocess
import sys
from pathlib import Path

RUNS = Path(__file__).parent.parent.parent / "runs"


def test_verbose_logs_each_effect_as_a_json_line_on_stderr_and_leaves_stdout_alone(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gdg_runtime.adapters.cli", "start", str(RUNS / "consulting.yaml"),
         "--epochs", "1", "--out", str(tmp_path), "--json", "--verbose"],
        cwd=RUNS, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    run = Path(json.loads(done.stdout)["run_dir"])
    logged = [json.loads(line) for line in done.stderr.splitlines()]
    recorded = (run / "telemetry.jsonl").read_text().splitlines()
    assert len(logged) == len(recorded) > 0
    assert {line["event"] for line in logged} == {"effect ok"}
    assert {line["effect"] for line in logged} == {"consulting:consult"}
