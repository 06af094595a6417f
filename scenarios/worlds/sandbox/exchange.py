"""The exchange: offers of work, from the proposal to the booking."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ....runtime.randomness import Draws
from ...actions import Applied, Event
from ...economy.interaction import Interaction, PayoffEngine
from ...economy.proxy import Observables, ProxyComputer
from ...interactions import Charges, Decision, InteractionResult, Offer
from .accounts import Holder, reputation_gain
from .config import SandboxConfig
from .scoring import Scoring
from .tools import ProposeArguments
from .work import Conduct, Luck, Noise, Work

_MEMORY = 0.2
"""Weight of the newest work in the moving average of what an agent delivers."""


class _Open(NamedTuple):
    """An offer that waits for its answer: what stands behind it."""

    conduct: Conduct
    kind: str
    noise: Noise


class _Closed(NamedTuple):
    """An answered offer that waits for its costs."""

    conduct: Conduct
    effort_b: float | None
    """None where the offer was declined."""
    observables: Observables
    reason: str


class Exchange:
    """Takes offers, sees what the work comes to, and books what it pays."""

    def __init__(
        self,
        config: SandboxConfig,
        holders: Mapping[str, Holder],
        scoring: Scoring,
        draws: Draws,
    ) -> None:
        self._reputation = config.reputation
        self._holders = holders
        self._scoring = scoring
        self._work = Work(config.work)
        self._luck = Luck(draws)
        self._proxy = ProxyComputer(config.proxy)
        self.engine = PayoffEngine(config.payoff)
        """What prices interactions."""
        self._open: dict[str, _Open] = {}
        self._closed: dict[str, _Closed] = {}

    def propose(self, holder: Holder, arguments: ProposeArguments, step: int) -> Applied:
        """Put an offer to another agent, if the limits of both allow it."""
        other = self._holders.get(arguments.counterparty)
        refusal = self._refuse(holder, other, arguments, step)
        if refusal is not None or other is None:
            unknown = other is None or other is holder
            return Applied(ok=False, error=refusal, unknown=unknown)
        nth = holder.usage.count_made(step)
        other.usage.count_received(step)
        offer_id = f"{holder.agent}@{step}" if not nth else f"{holder.agent}@{step}.{nth}"
        conduct = Conduct(arguments.effort, arguments.promise, arguments.corners)
        noise = self._luck.draw(holder.agent, step, nth)
        self._open[offer_id] = _Open(conduct, arguments.kind, noise)
        self._scoring.offered(holder.record, conduct)
        terms: dict[str, Any] = {
            "promise": arguments.promise,
            "reputation": holder.peer.reputation,
            "kind": arguments.kind,
        }
        data = {
            "interaction_id": offer_id,
            "counterparty": other.agent,
            "tau": arguments.tau,
            **terms,
            "effort": conduct.effort,
            "corners": conduct.corners,
        }
        return Applied(
            result={"offer_id": offer_id},
            events=[Event("interaction_proposed", data, holder.agent, told=True)],
            offer=Offer(
                offer_id=offer_id,
                initiator=holder.agent,
                counterparty=other.agent,
                tau=arguments.tau,
                terms=terms,
            ),
        )

    def _refuse(
        self, holder: Holder, other: Holder | None, arguments: ProposeArguments, step: int
    ) -> str | None:
        if other is None or other is holder:
            return (
                f"{arguments.counterparty!r} is not another agent here; propose to one that "
                "you have seen"
            )
        if other.frozen:
            return f"{other.agent} is frozen; propose to another agent"
        refusal = holder.usage.refuse_interaction(holder.agent, step)
        if refusal is None:
            refusal = other.usage.refuse_interaction(other.agent, step)
        if refusal is None:
            refusal = _refuse_payment(holder if arguments.tau > 0.0 else other, arguments.tau)
        return refusal

    def close(self, offer: Offer, decision: Decision) -> Interaction:
        """What an answered offer comes to. A side that can't pay the transfer ends it too."""
        opened = self._open.pop(offer.offer_id, None)
        if opened is None:
            raise LookupError(
                f"no offer {offer.offer_id!r} is open: it was never made, is closed already, "
                "or its step is over"
            )
        conduct, kind, noise = opened
        accepted, reason = decision.accept, decision.reason
        if accepted and offer.tau:
            payer = self._holders[offer.initiator if offer.tau > 0.0 else offer.counterparty]
            refusal = _refuse_payment(payer, offer.tau)
            if refusal is not None:
                accepted, reason = False, refusal
            else:
                payer.usage.paid += abs(offer.tau)
                payer.owed += abs(offer.tau)
        effort_b = decision.effort if accepted else None
        observables = self._work.observe(conduct, effort_b, noise)
        v_hat, p = self._proxy.compute(observables)
        self._closed[offer.offer_id] = _Closed(conduct, effort_b, observables, reason)
        return Interaction(
            p, accepted, offer.initiator, offer.counterparty, offer.offer_id, kind, v_hat, offer.tau
        )

    def settle(
        self, interaction: Interaction, charges: Charges
    ) -> tuple[list[InteractionResult], list[Event]]:
        """Book an interaction with its costs; sets its c_a, c_b, r_a and r_b."""
        closed = self._closed.pop(interaction.interaction_id, None)
        if closed is None:
            raise LookupError(
                f"the interaction {interaction.interaction_id!r} is not to be settled: "
                "its offer was not closed in this step, or it is settled already"
            )
        a = self._holders[interaction.initiator]
        b = self._holders[interaction.counterparty]
        interaction.c_a = charges.cost_a
        interaction.c_b = charges.cost_b
        data = _logged(interaction, closed)
        if closed.effort_b is None:
            booked = (-interaction.c_a, -interaction.c_b)
            a.resources += booked[0]
            b.resources += booked[1]
            data["pi_a"] = self.engine.payoff_initiator(interaction)
            data["pi_b"] = self.engine.payoff_counterparty(interaction)
            data["reason"] = closed.reason
            event = Event("interaction_rejected", data, a.agent)
        else:
            booked = self._book(a, b, interaction, closed.conduct, closed.effort_b, data)
            event = Event("interaction_accepted", data, a.agent)
        promise = closed.conduct.promise
        outcomes = [
            _outcome(interaction, b, True, booked[0], interaction.c_a, promise),
            _outcome(interaction, a, False, booked[1], interaction.c_b, promise),
        ]
        return outcomes, [event]

    def _book(
        self,
        a: Holder,
        b: Holder,
        interaction: Interaction,
        conduct: Conduct,
        effort_b: float,
        data: dict[str, Any],
    ) -> tuple[float, float]:
        """Book an accepted interaction on both accounts; returns the payoffs."""
        config = self._reputation
        gain_b = reputation_gain(config, interaction.p, b.reputation)
        data["r_a"] = interaction.r_a = reputation_gain(config, interaction.p, a.reputation)
        data["r_b"] = interaction.r_b = config.counterparty_share * gain_b
        data["pi_a"] = pi_a = self.engine.payoff_initiator(interaction)
        data["pi_b"] = pi_b = self.engine.payoff_counterparty(interaction)
        data["effort_b"] = effort_b
        data["spent_a"] = spent_a = self._work.cost_initiator(conduct)
        data["spent_b"] = spent_b = self._work.cost_counterparty(effort_b)
        (a if interaction.tau > 0.0 else b).owed -= abs(interaction.tau)
        a.resources += pi_a - spent_a
        b.resources += pi_b - spent_b
        a.move_reputation(interaction.r_a)
        b.move_reputation(interaction.r_b)
        a.initiated += 1
        a.delivered += _MEMORY * (interaction.p - a.delivered)
        self._scoring.worked(a.record, interaction.p, None)
        self._scoring.worked(b.record, interaction.p, effort_b)
        return pi_a, pi_b

    def close_step(self) -> None:
        """Drop what was offered but not answered in the step."""
        self._open.clear()
        self._closed.clear()


