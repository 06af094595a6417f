"""A provider that misbehaves, and the ways to reach it."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "llm"))

from serving import FaultServer, start_server  # needs the line above

from gdg_runtime.actors.llm.chat import Chat, ChatMessage
from gdg_runtime.adapters.llm.keys import Keys
from gdg_runtime.adapters.llm.transport import Transport
from gdg_runtime.adapters.llm.transport_factory import make_transport
from gdg_runtime.scenarios.schema.language_model import ModelConfig

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
