"""What the server does with a request, whatever the connection it came by."""

import json
import time
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

from answer import Answer, BadQuestion, Question
from fault import Response, answered, drawn_fault, faulty, refused
from ledger import Entry, Ledger
from options import Options
from schema import UnknownSchema


class Service:
    """What all connections share: options, counters, the clock of the outage."""

    def __init__(self, options: Options, ledger: Ledger) -> None:
        self.options = options
        self.ledger = ledger
        self.latencies = Random(options.latency_seed)
        self._down_until: float | None = None

    def respond(self, raw: bytes, headers: dict[str, str]) -> Entry:
        """Settle the response to a request for a completion; it counts as in flight from now."""
        self.ledger.arrived()
        key = headers.get("authorization", "").removeprefix("Bearer ")
        digest, occurrence, fault = "", 0, None
        try:
            question = Question.read(raw)
            digest = question.digest
            self.ledger.keep(raw)
            if self._is_down():
                fault = "down"
            else:
                self.ledger.occurrences[digest] += 1
                occurrence = self.ledger.occurrences[digest]
                fault = drawn_fault(question, occurrence, self.options)
            answer = Answer.to(question, self.options.answers)
            response = faulty(fault, answer, key, self.options) if fault else answered(answer)
        except (BadQuestion, UnknownSchema) as trouble:
            fault = None
            response = refused(400, str(trouble), "invalid_request", "invalid_request_error")
        return Entry(
            self.ledger.requests, digest, occurrence, fault, response,
            self.ledger.in_flight, key, headers,
        )  # fmt: skip

    def inspect(self, method: str, target: str, raw: bytes) -> Response:
        """Everything besides completions. Raises BadOption."""
        parts = urlsplit(target)
        match method, parts.path.rstrip("/"):
            case "GET", "/v1/models" | "/models":
                listed = [{"id": name, "object": "model", "created": 0, "owned_by": "nobody"}
                          for name in self.options.models]  # fmt: skip
                return _json({"object": "list", "data": listed})
            case "GET", "/stats":
                return _json(self.ledger.stats())
            case "GET", "/requests":
                count = int(parse_qs(parts.query).get("n", ["1"])[0])
                bodies = self.ledger.last_bodies(count)
                return Response(200, b"[" + b",".join(bodies) + b"]")
            case "GET", "/control":
                return _json(self.options.to_json())
            case "POST", "/control":
                self._change(json.loads(raw or b"{}"))
                return _json(self.options.to_json())
            case "POST", "/reset":
                self.ledger.reset()
                self._down_until = None
                return _json(self.ledger.stats())
        return refused(404, f"there is no {method} {parts.path}", "not_found")

    def _change(self, given: dict[str, Any]) -> None:
        self.options.change(given)
        if "latency_seed" in given:
            self.latencies = Random(self.options.latency_seed)
        if {"down_after", "down_for"} & given.keys():
            self._down_until = None

    def _is_down(self) -> bool:
        if not self.options.down_for or self.ledger.requests <= self.options.down_after:
            return False
        if self._down_until is None:
            self._down_until = time.monotonic() + self.options.down_for
        return time.monotonic() < self._down_until


def _json(value: Any) -> Response:
    return Response(200, json.dumps(value).encode())
