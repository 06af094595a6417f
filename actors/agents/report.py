"""What an agent reports along with its action or its decision: facts for the record."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from ...scenarios.actions import Event
from ...scenarios.observation import Source
from ..llm.usage import ModelUse


class Exposure(NamedTuple):
    """Whose texts the prompts held that an action came from: the edges along which what one agent
    writes may act on another."""

    seen: tuple[Source, ...] = ()
    """Shown now."""
    remembered: tuple[tuple[int, int], ...] = ()
    """Earlier steps that the prompt still told of, from the first index to the last, both
    included: what was seen then stands there."""


class TurnReport(NamedTuple):
    """Everything that an agent has to report at once."""

    events: tuple[Event, ...] = ()
    exposure: Exposure = Exposure()
    use: ModelUse = ModelUse()


class Notebook:
    """Collects what an agent will report with its next action or decision."""

    __slots__ = ("_agent", "_events", "_remembered", "_seen", "_use")

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._events: list[Event] = []
        self._seen: dict[Source, None] = {}
        self._remembered: dict[tuple[int, int], None] = {}
        self._use = ModelUse()

    def event(self, kind: str, data: dict[str, Any]) -> None:
        """An event of the agent's own."""
        self._events.append(Event(kind, data, self._agent))

    def exposed(self, seen: Iterable[Source], remembered: Iterable[tuple[int, int]] = ()) -> None:
        """A prompt held texts from these sources."""
        self._seen.update(dict.fromkeys(seen))
        self._remembered.update(dict.fromkeys(remembered))

    def drop_exposure(self) -> None:
        """Forget what was read in a turn that came to nothing."""
        self._seen, self._remembered = {}, {}

    def used(self, use: ModelUse) -> None:
        """A language model was asked."""
        self._use += use

    def close(self) -> TurnReport | None:
        """All that was noted since the last time; None if that is nothing."""
        if not (self._events or self._seen or self._remembered or any(self._use)):
            return None
        exposure = Exposure(tuple(self._seen), tuple(self._remembered))
        report = TurnReport(tuple(self._events), exposure, self._use)
        self._events, self._seen, self._remembered, self._use = [], {}, {}, _NOTHING
        return report


_NOTHING = ModelUse()
