"""Arguments that are let through can be applied."""

import math

import pytest
from pydantic import ValidationError

from gdg_runtime.scenarios.worlds.sandbox.world import SandboxWorld

ARGUMENTS = {tool.name: tool.arguments for tool in SandboxWorld.tools}


@pytest.mark.parametrize(
    ("tool", "args"),
    [
        ("post", {}),
        ("post", {"content": ""}),
        ("post", {"content": "x", "title": "y"}),
        ("post", {"content": 3}),
        ("reply", {"post_id": 0, "content": "x"}),
        ("reply", {"post_id": 10**13, "content": "x"}),
        ("vote", {"post_id": 1, "value": 0}),
        ("vote", {"post_id": 1, "value": 2}),
        ("vote", {"post_id": 1.5, "value": 1}),
        ("propose", {"counterparty": ""}),
        ("propose", {"counterparty": "a", "tau": 11}),
        ("propose", {"counterparty": "a", "tau": math.nan}),
        ("propose", {"counterparty": "a", "tau": math.inf}),
        ("propose", {"counterparty": "a", "promise": 1.1}),
        ("propose", {"counterparty": "a", "effort": -0.1}),
        ("propose", {"counterparty": "a", "effort": math.nan}),
        ("propose", {"counterparty": "a", "corners": 4}),
        ("propose", {"counterparty": "a", "corners": 0.5}),
        ("propose", {"counterparty": "a", "kind": "gift"}),
        ("propose", {"counterparty": "a", "huge": 1}),
    ],
)
def test_bad_arguments_are_refused_before_they_reach_the_world(tool, args):
    with pytest.raises(ValidationError):
        ARGUMENTS[tool](**args)


def test_the_json_schema_tells_a_model_the_ranges():
    schema = {tool.name: tool.json_schema for tool in SandboxWorld.tools}["propose"]["properties"]
    assert (schema["tau"]["minimum"], schema["tau"]["maximum"]) == (-10.0, 10.0)
    assert schema["corners"]["maximum"] == 3
