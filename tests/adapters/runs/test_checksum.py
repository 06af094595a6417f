"""The seal of a file is read from its lines."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gdg_runtime.adapters.runs.directory import Seal
from gdg_runtime.runtime.hash_chain import SealedWriter, read_sealed


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=90), min_size=1), max_size=5))
def test_it_is_what_reading_the_whole_file_gives(tmp_path: Path, records) -> None:
    path = tmp_path / "sealed.jsonl"
    path.unlink(missing_ok=True)
    writer = SealedWriter(path)
    for record in records:
        writer.append(record)
    writer.close()
    recovered = read_sealed(path)
    assert Seal.of(path) == Seal(len(records), recovered.check)
