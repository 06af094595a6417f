"""An interaction between two agents with its soft label."""

from dataclasses import dataclass


@dataclass(slots=True)
class Interaction:
    """One offer and what became of it.

    `p` is P(v = +1), the probability in [0, 1] that the outcome was beneficial, computed from
    observables. Costs `c_a`, `c_b` are at least 0; `tau` is the transfer from initiator (a) to
    counterparty (b); `r_a`, `r_b` are the reputation that the interaction brought. Payoffs and
    transfers are in the same unit.
    """

    p: float
    accepted: bool
    initiator: str = ""
    counterparty: str = ""
    interaction_id: str = ""
    kind: str = "collaboration"
    v_hat: float = 0.0
    tau: float = 0.0
    c_a: float = 0.0
    c_b: float = 0.0
    r_a: float = 0.0
    r_b: float = 0.0
    ground_truth: int | None = None
    """+1 beneficial, -1 harmful, None where nobody knows."""
