"""Runs of every released version: all readers open them, and what can't be executed names its
release."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from gdg_runtime.adapters.runs.directory import RunDirectory
from gdg_runtime.adapters.runs.reader import READABLE, RunReader
from gdg_runtime.adapters.runs.revision import package_version
from gdg_runtime.adapters.runs.verify import verify_run

FOLDER = Path(__file__).parent / "run_directories"
EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(
    f"{path.parent.parent.name}/{path.parent.name}" for path in FOLDER.glob("*/*/meta.json")
)
OLD = [name for name in NAMES if not name.startswith(package_version())]
LACKING = {
    "0.1.0": {"language_models", "paused", "exposure", "goals"},
    "0.2.0": {"goals"},
    "0.3.0": set(),
}
"""What runs of a release can't have."""


@pytest.fixture(autouse=True)
def _plug_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """The agents of the examples, which the runs named `effects` have."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    sys.modules.pop("effect_agent", None)


@pytest.fixture
def run(name: str, tmp_path: Path) -> Path:
    """A copy of the run in a folder of runs, where it can be changed."""
    meta = json.loads((FOLDER / name / "meta.json").read_bytes())
    path = tmp_path / "runs" / meta["scenario"] / meta["label"] / meta["run_id"]
    return Path(shutil.copytree(FOLDER / name, path))


def release_of(name: str) -> str:
    return name.partition("/")[0]


def sentence(name: str) -> str:
    release = release_of(name)
    return (
        f"this run was made by gdg-runtime {release}; install gdg-runtime=={release} to execute "
        f"it again"
    )


def test_every_release_has_runs() -> None:
    assert {release_of(name) for name in NAMES} == LACKING.keys()
    assert {"0.1.0/effects", "0.2.0/llm", "0.3.0/goals"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_reader_reads_everything(name: str, run: Path) -> None:
    reader = RunReader(run)
    metrics = json.loads((run / "metrics.json").read_bytes())
    assert reader.status == "completed"
    assert reader.release == release_of(name)
    assert reader.config.scenario_id == reader.meta["scenario"]
    assert reader.schedule == "fifo"
    assert reader.overall == metrics["overall"]
    assert reader.epochs == metrics["epochs"]
    assert reader.agents == metrics["agents"]
    assert [event["n"] for event in reader.events()] == list(
        range(1, len(list(reader.events())) + 1)
    )
    assert len(list(reader.steps())) == reader.meta["agent_steps"]
    assert reader.journal.header["seed"] == 3 or name.endswith("effects")
    assert len(reader.telemetry()) >= reader.meta["effects"]
    assert reader.transcript
    assert all(version in READABLE[file] for file, version in reader.schema_versions().items()), (
        reader.schema_versions()
    )


@pytest.mark.parametrize("name", NAMES)
def test_what_a_release_lacks_has_a_reason(name: str, run: Path) -> None:
    reader = RunReader(run)
    absent = reader.absent
    assert LACKING[release_of(name)] <= absent.keys()
    assert "metrics" not in absent
    rows = list(reader.goals())
    assert bool(rows) == name.endswith("goals") == ("goals" not in absent)
    if release_of(name) < "0.3.0":
        assert absent["goals"] == "runs of gdg-runtime before 0.3 have no goals"


@pytest.mark.parametrize("name", NAMES)
def test_show_opens_it(name: str, run: Path, gdg) -> None:
    document = gdg("show", run, "--json", "--events", 5).json
    assert document["status"] == "completed"
    assert document["meta"]["version"] == release_of(name)
    assert [event["type"] for event in document["last_events"]][-1] == "episode_ended"
    assert len(document["last_events"]) == 5
    assert document["overall"]
    assert ("absent" in document) == (name in OLD)
    out = gdg("show", run).out
    assert f"gdg-runtime {release_of(name)}" in out
    assert (f"note: {sentence(name)}" in out) == (name in OLD)
    assert "The whole run" in out


@pytest.mark.parametrize("name", NAMES)
def test_a_run_that_was_cut_off_is_opened_too(name: str, run: Path, gdg) -> None:
    meta = (run / "meta.json").read_text().replace('"completed"', '"running"')
    (run / "meta.json").write_text(meta)
    (run / "metrics.json").write_bytes(b"")
    (run / "config.json").unlink()
    for file in ("events.jsonl", "step_log.jsonl"):
        (run / file).write_bytes((run / file).read_bytes()[:-7])
    reader = RunReader(run)
    assert reader.events().torn
    assert reader.config.scenario_id == reader.meta["scenario"]
    document = gdg("show", run, "--json").json
    assert document["status"] == "interrupted"
    assert document["epochs"]
    assert ("go on with: gdg-runtime resume" in gdg("show", run).out) == (name not in OLD)


def test_a_catalogue_is_made_anew_from_runs_of_every_release(gdg, tmp_path: Path) -> None:
    for name in NAMES:
        meta = json.loads((FOLDER / name / "meta.json").read_bytes())
        out = tmp_path / "runs" / meta["scenario"] / meta["label"]
        shutil.copytree(FOLDER / name, out / f"{meta['run_id']}-{release_of(name)}")
    rows = gdg("runs", "--json").json
    assert len(rows) == len(NAMES)
    assert all(row["status"] == "completed" and row["agent_steps"] > 0 for row in rows)


@pytest.mark.parametrize("name", NAMES)
def test_the_journal_replays_or_names_its_release(name: str, run: Path, gdg) -> None:
    found = verify_run(RunDirectory(run))
    assert found.complete
    assert (sentence(name) in found.notes) == (name in OLD)
    ran = gdg("replay", "--verify", run)
    if found.verified:
        assert ran.code == 0
    else:
        assert (name in OLD, ran.code) == (True, 3)
        assert f"note: {sentence(name)}" in ran.err


@pytest.mark.parametrize("name", ["0.1.0/roles"])
def test_a_run_that_plays_otherwise_today_names_its_release(name: str, run: Path, gdg) -> None:
    ran = gdg("replay", "--verify", run)
    assert ran.code == 3
    assert "events.jsonl:5 differs" in ran.err
    assert f"note: {sentence(name)}" in ran.err


@pytest.mark.parametrize("name", NAMES)
def test_a_cassette_is_made_of_it(name: str, run: Path, gdg) -> None:
    ran = gdg("cassette", "export", run, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["entries"] == len(RunReader(run).journal.recorded)


@pytest.mark.parametrize("name", OLD)
def test_resume_refuses_and_names_the_release(name: str, run: Path, gdg) -> None:
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    ran = gdg("resume", run)
    assert ran.code == 2
    assert "this run can't be resumed, since its past would not come out the same" in ran.err
    assert f"Go back to what began the run (gdg-runtime {release_of(name)})" in ran.err
    assert sentence(name) in ran.err
    assert {path.name: path.read_bytes() for path in run.iterdir() if path.name in before} == before


@pytest.mark.parametrize("name", [name for name in OLD if name.endswith("effects")])
@pytest.mark.parametrize("command", [("replay",), ("replay", "--to", "again"), ("resume",),
                                     ("cassette", "export")])  # fmt: skip
def test_a_plug_in_that_is_gone_names_the_release(
    name: str, run: Path, gdg, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path != str(EXAMPLES)])
    ran = gdg(*command[:2], run, *command[2:]) if command[0] == "cassette" else gdg(
        command[0], run, *command[1:]
    )  # fmt: skip
    assert ran.code != 0
    assert "there is no module effect_agent" in ran.err
    assert sentence(name) in ran.err


@pytest.mark.parametrize("name", [name for name in OLD if name.endswith("effects")])
def test_a_plug_in_that_asks_otherwise_names_the_release(
    name: str, run: Path, gdg, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = (EXAMPLES / "effect_agent.py").read_text()
    (tmp_path / "effect_agent.py").write_text(source.replace("len(observation.posts)", "99"))
    monkeypatch.syspath_prepend(str(tmp_path))
    for command in (("cassette", "export", run), ("replay", run, "--to", "again")):
        ran = gdg(*command)
        assert ran.code == 1
        assert sentence(name) in ran.err
    ran = gdg("replay", "--verify", run)
    assert ran.code == 3
    assert "journal.jsonl:2 differs" in ran.err


def test_nothing_of_a_run_of_today_names_a_release(tmp_path: Path, gdg) -> None:
    run = gdg("start", FOLDER / "small.yaml", "--json").json["run_dir"]
    assert "absent" not in gdg("show", run, "--json").json
    assert gdg("replay", "--verify", run, "--json").json["notes"] == []
