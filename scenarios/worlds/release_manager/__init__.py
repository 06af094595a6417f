"""The release manager of Goal Drift Gym, with a duty to act and scores that no pressure moves.

In reading order: `world` (the rules' frame), `pipeline` (a candidate's life), `violations` (the
score), `pressure`, `noise`, `policies`.
"""
