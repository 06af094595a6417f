"""Which way leads to a model, and what is said where none does."""

import subprocess
import sys
from typing import Any

import pytest

from gdg_runtime.adapters.llm.keys import Keys
from gdg_runtime.adapters.llm.language_models import Unreachable, make_transport
from gdg_runtime.adapters.llm.litellm_bridge import LitellmTransport
from gdg_runtime.adapters.llm.openai_http import OpenAiHttp
from gdg_runtime.scenarios.schema.language_model import ModelConfig

BASE = "http://127.0.0.1:1/v1"


def reached(**settings: Any) -> object:
    return make_transport(ModelConfig.model_validate(settings), Keys.load({}, None))


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"model": "toy", "api_base": BASE}, OpenAiHttp),
        ({"model": "toy", "api_base": BASE, "adapter": "openai"}, OpenAiHttp),
        ({"model": "toy", "api_base": BASE, "adapter": "litellm"}, LitellmTransport),
        pytest.param(
            {"model": "openai/gpt-4o-mini"}, LitellmTransport, marks=pytest.mark.extra_llm
        ),
        ({"model": "openai/gpt-4o-mini", "adapter": "openai"}, OpenAiHttp),
        ({"model": "openrouter/x/y", "adapter": "openai"}, OpenAiHttp),
        ({"model": "local/smollm2", "api_base": BASE}, OpenAiHttp),
    ],
)
def test_a_server_is_asked_directly_and_a_provider_through_litellm(
    settings: dict[str, str], kind: type
) -> None:  # fmt: skip
    assert isinstance(reached(**settings), kind)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"model": "anthropic/claude-sonnet-4-5", "adapter": "openai"}, "give an api_base, or a"),
        ({"model": "local/smollm2"}, "is not being served"),
        pytest.param(
            {"model": "anthropic/claude-sonnet-4-5", "seed": 3},
            "does not take seed: leave that",
            marks=pytest.mark.extra_llm,
        ),
    ],
)
def test_no_way_is_an_error_that_tells_a_way(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(Unreachable, match=said):
        reached(**settings)


MISSING = """
import sys
sys.modules[{library!r}] = None
from gdg_runtime.adapters.runs.errors import RunError
from gdg_runtime.adapters.llm.keys import Keys
from gdg_runtime.adapters.llm.language_models import make_transport, missing_key
from gdg_runtime.scenarios.schema.language_model import ModelConfig
config = ModelConfig(model="openai/gpt-4o-mini", api_base={base!r})
try:
    keys = Keys.load({{}}, None)
    missing_key(config, keys)
    make_transport(config, keys)
except RunError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("library", "base", "what"),
    [
        ("litellm", None, "a model that only litellm can reach"),
        ("httpx2", BASE, "the model openai/gpt-4o-mini"),
    ],
)
def test_a_library_that_is_not_installed_is_named(
    library: str, base: str | None, what: str
) -> None:  # fmt: skip
    said = subprocess.run(
        [sys.executable, "-c", MISSING.format(library=library, base=base)],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert said.stdout == (
        f"{what} needs {library}, which is not installed: pip install 'gdg-runtime[llm]'\n"
    )


def test_nothing_heavy_is_imported_before_it_is_used() -> None:
    program = (
        "import sys, gdg_runtime.adapters.llm.language_models\n"
        "print(sorted({'litellm', 'httpx2', 'openai', 'dotenv'} & set(sys.modules)))\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert said.stdout == "[]\n"
