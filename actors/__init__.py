"""The actors of an episode, in the order of a step.

- `episode`: the wiring, from a resolved config to a kernel with all actors.
- `messages`: what they send each other.
- `director`: runs epochs and steps.
- `agents`: the base class of agents and the host of scripted policies.
- `governance` and `levers`: verdicts and charges.
- `scenario_host` with `batch` and `action_gate`: hosts the world.
- `adversary`: speaks to agents.
- `recorder` with `transcript`: writes what happened.
- `metrics`: metrics while the run goes on.
- `ports`: functions that they need from the outside.
- `resolved`: a config with the classes that its names mean.
"""
