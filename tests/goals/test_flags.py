"""The switches: what they accept, what wins, and whom the canary takes."""

import pytest
from pydantic import ValidationError

from gdg_runtime.goals.errors import BadRequest
from gdg_runtime.goals.policy import ENVIRONMENT, GoalFlags

KEYS = [f"selection-{number}" for number in range(10_000)]


def taken(percent: float) -> list[str]:
    flags = GoalFlags(canary_percent=percent)
    return [key for key in KEYS if flags.draw(key)]


@pytest.mark.parametrize("text", ["on", "ON", "On", "true", "TRUE", "1"])
def test_F1_these_words_mean_on(text: str) -> None:
    flags = GoalFlags.from_environment({"GOAL_SYSTEM": text, "GOAL_SHADOW": text})
    assert (flags.system, flags.shadow) == (True, True)


@pytest.mark.parametrize("text", ["off", "OFF", "Off", "false", "False", "0"])
def test_F1_these_words_mean_off(text: str) -> None:
    flags = GoalFlags.from_environment({"GOAL_SYSTEM": text, "GOAL_SHADOW": text})
    assert (flags.system, flags.shadow) == (False, False)


def test_F1_by_default_the_system_is_off_and_the_shadow_on() -> None:
    flags = GoalFlags.from_environment({"PATH": "/bin", "GOAL_OTHER": "on"})
    assert flags == GoalFlags()
    assert (flags.system, flags.shadow, flags.canary_percent) == (False, True, 100.0)


@pytest.mark.parametrize("name", ["GOAL_SYSTEM", "GOAL_SHADOW"])
@pytest.mark.parametrize("text", ["", "yes", "enabled", "2", " on", "onn", "no", "y"])
def test_F1_anything_else_is_an_error_at_the_start(name: str, text: str) -> None:
    with pytest.raises(BadRequest, match=f"{name} is {text!r}; set it to on or off") as caught:
        GoalFlags.from_environment({name: text})
    assert caught.value.code == "bad-flag"
    assert caught.value.facts == {"flag": name, "value": text}


@pytest.mark.parametrize("text", ["", "10%", "-1", "100.5", "nan", "inf", "ten"])
def test_F1_a_canary_that_is_no_percentage_is_an_error_at_the_start(text: str) -> None:
    with pytest.raises(BadRequest, match="a number from 0 to 100") as caught:
        GoalFlags.from_environment({"GOAL_CANARY_PERCENT": text})
    assert caught.value.facts["flag"] == "GOAL_CANARY_PERCENT"


def test_F1_files_and_python_take_the_same_words() -> None:
    written = GoalFlags.model_validate({"system": "on", "shadow": "OFF", "canary_percent": 10})
    assert written == GoalFlags(system=True, shadow=False, canary_percent=10.0)
    assert GoalFlags.model_validate({"system": 1, "shadow": 0}).live
    for wrong in ("yes", 2, 1.0, None):
        with pytest.raises(ValidationError, match="expected on or off"):
            GoalFlags.model_validate({"system": wrong})


def test_F1_each_flag_has_its_variable() -> None:
    assert list(ENVIRONMENT) == list(GoalFlags.model_fields)


@pytest.mark.parametrize(
    ("system", "shadow", "live"),
    [(False, True, False), (False, False, False), (True, True, False), (True, False, True)],
)
def test_F7_shadow_wins_over_the_system(system: bool, shadow: bool, live: bool) -> None:
    assert GoalFlags(system=system, shadow=shadow).live is live


def test_F3_ten_percent_take_ten_percent_of_the_selections() -> None:
    assert 910 <= len(taken(10.0)) <= 1090


def test_F3_the_same_key_gets_the_same_answer() -> None:
    assert taken(10.0) == taken(10.0)
    known = [number for number in range(60) if GoalFlags(canary_percent=10).draw(KEYS[number])]
    assert known == [21, 29, 36, 51], "in each process and version"


def test_F3_no_percent_and_all_percent_are_exact() -> None:
    assert taken(0.0) == []
    assert taken(100.0) == KEYS


def test_F3_a_wider_canary_keeps_whom_it_had() -> None:
    narrow, wide = taken(10.0), taken(25.0)
    assert [key for key in wide if key in narrow] == narrow
    assert len(wide) > len(narrow)
