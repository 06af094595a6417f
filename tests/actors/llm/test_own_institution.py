"""A language model is offered the tool of an institution that its code knows nothing of."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gdg_runtime.actors.llm.chat import Chat

EXAMPLES = Path(__file__).parents[3] / "examples"
SCENARIO = """
scenario_id: village
world: {name: own_institution:Village}
llm: {model: openai/test, api_base: "http://127.0.0.1:9/v1"}
agents:
  - {type: llm, name: judge, role: verifier}
  - {type: llm, name: maker, role: worker}
  - {type: honest}
simulation: {epochs: 1, steps_per_epoch: 4, seed: 1}
"""


def say(question: Chat) -> str:
    """Vouch for the first agent that the schema names, where it does."""
    schema = json.dumps(question.json_schema)
    if '"accept"' in schema:
        return '{"reasoning": "so", "accept": false, "effort": 0.0}'
    action: dict[str, Any] = {"tool": "noop"}
    if "vouch" in schema:
        action = {"tool": "vouch", "agent": "honest_1"}
    return json.dumps({"reasoning": "so", "action": action})


def test_a_model_uses_the_tool_while_its_limit_and_its_role_allow(
    converse: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(EXAMPLES)
    played = converse(SCENARIO, say)
    vouched = played.of_type("vouched")
    assert [event["agent"] for event in vouched] == ["judge_1", "judge_1"], "two in an epoch"
    assert {event["other"] for event in vouched} == {"honest_1"}
    prompts = {str(question.messages) for question in played.asked}
    assert any("Vouch for another agent" in prompt for prompt in prompts)
    contents = [message.content for question in played.asked for message in question.messages]
    assert any('"budget":100,"vouches":2' in content for content in contents)
    makers = [text for text in prompts if "You do the work" in text]
    assert makers and not any("Vouch for another agent" in text for text in makers)
