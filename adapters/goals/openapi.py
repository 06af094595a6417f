"""The OpenAPI document: what FastAPI knows, every refusal, and an example of everything."""

from copy import deepcopy
from typing import Any

from fastapi import FastAPI

from .examples import HEALTH, METRICS, PARAMETERS, TRACE_ID
from .middleware import OPEN, ApiSettings
from .problems import MEDIA_TYPE, TYPE
from .refusals import KINDS
from .table import ROWS

_JSON, _MERGE_PATCH = "application/json", "application/merge-patch+json"
_OPENMETRICS = "application/openmetrics-text"
_VERSIONED = ("GoalRead", "BeliefView")
"""Bodies that have an ETag."""
_PATCHES = ("GoalPatch", "BeliefPatch")
"""Schemas in which a field that is not given stays as it is, whatever default Python has for it."""
_UNUSED = ("HTTPValidationError", "ValidationError")
"""FastAPI's own forms of refusals."""
_ROWS = {row.operation: row for row in ROWS}
_TEXT = {"type": "string"}
_ETAG = {"description": "Its version in quotes.", "required": True, "schema": _TEXT}
_LOCATION = {"description": "Where it is found.", "required": True, "schema": _TEXT}
_PROBLEM = {
    "title": "Problem",
    "description": "RFC 9457. Facts that a program may want stand beside the fixed members.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "trace_id", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": f"{TYPE}<code>"},
        "title": _TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": _TEXT,
        "instance": {"type": "string", "description": "The path of the request."},
        "trace_id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "code": {"type": "string", "description": "Names the kind; stable."},
    },
}


def refusals(
    *codes: str, of_store: bool = True, not_modified: bool = False
) -> dict[int | str, dict[str, Any]]:
    """Describe what an operation refuses, for FastAPI's `responses`."""
    found: dict[int | str, dict[str, Any]] = {}
    for code in (*codes, *(("store-unavailable",) if of_store else ()), "internal-error"):
        _add_refusal(found, KINDS[code].status, code)
    if not_modified:
        found[304] = {"description": "The client has this version already."}
    return found


def _add_refusal(responses: dict[Any, dict[str, Any]], status: int | str, code: str) -> None:
    kind = KINDS[code]
    entry = responses.setdefault(status, {"description": kind.title, "content": {
        MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}
    }})  # fmt: skip
    titles = entry["description"].split("; ")
    if kind.title not in titles:
        entry["description"] = "; ".join([*titles, kind.title])
    entry["content"][MEDIA_TYPE]["examples"][code] = {"value": {
        "type": TYPE + code, "title": kind.title, "status": kind.status, "detail": kind.title,
        "instance": "/v1/goals", "trace_id": TRACE_ID, "code": code,
    }}  # fmt: skip


def document(app: FastAPI, settings: ApiSettings) -> dict[str, Any]:
    """Return the whole document."""
    found = deepcopy(FastAPI.openapi(app))
    components = found.setdefault("components", {})
    for name in _UNUSED:
        components.get("schemas", {}).pop(name, None)
    components["schemas"]["Problem"] = _PROBLEM
    for name in _PATCHES:
        for field in components["schemas"][name]["properties"].values():
            field.pop("default", None)
    described = [(path, one) for path, known in found["paths"].items() for one in known.values()]
    for path, operation in described:
        protected = settings.token is not None and path not in OPEN
        if protected:
            operation["security"] = [{"bearer": []}]
        _complete_refusals(operation, protected)
        _complete_parameters(operation)
        _complete_bodies(operation)
    if settings.token is not None:
        components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    return found


def _complete_refusals(operation: dict[str, Any], protected: bool) -> None:
    responses = operation["responses"]
    if MEDIA_TYPE not in responses.get("422", {}).get("content", {}):
        responses.pop("422", None)  # FastAPI's own
    automatic = ["unauthorised"] if protected else []
    if operation.get("parameters") or "requestBody" in operation:
        automatic.append("invalid-request")
    if "requestBody" in operation:
        automatic += ["body-too-large", "unsupported-media-type"]
    for code in automatic:
        _add_refusal(responses, str(KINDS[code].status), code)
    operation["responses"] = dict(sorted(responses.items()))


def _complete_parameters(operation: dict[str, Any]) -> None:
    name = operation["operationId"]
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in PARAMETERS:
            parameter["example"] = PARAMETERS[parameter["name"]]
        if parameter["name"] == "if-match" and name.startswith("edit_"):
            parameter["required"] = True
        choices = parameter["schema"].get("anyOf", ())
        if choices:  # null is how Python says "not given"; in a URL or a header it is a text
            parameter["schema"] = next(one for one in choices if one.get("type") != "null")


def _complete_bodies(operation: dict[str, Any]) -> None:
    row = _ROWS.get(operation["operationId"])
    if row is not None and "requestBody" in operation:
        content = operation["requestBody"]["content"]
        examples = {title: {"value": value} for title, value in row.requests.items()}
        content[_JSON]["examples"] = examples
        if row.method == "PATCH":
            content[_MERGE_PATCH] = content[_JSON]
    (status,) = [status for status in operation["responses"] if status.startswith("2")]
    response = operation["responses"][status]
    if "text/plain" in response["content"]:
        content = response["content"]
        content["text/plain"]["example"] = METRICS
        content[_OPENMETRICS] = {"schema": _TEXT, "example": f"{METRICS}# EOF\n"}
        return
    shown = response["content"][_JSON]
    shown["examples"] = {"usual": {"value": HEALTH if row is None else row.response}}
    if row is not None and row.shown is not None and row.shown.title in _VERSIONED:
        response["headers"] = {"ETag": _ETAG}
        if status == "201":
            response["headers"]["Location"] = _LOCATION
