"""What one agent will ask its model for over a whole run, from what it asked in a rehearsal."""

from collections.abc import Iterable
from typing import NamedTuple

from ...actors.llm.agent import LlmAgent
from ...actors.llm.chat import Usage
from ...actors.llm.memory import MemoryConfig
from ...scenarios.schema.language_model import ModelConfig, Price
from ..llm.prices import cost, dollars
from .rehearsal import Asked, Kind, Rehearsal
from .spread import NONE, Spread

REPEATS = Spread(0.0, 0.05, 1.0)
"""Share of the questions that are asked a second time, since the first reply was not valid."""
MISCOUNT = Spread(0.8, 1.0, 4 / 3)
"""What a model's own count of tokens may be, in those of `estimated_tokens`."""
REPLY = Spread(20, 60, 0)
"""Tokens of a reply; the most is what `max_tokens` allows."""
TERSE = 25
"""Tokens to expect of a reply without reasoning."""
REMINDER = 100
"""Tokens that a question grows by when it is asked a second time."""
FILLED = Spread(0.5, 0.75, 1.0)
"""Share of its budget that a memory takes once it has filled."""
_SUMMARY_PROMPT = 80
_TURN = 40
"""Tokens of a remembered turn, where the rehearsal was too short to see one."""

_NOTHING = Asked()


class Load(NamedTuple):
    """Calls and tokens. Adds up over agents."""

    calls: Spread = NONE
    prompt_tokens: Spread = NONE
    completion_tokens: Spread = NONE

    def plus(self, other: "Load") -> "Load":
        return Load(*[mine.plus(its) for mine, its in zip(self, other, strict=True)])

    @classmethod
    def sum(cls, loads: Iterable["Load"]) -> "Load":
        total = cls()
        for load in loads:
            total = total.plus(load)
        return total

    def usd(self, price: Price) -> Spread:
        """What it costs, in US dollars."""
        amounts = [
            cost(Usage(round(prompt), round(completion)), price)
            for prompt, completion in zip(self.prompt_tokens, self.completion_tokens, strict=True)
        ]
        return Spread(*[float(dollars(amount)) for amount in amounts])

    @property
    def tokens(self) -> Spread:
        return self.prompt_tokens.plus(self.completion_tokens)


class Measured(NamedTuple):
    """One kind of an agent's questions in two rehearsals."""

    idle: Asked
    busy: Asked
    idle_steps: int
    busy_steps: int

    @property
    def rate(self) -> Spread:
        """Questions per step; the most that was seen goes for the highest."""
        idle, busy = self.idle.count / self.idle_steps, self.busy.count / self.busy_steps
        return Spread(min(idle, busy), busy, max(idle, busy))

    def prompt(self, *, with_form: bool) -> Spread:
        """Tokens of one question besides the memory, by `estimated_tokens`."""
        seen = [asked for asked in (self.idle, self.busy) if asked.count]
        if not seen:
            return NONE
        likely = seen[-1].tokens + (seen[-1].schema_tokens if with_form else 0)
        return Spread(
            min([asked.tokens / asked.count for asked in seen]),
            likely / seen[-1].count,
            max([asked.longest for asked in seen]),
        )

    @property
    def max_tokens(self) -> int:
        return max(self.idle.max_tokens, self.busy.max_tokens)

    @property
    def turn_tokens(self) -> Spread:
        """Of a remembered turn."""
        idle, busy = [
            asked.memory_tokens / asked.remembered if asked.remembered else _TURN
            for asked in (self.idle, self.busy)
        ]
        return Spread(min(idle, busy), busy, max(idle, busy))


