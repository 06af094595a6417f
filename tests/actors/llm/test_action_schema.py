"""The schema that a model gets admits what the agent may do now, and nothing else."""

import json
from typing import Any

from gdg_runtime.actors.llm.actions import ActionSchema, read_action
from gdg_runtime.scenarios.testing.options import example
from gdg_runtime.scenarios.worlds.release_manager.interface import TOOLS as RELEASE
from gdg_runtime.scenarios.worlds.sandbox.world import SandboxWorld


def alternatives(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = schema["properties"]["action"]["anyOf"]
    return {option["properties"]["tool"]["enum"][0]: option["properties"] for option in found}


def objects(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [found for item in schema for found in objects(item)]
    if not isinstance(schema, dict):
        return []
    own = [schema] if schema.get("type") == "object" else []
    return own + [found for item in schema.values() for found in objects(item)]


def test_each_tool_is_an_alternative_and_so_is_doing_nothing() -> None:
    for tools in (SandboxWorld.tools, RELEASE):
        schema = ActionSchema(tools, reasoning=True, max_text=100).now(tools, {})
        assert list(alternatives(schema)) == [*[tool.name for tool in tools], "noop"]


def test_strict_modes_get_what_they_demand() -> None:
    """All properties required, no other allowed, no references, none of the words they refuse."""
    for tools in (SandboxWorld.tools, RELEASE):
        schema = ActionSchema(tools, reasoning=True, max_text=100).now(tools, {})
        for found in objects(schema):
            assert found["required"] == list(found["properties"])
            assert found["additionalProperties"] is False
        text = json.dumps(schema)
        assert not [word for word in ("$ref", "default", "title", '"const"') if word in text]


def test_known_values_narrow_arguments_and_a_tool_without_any_is_left_out() -> None:
    choices = {"post_id": (3, 1), "vote.post_id": (), "counterparty": ("honest_2",)}
    found = alternatives(
        ActionSchema(SandboxWorld.tools, reasoning=False, max_text=100).now(
            SandboxWorld.tools, choices
        )
    )
    assert found["reply"]["post_id"] == {"type": "integer", "enum": [3, 1]}
    assert "vote" not in found
    assert found["propose"]["counterparty"] == {"type": "string", "enum": ["honest_2"]}


def test_texts_are_bounded() -> None:
    found = alternatives(
        ActionSchema(SandboxWorld.tools, reasoning=False, max_text=100).now(SandboxWorld.tools, {})
    )
    assert found["post"]["content"]["maxLength"] == 100


def test_what_the_schema_admits_can_be_read_back() -> None:
    for tool in (*SandboxWorld.tools, *RELEASE):
        action = example(tool, "text")
        content = json.dumps({"action": {"tool": tool.name, **action.args}})
        assert read_action(content, (tool,), {}) == action
