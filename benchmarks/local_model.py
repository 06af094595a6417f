"""An episode of the baseline scenario's size with the small local model: does it end, and how many
of its answers are valid actions, with and without a JSON schema that binds it?

    gdg-runtime models pull
    python benchmarks/local_model.py [--steps 100] [--unbound-steps 20]

Five agents, all of them the model. Prints one JSON line per episode. An act is valid at once if its
first reply is an action that the agent may take; without the schema the model only reads of it.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from gdg_runtime.actors.resolved import default_catalogue
from gdg_runtime.adapters.runs.directory import RunDirectory
from gdg_runtime.adapters.runs.execution import start_run
from gdg_runtime.adapters.runs.verify import verify_run
from gdg_runtime.scenarios.files.loader import load_scenario

SCENARIO = """
scenario_id: local-model
llm:
  {{model: local/smollm2, temperature: 0.7, max_tokens: 100, timeout_s: 1200, structured: {how}}}
agents:
  - type: llm
    count: 5
    persona: You are friendly and brief.
    reasoning: false
    offers: fallback
    fallback: honest
    max_text: 100
    memory: {{max_tokens: 80}}
feed: {{limit: 3}}
peers_shown: 2
simulation: {{epochs: {epochs}, steps_per_epoch: {steps}, seed: 42}}
"""


def episode(how: str, steps: int) -> dict[str, Any]:
    """Play it, count, replay it."""
    epochs = max(1, steps // 10)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.yaml"
        path.write_text(SCENARIO.format(how=how, epochs=epochs, steps=steps // epochs))
        config = load_scenario(path, catalogue=default_catalogue())
        result = start_run(config, out=Path(folder))
        assert result.status == "completed", result.error
        metrics = json.loads((result.directory / "metrics.json").read_bytes())
        use = metrics["language_models"]
        verified = verify_run(RunDirectory(result.directory)).verified
    asked = use["calls"] - use["repaired"] - use["invalid"] - use["faults"]
    valid = asked - use["repaired"] - use["invalid"]
    return {
        "structured": how,
        "agent_steps": result.agent_steps,
        "acts_asked_of_the_model": asked,
        "valid_at_once": valid,
        "valid_when_asked_again": use["repaired"],
        "invalid": use["invalid"],
        "valid_rate": round(valid / asked, 3),
        "prompt_tokens": use["prompt_tokens"],
        "completion_tokens": use["completion_tokens"],
        "wall_s": round(result.wall_s, 1),
        "replay_verified": verified,
    }


def main() -> None:
    """One episode bound by the schema, one without."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--unbound-steps", type=int, default=20)
    arguments = parser.parse_args()
    print(json.dumps(episode("json_schema", arguments.steps)), flush=True)
    print(json.dumps(episode("instruction", arguments.unbound_steps)), flush=True)


if __name__ == "__main__":
    main()
