"""What a model costs, and when nobody knows."""

import subprocess
import sys
from typing import Any

import pytest

from gdg_runtime.adapters.llm.prices import PriceTable, price_of
from gdg_runtime.scenarios.schema.language_model import ModelConfig, Price


def entry(provider: str, input_: float | None, output: float | None) -> dict[str, Any]:
    costs = {"input_cost_per_token": input_, "output_cost_per_token": output}
    return {"litellm_provider": provider} | {
        name: cost for name, cost in costs.items() if cost is not None
    }


TABLE = PriceTable(
    "1.99",
    {
        "sample_spec": {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0},
        "toy-1": entry("openai", 1.5e-07, 6e-07),
        "ft:toy-1": entry("openai", 3e-07, 1.2e-06),
        "azure/toy-1": entry("azure", 1e-06, 2e-06),
        "gemini/toy-2": entry("gemini", 1e-07, 4e-07),
        "toy-2": entry("vertex_ai-language-models", 2e-07, 8e-07),
        "toy.claude-v1:0": entry("bedrock_converse", 3e-06, 1.5e-05),
        "gemini/unfilled": entry("gemini", 0.0, 0.0),
        "gemini/half": entry("gemini", 1e-07, None),
        "gemini/half-zero": entry("gemini", 1e-07, 0.0),
        "ollama/toy": entry("ollama", 0.0, 0.0),
        "ollama/toy:600b-cloud": entry("ollama", 0.0, 0.0),
    },
)


def price(model: str, **settings: Any) -> tuple[float, float] | None:
    found = price_of(ModelConfig(model=model, **settings), TABLE)
    return None if found is None else (found.input, found.output)


def test_prices_are_in_dollars_per_million_tokens_without_crumbs() -> None:
    assert price("toy-1") == (0.15, 0.6)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("openai/toy-1", (0.15, 0.6)),
        ("azure/toy-1", (1.0, 2.0)),
        ("gemini/toy-2", (0.1, 0.4)),
        ("vertex_ai/toy-2", (0.2, 0.8)),
        ("bedrock/toy.claude-v1:0", (3.0, 15.0)),
        ("openai/ft:toy-1:our-house::abc", (0.3, 1.2)),
    ],
)
def test_a_name_is_found_with_or_without_its_provider(
    model: str, expected: tuple[float, float]
) -> None:
    assert price(model) == expected


@pytest.mark.parametrize(
    "model", ["groq/toy-1", "openrouter/openai/toy-1", "openai/toy-2", "openai/toy-9", "toy"]
)
def test_the_price_at_one_provider_is_none_at_another(model: str) -> None:
    assert price(model) is None


@pytest.mark.parametrize(
    "model", ["gemini/unfilled", "gemini/half", "gemini/half-zero", "ollama/toy:600b-cloud",
              "sample_spec"],
)  # fmt: skip
def test_a_zero_in_the_table_is_no_price_but_on_the_users_own_machine(model: str) -> None:
    assert price(model) is None
    assert price("ollama/toy") == (0.0, 0.0)


def test_what_the_scenario_says_goes_first() -> None:
    own = Price(input=7.0, output=8.0)
    assert price("toy-1", price=own) == (7.0, 8.0)
    assert price("unheard-of", price=own, api_base="http://127.0.0.1:1/v1") == (7.0, 8.0)
    assert price("openai/toy-1", price=Price(input=0.0, output=0.0)) == (0.0, 0.0)


def test_the_small_local_model_is_free_but_not_a_server_that_has_such_a_name() -> None:
    assert price("local/smollm2") == (0.0, 0.0)
    assert price("local/smollm2", api_base="http://127.0.0.1:1/v1") is None


@pytest.mark.parametrize(
    ("api_base", "expected"),
    [
        ("http://127.0.0.1:8000/v1", None),
        ("https://gateway.example.com/v1", None),
        ("https://api.openai.com.example.com/v1", None),
        ("https://api.openai.com/v1", (0.15, 0.6)),
        ("https://house.openai.azure.com/", (1.0, 2.0)),
    ],
)
def test_a_server_of_ones_own_charges_what_it_likes(
    api_base: str, expected: tuple[float, float] | None
) -> None:
    assert price("toy-1", api_base=api_base) == expected


def test_without_a_table_only_the_scenario_knows() -> None:
    empty = PriceTable()
    assert price_of(ModelConfig(model="openai/gpt-4o-mini"), empty) is None
    assert empty.version is None


@pytest.mark.extra_llm
def test_the_table_of_the_installed_litellm_is_read_without_importing_it() -> None:
    code = (
        "import sys\n"
        "from gdg_runtime.adapters.llm.prices import ModelConfig, PriceTable, price_of\n"
        "known = price_of(ModelConfig(model='openai/gpt-4o-mini'))\n"
        "assert 0 < known.input < known.output, known\n"
        "assert PriceTable.installed().version\n"
        "assert 'litellm' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert PriceTable.installed().version
