"""Addresses of OpenAI-compatible servers, and the names by which they know a model."""

from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ...scenarios.schema.language_model import ModelConfig

_PREFIXES = (
    "openai/", "custom_openai/", "openai_like/", "litellm_proxy/", "local/",
    "hosted_vllm/", "vllm/", "ollama_chat/", "ollama/", "lm_studio/", "llamafile/",
    "openrouter/", "groq/", "deepseek/", "mistral/", "together_ai/", "fireworks_ai/", "xai/",
)  # fmt: skip
"""Prefixes by litellm of models whose servers speak OpenAI's language. Any other
`word/` is part of the name (`meta-llama/…`, `Qwen/…`)."""

_OWN_NAMES = ("openai/gpt-oss",)
"""Names of open models that only look as if they had such a prefix."""


class KnownProvider(NamedTuple):
    """A provider's own address, and the environment variable of its key."""

    host: str
    key: str | None = None
    url: str | None = None
    """Address for `adapter: openai` without an api_base."""


PROVIDERS = {
    "anthropic": KnownProvider("api.anthropic.com", "ANTHROPIC_API_KEY"),
    "azure": KnownProvider("openai.azure.com"),
    "deepseek": KnownProvider("api.deepseek.com", "DEEPSEEK_API_KEY"),
    "fireworks_ai": KnownProvider("api.fireworks.ai"),
    "gemini": KnownProvider("generativelanguage.googleapis.com"),
    "groq": KnownProvider("api.groq.com", "GROQ_API_KEY"),
    "mistral": KnownProvider("api.mistral.ai", "MISTRAL_API_KEY"),
    "openai": KnownProvider("api.openai.com", "OPENAI_API_KEY", "https://api.openai.com/v1"),
    "openrouter": KnownProvider(
        "openrouter.ai", "OPENROUTER_API_KEY", "https://openrouter.ai/api/v1"
    ),
    "together_ai": KnownProvider("api.together.xyz", "TOGETHERAI_API_KEY"),
    "xai": KnownProvider("api.x.ai", "XAI_API_KEY"),
}
"""Providers that most runs use, by litellm's names, known without its import of seconds."""


class Endpoint(NamedTuple):
    """A server that speaks OpenAI's language."""

    url: str
    """Without a slash at the end; `/chat/completions` comes after it."""

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def is_openai(self) -> bool:
        return _is_at(self.host, "api.openai.com")

    def adapted(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return a request's body as this server takes it."""
        adapted = body | {"stream": False}
        if self.is_openai and "max_tokens" in adapted:
            # Its newer models know the limit by no other name.
            adapted["max_completion_tokens"] = adapted.pop("max_tokens")
        return adapted

    def name_of(self, model: str) -> str:
        """Return the model's name as the server knows it.

        A prefix of litellm's for providers that speak OpenAI's language is taken off, once.
        OpenRouter's own names have the makers before them, so there only `openrouter/` is.
        """
        if self.host == "openrouter.ai":
            return model.removeprefix("openrouter/")
        if model.startswith(_OWN_NAMES):
            return model
        for prefix in _PREFIXES:
            if model.startswith(prefix) and len(model) > len(prefix):
                return model.removeprefix(prefix)
        return model


def provider_of_name(model: str) -> KnownProvider | None:
    """Return the known provider that a model's name begins with."""
    return PROVIDERS.get(model.partition("/")[0])


def provider_at(api_base: str) -> str | None:
    """Return the name of the known provider whose own address this is.

    Any other `api_base` is somebody's own server: what it charges does not follow from a model's
    name.
    """
    host = urlsplit(api_base).hostname or ""
    found = (name for name, provider in PROVIDERS.items() if _is_at(host, provider.host))
    return next(found, None)


def is_direct(config: ModelConfig) -> bool:
    """Tell whether a model is asked in OpenAI's language, without litellm."""
    return config.adapter == "openai" or (config.adapter == "auto" and config.api_base is not None)


def endpoint_of(config: ModelConfig) -> Endpoint | None:
    """Return the server that a model is asked at directly; None where only litellm knows."""
    if config.api_base is not None:
        return Endpoint(config.api_base.rstrip("/").removesuffix("/chat/completions"))
    known = provider_of_name(config.model) if "/" in config.model else None
    return Endpoint(known.url) if known is not None and known.url is not None else None


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_at(host: str, known: str) -> bool:
    return host == known or host.endswith(f".{known}")
