"""The first line in which two files differ, whatever the difference is."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gdg_runtime.adapters.runs.verify import compare

LINES = st.lists(st.sampled_from([b"a\n", b"bb\n", b"\n", b"\xff\n"]), max_size=6)
QUICK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def compared(folder: Path, recorded: bytes, replayed: bytes, **options: bool):
    left, right = folder / "log", folder / "again"
    left.write_bytes(recorded)
    right.write_bytes(replayed)
    return compare(left, right, **options)


@QUICK
@given(LINES, LINES)
def test_the_line_is_the_first_that_differs(tmp_path: Path, left, right) -> None:
    found = compared(tmp_path, b"".join(left), b"".join(right), whole=True)
    same = 0
    while same < min(len(left), len(right)) and left[same] == right[same]:
        same += 1
    if left == right:
        assert found is None
    else:
        assert found is not None
        assert (found.file, found.line) == ("log", same + 1)


@QUICK
@given(LINES, st.integers(0, 20))
def test_a_beginning_is_no_difference_where_the_run_was_not_complete(tmp_path, lines, cut) -> None:
    data = b"".join(lines)
    assert compared(tmp_path, data[:cut], data, whole=False) is None
    assert (compared(tmp_path, data[:cut], data, whole=True) is None) == (cut >= len(data))
    assert compared(tmp_path, data, data[:cut], whole=True, replayed_whole=False) is None


def test_a_beginning_that_goes_another_way_is_one(tmp_path: Path) -> None:
    found = compared(tmp_path, b"a\nbx", b"a\nbb\nc\n", whole=False)
    assert found is not None
    assert str(found) == ("log:2 differs\n    recorded: bx (no end of line)\n    replayed: bb")


def test_long_lines_are_cut_to_where_they_part(tmp_path: Path) -> None:
    left, right = b"x" * 500 + b"LEFT" + b"y" * 500, b"x" * 500 + b"RIGHT" + b"y" * 500
    found = compared(tmp_path, left + b"\n", right + b"\n", whole=True)
    assert found is not None
    assert "LEFT" in found.recorded
    assert "RIGHT" in found.replayed
    assert len(found.recorded) < 150


def test_a_missing_file_is_one_only_where_it_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "again").touch()
    missing = compare(tmp_path / "log", tmp_path / "again", whole=True)
    assert missing is not None
    assert (missing.line, missing.recorded) == (1, "the file is missing")
    assert compare(tmp_path / "log", tmp_path / "again", whole=False) is None
