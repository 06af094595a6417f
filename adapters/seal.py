"""The end of a sealed file, kept in `meta.json`: so that missing last lines are found as well.

Each line of a sealed file vouches for all before it, but none for those behind it.
"""

from pathlib import Path
from typing import NamedTuple

_LONGEST_CHECK = 64
_CHUNK = 1 << 20


class Seal(NamedTuple):
    """How long a sealed file is and which check its last line bears."""

    lines: int
    check: str

    @classmethod
    def of(cls, path: Path) -> "Seal":
        """Read it from a file's end. Raises OSError."""
        lines, tail = 0, b""
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                lines += chunk.count(b"\n")
                tail = (tail + chunk)[-_LONGEST_CHECK:]
        _, mark, check = tail.removesuffix(b'"}\n').rpartition(b'"')
        return cls(lines, check.decode(errors="replace") if mark else "")
