"""The examples run as their texts say."""

import json
import sys
from importlib import import_module
from pathlib import Path

import pytest

from gdg_runtime.scenarios.testing.checks import run_contract_checks

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def beside_them(gdg, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after `cd examples`, with the runs elsewhere."""
    out = Path.cwd() / "runs"
    for command in ("START", "REPLAY", "SHOW"):
        monkeypatch.setenv(f"GDG_{command}_OUT", str(out))
    monkeypatch.chdir(EXAMPLES)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


def started(gdg, name: str, *options: object) -> Path:
    ran = gdg("start", f"{name}.yaml", "--quiet", *options)
    assert ran.code == 0, ran.err
    assert gdg("replay", "latest", "--verify").code == 0
    assert gdg("show", "latest").code == 0
    return Path(ran.out.strip())


def steps(run: Path, agents: str) -> list[dict]:
    lines = map(json.loads, (run / "step_log.jsonl").read_text().splitlines())
    return [line for line in lines if line.get("agent", "").startswith(agents)]


def test_an_agent_of_ones_own_trades_and_learns(gdg) -> None:
    turns = steps(started(gdg, "own_agent"), "reciprocal")
    assert len(turns) == 2 * 50
    assert {turn["action"]["tool"] for turn in turns} == {"propose"}
    chosen = [turn["action"]["args"]["counterparty"] for turn in turns[50:]]
    honest = sum(name.startswith(("honest", "reciprocal")) for name in chosen)
    assert honest > len(chosen) / 2, "who pays off is asked again"


def test_parameters_of_an_agent_of_ones_own_matter(gdg) -> None:
    curious = steps(started(gdg, "own_agent", "--set", "agents.0.params.curiosity=1.0"), "recip")
    settled = steps(started(gdg, "own_agent", "--set", "agents.0.params.curiosity=0.0"), "recip")
    assert curious != settled


def test_an_agent_with_effects_posts_what_it_was_told(gdg) -> None:
    run = started(gdg, "effect_agent")
    posts = steps(run, "advised")
    assert len(posts) == 8 * 10
    assert "A note on what advised_1 learned from 0 posts" in (run / "events.jsonl").read_text()
    assert gdg("replay", run, "--json").json["outcomes"] == 80


def test_a_world_a_lever_and_a_metric_of_ones_own_work_together(gdg) -> None:
    run = started(gdg, "own_world")
    metrics = json.loads((run / "metrics.json").read_bytes())
    assert metrics["overall"]["spread_of_alignment"]["value"] > 0
    assert all("dry_beds" in epoch["metrics"] for epoch in metrics["epochs"])
    events = (run / "events.jsonl").read_text()
    assert "the ration of 6 waterings is used up" in events
    wet = started(gdg, "own_world", "--scenario-param", "drought=0.0")
    assert '"bed_fell_dry"' not in (wet / "events.jsonl").read_text()


def test_an_institution_of_ones_own_is_used_by_policies_and_agents_in_their_roles(gdg) -> None:
    run = started(gdg, "own_institution")
    metrics = json.loads((run / "metrics.json").read_bytes())
    assert all(epoch["metrics"]["vouches"]["value"] > 0 for epoch in metrics["epochs"])
    events = map(json.loads, (run / "events.jsonl").read_text().splitlines())
    by = [event["agent"] for event in events if event["type"] == "vouched"]
    assert {name.rpartition("_")[0] for name in by} == {"neighbour", "flatterer"}
    seen = [turn["observation"] for turn in steps(run, "flatterer")]
    assert list(seen[0])[1:6] == ["feed", "trusted", "account", "peers", "left"]
    assert [turn["left"][-1] for turn in seen[:3]] == [2, 1, 0], "moderators judge"
    assert {turn["observation"]["left"][-1] for turn in steps(run, "honest")} == {0}, (
        "workers don't"
    )


def test_an_institution_that_the_config_closes_leaves_the_sandbox_as_it_is(gdg) -> None:
    run = started(gdg, "own_institution", "--scenario-param", "vouching.per_epoch=0")
    header = json.loads((run / "step_log.jsonl").read_text().partition("\n")[0])
    assert [tool["name"] for tool in header["tools"]] == ["post", "reply", "vote", "propose"]
    assert "trusted" not in steps(run, "honest")[0]["observation"]


@pytest.mark.parametrize(
    ("module", "world"), [("own_world", "Garden"), ("own_institution", "Village")]
)
def test_a_world_of_ones_own_passes_the_contract_checks(module, world, monkeypatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLES)
    made = getattr(import_module(module), world)
    failed = [check for check in run_contract_checks(made) if not check.passed]
    assert not failed
