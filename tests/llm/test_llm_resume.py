"""A resumed run finds a model's replies by what was asked, not by where they stand."""

import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from serving import FaultServer, start_server
from society import SERVER, digests, society

from gdg_runtime.adapters.runs.directory import RunDirectory, config_document, document_bytes
from gdg_runtime.adapters.runs.execution import resume_run, start_run
from gdg_runtime.adapters.runs.live_run import Result
from gdg_runtime.adapters.runs.reader import RunReader
from gdg_runtime.adapters.runs.verify import verify_run
from gdg_runtime.runtime import Recorded
from gdg_runtime.runtime.errors import ReplayDivergence
from gdg_runtime.runtime.hash_chain import SealedWriter, read_sealed
from gdg_runtime.scenarios.schema.episode import EpisodeConfig

Records = list[dict[str, Any]]
AGENTS, STEPS = 8, 4


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with start_server(**SERVER) as running:
        yield running


@pytest.fixture(scope="module")
def completed(server: FaultServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody interrupted."""
    result = start_run(society(server.url, AGENTS, STEPS), out=tmp_path_factory.mktemp("runs"))
    assert result.status == "completed", result.error
    return result.directory


@pytest.fixture
def copy(completed: Path, server: FaultServer, tmp_path: Path) -> Callable[[str], Path]:
    """Copies the run, as it would be if it were still going on."""

    def made(name: str) -> Path:
        run = Path(shutil.copytree(completed, tmp_path / "llm-society" / "default" / name))
        meta = json.loads((run / "meta.json").read_text())
        (run / "meta.json").write_text(json.dumps({**meta, "status": "running"}))
        server.reset()
        return run

    return made


def records_of(run: Path) -> tuple[Records, Records]:
    """A journal's header and texts, and its outcomes in order of arrival."""
    records = read_sealed(run / "journal.jsonl").records
    outcomes = [record for record in records if record["t"] == "outcome"]
    return [record for record in records if record["t"] in ("header", "text")], outcomes


def write_journal(run: Path, records: Records) -> None:
    """Write a journal as the runtime would, seals and all."""
    journal = run / "journal.jsonl"
    journal.unlink()
    writer = SealedWriter(journal)
    for record in records:
        writer.append(record)
    writer.close()


def resume(run: Path) -> Result:
    return resume_run(RunDirectory.find(run))


def change_config(run: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a run's config by hand, wherever it stands, so that nothing looks amiss."""
    begin, outcomes = records_of(run)
    config, schedule = RunReader(RunDirectory.find(run)).stored
    plain = config.model_dump(mode="json")
    change(plain)
    changed = EpisodeConfig.model_validate(plain)
    document = config_document(changed, schedule)
    (run / "config.json").write_bytes(document_bytes(document))
    begin[0] |= {"config": document, "config_hash": document["config_hash"]}
    write_journal(run, begin + outcomes)


@pytest.mark.parametrize("kept", [0.3, 0.7, 1.0])
def test_the_order_in_which_replies_had_arrived_makes_no_difference(
    kept: float, copy: Callable[[str], Path], completed: Path, server: FaultServer
) -> None:
    results, requests = [], []
    for luck in range(3):
        run = copy(f"order-{luck}")
        begin, outcomes = records_of(run)
        known = outcomes[: round(kept * len(outcomes))]
        if luck:
            random.Random(luck).shuffle(known)
        write_journal(run, begin + known)
        result = resume(run)
        assert result.status == "completed", result.error
        # Only what the journal did not know was asked.
        assert server.stats()["requests"] == len(outcomes) - len(known)
        assert verify_run(RunDirectory.find(run)).verified
        results.append(digests(run))
        requests.append(sorted(json.dumps(body) for body in server.requests(len(outcomes))))
    assert results == [digests(completed)] * 3
    assert requests[1:] == requests[:1] * 2


def persona(plain: dict[str, Any]) -> None:
    plain["agents"][1]["params"]["persona"] = "You are reckless."


def temperature(plain: dict[str, Any]) -> None:
    plain["llm"]["temperature"] = 0.75


def memory(plain: dict[str, Any]) -> None:
    plain["agents"][0]["params"]["memory"]["max_tokens"] = 0


@pytest.mark.parametrize(
    ("change", "recorded", "requested"),
    [
        (persona, "You are careful.", "You are reckless."),
        (temperature, '"temperature":0.5', '"temperature":0.75'),
        (memory, '"role":"assistant"', ""),
    ],
)
def test_a_changed_config_gets_no_reply_that_was_given_to_another_question(
    change: Callable[[dict[str, Any]], None], recorded: str, requested: str,
    copy: Callable[[str], Path], server: FaultServer,
) -> None:  # fmt: skip
    run = copy("changed")
    change_config(run, change)
    before = Recorded.read(run / "journal.jsonl").cassette()
    result = resume(run)
    assert result.status == "failed"
    parting = result.cause
    assert isinstance(parting, ReplayDivergence)
    assert recorded in parting.recorded
    assert recorded not in parting.requested
    assert requested in parting.requested
    assert requested == "" or requested not in parting.recorded
    # Both are named, and nobody was asked in their place.
    assert parting.actor in str(parting)
    assert parting.recorded in str(parting)
    assert parting.requested in str(parting)
    assert server.stats()["requests"] == 0
    assert Recorded.read(run / "journal.jsonl").cassette() == before


def test_a_run_that_was_not_completed_is_not_verified_if_its_journal_diverges(
    copy: Callable[[str], Path],
) -> None:
    run = copy("killed")
    change_config(run, persona)
    assert resume(run).status == "failed"
    found = verify_run(RunDirectory.find(run))
    assert not found.verified
    assert "replay diverges at actor" in str(found.differences)


def exchange(outcomes: Records, first: int, second: int, *names: str) -> None:
    """Put each of two outcomes where the other one stood."""
    one, other = outcomes[first], outcomes[second]
    for name in names:
        one[name], other[name] = other[name], one[name]


@pytest.mark.parametrize("whose", ["of two agents", "of one agent"])
def test_replies_in_each_others_places_are_given_to_nobody(
    whose: str, copy: Callable[[str], Path], server: FaultServer
) -> None:
    run = copy("exchanged")
    begin, outcomes = records_of(run)
    mine = [at for at, record in enumerate(outcomes) if record["actor"] == "agents/planner_1"]
    theirs = [at for at, record in enumerate(outcomes) if record["actor"] == "agents/planner_2"]
    if whose == "of two agents":
        assert outcomes[mine[0]]["number"] == outcomes[theirs[0]]["number"]
        exchange(outcomes, mine[0], theirs[0], "actor")
    else:
        exchange(outcomes, mine[0], mine[1], "number")
    write_journal(run, begin + outcomes)
    result = resume(run)
    assert result.status == "failed"
    parting = result.cause
    assert isinstance(parting, ReplayDivergence)
    assert parting.recorded != parting.requested
    assert parting.recorded in str(parting)
    assert parting.requested in str(parting)
    assert server.stats()["requests"] == 0
