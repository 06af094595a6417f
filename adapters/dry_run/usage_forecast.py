"""Forecast what an agent will ask its model for over a whole run, from two rehearsals."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ...actors.llm.agent import LlmAgent
from ...actors.llm.chat import Usage
from ...scenarios.schema.language_model import ModelConfig, Price
from ..llm.prices import cost, dollars
from .rehearsal import Asked, Kind, Rehearsal


@dataclass(frozen=True)
class Range:
    """A metric that is not known exactly: its lowest, expected and highest value."""

    low: float = 0.0
    expected: float = 0.0
    high: float = 0.0

    @classmethod
    def seen(cls, idle: float, busy: float) -> "Range":
        """Make the range of a metric that was seen with idle and with busy models."""
        return cls(min(idle, busy), busy, max(idle, busy))

    def __iter__(self) -> Iterator[float]:
        return iter((self.low, self.expected, self.high))

    def _with(self, other: "Range | float", operation: Callable[[float, float], float]) -> "Range":
        others = other if isinstance(other, Range) else Range(other, other, other)
        return Range(*map(operation, self, others))

    def __add__(self, other: "Range | float") -> "Range":
        return self._with(other, lambda mine, its: mine + its)

    def __mul__(self, other: "Range | float") -> "Range":
        return self._with(other, lambda mine, its: mine * its)

    def __truediv__(self, amount: float) -> "Range":
        return self._with(amount, lambda mine, its: mine / its)

    def at_least(self, other: "Range | float") -> "Range":
        """Return the greater of both, place by place."""
        return self._with(other, max)

    def rounded(self) -> "Range":
        """Return the range in whole numbers."""
        return Range(*map(round, self))


NONE = Range()

REPEATS = Range(0.0, 0.05, 1.0)
"""Share of the questions that are asked a second time, since the first reply was not valid."""
MISCOUNT = Range(0.8, 1.0, 4 / 3)
"""Tokens by a model's own count for each token of `estimated_tokens`."""
REPLY = Range(20, 60, 0)
"""Tokens of a reply; the most is what `max_tokens` allows."""
_TERSE = 25
"""Tokens to expect of a reply without reasoning."""
_REMINDER = 100
"""Tokens that a question grows by when it is asked a second time."""
_FILLED = Range(0.5, 0.75, 1.0)
"""Share of its budget that a memory takes once it has filled."""
_SUMMARY_PROMPT = 80


@dataclass(frozen=True)
class UsageForecast:
    """Calls and tokens of an agent, or of several."""

    calls: Range = NONE
    prompt_tokens: Range = NONE
    completion_tokens: Range = NONE

    def __add__(self, other: "UsageForecast") -> "UsageForecast":
        return UsageForecast(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )

    @property
    def tokens(self) -> Range:
        """Tokens of prompts and replies together."""
        return self.prompt_tokens + self.completion_tokens

    def usd(self, price: Price) -> Range:
        """Return the cost in US dollars."""
        amounts = [
            cost(Usage(round(prompt), round(completion)), price)
            for prompt, completion in zip(self.prompt_tokens, self.completion_tokens, strict=True)
        ]
        return Range(*[float(dollars(amount)) for amount in amounts])


class Measured(NamedTuple):
    """One kind of an agent's questions in the rehearsals with idle and with busy models."""

    idle: Asked
    busy: Asked
    rate: Range
    """Questions per step."""

    def prompt(self, *, with_form: bool) -> Range:
        """Return the tokens of one question besides the memory, by `estimated_tokens`."""
        seen = [asked for asked in (self.idle, self.busy) if asked.count]
        if not seen:
            return NONE
        likely = seen[-1].tokens + (seen[-1].schema_tokens if with_form else 0)
        return Range(
            min([asked.tokens / asked.count for asked in seen]),
            likely / seen[-1].count,
            max([asked.longest for asked in seen]),
        )

    @property
    def turn_tokens(self) -> Range:
        """Tokens of a remembered turn."""
        return Range.seen(self.idle.turn_tokens, self.busy.turn_tokens)


