"""The reader of run directories: whole runs, runs that were cut off, damaged files."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gdg_runtime.actors.resolved import load_episode
from gdg_runtime.adapters.runs.directory import RunDirectory, meta_bytes, read_meta
from gdg_runtime.adapters.runs.errors import RunUnreadable
from gdg_runtime.adapters.runs.execution import start_run
from gdg_runtime.adapters.runs.reader import READABLE, RunReader


@pytest.fixture(scope="module")
def completed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    episode = load_episode("baseline", sets=["simulation.steps_per_epoch=3"], epochs=2)
    return start_run(episode, out=tmp_path_factory.mktemp("runs")).directory


@pytest.fixture
def run(completed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(completed, tmp_path / "run"))


def noted(run: Path, **facts: Any) -> None:
    """Write other facts into meta.json."""
    meta = read_meta(run / "meta.json") | facts
    meta.pop("schema_version")
    (run / "meta.json").write_bytes(meta_bytes(meta))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_a_completed_run_is_read_whole(run: Path) -> None:
    reader = RunReader(run)
    metrics = json.loads((run / "metrics.json").read_bytes())
    assert reader.status == "completed"
    assert reader.config.scenario_id == "baseline"
    assert reader.schedule == "fifo"
    assert reader.metrics_document == metrics
    assert (reader.overall, reader.agents) == (metrics["overall"], metrics["agents"])
    assert reader.epochs == metrics["epochs"]
    assert list(reader.events()) == lines(run / "events.jsonl")
    assert list(reader.steps()) == lines(run / "step_log.jsonl")[1:]
    assert reader.events().last(2) == lines(run / "events.jsonl")[-2:]
    assert not reader.events().torn
    assert reader.journal.header["scenario"] == "baseline"
    assert reader.telemetry() == []
    assert reader.transcript == (run / "transcript.md").read_text()
    assert (run / "transcript.txt").read_text().splitlines()
    assert list(reader.goals()) == []
    assert reader.absent == {"goals": "the scenario has no goals"}
    assert reader.other_release is None


def test_events_and_steps_can_be_selected(run: Path) -> None:
    reader = RunReader(run)
    events = [event for event in reader.events() if event["type"] == "epoch_completed"]
    assert list(reader.events("epoch_completed")) == events
    assert reader.events("epoch_completed").last(1) == events[-1:]
    assert {step["agent"] for step in reader.steps("honest_1")} == {"honest_1"}
    assert len(list(reader.steps("honest_1"))) == 6
    assert list(reader.events("nothing")) == []


def test_epochs_of_a_run_that_was_cut_off_are_those_that_closed(run: Path) -> None:
    whole = RunReader(run).epochs
    noted(run, status="running")
    reader = RunReader(run)
    assert reader.status == "interrupted"
    assert (reader.metrics_document, reader.overall, reader.agents) == (None, None, None)
    assert reader.absent["metrics"] == "the run is interrupted; metrics are written at its end"
    assert reader.epochs == whole
    with RunDirectory(run).locked():
        assert RunReader(run).status == "running"


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_torn_end_is_left_out_and_reported(run: Path, cut: int) -> None:
    for name, records in (("events.jsonl", "events"), ("step_log.jsonl", "steps")):
        whole = list(getattr(RunReader(run), records)())
        (run / name).write_bytes((run / name).read_bytes()[:-cut])
        torn = getattr(RunReader(run), records)()
        assert list(torn) == whole[:-1]
        assert torn.last(3) == whole[-4:-1]
        assert torn.torn


def test_pages_that_were_never_written_are_a_torn_end(run: Path) -> None:
    whole = list(RunReader(run).events())
    with (run / "events.jsonl").open("ab") as file:
        file.write(b'{"n": 1' + bytes(4096) + b"\n" + bytes(10))
    torn = RunReader(run).events()
    assert list(torn) == whole
    assert torn.torn


@pytest.mark.parametrize("damage", [b"nonsense\n", b"[1, 2]\n", b'{"n": 1}\n', b'{"n": \0}\n'])
@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("events.jsonl", lambda reader: list(reader.events())),
        ("events.jsonl", lambda reader: reader.events().last(99)),
        ("step_log.jsonl", lambda reader: list(reader.steps())),
    ],
)
def test_a_damaged_line_is_named(
    run: Path, name: str, read: Callable[[RunReader], object], damage: bytes
) -> None:
    kept = (run / name).read_bytes().splitlines(keepends=True)
    last = len(kept)
    (run / name).write_bytes(b"".join([*kept[: last - 4], damage, *kept[last - 3 :]]))
    with pytest.raises(RunUnreadable) as caught:
        read(RunReader(run))
    assert (caught.value.path, caught.value.line) == (run / name, last - 3)
    assert f"{run / name}:{last - 3} can't be read" in str(caught.value)
    assert "gdg-runtime replay --verify" in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema_version": 99}', '{"overall": {}}'])
def test_a_damaged_document_is_named(run: Path, text: str) -> None:
    for name in ("config.json", "metrics.json"):
        (run / name).write_text(text)
    for read in (lambda reader: reader.config, lambda reader: reader.metrics_document):
        with pytest.raises(RunUnreadable) as caught:
            read(RunReader(run))
        assert caught.value.path.parent == run


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"overall": 7}',
        '{"overall": {"toxicity_rate": 0.5}}',
        '{"overall": {}, "epochs": {}}',
        '{"overall": {}, "epochs": [{"epoch": 0}]}',
        '{"overall": {}, "epochs": [], "agents": {"honest_1": {"draft": {}}}}',
    ],
)
def test_metrics_of_another_form_are_named(run: Path, text: str) -> None:
    document = {"schema_version": 1, **json.loads(text)}
    (run / "metrics.json").write_text(json.dumps(document))
    with pytest.raises(RunUnreadable, match=r"metrics.json can't be read: its \w+ do not have"):
        RunReader(run).metrics_document


def test_an_epoch_without_metrics_is_named(run: Path) -> None:
    noted(run, status="stopped")
    with (run / "events.jsonl").open("ab") as file:
        file.write(b'{"type": "epoch_completed", "epoch": 9, "step": 0}\n')
    with pytest.raises(RunUnreadable, match="the record lacks metrics"):
        RunReader(run).epochs


def test_only_a_journal_with_its_header_is_recorded(run: Path) -> None:
    assert RunReader(run).is_recorded
    journal = run / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:50])
    assert not RunReader(run).is_recorded
    journal.unlink()
    assert not RunReader(run).is_recorded


def test_a_missing_document_is_named(run: Path) -> None:
    (run / "metrics.json").unlink()
    with pytest.raises(RunUnreadable, match="the file is missing"):
        RunReader(run).overall


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("events.jsonl", lambda reader: list(reader.events())),
        ("step_log.jsonl", lambda reader: list(reader.steps())),
        ("metrics.json", lambda reader: reader.metrics_document),
    ],
)
def test_a_schema_of_a_later_release_is_refused(
    run: Path, name: str, read: Callable[[RunReader], object]
) -> None:
    text = (run / name).read_text()
    (run / name).write_text(re.sub(r'"schema_version": ?1', '"schema_version": 99', text, count=1))
    with pytest.raises(RunUnreadable, match="schema version 99, this program reads 1; use the ver"):
        read(RunReader(run))


def test_every_file_states_a_schema_version_that_is_read(run: Path) -> None:
    versions = RunReader(run).schema_versions()
    assert versions.keys() == READABLE.keys() - {"goals.jsonl"}
    assert all(version in READABLE[name] for name, version in versions.items())


def test_a_run_of_another_release_says_which_one_executes_it(run: Path) -> None:
    noted(run, version="0.1.0")
    reader = RunReader(run)
    assert reader.release == "0.1.0"
    assert reader.other_release == (
        "this run was made by gdg-runtime 0.1.0; install gdg-runtime==0.1.0 to execute it again"
    )
    assert reader.absent["goals"] == "runs of gdg-runtime before 0.3 have no goals"
    assert reader.absent["language_models"].startswith("runs of gdg-runtime before 0.2")


def test_without_meta_nothing_is_claimed_about_the_release(run: Path) -> None:
    (run / "meta.json").write_text("broken")
    reader = RunReader(run)
    assert (reader.meta, reader.release, reader.other_release) == ({}, None, None)
    assert reader.status == "interrupted"
    assert len(reader.epochs) == 2
