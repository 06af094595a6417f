"""Cells: what the kernel keeps of each actor."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, NamedTuple

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


class Recipe(NamedTuple):
    """The call that makes the actor, and makes it again when it is restarted."""

    make: Callable[..., Actor | EffectActor]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def build(self) -> Actor | EffectActor:
        """Make a new instance."""
        return self.make(*self.args, **self.kwargs)


class Cell:
    """One actor's place in the kernel: its state, its waiting messages, its open questions.

    Fields that most actors never need are None until then, so that an idle actor is small.
    """

    __slots__ = (
        "actor",
        "asks",
        "awaiting",
        "children",
        "context",
        "coroutine",
        "failures",
        "handlers",
        "mailbox",
        "number",
        "owed",
        "parent",
        "path",
        "recipe",
        "ref",
        "state",
        "streams",
        "supervision",
        "watchers",
    )

    def __init__(
        self,
        path: str,
        actor: Actor | EffectActor,
        recipe: Recipe,
        parent: Cell | None,
        supervision: Supervision,
    ) -> None:
        self.path = path
        self.actor = actor
        self.handlers: dict[type[Message], Handler] = (
            _NONE if isinstance(actor, EffectActor) else actor.resolved
        )
        """Handlers by message type, where `tell` looks first; empty for an effect actor."""
        self.recipe = recipe
        self.parent = parent
        self.supervision = supervision
        self.state = IDLE
        self.number = 0
        """Messages sent so far, which numbers the next one. Survives restarts."""
        self.context: Context
        self.ref: ActorRef[Any]
        self.coroutine: Coroutine[Any, Any, Any] | None = None
        self.awaiting: Pending[Any] | Race | None = None
        """The object that the coroutine waits for."""
        self.mailbox: deque[Envelope] | None = None
        self.asks: dict[Pending[Any], None] | None = None
        """Open asks of the current turn, as an ordered set."""
        self.owed: list[Pending[Any]] | None = None
        """Asks taken with reply_later and not answered yet."""
        self.children: dict[str, Cell] | None = None
        self.watchers: list[Cell] | None = None
        self.failures: list[int] | None = None
        """Steps of the failures that count."""
        self.streams: dict[str, Stream] | None = None

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
