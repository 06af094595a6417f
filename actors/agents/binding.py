"""What the wiring gives an agent besides its parameters: its place in the world."""

from typing import Any, NamedTuple

from ...runtime.ref import ActorRef
from ...scenarios.actions import Role
from ...scenarios.schema.language_model import ModelConfig
from ...scenarios.world import World


class ModelBinding(NamedTuple):
    """The language model that an agent may ask."""

    actor: ActorRef[Any]
    """The effect actor of the model."""
    config: ModelConfig


class AgentBinding(NamedTuple):
    """An agent's place in the world."""

    world: type[World]
    role: Role | None = None
    """As the world defines it; None for an agent without one, or in a world without roles."""
    model: ModelBinding | None = None
    goals: ActorRef[Any] | None = None
    """The GoalStore; None where the scenario has no goals."""
