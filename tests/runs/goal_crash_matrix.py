"""Kill runs with goals at random lengths of their journals and resume them: `… KILLS SEED`.

Prints a JSON summary; raises AssertionError on the first broken promise.
"""

import json
import os
import random
import sys
import tempfile
from pathlib import Path

from crash_matrix import HERE, in_a_process, killed, lengths, resume, wait

from gdg_runtime.actors.resolved import default_catalogue
from gdg_runtime.adapters.runs.directory import GOALS, REPRODUCIBLE
from gdg_runtime.adapters.runs.execution import start_run
from gdg_runtime.goals.store.database import Database
from gdg_runtime.goals.store.ledger_rows import dump_lines
from gdg_runtime.runtime import Recorded
from gdg_runtime.scenarios.files.loader import load_scenario


def start(out: Path) -> None:
    config = load_scenario(HERE / "pursuing.yaml", catalogue=default_catalogue())
    result = start_run(config, out=out)
    assert result.status == "completed", result.error


def the_run(out: Path) -> Path | None:
    found = list(out.glob("pursuing/default/*/config.json"))
    return found[0].parent if found else None


def written(run: Path) -> dict[str, bytes]:
    """The reproducible files, and the content of the database."""
    files = {name: (run / name).read_bytes() for name in (*REPRODUCIBLE, GOALS)}
    database = Database.open(run / "goals.db")
    with database.reading() as tx:
        files["goals.db"] = b"".join(dump_lines(tx))
    database.close()
    return files


def main(kills: int, seed: int) -> None:
    with tempfile.TemporaryDirectory(prefix="gdg-goal-crash-") as folder:
        print(json.dumps(crashes(Path(folder), kills, random.Random(seed))))


def crashes(root: Path, kills: int, draws: random.Random) -> dict[str, int]:
    os.environ["GDG_TEST_LATENCY"] = "0.01"
    assert wait(in_a_process(lambda: start(root / "whole"))) == 0
    whole = the_run(root / "whole")
    assert whole is not None
    recorded = Recorded.read(whole / "journal.jsonl")
    size = (whole / "journal.jsonl").stat().st_size
    expected = written(whole)
    summary = {"kills": 0, "before_config": 0, "after_the_end": 0, "recorded_at_kill": 0,
               "databases_at_kill": 0, "outcomes": len(recorded)}  # fmt: skip
    for number, length in enumerate(lengths(kills, size, draws)):
        out = root / f"crash{number}"
        summary["after_the_end"] += not killed(lambda out=out: start(out), out, length)
        summary["kills"] += 1
        run = the_run(out)
        if run is None:
            summary["before_config"] += 1
            continue
        journal = run / "journal.jsonl"
        summary["recorded_at_kill"] += len(Recorded.read(journal)) if journal.exists() else 0
        summary["databases_at_kill"] += (run / "goals.db").exists()
        assert wait(in_a_process(lambda run=run: resume(run))) == 0, f"resume of {run}"
        found = written(run)
        for name, data in expected.items():
            assert found[name] == data, f"{name} of {run} differs from the uninterrupted run"
    return summary


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
