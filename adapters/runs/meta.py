"""`meta.json`: the facts that vary between executions of a run, and checksums that guard them."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from ...runtime.canonical import digest

_LONGEST_CHECK = 64
_CHUNK = 1 << 20


class Seal(NamedTuple):
    """The length of a sealed file, and the check of its last line."""

    lines: int
    check: str

    @classmethod
    def of(cls, path: Path) -> "Seal":
        """Read the seal of a file. Raises OSError."""
        lines, tail = 0, b""
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                lines += chunk.count(b"\n")
                tail = (tail + chunk)[-_LONGEST_CHECK:]
        _, mark, check = tail.removesuffix(b'"}\n').rpartition(b'"')
        return cls(lines, check.decode(errors="replace") if mark else "")


META_VERSION = 1

_CHECKS = b'  "checks": '
_FACT = re.compile(rb'  "[a-z_]+": .*,')


def meta_bytes(facts: dict[str, Any]) -> bytes:
    """Return the document: one fact per line, and a last line with a check of each line."""
    entries = {"schema_version": META_VERSION, **facts}
    lines = ["{"]
    for name, value in entries.items():
        lines.append(f"  {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)},")
    sums = [f"{crc32(line.encode()):08x}" for line in lines]
    checks = {"lines": sums, "check": digest("".join(sums), 4)}
    lines += [f"{_CHECKS.decode()}{json.dumps(checks)}", "}"]
    return ("\n".join(lines) + "\n").encode()


def read_meta(path: Path) -> dict[str, Any]:
    """Read the facts, without the checks; empty if the file is absent or broken."""
    try:
        facts = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(facts, dict):
        return {}
    facts.pop("checks", None)
    return facts


def first_bad_line(data: bytes) -> int | None:
    """Find the first line of a meta.json that was changed: its number; None if all are intact."""
    lines = data.split(b"\n")
    places = [place for place, line in enumerate(lines) if line.startswith(_CHECKS)]
    if not places:
        return _first_strange(lines)
    place = places[-1]
    sums = _sums(lines[place][len(_CHECKS) :])
    for number, line in enumerate(lines[:place], start=1):
        if sums is None:
            break
        if number > len(sums) or f"{crc32(line):08x}" != sums[number - 1]:
            return number
    if sums is None or place != len(sums):
        return place + 1
    end = lines[place + 1 :]
    if end == [b"}", b""]:
        return None
    return place + 3 if end[:1] == [b"}"] and len(end) > 1 else place + 2


def _sums(text: bytes) -> list[str] | None:
    """Read the checks of the lines before; None where the checks were changed themselves."""
    try:
        checks = json.loads(text)
        sums: list[str] = checks["lines"]
        intact = checks["check"] == digest("".join(sums), 4)
    except (ValueError, KeyError, TypeError):
        return None
    return sums if intact and json.dumps(checks).encode() == text else None


def _first_strange(lines: list[bytes]) -> int:
    """Find the first line that does not belong, where the line with the checks is gone."""
    if lines[0] != b"{":
        return 1
    for number, line in enumerate(lines[1:], start=2):
        if not _FACT.fullmatch(line):
            return number
    return len(lines)
