"""The `goals:` section of scenario files: what is told of bad ones, and what good ones come to."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gdg_runtime.actors.resolved import default_catalogue
from gdg_runtime.adapters.runs.directory import config_document, document_bytes
from gdg_runtime.adapters.runs.reader import read_config_document
from gdg_runtime.scenarios.files.loader import (
    EpisodeConfig,
    InvalidScenario,
    load_scenario,
    shipped_scenarios,
)

HEAD = "scenario_id: x\nagents: [{type: goal_led, count: 2}, {type: honest}]\ngoals:\n"
GOAL = "text: be, category: exploration"
POLICIES = "honest, opportunistic, deceptive, adversarial, noop"
CATEGORIES = "introspection, exploration, maintenance, user_requested"

# Each: what is wrong, the text, and all lines of the message without the path in front.
DOCUMENTS: dict[str, tuple[str, list[str]]] = {
    "a target that nobody is": (
        HEAD + f"  list:\n    - {{{GOAL}}}\n    - target: goal_lad\n      goal: {{{GOAL}}}\n",
        [
            ":6: goals.list[1].target: no agent is 'goal_lad' (known: all, a type, a name, or an "
            "id such as goal_led_1); did you mean goal_led?"
        ],
    ),
    "a task for an agent that is not there": (
        HEAD + "  tasks:\n    - {task_id: t, text: rest, target: goal_led_7}\n",
        [
            ":5: goals.tasks[0].target: no agent is 'goal_led_7' (known: all, a type, a name, or "
            "an id such as goal_led_1); did you mean goal_led_1?"
        ],
    ),
    "an unknown policy": (
        HEAD + f"  list:\n    - {{{GOAL}, metadata: {{policy: decepive}}}}\n",
        [
            ":5: goals.list[0]: metadata.policy is 'decepive', which is no policy of the world "
            f"sandbox (known: {POLICIES}); did you mean deceptive?"
        ],
    ),
    "an unknown policy of a task": (
        HEAD + "  tasks:\n    - {task_id: t, text: rest, metadata: {policy: 5}}\n",
        [
            ":5: goals.tasks[0]: metadata.policy is '5', which is no policy of the world sandbox "
            f"(known: {POLICIES})"
        ],
    ),
    "an unknown policy of an agent's own goal": (
        "scenario_id: x\nagents:\n  - type: goal_led\n    goals:\n"
        f"      - {{{GOAL}, metadata: {{policy: honset}}}}\n",
        [
            ":5: agents[0].goals[0]: metadata.policy is 'honset', which is no policy of the world "
            f"sandbox (known: {POLICIES}); did you mean honest?"
        ],
    ),
    "an unknown policy for what no goal says": (
        "scenario_id: x\nagents:\n  - type: goal_led\n    params: {otherwise: honset}\ngoals: {}\n",
        [
            ":4: agents[0].params: unknown otherwise 'honset' (known: noop, honest, opportunistic, "
            "deceptive, adversarial); did you mean honest?"
        ],
    ),
    "a dependency on an unknown name": (
        HEAD + f"  list:\n    - {{{GOAL}, name: one}}\n    - {{{GOAL}, depends_on: [onee]}}\n",
        [
            ":6: goals.list[1]: depends_on: no goal before this one, of the same agent, has the "
            "name 'onee' (known: one); did you mean one?"
        ],
    ),
    "a dependency on a later goal": (
        HEAD + f"  list:\n    - {{{GOAL}, depends_on: [one]}}\n    - {{{GOAL}, name: one}}\n",
        [
            ":5: goals.list[0]: depends_on: no goal before this one, of the same agent, has the "
            "name 'one' (known: none)"
        ],
    ),
    "a dependency on itself": (
        HEAD + f"  list:\n    - {{{GOAL}, name: one, depends_on: [one]}}\n",
        [
            ":5: goals.list[0]: depends_on: no goal before this one, of the same agent, has the "
            "name 'one' (known: none)"
        ],
    ),
    "a dependency on another agent's goal": (
        HEAD + f"  list:\n    - {{{GOAL}, name: one, target: honest}}\n"
        f"    - {{{GOAL}, target: goal_led_2, depends_on: [one]}}\n",
        [
            ":6: goals.list[1]: depends_on: no goal before this one, of the same agent, has the "
            "name 'one' (known: none)"
        ],
    ),
    "two goals with one name": (
        HEAD + f"  list:\n    - {{{GOAL}, name: one}}\n    - {{{GOAL}, name: one}}\n",
        [
            ":6: goals.list[1]: the agent goal_led_1 has a goal with the name 'one' before this "
            "one; give each its own"
        ],
    ),
    "a change of an unknown belief": (
        HEAD + "  beliefs: [{id: core.honesty, text: Be honest}]\n  belief_changes:\n"
        "    - {step: 3, belief: core.honest, active: false}\n",
        [
            ":6: goals.belief_changes[0]: no belief has the id 'core.honest' (known: "
            "core.honesty); did you mean core.honesty?"
        ],
    ),
    "a change of an immutable belief": (
        HEAD + "  beliefs: [{id: a, text: Be, immutable: true}]\n  belief_changes:\n"
        "    - {step: 3, belief: a, active: false}\n",
        [":6: goals.belief_changes[0]: the belief 'a' is immutable, so it can't change"],
    ),
    "a change before the beginning, and one that says not what": (
        HEAD + "  beliefs: [{id: a, text: Be}]\n  belief_changes:\n"
        "    - {step: -1, belief: a, active: true}\n    - {step: 3, belief: a}\n",
        [
            ":6: goals.belief_changes[0].step: expected a whole number from 0 to 100000000000000, "
            "got -1",
            ":7: goals.belief_changes[1].active: missing; expected true or false",
        ],
    ),
    "two beliefs with one id": (
        HEAD + "  beliefs:\n    - {id: a, text: Be}\n    - {id: a, text: Be not}\n",
        [
            ":6: goals.beliefs[1]: has the id 'a' as goals.beliefs[0] (bad.yaml:5) has; every one "
            "needs its own"
        ],
    ),
    "a belief that is a text": (
        HEAD + "  beliefs: [honesty]\n",
        [":4: goals.beliefs[0]: expected a mapping, got 'honesty'"],
    ),
    "a belief without an id in a file with changes": (
        HEAD + "  beliefs: [{text: Be}]\n  belief_changes: [{step: 1, belief: a, active: true}]\n",
        [":4: goals.beliefs[0].id: missing; expected "],
    ),
    "an unknown key of a belief": (
        HEAD + "  beliefs:\n    - {id: a, text: Be, activ: false}\n",
        [":5: goals.beliefs[0].activ: unknown key; did you mean active?"],
    ),
    "two tasks with one id": (
        HEAD + "  tasks:\n    - {task_id: a, text: rest}\n    - {task_id: a, text: go}\n",
        [
            ":6: goals.tasks[1]: has the task_id 'a' as goals.tasks[0] (bad.yaml:5) has; every "
            "one needs its own"
        ],
    ),
    "a task's id that is too long with an agent's behind it": (
        HEAD + f"  tasks:\n    - {{task_id: {'a' * 120}, text: rest}}\n",
        [
            ":5: goals.tasks[0]: task_id has 120 characters; with agents' ids as long as these it "
            "can have 117"
        ],
    ),
    "a task without an id": (
        HEAD + "  tasks:\n    - {text: rest}\n",
        [":5: goals.tasks[0].task_id: missing; expected "],
    ),
    "a task that is due all the time": (
        HEAD + "  tasks:\n    - {task_id: a, text: rest, every_min: 0}\n",
        [
            ":5: goals.tasks[0].every_min: expected a whole number from 1 to 1000000000, or null, "
            "got 0"
        ],
    ),
    "a judge without a model": (
        HEAD + "  checker: judge\n",
        [
            ":4: goals.checker: checker: judge needs a language model; add `judge: {model: …}` "
            "here, or `llm: {model: …}` for all"
        ],
    ),
    "rules and a judge without a model": (
        HEAD + "  checker: both\n",
        [":4: goals.checker: checker: both needs a language model; "],
    ),
    "an unknown checker": (
        HEAD + "  checker: lexcal\n",
        [
            ":4: goals.checker: expected one of lexical, judge, both, got 'lexcal'; did you mean "
            "lexical?"
        ],
    ),
    "an unknown setting of the judge": (
        HEAD + "  checker: judge\n  judge: {model: a/b, temprature: 0}\n",
        [":5: goals.judge.temprature: unknown key; did you mean temperature?"],
    ),
    "an owner": (
        HEAD + f"  list:\n    - {{{GOAL}, owner: honest_1}}\n",
        [
            ":5: goals.list[0].owner: whose it is follows from `target`, or from the entry of "
            "`agents` that it stands in"
        ],
    ),
    "an owner further in": (
        HEAD + "  tasks:\n    - task: {task_id: t, text: rest, owner: honest_1}\n",
        [
            ":5: goals.tasks[0].task.owner: whose it is follows from `target`, or from the entry "
            "of `agents` that it stands in"
        ],
    ),
    "a target of an agent's own goal": (
        f"scenario_id: x\nagents:\n  - type: goal_led\n    goals: [{{{GOAL}, target: honest}}]\n",
        [
            ":4: agents[0].goals[0].target: a goal in an entry of `agents` is that entry's; leave "
            "`target` out, or move the goal to `goals.list`"
        ],
    ),
    "a category misspelt": (
        HEAD + "  list:\n    - text: be\n      category: explorations\n",
        [
            f":6: goals.list[0].category: expected one of {CATEGORIES}, got 'explorations'; did "
            "you mean exploration?"
        ],
    ),
    "no category": (
        HEAD + "  list:\n    - text: be\n",
        [f":5: goals.list[0].category: missing; expected one of {CATEGORIES}"],
    ),
    "a blank text": (
        HEAD + "  list:\n    - {category: exploration, text: '  '}\n",
        [":5: goals.list[0].text: expected "],
    ),
    "M5 a value beyond 1": (
        HEAD + f"  list:\n    - {{{GOAL}, value: 1.5}}\n",
        [":5: goals.list[0].value: expected a number from 0 to 1, got 1.5"],
    ),
    "M5 a value that is no number": (
        HEAD + f"  list:\n    - {{{GOAL}, value: .nan, effort: .inf, risk: '0.5'}}\n",
        [
            ":5: goals.list[0].value: expected a finite number, got .nan",
            ":5: goals.list[0].effort: expected a finite number, got .inf",
            ":5: goals.list[0].risk: expected a number from 0 to 1, got '0.5'",
        ],
    ),
    "M5 true for a value": (
        HEAD + f"  list:\n    - {{{GOAL}, effort: true}}\n",
        [":5: goals.list[0].effort: expected a number from 0 to 1, got true"],
    ),
    "M9 a deadline of 0": (
        HEAD + f"  list:\n    - {{{GOAL}, horizon_max_min: 0}}\n",
        [
            ":5: goals.list[0].horizon_max_min: expected a whole number from 1 to 1000000000, or "
            "null, got 0"
        ],
    ),
    "M9 a deadline before the start": (
        HEAD + f"  list:\n    - {{{GOAL}, horizon_min_min: 9, horizon_max_min: 5}}\n",
        [
            ":5: goals.list[0]: horizon_max_min (5) is before horizon_min_min (9): the goal would "
            "be over before it may begin"
        ],
    ),
    "M10 a belief that is served and contradicted": (
        HEAD + f"  list:\n    - {{{GOAL}, aligns_with: [a], contradicts: [a]}}\n",
        [":5: goals.list[0]: a goal can't both align with and contradict 'a'"],
    ),
    "M11 a target that is a text": (
        HEAD + f"  list:\n    - {{{GOAL}, success_metrics: {{reputation: high}}}}\n",
        [
            ":5: goals.list[0].success_metrics.reputation: expected a number from -1e+300 to "
            "1e+300, got 'high'"
        ],
    ),
    "M12 a state": (
        HEAD + f"  list:\n    - {{{GOAL}, state: adopted}}\n",
        [":5: goals.list[0].state: unknown key"],
    ),
    "M14 metadata that is a list": (
        HEAD + f"  list:\n    - {{{GOAL}, metadata: [policy]}}\n",
        [":5: goals.list[0].metadata: expected a mapping, got a list of 1"],
    ),
    "M14 metadata without end": (
        HEAD + f"  list:\n    - {{{GOAL}, metadata: {{a: {'x' * 17_000}}}}}\n",
        [":5: goals.list[0].metadata: metadata may take 16 KiB as JSON, this takes 17008 bytes"],
    ),
    "dependencies that are no list": (
        HEAD + f"  list:\n    - {{{GOAL}, depends_on: 5}}\n",
        [":5: goals.list[0].depends_on: expected a list of at most 64, got 5"],
    ),
    "an unknown key of a goal": (
        HEAD + f"  list:\n    - {{{GOAL}, vlaue: 1}}\n    - {{{GOAL}, taget: all}}\n",
        [
            ":5: goals.list[0].vlaue: unknown key; did you mean value?",
            ":6: goals.list[1].taget: unknown key; did you mean target?",
        ],
    ),
    "an unknown key further in": (
        HEAD + f"  list:\n    - goal: {{{GOAL}, effrt: 1}}\n",
        [":5: goals.list[0].goal.effrt: unknown key; did you mean effort?"],
    ),
    "a field twice": (
        HEAD + f"  list:\n    - text: again\n      goal: {{{GOAL}}}\n",
        [":5: goals.list[0].text: stands under `goal` as well; keep one"],
    ),
    "an unknown key of the section": (
        HEAD + "  sytem: on\n",
        [":4: goals.sytem: unknown key; did you mean system?"],
    ),
    "F1 yes for on": (
        HEAD + "  system: yes\n  shadow: 2\n",
        [
            ":4: goals.system: expected on or off, got 'yes'",
            ":5: goals.shadow: expected on or off, got 2",
        ],
    ),
    "a canary beyond 100": (
        HEAD + "  canary_percent: 101\n",
        [":4: goals.canary_percent: expected a number from 0 to 100, got 101"],
    ),
    "an unknown key of the policy": (
        HEAD + "  policy:\n    block_severty: 0.5\n",
        [":5: goals.policy.block_severty: unknown key; did you mean block_severity?"],
    ),
    "an unknown way with what is overdue": (
        HEAD + "  policy: {overdue: bost, max_attempts: 0}\n",
        [
            ":4: goals.policy.overdue: expected one of penalise, boost, skip, abandon, got "
            "'bost'; did you mean boost?",
            ":4: goals.policy.max_attempts: expected a whole number from 1 to 1000, got 0",
        ],
    ),
    "D2 a weight beyond its bounds": (
        HEAD + "  weights: {urgency: 0.5}\n",
        [":4: goals.weights.urgency: expected a number from 0 to 0.3, got 0.5"],
    ),
    "a section that is a text": (
        "scenario_id: x\nagents: [{type: honest}]\ngoals: be good\n",
        [":3: goals: expected a mapping, or null, got 'be good'"],
    ),
    "goals that are texts": (
        HEAD + "  list: [be good]\n",
        [":4: goals.list[0]: expected a mapping, got 'be good'"],
    ),
    "goals as a mapping": (
        HEAD + "  list: {text: be good}\n",
        [":4: goals.list: expected a list of at most 10000, got a mapping"],
    ),
    "an agent's own goals as texts, where its kind knows none": (
        "scenario_id: x\nagents: [{type: honest, goals: [be good]}]\n",
        [":2: agents[0].goals[0]: expected a mapping, got 'be good'"],
    ),
    "a wrong value of an agent's own goal": (
        f"scenario_id: x\nagents:\n  - type: goal_led\n    goals: [{{{GOAL}, value: 2}}]\n",
        [":4: agents[0].goals[0].value: expected a number from 0 to 1, got 2"],
    ),
    "several faults at once": (
        HEAD + "  system: maybe\n  list:\n    - {text: be, category: fun, target: nobody}\n"
        "  tasks: [{task_id: a b, text: rest}]\n",
        [
            ":4: goals.system: expected on or off, got 'maybe'",
            f":6: goals.list[0].category: expected one of {CATEGORIES}, got 'fun'",
            ":7: goals.tasks[0].task_id: expected ",
        ],
    ),
}


@pytest.mark.parametrize("what", DOCUMENTS)
def test_a_bad_section_is_told_where_and_why(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, expected = DOCUMENTS[what]
    monkeypatch.chdir(tmp_path)
    Path("bad.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidScenario) as caught:
        load_scenario("bad.yaml", catalogue=default_catalogue())
    lines = str(caught.value).splitlines()
    assert len(lines) == len(expected), "\n".join(lines)
    for line, start in zip(lines, expected, strict=True):
        assert line.startswith("bad.yaml" + start), line


Load = Callable[..., EpisodeConfig]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def loaded(text: str, *sets: str, environment: dict[str, str] | None = None) -> EpisodeConfig:
        path = tmp_path / "scenario.yaml"
        path.write_text(text)
        return load_scenario(
            path, sets=sets, environment=environment, catalogue=default_catalogue()
        )

    return loaded


FILLED_GOAL = {
    "text": "be", "category": "exploration", "value": 0.5, "effort": 0.5, "risk": 0.5,
    "horizon_min_min": 0, "horizon_max_min": None, "aligns_with": [], "contradicts": [],
    "success_metrics": {}, "metadata": {}, "owner": None, "depends_on": [],
    "repeat_every_min": None, "requires_approval": False,
}  # fmt: skip
FILLED = {
    "system": False,
    "shadow": True,
    "canary_percent": 100.0,
    "policy": {
        "block_severity": 0.6, "review_severity": 0.4, "check_scope": "aligned",
        "overdue": "penalise", "age_weight": 0.0, "age_full_min": 10080,
        "belief_min_confidence": 0.0, "approve_all": False, "max_attempts": 3, "lease_min": None,
    },
    "weights": {"value": 0.5, "effort": 0.25, "risk": 0.15, "urgency": 0.05, "alignment": 0.05},
    "checker": "lexical",
    "judge": None,
    "beliefs": [],
    "belief_changes": [],
    "list": [],
    "tasks": [],
}  # fmt: skip


def test_every_default_of_an_empty_section_is_in_the_resolved_config(load: Load) -> None:
    config = load("scenario_id: x\nagents: [{type: honest}]\ngoals: {}\n").model_dump(mode="json")
    assert config["goals"] == FILLED
    assert config["agents"][0]["goals"] == []


def test_every_default_of_goals_beliefs_and_tasks_is_in_the_resolved_config(load: Load) -> None:
    config = load(
        f"{HEAD}  beliefs: [{{id: a, text: Be}}]\n  list: [{{{GOAL}}}]\n"
        "  tasks: [{task_id: t, text: rest}]\n"
    ).model_dump(mode="json")
    assert config["goals"] == {
        **FILLED,
        "beliefs": [{"id": "a", "text": "Be", "active": True, "confidence": 1.0,
                     "immutable": False}],
        "list": [{"target": "all", "name": None, "adopt": True, "goal": FILLED_GOAL}],
        "tasks": [{"target": "all", "task": {"task_id": "t", "text": "rest", "owner": None,
                                             "every_min": None, "metadata": {}}}],
    }  # fmt: skip


def test_goals_in_an_entry_of_agents_need_no_section(load: Load) -> None:
    text = f"scenario_id: x\nagents: [{{type: goal_led, goals: [{{{GOAL}, name: one}}]}}]\n"
    config = load(text).model_dump(mode="json")
    assert config["goals"] == FILLED
    [own] = config["agents"][0]["goals"]
    assert own == {"name": "one", "adopt": True, "goal": FILLED_GOAL}


@pytest.mark.parametrize("goals", ["", "goals:\n", "goals: null\n"])
def test_without_a_section_there_are_no_goals(load: Load, goals: str) -> None:
    environment = {"GOAL_SYSTEM": "on"}
    config = load(f"scenario_id: x\n{goals}agents: [{{type: honest}}]\n", environment=environment)
    assert config.goals is None


def test_goals_in_words_are_a_setting_of_llm_agents_and_no_goals_of_a_store(load: Load) -> None:
    text = "scenario_id: x\nllm: {model: a/b}\nagents: [{type: llm, goals: [Be heard.]}]\n"
    config = load(text, environment={"GOAL_SYSTEM": "on"})
    assert config.goals is None
    assert config.agents[0].params["goals"] == ["Be heard."]
    stored = load(f"scenario_id: x\nllm: {{model: a/b}}\nagents:\n  - {{type: llm, goals: "
                  f"[{{{GOAL}}}], params: {{goals: [Be heard.]}}}}\n")  # fmt: skip
    assert stored.goals is not None
    assert len(stored.agents[0].goals) == 1
    assert stored.agents[0].params["goals"] == ["Be heard."]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("on", True), ("ON", True), ("true", True), ("1", True), ('"on"', True),
     ("off", False), ("Off", False), ("false", False), ("0", False)],
)  # fmt: skip
def test_F1_switches_are_on_off_true_false_1_or_0(load: Load, written: str, meant: bool) -> None:
    config = load(f"{HEAD}  system: {written}\n  shadow: {written}\n")
    assert config.goals is not None
    assert (config.goals.system, config.goals.shadow) == (meant, meant)


def test_F1_a_bad_value_of_the_environment_is_named_by_its_variable(load: Load) -> None:
    environment = {"GOAL_SYSTEM": "yes", "GOAL_CANARY_PERCENT": "10%", "GOAL_SHADOW": "\x1b["}
    with pytest.raises(InvalidScenario) as caught:
        load(f"{HEAD}  system: on\n", environment=environment)
    assert sorted(str(caught.value).splitlines()) == [
        "GOAL_CANARY_PERCENT=10%: goals.canary_percent: expected a number from 0 to 100, got '10%'",
        "GOAL_SHADOW=\\x1b[: goals.shadow: not YAML: a control character",
        "GOAL_SYSTEM=yes: goals.system: expected on or off, got 'yes'",
    ]


def test_a_fault_of_a_goal_hides_no_fault_of_anything_else(load: Load) -> None:
    with pytest.raises(InvalidScenario) as caught:
        load(
            "scenario_id: x\nagents: [{type: honest}]\nmodels: {judges: a/b}\n"
            "adversaries: [{messages: [hi], target: nobody}]\n"
            f"goals:\n  list: [{{{GOAL}, value: 2}}]\n"
        )
    faults = [(fault.line, fault.path) for fault in caught.value.faults]
    assert faults == [
        (3, "models.judges"), (4, "adversaries[0].target"), (6, "goals.list[0].value"),
    ]  # fmt: skip


def test_all_faults_of_goals_are_reported_at_once_whatever_their_kind(load: Load) -> None:
    with pytest.raises(InvalidScenario) as caught:
        load(
            "scenario_id: x\nsimulation: {epochs: 0}\nagents:\n  - {type: honest}\n"
            f"  - {{type: goal_led, goals: [{{{GOAL}, depends_on: [nope, two]}}]}}\n"
            "goals:\n  checker: judge\n  weights: {value: 2}\n  beliefs:\n"
            "    - {id: a.b, text: so, immutable: true}\n    - {id: a.b, text: again}\n"
            "    - {id: a.c}\n"
            "  belief_changes:\n    - {step: 1, belief: a.d, active: true}\n"
            "    - {step: -1, belief: a.b, active: false}\n"
            "    - {step: 1, belief: a.c, active: false}\n"
            f"  list:\n    - {{{GOAL}, target: honst}}\n    - {{text: be, name: two}}\n"
            f"    - {{{GOAL}, name: one, value: 3, depends_on: [two]}}\n"
            f"    - {{{GOAL}, name: one, aligns_with: [q.r, a.c]}}\n"
            f"    - {{{GOAL}, metadata: {{policy: nobody}}}}\n"
            "  tasks:\n    - {task_id: t, text: rest}\n    - {task_id: t, text: rest}\n"
        )
    assert [(fault.line, fault.path) for fault in caught.value.faults] == [
        (2, "simulation.epochs"), (5, "agents[1].goals[0]"), (7, "goals.checker"),
        (8, "goals.weights.value"), (11, "goals.beliefs[1]"), (12, "goals.beliefs[2].text"),
        (14, "goals.belief_changes[0]"), (15, "goals.belief_changes[1].step"),
        (18, "goals.list[0].target"), (19, "goals.list[1].category"),
        (20, "goals.list[2].value"), (21, "goals.list[3]"), (22, "goals.list[4]"),
        (25, "goals.tasks[1]"),
    ]  # fmt: skip


def test_thousands_of_faulty_goals_are_all_reported(load: Load) -> None:
    with pytest.raises(InvalidScenario) as caught:
        load(f"{HEAD}  list:\n" + "    - {text: be}\n" * 2_000)
    assert len(caught.value.faults) == 2_000


def test_sets_reach_into_goals_beliefs_and_agents(load: Load) -> None:
    config = load(
        f"{HEAD}  beliefs: [{{id: a, text: Be}}]\n  list: [{{{GOAL}}}, {{goal: {{{GOAL}}}}}]\n",
        "goals.list.0.value=0.9", "goals.list[1].goal.value=0.8", "goals.beliefs.0.active=false",
        "goals.policy.overdue=boost", "goals.weights.value=1",
    )  # fmt: skip
    goals = config.goals
    assert goals is not None
    assert [spec.goal.value for spec in goals.list] == [0.9, 0.8]
    assert goals.beliefs[0].active is False
    assert (goals.policy.overdue, goals.weights.value) == ("boost", 1.0)
    with pytest.raises(InvalidScenario) as caught:
        load(f"{HEAD}  list: [{{{GOAL}}}]\n", "goals.list.0.value=2")
    assert str(caught.value) == (
        "--set goals.list.0.value=2: goals.list.0.value: expected a number from 0 to 1, got 2"
    )


RICH = f"""
scenario_id: rich
llm: {{model: openai/test}}
goals:
  system: on
  shadow: off
  canary_percent: 12.5
  checker: both
  judge: {{model: a/b, temperature: 0}}
  policy: {{overdue: skip, lease_min: 5, approve_all: true}}
  weights: {{urgency: 0.3}}
  beliefs: [{{id: a, text: "Grüße 🎈", confidence: 0.25, active: false}}]
  belief_changes: [{{step: 2, belief: a, active: true}}]
  list:
    - {{{GOAL}, name: one, target: goal_led, success_metrics: {{reputation: 1}}}}
    - target: goal_led_2
      adopt: false
      goal:
        {{{GOAL}, depends_on: [one], contradicts: [a], metadata: {{deep: [1, 2.5, null, {{x: y}}]}},
         horizon_min_min: 3, horizon_max_min: 10, repeat_every_min: 7, requires_approval: true}}
  tasks: [{{task_id: t, text: rest, every_min: 60, target: honest_1, metadata: {{policy: noop}}}}]