class Forecast:
    """One agent's part in a run of so many steps."""

    def __init__(
        self,
        agent: str,
        model: ModelConfig,
        idle: Rehearsal,
        busy: Rehearsal,
        *,
        steps: int,
        settings: LlmAgent.Params | None,
        offers: bool,
    ) -> None:
        """`settings` are those of an LLM agent, None for any other; `offers` tells whether others
        may make it offers."""
        self._agent = agent
        self._model = model
        self._idle, self._busy = idle, busy
        self._steps = steps
        self._settings = settings
        self._offers = offers

    def load(self) -> Load:
        """All that the agent asks for."""
        load = self._of_others()
        if self._settings is not None:
            load = load.plus(self._of_turns()).plus(self._of_offers())
            load = load.plus(self._of_summaries(self._settings.memory))
        return load

    def _of_turns(self) -> Load:
        """One question a turn, none where nothing can be done."""
        turns = self._measured("turn")
        if not turns.rate.high:
            return Load()
        return self._load(turns, turns.rate.most(Spread(0, 0, 1)), self._memory())

    def _of_offers(self) -> Load:
        """Low: none; high: one a step, or twice as many as were seen."""
        assert self._settings is not None
        offers = self._measured("offer")
        if not self._offers or self._settings.offers != "model":
            return Load()
        seen = offers.rate
        if not seen.high:
            # None was seen. Its prompt is shorter than a turn's.
            turns = self._measured("turn")
            offers = offers._replace(idle=turns.idle, busy=turns.busy)
        rate = Spread(0.0, seen.expected, max(1.0, 2 * seen.high))
        return self._load(offers, rate, self._memory())

    def _of_others(self) -> Load:
        """What agents of one's own ask: as in the rehearsal, twice that at most."""
        others = self._measured("other")
        return self._load(others, others.rate, NONE)

    def _of_summaries(self, config: MemoryConfig) -> Load:
        """A question whenever the memory is full."""
        if config.policy != "summarise" or not config.max_tokens:
            return Load()
        turns = self._measured("turn")
        longest = turns.turn_tokens.high + self._model.max_tokens
        each = turns.turn_tokens.most(Spread(0, 0, longest))
        calls = Spread(*[self._times_full(config, tokens) for tokens in each])
        asked = turns.prompt(with_form=False).expected + config.max_tokens / 2 + _SUMMARY_PROMPT
        prompt = MISCOUNT.times(Spread(asked, asked, asked))
        return Load(calls, calls.times(prompt), calls.times(self._reply(config.summary_tokens)))

    def _times_full(self, config: MemoryConfig, turn_tokens: float) -> float:
        """How often a memory fills, if each turn adds so many tokens to it."""
        over = self._steps * turn_tokens - config.max_tokens
        room = max(turn_tokens, config.max_tokens / 2 - config.summary_tokens, 1)
        return min(1 + over // room, self._steps) if over > 0 else 0

    def _load(self, asked: Measured, rate: Spread, memory: Spread) -> Load:
        """Questions at a rate per step, and their repetition."""
        questions = Spread(*[each * self._steps for each in rate])
        repeats = questions.times(REPEATS)
        calls = questions.plus(repeats)
        each = MISCOUNT.times(asked.prompt(with_form=self._form_counts).plus(memory))
        again = Spread(*[count * REMINDER for count in repeats])
        reply = self._reply(asked.max_tokens or self._model.max_tokens)
        return Load(calls, calls.times(each).plus(again), calls.times(reply))

    def _memory(self) -> Spread:
        """Tokens of what is remembered, in the average question of the run."""
        assert self._settings is not None
        budget = self._settings.memory.max_tokens
        each = self._measured("turn").turn_tokens
        low, expected, _ = [
            _mean_level(self._steps, tokens, budget * share)
            for tokens, share in zip(each, FILLED, strict=True)
        ]
        # At the most, a single turn fills it.
        return Spread(low, expected, _mean_level(self._steps, budget, budget))

    def _reply(self, limit: int) -> Spread:
        terse = self._settings is not None and not self._settings.reasoning
        likely = TERSE if terse else REPLY.expected
        return Spread(min(REPLY.low, limit), min(likely, limit), limit)

    def _measured(self, kind: Kind) -> Measured:
        idle, busy = [
            rehearsal.asked.get(self._agent, {}).get(kind, _NOTHING)
            for rehearsal in (self._idle, self._busy)
        ]
        return Measured(idle, busy, max(1, self._idle.steps), max(1, self._busy.steps))

    @property
    def _form_counts(self) -> bool:
        """Whether the provider is likely to charge for the schema; servers of one's own make a
        grammar of it."""
        config = self._model
        return config.api_base is None or config.structured not in ("auto", "json_schema")


def _mean_level(steps: int, each: float, full: float) -> float:
    """The mean over the steps of what is remembered at their beginnings: `each` more per step,
    up to `full`."""
    if not each or not full:
        return 0.0
    rising = min(steps, int(full // each) + 1)
    return (each * rising * (rising - 1) / 2 + full * (steps - rising)) / steps
