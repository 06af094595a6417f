"""Hash chains: files of JSON lines in which each line checks itself and all lines before it.

A line is a JSON object whose last key, `check`, is a digest of the line's other bytes and of the
check before it. A changed byte anywhere is found and its line named; the torn end that a crash
leaves is distinguished from damage in the middle.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from pydantic_core import from_json, to_json

from .canonical import digest
from .errors import JournalDamaged

_MARK = b',"check":"'
_CHECK_SIZE = 8


def _check(previous: str, body: bytes) -> str:
    return digest(previous.encode() + body, _CHECK_SIZE)


class Recovered(NamedTuple):
    """The content of a sealed file."""

    records: list[dict[str, Any]]
    size: int
    """Bytes up to the end of the last whole line."""
    torn: int
    """Bytes behind it, left by a crash."""
    check: str
    """The last line's check, from which the next line's is made."""


def read_sealed(path: Path) -> Recovered:
    """Read a sealed file up to its last whole line.

    Raises JournalDamaged, naming the line, where a broken line is followed by a whole one, or is
    itself complete but not what was written.
    """
    data = path.read_bytes()
    records: list[dict[str, Any]] = []
    check, start, number = "", 0, 0
    while start < len(data):
        number += 1
        end = data.find(b"\n", start)
        line = data[start : len(data) if end < 0 else end]
        record = _open_line(line, check) if end >= 0 else None
        if record is None:
            # A crash leaves a piece without its end, or one with pages that were never written.
            torn = end < 0 or (b"\0" in line and not data[end + 1 :].strip(b"\0\n"))
            if not torn:
                shown = line[:80].decode(errors="replace")
                why = f"this line was changed after it was written: {shown!r}…"
                raise JournalDamaged(path.name, number, why)
            break
        check = record.pop("check")
        records.append(record)
        start = end + 1
    return Recovered(records, start, len(data) - start, check)


def _open_line(line: bytes, previous: str) -> dict[str, Any] | None:
    """Return the record of a whole, unchanged line; None for any other."""
    cut = line.rfind(_MARK)
    if cut < 0 or not line.endswith(b'"}'):
        return None
    if line[cut + len(_MARK) : -2] != _check(previous, line[:cut]).encode():
        return None
    record: dict[str, Any] = from_json(line)
    return record


class SealedWriter:
    """Appends to a sealed file. `append` buffers; `sync` makes all that was appended durable."""

    def __init__(self, path: Path, recovered: Recovered | None = None) -> None:
        """Open for appending, behind the last whole line; cut a torn end."""
        self._file: BinaryIO = path.open("r+b" if recovered else "xb")
        self._check = ""
        if recovered is not None:
            self._file.truncate(recovered.size)
            self._file.seek(recovered.size)
            self._check = recovered.check

    def append(self, record: dict[str, Any]) -> None:
        """Add a record (plain JSON data, at least one key)."""
        body = to_json(record)[:-1]
        self._check = _check(self._check, body)
        self._file.write(body + _MARK + self._check.encode() + b'"}\n')

    def sync(self) -> None:
        """Return when all that was appended is on the disk. Raises OSError if it can't be."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Flush and close."""
        self._file.close()
