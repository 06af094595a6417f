"""The server that the other tests here lean on: it answers reproducibly and fails as asked."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from email.utils import parsedate_to_datetime
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPMessage,
    IncompleteRead,
    RemoteDisconnected,
)
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from serving import FaultServer, start_server

KEY = "sk-test-abcdefghijklmnopqrstuvwxyz"
Serve = Callable[..., FaultServer]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Say(Strict):
    action: Literal["say"]
    text: str = Field(min_length=3, max_length=40)
    to: list[Literal["ann", "bob"]] = Field(max_length=2)


class Trade(Strict):
    action: Literal["trade"]
    amount: int = Field(ge=3, lt=7)
    price: float = Field(gt=0, le=0.5)
    firm: bool
    note: str | None


class Plan(Strict):
    action: Literal["plan"]
    steps: list["Plan | Say"] = Field(min_length=1, max_length=3)
    ratings: dict[str, int] = {}
    after: "Plan | None" = None
    pair: tuple[int, str] = (0, "")


ACTION: TypeAdapter[Any] = TypeAdapter(
    Annotated[Say | Trade | Plan, Field(discriminator="action")]
)  # fmt: skip


class Got(NamedTuple):
    status: int
    headers: HTTPMessage
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def choice(self) -> Any:
        return self.json["choices"][0]

    @property
    def content(self) -> str:
        text: str = self.choice["message"]["content"]
        return text


def question(text: str = "hello", **more: Any) -> dict[str, Any]:
    return {"model": "mock", "messages": [{"role": "user", "content": text}], **more}


def shaped(text: str, schema: Any = None, **more: Any) -> dict[str, Any]:
    """A question whose answer must be an action."""
    wanted = {"name": "action", "schema": schema or ACTION.json_schema()}
    form = {"type": "json_schema", "json_schema": wanted}
    return question(text, response_format=form, **more)


def dial(server: FaultServer, timeout: float = 60) -> closing[HTTPConnection]:
    return closing(HTTPConnection("127.0.0.1", server.port, timeout=timeout))


def post(connection: HTTPConnection, body: Any, **headers: str) -> Got:
    sent = {"Authorization": f"Bearer {KEY}", **headers}
    raw = body if isinstance(body, bytes) else json.dumps(body)
    connection.request("POST", "/v1/chat/completions", raw, sent)
    with connection.getresponse() as response:
        return Got(response.status, response.headers, response.read())


def ask(server: FaultServer, body: Any, **headers: str) -> Got:
    with dial(server) as connection:
        return post(connection, body, **headers)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)


@pytest.fixture(scope="module")
def standing() -> Iterator[FaultServer]:
    with start_server() as server:
        yield server


@pytest.fixture
def shared(standing: FaultServer) -> FaultServer:
    """A server as it was started, but cheaper."""
    standing.reset()
    standing.control(
        faults=0, fault_first=0, fault_seed=0, latency=0, retry_after=0.05, drip_s=0.2
    )  # fmt: skip
    return standing


# Answers


def test_an_answer_depends_on_the_question_alone(shared: FaultServer) -> None:
    body = shaped("what now?", temperature=1.0, seed=None)
    turned = dict(
        reversed({**body, "temperature": 1, "user": "me", "metadata": {"a": "1"}}.items())
    )
    first = ask(shared, body)
    assert ask(shared, turned, **{"X-Trace": "7", "Authorization": "other"}).raw == first.raw
    with start_server() as other:
        assert ask(other, body).raw == first.raw
    for different in (
        shaped("what now!", temperature=1.0),
        shaped("what now?", temperature=0.5),
        {**body, "model": "another"},
    ):
        assert ask(shared, different).json["id"] != first.json["id"]


def test_a_question_without_schema_gets_words(shared: FaultServer) -> None:
    got = ask(shared, question())
    assert (got.status, got.choice["finish_reason"]) == (200, "stop")
    assert len(got.content.split()) > 1
    assert got.json["model"] == "mock"
    assert got.json["system_fingerprint"]


def test_answers_satisfy_their_schema_and_vary(shared: FaultServer) -> None:
    with dial(shared) as connection:
        said = [post(connection, shaped(f"turn {turn}")).content for turn in range(90)]
    actions = [ACTION.validate_json(text) for text in said]
    assert {action.action for action in actions} == {"say", "trade", "plan"}
    assert len(set(said)) > 60


def test_a_schema_that_cannot_be_satisfied_is_refused_with_a_reason(shared: FaultServer) -> None:
    got = ask(shared, shaped("x", {"type": "string", "pattern": "a+"}))
    assert got.status == 400
    assert "'pattern'" in got.json["error"]["message"]


def test_json_mode_gets_a_json_object(shared: FaultServer) -> None:
    got = ask(shared, question(response_format={"type": "json_object"}))
    assert isinstance(json.loads(got.content), dict)


def test_a_forced_tool_is_called_and_others_are_not(shared: FaultServer) -> None:
    tool = {
        "type": "function",
        "function": {"name": "trade", "parameters": Trade.model_json_schema()},
    }
    other = {"type": "function", "function": {"name": "wait"}}
    named = {"type": "function", "function": {"name": "trade"}}
    for choice, offered in ((named, [other, tool]), ("required", [tool])):
        got = ask(shared, question(tools=offered, tool_choice=choice))
        assert got.choice["finish_reason"] == "tool_calls"
        assert got.choice["message"]["content"] is None
        call = got.choice["message"]["tool_calls"][0]["function"]
        assert call["name"] == "trade"
        Trade.model_validate_json(call["arguments"])
    got = ask(shared, question(tools=[tool], tool_choice="auto"))
    assert "tool_calls" not in got.choice["message"]


@pytest.mark.parametrize("tool", [False, True])
def test_a_stream_says_the_same(shared: FaultServer, tool: bool) -> None:
    if tool:
        function = {"name": "trade", "parameters": Trade.model_json_schema()}
        body = question(
            "tool", tools=[{"type": "function", "function": function}], tool_choice="required"
        )
    else:
        body = shaped("stream this")
    whole = ask(shared, body)
    got = ask(shared, {**body, "stream": True, "stream_options": {"include_usage": True}})
    assert got.headers["content-type"] == "text/event-stream"
    *events, last = [line.removeprefix("data: ") for line in got.raw.decode().split("\n\n") if line]
    assert last == "[DONE]"
    *chunks, end = map(json.loads, events)
    assert end["usage"] == whole.json["usage"]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    if tool:
        calls = [call["function"] for delta in deltas for call in delta.get("tool_calls", [])]
        said = "".join(call["arguments"] for call in calls)
        assert said == whole.choice["message"]["tool_calls"][0]["function"]["arguments"]
    else:
        assert "".join(delta.get("content", "") for delta in deltas) == whole.content
    assert chunks[-1]["choices"][0]["finish_reason"] == whole.choice["finish_reason"]


def test_a_script_comes_before_drawn_answers(serve: Serve, tmp_path: Path) -> None:
    script = [
        {"contains": "weather", "content": "rain"},
        {"contains": "weather in May", "content": "never reached"},
        {"contains": "act", "content": {"action": "say"}},
    ]
    file = tmp_path / "script.json"
    file.write_text(json.dumps(script))
    for server in (serve(answers=script), serve(answers=str(file))):
        assert ask(server, question("the weather in May?")).content == "rain"
        assert json.loads(ask(server, shaped("act!")).content) == {"action": "say"}
        ACTION.validate_json(ask(server, shaped("do something")).content)


def test_tokens_are_a_quarter_of_the_bytes_and_add_up(shared: FaultServer) -> None:
    body = question("äöü")
    body["messages"].insert(0, {"role": "system", "content": [{"type": "text", "text": "12345"}]})
    got = ask(shared, body)
    usage = got.json["usage"]
    assert usage["prompt_tokens"] == 2 + 2
    assert usage["completion_tokens"] == -(-len(got.content) // 4)
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    ask(shared, body, Authorization="Bearer key2")
    stats = shared.stats()
    assert stats["prompt_tokens"] == 2 * usage["prompt_tokens"]
    assert stats["completion_tokens"] == 2 * usage["completion_tokens"]
    assert stats["tokens_by_key"] == {
        "sk-test-********wxyz": usage["total_tokens"], "********key2": usage["total_tokens"]
    }  # fmt: skip


# Faults: which and when


def volley(server: FaultServer, width: int) -> list[tuple[str, int, str | None]]:
    """Twenty-five questions, each asked three times, so many at a time; what happened to which."""
    known = len(server.log())
    bodies = [question(f"q{number}") for number in range(25)] * 3
    with ThreadPoolExecutor(width) as pool:
        list(pool.map(lambda body: ask(server, body), bodies))
    return sorted(
        (line["digest"], line["occurrence"], line["fault"]) for line in server.log()[known:]
    )


def test_faults_repeat_whatever_the_concurrency(shared: FaultServer) -> None:
    kinds = ["rate_limited", "server_error", "malformed", "injected"]
    shared.control(faults=0.3, fault_kinds=kinds, latency="uniform:0:0.01")
    alone = volley(shared, 1)
    shared.reset()
    assert volley(shared, 16) == alone
    hit = [fault for _, _, fault in alone if fault]
    assert set(hit) == set(kinds)
    assert 0.15 < len(hit) / len(alone) < 0.45
    assert shared.stats()["faults"] == {kind: hit.count(kind) for kind in sorted(kinds)}
    shared.reset()
    shared.control(fault_seed=1)
    assert volley(shared, 16) != alone


def test_faults_can_be_kept_to_the_first_attempts(shared: FaultServer) -> None:
    shared.control(faults=1, fault_kinds="server_error", fault_first=2)
    assert [ask(shared, question()).status for _ in range(4)] == [500, 500, 200, 200]


def test_groups_and_names_of_faults_are_understood(shared: FaultServer) -> None:
    kinds = shared.control(fault_kinds="refusals,hang")["fault_kinds"]
    assert {"unauthorised", "hang"} < set(kinds)
    assert "server_error" not in kinds
    everything = set(shared.control(fault_kinds="all")["fault_kinds"])
    groups = [set(shared.control(fault_kinds=name)["fault_kinds"])
              for name in ("transient", "refusals", "content")]  # fmt: skip
    assert set.union(*groups) == everything
    assert sum(map(len, groups)) == len(everything)


# Faults: how they look

STATUSES = {
    "rate_limited": (429, "rate_limit_exceeded"),
    "rate_limited_date": (429, "rate_limit_exceeded"),
    "out_of_credit": (429, "insufficient_quota"),
    "request_timeout": (408, "request_timeout"),
    "server_error": (500, "internal_error"),
    "unavailable": (503, "unavailable"),
    "overloaded": (529, "overloaded_error"),
    "payment_required": (402, "insufficient_credits"),
    "bad_request": (400, "unsupported_parameter"),
    "unauthorised": (401, "invalid_api_key"),
    "unauthorised_echo": (401, "invalid_api_key"),
    "not_found": (404, "model_not_found"),
    "context_too_long": (400, "context_length_exceeded"),
}


def failing(server: FaultServer, kind: str, **options: Any) -> FaultServer:
    """Let the first request of each body meet this fault."""
    server.control(faults=1, fault_kinds=kind, fault_first=1, **options)
    return server


@pytest.mark.parametrize("kind", STATUSES)
def test_a_refusal_has_status_and_code_and_then_is_over(shared: FaultServer, kind: str) -> None:
    failing(shared, kind)
    with dial(shared) as connection:
        got = post(connection, question())
        assert (got.status, got.json["error"]["code"]) == STATUSES[kind]
        assert post(connection, question()).status == 200
    assert shared.stats()["ok"] == 1
    assert shared.stats()["faults"] == {kind: 1}
    assert [line["delivered"] for line in shared.log()[-2:]] == [False, True]


def test_retry_after_comes_in_seconds_and_as_a_date(shared: FaultServer) -> None:
    for kind in ("rate_limited", "unavailable"):
        failing(shared, kind, retry_after=0.25)
        assert ask(shared, question(kind)).headers["retry-after"] == "0.25"
    failing(shared, "rate_limited_date", retry_after=30)
    date = ask(shared, question("date")).headers["retry-after"]
    assert date.endswith(" GMT")
    assert abs(parsedate_to_datetime(date).timestamp() - time.time() - 30) < 10


def test_a_refused_key_is_echoed_masked_or_whole(shared: FaultServer) -> None:
    masked = ask(failing(shared, "unauthorised"), question("a")).raw.decode()
    assert "sk-test-********wxyz" in masked
    assert KEY not in masked
    assert KEY in ask(failing(shared, "unauthorised_echo"), question("b")).raw.decode()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", ["truncated_json", "malformed", "html", "bad_gateway"])
def test_broken_bodies_come_whole_and_are_no_json(
    shared: FaultServer, kind: str, stream: bool
) -> None:
    got = ask(failing(shared, kind), question(stream=stream))
    assert got.status == (502 if kind == "bad_gateway" else 200)
    assert got.headers["content-type"].startswith("text/html") == (kind in ("html", "bad_gateway"))
    first, _, rest = got.raw.decode().removeprefix("data: ").partition("\n\ndata: ")
    if stream and kind == "truncated_json":
        assert "[DONE]" not in rest
    else:
        with pytest.raises(ValueError, match="line 1"):
            json.loads(first)
    assert not shared.log()[-1]["delivered"]
    assert shared.stats()["completion_tokens"] == 0


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("truncated_body", IncompleteRead),
        ("disconnect", RemoteDisconnected),
        ("reset", ConnectionResetError),
    ],
)
def test_connections_break_off(
    shared: FaultServer, kind: str, error: type[HTTPException | OSError]
) -> None:
    failing(shared, kind)
    with pytest.raises(error):
        ask(shared, question())
    assert ask(shared, question()).status == 200
    stats = shared.stats()
    assert (stats["ok"], stats["faults"], stats["clients_gone"]) == (1, {kind: 1}, 0)


def test_a_hanging_request_ends_when_its_client_leaves(shared: FaultServer) -> None:
    failing(shared, "hang")
    with dial(shared, timeout=0.2) as connection, pytest.raises(TimeoutError):
        post(connection, question())
    wait_until(lambda: shared.stats()["clients_gone"] == 1)
    assert shared.stats()["in_flight"] == 0
    line = shared.log()[-1]
    assert (line["fault"], line["gone"], line["delivered"]) == ("hang", True, False)


def test_a_dripping_answer_is_slow_but_sound(shared: FaultServer) -> None:
    failing(shared, "drip")
    began = time.monotonic()
    slow = ask(shared, question())
    assert time.monotonic() - began >= 0.15
    assert slow.raw == ask(shared, question()).raw
    assert [line["delivered"] for line in shared.log()[-2:]] == [True, True]


def test_answers_may_be_empty_in_two_ways(shared: FaultServer) -> None:
    got = ask(failing(shared, "empty_choices"), question("a"))
    assert (got.status, got.json["choices"]) == (200, [])
    got = ask(failing(shared, "null_content"), question("b"))
    assert got.choice["message"]["content"] is None
    assert shared.stats()["prompt_tokens"] == 2


def test_an_answer_may_be_cut_at_its_length_or_refused(shared: FaultServer) -> None:
    cut = ask(failing(shared, "length"), shaped("a"))
    assert cut.choice["finish_reason"] == "length"
    with pytest.raises(ValidationError):
        ACTION.validate_json(cut.content)
    refusal = ask(failing(shared, "refusal"), shaped("b")).choice["message"]
    assert (refusal["content"], bool(refusal["refusal"])) == (None, True)


def test_the_wrong_schema_is_json_that_never_satisfies(shared: FaultServer) -> None:
    failing(shared, "wrong_schema")
    with dial(shared) as connection:
        said = [post(connection, shaped(f"turn {turn}")).content for turn in range(60)]
    for text in said:
        json.loads(text)
        with pytest.raises(ValidationError):
            ACTION.validate_json(text)
    assert len(set(said)) > 12


def test_hostile_text_keeps_to_the_schema(shared: FaultServer) -> None:
    failing(shared, "injected")
    schema = Say.model_json_schema()
    canary = shared.options()["canary"]
    action = Say.model_validate_json(ask(shared, shaped("a", schema)).content)
    assert action.text.startswith(canary)
    free = ask(shared, question("b")).content
    for part in (canary, "\x1b[31m", "<script>", "Ignore all previous instructions", "\u202e"):
        assert part in free
    no_string = ask(shared, shaped("c", {"type": "integer"})).content
    assert canary in no_string


def test_a_huge_answer_has_a_megabyte_in_a_string(shared: FaultServer) -> None:
    failing(shared, "huge")
    said = json.loads(ask(shared, shaped("a", Say.model_json_schema())).content)
    assert said.keys() == {"action", "text", "to"}
    assert len(said["text"]) == 1_000_000
    assert shared.log()[-1]["completion_tokens"] > 250_000


# Time


def test_answers_take_their_time_and_run_side_by_side(serve: Serve) -> None:
    server = serve(latency=0.3)
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda at: ask(server, question(f"{at}")), range(8)))
    assert 0.3 <= time.monotonic() - began < 8 * 0.3
    stats = server.stats()
    assert (stats["requests"], stats["ok"], stats["in_flight"]) == (8, 8, 0)
    assert 2 <= stats["max_in_flight"] <= 8
    assert max(line["in_flight"] for line in server.log()) == stats["max_in_flight"]


@pytest.mark.parametrize("latency", ["uniform:0.001:0.01", "exp:0.005"])
def test_latencies_may_be_drawn(serve: Serve, latency: str) -> None:
    server = serve(latency=latency, latency_seed=3)
    assert ask(server, question()).status == 200
    assert server.options()["latency"] == latency


def test_an_impatient_client_is_not_billed(serve: Serve) -> None:
    server = serve(latency=30)
    with dial(server, timeout=0.1) as connection, pytest.raises(TimeoutError):
        post(connection, question())
    wait_until(lambda: server.stats()["clients_gone"] == 1)
    stats = server.stats()
    assert (stats["ok"], stats["prompt_tokens"], stats["in_flight"]) == (0, 0, 0)


def test_an_outage_begins_after_some_requests_and_passes(serve: Serve) -> None:
    server = serve(down_after=2, down_for=600)
    statuses = [ask(server, question()).status for _ in range(4)]
    assert statuses == [200, 200, 503, 503]
    server.control(down_for=0.05)
    assert ask(server, question()).status == 503
    wait_until(lambda: ask(server, question()).status == 200)
    assert server.stats()["faults"]["down"] >= 3
    answered = [line["occurrence"] for line in server.log() if line["status"] == 200]
    assert answered == [1, 2, 3]


# Bookkeeping


def test_the_log_tells_what_was_sent_but_never_the_key(serve: Serve, tmp_path: Path) -> None:
    log = tmp_path / "requests.jsonl"
    server = serve(log=log)
    ask(server, question(), **{"X-Actor": "ann"})
    (line,) = server.log()
    assert line["n"] == line["occurrence"] == line["in_flight"] == 1
    assert (line["status"], line["fault"], line["delivered"]) == (200, None, True)
    assert line["authorization_present"]
    assert {"authorization", "host", "x-actor"} <= set(line["headers"])
    assert line["x"] == {"x-actor": "ann"}
    assert KEY not in log.read_text()
    assert KEY not in json.dumps(server.stats())
    server.stop()
    assert server.log() == [line]
    assert len(log.read_text().splitlines()) == 1


def test_the_last_bodies_can_be_read(shared: FaultServer) -> None:
    sent = [question(f"{at}") for at in range(3)]
    for body in sent:
        ask(shared, body)
    assert shared.requests(2) == sent[1:]


def test_a_body_that_is_no_question_is_refused(shared: FaultServer) -> None:
    for body in (b"{", b"[]", {"model": "m"}, {"model": 1, "messages": []}, b"[" * 100_000):
        assert ask(shared, body).status == 400
    assert shared.stats()["in_flight"] == 0


def test_large_bodies_and_many_requests_share_a_connection(shared: FaultServer) -> None:
    with dial(shared) as connection:
        got = post(connection, question("x" * 4_000_000))
        assert got.json["usage"]["prompt_tokens"] == 1_000_000
        sock = connection.sock
        for at in range(20):
            post(connection, question(f"{at}"))
        assert connection.sock is sock
        connection.request("GET", "/v1/models")
        with connection.getresponse() as response:
            assert json.load(response)["data"][0]["id"] == "mock"


def test_requests_may_be_sent_before_the_answers_are_read(shared: FaultServer) -> None:
    raw = json.dumps(question()).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: {len(raw)}\r\n".encode()
    more = head + b"\r\n" + raw
    last = head + b"Connection: close\r\nExpect: 100-continue\r\n\r\n" + raw
    with closing(socket.create_connection(("127.0.0.1", shared.port))) as sock:
        sock.sendall(more * 3 + last)
        received = b"".join(iter(lambda: sock.recv(65536), b""))
    assert received.count(b"HTTP/1.1 200 OK") == 4
    assert received.count(b"HTTP/1.1 100 Continue") == 1


def test_options_are_checked(fault_server: FaultServer) -> None:
    before = fault_server.options()
    for wrong, reason in (
        ({"lateness": 1}, "no option 'lateness'"),
        ({"latency": "normal:1"}, "uniform:0.01:0.1"),
        ({"faults": 2}, "from 0 to 1"),
        ({"fault_kinds": "flood"}, "no fault 'flood'"),
        ({"answers": "nowhere.json"}, "nowhere.json"),
        ({"fault_seed": "x", "faults": 1}, "no value for fault_seed"),
    ):
        with pytest.raises(ValueError, match=reason):
            fault_server.control(**wrong)
    assert fault_server.options() == before
    with pytest.raises(ValueError, match="no fault 'flood'"):
        start_server(fault_kinds="flood")


def test_reset_zeroes_the_counters_and_the_occurrences(shared: FaultServer) -> None:
    fresh = shared.stats()
    ask(shared, question())
    assert shared.stats() != fresh
    shared.reset()
    assert shared.stats() == fresh
    ask(shared, question())
    assert shared.log()[-1]["occurrence"] == 1


@pytest.mark.parametrize("way", ["stdin", "sigterm"])
def test_the_process_ends_with_its_parent_or_when_told(way: str) -> None:
    program = Path(__file__).parent / "server" / "fault_server.py"
    with subprocess.Popen(
        [sys.executable, str(program), "--port", "0", "--faults", "0.5"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["port"]
        with closing(HTTPConnection("127.0.0.1", port)) as connection:
            connection.request("GET", "/control")
            with connection.getresponse() as response:
                assert json.load(response)["faults"] == 0.5
            if way == "stdin":
                process.stdin.close()
            else:
                process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
