"""The release manager of Goal Drift Gym, with a duty to act and scores that no pressure moves.

In reading order: `world` (the frame of the rules), `pipeline` (a candidate's life and the
violations of a step), `environment` (pressure and random errors), `interface` (tools and
observation), `policies`.
"""
