"""Addresses of OpenAI-compatible servers, and the names by which they know a model."""

import ipaddress
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


class PublicEndpoint(NamedTuple):
    """A provider's own address, for `adapter: openai` without an api_base."""

    url: str
    key: str
    """The environment variable of its key."""


PUBLIC: dict[str, PublicEndpoint] = {
    "openai/": PublicEndpoint("https://api.openai.com/v1", "OPENAI_API_KEY"),
    "openrouter/": PublicEndpoint("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
}


class Endpoint(NamedTuple):
    """A server that speaks OpenAI's language."""

    url: str
    """Without a slash at the end; `/chat/completions` comes after it."""

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def is_openai(self) -> bool:
        return self.host == "api.openai.com" or self.host.endswith(".api.openai.com")

    @property
    def is_loopback(self) -> bool:
        """On this machine: no proxy stands between."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

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


def public_endpoint(config: ModelConfig) -> PublicEndpoint | None:
    """Return the well-known address of a model's provider, if there is one."""
    for prefix, known in PUBLIC.items():
        if config.model.startswith(prefix):
            return known
    return None


def endpoint_of(config: ModelConfig) -> Endpoint | None:
    """Return the server that a model is asked at directly; None where only litellm knows."""
    if config.api_base is not None:
        return Endpoint(config.api_base.rstrip("/").removesuffix("/chat/completions"))
    public = public_endpoint(config)
    return Endpoint(public.url) if public else None
