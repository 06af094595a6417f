"""Records the run directories of one release: `python …/run_directories/record.py 0.3.0`.

The release is installed from its commit into an environment of its own, which takes a minute and
the package index. Directories that stand here already are left alone: they are what that release
wrote, and no later one can write them again.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]
PORT = 18765
"""Where the model of llm.yaml answers."""

COMMITS = {"0.1.0": "296e2cd", "0.2.0": "9fe6307", "0.3.0": "c8609f9"}
"""The last commit of each release, which has no tag."""

EVERY = tuple(COMMITS)
SINCE_0_2, SINCE_0_3 = EVERY[1:], EVERY[2:]

RUNS = {
    "small": (EVERY, [str(HERE / "small.yaml")]),
    "effects": (
        EVERY,
        # The release's own example: agents that ask a slow service.
        ["effect_agent.yaml", "--epochs", "1", "--set", "simulation.steps_per_epoch=2",
         "--set", "agents.0.count=1", "--set", "agents.1.count=1"],
    ),
    # Roles bind scripted agents since 0.2, so later releases play this otherwise.
    "roles": (("0.1.0",), [str(HERE / "roles.yaml")]),
    "llm": (SINCE_0_2, [str(HERE / "llm.yaml")]),
    "goals": (SINCE_0_3, [str(HERE / "goals.yaml")]),
}  # fmt: skip
"""By name: the releases that make the run, and the arguments of `gdg-runtime start`."""

LEFT_OUT = shutil.ignore_patterns(".lock", "goals.db*")
"""The lock is empty, and the database is a copy of goals.jsonl with much room in it."""


def install(release: str, folder: Path) -> Path:
    """Install the release from its commit, with its sources, in `folder`; return its program."""
    archive = subprocess.run(
        ["git", "-C", str(REPOSITORY), "archive", COMMITS[release]], capture_output=True, check=True
    )
    source, environment = folder / "source", folder / "environment"
    source.mkdir()
    subprocess.run(["tar", "-x", "-C", str(source)], input=archive.stdout, check=True)
    venv.create(environment, with_pip=True)
    # All that the extra [llm] has and a server on this machine needs.
    client = [] if release == "0.1.0" else ["httpx2"]
    pip = [str(environment / "bin" / "pip"), "install", "--quiet", str(source), *client]
    subprocess.run(pip, check=True)
    return environment / "bin" / "gdg-runtime"


def record(program: Path, arguments: Sequence[str], examples: Path, target: Path) -> None:
    """Make one run and keep its directory as `target`."""
    with tempfile.TemporaryDirectory() as out:
        command = [str(program), "start", *arguments, "--json", "--out", out]
        ran = subprocess.run(
            command, cwd=examples, capture_output=True, text=True, check=True,
            env={**os.environ, "OPENAI_API_KEY": "not-a-key"},
        )  # fmt: skip
        shutil.copytree(json.loads(ran.stdout)["run_dir"], target, ignore=LEFT_OUT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("release", choices=COMMITS)
    release = parser.parse_args().release
    sys.path.insert(0, str(REPOSITORY / "tests" / "llm"))
    from serving import start_server

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        program = install(release, folder)
        stack.enter_context(start_server(port=PORT))
        for name, (releases, arguments) in RUNS.items():
            target = HERE / release / name
            if release in releases and not target.exists():
                record(program, arguments, folder / "source" / "examples", target)
                print(target.relative_to(REPOSITORY))


if __name__ == "__main__":
    main()
