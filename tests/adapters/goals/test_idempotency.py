"""A11: a POST that comes again with its Idempotency-Key is answered again and not done again."""

import pytest
import trio

from gdg_runtime.adapters.goals.ports import DatabasePort

NEW = {"text": "Tidy the test data", "category": "maintenance"}


async def test_A11_a_replay_has_the_same_status_and_body(api) -> None:
    first = await api("POST", "/v1/goals", NEW, Idempotency_Key="k")
    again = await api("POST", "/v1/goals", NEW, Idempotency_Key="k")
    assert (again.status_code, again.content) == (201, first.content)
    for header in ("ETag", "Location"):
        assert again.headers[header] == first.headers[header]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert await api.events() == ["goal_created"]


async def test_A11_the_same_body_in_another_spelling_is_the_same_request(api) -> None:
    first = await api("POST", "/v1/goals", NEW, Idempotency_Key="k")
    spelled = b'{ "category":"maintenance", "text" : "Tidy the test data" }'
    again = await api("POST", "/v1/goals", spelled, Idempotency_Key="k")
    assert again.content == first.content


async def test_A11_another_payload_with_the_key_is_422(api) -> None:
    await api("POST", "/v1/goals", NEW, Idempotency_Key="k")
    other = await api("POST", "/v1/goals", {**NEW, "value": 0.9}, Idempotency_Key="k")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert await api.events() == ["goal_created"]


async def test_A11_a_key_means_nothing_at_another_path(api) -> None:
    goal = (await api("POST", "/v1/goals", NEW, Idempotency_Key="k")).json()
    adopted = await api("POST", f"/v1/goals/{goal['id']}/adopt", Idempotency_Key="k")
    assert adopted.json()["state"] == "adopted"
    assert "Idempotency-Replayed" not in adopted.headers


async def test_A11_a_key_means_nothing_to_another_token(serving, store) -> None:
    for token in ("first-token", "other-token"):
        async with serving(DatabasePort(store), token=token) as api:
            answer = await api("POST", "/v1/goals", NEW, Idempotency_Key="k")
            assert "Idempotency-Replayed" not in answer.headers
            assert len(await api.events()) == (1 if token == "first-token" else 2)


async def test_A11_a_key_is_kept_for_24_hours(api, clock) -> None:
    first = await api("POST", "/v1/goals", NEW, Idempotency_Key="k")
    clock.turn(hours=23, minutes=59)
    kept = await api("POST", "/v1/goals", NEW, Idempotency_Key="k")
    clock.turn(minutes=2)
    new = await api("POST", "/v1/goals", NEW, Idempotency_Key="k")
    assert kept.json()["id"] == first.json()["id"] != new.json()["id"]


async def test_A11_sixteen_adopts_at_once_with_one_key_are_one_event(api) -> None:
    goal = await api.goal()
    answers = []

    async def adopt() -> None:
        path = f"/v1/goals/{goal['id']}/adopt"
        answers.append(await api("POST", path, Idempotency_Key="k"))

    async with trio.open_nursery() as nursery:
        for _ in range(16):
            nursery.start_soon(adopt)
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (200, answers[0].content)
    }
    assert [answer.headers.get("Idempotency-Replayed") for answer in answers].count("true") == 15
    assert await api.events() == ["goal_created", "goal_adopted"]
    assert await api.metric("goals_adopted_total") == 1


async def test_A11_a_refusal_is_replayed_and_noted_once(api) -> None:
    await api.belief(id="no")
    goal = await api.goal(contradicts=["no"])
    path = f"/v1/goals/{goal['id']}/adopt"
    first = await api("POST", path, Idempotency_Key="k")
    again = await api("POST", path, Idempotency_Key="k")
    assert again.status_code == first.status_code == 409
    assert {**again.json(), "trace_id": ""} == {**first.json(), "trace_id": ""}
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await api.events()).count("goal_blocked_by_belief") == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/goals", NEW),
        ("/v1/goals/import", {"goals": []}),
        ("/v1/goals/next", {"selection_key": "a"}),
        ("/v1/beliefs", {"id": "core.kindness", "text": "Be kind"}),
        ("/v1/goals/{}/approve", None),
        ("/v1/goals/{}/adopt", None),
        ("/v1/goals/{}/abandon", {"reason": "over"}),
    ],
)
async def test_A11_every_post_knows_the_key(api, path: str, body) -> None:
    path = path.format((await api.goal())["id"])
    first = await api("POST", path, body, Idempotency_Key="k")
    again = await api("POST", path, body, Idempotency_Key="k")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("how", ["complete", "release"])
async def test_A11_so_do_the_ends_of_an_execution(api, how: str) -> None:
    task = await api.executing()
    path, body = f"/v1/goals/{task['goal_id']}/{how}", {"complete": {"success": True}}.get(how)
    first = await api("POST", path, body, Idempotency_Key="k")
    again = await api("POST", path, body, Idempotency_Key="k")
    assert first.status_code == 200
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("key", ["", "x" * 256, "a b"])
async def test_A11_a_key_that_is_none_is_422(api, key: str) -> None:
    assert (await api("POST", "/v1/goals", NEW, Idempotency_Key=key)).status_code == 422


async def test_A11_a_body_that_is_no_json_has_a_key_all_the_same(api) -> None:
    """Where no body is expected, none is read but for the key."""
    path = f"/v1/goals/{(await api.goal())['id']}/adopt"
    first = await api("POST", path, b"\xff", Idempotency_Key="k", Content_Type="text/plain")
    other = await api("POST", path, b"\xfe", Idempotency_Key="k", Content_Type="text/plain")
    assert (first.status_code, other.status_code) == (200, 422)
