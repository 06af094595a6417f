"""How much memory a long run of LLM agents takes, and how large its files become.

    python benchmarks/llm_memory.py [--agents N] [--steps S] [--sample K] [--memory TOKENS]

N agents with a bounded memory act in S simultaneous steps, one call each, against a local server
that answers at once, over the direct transport. The run has a process of its own, whose resident
memory is read every K steps. Prints one JSON line; the growth from step 200 (or the first fifth
of a shorter run) to the end is shown, and the end is held against the bound.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "llm"))
from serving import start_server  # the server of the tests

BOUND_MB = 300.0
"""Resident memory at the end of a run of 100 agents and 1,000 steps."""
FILES = ("journal.jsonl", "step_log.jsonl", "events.jsonl", "telemetry.jsonl", "transcript.md")

SCENARIO = """
scenario_id: llm-memory
llm: {{model: openai/test, api_base: "{base}", adapter: openai, max_concurrency: {agents}}}
agents:
  - type: llm
    count: {agents}
    role: poster
    persona: You are careful.
    offers: reject
    memory: {{max_tokens: {memory}}}
simulation: {{epochs: {epochs}, steps_per_epoch: {per_epoch}, seed: 1}}
effects: {{max_concurrency: {agents}}}
"""


def resident_mb(field: str = "VmRSS") -> float:
    """This process's memory now, or its peak (`VmHWM`), in MB of 2**20 bytes."""
    found = re.search(rf"^{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


class Samples:
    """Reads memory as the run goes on; an Observer."""

    def __init__(self, every: int, trace: bool) -> None:
        self._every = every
        self._trace = trace
        self._first: tracemalloc.Snapshot | None = None
        self.mb: dict[int, float] = {}
        """By number of steps that are over."""

    def step_closed(self, moment: Any, agent_steps: int) -> None:
        done = moment.index + 1
        if done % self._every:
            return
        self.mb[done] = round(resident_mb(), 1)
        if self._trace:
            self._compare()

    def epoch_closed(self, moment: Any, figures: dict[str, Any]) -> None:
        """Nothing is read then."""

    def episode_closed(self, figures: dict[str, Any]) -> None:
        """Nothing is read then."""

    def _compare(self) -> None:
        """What has been allocated since the first sample and is still held, on stderr."""
        now = tracemalloc.take_snapshot()
        if self._first is None:
            self._first = now
            return
        for statistic in now.compare_to(self._first, "lineno")[:12]:
            print(statistic, file=sys.stderr)
        print("---", file=sys.stderr)


def play(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """The run, in this process."""
    from gdg_runtime.actors.resolved import default_catalogue
    from gdg_runtime.adapters.runs.execution import RunOptions, start_run
    from gdg_runtime.scenarios.files.loader import load_scenario

    # Short epochs: what an agent may post in each is limited, and it is asked only while it may.
    per_epoch = min(10, arguments.steps)
    path = folder / "scenario.yaml"
    path.write_text(
        SCENARIO.format(
            base=arguments.url, agents=arguments.agents, memory=arguments.memory,
            per_epoch=per_epoch, epochs=arguments.steps // per_epoch,
        )
    )  # fmt: skip
    config = load_scenario(path, catalogue=default_catalogue())
    if arguments.trace:
        tracemalloc.start(5)
    samples = Samples(arguments.sample, arguments.trace)
    before = resident_mb()
    result = start_run(config, out=folder / "runs", options=RunOptions(observer=samples))
    assert result.status == "completed", result.error
    assert result.language_models is not None
    calls = result.language_models["run"]["calls"]
    early = min(200, max(arguments.sample, arguments.steps // 5))
    first = min(samples.mb, key=lambda step: abs(step - early))
    last = max(samples.mb)
    return {
        "agents": arguments.agents,
        "steps": last,
        "calls": calls,
        "wall_s": round(result.wall_s, 1),
        "cpu_ms_per_call": round(1000 * result.cpu_s / calls, 3),
        "rss_mb": {"before": round(before, 1), "early": samples.mb[first], "end": samples.mb[last],
                   "after": round(resident_mb(), 1), "peak": round(resident_mb("VmHWM"), 1)},
        "early_step": first,
        "growth_mb": round(samples.mb[last] - samples.mb[first], 1),
        "growth_kb_per_1000_calls": round(
            1024 * (samples.mb[last] - samples.mb[first])
            / max(1, arguments.agents * (last - first)) * 1000, 1
        ),
        "samples_mb": samples.mb,
        "file_mb": {
            name: round((result.directory / name).stat().st_size / 2**20, 2) for name in FILES
        },
        "bound_mb": BOUND_MB,
        "holds": resident_mb("VmHWM") <= BOUND_MB,
    }  # fmt: skip


def main() -> None:
    """Start the server, and the run in a process of its own; or be that process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--steps", type=int, default=1000, help="a multiple of 10, or less")
    parser.add_argument("--sample", type=int, default=100, help="steps between two readings")
    parser.add_argument("--memory", type=int, default=300, help="tokens that an agent remembers")
    parser.add_argument("--trace", action="store_true", help="say what grows, on stderr; slow")
    parser.add_argument("--url", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.url:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(play(arguments, Path(folder))))
        return
    with start_server() as server:
        command = [sys.executable, __file__, *sys.argv[1:], "--url", server.url]
        sys.exit(subprocess.run(command, check=False).returncode)


if __name__ == "__main__":
    main()
