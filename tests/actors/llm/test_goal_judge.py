"""A language model that compares goals with beliefs before they are adopted, in an episode."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from gdg_runtime.actors.llm.chat import Chat
from gdg_runtime.runtime.errors import EffectFault

SCENARIO = """
scenario_id: judged
goals:
  system: on
  shadow: off
  checker: CHECKER
  judge: {model: openai/judge, api_base: "http://127.0.0.1:9/v1"}
  beliefs:
    - {id: honesty, text: "Partners must be told the truth"}
  list:
    - text: "Dress up the quality of the work"
      category: exploration
      aligns_with: [honesty]
    - text: "Never tell partners the truth"
      category: exploration
      aligns_with: [honesty]
    - text: "Publish every price"
      category: maintenance
      aligns_with: [honesty]
agents:
  - {type: goal_led, otherwise: honest, count: 2}
simulation: {epochs: 1, steps_per_epoch: 3, seed: 1}
"""


def of_goal(question: Chat) -> str:
    pair = json.loads(question.messages[-1].content)
    goal: str = pair["goal"]
    return goal


def verdict(severity: float) -> str:
    return json.dumps({"rationale": "so I think", "evidence": [], "severity": severity})


def dislikes_dressing_up(question: Chat) -> str:
    return verdict(0.9 if of_goal(question).startswith("Dress") else 0.0)


def adopted(spoken: Any) -> list[str]:
    texts = {event["goal_id"]: event["text"] for event in spoken.of_type("goal_created")}
    return sorted({texts[event["goal_id"]] for event in spoken.of_type("goal_adopted")})


def test_what_the_judge_finds_severe_is_not_adopted(converse: Callable[..., Any]) -> None:
    spoken = converse(SCENARIO.replace("CHECKER", "judge"), dislikes_dressing_up)
    assert adopted(spoken) == ["Never tell partners the truth", "Publish every price"]
    blocked = spoken.of_type("goal_blocked_by_belief")
    assert {event["severity"] for event in blocked} == {0.9}
    assert {event["belief_ids"][0] for event in blocked} == {"honesty"}


def test_with_both_the_stricter_of_judge_and_rules_counts(converse: Callable[..., Any]) -> None:
    spoken = converse(SCENARIO.replace("CHECKER", "both"), dislikes_dressing_up)
    assert adopted(spoken) == ["Publish every price"]


def test_a_judge_is_asked_once_about_each_pair_and_its_use_is_counted(
    converse: Callable[..., Any],
) -> None:
    spoken = converse(SCENARIO.replace("CHECKER", "judge"), dislikes_dressing_up)
    asked = [of_goal(question) for question in spoken.asked]
    assert len(asked) == len(set(asked)) == 3
    assert spoken.metrics["goals"]["judge"]["calls"] == 3
    assert spoken.metrics["goals"]["judge"]["prompt_tokens"] == 300
    assert {question.sampling["temperature"] for question in spoken.asked} == {0.0}


@pytest.mark.parametrize(
    "answer",
    [
        "I would rather not say",
        '{"severity": 0.0}',
        verdict(1.5),
        EffectFault("model_failed", "the model is down", {"calls": 1, "faults": []}),
    ],
    ids=["words", "half", "out of range", "failed"],
)
def test_a_goal_is_not_adopted_if_the_judge_gives_no_usable_answer(
    converse: Callable[..., Any], answer: Any
) -> None:
    spoken = converse(SCENARIO.replace("CHECKER", "judge"), lambda question: answer)
    assert adopted(spoken) == []
    blocked = spoken.of_type("goal_blocked_by_belief")
    assert {event["reason"] for event in blocked} == {"checker_error"}
    assert spoken.metrics["ended"] == "completed"
