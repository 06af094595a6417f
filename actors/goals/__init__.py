"""Goals in an episode: a GoalStore as an actor, and the agents' access to it.

messages     the messages between the director, the scenario and the GoalStore
store_actor  the actor: gives each agent its task, carries out commands, measures success
opening      the content of the store before the first step, as commands
access       the rules for what an agent may ask, and of which goals
client       `ctx.goals`: how an agent asks
tools        the same as tools of a language model
judge        a language model that compares goals with beliefs
"""
