"""Random actor programs: whatever happens around a run, the run is the same."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programs import Program, Stage, Weather, respond

from gdg_runtime.runtime import Journal, Limits, Recorded, RunEnd, drive, replay
from gdg_runtime.runtime.errors import Deadlock
from gdg_runtime.runtime.testing import Crash, Simulation

COMPLETED = str(RunEnd.COMPLETED)

small = st.integers(0, 5)
seeds = st.integers(0, 2**32)

parts = st.tuples(st.sampled_from(["ask", "effect", "effect", "sleep"]), small, st.integers(0, 3))
plain_steps = st.tuples(
    st.sampled_from(
        ["tell", "ask", "effect", "sleep", "later", "spawn", "stop_child", "draw", "request",
         "raise"]
    ),
    small, small, small,
)  # fmt: skip
joint_steps = st.tuples(
    st.sampled_from(["gather", "race"]), st.lists(parts, min_size=1, max_size=3).map(tuple),
    st.integers(0, 1),
)  # fmt: skip
schedules = st.sampled_from(["fifo", "fair", "shuffle:5"])
rules = st.lists(
    st.sampled_from(["resume", "restart", "restart", "stop", "isolate", "escalate"]),
    min_size=2,
    max_size=4,
).map(tuple)


def scripts_of(steps: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    script = st.lists(steps, min_size=2, max_size=5).map(tuple)
    return st.lists(script, min_size=3, max_size=6).map(tuple)


honest_scripts = scripts_of(plain_steps | joint_steps)
scripts = scripts_of(plain_steps | joint_steps | st.just(("reply_later",)))
thorough = settings(
    max_examples=60, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip


class Recording:
    """An execution in the simulation, with its journal."""

    def __init__(
        self, folders: pytest.TempPathFactory, program: Program, weather: int, capacity: int
    ) -> None:
        self.program = program
        self.path = folders.mktemp("run") / "journal.jsonl"
        self.weather = Weather(weather, 1.0)
        self.capacity = capacity
        self.asked: list[Any] = []

    def run(self, *, turns: int | None = None, crash_after: int | None = None) -> list[str]:
        header = {"order": "arrival" if self.program.arrival else "logical"}
        return self._drive(Journal.create(self.path, header), None, turns, crash_after)

    def resume(self) -> list[str]:
        recorded = Recorded.read(self.path)
        return self._drive(Journal.reopen(self.path, recorded), recorded, None, None)

    def _drive(
        self, journal: Journal, recorded: Recorded | None, turns: int | None, crash: int | None
    ) -> list[str]:
        stage = Stage(self.program)
        simulation = Simulation(
            respond,
            lambda request: self.weather.latency(f"{request.actor}/{request.number}"),
            capacity=self.capacity, crash_after=crash,
        )  # fmt: skip
        self.asked = simulation.asked
        try:
            return stage.perform(
                lambda: simulation.drive(stage.kernel, journal, recorded=recorded, turns=turns)
            )
        finally:
            journal.close()

    @property
    def cassette(self) -> list[str]:
        return Recorded.read(self.path).cassette()


@thorough
@given(scripts, rules, schedules, seeds, seeds, st.integers(1, 5), st.integers(1, 9))
def test_a_run_is_the_same_whatever_the_latencies_capacity_and_batches(
    tmp_path_factory, scripts, rules, schedule, one, other, capacity, turns
):
    program = Program(scripts, rules, schedule)
    calm = Recording(tmp_path_factory, program, one, capacity=1_000)
    rough = Recording(tmp_path_factory, program, other, capacity)
    expected = calm.run()
    assert rough.run(turns=turns) == expected
    if expected[-1] == COMPLETED:
        assert calm.cassette == rough.cassette


@thorough
@given(scripts, rules, schedules, seeds, seeds, st.integers(1, 12))
def test_a_run_that_crashes_anywhere_and_is_resumed_is_the_same_and_asks_nothing_twice(
    tmp_path_factory, scripts, rules, schedule, one, other, crash_after
):
    program = Program(scripts, rules, schedule)
    whole = Recording(tmp_path_factory, program, one, capacity=1_000)
    expected = whole.run()
    broken = Recording(tmp_path_factory, program, other, capacity=3)
    try:
        broken.run(crash_after=crash_after)
    except Crash:
        known = {
            (line["actor"], line["number"])
            for line in Recorded.read(broken.path).recovered.records
            if line["t"] == "outcome"
        }
        assert broken.resume() == expected
        assert not known & {(request.actor, request.number) for request in broken.asked}
    if expected[-1] == COMPLETED:
        assert broken.cassette == whole.cassette


@thorough
@given(scripts, rules, schedules, seeds, st.booleans())
def test_a_run_replays_from_its_journal_alone(
    tmp_path_factory, scripts, rules, schedule, one, arrival
):
    program = Program(scripts, rules, schedule, arrival=arrival)
    recording = Recording(tmp_path_factory, program, one, capacity=2)
    expected = recording.run()
    stage = Stage(program)
    recorded = Recorded.read(recording.path)
    assert stage.perform(lambda: replay(stage.kernel, recorded)) == expected


@thorough
@given(scripts, rules, seeds, seeds, st.integers(1, 12))
def test_a_run_in_the_order_of_arrival_resumes_after_a_crash_and_then_replays(
    tmp_path_factory, scripts, rules, one, other, crash_after
):
    program = Program(scripts, rules, arrival=True)
    recording = Recording(tmp_path_factory, program, one, capacity=3)
    try:
        expected = recording.run(crash_after=crash_after)
    except Crash:
        recording.weather = Weather(other, 1.0)
        expected = recording.resume()
    stage = Stage(program)
    recorded = Recorded.read(recording.path)
    assert stage.perform(lambda: replay(stage.kernel, recorded)) == expected


@thorough
@given(honest_scripts, rules, schedules)
def test_as_long_as_nobody_keeps_a_question_every_asker_gets_an_answer(scripts, rules, schedule):
    stage = Stage(Program(scripts, rules, schedule))
    simulation = Simulation(respond, lambda request: 0.0)
    ending = stage.perform(lambda: simulation.drive(stage.kernel))[-1]
    assert not ending.startswith(Deadlock.__name__), ending


@settings(thorough, max_examples=8)
@given(scripts, rules, seeds)
def test_a_live_run_is_the_same_as_a_simulated_one_on_both_backends(
    tmp_path_factory, scripts, rules, weather
):
    program = Program(scripts, rules)
    simulated = Recording(tmp_path_factory, program, 1, capacity=1_000)
    expected = simulated.run()
    for backend in ("trio", "asyncio"):
        stage = Stage(program, Weather(weather, 0.004))
        path = simulated.path.with_name(backend)
        journal = Journal.create(path, {})

        async def live(stage: Any = stage, journal: Journal = journal) -> RunEnd:
            limits = Limits(max_concurrency=4, turns_per_batch=5)
            return await drive(stage.kernel, journal, limits=limits)

        assert stage.perform(lambda live=live, on=backend: anyio.run(live, backend=on)) == expected
        journal.close()
        if expected[-1] == COMPLETED:
            assert Recorded.read(path).cassette() == simulated.cassette


# --- processes of their own, since importing Hypothesis makes trio's scheduling deterministic ----

_MATRIX = Path(__file__).with_name("program_matrix.py")


def _digests(hash_seed: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, str(_MATRIX)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.timeout(200)
def test_one_program_gives_one_digest_for_backends_hash_seeds_latencies_and_concurrency():
    with ThreadPoolExecutor(2) as pool:
        lines = [line for part in pool.map(_digests, ["0", "1", "31337"]) for line in part]
    assert len(lines) == 60
    assert len({line.rpartition(" ")[2] for line in lines}) == 1, "\n".join(lines)
