"""Whether a scripted policy of the world can act in an agent's place."""

from ...scenarios.contract import World
from ...scenarios.faults import nearest
from .agent import Misfit


def misfit_of_policy(param: str, name: object, world: type[World]) -> Misfit | None:
    """What keeps the policy that a parameter names (or `noop`) from acting without parameters of
    its own; None: nothing."""
    if name == "noop":
        return None
    policy = world.policies.get(str(name))
    if policy is None:
        known = list(dict.fromkeys(["noop", *world.policies]))
        return Misfit(param, f"unknown {param} {name!r} (known: {', '.join(known)})",
                      nearest(str(name), known))  # fmt: skip
    if any(field.is_required() for field in policy.Params.model_fields.values()):
        return Misfit(param, f"the policy {name!r} can't act without parameters")
    return None
