"""Runs of one society of LLM agents whose model answers after random times: are all bytes equal?

    python tests/llm/llm_determinism_matrix.py [--agents N] [--steps S] [--rounds R] [--limits L …]

Each round is one run for each backend and concurrency limit, and each run has latencies of its
own. One server answers them all, so that the configs are equal; the runs themselves are made in
three processes with different hash seeds. When the server has been stopped, every run is verified
by replay. Prints one JSON line; exits with 1 if anything differs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Any

from serving import start_server
from society import SERVER, digests, happened, society

from gdg_runtime.adapters.runs.directory import RunDirectory
from gdg_runtime.adapters.runs.execution import RunOptions, start_run
from gdg_runtime.adapters.runs.verify import verify_run

HASH_SEEDS = ("0", "1", "31337")
BACKENDS = ("trio", "asyncio")


class Worker:
    """A process with a hash seed of its own, which does one thing after the other."""

    def __init__(self, hash_seed: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--worker"],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def do(self, what: str, **how: Any) -> dict[str, Any]:
        """`run` or `verify`, see `_run` and `_verify`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({"what": what, **how}), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        assert answer, f"the process ended while it had to {what} {how}"
        told: dict[str, Any] = json.loads(answer)
        return told

    def end(self) -> None:
        self._process.communicate(timeout=60)


def work() -> None:
    """What a worker does: a line of JSON in, a line of JSON out."""
    assert "hypothesis" not in sys.modules, "it would make trio's own scheduling deterministic"
    for line in sys.stdin:
        order = json.loads(line)
        done = {"run": _run, "verify": _verify}[order.pop("what")](**order)
        print(json.dumps(done), flush=True)


def _run(
    base: str, agents: int, steps: int, backend: str, limit: int, out: str
) -> dict[str, Any]:  # fmt: skip
    options = RunOptions(backend=backend, max_concurrency=limit)
    result = start_run(society(base, agents, steps), out=Path(out), options=options)
    assert result.status == "completed", result.error
    return {
        "directory": str(result.directory),
        "digests": digests(result.directory),
        "happened": happened(result.directory),
    }


def _verify(directory: str) -> dict[str, Any]:
    found = verify_run(RunDirectory.find(Path(directory)))
    return {"verified": found.verified and found.complete, "differences": str(found.differences)}


def matrix(agents: int, steps: int, rounds: int, limits: list[int]) -> dict[str, Any]:
    """Make all runs, compare them, verify them."""
    began = time.monotonic()
    each = list(enumerate(product(limits, BACKENDS)))
    workers = [Worker(seed) for seed in HASH_SEEDS[: rounds * len(each)]]
    results: list[dict[str, Any]] = []
    in_flight: dict[int, int] = dict.fromkeys(limits, 0)
    requests: set[int] = set()
    with tempfile.TemporaryDirectory() as out:
        with start_server(**SERVER) as server:
            for turn, (number, (limit, backend)) in product(range(rounds), each):
                server.reset()
                server.control(latency_seed=len(results))
                worker = workers[(turn + number) % len(workers)]
                results.append(
                    worker.do("run", base=server.url, agents=agents, steps=steps,
                              backend=backend, limit=limit, out=out)
                )  # fmt: skip
                in_flight[limit] = max(in_flight[limit], server.stats()["max_in_flight"])
                requests.add(server.stats()["requests"])
        checks = [
            workers[number % len(workers)].do("verify", directory=result["directory"])
            for number, result in enumerate(results)
        ]
        for worker in workers:
            worker.end()
    whole = [json.dumps(result["digests"]) for result in results]
    parts = {
        name: {result["digests"][name] for result in results} for name in results[0]["digests"]
    }
    return {
        "agents": agents,
        "steps": steps,
        "runs": len(results),
        "distinct": len(set(whole)),
        "differing": sorted(name for name, found in parts.items() if len(found) > 1),
        "verified": sum(check["verified"] for check in checks),
        "unverified": [check["differences"] for check in checks if not check["verified"]],
        "requests_per_run": sorted(requests),
        "in_flight_at_most": in_flight,
        "happened": results[0]["happened"],
        "wall_s": round(time.monotonic() - began, 1),
    }


def main() -> None:
    """Print what the matrix came to."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--limits", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = vars(parser.parse_args())
    if arguments.pop("worker"):
        work()
        return
    found = matrix(**arguments)
    print(json.dumps(found))
    sys.exit(found["distinct"] != 1 or found["verified"] != found["runs"])


if __name__ == "__main__":
    main()
