"""References: how actors know each other, with the types of messages that the other accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from .errors import NotAccepted
from .message import Message

if TYPE_CHECKING:
    from .cell import Cell

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
