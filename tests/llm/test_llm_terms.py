"""What is settled before a run asks anybody, and what a cassette costs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from serving import FaultServer

SCENARIO = """
scenario_id: terms
llm: {{model: openai/test, api_base: "{url}"{more}}}
agents:
  - {{type: llm, name: poster, count: 2, role: poster}}
  - {{type: llm, name: guest, count: 1{guest}}}
simulation: {{epochs: 1, steps_per_epoch: 2, seed: 5}}
"""

Write = Callable[..., str]


@pytest.fixture
def written(fault_server: FaultServer, tmp_path: Path) -> Write:
    def write(more: str = "", guest: str = "") -> str:
        path = tmp_path / "terms.yaml"
        path.write_text(SCENARIO.format(url=fault_server.url, more=more, guest=guest))
        return str(path)

    return write


def test_a_budget_of_money_wants_the_price_of_each_config_not_of_each_name(
    gdg: Any, written: Write, fault_server: FaultServer
) -> None:
    priced = ", price: {input: 1, output: 1}, top_p: 0.5"
    ran = gdg("start", written(", budget: {usd: 5}", priced))
    assert ran.code == 2
    assert "the price of openai/test is unknown" in ran.err
    assert fault_server.stats()["requests"] == 0
    assert not Path("runs").exists()


def test_a_bad_budget_is_told_whether_or_not_anybody_asks_a_model(gdg: Any) -> None:
    ran = gdg("start", "baseline", "--budget", "usd=banana")
    assert ran.code == 2
    assert "usd=banana" in ran.err


def test_what_a_cassette_answers_costs_nothing_now_or_after_a_resume(
    gdg: Any, written: Write, fault_server: FaultServer
) -> None:
    scenario = written(", price: {input: 1, output: 1}")
    assert gdg("start", scenario, "--quiet").code == 0
    assert gdg("cassette", "export", "latest", "-o", "terms.cassette").code == 0
    asked = fault_server.stats()["requests"]
    fault_server.stop()
    played = gdg("start", scenario, "--cassette", "terms.cassette", "--missing", "live", "--json")
    assert played.code == 0, played.err
    assert asked > 0
    assert played.json["language_models"]["run"]["calls"] == 0
    run = Path(played.json["run_dir"])
    resumed = gdg("resume", run, "--json")
    assert resumed.json["language_models"]["run"]["calls"] == 0
    assert json.loads((run / "metrics.json").read_bytes())["language_models"]["calls"] == asked
    assert gdg("replay", run, "--verify").code == 0
