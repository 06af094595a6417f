"""How much may be sent."""

import pytest

from gdg_runtime.adapters.goals.ports import DatabasePort


async def pieces():
    for _ in range(30):
        yield b" " * 100


@pytest.fixture
async def small(serving, store):
    async with serving(DatabasePort(store), body_limit=2000, import_limit=4000) as api:
        yield api


async def test_a_body_that_says_that_it_is_too_large_is_not_read(small) -> None:
    answer = await small("POST", "/v1/goals", b" " * 2001)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    assert "2,000 bytes" in answer.json()["detail"]


async def test_a_body_that_turns_out_too_large_is_not_read_on(small) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await small.client.post("/v1/goals", content=pieces(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


async def test_an_import_may_be_larger(small) -> None:
    body = b'{"goals": []' + b" " * 3900 + b"}"
    assert (await small("POST", "/v1/goals/import", body)).status_code == 200
    assert (await small("POST", "/v1/goals/import", body + b" " * 100)).status_code == 413


async def test_a_body_within_the_limit_is_taken(small) -> None:
    body = b'{"text": "x", "category": "maintenance"' + b" " * 1900 + b"}"
    assert (await small("POST", "/v1/goals", body)).status_code == 201
