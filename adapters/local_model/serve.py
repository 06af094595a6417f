"""The process of a local model's server: `python -m gdg_runtime.adapters.local_model.serve`.

A process of its own, since loading holds Python's global lock, and since the engine is C++: what
it prints or how it dies is no affair of the run. Prints one JSON line once it can be asked, and
ends when its standard input does, so that it never outlives the process that started it.
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

_WARNINGS = 2
_THREADS = 1
"""Threads that compute: more are much slower where other work needs the cores."""
_CONNECTIONS = 64
"""HTTP threads: one for each connection that is open, idle ones included."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Load a model, serve it on a free port of 127.0.0.1, wait for the end of the input."""
    parser = argparse.ArgumentParser(description="Serve one model on 127.0.0.1.")
    parser.add_argument("path", help="the model's .gguf file")
    parser.add_argument("--name", required=True, help="the model's name in answers")
    parser.add_argument("--slots", type=int, required=True, help="questions answered at once")
    parser.add_argument("--context", type=int, required=True, help="tokens per slot")
    parser.add_argument("--reuse-prompts", action="store_true", help="keep prompts' beginnings")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run, which ends us

    # Whatever the engine prints goes to the log, and only our line to whoever started us.
    announced = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    try:
        server = _serve(given)
    except RuntimeError as error:
        sys.exit(f"the engine says: {error}")
    print(json.dumps({"address": server.listening_address}), file=announced, flush=True)
    sys.stdin.buffer.read()
    os._exit(0)  # nothing is worth waiting for: not even an answer that is being written


def _serve(given: argparse.Namespace) -> Any:
    xllamacpp = import_module("xllamacpp")  # it has no types
    params = xllamacpp.CommonParams()
    params.model.path = given.path
    params.model_alias = {given.name}
    params.n_ctx = given.context * given.slots
    params.n_parallel = given.slots
    params.kv_unified = False
    params.fit_params = False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = _THREADS
    params.n_threads_http = _CONNECTIONS
    params.cache_prompt = given.reuse_prompts
    params.cache_ram_mib = 0  # prompts kept apart from the slots: up to 8 GiB by default
    params.cache_idle_slots = False
    params.cors_origins = ""  # no page in a browser has any business here
    params.ui = False
    params.endpoint_slots = False  # it tells the prompts of others
    params.verbosity = _WARNINGS
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
