"""Worlds and their rules, and the files that describe episodes in them.

- `world`, `actions`, `interactions`, `observation`: the contract of a world.
- `worlds`: the worlds that are built in.
- `economy`: the formulas of soft labels: proxy, interaction, payoff.
- `measures`: metrics of what happened.
- `testing`: the contract tests of worlds.
- `document` and what it names: from a scenario file to a resolved config (`schema`).
- `catalogue`: how a name in a file becomes a class.
- the shipped scenario files, `*.yaml` and `configs/*.yaml`.
"""
