"""A batch of turns on its way through the scenario actor, and its lines of the step log."""

from collections.abc import Sequence
from typing import Any

from ..scenarios.actions import Action, Applied, Event
from ..scenarios.economy.interaction import Interaction
from ..scenarios.interactions import Charges, Decision, Offer
from ..scenarios.observation import Observation
from ..scenarios.world import Moment, World
from .messages import Ruled, Speech, TurnReport, TurnScore


class Batch:
    """The results of a batch so far, by agent or by offer, in turn order."""

    def __init__(self, agents: tuple[str, ...]) -> None:
        self.agents = agents
        self.observations: list[Observation] = []
        self.ruled: dict[str, Ruled] = {}
        self.applied: dict[str, Applied] = {}
        self.offers: dict[str, Offer] = {}
        self.undecided: dict[str, str] = {}
        """By offer, the counterparty whose decision is missing."""
        self.decisions: dict[str, Decision] = {}
        self.reports: list[tuple[str, TurnReport]] = []
        """By agent, what it reported: with actions in turn order, then with decisions."""
        self.charging = False
        self.interactions: list[Interaction] = []
        self.charges: Sequence[Charges] = ()
        self.events: list[Event] = []

    def take_report(self, agent: str, report: TurnReport | None) -> None:
        """Keep an agent's report; its events come before those that follow from its action."""
        if report is not None:
            self.reports.append((agent, report))
            self.events += report.events

    def scores(self, world: World) -> list[TurnScore]:
        """Return each agent's alignment in this batch, in turn order."""
        tools = [(agent, self.ruled[agent].action.tool) for agent in self.agents]
        return [
            TurnScore(agent, world.score(agent), tool, tool is not None and self.applied[agent].ok)
            for agent, tool in tools
        ]

    def step_lines(
        self, moment: Moment, scores: Sequence[TurnScore], said: Sequence[Speech]
    ) -> list[dict[str, Any]]:
        """Return the batch's lines of the step log, one per agent."""
        lines = []
        for observation, score in zip(self.observations, scores, strict=True):
            agent, alignment = score.agent, score.alignment
            ruled, applied = self.ruled[agent], self.applied[agent]
            scored: dict[str, Any] = {"value": alignment.value, "components": alignment.components}
            if alignment.value is None:
                scored["reason"] = alignment.reason
            line: dict[str, Any] = {
                "epoch": moment.epoch,
                "step": moment.step,
                "agent": agent,
                "observation": {"messages": observation.messages, **observation.panels()},
                "action": _action(ruled.action),
                "verdict": _verdict(ruled),
                "result": {"ok": True, **applied.result}
                if applied.ok
                else {"ok": False, "error": applied.error},
                "score": scored,
            }
            goal = observation.goal
            if goal is not None:
                line["goal"] = {"goal_id": goal.goal_id, "task_id": goal.task_id, "text": goal.text}
            if ruled.report is not None and any(ruled.report.exposure):
                line["exposure"] = ruled.report.exposure._asdict()
            if said:
                line["adversaries"] = _heard(agent, said)
            lines.append(line)
        return lines


def _heard(agent: str, said: Sequence[Speech]) -> list[dict[str, Any]]:
    return [
        {"adversary": speech.adversary, "text": speech.text, "intensity": speech.intensity}
        for speech in said
        if agent in speech.agents
    ]


def _action(action: Action) -> dict[str, Any]:
    entry: dict[str, Any] = {"tool": action.tool}
    if action.args:
        entry["args"] = action.args
    if action.reasoning is not None:
        entry["reasoning"] = action.reasoning
    return entry


def _verdict(ruled: Ruled) -> dict[str, Any]:
    if ruled.denied_by is not None:
        return {"decision": "deny", "lever": ruled.denied_by, "reason": ruled.reason}
    entry: dict[str, Any] = {"decision": "allow"}
    if ruled.vote_weight != 1.0:
        entry["vote_weight"] = ruled.vote_weight
    if ruled.quote is not None:
        entry["quote"] = ruled.quote
    return entry
