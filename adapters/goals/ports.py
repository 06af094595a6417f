"""The ports that answer the commands which come in over HTTP: a store's database, or the actor of a
running episode."""

import os
import sqlite3
from contextlib import suppress
from functools import partial
from math import inf
from typing import Any, Protocol
from uuid import uuid4

import anyio
import anyio.to_thread
from anyio.abc import ObjectReceiveStream

from ...actors.goals.store_actor import PATH
from ...actors.messages import OutsideCommand
from ...goals.checkers.checker import (
    AsyncBeliefConsistencyChecker,
    DeferredChecker,
    Unvetted,
)
from ...goals.commands import Command
from ...goals.schemas import Answer, Refused
from ...goals.store_api import GoalStore, ask_deferred
from ...runtime.drivers.live import from_outside
from ...runtime.envelope import Arrival
from ...runtime.errors import GdgError
from ...runtime.kernel import Kernel
from ..llm.keys import Keys, cleaned

CHECK_PATIENCE_S = 60.0
"""Seconds that a checker may take to answer."""


class GoalPort(Protocol):
    """Answers goal commands: a store, or an actor that holds one."""

    async def ask(self, command: Command) -> Answer:
        """Return the command's answer, `Refused` among them. Raises StoreUnavailable."""


class StoreUnavailable(Exception):
    """No answer is possible: the database can't be used, or the episode has ended."""


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
        """Return the command's answer. Raises StoreUnavailable."""
        try:
            if self._deferred is None:
                return await self._attempt(command)
            attempt = partial(self._attempt, command)
            return await ask_deferred(attempt, self._learn, self._deferred)
        except sqlite3.Error as error:
            raise StoreUnavailable("the database can't be used") from error

    async def _attempt(self, command: Command) -> Answer:
        work = partial(self._store.ask, command)
        return await anyio.to_thread.run_sync(work, limiter=self._turn)

    async def _learn(self, question: Unvetted) -> None:
        """Have a question answered; a checker that fails or takes too long gives no report."""
        assert self._checker is not None and self._deferred is not None
        report = None
        with anyio.move_on_after(self._patience_s), suppress(Exception):
            report = await self._checker.check_consistency(
                query=question.query, beliefs=question.beliefs, memories=[]
            )
        self._deferred.learn(question, report)


class EpisodePort:
    """Answers goal commands by the actor of the episode that is going on, in the run's order.

    While a language model is waited for, so is the answer.
    """

    def __init__(self) -> None:
        self._send, self.outside = anyio.create_memory_object_stream[Arrival](inf)
        self._kernel: Kernel | None = None
        self._waiting: dict[str, anyio.Event] = {}
        self._answers: dict[str, Answer] = {}
        self._over = False
        self._redact = Keys(os.environ, {}).redact

    def attach(self, kernel: Kernel) -> ObjectReceiveStream[Arrival]:
        """Reach this kernel's GoalStore; the stream is for its driver."""
        self._kernel = kernel
        return self.outside

    async def ask(self, command: Command) -> Answer:
        """Return the command's answer. Raises StoreUnavailable before the episode and after it."""
        store = None if self._kernel is None else self._kernel.find(PATH)
        if self._over or store is None:
            raise StoreUnavailable("no episode is going on")
        request, answered = uuid4().hex, anyio.Event()
        # The journal holds what comes in, and holds no key.
        body = cleaned(command.model_dump(mode="json", exclude_unset=True), self._redact)
        name = command.message_name
        message = OutsideCommand(request=request, command=name, body=body)
        self._waiting[request] = answered
        try:
            self._send.send_nowait(from_outside(store, message))
            await answered.wait()
        except (anyio.ClosedResourceError, anyio.BrokenResourceError, GdgError) as error:
            raise StoreUnavailable("the episode takes no more commands") from error
        finally:
            del self._waiting[request]
        answer = self._answers.pop(request, None)
        if answer is None or (isinstance(answer, Refused) and answer.code == "episode-over"):
            raise StoreUnavailable("the episode ended before it did this")
        return answer

    def take(self, request: str, answer: Any) -> None:
        """Take the actor's answer; called by the thread that the kernel runs in."""
        if request in self._waiting:
            anyio.from_thread.run_sync(self._deliver, request, answer)

    def close(self) -> None:
        """End the episode's part: requests that still wait get no answer. Called by that thread
        too."""
        anyio.from_thread.run_sync(self.end)

    def end(self) -> None:
        """End it where the event loop runs."""
        self._over = True
        self._send.close()
        for answered in self._waiting.values():
            answered.set()

    def _deliver(self, request: str, answer: Any) -> None:
        answered = self._waiting.get(request)
        if answered is not None:
            self._answers[request] = answer
            answered.set()
