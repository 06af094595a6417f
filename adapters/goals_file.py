"""Goals in a file, with the system's clock and randomness: the store for programs without an
episode."""

import secrets
from datetime import UTC, datetime
from pathlib import Path

from ..goals.checkers.checker import BeliefConsistencyChecker
from ..goals.commands import Answer, Command
from ..goals.flags import GoalFlags
from ..goals.goal_store import GoalStore
from ..goals.handling import handle
from ..goals.policy import GoalPolicy


def open_goals(
    path: Path | str,
    *,
    policy: GoalPolicy | None = None,
    flags: GoalFlags | None = None,
    checker: BeliefConsistencyChecker | None = None,
    durable: bool = True,
) -> GoalStore:
    """The goals in this file, which is made if it is not there; `:memory:` keeps them nowhere.

    Several processes and threads may have the file open at once. Raises GoalError for a file that
    is something else.
    """
    return GoalStore.open(
        path,
        clock=system_clock,
        bits=secrets.randbits,
        policy=policy,
        flags=flags,
        checker=checker,
        durable=durable,
    )


def system_clock() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


class GoalsFile:
    """Commands to the goals in a file, carried out one by one."""

    def __init__(self, store: GoalStore) -> None:
        self.store = store

    def ask(self, command: Command) -> Answer:
        """The command's answer; `Refused` if it can't be carried out."""
        return handle(self.store, command)

    def close(self) -> None:
        """Let go of the file."""
        self.store.close()
