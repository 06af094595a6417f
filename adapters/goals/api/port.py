"""Who answers the commands that come in over HTTP."""

import sqlite3
from functools import partial
from typing import Protocol

import anyio
import anyio.to_thread

from ....goals.answers import Answer
from ....goals.checkers.checker import (
    AsyncBeliefConsistencyChecker,
    ConsistencyReport,
    DeferredChecker,
    Unvetted,
)
from ....goals.commands import Command
from ....goals.dispatch import handle
from ....goals.store_api import GoalStore

CHECK_PATIENCE_S = 60.0
"""How long a checker may take to answer."""


class GoalPort(Protocol):
    """Answers goal commands: a store, or an actor that holds one."""

    async def ask(self, command: Command) -> Answer:
        """The command's answer, `Refused` among them. Raises StoreUnavailable."""


class StoreUnavailable(Exception):
    """Nobody is there to answer: the database can't be used, or the episode has ended."""


class DatabasePort:
    """Answers from a database: one command at a time, each in a worker thread.

    An asynchronous checker is awaited outside of the transaction and of the thread, so that others
    are answered meanwhile: the store has to be opened with `deferred` as its checker.
    """

    def __init__(
        self,
        store: GoalStore,
        *,
        checker: AsyncBeliefConsistencyChecker | None = None,
        deferred: DeferredChecker | None = None,
        patience_s: float = CHECK_PATIENCE_S,
    ) -> None:
        if (checker is None) is not (deferred is None):
            raise TypeError(
                "expected an asynchronous checker together with the DeferredChecker that the store "
                "was opened with, or neither of them"
            )
        self._store = store
        self._checker, self._deferred = checker, deferred
        self._patience_s = patience_s
        self._turn = anyio.CapacityLimiter(1)

    async def ask(self, command: Command) -> Answer:
        """Raises StoreUnavailable."""
        asked: list[Unvetted] = []
        try:
            return await self._answer(command, asked)
        except sqlite3.Error as error:
            raise StoreUnavailable("the database can't be used") from error
        finally:
            if self._deferred is not None:
                self._deferred.forget(asked)

    async def _answer(self, command: Command, asked: list[Unvetted]) -> Answer:
        work = partial(handle, self._store, command)
        while True:
            try:
                return await anyio.to_thread.run_sync(work, limiter=self._turn)
            except Unvetted as question:
                if self._deferred is None:
                    raise
                asked.append(question)
                self._deferred.learn(question, await self._report(question))

    async def _report(self, question: Unvetted) -> ConsistencyReport | None:
        """What the checker says; None if it fails or takes too long."""
        assert self._checker is not None
        with anyio.move_on_after(self._patience_s):
            try:
                return await self._checker.check_consistency(
                    query=question.query, beliefs=question.beliefs, memories=[]
                )
            except Exception:
                return None
        return None
