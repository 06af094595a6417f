"""Print the state of the code: sizes, shares, duplicates, the way of a scenario, start-up costs,
and the files that small changes touch.

    python benchmarks/standing.py [--root DIR] [--python FILE] [--repeats N]

Reads the five folders of a checkout, and runs its command line with the interpreter of its `.venv`
(or the given one). The changes of `changes.py` are tried on this checkout alone. Prints JSON lines;
the last ones compare metrics with the bounds that hold. Exits with 1 if a bound is broken.
"""

import argparse
import ast
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import changes

LAYERS = ("runtime", "goals", "scenarios", "actors", "adapters")
SHORTEST_DUPLICATE = 6
"""Lines, without blanks, comments, docstrings and imports."""
QUESTION = re.compile(r"\W*(What|Who|Whose|Whether|Where|Told|Nobody|Stands for)\b")
"""How a docstring begins that has neither a verb nor a noun for its subject."""
START = "from gdg_runtime.adapters.cli import main; main()"


class Bound(NamedTuple):
    """A bound on a metric."""

    metric: str
    most: float | None = None
    least: float | None = None

    def holds(self, value: float) -> bool:
        """Return whether a value is within the bound."""
        return (self.most is None or value <= self.most) and (
            self.least is None or value >= self.least
        )


BOUNDS = (
    Bound("lines", most=36_000),
    Bound("files", most=250),
    Bound("docstring_share", least=0.128),  # of 0.3.0
    Bound("help_cpu_s", most=0.1),
    Bound("import_cpu_s", most=0.06),  # above a bare interpreter
)


# --- lines ----------------------------------------------------------------------------------------


@dataclass
class Lines:
    """The lines of some files, by their kind."""

    code: int = 0
    blank: int = 0
    docstring: int = 0
    comment: int = 0
    imports: int = 0
    """Part of `code`."""
    docstrings: int = 0
    question_docstrings: int = 0
    sizes: list[int] = field(default_factory=list)

    def add(self, file: "SourceFile") -> None:
        """Count a file."""
        for number, text in enumerate(file.text, 1):
            if number in file.docstring_lines:
                self.docstring += 1
            elif not text.strip():
                self.blank += 1
            elif text.lstrip().startswith("#"):
                self.comment += 1
            else:
                self.code += 1
                self.imports += number in file.import_lines
        self.docstrings += len(file.docstrings)
        self.question_docstrings += sum(
            QUESTION.match(text) is not None for text in file.docstrings
        )
        self.sizes.append(len(file.text))

    @property
    def total(self) -> int:
        """All lines."""
        return sum(self.sizes)

    def metrics(self) -> dict[str, float]:
        """Return the metrics of these files; shares are of all lines, in [0, 1]."""
        return {
            "files": len(self.sizes), "lines": self.total,
            "code": self.code, "blank": self.blank, "docstring": self.docstring,
            "comment": self.comment, "imports": self.imports,
            "docstring_share": round(self.docstring / self.total, 4),
            "import_share": round(self.imports / self.total, 4),
            "mean": round(statistics.fmean(self.sizes), 1),
            "median": statistics.median(self.sizes), "largest": max(self.sizes),
            "docstrings": self.docstrings, "question_docstrings": self.question_docstrings,
        }  # fmt: skip


