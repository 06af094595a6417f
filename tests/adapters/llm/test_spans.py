"""Each call is a span after the GenAI conventions, and nobody needs OpenTelemetry for a call."""

import subprocess
import sys
from typing import Any

import anyio
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from gdg_runtime.adapters.llm.transport import Answer, TransportFault
from gdg_runtime.runtime.errors import EffectFault, EffectWithheld


class _Exported:
    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = provider.get_tracer("test")

    @property
    def span(self) -> ReadableSpan:
        (span,) = self.exporter.get_finished_spans()
        return span

    @property
    def attributes(self) -> dict[str, Any]:
        return dict(self.span.attributes or {})


@pytest.fixture
def exported() -> _Exported:
    return _Exported()


async def test_a_call_is_a_client_span(bench: Any, exported: _Exported) -> None:
    b = bench(
        tracer=exported.tracer, model="mistral/small", temperature=0.5, top_p=0.9, seed=3,
        max_tokens=64, stop=["END"],
    )  # fmt: skip
    await b.ask("a secret plan")
    span = exported.span
    assert (span.name, span.kind) == ("chat mistral/small", SpanKind.CLIENT)
    assert span.status.status_code is StatusCode.UNSET
    assert exported.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "mistral_ai",
        "gen_ai.request.model": "mistral/small",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.top_p": 0.9,
        "gen_ai.request.max_tokens": 64,
        "gen_ai.request.seed": 3,
        "gen_ai.request.stop_sequences": ("END",),
        "gen_ai.response.model": "toy-1",
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 5,
        "gdg.actor": "agents/ann",
        "gdg.message_number": 7,
        "gdg.attempts": 1,
    }
    assert "secret plan" not in span.to_json()
    assert "blue" not in span.to_json()


async def test_a_server_is_named_without_its_password(bench: Any, exported: _Exported) -> None:
    b = bench(tracer=exported.tracer, api_base="https://me:hunter2@llm.example:8443/v1")
    await b.ask()
    assert exported.attributes["server.address"] == "llm.example"
    assert exported.attributes["server.port"] == 8443
    assert exported.attributes["gen_ai.provider.name"] == "openai"
    assert "hunter2" not in exported.span.to_json()


@pytest.mark.parametrize(
    ("fault", "raised", "error_type"),
    [
        (TransportFault("bad_request", 400), EffectFault, "bad_request"),
        (TransportFault("unknown_model", 404), EffectWithheld, "withheld"),
    ],
)
async def test_a_failure_has_a_type_and_no_text(
    bench: Any, exported: _Exported, fault: Any, raised: Any, error_type: str
) -> None:
    b = bench(fault, tracer=exported.tracer)
    with pytest.raises(raised):
        await b.ask()
    assert exported.attributes["error.type"] == error_type
    assert exported.span.status.status_code is StatusCode.ERROR
    assert exported.span.events == ()


async def test_a_cancelled_call_ends_its_span(
    bench: Any, takes: Any, exported: _Exported, autojump_clock: Any
) -> None:
    b = bench(takes(60), tracer=exported.tracer)
    with anyio.move_on_after(1):
        await b.ask()
    assert exported.attributes["error.type"] == "cancelled"


_CALL = """
import anyio
from gdg_runtime.actors.llm.chat import Chat, ChatMessage
from gdg_runtime.adapters.llm.ledger import Ledger
from gdg_runtime.adapters.llm.provider import ResilientProvider
from gdg_runtime.adapters.llm.transport import Answer
from gdg_runtime.scenarios.schema.language_model import ModelConfig

class Transport:
    async def send(self, question): return Answer("blue")
    async def aclose(self): pass

async def main():
    ledger = Ledger()
    provider = ResilientProvider(
        ModelConfig(model="toy"), Transport(), ledger, price=None, redact=str, record=print
    )
    question = Chat(model="toy", messages=(ChatMessage(role="user", content="?"),))
    print((await provider.chat(question)).content)
"""

_NOT_INSTALLED = "import sys; sys.modules['opentelemetry'] = None\n"
_CONFIGURED = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, ConsoleSpanExporter
trace.set_tracer_provider(TracerProvider())
trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
"""


@pytest.mark.parametrize(
    ("before", "spans"), [(_NOT_INSTALLED, 0), ("", 0), (_CONFIGURED, 1)],
    ids=["not installed", "not configured", "configured"],
)  # fmt: skip
def test_spans_go_to_the_provider_that_the_process_has(before: str, spans: int) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", before + _CALL + "anyio.run(main, backend='trio')"],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert "blue" in ran.stdout
    assert ran.stdout.count('"chat toy"') == spans


def test_calls_do_not_import_opentelemetry_by_themselves() -> None:
    check = "; print('opentelemetry' in __import__('sys').modules)"
    ran = subprocess.run(
        [sys.executable, "-c", "import gdg_runtime.adapters.llm.provider" + check],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert ran.stdout.strip() == "False"


def test_an_answer_has_no_field_that_spans_could_leak() -> None:
    assert set(Answer._fields) - {"content", "tool_calls"} == {
        "finish_reason", "usage", "model", "fingerprint", "provider_id"
    }  # fmt: skip
