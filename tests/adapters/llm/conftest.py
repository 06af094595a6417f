"""A provider that misbehaves, and the ways to reach it; a resilient provider over a transport that
follows a script."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "llm"))

from serving import FaultServer, start_server  # needs the line above

from gdg_runtime.actors.llm.chat import Chat, ChatMessage, Usage
from gdg_runtime.adapters.llm.keys import Keys
from gdg_runtime.adapters.llm.language_models import make_transport
from gdg_runtime.adapters.llm.ledger import Ledger
from gdg_runtime.adapters.llm.limits import Backoff, Breaker
from gdg_runtime.adapters.llm.provider import ResilientProvider
from gdg_runtime.adapters.llm.telemetry import Call
from gdg_runtime.adapters.llm.transport import Answer, Transport, TransportFault
from gdg_runtime.runtime.effects import EffectRequest, asking
from gdg_runtime.scenarios.schema.language_model import ModelConfig, Price

KEY = "sk-test-0123456789abcdefghijklmnop"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"move": {"type": "string", "enum": ["stay", "go"]}},
    "required": ["move"],
    "additionalProperties": False,
}

Reached = Callable[..., Transport]


@pytest.fixture(scope="session")
def _server() -> Iterator[FaultServer]:
    with start_server() as server:
        yield server


@pytest.fixture
def server(_server: FaultServer) -> Iterator[FaultServer]:
    """Answers at once and without faults, until it is told otherwise. Nothing is in flight."""
    before = _server.options()
    wait_for(lambda: _server.stats()["in_flight"] == 0)
    _server.reset()
    yield _server
    _server.control(**before)


@pytest.fixture(params=["openai", pytest.param("litellm", marks=pytest.mark.extra_llm)])
def adapter(request: pytest.FixtureRequest) -> str:
    """Each way to a provider."""
    name: str = request.param
    return name


@pytest.fixture
def reached(server: FaultServer, adapter: str) -> Reached:
    """The transport to the server, with a config of one's own."""

    def make(**settings: Any) -> Transport:
        config = ModelConfig.model_validate(
            {"model": "openai/toy", "api_base": server.url, "api_key_env": "TOY_API_KEY",
             "adapter": adapter, **settings}
        )  # fmt: skip
        return make_transport(config, Keys.load({"TOY_API_KEY": KEY}, None))

    return make


@pytest.fixture
def transport(reached: Reached) -> Transport:
    """The transport to the server."""
    return reached()


def ask(text: str = "Where to?", **parts: Any) -> Chat:
    """A question."""
    messages = (
        ChatMessage(role="system", content="You are a toy."),
        ChatMessage(role="user", content=text),
    )
    return Chat(**{"model": "openai/toy", "messages": messages, **parts})


def wait_for(condition: Callable[[], bool]) -> None:
    """Ask another process until a condition holds."""
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.01)


async def wait_until(condition: Callable[[], bool]) -> None:
    """The same, while other tasks go on."""
    with anyio.fail_after(30):
        while not condition():
            await anyio.sleep(0.01)


ANSWER = Answer("blue", usage=Usage(10, 5), model="toy-1", provider_id="chatcmpl-1")


class Takes(NamedTuple):
    """A step of a script that takes time, in seconds."""

    seconds: float
    then: Any = ANSWER


class ScriptedTransport:
    """The transport port: each request is met by the next step, later ones by the last."""

    def __init__(self, steps: Sequence[Any]) -> None:
        self.steps = list(steps)
        self.sent_at: list[float] = []
        self.questions: list[Chat] = []
        self.cancelled = 0
        self.closed = False

    async def send(self, question: Chat) -> Answer:
        self.sent_at.append(anyio.current_time())
        self.questions.append(question)
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        try:
            while isinstance(step, Takes):
                await anyio.sleep(step.seconds)
                step = step.then
            await anyio.sleep(0)
        except anyio.get_cancelled_exc_class():
            self.cancelled += 1
            raise
        if isinstance(step, TransportFault):
            # A fresh one: an exception that is raised twice keeps its old frames.
            raise TransportFault(step.kind, step.status, step.retry_after_s, step.usage)
        if isinstance(step, BaseException):
            raise step
        assert isinstance(step, Answer)
        return step

    async def aclose(self) -> None:
        self.closed = True


class Bench:
    """A provider, and all that it touches."""

    def __init__(
        self,
        *steps: Any,
        ledger: Ledger | None = None,
        price: Price | None = None,
        backoff: Backoff | None = None,
        terms: Mapping[str, Any] | None = None,
        redact: Callable[[str], str] = str,
        tracer: Any = None,
        **config: Any,
    ) -> None:
        self.config = ModelConfig(**{"model": "openai/toy", **config})
        self.transport = ScriptedTransport(steps or [ANSWER])
        self.ledger = ledger or Ledger(role_of={"agents/ann": "worker"})
        self.records: list[Call] = []
        self.breaker = Breaker(self.config.model, self.config.outage_s, **(terms or {}))
        self.provider = ResilientProvider(
            self.config, self.transport, self.ledger, price=price, redact=redact,
            record=self.records.append, backoff=backoff, breaker=self.breaker, tracer=tracer,
        )  # fmt: skip

    def question(self, text: str = "Which colour?", **more: Any) -> Chat:
        return Chat(
            model=self.config.model, messages=(ChatMessage(role="user", content=text),),
            sampling=self.config.sampling, **more,
        )  # fmt: skip

    async def ask(self, text: str = "Which colour?", actor: str = "agents/ann") -> Any:
        """Ask as an actor of a run would."""
        nothing: dict[str, Any] = dict.fromkeys(EffectRequest._fields)
        request = EffectRequest(**{**nothing, "actor": actor, "number": 7})
        token = asking.set(request)
        try:
            return await self.provider.chat(self.question(text))
        finally:
            asking.reset(token)

    async def ask_all(self, number: int) -> list[Any]:
        """So many questions at once; the replies, or the errors, in their order."""
        ends: list[Any] = [None] * number

        async def one(index: int) -> None:
            try:
                ends[index] = await self.ask()
            except Exception as error:
                ends[index] = error

        async with anyio.create_task_group() as tasks:
            for index in range(number):
                tasks.start_soon(one, index)
        return ends


@pytest.fixture(scope="session")
def bench() -> type[Bench]:
    return Bench


@pytest.fixture(scope="session")
def answer() -> Answer:
    return ANSWER


@pytest.fixture(scope="session")
def takes() -> type[Takes]:
    return Takes
