"""Reports: the facts that an agent sends along with its action or its decision."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from ..scenarios.actions import Event
from ..scenarios.observation import Source
from .llm.usage import ModelUse


class Exposure(NamedTuple):
    """The sources of the texts in the prompts that an action came from.

    These are the edges along which the words of one agent may influence another.
    """

    seen: tuple[Source, ...] = ()
    """Sources of the texts that the current observation shows."""
    remembered: tuple[tuple[int, int], ...] = ()
    """Earlier steps that the prompt still quoted, as spans of indices (first, last), both
    included; what was seen in a step stands in its own report."""


class TurnReport(NamedTuple):
    """Everything that an agent reports at once."""

    events: tuple[Event, ...] = ()
    exposure: Exposure = Exposure()
    use: ModelUse = ModelUse()


class Notebook:
    """Collects the facts that an agent will report with its next action or decision."""

    __slots__ = ("_agent", "_events", "_remembered", "_seen", "_use")

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._events: list[Event] = []
        self._seen: dict[Source, None] = {}
        self._remembered: dict[tuple[int, int], None] = {}
        self._use = ModelUse()

    def event(self, kind: str, data: dict[str, Any]) -> None:
        """Note an event of the agent's own."""
        self._events.append(Event(kind, data, self._agent))

    def exposed(self, seen: Iterable[Source], remembered: Iterable[tuple[int, int]] = ()) -> None:
        """Note that a prompt held texts from these sources."""
        self._seen.update(dict.fromkeys(seen))
        self._remembered.update(dict.fromkeys(remembered))

    def drop_exposure(self) -> None:
        """Forget what was read in a turn that did not end with an action."""
        self._seen, self._remembered = {}, {}

    def used(self, use: ModelUse) -> None:
        """Note the use of a language model."""
        self._use += use

    def close(self) -> TurnReport | None:
        """Return all that was noted since the last time; None if that is nothing."""
        if not (self._events or self._seen or self._remembered or any(self._use)):
            return None
        exposure = Exposure(tuple(self._seen), tuple(self._remembered))
        report = TurnReport(tuple(self._events), exposure, self._use)
        self._events, self._seen, self._remembered, self._use = [], {}, {}, _NOTHING
        return report


_NOTHING = ModelUse()
