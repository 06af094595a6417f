"""Effects of one simultaneous step run at once: their time is that of one effect.

    python benchmarks/concurrency.py [--effects N] [--ms T] [--repeats R]

A scenario of N agents, each of which awaits one effect of T ms in a single step. The same with
effects of 0 ms tells the engine's own time. Prints one JSON line; the best of the repeats counts,
since the machine's noise only adds.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import anyio

from gdg_runtime.actors.agents import Agent
from gdg_runtime.actors.resolved import default_catalogue
from gdg_runtime.adapters.runs.execution import start_run
from gdg_runtime.runtime import Context
from gdg_runtime.scenarios.actions import NOOP, Action
from gdg_runtime.scenarios.files.loader import load_scenario

BOUND = 1.3


class Flight:
    """How many effects are in flight, and how many there were at most."""

    now = 0
    most = 0


async def take_time(agent: str, seconds: float) -> None:
    """What stands for a slow model."""
    Flight.now += 1
    Flight.most = max(Flight.most, Flight.now)
    await anyio.sleep(seconds)
    Flight.now -= 1


class Waiting(Agent):
    """Awaits one effect in each turn, and does nothing."""

    class Params(Agent.Params):
        seconds: float = 0.2

    params: Params

    async def act(self, observation: Any, ctx: Context) -> Action:
        await ctx.effect(take_time, self.agent, self.params.seconds)
        return NOOP


def measure(effects: int, seconds: float) -> dict[str, float]:
    """Run one step with so many effects of so many seconds; wall time and the most in flight."""
    # The scenario file's `concurrency:Waiting` is this file imported by name, also from a script.
    import concurrency

    concurrency.Flight.most = 0
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder, "waiting.json")
        scenario.write_text(
            json.dumps(
                {
                    "scenario_id": "waiting",
                    "agents": [
                        {"type": "concurrency:Waiting", "count": effects,
                         "params": {"seconds": seconds}}
                    ],
                    "effects": {"max_concurrency": effects},
                    "simulation": {"epochs": 1, "steps_per_epoch": 1},
                }
            )
        )  # fmt: skip
        config = load_scenario(scenario, catalogue=default_catalogue())
        result = start_run(config, out=Path(folder))
    assert result.status == "completed", result.error
    return {"wall_s": result.wall_s, "most_in_flight": concurrency.Flight.most}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--effects", type=int, default=100)
    parser.add_argument("--ms", type=float, default=200.0)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    measure(options.effects, 0.0)  # the first run of a process pays for imports
    engine = min(measure(options.effects, 0.0)["wall_s"] for _ in range(options.repeats))
    runs = [measure(options.effects, options.ms / 1000) for _ in range(options.repeats)]
    wall = min(run["wall_s"] for run in runs)
    print(
        json.dumps(
            {
                "benchmark": "concurrency",
                "effects": options.effects,
                "effect_ms": options.ms,
                "most_in_flight": min(run["most_in_flight"] for run in runs),
                "wall_ms": round(wall * 1000, 1),
                "engine_ms": round(engine * 1000, 1),
                "ratio_without_engine": round((wall - engine) * 1000 / options.ms, 3),
                "bound_ratio": BOUND,
            }
        )
    )


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
