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
from typing import IO, Self
from urllib.request import ProxyHandler, build_opener

from .weights import EngineMissing, NotPulled, NotStarted, Weights, pulled_weights

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


class LocalServer:
    """A process that answers questions to one model. Starts once, stops once.

    With one slot, equal requests get equal answers, whatever was asked before or is asked
    beside: they wait for each other. More slots answer a little more per second, and the same
    question may be answered differently.
    """

    def __init__(
        self, weights: Weights, *, slots: int = 1, context: int = 2048,
        reuse_prompts: bool = False, deadline_s: float = 120.0,
    ) -> None:  # fmt: skip
        """Prepare a server; `start` launches it.

        slots: questions that are answered at once; others wait.
        context: tokens of a prompt with its answer, per slot; at most `weights.context`.
        reuse_prompts: keep what equal beginnings of prompts came to: faster, but answers then
        depend on what was asked before.
        deadline_s: seconds that starting may take.
        """
        if slots < 1 or not 1 <= context <= weights.context:
            raise ValueError(
                f"expected slots of 1 or more and a context of 1 to {weights.context} tokens; got "
                f"{slots} slots, a context of {context}"
            )
        self.weights = weights
        self.slots = slots
        self.context = context
        self._reuse_prompts = reuse_prompts
        self._deadline_s = deadline_s
        self._address = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    @property
    def api_base(self) -> str:
        """The address of OpenAI's API: `http://127.0.0.1:PORT/v1`."""
        return f"{self._address}/v1"

    @property
    def process_id(self) -> int | None:
        """The server's process, once it was started."""
        return self._process.pid if self._process else None

    @property
    def is_alive(self) -> bool:
        """True while the process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self, say: Say | None = None) -> Self:
        """Load the model and wait until it can be asked: half a second to a few.

        Raises NotPulled, EngineMissing, NotStarted.
        """
        if find_spec("xllamacpp") is None:
            raise EngineMissing
        if not (self.weights.is_pulled and self.weights.are_in(self.weights.path)):
            raise NotPulled(self.weights.name, self.weights.path)
        if say is not None:
            say(f"Loading the model {self.weights.name}…")
        if self._process is not None:
            raise RuntimeError("a local server starts once")
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # stop closes it
        self._process = self._launch(self._log)
        assert self._process.stdout is not None
        try:
            with self._process.stdout as announcement:
                self._await_ready(self._process, announcement)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the process; answers that are being written are lost. May be called twice."""
        process = self._process
        if process is not None and process.stdin is not None:
            if not self._address:
                process.kill()  # it doesn't listen to its input while it loads
            process.stdin.close()
            try:
                process.wait(_GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._log is not None:
            self._log.close()

    def _launch(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        settings = {
            "path": str(self.weights.path), "name": self.weights.name, "slots": self.slots,
            "context": self.context, "reuse_prompts": self._reuse_prompts,
        }  # fmt: skip
        # Keys of providers are none of its business.
        surroundings = {
            name: value for name, value in os.environ.items() if name.startswith(_SURROUNDINGS)
        }
        # Threads that wait by spinning would take the cores from whoever they wait for.
        surroundings["OMP_WAIT_POLICY"] = "passive"
        return subprocess.Popen(
            [sys.executable, "-P", "-m", f"{__package__}.server", json.dumps(settings)],
            stdin=subprocess.PIPE,  # its end tells the process that we are gone, however we went
            stdout=subprocess.PIPE,
            stderr=log,
            env=surroundings,
            start_new_session=True,  # the terminal's Ctrl-C is for us
        )

    def _await_ready(self, process: subprocess.Popen[bytes], announcement: IO[bytes]) -> None:
        """Wait for the address, which the process prints once the model is loaded, then for an
        answer there."""
        deadline, said = time.monotonic() + self._deadline_s, b""
        while not said.endswith(b"\n"):
            if time.monotonic() > deadline:
                raise self._failed(process, ended=False)
            if select.select([announcement], [], [], _POLL_S)[0]:
                chunk = os.read(announcement.fileno(), 4096)
                if not chunk:
                    raise self._failed(process, ended=True)
                said += chunk
        self._address = str(json.loads(said)["address"])
        while not _is_healthy(self._address):
            ended = process.poll() is not None
            if ended or time.monotonic() > deadline:
                raise self._failed(process, ended=ended)
            time.sleep(_POLL_S)

    def _failed(self, process: subprocess.Popen[bytes], *, ended: bool) -> NotStarted:
        """Make the error of a process that ended by itself, or is too late and is ended here."""
        if not ended:
            process.kill()
        code = process.wait()
        why = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        if not ended:
            why = f"was not ready within {self._deadline_s:g} s"
        assert self._log is not None
        size = os.fstat(self._log.fileno()).st_size
        # Reading at a place leaves the position alone, which the process writes at.
        data = os.pread(self._log.fileno(), _LOG_BYTES, max(0, size - _LOG_BYTES))
        return NotStarted(
            f"the local model {self.weights.name} could not be started: its process {why}",
            data.decode(errors="replace").splitlines()[-_LOG_LINES:],
        )


def _is_healthy(address: str) -> bool:
    try:
        # It is on this machine: no proxy stands between.
        with build_opener(ProxyHandler({})).open(f"{address}/health", timeout=_GRACE_S):
            return True
    except (OSError, HTTPException):
        return False


@contextmanager
def local_server(
    name: str, *, slots: int = 1, context: int = 2048, reuse_prompts: bool = False,
    say: Say | None = None,
) -> Iterator[LocalServer]:  # fmt: skip
    """Serve a model that was pulled, for the time of the block.

    Raises UnknownModel, NotPulled, EngineMissing, NotStarted.
    """
    server = LocalServer(
        pulled_weights(name), slots=slots, context=context, reuse_prompts=reuse_prompts
    )
    try:
        yield server.start(say)
    finally:
        server.stop()


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
