"""Ports: the functions that an episode's actors need from the outside; adapters provide them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from ..scenarios.schema.language_model import ModelConfig
from ..scenarios.world import Moment
from .llm.chat import NoProvider, Provider

if TYPE_CHECKING:
    from ..goals.store.database import Database

Write = Callable[[bytes], object]
"""Takes bytes and keeps them, as a binary file's `write` does."""


Reception = Callable[[str, Any], object]
"""Receives the answers to requests from outside: the name of the request, the answer."""


def discard_answer(request: str, answer: Any) -> None:
    """Ignore an answer; the reception where no asker waits, as in a replay."""


class GoalFiles(NamedTuple):
    """The part of the outside that the GoalStore of an episode needs."""

    database: "Database"
    """Empty; made anew for every execution of the run."""
    dump: Write
    """Writes its content at the end; a reproducible file."""
    reception: Reception = discard_answer


class Sinks(NamedTuple):
    """The files of the recorder, all of them reproducible."""

    events: Write
    step_log: Write
    transcript_md: Write
    transcript_txt: Write
    metrics: Write
    mark: Callable[[int], object] = lambda step: None
    """Called with the index of each step before anything of it is written."""
    goals: GoalFiles | None = None
    """Only needed for an episode with goals; without it they are kept in memory."""


def _lose(data: bytes) -> None:
    """Keep nothing."""


NOWHERE = Sinks(_lose, _lose, _lose, _lose, _lose)
"""The sinks of an episode whose files are not wanted."""


class Observer:
    """Watches an episode while it runs and answers nothing; this base class ignores all."""

    def step_closed(self, moment: Moment, agent_steps: int) -> None:
        """Note that a step is over; `agent_steps` counts all turns of the episode so far."""

    def epoch_closed(self, moment: Moment, figures: dict[str, Any]) -> None:
        """Note that an epoch is over, with its metrics by name."""

    def episode_closed(self, figures: dict[str, Any]) -> None:
        """Note that the episode is over, with the metrics of its whole length by name."""


Providers = Callable[[str, ModelConfig], Provider]
"""Gives the provider of a language model, by the path of its actor; one for each config."""


def no_providers(path: str, config: ModelConfig) -> Provider:
    """Provide no model; for an episode that is replayed."""
    return NoProvider()
