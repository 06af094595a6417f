"""A society of LLM agents, each of whose prompts the fault server answers by the prompt alone."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from gdg_runtime.actors.resolved import default_catalogue
from gdg_runtime.adapters.runs.directory import REPRODUCIBLE
from gdg_runtime.runtime import Recorded
from gdg_runtime.scenarios.files.loader import load_scenario
from gdg_runtime.scenarios.schema.episode import EpisodeConfig

SERVER: dict[str, Any] = {
    "latency": "uniform:0.001:0.02",
    # No action, so all are asked once more in this step.
    "answers": [{"contains": "Step 1.", "content": "I would rather not say."}],
}
"""Options of the server: random latencies, and answers that follow from the question."""

_SCENARIO = """
scenario_id: llm-society
llm: {{model: openai/test, api_base: "{base}", max_concurrency: 100, temperature: 0.5}}
agents:
  - {{type: llm, name: planner, count: {quarter}, role: planner, memory: {{max_tokens: 120}}}}
  - type: llm
    name: worker
    count: {quarter}
    role: worker
    persona: You are careful.
    memory: {{max_tokens: 120, policy: summarise, summary_tokens: 40}}
  - {{type: llm, name: poster, count: {quarter}, role: poster, goals: [Be heard.], max_tokens: 90}}
  - {{type: llm, name: guest, count: {quarter}, reasoning: false, memory: {{max_tokens: 60}}}}
simulation: {{epochs: 1, steps_per_epoch: {steps}, seed: 7}}
effects: {{max_concurrency: 100}}
"""


def society(base: str, agents: int, steps: int) -> EpisodeConfig:
    """A quarter each plan, work, post, and do what they like. `agents`: a multiple of 4."""
    text = _SCENARIO.format(base=base, quarter=agents // 4, steps=steps)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "society.yaml"
        path.write_text(text)
        return load_scenario(path, catalogue=default_catalogue())


def digests(run: Path) -> dict[str, str]:
    """Of every reproducible file, and of the cassette of the run's journal."""
    made = {name: (run / name).read_bytes() for name in REPRODUCIBLE}
    made["cassette"] = "\n".join(Recorded.read(run / "journal.jsonl").cassette()).encode()
    return {name: sha256(data).hexdigest()[:16] for name, data in made.items()}


def happened(run: Path) -> dict[str, int]:
    """How often each kind of event stands in a run's event log."""
    return dict(sorted(Counter(_kinds(run)).items()))


def _kinds(run: Path) -> Iterator[str]:
    for line in (run / "events.jsonl").read_bytes().splitlines():
        yield from_json(line)["type"]
