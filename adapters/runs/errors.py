"""The errors around a run, in words for its user.

RunError                 exit code 2 unless said otherwise
├── RunNotFound
├── RunAmbiguous
├── RunBusy
├── RunExists
├── RunUnreadable          exit code 1
├── RunUnwritable          exit code 1
├── NothingToServe
├── ProviderMissing
├── ReleaseNeeded          another release made the run, and this one can't execute it
├── EpisodeUnmade          exit code 1
└── RunChanged             the code or the config is not the one that began the run
"""

from collections.abc import Iterable, Sequence
from pathlib import Path


class RunError(Exception):
    """Base class of errors that the user can mend."""

    exit_code = 2

    def __init__(self, text: str, note: str | None = None) -> None:
        """Take the text, and perhaps a note such as the release that could do what failed."""
        super().__init__(text if note is None else f"{text}\nNote: {note}")


def listed(things: Iterable[object]) -> str:
    """Put each on a line of its own, below the text before."""
    return "".join(f"\n  {thing}" for thing in things)


class RunNotFound(RunError):
    """There is no run at this path."""

    def __init__(self, text: str, suggestion: str | None = None) -> None:
        expected = ": expected" if suggestion is None else f"; did you mean {suggestion}? Expected"
        super().__init__(
            f"no run at {text}{expected} a run's directory, its name or the end of its path, or "
            f"latest; `gdg-runtime runs` lists the runs of a folder, --out says which folder"
        )


class RunAmbiguous(RunError):
    """Several runs have this name."""


class RunBusy(RunError):
    """Another process works on the run."""


class RunExists(RunError):
    """A new run was to begin where one stands already."""


class RunUnreadable(RunError):
    """One of the run's files is damaged, or of a form that this release does not read."""

    exit_code = 1

    def __init__(self, path: Path, why: str, line: int | None = None) -> None:
        self.path, self.line = path, line
        """`line` is from 1; None where the fault is in the whole file."""
        place = path if line is None else f"{path}:{line}"
        super().__init__(
            f"{place} can't be read: {why}. `gdg-runtime replay --verify {path.parent}` says what "
            f"else was changed"
        )


class NothingToServe(RunError):
    """`--serve` where there is nothing that it could serve."""


class ProviderMissing(RunError):
    """The caller's own providers lack a language model that the scenario asks."""


class RunUnwritable(RunError):
    """The run's files can't be written."""

    exit_code = 1

    def __init__(self, path: Path, error: OSError, *, is_new: bool = False) -> None:
        """Say what is left of the run; nothing of one that `is_new`."""
        advice = (
            "Nothing was recorded: choose another place with --out"
            if is_new
            else "What was recorded before is intact: make room and resume the run, or choose "
            "another place with --out"
        )
        super().__init__(f"cannot write to {path}: {error.strerror or error}. {advice}")


class ReleaseNeeded(RunError):
    """Another release made the run, and this one can't execute it."""


class RunChanged(RunError):
    """The run was begun with other code or another config."""

    def __init__(
        self, changes: Sequence[str], origin: str, other_release: str | None = None
    ) -> None:
        super().__init__(
            f"this run can't be resumed, since its past would not come out the same:"
            f"{listed(changes)}\nGo back to what began the run{origin}, or start a new one",
            other_release,
        )


class EpisodeUnmade(RunError):
    """The code of a recorded run fails before its first message."""

    exit_code = 1


class MissingExtra(RunError):
    """A library of one of the package's extras is not installed."""

    def __init__(self, what: str, library: str, extra: str = "llm") -> None:
        super().__init__(
            f"{what} needs {library}, which is not installed: "
            f"pip install 'gdg-runtime[{extra}]'"
        )  # fmt: skip
