"""The order of a run: logical time, the tie-break of messages of one time, and the clock.

Order is data. An envelope's place is the tuple (time, tie, origin, number): logical time in
ticks, a tie-break, the sender's path, and a number that each sender counts for itself, so that an
actor that is added or removed moves no other's messages.

A message takes one tick. A step of an episode begins at a multiple of `TICKS_PER_STEP`, far more
ticks than the cascade of messages of one step needs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .envelope import Envelope

STEP_BITS = 20
TICKS_PER_STEP = 1 << STEP_BITS

OUTSIDE = "~outside"
"""The origin of messages from outside: sorts after every actor's path."""

Tie = Callable[[int, str, str], int]
"""Tie-break of a message: (time, origin's path, target's path) -> any integer."""


class UnknownSchedule(ValueError):
    """The name of a schedule policy is unknown."""

    def __init__(self, text: str) -> None:
        super().__init__(f"expected a schedule fifo, fair or shuffle:SEED, got {text!r}")


def _keyed(seed: int, label: str) -> int:
    key = str(seed).encode()[-64:]
    return int.from_bytes(blake2b(label.encode(), key=key, digest_size=7).digest(), "big")


def schedule(text: str, run_seed: int) -> Tie | None:
    """Return the tie-break of a schedule policy; None is the order by sender's path.

    `fifo`: senders of one tick in the order of their paths, each sender's messages as sent.
    `fair`: senders of one tick in a random order, drawn anew for each tick from the run's seed.
    `shuffle:SEED`: all messages of one tick permuted, except that messages between one sender and
    one receiver keep their order; shows whether a finding depends on message order.

    Raises UnknownSchedule.
    """
    if text == "fifo":
        return None
    if text == "fair":
        return lambda time, origin, target: _keyed(run_seed, f"fair\0{time}\0{origin}")
    kind, _, argument = text.partition(":")
    if kind == "shuffle":
        try:
            seed = int(argument)
        except ValueError:
            raise UnknownSchedule(text) from None
        return lambda time, origin, target: _keyed(seed, f"shuffle\0{time}\0{origin}\0{target}")
    raise UnknownSchedule(text)


class Clock(NamedTuple):
    """Logical time as dates: the start of a run, and the length of each step."""

    start: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    step_length: timedelta = timedelta(hours=1)

    def at(self, step: int) -> datetime:
        """Return the date at the beginning of a step."""
        return self.start + step * self.step_length


_origin, _number, _tie = itemgetter(2), itemgetter(3), itemgetter(1)
_FEW = 24


def bring_into_order(envelopes: list[Envelope]) -> None:
    """Sort the envelopes of one time by their places.

    Many are sorted field by field, the last one first, which the stability of sorting allows:
    comparing only numbers or only strings is three times as fast as comparing tuples.
    """
    if len(envelopes) < _FEW:
        envelopes.sort()
        return
    envelopes.sort(key=_number)
    envelopes.sort(key=_origin)
    envelopes.sort(key=_tie)