def _refuse_payment(payer: Holder, tau: float) -> str | None:
    if not tau:
        return None
    return payer.usage.refuse_payment(payer.agent, abs(tau), payer.resources - payer.owed)


def _outcome(
    interaction: Interaction,
    other: Holder,
    initiated: bool,
    payoff: float,
    cost: float,
    promise: float,
) -> InteractionResult:
    return InteractionResult(
        interaction_id=interaction.interaction_id,
        other=other.agent,
        initiated=initiated,
        accepted=interaction.accepted,
        p=interaction.p,
        payoff=payoff,
        tau=interaction.tau,
        cost=cost,
        promise=promise,
    )


def _logged(interaction: Interaction, closed: _Closed) -> dict[str, Any]:
    """What the event log keeps, so that every metric can be computed from it again.

    `pi_a` and `pi_b` are added by the caller; of a rejected offer they are what the formulas
    give it, and nothing but its costs is booked.
    """
    seen = closed.observables
    return {
        "interaction_id": interaction.interaction_id,
        "counterparty": interaction.counterparty,
        "kind": interaction.kind,
        "observables": {
            "task_progress_delta": seen.task_progress_delta,
            "rework_count": seen.rework_count,
            "verifier_rejections": seen.verifier_rejections,
            "tool_misuse_flags": seen.tool_misuse_flags,
            "counterparty_engagement_delta": seen.counterparty_engagement_delta,
        },
        "v_hat": interaction.v_hat,
        "p": interaction.p,
        "tau": interaction.tau,
        "c_a": interaction.c_a,
        "c_b": interaction.c_b,
        "r_a": interaction.r_a,
        "r_b": interaction.r_b,
    }
