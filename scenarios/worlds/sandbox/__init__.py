"""The sandbox: a small economy of agents that post, vote, and offer each other work.

- `world`: the frame, which asks the institutions in a fixed order.
- `institutions`: the parts of social life, each with its tools, rules, limits and panels.
- `accounts`: what each agent has, is known for, and is scored by.
- `roles`: the moves that agents can make, and the roles that allow them.
- `rules` and `work`: the economy in expectation, and how conduct becomes observable.
- `observation`: what an agent sees before it acts.
- `trader` and `policies`: the base of the scripted agents, and the four types.
"""
