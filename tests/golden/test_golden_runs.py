"""Runs come out byte for byte as they were recorded; `runs/record.py` records them anew."""

import importlib.util
import json
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location(
    "record_runs", Path(__file__).parent / "runs" / "record.py"
)
assert _SPEC is not None and _SPEC.loader is not None
recording = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(recording)

RECORDED = json.loads(recording.DIGESTS.read_text())


def test_every_golden_run_was_recorded() -> None:
    assert list(RECORDED) == list(recording.RUNS)


@pytest.mark.parametrize("name", recording.RUNS)
def test_a_run_comes_out_as_it_was_recorded(name: str, gdg, tmp_path: Path) -> None:
    ran = gdg("start", *recording.RUNS[name], "--json", "--out", tmp_path)
    assert ran.code == 0, ran.err
    found = recording.digests_of(Path(ran.json["run_dir"]))
    moved = [file for file, digest in found.items() if digest != RECORDED[name].get(file)]
    assert moved == [], f"these files of the run {name!r} are not what was recorded"
    assert list(found) == list(RECORDED[name])
