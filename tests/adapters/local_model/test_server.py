"""The local model's server: it answers as OpenAI's API does, and lives as long as it is needed."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from gdg_runtime.adapters.local_model.server import LocalServer, local_server
from gdg_runtime.adapters.local_model.weights import NotPulled, NotStarted, Weights, pull

from .conftest import weights_with

ACTIONS = {
    "anyOf": [
        {
            "type": "object",
            "properties": {
                "action": {"const": "post"},
                "text": {"type": "string", "maxLength": 12},
            },
            "required": ["action", "text"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {
                "action": {"const": "vote"},
                "post_id": {"type": "string", "enum": ["p1", "p2"]},
                "direction": {"type": "integer", "enum": [-1, 1]},
            },
            "required": ["action", "post_id", "direction"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"action": {"const": "noop"}},
            "required": ["action"],
            "additionalProperties": False,
        },
    ]
}
DEADLINE_S = 60.0

pytestmark = pytest.mark.extra_local_llm


@pytest.fixture(scope="module")
def server(smollm2: Weights) -> Iterator[LocalServer]:
    with local_server(smollm2, context=1024) as running:
        yield running


def ask(server: LocalServer, content: str, **settings: Any) -> dict[str, Any]:
    """One question in OpenAI's shape."""
    with httpx2.Client(verify=False, trust_env=False, timeout=DEADLINE_S) as client:
        question = {
            "model": "local/smollm2", "messages": [{"role": "user", "content": content}],
            "max_tokens": 12, **settings,
        }  # fmt: skip
        answer = client.post(f"{server.api_base}/chat/completions", json=question)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def words(answer: dict[str, Any]) -> str:
    return str(answer["choices"][0]["message"]["content"])


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether something comes true before the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def refuses(api_base: str) -> bool:
    place = urlsplit(api_base)
    try:
        socket.create_connection((place.hostname, place.port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def children() -> set[str]:
    """The processes that this one has started and that have not ended."""
    ran = subprocess.run(["pgrep", "-P", str(os.getpid())], capture_output=True, text=True)
    return set(ran.stdout.split())


def test_it_answers_on_this_machine_alone(server: LocalServer) -> None:
    assert server.api_base.startswith("http://127.0.0.1:")
    answer = ask(server, "Say hello.")
    assert words(answer)
    assert answer["model"] == "smollm2"
    assert answer["choices"][0]["finish_reason"] in ("stop", "length")
    assert answer["usage"]["completion_tokens"] <= 12
    assert answer["usage"]["prompt_tokens"] > 5


@pytest.mark.parametrize("seed", range(3))
def test_a_schema_forces_valid_json(server: LocalServer, seed: int) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "action", "schema": ACTIONS}}
    answer = ask(
        server, "Posts: p1 is good, p2 is bad. Post, vote or noop?",
        response_format=form, temperature=1.0, seed=seed, max_tokens=60,
    )  # fmt: skip
    assert answer["choices"][0]["finish_reason"] == "stop"
    action = json.loads(words(answer))
    match action["action"]:
        case "post":
            assert len(action["text"]) <= 12
        case "vote":
            assert action["post_id"] in ("p1", "p2")
            assert action["direction"] in (-1, 1)
        case other:
            assert (other, len(action)) == ("noop", 1)


def test_equal_requests_get_equal_answers_whatever_else_is_asked(server: LocalServer) -> None:
    def asked(number: int) -> str:
        prompt = f"Write about the number {number}."
        return words(ask(server, prompt, temperature=0.8, seed=number, max_tokens=12))

    alone = [asked(number) for number in range(2)]
    assert alone[0] != alone[1]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(asked, [1, 0, 0, 1]))
    assert together == [alone[1], alone[0], alone[0], alone[1]]


def test_who_hangs_up_holds_nobody_up(server: LocalServer) -> None:
    with (
        pytest.raises(httpx2.ReadTimeout),
        httpx2.Client(verify=False, trust_env=False, timeout=0.5) as client,
    ):
        question = {"messages": [{"role": "user", "content": "Count to a thousand: 1, 2, 3,"}],
                    "max_tokens": 900, "ignore_eos": True}  # fmt: skip
        client.post(f"{server.api_base}/chat/completions", json=question)
    began = time.monotonic()
    ask(server, "Hello?", max_tokens=1)
    assert time.monotonic() - began < 10.0, "the answer that nobody wants is still being written"


