"""A8: the OpenAPI document says what the API does, with examples that are true."""

from collections.abc import Iterator

import jsonschema
import pytest
from openapi_spec_validator import validate

from gdg_runtime.adapters.goals.app import create_app
from gdg_runtime.adapters.goals.middleware import ApiSettings

APP = create_app(None, ApiSettings(token="secret"))
DOCUMENT = APP.openapi()


def operations() -> Iterator[tuple[str, str, dict]]:
    for path, found in DOCUMENT["paths"].items():
        for method, operation in found.items():
            yield method, path, operation


def fits(value: object, schema: dict) -> None:
    jsonschema.validate(
        value,
        {**schema, "components": DOCUMENT["components"]},
        cls=jsonschema.Draft202012Validator,
        format_checker=jsonschema.FormatChecker(),
    )


def named(found: tuple[str, str, dict]) -> str:
    return found[2]["operationId"]


def test_A8_the_document_is_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    validate(DOCUMENT)


def test_A8_the_document_is_made_once() -> None:
    assert APP.openapi() is DOCUMENT


def test_A8_every_endpoint_is_there() -> None:
    assert {(method.upper(), path) for method, path, _ in operations()} == {
        ("POST", "/v1/goals"), ("GET", "/v1/goals"), ("GET", "/v1/goals/prioritized"),
        ("POST", "/v1/goals/import"), ("POST", "/v1/goals/next"),
        ("GET", "/v1/goals/{goal_id}"), ("PATCH", "/v1/goals/{goal_id}"),
        ("DELETE", "/v1/goals/{goal_id}"), ("GET", "/v1/goals/{goal_id}/explain"),
        ("GET", "/v1/goals/{goal_id}/history"), ("POST", "/v1/goals/{goal_id}/adopt"),
        ("POST", "/v1/goals/{goal_id}/approve"), ("POST", "/v1/goals/{goal_id}/abandon"),
        ("POST", "/v1/goals/{goal_id}/complete"), ("POST", "/v1/goals/{goal_id}/release"),
        ("GET", "/v1/ledger"), ("GET", "/v1/beliefs"), ("POST", "/v1/beliefs"),
        ("GET", "/v1/beliefs/{belief_id}"), ("PATCH", "/v1/beliefs/{belief_id}"),
        ("GET", "/v1/decisions"), ("PUT", "/v1/decisions/{decision_id}/parameters/{name}"),
        ("GET", "/v1/rollout"), ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"),
    }  # fmt: skip


@pytest.mark.parametrize("found", list(operations()), ids=named)
def test_A8_each_operation_has_examples_that_pass_their_schemas(found) -> None:
    _, _, operation = found
    assert operation["description"]
    contents = [response.get("content", {}) for response in operation["responses"].values()]
    if "requestBody" in operation:
        contents.append(operation["requestBody"]["content"])
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            fits(parameter["example"], parameter["schema"])
    for content in contents:
        for media in content.values():
            values = [media["example"]] if "example" in media else []
            values += [example["value"] for example in media.get("examples", {}).values()]
            assert values, operation["operationId"]
            for value in values:
                fits(value, media["schema"])


@pytest.mark.parametrize("found", list(operations()), ids=named)
def test_A8_each_operation_says_what_it_refuses(found) -> None:
    method, path, operation = found
    responses = operation["responses"]
    assert "500" in responses
    assert ("401" in responses) is path.startswith("/v1/")
    assert ("503" in responses) is (path != "/healthz")
    assert ("413" in responses) is ("requestBody" in operation)
    headers = {parameter["name"] for parameter in operation.get("parameters", ())}
    assert ("idempotency-key" in headers) is (method == "post")
    for status, response in responses.items():
        if int(status) >= 400:
            assert list(response["content"]) == ["application/problem+json"]


def test_what_the_framework_would_refuse_with_is_not_told() -> None:
    assert not {"HTTPValidationError", "ValidationError"} & set(DOCUMENT["components"]["schemas"])
