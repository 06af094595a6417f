"""`validate`, `list`, `completion`, `--version`, and how fast the help is there."""

import json
import subprocess
import sys
from importlib.metadata import version

import pytest

KINDS = {
    "agents": ["honest", "opportunistic", "deceptive", "adversarial", "oracle"],
    "levers": ["transaction_tax", "reputation_decay"],
    "worlds": ["sandbox", "release_manager"],
    "metrics": ["toxicity_rate", "quality_gap", "mean_alignment"],
    "institutions": ["feed", "exchange"],
    "adversaries": ["scripted"],
    "judges": ["lexical", "judge", "both"],
    "providers": ["openai", "litellm", "local"],
    "sinks": ["files"],
    "scenarios": ["baseline", "strict_governance", "status_game", "status_game_v1"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_list_names_what_scenario_files_can_name(gdg, kind: str) -> None:
    table = gdg("list", kind)
    rows = gdg("list", kind, "--json").json
    assert table.code == 0
    for name in KINDS[kind]:
        assert name in table.out
        row = next(row for row in rows if row["name"] == name)
        assert row["summary"]
    takes_plug_ins = kind in ("agents", "levers", "worlds", "metrics", "scenarios")
    assert ("All " + kind + " are built in" in table.out) is not takes_plug_ins


def test_validate_says_what_a_scenario_comes_to_and_writes_nothing(gdg, tmp_path) -> None:
    ran = gdg("validate", "baseline", "--set", "simulation.seed=5")
    assert ran.code == 0
    assert "baseline is fine: world sandbox, 5 agents, 10 epochs of 10 steps, seed 5." in ran.out
    config = gdg("validate", "release_manager", "--scenario-param", "deadline=7", "--json").json
    assert config["world"]["params"]["deadline"] == 7
    assert list(tmp_path.iterdir()) == []


def test_the_version_is_the_installed_one(gdg) -> None:
    assert gdg("--version").out == f"gdg-runtime {version('gdg-runtime')}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_calls_the_program(gdg, shell: str) -> None:
    ran = gdg("completion", shell)
    assert ran.code == 0
    assert "_GDG_RUNTIME_COMPLETE" in ran.out
    assert "gdg-runtime" in ran.out


def complete(gdg, monkeypatch, line: str) -> list[str]:
    """What bash would be offered behind the line."""
    words = line.split(" ")
    monkeypatch.setenv("_GDG_RUNTIME_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    ran = gdg()
    monkeypatch.delenv("_GDG_RUNTIME_COMPLETE")
    return [row.partition(",")[2] for row in ran.out.splitlines()]


def test_commands_options_scenarios_and_runs_are_completed(gdg, monkeypatch) -> None:
    assert complete(gdg, monkeypatch, "gdg-runtime re") == ["resume", "replay"]
    assert "--schedule" in complete(gdg, monkeypatch, "gdg-runtime start --sch")
    assert "strict_governance" in complete(gdg, monkeypatch, "gdg-runtime start str")
    run = gdg("start", "baseline", "--epochs", 1, "--quiet").out.strip().rpartition("/")[2]
    assert run in complete(gdg, monkeypatch, f"gdg-runtime show {run[:6]}")


def test_help_imports_nothing_slow() -> None:
    program = (
        "import sys\n"
        "from gdg_runtime.adapters.cli import main\n"
        "try:\n"
        "    main(['--help'])\n"
        "except SystemExit as end:\n"
        "    assert end.code == 0\n"
        "slow = {'trio', 'anyio', 'asyncio', 'pydantic', 'rich', 'sqlite_utils', 'sqlite3',\n"
        "        'structlog', 'ruamel'}\n"
        "print(sorted(slow & sys.modules.keys()), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "start       Run a scenario file" in done.stdout
    assert done.stderr == "[]\n"


def test_a_reader_that_goes_away_is_no_trouble() -> None:
    program = "from gdg_runtime.adapters.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "list", "metrics", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 0


def test_a_terminal_without_unicode_gets_the_text_all_the_same() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from gdg_runtime.adapters.cli import main; main()",
         "list", "metrics"],
        env={"PYTHONIOENCODING": "ascii", "PATH": "/usr/bin:/bin"}, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"E[\\u03c0_a | accepted]" in done.stdout


def test_json_of_list_is_one_document(gdg) -> None:
    assert isinstance(json.loads(gdg("list", "worlds", "--json").out), list)
