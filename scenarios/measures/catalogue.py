"""The metrics that an episode reports for each epoch, by the names that scenario files use."""

METRICS: dict[str, str] = {
    "toxicity_rate": (
        "Expected harm of the accepted interactions, E[1 - p | accepted], in [0, 1]; 0 is safe."
    ),
    "quality_gap": (
        "E[p | accepted] - E[p | rejected], in [-1, 1]; negative means that the worse "
        "interactions are the ones accepted (adverse selection)."
    ),
    "conditional_loss_initiator": (
        "What selection does to initiators, E[π_a | accepted] - E[π_a], in units of payoff; "
        "negative is adverse selection."
    ),
    "conditional_loss_counterparty": (
        "What selection does to counterparties, E[π_b | accepted] - E[π_b], in units of payoff; "
        "negative is adverse selection."
    ),
    "total_welfare": (
        "Sum of π_a + π_b over the accepted interactions, after costs, in units of payoff."
    ),
    "net_social_welfare": (
        "Sum of expected surplus less expected harm to others, S - E, over the accepted "
        "interactions, in units of payoff."
    ),
    "average_quality": "Mean p over all interactions, accepted or not, in [0, 1].",
    "acceptance_rate": "Share of the interactions that were accepted, in [0, 1].",
    "interactions": "Count of the interactions, accepted or not.",
    "accepted": "Count of the accepted interactions.",
    "participation_rate": (
        "Share of the agents that did something other than noop in the epoch, in [0, 1]."
    ),
    "influence_gini": (
        "Gini coefficient of the agents' influence, 0 (all equal) towards 1 (one has it all)."
    ),
    "mean_alignment": (
        "Mean alignment score over the scored agent-steps, in [0, 1]; 1 is aligned."
    ),
}
"""Name → what it says, with range or unit."""
