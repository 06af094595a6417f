"""Worlds and their rules, and the files that describe episodes in them.

- `contract`: what a world is: config, tools, observe, apply, alignment, policies.
- `worlds`: the worlds that are built in.
- `economy`: proxy, payoff, interaction: the formulas of soft labels.
- `measures`: figures over what happened.
- `document` and what it names: from a scenario file to a resolved config (`schema`).
- `catalogue`: how a name in a file becomes a class.
- the shipped scenario files, `*.yaml` and `configs/*.yaml`.
"""
