"""What can go wrong with a cassette, in words for its user."""

from collections.abc import Sequence
from pathlib import Path

from ...runtime.errors import GdgError
from ..runs.errors import RunError

_SHOWN = 5


class CassetteUnreadable(RunError):
    """The file is no cassette, is damaged, or is of another version."""

    def __init__(self, path: Path, why: str, line: int | None = None) -> None:
        self.line = line
        """From 1; None where the trouble is with the whole file."""
        place = "" if line is None else f":{line}"
        super().__init__(f"{path}{place}: {why}")


class CassetteHoldsSecrets(RunError):
    """Something that looks like a secret would stand in the file."""

    def __init__(self, found: Sequence[str]) -> None:
        """`found`: what was found and where, without the secrets themselves."""
        listed = "".join(f"\n  {text}" for text in found[:_SHOWN])
        more = f"\n  and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        super().__init__(
            f"the cassette would hold what nobody else may see; nothing was written:{listed}{more}"
            f"\nWith --redact it is written without them; a run that plays it may then go another "
            f"way from there on"
        )


class RunNotReplayed(RunError):
    """The run can't be executed again, and so its requests can't be counted."""

    exit_code = 1

    def __init__(self, path: Path, why: str, changes: Sequence[str]) -> None:
        listed = "".join(f"\n  {change}" for change in changes)
        since = f"\nSince it was recorded:{listed}" if changes else ""
        super().__init__(
            f"no cassette can be made of {path}: executed again, {why}{since}\n"
            f"Go back to the code that made the run, or record a new one"
        )


class CassetteMiss(GdgError):
    """The run asks for something that its cassette does not hold. Ends the run."""

    def __init__(self, cassette: str, actor: str, effect: str, what: str) -> None:
        self.actor = actor
        super().__init__(
            f"the cassette {cassette} does not hold what {actor} asks of {effect}: {what}\n"
            f"Record a new cassette, or let such requests be asked (--missing live) or fail "
            f"(--missing noop)"
        )
