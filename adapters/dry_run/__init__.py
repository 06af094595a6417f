"""`start --dry-run`: what a run would ask of language models, and what that takes and costs.

`estimate` makes the estimate. `rehearsal` plays the first steps with fake models and measures what
each agent asks; `usage_forecast` carries that on to the whole run. Each metric is a `Range`: its
lowest, expected and highest value.
"""
