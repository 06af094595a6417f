"""Keys live in the adapter alone: in no file of a run and on no terminal, however a run ends."""

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from serving import FaultServer

Serve = Callable[..., FaultServer]

KEYS = {
    "VAULT_WORD": "pk+planted/9f8e7d6c5b4a3210==&Zq~x",  # in the environment
    "HOUSE_WORD": "hk-planted-in-a-file/77+66=55",  # in .env
    "OTHER_API_KEY": "ok:of-nobody's-model-0123456789",  # in the environment, of no model here
}
ADAPTERS = ["openai", "litellm"]

SCENARIO = """
scenario_id: vault
llm: {{adapter: {adapter}, api_base: "{base}", retries: 1}}
agents:
  - {{type: llm, name: ann, model: openai/vault, api_key_env: VAULT_WORD}}
  - {{type: llm, name: bob, model: openai/house, api_key_env: HOUSE_WORD}}
  - {{type: "{third}", name: eve, model: openai/vault, api_key_env: VAULT_WORD}}
simulation: {{epochs: 1, steps_per_epoch: 3, seed: 1}}
"""

FAILING_AGENT = """
import trio
from gdg_runtime.actors.agents import Agent
from gdg_runtime.scenarios.world import Action

class Blabber(Agent):
    async def act(self, observation, ctx):
        reply = await ctx.llm.chat("Step 1. What is the key?")
        ctx.note("heard", said=reply.content)
        if "wait" in self.agent or ctx.step > 1:
            await trio.sleep(0)
        raise ValueError(f"the model said {reply.content}")
"""


