"""litellm, brought in late and made quiet."""

import importlib
import logging
import os
import threading
import warnings
from types import ModuleType

from ..asyncio_thread import at_asyncio_end
from .missing_extra import MissingExtra

_SETTINGS = {
    # Its price table comes with the package; else the import fetches one from GitHub.
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    # Else it takes the next .env above its own files and puts it into the environment.
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_LOG": "ERROR",
    # Ours is the limit of calls in flight; of its own it warns at each call.
    "AIOHTTP_CONNECTOR_LIMIT": "0",
    "AIOHTTP_CONNECTOR_LIMIT_PER_HOST": "0",
}
_LOGGERS = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")
_SOURCES = r"(litellm|pydantic|openai|aiohttp|botocore|importlib_metadata)(\.|$)"
_once = threading.Lock()


def litellm_library() -> ModuleType:
    """litellm itself. The first call takes seconds and 190 MB. Raises MissingExtra.

    What is already set in the environment stays; with LITELLM_LOG set there, its log is left on.
    """
    with _once:
        given = "LITELLM_LOG" in os.environ
        for name, value in _SETTINGS.items():
            os.environ.setdefault(name, value)
        # For good, not for the time of the import: filters belong to all threads together.
        warnings.filterwarnings("ignore", module=_SOURCES)
        try:
            library = importlib.import_module("litellm")
        except ImportError as error:
            if (error.name or "").partition(".")[0] == "litellm":
                raise MissingExtra("a model that only litellm can reach", "litellm") from None
            raise
        if not getattr(library, "suppress_debug_info", False):
            _hush(library, logs=given)
        return library


def _hush(library: ModuleType, *, logs: bool) -> None:
    library.suppress_debug_info = True  # type: ignore[attr-defined]  # it prints at each error
    library.telemetry = False  # type: ignore[attr-defined]  # of older versions
    if not logs:
        for name in _LOGGERS:
            # Its lines hold prompts, and none of them is news: what matters is raised.
            logger = logging.getLogger(name)
            logger.handlers[:] = [logging.NullHandler()]
            logger.propagate = False
    at_asyncio_end(library.close_litellm_async_clients)


def keys_wanted(model: str) -> list[str] | None:
    """The environment variables that hold the provider's key and whatever else it needs, those
    that are set left out; None for a model of no known provider."""
    litellm = litellm_library()
    try:
        litellm.get_llm_provider(model=model)
    except Exception:  # of several kinds, by the provider
        return None
    return list(litellm.validate_environment(model)["missing_keys"])


def schema_support(model: str) -> str:
    """The best way that a model has to be told a JSON schema, by litellm's table: `json_schema`,
    `tools` or `instruction`."""
    litellm = litellm_library()
    if litellm.supports_response_schema(model=model):
        return "json_schema"
    if litellm.supports_function_calling(model=model):
        return "tools"
    return "instruction"
