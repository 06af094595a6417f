"""A run with the real model: no key, no service, and it replays without the model."""

import json
from pathlib import Path
from typing import Any

import pytest

from gdg_runtime.adapters.local_model import weights


@pytest.mark.extra_local_llm
def test_the_shipped_scenario_runs_with_the_real_model_and_replays_without_it(
    gdg: Any, smollm2: Any
) -> None:
    short = ("--set", "simulation.steps_per_epoch=1", "--set", "llm.max_tokens=60")
    ran = gdg("start", "llm_local", "--json", *short)
    assert ran.code == 0, ran.err
    result = ran.json
    assert result["language_models"]["run"]["calls"] >= 2
    assert result["language_models"]["run"]["usd"] == 0
    run = Path(result["run_dir"])
    steps = [json.loads(line) for line in (run / "step_log.jsonl").read_text().splitlines()[1:]]
    model = [step for step in steps if step["agent"].startswith("llm")]
    assert [step["action"]["tool"] for step in model if step["result"]["ok"]]
    assert gdg("replay", run, "--verify").code == 0


def test_a_model_that_was_not_pulled_is_named_before_anything_is_written(
    gdg: Any, monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.setenv("GDG_CACHE", str(tmp_path / "empty"))
    assert not weights.weights_of("smollm2").is_pulled
    ran = gdg("start", "llm_local")
    assert ran.code == 2
    assert "gdg-runtime models pull" in ran.err
    assert not Path("runs").exists()
