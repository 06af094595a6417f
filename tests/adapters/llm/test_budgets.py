"""What is given on the command line lies over the budgets of the scenario file."""

from typing import Any

import pytest

from gdg_runtime.adapters.llm.ledger import RUN, BadBudget, Scope, read_budgets
from gdg_runtime.scenarios.schema.episode import EpisodeConfig
from gdg_runtime.scenarios.schema.language_model import Budget


@pytest.fixture
def config() -> EpisodeConfig:
    """Budgets of the run, of a role, and of one kind of agents."""
    return EpisodeConfig.model_validate(
        {
            "scenario_id": "thrift",
            "llm": {
                "model": "openai/toy",
                "budget": {"usd": 2.5, "tokens": 10_000},
                "role_budgets": {"poster": {"calls": 50}},
            },
            "agents": [
                {"type": "llm", "name": "ann", "role": "poster", "count": 2},
                {"type": "llm", "name": "bob", "role": "worker", "budget": {"calls": 9}},
            ],
        }
    )


def test_without_overrides_the_scenario_files_budgets_hold(config: EpisodeConfig) -> None:
    assert read_budgets(config) == {
        RUN: Budget(usd=2.5, tokens=10_000),
        Scope("role", "poster"): Budget(calls=50),
        Scope("agent", "agents/bob_1"): Budget(calls=9),
    }


def test_a_scenario_without_language_models_has_no_budgets() -> None:
    plain = EpisodeConfig.model_validate({"scenario_id": "plain", "agents": [{"type": "honest"}]})
    assert read_budgets(plain) == {RUN: Budget()}


@pytest.mark.parametrize(
    ("overrides", "run"),
    [
        (["tokens=20000"], Budget(usd=2.5, tokens=20_000)),
        (["tokens=1", "tokens=2"], Budget(usd=2.5, tokens=2)),
        (["usd=0"], Budget(usd=0, tokens=10_000)),
        (["usd=1e-6", "calls=0"], Budget(usd=0.000001, tokens=10_000, calls=0)),
        (["usd=none", "tokens=NONE"], Budget()),
        (["calls= 7 "], Budget(usd=2.5, tokens=10_000, calls=7)),
    ],
)
def test_each_override_changes_one_limit_and_the_last_one_wins(
    config: EpisodeConfig, overrides: list[str], run: Budget
) -> None:
    assert read_budgets(config, overrides) == {**read_budgets(config), RUN: run}


def test_roles_and_agents_are_named_with_their_limits(config: EpisodeConfig) -> None:
    budgets = read_budgets(
        config,
        ["role.poster.tokens=5", "role.worker.usd=1", "agent.ann_2.calls=3",
         "agent.agents/bob_1.tokens=7", "agent.bob_1.calls=none"],
    )  # fmt: skip
    assert budgets == {
        RUN: read_budgets(config)[RUN],
        Scope("role", "poster"): Budget(calls=50, tokens=5),
        Scope("role", "worker"): Budget(usd=1),
        Scope("agent", "agents/ann_2"): Budget(calls=3),
        Scope("agent", "agents/bob_1"): Budget(tokens=7),
    }


def test_a_config_is_left_as_it_is(config: EpisodeConfig) -> None:
    before = config.model_dump()
    read_budgets(config, ["role.poster.calls=1", "tokens=1", "agent.bob_1.calls=1"])
    assert config.model_dump() == before


BAD: dict[str, Any] = {
    "": "that is no limit",
    "tokens": "that is no limit",
    "=5": "that is no limit",
    "word=5": "that is no limit",
    "tokens =5": "that is no limit",
    "TOKENS=5": "that is no limit",
    "tokens=": "'' is no number",
    "tokens=five": "'five' is no number",
    "tokens=1.5": "'1.5' is no number",
    "calls=1e3": "'1e3' is no number",
    "tokens=1=2": "'1=2' is no number",
    "usd=5$": "'5$' is no number",
    "usd=nan": "number",
    "usd=inf": "number",
    "usd=-1": "greater than or equal to 0",
    "calls=-1": "greater than or equal to 0",
    "tokens=1000000000000001": "less than or equal to 1000000000000000",
    "usd=1e10": "less than or equal to 1000000000",
    "role.calls=5": "the run has no role",
    "role.guest.calls=5": "the run has no role.guest",
    "role.None.calls=5": "the run has no role.None",
    "agent.calls=5": "the run has no agent",
    "agent.ann.calls=5": "the run has no agent.ann",
    "agent.ann_3.calls=5": "the run has no agent.ann_3",
    "world.tokens=5": "the run has no world",
    ".tokens=5": "that is no limit",
}


@pytest.mark.parametrize("text", BAD)
def test_what_can_not_be_read_says_what_was_expected(config: EpisodeConfig, text: str) -> None:
    with pytest.raises(BadBudget) as refused:
        read_budgets(config, ["calls=5", text])
    told = str(refused.value)
    assert told.startswith(f"--budget {text}: ")
    assert BAD[text] in told
    assert "expected usd=, tokens= or calls= with a number" in told
    assert "\n" not in told
    assert refused.value.exit_code == 2