def test_it_says_that_a_prompt_is_too_long(server: LocalServer) -> None:
    question = {"messages": [{"role": "user", "content": "word " * 1_100}], "max_tokens": 1}
    with httpx2.Client(verify=False, trust_env=False, timeout=DEADLINE_S) as client:
        answer = client.post(f"{server.api_base}/chat/completions", json=question)
    assert answer.status_code == 400
    assert "context" in answer.json()["error"]["message"]


def test_it_ends_with_its_block(smollm2: Weights) -> None:
    told: list[str] = []
    with local_server(smollm2, slots=2, context=256, say=told.append) as running:
        assert running.process.poll() is None
    assert told == ["Loading the model smollm2…"]
    assert running.process.poll() is not None
    assert refuses(running.api_base)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_keys_are_not_handed_to_it(smollm2: Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-mine")
    with local_server(smollm2, context=256) as running:
        surroundings = Path(f"/proc/{running.process.pid}/environ").read_bytes()
    assert b"PATH=" in surroundings
    assert b"a-key-of-mine" not in surroundings


def test_it_does_not_outlive_a_process_that_is_killed(smollm2: Weights) -> None:
    program = (
        "from gdg_runtime.adapters.local_model.server import local_server\n"
        "from gdg_runtime.adapters.local_model.weights import KNOWN\n"
        "with local_server(KNOWN['smollm2'], context=256) as server:\n"
        "    print(server.api_base, flush=True)\n"
        "    input()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    api_base = parent.stdout.readline().strip()
    assert not refuses(api_base)
    parent.kill()
    parent.communicate()
    assert eventually(lambda: refuses(api_base))


def test_the_terminals_interrupt_is_not_for_it(smollm2: Weights) -> None:
    with local_server(smollm2, context=256) as running:
        assert os.getpgid(running.process.pid) != os.getpgid(0)
        assert words(ask(running, "Hello?"))


def test_a_model_that_cannot_be_loaded_is_told_with_the_end_of_the_log(
    cache: Path, tmp_path: Path
) -> None:
    broken = weights_with(b"this is no model", "broken")
    (tmp_path / "broken.gguf").write_bytes(b"this is no model")
    pull(broken, tmp_path / "broken.gguf")
    with (
        pytest.raises(NotStarted, match="broken could not be started: its process") as caught,
        local_server(broken, context=256),
    ):
        pass
    assert "failed to load model" in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_a_start_that_takes_too_long_is_given_up(smollm2: Weights) -> None:
    before = children()
    with (
        pytest.raises(NotStarted, match="was not ready within 0 s"),
        local_server(smollm2, context=256, deadline_s=0.0),
    ):
        pass
    assert children() == before


def test_damaged_weights_are_not_loaded(cache: Path, tmp_path: Path) -> None:
    weights = weights_with(b"good")
    cache.mkdir(parents=True)
    weights.path.write_bytes(b"evil")
    with pytest.raises(NotPulled, match="models pull"), local_server(weights, context=256):
        pass


def test_the_engine_is_asked_for_where_it_is_missing(smollm2: Weights) -> None:
    program = (
        "import sys; sys.modules['xllamacpp'] = None\n"
        "from gdg_runtime.adapters.local_model.server import local_server\n"
        "from gdg_runtime.adapters.local_model.weights import KNOWN\n"
        "with local_server(KNOWN['smollm2']): pass\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert "EngineMissing" in ran.stderr
    assert "pip install 'gdg-runtime[local-llm]'" in ran.stderr


@pytest.mark.parametrize("wrong", [{"slots": 0}, {"context": 0}, {"context": 9_000}])
def test_impossible_settings_are_refused(smollm2: Weights, wrong: dict[str, int]) -> None:
    with (
        pytest.raises(ValueError, match="context of 1 to 8192 tokens"),
        local_server(smollm2, **wrong),  # type: ignore[arg-type]
    ):
        pass
