"""The `agents:` and `adversaries:` sections of a scenario file: who takes part."""

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from .language_model import Budget, ModelOverrides
from .sections import Deferred, Section

if TYPE_CHECKING:
    from .goals import OwnGoal
else:

    class OwnGoal(Deferred):
        """A goal of an entry of `agents`."""

        module = ".goals"


_UNFIT = re.compile(r"[^A-Za-z0-9_-]")
NAME_PATTERN = r"^[A-Za-z][A-Za-z0-9_-]{0,63}$"
NAME_EXPECTED = "a name of at most 64 letters, digits, - and _ that begins with a letter"


class AgentSpec(Section):
    """One or more agents of the same kind."""

    type: str = Field(min_length=1, max_length=200)
    """A policy of the world, a built-in or plugged-in agent, or `module:Class`."""
    count: int = Field(default=1, ge=1, le=100_000)

    name: str | None = Field(
        default=None,
        pattern=NAME_PATTERN,
        json_schema_extra={"expected": f"{NAME_EXPECTED}, or null"},
    )
    """Prefix of the agents' ids; null: the type. Agents of different types may share a name, so
    that their ids don't give the type away."""
    role: str | None = Field(default=None, min_length=1, max_length=64)
    params: dict[str, Any] = Field(default_factory=dict)
    """Settings of the agent's own kind; in a file they may stand beside `type` as well."""
    llm: ModelOverrides | None = None
    """The language model that these agents ask, where it differs from `llm:` and `models:`; in a
    file its settings (`model`, `temperature`, …) may stand beside `type` as well."""
    budget: Budget | None = None
    """Limits of what each of these agents spends on language models."""
    goals: tuple[OwnGoal, ...] = Field(default=(), max_length=1_000)
    """Goals that each of these agents begins with, besides those of the `goals:` section."""

    @property
    def prefix(self) -> str:
        """Return what the agents' ids begin with; of `module:Class` the class."""
        return self.name or _UNFIT.sub("_", self.type.rpartition(":")[2])


class AdversarySpec(Section):
    """An adversary outside of the world that speaks to agents by a script."""

    type: Literal["scripted"] = "scripted"
    target: str = Field(default="all", min_length=1)
    """`all`, an agent's id, an agent type, or the name of an entry of `agents`."""
    messages: tuple[Annotated[str, Field(min_length=1, max_length=100_000)], ...] = Field(
        min_length=1, json_schema_extra={"expected": "a list of at least one text"}
    )
    """Said in turn, again from the first when all are said."""
    start_step: int = Field(default=0, ge=0, le=10**14)
    """Index over the whole episode of the first step with a message."""
    every_steps: int = Field(default=1, ge=1, le=10**14)
    intensity: float = Field(default=0.5, ge=0.0, le=1.0)
    """The weight of the message that is reported to the world."""
