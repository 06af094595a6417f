"""Physical facts of each call: for `telemetry.jsonl`, and as OpenTelemetry spans.

No run depends on them. A span is a CLIENT span per call, after the semantic conventions for
generative AI. Nothing is configured here: where the extra `[otel]` is installed, spans go to the
tracer provider that the process has (by `opentelemetry-instrument` or by a plug-in); the API's
default drops them. Prompts and replies never go into a span.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import urlsplit

from ...actors.llm.chat import Chat
from ...scenarios.schema.language_model import ModelConfig
from .endpoint import is_direct
from .transport import Answer

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer


CallOutcome = Literal["ok", "failed", "withheld", "cancelled"]
_PROVIDERS = {
    "azure": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "bedrock": "aws.bedrock",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "vertex_ai": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "xai": "x_ai",
}
"""The conventions' names of litellm's providers, where they differ."""
_SAMPLING = {
    "temperature": float,
    "top_p": float,
    "top_k": float,
    "frequency_penalty": float,
    "presence_penalty": float,
    "max_tokens": int,
    "seed": int,
}
"""A request's parameters that the conventions know, by name and type."""


class AttemptRecord(NamedTuple):
    """One request that was sent."""

    seconds: float
    fault: str | None = None
    """None: it was answered. `cancelled`: given up by the run."""
    status: int | None = None
    retry_after_s: float | None = None
    provider_id: str | None = None
    """The provider's id of the reply."""


class CallRecord(NamedTuple):
    """One question, with all attempts to get it answered."""

    actor: str
    """Path of the actor that asked; empty outside of a run."""
    number: int
    model: str
    started: str
    """UTC, ISO 8601."""
    seconds: float
    """Seconds from the question to the end, whatever the end was."""
    waited_s: float
    """Seconds of these spent in waiting: breaker, budgets, rate limits, between attempts."""
    attempts: tuple[AttemptRecord, ...]
    prompt_tokens: int | None
    """Tokens of all attempts whose usage the provider reported; None if it reported none."""
    completion_tokens: int | None
    usd: float | None
    """Cost of these tokens, in US dollars; None if it is unknown."""
    finish_reason: str | None
    outcome: CallOutcome

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {**self._asdict(), "attempts": [attempt._asdict() for attempt in self.attempts]}


def default_tracer() -> Tracer | None:
    """Return the tracer of the process's provider.

    None where OpenTelemetry is not installed, or has no provider to give the spans to.
    """
    try:
        from opentelemetry import trace  # an extra
    except ImportError:
        return None
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        # No provider was set: its spans would be made to be thrown away.
        return None
    return trace.get_tracer("gdg_runtime.llm")


class CallSpan:
    """The span of one call; does nothing without a tracer."""

    def __init__(self, span: Span | None) -> None:
        self._span = span

    def answered(self, answer: Answer) -> None:
        """Note whose reply it is."""
        if self._span is None:
            return
        known = {
            "gen_ai.response.model": answer.model or None,
            "gen_ai.response.id": answer.provider_id,
            "gen_ai.response.finish_reasons": [answer.finish_reason],
        }
        self._span.set_attributes({key: value for key, value in known.items() if value is not None})

    def ended(self, record: CallRecord, error_type: str | None) -> None:
        """Note what the call took, and of what kind its failure was."""
        if self._span is None:
            return
        from opentelemetry.trace import Status, StatusCode

        facts: dict[str, Any] = {"gdg.attempts": len(record.attempts)}
        if record.prompt_tokens is not None:
            facts["gen_ai.usage.input_tokens"] = record.prompt_tokens
        if record.completion_tokens is not None:
            facts["gen_ai.usage.output_tokens"] = record.completion_tokens
        if error_type is not None:
            facts["error.type"] = error_type
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.set_attributes(facts)


@contextmanager
def call_span(
    tracer: Tracer | None, question: Chat, config: ModelConfig, actor: str, number: int
) -> Iterator[CallSpan]:
    """Open a span around one call; spans that are begun inside become its children."""
    if tracer is None:
        yield CallSpan(None)
        return
    from opentelemetry.trace import SpanKind

    with tracer.start_as_current_span(
        f"chat {question.model}",
        kind=SpanKind.CLIENT,
        attributes=_attributes(question, config, actor, number),
        # An exception's text is for the run's own files.
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        yield CallSpan(span)


def _attributes(question: Chat, config: ModelConfig, actor: str, number: int) -> dict[str, Any]:
    """Return the attributes that are known when the call begins."""
    attributes: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": _provider(config),
        "gen_ai.request.model": question.model,
        "gdg.actor": actor,
        "gdg.message_number": number,
    }
    for name, kind in _SAMPLING.items():
        value = question.sampling.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            attributes[f"gen_ai.request.{name}"] = kind(value)
    stop = question.sampling.get("stop")
    if isinstance(stop, list):
        attributes["gen_ai.request.stop_sequences"] = [str(sign) for sign in stop]
    if question.json_schema is not None:
        attributes["gen_ai.output.type"] = "json"
    if config.api_base is not None:
        address = urlsplit(config.api_base)
        attributes["server.address"] = address.hostname or ""
        attributes["server.port"] = address.port or (443 if address.scheme == "https" else 80)
    return attributes


def _provider(config: ModelConfig) -> str:
    """Name the protocol that is spoken: OpenAI's, where nothing else is said."""
    prefix, slash, _ = config.model.partition("/")
    if is_direct(config) or not slash:
        return "openai"
    return _PROVIDERS.get(prefix, prefix)
