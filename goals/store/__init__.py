"""The SQLite file that goals are kept in.

database       the connection, its transactions, and the migrations (m*.sql) at its opening
rows           tables whose rows hold a goal or a belief each; cursors of lists
goal_rows      goals, their links to beliefs and other goals, columns derived from these; beliefs
ranking_query  goals in the order of their scores, computed in the database
task_rows      tasks of goals (the outbox), scheduled tasks, selections, decisions
ledger_rows    the chain of events, counters, kept answers; the dump of a whole store

The functions of the rows take the connection of an open transaction. They hold no rule of what may
become of a goal: those are the commands'.
"""
