"""What an episode's actors need of the outside, as plain functions that adapters provide."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ..scenarios.schema.language_model import ModelConfig
from ..scenarios.world import Moment
from .llm.model import NoProvider, Provider

if TYPE_CHECKING:
    from ..goals.store.database import Database

Write = Callable[[bytes], object]
"""Takes bytes and keeps them, as a binary file's `write` does."""


Reception = Callable[[str, Any], object]
"""Is told the answers to what was asked from outside, by the name of the request."""


def discard_answer(request: str, answer: Any) -> None:
    """A reception of answers that nobody waits for, as in a replay."""


class GoalFiles(NamedTuple):
    """What the GoalStore of an episode needs of the outside."""

    database: "Database"
    """Empty; made anew for every execution of the run."""
    dump: Write
    """Where its content is written at the end; under the promise, byte for byte."""
    reception: Reception = discard_answer


class Sinks(NamedTuple):
    """Where the recorder writes. What is written is under the promise, byte for byte."""

    events: Write
    step_log: Write
    transcript_md: Write
    transcript_txt: Write
    metrics: Write
    mark: Callable[[int], object] = lambda step: None
    """Told the index of each step before anything of it is written."""
    goals: GoalFiles | None = None
    """Only needed for an episode with goals; without it they are kept in memory."""


def _lose(data: bytes) -> None:
    """Keep nothing."""


NOWHERE = Sinks(_lose, _lose, _lose, _lose, _lose)
"""The sinks of an episode whose files nobody wants."""


class Observer(Protocol):
    """Who watches an episode while it runs; it learns facts and answers nothing."""

    def step_closed(self, moment: Moment, agent_steps: int) -> None:
        """A step is over; `agent_steps` counts all turns of the episode so far."""

    def epoch_closed(self, moment: Moment, figures: dict[str, Any]) -> None:
        """An epoch is over, with its figures by name."""

    def episode_closed(self, figures: dict[str, Any]) -> None:
        """The episode is over, with the figures of its whole length by name."""


Providers = Callable[[str, ModelConfig], Provider]
"""Gives the provider of a language model, by the path of its actor; one for each config."""


def no_providers(path: str, config: ModelConfig) -> Provider:
    """The providers of an episode that is replayed."""
    return NoProvider()


class NullObserver:
    """An observer that ignores all."""

    def step_closed(self, moment: Moment, agent_steps: int) -> None:
        """Ignore it."""

    def epoch_closed(self, moment: Moment, figures: dict[str, Any]) -> None:
        """Ignore it."""

    def episode_closed(self, figures: dict[str, Any]) -> None:
        """Ignore it."""
