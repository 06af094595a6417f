"""The store in a file, for programs without an episode."""

from pathlib import Path

from gdg_runtime.adapters.goals.file import open_goals
from gdg_runtime.goals.commands import CreateGoal, ReadGoal
from gdg_runtime.goals.model import GoalCategory, GoalDraft
from gdg_runtime.goals.policy import GoalPolicy


def test_goals_stay_in_the_file_and_have_the_time_of_the_system(tmp_path: Path) -> None:
    path = tmp_path / "goals.db"
    draft = GoalDraft(text="Tidy the test data", category=GoalCategory.MAINTENANCE)
    with open_goals(path) as store:
        first, second = (store.execute(CreateGoal(draft=draft)).goal for _ in range(2))
        assert first.id != second.id
        assert first.created_at.utcoffset() is not None
        assert first.created_at <= second.created_at
    with open_goals(path) as store:
        assert store.execute(ReadGoal(goal_id=first.id)).goal == first


def test_the_settings_reach_the_store() -> None:
    with open_goals(":memory:", policy=GoalPolicy(max_attempts=7)) as store:
        assert store.policy.max_attempts == 7
        assert not store.flags.live