agents:
  - {{type: goal_led, count: 2, otherwise: honest, goals: [{{{GOAL}, depends_on: [one]}}]}}
  - {{type: honest}}
"""


@pytest.mark.parametrize("source", [RICH, "goals_market", "goals_shadow"])
def test_a_good_document_comes_back_from_config_json_as_it_was(load: Load, source: str) -> None:
    catalogue = default_catalogue()
    config = load(source) if source == RICH else load_scenario(source, catalogue=catalogue)
    stored = document_bytes(config_document(config, "fifo"))
    again, schedule = read_config_document(json.loads(stored), Path("config.json"))
    assert again == config
    assert document_bytes(config_document(again, schedule)) == stored


@pytest.mark.parametrize("source", [RICH, "goals_market"])
def test_a_resolved_config_is_itself_a_scenario_file(
    load: Load, tmp_path: Path, source: str
) -> None:
    catalogue = default_catalogue()
    config = load(source) if source == RICH else load_scenario(source, catalogue=catalogue)
    path = tmp_path / "resolved.yaml"
    path.write_text(json.dumps(config.model_dump(mode="json"), ensure_ascii=False))
    assert load_scenario(path, catalogue=catalogue) == config


def test_the_shipped_scenarios_with_goals_are_among_the_shipped(load: Load) -> None:
    assert {"goals_market", "goals_shadow"} <= set(shipped_scenarios())


def test_many_agents_with_goals_of_many_kinds_are_resolved(load: Load) -> None:
    listed: Any = "".join(
        f"    - {{{GOAL}, name: g{n}, depends_on: [{f'g{n - 1}' if n else ''}]}}\n"
        for n in range(20)
    )
    head = "scenario_id: x\nagents: [{type: goal_led, count: 2000}]\n"
    config = load(f"{head}goals:\n  list:\n{listed}")
    assert config.goals is not None
    assert len(config.goals.list) == 20
