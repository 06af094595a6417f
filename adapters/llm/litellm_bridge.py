"""The transport to every provider that litellm knows; litellm is brought in late and made quiet."""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import os
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import Any, Literal, NamedTuple

from ...actors.llm.chat import Chat
from ...scenarios.schema.language_model import ModelConfig
from ..asyncio_thread import at_asyncio_end, on_asyncio
from ..runs.errors import MissingExtra
from . import openai_codec
from .keys import Keys
from .transport import Answer, FaultKind, Transport, TransportFault, kind_of, place_of, retry_after

_NO_LIMIT_S = 7 * 86_400.0
"""litellm's own time limit; it counts reads, not calls, and the caller's is the one that counts."""
_NO_KEY = "none"
"""Key for servers that want none; without one litellm would send them OpenAI's."""
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


class LitellmTransport(Transport):
    """A Transport through litellm, which lives in the process's asyncio thread.

    A call costs 8 to 9 ms of CPU. litellm is imported with the first question.
    """

    def __init__(self, config: ModelConfig, keys: Keys) -> None:
        self._config = config
        self._keys = keys
        self._key = keys.of(config)
        self._known_as: tuple[str, openai_codec.Structured] | None = None
        """The model's name for litellm, and how schemas are put to it."""

    async def outcome(self, question: Chat) -> Answer | Exception:
        """Send one question, and return the fault or the LitellmBroke if there is one. Connections
        are shared, and closed when the process ends. Raises MissingExtra."""
        return await on_asyncio(self._outcome, question)

    async def _outcome(self, question: Chat) -> Answer | TransportFault | LitellmBroke:
        if self._known_as is None:
            # The import takes seconds, and other calls are under way in this loop.
            self._known_as = await asyncio.to_thread(self._prepare)
        model, structured = self._known_as
        asked = openai_codec.body(question, structured, model, lengths=False)
        try:
            payload = await self._exchange(asked)
        except Exception as error:
            return _fault_of(error)
        return openai_codec.outcome(payload, question)

    async def _exchange(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Send one request; return the response in OpenAI's form."""
        key = self._key
        own = {} if key is None else {"api_key": key.reveal()}
        if self._config.api_base is not None:
            own = {"api_base": self._config.api_base, "api_key": _NO_KEY, **own}
        response = await litellm_library().acompletion(
            **{
                **asked,
                **own,
                "timeout": _NO_LIMIT_S,
                "num_retries": 0,
                "max_retries": 0,
                "stream": False,
                "caching": False,
                # Else it imports the parts of its proxy that look for tools of MCP servers, and
                # these want packages that are not installed with it.
                "_skip_mcp_handler": True,
            }
        )
        payload: dict[str, Any] = response.model_dump(warnings=False)
        for choice in payload.get("choices") or ():
            message = choice.get("message") or {}
            aside = message.get("provider_specific_fields") or {}
            message.setdefault("refusal", aside.get("refusal"))
        return payload

    def _prepare(self) -> tuple[str, openai_codec.Structured]:
        config = self._config
        self._keys.lend()
        # Users can do nothing about these. Of its types, when the first answer is read:
        warnings.filterwarnings("ignore", r"Item '\w+' on TypedDict class", UserWarning)
        # Of a call that is cancelled while another thread prepares its request:
        never = r"coroutine '\S*completion\S*' was never awaited"
        warnings.filterwarnings("ignore", never, RuntimeWarning)
        name, way = config.model, config.structured
        if config.api_base is not None and provider_of(name) is None:
            name = f"openai/{name}"
        if way == "auto":
            way = schema_support(name) if config.api_base is None else "json_schema"
        return name, way


class LitellmBroke(Exception):
    """An error within litellm that no provider has part in. It shows only its kind and place:
    its own text could hold a key."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"litellm failed with {type(error).__name__}{place_of(error)}")


def _fault_of(error: Exception) -> TransportFault | LitellmBroke:
    """Classify litellm's error.

    It says 500 for much that no provider ever said: only with a response's headers, its own or
    those of an error that it was made of, is the status real. What it was made of tells the rest.
    """
    chain = list(_chain(error))
    for link in chain:
        if isinstance(link, ImportError | Warning):
            return LitellmBroke(link)
    words = "\n".join(f"{type(link).__name__}: {link}" for link in chain)
    headers = next((found for link in chain if (found := _headers(link)) is not None), None)
    status = getattr(error, "status_code", None)
    if headers is not None and isinstance(status, int):
        return TransportFault(kind_of(status, words), status, retry_after(headers))
    return TransportFault(_unanswered(chain, status, words))


def _unanswered(chain: list[BaseException], status: object, words: str) -> FaultKind:
    """Return the kind of a fault in which no provider's response shows."""
    names = {kind.__name__ for link in chain for kind in type(link).__mro__}
    if names & {"TimeoutError", "APITimeoutError", "TimeoutException"}:
        return "timed_out"
    if any(isinstance(link, json.JSONDecodeError | UnicodeError) for link in chain):
        return "malformed"
    if names & {"TransportError", "ClientError", "OSError"} or "Connection error" in words:
        return "disconnected"
    if isinstance(status, int) and status < 500:
        return kind_of(status, words)
    return "malformed"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and the errors that it was made of."""
    link: BaseException | None = error
    for _ in range(20):
        if link is None:
            return
        yield link
        link = link.__cause__ or link.__context__


def _headers(error: BaseException) -> Mapping[str, str] | None:
    """Return the headers of the response that an error is about. Those of responses that litellm
    makes up are empty."""
    found = getattr(error, "litellm_response_headers", None) or getattr(
        getattr(error, "response", None), "headers", None
    )
    return found if isinstance(found, Mapping) and len(found) > 0 else None


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


def provider_of(model: str) -> str | None:
    """Return litellm's name of a model's provider; None if it knows none."""
    library = litellm_library()
    try:
        return str(library.get_llm_provider(model=model)[1])
    except Exception:  # of several kinds, by the provider
        return None


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
