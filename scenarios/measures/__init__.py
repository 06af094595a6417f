"""Metrics of what happened; an undefined one is null with a reason.

- `figure`: a measured number with what is needed to trust it.
- `metric`: the metrics of an epoch, accumulated in constant memory while it goes on.
- `drift`: metrics of one agent's series of alignment scores, accumulated too.
- `soft`: metrics of a whole batch of interactions, and a summary of them all.
"""
