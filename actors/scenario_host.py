"""The scenario actor: hosts a world, and takes each batch of turns through its stages.

A batch is one or more agents that see the same state. Its stages: observe → rule (by governance)
→ apply → offers → charges → close.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from ..runtime.actor import Actor, handles
from ..runtime.context import Context
from ..runtime.supervision import ActorFailed, DeadLetter
from ..runtime.waiting import Pending
from ..scenarios.actions import NOOP, Applied, Event
from ..scenarios.interactions import REJECT
from ..scenarios.observation import carrying
from ..scenarios.world import Moment, World
from . import messages
from .action_gate import ActionGate
from .batch import Batch

_TURN = messages.Turn.message_name
_PROPOSAL = messages.Proposal.message_name


class ScenarioHost(Actor):
    """Hosts the world: everything that touches it passes through here, one message at a time."""

    def __init__(
        self,
        world: World,
        terms: Mapping[str, Any],
        governance: messages.GovernanceRef,
        recorder: messages.RecorderRef,
        metrics: messages.MetricsRef,
    ) -> None:
        self.world = world
        self.terms = terms
        self.gate = ActionGate(world)
        self.governance = governance
        self.recorder = recorder
        self.metrics = metrics
        self.agents: dict[str, messages.AgentRef] = {}
        """By id; set by `introduce`."""
        self.ids: dict[str, str] = {}
        """Agents' ids by the paths of their actors."""
        self.learners: frozenset[str] = frozenset()
        """The agents that learn the results of their actions."""
        self.goals: messages.GoalsRef | None = None
        """The GoalStore, which learns what the world measures."""
        self.moment = Moment(0, 0, 0, 0.0)
        self.batch = Batch(())
        self.closing: Pending[Any] | None = None
        self.said: list[messages.Speech] = []

    def introduce(
        self, agents: dict[str, messages.AgentRef], learners: frozenset[str],
        goals: messages.GoalsRef | None,
    ) -> None:  # fmt: skip
        """Give the host its agents; called once by the wiring, before the first message.

        `learners` get the results of their actions, `goals` what the world measures.
        """
        self.goals = goals
        self.agents = agents
        self.learners = learners
        self.ids = {ref.path: agent for agent, ref in agents.items()}

    def on_start(self, ctx: Context) -> None:
        self._log(ctx, self.world.reset())
        self.world.announce(self.terms)

    # --- epochs and steps -------------------------------------------------------------------

    @handles
    async def on_open_epoch(self, message: messages.OpenEpoch, ctx: Context) -> None:
        self.moment = message.moment
        accounts = tuple(map(self.world.account, self.agents))
        question = messages.OpenEpoch(moment=message.moment, accounts=accounts)
        opened: messages.EpochOpened = await ctx.ask(self.governance, question)
        self._log(ctx, self.world.charge(opened.charges))

    @handles
    def on_open_step(self, message: messages.OpenStep, ctx: Context) -> tuple[str, ...] | None:
        self.moment = message.moment
        self.said = []
        self._log(ctx, self.world.open_step(message.moment))
        if self.goals is not None and message.moment.index == 0:
            # From the first turn on, no agent's word counts for what the world measures.
            figures = [(agent, dict(self.world.measures(agent))) for agent in self.agents]
            ctx.tell(self.goals, messages.Measured(moment=message.moment, figures=figures))
        if not message.ranked:
            return None
        accounts = [self.world.account(agent) for agent in self.agents]
        accounts.sort(key=lambda account: (-account.reputation, account.agent))
        return tuple(account.agent for account in accounts)

    @handles
    def on_speech(self, message: messages.Speech, ctx: Context) -> None:
        self.said.append(message)
        for agent in message.agents:
            self.world.hear(agent, message.text, message.intensity)
        data = {"adversary": message.adversary, "to": list(message.agents), "text": message.text,
                "intensity": message.intensity}  # fmt: skip
        self._log(ctx, [Event("adversary_spoke", data)])

    @handles
    def on_close_step(self, message: messages.CloseStep, ctx: Context) -> bool:
        self._log(ctx, self.world.close_step())
        return self.world.done

    @handles
    def on_close_epoch(self, message: messages.CloseEpoch, ctx: Context) -> dict[str, Any]:
        return self.world.close_epoch()

    # --- a batch of turns -------------------------------------------------------------------

    @handles
    def on_open_turns(self, message: messages.OpenTurns, ctx: Context) -> messages.TurnsOpened:
        world = self.world
        self.batch = batch = Batch(message.agents)
        batch.observations = [world.observe(agent) for agent in message.agents]
        if message.goals:
            batch.observations = [
                seen if goal is None else carrying(goal, seen)
                for seen, goal in zip(batch.observations, message.goals, strict=True)
            ]
        accounts = list(map(world.account, message.agents))
        ctx.tell(self.governance, messages.Standing(accounts=accounts))
        return messages.TurnsOpened(observations=batch.observations)

    @handles
    def on_close_turns(self, message: messages.CloseTurns, ctx: Context) -> None:
        self.closing = ctx.reply_later()
        self._go_on(ctx)

    @handles
    def on_ruled(self, message: messages.Ruled, ctx: Context) -> None:
        self.batch.ruled[message.agent] = message
        self._go_on(ctx)

    def _go_on(self, ctx: Context) -> None:
        """Take the batch to its next stage, once everything that it waits for has come."""
        batch = self.batch
        if self.closing is None or len(batch.ruled) < len(batch.agents):
            return
        if not batch.applied:
            self._apply(ctx)
        if batch.undecided:
            return
        if not batch.charging:
            batch.charging = True
            found = batch.interactions = [
                self.world.close_offer(offer, batch.decisions[offer_id])
                for offer_id, offer in batch.offers.items()
            ]
            if found:
                closed = messages.InteractionsClosed(moment=self.moment, interactions=found)
                ctx.tell(self.governance, closed)
                return
        if len(batch.charges) == len(batch.interactions):
            self._close(ctx)

    def _apply(self, ctx: Context) -> None:
        """Apply the actions in turn order; send the offers to their counterparties."""
        batch, gate, events = self.batch, self.gate, self.batch.events
        for agent in batch.agents:
            batch.take_report(agent, batch.ruled[agent].report)
            applied = gate.apply(batch.ruled[agent], events)
            batch.applied[agent] = applied
            if agent in self.learners:
                self._teach(agent, applied, ctx)
            offer = applied.offer
            if offer is not None:
                batch.offers[offer.offer_id] = offer
                batch.undecided[offer.offer_id] = offer.counterparty
                ctx.tell(self.agents[offer.counterparty], messages.Proposal(offer=offer))

    def _teach(self, agent: str, applied: Applied, ctx: Context) -> None:
        """Send an agent the result of its action; it gets a copy of its own."""
        tool = self.batch.ruled[agent].action.tool
        if tool is not None:
            acted = messages.Acted(tool=tool, error=applied.error, result=deepcopy(applied.result))
            ctx.tell(self.agents[agent], acted)

    @handles
    def on_answer(self, message: messages.Answer, ctx: Context) -> None:
        self._decide(ctx, message)

    def _decide(self, ctx: Context, answer: messages.Answer) -> None:
        offer_id, report = answer.offer_id, answer.report
        counterparty = self.batch.undecided.pop(offer_id, None)
        if counterparty is not None:
            self.batch.take_report(counterparty, report)
            if report is not None and any(report.exposure):
                data = {"offer_id": offer_id, **report.exposure._asdict()}
                self.batch.events.append(Event("decision_exposure", data, counterparty, told=True))
            self.batch.decisions[offer_id] = answer.decision
            self._go_on(ctx)

    @handles
    def on_charged(self, message: messages.Charged, ctx: Context) -> None:
        """Book each interaction with its costs, and inform both sides."""
        batch = self.batch
        batch.charges = message.charges
        for interaction, charges in zip(batch.interactions, message.charges, strict=True):
            outcomes, events = self.world.settle(interaction, charges)
            batch.events += events
            sides = (interaction.initiator, interaction.counterparty)
            for side, outcome in zip(sides, outcomes, strict=True):
                ctx.tell(self.agents[side], outcome)
        self._go_on(ctx)

    def _close(self, ctx: Context) -> None:
        """Score the turns, send everything to the recorder and to metrics, answer the director."""
        batch, moment = self.batch, self.moment
        scores = batch.scores(self.world)
        lines = batch.step_lines(moment, scores, self.said)
        ctx.tell(self.recorder, messages.Log(moment=moment, events=batch.events, steps=lines))
        model_use = [(agent, report.use) for agent, report in batch.reports if any(report.use)]
        scored = messages.Scored(
            moment=moment, interactions=batch.interactions, turns=scores, model_use=model_use
        )
        ctx.tell(self.metrics, scored)
        if self.goals is not None:
            figures = [(score.agent, self._measures(score)) for score in scores]
            ctx.tell(self.goals, messages.Measured(moment=moment, figures=figures))
        closing, self.closing = self.closing, None
        assert closing is not None
        ctx.reply(closing, None)

    def _measures(self, score: messages.TurnScore) -> dict[str, float]:
        """Return the metrics that the success of an agent's goals is measured by."""
        figures = dict(self.world.measures(score.agent))
        if score.alignment.value is not None:
            figures["alignment"] = score.alignment.value
        return figures

    # --- failures ---------------------------------------------------------------------------

    @handles
    def on_failed(self, message: ActorFailed, ctx: Context) -> None:
        """Make the action of an agent that raised a noop, and its decision a rejection."""
        agent = self.ids.get(message.path)
        data = {"handler": message.handler, "error": message.error,
                "directive": message.directive, "failures": message.failures}  # fmt: skip
        self._note(ctx, Event("agent_failed", data, agent or message.path))
        self._stand_in(ctx, agent, message.message)

    @handles
    def on_dead_letter(self, message: DeadLetter, ctx: Context) -> None:
        """Record a message that reached no actor; answer a turn or an offer for its target."""
        data = {"reason": message.reason, "sender": message.sender, "target": message.target,
                "message": message.message}  # fmt: skip
        self._note(ctx, Event("dead_letter", data))
        self._stand_in(ctx, self.ids.get(message.target), message.message)

    def _stand_in(self, ctx: Context, agent: str | None, message: str) -> None:
        """Answer for an agent that can not."""
        if agent is None:
            return
        batch = self.batch
        if message == _TURN and agent in batch.agents and agent not in batch.ruled:
            batch.ruled[agent] = messages.Ruled(agent=agent, action=NOOP)
            self._go_on(ctx)
        elif message == _PROPOSAL:
            owed = [offer for offer, whose in batch.undecided.items() if whose == agent]
            for offer_id in owed[:1]:
                self._decide(ctx, messages.Answer(offer_id=offer_id, decision=REJECT))

    def _note(self, ctx: Context, event: Event) -> None:
        """Record an event, in the current batch if there is one."""
        if self.closing is not None:
            self.batch.events.append(event)
        else:
            self._log(ctx, [event])

    def _log(self, ctx: Context, events: list[Event]) -> None:
        if events:
            ctx.tell(self.recorder, messages.Log(moment=self.moment, events=events))
