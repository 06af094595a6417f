"""The goals of a running episode over HTTP.

A command goes in as a message, which the journal keeps; its answer comes back from the actor."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from math import inf
from typing import Any, NamedTuple
from uuid import uuid4

import anyio
import trio
from anyio.abc import ObjectReceiveStream

from ...actors.goals.messages import OutsideCommand
from ...actors.goals.store_actor import PATH
from ...goals.answers import Answer, Refused
from ...goals.commands import Command
from ...runtime.drivers.live import FromOutside
from ...runtime.errors import GdgError
from ...runtime.kernel import Kernel
from ..llm.keys import Keys
from ..llm.redaction import cleaned
from .api.app import create_app
from .api.port import StoreUnavailable
from .api.server import allow_many_connections, serve
from .api.settings import ApiSettings


class EpisodePort:
    """Answers goal commands by the actor of the episode that is going on, in the run's order.

    While a language model is waited for, so is the answer.
    """

    def __init__(self) -> None:
        self._send, self.outside = anyio.create_memory_object_stream[FromOutside](inf)
        self._kernel: Kernel | None = None
        self._waiting: dict[str, anyio.Event] = {}
        self._answers: dict[str, Answer] = {}
        self._over = False
        self._redact = Keys(os.environ, {}).redact

    def attach(self, kernel: Kernel) -> ObjectReceiveStream[FromOutside]:
        """Reach this kernel's GoalStore; the stream is for its driver."""
        self._kernel = kernel
        return self.outside

    async def ask(self, command: Command) -> Answer:
        """Raises StoreUnavailable before the episode and after it."""
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
            self._send.send_nowait(FromOutside(store, message))
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
        """The actor's answer; called by the thread that the kernel runs in."""
        if request in self._waiting:
            anyio.from_thread.run_sync(self._deliver, request, answer)

    def close(self) -> None:
        """The episode is over: whoever still waits gets no answer. Called by that thread too."""
        anyio.from_thread.run_sync(self.end)

    def end(self) -> None:
        """The same, called where the event loop runs."""
        self._over = True
        self._send.close()
        for answered in self._waiting.values():
            answered.set()

    def _deliver(self, request: str, answer: Any) -> None:
        answered = self._waiting.get(request)
        if answered is not None:
            self._answers[request] = answer
            answered.set()


GRACE_S = 5.0
"""How long requests in flight may take once the episode is over."""


class ServeAt(NamedTuple):
    """Where the API is to be reached, and with which token."""

    host: str
    port: int
    """0 takes a free one."""
    token: str | None
    log: Any
    """A structlog logger of requests and trouble."""


@asynccontextmanager
async def serving(
    at: ServeAt, port: EpisodePort, say: Callable[[str], None]
) -> AsyncIterator[None]:
    """Serve while the block runs; then finish the requests in flight. Trio alone can.

    Raises OSError where the address can't be had.
    """
    allow_many_connections()
    app, stop = create_app(port, ApiSettings(token=at.token, log=at.log)), trio.Event()
    async with anyio.create_task_group() as tasks:
        (url,) = await tasks.start(partial(serve, app, at.host, at.port, stop, grace_s=GRACE_S))
        say(f"The episode's goals are served at {url} while it runs.")
        try:
            yield
        finally:
            port.end()
            stop.set()
