"""What has happened: counters, the log file, and the last bodies."""

import json
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from fault import Response, masked

_KEPT = 16_000_000
"""Bytes of bodies that are kept for GET /requests."""


@dataclass(slots=True)
class Entry:
    """One request for a completion, from its arrival to its end."""

    n: int
    """Its number, from 1."""
    digest: str
    occurrence: int
    """How many requests of the same digest there have been, this one included; 0 where a body
    could not be read or the server was down."""
    fault: str | None
    response: Response
    in_flight: int
    """Requests that were open at its arrival, this one included."""
    key: str
    """The authorisation, without `Bearer`."""
    headers: dict[str, str] = field(repr=False)

    def to_json(self, *, delivered: bool, gone: bool) -> dict[str, Any]:
        """`delivered`: a whole answer with its usage was handed to the network; `gone`: the
        client hung up first."""
        billed = self.response if delivered else Response(0)
        return {
            "n": self.n,
            "digest": self.digest,
            "occurrence": self.occurrence,
            "fault": self.fault,
            "status": self.response.status,
            "delivered": delivered,
            "gone": gone,
            "prompt_tokens": billed.prompt_tokens,
            "completion_tokens": billed.completion_tokens,
            "in_flight": self.in_flight,
            "authorization_present": "authorization" in self.headers,
            "headers": sorted(self.headers),
            "x": {
                name: value
                for name, value in sorted(self.headers.items())
                if name.startswith("x-") and "key" not in name and "stainless" not in name
            },
        }


class Ledger:
    """Counts requests, and writes a line for each as it ends."""

    def __init__(self, log: Path | None) -> None:
        self._log: TextIO | None = log.open("a", encoding="utf-8") if log else None
        self.in_flight = 0
        self.reset()

    def reset(self) -> None:
        """Begin anew. Requests in flight stay in flight; the log file stays as it is."""
        self.requests = 0
        self.ok = 0
        self.max_in_flight = self.in_flight
        self.clients_gone = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.faults: Counter[str] = Counter()
        self.tokens_by_key: Counter[str] = Counter()
        self.occurrences: Counter[str] = Counter()
        self._bodies: deque[bytes] = deque()
        self._kept = 0

    def arrived(self) -> None:
        self.requests += 1
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)

    def keep(self, body: bytes) -> None:
        """Have a body ready for those who ask what was sent."""
        self._bodies.append(body)
        self._kept += len(body)
        while self._kept > _KEPT and len(self._bodies) > 1:
            self._kept -= len(self._bodies.popleft())

    def ended(self, entry: Entry, *, sent: bool, gone: bool) -> None:
        """`sent`: all of the response that was to be sent has been handed to the network."""
        response = entry.response
        delivered = sent and response.is_answer
        self.in_flight -= 1
        self.clients_gone += gone
        if entry.fault:
            self.faults[entry.fault] += 1
        elif delivered:
            self.ok += 1
        if delivered:
            self.prompt_tokens += response.prompt_tokens
            self.completion_tokens += response.completion_tokens
            known = masked(entry.key) if entry.key else "none"
            self.tokens_by_key[known] += response.prompt_tokens + response.completion_tokens
        if self._log:
            self._log.write(json.dumps(entry.to_json(delivered=delivered, gone=gone)) + "\n")
            self._log.flush()

    def stats(self) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "ok": self.ok,
            "in_flight": self.in_flight,
            "max_in_flight": self.max_in_flight,
            "clients_gone": self.clients_gone,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "faults": dict(sorted(self.faults.items())),
            "tokens_by_key": dict(sorted(self.tokens_by_key.items())),
        }

    def last_bodies(self, count: int) -> list[bytes]:
        """The bodies that arrived last, the newest at the end."""
        return list(self._bodies)[-count:] if count > 0 else []
