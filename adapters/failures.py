"""What can go wrong around a run, in words for its user.

RunTrouble                 exit code 2 unless said otherwise
├── RunNotFound
├── RunBusy
├── RunUnwritable          exit code 1
└── RunChanged             the code or the config is not the one that began the run
"""

from collections.abc import Sequence
from pathlib import Path


class RunTrouble(Exception):
    """Base class: something that the user can mend."""

    exit_code = 2


class RunNotFound(RunTrouble):
    """No run stands at this path."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"no run at {path}: expected a run's directory (with config.json in it), or the end "
            f"of its path; `gdg-runtime runs` lists the known ones"
        )


class RunBusy(RunTrouble):
    """Another process works on the run."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"another process is at work on the run {path}; wait for it or stop it")


class RunUnwritable(RunTrouble):
    """The run's files can't be written."""

    exit_code = 1

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"cannot write to {path}: {error.strerror or error}. What was synced before is "
            f"intact; make room or choose another place with --out"
        )


class RunChanged(RunTrouble):
    """The run was begun with other code or another config."""

    def __init__(self, changes: Sequence[str]) -> None:
        super().__init__(
            "this run can't be resumed, since its past would not come out the same: "
            + "; ".join(changes)
            + ". Go back to what began the run, or start a new one"
        )
