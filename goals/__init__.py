"""GoalStore: goals that are proposed, ranked, vetted against beliefs, adopted and executed.

What there is
    model          goals, beliefs, weights
    forms          what is written about them from outside, and how they are shown
    states         the legal ways of a goal through its life
    policy, flags  how a store treats goals; whether goals decide
    errors         everything that is refused

A command's way
    commands       what can be asked, and the answers, as messages
    handling       one message in, one out, in one transaction; idempotency keys
    ways           command to what carries it out
    goal_store     the same for Python programs, one method a command
    operation      what a command works with inside its transaction
    editing, adoption, believing, selection, execution, completion, recurrence, importing, reading
                   the commands
    vetting        whether beliefs stand against a goal; the checkers are in checkers/
    ranking        the score, in memory; explanation puts it into words
    decisions      the weights, in a registry with bounds; outcomes what came of them
    scheduling     goals beside scheduled tasks, as the flags say; tasks reach who does them
    rollout        what the canary phase has shown
    ledger         the hash chain
    store/         the SQLite file: schema, migrations, rows, ranking in SQL
"""
