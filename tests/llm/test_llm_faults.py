"""Bad weather at the provider: an episode goes on, loses nothing, and tells of every fault."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from serving import FaultServer

from gdg_runtime.actors.resolved import default_catalogue
from gdg_runtime.adapters.runs.directory import REPRODUCIBLE, RunDirectory
from gdg_runtime.adapters.runs.execution import resume_run, start_run
from gdg_runtime.adapters.runs.live_run import Result
from gdg_runtime.adapters.runs.verify import verify_run
from gdg_runtime.scenarios.files.loader import EpisodeConfig, load_scenario

Serve = Callable[..., FaultServer]
Known = tuple[str, int | None]

TRANSPORT_FAULTS: dict[str, Known] = {
    "rate_limited": ("rate_limited", 429),
    "rate_limited_date": ("rate_limited", 429),
    "request_timeout": ("timed_out", 408),
    "server_error": ("server_error", 500),
    "bad_gateway": ("server_error", 502),
    "unavailable": ("overloaded", 503),
    "overloaded": ("overloaded", 529),
    "truncated_json": ("malformed", 200),
    "truncated_body": ("disconnected", None),
    "malformed": ("malformed", 200),
    "html": ("malformed", 200),
    "empty_choices": ("empty", None),
    "null_content": ("empty", None),
    "disconnect": ("disconnected", None),
    "reset": ("disconnected", None),
}
"""What the server calls them, and how their events name them. Only with the statuses that the
providers themselves have said: litellm knows no 200."""
UNREADABLE = ("length", "refusal")
"""What a model says so is never an action."""
MAY_BE_UNREADABLE = ("wrong_schema", "huge")

SCENARIO = """
scenario_id: weather
llm: {llm}
agents: [{{type: llm, count: {agents}, persona: You are careful., offers: {offers}}}]
simulation: {{epochs: 1, steps_per_epoch: {steps}, seed: 5}}
"""


def episode(
    folder: Path, server: FaultServer, agents: int, steps: int, *, offers: str = "reject",
    **llm: Any,
) -> EpisodeConfig:  # fmt: skip
    """LLM agents in the sandbox, who are asked for an action at each step; with
    `offers="model"` also for decisions."""
    settings = {"model": "openai/test", "api_base": server.url, **llm}
    path = folder / "weather.yaml"
    text = SCENARIO.format(llm=json.dumps(settings), agents=agents, steps=steps, offers=offers)
    path.write_text(text)
    return load_scenario(path, catalogue=default_catalogue())


def lines(run: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / name).read_text().splitlines()]


def happened(run: Path, *kinds: str) -> list[dict[str, Any]]:
    return [event for event in lines(run, "events.jsonl") if event["type"] in kinds]


def turns(run: Path) -> Counter[tuple[int, str]]:
    """How often each agent has a line at each step."""
    return Counter((line["step"], line["agent"]) for line in lines(run, "step_log.jsonl")[1:])


def told_faults(run: Path) -> Counter[Known]:
    """The faults of the event log."""
    events = happened(run, "model_fault")
    return Counter((event["fault"], event.get("status")) for event in events)


def unreadable_replies(run: Path) -> int:
    """One before each reply that was repaired, two where the second was no better."""
    counted = Counter(event["type"] for event in happened(run, "action_repaired", "invalid_action"))
    return counted["action_repaired"] + 2 * counted["invalid_action"]


def nothing_is_lost(result: Result, agents: int, steps: int) -> None:
    assert (result.status, result.error) == ("completed", None)
    everybody = {(step, f"llm_{agent + 1}"): 1 for step in range(steps) for agent in range(agents)}
    assert turns(result.directory) == everybody
    assert not happened(result.directory, "agent_failed", "effect_failed")
    assert not verify_run(RunDirectory(result.directory)).differences


def the_bill(result: Result) -> dict[str, Any]:
    assert result.language_models is not None
    run: dict[str, Any] = result.language_models["run"]
    return run


def promised(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in REPRODUCIBLE}


@pytest.mark.parametrize(
    ("adapter", "agents", "steps"),
    [("openai", 10, 6), pytest.param("litellm", 15, 2, marks=pytest.mark.extra_llm)],
)
def test_every_fault_of_a_fifth_of_the_calls_is_an_event_and_nothing_is_lost(
    tmp_path: Path, serve: Serve, adapter: str, agents: int, steps: int
) -> None:
    kinds = [*TRANSPORT_FAULTS, *UNREADABLE, *MAY_BE_UNREADABLE, "injected", "drip"]
    server = serve(faults=0.2, fault_kinds=kinds, drip_s=0.2, huge_bytes=50_000)
    config = episode(
        tmp_path, server, agents, steps, offers="model", adapter=adapter, retries=20
    )  # fmt: skip
    result = start_run(config, out=tmp_path / "runs")
    nothing_is_lost(result, agents, steps)

    injected = server.stats()["faults"]
    assert len(injected) >= 5
    expected: Counter[Known] = Counter()
    for fault, times in injected.items():
        if fault in TRANSPORT_FAULTS:
            kind, status = TRANSPORT_FAULTS[fault]
            expected[kind, None if status == 200 and adapter == "litellm" else status] += times
    assert told_faults(result.directory) == expected
    surely = sum(injected.get(fault, 0) for fault in UNREADABLE)
    perhaps = sum(injected.get(fault, 0) for fault in MAY_BE_UNREADABLE)
    assert surely <= unreadable_replies(result.directory) <= surely + perhaps

    bill, stats = the_bill(result), server.stats()
    assert bill["calls"] == stats["requests"]
    assert bill["prompt_tokens"] >= stats["prompt_tokens"]
    assert bill["completion_tokens"] >= stats["completion_tokens"]


def test_every_reply_that_is_no_action_is_an_event_and_counted(
    tmp_path: Path, serve: Serve
) -> None:  # fmt: skip
    server = serve(faults=0.4, fault_kinds=UNREADABLE)
    result = start_run(episode(tmp_path, server, 10, 6), out=tmp_path / "runs")
    nothing_is_lost(result, 10, 6)
    assert unreadable_replies(result.directory) == sum(server.stats()["faults"].values())
    repaired = happened(result.directory, "action_repaired")
    invalid = happened(result.directory, "invalid_action")
    assert repaired
    assert invalid
    figures = json.loads((result.directory / "metrics.json").read_bytes())["language_models"]
    assert (figures["repaired"], figures["invalid"]) == (len(repaired), len(invalid))
    log = lines(result.directory, "step_log.jsonl")[1:]
    idle = {(line["step"], line["agent"]) for line in log if line["action"]["tool"] is None}
    assert idle >= {(event["step"], event["agent"]) for event in invalid}


def test_a_question_that_stays_unanswered_costs_its_agent_the_turn_and_no_more(
    tmp_path: Path, serve: Serve
) -> None:
    server = serve(faults=0.3, fault_kinds="bad_request,context_too_long")
    result = start_run(episode(tmp_path, server, 10, 4), out=tmp_path / "runs")
    nothing_is_lost(result, 10, 4)
    injected = server.stats()["faults"]
    assert told_faults(result.directory) == {
        (kind, 400): injected[kind] for kind in ("bad_request", "context_too_long")
    }
    failed = happened(result.directory, "model_failed")
    assert len(failed) == sum(injected.values())
    assert all("after 1 attempt: " in event["error"] for event in failed)


def test_retries_come_to_an_end(tmp_path: Path, serve: Serve) -> None:
    server = serve(faults=1, fault_kinds="server_error,disconnect")
    result = start_run(episode(tmp_path, server, 2, 2, retries=1), out=tmp_path / "runs")
    nothing_is_lost(result, 2, 2)
    assert told_faults(result.directory).total() == server.stats()["requests"] == 8
    failed = happened(result.directory, "model_failed")
    assert ["after 2 attempts" in event["error"] for event in failed] == [True] * 4


def test_what_hangs_or_drips_is_given_up_in_time_and_tried_again(
    tmp_path: Path, serve: Serve
) -> None:  # fmt: skip
    server = serve(faults=0.4, fault_kinds="hang,drip", fault_first=1, drip_s=120)
    config = episode(tmp_path, server, 10, 2, timeout_s=1.5, retries=20)
    result = start_run(config, out=tmp_path / "runs")
    nothing_is_lost(result, 10, 2)
    stats, gone = server.stats(), Counter(line["gone"] for line in server.log())
    assert set(stats["faults"]) == {"hang", "drip"}
    assert gone[True] >= sum(stats["faults"].values())
    assert told_faults(result.directory) == {("timed_out", None): gone[True]}
    assert stats["in_flight"] == 0


def test_retry_after_is_obeyed(tmp_path: Path, serve: Serve) -> None:
    kinds = ("rate_limited", "unavailable")
    server = serve(faults=1, fault_kinds=kinds, fault_first=1, retry_after=1.25)
    result = start_run(episode(tmp_path, server, 6, 1), out=tmp_path / "runs")
    nothing_is_lost(result, 6, 1)
    assert set(server.stats()["faults"]) == set(kinds)
    calls = [call for call in lines(result.directory, "telemetry.jsonl") if "attempts" in call]
    assert len(calls) == 6
    for call in calls:
        assert call["attempts"][0]["retry_after_s"] == 1.25
        assert call["waited_s"] >= 1.25


def test_a_short_outage_only_delays_the_run(tmp_path: Path, serve: Serve) -> None:
    server = serve(down_after=22, down_for=1.5)
    result = start_run(episode(tmp_path, server, 10, 4), out=tmp_path / "runs")
    nothing_is_lost(result, 10, 4)
    assert result.wall_s >= 1.5
    assert not happened(result.directory, "model_failed")
    assert told_faults(result.directory) == {("overloaded", 503): server.stats()["faults"]["down"]}


def test_a_long_outage_pauses_the_run_and_leaves_no_trace_in_it(
    gdg: Any, tmp_path: Path, serve: Serve
) -> None:
    server = serve()
    episode(tmp_path, server, 10, 4, outage_s=0.5)
    whole = gdg("start", "weather.yaml", "--json").json
    needed = server.stats()
    server.reset()
    server.control(down_after=22, down_for=600)
    ran = gdg("start", "weather.yaml", "--json")
    assert (ran.code, ran.json["status"], ran.json["error"]) == (4, "stopped", None)
    paused = "the provider of openai/test has been down for "
    assert paused in ran.json["paused"]
    assert f"Paused: {paused}" in ran.err
    run = Path(ran.json["run_dir"])
    assert turns(run) == {(step, f"llm_{n + 1}"): 1 for step in range(2) for n in range(10)}
    complete = promised(Path(whole["run_dir"]))
    assert complete["step_log.jsonl"].startswith((run / "step_log.jsonl").read_bytes())
    assert gdg("replay", run, "--verify").code == 0
    assert paused in " ".join(gdg("show", run).out.split())

    again = gdg("resume", run, "--json")
    assert (again.code, again.json["status"]) == (4, "stopped")
    server.control(down_for=0)
    resumed = gdg("resume", run, "--json")
    assert (resumed.code, resumed.json["status"], resumed.json["paused"]) == (0, "completed", None)
    assert promised(run) == complete
    for tokens in ("prompt_tokens", "completion_tokens"):
        assert server.stats()[tokens] == needed[tokens]


REFUSALS = {
    "unauthorised": "refuses the key for openai/test (401)",
    "not_found": "does not know the model openai/test (404)",
    "payment_required": "the account of openai/test at the server 127.0.0.1 has no credit",
    "out_of_credit": "the account of openai/test at the server 127.0.0.1 has no credit",
    "rate_limited": "asks to wait for 4000 s (rate_limited (429))",
}


def test_a_refusal_that_every_call_would_meet_pauses_the_run_and_leaves_no_trace_in_it(
    tmp_path: Path, serve: Serve
) -> None:
    server = serve(fault_seed=2, retry_after=4000)
    config = episode(tmp_path, server, 6, 3)
    whole = start_run(config, out=tmp_path / "runs")
    for fault, told in REFUSALS.items():
        server.reset()
        server.control(fault_kinds=fault, faults=0.1)
        result = start_run(config, out=tmp_path / "runs")
        assert (result.status, result.error) == ("stopped", None)
        assert result.paused is not None
        assert told in result.paused
        assert "gdg-runtime resume RUN" in result.paused
        assert not happened(result.directory, "model_fault", "model_failed")
        server.control(faults=0)
        resumed = resume_run(RunDirectory(result.directory))
        assert resumed.status == "completed"
        assert promised(result.directory) == promised(whole.directory)
