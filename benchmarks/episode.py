"""Cost of the baseline scenario per agent-step, with every artifact written.

    python benchmarks/episode.py [--repeats N] [--quick]

Prints JSON lines: one per size, then a summary with the bounds. Each size runs in a process of its
own; sizes are taken in turn, `--repeats` times, and the best counts, since the machine's noise only
adds. Figures are CPU time of the process and peak resident memory.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

AGENTS = (5, 50, 500, 5_000)
STEPS = (100, 1_000, 10_000)
FEWEST_AGENT_STEPS = 20_000
"""Small sizes are run again and again in their process until they have played this many."""


def config(agents: int, steps: int) -> Any:
    """The baseline with its mix of types (3:1:1) scaled to `agents`, in epochs of 10 steps."""
    from gdg_runtime.actors.resolved import default_catalogue
    from gdg_runtime.scenarios.files.loader import load_scenario

    fifth = agents // 5
    sets = [f"agents.0.count={agents - 2 * fifth}", f"agents.1.count={fifth}",
            f"agents.2.count={fifth}", "simulation.steps_per_epoch=10"]  # fmt: skip
    return load_scenario("baseline", sets=sets, epochs=steps // 10, catalogue=default_catalogue())


def measure(agents: int, steps: int) -> dict[str, Any]:
    """Run one size in this process."""
    from gdg_runtime.adapters.runs.execution import start_run

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        if agents * steps < FEWEST_AGENT_STEPS:
            start_run(config(5, 100), out=out)  # the first run of a process pays for imports
        cpu_s, played = 0.0, 0
        while played < FEWEST_AGENT_STEPS:
            result = start_run(config(agents, steps), out=out)
            assert result.status == "completed", result.error
            cpu_s += result.cpu_s
            played += result.agent_steps
    return {
        "agents": agents,
        "steps": steps,
        "agent_steps_played": played,
        "cpu_us_per_agent_step": round(cpu_s / played * 1e6, 2),
        "agent_steps_per_cpu_s": round(played / cpu_s),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def in_a_process(agents: int, steps: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, __file__, "--one", str(agents), str(steps)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="leave the largest sizes out")
    parser.add_argument("--one", type=int, nargs=2, metavar=("AGENTS", "STEPS"))
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(*options.one)))
        return
    sizes = [(agents, 100) for agents in AGENTS] + [(5, steps) for steps in STEPS[1:]]
    if options.quick:
        sizes = [(agents, steps) for agents, steps in sizes if agents * steps <= 50_000]
    best: dict[tuple[int, int], dict[str, Any]] = {}
    for _ in range(options.repeats):
        for size in sizes:
            figures = in_a_process(*size)
            known = best.get(size)
            if known is None or figures["cpu_us_per_agent_step"] < known["cpu_us_per_agent_step"]:
                best[size] = figures
    for figures in best.values():
        print(json.dumps({"benchmark": "episode", **figures}))
    summarise(best)


def _growth(costs: list[float]) -> float:
    """Cost at the largest size over that at the cheapest one; sizes in rising order."""
    return costs[-1] / min(costs)


def summarise(best: dict[tuple[int, int], dict[str, Any]]) -> None:
    """The bounds: constant cost per agent-step, flat memory."""
    cost = {size: figures["cpu_us_per_agent_step"] for size, figures in best.items()}
    # The largest size against the cheapest of all: the smallest carries a run's fixed cost, and
    # against that one no growth could ever be seen.
    by_agents = _growth([cost[size] for size in sorted(cost) if size[1] == 100])
    by_steps = _growth([cost[size] for size in sorted(cost) if size[0] == 5])
    memory = None
    if (5, 10_000) in best:
        memory = best[5, 10_000]["peak_rss_mb"] / best[5, 1_000]["peak_rss_mb"]
    summary = {
        "benchmark": "episode",
        "summary": True,
        "agent_steps_per_cpu_s": max(f["agent_steps_per_cpu_s"] for f in best.values()),
        "aim_agent_steps_per_cpu_s": 20_000,
        "cost_ratio_by_agents": round(by_agents, 3),
        "cost_ratio_by_steps": round(by_steps, 3),
        "bound_cost_ratio": 1.3,
        "memory_ratio_10000_to_1000_steps": memory and round(memory, 3),
        "bound_memory_ratio": 1.2,
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
