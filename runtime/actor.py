"""Actors, and how they declare the messages that they handle."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction, signature
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, get_type_hints

from .message import Message, union_members
from .supervision import Supervision

if TYPE_CHECKING:
    from .context import Context  # cycle: handlers take a context, whose `spawn` makes actors

Handler = Callable[..., Any]
F = TypeVar("F", bound=Handler)

_MARK = "__handles__"


def handles(method: F) -> F:
    """Mark a method as the handler of the message type that its first parameter is annotated with.

    A union handles several types. A plain method may return the answer to an ask; an `async def`
    may await what its context offers.
    """
    setattr(method, _MARK, True)
    return method


def _accepted_types(owner: type, method: Handler) -> list[type[Message]]:
    """Return the message types of a handler's first parameter. Raises TypeError with advice."""
    where = f"{owner.__name__}.{method.__name__}"
    if isgeneratorfunction(method) or isasyncgenfunction(method):
        raise TypeError(f"{where} holds a `yield`, so that calling it does nothing; return instead")
    parameters = list(signature(method).parameters)
    if len(parameters) < 2:
        raise TypeError(f"{where} needs a parameter for the message: (self, message: Ping, ctx)")
    try:
        annotation = get_type_hints(method).get(parameters[1])
    except NameError as error:
        raise TypeError(f"{where}: its message's type can't be resolved: {error}") from None
    types: list[type[Message]] = []
    for found in union_members(annotation) or (annotation,):
        if not (isinstance(found, type) and issubclass(found, Message)):
            raise TypeError(
                f"{where}: parameter {parameters[1]!r} must be annotated with a Message type "
                f"or a union of them, got {found!r}"
            )
        types.append(found)
    return types


def collect_handlers(owner: type) -> dict[type[Message], Handler]:
    """Return the handlers of a class and its bases by message type; a subclass's win.

    Raises TypeError for two handlers of one type, or two types of one name, in one class.
    """
    handlers: dict[type[Message], Handler] = {}
    for base in reversed(owner.__mro__):
        own: dict[str, str] = {}
        for name, member in vars(base).items():
            if not hasattr(member, _MARK):
                continue
            method = getattr(owner, name)
            for accepted in _accepted_types(owner, method):
                twin = own.setdefault(accepted.message_name, name)
                if twin != name:
                    raise TypeError(
                        f"{owner.__name__}.{name} and {owner.__name__}.{twin} both handle "
                        f"{accepted.message_name!r}; a message has one handler"
                    )
                handlers[accepted] = method
    return handlers


class _Handling:
    """Collects the handlers of each subclass when the subclass is defined."""

    handlers: ClassVar[dict[type[Message], Handler]] = {}
    """The handlers by declared message type."""
    resolved: ClassVar[dict[type[Message], Handler]] = {}
    """The same, and those found since for subclasses of the declared types."""

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        cls.handlers = collect_handlers(cls)
        cls.resolved = dict(cls.handlers)


class Actor(_Handling):
    """Base class of deterministic actors.

    An actor handles one message at a time, also across an await. Its state lives in the instance
    and belongs to it alone. Handlers take `(self, message, ctx)` and may use nothing but their
    arguments: no clock, no global randomness, no I/O (blocking calls can't be caught, see
    CONTRIBUTING).
    """

    context_class: ClassVar[type[Context] | None] = None
    """The class of the context that handlers get, if it is more than a `Context`."""
    mailbox_capacity: ClassVar[int] = 10_000
    """Most messages that are kept while the actor waits for an answer."""
    supervision: ClassVar[Supervision] = Supervision()
    """The rules for failures, unless `spawn` gives others."""

    def on_start(self, ctx: Context) -> None:
        """Prepare: called as the actor's first turn, and again after a restart."""

    def on_stop(self) -> None:
        """Clean up: called when the actor is gone for good; it can send nothing any more."""


class EffectActor(_Handling):
    """Base class of actors that do real I/O, as concurrent tasks.

    Handlers are `async def on_request(self, request: Request) -> Reply`. They run under the
    driver, outside of the run's order, and may await anything; they never ask other actors. Their
    replies take places in the order that were reserved when the request was made.
    """

    capacity: ClassVar[int | None] = None
    """Most requests in flight at once; None leaves it to the driver's limit."""
    timeout_s: ClassVar[float | None] = None
    """Time limit of a request in seconds; None leaves it to the driver's."""
    known_as: ClassVar[str | None] = None
    """A name that replaces the path in its requests, where answers do not depend on the path."""

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        for handler in cls.handlers.values():
            if not iscoroutinefunction(handler):
                raise TypeError(f"{cls.__name__}.{handler.__name__} must be `async def`")
