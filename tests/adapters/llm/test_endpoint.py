"""How servers know their models, and what some of them call differently."""

import pytest

from gdg_runtime.adapters.llm.endpoint import Endpoint, endpoint_of, is_loopback
from gdg_runtime.scenarios.schema.language_model import ModelConfig

LOCAL = "http://127.0.0.1:8000/v1"
OPENROUTER = "https://openrouter.ai/api/v1"


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("openai/gpt-4o-mini", "gpt-4o-mini"),
        ("hosted_vllm/meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B"),
        ("ollama_chat/llama3.2", "llama3.2"),
        ("lm_studio/qwen", "qwen"),
        ("local/smollm2", "smollm2"),
        ("openai/openai/gpt-oss-20b", "openai/gpt-oss-20b"),
        ("openai/gpt-oss-20b", "openai/gpt-oss-20b"),
        ("meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B"),
        ("Qwen/Qwen3-8B", "Qwen/Qwen3-8B"),
        ("toy", "toy"),
        ("openai/", "openai/"),
    ],
)
def test_litellms_prefixes_are_taken_off_once(model: str, name: str) -> None:
    assert Endpoint(LOCAL).name_of(model) == name


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("openrouter/openai/gpt-4o-mini", "openai/gpt-4o-mini"),
        ("openai/gpt-4o-mini", "openai/gpt-4o-mini"),
        ("mistral/mistral-small", "mistral/mistral-small"),
    ],
)
def test_openrouters_names_keep_their_makers(model: str, name: str) -> None:
    assert Endpoint(OPENROUTER).name_of(model) == name


def test_openai_calls_the_limit_of_tokens_differently() -> None:
    asked = {"model": "m", "max_tokens": 5, "stream": True}
    there = {"model": "m", "max_completion_tokens": 5, "stream": False}
    assert Endpoint("https://api.openai.com/v1").adapted(asked) == there
    assert Endpoint("https://eu.api.openai.com/v1").adapted(asked) == there
    assert Endpoint(LOCAL).adapted(asked) == {"model": "m", "max_tokens": 5, "stream": False}


@pytest.mark.parametrize(
    ("base", "url"),
    [
        (LOCAL, LOCAL),
        (LOCAL + "/", LOCAL),
        (LOCAL + "/chat/completions", LOCAL),
        (LOCAL + "/chat/completions/", LOCAL),
    ],
)
def test_an_address_may_be_given_with_its_end(base: str, url: str) -> None:
    found = endpoint_of(ModelConfig(model="toy", api_base=base))
    assert found is not None
    assert found.url == url


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        (LOCAL, True),
        ("http://localhost:1/v1", True),
        ("http://[::1]:1/v1", True),
        ("http://192.168.0.1/v1", False),
        (OPENROUTER, False),
    ],
)
def test_no_proxy_stands_before_this_machine(url: str, loopback: bool) -> None:
    assert is_loopback(Endpoint(url).host) is loopback
