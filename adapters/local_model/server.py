"""A local model's server, for as long as a run lasts: OpenAI's API on a port of 127.0.0.1."""

import http.client
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import IO, Self
from urllib.parse import urlsplit

from .weights import EngineMissing, NotPulled, NotStarted, Weights, pulled_weights

Say = Callable[[str], None]

_POLL_S = 0.1
_GRACE_S = 5.0
_LOG_BYTES = 8_192
_LOG_LINES = 12
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
        try:
            deadline = time.monotonic() + self._deadline_s
            self._address = self._announced(self._process, deadline)
            self._await_health(self._process, deadline)
        except BaseException:
            self.stop()
            raise
        finally:
            if self._process.stdout is not None:
                self._process.stdout.close()
        return self

    def stop(self) -> None:
        """End the process; answers that are being written are lost. May be called twice."""
        if self._process is not None:
            self._end_process(self._process)
        if self._log is not None:
            self._log.close()

    def _launch(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        command = [
            sys.executable, "-P", "-m", f"{__package__}.serve", str(self.weights.path),
            "--name", self.weights.name, "--slots", str(self.slots),
            "--context", str(self.context),
        ]  # fmt: skip
        if self._reuse_prompts:
            command.append("--reuse-prompts")
        # Keys of providers are none of its business.
        surroundings = {
            name: value for name, value in os.environ.items() if name.startswith(_SURROUNDINGS)
        }
        # Threads that wait by spinning would take the cores from whoever they wait for.
        surroundings["OMP_WAIT_POLICY"] = "passive"
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # its end tells the process that we are gone, however we went
            stdout=subprocess.PIPE,
            stderr=log,
            env=surroundings,
            start_new_session=True,  # the terminal's Ctrl-C is for us
        )

    def _announced(self, process: subprocess.Popen[bytes], deadline: float) -> str:
        """Return the address that the process prints once the model is loaded."""
        assert process.stdout is not None
        said = b""
        while not said.endswith(b"\n"):
            if time.monotonic() > deadline:
                raise self._late(process)
            if select.select([process.stdout], [], [], _POLL_S)[0]:
                chunk = os.read(process.stdout.fileno(), 4096)
                if not chunk:
                    raise self._not_started(self._end(process))
                said += chunk
        return str(json.loads(said)["address"])

    def _await_health(self, process: subprocess.Popen[bytes], deadline: float) -> None:
        while not _is_healthy(self._address):
            if process.poll() is not None:
                raise self._not_started(self._end(process))
            if time.monotonic() > deadline:
                raise self._late(process)
            time.sleep(_POLL_S)

    def _late(self, process: subprocess.Popen[bytes]) -> NotStarted:
        process.kill()
        process.wait()
        return self._not_started(f"was not ready within {self._deadline_s:g} s")

    def _not_started(self, why: str) -> NotStarted:
        return NotStarted(
            f"the local model {self.weights.name} could not be started: its process {why}",
            self._last_lines(),
        )

    def _end(self, process: subprocess.Popen[bytes]) -> str:
        """Say how the process ended."""
        code = process.wait()
        return f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"

    def _last_lines(self) -> Sequence[str]:
        if self._log is None or self._log.closed:
            return ()
        size = os.fstat(self._log.fileno()).st_size
        # Reading at a place leaves the position alone, which the process writes at.
        data = os.pread(self._log.fileno(), _LOG_BYTES, max(0, size - _LOG_BYTES))
        return data.decode(errors="replace").splitlines()[-_LOG_LINES:]

    def _end_process(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        if not self._address:
            process.kill()  # it doesn't listen to its input while it loads
        process.stdin.close()
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _is_healthy(address: str) -> bool:
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=_GRACE_S)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


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
