"""`gdg-runtime serve --judge`: a language model has a say before a goal is adopted."""

import json
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from serving import FaultServer

BELIEF = {"id": "honesty", "text": "Partners must be told the truth"}


def verdict(severity: float) -> str:
    return json.dumps({"rationale": "so I think", "evidence": [], "severity": severity})


@pytest.fixture
def judged(
    serve: Callable[..., FaultServer], gdg_process: Callable[..., Any]
) -> Iterator[tuple[FaultServer, httpx2.Client]]:
    """A model's server, and the goals' API with that model as its judge."""
    answers = [
        {"contains": "Dress up", "content": verdict(0.9)},
        {"contains": "Whisper", "content": "I would rather not say"},
        {"contains": "severity", "content": verdict(0.0)},
    ]
    model = serve(answers=answers)
    known = {name: value for name, value in os.environ.items() if not name.startswith("GDG_")}
    process = gdg_process(
        "serve", "--port", 0, "--judge", "openai/test", "--judge-api-base", model.url, env=known
    )
    try:
        url = re.search(r"http://\S+:\d+", process.stdout.readline())
        assert url is not None
        with httpx2.Client(base_url=url[0], timeout=60, trust_env=False, verify=False) as client:
            assert client.post("/v1/beliefs", json=BELIEF).status_code == 201
            yield model, client
    finally:
        process.terminate()
        process.communicate(timeout=60)


def adopted(client: httpx2.Client, text: str) -> httpx2.Response:
    goal = {"text": text, "category": "exploration", "aligns_with": ["honesty"]}
    made = client.post("/v1/goals", json=goal).json()["id"]
    return client.post(f"/v1/goals/{made}/adopt")


def test_the_stricter_of_model_and_rules_counts(
    judged: tuple[FaultServer, httpx2.Client],
) -> None:
    model, client = judged
    assert adopted(client, "Publish every price").status_code == 200
    by_model = adopted(client, "Dress up the quality of the work")
    assert (by_model.status_code, by_model.json()["severity"]) == (409, 0.9)
    assert adopted(client, "Never tell partners the truth").status_code == 409
    assert adopted(client, "Publish every price").status_code == 200
    assert model.stats()["requests"] == 3, "a verdict is asked for once"


def test_a_model_that_gives_no_verdict_blocks_and_says_try_again(
    judged: tuple[FaultServer, httpx2.Client],
) -> None:
    _, client = judged
    answer = adopted(client, "Whisper to partners")
    assert answer.status_code == 503
    assert answer.json()["code"] == "belief-checker-unavailable"
    assert "Retry-After" in answer.headers


def test_a_judge_that_can_not_be_asked_is_told_at_the_start(gdg: Callable[..., Any]) -> None:
    ran = gdg("serve", "--judge", "openai/test", "--judge-api-base", "somewhere")
    assert ran.code == 2
    assert "--judge-api-base" in ran.err
