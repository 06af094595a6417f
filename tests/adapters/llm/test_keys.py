"""Keys: where they come from, what is said when one is missing, and that nobody sees them."""

import base64
import copy
import json
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from gdg_runtime.adapters.llm import endpoint
from gdg_runtime.adapters.llm.keys import Keys
from gdg_runtime.adapters.llm.language_models import missing_key
from gdg_runtime.adapters.llm.litellm_bridge import keys_wanted
from gdg_runtime.scenarios.schema.language_model import ModelConfig

KEY = "sk-test-0123456789/abc+defghijklmnop"
PROVIDERS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY")


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own keys are left out."""
    for name in PROVIDERS:
        monkeypatch.delenv(name, raising=False)


def config(model: str = "openai/gpt-4o-mini", **settings: Any) -> ModelConfig:
    return ModelConfig.model_validate({"model": model, **settings})


def keys(**environment: str) -> Keys:
    return Keys.load(environment, None)


def of(found: Keys, **settings: Any) -> str | None:
    key = found.of(config(**settings))
    return None if key is None else key.reveal()


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# keys\nA_KEY='from the file'\nexport B_KEY=${A_KEY}\nEMPTY_KEY\n")
    found = Keys.load({"A_KEY": "from outside"}, file)
    assert of(found, api_key_env="A_KEY") == "from outside"
    assert of(found, api_key_env="B_KEY") == "${A_KEY}", "nothing is put together"
    assert of(found, api_key_env="EMPTY_KEY") is None


def test_there_need_be_no_file(tmp_path: Path) -> None:
    assert of(Keys.load({"A_KEY": " x\n"}, tmp_path / ".env"), api_key_env="A_KEY") == "x"


def test_a_server_of_ones_own_gets_no_key_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = keys(OPENAI_API_KEY=KEY)
    assert of(found, api_base="http://127.0.0.1:1/v1") is None
    assert of(found, api_base="http://127.0.0.1:1/v1", api_key_env="OPENAI_API_KEY") == KEY
    assert of(found, adapter="openai") == KEY, "the provider's own address"
    assert of(found, model="local/smollm2") is None


@pytest.mark.parametrize(
    "settings",
    [
        {"api_key_env": "MY_KEY"},
        {"api_key_env": "MY_KEY", "api_base": "http://127.0.0.1:1/v1"},
        {"api_key_env": "MY_KEY", "adapter": "litellm"},
    ],
)
def test_the_variable_that_is_missing_is_named(settings: dict[str, str]) -> None:
    assert missing_key(config(**settings), keys()) == (
        "the model openai/gpt-4o-mini needs a key: set MY_KEY in the environment or in .env"
    )
    assert missing_key(config(**settings), keys(MY_KEY=KEY)) is None
    assert missing_key(config(**settings), keys(MY_KEY="  ")) is not None


@pytest.mark.extra_llm
@pytest.mark.parametrize(
    ("model", "named"),
    [
        ("openai/gpt-4o-mini", "set OPENAI_API_KEY in"),
        ("gpt-4o-mini", "set OPENAI_API_KEY in"),
        ("anthropic/claude-sonnet-4-5", "set ANTHROPIC_API_KEY in"),
        ("gemini/gemini-2.5-flash", "set GOOGLE_API_KEY or GEMINI_API_KEY in"),
        ("nonsense/model", "no provider that litellm knows: write it as provider/model"),
    ],
)
def test_litellm_knows_which_variable_a_provider_wants(model: str, named: str) -> None:
    said = missing_key(config(model), keys())
    assert said is not None
    assert named in said
    assert model in said


@pytest.mark.extra_llm
def test_a_providers_variable_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert missing_key(config(), keys(OPENAI_API_KEY=KEY)) is None
    assert missing_key(config("gemini/gemini-2.5-flash"), keys(GEMINI_API_KEY=KEY)) is None
    assert missing_key(config("anthropic/claude-sonnet-4-5"), keys(ANTHROPIC_API_KEY=KEY)) is None
    monkeypatch.setenv("COHERE_API_KEY", KEY)
    assert missing_key(config("cohere/command-r"), keys()) is None


@pytest.mark.extra_llm
@pytest.mark.parametrize(
    "model",
    ["ollama/llama3.2", "bedrock/anthropic.claude-3-haiku-20240307-v1:0", "vertex_ai/gemini-pro"],
)
def test_providers_with_other_credentials_are_given_a_try(model: str) -> None:
    assert missing_key(config(model), keys()) is None


@pytest.mark.parametrize(
    "settings", [{"model": "local/smollm2"}, {"api_base": "http://127.0.0.1:1/v1"}]
)
def test_where_no_key_is_needed_none_is_missing(settings: dict[str, str]) -> None:
    assert missing_key(config(**settings), keys()) is None


@pytest.mark.parametrize("value", ["two words", "with\nline", "schlüssel"])
def test_a_key_that_no_header_can_hold_is_told(value: str) -> None:
    said = missing_key(config(api_key_env="MY_KEY"), keys(MY_KEY=value))
    assert said is not None
    assert "MY_KEY holds characters" in said
    assert value not in said


def test_the_file_is_lent_to_litellm_and_overrides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SET_BEFORE", "old")
    monkeypatch.setenv("LENT", "to be removed at the end of the test")
    monkeypatch.delenv("LENT")
    (tmp_path / ".env").write_text("SET_BEFORE=new\nLENT=yes\n")
    Keys.load(dotenv=tmp_path / ".env").lend()
    assert (os.environ["SET_BEFORE"], os.environ["LENT"]) == ("old", "yes")


def test_a_key_does_not_show_itself() -> None:
    found = keys(MY_KEY=KEY)
    key = found.of(config(api_key_env="MY_KEY"))
    assert key is not None
    assert (str(key), f"{key}", repr([key])) == ("<Key MY_KEY>", "<Key MY_KEY>", "[<Key MY_KEY>]")
    assert KEY not in repr(found) + repr(vars(found))
    for way in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            way(key)


FORMS = {
    "plain": KEY,
    "in a URL": quote(KEY, safe=""),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(KEY.encode()).decode(),
    "base64 after one": base64.b64encode(b"u" + KEY.encode() + b"and so on").decode(),
    "base64 after two": base64.b64encode(b"u:" + KEY.encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_known_keys_are_cut_out(form: str) -> None:
    text = f"before {FORMS[form]} after"
    clean = keys(OPENAI_API_KEY=KEY).redact(text)
    assert "[redacted OPENAI_API_KEY]" in clean
    assert clean.startswith("before ")
    assert clean.endswith(" after")
    assert KEY[8:16] not in clean
    for piece in range(8, len(FORMS[form]) - 16):
        assert FORMS[form][piece : piece + 10] not in clean


@pytest.mark.parametrize(
    "name", ["X_API_KEY", "HF_TOKEN", "CLIENT_SECRET", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD"]
)
def test_variables_that_sound_like_secrets_are_secrets(name: str) -> None:
    assert keys(**{name: "tr0ub4dor"}).redact("a tr0ub4dor.") == f"a [redacted {name}]."


def test_other_variables_are_none_unless_a_model_uses_them() -> None:
    found = keys(EDITOR="emacs-nox", TOY="emacs-nox2", SHORT_TOKEN="EMPTY")
    assert found.redact("emacs-nox EMPTY") == "emacs-nox EMPTY"
    assert found.redact("emacs-nox2") == "emacs-nox2"
    found.of(config(api_key_env="TOY"))
    assert found.redact("emacs-nox2") == "[redacted TOY]"


def test_the_longer_of_two_keys_is_named() -> None:
    found = keys(A_TOKEN="abcdefgh", B_TOKEN="abcdefgh12345")
    assert found.redact("abcdefgh12345 abcdefgh") == "[redacted B_TOKEN] [redacted A_TOKEN]"


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-4fRt5Gh6Jk7Lm8Np9Qr0",
        "sk-or-v1-0123456789abcdef0123456789abcdef",
        "sk-ant-api03-AbCdEf012345-ghIJ_kl",
        "gsk_0123456789abcdefghijABCDEFGHIJ",
        "xai-0123456789abcdefghijABCDEFGHIJ",
        "AIzaSyA0123456789abcdefghijklmnopqrstuv",
        "AKIAIOSFODNN7EXAMPLE",
        "hf_AbCdEfGhIjKlMnOpQrStUvWxYz012345",
        "ghp_0123456789abcdefghijABCDEFGHIJ012345",
        "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjMifQ",
    ],
)
def test_what_looks_like_a_key_is_cut_out(secret: str) -> None:
    assert keys().redact(f'say "{secret}"!') == 'say "[redacted key]"!'
    assert keys().redact(secret) == "[redacted key]"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I would ask-for-more-than-that-1-or-2-times",
        "a task-oriented-assistant-2000000000",
        "sk-learn-is-a-library-for-machine-learning",
        "Bearer of bad news",
        "bearer standardisation-requirements",
        '{"move":"go"} näher 🌊',
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert keys(OPENAI_API_KEY=KEY).redact(text) is text


def test_searching_long_texts_is_quick() -> None:
    found = keys(**{f"N{number}_API_KEY": f"secret-{number}-abcdefgh" for number in range(20)})
    text = "Bearer sk-task g sk_ AIza " + "some words that mean nothing at all. " * 25_000
    found.redact("")
    began = time.process_time()
    assert found.redact(text) is text
    assert time.process_time() - began < 2


def test_a_file_without_a_reader_is_an_error_that_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=b\n")
    program = (
        "import sys; sys.modules['dotenv'] = None\n"
        "from gdg_runtime.adapters.llm.keys import Keys\n"
        "from gdg_runtime.adapters.runs.errors import RunError\n"
        "try: Keys.load()\n"
        "except RunError as error: print(error)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, timeout=60, cwd=tmp_path, check=True,
    )  # fmt: skip
    assert said.stdout == (
        "the file .env needs python-dotenv, which is not installed: "
        "pip install 'gdg-runtime[llm]'\n"
    )


WELL_KNOWN = {
    name: known.key for name, known in endpoint.PROVIDERS.items() if known.key is not None
}


@pytest.mark.extra_llm
@pytest.mark.parametrize("provider", sorted(WELL_KNOWN))
def test_what_is_known_without_litellm_is_what_litellm_says(provider: str) -> None:
    wanted = keys_wanted(f"{provider}/some-model")
    assert wanted is not None
    assert wanted.names == (WELL_KNOWN[provider],)
