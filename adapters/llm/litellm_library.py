"""litellm, brought in late and made quiet."""

import importlib
import logging
import os
import threading
import warnings
from collections.abc import Iterable
from functools import cache
from types import ModuleType
from typing import Literal, NamedTuple

from ..asyncio_thread import at_asyncio_end
from ..runs.errors import MissingExtra

_SETTINGS = {
    # Its price table comes with the package; else the import fetches one from GitHub.
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    # Else it takes the next .env above its own files and puts it into the environment.
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_LOG": "ERROR",
    # Ours is the limit of calls in flight; of its own it warns at each call.
    "AIOHTTP_CONNECTOR_LIMIT": "10000",
    "AIOHTTP_CONNECTOR_LIMIT_PER_HOST": "10000",
}
_LOGGERS = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")
_LOGGERS_BELOW = ("openai", "httpx", "httpcore", "botocore")
_OTHER_CREDENTIALS = frozenset(
    {"bedrock", "bedrock_converse", "sagemaker", "sagemaker_chat", "vertex_ai", "vertex_ai_beta",
     "ollama", "ollama_chat"}
)  # fmt: skip
"""Providers that find their credentials in other places too, or work without settings."""
_ONE_IS_ENOUGH = frozenset({"gemini", "fireworks_ai", "cloudflare"})
"""Providers whose variables are alternatives."""
_OPENAI_SETTINGS = frozenset({"temperature", "top_p", "max_tokens", "seed", "stop"})
_once = threading.Lock()


def litellm_library() -> ModuleType:
    """Import litellm. The first call takes seconds and 190 MB. Raises MissingExtra.

    What is already set in the environment stays; with LITELLM_LOG set there, its log is left on.
    """
    with _once:
        return _load()


@cache
def _load() -> ModuleType:
    logs = "LITELLM_LOG" in os.environ
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    if not logs:
        for name in _LOGGERS + _LOGGERS_BELOW:
            # Their lines hold prompts, and none of them is news: what matters is raised.
            logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        library = importlib.import_module("litellm")
    except ImportError as error:
        if error.name == "litellm":
            raise MissingExtra("a model that only litellm can reach", "litellm") from None
        raise
    library.suppress_debug_info = True  # type: ignore[attr-defined]  # it prints at errors
    library.telemetry = False  # type: ignore[attr-defined]  # of older versions
    if not logs:
        for name in _LOGGERS:
            logging.getLogger(name).handlers.clear()  # it writes to the terminal by itself
    at_asyncio_end(library.close_litellm_async_clients)
    return library


def hush_warnings() -> None:
    """Ignore two warnings that litellm's users can do nothing about."""
    # Of its types, when the first answer is read.
    warnings.filterwarnings("ignore", r"Item '\w+' on TypedDict class", UserWarning)
    # Of a call that is cancelled while another thread prepares its request.
    warnings.filterwarnings(
        "ignore", r"coroutine '\S*completion\S*' was never awaited", RuntimeWarning
    )


def provider_of(model: str) -> str | None:
    """Return litellm's name of a model's provider; None if it knows none."""
    try:
        provider: str = litellm_library().get_llm_provider(model=model)[1]
    except MissingExtra:
        raise
    except Exception:  # of several kinds, by the provider
        return None
    return provider


class KeysWanted(NamedTuple):
    """Environment variables that a provider wants and that are not set."""

    names: tuple[str, ...]
    one_is_enough: bool = False


def keys_wanted(model: str) -> KeysWanted | None:
    """Return the keys that a model's provider still wants; None for an unknown provider."""
    provider = provider_of(model)
    if provider is None:
        return None
    if provider in _OTHER_CREDENTIALS:
        return KeysWanted(())
    # litellm takes a variable for a key if it is there, even if it is blank.
    blank = {name: value for name, value in os.environ.items() if not value.strip()}
    for name in blank:
        del os.environ[name]
    try:
        missing = litellm_library().validate_environment(model)["missing_keys"]
    finally:
        os.environ.update(blank)
    return KeysWanted(tuple(missing), one_is_enough=provider in _ONE_IS_ENOUGH)


def settings_unknown(model: str, names: Iterable[str]) -> list[str]:
    """List the settings of a request that litellm does not let through to a model."""
    known = litellm_library().get_supported_openai_params(model=model)
    if known is None:
        return []
    return [name for name in names if name in _OPENAI_SETTINGS and name not in known]


def schema_support(model: str) -> Literal["json_schema", "tools", "instruction"]:
    """Choose the best way to put a JSON schema to a model, by litellm's table."""
    litellm = litellm_library()
    if litellm.supports_response_schema(model=model):
        return "json_schema"
    if litellm.supports_function_calling(model=model):
        return "tools"
    return "instruction"
