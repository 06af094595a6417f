"""The recorder: writes the event log, the step log and the transcripts during the episode."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

from pydantic_core import to_json

from ..runtime.actor import Actor, handles
from ..runtime.context import Context
from ..scenarios.actions import Event
from ..scenarios.world import Moment
from .messages import Finish, Log
from .ports import Sinks
from .transcript import Transcript

SCHEMA_VERSION = 1


def json_line(record: Mapping[str, Any]) -> bytes:
    """Return a record as one line of strict JSON.

    NaN and infinities become strings; an object without a JSON form becomes the name of its type,
    since its repr may differ between processes.
    """
    return to_json(record, inf_nan_mode="strings", fallback=_type_name) + b"\n"


def _type_name(value: Any) -> str:
    return f"<{type(value).__name__}>"


class Recorder(Actor):
    """Writes files; everything that it writes is a function of the messages that it gets.

    The event log's last line carries the digest of all lines before it.
    """

    def __init__(self, sinks: Sinks, transcript: Transcript, heading: Mapping[str, Any]) -> None:
        self.sinks = sinks
        self.transcript = transcript
        self.heading = dict(heading)
        self.digest = blake2b(digest_size=16)
        self.events = 0
        self.at = ""
        self.step = -1

    def on_start(self, ctx: Context) -> None:
        self._enter(ctx)
        tools = self.heading.pop("tools", [])
        self.sinks.step_log(
            json_line({"kind": "header", "schema_version": SCHEMA_VERSION, "tools": tools})
        )
        opening = Event("episode_started", {"schema_version": SCHEMA_VERSION, **self.heading})
        self._write([opening], Moment(0, 0, 0, 0.0), ctx)
        self.transcript.open(self.sinks)

    @handles
    def on_log(self, message: Log, ctx: Context) -> None:
        moment, events, steps = message.moment, message.events, message.steps
        self._enter(ctx)
        if events:
            self._write(events, moment, ctx)
        if events or steps:
            self.transcript.write(self.sinks, moment, steps, events)
        if steps:
            self.sinks.step_log(b"".join([json_line(line) for line in steps]))

    @handles
    def on_finish(self, message: Finish, ctx: Context) -> None:
        self._enter(ctx)
        ending = {"reason": message.reason, "digest": self.digest.hexdigest()}
        self._write([Event("episode_ended", ending)], message.moment, ctx)
        self.transcript.close(self.sinks, message.reason, message.figures)
        self.sinks.metrics(to_json(message.figures, indent=2, inf_nan_mode="strings") + b"\n")

    def _enter(self, ctx: Context) -> None:
        """Note that a step has begun, if one has."""
        if ctx.step != self.step:
            self.step, self.at = ctx.step, ctx.now.isoformat()
            self.sinks.mark(ctx.step)

    def _write(self, events: Sequence[Event], moment: Moment, ctx: Context) -> None:
        """Append to the event log."""
        lines = []
        for event in events:
            self.events += 1
            head: dict[str, Any] = {
                "n": self.events,
                "epoch": moment.epoch,
                "step": moment.step,
                "at": self.at,
                "type": event.type,
            }
            if event.agent is not None:
                head["agent"] = event.agent
            lines.append(json_line({**head, **event.data}))
        written = b"".join(lines)
        self.digest.update(written)
        self.sinks.events(written)
