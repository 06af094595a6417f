"""Records what the golden runs come to: `python tests/golden/runs/record.py`.

Each run is a command line; its digests stand in `digests.json` beside this file. A change that is
meant to move no byte leaves that file alone. One that is meant to records it anew, and the diff
shows which files of which runs moved.
"""

import json
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).parent
DIGESTS = HERE / "digests.json"
SEEDS = HERE.parents[1] / "scenarios" / "seeds"
VARYING = frozenset({"journal.jsonl", "meta.json", "telemetry.jsonl", "goals.db"})
"""Files of a run that hold times, digests of code, or the order of arrival."""
GDG = [sys.executable, "-c", "from gdg_runtime.adapters.cli import main; main()"]

RUNS = {
    "baseline": ["baseline"],
    "strict_governance": ["strict_governance"],
    "status_game": ["status_game"],
    "status_game_v1": ["status_game_v1"],
    "goals_market": ["goals_market"],
    "goals_shadow": ["goals_shadow"],
    "release_manager": ["release_manager"],
    "configs/release_manager": ["configs/release_manager"],
    "seed status_game": [str(SEEDS / "status_game.yaml")],
    "seed status_game_v1": [str(SEEDS / "status_game_v1.yaml")],
    "baseline shuffled": ["baseline", "--schedule", "shuffle:3"],
    "goals_market shuffled": ["goals_market", "--schedule", "shuffle:3"],
    "baseline fair": ["baseline", "--schedule", "fair", "--epochs", "2"],
    "baseline in random order": ["baseline", "--set", "simulation.turn_order=random"],
    "baseline by reputation": ["baseline", "--set", "simulation.turn_order=priority"],
    "language models": [
        str(HERE / "llm_society.yaml"), "--cassette", str(HERE / "llm_society.cassette"),
    ],
}  # fmt: skip
"""The arguments of `gdg-runtime start` for each run."""


def digests_of(run: Path) -> dict[str, str]:
    """The SHA-256 of every file of a run that must come out the same, by name."""
    files = sorted(path for path in run.iterdir() if path.is_file())
    return {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.name not in VARYING and not path.name.startswith(".")
    }


def record(arguments: list[str], out: Path) -> dict[str, str]:
    """The digests of one run, made in a process of its own."""
    command = [*GDG, "start", *arguments, "--json", "--out", str(out)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return digests_of(Path(json.loads(ran.stdout)["run_dir"]))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        found = {name: record(run, Path(folder)) for name, run in RUNS.items()}
    DIGESTS.write_text(json.dumps(found, indent=1) + "\n")
    print(f"{DIGESTS}: {len(found)} runs")
