"""Messages: what the actors of an episode send each other, in the order of a step.

    director ──OpenStep──▶ scenario
    director ──AssignGoals▶ goals
    director ──OpenTurns─▶ scenario ──Standing──▶ governance
    director ──Turn─────▶ agent ──ActionProposed──▶ governance ──Ruled──▶ scenario
    scenario ──Acted────▶ agent
    scenario ──Proposal─▶ counterparty ──Answer──▶ scenario
    scenario ──InteractionsClosed──▶ governance ──Charged──▶ scenario
    scenario ──InteractionResult───▶ agents
    scenario ──Log──▶ recorder, ──Scored──▶ metrics, ──Measured──▶ goals
    director ◀─(answer to CloseTurns)── scenario

Messages are handed over: a sender keeps no part of one that the receiver may change. `Unchecked`
fields are not copied.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import Field, JsonValue

from ..runtime.message import ActorRef, Message, Unchecked
from ..scenarios.actions import Action, Alignment, Event
from ..scenarios.economy.interaction import Interaction
from ..scenarios.interactions import Account, Charges, Decision, InteractionResult, Offer
from ..scenarios.observation import CurrentGoal, Observation, Source
from ..scenarios.world import Moment
from .llm.chat import ModelUse


class Exposure(NamedTuple):
    """The sources of the texts in the prompts that an action came from.

    These are the edges along which the words of one agent may influence another.
    """

    seen: tuple[Source, ...] = ()
    """Sources of the texts that the current observation shows."""
    remembered: tuple[tuple[int, int], ...] = ()
    """Earlier steps that the prompt still quoted, as spans of indices (first, last), both
    included; what was seen in a step stands in its own report."""


class TurnReport(NamedTuple):
    """Everything that an agent reports at once."""

    events: tuple[Event, ...] = ()
    exposure: Exposure = Exposure()
    use: ModelUse = ModelUse()


class Notebook:
    """Collects the facts that an agent will report with its next action or decision."""

    __slots__ = ("_agent", "_events", "_remembered", "_seen", "_use")

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._events: list[Event] = []
        self._seen: dict[Source, None] = {}
        self._remembered: dict[tuple[int, int], None] = {}
        self._use = ModelUse()

    def event(self, kind: str, data: dict[str, Any]) -> None:
        """Note an event of the agent's own."""
        self._events.append(Event(kind, data, self._agent))

    def exposed(self, seen: Iterable[Source], remembered: Iterable[tuple[int, int]] = ()) -> None:
        """Note that a prompt held texts from these sources."""
        self._seen.update(dict.fromkeys(seen))
        self._remembered.update(dict.fromkeys(remembered))

    def drop_exposure(self) -> None:
        """Forget what was read in a turn that did not end with an action."""
        self._seen, self._remembered = {}, {}

    def used(self, use: ModelUse) -> None:
        """Note the use of a language model."""
        self._use += use

    def close(self) -> TurnReport | None:
        """Return all that was noted since the last time; None if that is nothing."""
        if not (self._events or self._seen or self._remembered or any(self._use)):
            return None
        exposure = Exposure(tuple(self._seen), tuple(self._remembered))
        report = TurnReport(tuple(self._events), exposure, self._use)
        self._events, self._seen, self._remembered, self._use = [], {}, {}, ModelUse()
        return report


class Begin(Message, name="episode.begin"):
    """To the director: start."""


class NextStep(Message, name="episode.next_step"):
    """The director to itself: the next step begins."""


class Halt(Message, name="episode.halt"):
    """To the director: the safety kill switch. The episode ends at the next step boundary."""

    reason: str
    by: str


class OpenEpoch(Message, name="episode.open_epoch"):
    """To the scenario and to governance: an epoch begins."""

    moment: Moment
    accounts: tuple[Account, ...] = ()
    """Of all agents; only in the message to governance."""


class EpochOpened(Message, name="episode.epoch_opened"):
    """Governance's answer: what it does to accounts."""

    charges: Charges


class OpenStep(Message, name="episode.open_step"):
    """To the scenario: a step begins. The answer is the agents' ids by falling reputation if
    `ranked`, else None."""

    moment: Moment
    ranked: bool = False


class Speak(Message, name="episode.speak"):
    """To an adversary: say something, or nothing. The answer is a `Speech` or None."""

    moment: Moment


class Speech(Message, name="episode.speech"):
    """An adversary's words to agents, on their way to the scenario."""

    adversary: str
    agents: tuple[str, ...]
    text: str
    intensity: float
    """0 to 1."""


class OpenTurns(Message, name="episode.open_turns"):
    """To the scenario: it is the turn of these agents, who all see the same state."""

    agents: tuple[str, ...]
    goals: Unchecked[Sequence[CurrentGoal | None]] = ()
    """The current goal of each; empty where the scenario has no goals."""


class TurnsOpened(Message, name="episode.turns_opened"):
    """The scenario's answer: one observation per agent, in the same order."""

    observations: Unchecked[Sequence[Observation]]


class Standing(Message, name="episode.standing"):
    """The scenario to governance: the accounts of the agents that are about to act."""

    accounts: Unchecked[Sequence[Account]]


class Turn(Message, name="episode.turn"):
    """To an agent: act."""

    moment: Unchecked[Moment]
    observation: Unchecked[Observation]


