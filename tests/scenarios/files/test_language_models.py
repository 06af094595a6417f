"""Which language model an agent asks, and what a scenario file may not say about it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gdg_runtime.actors.resolved import default_catalogue
from gdg_runtime.scenarios.files.loader import EpisodeConfig, InvalidScenario, load_scenario
from gdg_runtime.scenarios.schema.language_model import ModelConfig, ModelOverrides

Load = Callable[[str], EpisodeConfig]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))

    def loaded(text: str) -> EpisodeConfig:
        path = tmp_path / "scenario.yaml"
        path.write_text(f"scenario_id: models\n{text}")
        return load_scenario(path, catalogue=default_catalogue())

    return loaded


LAYERS = """
llm:
  {model: a/one, temperature: 0.5, api_base: "http://127.0.0.1:1/v1", price: {input: 1, output: 2}}
models: {poster: a/two, planner: {temperature: 0.1}}
agents:
  - {type: llm}
  - {type: llm, role: poster}
  - {type: llm, role: planner, max_tokens: 7}
  - {type: llm, role: poster, model: a/three, llm: {top_p: 0.5}}
  - {type: llm, model: local/smollm2}
"""


def test_the_most_special_setting_wins(load: Load) -> None:
    config = load(LAYERS)
    models = [config.model_of(spec) for spec in config.agents]
    told = [(m.model, m.temperature, m.max_tokens, m.top_p) for m in models if m]
    assert told == [
        ("a/one", 0.5, 512, None),
        ("a/two", 0.5, 512, None),
        ("a/one", 0.1, 7, None),
        ("a/three", 0.5, 512, 0.5),
        ("local/smollm2", 0.5, 512, None),
    ]


def test_a_price_does_not_pass_to_another_model_nor_an_address_to_a_local_one(load: Load) -> None:
    config = load(LAYERS)
    models = [config.model_of(spec) for spec in config.agents]
    assert [m.price is not None for m in models if m] == [True, False, True, False, False]
    assert [m.api_base is not None for m in models if m] == [True, True, True, True, False]


def test_an_agents_own_parameter_wins_over_a_models_setting_of_the_name(load: Load) -> None:
    config = load("agents: [{type: 'seeded:Seeded', seed: 7, temperature: 0.5}]\n")
    assert config.agents[0].params == {"seed": 7}
    assert config.agents[0].llm == ModelOverrides(temperature=0.5)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("agents: [{type: llm}]", "agents[0].type: type: llm needs a language model"),
        (
            "models: {poster: {temperature: 0.5}}\nagents: [{type: llm, role: poster}]",
            "needs a language model",
        ),
        ("agents: [{type: honest, temperature: 0.4}]", "agents[0].temperature: unknown key"),
        (
            "llm: {model: a/b}\nmodels: {postr: a/c}\nagents: [{type: llm, role: poster}]",
            "models.postr: no agent has the role 'postr'",
        ),
        (
            "llm: {model: a/b, role_budgets: {postr: {calls: 1}}}\n"
            "agents: [{type: llm, role: poster}]",
            "llm.role_budgets.postr: no agent has the role 'postr'",
        ),
        (
            "llm: {model: a/b}\nagents: [{type: llm, fallback: honst}]",
            "unknown fallback 'honst' (known: noop, honest",
        ),
        (
            "llm: {model: a/b, extra: {api_key: sk-1}}\nagents: [{type: llm}]",
            "api_key can't stand in extra",
        ),
        ("llm: {model: a/b, api_base: 'ftp://x'}\nagents: [{type: llm}]", "expected a URL"),
        ("llm: {model: a/b, temperature: 3}\nagents: [{type: llm}]", "llm.temperature"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(load: Load, text: str, says: str) -> None:
    with pytest.raises(InvalidScenario) as refused:
        load(f"{text}\n")
    assert says in str(refused.value)


def test_a_misspelt_role_of_a_model_has_a_suggestion(load: Load) -> None:
    with pytest.raises(InvalidScenario, match="did you mean poster"):
        load("models: {postr: a/c}\nagents: [{type: honest, role: poster}]\n")


def test_overrides_know_each_setting_of_a_model_in_the_same_bounds() -> None:
    """One has defaults, and null only where it means something; the other takes null everywhere."""

    def bounds(model: Any) -> dict[str, list[dict[str, Any]]]:
        aside = ("title", "default")
        return {name: [{key: rule for key, rule in branch.items() if key not in aside}
                       for branch in field.get("anyOf", [field]) if branch.get("type") != "null"]
                for name, field in model.model_json_schema()["properties"].items()}  # fmt: skip

    assert bounds(ModelConfig) == bounds(ModelOverrides)
