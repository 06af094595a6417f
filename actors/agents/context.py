"""An agent's `ctx`: the engine's context, a language model, goals, a notebook."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic_core import to_json

from ...runtime.canonical import jsonable
from ...runtime.cell import Cell
from ...runtime.context import Context
from ...runtime.message import ActorRef
from ...scenarios.actions import Role
from ...scenarios.observation import Source
from ...scenarios.world import World
from ..llm.chat import ModelBinding, ModelUse
from ..llm.client import Llm
from ..messages import Notebook

if TYPE_CHECKING:
    from ...goals.commands import Command
    from ...runtime.kernel import Kernel
    from ..goals.client import Goals


_HEAD = frozenset({"n", "epoch", "step", "at", "type", "agent"})


class AgentBinding(NamedTuple):
    """An agent's place in the world."""

    world: type[World]
    role: Role | None = None
    """As the world defines it; None for an agent without one, or in a world without roles."""
    model: ModelBinding | None = None
    goals: "ActorRef[Command] | None" = None
    """The GoalStore; None where the scenario has no goals."""


class AgentContext(Context):
    """An agent's view of the run."""

    __slots__ = ("_goals", "llm", "notebook")

    def __init__(self, kernel: "Kernel", cell: Cell) -> None:
        super().__init__(kernel, cell)
        agent: Any = cell.actor
        self.notebook = Notebook(agent.agent)
        binding = agent.binding
        self.llm = Llm(self, None if binding is None else binding.model, self.notebook)
        """The language model that the scenario file gives to the agent."""
        self._goals: Goals | None = None

    @property
    def goals(self) -> "Goals":
        """The agent's own goals in the GoalStore; `goals.known` is False if there is no store."""
        if self._goals is None:
            # Only here: its many forms are no cost of an episode without goals.
            from ..goals.client import Goals

            agent: Any = self._cell.actor
            self._goals = Goals(self, None if agent.binding is None else agent.binding.goals)
        return self._goals

    def note(self, event: str, **data: Any) -> None:
        """Add an event of your own to the event log, together with your next action.

        Raises NotSerialisable for data without a JSON form, and ValueError for names that every
        event has (n, epoch, step, at, type, agent) or data that is nested too deeply.
        """
        taken = _HEAD & data.keys()
        if taken:
            raise ValueError(f"the event {event!r} can't have a field {min(taken)!r} of its own")
        plain = jsonable(data, f"the event {event}")
        to_json(plain)
        self.notebook.event(event, plain)

    def exposed(self, seen: Iterable[Source], remembered: Iterable[tuple[int, int]] = ()) -> None:
        """Record that your next action was written after reading these texts of others.

        `observation.sources()` names those of an observation; `remembered` are spans of
        earlier steps (first index, last index) whose texts your prompt still held something of.
        """
        self.notebook.exposed(seen, remembered)

    def used(self, *, calls: int, prompt_tokens: int = 0, completion_tokens: int = 0) -> None:
        """Count calls of a model that you asked by `ctx.effect` in the metrics.

        Those of `ctx.llm` are counted already. Budgets do not see these.
        """
        self.notebook.used(ModelUse(calls, prompt_tokens, completion_tokens))
