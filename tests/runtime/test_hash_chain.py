"""Sealed lines: torn ends recover, damage in the middle is named."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdg_runtime.runtime.errors import JournalDamaged
from gdg_runtime.runtime.hash_chain import SealedWriter, read_sealed

RECORDS = [{"t": "header", "n": 1}, {"t": "outcome", "text": 'a "quoted" line\nwith a break'},
           {"t": "outcome", "value": {"check": '","check":"'}}, {"t": "end", "ü": 0.1}]  # fmt: skip


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    path = tmp_path / "sealed.jsonl"
    writer = SealedWriter(path)
    for record in RECORDS:
        writer.append(record)
    writer.sync()
    writer.close()
    return path


def test_what_is_written_is_read_back(whole: Path) -> None:
    recovered = read_sealed(whole)
    assert recovered.records == RECORDS
    assert recovered.torn == 0


def test_a_line_torn_at_any_byte_is_cut_and_writing_goes_on_behind_the_last_whole_one(
    whole: Path,
) -> None:
    data = whole.read_bytes()
    start = data.rstrip(b"\n").rfind(b"\n") + 1
    for size in range(start, len(data)):
        whole.write_bytes(data[:size])
        recovered = read_sealed(whole)
        assert recovered.records == RECORDS[:-1]
        assert recovered.torn == size - start
        writer = SealedWriter(whole, recovered)
        writer.append(RECORDS[-1])
        writer.close()
        assert whole.read_bytes() == data


def test_a_torn_end_of_zero_bytes_as_after_a_power_cut_is_cut(whole: Path) -> None:
    data = whole.read_bytes()
    whole.write_bytes(data + b"\0" * 100)
    assert read_sealed(whole).records == RECORDS
    assert read_sealed(whole).torn == 100


def test_a_changed_byte_in_any_line_but_the_last_is_found_and_its_line_named(whole: Path) -> None:
    data = whole.read_bytes()
    last = data.rstrip(b"\n").rfind(b"\n")
    for place in range(last):
        changed = bytearray(data)
        changed[place] ^= 1
        whole.write_bytes(bytes(changed))
        with pytest.raises(JournalDamaged) as caught:
            read_sealed(whole)
        assert caught.value.line in (data[:place].count(b"\n") + 1, data[:place].count(b"\n") + 2)


def test_a_changed_byte_in_the_last_line_is_damage_or_shows_as_a_torn_end(whole: Path) -> None:
    """Only without its line break does a line look like the piece that a crash leaves."""
    data = whole.read_bytes()
    for place in range(data.rstrip(b"\n").rfind(b"\n") + 1, len(data)):
        changed = bytearray(data)
        changed[place] ^= 1
        whole.write_bytes(bytes(changed))
        if place == len(data) - 1:
            assert read_sealed(whole).torn > 0
        else:
            with pytest.raises(JournalDamaged, match=f":{len(RECORDS)}: this line was changed"):
                read_sealed(whole)


def test_a_last_line_whose_first_page_was_never_written_is_cut(whole: Path) -> None:
    data = whole.read_bytes()
    start = data.rstrip(b"\n").rfind(b"\n") + 1
    whole.write_bytes(data[:start] + b"\0" * 10 + data[start + 10 :])
    assert read_sealed(whole).records == RECORDS[:-1]


@pytest.mark.parametrize("gone", range(3))
def test_a_missing_line_is_found(whole: Path, gone: int) -> None:
    lines = whole.read_bytes().splitlines(keepends=True)
    whole.write_bytes(b"".join(lines[:gone] + lines[gone + 1 :]))
    with pytest.raises(JournalDamaged) as caught:
        read_sealed(whole)
    assert caught.value.line == gone + 1


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_garbage_never_reads_as_records(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("sealed") / "garbage"
    path.write_bytes(data)
    with contextlib.suppress(JournalDamaged):
        assert read_sealed(path).records == []
