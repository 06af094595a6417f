"""One process of the determinism matrix: 2 backends × so many latency patterns × 2 concurrency
limits: `determinism_matrix.py PATTERNS`.

Prints one line per run: what it was and a digest of every reproducible file and of the cassette.
"""

import sys
import tempfile
from hashlib import sha256
from itertools import product
from pathlib import Path

import consulting

from gdg_runtime.actors.resolved import default_catalogue
from gdg_runtime.adapters.runs.directory import REPRODUCIBLE
from gdg_runtime.adapters.runs.execution import RunOptions, start_run
from gdg_runtime.runtime import Recorded
from gdg_runtime.scenarios.files.loader import load_scenario


def digests(run: Path) -> str:
    parts = [sha256((run / name).read_bytes()).hexdigest()[:16] for name in REPRODUCIBLE]
    cassette = "\n".join(Recorded.read(run / "journal.jsonl").cassette())
    return " ".join([*parts, sha256(cassette.encode()).hexdigest()[:16]])


def main(patterns: int) -> None:
    assert "hypothesis" not in sys.modules, "it would make trio's own scheduling deterministic"
    scenario = Path(__file__).with_name("consulting.yaml")
    for backend, pattern, limit in product(("trio", "asyncio"), range(patterns), (1, 64)):
        consulting.LATENCY.seed(pattern)
        with tempfile.TemporaryDirectory() as folder:
            config = load_scenario(scenario, catalogue=default_catalogue())
            options = RunOptions(backend=backend, max_concurrency=limit)
            result = start_run(config, out=Path(folder), options=options)
            assert result.status == "completed", result.error
            print(f"{backend} latency {pattern} limit {limit}: {digests(result.directory)}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
