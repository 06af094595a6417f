"""The governance levers, and the stack that asks them in a fixed order.

    lever               the hooks of a lever, and the stack of an episode's levers
    transaction_tax     on_interaction, quote     a share of |τ| on accepted interactions
    reputation_decay    on_epoch_start            reputation shrinks by a factor
    vote_normalization  vote_weight               votes weigh less the more are cast
    staking             on_action, on_interaction a minimum of resources; slashed for harm
    circuit_breaker     all but quote and votes   toxic initiators are frozen for some epochs
    random_audit        on_interaction            a penalty for a low p, by chance
    bandwidth_cap       on_action                 so many actions in an epoch

A lever of the user's own is a subclass of `Lever`, named in `governance.levers`.
"""

from .built_in import BUILT_IN, stack_of
from .lever import Lever, LeverStack

__all__ = ["BUILT_IN", "Lever", "LeverStack", "stack_of"]
