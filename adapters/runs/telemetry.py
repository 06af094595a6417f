"""`telemetry.jsonl`: physical facts of the effects; no reproducible file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...runtime.drivers.live import EffectTelemetry
from ...runtime.errors import JournalDamaged
from ...runtime.hash_chain import Recovered, SealedWriter, read_sealed
from ..llm.telemetry import Call


class Telemetry:
    """Appends one sealed line per effect; a resumed run goes on in the same file."""

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        """Open the file; set a damaged one aside with a notice, since no run needs its content."""
        recovered = _recovered(path, say)
        self._writer = SealedWriter(path, recovered)
        self.effects = 0
        """Effects of the whole run, those of earlier executions included."""
        self.by_status: dict[str, int] = {}
        for record in recovered.records if recovered else ():
            if "status" in record:
                self._count(record["status"])

    def record(self, effect: EffectTelemetry) -> None:
        """Append how long an effect took, in seconds, and how it ended."""
        request, status = effect.request, effect.outcome.status
        self._count(status)
        facts = {"actor": request.actor, "number": request.number, "effect": request.effect}
        seconds = round(effect.seconds, 6)
        self._writer.append({**facts, "status": status, "seconds": seconds, "late": effect.late})

    def record_call(self, call: Call) -> None:
        """Append the physical facts of a call to a language model."""
        self._writer.append({"t": "model_call", **call.to_json()})

    def _count(self, status: Any) -> None:
        self.effects += 1
        self.by_status[status] = self.by_status.get(status, 0) + 1

    def close(self) -> None:
        """Flush and close."""
        self._writer.close()


def _recovered(path: Path, say: Callable[[str], None]) -> Recovered | None:
    if not path.exists():
        return None
    try:
        return read_sealed(path)
    except JournalDamaged as damage:
        aside = path.with_name(f"damaged-{path.name}")
        path.replace(aside)
        say(f"{damage}. The file is kept as {aside.name}, and a new one begins.")
        return None
