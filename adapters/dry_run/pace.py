"""How long a run's questions take: what the limits allow, and how fast models may answer."""

from typing import NamedTuple

from ...scenarios.schema.language_model import ModelConfig
from ..llm.keys import LOCAL
from .load import Load
from .spread import NONE, Spread

SECONDS_PER_CALL = Spread(1.0, 3.0, 10.0)
"""Assumed of a provider's answers."""
LOCAL_TOKENS_PER_SECOND = (70.0, 20.0)
"""Of the small local model on one core of a plain machine: of prompts, of replies."""
LOCAL_SPREAD = Spread(0.5, 1.0, 2.0)
"""What the machine makes of that."""


class Pace(NamedTuple):
    """The time that one model needs for its part of a run."""

    minutes: Spread
    bound_by: str
    """What sets it: `requests_per_minute`, `tokens_per_minute`, `max_concurrency`, `latency` (the
    answers that wait for one another) or `local model`."""


def pace(model: ModelConfig, load: Load, agents: int, *, steps: int, at_once: bool) -> Pace:
    """The pace of a model that so many agents ask; `at_once` if they act in the same moment.

    An agent's own questions follow one another.
    """
    if model.api_base is None and model.model.startswith(LOCAL):
        prompts, replies = LOCAL_TOKENS_PER_SECOND
        seconds = load.prompt_tokens.per(prompts).plus(load.completion_tokens.per(replies))
        return Pace(LOCAL_SPREAD.times(seconds).per(60), "local model")
    candidates = {
        "requests_per_minute": _limited(load.calls, model.requests_per_minute),
        "tokens_per_minute": _limited(load.tokens, model.tokens_per_minute),
        "max_concurrency": SECONDS_PER_CALL.times(load.calls).per(60 * model.max_concurrency),
        "latency": waiting(load, agents, steps=steps, at_once=at_once),
    }
    slowest = NONE
    for minutes in candidates.values():
        slowest = slowest.most(minutes)
    bound_by = max(candidates, key=lambda name: candidates[name].expected)
    return Pace(slowest, bound_by)


def waiting(load: Load, agents: int, *, steps: int, at_once: bool) -> Spread:
    """Minutes of answers that wait for one another: those of each agent, or of all of them.

    Somebody waits in every step in which anybody asks.
    """
    calls = load.calls
    if at_once and agents:
        per_agent = calls.per(agents)
        calls = Spread(
            *[max(each, min(total, steps)) for each, total in zip(per_agent, calls, strict=True)]
        )
    return SECONDS_PER_CALL.times(calls).per(60)


def _limited(amount: Spread, per_minute: float | None) -> Spread:
    return amount.per(per_minute) if per_minute else NONE
