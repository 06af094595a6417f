"""Where goals are kept: one SQLite file.

database          the connection, its transactions, and the migrations at its opening
migrations        the schema, from the first version on
goal_rows         goals, with their links to beliefs and other goals
standing          columns of goals that say how beliefs and dependencies stand to them
ranking_query     goals in the order of their scores, worked out in the database
selection_rows    goals that selection has to look at
belief_rows       beliefs
ledger_rows       the chain of what happened
decision_rows     registered decisions, their parameters, decisions taken
task_rows         tasks of goals (the outbox), scheduled tasks, selections
idempotency_rows  answers kept under keys
counter_rows      counters for metrics
cursor            places in lists
dump              all of it as text

The functions of the rows take the connection of an open transaction. They hold no rule of what may
become of a goal: that is the store's.
"""
