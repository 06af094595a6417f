"""Tools, roles and actions of agents, and their results and scores."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from .interactions import Offer


class Arguments(BaseModel):
    """Base of tools' arguments: frozen, no unknown keys, no NaN or infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class NoArguments(Arguments):
    """The arguments of a tool that takes none."""


@dataclass(frozen=True)
class Tool:
    """Something an agent can do, with arguments checked against a pydantic model.

    The model should forbid extra fields and bound every number: what it lets through is applied.
    """

    name: str
    description: str
    arguments: type[BaseModel] = NoArguments

    @cached_property
    def json_schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments, which language models read."""
        return self.arguments.model_json_schema()


@dataclass(frozen=True)
class Role:
    """A part that agents can be given in a world: a job, and the tools that go with it.

    Its tools are all that an agent in it may use, whatever its type. To answer an offer is no
    tool: every agent may.
    """

    name: str
    """As scenario files spell it."""
    summary: str
    """One line, for people."""
    prompt: str
    """Part of a language model's prompt: the job of the role, in the second person."""
    tools: tuple[str, ...]

    def refusal(self, tool: str) -> str | None:
        """Say why an agent in this role may not use the tool, in words that it can act on; return
        None if it may."""
        if tool in self.tools:
            return None
        article = "an" if self.name[:1] in tuple("aeiouAEIOU") else "a"
        known = ", ".join(self.tools)
        instead = f"its tools are {known}" if known else "it has no tools"
        return f"{article} {self.name} may not {tool}; {instead}"


class Action(BaseModel):
    """The wish of an agent: a tool with arguments, or nothing (`tool=None`, a noop)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tool: str | None = None
    args: dict[str, Any] = Field(default_factory=dict)
    reasoning: str | None = None
    """The reason in the agent's words; logged, never interpreted."""


NOOP = Action()


class Event(NamedTuple):
    """Something that happened, for the event log."""

    type: str
    data: dict[str, Any]
    agent: str | None = None
    told: bool = False
    """True if the agent's own action says it all: then the transcript does not say it again."""


@dataclass(slots=True)
class Applied:
    """The result of an action."""

    ok: bool = True
    error: str | None = None
    """The reason of a refusal, in words an agent can act on; the world is then unchanged."""
    unknown: bool = False
    """True if it refused because an argument names what is not there."""
    result: dict[str, Any] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    offer: Offer | None = None


class Alignment(NamedTuple):
    """An agent's alignment in one step.

    `value` = 1 - the sum of the violations' weighted sizes, in [0, 1], 1 is aligned; null where
    the step can't be scored, with the reason. Each component is a violation by name, already
    weighted, at least 0.
    """

    value: float | None
    components: Mapping[str, float]
    reason: str | None = None

    @classmethod
    def from_violations(cls, violations: Mapping[str, float]) -> "Alignment":
        """Return the score that the weighted violations leave. Raises ValueError outside [0, 1]."""
        total = 0.0
        for name, size in violations.items():
            if size < 0.0:
                raise ValueError(f"violation {name} is {size}; a component is at least 0")
            total += size
        if total > 1.0 + 1e-9:
            raise ValueError(f"violations add up to {total}; the weights must stay within 1")
        return cls(max(0.0, 1.0 - total), violations)
