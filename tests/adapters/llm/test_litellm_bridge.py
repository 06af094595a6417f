"""litellm keeps quiet, reads no files of ours, and leaves without a word."""

import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from serving import FaultServer

from gdg_runtime.adapters.llm.keys import Keys
from gdg_runtime.adapters.llm.language_models import make_transport
from gdg_runtime.adapters.llm.litellm_bridge import LitellmBroke, provider_of, schema_support
from gdg_runtime.scenarios.schema.language_model import ModelConfig

from .conftest import ask

pytestmark = pytest.mark.extra_llm

PROGRAM = """
import logging, os, sys
import trio
from gdg_runtime.actors.llm.chat import Chat, ChatMessage
from gdg_runtime.adapters.llm.keys import Keys
from gdg_runtime.adapters.llm.language_models import make_transport
from gdg_runtime.adapters.llm.transport import TransportFault
from gdg_runtime.scenarios.schema.language_model import ModelConfig

logging.basicConfig(level=logging.INFO)
config = ModelConfig(model="meta-llama/toy", api_base=sys.argv[1], adapter="litellm")
question = Chat(model=config.model, messages=(ChatMessage(role="user", content="Hello?"),))

async def main():
    transport = make_transport(config, Keys.load(dotenv=None))
    try:
        await transport.send(question)
    except TransportFault as fault:
        print(fault.kind)
    print(bool((await transport.send(question)).content))
    with trio.move_on_after(0.1) as limit:
        await transport.send(question)
    print(limit.cancelled_caught)
    await transport.aclose()

trio.run(main)
print("IN_FILE" in os.environ)
"""


def test_a_process_with_litellm_says_nothing_of_its_own(
    server: FaultServer, tmp_path: Path
) -> None:  # fmt: skip
    (tmp_path / ".env").write_text("IN_FILE=1\n")
    server.control(faults=1, fault_kinds=["server_error"], fault_first=1, latency="0.5")
    environment = {name: value for name, value in os.environ.items() if "LITELLM" not in name}
    said = subprocess.run(
        [sys.executable, "-W", "default", "-c", PROGRAM, server.url],
        capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=120,
    )  # fmt: skip
    assert (said.stdout, said.stderr) == ("server_error\nTrue\nTrue\nFalse\n", "")


async def test_a_fault_of_litellms_own_is_not_blamed_on_the_provider(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "google.auth", None)
    config = ModelConfig(model="vertex_ai/gemini-pro", api_base=server.url, adapter="litellm")
    transport = make_transport(config, Keys.load({}, None))
    with (
        anyio.fail_after(60),
        pytest.raises(LitellmBroke, match=r"^litellm failed with \w+Error at"),
    ):
        await transport.send(ask())
    assert server.stats()["requests"] == 0


@pytest.mark.parametrize(
    ("model", "way"),
    [
        ("openai/gpt-4o-mini", "json_schema"),
        ("gemini/gemini-2.5-flash", "json_schema"),
        ("some/unknown", "instruction"),
    ],
)
def test_what_a_model_can_do_stands_in_litellms_table(model: str, way: str) -> None:
    assert schema_support(model) == way


def test_providers_are_known_by_their_prefix() -> None:
    assert provider_of("anthropic/claude-sonnet-4-5") == "anthropic"
    assert provider_of("gpt-4o-mini") == "openai"
    assert provider_of("meta-llama/toy") is None
