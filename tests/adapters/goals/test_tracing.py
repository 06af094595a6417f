"""T4: one trace through every hop."""

import json

import httpx2
import pytest
import trio

from gdg_runtime.adapters.goals.app import create_app
from gdg_runtime.adapters.goals.middleware import parse_traceparent
from gdg_runtime.adapters.goals.ports import DatabasePort

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEADER = f"00-{TRACE}-{PARENT}-01"


def traces_in(found: object) -> set[str]:
    """All trace ids in some JSON, at any depth."""
    if isinstance(found, dict):
        own = {value for name, value in found.items() if name == "trace_id"}
        return own.union(*[traces_in(value) for value in found.values()])
    return set().union(*[traces_in(item) for item in found]) if isinstance(found, list) else set()


async def test_T4_the_callers_trace_is_in_everything_that_comes_of_it(api, log) -> None:
    api.client.headers["traceparent"] = HEADER
    answers = [await api("POST", "/v1/goals", {"text": "x", "category": "maintenance"})]
    path = f"/v1/goals/{answers[0].json()['id']}"
    answers += [await api("POST", f"{path}/adopt"),
                await api("POST", "/v1/goals/next", {"selection_key": "a"}),
                await api("DELETE", path)]  # fmt: skip
    assert [answer.status_code for answer in answers] == [201, 200, 200, 409]
    assert {answer.headers["X-Trace-Id"] for answer in answers} == {TRACE}
    records = (await api("GET", "/v1/decisions")).json()["records"]
    events = (await api("GET", "/v1/ledger")).json()["items"]
    task, refused = answers[2].json()["task"], answers[3].json()
    for told in (records, events, task, refused):
        assert traces_in(told) == {TRACE}, json.dumps(told)
    while len(log) < 6:  # a line is written once the client has its answer
        await trio.sleep(0.001)
    assert {line["trace_id"] for line in log} == {TRACE}
    spans = {line["span_id"] for line in log} | {event["span_id"] for event in events}
    assert PARENT not in spans
    assert len({line["span_id"] for line in log}) == len(log), "each request has its own span"


async def test_T4_the_callers_span_is_the_parent(api, store) -> None:
    seen = []

    class Spying(DatabasePort):
        async def ask(self, command):
            seen.append(command.caller.trace)
            return await super().ask(command)

    transport = httpx2.ASGITransport(app=create_app(Spying(store)))
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://test", verify=False
    ) as client:
        await client.get("/v1/goals", headers={"traceparent": HEADER})
        await client.get("/v1/goals")
    assert (seen[0].trace_id, seen[0].parent_id) == (TRACE, PARENT)
    assert seen[0].span_id != PARENT
    assert (seen[1].parent_id, seen[1].trace_id != TRACE) == (None, True)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}",
    ],
)
async def test_T4_a_header_that_is_not_valid_begins_a_new_trace(api, header: str) -> None:
    assert parse_traceparent(header) is None
    answer = await api("GET", "/healthz", traceparent=header)
    assert answer.status_code == 200
    assert len(answer.headers["X-Trace-Id"]) == 32
    assert answer.headers["X-Trace-Id"] != TRACE


async def test_T4_two_headers_begin_a_new_trace(api) -> None:
    headers = [("traceparent", HEADER), ("traceparent", HEADER)]
    answer = await api.client.get("/healthz", headers=headers)
    assert answer.headers["X-Trace-Id"] != TRACE


def test_T4_a_later_version_of_the_header_may_say_more() -> None:
    assert parse_traceparent(f"01-{TRACE}-{PARENT}-01-more") == (TRACE, PARENT)
    assert parse_traceparent(f" {HEADER} ") == (TRACE, PARENT)


async def test_T4_each_request_is_logged_with_what_came_of_it(api, log) -> None:
    answer = await api("GET", "/v1/goals/goal_none")
    while not log:  # it is written once the client has its answer
        await trio.sleep(0.001)
    (line,) = log
    assert (line["event"], line["method"], line["path"], line["status"]) == (
        "request", "GET", "/v1/goals/goal_none", 404,
    )  # fmt: skip
    assert line["trace_id"] == answer.json()["trace_id"]
    assert line["ms"] > 0


async def test_T4_the_span_of_open_telemetry_is_taken_where_there_is_one(store) -> None:
    sdk = pytest.importorskip("opentelemetry.sdk.trace")
    tracer = sdk.TracerProvider().get_tracer("test")
    transport = httpx2.ASGITransport(app=create_app(DatabasePort(store)))
    with tracer.start_as_current_span("outer"), tracer.start_as_current_span("inner") as span:
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://test", verify=False
        ) as client:
            answer = await client.get("/healthz", headers={"traceparent": HEADER})
    assert answer.headers["X-Trace-Id"] == f"{span.get_span_context().trace_id:032x}"
