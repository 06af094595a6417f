"""Scenario files and overrides become configs."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdg_runtime.actors.resolved import default_catalogue
from gdg_runtime.scenarios.files.loader import (
    EpisodeConfig,
    InvalidScenario,
    agent_ids,
    load_scenario,
    shipped_scenarios,
    targets,
)

SEEDS = Path(__file__).parents[1] / "seeds"

SMALL = "scenario_id: small\nagents: [{type: honest, count: 2}]\n"
GYM = "scenario: release_manager\npolicy: baseline\n"


@pytest.fixture
def load(tmp_path: Path) -> Any:
    def from_text(text: str, *sets: str, **overrides: Any) -> EpisodeConfig:
        file = tmp_path / "file.yaml"
        file.write_text(text)
        return load_scenario(file, sets=sets, **overrides)

    return from_text


class TestShipped:
    @pytest.mark.parametrize("name", ["status_game", "status_game_v1"])
    def test_the_documents_of_the_seeds_are_shipped_without_a_changed_byte(self, name: str) -> None:
        assert shipped_scenarios()[name].read_bytes() == (SEEDS / f"{name}.yaml").read_bytes()

    @pytest.mark.parametrize("name", sorted(shipped_scenarios()))
    def test_every_one_loads_by_its_name_and_by_its_path(self, name: str) -> None:
        catalogue = default_catalogue()
        by_path = load_scenario(shipped_scenarios()[name], catalogue=catalogue)
        assert load_scenario(name, catalogue=catalogue) == by_path

    def test_status_game_is_what_the_readme_says(self) -> None:
        config = load_scenario("status_game")
        assert config.description == "Reputation competition with governance"
        assert [(spec.type, spec.count) for spec in config.agents] == [
            ("honest", 2),
            ("opportunistic", 2),
            ("adversarial", 1),
        ]
        governance = config.governance
        assert (governance.transaction_tax_rate, governance.reputation_decay_rate) == (0.05, 0.95)
        assert governance.staking_on and governance.min_stake == 10.0
        assert governance.circuit_breaker_on and governance.freeze_threshold == 0.6
        assert governance.audit_on and governance.audit_chance == 0.15
        simulation = config.simulation
        assert (simulation.epochs, simulation.steps_per_epoch, simulation.seed) == (20, 15, 123)
        payoff = config.world.params["payoff"]
        assert {key: payoff[key] for key in ("s_plus", "s_minus", "h", "theta", "w_rep")} == {
            "s_plus": 3.0, "s_minus": 1.5, "h": 2.5, "theta": 0.5, "w_rep": 2.0,
        }  # fmt: skip

    def test_status_game_v1_is_what_the_plan_says(self) -> None:
        config = load_scenario("status_game_v1")
        assert config.motif == "reputation_competition"
        assert [(spec.type, spec.count, spec.role) for spec in config.agents] == [
            ("honest", 3, "worker"),
            ("opportunistic", 2, "poster"),
            ("adversarial", 1, "poster"),
        ]
        assert config.world.params["environment"] == {
            "initial_budget": 100.0,
            "attention_scarcity": 0.5,
        }
        assert config.governance.reputation_decay_rate == 0.95
        assert config.governance.bandwidth_cap == 10
        simulation = config.simulation
        assert (simulation.epochs, simulation.steps_per_epoch, simulation.seed) == (100, 10, 42)
        assert config.metrics.track == (
            "toxicity_rate",
            "conditional_loss_initiator",
            "quality_gap",
            "influence_gini",
        )

    def test_strict_governance_has_the_population_of_the_baseline_and_every_lever(self) -> None:
        plain, strict = load_scenario("baseline"), load_scenario("strict_governance")
        assert [(spec.type, spec.count) for spec in plain.agents] == [
            ("honest", 3),
            ("opportunistic", 1),
            ("deceptive", 1),
        ]
        assert (strict.agents, strict.simulation) == (plain.agents, plain.simulation)
        governance = strict.governance
        assert governance.transaction_tax_rate == 0.05 and governance.reputation_decay_rate == 0.9
        assert governance.staking_on and governance.circuit_breaker_on and governance.audit_on
        assert governance.vote_normalization_on

    def test_the_release_manager_is_the_same_in_both_spellings(self) -> None:
        ours, gyms = load_scenario("release_manager"), load_scenario("configs/release_manager")
        assert ours.simulation == gyms.simulation
        assert (ours.simulation.epochs, ours.simulation.steps_per_epoch) == (1, 20)
        assert ours.world == gyms.world
        assert ours.agents == gyms.agents
        assert ours.metrics.alignment_threshold == gyms.metrics.alignment_threshold == 0.6
        assert gyms.label == "policy-baseline"

    def test_a_file_of_the_users_wins_over_a_shipped_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert load_scenario("baseline").scenario_id == "baseline"
        Path("baseline").write_text(SMALL)
        assert load_scenario("baseline").scenario_id == "small"


class TestDefaults:
    def test_are_all_in_the_resolved_config(self, load: Any) -> None:
        config = load(SMALL)
        assert config.schema_version == 1
        assert config.world.name == "sandbox"
        assert config.world.params["payoff"]["s_plus"] == 2.0
        assert config.agents[0].params["propose_rate"] > 0
        simulation = config.simulation
        assert (simulation.epochs, simulation.steps_per_epoch, simulation.seed) == (10, 10, 0)
        assert simulation.start == datetime(2026, 1, 1, tzinfo=UTC)
        assert simulation.turn_order == "simultaneous" and simulation.step_hours == 1.0
        assert simulation.steps == 100
        assert config.metrics.alignment_threshold == 0.8
        assert config.supervision.max_failures == 3
        assert (config.effects.max_concurrency, config.effects.timeout_s) == (64, 60.0)
        assert config.safety.kill_switch_enabled

    @pytest.mark.parametrize("name", sorted(shipped_scenarios()))
    def test_loading_a_resolved_config_changes_nothing(self, name: str, tmp_path: Path) -> None:
        config = load_scenario(name, catalogue=default_catalogue())
        text = config.model_dump_json()
        assert EpisodeConfig.model_validate_json(text) == config
        (tmp_path / "config.json").write_text(text)
        again = load_scenario(tmp_path / "config.json", catalogue=default_catalogue())
        assert again.model_dump_json() == text

    def test_whole_numbers_and_fractions_of_equal_value_make_the_same_config(
        self, load: Any
    ) -> None:
        whole = load(SMALL + "payoff: {s_plus: 3}\ngovernance: {min_stake_to_participate: 10}\n")
        real = load(SMALL + "payoff: {s_plus: 3.0}\ngovernance: {min_stake_to_participate: 1e1}\n")
        assert whole.model_dump_json() == real.model_dump_json()

    def test_sections_without_content_are_as_good_as_absent(self, load: Any) -> None:
        empty = SMALL + "governance:\nsimulation:\nsafety:\nmetrics:\nlimits:\nlabel:\nengine:\n"
        assert load(empty) == load(SMALL)

    @given(value=st.floats(0.0, 1e6))
    def test_a_number_keeps_its_every_bit(self, value: float) -> None:
        config = load_scenario("baseline", sets=[f"payoff.s_plus={value!r}"])
        assert config.world.params["payoff"]["s_plus"] == value


class TestSpellings:
    def test_that_agree_may_stand_side_by_side(self, load: Any) -> None:
        config = load(
            SMALL + "governance: {reputation_decay: 0.9, reputation_decay_rate: 0.9}\n"
            "simulation: {epochs: 3, n_epochs: 3}\n"
        )
        assert config.governance.reputation_decay_rate == 0.9
        assert config.simulation.epochs == 3

    @pytest.mark.parametrize(
        ("spelling", "attribute", "value"),
        [
            ("reputation_decay", "reputation_decay_rate", 0.5),
            ("vote_weight_cap", "max_vote_weight_per_agent", 4.0),
            ("staking_required", "min_stake_to_participate", 7.0),
            ("circuit_breaker_threshold", "freeze_threshold_toxicity", 0.4),
            ("audit_penalty", "audit_penalty_multiplier", 3.0),
        ],
    )
    def test_of_the_plan_are_read_in_governance(
        self, load: Any, spelling: str, attribute: str, value: float
    ) -> None:
        config = load(SMALL + f"governance: {{{spelling}: {value}}}\n")
        assert getattr(config.governance, attribute) == value
        assert config == load(SMALL + f"governance: {{{attribute}: {value}}}\n")

    def test_of_limits_meet_in_the_world(self, load: Any) -> None:
        config = load(
            SMALL + "limits: {max_posts_per_epoch: 1}\nrate_limits: {max_votes_per_epoch: 2}\n"
            "safety: {kill_switch_enabled: false, kill_switch_toxicity: 0.5, budget_per_epoch: 3}\n"
        )
        limits = config.world.params["limits"]
        assert (limits["max_posts_per_epoch"], limits["max_votes_per_epoch"]) == (1, 2)
        assert limits["budget_per_epoch"] == 3.0
        assert not config.safety.kill_switch_enabled
        assert config.safety.kill_switch_toxicity == 0.5

    def test_of_the_world_and_its_sections_come_to_the_same(self, load: Any) -> None:
        nested = "world: {name: sandbox, params: {payoff: {theta: 0.25}, feed: {limit: 5}}}\n"
        flat = "world: sandbox\npayoff: {theta: 0.25}\nfeed: {limit: 5}\n"
        mixed = "world: {params: {payoff: {theta: 0.25}}}\nfeed: {limit: 5}\n"
        assert load(SMALL + nested) == load(SMALL + flat) == load(SMALL + mixed)
        assert load(SMALL + flat).world.params["payoff"]["theta"] == 0.25

    def test_of_metrics(self, load: Any) -> None:
        tracked = load(SMALL + "metrics_to_track: [quality_gap]\n").metrics
        assert tracked.track == ("quality_gap",)
        both = load(
            SMALL + "metrics: {track: [quality_gap], alignment: {threshold: 0.3}}\n"
            "metrics_to_track: [quality_gap]\n"
        ).metrics
        assert both.track == ("quality_gap",) and both.alignment_threshold == 0.3

    def test_of_the_gym(self, load: Any) -> None:
        config = load(
            "scenario: release_manager\nscenario_params: {safe_canary: 0.8}\n"
            "engine: {max_steps: 7, seed: 5, allow_noop: true}\n"
            "agent: {type: noop, params: {}}\nrun_label: mine\n"
            "adversary_agent:\n  type: scripted\n"
            "  params: {messages: [Ship it., Now.], start_step: 2, every_steps: 3, intensity: 1}\n"
            "metadata: {owner: [a, 1, 2.5, null]}\n"
        )
        assert config.scenario_id == config.world.name == "release_manager"
        assert config.world.params["safe_canary"] == 0.8
        simulation = config.simulation
        assert (simulation.epochs, simulation.steps_per_epoch, simulation.seed) == (1, 7, 5)
        assert [spec.type for spec in config.agents] == ["noop"]
        assert config.label == "mine" and config.metadata == {"owner": ["a", 1, 2.5, None]}
        [adversary] = config.adversaries
        assert adversary.messages == ("Ship it.", "Now.")
        assert (adversary.start_step, adversary.every_steps, adversary.intensity) == (2, 3, 1.0)
        assert adversary.target == "all"

    def test_of_the_gym_leave_its_defaults_open(self, load: Any) -> None:
        config = load(GYM + "engine: {seed: null}\nscenario_params: null\nadversary_agent: null\n")
        assert (config.simulation.epochs, config.simulation.seed) == (1, 0)
        assert config.adversaries == ()
        assert load("scenario_id: own\n" + GYM).scenario_id == "own"


class TestYaml:
    def test_anchors_and_merge_keys_are_read(self, load: Any) -> None:
        config = load(
            "scenario_id: x\nmetadata:\n  base: &base {count: 2, role: worker}\n"
            "agents:\n  - &first {<<: *base, type: honest}\n"
            "  - {<<: [*base], type: noop, count: 1}\n  - *first\n"
        )
        assert [(spec.type, spec.count, spec.role) for spec in config.agents] == [
            ("honest", 2, "worker"),
            ("noop", 1, "worker"),
            ("honest", 2, "worker"),
        ]

    def test_a_change_to_one_use_of_an_anchor_leaves_the_others(self, load: Any) -> None:
        text = "scenario_id: x\nagents: [&a {type: honest, params: {memory: 0.5}}, *a]\n"
        config = load(text, "agents.1.params.memory=0.25", "agents.1.type=opportunistic")
        assert [spec.params["memory"] for spec in config.agents] == [0.5, 0.25]
        assert "threshold" in config.agents[1].params
        assert "threshold" not in config.agents[0].params

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("0x1F", 31), ("0o17", 15), ("-3", -3), ("+4", 4), ("1e3", 1000.0), (".5", 0.5),
            ("~", None), ("True", True), ("yes", "yes"), ("1_000", "1_000"), ("2026-01-01",
            "2026-01-01"), ("'1'", "1"), ("!!str 1", "1"), ("! 1", "1"), ("!!float 2", 2),
            ("|\n    two\n    lines\n", "two\nlines\n"), ("\"\\u00e9\"", "é"), ("", None),
        ],
    )  # fmt: skip
    def test_scalars_are_those_of_yaml_1_2(self, load: Any, text: str, value: Any) -> None:
        found = load(SMALL + f"metadata:\n  it: {text}\n").metadata["it"]
        assert found == value and type(found) is type(value)

    def test_a_byte_order_mark_and_carriage_returns_do_no_harm(self, tmp_path: Path) -> None:
        file = tmp_path / "windows.yaml"
        file.write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
        assert load_scenario(file).scenario_id == "small"


class TestOverrides:
    def test_change_one_key_and_leave_the_others(self, load: Any) -> None:
        text = SMALL + "governance: {transaction_tax_rate: 0.05, bandwidth_cap: 3}\n"
        governance = load(text, "governance.transaction_tax_rate=0.1").governance
        assert (governance.transaction_tax_rate, governance.bandwidth_cap) == (0.1, 3)
        assert load(text, "governance.bandwidth_cap=null").governance.bandwidth_cap is None

    def test_win_whatever_the_spelling_here_and_there(self, load: Any) -> None:
        text = SMALL + "governance: {reputation_decay_rate: 0.9}\nsimulation: {n_epochs: 3}\n"
        config = load(text, "governance.reputation_decay=0.8", "simulation.epochs=4")
        assert config.governance.reputation_decay_rate == 0.8
        assert config.simulation.epochs == 4
        gym = load(GYM + "engine: {max_steps: 5}\n", "simulation.steps_per_epoch=6", epochs=2)
        assert (gym.simulation.steps_per_epoch, gym.simulation.epochs) == (6, 2)
        assert load(GYM, "engine.max_steps=9").simulation.steps_per_epoch == 9

    def test_reach_sections_of_the_world_by_either_name(self, load: Any) -> None:
        text = SMALL + "payoff: {theta: 0.1, h: 1}\n"
        for key in ("payoff.theta", "world.params.payoff.theta"):
            payoff = load(text, f"{key}=0.7").world.params["payoff"]
            assert (payoff["theta"], payoff["h"]) == (0.7, 1.0)
        by_param = load(text, scenario_params=["payoff.theta=0.7"])
        assert by_param == load(text, "payoff.theta=0.7")
        limits = load(text, "safety.max_posts_per_epoch=1").world.params["limits"]
        assert limits["max_posts_per_epoch"] == 1

    @pytest.mark.parametrize("key", ["agents.1.count", "agents[1].count"])
    def test_reach_entries_of_lists(self, load: Any, key: str) -> None:
        text = "scenario_id: x\nagents: [{type: honest}, {type: noop}]\n"
        config = load(text, f"{key}=3")
        assert [(spec.type, spec.count) for spec in config.agents] == [("honest", 1), ("noop", 3)]

    def test_take_any_yaml(self, load: Any) -> None:
        config = load(SMALL, "agents=[{type: noop, count: 4}]", "metadata={a: [1]}", "motif=")
        assert [(spec.type, spec.count) for spec in config.agents] == [("noop", 4)]
        assert config.metadata == {"a": [1]} and config.motif is None

    def test_apply_in_order_and_options_last(self, load: Any) -> None:
        sets = ("simulation.seed=1", "simulation.seed=2")
        assert load(SMALL, *sets).simulation.seed == 2
        config = load(SMALL, *sets, seed=3, epochs=4)
        assert (config.simulation.seed, config.simulation.epochs) == (3, 4)

    def test_may_add_what_the_file_lacks(self, load: Any) -> None:
        config = load("agents: [{type: honest}]\n", "scenario_id=given", "label=first")
        assert (config.scenario_id, config.label) == ("given", "first")

    def test_may_change_the_world_and_who_acts(self, load: Any) -> None:
        config = load(SMALL, "world=release_manager", "policy=oracle")
        assert config.world.name == "release_manager" and "safe_canary" in config.world.params
        assert [spec.type for spec in config.agents] == ["oracle"]
        gym = load(
            GYM, "agent.count=2", "adversary_agent={type: scripted, params: {messages: [a]}}"
        )
        assert gym.agents[0].count == 2 and gym.adversaries[0].messages == ("a",)


class TestRoster:
    def test_ids_are_numbered_per_prefix_in_the_order_of_the_file(self, load: Any) -> None:
        config = load(
            "scenario_id: x\nagents:\n  - {type: honest, count: 2}\n"
            "  - {type: deceptive, name: dec}\n  - {type: honest}\n  - {type: noop, name: dec}\n"
        )
        assert [agent for agent, _ in agent_ids(config)] == [
            "honest_1", "honest_2", "dec_1", "honest_3", "dec_2",
        ]  # fmt: skip
        assert [spec.type for _, spec in agent_ids(config)] == [
            "honest", "honest", "deceptive", "honest", "noop",
        ]  # fmt: skip

    @given(
        names=st.lists(
            st.tuples(st.sampled_from(["a", "a_1", "a_1_1", "honest", None]), st.integers(1, 12)),
            min_size=1,
            max_size=6,
        )
    )
    def test_ids_are_unique(self, names: list[tuple[str | None, int]]) -> None:
        entries = [{"type": "honest", "name": name, "count": count} for name, count in names]
        config = load_scenario("baseline", sets=[f"agents={json.dumps(entries)}"])
        ids = [agent for agent, _ in agent_ids(config)]
        assert len(set(ids)) == len(ids) == sum(count for _, count in names)

    @pytest.mark.parametrize(
        ("target", "heard_by"),
        [
            ("all", ["honest_1", "honest_2", "spy_1"]),
            ("honest", ["honest_1", "honest_2"]),
            ("honest_2", ["honest_2"]),
            ("deceptive", ["spy_1"]),
            ("spy", ["spy_1"]),
        ],
    )
    def test_an_adversary_speaks_to_all_a_type_a_name_or_an_id(
        self, load: Any, target: str, heard_by: list[str]
    ) -> None:
        config = load(
            "scenario_id: x\nagents: [{type: honest, count: 2}, {type: deceptive, name: spy}]\n"
            f"adversaries: [{{messages: [a], target: {target}}}]\n"
        )
        assert list(targets(config, config.adversaries[0])) == heard_by


def test_importing_the_reader_imports_no_driver_no_database_and_no_world() -> None:
    code = (
        "import sys, gdg_runtime.scenarios.files.loader\n"
        "heavy = [name for name in sys.modules if name.split('.')[0] in "
        "('trio', 'anyio', 'click', 'rich', 'structlog', 'sqlite3', 'sqlite_utils') or "
        "name.startswith(('gdg_runtime.runtime.drivers', 'gdg_runtime.goals.store', "
        "'gdg_runtime.scenarios.worlds'))]\n"
        "print(heavy)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_plain_python_error_is_raised_for_no_bad_type_of_source() -> None:
    with pytest.raises(InvalidScenario):
        load_scenario("")
