"""Goals in an episode: a GoalStore as an actor, and what agents may ask of it.

wiring       from a resolved config to the actor
messages     what is said between the director, the scenario and the GoalStore
keeper       the actor: gives each agent its task, carries out commands, measures success
settings     the flags and the policy that a scenario file gives to the store
opening      what the store holds before the first step
figures      what became of goals, counted for metrics.json
access       what an agent may ask, and of which goals
asking       `ctx.goals`: how an agent asks
tools        the same as tools of a language model
judge        a language model that compares goals with beliefs
"""
