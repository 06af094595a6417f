"""Patches as JSON: what was not given stays out, so that it is not taken for a wish."""

import pytest

from gdg_runtime.goals.commands import EditBelief, EditGoal
from gdg_runtime.goals.forms import BeliefPatch, GoalPatch
from gdg_runtime.runtime.canonical import jsonable


@pytest.mark.parametrize(
    "given",
    [{}, {"value": 0.5}, {"owner": None, "horizon_max_min": None}, {"metadata": {"a": None}}],
)
def test_a_goal_patch_is_the_same_after_its_way_through_json(given):
    command = EditGoal(goal_id="goal_a", patch=GoalPatch(**given))
    plain = jsonable(command, "a command")
    assert plain["patch"] == given
    again = EditGoal.model_validate_json(command.model_dump_json())
    assert again.patch.given == EditGoal.model_validate(plain).patch.given == given


def test_a_belief_patch_is_the_same_after_its_way_through_json():
    command = EditBelief(belief_id="core.a", patch=BeliefPatch(active=False))
    assert jsonable(command, "a command")["patch"] == {"active": False}
