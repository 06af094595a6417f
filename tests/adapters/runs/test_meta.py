"""meta.json guards its own lines."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gdg_runtime.adapters.runs.directory import first_bad_line, meta_bytes, read_meta

FACTS = {"run_id": "a", "status": "completed", "error": None, "seals": {"x": [1, 2]}, "text": "π\n"}
DATA = meta_bytes(FACTS)


def test_what_was_written_is_read_and_intact(tmp_path: Path) -> None:
    path = tmp_path / "meta.json"
    path.write_bytes(DATA)
    assert read_meta(path) == {"schema_version": 1, **FACTS}
    assert first_bad_line(DATA) is None
    assert json.loads(DATA)["checks"]


def test_every_changed_byte_names_its_line() -> None:
    for position in range(len(DATA)):
        line = DATA.count(b"\n", 0, position) + 1
        for mask in (1, 2, 4, 8, 16, 32, 64, 128):
            changed = bytearray(DATA)
            changed[position] ^= mask
            assert first_bad_line(bytes(changed)) == line, (position, mask)


def test_every_line_that_is_missing_or_doubled_is_named() -> None:
    lines = DATA.splitlines(keepends=True)
    for number in range(1, len(lines) + 1):
        without = b"".join([*lines[: number - 1], *lines[number:]])
        assert first_bad_line(without) == number
        twice = b"".join([*lines[:number], *lines[number - 1 :]])
        assert first_bad_line(twice) in (number, number + 1)


@given(st.binary(max_size=400))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    assert data == DATA or first_bad_line(data) is not None


def test_a_file_that_is_absent_or_broken_has_no_facts(tmp_path: Path) -> None:
    path = tmp_path / "meta.json"
    assert read_meta(path) == {}
    for text in ("", "{", "[1]", "null"):
        path.write_text(text)
        assert read_meta(path) == {}
