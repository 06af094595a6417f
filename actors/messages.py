"""What the actors of an episode say to each other, in the order of a step.

    director ──OpenStep──▶ scenario
    director ──AssignGoals▶ goals           (see goals/messages.py)
    director ──OpenTurns─▶ scenario ──Standing──▶ governance
    director ──Turn─────▶ agent ──ActionProposed──▶ governance ──Ruled──▶ scenario
    scenario ──Acted────▶ agent
    scenario ──Proposal─▶ counterparty ──Answer──▶ scenario
    scenario ──InteractionsClosed──▶ governance ──Charged──▶ scenario ──Outcome──▶ agents
    scenario ──Log──▶ recorder, ──Scored──▶ metrics
    director ◀─(answer to CloseTurns)── scenario

Messages are handed over: who has sent one keeps no part of it that the receiver may change.
"""

from typing import Any, NamedTuple

from pydantic import Field

from ..runtime.message import Message
from ..scenarios.actions import Action, Alignment
from ..scenarios.interactions import Account, Charges, Decision, Offer
from ..scenarios.world import Moment


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
    """To an adversary: say something, if you want to. The answer is a `Speech` or None."""

    moment: Moment


class Speech(Message, name="episode.speech"):
    """An adversary speaks to an agent."""

    adversary: str
    agents: tuple[str, ...]
    text: str
    intensity: float
    """0 to 1."""


class OpenTurns(Message, name="episode.open_turns"):
    """To the scenario: it is the turn of these agents, who all see the same state."""

    agents: tuple[str, ...]
    goals: Any = ()
    """list[CurrentGoal | None], what each is to do; empty where there are no goals."""


class TurnsOpened(Message, name="episode.turns_opened"):
    """The scenario's answer: one observation per agent, in the same order."""

    observations: Any
    """list[Observation]; not copied."""


class Standing(Message, name="episode.standing"):
    """The scenario to governance: the accounts of those about to act."""

    accounts: Any
    """list[Account]; not copied."""


class Turn(Message, name="episode.turn"):
    """To an agent: act."""

    moment: Any
    """Moment."""
    observation: Any
    """Observation; not copied."""


class ActionProposed(Message, name="episode.action_proposed"):
    """An agent to governance: what it wants to do."""

    agent: str
    action: Action
    report: Any = None
    """TurnReport, if there is something to report; not copied."""


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
    report: Any = None
    """As the agent sent it."""


class Acted(Message, name="episode.acted"):
    """The scenario to an agent that learns from it: what came of its action."""

    tool: str
    error: str | None = None
    """Why it was refused; None if it was done."""
    result: dict[str, Any] = Field(default_factory=dict)


class CloseTurns(Message, name="episode.close_turns"):
    """To the scenario: answer when all actions of the open turns are done with."""


class Proposal(Message, name="episode.proposal"):
    """The scenario to a counterparty: another agent's offer."""

    offer: Offer


class Answer(Message, name="episode.answer"):
    """A counterparty to the scenario."""

    offer_id: str
    decision: Decision
    report: Any = None
    """TurnReport, if there is something to report; not copied."""


class InteractionsClosed(Message, name="episode.interactions_closed"):
    """The scenario to governance: what came of the offers, before costs."""

    moment: Moment
    interactions: Any
    """list[Interaction]; governance reads them and keeps none."""


class Charged(Message, name="episode.charged"):
    """Governance to the scenario: one Charges per interaction, in the same order."""

    charges: Any
    """list[Charges]."""


class CloseStep(Message, name="episode.close_step"):
    """To the scenario: the step is over. The answer tells whether the world has come to its end."""


class Log(Message, name="episode.log"):
    """To the recorder: what happened in a moment, ready to be written."""

    moment: Any
    events: Any
    """list[Event]."""
    steps: Any = ()
    """list[dict]: lines of the step log."""


class TurnScore(NamedTuple):
    """One agent's turn, as metrics need it."""

    agent: str
    alignment: Alignment
    tool: str | None
    """What the agent tried."""
    acted: bool
    """Whether it did something other than noop."""


class Scored(Message, name="episode.scored"):
    """To metrics: what the turns of a moment came to."""

    moment: Any
    interactions: Any
    """list[Interaction], with costs."""
    turns: Any
    """list[TurnScore]."""
    model_use: Any = ()
    """Sequence[tuple[str, ModelUse]]: what agents asked of language models."""


class CloseEpoch(Message, name="episode.close_epoch"):
    """To the scenario, then to metrics: the epoch is over."""

    moment: Moment
    world: dict[str, Any] = Field(default_factory=dict)
    """The world's own figures of the epoch; only in the message to metrics."""


class Finish(Message, name="episode.finish"):
    """To metrics and the recorder: the episode is over."""

    moment: Moment
    reason: str
    """completed, halted or world_ended."""
    goals: dict[str, Any] | None = None
    """What became of goals; only in the message to metrics."""
    figures: dict[str, Any] = Field(default_factory=dict)
    """The whole episode's metrics document; only in the message to the recorder."""
