"""HTTP/1.1 as the server speaks it, faults of the wire included."""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import cast

from fault import Response, refused
from ledger import Entry
from options import BadOption
from service import Service

_MOST = 64_000_000
"""Bytes that a request may have."""
_DROPS = 20
"""Pieces of a dripping answer."""
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class Connection(asyncio.Protocol):
    """One client's connection: HTTP/1.1, one request after the other."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._buffer = bytearray()
        self._pieces: deque[bytes] = deque()
        """What is still to be dripped."""
        self._awaited: tuple[str, str, dict[str, str], int] | None = None
        """Method, target, headers and length of a request whose body is arriving."""
        self._entry: Entry | None = None
        """The completion that is being answered."""
        self._busy = False
        self._keep_alive = True
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._advance()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer:
            self._timer.cancel()
        if self._entry:
            self._end(sent=False, gone=True)

    def pause_writing(self) -> None:
        """Nothing to do: `resume_writing` tells when all is out."""

    def resume_writing(self) -> None:
        if self._busy:
            self._proceed()

    def _advance(self) -> None:
        """Take up the next request, when the last one is done and the next is complete."""
        while not self._busy and not self._transport.is_closing():
            if self._awaited is None and not self._read_head():
                return
            assert self._awaited is not None
            method, target, headers, length = self._awaited
            if len(self._buffer) < length:
                return
            body = bytes(self._buffer[:length])
            del self._buffer[:length]
            self._awaited = None
            self._keep_alive = headers.get("connection", "").lower() != "close"
            self._take(method, target, headers, body)

    def _read_head(self) -> bool:
        head, found, _ = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return False
        del self._buffer[: len(head) + 4]
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        length = headers.get("content-length", "0")
        words = first.split(" ")
        if (
            len(words) != 3
            or not length.isdigit()
            or int(length) > _MOST
            or "transfer-encoding" in headers
        ):
            self._keep_alive = False
            self._send(refused(400, "expected HTTP/1.1 with Content-Length", "bad_http"))
            return False
        if headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._awaited = (words[0], words[1], headers, int(length))
        return True

    def _take(self, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        if method == "POST" and target in ("/v1/chat/completions", "/chat/completions"):
            self._busy = True
            self._entry = self._service.respond(body, headers)
            delay = self._service.options.latency.draw(self._service.latencies)
            if delay:
                self._later(delay, partial(self._send, self._entry.response))
            else:
                self._send(self._entry.response)
            return
        try:
            self._send(self._service.inspect(method, target, body))
        except (BadOption, ValueError) as trouble:
            self._send(refused(400, str(trouble), "bad_option"))

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        self._timer = self._loop.call_later(seconds, action)

    def _send(self, response: Response) -> None:
        self._busy = True
        head = _head(response, keep_alive=self._keep_alive)
        half = response.body[: len(response.body) // 2]
        match response.manner:
            case "hang":
                return
            case "disconnect":
                self._end(sent=False, gone=False)
                self._transport.close()
            case "cut":
                self._transport.write(head + half)
                self._end(sent=False, gone=False)
                self._transport.close()
            case "reset":
                self._transport.write(head + half)
                self._later(0.01, self._reset)
            case "drip":
                size = len(response.body) // _DROPS + 1
                body = response.body
                self._pieces.extend(body[at : at + size] for at in range(0, len(body), size))
                self._write(head)
            case "whole":
                self._write(head + response.body)

    def _write(self, data: bytes) -> None:
        self._transport.write(data)
        if not self._transport.get_write_buffer_size():
            self._proceed()

    def _proceed(self) -> None:
        """All that was written is out: what comes next?"""
        if self._entry and self._entry.response.manner in ("hang", "reset"):
            return
        if self._pieces:
            self._later(
                self._service.options.drip_s / _DROPS, lambda: self._write(self._pieces.popleft())
            )  # fmt: skip
            return
        if self._entry:
            self._end(sent=True, gone=False)
        self._busy = False
        if self._keep_alive:
            # Not within the write of the answer before: pipelined requests would nest.
            self._loop.call_soon(self._advance)
        else:
            self._transport.close()

    def _reset(self) -> None:
        self._end(sent=False, gone=False)
        sock = self._transport.get_extra_info("socket")
        # Lingering for no time at all makes the close an RST.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def _end(self, *, sent: bool, gone: bool) -> None:
        entry, self._entry = self._entry, None
        if entry:
            self._service.ledger.ended(entry, sent=sent, gone=gone)


def _head(response: Response, *, keep_alive: bool) -> bytes:
    lines = [
        f"HTTP/1.1 {response.status} {_PHRASES.get(response.status, 'Site Overloaded')}",
        f"content-type: {response.content_type}",
        f"content-length: {len(response.body)}",
        "x-request-id: req_mock",
        *(f"{name}: {value}" for name, value in response.headers.items()),
        *([] if keep_alive else ["connection: close"]),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
