"""What the accepted interactions of a batch brought, in units of payoff."""

from math import fsum

from ..economy.payoff import PayoffEngine
from .figure import Figure
from .soft import NONE_ACCEPTED, Batch


def welfare_metrics(batch: Batch, engine: PayoffEngine) -> dict[str, Figure]:
    """Sums and means over the accepted interactions.

    total_welfare         Σ (π_a + π_b): what the two sides have from it
    total_social_surplus  Σ (S - E): that less the harm to others, before costs and transfers
    net_social_welfare    the same sum under the name by which episodes report it
    avg_*_payoff          mean π_a and mean π_b; undefined where nothing was accepted
    """
    accepted = [item for item in batch if item.accepted]
    n = len(accepted)
    payoffs_a = [engine.payoff_initiator(item) for item in accepted]
    payoffs_b = [engine.payoff_counterparty(item) for item in accepted]
    social = Figure.of(fsum([engine.social_surplus(item) for item in accepted]), n)
    return {
        "total_welfare": Figure.of(fsum(payoffs_a) + fsum(payoffs_b), n),
        "total_social_surplus": social,
        "net_social_welfare": social,
        "avg_initiator_payoff": Figure.mean(payoffs_a, NONE_ACCEPTED),
        "avg_counterparty_payoff": Figure.mean(payoffs_b, NONE_ACCEPTED),
    }
