"""Whatever is wrong with a command line, the user reads why; there is never a traceback."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# Each: the command line, a part of the message, the exit code.
BAD = {
    "no command": ("", "Usage: gdg-runtime", 2),
    "a misspelt command": ("strat baseline", "no command 'strat'. Did you mean start?", 2),
    "an unknown command": ("xyzzy", "no command 'xyzzy'. Known: start, resume, replay", 2),
    "an unknown option of all": ("--nope", "No such option '--nope'", 2),
    "an unknown option of start": ("start baseline --sed 3", "'--seed'", 2),
    "no scenario": ("start", "Missing argument 'SCENARIO'", 2),
    "two scenarios": ("start baseline baseline", "unexpected extra argument", 2),
    "a scenario that is not there": (
        "start baselin", "baselin: no such file, and no shipped scenario of this name", 2,
    ),
    "the nearest scenario": ("start baselin", "did you mean baseline?", 2),
    "a directory as scenario": ("start .", "is a directory, not a scenario file", 2),
    "a seed that is no number": ("start baseline --seed x", "'x' is not a valid integer", 2),
    "a seed of 80 bits": (
        "start baseline --seed 999999999999999999999999",
        "--seed 999999999999999999999999: simulation.seed: expected a whole number of at most 64",
        2,
    ),
    "no epochs": ("start baseline --epochs 0", "0 is not in the range x>=1", 2),
    "too many epochs": ("start baseline --epochs 999999999", "simulation.epochs", 2),
    "an override without value": ("start baseline --set a", "expected key.to.set=value", 2),
    "an override of an unknown key": (
        "start baseline --set governance.transaction_tax=1",
        "did you mean transaction_tax_rate?",
        2,
    ),
    "an override of the wrong type": (
        "start baseline --set simulation.epochs=many", "simulation.epochs: expected", 2,
    ),
    "an unknown parameter of the world": (
        "start release_manager --scenario-param dedline=3", "did you mean deadline?", 2,
    ),
    "a label with a slash": ("start baseline --label a/b", "--label: expected at most 128", 2),
    "a label that climbs": ("start baseline --label ..", "--label: expected at most 128", 2),
    "an empty label": ("start baseline --label=", "--label: expected at most 128", 2),
    "an unknown schedule": (
        "start baseline --schedule lifo", "a schedule fifo, fair or shuffle:SEED, got 'lifo'", 2,
    ),
    "a shuffle without seed": ("start baseline --schedule shuffle:", "got 'shuffle:'", 2),
    "an unknown backend": ("start baseline --backend curio", "not one of 'trio', 'asyncio'", 2),
    "no concurrency at all": ("start baseline --max-concurrency 0", "not in the range", 2),
    "a file as folder of runs": ("start baseline --out a-file", "'a-file' is a file", 2),
    "a folder of runs below a file": (
        "start baseline --out a-file/runs", "cannot write to a-file/runs", 1,
    ),
    "a run that is not there": ("resume nothing", "no run at nothing: expected", 2),
    "a directory without a run": ("show .", "no run at .: expected a run's directory", 2),
    "the latest of no runs": ("replay latest", "no run at latest: expected", 2),
    "no run to show": ("show", "Missing argument 'RUN'", 2),
    "an unknown status": ("runs --status done", "'done' is not one of 'completed'", 2),
    "no rows": ("runs --limit 0", "0 is not in the range", 2),
    "an unknown kind of list": ("list agent", "'agent' is not one of 'agents', 'levers'", 2),
    "nothing to list": ("list", "Missing argument", 2),
    "an unknown shell": ("completion tcsh", "'tcsh' is not one of 'bash', 'zsh', 'fish'", 2),
    "a scenario that is not valid": ("validate bad.yaml", "bad.yaml:2: agents", 2),
    "a scenario that is no text": ("validate binary.yaml", "binary.yaml:1: is not UTF-8", 2),
    "a world that is not there": (
        "start baseline --set world=nowhere:World", "no module nowhere", 2,
    ),
    "a damaged catalogue that can't be mended": (
        "runs --out locked", "the catalogue of runs can't be used", 1,
    ),
}  # fmt: skip


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """What the bad command lines speak of."""
    (tmp_path / "a-file").touch()
    (tmp_path / "bad.yaml").write_text("scenario_id: x\nagents: []\n")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "locked" / "catalogue.db").mkdir(parents=True)
    (tmp_path / "locked" / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "locked" / "a" / "b" / "c" / "meta.json").write_text('{"scenario": "a"}')
    return tmp_path


@pytest.mark.parametrize("what", BAD)
def test_the_user_reads_what_is_wrong(gdg, here: Path, what: str) -> None:
    line, message, code = BAD[what]
    ran = gdg(*line.split())
    told = " ".join((ran.out + ran.err).split())
    assert message in told
    assert ran.code == code
    assert not (here / "runs").exists(), "a bad command line leaves nothing behind"


_WORDS = st.sampled_from(
    ["validate", "show", "runs", "list", "resume", "replay", "completion", "baseline", "latest",
     "--set", "--json", "--out", "--limit", "--events", "--status", "--scenario-param", "agents",
     "--verify", "--to", "a-file", "bad.yaml", "-1", "a=b", "simulation.epochs=3", "--", "-h"]
)  # fmt: skip
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(["validate", "show", "runs", "list", "resume", "replay", "completion"]),
    st.lists(_WORDS | _TEXT, max_size=5),
)
def test_no_command_line_makes_a_traceback(gdg, here: Path, command: str, rest: list[str]) -> None:
    ran = gdg(command, *rest)
    assert ran.code in (0, 1, 2)
    assert ran.code == 0 or ran.err or ran.out
