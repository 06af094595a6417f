"""Make small changes in a copy of the code, and count the files that each of them touches.

    python benchmarks/changes.py

The changes stand in `changes/`: a goal field, a goal command and an institution of the sandbox, as
CONTRIBUTING says. Each has a program that uses what was added: it must fail before the change and
pass after it. Prints JSON lines. Exits with 1 if a change touches more files than it may, or if it
does not work.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("runtime", "goals", "scenarios", "actors", "adapters", "root_package", ".dev")


def make(edits: list[dict[str, str]], copy: Path) -> None:
    """Write what is new behind the text that it follows; without one, it is a new file."""
    for edit in edits:
        path, after = copy / edit["file"], edit.get("after", "")
        text = path.read_text() if after else ""
        assert not after or text.count(after) == 1, f"{path}: expected once: {after!r}"
        path.write_text(text.replace(after, after + edit["write"], 1) if after else edit["write"])


def fault(program: str, copy: Path) -> str | None:
    """Run a program with the copy; return what it printed if it failed."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(copy / ".dev")}
        ran = subprocess.run(
            [sys.executable, "-c", program],
            cwd=folder, env=environment, capture_output=True, text=True,
        )  # fmt: skip
    return ran.stdout + ran.stderr if ran.returncode else None


def trial(change: dict[str, Any]) -> dict[str, Any]:
    """Return the files that the change touches, and why it does not work, if it does not."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in COPIED:
            shutil.copytree(ROOT / part, copy / part, symlinks=True)
        wrong = None if fault(change["program"], copy) else "the program passes without the change"
        make(change["edit"], copy)
        wrong = wrong or fault(change["program"], copy)
    touched = sorted({edit["file"] for edit in change["edit"]})
    return {"touched": touched, "files": len(touched), "fault": wrong}


def trials() -> Iterator[dict[str, Any]]:
    """Try each change in a copy of its own; say whether it holds."""
    for file in sorted((ROOT / "benchmarks" / "changes").glob("*.toml")):
        change = tomllib.loads(file.read_text())
        tried = trial(change)
        holds = tried["fault"] is None and tried["files"] <= change["most"]
        yield {"change": change["change"], "most": change["most"], **tried, "holds": holds}


def main() -> None:
    """Print what each change touches."""
    broken = False
    for tried in trials():
        broken |= not tried["holds"]
        print(json.dumps({"benchmark": "changes", **tried}), flush=True)
    sys.exit(broken)


if __name__ == "__main__":
    main()
