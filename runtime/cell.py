"""Cells: what the kernel keeps of each actor."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .actor import Actor, EffectActor, Handler
from .message import ActorRef, Message
from .supervision import Supervision

if TYPE_CHECKING:
    # A cell and what belongs to its actor hold each other. The cell only stores them.
    from .context import Context  # cycle: stored here, used by the kernel
    from .envelope import Envelope  # cycle: stored here, used by the kernel
    from .randomness import Stream
    from .waiting import Pending, Race  # cycle: stored here, used by the kernel

IDLE = 0
"""Ready for the next message."""
WAITING = 1
"""In the middle of an async handler, until an answer comes."""
STARTING = 2
"""Made, or made again: `on_start` comes before any message."""
ISOLATED = 3
"""Failed too often: gets nothing any more."""
STOPPED = 4
"""Gone for good."""

_NONE: dict[type[Message], Handler] = {}

Make = Callable[..., Actor | EffectActor]
"""Makes an actor, and makes it again when it is restarted."""


@dataclass(eq=False, repr=False, slots=True)
class Cell:
    """One actor's place in the kernel: its state, its waiting messages, its open questions.

    Fields that most actors never need are None until then, so that an idle actor is small.
    """

    path: str
    actor: Actor | EffectActor
    make: Make
    parent: Cell | None
    supervision: Supervision
    state: int = IDLE
    number: int = 0
    """Messages sent so far, which numbers the next one. Survives restarts."""
    handlers: dict[type[Message], Handler] = field(init=False)
    """Handlers by message type, where `tell` looks first; empty for an effect actor."""
    context: Context = field(init=False)
    ref: ActorRef[Any] = field(init=False)
    coroutine: Coroutine[Any, Any, Any] | None = None
    awaiting: Pending[Any] | Race | None = None
    """The object that the coroutine waits for."""
    mailbox: deque[Envelope] | None = None
    asks: dict[Pending[Any], None] | None = None
    """Open asks of the current turn, as an ordered set."""
    owed: list[Pending[Any]] | None = None
    """Asks taken with reply_later and not answered yet."""
    children: dict[str, Cell] | None = None
    watchers: list[Cell] | None = None
    failures: list[int] | None = None
    """Steps of the failures that count."""
    streams: dict[str, Stream] | None = None

    def __post_init__(self) -> None:
        self.handlers = _NONE if isinstance(self.actor, EffectActor) else self.actor.resolved

    @property
    def is_effect(self) -> bool:
        """True for an effect actor."""
        return isinstance(self.actor, EffectActor)

    def handler_of(self, message_type: type[Message]) -> Handler | None:
        """Return the handler of a message type or of its nearest base; found once, then kept."""
        resolved = self.actor.resolved
        handler = resolved.get(message_type)
        if handler is None:
            for base in message_type.__mro__[1:]:
                handler = resolved.get(base)
                if handler is not None:
                    resolved[message_type] = handler
                    break
        return handler

    def accepted_names(self) -> list[str]:
        """Return the names of the types that the actor's handlers declare."""
        return [accepted.__name__ for accepted in self.actor.handlers]
