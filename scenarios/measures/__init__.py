"""Figures over what happened; an undefined one is null with a reason.

`running` and `drift` accumulate in constant memory while an episode goes on; `soft`, `welfare`,
`calibration` and `dispersion` work on a whole batch of interactions, `summary` has them all.
"""
