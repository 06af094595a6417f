"""Starts the fault server of `server/` in a process of its own. Standard library only, so that
benchmarks can use it too."""

import json
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_PROGRAM = Path(__file__).parent / "server" / "fault_server.py"
# Requests to the loopback must not go through the proxy of the machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class FaultServer:
    """A running fault server, to be stopped when it is done with."""

    def __init__(self, process: subprocess.Popen[str], log: Path, scratch: Path) -> None:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            code = process.wait()
            shutil.rmtree(scratch, ignore_errors=True)
            raise RuntimeError(f"the fault server did not start (exit code {code})")
        self.process = process
        self.port: int = json.loads(line)["port"]
        self.base = f"http://127.0.0.1:{self.port}"
        """For what is no part of OpenAI's API."""
        self.url = f"{self.base}/v1"
        """What a client takes as its `api_base`."""
        self._log_file = log
        self._scratch = scratch
        self._last_log: list[dict[str, Any]] | None = None

    def stats(self) -> dict[str, Any]:
        """The counters; see `Ledger.stats`."""
        counters: dict[str, Any] = self._call("GET", "/stats")
        return counters

    def log(self) -> list[dict[str, Any]]:
        """A line for each completion that has ended, in that order; see `Entry.to_json`."""
        if self._last_log is not None:
            return self._last_log
        self.stats()  # the line of an answer follows the answer: after this it is there
        return self._read_log()

    def _read_log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._log_file.read_text("utf-8").splitlines()]

    def requests(self, count: int = 1) -> list[dict[str, Any]]:
        """The bodies of the `count` requests that arrived last, the newest at the end."""
        bodies: list[dict[str, Any]] = self._call("GET", f"/requests?n={count}")
        return bodies

    def options(self) -> dict[str, Any]:
        """All options as they are now."""
        options: dict[str, Any] = self._call("GET", "/control")
        return options

    def control(self, **options: Any) -> dict[str, Any]:
        """Change options for the requests to come; returns all of them. Raises ValueError."""
        changed: dict[str, Any] = self._call("POST", "/control", options)
        return changed

    def reset(self) -> None:
        """Zero the counters and the occurrences; the log goes on."""
        self._call("POST", "/reset")

    def stop(self) -> None:
        """End the process; open connections are closed. The log can still be read."""
        if self._last_log is not None:
            return
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self._last_log = self._read_log()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, method=method)
        try:
            with _OPENER.open(request, timeout=60) as response:
                return json.load(response)
        except urllib.error.HTTPError as refusal:
            with refusal:
                raise ValueError(json.load(refusal)["error"]["message"]) from None


def start_server(**options: Any) -> FaultServer:
    """Start a server with the options of `server/options.py` (`latency="exp:0.05"`,
    `faults=0.2`, `fault_kinds=["transient"]`, `answers=[{"contains": ..., "content": ...}]`, …),
    and perhaps `log` (a file that is kept) and `port`. Raises ValueError for a bad option."""
    scratch = Path(tempfile.mkdtemp(prefix="fault-server-"))
    log = Path(options.pop("log", None) or scratch / "log.jsonl")
    log.touch()
    port = options.pop("port", 0)
    command = [sys.executable, "-E", "-S", str(_PROGRAM), "--port", str(port), "--log", str(log)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    server = FaultServer(process, log, scratch)
    try:
        server.control(**options)
    except ValueError:
        server.stop()
        raise
    return server
