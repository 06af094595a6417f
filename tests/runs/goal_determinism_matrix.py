"""One process of the goals' determinism matrix: pursuing.yaml on 2 backends, with 3 concurrency
limits and as many patterns of latencies, and a short goals_market.

Prints one line per run: what it was and a digest of every reproducible file, and of the database's
content.
"""

import sys
import tempfile
from hashlib import sha256
from pathlib import Path

import consulting

from gdg_runtime.actors.resolved import default_catalogue
from gdg_runtime.adapters.runs.directory import reproducible_files
from gdg_runtime.adapters.runs.execution import RunOptions, start_run
from gdg_runtime.goals.store.database import Database
from gdg_runtime.goals.store.ledger_rows import dump_lines
from gdg_runtime.scenarios.files.loader import load_scenario
from gdg_runtime.scenarios.schema.episode import EpisodeConfig

HERE = Path(__file__).parent
SHORT = ("simulation.steps_per_epoch=4", "goals.belief_changes.0.step=10")


def run(name: str, what: str, config: EpisodeConfig, options: RunOptions) -> None:
    with tempfile.TemporaryDirectory() as folder:
        result = start_run(config, out=Path(folder), options=options)
        assert result.status == "completed", result.error
        written = [(result.directory / file).read_bytes() for file in reproducible_files(config)]
        database = Database.open(result.directory / "goals.db")
        with database.reading() as tx:
            written.append(b"".join(dump_lines(tx)))
        database.close()
        digests = [sha256(data).hexdigest()[:12] for data in written]
        print(f"{name} {what}: {name} {' '.join(digests)}")


def main() -> None:
    assert "hypothesis" not in sys.modules, "it would make trio's own scheduling deterministic"
    catalogue = default_catalogue()
    pursuing = load_scenario(HERE / "pursuing.yaml", catalogue=catalogue)
    for pattern, (backend, limit) in enumerate([("trio", 1), ("asyncio", 2), ("trio", 64)]):
        consulting.LATENCY.seed(pattern)
        options = RunOptions(backend=backend, max_concurrency=limit)
        run("pursuing", f"{backend} latency {pattern} limit {limit}", pursuing, options)
    market = load_scenario("goals_market", sets=SHORT, epochs=4, catalogue=catalogue)
    run("market", "asyncio", market, RunOptions(backend="asyncio"))


if __name__ == "__main__":
    main()
