"""The SQLite file that goals are kept in.

database         the connection, its transactions, and the migrations at its opening
migrations       the schema, from the first version on
goal_rows        goals, with their links to beliefs and other goals; cursors of lists
derived_columns  columns of goals that hold the state of their beliefs and dependencies
ranking_query    goals in the order of their scores, computed in the database
belief_rows      beliefs
task_rows        tasks of goals (the outbox), scheduled tasks, selections, decisions
ledger_rows      the chain of events; the dump of a whole store
bookkeeping      counters for metrics, answers kept under idempotency keys

The functions of the rows take the connection of an open transaction. They hold no rule of what may
become of a goal: those are the commands'.
"""