def forms(key: str) -> set[bytes]:
    """As it is, in URLs, in JSON, and in base64, by itself and inside of something longer."""
    found = {key, quote(key, safe=""), quote_plus(key), json.dumps(key)[1:-1]}
    for ahead in range(3):
        for alphabet in (b"+/", b"-_"):
            coded = base64.b64encode(b"." * ahead + key.encode(), alphabet).decode()
            # What depends on the key alone.
            found.add(coded[(0, 2, 3)[ahead] : (ahead + len(key)) * 8 // 6])
    return {form.encode() for form in found}


def leaks(*texts: str, folder: Path) -> list[tuple[str, str]]:
    """Where a key stands in some form: in files, apart from .env, or in texts."""
    held = {str(path): path.read_bytes() for path in folder.rglob("*")
            if path.is_file() and path.name != ".env"}  # fmt: skip
    held |= {f"text {number}": text.encode() for number, text in enumerate(texts)}
    return [
        (where, name)
        for where, data in held.items()
        for name, key in KEYS.items()
        if any(form in data for form in forms(key))
    ]


def blabbing_answers() -> list[dict[str, str]]:
    """A model that tells the keys, in all forms, in its reason and in a post."""
    raw = " ".join(KEYS.values())
    coded = " ".join(form.decode() for key in KEYS.values() for form in sorted(forms(key)))
    post = {"tool": "post", "content": f"The key is {raw}."}
    return [
        {"contains": "Step 0.", "content": json.dumps({"reasoning": coded, "action": post})},
        {"contains": "Step 1.", "content": f"no JSON, only {raw} and {coded}"},
        {"contains": "Step 2.", "content": json.dumps({"reasoning": raw, "action": {"tool": raw}})},
    ]


def plant(folder: Path, server: FaultServer, adapter: str, third: str = "llm") -> dict[str, str]:
    """Write the scenario and the .env; returns the environment with the other keys."""
    scenario = SCENARIO.format(adapter=adapter, base=server.url, third=third)
    (folder / "vault.yaml").write_text(scenario)
    (folder / "blabber.py").write_text(FAILING_AGENT)
    (folder / ".env").write_text(f"HOUSE_WORD='{KEYS['HOUSE_WORD']}'\n")
    planted = {name: KEYS[name] for name in ("VAULT_WORD", "OTHER_API_KEY")}
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, **planted, "GDG_TRACEBACK": "1", "PYTHONPATH": path.strip(os.pathsep)}


@pytest.mark.parametrize(
    ("adapter", "ending"),
    [
        ("openai", "completed"), ("openai", "stopped"), ("openai", "failed"),
        pytest.param("litellm", "stopped", marks=pytest.mark.extra_llm),
        pytest.param("litellm", "failed", marks=pytest.mark.extra_llm),
    ],
)  # fmt: skip
def test_no_key_is_in_any_file_or_text_however_the_run_ends(
    gdg: Any, gdg_process: Any, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    adapter: str, ending: str,
) -> None:  # fmt: skip
    server = serve(answers=blabbing_answers())
    third = "blabber:Blabber" if ending == "failed" else "llm"
    environment = plant(tmp_path, server, adapter, third)
    if ending == "stopped":
        server.control(faults=1, fault_kinds="unauthorised_echo")
    process = gdg_process("start", "vault.yaml", "--verbose", env=environment)
    out, err = process.communicate(timeout=120)
    assert process.returncode == {"completed": 0, "stopped": 4, "failed": 1}[ending], err
    assert leaks(out, err, folder=tmp_path) == []
    assert "effect ok" in err or ending == "stopped"
    assert ("Traceback" in err) == (ending == "failed"), err
    used = server.stats()["tokens_by_key"]
    assert ending == "stopped" or len(used) == 2, "both keys were sent"

    (run,) = (tmp_path / "runs" / "vault" / "default").iterdir()
    journal = (run / "journal.jsonl").read_text()
    if ending == "stopped":
        assert "refuses the key for openai/" in " ".join(out.split())
        assert "_WORD to one that is valid" in " ".join(out.split())
    else:
        for name in KEYS:
            assert f"[redacted {name}]" in journal

    for name in ("VAULT_WORD", "OTHER_API_KEY"):
        monkeypatch.setenv(name, KEYS[name])
    monkeypatch.syspath_prepend(tmp_path)
    shown = [gdg("show", run, "--events", 100), gdg("show", run, "--json"), gdg("runs", "--json")]
    if ending != "failed":
        shown.append(gdg("replay", run, "--verify"))
        shown.append(gdg("cassette", "export", run, "--to", tmp_path / "cassette.jsonl"))
        assert shown[-1].code == 0
    assert leaks(*[text for ran in shown for text in ran[1:]], folder=tmp_path) == []


def test_a_refused_key_can_be_mended_and_the_run_goes_on(
    gdg: Any, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(faults=1, fault_kinds="unauthorised_echo")
    plant(tmp_path, server, "openai")
    monkeypatch.setenv("VAULT_WORD", KEYS["VAULT_WORD"])
    ran = gdg("start", "vault.yaml", "--json", "--verbose")
    assert (ran.code, ran.json["status"]) == (4, "stopped")
    server.control(faults=0)
    monkeypatch.setenv("VAULT_WORD", "another-key-0123456789")
    resumed = gdg("resume", "latest", "--json", "--verbose")
    assert (resumed.code, resumed.json["status"]) == (0, "completed")
    assert leaks(ran.out, ran.err, resumed.out, resumed.err, folder=tmp_path) == []


@pytest.mark.parametrize("escaped", [r"pk+planted\/9f8e7d6c5b4a3210==&Zq~x",
                                     r"\u0070k+planted/9f8e7d6c5b4a3210==&Zq~x"])  # fmt: skip
def test_a_key_is_no_clearer_after_the_reply_was_read(
    gdg: Any, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, escaped: str
) -> None:
    """JSON may write any character as an escape, and many writers do so with a slash."""
    assert json.loads(f'"{escaped}"') == KEYS["VAULT_WORD"]
    post = f'{{"tool": "post", "content": "{escaped}"}}'
    reply = f'{{"reasoning": "{escaped}", "action": {post}}}'
    plant(tmp_path, serve(answers=[{"contains": "Step", "content": reply}]), "openai")
    monkeypatch.setenv("VAULT_WORD", KEYS["VAULT_WORD"])
    ran = gdg("start", "vault.yaml", "--json", "--verbose")
    assert (ran.code, ran.json["status"]) == (0, "completed")
    assert leaks(ran.out, ran.err, folder=tmp_path) == []


WANTED = {
    "a name of one's own": (
        {"model": "openai/vault", "api_key_env": "VAULT_WORD"}, "openai/vault", "VAULT_WORD"
    ),
    "a server of one's own": (
        {"model": "vault", "api_key_env": "VAULT_WORD", "api_base": "http://127.0.0.1:9/v1"},
        "vault", "VAULT_WORD",
    ),
    "the provider's": ({"model": "openai/gpt-4o-mini"}, "openai/gpt-4o-mini", "OPENAI_API_KEY"),
    "another provider's": (
        {"model": "openrouter/meta-llama/llama-3.1-8b-instruct"},
        "openrouter/meta-llama/llama-3.1-8b-instruct", "OPENROUTER_API_KEY",
    ),
}  # fmt: skip


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize("wanted", WANTED)
def test_a_missing_or_blank_key_is_told_before_anything_is_done(
    gdg: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str, adapter: str
) -> None:
    settings, model, variable = WANTED[wanted]
    for name in ("VAULT_WORD", "OPENAI_API_KEY", "OPENROUTER_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    agent = json.dumps({"type": "llm", "adapter": adapter, **settings})
    # Without a single call allowed, nothing could be sent even if the key were not missed.
    (tmp_path / "keyless.yaml").write_text(
        f"scenario_id: keyless\nagents: [{agent}]\nllm: {{budget: {{calls: 0}}}}\n"
        "simulation: {epochs: 1, steps_per_epoch: 1}\n"
    )
    for value in (None, "", " \t"):
        if value is not None:
            monkeypatch.setenv(variable, value)
        ran = gdg("start", "keyless.yaml")
        assert (ran.code, ran.out) == (2, ""), repr(value)
        expected = f"the model {model} needs a key: set {variable} in the environment or in .env"
        assert expected in " ".join(ran.err.split())
        assert not (tmp_path / "runs").exists()


@pytest.mark.extra_llm
def test_a_blank_key_is_missing_for_providers_that_only_litellm_knows_too(
    gdg: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keyless.yaml").write_text(
        "scenario_id: keyless\nagents: [{type: llm, model: cerebras/llama3.1-8b}]\n"
        "llm: {budget: {calls: 0}}\nsimulation: {epochs: 1, steps_per_epoch: 1}\n"
    )
    for value in (" ", ""):
        monkeypatch.setenv("CEREBRAS_API_KEY", value)
        ran = gdg("start", "keyless.yaml")
        assert (ran.code, ran.out) == (2, ""), repr(value)
        assert "the model cerebras/llama3.1-8b needs a key: set CEREBRAS_API_KEY" in ran.err


def test_all_missing_keys_are_told_at_once(
    gdg: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    text = SCENARIO.format(adapter="openai", base="http://127.0.0.1:9/v1", third="llm")
    (tmp_path / "vault.yaml").write_text(text)
    ran = gdg("start", "vault.yaml", "--json")
    assert ran.code == 2
    assert "the model openai/vault needs a key: set VAULT_WORD" in ran.err
    assert "the model openai/house needs a key: set HOUSE_WORD" in ran.err
    assert not (tmp_path / "runs").exists()


def test_a_key_that_is_gone_when_the_run_goes_on_is_missed_as_well(
    gdg: Any, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, serve(), "openai")
    monkeypatch.setenv("VAULT_WORD", KEYS["VAULT_WORD"])
    run = Path(gdg("start", "vault.yaml", "--budget", "calls=4", "--json").json["run_dir"])
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    monkeypatch.delenv("VAULT_WORD")
    ran = gdg("resume", run)
    assert ran.code == 2
    assert "the model openai/vault needs a key: set VAULT_WORD" in ran.err
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before
    assert gdg("replay", run, "--verify").code == 0, "no key is needed where nobody is asked"


@pytest.mark.parametrize("key", ["two 0123456789", "line\nend-0123456789", "schlüssel-0123456789"])
def test_a_key_that_can_not_be_sent_is_refused_and_not_shown(
    gdg: Any, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    server = serve()
    plant(tmp_path, server, "openai")
    monkeypatch.setenv("VAULT_WORD", key)
    ran = gdg("start", "vault.yaml")
    assert (ran.code, ran.out) == (2, "")
    assert "VAULT_WORD holds characters that no key has" in ran.err
    assert key not in ran.err
    assert "0123456789" not in ran.err
    assert not (tmp_path / "runs").exists()
    assert server.stats()["requests"] == 0


def test_each_server_gets_the_keys_of_its_own_models_and_no_other(
    gdg: Any, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve()
    plant(tmp_path, server, "openai")
    for name in ("VAULT_WORD", "OTHER_API_KEY"):
        monkeypatch.setenv(name, KEYS[name])
    assert gdg("start", "vault.yaml", "--quiet").code == 0
    used = server.stats()["tokens_by_key"]
    assert {name[:8] for name in used} == {KEYS["VAULT_WORD"][:8], KEYS["HOUSE_WORD"][:8]}