class SourceFile:
    """A module, with what its lines are."""

    def __init__(self, path: Path) -> None:
        source = path.read_text()
        self.path = path
        self.text = source.splitlines()
        self.docstrings: list[str] = []
        self.docstring_lines: set[int] = set()
        self.import_lines: set[int] = set()
        for node in ast.walk(ast.parse(source, str(path))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self.import_lines.update(self._span(node))
            # A string that stands alone documents what is around it, or the constant above it.
            elif (
                isinstance(node, ast.Expr)
                and isinstance(node.value, ast.Constant)
                and isinstance(node.value.value, str)
            ):
                self.docstring_lines.update(self._span(node))
                self.docstrings.append(node.value.value)

    @staticmethod
    def _span(node: ast.stmt) -> range:
        return range(node.lineno, (node.end_lineno or node.lineno) + 1)

    def code(self) -> Iterator[str]:
        """The lines of code, imports left out, without indentation."""
        for number, text in enumerate(self.text, 1):
            line = text.strip()
            left_out = number in self.docstring_lines or number in self.import_lines
            if line and not line.startswith("#") and not left_out:
                yield line


def data_lines(root: Path) -> int:
    """Return the lines of the checkers' lexicon, which is data."""
    files = (root / "goals" / "checkers").rglob("*")
    return sum(
        len(file.read_text().splitlines())
        for file in files
        if file.suffix in (".toml", ".json", ".yaml", ".txt", ".csv")
    )


def duplicates(files: list[SourceFile]) -> int:
    """Return how many pairs of places have six or more equal lines in a row."""
    texts = [list(file.code()) for file in files]
    places: dict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
    for index, lines in enumerate(texts):
        for at in range(len(lines) - SHORTEST_DUPLICATE + 1):
            places[tuple(lines[at : at + SHORTEST_DUPLICATE])].append((index, at))
    pairs = 0
    for found in places.values():
        for number, (one, at) in enumerate(found):
            for other, there in found[number + 1 :]:
                if one == other and there - at < SHORTEST_DUPLICATE:
                    continue  # the second would overlap the first
                begins = not at or not there or texts[one][at - 1] != texts[other][there - 1]
                pairs += begins  # else it is the rest of a longer one
    return pairs


# --- what a process does --------------------------------------------------------------------------

TRACED = """
import inspect, json, os, sys, threading
import click
from gdg_runtime.adapters.cli import cli, main
root = sys.argv[1] + os.sep
layers = tuple(root + layer + os.sep for layer in sys.argv[2:])
world = os.path.join(root, "scenarios", "worlds") + os.sep
entries, edges, files, begun = 0, set(), set(), False

def ours(frame):
    while frame is not None and not frame.f_code.co_filename.startswith(layers):
        frame = frame.f_back
    return frame

def watch(frame, event, _):
    global entries, begun
    code = frame.f_code
    if event != "call" or not code.co_filename.startswith(layers) or code.co_name == "<module>":
        return
    if not begun:  # the command line's own start is no part of the scenario's way
        begun = code is command.__code__
        if not begun:
            return
    caller = ours(frame.f_back)
    if caller is not None and caller.f_code.co_name == "<module>":
        return  # a decorator or a class body, while something is imported
    came_from = caller.f_code.co_filename if caller is not None else ""
    if came_from != code.co_filename:
        entries += 1
        edges.add((came_from, code.co_filename, code.co_qualname))
        files.add(code.co_filename)
    if code.co_qualname.endswith("World.__init__") and code.co_filename.startswith(world):
        print(json.dumps({"calls": entries, "entries": len(edges), "files": len(files)}))
        sys.stdout.flush()
        os._exit(0)

command = inspect.unwrap(cli.get_command(click.Context(cli), "start").callback)
threading.setprofile(watch)
sys.setprofile(watch)
main(["start", "baseline", "--epochs", "1", "--quiet"])
"""


def way_of_a_scenario(root: Path, python: Path) -> dict[str, int]:
    """Follow `start` to the constructor of its world.

    Return `entries`, the different functions that are called from another file of ours, by caller;
    `calls`, all such calls; and `files`, the files that they enter.
    """
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            [python, "-c", TRACED, root, *LAYERS], cwd=folder, capture_output=True, text=True
        )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout, "the world was made where nobody watched"
    found: dict[str, int] = json.loads(ran.stdout.splitlines()[-1])
    return found


def cpu_seconds(python: Path, *arguments: str, folder: Path) -> float:
    """Return the user and system time of a process, its output thrown away.

    Compiled modules are kept in the folder, so that a process pays for them as an installed
    package does: once.
    """
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    quiet = subprocess.DEVNULL
    child = subprocess.Popen(
        [python, *arguments], cwd=folder, env=environment, stdout=quiet, stderr=quiet
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, f"{arguments} ended with {child.returncode}"
    return usage.ru_utime + usage.ru_stime


def start_up(python: Path, repeats: int) -> dict[str, float]:
    """Return the CPU time of new processes in seconds, the best of `repeats`, of two at least."""
    commands = {
        "python_cpu_s": ("-c", "pass"),
        "import_cpu_s": ("-c", "import gdg_runtime"),
        "help_cpu_s": ("-c", START, "--help"),
        "start_cpu_s": ("-c", START, "start", "baseline", "--quiet"),
    }
    with tempfile.TemporaryDirectory() as folder:
        best = {
            name: min(
                cpu_seconds(python, *command, folder=Path(folder)) for _ in range(max(2, repeats))
            )
            for name, command in commands.items()
        }
    best["import_cpu_s"] = max(0.0, best["import_cpu_s"] - best["python_cpu_s"])
    return {name: round(seconds, 4) for name, seconds in best.items()}


# --- all of it ------------------------------------------------------------------------------------


def say(**metrics: Any) -> None:
    """Print a line."""
    print(json.dumps({"benchmark": "standing", **metrics}), flush=True)


def main() -> None:
    """Print the metrics, and compare them with the bounds."""
    here = Path(__file__).resolve().parents[1]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=here, help="the checkout; default: this one")
    parser.add_argument("--python", type=Path, help="its interpreter; default: of its .venv")
    parser.add_argument("--repeats", type=int, default=10)
    asked = parser.parse_args()
    root = asked.root.resolve()
    python = asked.python or root / ".venv" / "bin" / "python"
    if not python.exists():
        python = Path(sys.executable)

    whole, files = Lines(), []
    for layer in LAYERS:
        part = Lines()
        for path in sorted((root / layer).rglob("*.py")):
            file = SourceFile(path)
            files.append(file)
            part.add(file)
            whole.add(file)
        say(what="folder", folder=layer, **part.metrics())
    metrics: dict[str, float] = {
        **whole.metrics(), "lexicon_lines": data_lines(root), "duplicates": duplicates(files)
    }  # fmt: skip
    say(what="all", **metrics)
    say(what="way of a scenario", **way_of_a_scenario(root, python))
    processes = start_up(python, asked.repeats)
    say(what="processes", **processes)

    metrics |= processes
    broken = 0
    for bound in BOUNDS:
        value = metrics[bound.metric]
        broken += not bound.holds(value)
        limit = {"most": bound.most} if bound.most is not None else {"least": bound.least}
        say(what="bound", metric=bound.metric, value=value, **limit, holds=bound.holds(value))
    for tried in changes.trials() if root == here else ():
        broken += not tried["holds"]
        say(what="change", **tried)
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
