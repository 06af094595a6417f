"""Scenarios as text, and a price table that does not change with litellm's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gdg_runtime.actors.resolved import ResolvedEpisode, load_episode
from gdg_runtime.adapters.dry_run.estimate import Estimate, estimate
from gdg_runtime.adapters.llm.prices import PriceTable

TABLE = PriceTable(
    "1.99",
    {
        "toy-1": {
            "litellm_provider": "openai",
            "input_cost_per_token": 1.5e-07,
            "output_cost_per_token": 6e-07,
        }
    },
)

Load = Callable[..., ResolvedEpisode]
Estimated = Callable[..., Estimate]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """A resolved scenario, given as YAML without its id."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))

    def load(text: str, **options: Any) -> ResolvedEpisode:
        file = tmp_path / "scenario.yaml"
        file.write_text(f"scenario_id: toy\n{text}")
        return load_episode(file, **options)

    return load


@pytest.fixture
def estimated(load: Load) -> Estimated:
    """The estimate of a scenario, given as YAML without its id."""

    def made(text: str, **options: Any) -> Estimate:
        return estimate(load(text), **{"prices": TABLE, **options})

    return made
