"""A call to a language model and its physical facts: for `telemetry.jsonl`, and as a span.

No run depends on them. A span is a CLIENT span per call, after the semantic conventions for
generative AI. Nothing is configured here: where the extra `[otel]` is installed, spans go to the
tracer provider that the process has (by `opentelemetry-instrument` or by a plug-in); the API's
default drops them. Prompts and replies never go into a span.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import reduce
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import urlsplit

import anyio

from ...actors.llm.chat import Chat, Fault, ModelTrouble, Usage
from ...runtime.effects import asking
from ...runtime.errors import EffectFault, EffectWithheld
from ...scenarios.schema.language_model import ModelConfig, Price
from .endpoint import is_direct
from .prices import cost, dollars, estimate_tokens
from .transport import Answer

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

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


class Attempt(NamedTuple):
    """One request that was sent."""

    seconds: float
    fault: str | None = None
    """None: it was answered. `cancelled`: given up by the run."""
    status: int | None = None
    retry_after_s: float | None = None
    provider_id: str | None = None
    """The provider's id of the reply."""
    usage: Usage | None = None
    """Tokens, where the provider reported them."""
    billed: bool = True
    """True where the provider may have charged it."""

    def to_json(self) -> dict[str, Any]:
        """Return the facts of `telemetry.jsonl`: not what the ledger counts."""
        facts = self._asdict()
        del facts["usage"], facts["billed"]
        return facts


class Call:
    """One question, with all attempts to get it answered. Created when the question comes."""

    def __init__(self, question: Chat) -> None:
        request = asking.get(None)
        self.actor = request.actor if request else ""
        """Path of the actor that asked; empty outside of a run."""
        self.number = request.number if request else 0
        self.question = question
        self.bound = estimate_tokens(question)
        """Most tokens that one attempt should take."""
        self.attempts: list[Attempt] = []
        self.counted = 0
        """Attempts that count against the retries: not those that probed an open breaker."""
        self.answer: Answer | None = None
        self.outcome: CallOutcome = "ok"
        self.error_type: str | None = None
        self.seconds = 0.0
        """Seconds from the question to the end, whatever the end was."""
        self.usd: float | None = None
        """Cost of `usage`, in US dollars; None if it is unknown."""
        self._began = anyio.current_time()
        self._started = datetime.now(UTC).isoformat(timespec="milliseconds")

    @property
    def usage(self) -> Usage | None:
        """Tokens of all attempts whose usage the provider reported; None if it reported none."""
        return _total(self.attempts)

    @property
    def waited_s(self) -> float:
        """Seconds spent in waiting: breaker, budgets, rate limits, between attempts."""
        return max(0.0, self.seconds - sum(attempt.seconds for attempt in self.attempts))

    @property
    def trouble(self) -> ModelTrouble:
        """The attempts made so far, what failed and what that has cost."""
        faults = [
            Fault(attempt.fault, attempt.status)
            for attempt in self.attempts
            if attempt.fault and attempt.fault != "cancelled"
        ]
        wasted = _total(attempt for attempt in self.attempts if attempt.fault is not None)
        unknown = sum(attempt.billed and attempt.usage is None for attempt in self.attempts)
        return ModelTrouble(len(self.attempts), tuple(faults), wasted, unknown)

    def end(self, error: BaseException | None, price: Price | None) -> None:
        """Note the end of the call: its answer has come, or this error is raised."""
        self.seconds = anyio.current_time() - self._began
        if price is not None and (usage := self.usage) is not None:
            self.usd = float(dollars(cost(usage, price)))
        if isinstance(error, EffectWithheld):
            self.outcome = self.error_type = "withheld"
        elif isinstance(error, anyio.get_cancelled_exc_class()):
            self.outcome = self.error_type = "cancelled"
        elif error is not None:
            self.outcome = "failed"
            self.error_type = error.kind if isinstance(error, EffectFault) else type(error).__name__

    @property
    def lost_cost(self) -> dict[str, Any] | None:
        """The cost of attempts whose call has no outcome of its own to report it in."""
        if not self.attempts or self.outcome not in ("withheld", "cancelled"):
            return None
        return {**self.trouble.to_json(), "bound": list(self.bound)}

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        usage = self.usage
        return {
            "actor": self.actor,
            "number": self.number,
            "model": self.question.model,
            "started": self._started,  # UTC, ISO 8601
            "seconds": self.seconds,
            "waited_s": self.waited_s,
            "attempts": [attempt.to_json() for attempt in self.attempts],
            "prompt_tokens": usage and usage.prompt_tokens,
            "completion_tokens": usage and usage.completion_tokens,
            "usd": self.usd,
            "finish_reason": self.answer and self.answer.finish_reason,
            "outcome": self.outcome,
        }


def _total(attempts: Iterable[Attempt]) -> Usage | None:
    known = [attempt.usage for attempt in attempts if attempt.usage is not None]
    return reduce(Usage.plus, known) if known else None


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


@contextmanager
def call_span(tracer: Tracer | None, call: Call, config: ModelConfig) -> Iterator[None]:
    """Open a span around one call, which ends inside; spans begun inside become its children."""
    if tracer is None:
        yield
        return
    from opentelemetry.trace import SpanKind, Status, StatusCode

    with tracer.start_as_current_span(
        f"chat {call.question.model}",
        kind=SpanKind.CLIENT,
        attributes=_attributes(call, config),
        # An exception's text is for the run's own files.
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield
        finally:
            span.set_attributes(_results(call))
            if call.error_type is not None:
                span.set_status(Status(StatusCode.ERROR))


def _results(call: Call) -> dict[str, Any]:
    """Return the attributes that are known when the call has ended."""
    usage, answer = call.usage, call.answer
    results: dict[str, Any] = {"gdg.attempts": len(call.attempts), "error.type": call.error_type}
    if usage is not None:
        results["gen_ai.usage.input_tokens"] = usage.prompt_tokens
        results["gen_ai.usage.output_tokens"] = usage.completion_tokens
    if answer is not None:
        results["gen_ai.response.model"] = answer.model or None
        results["gen_ai.response.id"] = answer.provider_id
        results["gen_ai.response.finish_reasons"] = [answer.finish_reason]
    return {name: value for name, value in results.items() if value is not None}


def _attributes(call: Call, config: ModelConfig) -> dict[str, Any]:
    """Return the attributes that are known when the call begins."""
    question = call.question
    attributes: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": _provider(config),
        "gen_ai.request.model": question.model,
        "gdg.actor": call.actor,
        "gdg.message_number": call.number,
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
