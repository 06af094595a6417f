"""What an agent reports along with its action or its decision: facts for the record."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from ...scenarios.contract import Event, Source
from ..llm.use import ModelUse


class TurnReport(NamedTuple):
    """Everything that an agent has to report at once."""

    events: tuple[Event, ...] = ()
    exposure: tuple[Source, ...] = ()
    """Whose texts the prompts held that the action came from."""
    use: ModelUse = ModelUse()


class Notebook:
    """Collects what an agent will report with its next action or decision."""

    __slots__ = ("_agent", "_events", "_exposure", "_use")

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._events: list[Event] = []
        self._exposure: dict[Source, None] = {}
        self._use = ModelUse()

    def event(self, kind: str, data: dict[str, Any]) -> None:
        """An event of the agent's own."""
        self._events.append(Event(kind, data, self._agent))

    def exposed(self, sources: Iterable[Source]) -> None:
        """A prompt held texts from these sources."""
        self._exposure.update(dict.fromkeys(sources))

    def used(self, use: ModelUse) -> None:
        """A language model was asked."""
        self._use += use

    def close(self) -> TurnReport | None:
        """All that was noted since the last time; None if that is nothing."""
        if not self._events and not self._exposure and self._use == _NOTHING:
            return None
        report = TurnReport(tuple(self._events), tuple(self._exposure), self._use)
        self._events, self._exposure, self._use = [], {}, _NOTHING
        return report


_NOTHING = ModelUse()
