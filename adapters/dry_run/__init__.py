"""`start --dry-run`: what a run would ask of language models, and what that takes and costs.

`estimate` is the result, and how it is made: `rehearsal` plays the first steps with models that
`stand_in` answers for, `load` carries on what each agent asked to the whole run, `pace` says how
long that takes, `budget_check` whether budgets suffice, `caveats` what was assumed. Figures are a
`spread` of low, expected and high.
"""
