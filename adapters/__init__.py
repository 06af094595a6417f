"""The outside world: the command line, the files of a run, its life from start to verification.

- `cli`: the command `gdg-runtime`.
- `execution`: start, resume, execute; with `result`, `stop_signals`, `garbage`.
- `verification`: replay and compare; with `difference`.
- `run_directory`, `meta`, `seal`, `telemetry`, `run_catalogue`: what is kept of a run.
- `revision`: which code made it.
- `failures`: what goes wrong around a run, in words for its user.
"""
