"""Envelopes: a message on its way, with its place in the order and what to do with it there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .cell import Cell
    from .waiting import Pending

Cause = tuple[str, int]
"""(origin, number) of the envelope in whose turn another one was sent."""

TELL = 0
"""A message for a handler."""
ASK = 1
"""A message for a handler whose result goes back to the asker."""
REPLY = 2
"""The answer to an ask; resumes the asker."""
SLOT = 3
"""The reserved place of an effect's outcome."""
STOP = 4
"""The target stops here."""
TIMER = 5
"""A message sent ahead of time, which may have been taken back."""
START = 6
"""The first turn of a new instance: its `on_start`."""
INPUT = 7
"""A message from outside, for the actor that has the path when its time comes."""


class Envelope(NamedTuple):
    """One message on its way; compares by its place, the first four fields, which is unique."""

    time: int
    tie: int
    origin: str
    number: int
    kind: int
    target: Cell
    body: Any
    """The message (TELL, ASK), the value (REPLY), the Slot (SLOT), the Timer
    (TIMER), the Arrival (INPUT), None (STOP, START)."""
    pending: Pending[Any] | None
    """The answer that an ASK asks for or a REPLY gives."""
    cause: Cause | None


class Arrival(NamedTuple):
    """A message from outside in the form in which it is recorded."""

    to: str
    """Path of the receiver."""
    message: str
    """Name of the message's type."""
    body: Any
    """Plain JSON data."""
