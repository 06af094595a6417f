"""`gdg-runtime resume`: from whatever state, to the same bytes, or a refusal that says why."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gdg_runtime.adapters.runs import revision
from gdg_runtime.adapters.runs.directory import REPRODUCIBLE, RunDirectory, read_meta
from gdg_runtime.runtime import Recorded

HERE = Path(__file__).parent
SLOW = {"GDG_TEST_LATENCY": "30"}


def bytes_of(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in REPRODUCIBLE}


def outcomes(run: Path) -> int:
    return len(Recorded.read(run / "journal.jsonl"))


def cut_journal(run: Path, lines: int, more: bytes = b"") -> None:
    """As a kill after so many lines would leave it."""
    journal = run / "journal.jsonl"
    kept = journal.read_bytes().splitlines(keepends=True)[:lines]
    journal.write_bytes(b"".join(kept) + more)
    meta = run / "meta.json"
    meta.write_text(meta.read_text().replace('"completed"', '"running"'))


def test_a_completed_run_asks_nothing_again(gdg, consulting: Path, promised) -> None:
    journal = (consulting / "journal.jsonl").read_bytes()
    ran = gdg("resume", consulting, "--json")
    assert (ran.code, ran.json["status"]) == (0, "completed")
    assert bytes_of(consulting) == promised
    assert (consulting / "journal.jsonl").read_bytes() == journal
    assert gdg("replay", consulting, "--verify").code == 0


def test_an_interrupted_run_goes_on_where_its_journal_ends(gdg, consulting, promised) -> None:
    whole = outcomes(consulting)
    created = read_meta(consulting / "meta.json")["created_at"]
    cut_journal(consulting, lines=40)
    ran = gdg("resume", consulting, "--backend", "asyncio", "--max-concurrency", 2)
    assert ran.code == 0, ran.err
    assert "torn" not in ran.err
    assert bytes_of(consulting) == promised
    assert outcomes(consulting) == whole
    meta = read_meta(consulting / "meta.json")
    assert (meta["status"], meta["created_at"]) == ("completed", created)
    assert gdg("replay", consulting).code == 0


def test_a_torn_line_is_cut_and_told_of(gdg, consulting: Path, promised) -> None:
    line = (consulting / "journal.jsonl").read_bytes().splitlines()[40]
    cut_journal(consulting, lines=40, more=line[:50])
    ran = gdg("resume", consulting)
    assert ran.code == 0
    assert "The journal's last 50 bytes were torn by the crash and are cut" in ran.err
    assert bytes_of(consulting) == promised


def test_a_run_killed_before_its_first_line_begins_anew(gdg, consulting, promised) -> None:
    header = (consulting / "journal.jsonl").read_bytes().splitlines()[0]
    for journal in (None, b"", header[:100]):
        for file in consulting.iterdir():
            if file.name != "config.json":
                file.unlink()
        if journal is not None:
            (consulting / "journal.jsonl").write_bytes(journal)
        ran = gdg("resume", consulting, "--json")
        assert (ran.code, ran.json["status"]) == (0, "completed"), ran.err
        assert bytes_of(consulting) == promised


@pytest.mark.parametrize("journal", [None, b"", b'{"t":"header","sch'])
def test_a_journal_that_was_lost_is_never_paid_for_again(gdg, consulting, journal) -> None:
    (consulting / "journal.jsonl").unlink()
    if journal is not None:
        (consulting / "journal.jsonl").write_bytes(journal)
    ran = gdg("resume", consulting)
    assert ran.code == 1
    assert "journal.jsonl:1: the " in ran.err
    assert "missing" in ran.err


def test_a_journal_that_was_changed_is_refused_by_line(gdg, consulting: Path) -> None:
    lines = (consulting / "journal.jsonl").read_bytes().splitlines(keepends=True)
    lines[5] = lines[5].replace(b'"ok"', b'"no"')
    (consulting / "journal.jsonl").write_bytes(b"".join(lines))
    ran = gdg("resume", consulting)
    assert ran.code == 1
    assert "journal.jsonl:6: this line was changed after it was written" in ran.err


def test_changed_code_is_refused_and_named(gdg, consulting: Path, monkeypatch) -> None:
    before = bytes_of(consulting)
    real = revision.version
    monkeypatch.setattr(
        revision, "version", lambda name: "9.9" if name == "pydantic" else real(name)
    )
    monkeypatch.setattr(revision, "_plugin", lambda name: "another")
    ran = gdg("resume", consulting)
    assert ran.code == 2
    assert f"the library pydantic was {real('pydantic')}, is 9.9" in ran.err
    assert "the code of plug-in consulting has changed" in ran.err
    assert "Go back to what began the run (gdg-runtime " in ran.err
    assert bytes_of(consulting) == before


def test_a_plug_in_whose_file_was_edited_is_named(gdg, tmp_path, monkeypatch) -> None:
    plug_in = tmp_path / "edited_agent.py"
    plug_in.write_text(
        "from gdg_runtime.actors.agents import Agent\n"
        "from gdg_runtime.scenarios.world import NOOP\n"
        "class Quiet(Agent):\n"
        "    def act(self, observation, ctx):\n"
        "        return NOOP\n"
    )
    scenario = tmp_path / "edited.yaml"
    scenario.write_text("scenario_id: e\nagents: [{type: 'edited_agent:Quiet'}]\n")
    run = gdg("start", scenario, "--epochs", 1, "--quiet").out.strip()
    assert gdg("resume", run).code == 0
    plug_in.write_text(plug_in.read_text() + "# a remark\n")
    ran = gdg("resume", run)
    assert ran.code == 2
    assert "the code of plug-in edited_agent has changed" in ran.err


def test_a_changed_config_is_refused(gdg, consulting: Path) -> None:
    config = consulting / "config.json"
    config.write_text(config.read_text().replace('"epochs": 3', '"epochs": 4'))
    ran = gdg("resume", consulting)
    assert ran.code == 2
    assert "config.json is not the one that the journal's header holds" in ran.err


def test_a_missing_config_is_written_anew_from_the_journal(gdg, consulting, promised) -> None:
    (consulting / "config.json").unlink()
    assert gdg("resume", consulting).code == 0
    assert bytes_of(consulting) == promised


def test_damaged_telemetry_is_set_aside_and_stops_nothing(gdg, consulting, promised) -> None:
    telemetry = consulting / "telemetry.jsonl"
    damaged = telemetry.read_bytes().replace(b'"seconds":0', b'"seconds":9', 1)
    telemetry.write_bytes(damaged)
    cut_journal(consulting, lines=40)
    ran = gdg("resume", consulting)
    assert ran.code == 0
    assert "kept as damaged-telemetry.jsonl" in ran.err
    assert (consulting / "damaged-telemetry.jsonl").read_bytes() == damaged
    assert bytes_of(consulting) == promised
    assert gdg("replay", consulting).code == 0


def test_a_run_that_was_moved_resumes_where_it_is(gdg, consulting, tmp_path, promised) -> None:
    moved = Path(shutil.move(consulting, tmp_path / "elsewhere"))
    cut_journal(moved, lines=40)
    assert gdg("resume", moved).code == 0
    assert bytes_of(moved) == promised
    assert not list(tmp_path.parent.glob("*.db")), "no catalogue where no runs are"


def test_a_run_with_a_metric_of_its_own_resumes_in_another_process(gdg, environment) -> None:
    Path("own_figure.py").write_text(
        "from gdg_runtime.scenarios.measures.figure import Figure\n"
        "from gdg_runtime.scenarios.measures.metric import Metric\n"
        "class Turns(Metric):\n"
        "    name = 'turns'\n"
        "    def __init__(self):\n"
        "        self.seen = 0\n"
        "    def turn(self, agent, score, acted):\n"
        "        self.seen += 1\n"
        "    def close(self, agents):\n"
        "        return Figure.of(self.seen, self.seen)\n"
    )
    track = ("--set", "metrics.track=['own_figure:Turns']")
    ran = gdg("start", "baseline", "--epochs", 1, *track, "--json")
    assert ran.json["metrics"]["turns"] == 50
    table = gdg("show", ran.json["run_dir"]).out
    assert "turns" in table
    again = subprocess.run(
        [sys.executable, "-c", "from gdg_runtime.adapters.cli import main; main()", "resume",
         ran.json["run_dir"], "--json"],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["metrics"]["turns"] == 50


def test_a_killed_process_leaves_its_run_locked_only_while_it_lives(
    gdg, gdg_process, environment, promised
) -> None:
    process = gdg_process("start", HERE / "consulting.yaml", env={**environment, **SLOW})
    deadline = time.monotonic() + 30
    while not (begun := list(Path("runs").glob("*/*/*/events.jsonl"))):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    run = begun[0].parent
    assert gdg("runs", "--json").json[0]["status"] == "running"
    assert gdg("show", run, "--json").json["status"] == "running"
    second = gdg("resume", run)
    assert second.code == 2
    assert f"another process is at work on the run {run}" in second.err
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert not RunDirectory(run).is_locked
    assert gdg("runs", "--json", "--status", "interrupted").json[0]["run_id"] == run.name
    assert gdg("show", run, "--json").json["status"] == "interrupted"
    assert gdg("replay", run, "--verify").code == 0, "what there is, is the beginning of the run"
    assert gdg("resume", "latest").code == 0
    assert bytes_of(run) == promised
