"""Goals in an episode: a GoalStore as an actor, and the agents' access to it.

store_actor  the actor: gives each agent its task, carries out commands, measures success
access       the rules for what an agent may ask, and of which goals
client       `ctx.goals`: how an agent asks
tools        the same as tools of a language model
judge        a language model that compares goals with beliefs
"""
