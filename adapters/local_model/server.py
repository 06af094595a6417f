"""A local model's server, for as long as a run lasts: OpenAI's API on a port of 127.0.0.1.

The server is a process of its own, this module's `main`, since loading holds Python's global lock,
and since the engine is C++: what it prints or how it dies is no affair of the run. The process
prints one JSON line once it can be asked, and ends when its standard input does, so that it never
outlives the process that started it.
"""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from importlib import import_module
from importlib.util import find_spec
from typing import IO, Any, NamedTuple
from urllib.request import ProxyHandler, build_opener

from .weights import EngineMissing, NotPulled, NotStarted, Weights

Say = Callable[[str], None]

_POLL_S = 0.1
_GRACE_S = 5.0
_LOG_BYTES = 8_192
_LOG_LINES = 12
_WARNINGS = 2
_THREADS = 1
"""Threads that compute: more are much slower where other work needs the cores."""
_CONNECTIONS = 64
"""HTTP threads: one for each connection that is open, idle ones included."""
_SURROUNDINGS = ("PATH", "HOME", "LANG", "TMPDIR", "LC_", "LD_", "DYLD_", "PYTHON", "VIRTUAL_ENV")


class LocalServer(NamedTuple):
    """A process that answers questions to one model."""

    api_base: str
    """The address of OpenAI's API: `http://127.0.0.1:PORT/v1`."""
    process: subprocess.Popen[bytes]


@contextmanager
def local_server(
    weights: Weights, *, slots: int = 1, context: int = 2048, reuse_prompts: bool = False,
    deadline_s: float = 120.0, say: Say = lambda text: None,
) -> Iterator[LocalServer]:  # fmt: skip
    """Serve a model that was pulled, for the time of the block. Loading it takes half a second to
    a few; answers that are being written at the end are lost.

    With one slot, equal requests get equal answers, whatever was asked before or is asked
    beside: they wait for each other. More slots answer a little more per second, and the same
    question may be answered differently.

    slots: questions that are answered at once; others wait.
    context: tokens of a prompt with its answer, per slot; at most `weights.context`.
    reuse_prompts: keep what equal beginnings of prompts came to: faster, but answers then
    depend on what was asked before.
    deadline_s: seconds that starting may take.
    Raises NotPulled, EngineMissing, NotStarted.
    """
    if slots < 1 or not 1 <= context <= weights.context:
        raise ValueError(
            f"expected slots of 1 or more and a context of 1 to {weights.context} tokens; got "
            f"{slots} slots, a context of {context}"
        )
    if find_spec("xllamacpp") is None:
        raise EngineMissing(
            "local models need the engine xllamacpp, which isn't installed: "
            "pip install 'gdg-runtime[local-llm]'"
        )
    if not (weights.is_pulled and weights.are_in(weights.path)):
        raise NotPulled(weights.name, weights.path)
    say(f"Loading the model {weights.name}…")
    settings = {
        "path": str(weights.path), "name": weights.name, "slots": slots, "context": context,
        "reuse_prompts": reuse_prompts,
    }  # fmt: skip
    with tempfile.TemporaryFile() as log, _launched(settings, log) as process:
        try:
            address = _await_ready(process, deadline_s)
        except BaseException as error:
            process.kill()  # it doesn't listen to its input while it loads
            if not isinstance(error, TimeoutError | ChildProcessError):
                raise
            raise NotStarted(
                f"the local model {weights.name} could not be started: its process {error}. The "
                f"end of its log:{_last_lines(log)}"
            ) from None
        yield LocalServer(f"{address}/v1", process)


@contextmanager
def _launched(settings: dict[str, Any], log: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Launch the process, and end it with the block."""
    # Keys of providers are none of its business.
    surroundings = {
        name: value for name, value in os.environ.items() if name.startswith(_SURROUNDINGS)
    }
    # Threads that wait by spinning would take the cores from whoever they wait for.
    surroundings["OMP_WAIT_POLICY"] = "passive"
    with subprocess.Popen(
        [sys.executable, "-P", "-m", f"{__package__}.server", json.dumps(settings)],
        stdin=subprocess.PIPE,  # its end tells the process that we are gone, however we went
        stdout=subprocess.PIPE,
        stderr=log,
        env=surroundings,
        start_new_session=True,  # the terminal's Ctrl-C is for us
    ) as process:
        try:
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(_GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _await_ready(process: subprocess.Popen[bytes], deadline_s: float) -> str:
    """Return the address, which the process prints once the model is loaded, when it answers.

    Raises TimeoutError, and ChildProcessError if the process has ended.
    """
    late = TimeoutError(f"was not ready within {deadline_s:g} s")
    assert process.stdout is not None
    deadline, said = time.monotonic() + deadline_s, b""
    while not said.endswith(b"\n"):
        if time.monotonic() > deadline:
            raise late
        if select.select([process.stdout], [], [], _POLL_S)[0]:
            chunk = os.read(process.stdout.fileno(), 4096)
            if not chunk:
                raise _ended(process.wait())
            said += chunk
    address = str(json.loads(said)["address"])
    while not _is_healthy(address):
        if (code := process.poll()) is not None:
            raise _ended(code)
        if time.monotonic() > deadline:
            raise late
        time.sleep(_POLL_S)
    return address


def _ended(code: int) -> ChildProcessError:
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return ChildProcessError(how)


def _last_lines(log: IO[bytes]) -> str:
    size = os.fstat(log.fileno()).st_size
    # Reading at a place leaves the position alone, which the process writes at.
    data = os.pread(log.fileno(), _LOG_BYTES, max(0, size - _LOG_BYTES))
    lines = data.decode(errors="replace").splitlines()[-_LOG_LINES:]
    return "".join(f"\n  {line}" for line in lines) or " nothing"


def _is_healthy(address: str) -> bool:
    try:
        # It is on this machine: no proxy stands between.
        with build_opener(ProxyHandler({})).open(f"{address}/health", timeout=_GRACE_S):
            return True
    except (OSError, HTTPException):
        return False


def main(path: str, name: str, slots: int, context: int, reuse_prompts: bool) -> None:
    """Load a model, serve it on a free port of 127.0.0.1, wait for the end of the input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run, which ends us

    # Whatever the engine prints goes to the log, and only our line to whoever started us.
    announced = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    xllamacpp = import_module("xllamacpp")  # it has no types
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.model_alias = {name}
    params.n_ctx = context * slots
    params.n_parallel = slots
    params.kv_unified = False
    params.fit_params = False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = _THREADS
    params.n_threads_http = _CONNECTIONS
    params.cache_prompt = reuse_prompts
    params.cache_ram_mib = 0  # prompts kept apart from the slots: up to 8 GiB by default
    params.cache_idle_slots = False
    params.cors_origins = ""  # no page in a browser has any business here
    params.ui = False
    params.endpoint_slots = False  # it tells the prompts of others
    params.verbosity = _WARNINGS
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as error:
        sys.exit(f"the engine says: {error}")
    print(json.dumps({"address": server.listening_address}), file=announced, flush=True)
    sys.stdin.buffer.read()
    os._exit(0)  # nothing is worth waiting for: not even an answer that is being written


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
