"""`ctx.llm`, `ctx.note` and the other doors of agents of one's own."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from gdg_runtime.actors.llm.chat import Chat

SCENARIO = """
scenario_id: own
llm: {{model: openai/test, api_base: "http://127.0.0.1:9/v1"}}
agents:
  - {{type: "own_askers:{kind}", name: own, count: 1}}
  - {{type: honest, count: 3}}
simulation: {{epochs: 1, steps_per_epoch: 4, seed: 1}}
"""


def echo(question: Chat) -> str:
    schema = question.json_schema or {}
    return json.dumps(schema.get("enum", [question.messages[-1].content]))


@pytest.fixture
def played(converse: Callable[..., Any], monkeypatch: Any) -> Callable[[str], Any]:
    from pathlib import Path

    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    return lambda kind: converse(SCENARIO.format(kind=kind), echo)


def test_a_question_is_sent_as_it_was_when_it_was_asked(played: Callable[[str], Any]) -> None:
    answers = [event["answers"] for event in played("Mutating").of_type("answered")]
    assert answers == [["[1]", "[2]", "[3]"]] * 4


def test_questions_that_are_asked_at_once_are_counted(played: Callable[[str], Any]) -> None:
    use = played("Mutating").metrics["agents"]["own_1"]["language_models"]
    assert use["calls"] == 12
    assert use["prompt_tokens"] == 1200


def test_an_async_update_and_an_async_learn_are_run(played: Callable[[str], Any]) -> None:
    result = played("Learning")
    assert [event["tool"] for event in result.of_type("learned")] == ["post"] * 3
    assert result.metrics["agents"]["own_1"]["language_models"]["calls"] >= 3


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("NotesASet", "set"),
        ("NotesAStep", "can't have a field 'step' of its own"),
        ("NotesTheDeep", "depth exceeded"),
    ],
)
def test_a_note_that_cannot_be_kept_is_its_agents_failure(
    played: Callable[[str], Any], kind: str, says: str
) -> None:
    failures = played(kind).of_type("agent_failed")
    assert {event["agent"] for event in failures} == {"own_1"}
    assert says in failures[0]["error"]


def test_what_was_read_in_a_turn_that_failed_is_not_put_down_to_the_next(
    played: Callable[[str], Any],
) -> None:
    own = [step for step in played("FailsOnce").steps if step["agent"] == "own_1"]
    assert "exposure" not in own[0]
    assert own[1]["exposure"]["seen"] == [["post", "1", None]]
