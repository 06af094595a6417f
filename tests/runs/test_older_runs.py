"""Runs that were recorded before the config had all its keys of today."""

import json
from pathlib import Path

from gdg_runtime.adapters.runs.directory import RunDirectory, document_bytes, meta_bytes, read_meta
from gdg_runtime.adapters.runs.verify import verify_run
from gdg_runtime.runtime.hash_chain import SealedWriter, read_sealed

SINCE = ("llm", "models")


def aged(run: Path) -> None:
    """Take away what is in the config since 0.2, as if an older version had written the run."""
    records = read_sealed(run / "journal.jsonl").records
    document = records[0]["config"]
    for key in SINCE:
        document["config"].pop(key)
    for agent in document["config"]["agents"]:
        agent.pop("llm")
        agent.pop("budget")
    (run / "journal.jsonl").unlink()
    writer = SealedWriter(run / "journal.jsonl")
    for record in records:
        writer.append(record)
    writer.close()
    (run / "config.json").write_bytes(document_bytes(document))
    facts = read_meta(run / "meta.json")
    facts.pop("seals")
    facts.pop("schema_version")
    (run / "meta.json").write_bytes(meta_bytes(facts))


def test_defaults_that_came_later_make_no_difference(consulting: Path) -> None:
    aged(consulting)
    assert SINCE[0] not in json.loads((consulting / "config.json").read_bytes())["config"]
    found = verify_run(RunDirectory(consulting))
    assert found.verified, found.differences


def test_an_older_run_resumes_to_the_config_that_it_began_with(consulting: Path, gdg) -> None:
    aged(consulting)
    before = (consulting / "config.json").read_bytes()
    ran = gdg("resume", consulting, "--json")
    assert ran.code == 0, ran.err
    assert (consulting / "config.json").read_bytes() == before
