"""A12: the bearer token."""

import httpx2
import pytest

from gdg_runtime.adapters.goals.ports import DatabasePort

TOKEN = "0123456789abcdef"


@pytest.mark.parametrize(
    ("header", "error"),
    [
        (None, False),
        ("Bearer", False),
        ("Basic 0123456789abcdef", False),
        ("Bearer wrong", True),
        (f"Bearer {TOKEN}x", True),
        ("Bearer \u00e9", True),
    ],
)
async def test_A12_without_the_token_nothing_is_done(serving, store, header, error) -> None:
    async with serving(DatabasePort(store), token=TOKEN) as api:
        sent = [] if header is None else [(b"Authorization", header.encode("latin-1"))]
        api.client.headers = httpx2.Headers(sent)
        for path in ("/v1/goals", "/v1/ledger", "/v1/unknown", "/unknown"):
            answer = await api("GET", path)
            assert answer.status_code == 401
            assert answer.json()["code"] == "unauthorised"
            challenge = answer.headers["WWW-Authenticate"]
            assert challenge.startswith("Bearer ")
            assert ('error="invalid_token"' in challenge) is error
        broken = await api("POST", "/v1/goals", b"{not even JSON")
        assert broken.status_code == 401, "nothing of the request is read"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_A12_with_the_token_it_is(serving, store, scheme: str) -> None:
    async with serving(DatabasePort(store), token=TOKEN) as api:
        api.client.headers["Authorization"] = f"{scheme} {TOKEN}"
        assert (await api("GET", "/v1/goals")).status_code == 200


async def test_A12_health_figures_and_the_document_are_open(serving, store) -> None:
    async with serving(DatabasePort(store), token=TOKEN) as api:
        del api.client.headers["Authorization"]
        for path in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
            assert (await api("GET", path)).status_code == 200
        document = (await api("GET", "/openapi.json")).json()
    assert document["components"]["securitySchemes"] == {
        "bearer": {"type": "http", "scheme": "bearer"}
    }
    assert document["paths"]["/v1/goals"]["get"]["security"] == [{"bearer": []}]
    assert "401" in document["paths"]["/v1/goals"]["get"]["responses"]
    assert "security" not in document["paths"]["/metrics"]["get"]
