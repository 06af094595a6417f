"""GoalStore: goals that are proposed, ranked, vetted against beliefs, adopted and executed.

The nouns
    model          goals, beliefs and weights; the legal transitions of a goal's state
    schemas        the forms of all else that is given from outside or shown, and of answers
    fields         the kinds of fields that the schemas have
    policy         how a store treats goals, and the flags by which goals decide
    identity       ids, traces, callers and idempotency keys
    errors         everything that is refused

A command's way
    commands       what can be asked, as messages, and how each is carried out
    store_api      GoalStore: one command, one answer, one transaction; idempotency keys
    operation      what a command works with inside its transaction
    edit, lifecycle, selection
                   the work of the commands
    vetting        the beliefs that stand against a goal; the checkers are in checkers/
    ranking        the score, in memory and in words
    decisions      the weights, in a registry with bounds; outcomes; the verdict on the rollout
    store/         the SQLite file: schema, migrations, rows, ranking in SQL, the hash chain
"""
