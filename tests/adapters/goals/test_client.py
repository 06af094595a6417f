"""The goals of a server: what is sent, and what is made of odd answers."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from gdg_runtime.adapters.goals.client import GoalsClient, ServerTrouble, call_of
from gdg_runtime.adapters.goals.table import ROWS
from gdg_runtime.goals import commands
from gdg_runtime.goals.commands import (
    AdoptGoal,
    CreateGoal,
    DeleteGoal,
    EditGoal,
    ReadGoal,
    ScheduleTask,
)
from gdg_runtime.goals.identity import Caller, IdempotencyKey, Trace
from gdg_runtime.goals.model import GoalCategory, GoalDraft, GoalPatch
from gdg_runtime.goals.schemas import Refused, ScheduledTaskDraft

GOAL = (
    b'{"id": "g1", "text": "One", "category": "exploration", "value": 0.5, "effort": 0.5, '
    b'"risk": 0.5, "created_at": "2025-11-08T12:00:00Z", "updated_at": "2025-11-08T12:00:00Z", '
    b'"warnings": []}'
)


class Odd:
    """A server that answers what the test says, and keeps what it was sent."""

    status, body = 200, GOAL

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        odd = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                sent = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                odd.seen.append((self.command, self.path, headers, sent))
                self.send_response(odd.status)
                for name, value in odd.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(odd.body)))
                self.end_headers()
                self.wfile.write(odd.body)

            do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def odd() -> Iterator[Odd]:
    odd = Odd()
    thread = threading.Thread(target=odd.server.serve_forever, args=(0.01,))
    thread.start()
    yield odd
    odd.server.shutdown()
    thread.join()
    odd.server.server_close()


@pytest.fixture
def client(odd: Odd) -> Iterator[GoalsClient]:
    client = GoalsClient(f"{odd.url}/", token="s3cret")
    yield client
    client.close()


def test_T4_the_trace_the_key_and_the_token_are_sent(odd: Odd, client: GoalsClient) -> None:
    trace = Trace(trace_id="a" * 32, span_id="b" * 16)
    key = IdempotencyKey(scope="x", key="once", request="y")
    odd.headers = {"Idempotency-Replayed": "true"}
    answer = client.ask(AdoptGoal(goal_id="g:1", caller=Caller(trace=trace, key=key)))
    assert answer.goal.id == "g1"
    assert answer.replayed
    ((method, path, headers, body),) = odd.seen
    assert (method, path, body) == ("POST", "/v1/goals/g%3A1/adopt", b"")
    assert headers["traceparent"] == f"00-{'a' * 32}-{'b' * 16}-01"
    assert headers["idempotency-key"] == "once"
    assert headers["authorization"] == "Bearer s3cret"


def test_A4_an_approval_names_a_version_if_one_is_expected(odd: Odd, client: GoalsClient) -> None:
    for command in (commands.ApproveGoal, AdoptGoal):
        client.ask(command(goal_id="g1", expected_version=3))
        client.ask(command(goal_id="g1"))
    assert [headers.get("if-match") for _, _, headers, _ in odd.seen] == ['"3"', None] * 2


def test_A4_a_change_names_the_version_that_it_is_of(odd: Odd, client: GoalsClient) -> None:
    client.ask(EditGoal(goal_id="g1", patch=GoalPatch(horizon_max_min=None), expected_version=3))
    client.ask(DeleteGoal(goal_id="g1"))
    (edited, deleted) = odd.seen
    assert (edited[0], edited[2]["if-match"], edited[3]) == (
        "PATCH", '"3"', b'{"horizon_max_min":null}',
    )  # fmt: skip
    assert (deleted[0], deleted[2]["if-match"]) == ("DELETE", "*")


def test_A10_a_problem_becomes_the_refusal_that_it_was(odd: Odd, client: GoalsClient) -> None:
    odd.status = 409
    odd.body = (
        b'{"type": "urn:x", "title": "T", "status": 409, "detail": "blocked", "instance": "/v1", '
        b'"trace_id": "0", "code": "goal-blocked-by-belief", "belief_ids": ["b"], "severity": 1}'
    )
    answer = client.ask(AdoptGoal(goal_id="g1"))
    facts = {"belief_ids": ["b"], "severity": 1}
    assert answer == Refused(code="goal-blocked-by-belief", detail="blocked", facts=facts)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>Welcome</html>"), (404, b"<html>Not here</html>"), (200, b"[]"),
        (200, b'{"hello": "world"}'), (500, b'{"detail": "no code"}'), (302, b""), (204, b""),
        (200, b'"text"'), (404, b"[1]"),
    ],
)  # fmt: skip
def test_an_answer_of_something_else_is_told_as_that(
    odd: Odd, client: GoalsClient, status: int, body: bytes
) -> None:
    odd.status, odd.body = status, body
    with pytest.raises(ServerTrouble, match="none of a GoalStore's answers") as raised:
        client.ask(ReadGoal(goal_id="g1"))
    assert str(status) in str(raised.value)
    assert raised.value.exit_code == 1


@pytest.mark.parametrize(
    "url", ["", "nowhere", "ftp://x", "http://", "http://[", "//x", "http://x:99999"]
)
def test_a_url_that_is_none_is_told(url: str) -> None:
    with pytest.raises(ServerTrouble, match="expected an address") as raised:
        GoalsClient(url)
    assert raised.value.exit_code == 2


def test_a_token_that_can_t_be_sent_is_told_and_not_shown() -> None:
    with pytest.raises(ServerTrouble, match="characters that no token can") as raised:
        GoalsClient("http://127.0.0.1:1", token="a\nb")
    assert "a\nb" not in str(raised.value)


def test_a_server_that_is_not_there_is_told() -> None:
    client = GoalsClient("http://127.0.0.1:9")
    with pytest.raises(ServerTrouble, match="Is `gdg-runtime serve` running there"):
        client.ask(CreateGoal(draft=GoalDraft(text="x", category=GoalCategory.MAINTENANCE)))
    client.close()


def test_every_command_has_a_route_but_those_that_a_server_keeps_to_itself() -> None:
    without = {commands.ScheduleTask, commands.ReadStatistics}
    known = {row.command for row in ROWS}
    assert set(commands.COMMANDS) - known == {kind.message_name for kind in without}
    assert known <= set(commands.COMMANDS)
    task = ScheduledTaskDraft(task_id="t", text="x")
    with pytest.raises(TypeError, match=r"no route for goals\.schedule"):
        call_of(ScheduleTask(task=task))
