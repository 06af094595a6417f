"""Whatever a model says is an action, a decision, or an error that tells what to change."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdg_runtime.actors.llm.actions import Unreadable, read_action, read_decision
from gdg_runtime.scenarios.actions import NOOP, Action
from gdg_runtime.scenarios.worlds.sandbox.world import SandboxWorld

CHOICES = {"counterparty": ("honest_1",), "post_id": (1, 2), "vote.post_id": (2,)}


def read(content: str) -> Action:
    return read_action(content, SandboxWorld.tools, CHOICES)


VOTE = Action(tool="vote", args={"post_id": 2, "value": 1})


@pytest.mark.parametrize(
    "content",
    [
        '{"action": {"tool": "vote", "post_id": 2, "value": 1}}',
        '{"tool": "vote", "post_id": 2, "value": 1}',
        '{"tool": "vote", "args": {"post_id": 2, "value": 1}}',
        '{"action": "vote", "post_id": 2, "value": 1}',
        'I vote:\n```json\n{"action": {"tool": "vote", "post_id": 2, "value": 1}}\n``` Done!',
        '{"action": {"tool": "vote", "post_id": 2, "value": 1}} {"tool": "noop"}',
    ],
)
def test_an_action_is_found_in_the_forms_that_models_write(content: str) -> None:
    assert read(content) == VOTE


def test_reasoning_is_kept_and_a_long_one_is_cut() -> None:
    assert read('{"reasoning": "why", "action": {"tool": "noop"}}').reasoning == "why"
    long = json.dumps({"reasoning": "x" * 1_000_000, "action": {"tool": "noop"}})
    assert len(read(long).reasoning or "") < 2_100
    assert read('{"action": {"tool": "noop"}}') == NOOP


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "no JSON object"),
        ("I would rather not", "no JSON object"),
        ('{"action": {"tool": "vote", "post_id"', "no valid JSON"),
        ('{"action": {"tool": "vote", "post_id": NaN, "value": 1}}', "NaN is no JSON"),
        ('{"action": {"tool": "vote", "post_id": 1e999, "value": 1}}', "too large"),
        ('{"action": {"tool": "fly"}}', 'one of post, reply, vote, propose, noop; got "fly"'),
        ('{"action": 3}', '"action" must be an object'),
        ("{}", "got null"),
        ('{"action": {"tool": "vote", "post_id": 2, "value": 7}}', "vote: value: "),
        ('{"action": {"tool": "vote", "post_id": 2}}', "vote: value: Field required"),
        ('{"action": {"tool": "vote", "post_id": "2", "value": 1}}', "valid integer"),
        ('{"action": {"tool": "vote", "post_id": 1, "value": 1}}', "post_id can be 2; got 1"),
        ('{"action": {"tool": "reply", "post_id": 9, "content": "x"}}', "post_id can be 1, 2"),
        ('{"action": {"tool": "post", "content": "x", "to": "all"}}', "post: to: Extra inputs"),
        ('{"action": {"tool": "post", "content": "\\ud800"}}', "half of a surrogate pair"),
        ("[" * 100_000 + "{", "no valid JSON"),
        ('{"a":' * 100_000, "nested more than 32 deep"),
        ('{"action":' + "[" * 33, "nested more than 32 deep"),
        ('{"action":' + "[" * 30, "no valid JSON"),
    ],
)
def test_an_invalid_reply_says_what_to_change(content: str, says: str) -> None:
    with pytest.raises(Unreadable) as error:
        read(content)
    assert says in str(error.value)
    assert len(str(error.value)) < 500


@given(
    st.text()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["tool", "action", "args", "post_id", "x"]), inner)
        ),
    ).map(json.dumps)
)
def test_nothing_but_an_action_or_the_friendly_error_comes_out(content: str) -> None:
    for reader in (read, read_decision):
        try:
            reader(content)
        except Unreadable as error:
            assert str(error)


@pytest.mark.parametrize("effort", ["2", "-0.1", '"much"', "true", "null"])
def test_an_effort_outside_of_0_to_1_is_refused(effort: str) -> None:
    with pytest.raises(Unreadable, match="effort"):
        read_decision(f'{{"accept": true, "effort": {effort}}}')


def test_a_decision_is_read() -> None:
    decision: Any = read_decision('{"reasoning": "fair", "accept": true, "effort": 1}')
    assert (decision.accept, decision.effort, decision.reason) == (True, 1.0, "fair")


def test_brackets_in_texts_are_no_nesting() -> None:
    content = json.dumps({"reasoning": '\\"' + "[{" * 200, "action": {"tool": "noop"}})
    assert read(content).tool is None
