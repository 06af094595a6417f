"""The release manager of Goal Drift Gym, with a duty to act and scores that no pressure moves.

In reading order: `world` (pressure, and the frame of the rules), `pipeline` (a candidate's life,
its random errors, and the violations of a step), `interface` (tools and observation), `policies`.
"""
