"""`meta.json`: what varies from run to run; and the checks that guard its lines."""

import json
from pathlib import Path
from typing import Any
from zlib import crc32

from ..runtime.canonical import digest

META_VERSION = 1


def meta_bytes(facts: dict[str, Any]) -> bytes:
    """The document with one fact per line, and a last line with a check of each line."""
    entries = {"schema_version": META_VERSION, **facts}
    lines = ["{"]
    for name, value in entries.items():
        lines.append(f"  {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)},")
    sums = [f"{crc32(line.encode()):08x}" for line in lines]
    checks = {"lines": sums, "check": digest("".join(sums), 4)}
    lines += [f'  "checks": {json.dumps(checks)}', "}"]
    return ("\n".join(lines) + "\n").encode()


def read_meta(path: Path) -> dict[str, Any]:
    """The facts, without the checks; empty if the file is absent or broken."""
    try:
        facts = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(facts, dict):
        return {}
    facts.pop("checks", None)
    return facts


def first_bad_line(data: bytes) -> int | None:
    """The number of the first line of a meta.json that was changed; None if it is intact."""
    lines = data.split(b"\n")
    if len(lines) < 4 or lines[-1] != b"" or lines[-2] != b"}":
        return max(1, len(lines) - 1)
    body, last = lines[:-3], lines[-3]
    head = b'  "checks": '
    try:
        if not last.startswith(head):
            raise ValueError
        checks = json.loads(last[len(head) :])
        sums = checks["lines"]
        if (
            checks["check"] != digest("".join(sums), 4)
            or json.dumps(checks).encode() != last[len(head) :]
        ):
            raise ValueError
    except (ValueError, KeyError, TypeError):
        return len(lines) - 2
    for number, (line, expected) in enumerate(zip(body, sums, strict=False), start=1):
        if f"{crc32(line):08x}" != expected:
            return number
    return None if len(body) == len(sums) else min(len(body), len(sums)) + 1
