from hypothesis import given
from hypothesis import strategies as st

from gdg_runtime.actors.levers.built_in import IS_ON, VoteNormalization
from gdg_runtime.scenarios.schema.governance import GovernanceConfig


def test_normalization_is_off_by_default_and_on_by_either_setting() -> None:
    assert not IS_ON[VoteNormalization](GovernanceConfig())
    assert IS_ON[VoteNormalization](GovernanceConfig(vote_normalization_enabled=True))
    assert IS_ON[VoteNormalization](GovernanceConfig(max_vote_weight_per_agent=3.0))
    assert not IS_ON[VoteNormalization](
        GovernanceConfig(vote_normalization_enabled=False, max_vote_weight_per_agent=3.0)
    )


@given(st.floats(0.1, 100.0), st.integers(0, 1000))
def test_each_further_vote_weighs_less_and_never_nothing(scale: float, cast: int) -> None:
    lever = VoteNormalization(GovernanceConfig(max_vote_weight_per_agent=scale))
    assert lever.vote_weight("a", 0) == 1.0
    assert 0.0 < lever.vote_weight("a", cast + 1) < lever.vote_weight("a", cast) <= 1.0


def test_the_scale_changes_the_weight() -> None:
    wide = VoteNormalization(GovernanceConfig(vote_normalization_enabled=True))
    narrow = VoteNormalization(GovernanceConfig(max_vote_weight_per_agent=1.0))
    assert wide.vote_weight("a", 10) == 0.5
    assert narrow.vote_weight("a", 1) == 0.5
    assert narrow.terms() == {"max_vote_weight_per_agent": 1.0}
