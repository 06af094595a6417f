"""Messages: what actors send each other; frozen, named, validated once. And the references that
they are sent to."""

from __future__ import annotations

from collections.abc import MutableSet, Set
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Generic,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

from pydantic import BaseModel, ConfigDict
from pydantic_core.core_schema import AnySchema, any_schema

from .canonical import jsonable
from .errors import NotAccepted

if TYPE_CHECKING:
    from .cell import Cell  # cycle: a reference leads to the cell, which keeps it and its messages

T = TypeVar("T")


class _AsItIs:
    """Has pydantic take the value of a field as it is."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> AnySchema:
        return any_schema()


Unchecked = Annotated[T, _AsItIs()]
"""`Unchecked[T]`: T for the type checker, neither validated nor copied when a message is made.

For what the program itself has made, in messages that are sent very often.
"""


def union_members(annotation: Any) -> tuple[Any, ...] | None:
    """Return the types that a union is made of; None for what is no union."""
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else None


_UNORDERED = (set, frozenset, Set, MutableSet)


def _holds_a_set(annotation: Any, seen: tuple[Any, ...] = ()) -> bool:
    """Return True if a set can stand in a field of this type, at any depth."""
    annotation = getattr(annotation, "__value__", annotation)  # of a `type X = …`
    if annotation in seen:
        return False
    if annotation in _UNORDERED or get_origin(annotation) in _UNORDERED:
        return True
    inside = list(get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        inside += [info.annotation for info in annotation.model_fields.values()]
    return any(_holds_a_set(inner, (*seen, annotation)) for inner in inside)


class Message(BaseModel):
    """Base class of all messages.

    A message is validated when it is made and passed on as it is. Its name stands in the journal
    and must not change when the class moves: `class Ping(Message, name="ping")`; without a name
    it is the class's own.

    Sets are refused, since the order of their items differs from process to process.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    message_name: ClassVar[str] = "message"

    def __init_subclass__(cls, name: str | None = None, **config: Any) -> None:
        super().__init_subclass__(**config)

    @classmethod
    def __pydantic_init_subclass__(cls, name: str | None = None, **_: Any) -> None:
        cls.message_name = name or cls.__name__
        for field, info in cls.model_fields.items():
            if _holds_a_set(info.annotation):
                raise TypeError(
                    f"{cls.__name__}.{field} is a set, whose order is not reproducible; "
                    f"use a tuple (sorted, if order carries no meaning)"
                )

    def as_plain(self, what: str) -> Any:
        """Return the message as plain JSON data. Raises NotSerialisable, naming `what`.

        A message that effects are asked with very often may make it by hand.
        """
        return jsonable(self, what)


M_contra = TypeVar("M_contra", bound=Message, contravariant=True)
N = TypeVar("N", bound=Message)


class ActorRef(Generic[M_contra]):
    """A typed address: `ActorRef[Ping]` takes `Ping` in `tell` and `ask`.

    Compares and hashes by identity; a restarted actor keeps its reference.
    """

    __slots__ = ("cell",)

    def __init__(self, cell: Cell) -> None:
        self.cell = cell

    @property
    def path(self) -> str:
        """The actor's name, with the names of its parents before it: `director/clock`."""
        return self.cell.path

    def narrow(self, *types: type[N]) -> ActorRef[N]:
        """Return this reference, checked to accept these types. Raises NotAccepted."""
        for wanted in types:
            if self.cell.handler_of(wanted) is None:
                raise NotAccepted(self.path, wanted.__name__, self.cell.accepted_names())
        return self  # type: ignore[return-value]  # checked just now

    def __repr__(self) -> str:
        return f"<ActorRef {self.path}>"
