"""Budgets: kept to the token, the bill exact, and a paused run goes on as if it had not paused."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from serving import FaultServer, start_server

from gdg_runtime.actors.resolved import default_catalogue
from gdg_runtime.adapters.runs.directory import REPRODUCIBLE, RunDirectory
from gdg_runtime.adapters.runs.execution import RunOptions, resume_run, start_run
from gdg_runtime.adapters.runs.live_run import Result
from gdg_runtime.adapters.runs.verify import verify_run
from gdg_runtime.scenarios.files.loader import EpisodeConfig, load_scenario

Serve = Callable[..., FaultServer]

SCENARIO = """
scenario_id: thrift
llm: {llm}
agents:
  - {{type: llm, name: poster, count: 3, role: poster, budget: {{calls: 1000}}}}
  - {{type: llm, name: guest, count: 3}}
simulation: {{epochs: 2, steps_per_epoch: 2, seed: 5, turn_order: {order}}}
"""
PRICE = {"input": 0.15, "output": 0.6}
TOKENS = ("prompt_tokens", "completion_tokens")
AGENTS = 6


def episode(
    folder: Path, url: str, *, order: str = "simultaneous", **llm: Any
) -> EpisodeConfig:  # fmt: skip
    """Six LLM agents in the sandbox, three of them posters, for four steps."""
    settings = {"model": "openai/test", "api_base": url, "price": PRICE, **llm}
    path = folder / "thrift.yaml"
    path.write_text(SCENARIO.format(llm=json.dumps(settings), order=order))
    return load_scenario(path, catalogue=default_catalogue())


class Whole(NamedTuple):
    """A run that never had a budget."""

    config: EpisodeConfig
    files: dict[str, bytes]
    stats: dict[str, Any]
    bill: dict[str, Any]


def promised(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in REPRODUCIBLE}


def bill_of(result: Result) -> dict[str, Any]:
    assert result.language_models is not None
    return result.language_models


def tokens_of(spent: dict[str, Any]) -> int:
    tokens: int = spent["prompt_tokens"] + spent["completion_tokens"]
    return tokens


def usd_of(stats: dict[str, Any]) -> float:
    prompt, completion = (stats[kind] for kind in TOKENS)
    return (prompt * PRICE["input"] + completion * PRICE["output"]) / 1e6


def is_exact(bill: dict[str, Any], stats: dict[str, Any]) -> None:
    """The bill of the run is what the server has counted, and adds up over the agents."""
    run, agents = bill["run"], bill["agents"].values()
    assert run["calls"] == stats["requests"] == sum(agent["calls"] for agent in agents)
    for kind in TOKENS:
        assert run[kind] == stats[kind] == sum(agent[kind] for agent in agents)
    assert run["usd"] == pytest.approx(usd_of(stats), abs=1e-12)
    posters = [spent for name, spent in bill["agents"].items() if "poster" in name]
    if posters:
        assert tokens_of(bill["roles"]["poster"]) == sum(map(tokens_of, posters))


def is_a_beginning(run: Path, whole: dict[str, bytes]) -> None:
    """Its files are those of the whole run up to a step boundary, and replay."""
    log = (run / "step_log.jsonl").read_bytes()
    assert whole["step_log.jsonl"].startswith(log)
    assert whole["events.jsonl"].startswith((run / "events.jsonl").read_bytes())
    steps = Counter(
        (line["epoch"], line["step"]) for line in map(json.loads, log.splitlines()[1:])
    )  # fmt: skip
    assert set(steps.values()) <= {AGENTS}
    assert not verify_run(RunDirectory(run)).differences


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with start_server(latency="exp:0.002") as running:
        yield running


@pytest.fixture(scope="module", params=["simultaneous", "round_robin"])
def whole(
    request: pytest.FixtureRequest, server: FaultServer, tmp_path_factory: pytest.TempPathFactory
) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    config = episode(folder, server.url, order=request.param)
    server.reset()
    result = start_run(config, out=folder / "runs")
    assert result.status == "completed"
    stats = server.stats()
    is_exact(bill_of(result), stats)
    return Whole(config, promised(result.directory), stats, bill_of(result))


def limits(whole: Whole, unit: str) -> list[str]:
    """From nothing to more than is needed, in steps."""
    shares = (0, 0.3, 0.6, 1.2)
    match unit:
        case "calls":
            return [f"calls={int(share * whole.stats['requests'])}" for share in shares]
        case "tokens":
            return [f"tokens={int(share * tokens_of(whole.stats))}" for share in shares[:-1]] + [
                f"tokens={10 * tokens_of(whole.stats)}"
            ]
        case "usd":
            return [f"usd={share * usd_of(whole.stats):.9f}" for share in shares[:-1]] + ["usd=1"]
    spent = tokens_of(whole.bill["roles"]["poster"])
    if unit == "role":
        return [f"role.poster.tokens={spent // 2}", "role.poster.tokens=none"]
    return ["agent.guest_2.calls=2", "agent.guest_2.calls=3", "agent.guest_2.calls=none"]


@pytest.mark.parametrize("unit", ["calls", "tokens", "usd", "role", "agent"])
def test_a_run_that_pauses_again_and_again_keeps_its_budgets_and_ends_like_one_that_never_did(
    server: FaultServer, whole: Whole, unit: str, tmp_path: Path
) -> None:
    server.reset()
    run: RunDirectory | None = None
    steps_before = 0
    given = limits(whole, unit)
    for limit in given:
        options = RunOptions(budgets=(limit,))
        if run is None:
            result = start_run(whole.config, out=tmp_path / "runs", options=options)
            run = RunDirectory(result.directory)
        else:
            result = resume_run(run, options)
        bill, stats = bill_of(result), server.stats()
        is_exact(bill, stats)
        name, _, amount = limit.partition("=")
        if amount != "none":
            is_kept(bill, name, float(amount))
        if limit == given[-1]:
            break
        assert (result.status, result.error) == ("stopped", None)
        assert result.paused is not None
        # Several calls may find out in the same moment, and each names what it would have taken.
        told, found, _ = result.paused.partition(" is used up: ")
        assert found
        assert bill["exhausted"].startswith(f"{told}{found}")
        is_a_beginning(run.path, whole.files)
        assert result.agent_steps >= steps_before
        steps_before = result.agent_steps
    assert result.status == "completed"
    assert promised(run.path) == whole.files
    for kind in ("requests", *TOKENS):
        assert server.stats()[kind] == whole.stats[kind], "nothing is paid for twice"
    for part in ("run", "roles", "agents"):
        assert bill[part] == whole.bill[part]


def is_kept(bill: dict[str, Any], name: str, limit: float) -> None:
    scope, _, unit = name.rpartition(".")
    spent = bill["run"]
    if scope:
        kind, _, whose = scope.partition(".")
        spent = bill["roles"][whose] if kind == "role" else bill["agents"][f"agents/{whose}"]
    assert {**spent, "tokens": tokens_of(spent)}[unit] <= limit + 1e-12


def test_every_call_that_a_budget_allows_is_made(
    server: FaultServer, whole: Whole, tmp_path: Path
) -> None:  # fmt: skip
    for calls in range(0, 8, 3):
        server.reset()
        options = RunOptions(budgets=(f"calls={calls}",))
        result = start_run(whole.config, out=tmp_path / "runs", options=options)
        assert server.stats()["requests"] == bill_of(result)["run"]["calls"] == calls


def test_a_paused_run_tells_what_it_spent_and_how_to_go_on(
    gdg: Any, server: FaultServer, tmp_path: Path
) -> None:
    episode(tmp_path, server.url, budget={"calls": 1000})
    server.reset()
    ran = gdg("start", "thrift.yaml", "--budget", "tokens=4000", "--budget", "usd=2")
    assert ran.code == 4
    shown = " ".join((ran.out + ran.err).split())
    stats = server.stats()
    spent = f"{tokens_of(stats):,}"
    assert f"the budget of the run is used up: {spent} of 4,000 tokens" in shown
    assert "gdg-runtime resume RUN --budget tokens=8000" in shown
    assert (
        f"language models: {stats['requests']} calls, {stats['prompt_tokens']:,} prompt and "
        f"{stats['completion_tokens']:,} completion tokens, ${usd_of(stats):.6f}".rstrip("0")
    ) in shown

    run = json.loads(gdg("show", "latest", "--json").out)
    assert run["status"] == "stopped"
    assert run["meta"]["language_models"]["run"]["calls"] == stats["requests"]
    assert "paused: the budget of the run is used up" in " ".join(gdg("show", "latest").out.split())
    assert gdg("replay", "latest", "--verify").code == 0

    again = gdg("resume", "latest", "--budget", "tokens=4000", "--json")
    assert (again.code, again.json["status"]) == (4, "stopped")
    assert again.json["paused"].startswith("the budget of the run is used up: ")
    assert server.stats()["requests"] == stats["requests"]
    resumed = gdg("resume", "latest", "--budget", "tokens=none", "--json")
    assert (resumed.code, resumed.json["status"], resumed.json["paused"]) == (0, "completed", None)
    is_exact(resumed.json["language_models"], server.stats())


def test_a_budget_is_kept_when_calls_fail_and_their_cost_is_unknown(
    serve: Serve, tmp_path: Path
) -> None:
    server = serve(faults=0.4, fault_kinds="server_error,truncated_json,null_content,rate_limited")
    config = episode(tmp_path, server.url, retries=20)
    result = start_run(config, out=tmp_path / "runs", options=RunOptions(budgets=("tokens=6000",)))
    assert result.status == "stopped"
    spent, stats = bill_of(result)["run"], server.stats()
    assert spent["calls"] == stats["requests"]
    assert tokens_of(stats) <= tokens_of(spent) <= 6000
    assert spent["unknown_usage_calls"] == sum(
        stats["faults"].get(kind, 0) for kind in ("server_error", "truncated_json")
    )


def test_what_a_withheld_call_had_spent_before_is_not_forgotten(
    serve: Serve, tmp_path: Path
) -> None:  # fmt: skip
    server = serve(faults=1, fault_kinds="server_error")
    config = episode(tmp_path, server.url, retries=20)
    spent = []
    for limit in (4, 6, 8):
        options = RunOptions(budgets=(f"calls={limit}",))
        if limit == 4:
            result = start_run(config, out=tmp_path / "runs", options=options)
        else:
            result = resume_run(RunDirectory(result.directory), options)
        assert result.status == "stopped"
        spent.append(bill_of(result)["run"])
        assert spent[-1]["calls"] == server.stats()["requests"] == limit
    assert all(tokens_of(before) < tokens_of(after) for before, after in pairwise(spent))


def test_the_bill_of_a_resumed_run_is_exact_where_a_failed_call_told_what_it_cost(
    serve: Serve, tmp_path: Path
) -> None:
    server = serve(faults=1, fault_kinds="null_content", fault_first=1)
    # One after the other and twice each, so that no call has begun when the budget is used up.
    config = episode(tmp_path, server.url, order="round_robin", retries=20)
    options = RunOptions(budgets=("calls=4",))
    first = start_run(config, out=tmp_path / "runs", options=options)
    is_exact(bill_of(first), server.stats())
    resumed = resume_run(RunDirectory(first.directory), options)
    assert (first.status, resumed.status) == ("stopped", "stopped")
    is_exact(bill_of(resumed), server.stats())


BAD = {
    "tokens": "that is no limit",
    "=5": "that is no limit",
    "": "that is no limit",
    "words=5": "that is no limit",
    "Tokens=5": "that is no limit",
    "tokens=": "'' is no number",
    "tokens=many": "'many' is no number",
    "tokens=1.5": "'1.5' is no number",
    "calls=1e3": "'1e3' is no number",
    "tokens=-1": "greater than or equal to 0",
    "usd=-0.01": "greater than or equal to 0",
    "usd=nan": "number",
    "usd=inf": "number",
    "usd=$5": "'$5' is no number",
    "tokens=99999999999999999999": "less than or equal to",
    "role.nobody.tokens=5": "the run has no role.nobody",
    "agent.nobody.calls=5": "the run has no agent.nobody",
    "agents.guest_1.calls=5": "the run has no agents.guest_1",
    "role.tokens=5": "the run has no role",
    "world.tokens=5": "the run has no world",
}


def test_a_budget_that_can_not_be_read_is_refused_before_anything_is_done(
    gdg: Any, server: FaultServer, tmp_path: Path
) -> None:
    episode(tmp_path, server.url)
    server.reset()
    for text, why in BAD.items():
        ran = gdg("start", "thrift.yaml", "--budget", text)
        assert (ran.code, ran.out) == (2, ""), text
        assert f"--budget {text}: " in ran.err, text
        assert why in ran.err, (text, ran.err)
        assert "role.poster.tokens=50000, agent.llm_1.calls=100" in ran.err
    assert not (tmp_path / "runs").exists()
    assert server.stats()["requests"] == 0


def test_a_bad_budget_leaves_a_paused_run_as_it_is(
    gdg: Any, server: FaultServer, tmp_path: Path
) -> None:
    episode(tmp_path, server.url)
    run = Path(gdg("start", "thrift.yaml", "--budget", "calls=9", "--json").json["run_dir"])
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    ran = gdg("resume", run, "--budget", "calls=ten")
    assert ran.code == 2
    assert "--budget calls=ten: 'ten' is no number" in ran.err
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_a_budget_in_money_needs_a_price(gdg: Any, server: FaultServer, tmp_path: Path) -> None:
    episode(tmp_path, server.url, price=None, model="openai/nobody-sells-this")
    ran = gdg("start", "thrift.yaml", "--budget", "usd=1")
    assert (ran.code, ran.out) == (2, "")
    assert "the price of openai/nobody-sells-this is unknown" in ran.err
    assert "price: {input: …, output: …}" in ran.err
    assert not (tmp_path / "runs").exists()
