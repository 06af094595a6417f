"""An institution: a part of the sandbox's social life with tools, rules and limits of its own.

The world makes each of its institutions once and asks them in the order of its table:

1. `open_step` begins a step; then, for each agent's turn,
2. `view` gives what the agent sees of the institution, and
3. the handler of the tool that the agent uses applies the action;
4. `close_offer` and `settle` take the offers that its tools made to their end;
5. `close_step` ends the step, `close_epoch` gives the institution's metrics of the epoch.

Accounts, governance, scores and what agents see of each other are the world's. An institution
reaches them through the `Society` that it is given.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from pydantic import JsonValue

from .....runtime.randomness import Draws
from ....actions import Applied, Event
from ....economy.interaction import Interaction, PayoffEngine
from ....interactions import Charges, Decision, InteractionResult, Offer
from ....observation import Source, shortened
from ....world import Moment
from ..accounts import Holder, InstitutionError, PeerView
from ..config import SandboxConfig
from ..roles import SandboxTool
from ..rules import Rules, Terms

Handler = Callable[[Holder, Any], Applied]
"""Applies an agent's use of a tool; the second argument is the tool's validated model."""


class Society:
    """The state that the institutions of a world share."""

    def __init__(self, config: SandboxConfig, holders: Mapping[str, Holder], draws: Draws) -> None:
        self.config = config
        self.holders = holders
        """The agents by name, in the order of their seats."""
        self.draws = draws
        self.engine = PayoffEngine(config.payoff)
        """Prices interactions."""
        self.moment = Moment(0, 0, 0, 0.0)
        """The step that is being played; the world sets it before it opens the step."""
        self.rules = Rules(config, Terms())
        """The public rules with governance's terms; the world replaces them when terms change."""


class Seen(Protocol):
    """The part of an observation that is no institution's."""

    agent: str
    moment: Moment
    peers: tuple[PeerView, ...]
    rules: Rules


class View:
    """One institution as one agent sees it in its turn.

    A view is a snapshot: it must not change when the institution does. What is worked out from it
    is worked out when it is asked for, since many agents never ask.
    """

    __slots__ = ()

    def remaining(self) -> tuple[float, ...]:
        """Return what the agent has left of the institution's `limits`, in their order."""
        return ()

    def panels(self) -> Mapping[str, JsonValue]:
        """Return what the step log keeps of the view, by panel."""
        return {}

    def reading(self) -> Mapping[str, JsonValue]:
        """Return the panels for a reader of words: texts in full, short numbers."""
        return {name: shortened(panel) for name, panel in self.panels().items()}

    def options(self, seen: Seen) -> Sequence[str]:
        """Name the tools that could succeed now.

        Leave out only those that are certain to be refused. The agent's role and governance are
        the world's business.
        """
        raise NotImplementedError

    def choices(self, seen: Seen) -> Mapping[str, tuple[JsonValue, ...]]:
        """Return the values that arguments can take, as of `Observation.choices`."""
        return {}

    def sources(self) -> tuple[Source, ...]:
        """Name the texts in the reading and their authors."""
        return ()


class Institution(ABC):
    """A part of social life. See the module's docstring for the order of the calls."""

    name: ClassVar[str]
    tools: ClassVar[tuple[SandboxTool, ...]]
    limits: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Names of limits, with the tools that need each. The reading shows what is left of a limit if
    the agent may use one of its tools, and always where no tool is named."""

    def __init__(self, society: Society) -> None:
        self.society = society

    @classmethod
    def is_open(cls, config: SandboxConfig) -> bool:
        """Say whether worlds with this config have the institution."""
        return True

    @classmethod
    def weights(cls, config: SandboxConfig) -> Mapping[str, float]:
        """Return the weights in the alignment score of violations that are the institution's own.

        Record them with `holder.record.add`. With those of `scoring` in the config they may add up
        to at most 1.
        """
        return {}

    @abstractmethod
    def handlers(self) -> Mapping[str, Handler]:
        """Return what applies each tool, by the tool's name."""

    @abstractmethod
    def view(self, holder: Holder, *, opening: bool = False) -> View:
        """Return what the agent sees now; `opening`: what it could have seen when the step began.

        Must not change the institution.
        """

    def has_room(self, holder: Holder) -> bool:
        """Say whether its limits leave the agent anything to do, so that doing nothing is idle."""
        return False

    def open_step(self) -> list[Event]:
        """Begin a step."""
        return []

    def close_offer(self, offer: Offer, decision: Decision) -> Interaction | None:
        """Return what one of its open offers comes to, answered, before costs; None for others."""
        return None

    def settle(
        self, interaction: Interaction, charges: Charges
    ) -> tuple[list[InteractionResult], list[Event]] | None:
        """Book an interaction with its costs: one result per side, initiator first.

        Deltas and freezes in the charges are booked by the world. None if it did not close the
        interaction in this step.
        """
        return None

    def close_step(self) -> list[Event]:
        """End a step."""
        return []

    def influence(self, holder: Holder) -> float:
        """Return the influence, at least 0, that the agent has gained here in the epoch."""
        return 0.0

    def close_epoch(self) -> Mapping[str, Any]:
        """End an epoch; return the institution's metrics of it."""
        return {}

    def faults(self) -> Iterator[str]:
        """Say which of its invariants do not hold between two steps; tests ask."""
        return iter(())


def tools_of_all(institutions: Sequence[type[Institution]]) -> tuple[SandboxTool, ...]:
    """Return the tools in order. Raises InstitutionError for a name that is given twice."""
    owners: dict[str, type[Institution]] = {}
    for institution in institutions:
        for tool in institution.tools:
            first = owners.setdefault(tool.name, institution)
            if first is not institution:
                raise InstitutionError(
                    f"the institutions {_named(first)} and {_named(institution)} both have a tool "
                    f"{tool.name!r}; give one of them another name"
                )
    return tuple([tool for institution in institutions for tool in institution.tools])


def handlers_of(institution: Institution) -> Mapping[str, Handler]:
    """Return an institution's handlers. Raises InstitutionError where they do not fit its tools."""
    handlers, tools = institution.handlers(), [tool.name for tool in institution.tools]
    if set(handlers) != set(tools):
        raise InstitutionError(
            f"the institution {_named(type(institution))} has handlers for "
            f"{', '.join(handlers) or 'nothing'} and tools {', '.join(tools) or 'none'}; "
            "handlers() needs one for each tool, by its name, and no others"
        )
    return handlers


def check_limits(institution: Institution, holder: Holder) -> None:
    """Raise InstitutionError where a view's `remaining` does not fit the limits."""
    view, limits = institution.view(holder), institution.limits
    if len(view.remaining()) != len(limits):
        raise InstitutionError(
            f"the institution {_named(type(institution))} has the limits "
            f"{', '.join(limits) or 'none'}, but {type(view).__name__}.remaining() gives "
            f"{view.remaining()}; it needs a number for each limit, in their order"
        )


def _named(institution: type[Institution]) -> str:
    return f"{institution.name!r} ({institution.__name__})"
