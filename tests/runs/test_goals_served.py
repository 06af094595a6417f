"""The HTTP API beside a running episode: it reaches the same actor, and what comes in is kept."""

import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gdg_runtime.adapters.runs.directory import GOALS, REPRODUCIBLE
from gdg_runtime.runtime import Recorded

DRAFT = {
    "text": "Lend a hand to whoever asks", "category": "user_requested", "owner": "goal_led_1",
    "value": 1.0, "effort": 0.0, "risk": 0.0, "metadata": {"policy": "honest"},
}  # fmt: skip
LONG = ("--set", "simulation.epochs=20")


class Served:
    """An episode in a process of its own, with its API."""

    def __init__(self, process: Any) -> None:
        self.process = process
        self.said = ""
        for line in process.stderr:
            self.said += line
            found = re.search(r"served at (http://\S+)", line)
            if found:
                self.client = httpx2.Client(
                    base_url=found[1], timeout=60, trust_env=False, verify=False
                )
                break
        assert found, self.said
        self.run = next(iter(Path("runs").glob("*/*/*/config.json"))).parent

    def post(self, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        return self.client.post(path, json=body, headers=headers)


@pytest.fixture
def serving(gdg_process: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    begun: list[Served] = []

    @contextmanager
    def begin(*arguments: str) -> Iterator[Served]:
        served = Served(gdg_process("start", "goals_market", "--serve", "0", *arguments))
        begun.append(served)
        try:
            yield served
        finally:
            served.client.close()

    yield begin
    for served in begun:
        if served.process.poll() is None:
            served.process.kill()
        served.process.wait()
        for pipe in (served.process.stdout, served.process.stderr):
            pipe.close()


def events(run: Path, kind: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    return [event for event in lines if event["type"] == kind]


def promised(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in (*REPRODUCIBLE, GOALS)}


def test_a_goal_from_outside_is_adopted_executed_and_replayed(gdg, serving) -> None:
    with serving(*LONG) as served:
        made = served.post("/v1/goals", DRAFT, traceparent=f"00-{'a' * 32}-{'b' * 16}-01")
        assert made.status_code == 201
        goal = made.json()["id"]
        answers = [
            served.post(f"/v1/goals/{goal}/adopt", **{"Idempotency-Key": "once"}) for _ in range(2)
        ]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[1].headers["Idempotency-Replayed"] == "true"
        assert served.client.get(f"/v1/goals/{goal}").json()["state"] in ("adopted", "executing")
        assert served.client.get("/metrics").status_code == 200
        served.process.send_signal(signal.SIGINT)
        out, _ = served.process.communicate(timeout=60)
        assert served.process.returncode == 130, out
    created = [event for event in events(served.run, "goal_created") if event["goal_id"] == goal]
    assert [event["by"] for event in created] == ["http"]
    adopted = [event for event in events(served.run, "goal_adopted") if event["goal_id"] == goal]
    assert len(adopted) == 1
    recorded = Recorded.read(served.run / "journal.jsonl")
    assert "a" * 32 in json.dumps(recorded.recovered.records)
    assert len(recorded.inputs) >= 3
    assert gdg("replay", served.run, "--verify").code == 0


def test_after_a_kill_what_came_from_outside_is_there_again(gdg, serving) -> None:
    with serving("--set", "simulation.epochs=15") as served:
        goal = served.post("/v1/goals", DRAFT).json()["id"]
        assert served.post(f"/v1/goals/{goal}/adopt").status_code == 200
        journal, deadline = served.run / "journal.jsonl", time.monotonic() + 30
        while len(Recorded.read(journal).inputs) < 2:  # the goal, and its adoption
            assert time.monotonic() < deadline
            time.sleep(0.01)
        served.process.kill()
        served.process.communicate()
    found = []
    for _ in range(2):
        assert gdg("resume", served.run, "--quiet").code == 0
        found.append(promised(served.run))
    assert found[0] == found[1]
    adopted = [event["goal_id"] for event in events(served.run, "goal_adopted")]
    assert adopted.count(goal) == 1
    assert gdg("replay", served.run, "--verify").code == 0


def test_only_the_episode_gives_its_agents_their_tasks(gdg, serving) -> None:
    with serving(*LONG) as served:
        for owner, status in (({}, 403), ({"owner": "goal_led_1"}, 403), ({"owner": "me"}, 200)):
            answer = served.post("/v1/goals/next", {"selection_key": f"key {owner}", **owner})
            assert answer.status_code == status
        assert answer.json()["task"] is None


def test_the_server_ends_with_the_episode(gdg, serving) -> None:
    with serving("--epochs", "2") as served:
        served.process.communicate(timeout=60)
        assert served.process.returncode == 0
        with pytest.raises(httpx2.TransportError):
            served.client.get("/v1/goals")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("baseline", "--serve", "0"), "the scenario has no goals"),
        (("goals_market", "--serve", "here"), "expected a port such as 8000"),
        (("goals_market", "--serve", "70000"), "expected a port such as 8000"),
        (("goals_market", "--serve", "0.0.0.0:0"), "set a token"),
        (("goals_market", "--serve", "0", "--backend", "asyncio"), "needs --backend trio"),
    ],
)
def test_what_can_not_be_served_is_told_before_the_run_begins(gdg, arguments, words) -> None:
    ran = gdg("start", *arguments)
    assert ran.code == 2
    assert words in ran.err
    assert not Path("runs").exists()


def test_keys_of_the_episodes_own_selections_are_refused_from_outside(gdg, serving) -> None:
    with serving(*LONG) as served:
        body = {"selection_key": "episode:goal_led_1@200", "owner": "me"}
        assert served.post("/v1/goals/next", body).status_code == 403


def test_no_key_gets_from_outside_into_the_journal(gdg, serving, monkeypatch) -> None:
    secret = "sk-0123456789abcdefghijklmnop"
    monkeypatch.setenv("OPENAI_API_KEY", secret)
    with serving(*LONG) as served:
        made = served.post("/v1/goals", {**DRAFT, "text": f"Use {secret} well"})
        assert made.status_code == 201
        assert secret not in made.text
        served.process.send_signal(signal.SIGINT)
        served.process.communicate(timeout=60)
    for name in ("journal.jsonl", "events.jsonl"):
        assert secret not in (served.run / name).read_text()