class ActionProposed(Message, name="episode.action_proposed"):
    """An agent to governance: the action that it wants."""

    agent: str
    action: Action
    report: Unchecked[TurnReport | None] = None
    """None if there is nothing to report."""


class Ruled(Message, name="episode.ruled"):
    """Governance to the scenario: the verdict on an action."""

    agent: str
    action: Action
    denied_by: str | None = None
    """The lever that denies the action; None allows it."""
    reason: str = ""
    vote_weight: float = 1.0
    quote: tuple[float, float] | None = None
    """Costs (c_a, c_b) of the proposed interaction that are certain beforehand."""
    report: Unchecked[TurnReport | None] = None
    """As the agent sent it."""


class Acted(Message, name="episode.acted"):
    """The scenario to an agent that learns from it: the result of its action."""

    tool: str
    error: str | None = None
    """The reason of a refusal; None if the action was done."""
    result: dict[str, Any] = Field(default_factory=dict)


class CloseTurns(Message, name="episode.close_turns"):
    """To the scenario: answer when all actions of the open turns have been handled."""


class Proposal(Message, name="episode.proposal"):
    """The scenario to a counterparty: another agent's offer."""

    offer: Offer


class Answer(Message, name="episode.answer"):
    """A counterparty to the scenario."""

    offer_id: str
    decision: Decision
    report: Unchecked[TurnReport | None] = None
    """None if there is nothing to report."""


class InteractionsClosed(Message, name="episode.interactions_closed"):
    """The scenario to governance: the interactions that the offers led to, before costs."""

    moment: Moment
    interactions: Unchecked[Sequence[Interaction]]
    """Governance reads them and keeps none."""


class Charged(Message, name="episode.charged"):
    """Governance to the scenario: one Charges per interaction, in the same order."""

    charges: Unchecked[Sequence[Charges]]


class CloseStep(Message, name="episode.close_step"):
    """To the scenario: the step is over. The answer is True if the world has come to its end."""


class Log(Message, name="episode.log"):
    """To the recorder: the events and steps of a moment, ready to be written."""

    moment: Unchecked[Moment]
    events: Unchecked[Sequence[Event]]
    steps: Unchecked[Sequence[dict[str, Any]]] = ()
    """Lines of the step log."""


class TurnScore(NamedTuple):
    """One agent's turn, as metrics need it."""

    agent: str
    alignment: Alignment
    tool: str | None
    """The tool that the agent tried; None for a noop."""
    acted: bool
    """True if it did something other than noop."""


class Scored(Message, name="episode.scored"):
    """To metrics: the results of the turns of a moment."""

    moment: Unchecked[Moment]
    interactions: Unchecked[Sequence[Interaction]]
    """With their costs."""
    turns: Unchecked[Sequence[TurnScore]]
    model_use: Unchecked[Sequence[tuple[str, ModelUse]]] = ()
    """The use of language models, by agent."""


class CloseEpoch(Message, name="episode.close_epoch"):
    """To the scenario, then to metrics: the epoch is over."""

    moment: Moment
    world: dict[str, Any] = Field(default_factory=dict)
    """The world's own metrics of the epoch; only in the message to metrics."""


class Finish(Message, name="episode.finish"):
    """To metrics and the recorder: the episode is over."""

    moment: Moment
    reason: str
    """completed, halted or world_ended."""
    goals: dict[str, Any] | None = None
    """The metrics of goals; only in the message to metrics."""
    figures: dict[str, Any] = Field(default_factory=dict)
    """The whole episode's metrics document; only in the message to the recorder."""


class AssignGoals(Message, name="episode.assign_goals"):
    """To the GoalStore: it is the turn of these agents. The answer is `GoalsAssigned`."""

    moment: Moment
    agents: tuple[str, ...]


class GoalsAssigned(Message, name="episode.goals_assigned"):
    """The GoalStore's answer, in the order of the agents."""

    goals: Unchecked[Sequence[CurrentGoal | None]]


class Measured(Message, name="episode.measured"):
    """The scenario to the GoalStore: the metrics that the success of goals is measured by."""

    moment: Unchecked[Moment]
    figures: Unchecked[Sequence[tuple[str, Mapping[str, float]]]]
    """By agent, then by name."""


class CloseGoals(Message, name="episode.close_goals"):
    """To the GoalStore: the episode is over. The answer is its metrics, for metrics.json."""

    moment: Moment


class OutsideCommand(Message, name="goals.outside"):
    """To the GoalStore: a command from outside of the run, such as from the HTTP API."""

    request: str
    """The name by which the asker knows the answer."""
    command: str
    """The command's message name."""
    body: dict[str, JsonValue]
    """The command as JSON."""


ScenarioRef = ActorRef[
    OpenEpoch | OpenStep | Speech | OpenTurns | CloseTurns | CloseStep | CloseEpoch | Ruled
    | Answer | Charged
]  # fmt: skip
GovernanceRef = ActorRef[OpenEpoch | Standing | ActionProposed | InteractionsClosed]
AgentRef = ActorRef[Turn | Acted | Proposal | InteractionResult]
AdversaryRef = ActorRef[Speak]
RecorderRef = ActorRef[Log | Finish]
MetricsRef = ActorRef[Scored | CloseEpoch | Finish]
GoalsRef = ActorRef[AssignGoals | Measured | CloseGoals]
"""The GoalStore as the episode's own actors know it; agents send it commands."""
