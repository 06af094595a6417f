"""What people and programs read of an estimate."""

import json
import re

import pytest

from gdg_runtime.adapters.cli.dry_run import print_estimate, show_estimate

MIXED = """
llm: {budget: {calls: 10}}
agents:
  - {type: "askers:Plain", count: 3, model: toy/own, max_tokens: 50,
     price: {input: 1.0, output: 2.0}}
  - {type: "askers:Plain", name: other, model: "house/[red]x", api_base: "http://127.0.0.1:9/v1"}
simulation: {epochs: 2, steps_per_epoch: 5}
"""
ONE = MIXED.partition('  - {type: "askers:Plain", name')[0] + "simulation: {epochs: 1}\n"


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def run(estimate, *, columns: int = 0, **options) -> str:
        if columns:
            monkeypatch.setenv("COLUMNS", str(columns))
        print_estimate(estimate, **options)
        return capsys.readouterr().out

    return run


MONEY = r"\$0\.\d+"


def test_one_model_is_told_in_a_sentence(estimated, printed) -> None:
    told = printed(estimated(ONE))
    money = rf"{MONEY} to {MONEY} \(about {MONEY}\)"
    assert re.search(
        rf"This run would ask toy/own 30 to 60 times \(about 32\) and cost {money}\. "
        r"It would take 10 s to 3 min 20 s \(about 32 s\)\.",
        " ".join(told.split()),
    )
    assert "$1.00 per million prompt tokens, $2.00 per million completion tokens" in told
    assert "Nobody was called, and nothing was written." in told
    assert "│ the run   │ 10 calls │  30 │       32 │   60 │ will be used up │" in told


def test_an_unknown_price_says_what_to_do(estimated, printed) -> None:
    told = printed(estimated(MIXED))
    money = rf"{MONEY} to {MONEY} \(about {MONEY}\)"
    assert re.search(rf"What it costs is not known: {money}, and more\.", " ".join(told.split()))
    assert "The price of house/[red]x is unknown: add `price: {input: …, output: …}`" in told
    assert "US dollars        │ unknown │" in told
    assert "the whole run, 10 steps" in told


def test_missing_keys_are_told(estimated, printed) -> None:
    told = printed(estimated(ONE, missing_keys=("the model toy/own needs a key: set TOY_KEY",)))
    assert "Before it can start: the model toy/own needs a key: set TOY_KEY." in told


def test_without_models_nothing_is_asked(estimated, printed) -> None:
    told = printed(estimated("agents: [{type: honest}]\n"))
    assert told == (
        "No agent of toy asks a language model: the run costs nothing.\n"
        "Nobody was called, and nothing was written.\n"
    )


@pytest.mark.parametrize("columns", [80, 120])
def test_it_fits_into_a_terminal(estimated, printed, columns: int) -> None:
    told = printed(estimated(MIXED), columns=columns)
    assert max(map(len, told.splitlines())) <= columns
    for whole in ("completion tokens", "will be used up", "expected"):
        assert whole in told


def test_programs_get_one_object_on_one_line(estimated, printed) -> None:
    told = printed(estimated(MIXED), as_json=True)
    assert told.count("\n") == 1
    read = json.loads(told)
    assert read["calls"] == {"low": 40, "expected": 42, "high": 80}
    assert read["steps"] == read["rehearsed_steps"] == 10
    assert read["usd"] is None
    assert read["budgets"][0]["verdict"] == "will be used up"
    assert {"models", "warnings", "assumptions", "missing_keys", "minutes"} <= read.keys()


def test_a_dry_run_tells_which_keys_are_missing(load, capsys, monkeypatch) -> None:
    monkeypatch.delenv("TOY_KEY", raising=False)
    config = load(ONE.replace("max_tokens", "api_key_env: TOY_KEY, max_tokens"))
    show_estimate(config, ("calls=1000",), as_json=True)
    read = json.loads(capsys.readouterr().out)
    (missing,) = read["missing_keys"]
    assert "TOY_KEY" in missing
    assert [check["limit"] for check in read["budgets"]] == [1000]
    monkeypatch.setenv("TOY_KEY", "sk-toy-0123456789")
    show_estimate(config)
    told = capsys.readouterr().out
    assert "Before it can start" not in told
    assert "sk-toy" not in told
