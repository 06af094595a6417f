"""A10: every refusal is a problem document, and none tells what it should not."""

import re
from pathlib import Path

import pytest

from gdg_runtime import goals
from gdg_runtime.adapters.goals.ports import StoreUnavailable
from gdg_runtime.adapters.goals.refusals import KINDS
from gdg_runtime.goals.schemas import Done

MEMBERS = {"type", "title", "status", "detail", "instance", "trace_id", "code"}
STORE_ONLY = {"bad-flag"}
"""Codes that no command is refused with."""


class Broken:
    """A port that raises, or answers with something else."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    async def ask(self, command):
        if self.error is not None:
            raise self.error
        return Done()


def is_problem(answer, status: int, code: str) -> bool:
    told = answer.json()
    assert answer.status_code == told["status"] == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(told) >= MEMBERS
    assert told["type"] == f"urn:gdg-runtime:problem:{code}"
    assert told["instance"] == answer.request.url.path
    assert told["trace_id"] == answer.headers["X-Trace-Id"]
    return told["code"] == code


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not-found"),
        ("GET", "/v1/goals/", 404, "not-found"),
        ("GET", "/docs", 404, "not-found"),
        ("GET", "/v1/goals/goal_none", 404, "goal-not-found"),
        ("PUT", "/v1/goals", 405, "method-not-allowed"),
        ("GET", "/v1/goals?cursor=x", 400, "bad-cursor"),
        ("GET", "/v1/goals?limit=x", 422, "invalid-request"),
        ("PATCH", "/v1/goals/goal_none", 422, "invalid-request"),
    ],
)
async def test_A10_every_refusal_is_a_problem(api, method, path, status, code) -> None:
    assert is_problem(await api(method, path), status, code)


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/goals", "GET, POST"),
        ("/v1/goals/next", "POST"),
        ("/v1/goals/goal_001", "DELETE, GET, PATCH"),
        ("/healthz", "GET"),
        ("/openapi.json", "GET, HEAD"),
    ],
)
async def test_a_405_says_what_can_be_done_there(api, path: str, methods: str) -> None:
    assert (await api("OPTIONS", path)).headers["Allow"] == methods


async def test_A10_a_failure_tells_the_client_nothing_and_the_log_everything(serving, log) -> None:
    async with serving(Broken(RuntimeError("secret /etc/passwd"))) as api:
        answer = await api("GET", "/v1/goals")
        assert is_problem(answer, 500, "internal-error")
        assert "secret" not in answer.text
        assert "RuntimeError" not in answer.text
        again = await api("GET", "/healthz")
    assert again.status_code == 200, "the server lives on"
    (told,) = [line for line in log if line["level"] == "error"]
    assert told["trace_id"] == answer.json()["trace_id"]


async def test_A10_an_answer_of_the_wrong_kind_is_a_failure(serving) -> None:
    async with serving(Broken()) as api:
        assert is_problem(await api("GET", "/v1/goals"), 500, "internal-error")


async def test_a_store_that_is_gone_is_503(serving) -> None:
    async with serving(Broken(StoreUnavailable("the episode has ended"))) as api:
        answer = await api("GET", "/v1/goals")
        assert is_problem(answer, 503, "store-unavailable")
        assert "Retry-After" in answer.headers
        assert is_problem(await api("GET", "/readyz"), 503, "not-ready")
        assert (await api("GET", "/healthz")).json() == {"status": "ok"}


async def test_ready_is_who_gets_an_answer_from_the_goals(api) -> None:
    assert (await api("GET", "/readyz")).json() == {"status": "ok"}


def test_each_code_that_the_goals_refuse_with_has_a_status() -> None:
    root = Path(goals.__path__[0])
    called = re.compile(
        r'(?:super\(\)\.__init__|BadRequest|NotEditable|GoalError)\(\s*"([a-z]+(?:-[a-z]+)+)"'
    )
    found = {code for file in root.rglob("*.py") for code in called.findall(file.read_text())}
    assert "goal-blocked-by-belief" in found
    assert found - STORE_ONLY <= set(KINDS)
