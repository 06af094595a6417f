"""The first line in which a recorded file is not what a replay makes it."""

from pathlib import Path
from typing import NamedTuple

_WIDTH = 60


class Difference(NamedTuple):
    """A line that is not what the replay makes it."""

    file: str
    line: int
    """1-based."""
    recorded: str
    replayed: str

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line} differs\n"
            f"    recorded: {self.recorded}\n"
            f"    replayed: {self.replayed}"
        )


def compare(
    recorded: Path, replayed: Path, *, whole: bool, replayed_whole: bool = True
) -> Difference | None:
    """The first line that differs, its end included; None if there is none.

    Without `whole` the recorded file, without `replayed_whole` the replayed one may be the
    beginning of the other. Reads line by line: the files may be larger than memory.
    """
    name = recorded.name
    if not recorded.exists():
        return Difference(name, 1, "the file is missing", "a file") if whole else None
    number = 0
    with recorded.open("rb") as before, replayed.open("rb") as after:
        for number, left in enumerate(before, start=1):
            right = after.readline()
            if left == right:
                continue
            if not replayed_whole and left.startswith(right) and not right.endswith(b"\n"):
                return None
            if not whole and right.startswith(left) and not left.endswith(b"\n"):
                return None
            return Difference(name, number, *_around(left, right))
        right = after.readline()
    if right and whole:
        return Difference(name, number + 1, "the file ends here", _around(b"", right)[1])
    return None


def _around(left: bytes, right: bytes) -> tuple[str, str]:
    """Both lines, cut to where they part."""
    same = next(
        (place for place, (a, b) in enumerate(zip(left, right, strict=False)) if a != b),
        min(len(left), len(right)),
    )
    start = max(0, same - _WIDTH)
    return _shown(left, start, same), _shown(right, start, same)


def _shown(line: bytes, start: int, same: int) -> str:
    if not line:
        return "the file ends here"
    text = line[start : same + _WIDTH].decode(errors="backslashreplace")
    if not text.endswith("\n") and len(line) <= same + _WIDTH:
        text += " (no end of line)"
    lead = "…" if start else ""
    return lead + text.removesuffix("\n")
