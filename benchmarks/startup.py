"""How much CPU time `gdg-runtime --help` takes, in a process of its own.

    python benchmarks/startup.py [--repeats N]

Prints one JSON line with the best and the median; `python -c pass` stands beside as the part that
is Python's own.
"""

import argparse
import json
import os
import statistics
import sys

BOUND_S = 0.3
HELP = [sys.executable, "-c", "from gdg_runtime.adapters.cli import main; main()", "--help"]
NOTHING = [sys.executable, "-c", "pass"]


def cpu_seconds(command: list[str]) -> float:
    """User and system time of a command, its output thrown away."""
    child = os.posix_spawn(
        command[0], command, os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )  # fmt: skip
    _, status, usage = os.wait4(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=10)
    repeats = parser.parse_args().repeats
    helped = [cpu_seconds(HELP) for _ in range(repeats)]
    nothing = [cpu_seconds(NOTHING) for _ in range(repeats)]
    print(
        json.dumps(
            {
                "benchmark": "startup",
                "help_cpu_s": round(min(helped), 4),
                "help_cpu_s_median": round(statistics.median(helped), 4),
                "python_cpu_s": round(min(nothing), 4),
                "bound_cpu_s": BOUND_S,
            }
        )
    )


if __name__ == "__main__":
    main()