@dataclass(frozen=True)
class Forecast:
    """One agent's part in a run of so many steps."""

    agent: str
    model: ModelConfig
    idle: Rehearsal
    busy: Rehearsal
    steps: int
    settings: LlmAgent.Params | None
    """Settings of an LLM agent; None for any other."""
    offers: bool
    """Other agents may make it offers."""

    def usage(self) -> UsageForecast:
        """Return what the agent asks for in the whole run."""
        others = self._measured("other")
        usage = self._asked(others, others.rate, NONE)
        if self.settings is None:
            return usage
        turns = self._measured("turn")
        memory = self._memory(self.settings, turns)
        if turns.rate.high:
            # Nothing is asked where nothing can be done, so one question a turn is the most.
            usage += self._asked(turns, turns.rate.at_least(Range(0, 0, 1)), memory)
        if self.offers and self.settings.offers == "model":
            # None; as seen; one a step, or twice as many as were seen. Where none was seen, a
            # turn's prompt stands for its prompt, which is shorter.
            offers = self._measured("offer")
            rate = Range(0.0, offers.rate.expected, max(1.0, 2 * offers.rate.high))
            usage += self._asked(offers if offers.rate.high else turns, rate, memory)
        return usage + self._summaries(self.settings, turns)

    def _summaries(self, settings: LlmAgent.Params, turns: Measured) -> UsageForecast:
        """Count one question whenever the memory is full."""
        memory = settings.memory
        if memory.policy != "summarise" or not memory.max_tokens:
            return UsageForecast()
        longest = turns.turn_tokens.high + self.model.max_tokens

        def times_full(turn_tokens: float) -> float:
            over = self.steps * turn_tokens - memory.max_tokens
            room = max(turn_tokens, memory.max_tokens / 2 - memory.summary_tokens, 1)
            return min(1 + over // room, self.steps) if over > 0 else 0

        calls = Range(*map(times_full, turns.turn_tokens.at_least(Range(0, 0, longest))))
        asked = turns.prompt(with_form=False).expected + memory.max_tokens / 2 + _SUMMARY_PROMPT
        reply = self._reply(memory.summary_tokens)
        return UsageForecast(calls, calls * (MISCOUNT * asked), calls * reply)

    def _asked(self, asked: Measured, rate: Range, memory: Range) -> UsageForecast:
        """Count questions at a rate per step, and their repetition."""
        # Servers of one's own make a grammar of the schema; others are likely to charge for it.
        model = self.model
        form_counts = model.api_base is None or model.structured not in ("auto", "json_schema")
        questions = rate * self.steps
        repeats = questions * REPEATS
        calls = questions + repeats
        each = MISCOUNT * (asked.prompt(with_form=form_counts) + memory)
        limit = max(asked.idle.max_tokens, asked.busy.max_tokens) or model.max_tokens
        return UsageForecast(calls, calls * each + repeats * _REMINDER, calls * self._reply(limit))

    def _memory(self, settings: LlmAgent.Params, turns: Measured) -> Range:
        """Return the tokens of what is remembered, in the average question of the run."""
        budget = settings.memory.max_tokens
        low, expected, _ = [
            _mean_level(self.steps, tokens, budget * share)
            for tokens, share in zip(turns.turn_tokens, _FILLED, strict=True)
        ]
        # At the most, a single turn fills it.
        return Range(low, expected, _mean_level(self.steps, budget, budget))

    def _reply(self, limit: int) -> Range:
        terse = self.settings is not None and not self.settings.reasoning
        likely = _TERSE if terse else REPLY.expected
        return Range(min(REPLY.low, limit), min(likely, limit), limit)

    def _measured(self, kind: Kind) -> Measured:
        idle, busy = self.idle.of(self.agent, kind), self.busy.of(self.agent, kind)
        steps = max(1, self.idle.steps), max(1, self.busy.steps)
        return Measured(idle, busy, Range.seen(idle.count / steps[0], busy.count / steps[1]))


def _mean_level(steps: int, each: float, full: float) -> float:
    """Return the mean of what is remembered at the beginnings of the steps.

    Each step adds `each` tokens, up to `full`.
    """
    if not each or not full:
        return 0.0
    rising = min(steps, int(full // each) + 1)
    return (each * rising * (rising - 1) / 2 + full * (steps - rising)) / steps
