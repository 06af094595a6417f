"""One program under 2 backends × 5 latency seeds × 2 concurrency limits; a digest on each line.

A script and not a test: it must run where Hypothesis is not imported and the hash seed is set.
"""

import sys
import tempfile
from hashlib import sha256
from pathlib import Path

import anyio
from programs import Program, Stage, Weather

from gdg_runtime.runtime import Journal, Limits, Recorded, RunEnd, drive

ASK = ("ask", 1, 2)
EFFECTS = tuple(("effect", number, 0) for number in range(6))
PROGRAM = Program(
    scripts=(
        (("gather", EFFECTS), ("race", (("effect", 1, 2), ("sleep", 0)), 1), ("tell", 3, 4)),
        (("race", EFFECTS[2:5], 0), ("ask", 2, 3), ("draw", 1), ("spawn", 0, 4)),
        (("effect", 4, 0), ("request", 3), ("later", 0, 5, 2), ("gather", (ASK, *EFFECTS[:3]))),
        (("effect", 2, 1), ("raise", 1)),
        (("gather", EFFECTS[::-1]), ("draw", 2), ("ask", 0, 3)),
        (("race", (("effect", 5, 1), ("effect", 2, 1), ("sleep", 1)), 1), ("tell", 2, 4)),
    ),
    directives=("resume", "restart", "isolate", "resume"),
    fuel=3,
)


def digest(backend: str, weather: int, limit: int, path: Path) -> str:
    stage = Stage(PROGRAM, Weather(weather, 0.01))
    journal = Journal.create(path, {})

    async def live() -> RunEnd:
        limits = Limits(max_concurrency=limit, turns_per_batch=50)
        return await drive(stage.kernel, journal, limits=limits)

    seen = stage.perform(lambda: anyio.run(live, backend=backend))
    journal.close()
    assert seen[-1] == str(RunEnd.COMPLETED), seen[-1]
    seen += Recorded.read(path).cassette()
    return sha256("\n".join(seen).encode()).hexdigest()


def main() -> None:
    assert "hypothesis" not in sys.modules
    with tempfile.TemporaryDirectory() as folder:
        for backend in ("trio", "asyncio"):
            for weather in range(5):
                for limit in (2, 16):
                    label = f"{backend}-{weather}-{limit}"
                    print(label, digest(backend, weather, limit, Path(folder) / label))


if __name__ == "__main__":
    main()
