"""Many clients at once of `gdg-runtime serve`, on loopback: errors, latencies, requests a second.

    python benchmarks/goals_api.py [--clients N] [--rounds R]

The server runs as a process of its own. N clients connect, each with a connection of its own; once
all are there, each proposes a goal, adopts it, reads it, and asks for the ranking, R times over.
The clients take one of the cores themselves: it is plain text over sockets, no HTTP library.
The server's CPU time is shown as well (its start included), since wall time is the machine's.
Prints one JSON line. Exit code 1 if any answer was not the expected one, or if the figures of the
server do not agree with what was asked.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import trio

from gdg_runtime.adapters.goals.server import allow_many_connections

_SERVE = "from gdg_runtime.adapters.cli import main; main()"
_PATIENCE_S = 120.0
_CONNECTING = 100
"""Connections that are made at once."""
_DRAFT = {"text": "Tidy the test data", "category": "maintenance", "value": 0.5}


class Client:
    """One connection, one request at a time."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self.milliseconds: dict[str, list[float]] = {}

    async def ask(self, what: str, method: str, path: str, status: int, body: Any = None) -> Any:
        """The answer's JSON, and the time that it took. Raises ValueError for another status."""
        text = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(text)}\r\n"
        if body is not None:
            head += "Content-Type: application/json\r\n"
        began = time.perf_counter()
        with trio.fail_after(_PATIENCE_S):
            await self._stream.send_all(f"{head}\r\n".encode() + text)
            told, content = await self._answer()
        took = 1000 * (time.perf_counter() - began)
        self.milliseconds.setdefault(what, []).append(took)
        if told != status:
            raise ValueError(f"{what}: expected {status}, got {told}: {content[:200]!r}")
        return json.loads(content) if content.startswith(b"{") else content.decode()

    async def _answer(self) -> tuple[int, bytes]:
        data = b""
        while b"\r\n\r\n" not in data:
            data += await self._more()
        head, _, content = data.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        assert length is not None, head
        while len(content) < int(length[1]):
            content += await self._more()
        return int(head.split(b" ", 2)[1]), content

    async def _more(self) -> bytes:
        data = await self._stream.receive_some(65_536)
        if not data:
            raise ValueError("the server closed the connection")
        return bytes(data)


async def one_client(client: Client, rounds: int, errors: list[str]) -> None:
    """What one client asks for."""
    try:
        for _ in range(rounds):
            goal = await client.ask("create", "POST", "/v1/goals", 201, _DRAFT)
            path = f"/v1/goals/{goal['id']}"
            await client.ask("adopt", "POST", f"{path}/adopt", 200)
            await client.ask("read", "GET", path, 200)
            await client.ask("prioritized", "GET", "/v1/goals/prioritized?limit=10", 200)
    except (ValueError, OSError, trio.TooSlowError, trio.BrokenResourceError) as error:
        errors.append(f"{type(error).__name__}: {error}")


async def measure(port: int, clients: int, rounds: int) -> dict[str, Any]:
    """All clients at once, and what came of it."""
    connected: list[Client] = []
    errors: list[str] = []
    limit = trio.CapacityLimiter(_CONNECTING)

    async def connect() -> None:
        async with limit:
            connected.append(Client(await trio.open_tcp_stream("127.0.0.1", port)))

    async with trio.open_nursery() as nursery:
        for _ in range(clients):
            nursery.start_soon(connect)
    began = time.perf_counter()
    async with trio.open_nursery() as nursery:
        for client in connected:
            nursery.start_soon(one_client, client, rounds, errors)
    seconds = time.perf_counter() - began
    figures = await connected[0].ask("metrics", "GET", "/metrics", 200)
    adopted = re.search(r"^goals_adopted_total (\S+)$", figures, re.M)
    assert adopted is not None
    return {
        "clients": clients,
        "requests": clients * rounds * 4,
        "errors": len(errors),
        "first_errors": errors[:3],
        "adopted": int(float(adopted[1])),
        "adopted_expected": clients * rounds,
        "requests_per_s": round(clients * rounds * 4 / seconds, 1),
        "ms": {what: percentiles([took for client in connected
                                  for took in client.milliseconds.get(what, ())])
               for what in ("create", "adopt", "read", "prioritized")},
    }  # fmt: skip


def percentiles(milliseconds: list[float]) -> dict[str, float] | None:
    """The middle, the 99th percentile and the worst; None where nothing was measured."""
    if not milliseconds:
        return None
    ordered = sorted(milliseconds)
    last = len(ordered) - 1
    return {
        "p50": round(ordered[round(0.5 * last)], 1),
        "p99": round(ordered[round(0.99 * last)], 1),
        "max": round(ordered[last], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    allow_many_connections()
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [sys.executable, "-c", _SERVE, "serve", "--port", "0", "--db",
             str(Path(folder) / "goals.db")],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert server.stdout is not None
            found = re.search(r"http://\S+:(\d+)", server.stdout.readline())
            assert found is not None, "the server did not start"
            told = trio.run(measure, int(found[1]), given.clients, given.rounds)
        finally:
            server.terminate()
            server.wait()
    spent = os.times()
    server_ms = 1000 * (spent.children_user + spent.children_system) / told["requests"]
    print(json.dumps({**told, "server_cpu_ms_per_request": round(server_ms, 2)}))
    if told["errors"] or told["adopted"] != told["adopted_expected"] or server.returncode:
        sys.exit(1)


if __name__ == "__main__":
    main()
