"""Memory: an agent's earlier turns, within a budget of tokens."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from ...scenarios.schema.sections import Section
from .chat import ChatMessage

_PER_MESSAGE = 4
"""Tokens that a message costs besides its text, by OpenAI's own account."""
_ROOM = 0.5
"""Share of the budget that is kept when it is exceeded: what comes before the cut stays the same
for many turns, which providers' prompt caches and the journal reward."""


class MemoryConfig(Section):
    """How much an agent remembers, and what becomes of the rest."""

    max_tokens: int = Field(default=1_000, ge=0, le=1_000_000)
    """Budget of the remembered turns in a prompt, by `estimated_tokens`; 0 remembers nothing."""
    policy: Literal["truncate", "summarise"] = "truncate"
    """Beyond the budget the older half is dropped, or the model is asked to sum it up."""
    summary_tokens: int = Field(default=120, ge=16, le=10_000)
    """Most tokens of a summary."""


def estimated_tokens(text: str) -> int:
    """Estimate the tokens of a text: one for every four bytes of UTF-8.

    A model's own count differs (by a quarter in English, by more elsewhere); this one is the same
    everywhere, which a replay needs.
    """
    return (len(text.encode(errors="replace")) + 3) // 4


class Remembered:
    """One remembered turn."""

    __slots__ = ("answered", "messages", "steps", "tokens", "told")

    def __init__(self, told: str, answered: str, steps: tuple[int, int]) -> None:
        """Remember a turn by its prompt (`told`: the step and what came before) and its answer.

        `steps` are the first and the last index of its steps, which differ for a summary only.
        """
        self.told = told
        self.answered = answered
        self.steps = steps
        self.tokens = estimated_tokens(told) + estimated_tokens(answered) + 2 * _PER_MESSAGE
        self.messages = (
            ChatMessage(role="user", content=told),
            ChatMessage(role="assistant", content=answered),
        )
        """The turn as a conversation."""


class Memory:
    """The latest turns, oldest first; older ones are gone, or summed up in the first."""

    def __init__(self, config: MemoryConfig) -> None:
        self.config = config
        self.turns: list[Remembered] = []
        self._tokens = 0

    @property
    def is_full(self) -> bool:
        """Return True if the budget is exceeded."""
        return self._tokens > self.config.max_tokens

    def add(self, turn: Remembered) -> None:
        """Remember a turn; `forget` may be due then."""
        if self.config.max_tokens:
            self.turns.append(turn)
            self._tokens += turn.tokens

    def old(self) -> Sequence[Remembered]:
        """Return the turns that must go so that the rest takes half of the budget."""
        left, going = self._tokens, 0
        while going < len(self.turns) and left > self.config.max_tokens * _ROOM:
            left -= self.turns[going].tokens
            going += 1
        return self.turns[:going]

    def forget(self, count: int, summary: Remembered | None = None) -> None:
        """Drop the oldest `count` turns; `summary` takes their place."""
        kept = self.turns[count:]
        self.turns = kept if summary is None else [summary, *kept]
        self._tokens = sum([turn.tokens for turn in self.turns])

    def messages(self) -> list[ChatMessage]:
        """Return the remembered turns as a conversation."""
        return [message for turn in self.turns for message in turn.messages]

    def steps(self) -> list[tuple[int, int]]:
        """List the remembered steps, as spans from the first index to the last."""
        spans: list[tuple[int, int]] = []
        for turn in self.turns:
            first, last = turn.steps
            if spans and spans[-1][1] + 1 == first:
                spans[-1] = (spans[-1][0], last)
            else:
                spans.append(turn.steps)
        return spans
