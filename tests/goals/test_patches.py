"""Forms as they are made and as JSON: what was not given to a patch stays out of it, so that it is
not taken for a wish; what a store could not keep makes no form."""

import pytest
from pydantic import ValidationError

from gdg_runtime.goals import commands
from gdg_runtime.goals.commands import EditBelief, EditGoal
from gdg_runtime.goals.model import GoalDraft, GoalPatch
from gdg_runtime.goals.schemas import BeliefDraft, BeliefPatch
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


HALF = "half \ud83d pair"
DRAFT = {"text": "look around", "category": "exploration"}
BAD_VALUES = {
    "half a pair in a text": lambda: GoalDraft(**{**DRAFT, "text": HALF}),
    "half a pair in a patch": lambda: GoalPatch(text=HALF),
    "half a pair in a belief": lambda: BeliefDraft(id="core.a", text=HALF),
    "half a pair in metadata": lambda: GoalDraft(**DRAFT, metadata={"a": [HALF]}),
    "half a pair in a key of metadata": lambda: GoalDraft(**DRAFT, metadata={HALF: 1}),
    "half a pair as owner": lambda: GoalDraft(**DRAFT, owner=HALF),
    "half a pair as category": lambda: commands.ListGoals(category=HALF),
    "goals of half a pair": lambda: commands.ListGoals(owner=HALF),
    "half a pair as cursor": lambda: commands.ListGoals(cursor=HALF),
    "beliefs from half a pair on": lambda: commands.ListBeliefs(cursor=HALF),
    "a ranking for half a pair": lambda: commands.RankGoals(owner=HALF),
    "a task for half a pair": lambda: commands.NextTask(selection_key="k", owner=HALF),
    "half a pair as selection key": lambda: commands.NextTask(selection_key=HALF),
    "NUL as selection key": lambda: commands.NextTask(selection_key="a\0b"),
    "half a pair as reason": lambda: commands.AbandonGoal(goal_id="goal_a", reason=HALF),
    "history after 10^30": lambda: commands.ReadHistory(after=10**30),
    "version 10^30": lambda: EditGoal(goal_id="a", patch=GoalPatch(), expected_version=10**30),
    "attempt 10^30": lambda: commands.CompleteGoal(goal_id="a", success=True, attempt=10**30),
    "a number of 4,501 digits": lambda: GoalDraft(**DRAFT, metadata={"a": 10**4500}),
    "infinity in metadata": lambda: GoalDraft(**DRAFT, metadata={"a": [float("inf")]}),
    "infinity in JSON": lambda: GoalDraft.model_validate_json(
        '{"text": "x", "category": "exploration", "metadata": {"a": {"b": -1e999}}}'
    ),
}


@pytest.mark.parametrize("what", BAD_VALUES)
def test_what_a_store_could_not_keep_is_refused_when_it_is_made(what):
    with pytest.raises(ValidationError):
        BAD_VALUES[what]()


def test_a_whole_pair_is_a_text_as_any_other():
    draft = GoalDraft(text="\U0001f600 é", category="exploration", metadata={"\U0001f600": 1})
    assert GoalDraft.model_validate_json(draft.model_dump_json()) == draft


def nested(depth):
    """Metadata of so many objects within each other."""
    made = {}
    for _ in range(depth - 1):
        made = {"a": made}
    return made


def test_metadata_may_nest_a_hundred_deep_and_is_then_read_back():
    draft = GoalDraft(**DRAFT, metadata=nested(100))
    assert GoalDraft.model_validate_json(draft.model_dump_json()) == draft
    with pytest.raises(ValidationError, match="100 deep"):
        GoalDraft(**DRAFT, metadata=nested(101))
