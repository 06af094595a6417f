"""`import gdg_runtime as gdg`: runs from Python, in scripts, threads and notebooks."""

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import trio

import gdg_runtime as gdg
from gdg_runtime.adapters import python_api
from gdg_runtime.adapters.runs.directory import REPRODUCIBLE

HERE = Path(__file__).parent
CONSULTING = HERE / "consulting.yaml"
SMALL = {
    "scenario_id": "small",
    "agents": [{"type": "honest", "count": 3}],
    "simulation": {"epochs": 2, "steps_per_epoch": 2, "seed": 5},
}

IN_A_NOTEBOOK = """
import asyncio, sys
import gdg_runtime as gdg

async def cell():
    try:
        run = gdg.run({scenario!r}, directory="run")
        print(run.status, flush=True)
    except KeyboardInterrupt:
        print("interrupted", gdg.load_run("run").status, flush=True)

try:
    asyncio.run(cell())
except KeyboardInterrupt:
    sys.exit("the loop was interrupted as well")
"""


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def files(run: gdg.Run) -> dict[str, bytes]:
    return {name: (run.directory / name).read_bytes() for name in REPRODUCIBLE}


# --- the import ---------------------------------------------------------------------------------


def test_the_import_loads_nothing_else_and_offers_every_public_name() -> None:
    code = (
        "import sys; before = set(sys.modules); import gdg_runtime as gdg; "
        "print(sorted(set(sys.modules) - before)); "
        "assert dir(gdg) == sorted(gdg.__all__); "
        "[getattr(gdg, name) for name in gdg.__all__]; "
        "from gdg_runtime.runtime import Message; assert gdg.runtime.Message is Message"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "['gdg_runtime']\n"


def test_type_checkers_see_the_names_that_there_are() -> None:
    assert "from .adapters.python_api import *\n" in Path(gdg.__file__).read_text()
    assert gdg.__all__ == python_api.__all__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'gdg_runtime' has no attribute 'rnu'"):
        gdg.rnu


# --- running ------------------------------------------------------------------------------------


def test_a_run_is_what_the_command_line_writes(gdg_process) -> None:
    run = gdg.run(
        "baseline", seed=7, epochs=2, label="mine", set={"governance.transaction_tax_rate": 0.1}
    )
    options = ["--seed", "7", "--epochs", "2", "--label", "mine"]
    sets = ["--set", "governance.transaction_tax_rate=0.1"]
    process = gdg_process("start", "baseline", *options, *sets, "--out", "others", "--quiet")
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert files(run) == files(gdg.load_run(out.strip()))
    assert run.directory.parts[:3] == ("runs", "baseline", "mine")
    assert (run.seed, run.status, run.error, run.paused, run.cause) == (
        7, "completed", None, None, None,
    )  # fmt: skip


def test_a_run_is_a_plain_object() -> None:
    run = gdg.run(SMALL)
    document = json.loads((run.directory / "metrics.json").read_bytes())
    assert run.overall == document["overall"]
    assert run.metrics == {name: one["value"] for name, one in run.overall.items()}
    assert (run.agents, list(run.epochs)) == (document["agents"], document["epochs"])
    assert list(run.agents) == ["honest_1", "honest_2", "honest_3"]
    assert run.config.simulation.steps_per_epoch == 2
    assert next(iter(run.events()))["type"] == "episode_started"
    assert {event["type"] for event in run.events("epoch_completed")} == {"epoch_completed"}
    assert len(list(run.steps())) == 12
    assert [(one["agent"], one["step"]) for one in run.steps("honest_2")] == [
        ("honest_2", 0), ("honest_2", 1), ("honest_2", 0), ("honest_2", 1),
    ]  # fmt: skip
    assert run.transcript == (run.directory / "transcript.md").read_text()
    assert list(run.goals()) == []
    assert run.absent["goals"] == "the scenario has no goals"
    assert repr(run) == f"<Run {run.directory}: completed>"
    assert gdg.load_run().directory == gdg.load_run(run.id).directory == run.directory.resolve()
    assert run.verify().verified


def test_a_document_a_file_and_overrides_of_it_mean_the_same(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(json.dumps(SMALL))
    wanted = files(gdg.run(SMALL))
    assert files(gdg.run("small.yaml")) == wanted
    assert files(gdg.run(tmp_path / "small.yaml")) == wanted
    assert files(gdg.run(gdg.load_scenario(SMALL))) == wanted
    other = {**SMALL, "simulation": {"seed": 5}}
    sets = {"simulation.epochs": 2, "simulation.steps_per_epoch": 2}
    assert files(gdg.run(other, set=sets)) == wanted


def test_texts_of_a_document_arrive_as_they_are() -> None:
    text = "yes: [1, 2] # \u2028 \x85 \x07 é 😀 'quoted' \"twice\""
    assert gdg.load_scenario({**SMALL, "description": text}).description == text
    assert gdg.load_scenario(SMALL, set={"description": text}).description == text
    assert gdg.load_scenario(SMALL, label="2024").label == "2024"


async def _in_trio() -> gdg.Run:
    return gdg.run(CONSULTING)


async def _in_asyncio() -> gdg.Run:
    return gdg.run(CONSULTING, backend="asyncio")


def _in_a_thread() -> gdg.Run:
    made: list[gdg.Run] = []
    thread = threading.Thread(target=lambda: made.append(gdg.run(CONSULTING)))
    thread.start()
    thread.join()
    return made[0]


@pytest.mark.parametrize(
    "place",
    [lambda: trio.run(_in_trio), lambda: asyncio.run(_in_asyncio()), _in_a_thread],
    ids=["trio", "asyncio", "thread"],
)
def test_it_works_where_a_loop_runs_and_in_any_thread(promised, place) -> None:
    run = place()
    assert files(run) == promised
    assert run.verify().verified


def test_verifying_works_where_a_loop_runs() -> None:
    run = gdg.run(SMALL)

    async def cell() -> bool:
        return run.verify().verified

    assert asyncio.run(cell())


# --- interrupts ---------------------------------------------------------------------------------


def _interrupted(environment: dict[str, str], latency: str, presses: int) -> str:
    """Interrupt a cell in a process whose loop runs; give what it printed."""
    process = subprocess.Popen(
        [sys.executable, "-c", IN_A_NOTEBOOK.format(scenario=str(CONSULTING))],
        env={**environment, "GDG_TEST_LATENCY": latency},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline, step_log = time.monotonic() + 30, Path("run/step_log.jsonl")
    while not step_log.exists():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    for _ in range(presses):
        process.send_signal(signal.SIGINT)
        if presses > 1:
            assert process.stderr is not None
            process.stderr.readline()
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    return out


def test_an_interrupt_stops_it_at_the_step_boundary(environment, promised) -> None:
    assert _interrupted(environment, "0.1", presses=1) == "stopped\n"
    run = gdg.load_run("run")
    assert len(list(run.steps())) % 6 == 0
    assert run.verify().verified
    assert files(gdg.resume(run)) == promised


def test_the_second_interrupt_stops_it_at_once(environment, promised) -> None:
    began = time.monotonic()
    assert _interrupted(environment, "60", presses=2) == "interrupted stopped\n"
    assert time.monotonic() - began < 30, "effects of up to 60 s were in flight"
    assert gdg.load_run("run").resume().status == "completed"
    assert files(gdg.load_run("run")) == promised


# --- bad input ----------------------------------------------------------------------------------


def test_an_unknown_scenario_is_told_with_what_was_meant() -> None:
    with pytest.raises(gdg.InvalidScenario, match="did you mean baseline"):
        gdg.run("baselin")
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("scenario", "arguments", "text"),
    [
        ("baseline", {"set": {"governance.tax": 1}}, "--set governance.tax=1: governance.tax: unk"),
        ("baseline", {"set": {"": 1}}, "expected key.to.set=value"),
        ("baseline", {"set": {"description": {1, 2}}}, "--set description: holds what no scenario"),
        ("baseline", {"scenario_params": {"fed": 1}}, "--scenario-param fed=1"),
        ("baseline", {"epochs": 0}, "--epochs 0"),
        ("baseline", {"label": "a/b"}, "--label"),
        ({}, {}, "the scenario: scenario_id: missing"),
        ({**SMALL, "agents": [{"type": "honst"}]}, {}, "the scenario: agents[0].type: unknown"),
        ({**SMALL, "agentss": []}, {}, "the scenario: agentss: unknown key; did you mean agents?"),
        ({**SMALL, "metadata": object()}, {}, "the scenario: holds what no scenario file can"),
        ({**SMALL, "agents": [{"type": Path}]}, {}, "agents[0].type is of the type `type`"),
        ({**SMALL, "agents": [{"type": Path}]}, {}, "classes of your own are named as texts, `mod"),
        ({**SMALL, "metadata": {(1, 2): 3}}, {}, "metadata has a key of the type `tuple`"),
        ("baseline", {"set": {"agents": [{"count": 1j}]}}, "[0].count is of the type `complex`"),
        ("baseline", {"set": {"seed": {1}}}, "the value is of the type `set`"),
    ],
)
def test_a_scenario_that_is_wrong_is_told_with_its_place(scenario, arguments, text) -> None:
    with pytest.raises(gdg.InvalidScenario) as raised:
        gdg.run(scenario, **arguments)
    assert text in str(raised.value)
    assert raised.value.faults
    assert not Path("runs").exists()


def test_a_resolved_config_takes_no_overrides() -> None:
    with pytest.raises(gdg.InvalidScenario, match="resolved already: give seed, set"):
        gdg.run(gdg.load_scenario(SMALL), seed=3)


def test_an_unknown_schedule_is_a_typed_error() -> None:
    with pytest.raises(gdg.UnknownSchedule):
        gdg.run(SMALL, schedule="sorted")
    assert not Path("runs").exists()


def test_a_folder_that_cannot_be_written_is_a_typed_error() -> None:
    Path("file").write_text("")
    with pytest.raises(gdg.RunUnwritable, match="choose another place with --out") as refused:
        gdg.run(SMALL, out="file")
    assert "recorded before" not in str(refused.value)
    with pytest.raises(gdg.RunUnwritable, match="Nothing was recorded") as refused:
        gdg.run(SMALL, directory="file/run")
    assert "recorded before" not in str(refused.value)


def test_nothing_to_load_and_too_much_to_load_are_typed_errors() -> None:
    with pytest.raises(gdg.RunNotFound, match="no run at latest"):
        gdg.load_run()
    with pytest.raises(gdg.RunNotFound, match="no run at elsewhere"):
        gdg.resume("elsewhere")
    for label in ("a", "b"):
        gdg.run(SMALL, label=label)
    names = [row.name for row in Path("runs/small").glob("*/*")]
    if names[0] == names[1]:  # unless the second has changed in between
        with pytest.raises(gdg.RunAmbiguous, match="is the name of 2 runs"):
            gdg.load_run(names[0])


def test_a_damaged_run_says_where_it_is_damaged() -> None:
    run = gdg.run(SMALL)
    for name, text in (("metrics.json", "{"), ("step_log.jsonl", "{}\n{"), ("config.json", "[]")):
        (run.directory / name).write_text(text)
    damaged = gdg.load_run(run.directory)
    with pytest.raises(gdg.RunUnreadable, match=r"metrics\.json can't be read: it is not JSON"):
        damaged.metrics
    with pytest.raises(gdg.RunUnreadable, match=r"step_log\.jsonl"):
        list(damaged.steps())
    with pytest.raises(gdg.RunUnreadable, match=r"config\.json can't be read: it holds no config"):
        damaged.resume()
    assert "config.json can&#x27;t be read" in damaged._repr_html_()
    assert not damaged.verify().verified


def test_a_run_of_other_code_is_not_resumed() -> None:
    run = gdg.run(SMALL)
    path = run.directory / "config.json"
    path.write_bytes(path.read_bytes().replace(b'"epochs": 2', b'"epochs": 3'))
    with pytest.raises(gdg.RunChanged, match="can't be resumed"):
        gdg.resume(run)


def test_what_a_notebook_shows_of_a_run_is_escaped() -> None:
    nasty = "<script>alert(1)</script>"
    run = gdg.run({**SMALL, "agents": [{"type": "failing:Failing", "params": {"how": nasty}}]})
    assert run.status == "completed"
    meta = run.directory / "meta.json"
    facts = json.loads(meta.read_bytes())
    facts["error"] = nasty
    meta.write_text(json.dumps(facts))
    shown = gdg.load_run(run.directory)._repr_html_()
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    assert "<th>metric</th>" in shown
