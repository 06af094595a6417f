"""Messages and actors that several engine tests use."""

from typing import Any

from gdg_runtime.runtime import Actor, Context, Message, handles


class Ping(Message, name="test.ping"):
    n: int = 0


class Pong(Message, name="test.pong"):
    n: int = 0


class Go(Message, name="test.go"):
    what: str = ""


class Log(Actor):
    """Keeps what it is told; answers an ask with how much it has."""

    def __init__(self, lines: list[Any]) -> None:
        self.lines = lines

    @handles
    def on_go(self, message: Go, ctx: Context) -> int:
        self.lines.append(message.what)
        return len(self.lines)


class Echo(Actor):
    """Answers Ping with Pong."""

    @handles
    def on_ping(self, message: Ping, ctx: Context) -> Pong:
        return Pong(n=message.n)
