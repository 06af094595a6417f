"""Goals in a file, with the system's clock and randomness: the store for programs without an
episode."""

import secrets
from datetime import UTC, datetime
from pathlib import Path

from ...goals.checkers.checker import BeliefConsistencyChecker
from ...goals.errors import StoreUnusable
from ...goals.policy import GoalFlags, GoalPolicy
from ...goals.store.database import Database
from ...goals.store_api import GoalStore
from ..runs.directory import GOALS_DATABASE, JOURNAL, RunDirectory


def open_goals(
    path: Path | str,
    *,
    policy: GoalPolicy | None = None,
    flags: GoalFlags | None = None,
    checker: BeliefConsistencyChecker | None = None,
    durable: bool = True,
    read_only: bool = False,
) -> GoalStore:
    """Open the goals in this file, which is made if it is not there; `:memory:` keeps them nowhere.

    Several processes and threads may have the file open at once; `read_only` neither makes nor
    changes it. Raises GoalError for a file that is something else, and for a run's goals unless
    they are only read.
    """
    if not read_only:
        _refuse_runs(Path(path))
    return GoalStore(
        Database.open(path, durable=durable, read_only=read_only),
        clock=system_clock, bits=secrets.randbits, policy=policy, flags=flags, checker=checker,
    )  # fmt: skip


def _refuse_runs(path: Path) -> None:
    """Refuse the goals that a run makes, since other changes would be in no journal. Raises
    StoreUnusable."""
    run = RunDirectory(path.resolve().parent)
    if path.resolve().name != GOALS_DATABASE or not (run.path / JOURNAL).exists():
        return
    if run.is_locked:
        raise StoreUnusable(
            str(path),
            "a run is making it now, so it can only be read; begun with `gdg-runtime start "
            "--serve`, a run takes commands under a URL",
        )
    raise StoreUnusable(
        str(path), "a run has made it, so it can only be read; copy it and change the copy"
    )


def system_clock() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(UTC)
