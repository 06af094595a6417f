"""Reads the JSON files of runs: one document, or one record per line."""

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from .errors import RunUnreadable

Record = dict[str, Any]
"""One record of a file of JSON lines."""

Selection: TypeAlias = tuple[str, str] | None
"""A key and the plain word that it must have in the records that are wanted; None: all are."""


@dataclass(frozen=True)
class JsonLines:
    """The records of a file of JSON lines; read from the disk each time they are iterated over.

    Only one line is in memory at a time. The end that a crash tore off is left out; any other line
    that is damaged raises RunUnreadable with its number. A file that is absent has no records.
    """

    path: Path
    keys: frozenset[str]
    """Keys that every record must have."""
    versions: tuple[int, ...]
    """The schema versions of which the first line must state one."""
    header: bool
    """The first line is no record."""
    where: Selection

    def __iter__(self) -> Iterator[Record]:
        for number, line in self._candidates():
            record = parsed_line(line, self.path, number)
            if self.where is None or record.get(self.where[0]) == self.where[1]:
                yield self._checked(record, number)

    def last(self, count: int) -> list[Record]:
        """Return the last `count` records, in order. Raises RunUnreadable."""
        if self.where is not None:
            return list(deque(self, maxlen=count))
        return [
            self._checked(parsed_line(line, self.path, number), number)
            for number, line in deque(self._candidates(), maxlen=count)
        ]

    @property
    def torn(self) -> bool:
        """True if the file ends in a piece of a line, as a crash leaves it."""
        if not self.path.is_file():
            return False
        with self.path.open("rb") as file:
            return any(_is_torn(line, file) for line in file)

    def schema_version(self) -> Any:
        """Return the number that the first line states; None for a file without a whole line."""
        first = next(self._whole_lines(), None)
        return None if first is None else parsed_line(first, self.path, 1).get("schema_version")

    def _candidates(self) -> Iterator[tuple[int, bytes]]:
        """Give the lines that may be wanted with their numbers, from 1."""
        # Most lines of a selection need not be parsed: the word does not stand in them.
        word = b"" if self.where is None else self.where[1].encode()
        for number, line in enumerate(self._whole_lines(), start=1):
            if number == 1:
                version = parsed_line(line, self.path, 1).get("schema_version")
                check_version(self.path, version, self.versions)
            if (number > 1 or not self.header) and word in line:
                yield number, line

    def _whole_lines(self) -> Iterator[bytes]:
        if not self.path.is_file():
            return
        with self.path.open("rb") as file:
            for line in file:
                if _is_torn(line, file):
                    return
                yield line

    def _checked(self, record: Record, number: int) -> Record:
        """Return the record if it has all keys. Raises RunUnreadable."""
        if not self.keys <= record.keys():
            lacking = ", ".join(sorted(self.keys - record.keys()))
            raise RunUnreadable(self.path, f"the record lacks {lacking}", number)
        return record


def _is_torn(line: bytes, rest: BinaryIO) -> bool:
    """Say whether a crash left this line: it has no end, or holds pages that were never written,
    behind which nothing stands."""
    return not line.endswith(b"\n") or (b"\0" in line and not rest.read().strip(b"\0\n"))


def parsed(path: Path, what: str = "JSON object") -> Record:
    """Read a document that holds a JSON object. Raises RunUnreadable, OSError."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise RunUnreadable(path, "the file is missing") from None
    return parsed_line(data, path, None, what)


def parsed_line(data: bytes, path: Path, line: int | None, what: str = "JSON object") -> Record:
    """Parse the JSON object that was read from this place. Raises RunUnreadable."""
    try:
        found = json.loads(data)
    except ValueError as error:
        raise RunUnreadable(path, f"it is not JSON: {error}", line) from None
    if not isinstance(found, dict):
        raise RunUnreadable(path, f"it holds no {what}", line)
    return found


def check_version(path: Path, version: object, readable: tuple[int, ...]) -> None:
    """Raise RunUnreadable for a schema version that this release does not read."""
    if version not in readable:
        known = " and ".join(map(str, readable))
        raise RunUnreadable(
            path,
            f"it has schema version {version!r}, this program reads {known}; use the version of "
            f"gdg-runtime that wrote it (meta.json names it)",
        )
